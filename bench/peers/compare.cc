/* SPDX-License-Identifier: MIT */
/* compare.cc - shmring and its peers side by side: two pinned processes, the same ring bytes, every
 * message checked, each peer at its best pause, interleaved rounds, medians and ratios.
 *
 *   shmring_compare [--rounds N] [--brief] [--json FILE] [--only WORK]
 *
 * WORK is a part of a work's name, as the table has it: "stream 64 B", "round trip".
 * Timings drift with where the processors happen to run, so that only ratios within one run mean
 * anything: each round runs every contender once, and the medians of the rounds are compared. */
#include "iceoryx.hh"
#include "kernel.hh"
#include "libraries.hh"
#include "processes.hh"
#include "contender.hh"
#include "table.hh"
#include "run.hh"

#include <cstdlib>
#include <string>
#include <sys/mman.h>

namespace
{

uint64_t shorter = 1; /* streams and trips are this many times shorter in a brief run */

std::string only; /* works whose names contain this */

const int pauses[] = {0, 1, 4, 16, 32};

/* Records what `work` takes, unless it is not asked for. */
template <class Measure>
void measured(const std::string &work, const char *contender, int pause, Measure measure)
{
    if (work.find(only) != std::string::npos) {
        record(work, contender, pause, measure());
    }
}

template <size_t N> uint64_t stream_length()
{
    return std::min<uint64_t>(400000, (uint64_t(64) << 20) / N) / shorter;
}

template <size_t N> std::string size_of_message()
{
    return std::to_string(N) + " B";
}

/* One contender at one pause: a stream and round trips. */
template <size_t N, class Peer> void setting(int pause, uint64_t messages, uint64_t trips)
{
    void *a = shared(Peer::bytes()), *b = shared(Peer::bytes());

    Peer::make(a);
    measured("stream " + size_of_message<N>(), Peer::name(), pause,
             [&] { return stream<N, Peer>(a, pause, messages); });
    Peer::unmake(a);
    Peer::make(a);
    Peer::make(b);
    measured("round trip " + size_of_message<N>(), Peer::name(), pause,
             [&] { return trip<N, Peer>(a, b, pause, trips); });
    Peer::unmake(a);
    Peer::unmake(b);
    munmap(a, Peer::bytes());
    munmap(b, Peer::bytes());
}

template <size_t N, class Peer> void polling(int pause)
{
    setting<N, Peer>(pause, stream_length<N>(), 10000 / shorter);
}

/* A lock for each message, a service, or a system call: fewer messages. */
template <size_t N, class Peer> void slow(int pause)
{
    setting<N, Peer>(pause, 20000 / shorter, 2000 / shorter);
}

template <size_t N, class Peer> void stream_at(int pause)
{
    void *a = shared(Peer::bytes());

    Peer::make(a);
    measured("stream " + size_of_message<N>(), Peer::name(), pause,
             [&] { return stream<N, Peer>(a, pause, stream_length<N>()); });
    Peer::unmake(a);
    munmap(a, Peer::bytes());
}

template <class Peer> void many_at(int pause)
{
    void *a = shared(Peer::bytes());

    Peer::make(a);
    measured("stream 8 B by 64", Peer::name(), pause,
             [&] { return stream_many<Peer>(a, pause, 4 * stream_length<8>()); });
    Peer::unmake(a);
    munmap(a, Peer::bytes());
}

void elements(int pause)
{
    stream_at<8, ShmringBytes>(pause);
    many_at<ShmringBytes>(pause);
#ifdef HAVE_BOOST
    many_at<BoostMany>(pause);
#endif
#ifdef HAVE_DPDK
    many_at<DpdkMany>(pause);
#endif
}

template <size_t N, class Peer> void made_at(int pause)
{
    void *a = shared(Peer::bytes());

    Peer::make(a);
    measured("made and read " + size_of_message<N>(), Peer::name(), pause,
             [&] { return stream_made<Peer>(a, pause, stream_length<N>()); });
    Peer::unmake(a);
    munmap(a, Peer::bytes());
}

/* Messages whose every byte is made and read: where they lie, or copied in and out. */
template <size_t N> void made(int pause)
{
    made_at<N, ShmringPlaced<N>>(pause);
    made_at<N, Copied<N, Shmring<N>>>(pause);
#ifdef HAVE_BOOST
    made_at<N, Copied<N, Boost<N>>>(pause);
    made_at<N, BoostPlaced<N>>(pause);
#endif
#ifdef HAVE_ATOMIC_QUEUE
    made_at<N, Copied<N, AtomicQueue<N>>>(pause);
#endif
#ifdef HAVE_CK
    made_at<N, Copied<N, ConcurrencyKit<N>>>(pause);
#endif
#ifdef HAVE_DPDK
    made_at<N, Copied<N, DpdkElements<N>>>(pause);
    made_at<N, DpdkMade<N>>(pause);
#endif
#ifdef HAVE_READERWRITERQUEUE
    made_at<N, Copied<N, ReaderWriter<N>>>(pause);
#endif
}

/* All that polls, at one pause. shmring has no use for the pause: it runs as often as each of the
 * others, right beside them. */
template <size_t N> void rings(int pause)
{
    measured("round trip " + size_of_message<N>(), "bare cache line", pause,
             [&] { return line_floor(pause, unsigned(10000 / shorter)); });
    polling<N, Shmring<N>>(pause);
#ifdef HAVE_BOOST
    polling<N, Boost<N>>(pause);
#endif
#ifdef HAVE_ATOMIC_QUEUE
    polling<N, AtomicQueue<N>>(pause);
#endif
#ifdef HAVE_CK
    polling<N, ConcurrencyKit<N>>(pause);
#endif
#ifdef HAVE_DPDK
    polling<N, DpdkElements<N>>(pause);
    polling<N, DpdkPlaced<N>>(pause);
#endif
#ifdef HAVE_READERWRITERQUEUE
    polling<N, ReaderWriter<N>>(pause);
#endif
#ifdef HAVE_INTERPROCESS
    slow<N, Interprocess<N>>(pause);
#endif
#ifdef HAVE_ICEORYX
    if (Roudi::there()) {
        slow<N, Iceoryx<N>>(pause);
    }
#endif
}

template <size_t N> void one_round()
{
    for (int pause : pauses) {
        rings<N>(pause);
        if (N == 8) {
            elements(pause);
        }
        if (N >= 1024) {
            made<N>(pause);
        }
    }
    slow<N, Pipe<N>>(0);
    slow<N, Socket<N>>(0);
    slow<N, MessageQueue<N>>(0);
    slow<N, Eventfd<N>>(0);
}

} // namespace

