/* SPDX-License-Identifier: MIT */
/* rm_test.c - names that are taken away by hand: `rm`, systemd's RemoveIPC, a clean-up script. They
 * take no lock and tell nobody.
 *
 *   rm_test [REMOVALS]
 */
#include <errno.h>

#include "../support/rig_linux.h"

#define HANG_NS (300000 * MS) /* whoever waits so long was not told */

static uint64_t removals = 500;

static void shouldTellWhoWaitsAloneThatItsNameIsGone(void)
{
    struct pair pair = {NULL, NULL};
    shmring_options o = options_of(KIB64);

    CHECK_STATUS(shmring_consumer_open(&pair.c, new_name(), &o), SHMRING_OK);
    CHECK_STATUS(shmring_wait_data(pair.c, MS), SHMRING_TIMEOUT);
    CHECK_EQ(unlink(path_of(rig_name)), 0);
    CHECK_STATUS(shmring_wait_data(pair.c, HANG_NS), SHMRING_E_NOT_FOUND);
    DETAIL_HAS("was removed");
    CHECK_STATUS(shmring_producer_open(&pair.p, rig_name, &o), SHMRING_OK); /* another ring */
    (void)fill(pair.p, 1000);
    CHECK_EQ(unlink(path_of(rig_name)), 0);
    CHECK_STATUS(shmring_wait_space(pair.p, 16000, HANG_NS), SHMRING_E_NOT_FOUND);
    shmring_producer_close(pair.p);
    shmring_consumer_close(pair.c);
}

static void shouldWorkOnForAPairWhoseNameIsGone(void)
{
    struct pair pair = open_small_pair();
    char b[4];

    CHECK_EQ(unlink(path_of(rig_name)), 0);
    CHECK_STATUS(shmring_wait_data(pair.c, MS), SHMRING_TIMEOUT); /* nothing wrong with it */
    CHECK_STATUS(shmring_try_send(pair.p, "one", 4, 0), SHMRING_OK);
    CHECK_STATUS(shmring_recv(pair.c, b, 4, NULL, HANG_NS), SHMRING_OK);
    shmring_producer_close(pair.p);
    CHECK_STATUS(shmring_recv(pair.c, b, 4, NULL, HANG_NS), SHMRING_CLOSED);
    shmring_consumer_close(pair.c);
}

/* ---- a loop of rm against opens ---- */

static struct loop {
    char ring[RIG_NAME_SIZE];
    uint64_t removals;
    shmring_atomic_u64 removed, stop, sent, received, told;
} * loop;

static int failed(const char *what, shmring_status status)
{
    printf("# %s: %s: %s\n", what, shmring_status_text(status), shmring_error_detail());
    return 1;
}

static int produce(void *arg)
{
    shmring_status status;

    loop = arg;
    while (shmring_load_relaxed(&loop->stop) == 0) {
        shmring_options o = options_of(KIB64);
        shmring_producer *p = NULL;

        status = shmring_producer_open(&p, loop->ring, &o);
        if (status != SHMRING_OK) {
            return failed("the producer's open", status);
        }
        if (shmring_try_send(p, loop->ring, 20, 1) != SHMRING_OK) {
            return failed("send", SHMRING_FULL);
        }
        shmring_store_relaxed(&loop->sent, shmring_load_relaxed(&loop->sent) + 1);
        shmring_producer_close(p);
    }
    return 0;
}

/* Each ring that it opens gives it a record, or says that nobody can come to it. */
static int consume(void *arg)
{
    shmring_status status;
    char b[32];

    loop = arg;
    while (shmring_load_relaxed(&loop->stop) == 0) {
        shmring_options o = options_of(KIB64);
        shmring_consumer *c = NULL;

        status = shmring_consumer_open(&c, loop->ring, &o);
        if (status != SHMRING_OK) {
            return failed("the consumer's open", status);
        }
        status = shmring_recv(c, b, sizeof b, NULL, HANG_NS);
        if (status == SHMRING_OK && memcmp(b, loop->ring, 20) == 0) {
            shmring_store_relaxed(&loop->received, shmring_load_relaxed(&loop->received) + 1);
        } else if (status == SHMRING_E_NOT_FOUND) {
            shmring_store_relaxed(&loop->told, shmring_load_relaxed(&loop->told) + 1);
        } else if (status != SHMRING_CLOSED) {
            return failed("receive", status);
        }
        shmring_consumer_close(c);
    }
    return 0;
}

/* Goes on until both kinds of answer were seen; now and then it leaves the pair time for a record.
 */
static int take_away(void *arg)
{
    uint64_t n = 0;

    loop = arg;
    while (n < loop->removals ||
           (n < loop->removals * 50 && (shmring_load_relaxed(&loop->received) == 0 ||
                                        shmring_load_relaxed(&loop->told) == 0))) {
        if (unlink(path_of(loop->ring)) == 0) {
            shmring_store_relaxed(&loop->removed, ++n);
        } else if (errno != ENOENT) {
            return 1;
        }
        process_pause_us(n % 64 != 0 ? n % 7 * 20 : 2000);
    }
    return 0;
}

static void shouldTellOrServeWhoeverOpensWhileNamesAreTakenAway(void)
{
    struct loop *l = process_shared(sizeof *l);
    pid_t p, c, r;

    (void)snprintf(l->ring, sizeof l->ring, "%s", new_name());
    l->removals = removals;
    p = process_start(produce, l);
    c = process_start(consume, l);
    r = process_start(take_away, l);
    CHECK_EQ(process_end(r), 0);
    shmring_store_relaxed(&l->stop, 1);
    CHECK_EQ(process_end(p), 0);
    (void)unlink(path_of(l->ring)); /* or its consumer waits for another */
    while (!process_has_ended(c)) {
        (void)unlink(path_of(l->ring));
        process_pause_us(1000);
    }
    CHECK_EQ(process_end(c), 0);
    printf("# %" PRIu64 " names taken away, %" PRIu64 " records sent, %" PRIu64
           " received, %" PRIu64 " times told\n",
           shmring_load_relaxed(&l->removed), shmring_load_relaxed(&l->sent),
           shmring_load_relaxed(&l->received), shmring_load_relaxed(&l->told));
    CHECK(shmring_load_relaxed(&l->received) > 0 && shmring_load_relaxed(&l->told) > 0);
    CHECK(!is_there(l->ring));
    process_unshare(l, sizeof *l);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        removals = strtoull(argv[1], NULL, 10);
    }
    RUN(shouldTellWhoWaitsAloneThatItsNameIsGone);
    RUN(shouldWorkOnForAPairWhoseNameIsGone);
    RUN(shouldTellOrServeWhoeverOpensWhileNamesAreTakenAway);
    return check_done();
}
