/* SPDX-License-Identifier: MIT */
/* step_wake.c - sleeping and waking. The one who is woken is a third process. */
#include "step_life.h"

static pid_t sleeper;

/* Until somebody sleeps on that side, as the ring says. */
static void await_sleeper(const struct run *run, int sender)
{
    shmring_info info;
    shmring_status status;

    for (;;) {
        status = shmring_inspect(run->ring, &info);
        if (status == SHMRING_OK && (sender ? info.producer.waiting : info.consumer.waiting)) {
            return;
        }
        MUST(!process_has_ended(sleeper));
        process_pause_us(200);
    }
}

/* ---- the one who is woken ---- */

/* Sleeps until something comes, until the marker. A sender that dies is not the end. */
static int receive_to_marker(void *arg)
{
    struct run *run = arg;
    shmring_consumer *c = NULL;
    unsigned char buf[LEN];
    shmring_status status;
    uint64_t seq = NONE;

    MUST(shmring_consumer_open(&c, run->ring, &run->opt) == SHMRING_OK);
    while (seq != MARKER) {
        status = shmring_recv(c, buf, LEN, NULL, LONG_NS);
        MUST(status == SHMRING_OK || status == SHMRING_PEER_DEAD || status == SHMRING_CLOSED);
        if (status == SHMRING_OK) {
            memcpy(&seq, buf, 8);
            MUST(pattern_matches(buf, LEN, seq));
            MUST(seq == MARKER || seq == OLD + run->got);
            run->got += seq != MARKER;
        }
    }
    shmring_consumer_close(c);
    return 0;
}

/* Fills the ring, and sleeps until the marker fits. A receiver that dies is not the end. */
static int send_to_marker(void *arg)
{
    struct run *run = arg;
    shmring_producer *p = NULL;
    unsigned char buf[LEN];
    shmring_status status;
    uint64_t seq = 0;

    MUST(shmring_producer_open(&p, run->ring, &run->opt) == SHMRING_OK);
    do {
        pattern_fill(buf, LEN, seq);
        seq++;
    } while (seq < MARKER && shmring_try_send(p, buf, LEN, 1) == SHMRING_OK);
    run->got = (uint32_t)seq - 1; /* are in the ring: all others are below the marker */
    pattern_fill(buf, LEN, MARKER);
    do {
        status = shmring_send(p, buf, LEN, 1, LONG_NS);
    } while (status == SHMRING_PEER_DEAD || status == SHMRING_CLOSED);
    MUST(status == SHMRING_OK);
    shmring_producer_close(p);
    return 0;
}

static void before_sleeper(struct run *run, int (*body)(void *), int sender)
{
    name_run(run, "wake");
    run->opt.spin_ns = NO_SPIN;
    run->opt.lifetime = SHMRING_PERSISTENT; /* a sender that was woken may be gone first */
    sleeper = process_start(body, run);
    await_sleeper(run, sender);
}

static void before_receiver(struct run *run)
{
    before_sleeper(run, receive_to_marker, 0);
}

static void before_sender(struct run *run)
{
    before_sleeper(run, send_to_marker, 1);
}

/* ---- those who are killed ---- */

static int wake_receiver(void *arg)
{
    struct run *run = arg;
    unsigned char buf[LEN];

    MUST(shmring_producer_open(&run->child_p, run->ring, &run->opt) == SHMRING_OK);
    pattern_fill(buf, LEN, OLD);
    await_sleeper(run, 0);
    step_mark();
    (void)shmring_try_send(run->child_p, buf, LEN, 1);
    step_mark();
    return 0;
}

static int wake_sender(void *arg)
{
    struct run *run = arg;
    unsigned char buf[LEN];

    MUST(shmring_consumer_open(&run->child_c, run->ring, &run->opt) == SHMRING_OK);
    await_sleeper(run, 1);
    step_mark();
    (void)shmring_try_recv(run->child_c, buf, LEN, NULL);
    step_mark();
    return 0;
}

