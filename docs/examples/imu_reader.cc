// SPDX-License-Identifier: MIT
// imu_reader.cc - reads what imu_sender sends, each struct by its own function.
//
//   imu_reader [RING]        (imu)
//
// Shows: recv_any() finds the type; a time limit; how a sender ends; std::error_code.
#include <chrono>
#include <cstdio>

#include "imu.hpp"

namespace
{

class reader
{
  public:
    void operator()(const imu::motion &m)
    {
        lost_ += motions_ != 0 ? m.sequence - next_ : 0;
        next_ = m.sequence + 1;
        motions_++;
        sum_ += m.acceleration[2];
    }
    void operator()(const imu::health &h)
    {
        healths_++;
        celsius_ = h.celsius;
    }
    // A type that a later version may add: it is there, and not ours.
    void operator()(const shmring::record &)
    {
        others_++;
    }
    void print() const
    {
        std::printf("%llu motions, %llu lost, mean acceleration %.2f m/s2 down; %llu healths, "
                    "%.1f C; %llu others\n",
                    motions_, lost_, motions_ != 0 ? sum_ / static_cast<double>(motions_) : 0.0,
                    healths_, static_cast<double>(celsius_), others_);
        std::fflush(stdout);
    }

  private:
    unsigned long long motions_ = 0, healths_ = 0, others_ = 0, lost_ = 0;
    std::uint64_t next_ = 0;
    double sum_ = 0;
    float celsius_ = 0;
};

} // namespace

int main(int argc, char **argv)
{
    using namespace std::chrono_literals;
    shmring::consumer c;
    reader r;

    if (c.open(argc > 1 ? argv[1] : imu::default_ring, imu::ring_options())) {
        std::fprintf(stderr, "imu_reader: %s\n", shmring::error_detail());
        return 1;
    }
    for (;;) {
        const std::error_code bad = c.recv_any<imu::motion, imu::health>(r, 1s);

        if (bad == shmring::errc::timeout) {
            r.print(); // nothing for a second: the sender is not there yet, or rests
        } else if (bad) {
            r.print();
            if (bad == shmring::errc::closed) {
                return 0;
            }
            std::fprintf(stderr, "imu_reader: %s\n", bad.message().c_str());
            return 1;
        }
    }
}