int main(int argc, char **argv)
{
    const char *json = nullptr;
    int rounds = 9;

    for (int i = 1; i < argc; i++) {
        if (i + 1 < argc && strcmp(argv[i], "--rounds") == 0 && atoi(argv[i + 1]) > 0) {
            rounds = atoi(argv[++i]);
        } else if (i + 1 < argc && strcmp(argv[i], "--json") == 0) {
            json = argv[++i];
        } else if (strcmp(argv[i], "--brief") == 0) {
            shorter = 100;
        } else if (i + 1 < argc && strcmp(argv[i], "--only") == 0) {
            only = argv[++i];
        } else {
            fprintf(stderr, "usage: shmring_compare [--rounds N] [--brief] [--json FILE]"
                            " [--only WORK]\n");
            return 2;
        }
    }
    if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
        fprintf(stderr, "shmring_compare: two processors are needed, and there is one\n");
        return 1;
    }
    board = static_cast<Board *>(shared(sizeof(Board)));
#ifdef HAVE_ICEORYX
    Roudi daemon;
#endif
    for (int round = 0; round < rounds; round++) {
        one_round<8>();
        one_round<64>();
        one_round<256>();
        one_round<1024>();
        one_round<4096>();
    }
    if (rows.empty()) {
        fprintf(stderr, "shmring_compare: no work has \"%s\" in its name; try \"stream 64 B\"\n",
                only.c_str());
        return 1;
    }
    print_host(rounds);
    print_table();
    if (json != nullptr) {
        write_json(json);
    }
    return 0;
}
