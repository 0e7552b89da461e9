/* SPDX-License-Identifier: MIT */
/* edges.c - the in-line calls, each in a function of its own, for who reads the instructions:
 * edges.py. */
#include <shmring/shmring.h>

#include "ring/consumer.c"
#include "ring/claim.c"
#include "ring/evict.c"
#include "ring/space.c"

#define EDGES(result, name, ...)                                                                   \
    result edges_##name(__VA_ARGS__);                                                              \
    result edges_##name(__VA_ARGS__)

EDGES(int, try_send, shmring_producer *p, const uint64_t *from)
{
    return shmring_try_send(p, from, 8, 1);
}

EDGES(int, try_recv, shmring_consumer *c, uint64_t *to)
{
    return shmring_try_recv(c, to, 8, NULL);
}

EDGES(int, reserve, shmring_producer *p, void **at)
{
    return shmring_reserve(p, 8, at);
}

EDGES(void, commit, shmring_producer *p)
{
    shmring_commit(p, 8, 1);
}

EDGES(void, publish, shmring_producer *p)
{
    shmring_publish(p);
}

EDGES(int, peek, shmring_consumer *c, shmring_record *r)
{
    return shmring_peek(c, r);
}

EDGES(void, release, shmring_consumer *c)
{
    shmring_release(c);
}

EDGES(uint64_t, write_span, shmring_producer *p, void **at)
{
    return shmring_write_span(p, at);
}

EDGES(void, write_advance, shmring_producer *p, uint64_t n)
{
    shmring_write_advance(p, n);
}

EDGES(uint64_t, read_span, shmring_consumer *c, const void **at)
{
    return shmring_read_span(c, at);
}

EDGES(void, read_advance, shmring_consumer *c, uint64_t n)
{
    shmring_read_advance(c, n);
}
