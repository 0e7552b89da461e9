/* SPDX-License-Identifier: MIT */
/* gbench.cc - the shim: the only C++ of the project's own, and no logic in it. */
#include "gbench.h"

#include <benchmark/benchmark.h>

struct gbench_state {
    benchmark::State *state;
};

extern "C" void gbench_register(const char *name, gbench_body *body, enum gbench_time time,
                                const char *const *names, int columns, const int64_t *args,
                                int rows)
{
    auto *b = benchmark::RegisterBenchmark(name, [body](benchmark::State &state) {
        gbench_state s{&state};
        body(&s);
    });
    if (columns > 0) {
        b->ArgNames(std::vector<std::string>(names, names + columns));
        for (int row = 0; row < rows; row++) {
            b->Args(std::vector<int64_t>(args + row * columns, args + (row + 1) * columns));
        }
    }
    if (time == GBENCH_REAL_TIME) {
        b->UseRealTime();
    } else if (time == GBENCH_MANUAL_TIME) {
        b->UseManualTime();
    }
}

extern "C" int gbench_keep_running(gbench_state *s)
{
    return s->state->KeepRunning();
}

extern "C" int gbench_keep_running_batch(gbench_state *s, int64_t batch)
{
    return s->state->KeepRunningBatch(batch);
}

extern "C" int64_t gbench_arg(const gbench_state *s, int column)
{
    return s->state->range(static_cast<size_t>(column));
}

extern "C" void gbench_set_iteration_time(gbench_state *s, double seconds)
{
    s->state->SetIterationTime(seconds);
}

extern "C" void gbench_set_items(gbench_state *s, int64_t items)
{
    s->state->SetItemsProcessed(items);
}

extern "C" void gbench_set_bytes(gbench_state *s, int64_t bytes)
{
    s->state->SetBytesProcessed(bytes);
}

extern "C" void gbench_counter(gbench_state *s, const char *name, double value)
{
    s->state->counters[name] = value;
}

extern "C" void gbench_skip(gbench_state *s, const char *why)
{
    s->state->SkipWithError(why);
}

extern "C" void gbench_context(const char *key, const char *value)
{
    benchmark::AddCustomContext(key, value);
}

extern "C" int gbench_main(int argc, char **argv)
{
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
        return 2;
    }
    return benchmark::RunSpecifiedBenchmarks() > 0 ? 0 : 1;
}
