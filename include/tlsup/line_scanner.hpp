// line_scanner.hpp: where the names and the values of field lines end, for lines as they mostly are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "blocks.hpp"
#include "scan.hpp"

namespace tlsup::detail {

/// A longer name is no usual one.
inline constexpr std::size_t usual_name = 32;

#if TLSUP_SSE2

/// For a text of a block at least. Values are looked at sixty-four octets at once, ahead of the line, so that finding
/// an end does not wait for the end before it. A name is first what stands before a colon: one that turns out to be
/// known need not be looked at octet by octet.
class block_scanner {
  public:
    static constexpr std::size_t window = 64;

    explicit constexpr block_scanner(std::string_view text) noexcept
        : data_(text.data()), size_(text.size()), last_(text.size() - block_bytes) {}

    /// The first colon near the line's beginning, else the text's size. It may be another line's: `value_end` and
    /// `is_name` tell.
    [[nodiscard]] TLSUP_HOT std::size_t colon(std::size_t line) const noexcept {
        std::size_t from = line;
        std::uint32_t found = marks(from, is_colon{});
        if (found == 0 && size_ - from > block_bytes) {
            from += block_bytes;
            found = marks(from, is_colon{});
        }
        return found != 0 ? from + first_of(found) : size_;
    }

    /// Whether this is a name, and not only what stands before a colon, or before the end.
    [[nodiscard]] TLSUP_HOT bool is_name(std::size_t name, std::size_t end) const noexcept {
        const std::size_t size = end - name;
        if (size - 1 < block_bytes) {
            const std::uint32_t others = marks(name, class_stop<class_token>{}) | 1U << block_bytes;
            if (first_of(others) >= size) {
                return true;
            }
        }
        return size != 0 && skip_token({data_, end}, name) == end;
    }

    /// The first octet at or behind the line's beginning that no value has; HTAB may count as one.
    [[nodiscard]] TLSUP_HOT std::size_t value_end(std::size_t line) noexcept {
        if (size_ < window) {
            return skip_value({data_, size_}, line);
        }
        while (true) {
            const std::uint64_t found = line - base_ < window ? mask_ >> (line - base_) : 0;
            if (found != 0) {
                return line + first_of(found);
            }
            line = line - base_ < window ? base_ + window : line;
            if (line >= size_) {
                return size_;
            }
            fill(line);
        }
    }

  private:
    struct is_colon {
        TLSUP_HOT static auto in_block(block octets) noexcept { return octets == ':'; }
    };

    /// Of the sixteen octets from there on, those that the text has.
    template <class Mark> [[nodiscard]] TLSUP_HOT std::uint32_t marks(std::size_t from, Mark mark) const noexcept {
        if (from <= last_) {
            return mask_of(mark.in_block(load_block(data_ + from)));
        }
        return mask_of(mark.in_block(load_block(data_ + last_))) >> (from - last_);
    }

    /// From `from` on, and near the end what lies before it, too.
    TLSUP_HOT void fill(std::size_t from) noexcept {
        base_ = from + window <= size_ ? from : size_ - window;
#if TLSUP_AVX2
        const std::uint64_t low = wide_mask_of(value_stop::in_block(load_wide(data_ + base_)));
        const std::uint64_t high = wide_mask_of(value_stop::in_block(load_wide(data_ + base_ + 32)));
        mask_ = low | high << 32;
#else
        mask_ = value_marks(base_) | value_marks(base_ + 16) << 16 | value_marks(base_ + 32) << 32 |
                value_marks(base_ + 48) << 48;
#endif
    }

    [[nodiscard]] TLSUP_HOT std::uint64_t value_marks(std::size_t at) const noexcept {
        return mask_of(value_stop::in_block(load_block(data_ + at)));
    }

    const char* data_;
    std::size_t size_;
    std::size_t last_;
    std::size_t base_ = ~std::size_t{window - 1};
    std::uint64_t mask_ = 0;
};
using line_scanner = block_scanner;

#else

class octet_scanner {
  public:
    explicit constexpr octet_scanner(std::string_view text) noexcept : text_(text) {}

    [[nodiscard]] constexpr std::size_t colon(std::size_t line) const noexcept {
        const std::size_t end = skip_token(text_, line);
        return end < text_.size() && text_[end] == ':' ? end : text_.size();
    }
    [[nodiscard]] constexpr bool is_name(std::size_t name, std::size_t end) const noexcept {
        return end != name && (end != text_.size() || skip_token(text_, name) == end);
    }
    [[nodiscard]] constexpr std::size_t value_end(std::size_t line) const noexcept { return skip_value(text_, line); }

  private:
    std::string_view text_;
};
using line_scanner = octet_scanner;

#endif

} // namespace tlsup::detail
