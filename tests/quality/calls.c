/* SPDX-License-Identifier: MIT */
/* calls.c - an includer of shmring.h, in what C and C++ share: the in-line calls with sizes that
 * the compiler knows and with sizes that it does not, where it may warn of what it sees in them.
 * headers.py compiles it in every language and mode; nobody runs it. */
#include <shmring/shmring.h>

#include <string.h>

struct sample {
    double volts;
    uint32_t number;
};

uint64_t includer_sends(shmring_producer *p, const unsigned char *from, uint32_t n);
uint64_t includer_receives(shmring_consumer *c, unsigned char *to, uint32_t n);
uint64_t includer_moves_bytes(shmring_producer *p, shmring_consumer *c);
shmring_status includer_opens(const char *name, uint64_t *ret_sum);

uint64_t includer_sends(shmring_producer *p, const unsigned char *from, uint32_t n)
{
    const struct sample s = {1.5, 2};
    const uint64_t word = 3;
    const char block[4096] = "text";
    void *room = NULL;
    uint64_t ok = 0;

    ok += shmring_try_send(p, &s, sizeof s, 1) == SHMRING_OK;
    ok += shmring_try_send(p, &word, sizeof word, 1) == SHMRING_OK;
    ok += shmring_try_send(p, block, sizeof block, 1) == SHMRING_OK;
    ok += shmring_try_send(p, "x", 1, UINT16_MAX) == SHMRING_OK;
    ok += shmring_try_send(p, NULL, 0, 0) == SHMRING_OK;
    ok += shmring_try_send(p, from, n, 1) == SHMRING_OK;
    ok += shmring_send(p, &s, sizeof s, 1, SHMRING_FOREVER) == SHMRING_OK;
    ok += shmring_stage(p, &s, sizeof s, 1) == SHMRING_OK;
    ok += shmring_stage(p, from, n, 1) == SHMRING_OK;
    shmring_publish(p);
    if (shmring_reserve(p, sizeof s, &room) == SHMRING_OK) {
        memcpy(room, &s, sizeof s);
        shmring_commit(p, sizeof s, 1);
    }
    if (shmring_reserve(p, n, &room) == SHMRING_OK) {
        shmring_abort(p);
    }
    shmring_producer_relax(p);
    return ok;
}

uint64_t includer_receives(shmring_consumer *c, unsigned char *to, uint32_t n)
{
    struct sample s;
    uint64_t word = 0, sum = 0;
    unsigned char block[4096];
    shmring_record r, many[8];
    uint32_t i, count;

    memset(&s, 0, sizeof s);
    sum += shmring_try_recv(c, &s, sizeof s, &r) == SHMRING_OK ? r.len : s.number;
    sum += shmring_try_recv(c, &word, sizeof word, NULL) == SHMRING_OK ? word : 0;
    sum += shmring_try_recv(c, block, sizeof block, &r) == SHMRING_OK ? block[0] : 0u;
    sum += shmring_try_recv(c, to, n, &r) == SHMRING_OK ? r.type : 0u;
    sum += shmring_recv(c, &s, sizeof s, &r, 1000) == SHMRING_OK ? r.flags : 0u;
    if (shmring_peek(c, &r) == SHMRING_OK) {
        sum += r.stamp;
        shmring_release(c);
    }
    count = shmring_peek_many(c, many, 8);
    for (i = 0; i < count; i++) {
        sum += many[i].position;
    }
    shmring_release_many(c, count);
    shmring_consumer_relax(c);
    return sum;
}

uint64_t includer_moves_bytes(shmring_producer *p, shmring_consumer *c)
{
    char text[16] = "text";
    void *room = NULL;
    const void *there = NULL;
    uint64_t n = shmring_write_span(p, &room);

    if (n >= sizeof text) {
        memcpy(room, text, sizeof text);
        shmring_write_advance(p, sizeof text);
    }
    n += shmring_try_write(p, text, sizeof text);
    n += shmring_try_read(c, text, sizeof text);
    if (shmring_read_span(c, &there) >= 4) {
        memcpy(text, there, 4);
        shmring_read_advance(c, 4);
    }
    return text[0] != 0 ? n : 0;
}

shmring_status includer_opens(const char *name, uint64_t *ret_sum)
{
    shmring_options opt = SHMRING_OPTIONS_INIT;
    shmring_producer *p = NULL;
    shmring_info info;
    shmring_verdict verdict;
    shmring_repaired repaired;
    uint64_t counts[SHMRING_HISTOGRAM_BUCKETS];
    shmring_status status;

    opt.capacity = 65536;
    opt.flags = SHMRING_HUGE_PAGES | SHMRING_ANY_OWNER;
    status = shmring_producer_open(&p, name, &opt);
    if (status == SHMRING_OK) {
        shmring_producer_close(p);
        status = shmring_inspect(name, &info);
    }
    if (status == SHMRING_OK) {
        *ret_sum = info.used;
        status = shmring_verify(name, &verdict);
    }
    if (status == SHMRING_OK) {
        *ret_sum += verdict.records;
        status = shmring_repair(name, &repaired);
    }
    if (status == SHMRING_OK) {
        *ret_sum += repaired.records;
        status = shmring_inspect_latency(name, counts);
    }
    if (status == SHMRING_OK) {
        *ret_sum += shmring_latency_quantile(counts, 0.5) + shmring_latency_bucket(*ret_sum);
    }
    return status;
}
