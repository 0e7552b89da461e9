// SPDX-License-Identifier: MIT
// flow_test.cc - batches, losses, bytes, and waits.
#include <array>
#include <vector>

#include "cxx_rig.hh"

namespace
{

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
    r.p.retry();
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
    CHECK(!r.p.write_advance(2));
    CHECK(r.p.write(text("cdef")) == 4);
    CHECK(r.p.write_advance(std::size_t{1} << 40) == shmring::errc::invalid);
    CHECK(r.p.write_span_for(60000).size() >= 60000);
    CHECK(!r.c.wait_data_for(6) && r.c.read_span_for(6).size() == 6);
    CHECK(r.c.wait_data_for(7, 1ms) == shmring::errc::timeout);
    CHECK(r.c.read_advance(7) == shmring::errc::invalid);
    CHECK(r.c.read_span().size() == 6 && r.c.read_span()[5] == std::byte{'f'});
    CHECK(!r.c.read_advance(1));
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

} // namespace

void run_flow()
{
    RUN(shouldPublishABatchAndDrainIt);
    RUN(shouldShowALossAndWaitForSpace);
    RUN(shouldPassBytes);
    RUN(shouldWaitForAnyOfSeveral);
    RUN(shouldTellAConsumerOfAnOverwriteRingWhatItLost);
}
