/* SPDX-License-Identifier: MIT */
/* cacheline.c - the floor: one cache line that goes from core to core and back, and
 * nothing else. The pause between two looks matters as much as the distance, so several pauses are
 * tried, and the best is the floor. */
#include "measure/partner.h"

#define LINE_BYTES   4096
#define POLLS_TO_ASK 4096u /* empty polls between two questions whether the other side lives */

/* Each word on lines of its own. */
struct line {
    shmring_atomic_u64 ball; /* odd: ours is on its way; even: it came back */
    uint64_t apart0[31];
    shmring_atomic_u64 pauses; /* between two looks; LINE_STOP ends the partner */
    uint64_t apart1[31];
};

#define LINE_STOP UINT64_MAX

static void pause_between(uint64_t pauses)
{
    for (; pauses > 0; pauses--) {
        shmring_cpu_pause();
    }
}

/* Waits until the ball has the value. Returns 0 when the partner is gone or a stop was asked for.
 */
static int wait_ball(const struct pair_phase *phase, struct line *line, uint64_t value,
                     uint64_t pauses, struct pair_partner *partner)
{
    uint32_t polls = 0, asks = 0;

    while (shmring_load_acquire(&line->ball) != value) {
        pause_between(pauses);
        if (++polls % phase->place.polls == 0) {
            host_yield();
        }
        if (++asks % POLLS_TO_ASK == 0 &&
            (host_stop_requested() || !host_child_runs(&partner->child))) {
            return 0;
        }
    }
    return 1;
}

static int measure_pause(const struct pair_phase *phase, struct line *line, uint64_t *ball,
                         uint64_t pauses, struct pair_partner *partner, struct histogram *h)
{
    const uint64_t begin = host_clock_ns(), warm = begin + phase->budget_ns / 10;
    const uint64_t end = begin + phase->budget_ns;
    uint64_t now, before = 0;

    shmring_store_release(&line->pauses, pauses);
    histogram_clear(h);
    do {
        shmring_store_release(&line->ball, *ball + 1);
        now = host_clock_ns();
        if (before >= warm) {
            histogram_add(h, now - before);
        }
        before = now;
        if (!wait_ball(phase, line, *ball + 2, pauses, partner)) {
            return 0;
        }
        *ball += 2;
    } while (!host_stop_requested() && (now < end || h->count == 0));
    return 1;
}

int pair_line(const struct pair_phase *phase, struct histogram *ret)
{
    static const uint64_t pauses[] = {0, 1, 2, 4};
    static struct histogram h;
    struct pair_phase part = *phase;
    struct pair_partner partner = {0};
    struct host_shared shared;
    char text[HOST_TEXT_SIZE];
    uint64_t ball = 0;
    struct line *line;
    size_t i;
    int ok;

    if (!host_shared_make(&shared, LINE_BYTES)) {
        (void)say_failed("shared memory: %s", host_error());
        return 0;
    }
    partner.shared = &shared;
    host_shared_text(&shared, text);
    line = shared.at;
    part.budget_ns /= sizeof pauses / sizeof pauses[0];
    ok = pair_partner_start(&partner, phase, text);
    if (ok) {
        for (i = 0; ok && i < sizeof pauses / sizeof pauses[0]; i++) {
            ok = measure_pause(&part, line, &ball, pauses[i], &partner, &h);
            /* After a stop what there is of the first. */
            if (h.count != 0 &&
                (i == 0 || (ok && histogram_at(&h, 0.5) < histogram_at(ret, 0.5)))) {
                *ret = h;
            }
        }
        shmring_store_release(&line->pauses, LINE_STOP);
        ok = pair_partner_end(&partner, ok);
    }
    host_shared_close(&shared);
    return ok;
}

int pair_line_partner(const struct pair_phase *phase, const char *text)
{
    struct host_shared shared;
    uint64_t ball = 0, pauses;
    uint32_t polls = 0;
    struct line *line;

    if (!host_shared_adopt(&shared, text)) {
        return say_failed("shared memory: %s", host_error());
    }
    line = shared.at;
    while ((pauses = shmring_load_relaxed(&line->pauses)) != LINE_STOP) {
        if (shmring_load_acquire(&line->ball) == ball + 1) {
            ball += 2;
            shmring_store_release(&line->ball, ball);
            polls = 0;
            continue;
        }
        pause_between(pauses);
        if (++polls % phase->place.polls == 0) {
            host_yield();
        }
    }
    host_shared_close(&shared);
    return EXIT_OK;
}
