/* SPDX-License-Identifier: MIT */
/* compare.cc - shmring and its peers side by side: two pinned processes, the same ring bytes, every
 * message checked, each peer at its best pause, interleaved rounds, medians and ratios.
 *
 *   shmring_compare [--rounds N] [--json FILE]
 *
 * Timings drift with where the processors happen to run, so that only ratios within one run mean
 * anything: each round runs every contender once, and the medians of the rounds are compared. */
#include "peers.hh"
#include "table.hh"

#include <atomic>
#include <cstdlib>
#include <sched.h>
#include <string>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

namespace
{

double now()
{
    timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return double(t.tv_sec) + double(t.tv_nsec) * 1e-9;
}

void pin(unsigned cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    (void)sched_setaffinity(0, sizeof set, &set);
}

template <class T> void escape(T &value)
{
    __asm__ __volatile__("" ::"r"(&value) : "memory");
}

/* What the two processes share beside the ring. */
struct Board {
    alignas(128) std::atomic<int> ready;
    alignas(128) std::atomic<int> wrong;
    alignas(128) double finish;
};

void *shared(size_t n)
{
    void *p = mmap(nullptr, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return p;
}

Board *board;

/* Runs `there` in a child; `here` starts when it is ready. Seconds from here's start to the end of
 * there's work; a wrong message ends the program. */
template <class Here, class There> double run_pair(Here here, There there)
{
    int status;
    pid_t child;
    double start;

    board->ready = 0;
    board->wrong = 0;
    fflush(stdout);
    child = fork();
    if (child == 0) {
        pin(1);
        there();
        board->finish = now();
        _exit(0);
    }
    pin(0);
    while (!board->ready) {
        if (waitpid(child, &status, WNOHANG) == child) {
            fprintf(stderr, "the second process failed\n");
            exit(1);
        }
    }
    usleep(200); /* the child is in its loop */
    start = now();
    here();
    (void)waitpid(child, &status, 0);
    if (board->wrong || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "a message was lost or changed\n");
        exit(1);
    }
    return board->finish - start;
}

template <size_t N, class Peer> void put(Peer &ring, Message<N> &m, uint64_t number)
{
    memcpy(m.bytes, &number, 8);
    escape(m);
    while (!ring.push(m)) {
        ring.relax();
    }
}

template <size_t N, class Peer> bool get(Peer &ring, Message<N> &m, uint64_t number)
{
    uint64_t got;

    while (!ring.pop(m)) {
        ring.relax();
    }
    escape(m);
    memcpy(&got, m.bytes, 8);
    return got == number;
}

/* Nanoseconds for a message. */
template <size_t N, class Peer> double stream(void *memory, int pause, uint64_t messages)
{
    double seconds = run_pair(
        [&] {
            Peer ring(memory, true, pause);
            Message<N> m{};

            for (uint64_t i = 0; i < messages; i++) {
                put<N>(ring, m, i);
            }
        },
        [&] {
            Peer ring(memory, false, pause);
            Message<N> m{};
            bool right = true;

            board->ready = 1;
            for (uint64_t i = 0; i < messages; i++) {
                right &= get<N>(ring, m, i);
            }
            board->wrong = !right;
        });

    return seconds * 1e9 / double(messages);
}

/* Nanoseconds for a message there and back. */
template <size_t N, class Peer>
double trip(void *out_memory, void *back_memory, int pause, uint64_t messages)
{
    double seconds = run_pair(
        [&] {
            Peer out(out_memory, true, pause), back(back_memory, false, pause);
            Message<N> m{};
            bool right = true;

            for (uint64_t i = 0; i < messages; i++) {
                put<N>(out, m, i);
                right &= get<N>(back, m, i);
            }
            if (!right) {
                board->wrong = 1;
            }
        },
        [&] {
            Peer out(out_memory, false, pause), back(back_memory, true, pause);
            Message<N> m{};
            bool right = true;

            board->ready = 1;
            for (uint64_t i = 0; i < messages; i++) {
                right &= get<N>(out, m, i);
                put<N>(back, m, i);
            }
            if (!right) {
                board->wrong = 1;
            }
        });

    return seconds * 1e9 / double(messages);
}

/* The floor of a round trip: one cache line that both write in turn. */
double line_floor(int pause, unsigned trips)
{
    auto *line = static_cast<std::atomic<unsigned> *>(shared(4096));
    auto await = [&](unsigned value) {
        while (line->load(std::memory_order_acquire) != value) {
            pause_for(pause);
        }
    };
    double seconds = run_pair(
        [&] {
            for (unsigned i = 0; i < trips; i++) {
                line->store(2 * i + 1, std::memory_order_release);
                await(2 * i + 2);
            }
        },
        [&] {
            board->ready = 1;
            for (unsigned i = 0; i < trips; i++) {
                await(2 * i + 1);
                line->store(2 * i + 2, std::memory_order_release);
            }
        });

    munmap(line, 4096);
    return seconds * 1e9 / trips;
}

/* ---- kernel paths, for scale ---- */

template <size_t N> class Descriptor
{
  public:
    Descriptor(void *memory, bool producer, int) : fd_(static_cast<int *>(memory)[producer ? 1 : 0])
    {
    }
    bool push(const Message<N> &m)
    {
        return write(fd_, m.bytes, N) == ssize_t(N);
    }
    bool pop(Message<N> &m)
    {
        size_t got = 0;

        while (got < N) {
            ssize_t n = read(fd_, m.bytes + got, N - got);

            if (n <= 0) {
                board->wrong = 1;
                return true;
            }
            got += size_t(n);
        }
        return true;
    }
    void relax()
    {
    }

  private:
    int fd_;
};

const int pauses[] = {0, 1, 4, 16, 32};

template <size_t N> uint64_t stream_length()
{
    return std::min<uint64_t>(1000000, (uint64_t(128) << 20) / N);
}

template <size_t N, template <size_t> class Peer> void round_of()
{
    const std::string size = std::to_string(N) + " B";

    for (int pause : pauses) {
        void *a = shared(Peer<N>::bytes()), *b = shared(Peer<N>::bytes());

        Peer<N>::make(a);
        Peer<N>::make(b);
        record("stream " + size, Peer<N>::name(), pause,
               stream<N, Peer<N>>(a, pause, stream_length<N>()));
        Peer<N>::make(a);
        record("round trip " + size, Peer<N>::name(), pause, trip<N, Peer<N>>(a, b, pause, 20000));
        munmap(a, Peer<N>::bytes());
        munmap(b, Peer<N>::bytes());
    }
}

template <size_t N> void round_of_ours()
{
    const std::string size = std::to_string(N) + " B";
    char a[64], b[64];

    snprintf(a, sizeof a, "compare-a-%d", int(getpid()));
    snprintf(b, sizeof b, "compare-b-%d", int(getpid()));
    record("stream " + size, "shmring", 0, stream<N, Shmring<N>>(a, 0, stream_length<N>()));
    record("round trip " + size, "shmring", 0, trip<N, Shmring<N>>(a, b, 0, 20000));
}

template <size_t N> void round_of_kernel()
{
    const std::string size = std::to_string(N) + " B";
    int a[2], b[2];

    if (pipe(a) == 0 && pipe(b) == 0) {
        record("stream " + size, "pipe", 0, stream<N, Descriptor<N>>(a, 0, 50000));
        record("round trip " + size, "pipe", 0, trip<N, Descriptor<N>>(a, b, 0, 5000));
        close(a[0]), close(a[1]), close(b[0]), close(b[1]);
    }
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, a) == 0 &&
        socketpair(AF_UNIX, SOCK_STREAM, 0, b) == 0) {
        record("stream " + size, "Unix socket", 0, stream<N, Descriptor<N>>(a, 0, 50000));
        record("round trip " + size, "Unix socket", 0, trip<N, Descriptor<N>>(a, b, 0, 5000));
        close(a[0]), close(a[1]), close(b[0]), close(b[1]);
    }
}

