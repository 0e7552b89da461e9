/* SPDX-License-Identifier: MIT */
/* note_test.c - notes beside the tail: true with the records before them, through deaths. */
#include <sys/wait.h>
#include <unistd.h>

#include "../support/rig.h"

static void note_of(uint64_t to[SHMRING_NOTE_WORDS], uint64_t seed)
{
    uint32_t i;

    for (i = 0; i < SHMRING_NOTE_WORDS; i++) {
        to[i] = seed * 100 + i;
    }
}

static int has_note(shmring_producer *p, uint64_t seed)
{
    uint64_t want[SHMRING_NOTE_WORDS], got[SHMRING_NOTE_WORDS];

    note_of(want, seed);
    return shmring_producer_noted(p, got) == SHMRING_OK && memcmp(got, want, sizeof got) == 0;
}

static shmring_status put_note(shmring_producer *p, uint64_t seed)
{
    uint64_t words[SHMRING_NOTE_WORDS];

    note_of(words, seed);
    return shmring_producer_note(p, words);
}

static shmring_producer *open_producer(void)
{
    shmring_options o = options_of(KIB64);
    shmring_producer *p = NULL;

    o.lifetime = SHMRING_PERSISTENT;
    CHECK(shmring_producer_open(&p, rig_name, &o) == SHMRING_OK);
    return p;
}

static void stage(shmring_producer *p, uint32_t n)
{
    uint32_t i;

    for (i = 0; i < n; i++) {
        CHECK(shmring_stage(p, &i, sizeof i, 1) == SHMRING_OK);
    }
}

/* A producer that dies with `staged` records staged and noted as 2, after `sent` noted as 1. */
static void die(uint32_t sent, uint32_t staged, int published)
{
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        shmring_producer *p = open_producer();

        stage(p, sent);
        (void)put_note(p, 1);
        (void)shmring_publish(p);
        stage(p, staged);
        (void)put_note(p, 2);
        if (published) {
            (void)shmring_publish(p);
        }
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

static void shouldHaveNoNoteAtFirst(void)
{
    shmring_producer *p = open_producer();
    uint64_t got[SHMRING_NOTE_WORDS] = {7};

    CHECK(shmring_producer_noted(p, got) == SHMRING_EMPTY && got[0] == 7);
    shmring_producer_close(p);
    (void)shmring_remove(rig_name);
}

static void shouldKeepTheLastNoteThatIsTrue(void)
{
    shmring_producer *p = open_producer();
    uint64_t i;

    for (i = 1; i < 50; i++) {
        CHECK(put_note(p, i) == SHMRING_OK && has_note(p, i)); /* nothing is staged */
        stage(p, 2);
        CHECK(put_note(p, 1000 + i) == SHMRING_OK && has_note(p, i));
        CHECK(put_note(p, 2000 + i) == SHMRING_OK && has_note(p, i)); /* instead of that one */
        CHECK(shmring_publish(p) == SHMRING_OK && has_note(p, 2000 + i));
    }
    shmring_producer_close(p);
    p = open_producer();
    CHECK(has_note(p, 2049));
    shmring_producer_close(p);
    (void)shmring_remove(rig_name);
}

static void shouldForgetANoteWhoseRecordsWereNotPublished(void)
{
    shmring_producer *p;
    uint32_t i;

    die(3, 2, 0);
    p = open_producer();
    CHECK(has_note(p, 1));
    for (i = 0; i < 10; i++) { /* the tail passes the place where it would have been true */
        CHECK(shmring_try_send(p, &i, sizeof i, 1) == SHMRING_OK && has_note(p, 1));
    }
    shmring_producer_close(p);
    (void)shmring_remove(rig_name);
}

static void shouldHaveTheNoteOfWhatWasPublished(void)
{
    shmring_producer *p;

    die(3, 2, 1);
    p = open_producer();
    CHECK(has_note(p, 2));
    shmring_producer_close(p);
    (void)shmring_remove(rig_name);
}

static void shouldMarkTheNextRecordWithAGap(void)
{
    shmring_producer *p = open_producer();
    shmring_consumer *c = NULL;
    shmring_record r;
    uint32_t i;

    CHECK(shmring_consumer_open(&c, rig_name, NULL) == SHMRING_OK);
    stage(p, 2);
    CHECK(shmring_producer_gap(p) == SHMRING_OK);
    stage(p, 2);
    CHECK(shmring_publish(p) == SHMRING_OK);
    for (i = 0; i < 4; i++) {
        CHECK(shmring_peek(c, &r) == SHMRING_OK && (r.flags == SHMRING_FLAG_GAP) == (i == 2));
        shmring_release(c);
    }
    shmring_consumer_close(c);
    shmring_producer_close(p);
    (void)shmring_remove(rig_name);
}

static void shouldRefuseWhatHasNoNotes(void)
{
    shmring_options o = options_of(KIB64);
    shmring_producer *p = NULL;
    uint64_t words[SHMRING_NOTE_WORDS] = {0};
    void *at;

    CHECK(shmring_producer_note(NULL, words) == SHMRING_E_INVALID);
    CHECK(shmring_producer_noted(NULL, words) == SHMRING_E_INVALID);
    CHECK(shmring_producer_gap(NULL) == SHMRING_E_INVALID);
    o.framing = SHMRING_BYTES;
    CHECK(shmring_producer_open(&p, rig_name, &o) == SHMRING_OK);
    CHECK(shmring_producer_note(p, words) == SHMRING_E_INVALID);
    CHECK(shmring_producer_gap(p) == SHMRING_E_INVALID);
    shmring_producer_close(p);
    p = open_producer();
    CHECK(shmring_producer_note(p, NULL) == SHMRING_E_INVALID);
    CHECK(shmring_reserve(p, 8, &at) == SHMRING_OK);
    CHECK(shmring_producer_note(p, words) == SHMRING_E_INVALID);
    shmring_abort(p);
    CHECK(shmring_producer_note(p, words) == SHMRING_OK);
    shmring_producer_close(p);
    (void)shmring_remove(rig_name);
}

int main(void)
{
    (void)new_name();
    RUN(shouldHaveNoNoteAtFirst);
    RUN(shouldKeepTheLastNoteThatIsTrue);
    RUN(shouldForgetANoteWhoseRecordsWereNotPublished);
    RUN(shouldHaveTheNoteOfWhatWasPublished);
    RUN(shouldMarkTheNextRecordWithAGap);
    RUN(shouldRefuseWhatHasNoNotes);
    return check_done();
}
