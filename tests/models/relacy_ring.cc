/* SPDX-License-Identifier: MIT */
/* relacy_ring.cc - the real headers and the real waiting in the orders that the C++11 memory model
 * permits. Relacy decides who runs next and which of the permitted values a load sees; it reports
 * races on payload, deadlocks and failed claims. docs/models.md says what is modelled.
 *
 *   relacy_ring [ITERATIONS [SCENARIO]]   of each random run; of one scenario alone. TAP.
 *
 * Then each place in the sources that asks for an order is weakened, by itself: some scenario must
 * fail, or the place stands in `spared`, with the reason.
 */
#include "relacy_sent.hh"
#include "relacy_watched.hh"

/* ---- runs ---- */

static int run_count, run_failures;
static std::ostream to_nowhere(NULL);

static void report(int good, const char *what, const char *how, uint64_t executions,
                   const char *result)
{
    run_failures += !good;
    printf("%sok %d - %s%s\n", good ? "" : "not ", ++run_count, what, how);
    printf("# %llu executions: %s\n", (unsigned long long)executions, result);
    fflush(stdout);
}

template <typename test> static rl::test_result_e simulate(rl::test_params *params)
{
    params->context_bound = 2;
    params->execution_depth_limit = 20000;
    params->progress_stream = &to_nowhere;
    (void)rl::simulate<test>(*params);
    return params->test_result;
}

struct scenario {
    const char *name;
    rl::test_result_e (*simulate)(rl::test_params *params);
    rl::scheduler_type_e scheduler;
};

static const struct scenario scenarios[] = {
    {"two records, exhaustively", simulate<copied<2, 2>>, rl::sched_full},
    {"records, by context bound", simulate<copied<3, 0>>, rl::sched_bound},
    {"records beyond a lap", simulate<copied<7, 0>>, rl::sched_random},
    {"records in place", simulate<in_place>, rl::sched_random},
    {"batches", simulate<batches>, rl::sched_random},
    {"bytes", simulate<bytes>, rl::sched_random},
    {"sleeping, with membarrier", simulate<asleep<1>>, rl::sched_random},
    {"sleeping, with fences", simulate<asleep<0>>, rl::sched_random},
    {"closing", simulate<closing<0>>, rl::sched_random},
    {"closing, before one who sleeps", simulate<closing<1>>, rl::sched_random},
    {"a role changes hands", simulate<hand_over>, rl::sched_random},
    {"overwritten", simulate<overwritten>, rl::sched_random},
    {"observed from the oldest", simulate<observed<SHMRING_REJECT, SHMRING_OLDEST>>,
     rl::sched_random},
    {"observed from the newest", simulate<observed<SHMRING_REJECT, SHMRING_NEWEST>>,
     rl::sched_random},
    {"observed and overwritten, from the oldest",
     simulate<observed<SHMRING_OVERWRITE, SHMRING_OLDEST>>, rl::sched_random},
    {"observed and overwritten, from the newest",
     simulate<observed<SHMRING_OVERWRITE, SHMRING_NEWEST>>, rl::sched_random},
    {"bytes observed", simulate<observed_bytes>, rl::sched_random},
};
#define SCENARIOS (sizeof scenarios / sizeof scenarios[0])

static void must_hold(size_t i, uint64_t iterations)
{
    rl::test_params params;

    params.search_type = scenarios[i].scheduler;
    params.iteration_count = params.search_type == rl::sched_random ? iterations : UINT64_MAX;
    params.output_stream = &std::cerr; /* with the order of steps */
    site::scenario = UINT64_C(1) << i;
    rl::test_result_e result = scenarios[i].simulate(&params);
    report(result == rl::test_result_success, scenarios[i].name, "", params.stop_iteration,
           rl::test_result_str(result));
}

/* At random; executions: how many there were in the end. */
static rl::test_result_e try_at_random(size_t i, uint64_t iterations, uint64_t *executions)
{
    rl::test_params params;

    params.search_type = rl::sched_random;
    params.iteration_count = iterations;
    params.output_stream = &to_nowhere;
    rl::test_result_e result = scenarios[i].simulate(&params);
    *executions = params.stop_iteration;
    return result;
}

