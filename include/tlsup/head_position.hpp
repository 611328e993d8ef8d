// head_position.hpp: how far a head was read, and reading its lines one part after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "blocks.hpp"
#include "content_position.hpp"
#include "error.hpp"
#include "scan.hpp"
#include "words.hpp"

namespace tlsup {

/// What a head may cost. RFC 9110 5.4, RFC 9112 3.
struct head_limits {
    std::uint16_t head_bytes = 65535;      ///< the whole head; beyond it 431, or 414 in the request line
    std::uint16_t start_line_bytes = 8192; ///< the start line without its CRLF; RFC 9112 3 wants 8000 at least
    std::uint8_t method_bytes = 32;        ///< beyond it 501
    std::uint8_t fields = 100;             ///< field lines; beyond it 431
};

namespace detail {

/// How far a head was read. It is read in order, octet by octet or many at once, up to the first wrong one, so how the
/// input was cut cannot change the outcome. The content is followed behind it.
class head_position : public content_position {
  public:
    friend constexpr bool operator==(const head_position&, const head_position&) noexcept = default;

  protected:
    static constexpr bool is_fold(char octet) noexcept { return octet == ' ' || octet == '\t'; }

    static constexpr bool ends_line(std::string_view head, std::size_t at) noexcept {
        return at + 1 < head.size() && starts_with<"\r\n">(part(head, at, at + 2));
    }

    constexpr void move(std::size_t position, place next) noexcept {
        position_ = static_cast<std::uint16_t>(position);
        at_ = next;
    }

    /// Reads a part of a line, or its end. True when a field is complete: the line behind it has begun, and does not
    /// continue it.
    constexpr bool step(std::string_view head, const head_limits& limits, bool folds) noexcept {
        const char octet = head[position_];
        switch (at_) { // GCOVR_EXCL_BR_LINE as below
        case place::line:
            if (pending_ && !is_fold(octet)) {
                return true;
            }
            begin_line(octet, limits, folds);
            break;
        case place::name:
            move(skip_token(head, position_), place::name);
            end_name(head);
            break;
        case place::value:
            move(skip_value(head, position_), place::value);
            end_text(head, place::value_end);
            break;
        case place::start_line_end:
        case place::value_end:
        case place::last_line_end:
            if (octet == '\n') {
                move(position_ + 1U, at_ == place::last_line_end ? place::done : place::line);
            } else {
                fail(errc::bare_cr);
            }
            break;
        case place::start: // GCOVR_EXCL_START lines come behind the start line, and end before the end
        case place::target:
        case place::version:
        case place::status:
        case place::reason:
        case place::done:
            break;
            // GCOVR_EXCL_STOP
        }
        return false;
    }

    /// A text ends at CR, or is wrong there.
    constexpr void end_text(std::string_view head, place next) noexcept {
        if (position_ < head.size()) {
            const char octet = head[position_];
            if (octet == '\r') {
                move(position_ + 1U, next);
            } else {
                fail(octet == '\n' ? errc::bare_lf : errc::bad_field_value);
            }
        }
    }

    TLSUP_COLD constexpr void fail_name(char octet, bool empty) noexcept {
        if (octet == '\n' && empty) {
            fail(errc::bare_lf);
        } else {
            fail(is_fold(octet) ? errc::space_before_colon : errc::bad_field_name);
        }
    }

  private:
    // A new line: whitespace continues the last value, CR starts the empty line, anything else a field name.
    constexpr void begin_line(char octet, const head_limits& limits, bool folds) noexcept {
        if (is_fold(octet)) {
            folded_ = folds && pending_;
            at_ = folded_ ? place::value : place::line;
            fault_ = folded_ ? errc::ok : errc::folded_line;
        } else if (octet == '\r') {
            move(position_ + 1U, place::last_line_end);
        } else if (fields_ >= limits.fields) {
            fail(errc::too_many_fields);
        } else {
            ++fields_;
            mark_ = position_;
            at_ = place::name;
        }
    }

    constexpr void end_name(std::string_view head) noexcept {
        if (position_ < head.size()) {
            const char octet = head[position_];
            if (octet == ':' && position_ != mark_) {
                move(position_ + 1U, place::value);
                value_ = position_;
                pending_ = true;
            } else {
                fail_name(octet, position_ == mark_);
            }
        }
    }
};

} // namespace detail
} // namespace tlsup
