/* SPDX-License-Identifier: MIT */
/* observers.c - what 0, 1 and 8 observers cost those who use the ring.
 *
 *   shmring_observers [--brief]    one round, a line of JSON for each measurement
 *
 * The producer never looks at an observer; what it may feel is that lines which it writes lie in an
 * observer's cache, and that somebody uses its processor. The two are measured apart: on one thread
 * that keeps a processor for itself while the observers have the others, and with a process at each
 * end, where a machine of two processors has none left for them. The first is counted in time of
 * that processor, the second in time that passes. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <shmring/shmring.h>

#include "support/process_pair.h"

#define OBSERVERS_MAX 8
#define BATCH         32u /* of the thread that does both: sent, then received */
#define SLOW_NS       1000000

enum work { ALONE, BOTH_ENDS, PAIR, WORKS };

static const char *const works[] = {"one thread sends, overwrite ring",
                                    "one thread sends and receives", "a process at each end"};

enum pace { FAST, SLOW, PACES };

static const char *const paces[] = {"look all the time", "look every millisecond"};

/* Shared with the observers. */
struct watch {
    _Alignas(128) atomic_uint ready;
    atomic_uint stop;
    _Alignas(128) atomic_ullong seen;
    atomic_uint failed;
};

struct run {
    enum work work;
    enum pace pace;
    unsigned observers;
    uint64_t count;
    const char *name;
    struct watch *watch;
    shmring_producer *out;
    shmring_consumer *in;
    pid_t pids[OBSERVERS_MAX];
};

/* ---- the observers ---- */

/* Processors that the measured threads leave free; where there are none, all. */
static int free_processors(const struct run *r)
{
    const int all = pair_processors(), measured = r->work == PAIR ? 2 : 1;

    return all > measured ? all - measured : 0;
}

static void place(const struct run *r, unsigned number)
{
    const int free_ones = free_processors(r);

    if (free_ones > 0) {
        pair_pin(pair_processors() - 1 - (int)number % free_ones);
    }
}

static void observe(const struct run *r, unsigned number)
{
    const struct timespec pause = {0, SLOW_NS};
    struct watch *w = r->watch;
    shmring_observer *o = NULL;
    shmring_status status;
    unsigned char message[64];
    uint64_t seen = 0;
    int stopped = 0;

    place(r, number);
    if (shmring_observer_open(&o, r->name, NULL) != SHMRING_OK) {
        atomic_store(&w->failed, 1);
    }
    atomic_fetch_add(&w->ready, 1);
    while (o != NULL) {
        stopped = stopped || atomic_load_explicit(&w->stop, memory_order_relaxed);
        status = shmring_observe(o, message, sizeof message, NULL);
        if (status == SHMRING_OK) {
            seen++;
        } else if (status < 0) {
            atomic_store(&w->failed, 1);
            break;
        } else if (status != SHMRING_LAPPED && stopped) {
            break; /* to the end of what was sent */
        } else if (status != SHMRING_LAPPED && r->pace == SLOW) {
            (void)nanosleep(&pause, NULL);
        }
    }
    atomic_fetch_add(&w->seen, seen);
    shmring_observer_close(o);
    _exit(0);
}

static int start_observers(struct run *r)
{
    unsigned i;

    for (i = 0; i < r->observers; i++) {
        r->pids[i] = fork();
        if (r->pids[i] == 0) {
            observe(r, i);
        }
        if (r->pids[i] < 0) {
            r->observers = i;
            return 0;
        }
    }
    while (atomic_load(&r->watch->ready) < r->observers) {
        (void)usleep(100);
    }
    return atomic_load(&r->watch->failed) == 0;
}

static int end_observers(struct run *r)
{
    int status, right = atomic_load(&r->watch->failed) == 0;
    unsigned i;

    atomic_store(&r->watch->stop, 1);
    for (i = 0; i < r->observers; i++) {
        right &= waitpid(r->pids[i], &status, 0) == r->pids[i] && status == 0;
    }
    return right;
}

/* ---- those who are observed ---- */

static void send_one(shmring_producer *out, uint64_t number)
{
    uint64_t message[8] = {number};

    PAIR_ESCAPE(message);
    while (shmring_try_send(out, message, sizeof message, 1) == SHMRING_FULL) {
        shmring_producer_relax(out);
    }
}

