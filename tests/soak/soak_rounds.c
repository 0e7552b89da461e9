/* SPDX-License-Identifier: MIT */
/* soak_rounds.c - the two kinds of round. The accounts lie outside the ring: the crash tests'
 * ledger where roles die, the stress tests' outcome where they stay. Each record's length, type and
 * bytes follow from its sequence number, so that nothing lost, doubled, torn or out of order fits.
 */
#define _GNU_SOURCE
#include "soak.h"

#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../support/ledger.h"
#include "../support/pattern.h"
#include "../support/process.h"
#include "../stress/stress.h"

#define DEATHS_NS UINT64_C(1500000000)

static const uint64_t starts[] = {0, UINT64_C(0x7FFFF000), UINT64_C(0xFFFFF000),
                                  UINT64_C(0x7FFFFFFFFFFFF000), UINT64_C(0xFFFFFFFFFFFFF000)};

void soak_move(pid_t process, uint64_t random)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    cpu_set_t set;
    long i;

    CPU_ZERO(&set);
    for (i = 0; i < n && i < CPU_SETSIZE; i++) {
        CPU_SET((size_t)i, &set);
    }
    if (random % 3 != 0 && n > 0) {
        CPU_ZERO(&set);
        CPU_SET((size_t)(random >> 8) % (size_t)(n < CPU_SETSIZE ? n : CPU_SETSIZE), &set);
    }
    (void)sched_setaffinity(process, sizeof set, &set);
}

/* ---- roles that die ---- */

struct sides {
    struct ledger *l;
    pid_t side[2]; /* producer, consumer */
};

static void start(struct sides *s, int which)
{
    s->side[which] = process_start(which == 0 ? ledger_produce : ledger_consume, s->l);
}

static int is_well(const struct sides *s)
{
    return !s->l->failed && !process_has_ended(s->side[0]) && !process_has_ended(s->side[1]);
}

static void kill_one(struct sides *s, int which, struct soak_totals *t)
{
    (void)process_kill(s->side[which]);
    if (which == 0) {
        ledger_write_doubt(s->l);
    }
    t->kills++;
}

/* One thing that happens to them. */
static void happen(struct sides *s, uint64_t v, struct soak_totals *t)
{
    int which = (int)(v >> 8 & 1);

    switch (v % 8) {
    case 0: /* both */
        kill_one(s, which, t);
        kill_one(s, !which, t);
        start(s, which);
        start(s, !which);
        break;
    case 1:
    case 2:
        kill_one(s, which, t);
        start(s, which);
        break;
    case 3: /* frozen, for long sometimes */
        (void)kill(s->side[which], SIGSTOP);
        process_pause_us((v >> 16) % ((v >> 40) % 8 == 0 ? 150000 : 5000));
        (void)kill(s->side[which], SIGCONT);
        t->stops++;
        break;
    case 4: /* frozen, and killed so */
        (void)kill(s->side[which], SIGSTOP);
        process_pause_us((v >> 16) % 2000);
        kill_one(s, which, t);
        start(s, which);
        t->stops++;
        break;
    case 5:
        soak_move(s->side[which], v >> 16);
        t->moves++;
        break;
    default:
        process_pause_us((v >> 16) % 20000);
    }
}

static int finish(struct sides *s, struct soak_totals *t)
{
    uint64_t goal = s->l->accepted + 1000;
    shmring_info info;
    int p, c;

    while (s->l->accepted < goal && is_well(s)) {
        process_pause_us(500);
    }
    s->l->stop = 1;
    if (shmring_inspect(s->l->ring, &info) == SHMRING_OK) {
        t->recovered += info.counters.recovered;
    }
    process_end_both(s->side[0], s->side[1], &p, &c);
    (void)shmring_remove(s->l->ring);
    t->opens += s->l->opened;
    t->again += s->l->again;
    t->records += s->l->done;
    if (p == 0 && c == 0 && !s->l->failed && s->l->accepted == s->l->attempted &&
        s->l->done == s->l->accepted) {
        return 1;
    }
    printf("# deaths: producer ended with %d, consumer with %d; attempted %" PRIu64
           ", accepted %" PRIu64 ", done %" PRIu64 "\n",
           p, c, (uint64_t)s->l->attempted, (uint64_t)s->l->accepted, (uint64_t)s->l->done);
    return 0;
}

