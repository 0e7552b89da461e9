// SPDX-License-Identifier: MIT
// imu.hpp - what imu_sender and imu_reader agree on: two structs, their type numbers, one version.
//
// The ring's schema number comes from the version and from the type number, size and alignment of
// each struct. A program that was built with other ones cannot open the ring, and the sentence has
// both numbers. Raise the version when a field changes its meaning and not its size.
#ifndef IMU_HPP
#define IMU_HPP

#include <cstdint>

#include <shmring/shmring.hpp>

#ifndef IMU_VERSION
#define IMU_VERSION 2
#endif

namespace imu
{

inline constexpr const char *default_ring = "imu";

// The measurement of the sensor.
struct motion {
    static constexpr std::uint16_t record_type = 1;
    std::uint64_t sequence;
    std::uint64_t time_ns; // steady clock
    float acceleration[3]; // m/s2
    float rotation[3];     // rad/s
};

// How it fares.
struct health {
    static constexpr std::uint16_t record_type = 2;
    std::uint64_t sequence;
    float celsius;
    std::uint32_t resets;
};

inline shmring::options ring_options()
{
    shmring::options o;
    o.schema = shmring::schema<motion, health>(IMU_VERSION);
    return o;
}

} // namespace imu

#endif
