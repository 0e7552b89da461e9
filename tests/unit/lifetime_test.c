/* SPDX-License-Identifier: MIT */
/* lifetime_test.c - when a ring goes and when it stays; remove, inspect, list and prune. */
#include "../support/rig.h"

static void shouldLiveUntilTheLastCloseFromEitherSide(void)
{
    struct pair pair = open_small_pair();

    shmring_producer_close(pair.p);
    CHECK(is_there(rig_name));
    shmring_consumer_close(pair.c);
    CHECK(!is_there(rig_name));
    pair = open_small_pair();
    shmring_consumer_close(pair.c);
    CHECK(is_there(rig_name));
    shmring_producer_close(pair.p);
    CHECK(!is_there(rig_name));
}

/* Of tests about names that outlive their users, or are taken from them. */
static void skip_where_names_cannot_be_removed(void)
{
    if (behind_cannot_remove() != NULL) {
        SKIP(behind_cannot_remove());
    }
}

static void shouldKeepAPersistentRingAndItsRecords(void)
{
    shmring_options o = options_of(KIB64);
    struct pair pair;
    shmring_info info;
    char b[8];

    o.lifetime = SHMRING_PERSISTENT;
    pair = open_pair(&o);
    CHECK_STATUS(shmring_try_send(pair.p, "one", 4, 0), SHMRING_OK);
    CHECK_STATUS(shmring_try_send(pair.p, "two", 4, 0), SHMRING_OK);
    CHECK_STATUS(shmring_try_recv(pair.c, b, 8, NULL), SHMRING_OK);
    CHECK(behind_keep(rig_name));
    shmring_producer_close(pair.p);
    shmring_consumer_close(pair.c);
    CHECK(is_there(rig_name));
    CHECK_STATUS(shmring_inspect(rig_name, &info), SHMRING_OK);
    CHECK_EQ(info.alive, behind_cannot_remove() != NULL); /* there, who keeps it has it open */
    CHECK_EQ(info.tail, 32);
    CHECK_EQ(info.cursor, 16);
    CHECK_EQ(info.head, 16);
    CHECK_EQ(info.used, 16);
    CHECK_EQ(info.lifetime, SHMRING_PERSISTENT);
    CHECK_EQ(info.producer.state, SHMRING_ROLE_CLOSED);
    CHECK_EQ(info.producer.alive, 0);
    CHECK_EQ(info.counters.sent, 2);
    CHECK_EQ(info.counters.received, 1);
    CHECK_STATUS(shmring_consumer_open(&pair.c, rig_name, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_try_recv(pair.c, b, 8, NULL), SHMRING_OK);
    CHECK(strcmp(b, "two") == 0);
    shmring_consumer_close(pair.c);
    CHECK(behind_remove(rig_name));
    CHECK(!is_there(rig_name));
    CHECK_STATUS(shmring_remove(rig_name), SHMRING_E_NOT_FOUND);
    DETAIL_HAS(rig_name);
}

static void shouldTellWhatIsKnownOfALivingRing(void)
{
    shmring_options o = options_of(2 * KIB64);
    struct pair pair;
    shmring_info info;

    o.schema = 99;
    o.start_position = 1 << 20;
    pair = open_pair(&o);
    CHECK_STATUS(shmring_try_send(pair.p, "abc", 3, 0), SHMRING_OK);
    CHECK_STATUS(shmring_inspect(rig_name, &info), SHMRING_OK);
    CHECK(strncmp(info.name, "Local\\", 6) == 0 && strcmp(info.name + 6, rig_name) == 0);
    CHECK_EQ(info.capacity, 2 * KIB64);
    CHECK_EQ(info.schema, 99);
    CHECK_EQ(info.owner, behind_user());
    CHECK_EQ(info.creator_pid, getpid());
    CHECK(info.created_ns > UINT64_C(1500000000000000000));
    CHECK_EQ(info.tail, (1 << 20) + 16);
    CHECK_EQ(info.cursor, 1 << 20);
    CHECK_EQ(info.alive, 1);
    CHECK_EQ(info.removed, 0);
    CHECK_EQ(info.producer.pid, getpid());
    CHECK_EQ(info.producer.alive, 1);
    CHECK_EQ(info.producer.state, SHMRING_ROLE_ATTACHED);
    CHECK_EQ(info.producer.epoch, 1);
    CHECK_EQ(info.consumer.pid, getpid());
    CHECK_EQ(info.consumer.waiting, 0);
    CHECK(info.producer.program[0] != '\0');
    close_pair(&pair);
    CHECK_STATUS(shmring_inspect(rig_name, &info), SHMRING_E_NOT_FOUND);
    DETAIL_HAS(rig_name);
}

static void shouldNotPassOnControlCharactersOfAStrangersName(void)
{
    struct pair pair = open_small_pair();
    shmring_info info;

    poke(rig_name, SHMRING_PRODUCER_AT + 0x180 + 0x30, "\033[2Jabc\xff\n\r\0\0\0\0\0\0", 16);
    CHECK_STATUS(shmring_inspect(rig_name, &info), SHMRING_OK);
    CHECK(strcmp(info.producer.program, "?[2Jabc???") == 0);
    close_pair(&pair);
}

static int die_with_it_open(void *arg)
{
    shmring_producer *p = NULL;
    shmring_options o = options_of(KIB64);

    return shmring_producer_open(&p, arg, &o) == SHMRING_OK &&
                   shmring_try_send(p, "x", 1, 0) == SHMRING_OK
               ? 0
               : 1;
}

static void shouldReplaceARingWhoseUsersAllDied(void)
{
    shmring_consumer *c = NULL;
    shmring_options o = options_of(2 * KIB64); /* not the dead one's: it must not matter */
    shmring_info info;
    char b[4];

    CHECK_EQ(in_child(die_with_it_open, (void *)(uintptr_t)new_name()), 0);
    CHECK_EQ(is_there(rig_name), behind_cannot_remove() == NULL);
    if (behind_cannot_remove() == NULL) { /* else it went with its users */
        CHECK_STATUS(shmring_inspect(rig_name, &info), SHMRING_OK);
        CHECK_EQ(info.alive, 0);
        CHECK_EQ(info.producer.alive, 0);
        CHECK_EQ(info.producer.state, SHMRING_ROLE_ATTACHED);
    }
    CHECK_STATUS(shmring_consumer_open(&c, rig_name, &o), SHMRING_OK);
    CHECK_STATUS(shmring_try_recv(c, b, 4, NULL), SHMRING_EMPTY);
    shmring_consumer_close(c);
    CHECK(!is_there(rig_name));
    CHECK_EQ(in_child(die_with_it_open, rig_name), 0);
    o.open_mode = SHMRING_OPEN_ONLY;
    CHECK_STATUS(shmring_consumer_open(&c, rig_name, &o), SHMRING_E_NOT_FOUND);
    CHECK(!is_there(rig_name));
}

static void shouldKeepARemovedRingForThoseWhoHaveIt(void)
{
    struct pair pair, second = {NULL, NULL};
    char b[8];

    skip_where_names_cannot_be_removed();
    pair = open_small_pair();
    CHECK_STATUS(shmring_remove(rig_name), SHMRING_OK);
    CHECK(!is_there(rig_name));
    CHECK_STATUS(shmring_try_send(pair.p, "old", 4, 0), SHMRING_OK);
    CHECK_STATUS(shmring_producer_open(&second.p, rig_name, NULL), SHMRING_OK); /* a new one */
    CHECK_STATUS(shmring_consumer_open(&second.c, rig_name, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_try_recv(second.c, b, 8, NULL), SHMRING_EMPTY);
    CHECK_STATUS(shmring_recv(pair.c, b, 8, NULL, SHMRING_FOREVER), SHMRING_OK);
    shmring_producer_close(pair.p);
    shmring_consumer_close(pair.c);
    CHECK(is_there(rig_name)); /* the old one's end leaves the new one's name alone */
    close_pair(&second);
}

struct search {
    char want[96];
    int found, calls, stop_after;
};

static int search(const char *name, void *arg)
{
    struct search *s = arg;

    s->found += strcmp(name, s->want) == 0;
    s->calls++;
    return s->calls == s->stop_after;
}

static void shouldListLivingDeadAndGlobalRings(void)
{
    struct search local = {"", 0, 0, 0}, global = {"", 0, 0, 0}, one = {"", 0, 0, 1};
    struct pair pair;
    shmring_producer *p = NULL;
    char name[96];

    pair = open_small_pair();
    (void)snprintf(local.want, sizeof local.want, "Local\\%s", rig_name);
    CHECK_STATUS(shmring_list(search, &local), SHMRING_OK);
    CHECK_EQ(local.found, 1);
    (void)snprintf(name, sizeof name, "Global\\u%s", rig_name);
    CHECK_STATUS(shmring_producer_open(&p, name, NULL), SHMRING_OK);
    (void)snprintf(global.want, sizeof global.want, "%s", name);
    CHECK_STATUS(shmring_list(search, &global), SHMRING_OK);
    CHECK_EQ(global.found, 1);
    CHECK_STATUS(shmring_list(search, &one), SHMRING_OK);
    CHECK_EQ(one.calls, 1); /* it stops when told */
    shmring_producer_close(p);
    close_pair(&pair);
    local.found = 0;
    CHECK_STATUS(shmring_list(search, &local), SHMRING_OK);
    CHECK_EQ(local.found, 0);
}

static void shouldPruneOnlyWhatNobodyHasAndWasToEnd(void)
{
    shmring_options o = options_of(KIB64);
    struct pair live;
    char live_name[64], kept_name[64];
    shmring_producer *p = NULL;
    uint32_t removed = 0;

    skip_where_names_cannot_be_removed();
    live = open_small_pair();
    (void)snprintf(live_name, sizeof live_name, "%s", rig_name);
    o.lifetime = SHMRING_PERSISTENT;
    CHECK_STATUS(shmring_producer_open(&p, new_name(), &o), SHMRING_OK);
    shmring_producer_close(p);
    (void)snprintf(kept_name, sizeof kept_name, "%s", rig_name);
    CHECK_EQ(in_child(die_with_it_open, (void *)(uintptr_t)new_name()), 0);
    CHECK(is_there(rig_name));
    CHECK_STATUS(shmring_prune(&removed), SHMRING_OK);
    CHECK(!is_there(rig_name));
    CHECK(is_there(live_name));
    CHECK(is_there(kept_name));
    CHECK_STATUS(shmring_prune(NULL), SHMRING_OK);
    CHECK_STATUS(shmring_remove(kept_name), SHMRING_OK);
    (void)snprintf(rig_name, RIG_NAME_SIZE, "%s", live_name);
    close_pair(&live);
}

int main(void)
{
    RUN(shouldLiveUntilTheLastCloseFromEitherSide);
    RUN(shouldKeepAPersistentRingAndItsRecords);
    RUN(shouldTellWhatIsKnownOfALivingRing);
    RUN(shouldNotPassOnControlCharactersOfAStrangersName);
    RUN(shouldReplaceARingWhoseUsersAllDied);
    RUN(shouldKeepARemovedRingForThoseWhoHaveIt);
    RUN(shouldListLivingDeadAndGlobalRings);
    RUN(shouldPruneOnlyWhatNobodyHasAndWasToEnd);
    return check_done();
}
