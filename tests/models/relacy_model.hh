/* SPDX-License-Identifier: MIT */
/* relacy_model.hh - one process that holds both sides of a ring whose memory, system and clock are
 * Relacy's. The headers are the real ones, and so are wait.c, wake.c, role.c and recover.c.
 */
#ifndef SHMRING_TESTS_RELACY_MODEL_HH
#define SHMRING_TESTS_RELACY_MODEL_HH

#include <shmring/detail/atomic.h> /* first: it takes copy.h's place */

#include <shmring/shmring.h>

#include <cstdarg>

#include "base/error.h"
#include "os/os.h"

/* C, compiled as C++: the same statements. */
#include "segment/role.c"
#include "ring/claim.c"
#include "ring/evict.c"
#include "ring/space.c"
#include "endpoint/producer.c"
#include "ring/consumer.c"
#include "ring/recover.c"
#include "wait/backoff.c"
#include "wait/wake.c"
#include "wait/wait.c"
#include "wait/wait_producer.c"

#define CAPACITY 64u /* not a ring that could be opened: handles do not care */
#define WORDS    (CAPACITY / 8)

int model::light_is_full, model::no_barriers;
struct site *site::first;
uint64_t site::scenario;

/* ---- shared memory ---- */

static struct shmring_producer_page producer_page;
static struct shmring_consumer_page consumer_page;
static struct shmring_doorbell_page doorbell_page;
alignas(64) static unsigned char data[2 * CAPACITY];
static struct shmring_producer producers[2];
static struct shmring_consumer consumers[2];
static struct shmring_attachment attachments[4];

static const void *const named_words[] = {&producer_page.tail,
                                          &producer_page.records,
                                          &producer_page.evict,
                                          &producer_page.evict_count,
                                          &producer_page.repairs,
                                          &producer_page.rejected,
                                          &producer_page.stalls,
                                          &producer_page.sleeps,
                                          &producer_page.wakes,
                                          &producer_page.high_water,
                                          &producer_page.recovered,
                                          &producer_page.reported,
                                          &producer_page.reporting,
                                          &producer_page.notes[0].at,
                                          &producer_page.notes[1].at,
                                          &producer_page.role.pid,
                                          &producer_page.role.start_time,
                                          &producer_page.role.epoch,
                                          &producer_page.role.state,
                                          &producer_page.role.capability,
                                          &producer_page.role.ended_epoch,
                                          &producer_page.role.program[0],
                                          &producer_page.role.program[1],
                                          &consumer_page.head,
                                          &consumer_page.cursor,
                                          &consumer_page.records,
                                          &consumer_page.stalls,
                                          &consumer_page.sleeps,
                                          &consumer_page.wakes,
                                          &consumer_page.gaps,
                                          &consumer_page.lapped,
                                          &consumer_page.lapped_bytes,
                                          &consumer_page.role.pid,
                                          &consumer_page.role.start_time,
                                          &consumer_page.role.epoch,
                                          &consumer_page.role.state,
                                          &consumer_page.role.capability,
                                          &consumer_page.role.ended_epoch,
                                          &consumer_page.role.program[0],
                                          &consumer_page.role.program[1],
                                          &doorbell_page.consumer_bell,
                                          &doorbell_page.producer_bell,
                                          &doorbell_page.producer_want,
                                          &doorbell_page.lifecycle,
                                          &producers[0].interrupted,
                                          &producers[1].interrupted,
                                          &consumers[0].interrupted,
                                          &consumers[1].interrupted};
#define NAMED (sizeof named_words / sizeof *named_words)

/* What Relacy sees of it; made anew for each execution. */
struct memory {
    rl::atomic<uint64_t> words[NAMED + WORDS];
    rl::var<uint64_t> payload[WORDS];
};
static struct memory *memory;

static size_t place_of(const void *at)
{
    return (size_t)((const unsigned char *)at - data) % CAPACITY / 8;
}

rl::atomic<uint64_t> &model::word(const void *at)
{
    if ((const unsigned char *)at >= data && (const unsigned char *)at < data + sizeof data) {
        return memory->words[NAMED + place_of(at)];
    }
    for (size_t i = 0; i < NAMED; i++) {
        if (named_words[i] == at) {
            return memory->words[i];
        }
    }
    fprintf(stderr, "a shared word that the model does not know\n");
    abort();
}

