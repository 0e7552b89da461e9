// SPDX-License-Identifier: MIT
// describe.hpp - the description of structs, from their members, and that of a ring. Include
// <shmring/shmring.hpp>.
//
//   struct imu { static constexpr std::uint16_t record_type = 1; std::uint64_t stamp_ns;
//                double accel[3]; float temperature; };
//
//   template <> struct shmring::described<imu> {
//       static constexpr auto members = shmring::members(
//           "Imu", SHMRING_MEMBER(imu, stamp_ns, "[ns]"), SHMRING_MEMBER(imu, accel, "[m/s^2]"),
//           SHMRING_MEMBER(imu, temperature, "[degC]"));
//   };
//
//   shmring::options o;
//   o.description = shmring::description_of<imu>();   // "type 1 Imu\nuint64 stamp_ns # [ns]\n..."
//   o.schema = shmring::schema<imu>();                // its hash; also what a schema of 0 becomes
//
// The type of each member is deduced. The compiler refuses what a description cannot say, such as a
// pointer or a long double. It refuses members in another order than the struct's, and a list that
// leaves one out where this leaves a gap. A struct that is a member of another needs its own
// described<>.
#ifndef SHMRING_CPP_DESCRIBE_HPP
#define SHMRING_CPP_DESCRIBE_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

#include <shmring/describe.h>
#include <shmring/cpp/error.hpp>
#include <shmring/cpp/record.hpp>

namespace shmring
{

// One member of a struct: what SHMRING_MEMBER() makes.
template <class M> struct member {
    using type = M;
    std::string_view name;
    std::size_t offset;
    std::string_view comment; // "" or with a unit: "[m/s^2]"
};

template <class... M> struct member_list {
    std::string_view name;
    std::tuple<member<M>...> all;
};

template <class... M>
[[nodiscard]] constexpr member_list<M...> members(std::string_view name, member<M>... m) noexcept
{
    return {name, {m...}};
}

#define SHMRING_MEMBER(type, name, comment)                                                        \
    ::shmring::member<decltype(type::name)>                                                        \
    {                                                                                              \
#name, offsetof(type, name), comment                                                       \
    }

// Specialise it for each struct that is to be described, with a static constexpr `members`.
template <class T> struct described;

// ---- how the text is made ----

namespace inside
{

template <class M> struct element {
    using type = std::remove_cv_t<M>;
    static constexpr std::size_t count = 0; // no array
};
template <class M, std::size_t N> struct element<M[N]> {
    using type = std::remove_cv_t<M>;
    static constexpr std::size_t count = N;
};
template <class M, std::size_t N> struct element<std::array<M, N>> {
    using type = std::remove_cv_t<M>;
    static constexpr std::size_t count = N;
};
template <class M> using element_t = typename element<std::remove_cv_t<M>>::type;

template <class E> constexpr std::string_view word_of() noexcept
{
    if constexpr (std::is_same_v<E, bool>) {
        return "bool";
    } else if constexpr (std::is_same_v<E, char>) {
        return "char";
    } else if constexpr (std::is_same_v<E, std::byte>) {
        return "byte";
    } else if constexpr (std::is_enum_v<E>) {
        return word_of<std::underlying_type_t<E>>();
    } else if constexpr (std::is_integral_v<E>) {
        constexpr std::string_view words[2][4] = {{"uint8", "uint16", "uint32", "uint64"},
                                                  {"int8", "int16", "int32", "int64"}};
        constexpr int size = sizeof(E) == 1 ? 0 : sizeof(E) == 2 ? 1 : sizeof(E) == 4 ? 2 : 3;
        static_assert(sizeof(E) <= 8, "a description has integers of up to 64 bits");
        return words[std::is_signed_v<E>][size];
    } else if constexpr (std::is_floating_point_v<E>) {
        static_assert(sizeof(E) == 4 || sizeof(E) == 8, "a description has no long double");
        return sizeof(E) == 4 ? "float32" : "float64";
    } else {
        static_assert(std::is_class_v<E>, "a description has numbers, arrays of one dimension and "
                                          "structs");
        return described<E>::members.name;
    }
}

template <class E> constexpr std::size_t align_of() noexcept
{
    return std::is_class_v<E> ? alignof(E) : sizeof(E); // a description's, not this machine's
}

struct place {
    std::size_t end = 0, align = 1;
    bool same = true;
};

template <class M> constexpr void add_place(place &at, const member<M> &m) noexcept
{
    const std::size_t align = align_of<element_t<M>>();

    at.end = (at.end + align - 1) / align * align;
    at.same = at.same && at.end == m.offset;
    at.end += sizeof(M);
    at.align = align > at.align ? align : at.align;
}

// Whether the listed members are all there are, each where a description has it.
template <class T> constexpr bool is_laid_out_as_described() noexcept
{
    place at;

    std::apply([&](const auto &...m) { (add_place(at, m), ...); }, described<T>::members.all);
    return at.same && (at.end + at.align - 1) / at.align * at.align == sizeof(T);
}

struct text {
    char at[SHMRING_DESCRIPTION_MAX + 1] = {};
    std::size_t len = 0;

