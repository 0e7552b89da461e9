/* SPDX-License-Identifier: MIT */
/* step_life_test.c - kill -9, or a stop, inside of create, attach, close, remove, sleep and wake.
 *
 * These are thousands of instructions, most of them the C library's. What others can see changes in
 * this program's own, which has the library in it, and in system calls (inject.sh kills at each):
 * killed is at each OURS-th of the program's own, at the first of each excursion into the C
 * library, and at each OTHERS-th of all.
 *
 *   step_life_test [OURS [OTHERS [SEED]]]    31 and 0, which is none, from place SEED on;
 *                                            1 1 for every instruction
 */
#define _GNU_SOURCE
#include "step_life.h"

#include <signal.h>

#include "ring/recover.h"
#include "segment/segment.h"

enum plant { NOTHING, NAMED_TOO_EARLY, NEVER_TAKEN_AWAY, NEVER_REAPED, READ_AT_ATTACH };

static uint32_t ours_stride = 31, others_stride, seed;
static enum plant plant;
static struct run *run;
static struct step_path *path;

struct visit {
    const struct life_event *event;
    const struct step_place *place; /* NULL: the first time, which records the path */
    int stops;                      /* is stopped there, and goes on; else it is killed */
};

#define ANOTHER_WAY 3
#define NO_STEPS    77

/* The child stands still in the middle of it: the one who has the other side works as ever. */
static void live_beside_it(void)
{
    shmring_status status;
    shmring_info info;
    shmring_record r;
    void *at;

    status = shmring_inspect(run->ring, &info);
    MUST(status == SHMRING_OK || status == SHMRING_E_NOT_FOUND);
    if (run->p != NULL) {
        MUST(shmring_reserve(run->p, LEN, &at) == SHMRING_OK);
        shmring_abort(run->p);
        MUST(info.producer.alive || status != SHMRING_OK);
    }
    if (run->c != NULL) {
        MUST(shmring_peek(run->c, &r) == SHMRING_OK);
        MUST(info.consumer.alive || status != SHMRING_OK);
    }
}

/* One kill, in a process of its own, which ends with what it has open. */
static int visit_body(void *arg)
{
    const struct visit *visit = arg;
    pid_t child;
    int there;

    visit->event->before(run);
    child = step_start(visit->event->body, run);
    if (child == 0) {
        return NO_STEPS;
    }
    if (visit->place == NULL) {
        there = step_record(child, path);
    } else {
        there = step_to(child, visit->place);
        if (visit->stops) {
            step_stop(child);
            live_beside_it();
            MUST(kill(child, SIGCONT) == 0);
            MUST(process_end(child) == 0);
        } else {
            (void)process_kill(child);
        }
    }
    visit->event->after(run);
    return there ? 0 : ANOTHER_WAY;
}

/* A string instruction is as many places as it has bytes: of these, the first and a few are chosen.
 */
#define STRING_STRIDE 16384

static int is_chosen(uint32_t i)
{
    const struct step_place *at = &path->places[i];

    if (i > 0 && at->pc == path->places[i - 1].pc) {
        return i % STRING_STRIDE == 0;
    }
    return at->enter || (at->ours && (i + seed) % ours_stride == 0) ||
           (others_stride != 0 && (i + seed) % others_stride == 0);
}

/* Kills, or stops, at all chosen places of an event. 1, or 0 at the first one that is not survived.
 */
static int survives(const struct life_event *event, int stops)
{
    const char *what = stops ? "stopped" : "killed";
    struct visit visit = {event, NULL, stops};
    uint32_t i, count = 0, there = 0;
    int end = process_end(process_start(visit_body, &visit));

    if (end == NO_STEPS) {
        SKIP("processes cannot be single-stepped here");
    }
    if (end != 0) {
        printf("# %s: ends with %d when nobody kills it\n", event->name, end);
        return 0;
    }
    for (i = 0; i < path->count; i++) {
        if (!is_chosen(i)) {
            continue;
        }
        visit.place = &path->places[i];
        end = process_end(process_start(visit_body, &visit));
        if (end != 0 && end != ANOTHER_WAY) {
            printf("# %s: %s at instruction %u of %u, the next ones end with %d\n", event->name,
                   what, i, path->count, end);
            return 0;
        }
        count++;
        there += end == 0;
    }
    printf("# %s: %s at %u of %u instructions, %u of the program's own; %u on the same way as "
           "the first time\n",
           event->name, what, count, path->count, path->ours, there);
    return count > 5 && there > count / 3; /* whoever sleeps polls for a time before */
}

