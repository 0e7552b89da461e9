/* SPDX-License-Identifier: MIT */
/* processes.hh - two pinned processes and the loops they run: streams, streams of many elements a
 * call, round trips, and the bare cache line. Every message is checked. */
#ifndef SHMRING_BENCH_PEERS_PROCESSES_HH
#define SHMRING_BENCH_PEERS_PROCESSES_HH

#include "contender.hh"
#include "run.hh"

#include <atomic>
#include <cstdlib>
#include <sched.h>
#include <signal.h>
#include <string>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

inline double now()
{
    timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return double(t.tv_sec) + double(t.tv_nsec) * 1e-9;
}

inline void pin(unsigned cpu)
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
    alignas(128) double start, finish;
};

inline void *shared(size_t n)
{
    void *p = mmap(nullptr, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return p;
}

inline Board *board;

/* A process of its own on one processor; its exit does what the peers leave for an exit to do. */
template <class Work> pid_t start_process(unsigned cpu, Work work)
{
    pid_t pid = fork();

    if (pid == 0) {
        pin(cpu);
        work();
        exit(0);
    }
    return pid;
}

/* When one of them fails, the other one would wait for ever, and the program ends. */
inline void await_both(pid_t a, pid_t b)
{
    int status, left = 2;

    while (left > 0) {
        pid_t got = waitpid(-1, &status, 0);

        if (got < 0 || ((got == a || got == b) && status != 0)) {
            fprintf(stderr, "one of the two processes failed\n");
            kill(got == a ? b : a, SIGKILL);
            exit(1);
        }
        left -= got == a || got == b;
    }
}

/* Runs `here` and `there` in processes of their own. `here` gets a function to call when it is set
 * up: that waits for the other one, and starts the clock. `there` calls ready() and done(). Seconds
 * between the two; a wrong message ends the program. Opening and closing is not part of the time.
 */
template <class Here, class There> double run_pair(Here here, There there)
{
    pid_t second;

    board->ready = 0;
    board->wrong = 0;
    fflush(stdout);
    second = start_process(1, there);
    await_both(second, start_process(0, [&] {
                   here([] {
                       while (!board->ready) {
                           usleep(100);
                       }
                       usleep(200); /* the other one is in its loop */
                       board->start = now();
                   });
               }));
    if (board->wrong) {
        fprintf(stderr, "a message was lost or changed\n");
        exit(1);
    }
    return board->finish - board->start;
}

inline void ready()
{
    board->ready = 1;
}

inline void done(bool right)
{
    board->finish = now();
    if (!right) {
        board->wrong = 1;
    }
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
        [&](auto begin) {
            Peer ring(memory, true, pause);
            Message<N> m{};

            begin();
            for (uint64_t i = 0; i < messages; i++) {
                put<N>(ring, m, i);
            }
        },
        [&] {
            Peer ring(memory, false, pause);
            Message<N> m{};
            bool right = true;

            ready();
            for (uint64_t i = 0; i < messages; i++) {
                right &= get<N>(ring, m, i);
            }
            done(right);
        });

    return seconds * 1e9 / double(messages);
}

/* Nanoseconds for a message whose every byte is made, and read. */
template <class Peer> double stream_made(void *memory, int pause, uint64_t messages)
{
    double seconds = run_pair(
        [&](auto begin) {
            Peer ring(memory, true, pause);

            begin();
            for (uint64_t i = 0; i < messages; i++) {
                ring.make_one(i);
            }
        },
        [&] {
            Peer ring(memory, false, pause);
            bool right = true;

            ready();
            for (uint64_t i = 0; i < messages; i++) {
                right &= ring.read_one(i);
            }
            done(right);
        });

    return seconds * 1e9 / double(messages);
}

/* Nanoseconds for a message there and back. */
template <size_t N, class Peer>
double trip(void *out_memory, void *back_memory, int pause, uint64_t messages)
{
    double seconds = run_pair(
        [&](auto begin) {
            Peer out(out_memory, true, pause), back(back_memory, false, pause);
            Message<N> m{};
            bool right = true;

            begin();
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

            ready();
            for (uint64_t i = 0; i < messages; i++) {
                right &= get<N>(out, m, i);
                put<N>(back, m, i);
            }
            done(right);
        });

    return seconds * 1e9 / double(messages);
}

constexpr size_t batch = 64;

template <class Peer> void put_many(Peer &ring, const Element *m)
{
    for (size_t at = 0; at < batch;) {
        size_t n = ring.push_many(m + at, batch - at);

        if (n == 0) {
            ring.relax();
        }
        at += n;
    }
}

/* Nanoseconds for an element of 8 bytes, where as many as `batch` go in a call. */
template <class Peer> double stream_many(void *memory, int pause, uint64_t messages)
{
    messages -= messages % batch;
    double seconds = run_pair(
        [&](auto begin) {
            Peer ring(memory, true, pause);
            Element m[batch];

            begin();
            for (uint64_t i = 0; i < messages; i += batch) {
                for (uint64_t k = 0; k < batch; k++) {
                    uint64_t number = i + k;
                    memcpy(m[k].bytes, &number, 8);
                }
                escape(m);
                put_many(ring, m);
            }
        },
        [&] {
            Peer ring(memory, false, pause);
            Element m[batch];
            uint64_t wrong = 0, got;

            ready();
            for (uint64_t i = 0; i < messages;) {
                size_t n = ring.pop_many(m, batch);

                if (n == 0) {
                    ring.relax();
                }
                escape(m);
                for (size_t k = 0; k < n; k++, i++) {
                    memcpy(&got, m[k].bytes, 8);
                    wrong |= got ^ i;
                }
            }
            done(wrong == 0);
        });

    return seconds * 1e9 / double(messages);
}

/* The floor of a round trip: one cache line that both write in turn. */
inline double line_floor(int pause, unsigned trips)
{
    auto *line = static_cast<std::atomic<unsigned> *>(shared(4096));
    auto await = [&](unsigned value) {
        while (line->load(std::memory_order_acquire) != value) {
            pause_for(pause);
        }
    };
    double seconds = run_pair(
        [&](auto begin) {
            begin();
            for (unsigned i = 0; i < trips; i++) {
                line->store(2 * i + 1, std::memory_order_release);
                await(2 * i + 2);
            }
        },
        [&] {
            ready();
            for (unsigned i = 0; i < trips; i++) {
                await(2 * i + 1);
                line->store(2 * i + 2, std::memory_order_release);
            }
            done(true);
        });

    munmap(line, 4096);
    return seconds * 1e9 / trips;
}

#endif