    constexpr void put(std::string_view s) noexcept
    {
        for (char c : s) {
            if (len < SHMRING_DESCRIPTION_MAX) {
                at[len] = c;
            }
            len++;
        }
    }
    constexpr void put(std::uint64_t n) noexcept
    {
        char digits[20] = {};
        std::size_t i = sizeof digits;

        do {
            digits[--i] = static_cast<char>('0' + n % 10);
            n /= 10;
        } while (n != 0);
        put(std::string_view(digits + i, sizeof digits - i));
    }
    // Whether a type of this name is in it.
    [[nodiscard]] constexpr bool has(std::string_view name) const noexcept
    {
        const std::string_view all(at,
                                   len < SHMRING_DESCRIPTION_MAX ? len : SHMRING_DESCRIPTION_MAX);
        for (std::size_t from = 0, to = 0; from < all.size(); from = to + 1) {
            to = all.find('\n', from);
            const std::string_view line = all.substr(from, to - from);
            if (line.substr(0, 5) == "type " && line.size() > name.size() &&
                line.substr(line.size() - name.size()) == name &&
                line[line.size() - name.size() - 1] == ' ') {
                return true;
            }
        }
        return false;
    }
};

// As the library does it: what stands in the first brackets, if it can be a unit.
constexpr std::string_view unit_in(std::string_view comment) noexcept
{
    const std::size_t from = comment.find('[');
    const std::size_t to = from == comment.npos ? comment.npos : comment.find(']', from);
    const std::string_view unit =
        to == comment.npos ? std::string_view() : comment.substr(from + 1, to - from - 1);

    return unit.size() > SHMRING_DESCRIPTION_UNIT_MAX || unit.find_first_of(" \t,") != unit.npos
               ? std::string_view()
               : unit;
}

template <class M> constexpr void put_member(text &out, const member<M> &m) noexcept
{
    const std::string_view unit = unit_in(m.comment);

    out.put(word_of<element_t<M>>());
    if (element<std::remove_cv_t<M>>::count != 0) {
        out.put("[");
        out.put(element<std::remove_cv_t<M>>::count);
        out.put("]");
    }
    out.put(" ");
    out.put(m.name);
    if (!unit.empty()) {
        out.put(" # [");
        out.put(unit);
        out.put("]");
    }
    out.put("\n");
}

// T, and before it each type that is part of it; a number is for the types of records.
template <class T, class... Records> constexpr void put_type(text &out) noexcept
{
    constexpr auto &list = described<T>::members;

    static_assert(std::is_standard_layout_v<T> && std::is_trivially_copyable_v<T>,
                  "a described struct is copied byte by byte, and others know its places");
    static_assert(is_laid_out_as_described<T>(),
                  "the members of described<> are not all of the struct's, or not in its order");
    if (out.has(list.name)) {
        return;
    }
    std::apply(
        [&](const auto &...m) {
            const auto part = [&](const auto &one) {
                using E = element_t<typename std::decay_t<decltype(one)>::type>;
                if constexpr (std::is_class_v<E>) {
                    put_type<E, Records...>(out);
                }
            };
            (part(m), ...);
        },
        list.all);
    out.put("type ");
    if ((std::is_same_v<T, Records> || ...)) {
        out.put(record_type_of<T>::value);
        out.put(" ");
    }
    out.put(list.name);
    out.put("\n");
    std::apply([&](const auto &...m) { (put_member(out, m), ...); }, list.all);
}

template <class... T> constexpr text text_of() noexcept
{
    text out;

    (put_type<T, T...>(out), ...);
    return out;
}

template <std::size_t N> constexpr std::array<char, N + 1> cut(const text &from) noexcept
{
    std::array<char, N + 1> ret{};

    for (std::size_t i = 0; i < N; i++) {
        ret[i] = from.at[i];
    }
    return ret;
}

template <class... T> struct stored {
    static constexpr std::size_t len = text_of<T...>().len;
    static_assert(len <= SHMRING_DESCRIPTION_MAX, "a description has at most 15360 bytes");
    static constexpr std::array<char, len + 1> at = cut<len>(text_of<T...>());
};

} // namespace inside

// The text of the described structs T, in its canonical form, for options.description.
template <class... T> [[nodiscard]] constexpr const char *description_of() noexcept
{
    static_assert(sizeof...(T) != 0, "a description has at least one type");
    return inside::stored<T...>::at.data();
}

// The hash of that text, as shmring_description_hash() has it: a schema number.
template <class... T, class = std::enable_if_t<sizeof...(T) != 0>>
[[nodiscard]] constexpr std::uint64_t schema() noexcept
{
    std::uint64_t hash = UINT64_C(14695981039346656037); // FNV-1a

    for (std::size_t i = 0; i < inside::stored<T...>::len; i++) {
        hash = (hash ^ static_cast<unsigned char>(inside::stored<T...>::at[i])) *
               UINT64_C(1099511628211);
    }
    return hash != 0 ? hash : 1;
}

// ---- a ring's ----

// A parsed description, of a ring or of a text: what describe.h asks of it takes get().
class description
{
  public:
    description() noexcept = default;
    description(description &&from) noexcept : d_(std::exchange(from.d_, nullptr))
    {
    }
    description &operator=(description &&from) noexcept
    {
        if (this != &from) {
            shmring_description_free(std::exchange(d_, std::exchange(from.d_, nullptr)));
        }
        return *this;
    }
    description(const description &) = delete;
    description &operator=(const description &) = delete;
    ~description()
    {
        shmring_description_free(d_);
    }

