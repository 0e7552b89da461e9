/* SPDX-License-Identifier: MIT */
/* kill_stress.c - kill -9 of the producer, the consumer or both at random moments under load, also
 * while they open; the next ones go on. The ledger, outside the ring, says what must come.
 *
 *   kill_stress [SCALE]      SCALE times about 1100 kills
 */
#define _GNU_SOURCE
#include "../support/ledger.h"

#include "../support/check.h"
#include "../support/pattern.h"
#include "../support/process.h"
#include "../support/ring_object.h"

enum victims { PRODUCER = 1, CONSUMER = 2, BOTH = 3 };

static uint32_t scale = 1;
static struct ledger *ledger;
static pid_t producer, consumer;
static uint64_t first_record, kills;

static void start_producer(void)
{
    ledger->producer_open = 0;
    producer = process_start(ledger_produce, ledger);
}

static void start_consumer(void)
{
    ledger->consumer_open = 0;
    consumer = process_start(ledger_consume, ledger);
}

static void begin(const char *what, uint32_t lifetime, uint64_t first)
{
    const shmring_options init = SHMRING_OPTIONS_INIT;

    memset(ledger, 0, sizeof *ledger);
    (void)snprintf(ledger->ring, sizeof ledger->ring, "kill.%s.%ld", what, (long)getpid());
    first_record = first;
    ledger->attempted = ledger->accepted = ledger->looking = ledger->done = first;
    ledger->opt = init;
    ledger->opt.capacity = 65536;
    ledger->opt.lifetime = lifetime;
    ledger->opt.max_record = LEDGER_MAX_LEN;
    start_producer();
    start_consumer();
}

/* Ends both for good when one has found something wrong. */
static void give_up_if_failed(void)
{
    if (ledger->failed || process_has_ended(producer) || process_has_ended(consumer)) {
        (void)process_kill(producer);
        (void)process_kill(consumer);
        (void)behind_remove(ledger->ring);
        CHECK_FAIL_("%s", "a child failed; see above");
    }
}

/* Lets them work for a moment, sometimes for none, and half of the time until all have opened:
 * where a process takes long to start, the moment alone would be over before. */
static void work(uint64_t *random)
{
    uint64_t v = pattern_next(random);

    while (v % 2 == 0 && (!ledger->producer_open || !ledger->consumer_open)) {
        process_pause_us(200);
        give_up_if_failed();
    }
    if (v % 4 != 0) {
        process_pause_us((v >> 8) % 2500);
    }
    give_up_if_failed();
}

static void kill_one(pid_t victim)
{
    (void)process_kill(victim);
    kills++;
}

static void kill_some(enum victims victims, uint32_t times)
{
    uint64_t random = (uint64_t)getpid() * 7919u + (uint64_t)victims;
    uint32_t i;

    for (i = 0; i < times; i++) {
        work(&random);
        if ((victims & CONSUMER) != 0) {
            kill_one(consumer);
        }
        if ((victims & PRODUCER) != 0) {
            kill_one(producer);
            ledger_write_doubt(ledger);
        }
        if ((victims & PRODUCER) != 0) {
            start_producer();
        }
        if ((victims & CONSUMER) != 0) {
            start_consumer();
        }
    }
}

/* An orderly end: everything accepted was read, and nothing else. */
static void finish(void)
{
    uint64_t goal = ledger->accepted + 1000;
    shmring_info info;
    int p, c;

    while (ledger->accepted < goal) { /* after the last kill it still works */
        process_pause_us(200);
        give_up_if_failed();
    }
    CHECK_STATUS(shmring_inspect(ledger->ring, &info), SHMRING_OK);
    ledger->stop = 1;
    process_end_both(producer, consumer, &p, &c);
    (void)behind_remove(ledger->ring);
    printf("# %" PRIu64 " records, %" PRIu64 " opens, %" PRIu64 " producers, %" PRIu64
           " consumers, %u doubts, %" PRIu64 " rolled forward, %" PRIu64 " came again\n",
           ledger->accepted - first_record, ledger->opened, info.producer.epoch,
           info.consumer.epoch, (unsigned)ledger->doubts, info.counters.recovered, ledger->again);
    CHECK_EQ(p, 0);
    CHECK_EQ(c, 0);
    CHECK_EQ(ledger->failed, 0);
    CHECK_EQ(ledger->accepted, ledger->attempted);
    CHECK_EQ(ledger->done, ledger->accepted);
}

static void shouldDeliverEverythingWhenProducersAreKilled(void)
{
    begin("p", SHMRING_UNTIL_LAST_CLOSE, 0);
    while (ledger->done == 0) { /* the consumer must be there, or the ring ends with its producer */
        process_pause_us(200);
        give_up_if_failed();
    }
    kill_some(PRODUCER, 300 * scale);
    finish();
}

static void shouldDeliverEverythingWhenConsumersAreKilled(void)
{
    begin("c", SHMRING_UNTIL_LAST_CLOSE, 0);
    while (ledger->accepted == 0) {
        process_pause_us(200);
        give_up_if_failed();
    }
    kill_some(CONSUMER, 300 * scale);
    finish();
}

static void shouldKeepAPersistentRingWhenBothAreKilled(void)
{
    begin("pc", SHMRING_PERSISTENT, 0);
    while (!behind_keep(ledger->ring)) {
        process_pause_us(200);
        give_up_if_failed();
    }
    kill_some(BOTH, 200 * scale);
    finish();
}

/* Nobody holds the ring any more: the next ones get a new one, and nothing of the old one. */
static void shouldStartAFreshRingWhenBothWereKilled(void)
{
    uint64_t random = 11;
    uint32_t i;

    for (i = 0; i < 60 * scale; i++) {
        begin("fresh", SHMRING_UNTIL_LAST_CLOSE, (uint64_t)i << 32);
        work(&random);
        kill_one(producer);
        kill_one(consumer);
    }
    begin("fresh", SHMRING_UNTIL_LAST_CLOSE, (uint64_t)i << 32);
    finish();
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        scale = (uint32_t)strtoul(argv[1], NULL, 10);
        scale = scale != 0 ? scale : 1;
    }
    ledger = process_shared(sizeof *ledger);
    RUN(shouldDeliverEverythingWhenProducersAreKilled);
    RUN(shouldDeliverEverythingWhenConsumersAreKilled);
    RUN(shouldKeepAPersistentRingWhenBothAreKilled);
    RUN(shouldStartAFreshRingWhenBothWereKilled);
    printf("# %" PRIu64 " processes killed\n", kills);
    return check_done();
}
