/* SPDX-License-Identifier: MIT */
/* contender.hh - the rings that shmring is measured against, each as its own documentation has it
 * used, in memory that two processes share. A peer is a type with
 *
 *   static const char *name();
 *   static size_t bytes();                 what it needs of shared memory
 *   static void make(void *memory)         makes the ring
 *   static void unmake(void *memory)       gives back what is not in that memory
 *   Peer(void *memory, bool producer, int pause)
 *   bool push(const Message &), bool pop(Message &)
 *   void relax()                           after a refusal
 *
 * Message is N bytes. Every ring holds the same number of message bytes.
 */
#ifndef SHMRING_BENCH_PEERS_CONTENDER_HH
#define SHMRING_BENCH_PEERS_CONTENDER_HH

#include <cstddef>
#include <cstdio>
#include <cstring>
#include <new>
#include <unistd.h>

#include <shmring/shmring.h>

#ifdef HAVE_BOOST
#include <boost/lockfree/spsc_queue.hpp>
#endif
#ifdef HAVE_ATOMIC_QUEUE
#include <atomic_queue/atomic_queue.h>
#endif
#ifdef HAVE_CK
/* ck's header is C: it returns `false` where C++ wants a null pointer. */
#include <stdbool.h>
#define false 0
#include <ck_ring.h>
#undef false
#endif

constexpr size_t ring_bytes = 65536;

template <size_t N> struct Message {
    alignas(8) unsigned char bytes[N];
};

inline void pause_for(int units)
{
    for (int i = 0; i < units; i++) {
        shmring_cpu_pause();
    }
}

/* ---- ours ---- */

template <size_t N> class Shmring
{
  public:
    static const char *name()
    {
        return "shmring";
    }
    static size_t bytes()
    {
        return 64;
    }
    static void make(void *memory)
    {
        static int made;

        snprintf(static_cast<char *>(memory), 64, "compare-%d-%d", int(getpid()), made++);
    }
    static void unmake(void *)
    {
    }
    /* The memory only carries the name: this ring is attached by name. */
    Shmring(void *memory, bool producer, int, uint32_t framing = SHMRING_RECORDS)
        : producer_(producer)
    {
        shmring_options opt = SHMRING_OPTIONS_INIT;
        const char *ring = static_cast<const char *>(memory);

        opt.capacity = ring_bytes;
        opt.framing = framing;
        int status = producer ? shmring_producer_open(&p_, ring, &opt)
                              : shmring_consumer_open(&c_, ring, &opt);
        if (status != SHMRING_OK) {
            fprintf(stderr, "%s\n", shmring_error_detail());
            _exit(3);
        }
    }
    ~Shmring()
    {
        shmring_producer_close(p_);
        shmring_consumer_close(c_);
    }
    bool push(const Message<N> &m)
    {
        return shmring_try_send(p_, m.bytes, N, 1) == SHMRING_OK;
    }
    bool pop(Message<N> &m)
    {
        return shmring_try_recv(c_, m.bytes, N, nullptr) == SHMRING_OK;
    }
    void relax()
    {
        if (producer_) {
            shmring_producer_relax(p_);
        } else {
            shmring_consumer_relax(c_);
        }
    }

  protected:
    shmring_producer *p_ = nullptr;
    shmring_consumer *c_ = nullptr;
    bool producer_;
};

/* ---- peers in shared memory ---- */

#ifdef HAVE_BOOST
template <size_t N> class Boost
{
    using Queue =
        boost::lockfree::spsc_queue<Message<N>, boost::lockfree::capacity<ring_bytes / N>>;

  public:
    static const char *name()
    {
        return "boost::lockfree::spsc_queue";
    }
    static size_t bytes()
    {
        return sizeof(Queue);
    }
    static void make(void *memory)
    {
        new (memory) Queue();
    }
    static void unmake(void *)
    {
    }
    Boost(void *memory, bool, int pause) : queue_(static_cast<Queue *>(memory)), pause_(pause)
    {
    }
    bool push(const Message<N> &m)
    {
        return queue_->push(m);
    }
    bool pop(Message<N> &m)
    {
        return queue_->pop(m);
    }
    void relax()
    {
        pause_for(pause_);
    }

  protected:
    Queue *queue_;
    int pause_;
};
#endif

#ifdef HAVE_ATOMIC_QUEUE
template <size_t N> class AtomicQueue
{
    /* Single producer and consumer, no total order: its fastest documented setting. */
    using Queue = atomic_queue::AtomicQueue2<Message<N>, ring_bytes / N, true, false, false, true>;

  public:
    static const char *name()
    {
        return "atomic_queue (SPSC)";
    }
    static size_t bytes()
    {
        return sizeof(Queue);
    }
    static void make(void *memory)
    {
        new (memory) Queue();
    }
    static void unmake(void *)
    {
    }
    AtomicQueue(void *memory, bool, int pause) : queue_(static_cast<Queue *>(memory)), pause_(pause)
    {
    }
    bool push(const Message<N> &m)
    {
        return queue_->try_push(m);
    }
    bool pop(Message<N> &m)
    {
        return queue_->try_pop(m);
    }
    void relax()
    {
        pause_for(pause_);
    }

  private:
    Queue *queue_;
    int pause_;
};
#endif

#ifdef HAVE_CK
template <size_t N> class ConcurrencyKit
{
    struct Shared {
        ck_ring_t ring;
        alignas(128) Message<N> buffer[ring_bytes / N];
    };
    /* ck's typed interface, expanded for our message type. */
    static bool enqueue(ck_ring_t *r, Message<N> *b, const Message<N> *m)
    {
        return _ck_ring_enqueue_sp(r, b, m, sizeof *m, nullptr);
    }
    static bool dequeue(ck_ring_t *r, Message<N> *b, Message<N> *m)
    {
        return _ck_ring_dequeue_sc(r, b, m, sizeof *m);
    }

  public:
    static const char *name()
    {
        return "Concurrency Kit ck_ring (spsc)";
    }
    static size_t bytes()
    {
        return sizeof(Shared);
    }
    static void make(void *memory)
    {
        ck_ring_init(&static_cast<Shared *>(memory)->ring, ring_bytes / N);
    }
    static void unmake(void *)
    {
    }
    ConcurrencyKit(void *memory, bool, int pause)
        : shared_(static_cast<Shared *>(memory)), pause_(pause)
    {
    }
    bool push(const Message<N> &m)
    {
        return enqueue(&shared_->ring, shared_->buffer, &m);
    }
    bool pop(Message<N> &m)
    {
        return dequeue(&shared_->ring, shared_->buffer, &m);
    }
    void relax()
    {
        pause_for(pause_);
    }

  private:
    Shared *shared_;
    int pause_;
};
#endif

#endif
