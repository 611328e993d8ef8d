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
    /// What is complete, so that the facts can be told: of the start line all that they look at.
    enum class complete : std::uint8_t { nothing, start_line, field };

    static constexpr std::size_t version_bytes = 9; // " HTTP/1.1"

    static constexpr bool is_fold(char octet) noexcept { return octet == ' ' || octet == '\t'; }

    static constexpr bool ends_line(std::string_view head, std::size_t at) noexcept {
        return at + 1 < head.size() && starts_with<"\r\n">(part(head, at, at + 2));
    }

    TLSUP_HOT static constexpr bool begins_name(std::string_view head, std::size_t at) noexcept {
        return at < head.size() && static_cast<unsigned char>(head[at]) > ' ';
    }

    // Whether a line ends there, and does not go on behind its end.
    TLSUP_HOT static constexpr bool line_is_over(std::string_view head, std::size_t end) noexcept {
        return end + 2 < head.size() && starts_with<"\r\n">(part(head, end, end + 2)) &&
               (static_cast<unsigned char>(head[end + 2]) > ' ' || head[end + 2] == '\r');
    }

    constexpr void move(std::size_t position, place next) noexcept {
        position_ = static_cast<std::uint16_t>(position);
        at_ = next;
    }

    /// Reads on to the next thing that the facts are told of. `nothing`: it is done, has failed, or needs more.
    TLSUP_SEPARATE constexpr complete advance(std::string_view bytes, const head_limits& limits,
                                              bool request) noexcept {
        const bool full = bytes.size() >= limits.head_bytes;
        const std::string_view head = part(bytes, 0, full ? limits.head_bytes : bytes.size());
        while (fault_ == errc::ok && at_ != place::done) {
            if (position_ >= head.size()) {
                if (full) {
                    fail(at_ < place::line ? errc::start_line_too_long : errc::head_too_large);
                }
                break;
            }
            const complete what = step(head, limits, request);
            if (what != complete::nothing) {
                return what;
            }
        }
        return complete::nothing;
    }

    /// Reads a part of a line, or its end. A field is complete when the line behind it has begun, and does not continue
    /// it.
    constexpr complete step(std::string_view head, const head_limits& limits, bool request) noexcept {
        const char octet = head[position_];
        switch (at_) { // GCOVR_EXCL_BR_LINE as below
        case place::start:
        case place::target:
        case place::version:
            return step_start(head, limits, request);
        case place::line:
            if (fold_ != fold::none && !is_fold(octet)) {
                return complete::field;
            }
            begin_line(octet, limits, !request);
            break;
        case place::reason:
        case place::name:
        case place::value:
            step_text(head.data(), head.size(), limits, at_);
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
        case place::done: // GCOVR_EXCL_START nothing comes behind the end
        case place::content:
            break;
            // GCOVR_EXCL_STOP
        }
        return complete::nothing;
    }

    /// Reads the start line up to where the facts have what they look at.
    constexpr complete step_start(std::string_view head, const head_limits& limits, bool request) noexcept {
        if (at_ == place::start && request) {
            step_text(head.data(), head.size(), limits, place::start);
        }
        if (at_ == place::target && fault_ == errc::ok) {
            step_text(head.data(), head.size(), limits, place::target);
        }
        const bool before = at_ != place::version && request;
        return before || fault_ != errc::ok ? complete::nothing : step_version(head.data(), head.size(), request);
    }

    TLSUP_HOT constexpr void read_reason(std::string_view head, const head_limits& limits) noexcept {
        const std::size_t end = skip_value(head, position_);
        if (end > limits.start_line_bytes && position_ < head.size()) { // an octet of it is there
            fail(errc::start_line_too_long);
        } else if (TLSUP_WORDS != 0 && ends_line(head, end)) {
            move(end + 2, place::line);
        } else {
            move(end, place::reason);
            end_text(head, place::reason);
        }
    }

    /// The octet that ends a part of a line, or is wrong there. What follows it is the next place.
    TLSUP_HOT constexpr void end_text(std::string_view head, place at) noexcept {
        if (position_ == head.size()) {
            return;
        }
        const char octet = head[position_];
        const text_shape& known = texts[static_cast<std::size_t>(at)];
        const bool text = at == place::value || at == place::reason;
        const bool empty = position_ == mark_;
        if (octet != known.end || (empty && !text)) {
            const bool name = at == place::name;
            fail(octet == '\n' && (text || (name && empty)) ? errc::bare_lf
                 : name && is_fold(octet)                   ? errc::space_before_colon
                                                            : known.wrong);
            return;
        }
        move(position_ + 1U, static_cast<place>(static_cast<std::uint8_t>(at) + 1));
        if (at == place::start) {
            mark_ = position_;
        } else if (!text) {
            value_ = position_;
            fold_ = at == place::name ? fold::possible : fold::none;
        }
    }

  private:
    // What the parts of lines are made of, by place: the octets, the one that ends them, and what any other one is.
    struct text_shape {
        byte_class octets;
        char end;
        errc wrong;
    };
    static constexpr text_shape texts[] = {
        {class_token, ' ', errc::bad_method},       // start
        {class_target, ' ', errc::bad_target},      // target
        {},                                         // version
        {class_value, '\r', errc::bad_field_value}, // reason
        {},                                         // start_line_end
        {},                                         // line
        {class_token, ':', errc::bad_field_name},   // name
        {class_value, '\r', errc::bad_field_value}, // value
    };

    // These two take no view, as `skip`.
    TLSUP_HOT TLSUP_SEPARATE constexpr void step_text(const char* data, std::size_t size, const head_limits& limits,
                                                      place at) noexcept {
        const std::string_view head(data, size);
#if TLSUP_WORDS
        const std::size_t end = at == place::target                         ? skip_target(head, position_)
                                : at == place::value || at == place::reason ? skip_value(head, position_)
                                                                            : skip(head, position_, class_token);
#else
        const std::size_t end = skip(head, position_, texts[static_cast<std::size_t>(at)].octets);
#endif
        const bool method = at == place::start;
        const std::size_t least = at == place::target ? end + version_bytes : end; // of octets that the part asks for
        if (at < place::line && least > (method ? limits.method_bytes : limits.start_line_bytes)) {
            fail(method ? errc::method_too_long : errc::start_line_too_long);
        } else {
            position_ = static_cast<std::uint16_t>(end);
            end_text(head, at);
        }
    }

    // HTTP-version, and what stands behind it: the end of a request line, or the status code and its SP. The reason
    // phrase may be empty, the SP may not be missing. RFC 9112 2.3, 4.
    TLSUP_SEPARATE constexpr complete step_version(const char* head, std::size_t size, bool request) noexcept {
        constexpr std::string_view shape = "HTTP/0.0 000 "sv; // a zero stands for any digit
        constexpr std::size_t version = 8;
        std::size_t at = position_;
#if TLSUP_WORDS
        if (at == value_ && starts_with<"HTTP/1.1", false>({head + at, size - at})) {
            at += version;
        }
#endif
        const std::size_t behind = value_ + version;
        const std::size_t end = request ? behind + 1 : shape.size();
        for (; at < size && at < end; ++at) {
            const char wanted = request && at == behind ? '\r' : shape[at - value_];
            if (wanted == '0' ? !is(head[at], class_digit) : head[at] != wanted) {
                fail(at < behind        ? errc::bad_version
                     : !request         ? errc::bad_status_line
                     : head[at] == '\n' ? errc::bare_lf
                                        : errc::bad_version);
                break;
            }
        }
        position_ = static_cast<std::uint16_t>(at);
        if (at != end) {
            return complete::nothing;
        }
        at_ = request ? place::start_line_end : place::reason;
        return complete::start_line;
    }

    // A new line: whitespace continues the last value, CR starts the empty line, anything else a field name.
    constexpr void begin_line(char octet, const head_limits& limits, bool folds) noexcept {
        if (is_fold(octet)) {
            if (folds && fold_ != fold::none) {
                fold_ = fold::seen;
                at_ = place::value;
            } else {
                fail(errc::folded_line);
            }
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
};

} // namespace detail
} // namespace tlsup
