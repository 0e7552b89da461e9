// SPDX-License-Identifier: MIT
// record.hpp - views of bytes, records as structs, and times. Include <shmring/shmring.hpp>.
#ifndef SHMRING_CPP_RECORD_HPP
#define SHMRING_CPP_RECORD_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include <shmring/detail/ring.h>
#include <shmring/wait.h>

namespace shmring
{

// ---- views ----

// A pointer and a count, as std::span, to which it converts where there is one.
template <class T> class span
{
  public:
    using element_type = T;
    using value_type = std::remove_cv_t<T>;
    using size_type = std::size_t;
    using iterator = T *;

    constexpr span() noexcept = default;
    constexpr span(T *data, std::size_t size) noexcept : data_(data), size_(size)
    {
    }
    template <std::size_t N> constexpr span(T (&array)[N]) noexcept : data_(array), size_(N)
    {
    }
    // Anything that has data() and size(): arrays of the library, vectors, strings, other spans.
    template <class C,
              class = std::enable_if_t<std::is_convertible_v<
                  std::remove_pointer_t<decltype(std::declval<C &>().data())> (*)[], T (*)[]>>>
    constexpr span(C &&from) noexcept : data_(from.data()), size_(from.size())
    {
    }

    [[nodiscard]] constexpr T *data() const noexcept
    {
        return data_;
    }
    [[nodiscard]] constexpr std::size_t size() const noexcept
    {
        return size_;
    }
    [[nodiscard]] constexpr std::size_t size_bytes() const noexcept
    {
        return size_ * sizeof(T);
    }
    [[nodiscard]] constexpr bool empty() const noexcept
    {
        return size_ == 0;
    }
    [[nodiscard]] constexpr T *begin() const noexcept
    {
        return data_;
    }
    [[nodiscard]] constexpr T *end() const noexcept
    {
        return data_ + size_;
    }
    [[nodiscard]] constexpr T &operator[](std::size_t i) const noexcept
    {
        return data_[i];
    }
    // The first n elements, and what is behind them; n beyond the end is the end.
    [[nodiscard]] constexpr span first(std::size_t n) const noexcept
    {
        return {data_, n < size_ ? n : size_};
    }
    [[nodiscard]] constexpr span after(std::size_t n) const noexcept
    {
        return n < size_ ? span{data_ + n, size_ - n} : span{data_ + size_, 0};
    }

  private:
    T *data_ = nullptr;
    std::size_t size_ = 0;
};

using bytes = span<const std::byte>;
using writable_bytes = span<std::byte>;

template <class T> [[nodiscard]] bytes as_bytes(span<T> s) noexcept
{
    return {reinterpret_cast<const std::byte *>(s.data()), s.size_bytes()};
}

template <class T> [[nodiscard]] writable_bytes as_writable_bytes(span<T> s) noexcept
{
    static_assert(!std::is_const_v<T>, "these bytes are not to be written");
    return {reinterpret_cast<std::byte *>(s.data()), s.size_bytes()};
}

// ---- typed records ----

// The type number of a struct that is sent as a record: its member `record_type`, 0 without one;
// or specialise this for a struct that is not yours.
template <class T, class = void> struct record_type_of : std::integral_constant<std::uint16_t, 0> {
};
template <class T>
struct record_type_of<T, std::void_t<decltype(T::record_type)>>
    : std::integral_constant<std::uint16_t, T::record_type> {
};

template <class T> constexpr void check_record() noexcept
{
    static_assert(std::is_trivially_copyable_v<T>, "a record is copied byte by byte");
    static_assert(!std::is_pointer_v<T>, "a pointer means nothing to the other process");
    static_assert(sizeof(T) <= UINT32_MAX, "a record's length has 32 bits");
}

// A struct to send, not something that a view can be made of.
template <class T>
using if_record = std::enable_if_t<std::is_trivially_copyable_v<T> && !std::is_array_v<T> &&
                                   !std::is_convertible_v<const T &, bytes>>;

// A schema number from a version of your own and the type number, size and alignment of each
// struct. Two programs that disagree in any of them refuse each other when they open the ring.
// Never 0.
template <class... T> [[nodiscard]] constexpr std::uint64_t schema(std::uint64_t version) noexcept
{
    const std::uint64_t parts[] = {version, (sizeof(T) * UINT64_C(0x100000000) +
                                             alignof(T) * 0x10000u + record_type_of<T>::value)...};
    std::uint64_t hash = UINT64_C(14695981039346656037); // FNV-1a, byte by byte

    (check_record<T>(), ...);
    for (std::uint64_t part : parts) {
        for (unsigned at = 0; at < 64; at += 8) {
            hash = (hash ^ (part >> at & 0xFFu)) * UINT64_C(1099511628211);
        }
    }
    return hash != 0 ? hash : 1;
}

// A record as it is shown or was received.
struct record : shmring_record {
    record() noexcept : shmring_record()
    {
    }
    explicit record(const shmring_record &r) noexcept : shmring_record(r)
    {
    }
    [[nodiscard]] bytes payload() const noexcept
    {
        return {static_cast<const std::byte *>(data), len};
    }
    // One or more records were refused before this one.
    [[nodiscard]] bool gap() const noexcept
    {
        return (flags & SHMRING_FLAG_GAP) != 0;
    }
    template <class T> [[nodiscard]] bool is() const noexcept
    {
        check_record<T>();
        return len == sizeof(T) && type == record_type_of<T>::value;
    }
    // Copies the payload; false, and the value untouched, when it is not a T.
    template <class T> [[nodiscard]] bool get(T &value) const noexcept
    {
        if (!is<T>()) {
            return false;
        }
        std::memcpy(&value, data, sizeof value);
        return true;
    }
};

// ---- time ----

using nanoseconds = std::chrono::nanoseconds;

inline constexpr nanoseconds forever = nanoseconds::max();

[[nodiscard]] constexpr std::uint64_t timeout_ns(nanoseconds t) noexcept
{
    return t == forever     ? SHMRING_FOREVER
           : t.count() <= 0 ? 0
                            : static_cast<std::uint64_t>(t.count());
}

} // namespace shmring

#endif