static const struct life_event *event_of(const struct life_event *events, uint32_t count,
                                         const char *name)
{
    uint32_t i;

    for (i = 0; i < count; i++) {
        if (strcmp(events[i].name, name) == 0) {
            return &events[i];
        }
    }
    CHECK(i < count); /* there is such an event */
    return NULL;
}

static void each(const struct life_event *events, uint32_t count, const char *word, int stops)
{
    uint32_t i, n = 0;

    for (i = 0; i < count; i++) {
        if (strstr(events[i].name, word) != NULL) {
            CHECK(survives(&events[i], stops));
            n++;
        }
    }
    CHECK(n > 0);
}

static void shouldLeaveNoHalfMadeRingWhenACreatorIsKilled(void)
{
    each(life_events, life_event_count, "creates", 0);
}

static void shouldFreeTheRoleWhenOneThatAttachesIsKilled(void)
{
    each(life_events, life_event_count, "attaches", 0);
    each(life_events, life_event_count, "finds a dead ring", 0);
}

static void shouldLoseNothingWhenOneThatClosesIsKilled(void)
{
    each(life_events, life_event_count, "closes", 0);
}

static void shouldLeaveNoNameWhenOneThatRemovesIsKilled(void)
{
    each(life_events, life_event_count, "removes", 0);
}

static void shouldSleepAndWakeAfterASleeperOrAWakerWasKilled(void)
{
    each(wake_events, wake_event_count, "wakes", 0);
    each(wake_events, wake_event_count, "sleeps", 0);
}

static void shouldGoOnAfterAStopInsideOfAnOpenOrAClose(void)
{
    each(life_events, life_event_count, "attaches", 1);
    each(life_events, life_event_count, "closes", 1);
    each(life_events, life_event_count, "in use", 1);
}

/* ---- planted errors ---- */

shmring_status __real_shmring_os_create(const struct shmring_name *name, uint64_t size,
                                        uint32_t permissions, const char *security, int huge,
                                        struct shmring_os_segment *ret, uint64_t *ret_huge);
shmring_status __wrap_shmring_os_create(const struct shmring_name *name, uint64_t size,
                                        uint32_t permissions, const char *security, int huge,
                                        struct shmring_os_segment *ret, uint64_t *ret_huge);
shmring_status __real_shmring_os_publish(const struct shmring_name *name,
                                         struct shmring_os_segment *seg);
shmring_status __wrap_shmring_os_publish(const struct shmring_name *name,
                                         struct shmring_os_segment *seg);
shmring_status __real_shmring_os_unname(const struct shmring_name *name,
                                        const struct shmring_os_segment *seg);
shmring_status __wrap_shmring_os_unname(const struct shmring_name *name,
                                        const struct shmring_os_segment *seg);
int __real_shmring_os_is_held(const struct shmring_os_segment *seg);
int __wrap_shmring_os_is_held(const struct shmring_os_segment *seg);
shmring_status __real_shmring_recover_consumer(shmring_consumer *c);
shmring_status __wrap_shmring_recover_consumer(shmring_consumer *c);

shmring_status __wrap_shmring_os_create(const struct shmring_name *name, uint64_t size,
                                        uint32_t permissions, const char *security, int huge,
                                        struct shmring_os_segment *ret, uint64_t *ret_huge)
{
    shmring_status status =
        __real_shmring_os_create(name, size, permissions, security, huge, ret, ret_huge);