static int receive_one(shmring_consumer *in, uint64_t number)
{
    uint64_t message[8];

    while (shmring_try_recv(in, message, sizeof message, NULL) == SHMRING_EMPTY) {
        shmring_consumer_relax(in);
    }
    PAIR_ESCAPE(message);
    return message[0] == number;
}

static void send_all(struct pair_board *board, void *arg)
{
    const struct run *r = arg;
    uint64_t i;

    (void)board;
    for (i = 0; i < r->count; i++) {
        send_one(r->out, i);
    }
}

static void receive_all(struct pair_board *board, void *arg)
{
    const struct run *r = arg;
    shmring_consumer *in = NULL;
    uint64_t i;

    if (shmring_consumer_open(&in, r->name, NULL) != SHMRING_OK) {
        pair_fail(board);
        return;
    }
    pair_ready(board);
    for (i = 0; i < r->count; i++) {
        if (!receive_one(in, i)) {
            pair_fail(board);
            break;
        }
    }
    pair_finish(board);
    shmring_consumer_close(in);
}

/* What this thread has used of its processor: what others use of it is not counted. */
static uint64_t used_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* On this thread, with a processor of its own. Returns seconds of that processor, or -1. */
static double run_one_thread(const struct run *r)
{
    cpu_set_t before;
    uint64_t i, k, start;
    int right = 1;

    (void)sched_getaffinity(0, sizeof before, &before);
    pair_pin(0);
    start = used_ns();
    for (i = 0; i < r->count && right; i += BATCH) {
        for (k = 0; k < BATCH; k++) {
            send_one(r->out, i + k);
        }
        for (k = 0; k < BATCH && r->in != NULL; k++) {
            right &= receive_one(r->in, i + k);
        }
    }
    start = used_ns() - start;
    (void)sched_setaffinity(0, sizeof before, &before);
    return right ? (double)start / 1e9 : -1;
}

/* ---- a measurement ---- */

static int open_ends(struct run *r)
{
    shmring_options opt = SHMRING_OPTIONS_INIT;

    opt.overflow = r->work == ALONE ? SHMRING_OVERWRITE : SHMRING_REJECT;
    return shmring_producer_open(&r->out, r->name, &opt) == SHMRING_OK &&
           (r->work != BOTH_ENDS || shmring_consumer_open(&r->in, r->name, NULL) == SHMRING_OK);
}

static void print_row(const struct run *r, const char *what, double value)
{
    printf("{\"study\": \"observers\", \"what\": \"%s\", \"work\": \"%s\", \"pace\": \"%s\", "
           "\"place\": \"%s\", \"observers\": %u, \"ns\": %.3f}\n",
           what, works[r->work], paces[r->pace],
           free_processors(r) > 0 ? "other processors" : "the same processors", r->observers,
           value);
}

static int measure(struct run r)
{
    double seconds = -1;
    int right;

    r.watch =
        mmap(NULL, sizeof *r.watch, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (r.watch == MAP_FAILED) {
        return 0;
    }
    right = open_ends(&r) && start_observers(&r);
    if (right) {
        seconds = r.work == PAIR ? pair_run(send_all, receive_all, &r) : run_one_thread(&r);
    }
    right &= end_observers(&r) && seconds >= 0;
    shmring_consumer_close(r.in);
    shmring_producer_close(r.out);
    if (right) {
        print_row(&r, "time", seconds * 1e9 / (double)r.count);
        if (r.observers > 0) { /* the share of the records, in percent, that an observer got */
            print_row(&r, "seen",
                      100.0 * (double)atomic_load(&r.watch->seen) / (double)r.count / r.observers);
        }
    } else {
        fprintf(stderr, "observers: '%s' beside %u observers failed: %s\n", works[r.work],
                r.observers, shmring_error_detail());
    }
    (void)munmap(r.watch, sizeof *r.watch);
    return right;
}

int main(int argc, char **argv)
{
    static const unsigned numbers[] = {0, 1, OBSERVERS_MAX};
    const int brief = argc > 1 && strcmp(argv[1], "--brief") == 0;
    struct run r = {.count = brief ? 20000 / BATCH * BATCH : 2000000};
    int work, pace;
    size_t i;

    r.name = pair_ring_name("observers");
    for (work = 0; work < WORKS; work++) {
        for (pace = 0; pace < PACES; pace++) {
            for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
                r.work = (enum work)work;
                r.pace = (enum pace)pace;
                r.observers = numbers[i];
                if (!measure(r)) {
                    return 1;
                }
            }
        }
    }
    return 0;
}
