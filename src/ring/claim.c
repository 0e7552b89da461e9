/* SPDX-License-Identifier: MIT */
/* claim.c - the producer takes the lines ahead of tail by zeroing them in bulk.
 *
 * Each store to a line that the consumer has read last waits for that line. Where the processors
 * share no cache the wait is hundreds of nanoseconds, and few such stores are under way at once. A
 * string instruction that writes whole lines takes them without their old contents. The stores of
 * the records then find their lines here. Where the processors share a cache this only costs, so
 * the ring looks how far away the consumer is: it times the load of the consumer's position.
 *
 * A claim changes no rule of the protocol. It writes 0 to bytes that `limit` has made free, behind
 * `evict` (edge G). These bytes mean nothing until a word before them is committed, and each commit
 * still stores the 0 of the next word. A death in the middle leaves bytes that mean nothing.
 * The word at tail is left alone: the consumer polls it.
 */
#include "ring/claim.h"

#include <string.h>

#define LINE UINT64_C(64)

/* Less than this at once gains nothing; more than this leaves the first-level cache. Measured:
 * docs/performance.md#techniques. */
#define CLAIM_LEAST UINT64_C(4096)
#define CLAIM_MOST  (UINT64_C(16) << 10)

/* A line of the other side's that takes longer than this came from beyond a shared cache. */
#define FAR_NS 110u

/* With longer records a claim costs round trips more than it brings streams (256 B: 0.85 and 1.06,
 * docs/performance.md#techniques). */
#define CLAIM_RECORD_MOST 128u

#if defined(__GNUC__) && defined(__x86_64__)

#define LEAF_FEATURES 7u
#define HAS_ERMS      (1u << 9) /* `rep stosb` writes whole lines */

static int has_bulk_stores(void)
{
    uint32_t a = 0, b, c = 0, d;

    __asm__ __volatile__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    if (a < LEAF_FEATURES) {
        return 0;
    }
    a = LEAF_FEATURES;
    c = 0;
    __asm__ __volatile__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return (b & HAS_ERMS) != 0;
}

static void store_zeros(unsigned char *at, uint64_t n)
{
    __asm__ __volatile__("rep stosb" : "+D"(at), "+c"(n) : "a"(0) : "memory");
}

#else

/* Not measured on others: they claim nothing. */
static int has_bulk_stores(void)
{
    return 0;
}

static void store_zeros(unsigned char *at, uint64_t n)
{
    memset(at, 0, (size_t)n);
}

#endif

void shmr_claim_init(shmring_producer *p, uint32_t ticks_a_microsecond)
{
    p->claimed = p->claim_tail = p->tail;
    p->claim_records = p->records;
    if (has_bulk_stores()) {
        p->far_ticks = (uint32_t)((uint64_t)ticks_a_microsecond * FAR_NS / 1000);
    }
}

/* Asked where the limit is raised, so of the records since the last time. */
static int are_short(const shmring_producer *p)
{
    return p->tail - p->claim_tail < (p->records - p->claim_records) * CLAIM_RECORD_MOST;
}

static int pays(const shmring_producer *p)
{
    return p->claims == SHMRING_CLAIMS_ALWAYS ||
           (p->far_loads >= SHMRING_FAR_FROM && p->framing == SHMRING_RECORDS && are_short(p));
}

uint64_t shmr_claim_most(shmring_producer *p, uint64_t need, uint64_t space)
{
    const uint64_t most = need > CLAIM_MOST ? need : CLAIM_MOST;

    p->claiming = (uint32_t)pays(p);
    p->claim_tail = p->tail;
    p->claim_records = p->records;
    return p->claiming != 0 && space > most ? most : space;
}

void shmr_claim(shmring_producer *p)
{
    const uint64_t first = (p->tail + SHMRING_WORD_SIZE + LINE - 1) & ~(LINE - 1);
    const uint64_t end = p->limit & ~(LINE - 1);
    uint64_t from = p->claimed;

    if (p->claiming == 0) {
        return;
    }
    if (p->claimed - first > p->capacity) { /* it is behind tail by now */
        from = first;
    }
    if (end - from >= CLAIM_LEAST && end - from <= p->capacity) {
        store_zeros(p->data + (from & p->mask), end - from);
        p->claimed = end;
    }
}
