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
    /// Shows octets in a step, 65 535 at most: what is beyond comes with the next one. True: there is a step.
    constexpr bool show(step& in, action what, std::string_view bytes) noexcept {
        in.bytes = bytes;
        return show(in, what);
    }

    /// Whether so many octets of the last step could leave.
    [[nodiscard]] constexpr bool covers(std::size_t count) const noexcept { return count <= offered_; }
    [[nodiscard]] constexpr std::uint16_t offered() const noexcept { return offered_; }
    /// Octets of the current text that were written. No text is longer than `longest_text`, insertions included.
    [[nodiscard]] constexpr std::uint16_t written() const noexcept { return written_; }

    constexpr void took(std::size_t count) noexcept { offered_ = static_cast<std::uint16_t>(offered_ - count); }
    constexpr void wrote(std::size_t count) noexcept {
        took(count);
        written_ = static_cast<std::uint16_t>(written_ + count);
    }

    friend constexpr bool operator==(const ledger&, const ledger&) noexcept = default;

  private:
    TLSUP_SEPARATE constexpr bool show(step& in, action what) noexcept {
        const std::size_t size = in.bytes.size();
        offered_ = static_cast<std::uint16_t>(size < 65535 ? size : 65535);
        in.bytes = part(in.bytes, 0, offered_);
        in.what = what;
        return true;
    }

    std::uint16_t offered_ = 0;
    std::uint16_t written_ = 0;
};

/// A piece of a text. Made of a constant it is two numbers in the code, where the constant itself would be copied from
/// a table of its own.
struct text_piece {
    const char* data = nullptr;
    std::size_t size = 0;

    constexpr text_piece() noexcept = default;
    constexpr text_piece(std::string_view text) noexcept : data(text.data()), size(text.size()) {}
};

/// The rest of a text in pieces, from octet `from` on: what is left of the first piece that is not written to its end.
/// `more`: something follows it.
TLSUP_SEPARATE constexpr std::string_view rest_of(const text_piece* pieces, std::size_t count, std::size_t from,
                                                  bool& more) noexcept {
    more = false;
    while (count != 0 && from >= pieces->size) {
        from -= pieces->size;
        ++pieces;
        --count;
    }
    if (count == 0) {
        return {};
    }
    const std::string_view rest{pieces->data + from, pieces->size - from};
    while (--count != 0) {
        more = (++pieces)->size != 0 || more;
    }
    return rest;
}

} // namespace tlsup::detail
