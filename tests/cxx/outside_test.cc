// SPDX-License-Identifier: MIT
// outside_test.cc - a ring seen from outside: observers, latencies, and administration.
#include <string>

#include "cxx_rig.hh"

namespace
{

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
    CHECK(o.observe(got) == shmring::errc::mismatch && got.sequence == 1); // one record each
    CHECK(o.observe(got) == shmring::errc::mismatch && got.sequence == 1);
    CHECK(!o.observe(got) && got.sequence == 3);
    CHECK(o.observe(got) == shmring::errc::empty && got.sequence == 3);
    CHECK(!r.c.recv(got) && got.sequence == 1); // it is the consumer's all the same
    r.p.close();
    CHECK(o.observe(got) == shmring::errc::closed && o.lost() == 0);
}

void shouldWaitAsAnObserver()
{
    pair r;
    shmring::observer o, none;
    volts got{};

    CHECK(none.wait(std::chrono::milliseconds(1)) == shmring::errc::invalid && none.fd() == -1);
    CHECK(none.wait_handle() == nullptr);
    none.interrupt();
    CHECK(!o.open(r.name.c_str()));
    CHECK((o.fd() >= 0) != (o.wait_handle() != nullptr));
    CHECK(o.wait(std::chrono::milliseconds(1)) == shmring::errc::timeout);
    o.interrupt();
    CHECK(o.wait() == shmring::errc::empty);
    CHECK(!r.p.try_send(volts{1, 0}));
    CHECK(!o.wait() && !o.observe(got) && got.sequence == 1);
    r.p.close();
    CHECK(o.wait() == shmring::errc::closed);
    CHECK(o.observe(got) == shmring::errc::empty);
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

void run_outside()
{
    RUN(shouldObserveWithoutTakingPart);
    RUN(shouldWaitAsAnObserver);
    RUN(shouldTellAnObserverWhatItLost);
    RUN(shouldTellHowLongRecordsLay);
    RUN(shouldLookAfterRings);
}
