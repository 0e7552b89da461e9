// SPDX-License-Identifier: MIT
// handles_test.cc - errors, and what owns a handle or a reservation.
#include <string>

#include "cxx_rig.hh"

namespace
{

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

void shouldTellOfItsRingAndOfTheOtherSide()
{
    pair r;
    shmring_ring_info of_p, of_c;
    shmring_peer peer;
    shmring::producer closed;
    shmring::options exact;

    CHECK(!r.p.info(of_p) && !r.c.info(of_c));
    CHECK(of_p.capacity == of_c.capacity && of_p.capacity != 0);
    CHECK(of_p.incarnation[0] == of_c.incarnation[0]);
    CHECK(!r.p.peer(peer) && peer.state == SHMRING_PEER_LIVES && peer.epoch == 1);
    CHECK(!r.p.drain(0ns));
    CHECK(!r.p.try_send(volts{1, 0}) && r.p.drain(0ns) == shmring::errc::full);
    r.p.interrupt();
    CHECK(r.p.drain() == shmring::errc::full);
    CHECK(r.p.drain(1ms) == shmring::errc::timeout);
    r.p.close();
    CHECK(!r.c.peer(peer) && peer.state == SHMRING_PEER_CLOSED);
    CHECK(closed.info(of_p) == shmring::errc::invalid);
    CHECK(closed.peer(peer) == shmring::errc::invalid);
    exact.flags = SHMRING_EXACT | SHMRING_NO_PREFAULT | SHMRING_NO_MEMBARRIER;
    exact.schema = of_c.schema;
    CHECK(!closed.open(r.name.c_str(), exact));
    exact.stamp = SHMRING_STAMP_TSC;
    closed.close();
    CHECK(closed.open(r.name.c_str(), exact) == shmring::errc::mismatch);
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

void shouldMakeARingWithoutBeingASide()
{
    const std::string name = new_name();
    shmring::options o;
    shmring_info info;

    o.capacity = 65536;
    o.schema = 9;
    CHECK(!shmring::create(name.c_str(), o));
    CHECK(shmring::create(name.c_str()) == shmring::errc::exists);
    CHECK(!shmring::inspect(name.c_str(), info));
    CHECK(info.schema == 9 && info.producer.epoch == 0 && info.consumer.epoch == 0);
    const std::error_code removed = shmring::remove(name.c_str());
    CHECK(!removed || removed == shmring::errc::unsupported); // Windows: it goes with the process
}

void shouldBeHarmlessWithoutARing()
{
    shmring::producer p;
    shmring::consumer c;
    shmring::record raw;
    shmring::reservation room;
    std::uint32_t index = 0;

    p.abort(), p.relax(), p.retry(), c.release(), c.relax(), c.interrupt();
    p.close(), c.close(), room.abort();
    CHECK(p.publish() == shmring::errc::invalid && p.write_advance(1) == shmring::errc::invalid);
    CHECK(c.read_advance(1) == shmring::errc::invalid && room.commit(1) == shmring::errc::invalid);
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

void shouldEndAReservationByTheProducersAbort()
{
    pair r;
    volts got{};
    {
        shmring::reservation room;
        CHECK(!r.p.reserve(100, room) && room.is_open());
        r.p.abort();
        CHECK(!room.is_open() && room.room().empty());
        CHECK(!r.p.stage(volts{1, 0}));
        room.commit(1); // neither sends nor publishes
        CHECK(r.c.try_recv(got) == shmring::errc::empty);
    } // nor does its end drop what is staged
    r.p.publish();
    CHECK(!r.c.try_recv(got) && got.sequence == 1);
}

void shouldDropABatchBehindACommit()
{
    pair r;
    shmring::reservation room;
    shmring::record raw;

    CHECK(!r.p.reserve(100, room));
    room.commit(1, 2);
    CHECK(!r.p.stage(volts{1, 0}));
    r.p.abort(); // of what is staged: the reservation is over
    r.p.publish();
    CHECK(!r.c.peek(raw) && raw.len == 1 && raw.type == 2);
    r.c.release();
    CHECK(r.c.peek(raw) == shmring::errc::empty);
}

void shouldLeaveAnotherReservationAlone()
{
    pair r;
    shmring::record raw;
    shmring::reservation second;
    {
        shmring::reservation first;
        CHECK(!r.p.reserve(100, first));
        r.p.abort();
        CHECK(!r.p.reserve(100, second)); // the same place, and the same size
    }
    CHECK(second.is_open());
    second.commit(3, 4);
    CHECK(!r.c.peek(raw) && raw.len == 3 && raw.type == 4);
}

void shouldEndAReservationWithItsProducer()
{
    pair r, other;
    shmring::reservation room, elsewhere;
    volts got{};

    CHECK(!r.p.reserve(100, room));
    r.p.close();
    CHECK(!room.is_open() && room.room().empty());
    room.commit(1), room.abort();
    CHECK(!r.p.open(r.name.c_str()) && !r.p.reserve(8, room));
    CHECK(!r.p.open(r.name.c_str())); // which closes first
    CHECK(!room.is_open());
    CHECK(!r.p.reserve(8, room) && !other.p.reserve(8, elsewhere));
    r.p = std::move(other.p); // one handle closes, and the other goes on with its reservation
    CHECK(!room.is_open() && elsewhere.is_open());
    elsewhere.commit(2);
    CHECK(!other.c.wait_data(0ns) && r.c.recv(got) == shmring::errc::closed);
    {
        shmring::producer ends(std::move(r.p));
        CHECK(!ends.reserve(8, room));
    }
    CHECK(!room.is_open());
    room.abort();
}

void shouldKeepAReservationThroughMoves()
{
    pair r;
    shmring::reservation room;
    shmring::record raw;

    CHECK(!r.p.reserve(100, room));
    shmring::producer moved(std::move(r.p));
    shmring::reservation moved_room(std::move(room));
    CHECK(moved_room.is_open() && !room.is_open());
    r.p.abort(), room.abort();
    CHECK(moved_room.is_open());
    room = std::move(moved_room);
    room.commit(5, 6);
    CHECK(!r.c.peek(raw) && raw.len == 5 && raw.type == 6);
    CHECK(!moved.reserve(8, room));
    shmring_producer *const raw_handle = moved.release_handle();
    CHECK(!room.is_open());
    shmring_producer_close(raw_handle);
}

void shouldSurviveCCallsThatEndAReservation()
{
    pair r;
    volts got{};
    {
        shmring::reservation room;
        CHECK(!r.p.reserve(100, room));
        shmring_abort(r.p.get());
        CHECK(!r.p.stage(volts{7, 0}));
    }
    r.p.publish();
    CHECK(!r.c.try_recv(got) && got.sequence == 7);
}

// Another part of the program, with an object of its own.
class category_elsewhere final : public std::error_category
{
  public:
    const char *name() const noexcept override
    {
        return "shmring";
    }
    std::string message(int) const override
    {
        return "";
    }
};

void shouldCompareByMeaningNotByAddress()
{
    const category_elsewhere elsewhere;
    const std::error_code full(SHMRING_FULL, elsewhere), odd(SHMRING_FULL, std::generic_category());
    const std::error_condition lapped(SHMRING_LAPPED, elsewhere);

    CHECK(full == shmring::errc::full && shmring::errc::full == full);
    CHECK(full != shmring::errc::empty && shmring::errc::empty != full);
    CHECK(odd != shmring::errc::full && shmring::errc::full != odd);
    CHECK(shmring::status_of(full) == shmring::errc::full);
    CHECK(shmring::status_of(odd) == shmring::errc::os);
    CHECK(shmring::make_error_code(SHMRING_LAPPED) == lapped);
    CHECK(shmring::make_error_code(SHMRING_FULL) != lapped);
    CHECK(full == std::error_condition(SHMRING_FULL, shmring::category()));
    CHECK(odd != std::error_condition(SHMRING_FULL, shmring::category()));
    CHECK(full != std::error_condition(SHMRING_EMPTY, shmring::category()));
}

} // namespace

void run_handles()
{
    RUN(shouldHaveErrorsThatCompare);
    RUN(shouldTellOfItsRingAndOfTheOtherSide);
    RUN(shouldOwnOneHandleAndCloseIt);
    RUN(shouldMakeARingWithoutBeingASide);
    RUN(shouldBeHarmlessWithoutARing);
    RUN(shouldSendWhatIsCommittedAndDropTheRest);
    RUN(shouldEndAReservationByTheProducersAbort);
    RUN(shouldDropABatchBehindACommit);
    RUN(shouldLeaveAnotherReservationAlone);
    RUN(shouldEndAReservationWithItsProducer);
    RUN(shouldKeepAReservationThroughMoves);
    RUN(shouldSurviveCCallsThatEndAReservation);
    RUN(shouldCompareByMeaningNotByAddress);
}