static void put(void *at, uint64_t value)
{
    memory->payload[place_of(at)](RL_INFO).store(value);
    memory->words[NAMED + place_of(at)].store(value, rl::mo_relaxed, RL_INFO);
}

static uint64_t get(const void *at)
{
    return memory->payload[place_of(at)](RL_INFO).load();
}

void shmring_copy_(void *to, const void *from, size_t n, uint32_t)
{
    const uint64_t *in = (const uint64_t *)from;
    uint64_t *out = (uint64_t *)to;

    for (; n >= 8; n -= 8, in++, out++) {
        if ((unsigned char *)to >= data && (unsigned char *)to < data + sizeof data) {
            put(out, *in);
        } else {
            *out = get(in);
        }
    }
}

/* ---- the system ---- */

struct futex {
    rl::mutex lock;
    rl::condition_variable_any sleeper;
};
static struct kernel {
    struct futex bells[2];
    rl::mutex role;
} * kernel;
static int has_membarrier;

static struct futex *futex_of(const struct shmring_os_bell *at)
{
    return &kernel->bells[at->waiter == SHMRING_ROLE_CONSUMER];
}

void shmring_os_sleep(const struct shmring_os_bell *at, uint32_t expected, uint64_t timeout_ns)
{
    struct futex *f = futex_of(at);

    (void)timeout_ns; /* no slice ends by itself: a lost wake-up is a deadlock */
    f->lock.lock(RL_INFO);
    if ((uint32_t)shmring_load_relaxed(at->word) == expected) {
        f->sleeper.wait(f->lock, RL_INFO);
    }
    f->lock.unlock(RL_INFO);
}

void shmring_os_wake(const struct shmring_os_bell *at)
{
    struct futex *f = futex_of(at);

    f->lock.lock(RL_INFO);
    f->sleeper.notify_one(RL_INFO);
    f->lock.unlock(RL_INFO);
}

int shmring_os_barrier(void)
{
    if (has_membarrier && !model::no_barriers) {
        rl::atomic_thread_fence(rl::mo_seq_cst, RL_INFO);
    }
    return has_membarrier;
}

int shmring_os_barrier_register(void)
{
    return has_membarrier;
}
int shmring_os_role_held(const struct shmring_os_segment *, enum shmring_role)
{
    return 1;
}
void shmring_os_signal(const struct shmring_os_segment *, enum shmring_role)
{
}
uint64_t shmring_os_clock_ns(void)
{
    return 0;
}
int shmring_os_has_name(const struct shmring_os_segment *seg)
{
    return 1;
}

int shmring_os_is_whole(const struct shmring_os_segment *seg)
{
    (void)seg;
    return 1;
}
void shmring_os_yield(void)
{
    rl::yield(1, RL_INFO);
}
uint64_t shmring_os_pid(void)
{
    return 1;
}
uint64_t shmring_os_start_time(void)
{
    return 1;
}
void shmring_os_program(char name[16])
{
    memset(name, 0, 16);
}
uint64_t shmring_stamp_now_(uint32_t)
{
    return 0;
}
shmring_status shmring_peek_slow_(shmring_consumer *, shmring_record *)
{
    return SHMRING_E_INVALID;
}
uint32_t shmring_peek_many_slow_(shmring_consumer *, shmring_record *, uint32_t)
{
    return 0;
}
shmring_status shmr_consumer_arm(shmring_consumer *, uint64_t, int)
{
    return SHMRING_EMPTY;
}
shmring_status shmr_producer_arm(shmring_producer *, uint64_t, int)
{
    return SHMRING_FULL;
}

struct shmring_consumer_page *shmring_consumer_page_of(const struct shmring_os_map *)
{
    return &consumer_page;
}
struct shmring_producer_page *shmring_producer_page_of(const struct shmring_os_map *)
{
    return &producer_page;
}
struct shmring_doorbell_page *shmring_doorbell_page_of(const struct shmring_os_map *)
{
    return &doorbell_page;
}

shmring_status shmring_fail(shmring_status status, const char *, ...)
{
    return status;
}

