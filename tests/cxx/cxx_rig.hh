// SPDX-License-Identifier: MIT
// cxx_rig.hh - what the tests of shmring.hpp share: structs to send, and a ring with both its
// sides.
#ifndef SHMRING_TESTS_CXX_RIG_HH
#define SHMRING_TESTS_CXX_RIG_HH

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

#include <shmring/shmring.hpp>

#include "cxx_check.hh"

using namespace std::chrono_literals;

struct volts {
    static constexpr std::uint16_t record_type = 7;
    std::uint64_t sequence;
    double value;
};
struct amperes {
    static constexpr std::uint16_t record_type = 8;
    std::uint32_t sequence;
    float value;
};
struct watts { // of the same size as volts
    static constexpr std::uint16_t record_type = 9;
    std::uint64_t sequence;
    double value;
};
struct other_volts {
    static constexpr std::uint16_t record_type = 7;
    std::uint64_t sequence;
    double value, more;
};
struct foreign { // without a number of its own
    char text[24];
};

template <> struct shmring::record_type_of<foreign> : std::integral_constant<std::uint16_t, 99> {
};

inline std::string new_name()
{
    static unsigned n;
    return "cxx." + std::to_string(std::chrono::steady_clock::now().time_since_epoch().count()) +
           "." + std::to_string(++n);
}

struct pair {
    std::string name = new_name();
    shmring::producer p;
    shmring::consumer c;
    explicit pair(const shmring_options &opt = shmring::options())
    {
        if (p.open(name.c_str(), opt) || c.open(name.c_str())) {
            std::printf("# %s\n", shmring::error_detail());
        }
    }
};

inline shmring::bytes text(const char *s)
{
    return {reinterpret_cast<const std::byte *>(s), std::char_traits<char>::length(s)};
}

#endif