    // The ring's of this name; errc::empty when it has none. On failure the old one stays.
    [[nodiscard]] std::error_code read(const char *name)
    {
        shmring_description *d = nullptr;
        return keep(shmring_description_read(&d, name), d);
    }
    [[nodiscard]] std::error_code parse(std::string_view s, const char *where = nullptr)
    {
        shmring_description *d = nullptr;
        return keep(
            shmring_description_parse(&d, s.data() != nullptr ? s.data() : "", s.size(), where), d);
    }
    // That of the ring behind an open side or observer, by its C handle.
    [[nodiscard]] std::error_code read_from(const shmring_producer *p)
    {
        shmring_description *d = nullptr;
        return keep(shmring_producer_description(p, &d), d);
    }
    [[nodiscard]] std::error_code read_from(const shmring_consumer *c)
    {
        shmring_description *d = nullptr;
        return keep(shmring_consumer_description(c, &d), d);
    }
    [[nodiscard]] std::error_code read_from(const shmring_observer *o)
    {
        shmring_description *d = nullptr;
        return keep(shmring_observer_description(o, &d), d);
    }

    [[nodiscard]] explicit operator bool() const noexcept
    {
        return d_ != nullptr;
    }
    [[nodiscard]] const shmring_description *get() const noexcept
    {
        return d_;
    }
    [[nodiscard]] std::string_view text() const noexcept
    {
        return d_ != nullptr ? shmring_description_text(d_) : std::string_view();
    }
    // Never 0, unless there is none.
    [[nodiscard]] std::uint64_t hash() const noexcept
    {
        return d_ != nullptr ? shmring_description_hash(d_) : 0;
    }
    // The type of a record with this number; nullptr when it has none.
    [[nodiscard]] const shmring_type *type(std::uint16_t number) const noexcept
    {
        return d_ != nullptr ? shmring_type_numbered(d_, number) : nullptr;
    }

    // Calls f(const shmring_value &) for each value of a record. Answers errc::not_found when the
    // record's type is not described, and errc::mismatch when its bytes cannot be of the type. f
    // was not called then.
    template <class F> [[nodiscard]] std::error_code each(const shmring_record &r, F &&f) const
    {
        shmring_members it;
        shmring_value v;
        const shmring_status status = shmring_members_begin(&it, type(r.type), r.data, r.len);

        if (status != SHMRING_OK) {
            return make_error_code(status);
        }
        while (shmring_members_next(&it, &v) != 0) {
            f(static_cast<const shmring_value &>(v));
        }
        return {};
    }

  private:
    std::error_code keep(shmring_status status, shmring_description *const &d)
    {
        if (status == SHMRING_OK) {
            shmring_description_free(std::exchange(d_, d));
        }
        return make_error_code(status);
    }

    shmring_description *d_ = nullptr;
};

} // namespace shmring

#endif
