/* SPDX-License-Identifier: MIT */
/* throughput_run.c - the rows and runs of `shmring flood`. */
#include "measure/throughput_run.h"

#include <inttypes.h>

#define BATCH_DEFAULT 64u
#define CAPACITY_MIN  (UINT64_C(1) << 20)
#define MAX_RECORD_OF 4u /* a ring's records are at most a quarter of it */

/* ---- one row, with a partner of our own ---- */

uint64_t flood_capacity(const struct flood *f, uint32_t size)
{
    uint64_t capacity = f->capacity;

    if (capacity == 0) {
        for (capacity = CAPACITY_MIN; capacity < (uint64_t)size * 2 * MAX_RECORD_OF;) {
            capacity *= 2;
        }
    }
    return capacity;
}

/* Returns an exit status; EXIT_OK also when a stop was asked for, with what came until then. */
static int run_row(const struct flood *f, struct flood_row *row)
{
    shmring_options opt = pair_ring_options(&row->phase);
    struct pair_partner partner = {0};
    shmring_consumer *c = NULL;
    char name[64], what[64], size[FIGURE_SIZE];
    enum flood_end end;
    shmring_status status;
    int ret = EXIT_FAILED;

    (void)snprintf(what, sizeof what, "%s bytes, %" PRIu32 " at a time",
                   figure_bytes(size, row->phase.size), row->phase.batch);
    pair_tell(what);
    (void)snprintf(name, sizeof name, "flood.%" PRIu64, host_pid());
    opt.capacity = flood_capacity(f, row->phase.size);
    status = ring_open_consumer(&c, name, &opt);
    if (status != SHMRING_OK) {
        return say_status(status);
    }
    if (pair_partner_start(&partner, &row->phase, name)) {
        end = flood_drain(c, &row->phase, 0, name, &partner.child, &row->stream);
        if (pair_partner_end(&partner, end == FLOOD_DONE) ||
            (end != FLOOD_FAILED && host_stop_requested())) {
            ret = EXIT_OK;
        }
    }
    ring_close_consumer(c);
    return ret;
}

int flood_partner(const struct pair_phase *phase, const char *ring)
{
    shmring_options opt = pair_ring_options(phase);
    struct pair_stream stream = {0};
    shmring_producer *p = NULL;
    shmring_status status;
    int ret;

    opt.open_mode = SHMRING_OPEN_ONLY;
    opt.capacity = 0;
    status = ring_open_producer(&p, ring, &opt);
    ret = status != SHMRING_OK                          ? say_status(status)
          : flood_send(p, phase, &stream) == FLOOD_DONE ? EXIT_OK
                                                        : EXIT_FAILED;
    ring_close_producer(p);
    return ret;
}

/* ---- one run ---- */

static void add_row(struct flood *f, uint32_t size, uint32_t batch)
{
    if (f->capacity == 0 || size <= f->capacity / MAX_RECORD_OF) {
        f->run.row[f->run.rows++].phase = (struct pair_phase){"flood", size, batch, 0, f->place};
    }
}

static void plan_rows(struct flood *f)
{
    static const uint32_t sizes[FLOOD_ROWS / 2] = {8, 64, 256, 1024, 4096, 16384, 65536};
    size_t i;

    memset(&f->run, 0, sizeof f->run);
    if (f->size != 0) {
        add_row(f, (uint32_t)f->size, f->batch != 0 ? (uint32_t)f->batch : 1);
    } else {
        for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            if (f->batch == 0) {
                add_row(f, sizes[i], 1);
            }
            add_row(f, sizes[i], f->batch != 0 ? (uint32_t)f->batch : BATCH_DEFAULT);
        }
    }
    for (i = 0; i < f->run.rows; i++) {
        f->run.row[i].phase.budget_ns = f->total_ns / f->run.rows;
    }
}

/* Returns 1, or 0 after a sentence. Rows that a stop left empty are dropped. */
static int run_rows(struct flood *f)
{
    uint64_t line_ns;
    int ok = 1;
    size_t i;

    plan_rows(f);
    f->run.began_ns = host_epoch_ns();
    if (f->samples.room != 0) {
        samples_prepare(&f->samples);
        pair_samples = &f->samples;
    }
    line_ns = pair_look(&f->place);
    for (i = 0; ok && i < f->run.rows && !host_stop_requested(); i++) {
        f->run.row[i].line_before_ns = line_ns;
        f->status = run_row(f, &f->run.row[i]);
        ok = f->status == EXIT_OK;
        line_ns = ok && !host_stop_requested() ? pair_look(&f->place) : 0;
        f->run.row[i].line_after_ns = line_ns;
    }
    pair_tell(NULL);
    if (ok && host_stop_requested()) {
        while (i > 0 && f->run.row[i - 1].stream.measured == 0) {
            i--;
        }
        f->run.rows = i;
        ok = i > 0;
    }
    return ok && !say_has_failed();
}

static int run_here(void *state, size_t size)
{
    struct flood *f = state;

    if (size < sizeof *f || f->samples.room > (size - sizeof *f) / sizeof(struct sample)) {
        (void)say_failed("the memory of a run is too small");
        return 0;
    }
    f->samples.at = (struct sample *)(f + 1);
    return run_rows(f);
}

int flood_run_partner(const struct pair_phase *phase, const char *shared)
{
    return pair_fresh_partner(phase, shared, run_here);
}

/* ---- all of them ---- */

int flood_runs(struct flood *f, size_t size, int (*each)(struct flood *f, void *context),
               void *context)
{
    int ok = 1;

    pair_runs = (uint32_t)f->runs;
    while (ok && f->done < f->runs && !host_stop_requested()) {
        pair_run = (uint32_t)f->done + 1;
        ok = f->runs == 1 ? run_here(f, size) : pair_fresh("flood-run", &f->place, f, size);
        f->samples.at = (struct sample *)(f + 1);
        /* A run that a stop cut short is one only if it is the first. */
        if (ok && f->run.rows != 0 && (f->done == 0 || !host_stop_requested())) {
            f->all[f->done++] = f->run;
            ok = each(f, context);
        }
    }
    if (host_stop_requested() && f->done == 0 && !say_has_failed()) {
        return say_failed("flood was stopped before anything came through");
    }
    if (f->done != 0 && (ok || host_stop_requested())) {
        return EXIT_OK;
    }
    return f->status != EXIT_OK ? f->status : EXIT_FAILED;
}
