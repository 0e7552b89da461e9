/* SPDX-License-Identifier: MIT */
/* kernel.hh - paths through the kernel, for scale: pipe, Unix socket, POSIX message queue, and
 * memory that is shared with an eventfd to tell of it. All block; none is polled. */
#ifndef SHMRING_BENCH_KERNEL_HH
#define SHMRING_BENCH_KERNEL_HH

#include "contender.hh"

#include <algorithm>
#include <fcntl.h>
#include <mqueue.h>
#include <string>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>

[[noreturn]] inline void kernel_failed(const char *what)
{
    perror(what);
    _exit(3);
}

/* What the members below have in common: they never refuse, and keep descriptors in memory. */
class Blocking
{
  public:
    static size_t bytes()
    {
        return 4096;
    }
    void relax()
    {
    }
};

template <size_t N> class Descriptor : public Blocking
{
  public:
    Descriptor(void *memory, bool producer, int) : fd_(static_cast<int *>(memory)[producer ? 1 : 0])
    {
    }
    static void unmake(void *memory)
    {
        close(static_cast<int *>(memory)[0]);
        close(static_cast<int *>(memory)[1]);
    }
    bool push(const Message<N> &m)
    {
        return write(fd_, m.bytes, N) == ssize_t(N);
    }
    bool pop(Message<N> &m)
    {
        for (size_t got = 0; got < N;) {
            ssize_t n = read(fd_, m.bytes + got, N - got);

            if (n <= 0) {
                kernel_failed("read");
            }
            got += size_t(n);
        }
        return true;
    }

  private:
    int fd_;
};

template <size_t N> class Pipe : public Descriptor<N>
{
  public:
    using Descriptor<N>::Descriptor;
    static const char *name()
    {
        return "pipe";
    }
    static void make(void *memory)
    {
        if (pipe(static_cast<int *>(memory)) != 0) {
            kernel_failed("pipe");
        }
    }
};

template <size_t N> class Socket : public Descriptor<N>
{
  public:
    using Descriptor<N>::Descriptor;
    static const char *name()
    {
        return "Unix socket";
    }
    static void make(void *memory)
    {
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, static_cast<int *>(memory)) != 0) {
            kernel_failed("socketpair");
        }
    }
};

/* Its depth is bounded by fs.mqueue.msg_max for all but root: as near to the ring's as allowed. */
template <size_t N> class MessageQueue : public Blocking
{
  public:
    static const char *name()
    {
        return "POSIX message queue";
    }
    static void make(void *memory)
    {
        std::string name = "/compare-" + std::to_string(getpid());
        mqd_t *queue = static_cast<mqd_t *>(memory);

        for (long depth = ring_bytes / N; depth > 0; depth /= 2) {
            mq_attr attr{};

            attr.mq_maxmsg = depth;
            attr.mq_msgsize = N;
            *queue = mq_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
            if (*queue >= 0) {
                mq_unlink(name.c_str());
                return;
            }
        }
        kernel_failed("mq_open");
    }
    static void unmake(void *memory)
    {
        mq_close(*static_cast<mqd_t *>(memory));
    }
    MessageQueue(void *memory, bool, int) : queue_(*static_cast<mqd_t *>(memory))
    {
    }
    bool push(const Message<N> &m)
    {
        return mq_send(queue_, reinterpret_cast<const char *>(m.bytes), N, 0) == 0;
    }
    bool pop(Message<N> &m)
    {
        if (mq_receive(queue_, reinterpret_cast<char *>(m.bytes), N, nullptr) != ssize_t(N)) {
            kernel_failed("mq_receive");
        }
        return true;
    }

  private:
    mqd_t queue_;
};

/* Slots in shared memory; one eventfd counts the full ones, another the free ones. Both sides take
 * all that the counter holds at once, and the reader gives back what it took in one write. */
template <size_t N> class Eventfd : public Blocking
{
    static constexpr uint64_t slots = ring_bytes / N;
    struct Shared {
        int full, free;
        alignas(128) Message<N> slot[slots];
    };

  public:
    static const char *name()
    {
        return "shared memory and eventfd";
    }
    static size_t bytes()
    {
        return sizeof(Shared);
    }
    static void make(void *memory)
    {
        Shared *shared = static_cast<Shared *>(memory);

        shared->full = eventfd(0, 0);
        shared->free = eventfd(slots, 0);
        if (shared->full < 0 || shared->free < 0) {
            kernel_failed("eventfd");
        }
    }
    static void unmake(void *memory)
    {
        close(static_cast<Shared *>(memory)->full);
        close(static_cast<Shared *>(memory)->free);
    }
    Eventfd(void *memory, bool, int) : shared_(static_cast<Shared *>(memory))
    {
    }
    bool push(const Message<N> &m)
    {
        if (left_ == 0) {
            left_ = take(shared_->free);
        }
        left_--;
        shared_->slot[next_++ % slots] = m;
        give(shared_->full, 1);
        return true;
    }
    bool pop(Message<N> &m)
    {
        if (left_ == 0) {
            taken_ = left_ = take(shared_->full);
        }
        m = shared_->slot[next_++ % slots];
        if (--left_ == 0) {
            give(shared_->free, taken_);
        }
        return true;
    }

  private:
    static uint64_t take(int fd)
    {
        uint64_t n;

        if (read(fd, &n, sizeof n) != sizeof n) {
            kernel_failed("read of an eventfd");
        }
        return n;
    }
    static void give(int fd, uint64_t n)
    {
        if (write(fd, &n, sizeof n) != sizeof n) {
            kernel_failed("write to an eventfd");
        }
    }

    Shared *shared_;
    uint64_t left_ = 0, taken_ = 0, next_ = 0;
};

#endif
