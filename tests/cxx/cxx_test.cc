// SPDX-License-Identifier: MIT
// cxx_test.cc - shmring.hpp: what the C API answers arrives, and nothing is lost on the way. Built
// with each compiler, with and without exceptions.
#include <array>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#if defined(__GNUC__) // the C headers have C's casts; the C++ ones have none of them
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
#endif
#include <shmring/shmring.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
#include <shmring/shmring.hpp>
#if __has_include(<span>) && __cplusplus > 201703L
#include <span>
#endif

#include "cxx_check.hh"

namespace
{

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
struct other_volts {
    static constexpr std::uint16_t record_type = 7;
    std::uint64_t sequence;
    double value, more;
};
struct foreign { // without a number of its own
    char text[24];
};

} // namespace

template <> struct shmring::record_type_of<foreign> : std::integral_constant<std::uint16_t, 99> {
};

namespace
{

std::string new_name()
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

shmring::bytes text(const char *s)
{
    return {reinterpret_cast<const std::byte *>(s), std::char_traits<char>::length(s)};
}

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

void shouldHaveErrorsThatCompare()
{
    pair r;
    volts got;
    shmring::producer second;
    shmring::options existing;

    CHECK(r.c.try_recv(got) == shmring::errc::empty);
    CHECK(r.c.try_recv(got) == std::errc::resource_unavailable_try_again);
    CHECK(r.c.recv(got, 1ms) == std::errc::timed_out);
    const std::error_code busy = second.open(r.name.c_str());
    CHECK(busy && busy == shmring::errc::busy && busy == std::errc::device_or_resource_busy);
    CHECK(busy.message() == shmring_status_text(SHMRING_E_BUSY));
    CHECK(&busy.category() == &shmring::category());
    CHECK(std::string(busy.category().name()) == "shmring");
    CHECK(std::string(shmring::error_detail()).find(r.name) != std::string::npos);
    CHECK(!second.is_open());
    existing.open_mode = SHMRING_OPEN_ONLY;
    CHECK(second.open("no.such.ring", existing) == std::errc::no_such_file_or_directory);
    CHECK(second.open("no such ring") == std::errc::invalid_argument);
    existing.schema = 1;
    CHECK(second.open(r.name.c_str(), existing) == shmring::errc::mismatch);
    CHECK(shmring::make_error_code(SHMRING_OK) == std::error_code(0, shmring::category()));
    r.p.close();
    CHECK(r.c.recv(got) == shmring::errc::closed);
    CHECK(shmring::make_error_code(SHMRING_LAPPED).default_error_condition().value() == 6);
}

void shouldOwnOneHandleAndCloseIt()
{
    pair r;
    shmring::producer moved(std::move(r.p));
    shmring_info info;

    CHECK(!r.p && moved.is_open());
    CHECK(r.p.try_send(volts{}) == shmring::errc::invalid);
    CHECK(!moved.try_send(volts{1, 0}));
    moved = shmring::producer(); // assignment closes
    CHECK(!moved);
    CHECK(!shmring::inspect(r.name.c_str(), info) && info.producer.alive == 0);
    CHECK(!moved.open(r.name.c_str()));
    shmring_producer *const raw = moved.release_handle();
    CHECK(raw != nullptr && !moved);
    shmring_producer_close(raw);
    {
        shmring::consumer ends(std::move(r.c));
    }
    CHECK(shmring::inspect(r.name.c_str(), info) == shmring::errc::not_found);
    static_assert(!std::is_copy_constructible_v<shmring::producer>);
    static_assert(!std::is_copy_assignable_v<shmring::consumer>);
    static_assert(std::is_nothrow_move_constructible_v<shmring::consumer>);
}

void shouldBeHarmlessWithoutARing()
{
    shmring::producer p;
    shmring::consumer c;
    shmring::record raw;
    shmring::reservation room;
    std::uint32_t index = 0;

    p.publish(), p.abort(), p.relax(), p.write_advance(1), c.release(), c.relax(), c.interrupt();
    c.read_advance(1), p.close(), c.close(), room.commit(1), room.abort();
    CHECK(p.send(volts{}) == shmring::errc::invalid && p.stage(volts{}) == shmring::errc::invalid);
    CHECK(p.reserve(1, room) == shmring::errc::invalid && room.room().empty());
    CHECK(p.wait_space(1) == shmring::errc::invalid && c.wait_data() == shmring::errc::invalid);
    CHECK(c.peek(raw) == shmring::errc::invalid && c.drain([](const shmring::record &) {}) == 0);
    CHECK(p.write({}) == 0 && c.read({}) == 0 && p.write_span().empty() && c.read_span().empty());
    CHECK(p.wait_handle() == nullptr && c.wait_handle() == nullptr);
    CHECK(p.fd() == -1 && c.fd() == -1 && p.get() == nullptr && c.get() == nullptr);
    CHECK(shmring::wait_any({}, index, 0ns) == shmring::errc::invalid);
}

void shouldSendWhatIsCommittedAndDropTheRest()
{
    pair r;
    shmring::reservation room;
    shmring::record raw;

    CHECK(!r.p.reserve(100, room) && room.room().size() == 100);
    room.room()[0] = std::byte{'x'};
    shmring::reservation other(std::move(room));
    other.commit(1, 5);
    other.commit(1, 6); // only once
    {
        shmring::reservation dropped;
        CHECK(!r.p.reserve(8, dropped));
    }
    CHECK(!r.p.reserve(8, room));
    room.commit(9); // more than the room: dropped
    CHECK(!r.p.reserve(8, room) && !r.p.reserve(16, room) && room.room().size() == 16);
    room.abort();
    CHECK(!r.c.peek(raw) && raw.len == 1 && raw.type == 5 && raw.payload()[0] == std::byte{'x'});
    r.c.release();
    CHECK(r.c.peek(raw) == shmring::errc::empty);
}

void shouldPublishABatchAndDrainIt()
{
    pair r;
    std::uint64_t sum = 0;
    std::uint32_t gaps = 0, seen = 0;
    shmring::record raw;

    for (std::uint64_t i = 1; i <= 200; i++) {
        CHECK(!r.p.stage(volts{i, 0}));
    }
    CHECK(r.c.peek(raw) == shmring::errc::empty);
    r.p.publish();
    const auto add = [&](const shmring::record &got) {
        volts v{};
        gaps += got.gap() ? 1u : 0u;
        seen += got.get(v) ? 1u : 0u;
        sum += v.sequence;
    };
    CHECK(r.c.drain(add, 70) == 70 && seen == 70 && sum == 70 * 71 / 2);
    CHECK(r.c.drain(add) == 130 && seen == 200 && sum == 200 * 201 / 2 && gaps == 0);
    CHECK(r.c.drain(add) == 0);
    CHECK(!r.p.stage(volts{}));
    r.p.abort();
    r.p.publish();
    CHECK(r.c.drain(add) == 0);
}

void shouldShowALossAndWaitForSpace()
{
    shmring::options small;
    small.capacity = 65536;
    pair r(small);
    const std::vector<std::byte> block(16000);
    shmring::record raw;
    std::error_code bad;

    while (!(bad = r.p.try_send(block))) {
    }
    CHECK(bad == shmring::errc::full);
    CHECK(r.p.wait_space(block.size(), 1ms) == shmring::errc::timeout); // it was a try, no loss
    CHECK(r.p.try_send(block) == shmring::errc::full);
    CHECK(r.p.try_send(std::vector<std::byte>(70000)) == shmring::errc::too_big);
    CHECK(r.c.drain([](const shmring::record &got) { (void)got; }) == 4);
    CHECK(!r.p.try_send(block));
    CHECK(!r.c.wait_data() && !r.c.peek(raw) && raw.gap());
}

void shouldPassBytes()
{
    shmring::options of_bytes;
    of_bytes.framing = SHMRING_BYTES;
    pair r(of_bytes);
    std::array<std::byte, 4> to{};
    const shmring::writable_bytes room = r.p.write_span();

    CHECK(room.size() >= 3);
    room[0] = std::byte{'a'}, room[1] = std::byte{'b'};
    r.p.write_advance(2);
    CHECK(r.p.write(text("cdef")) == 4);
    CHECK(r.c.read_span().size() == 6 && r.c.read_span()[5] == std::byte{'f'});
    r.c.read_advance(1);
    CHECK(r.c.read(to) == 4 && to[3] == std::byte{'e'});
    CHECK(r.c.read(to) == 1 && r.c.read(to) == 0);
}

void shouldWaitForAnyOfSeveral()
{
    pair one, two;
    shmring_consumer *const both[] = {one.c.get(), two.c.get()};
    std::uint32_t index = 9;

    CHECK(shmring::wait_any(both, index, 1ms) == shmring::errc::timeout && index == 9);
    CHECK(!two.p.try_send(volts{}));
    CHECK(!shmring::wait_any(both, index) && index == 1);
    CHECK(!shmring::wait_any(index, 1s, two.c, one.c) && index == 0);
    CHECK(!shmring::wait_any(index, shmring::forever, one.c, two.c) && index == 1);
    two.c.interrupt();
}

void shouldObserveWithoutTakingPart()
{
    pair r;
    shmring::observer o, none;
    volts got{};

    CHECK(none.observe(got) == shmring::errc::invalid && none.lost() == 0);
    CHECK(none.seek(SHMRING_OLDEST) == shmring::errc::invalid);
    none.skip();
    CHECK(o.open("no.such.ring") == shmring::errc::not_found);
    CHECK(!r.p.try_send(volts{1, 0}) && !r.p.try_send(amperes{2, 0}));
    CHECK(!r.p.try_send(foreign{"longer than volts"}) && !r.p.try_send(volts{3, 0}));
    CHECK(!o.open(r.name.c_str()));
    CHECK(o.observe(got) == shmring::errc::empty);
    CHECK(!o.seek(SHMRING_OLDEST));
    CHECK(!o.observe(got) && got.sequence == 1);
    CHECK(!o.observe(got) && got.sequence == 3);
    CHECK(o.observe(got) == shmring::errc::empty && got.sequence == 3);
    CHECK(!r.c.recv(got) && got.sequence == 1); // it is the consumer's all the same
    r.p.close();
    CHECK(o.observe(got) == shmring::errc::closed && o.lost() == 0);
}

void shouldTellAnObserverWhatItLost()
{
    shmring::options ring;
    ring.capacity = 65536;
    ring.overflow = SHMRING_OVERWRITE;
    pair r(ring);
    shmring::observer o;
    volts got{};
    std::uint64_t n = 1, seen = 1;

    CHECK(!r.p.try_send(volts{0, 0}));
    CHECK(!o.open(r.name.c_str()) && !o.seek(SHMRING_OLDEST));
    CHECK(!o.observe(got) && got.sequence == 0);
    for (; n <= 10000; n++) {
        CHECK(!r.p.try_send(volts{n, 0}));
    }
    CHECK(o.observe(got) == shmring::errc::lapped && o.lost() > 0);
    const std::uint64_t lost = o.lost() / (8 + sizeof(volts));
    CHECK(o.lost_records() == lost);
    while (!o.observe(got)) {
        CHECK(got.sequence == lost + seen);
        seen++;
    }
    CHECK(lost + seen == n);
}

void shouldTellAConsumerOfAnOverwriteRingWhatItLost()
{
    shmring::options o;
    o.capacity = 65536;
    o.overflow = SHMRING_OVERWRITE;
    pair r(o);
    shmring_info info{};
    volts got{};
    std::uint64_t n = 0;

    CHECK(r.c.lost() == 0);
    for (std::uint64_t i = 0; i < 10000; i++) {
        CHECK(!r.p.try_send(volts{i, 0}));
    }
    CHECK(r.c.try_recv(got) == shmring::errc::lapped);
    CHECK(r.c.lost() > 0 && r.c.lost() % 24 == 0); // the word, and a struct of 16 bytes
    for (; !r.c.try_recv(got); n++) {
        CHECK(got.sequence == r.c.lost() / 24 + n);
    }
    CHECK(n + r.c.lost() / 24 == 10000);
    CHECK(!shmring::inspect(r.name.c_str(), info));
    CHECK(info.counters.lapped == 1 && info.counters.evicted == r.c.lost() / 24);
    CHECK(shmring::consumer().lost() == 0);
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

void shouldTellHowLongRecordsLay()
{
    shmring::options o;
    o.stamp = SHMRING_STAMP_MONOTONIC;
    pair r(o);
    shmring::latency_counts l, all;
    volts got{};

    CHECK(!r.p.try_send(volts{1, 2}) && !r.c.recv(got) && !inspect_latency(r.name.c_str(), l));
    CHECK(!r.p.try_send(volts{2, 2}) && !r.c.recv(got) && !inspect_latency(r.name.c_str(), all));
    CHECK(all.count() == 2 && (all -= l).count() == 1 && all.quantile(0.5) == all.quantile(1));
    CHECK(all.summary().count == 1 &&
          shmring::nanoseconds(all.summary().max_ns) == all.quantile(1));
}

void shouldLookAfterRings()
{
    pair r;
    shmring_verdict verdict{};
    shmring_repaired repaired{};
    unsigned seen = 0;
    const auto count = [&](const char *name) { seen += name == "Local\\" + r.name ? 1u : 0u; };

    CHECK(!r.p.try_send(volts{1, 2}));
    CHECK(!shmring::verify(r.name.c_str(), verdict) && verdict.records == 1);
    CHECK(shmring::verify("no.such.ring", verdict) == shmring::errc::not_found);
    CHECK(shmring::verify_file("/no/such/file", verdict));
    CHECK(shmring::repair(r.name.c_str(), repaired) == shmring::errc::busy);
    CHECK(shmring::repair_file("/no/such/file", repaired));
    const std::error_code listed = shmring::list(count); // Windows keeps no list
    CHECK(listed == shmring::errc::unsupported || (!listed && seen == 1));
    // What it would remove may be another test's.
    static_assert(
        std::is_same_v<decltype(shmring::prune(std::declval<std::uint32_t &>())), std::error_code>);
    CHECK(!r.c.wait_data()); // and it has none of it harmed
}

} // namespace

int main()
{
    RUN(shouldPassAStruct);
    RUN(shouldGiveEachTypeToWhoeverWantsIt);
    RUN(shouldSayWhenARecordIsOfAnotherType);
    RUN(shouldHaveErrorsThatCompare);
    RUN(shouldOwnOneHandleAndCloseIt);
    RUN(shouldBeHarmlessWithoutARing);
    RUN(shouldSendWhatIsCommittedAndDropTheRest);
    RUN(shouldPublishABatchAndDrainIt);
    RUN(shouldShowALossAndWaitForSpace);
    RUN(shouldPassBytes);
    RUN(shouldWaitForAnyOfSeveral);
    RUN(shouldObserveWithoutTakingPart);
    RUN(shouldTellAnObserverWhatItLost);
    RUN(shouldTellAConsumerOfAnOverwriteRingWhatItLost);
    RUN(shouldMakeViews);
    RUN(shouldNumberSchemasByWhatStructsAre);
    RUN(shouldTellHowLongRecordsLay);
    RUN(shouldLookAfterRings);
    return check_done();
}
