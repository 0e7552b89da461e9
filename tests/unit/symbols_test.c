/* SPDX-License-Identifier: MIT */
/* symbols_test.c - the in-line functions as other languages find them: by their names in the
 * library. Each does there what it does in a header, with all of its arguments. */
#include <shmring/latency.h>

#include "../support/rig.h"

#define REAL(type, name, ...) extern type real_##name(__VA_ARGS__) __asm__("shmring_" #name)

REAL(shmring_status, try_send, shmring_producer *, const void *, uint32_t, uint16_t);
REAL(shmring_status, try_recv, shmring_consumer *, void *, uint32_t, shmring_record *);
REAL(shmring_status, peek, shmring_consumer *, shmring_record *);
REAL(void, release, shmring_consumer *);
REAL(void, abort, shmring_producer *);
REAL(void, publish, shmring_producer *);
REAL(uint32_t, peek_many, shmring_consumer *, shmring_record *, uint32_t);
REAL(void, release_many, shmring_consumer *, uint32_t);
REAL(uint64_t, write_span, shmring_producer *, void **);
REAL(uint64_t, read_span, shmring_consumer *, const void **);
REAL(uint64_t, try_write, shmring_producer *, const void *, uint64_t);
REAL(uint64_t, try_read, shmring_consumer *, void *, uint64_t);
REAL(void, consumer_relax, shmring_consumer *);
REAL(void, producer_relax, shmring_producer *);
REAL(uint32_t, latency_bucket, uint64_t);
REAL(uint64_t, latency_bucket_top, uint32_t);

static char buf[64];

static void expect(shmring_consumer *c, const char *text, uint16_t type)
{
    shmring_record r;

    memset(buf, 0, sizeof buf);
    CHECK_STATUS(real_try_recv(c, buf, sizeof buf, &r), SHMRING_OK);
    CHECK(strcmp(buf, text) == 0);
    CHECK_EQ(r.len, strlen(text));
    CHECK_EQ(r.type, type);
}

static void shouldSendAndReceiveRecordsByName(void)
{
    struct pair pair = open_small_pair();
    shmring_record r, many[4];

    CHECK_STATUS(real_try_send(pair.p, "one", 3, 7), SHMRING_OK);
    CHECK_STATUS(real_try_send(pair.p, "three", 5, 9), SHMRING_OK);
    expect(pair.c, "one", 7);
    CHECK_STATUS(real_try_recv(pair.c, buf, 4, &r), SHMRING_E_TOO_BIG);
    CHECK_STATUS(real_peek(pair.c, &r), SHMRING_OK);
    CHECK(r.len == 5 && r.type == 9 && memcmp(r.data, "three", 5) == 0);
    real_release(pair.c);
    CHECK_STATUS(real_try_recv(pair.c, buf, sizeof buf, NULL), SHMRING_EMPTY);
    CHECK_STATUS(shmring_stage(pair.p, "a", 1, 1), SHMRING_OK);
    CHECK_STATUS(shmring_stage(pair.p, "bc", 2, 2), SHMRING_OK);
    real_abort(pair.p);
    CHECK_STATUS(shmring_stage(pair.p, "def", 3, 3), SHMRING_OK);
    CHECK_EQ(real_peek_many(pair.c, many, 4), 0);
    real_publish(pair.p);
    CHECK_STATUS(real_try_send(pair.p, "g", 1, 4), SHMRING_OK);
    CHECK_EQ(real_peek_many(pair.c, many, 1), 1);
    CHECK_EQ(real_peek_many(pair.c, many, 4), 2);
    CHECK(many[0].type == 3 && many[1].type == 4);
    real_release_many(pair.c, 1);
    expect(pair.c, "g", 4);
    real_consumer_relax(pair.c);
    real_producer_relax(pair.p);
    close_pair(&pair);
}

static void shouldWriteAndReadBytesByName(void)
{
    struct pair pair = open_byte_pair();
    const void *from = NULL;
    void *to = NULL;

    CHECK_EQ(real_write_span(pair.p, &to), KIB64);
    CHECK(to != NULL);
    CHECK_EQ(real_try_write(pair.p, "abcdef", 5), 5);
    CHECK_EQ(real_read_span(pair.c, &from), 5);
    CHECK(memcmp(from, "abcde", 5) == 0);
    memset(buf, 0, sizeof buf);
    CHECK_EQ(real_try_read(pair.c, buf, 3), 3);
    CHECK(strcmp(buf, "abc") == 0);
    CHECK_EQ(real_try_read(pair.c, buf, 9), 2);
    close_pair(&pair);
}

static void shouldCountLatenciesByName(void)
{
    uint64_t ns;

    for (ns = 1; ns < UINT64_C(1) << 40; ns = ns * 3 + 1) {
        CHECK_EQ(real_latency_bucket(ns), shmring_latency_bucket(ns));
        CHECK_EQ(real_latency_bucket_top(real_latency_bucket(ns)),
                 shmring_latency_bucket_top(shmring_latency_bucket(ns)));
    }
}

int main(void)
{
    RUN(shouldSendAndReceiveRecordsByName);
    RUN(shouldWriteAndReadBytesByName);
    RUN(shouldCountLatenciesByName);
    return check_done();
}