    if (plant == NAMED_TOO_EARLY && status == SHMRING_OK) {
        status = __real_shmring_os_publish(name, ret);
    }
    return status;
}

shmring_status __wrap_shmring_os_publish(const struct shmring_name *name,
                                         struct shmring_os_segment *seg)
{
    return plant == NAMED_TOO_EARLY ? SHMRING_OK : __real_shmring_os_publish(name, seg);
}

shmring_status __wrap_shmring_os_unname(const struct shmring_name *name,
                                        const struct shmring_os_segment *seg)
{
    return plant == NEVER_TAKEN_AWAY ? SHMRING_OK : __real_shmring_os_unname(name, seg);
}

int __wrap_shmring_os_is_held(const struct shmring_os_segment *seg)
{
    return plant == NEVER_REAPED || __real_shmring_os_is_held(seg);
}

shmring_status __wrap_shmring_recover_consumer(shmring_consumer *c)
{
    shmring_status status = __real_shmring_recover_consumer(c);
    unsigned char buf[LEN];

    if (plant == READ_AT_ATTACH && status == SHMRING_OK) {
        (void)shmring_try_recv(c, buf, sizeof buf, NULL);
    }
    return status;
}

struct planted {
    enum plant plant;
    const struct life_event *event;
};

/* 1 when the error is found, 2 when nothing can be stepped. */
static int planted_body(void *arg)
{
    const struct planted *planted = arg;
    int how;

    plant = planted->plant;
    ours_stride = 31;
    others_stride = 0;
    how = setjmp(check_out);
    if (how == 0) {
        how = survives(planted->event, 0) ? 0 : 1;
    }
    plant = NOTHING;
    (void)shmring_remove(run->ring);
    return how;
}

static void expect_found(enum plant what, const char *name)
{
    struct planted planted = {what, event_of(life_events, life_event_count, name)};
    int how = process_end(process_start(planted_body, &planted));

    if (how == 2) {
        SKIP("processes cannot be single-stepped here");
    }
    CHECK_EQ(how, 1);
}

static void shouldFindANameThatIsGivenTooEarly(void)
{
    expect_found(NAMED_TOO_EARLY, "a producer that creates");
}

static void shouldFindANameThatIsLeft(void)
{
    expect_found(NEVER_TAKEN_AWAY, "the last one, who closes");
}

static void shouldFindADeadRingThatIsNotReaped(void)
{
    expect_found(NEVER_REAPED, "the last one, who closes");
}

static void shouldFindARecordThatIsLostWithOneThatAttaches(void)
{
    expect_found(READ_AT_ATTACH, "a consumer that attaches");
}

/* What is known of this processor and C library is worked out before, or ways would differ. */
static void shouldOpenAndCloseOnceSoThatAllWaysAreTheSame(void)
{
    prepare(run, "warm", 0);
    shmring_producer_close(run->p);
    shmring_consumer_close(run->c);
}

int main(int argc, char **argv)
{
    ours_stride = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : ours_stride;
    ours_stride = ours_stride != 0 ? ours_stride : 1;
    others_stride = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
    seed = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 0;
    run = process_shared(sizeof *run);
    path = process_shared(sizeof *path);
    RUN(shouldOpenAndCloseOnceSoThatAllWaysAreTheSame);
    RUN(shouldLeaveNoHalfMadeRingWhenACreatorIsKilled);
    RUN(shouldFreeTheRoleWhenOneThatAttachesIsKilled);
    RUN(shouldLoseNothingWhenOneThatClosesIsKilled);
    RUN(shouldLeaveNoNameWhenOneThatRemovesIsKilled);
    RUN(shouldSleepAndWakeAfterASleeperOrAWakerWasKilled);
    RUN(shouldGoOnAfterAStopInsideOfAnOpenOrAClose);
    RUN(shouldFindANameThatIsGivenTooEarly);
    RUN(shouldFindANameThatIsLeft);
    RUN(shouldFindADeadRingThatIsNotReaped);
    RUN(shouldFindARecordThatIsLostWithOneThatAttaches);
    return check_done();
}
