/* SPDX-License-Identifier: MIT */
/* run.hh - other ways through the same rings: messages that are made and read where they lie,
 * elements without records, and many elements in one call. For each peer that has such a way. */
#ifndef SHMRING_BENCH_PEERS_RUN_HH
#define SHMRING_BENCH_PEERS_RUN_HH

#include "libraries.hh"
#include "contender.hh"

/* ---- messages that are made, and read, where they lie ---- */

/* Every byte of a message, from its number; and whether it has come as it was made. */
template <size_t N> void fill(void *at, uint64_t number)
{
    for (size_t k = 0; k < N; k += 8) {
        uint64_t word = number + k;
        memcpy(static_cast<unsigned char *>(at) + k, &word, 8);
    }
}

template <size_t N> bool is_filled(const void *at, uint64_t number)
{
    uint64_t differences = 0, word;

    for (size_t k = 0; k < N; k += 8) {
        memcpy(&word, static_cast<const unsigned char *>(at) + k, 8);
        differences |= word ^ (number + k);
    }
    return differences == 0;
}

/* A ring that copies: made in memory of its own, copied in, copied out, read there. */
template <size_t N, class Peer> class Copied : public Peer
{
  public:
    using Peer::Peer;
    void make_one(uint64_t number)
    {
        fill<N>(m_.bytes, number);
        __asm__ __volatile__("" ::"r"(&m_) : "memory");
        while (!this->push(m_)) {
            this->relax();
        }
    }
    bool read_one(uint64_t number)
    {
        while (!this->pop(m_)) {
            this->relax();
        }
        __asm__ __volatile__("" ::"r"(&m_) : "memory");
        return is_filled<N>(m_.bytes, number);
    }

  private:
    Message<N> m_{};
};

template <size_t N> class ShmringPlaced : public Shmring<N>
{
  public:
    using Shmring<N>::Shmring;
    static const char *name()
    {
        return "shmring (in place)";
    }
    void make_one(uint64_t number)
    {
        void *at;

        while (shmring_reserve(this->p_, N, &at) != SHMRING_OK) {
            this->relax();
        }
        fill<N>(at, number);
        shmring_commit(this->p_, N, 1);
    }
    bool read_one(uint64_t number)
    {
        shmring_record r;
        bool right;

        while (shmring_peek(this->c_, &r) != SHMRING_OK) {
            this->relax();
        }
        right = r.len == N && is_filled<N>(r.data, number);
        shmring_release(this->c_);
        return right;
    }
};

#ifdef HAVE_BOOST
/* It takes messages by copy, and shows them where they lie. */
template <size_t N> class BoostPlaced : public Copied<N, Boost<N>>
{
  public:
    using Copied<N, Boost<N>>::Copied;
    static const char *name()
    {
        return "boost::lockfree::spsc_queue (consume_one)";
    }
    bool read_one(uint64_t number)
    {
        bool right = false;

        while (!this->queue_->consume_one(
            [&](const Message<N> &there) { right = is_filled<N>(there.bytes, number); })) {
            this->relax();
        }
        return right;
    }
};
#endif

#ifdef HAVE_DPDK
template <size_t N> class DpdkMade : public DpdkPlaced<N>
{
  public:
    using DpdkPlaced<N>::DpdkPlaced;
    static const char *name()
    {
        return "DPDK rte_ring (in place)";
    }
    void make_one(uint64_t number)
    {
        rte_ring_zc_data at;

        while (rte_ring_enqueue_zc_bulk_elem_start(this->ring_, N, 1, &at, nullptr) == 0) {
            this->relax();
        }
        fill<N>(at.ptr1, number);
        rte_ring_enqueue_zc_elem_finish(this->ring_, 1);
    }
    bool read_one(uint64_t number)
    {
        rte_ring_zc_data at;
        bool right;

        while (rte_ring_dequeue_zc_bulk_elem_start(this->ring_, N, 1, &at, nullptr) == 0) {
            this->relax();
        }
        right = is_filled<N>(at.ptr1, number);
        rte_ring_dequeue_zc_elem_finish(this->ring_, 1);
        return right;
    }
};
#endif

/* ---- elements of 8 bytes, one or many in a call ---- */

using Element = Message<8>;

class ShmringBytes : public Shmring<8>
{
  public:
    ShmringBytes(void *memory, bool producer, int pause)
        : Shmring<8>(memory, producer, pause, SHMRING_BYTES)
    {
    }
    static const char *name()
    {
        return "shmring (byte framing)";
    }
    bool push(const Element &m)
    {
        return shmring_try_write(p_, m.bytes, 8) == 8;
    }
    bool pop(Element &m)
    {
        return shmring_try_read(c_, m.bytes, 8) == 8;
    }
    size_t push_many(const Element *m, size_t n)
    {
        return shmring_try_write(p_, m, 8 * n) / 8;
    }
    size_t pop_many(Element *m, size_t n)
    {
        return shmring_try_read(c_, m, 8 * n) / 8;
    }
};

#ifdef HAVE_BOOST
class BoostMany : public Boost<8>
{
  public:
    using Boost<8>::Boost;
    size_t push_many(const Element *m, size_t n)
    {
        return queue_->push(m, n);
    }
    size_t pop_many(Element *m, size_t n)
    {
        return queue_->pop(m, n);
    }
};
#endif

#ifdef HAVE_DPDK
class DpdkMany : public DpdkElements<8>
{
  public:
    using DpdkElements<8>::DpdkElements;
    size_t push_many(const Element *m, size_t n)
    {
        return rte_ring_sp_enqueue_burst_elem(ring_, m, 8, unsigned(n), nullptr);
    }
    size_t pop_many(Element *m, size_t n)
    {
        return rte_ring_sc_dequeue_burst_elem(ring_, m, 8, unsigned(n), nullptr);
    }
};
#endif

#endif