static void must_fail(const char *what, const char *scenario)
{
    uint64_t executions;

    for (size_t i = 0; i < SCENARIOS; i++) {
        if (strcmp(scenarios[i].name, scenario) == 0) {
            rl::test_result_e result = try_at_random(i, 200000, &executions);

            report(result != rl::test_result_success, what, ", is found", executions,
                   rl::test_result_str(result));
        }
    }
}

/* ---- each order by itself ---- */

/* Places whose order no scenario misses. */
#define LOCK "the kernel's lock orders the owners of a role"
static const struct {
    const char *function, *what, *why;
    int like_it;
} spared[] = {
    {"shmring_recover_producer", "&p->page->tail", LOCK},
    {"roll_forward", "shmring_word_at(p->data + (p->tail & p->mask))", LOCK},
    {"recover_refusals", "&p->page->reported", LOCK},
    {"commit", "&page->reported", "only the next owner of the role reads it: " LOCK},
    {"lapped", "&c->page->cursor", "only people ask where an overwrite ring's consumer is"},
    {"lapped", "&c->page->head", "only people ask where an overwrite ring's consumer is"},
    {"load_evict", "&o->page->evict_count", "the acquire of evict is in front of it", 1},
    {"is_moved", "&o->page->repairs", "nobody repairs a ring here"},
    {"moved", "&o->page->repairs", "nobody repairs a ring here"},
    {"shmring_observer_seek", "&o->page->repairs", "nobody repairs a ring here"},
    {"nothing", "&o->page->role.epoch", "one producer, and no other after it"},
    {"nothing", "word", "the acquire of the state is in front of it"},
    {"shmring_role_ask", "&theirs->epoch", "shmr_ended() reports an end first"},
    {"shmring_wait_barrier", "&w->theirs->capability", "promises do not change here: wake.pml"},
    {"look_at_bell", "r->bell",
     "who reads an old request has published before the waiter's last look"},
    {"shmring_role_enter", "", "only who waits and finds nobody there relies on it: nobody here"},
};

static const char *why_spared(const struct site *s)
{
    for (const auto &one : spared) {
        if (strcmp(one.function, s->function) == 0 && strcmp(one.what, s->what) == 0 &&
            one.like_it == s->like_it) {
            return one.why;
        }
    }
    return NULL;
}

static void weaken(struct site *s, uint64_t iterations)
{
    static const char *const kinds[] = {"load_acquire",  "store_release", "full_barrier",
                                        "light_barrier", "store_barrier", "load_barrier"};
    const char *why = why_spared(s);
    rl::test_result_e result = rl::test_result_success;
    const uint64_t most = why != NULL ? iterations / 25 : iterations * 9;
    uint64_t executions = 0;
    char what[300];
    size_t i = 0;

    s->is_weak = 1;
    /* A few of each scenario, then more: most are found by one of them at once. */
    for (uint64_t n = iterations / 25; n <= most && result == rl::test_result_success; n *= 15) {
        for (i = 0; i < SCENARIOS && result == rl::test_result_success; i++) {
            if ((s->seen_by >> i & 1) != 0) {
                result = try_at_random(i, n, &executions);
            }
        }
    }
    s->is_weak = 0;
    snprintf(what, sizeof what, "%s: %s(%s)%s", s->function, kinds[s->kind], s->what,
             s->like_it == 0 ? "" : ", the second");
    if (why == NULL) {
        report(result != rl::test_result_success, what, " is missed when it is not there",
               executions, result != rl::test_result_success ? scenarios[i - 1].name : "nobody");
    } else {
        report(result == rl::test_result_success, what, " may be less", executions, why);
    }
}

int main(int argc, char **argv)
{
    const uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 5000;

    for (size_t i = 0; i < SCENARIOS; i++) {
        if (argc < 3 || strcmp(argv[2], scenarios[i].name) == 0) {
            must_hold(i, n);
        }
    }
    if (argc < 3) {
        for (struct site *s = site::first; s != NULL; s = s->next) {
            weaken(s, n);
        }
        model::no_barriers = 1;
        must_fail("no membarrier (F)", "sleeping, with membarrier");
        must_fail("no fence (F)", "sleeping, with fences");
        model::no_barriers = 0;
        hand_over::relaxed_recovery = 1;
        must_fail("two owners of a role at once (E)", "a role changes hands");
    }
    printf("1..%d\n", run_count);
    return run_failures == 0 ? 0 : 1;
}
