// SPDX-License-Identifier: MIT
// described_test.cc - descriptions of structs, made by the compiler, and of rings.
#include <array>
#include <string>

#include "cxx_rig.hh"

namespace
{

enum class mode : std::uint16_t { off, on };

struct axis {
    double value; // a type whose parts have no padding
    std::int32_t raw;
    std::uint32_t flags;
};
struct reading {
    static constexpr std::uint16_t record_type = 1;
    std::uint64_t stamp_ns;
    axis axes[2];
    std::array<float, 3> offsets;
    mode how;
    bool ok;
    std::byte mark;
    char name[7];
    signed char low;
};
struct tick { // of another record's part, and a record by itself
    static constexpr std::uint16_t record_type = 2;
    axis only;
};

} // namespace

template <> struct shmring::described<axis> {
    static constexpr auto members =
        shmring::members("Axis", SHMRING_MEMBER(axis, value, "[m/s^2]"),
                         SHMRING_MEMBER(axis, raw, "of [0, 7] or so"), // no unit
                         SHMRING_MEMBER(axis, flags, ""));
};
template <> struct shmring::described<reading> {
    static constexpr auto members =
        shmring::members("Reading", SHMRING_MEMBER(reading, stamp_ns, "since boot [ns]"),
                         SHMRING_MEMBER(reading, axes, ""), SHMRING_MEMBER(reading, offsets, ""),
                         SHMRING_MEMBER(reading, how, ""), SHMRING_MEMBER(reading, ok, ""),
                         SHMRING_MEMBER(reading, mark, ""), SHMRING_MEMBER(reading, name, ""),
                         SHMRING_MEMBER(reading, low, ""));
};
template <> struct shmring::described<tick> {
    static constexpr auto members = shmring::members("Tick", SHMRING_MEMBER(tick, only, ""));
};
template <> struct shmring::record_type_of<axis> : std::integral_constant<std::uint16_t, 3> {
};

namespace
{

constexpr const char *described_text = shmring::description_of<reading, tick>();

void shouldDeduceTheTypesOfMembers()
{
    CHECK(std::string(described_text) ==
          "type Axis\nfloat64 value # [m/s^2]\nint32 raw\nuint32 flags\n"
          "type 1 Reading\nuint64 stamp_ns # [ns]\nAxis[2] axes\n"
          "float32[3] offsets\nuint16 how\nbool ok\nbyte mark\nchar[7] name\n"
          "int8 low\ntype 2 Tick\nAxis only\n");
    // a part that is a record, too, has its number
    CHECK(std::string(shmring::description_of<tick, axis>()).substr(0, 12) == "type 3 Axis\n");
}

void shouldHashAsTheLibraryDoes()
{
    shmring::description d;

    CHECK(!d.parse(described_text));
    CHECK(d && d.text() == described_text);
    CHECK((d.hash() == shmring::schema<reading, tick>()));
    CHECK(std::string(shmring_description_canonical(d.get())) == described_text);
    CHECK(d.type(1)->struct_size == sizeof(reading) && d.type(7) == nullptr);
    static_assert(shmring::schema<tick>() != shmring::schema<reading>());
}

void shouldDescribeARing()
{
    shmring::options o;
    o.description = described_text;
    pair r(o);
    shmring::description d, moved;
    shmring::record raw;
    reading sent{7, {{1.5, -2, 3}, {}}, {{0.5f, 0, 0}}, mode::on, true, std::byte{9}, "abc", -1};
    std::string seen;
    double sum = 0;

    CHECK(!r.p.try_send(sent) && !r.c.peek(raw));
    CHECK(!d.read_from(r.c.get()) && !moved.read_from(r.p.get()) && !moved.read(r.name.c_str()));
    moved = std::move(d);
    CHECK(!d && moved.hash() == (shmring::schema<reading, tick>()));
    CHECK(!moved.each(raw, [&](const shmring_value &v) {
        seen += std::string(v.path) + " ";
        sum += v.field->kind == SHMRING_KIND_CHAR ? 0 : shmring_number_of(v.field, v.data);
    }));
    CHECK(seen == "stamp_ns axes[0].value axes[0].raw axes[0].flags axes[1].value axes[1].raw "
                  "axes[1].flags offsets how ok mark name low ");
    CHECK(sum == 7 + 1.5 - 2 + 3 + 0.5 + 1 + 1 + 9 - 1);
    raw.type = 9;
    CHECK(moved.each(raw, [](const shmring_value &) {}) == shmring::errc::not_found);
    raw.type = 1;
    raw.len = 3;
    CHECK(moved.each(raw, [](const shmring_value &) {}) == shmring::errc::mismatch);
}

void shouldSayThatThereIsNone()
{
    pair r;
    shmring::description d;
    shmring::options o;
    shmring::consumer other;

    CHECK(d.read(r.name.c_str()) == shmring::errc::empty);
    CHECK(!d && d.hash() == 0 && d.text().empty() && d.type(1) == nullptr);
    CHECK(d.parse("type 1\n") == shmring::errc::invalid);
    r.c.close();
    o.description = described_text;
    CHECK(other.open(r.name.c_str(), o) == shmring::errc::mismatch);
    CHECK(d.read_from(other.get()) == shmring::errc::invalid);
}

} // namespace

void run_described();
void run_described()
{
    RUN(shouldDeduceTheTypesOfMembers);
    RUN(shouldHashAsTheLibraryDoes);
    RUN(shouldDescribeARing);
    RUN(shouldSayThatThereIsNone);
}
