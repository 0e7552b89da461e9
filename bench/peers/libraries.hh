/* SPDX-License-Identifier: MIT */
/* libraries.hh - peers with a set-up of their own: DPDK's ring, in memory that no environment layer
 * manages; moodycamel's queue, whose memory is ours; Boost.Interprocess' message queue, by name. As
 * contender.hh has it, and
 *
 *   static void unmake(void *memory)
 */
#ifndef SHMRING_BENCH_PEERS_LIBRARIES_HH
#define SHMRING_BENCH_PEERS_LIBRARIES_HH

#include "contender.hh"

#include <string>

#ifdef HAVE_DPDK
#include <rte_ring.h>
#include <rte_ring_elem.h>
#include <rte_ring_peek_zc.h>
#endif
#ifdef HAVE_READERWRITERQUEUE
#include <readerwriterqueue/readerwriterqueue.h>

#include "shared_malloc.hh"
#endif
#ifdef HAVE_INTERPROCESS
#include <boost/interprocess/ipc/message_queue.hpp>
#endif

#ifdef HAVE_DPDK
template <size_t N> class DpdkRing
{
  public:
    static size_t bytes()
    {
        return size_t(rte_ring_get_memsize_elem(N, ring_bytes / N));
    }
    static void make(void *memory)
    {
        if (rte_ring_init(static_cast<rte_ring *>(memory), "compare", ring_bytes / N,
                          RING_F_SP_ENQ | RING_F_SC_DEQ) != 0) {
            fprintf(stderr, "rte_ring_init failed\n");
            _exit(3);
        }
    }
    static void unmake(void *)
    {
    }
    DpdkRing(void *memory, bool, int pause) : ring_(static_cast<rte_ring *>(memory)), pause_(pause)
    {
    }
    void relax()
    {
        pause_for(pause_);
    }

  protected:
    rte_ring *ring_;
    int pause_;
};

/* Elements copied by the ring, four, eight or sixteen bytes at a time. */
template <size_t N> class DpdkElements : public DpdkRing<N>
{
  public:
    using DpdkRing<N>::DpdkRing;
    static const char *name()
    {
        return "DPDK rte_ring (elements)";
    }
    bool push(const Message<N> &m)
    {
        return rte_ring_sp_enqueue_elem(this->ring_, const_cast<unsigned char *>(m.bytes), N) == 0;
    }
    bool pop(Message<N> &m)
    {
        return rte_ring_sc_dequeue_elem(this->ring_, m.bytes, N) == 0;
    }
};

/* Elements copied by the user, into and out of the ring's memory. */
template <size_t N> class DpdkPlaced : public DpdkRing<N>
{
  public:
    using DpdkRing<N>::DpdkRing;
    static const char *name()
    {
        return "DPDK rte_ring (zero copy)";
    }
    bool push(const Message<N> &m)
    {
        rte_ring_zc_data at;

        if (rte_ring_enqueue_zc_bulk_elem_start(this->ring_, N, 1, &at, nullptr) == 0) {
            return false;
        }
        memcpy(at.ptr1, m.bytes, N);
        rte_ring_enqueue_zc_elem_finish(this->ring_, 1);
        return true;
    }
    bool pop(Message<N> &m)
    {
        rte_ring_zc_data at;

        if (rte_ring_dequeue_zc_bulk_elem_start(this->ring_, N, 1, &at, nullptr) == 0) {
            return false;
        }
        memcpy(m.bytes, at.ptr1, N);
        rte_ring_dequeue_zc_elem_finish(this->ring_, 1);
        return true;
    }
};
#endif

#ifdef HAVE_READERWRITERQUEUE
/* A queue of blocks that it takes from malloc() when it is made: there they come from the memory
 * that both processes have at one address (shared_malloc.cc). It makes no more of them: try_enqueue
 * refuses. It holds as many messages as the others, rounded up to whole blocks by itself. */
template <size_t N> class ReaderWriter
{
    using Queue = moodycamel::ReaderWriterQueue<Message<N>>;
    static constexpr size_t room = ring_bytes / N;

  public:
    static const char *name()
    {
        return "moodycamel ReaderWriterQueue";
    }
    static size_t bytes()
    {
        return 2 * (sizeof(Queue) + ring_bytes + 8 * 65536);
    }
    static void make(void *memory)
    {
        auto *at = static_cast<unsigned char *>(memory);

        shared_malloc_from(at + 4096, at + bytes());
        new (memory) Queue(room);
        shared_malloc_from(nullptr, nullptr);
    }
    static void unmake(void *)
    {
    }
    ReaderWriter(void *memory, bool, int pause)
        : queue_(static_cast<Queue *>(memory)), pause_(pause)
    {
    }
    bool push(const Message<N> &m)
    {
        return queue_->try_enqueue(m);
    }
    bool pop(Message<N> &m)
    {
        return queue_->try_dequeue(m);
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

#ifdef HAVE_INTERPROCESS
/* By name: the memory carries it. */
template <size_t N> class Interprocess
{
    using Queue = boost::interprocess::message_queue;

  public:
    static const char *name()
    {
        return "Boost.Interprocess message_queue";
    }
    static size_t bytes()
    {
        return 64;
    }
    static void make(void *memory)
    {
        static int made;

        snprintf(static_cast<char *>(memory), 64, "compare-%d-%d", int(getpid()), made++);
        Queue(boost::interprocess::create_only, static_cast<char *>(memory), ring_bytes / N, N);
    }
    static void unmake(void *memory)
    {
        Queue::remove(static_cast<char *>(memory));
    }
    Interprocess(void *memory, bool, int pause)
        : queue_(boost::interprocess::open_only, static_cast<char *>(memory)), pause_(pause)
    {
    }
    bool push(const Message<N> &m)
    {
        return queue_.try_send(m.bytes, N, 0);
    }
    bool pop(Message<N> &m)
    {
        Queue::size_type got;
        unsigned priority;

        return queue_.try_receive(m.bytes, N, got, priority);
    }
    void relax()
    {
        pause_for(pause_);
    }

  private:
    Queue queue_;
    int pause_;
};
#endif

#endif