template <size_t N> void one_round()
{
    round_of_ours<N>();
#ifdef HAVE_BOOST
    round_of<N, Boost>();
#endif
#ifdef HAVE_ATOMIC_QUEUE
    round_of<N, AtomicQueue>();
#endif
#ifdef HAVE_CK
    round_of<N, ConcurrencyKit>();
#endif
    round_of_kernel<N>();
}

} // namespace

int main(int argc, char **argv)
{
    const char *json = nullptr;
    int rounds = 9;

    for (int i = 1; i < argc; i += 2) {
        if (i + 1 < argc && strcmp(argv[i], "--rounds") == 0 && atoi(argv[i + 1]) > 0) {
            rounds = atoi(argv[i + 1]);
        } else if (i + 1 < argc && strcmp(argv[i], "--json") == 0) {
            json = argv[i + 1];
        } else {
            fprintf(stderr, "usage: shmring_compare [--rounds N] [--json FILE]\n");
            return 2;
        }
    }
    if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
        fprintf(stderr, "shmring_compare: two processors are needed, and there is one\n");
        return 1;
    }
    board = static_cast<Board *>(shared(sizeof(Board)));
    for (int round = 0; round < rounds; round++) {
        for (int pause : pauses) {
            record("round trip, bare cache line", "one line", pause, line_floor(pause, 20000));
        }
        one_round<8>();
        one_round<64>();
        one_round<256>();
        one_round<1024>();
        one_round<4096>();
    }
    print_host(rounds);
    print_table();
    if (json != nullptr) {
        write_json(json);
    }
    return 0;
}