/* Nothing here is wrong but by a mistake in the ring. */
shmring_status shmring_producer_refuse_(shmring_producer *, shmring_status why, uint64_t)
{
    RL_ASSERT(!"the producer found the ring corrupt");
    return why;
}

int shmr_consumer_is_replaced(const shmring_consumer *)
{
    return 0; /* the name's affair, and no order's of the ring */
}

shmring_status shmr_consumer_move(shmring_consumer *)
{
    return SHMRING_E_UNSUPPORTED;
}

shmring_status shmring_consumer_refuse_(shmring_consumer *, shmring_status why, uint64_t)
{
    RL_ASSERT(!"the consumer found the ring corrupt");
    return why;
}

/* ---- handles ---- */

static void fill_producer(shmring_producer *p, uint32_t framing)
{
    memset((void *)p, 0, sizeof *p);
    p->data = data;
    p->mask = CAPACITY - 1;
    p->page = &producer_page;
    p->bells = &doorbell_page;
    p->peer = &consumer_page;
    p->record_header = framing == SHMRING_RECORDS ? 8 : 0;
    p->max_record = framing == SHMRING_RECORDS ? 16 : 0;
    p->capacity = CAPACITY;
    p->framing = framing;
    p->spin_ns = SHMRING_SPIN_NONE;
    p->attachment = &attachments[p - producers];
    p->attachment->role = SHMRING_ROLE_PRODUCER;
    p->attachment->can_barrier = has_membarrier;
    p->attachment->geometry.capacity = CAPACITY;
    p->attachment->geometry.record_header = p->record_header;
    p->attachment->geometry.max_record = p->max_record;
    p->fence = !has_membarrier;
    p->step = CAPACITY / 2; /* two records go the fast way, one the slow */
    shmring_set_gates_(p);
}

static void fill_consumer(shmring_consumer *c, uint32_t framing)
{
    memset((void *)c, 0, sizeof *c);
    c->data = framing == SHMRING_RECORDS ? data : NULL;
    c->bytes = framing == SHMRING_BYTES ? data : NULL;
    c->mask = CAPACITY - 1;
    c->page = &consumer_page;
    c->bells = &doorbell_page;
    c->peer = &producer_page;
    c->head_step = CAPACITY / 2; /* lazy: the producer must ask for the cursor */
    c->record_header = framing == SHMRING_RECORDS ? 8 : 0;
    c->last_size = 8;
    c->max_record = framing == SHMRING_RECORDS ? 16 : 0;
    c->capacity = CAPACITY;
    c->framing = framing;
    c->spin_ns = SHMRING_SPIN_NONE;
    c->attachment = &attachments[2 + (c - consumers)];
    c->attachment->role = SHMRING_ROLE_CONSUMER;
    c->attachment->can_barrier = has_membarrier;
    c->fence = !has_membarrier;
}

/* A ring that has been in use: both sides are at this position. */
static void begin_at(uint64_t position)
{
    shmring_producer *p = &producers[0];
    shmring_consumer *c = &consumers[0];

    p->tail = p->head = p->limit = p->evict = position;
    c->cursor = c->head = c->tail = c->gap_at = position;
    shmring_store_relaxed(&producer_page.tail, position);
    shmring_store_relaxed(&producer_page.evict, position);
    shmring_store_relaxed(&consumer_page.head, position);
    shmring_store_relaxed(&consumer_page.cursor, position);
}

/* What each test begins with: an empty ring, and both sides there. */
template <typename test, int threads> struct ring_test : rl::test_suite<test, threads> {
    struct memory shared;
    struct kernel system;

    void begin(uint32_t framing, int membarrier)
    {
        const uint64_t capability = membarrier ? SHMRING_CAP_MEMBARRIER : SHMRING_CAP_FENCES;

        memory = &shared;
        kernel = &system;
        has_membarrier = membarrier;
        model::light_is_full = membarrier;
        for (auto &word : shared.words) {
            word.store(0, rl::mo_relaxed, RL_INFO);
        }
        for (auto &word : shared.payload) {
            word(RL_INFO).store(0);
        }
        fill_producer(&producers[0], framing);
        fill_producer(&producers[1], framing);
        fill_consumer(&consumers[0], framing);
        shmring_role_enter(&producer_page.role, capability, 0);
        shmring_role_enter(&consumer_page.role, capability, 0);
    }
};

#endif
