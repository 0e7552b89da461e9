// SPDX-License-Identifier: MIT
// records_test.cc - structs, types, views and schema numbers.
#include <string>
#include <vector>
#if __has_include(<span>) && __cplusplus > 201703L
#include <span>
#endif

#include "cxx_rig.hh"

namespace
{

void shouldPassAStruct()
{
    pair r;
    volts got{};
    shmring::record raw;
    volts room{};

    CHECK(!r.p.try_send(volts{1, 2.5}));
    CHECK(!r.c.recv(got));
    CHECK(got.sequence == 1 && got.value == 2.5);
    CHECK(!r.p.send(volts{2, 3.5}, 1ms));
    CHECK(!r.c.recv(shmring::as_writable_bytes(shmring::span<volts>(&room, 1)), raw));
    CHECK(raw.type == 7 && raw.len == sizeof(volts) && room.value == 3.5 && !raw.gap());
    CHECK(!r.p.try_send(foreign{"hello"}));
    CHECK(!r.c.peek(raw));
    CHECK(raw.type == 99 && raw.is<foreign>() && !raw.is<volts>());
}

void shouldGiveEachTypeToWhoeverWantsIt()
{
    pair r;
    std::string seen;
    struct {
        std::string &seen;
        void operator()(const volts &v)
        {
            seen += "v" + std::to_string(v.sequence);
        }
        void operator()(const amperes &a)
        {
            seen += "a" + std::to_string(a.sequence);
        }
        void operator()(const shmring::record &other)
        {
            seen += "?" + std::to_string(other.type) + ":" + std::to_string(other.len);
        }
    } all{seen};

    CHECK(!r.p.try_send(volts{1, 0}));
    CHECK(!r.p.try_send(amperes{2, 0}));
    CHECK(!r.p.try_send(text("abc"), 7)); // the number of volts, not its length
    CHECK(!r.p.try_send(volts{3, 0}));
    for (int i = 0; i < 4; i++) {
        CHECK(!(r.c.recv_any<volts, amperes>(all)));
    }
    CHECK(seen == "v1a2?7:3v3");
    CHECK((r.c.recv_any<volts, amperes>(all, 0ns)) == shmring::errc::empty);
}

void shouldSayWhenARecordIsOfAnotherType()
{
    pair r;
    volts got{42, 0};
    shmring::record raw;

    CHECK(!r.p.try_send(amperes{2, 0}));
    CHECK(!r.p.try_send(foreign{"longer"}));
    CHECK(!r.p.try_send(volts{5, 0}));
    CHECK(r.c.try_recv(got) == shmring::errc::mismatch);
    CHECK(got.sequence == 42);
    CHECK(r.c.try_recv(got) == shmring::errc::too_big); // and again: it stays
    CHECK(r.c.try_recv(got) == shmring::errc::too_big);
    CHECK(got.sequence == 42);
    CHECK(!r.c.peek(raw));
    foreign text_of;
    CHECK(raw.get(text_of) && std::string(text_of.text) == "longer");
    CHECK(!raw.get(got) && got.sequence == 42);
    r.c.release();
    CHECK(!r.c.try_recv(got) && got.sequence == 5);
}

void shouldTellTypesOfOneSizeApart()
{
    pair r;
    volts got{42, 0};
    std::string seen;
    shmring::record raw;
    const auto of_watts = [&](const watts &w) { seen += "w" + std::to_string(w.sequence); };

    static_assert(sizeof(watts) == sizeof(volts));
    CHECK(!r.p.try_send(watts{1, 2}) && !r.p.try_send(watts{3, 4}) && !r.p.try_send(volts{5, 6}));
    CHECK(!r.c.peek(raw) && raw.is<watts>() && !raw.is<volts>() && !raw.is<other_volts>());
    CHECK(!raw.get(got) && got.sequence == 42);
    CHECK(r.c.try_recv(got) == shmring::errc::mismatch && got.sequence == 42);
    CHECK(!r.c.recv_any<watts>(of_watts) && seen == "w3");
    CHECK(r.c.recv_any<watts>(of_watts) == shmring::errc::mismatch && seen == "w3");
}

void shouldMakeViews()
{
    std::vector<int> numbers{1, 2, 3};
    const shmring::span<const int> view(numbers);
    int sum = 0;

    for (int n : view) {
        sum += n;
    }
    CHECK(sum == 6 && view.size_bytes() == 3 * sizeof(int) && view.first(2).size() == 2);
    CHECK(view.after(2)[0] == 3 && view.after(4).empty() && view.first(9).size() == 3);
    CHECK(shmring::as_bytes(view).size() == 3 * sizeof(int));
    CHECK(shmring::timeout_ns(-5s) == 0 && shmring::timeout_ns(2us) == 2000);
    CHECK(shmring::timeout_ns(shmring::forever) == SHMRING_FOREVER);
#ifdef __cpp_lib_span
    const std::span<const int> standard = view;
    CHECK(standard.size() == 3 && shmring::span<const int>(standard).size() == 3);
#endif
}

void shouldNumberSchemasByWhatStructsAre()
{
    constexpr std::uint64_t one = shmring::schema<volts, amperes>(1);

    static_assert(one != 0 && one == shmring::schema<volts, amperes>(1));
    static_assert(one != shmring::schema<volts, amperes>(2));
    static_assert(one != shmring::schema<amperes, volts>(1));
    static_assert(one != shmring::schema<other_volts, amperes>(1));
    static_assert(one != shmring::schema<volts>(1));
    static_assert(shmring::schema<>(0) != 0);

    shmring::options o;
    o.schema = one;
    pair r(o);
    shmring::consumer c;
    r.c.close();
    o.schema = shmring::schema<volts, amperes>(2);
    CHECK(c.open(r.name.c_str(), o) == shmring::errc::mismatch);
    o.schema = one;
    CHECK(!c.open(r.name.c_str(), o));
}

} // namespace

void run_records()
{
    RUN(shouldPassAStruct);
    RUN(shouldGiveEachTypeToWhoeverWantsIt);
    RUN(shouldSayWhenARecordIsOfAnotherType);
    RUN(shouldTellTypesOfOneSizeApart);
    RUN(shouldMakeViews);
    RUN(shouldNumberSchemasByWhatStructsAre);
}
