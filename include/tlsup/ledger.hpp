// ledger.hpp: how much of a machine's last step may leave the buffer or be written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "action.hpp"
#include "platform.hpp"
#include "scan.hpp"

namespace tlsup::detail {

/// What a machine remembers of its last step: counts, never bytes. Four bytes.
class ledger {
  public:
    /// Makes a step of it. A piece of 65 535 octets at most: what is beyond comes with the next step.
    constexpr step give(action what, std::string_view bytes, errc error, std::uint16_t status, bool more) noexcept {
        return {show(bytes), what, error, status, more};
    }

    /// The octets that a step can show of these.
    constexpr std::string_view show(std::string_view bytes) noexcept {
        offered_ = static_cast<std::uint16_t>(bytes.size() < 65535 ? bytes.size() : 65535);
        return part(bytes, 0, offered_);
    }

    /// Whether so many octets of the last step could leave.
    [[nodiscard]] constexpr bool covers(std::size_t count) const noexcept { return count <= offered_; }
    [[nodiscard]] constexpr std::uint16_t offered() const noexcept { return offered_; }
    /// Octets of the current text that were written.
    [[nodiscard]] constexpr std::uint16_t written() const noexcept { return written_; }

    constexpr void took(std::size_t count) noexcept { offered_ = static_cast<std::uint16_t>(offered_ - count); }
    constexpr void wrote(std::size_t count) noexcept {
        took(count);
        written_ = static_cast<std::uint16_t>(written_ + count);
    }

    friend constexpr bool operator==(const ledger&, const ledger&) noexcept = default;

  private:
    std::uint16_t offered_ = 0;
    std::uint16_t written_ = 0;
};

/// The rest of a text in pieces, from octet `from` on: what is left of the first piece that is not written to its end.
/// `more`: something follows it.
TLSUP_SEPARATE constexpr std::string_view rest_of(const std::string_view* pieces, std::size_t count, std::size_t from,
                                                  bool& more) noexcept {
    more = false;
    while (count != 0 && from >= pieces->size()) {
        from -= pieces->size();
        ++pieces;
        --count;
    }
    if (count == 0) {
        return {};
    }
    const std::string_view rest = part(*pieces, from, pieces->size());
    while (--count != 0) {
        more = !(++pieces)->empty() || more;
    }
    return rest;
}

} // namespace tlsup::detail
