/* SPDX-License-Identifier: MIT */
/* reopen_test.c - a thousand times open, use and close, in every order: nothing is left behind. */
#include "../support/rig.h"

#define CYCLES  1000u
#define WARM_UP 8u /* in which the system's libraries make what they keep */

enum order { PRODUCER_FIRST, CONSUMER_FIRST, ORDERS };

static void open_one(struct pair *pair, int producer)
{
    shmring_options o = options_of(KIB64);

    if (producer) {
        CHECK_STATUS(shmring_producer_open(&pair->p, rig_name, &o), SHMRING_OK);
    } else {
        CHECK_STATUS(shmring_consumer_open(&pair->c, rig_name, &o), SHMRING_OK);
    }
}

static void close_one(struct pair *pair, int producer)
{
    if (producer) {
        shmring_producer_close(pair->p);
        pair->p = NULL;
    } else {
        shmring_consumer_close(pair->c);
        pair->c = NULL;
    }
}

/* One record through the ring, and a wait that has nothing to wait for. */
static void use(struct pair *pair, uint32_t value)
{
    uint32_t got = 0;

    CHECK_STATUS(shmring_try_send(pair->p, &value, sizeof value, 0), SHMRING_OK);
    CHECK_STATUS(shmring_recv(pair->c, &got, sizeof got, NULL, SHMRING_FOREVER), SHMRING_OK);
    CHECK_EQ(got, value);
    CHECK_STATUS(shmring_wait_data(pair->c, 1), SHMRING_TIMEOUT);
}

static void same_as(const struct behind_held *before)
{
    struct behind_held after = behind_held_now();

    CHECK_EQ(after.handles, before->handles);
    CHECK_EQ(after.views, before->views);
}

static void shouldLeaveNothingWhenARingComesAndGoesAThousandTimes(void)
{
    struct behind_held before = {0, 0};
    struct pair pair = {NULL, NULL};
    uint32_t i;

    (void)new_name();
    for (i = 0; i < CYCLES + WARM_UP; i++) {
        if (i == WARM_UP) {
            before = behind_held_now();
        }
        open_one(&pair, i % ORDERS == PRODUCER_FIRST);
        open_one(&pair, i % ORDERS != PRODUCER_FIRST);
        use(&pair, i);
        close_one(&pair, i / ORDERS % 2);
        CHECK(is_there(rig_name)); /* the other side has it */
        close_one(&pair, !(i / ORDERS % 2));
        CHECK(!is_there(rig_name));
    }
    same_as(&before);
}

/* Or the others could not see anything either. */
static void shouldSeeWhatAnOpenRingHolds(void)
{
    struct behind_held before = behind_held_now(), open;
    struct pair pair = open_small_pair();

    open = behind_held_now();
    CHECK(open.handles > before.handles || open.views > before.views);
    CHECK(open.views >= before.views + 4); /* two sides, each with header and data */
    close_pair(&pair);
    same_as(&before);
}

static void shouldLeaveNothingWhenASideComesAndGoesAThousandTimes(void)
{
    struct behind_held before = {0, 0};
    struct pair pair = open_small_pair();
    shmring_info info;
    uint32_t i;

    for (i = 0; i < CYCLES + WARM_UP; i++) {
        if (i == WARM_UP) {
            before = behind_held_now();
        }
        close_one(&pair, i % 2);
        open_one(&pair, i % 2);
        use(&pair, i);
    }
    same_as(&before);
    CHECK_STATUS(shmring_inspect(rig_name, &info), SHMRING_OK);
    CHECK_EQ(info.producer.epoch, 1 + (CYCLES + WARM_UP) / 2);
    CHECK_EQ(info.consumer.epoch, 1 + (CYCLES + WARM_UP) / 2);
    close_pair(&pair);
}

static void shouldLeaveNothingOfACallThatIsRefused(void)
{
    struct behind_held before = {0, 0};
    shmring_options other = options_of(2 * KIB64);
    shmring_producer *p = NULL;
    struct pair pair = open_small_pair();
    uint32_t i;

    other.open_mode = SHMRING_OPEN_ONLY;
    for (i = 0; i < CYCLES / 10 + WARM_UP; i++) {
        if (i == WARM_UP) {
            before = behind_held_now();
        }
        CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_E_BUSY);
        CHECK_STATUS(shmring_producer_open(&p, "unit.nobody.made.this", &other),
                     SHMRING_E_NOT_FOUND);
        close_one(&pair, 1);
        CHECK(shmring_producer_open(&p, rig_name, &other) != SHMRING_OK); /* another capacity */
        open_one(&pair, 1);
    }
    same_as(&before);
    close_pair(&pair);
}

int main(void)
{
    RUN(shouldLeaveNothingWhenARingComesAndGoesAThousandTimes);
    RUN(shouldSeeWhatAnOpenRingHolds);
    RUN(shouldLeaveNothingWhenASideComesAndGoesAThousandTimes);
    RUN(shouldLeaveNothingOfACallThatIsRefused);
    return check_done();
}
