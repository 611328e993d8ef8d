// octet_count.hpp: a count of octets of any size, for values that have to be small.
#pragma once

#include <cstdint>

namespace tlsup::detail {

/// A count of sixty-four bits, aligned to thirty-two: what holds one is not rounded up to eight octets.
class octet_count {
  public:
    constexpr octet_count() noexcept = default;
    explicit constexpr octet_count(std::uint64_t octets) noexcept
        : low_(static_cast<std::uint32_t>(octets)), high_(static_cast<std::uint32_t>(octets >> 32)) {}

    constexpr octet_count(std::uint32_t low, std::uint32_t high) noexcept : low_(low), high_(high) {}

    constexpr octet_count& operator=(std::uint64_t octets) noexcept { return *this = octet_count(octets); }
    constexpr octet_count& operator+=(std::uint64_t octets) noexcept { return *this = *this + octets; }
    constexpr octet_count& operator-=(std::uint64_t octets) noexcept { return *this = *this - octets; }
    [[nodiscard]] constexpr std::uint32_t low() const noexcept { return low_; }
    [[nodiscard]] constexpr std::uint32_t high() const noexcept { return high_; }
    constexpr operator std::uint64_t() const noexcept { return low_ | std::uint64_t{high_} << 32; }

    friend constexpr bool operator==(const octet_count&, const octet_count&) noexcept = default;

  private:
    std::uint32_t low_ = 0;
    std::uint32_t high_ = 0;
};

} // namespace tlsup::detail