int soak_deaths(uint64_t random, struct soak_totals *t)
{
    const shmring_options init = SHMRING_OPTIONS_INIT;
    struct sides s = {.l = process_shared(sizeof *s.l)};
    uint64_t end, pause = 1 + pattern_next(&random) % 4000;
    int well;

    (void)snprintf(s.l->ring, sizeof s.l->ring, "soak.%ld", (long)getpid());
    s.l->opt = init;
    s.l->opt.capacity = UINT64_C(65536) << pattern_next(&random) % 5;
    s.l->opt.lifetime = SHMRING_PERSISTENT;
    s.l->opt.max_record = LEDGER_MAX_LEN;
    s.l->opt.stamp = (uint32_t)(pattern_next(&random) % 2);
    s.l->opt.spin_ns = pattern_next(&random) % 3 == 0 ? 1 : 0;
    s.l->opt.start_position = starts[pattern_next(&random) % 5];
    start(&s, 0);
    start(&s, 1);
    for (end = 0; end < DEATHS_NS && is_well(&s) && s.l->doubts < LEDGER_DOUBTS - 2;) {
        uint64_t before = shmring_stamp_now_(SHMRING_STAMP_MONOTONIC);

        process_pause_us(pattern_next(&random) % pause);
        happen(&s, pattern_next(&random), t);
        end += shmring_stamp_now_(SHMRING_STAMP_MONOTONIC) - before;
    }
    well = finish(&s, t);
    process_unshare(s.l, sizeof *s.l);
    return well;
}

/* ---- two sides that stay ---- */

static void choose(struct stress *s, uint64_t random)
{
    static const uint32_t spins[] = {0, 1, 2000, UINT32_MAX};
    uint64_t average;

    s->what = "soak";
    s->framing = pattern_next(&random) % 4 == 0 ? SHMRING_BYTES : SHMRING_RECORDS;
    s->waiting = (enum stress_waiting)(pattern_next(&random) % 3);
    s->spin_ns = spins[pattern_next(&random) % 4];
    s->pause_us = pattern_next(&random) % 3 == 0 ? (uint32_t)(pattern_next(&random) % 500) : 0;
    s->capacity = UINT64_C(65536) << pattern_next(&random) % 8;
    s->start_position = starts[pattern_next(&random) % 5];
    if (s->framing == SHMRING_BYTES) {
        s->waiting = s->waiting == STRESS_LOSSY ? STRESS_BLOCK : s->waiting;
        s->ways = STRESS_MIXED;
        s->count = 40000000;
    } else if (pattern_next(&random) % 2 == 0) {
        s->ways = STRESS_FLAT;
        s->max_record = 16;
        s->count = 4000000;
    } else {
        s->ways = STRESS_MIXED;
        s->stamp = (uint32_t)(pattern_next(&random) % 2);
        s->max_record = (uint32_t)(16 + pattern_next(&random) % (s->capacity / 4));
        average = 64 + s->max_record / 16; /* one in eight is long */
        s->count = 20000000 / average;
    }
    if (s->pause_us != 0) {
        s->count /= 50;
    }
}

int soak_stream(uint64_t random, struct soak_totals *t)
{
    struct stress *s = process_shared(sizeof *s);
    pid_t p, c;
    int p_ended = 0, c_ended = 0, well;

    choose(s, random);
    s->outcome = process_shared(sizeof *s->outcome);
    (void)snprintf(s->ring, sizeof s->ring, "soak.%ld", (long)getpid());
    p = process_start(stress_produce, s);
    c = process_start(stress_consume, s);
    while (!process_has_ended(p) && !process_has_ended(c)) {
        process_pause_us(1 + pattern_next(&random) % 50000);
        soak_move(pattern_next(&random) % 2 == 0 ? p : c, random);
        t->moves++;
    }
    process_end_both(p, c, &p_ended, &c_ended);
    well = p_ended == 0 && c_ended == 0 && s->outcome->received == s->count &&
           s->outcome->lost == s->outcome->dropped && s->outcome->rejected == s->outcome->dropped;
    if (!well) {
        printf("# stream: framing %" PRIu32 ", way %d, waiting %d, capacity %" PRIu64
               ": ended with %d and %d, received %" PRIu64 " of %" PRIu64 ", lost %" PRIu64
               ", dropped %" PRIu64 ", rejected %" PRIu64 "\n",
               s->framing, (int)s->ways, (int)s->waiting, s->capacity, p_ended, c_ended,
               s->outcome->received, s->count, s->outcome->lost, s->outcome->dropped,
               s->outcome->rejected);
    }
    if (s->framing == SHMRING_BYTES) {
        t->bytes += s->outcome->received;
    } else {
        t->records += s->outcome->received - s->outcome->dropped;
    }
    t->dropped += s->outcome->dropped;
    t->gaps += s->outcome->gaps;
    t->sleeps += s->outcome->producer_sleeps + s->outcome->consumer_sleeps;
    t->opens += 2;
    process_unshare(s->outcome, sizeof *s->outcome);
    process_unshare(s, sizeof *s);
    return well;
}
