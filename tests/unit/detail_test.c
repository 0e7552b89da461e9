/* SPDX-License-Identifier: MIT */
/* detail_test.c - a call that succeeds leaves shmring_error_detail() as it was, whatever went wrong
 * and was mended inside. */
#include "../support/rig.h"

#define SAYS(text)                                                                                 \
    do {                                                                                           \
        if (strcmp(shmring_error_detail(), (text)) != 0) {                                         \
            CHECK_FAIL_("the detail is '%s', should be '%s'", shmring_error_detail(), (text));     \
        }                                                                                          \
    } while (0)

static char sentence[512]; /* that every call must leave */

static int look_on(const char *name, void *arg)
{
    (void)name;
    (void)arg;
    return 0;
}

/* Everything that a ring goes through, in success. */
static void live_a_life(uint32_t framing)
{
    shmring_options o = options_of(KIB64);
    shmring_producer *p;
    shmring_consumer *c;
    shmring_observer *watch;
    shmring_verdict v;
    shmring_info info;
    char b[64];
    uint32_t n, i;

    o.framing = framing;
    CHECK_STATUS(shmring_consumer_open(&c, new_name(), &o), SHMRING_OK); /* not found, and made */
    SAYS(sentence);
    CHECK_STATUS(shmring_producer_open(&p, rig_name, &o), SHMRING_OK);
    SAYS(sentence);
    CHECK_STATUS(shmring_observer_open(&watch, rig_name, NULL), SHMRING_OK);
    SAYS(sentence);
    if (framing == SHMRING_RECORDS) {
        CHECK_STATUS(shmring_send(p, "x", 1, 0, SHMRING_FOREVER), SHMRING_OK);
        CHECK_STATUS(shmring_observe(watch, b, sizeof b, NULL), SHMRING_OK);
        CHECK_STATUS(shmring_wait_any(&c, 1, &i, SHMRING_FOREVER), SHMRING_OK);
        CHECK_STATUS(shmring_recv(c, b, sizeof b, NULL, SHMRING_FOREVER), SHMRING_OK);
        CHECK_STATUS(shmring_recv(c, b, sizeof b, NULL, MS), SHMRING_TIMEOUT);
        SAYS(sentence);
    }
    CHECK_STATUS(shmring_inspect(rig_name, &info), SHMRING_OK);
    CHECK_STATUS(shmring_verify(rig_name, &v), SHMRING_OK);
    CHECK_STATUS(shmring_list(look_on, NULL), SHMRING_OK);
    SAYS(sentence);
    CHECK_STATUS(shmring_prune(&n), SHMRING_OK);
    SAYS(sentence);
    shmring_observer_close(watch);
    shmring_producer_close(p);
    SAYS(sentence);
    shmring_consumer_close(c);
    SAYS(sentence);
    CHECK(!is_there(rig_name));
}

static void shouldSayNothingBeforeTheFirstFailure(void)
{
    sentence[0] = '\0';
    live_a_life(SHMRING_RECORDS);
    live_a_life(SHMRING_BYTES);
}

static void shouldKeepTheLastFailuresSentenceInLaterSuccesses(void)
{
    shmring_producer *p;

    CHECK_STATUS(shmring_producer_open(&p, "no name", NULL), SHMRING_E_NAME);
    (void)snprintf(sentence, sizeof sentence, "%s", shmring_error_detail());
    live_a_life(SHMRING_RECORDS);
    live_a_life(SHMRING_BYTES);
}

#ifndef _WIN32
/* One that is no ring at all is passed over, and a name is removed whatever is behind it. */
static void shouldSayNothingOfWhatWasInTheWay(void)
{
    shmring_options o = options_of(KIB64);
    shmring_producer *p;
    uint32_t n;

    (void)snprintf(sentence, sizeof sentence, "%s", shmring_error_detail());
    o.lifetime = SHMRING_PERSISTENT;
    CHECK_STATUS(shmring_producer_open(&p, new_name(), &o), SHMRING_OK);
    shmring_producer_close(p);
    poke64(rig_name, 0, 7); /* no ring any more */
    CHECK_STATUS(shmring_prune(&n), SHMRING_OK);
    SAYS(sentence);
    CHECK_STATUS(shmring_remove(rig_name), SHMRING_OK);
    SAYS(sentence);
}
#endif

int main(void)
{
    RUN(shouldSayNothingBeforeTheFirstFailure);
    RUN(shouldKeepTheLastFailuresSentenceInLaterSuccesses);
#ifndef _WIN32
    RUN(shouldSayNothingOfWhatWasInTheWay);
#endif
    return check_done();
}
