/* SPDX-License-Identifier: MIT */
/* rig.h - what the unit tests share: names that no other run has, options in one line, and the
 * bytes behind a ring, for tests that play a hostile or broken peer. rig_linux.h has more, for
 * tests of what only Linux has. */
#ifndef SHMRING_TESTS_SUPPORT_RIG_H
#define SHMRING_TESTS_SUPPORT_RIG_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <shmring/shmring.h>

#include "process.h"
#include "ring_object.h"
#include "check.h"

#define TAIL_AT    (SHMRING_PRODUCER_AT + 0x080)
#define HEAD_AT    (SHMRING_CONSUMER_AT + 0x280)
#define CURSOR_AT  (SHMRING_CONSUMER_AT + 0x300)
#define KIB64      UINT64_C(65536)
#define MS         UINT64_C(1000000)
#define COMMITTED  SHMRING_WORD_COMMITTED
#define RIG_INLINE static inline __attribute__((unused))
#define DETAIL_HAS(text)                                                                           \
    do {                                                                                           \
        if (strstr(shmring_error_detail(), (text)) == NULL) {                                      \
            CHECK_FAIL_("the detail does not say \"%s\": %s", (text), shmring_error_detail());     \
        }                                                                                          \
    } while (0)

#define RIG_NAME_SIZE 64
static char *rig_name; /* this test's ring; shared with children */

/* A fresh name for the test that begins: the process and a number. */
RIG_INLINE const char *new_name(void)
{
    static unsigned n;

    if (rig_name == NULL) {
        rig_name = process_shared(RIG_NAME_SIZE);
    }
    (void)snprintf(rig_name, RIG_NAME_SIZE, "unit.%ld.%u", (long)getpid(), ++n);
    return rig_name;
}

/* A position, where a ring that does not choose one begins: at 0, or far away (far_start.c). */
RIG_INLINE uint64_t from_start(uint64_t n)
{
    const char *start = getenv("SHMRING_TEST_START");

    return (start != NULL ? strtoull(start, NULL, 10) : 0) + n;
}

RIG_INLINE int is_there(const char *name)
{
    return behind_exists(name);
}

RIG_INLINE uint64_t now_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The ring of the test that runs. */
RIG_INLINE shmring_info inspect(void)
{
    shmring_info info;

    CHECK_STATUS(shmring_inspect(rig_name, &info), SHMRING_OK);
    return info;
}

RIG_INLINE shmring_options options_of(uint64_t capacity)
{
    shmring_options o = SHMRING_OPTIONS_INIT;

    o.capacity = capacity;
    return o;
}

RIG_INLINE uint64_t word_of(uint32_t len, uint16_t type)
{
    return (uint64_t)len | (uint64_t)type << SHMRING_WORD_TYPE_AT | COMMITTED;
}

/* ---- the bytes behind a ring ---- */

RIG_INLINE void poke(const char *name, uint64_t at, const void *bytes, size_t n)
{
    CHECK(behind_write(name, at, bytes, n));
}

RIG_INLINE void poke64(const char *name, uint64_t at, uint64_t value)
{
    poke(name, at, &value, sizeof value);
}

RIG_INLINE void poke32(const char *name, uint64_t at, uint32_t value)
{
    poke(name, at, &value, sizeof value);
}

RIG_INLINE void look(const char *name, uint64_t at, void *bytes, size_t n)
{
    CHECK(behind_read(name, at, bytes, n));
}

RIG_INLINE uint64_t look64(const char *name, uint64_t at)
{
    uint64_t value = 0;

    look(name, at, &value, sizeof value);
    return value;
}

/* ---- a pair ---- */

struct pair {
    shmring_producer *p;
    shmring_consumer *c;
};

RIG_INLINE struct pair open_pair(const shmring_options *o)
{
    struct pair pair = {NULL, NULL};

    CHECK_STATUS(shmring_producer_open(&pair.p, new_name(), o), SHMRING_OK);
    CHECK_STATUS(shmring_consumer_open(&pair.c, rig_name, NULL), SHMRING_OK);
    return pair;
}

RIG_INLINE struct pair open_small_pair(void)
{
    shmring_options o = options_of(KIB64);

    return open_pair(&o);
}

RIG_INLINE struct pair open_byte_pair(void)
{
    shmring_options o = options_of(KIB64);

    o.framing = SHMRING_BYTES;
    return open_pair(&o);
}

RIG_INLINE void close_pair(struct pair *pair)
{
    shmring_producer_close(pair->p);
    shmring_consumer_close(pair->c);
    CHECK(!is_there(rig_name));
}

/* Sends records of len bytes until there is no room; returns how many went in. The refusal that
 * ends it is taken back. */
RIG_INLINE unsigned fill(shmring_producer *p, uint32_t len)
{
    static const unsigned char zeros[65536];
    unsigned n = 0;

    while (shmring_try_send(p, zeros, len, 0) == SHMRING_OK) {
        CHECK(++n < 100000); /* or the ring never says FULL */
    }
    shmring_producer_relax(p);
    return n;
}

/* Runs a function in a child; its exit status, or minus the signal that ended it. arg: as
 * process_start() takes it; rig_name will do. */
RIG_INLINE int in_child(int (*work)(void *arg), void *arg)
{
    return process_end(process_start(work, arg));
}

#endif
