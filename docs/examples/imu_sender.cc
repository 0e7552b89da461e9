// SPDX-License-Identifier: MIT
// imu_sender.cc - a motion sensor's samples at a fixed rate, and its health now and then, as
// structs through <shmring/shmring.hpp>.
//
//   imu_sender [RING [HERTZ [SECONDS]]]     (imu, 1000, 10)
//   imu_reader [RING]                       (in another terminal, before or while it runs)
//
// Shows: a struct is a record, and its type number comes with it; a sender that must not wait: what
// does not fit is dropped, counted, and the reader sees a gap; filling a record in place.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <thread>

#include "imu.hpp"

namespace
{

using clock_type = std::chrono::steady_clock;

struct counts {
    unsigned long long sent, dropped;
};

// The sensor of this example turns around once a second and is shaken a little.
void measure(imu::motion &m, std::uint64_t sequence, double seconds)
{
    const double turn = 2 * 3.14159265358979 * seconds;

    m = imu::motion{};
    m.sequence = sequence;
    m.time_ns = static_cast<std::uint64_t>(
        std::chrono::nanoseconds(clock_type::now().time_since_epoch()).count());
    m.acceleration[0] = static_cast<float>(std::cos(turn));
    m.acceleration[1] = static_cast<float>(std::sin(turn));
    m.acceleration[2] = 9.81f;
    m.rotation[2] = 6.2831853f;
}

// Straight into the ring: a reservation that is not committed leaves nothing behind.
std::error_code send_motion(shmring::producer &p, std::uint64_t sequence, double seconds)
{
    shmring::reservation room;

    if (auto bad = p.reserve(sizeof(imu::motion), room)) {
        return bad;
    }
    measure(*new (room.room().data()) imu::motion, sequence, seconds);
    room.commit(sizeof(imu::motion), imu::motion::record_type);
    return {};
}

bool count(std::error_code bad, counts &n)
{
    if (bad && bad != shmring::errc::full) {
        std::fprintf(stderr, "imu_sender: %s\n", shmring::error_detail());
        return false;
    }
    (bad ? n.dropped : n.sent)++;
    return true;
}

bool run(shmring::producer &p, unsigned hertz, unsigned seconds, counts &n)
{
    const std::uint64_t last = std::uint64_t{hertz} * seconds;
    const auto start = clock_type::now();

    for (std::uint64_t tick = 0; tick < last; tick++) {
        const double at = static_cast<double>(tick) / hertz;

        std::this_thread::sleep_until(start + std::chrono::duration_cast<clock_type::duration>(
                                                  std::chrono::duration<double>(at)));
        if (!count(send_motion(p, tick, at), n)) {
            return false;
        }
        if (tick % 100 == 0 && !count(p.try_send(imu::health{tick / 100, 41.5f, 0}), n)) {
            return false;
        }
    }
    return true;
}

unsigned number(int argc, char **argv, int at, unsigned otherwise)
{
    return argc > at ? static_cast<unsigned>(std::strtoul(argv[at], nullptr, 10)) : otherwise;
}

} // namespace

int main(int argc, char **argv)
{
    const unsigned hertz = number(argc, argv, 2, 1000), seconds = number(argc, argv, 3, 10);
    shmring::producer p;
    counts n{};

    if (hertz == 0 || argc > 4) {
        std::fprintf(stderr, "usage: imu_sender [RING [HERTZ [SECONDS]]]\n");
        return 2;
    }
    if (p.open(argc > 1 ? argv[1] : imu::default_ring, imu::ring_options())) {
        std::fprintf(stderr, "imu_sender: %s\n", shmring::error_detail());
        return 1;
    }
    if (!run(p, hertz, seconds, n)) {
        return 1;
    }
    std::printf("sent %llu, dropped %llu\n", n.sent, n.dropped);
    return 0; // the producer closes itself, and the reader gets the rest
}