static int sleep_as_receiver(void *arg)
{
    struct run *run = arg;
    unsigned char buf[LEN];

    run->opt.spin_ns = NO_SPIN;
    MUST(shmring_consumer_open(&run->child_c, run->ring, &run->opt) == SHMRING_OK);
    while (take(run->child_c) != NONE) {
    }
    step_mark();
    (void)shmring_recv(run->child_c, buf, LEN, NULL, MS);
    step_mark();
    return 0;
}

static int sleep_as_sender(void *arg)
{
    struct run *run = arg;
    unsigned char buf[LEN];
    uint64_t seq = OLD;

    run->opt.spin_ns = NO_SPIN;
    MUST(shmring_producer_open(&run->child_p, run->ring, &run->opt) == SHMRING_OK);
    do {
        pattern_fill(buf, LEN, seq);
        seq++;
    } while (shmring_try_send(run->child_p, buf, LEN, 1) == SHMRING_OK);
    run->got = (uint32_t)seq - 1;
    step_mark();
    (void)shmring_send(run->child_p, buf, LEN, 1, MS);
    step_mark();
    return 0;
}

/* ---- afterwards ---- */

/* It hears of the next sender's record, whatever the dead one did with the bell. */
static void after_waking_receiver(struct run *run)
{
    shmring_info info;

    MUST(shmring_producer_open(&run->p, run->ring, &run->opt) == SHMRING_OK);
    put(run->p, MARKER);
    MUST(process_end(sleeper) == 0);
    MUST(run->got <= 1);
    MUST(shmring_inspect(run->ring, &info) == SHMRING_OK);
    MUST(info.counters.consumer_sleeps > 0);
    shmring_producer_close(run->p);
    MUST(shmring_remove(run->ring) == SHMRING_OK);
}

/* It finds room as soon as the next receiver reads. */
static void after_waking_sender(struct run *run)
{
    unsigned char buf[LEN];
    uint64_t seq, want = NONE;

    MUST(shmring_consumer_open(&run->c, run->ring, &run->opt) == SHMRING_OK);
    for (;;) {
        MUST(shmring_recv(run->c, buf, LEN, NULL, LONG_NS) == SHMRING_OK);
        memcpy(&seq, buf, 8);
        MUST(pattern_matches(buf, LEN, seq));
        if (seq == MARKER) {
            break;
        }
        MUST(want == NONE ? seq <= 1 : seq == want);
        want = seq + 1;
    }
    MUST(want == run->got);
    MUST(process_end(sleeper) == 0);
    shmring_consumer_close(run->c);
    MUST(shmring_remove(run->ring) == SHMRING_OK);
}

static void after_sleeping_receiver(struct run *run)
{
    put(run->p, MARKER); /* rings a bell that nobody hears */
    MUST(shmring_consumer_open(&run->c, run->ring, &run->opt) == SHMRING_OK);
    MUST(take_to_marker(run->c, 0) == 0);
    life_close_pair(run);
}

static void after_sleeping_sender(struct run *run)
{
    uint64_t seq, want;

    for (want = 0; (seq = take(run->c)) != NONE; want++) {
        MUST(seq == want);
    }
    MUST(want == run->got || want == run->got + 1u);
    MUST(shmring_producer_open(&run->p, run->ring, &run->opt) == SHMRING_OK);
    put(run->p, MARKER);
    MUST(take_to_marker(run->c, want) == 0);
    life_close_pair(run);
}

const struct life_event wake_events[] = {
    {"a sender that wakes", before_receiver, wake_receiver, after_waking_receiver},
    {"a receiver that wakes", before_sender, wake_sender, after_waking_sender},
    {"a receiver that sleeps", life_before_producer, sleep_as_receiver, after_sleeping_receiver},
    {"a sender that sleeps", life_before_consumer, sleep_as_sender, after_sleeping_sender},
};
const uint32_t wake_event_count = sizeof wake_events / sizeof wake_events[0];
