// content_position.hpp: how far content was read, and reading its chunks octet by octet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "error.hpp"
#include "facts.hpp"
#include "grammar.hpp"
#include "message_position.hpp"
#include "octet_count.hpp"
#include "scan.hpp"

namespace tlsup {

/// What content may cost. RFC 9112 7.1.1, 7.1.2.
struct body_limits {
    std::uint64_t content_bytes = detail::largest_length; ///< all content of a message; beyond it 413
    std::uint16_t extension_bytes = 4096;                 ///< all chunk extensions of a message; beyond it 400
    std::uint16_t trailer_bytes = 8192;                   ///< all trailer lines of a message; beyond it 400
    std::uint8_t trailers = 100;                          ///< trailer fields of a message; beyond it 400
};

namespace detail {

/// What the next unread bytes of a message are.
struct body_piece {
    enum class kind : std::uint8_t { more, framing, content, end, failed };
    kind what = kind::more;
    std::size_t size = 0; // octets of framing or content at the front of the unread bytes
};

/// How far the content of a message was read: it begins when the head is done. It never takes: framing that was looked
/// at stays counted as ahead until the caller says that it has left the buffer.
///
/// The caller keeps two counts, the same for each call. `left`: octets of the content, or of this chunk, that were not
/// taken yet. `known`: octets that the content is known to have, which is its length, or else what came so far, with
/// the whole chunk where there are chunks.
class content_position : public message_position {
  public:
    /// Octets at the front of the unread bytes that were looked at already.
    [[nodiscard]] constexpr std::size_t ahead() const noexcept { return mark_; }
    [[nodiscard]] constexpr bool content_done() const noexcept { return at(content_place::end) && ahead() == 0; }
    [[nodiscard]] constexpr bool until_close() const noexcept { return at(content_place::until_close); }

    /// `folds`: trailer lines may be folded, as in responses. RFC 9112 5.2.
    TLSUP_SEPARATE constexpr void begin_content(framing how, bool folds, octet_count& left,
                                                octet_count& known) noexcept {
        left = how == framing::length ? std::uint64_t{known} : 0;
        known = how == framing::chunked || how == framing::until_close ? 0 : std::uint64_t{known};
        go(how == framing::chunked       ? content_place::size_first
           : how == framing::until_close ? content_place::until_close
           : left != 0                   ? content_place::content
                                         : content_place::end);
        ahead_of() = 0;
        counted() = 0;
        number() = 0;
        fold_ = folds ? fold::possible : fold::none;
        fault_ = errc::ok;
    }

    /// `unread` starts with the first byte that was not taken. Without `Chunks` there were none to begin.
    template <bool Chunks>
    constexpr body_piece next_content(std::string_view unread, const body_limits& limits, octet_count& left,
                                      octet_count& known) noexcept {
        while (Chunks && ahead() < unread.size() && ahead() < largest_step && fault_ == errc::ok && in_framing()) {
            scan(unread[ahead()], left, known, limits);
            ahead_of() = static_cast<std::uint16_t>(ahead() + (fault_ == errc::ok ? 1U : 0U));
        }
        if (ahead() != 0) {
            return {body_piece::kind::framing, ahead()};
        }
        if (fault_ != errc::ok) {
            return {body_piece::kind::failed, 0};
        }
        if (at(content_place::end)) {
            return {body_piece::kind::end, 0};
        }
        if (unread.empty()) {
            return {};
        }
        // Chunks were counted where their sizes were read.
        const bool endless = at(content_place::until_close);
        if (endless ? known >= limits.content_bytes : at(content_place::content) && known > limits.content_bytes) {
            fail(errc::content_too_large);
            return {body_piece::kind::failed, 0};
        }
        const std::uint64_t most = endless ? limits.content_bytes - known : std::uint64_t{left};
        return {body_piece::kind::content, most > unread.size() ? unread.size() : static_cast<std::size_t>(most)};
    }

    /// The caller took `count` octets of the piece that was shown; it has checked that there were that many.
    TLSUP_SEPARATE constexpr void took_content(std::size_t count, octet_count& left, octet_count& known) noexcept {
        if (ahead() != 0) {
            ahead_of() = static_cast<std::uint16_t>(ahead() - count);
        } else if (at(content_place::until_close)) {
            known += count;
        } else if (at(content_place::content) || at(content_place::chunk)) {
            left -= count;
            if (left == 0) {
                go(at(content_place::content) ? content_place::end : content_place::data_cr);
            }
        }
    }

    friend constexpr bool operator==(const content_position&, const content_position&) noexcept = default;

  private:
    static constexpr std::uint16_t largest_step = 0xffff;

    enum class content_place : std::uint8_t {
        end = static_cast<std::uint8_t>(place::content),
        content,
        until_close,
        chunk,      // up to here it is content, or none is left
        size_first, // the first digit of a chunk's size
        size,
        extension_name_first,
        extension_name,
        extension_value_first,
        extension_value,
        extension_quoted,
        extension_escape,
        extension_closed,
        size_lf,
        data_cr,
        data_lf,
        trailer_line,
        trailer_name,
        trailer_value,
        trailer_lf,
        last_lf,
    };

    // What the marks of the head are now.
    constexpr std::uint16_t& ahead_of() noexcept { return mark_; } // octets of framing looked at and not taken yet
    constexpr std::uint16_t& counted() noexcept { return value_; } // octets of extensions, then of trailers
    constexpr std::uint8_t& number() noexcept { return fields_; }  // digits of a chunk's size, then trailer fields
    [[nodiscard]] constexpr content_place where() const noexcept { return static_cast<content_place>(at_); }
    [[nodiscard]] constexpr bool at(content_place here) const noexcept { return where() == here; }
    constexpr void go(content_place next) noexcept { at_ = static_cast<place>(next); }

    [[nodiscard]] constexpr bool in_framing() const noexcept { return where() > content_place::chunk; }

    constexpr void count(std::uint16_t limit, errc why) noexcept {
        if (counted() >= limit) {
            fail(why);
        } else {
            ++counted();
        }
    }

    // Which octet leads where: `what` is an octet, or one of two classes, whose numbers are no octet of a rule. What
    // usual chunks need comes first.
    static_assert(class_token == 1 && class_value == 2);
    struct rule {
        content_place from;
        char what;
        content_place to;
    };
    static constexpr rule rules[] = {
        {content_place::size_lf, '\n', content_place::chunk},
        {content_place::data_cr, '\r', content_place::data_lf},
        {content_place::data_lf, '\n', content_place::size_first},
        // *( ";" token [ "=" ( token / quoted-string ) ] ). The whitespace that the grammar calls bad is refused, as by
        // other strict parsers: not all agree about where a size ends. RFC 9110 5.6.3.
        {content_place::extension_name_first, class_token, content_place::extension_name},
        {content_place::extension_name, class_token, content_place::extension_name},
        {content_place::extension_name, '=', content_place::extension_value_first},
        {content_place::extension_name, '\r', content_place::size_lf},
        {content_place::extension_name, ';', content_place::extension_name_first},
        {content_place::extension_value_first, class_token, content_place::extension_value},
        {content_place::extension_value_first, '"', content_place::extension_quoted},
        {content_place::extension_value, class_token, content_place::extension_value},
        {content_place::extension_value, '\r', content_place::size_lf},
        {content_place::extension_value, ';', content_place::extension_name_first},
        {content_place::extension_quoted, '"', content_place::extension_closed},
        {content_place::extension_quoted, '\\', content_place::extension_escape},
        {content_place::extension_quoted, class_value, content_place::extension_quoted},
        {content_place::extension_escape, class_value, content_place::extension_quoted},
        {content_place::extension_closed, '\r', content_place::size_lf},
        {content_place::extension_closed, ';', content_place::extension_name_first},
        // trailer fields have the grammar of fields and no effect, RFC 9112 7.1.2, RFC 9110 6.5.1
        {content_place::trailer_line, class_token, content_place::trailer_name},
        {content_place::trailer_line, ' ', content_place::trailer_value},
        {content_place::trailer_line, '\t', content_place::trailer_value},
        {content_place::trailer_line, '\r', content_place::last_lf},
        {content_place::trailer_name, class_token, content_place::trailer_name},
        {content_place::trailer_name, ':', content_place::trailer_value},
        {content_place::trailer_value, class_value, content_place::trailer_value},
        {content_place::trailer_value, '\r', content_place::trailer_lf},
        {content_place::trailer_lf, '\n', content_place::trailer_line},
        {content_place::last_lf, '\n', content_place::end},
    };

    // Where this octet leads; `content`, where no framing leads, if it is wrong.
    [[nodiscard]] constexpr content_place next_place(char byte) const noexcept {
        for (const rule& each : rules) {
            if (at(each.from) &&
                (each.what <= class_value ? is(byte, static_cast<byte_class>(each.what)) : each.what == byte)) {
                return each.to;
            }
        }
        return content_place::content;
    }

    constexpr void scan(char byte, octet_count& left, octet_count& known, const body_limits& limits) noexcept {
        const content_place from = where();
        if (from <= content_place::size) {
            scan_size(byte, left, known, limits);
            return;
        }
        const bool trailer = from >= content_place::trailer_line;
        if (trailer) {
            count(limits.trailer_bytes, errc::too_many_trailers);
            if (fault_ != errc::ok) {
                return;
            }
        }
        const content_place to = next_place(byte);
        const bool line = from == content_place::trailer_line;
        if (to == content_place::content ||
            (line && to == content_place::trailer_value && (fold_ == fold::none || number() == 0))) {
            fail(trailer ? errc::bad_trailer : errc::bad_chunk);
        } else if (line && to == content_place::trailer_name && number()++ >= limits.trailers) {
            fail(errc::too_many_trailers);
        } else {
            go(to);
        }
        if (from < content_place::size_lf) {
            count_extension(byte, limits);
        } else if (to == content_place::size_first) {
            number() = 0;
        } else if (to == content_place::chunk && left == 0) { // from here on it is trailers that are counted
            go(content_place::trailer_line);
            counted() = 0;
            number() = 0;
        }
    }

    // chunk-size = 1*HEXDIG, at most 16 of them here. RFC 9112 7.1.
    constexpr void scan_size(char byte, octet_count& left, octet_count& known, const body_limits& limits) noexcept {
        if (is(byte, class_hex) && number() < 16) {
            ++number();
            left = left << 4 | hex_value(byte);
            go(content_place::size);
            return;
        }
        if (number() == 0 || (byte != '\r' && byte != ';')) {
            fail(errc::bad_chunk);
        } else if (left > largest_length) {
            fail(errc::bad_chunk);
        } else if (left > limits.content_bytes - (known < limits.content_bytes ? known : limits.content_bytes)) {
            fail(errc::content_too_large);
        } else {
            known += left;
            go(byte == '\r' ? content_place::size_lf : content_place::extension_name_first);
            count_extension(byte, limits);
        }
    }

    constexpr void count_extension(char byte, const body_limits& limits) noexcept {
        if (byte != '\r') {
            count(limits.extension_bytes, errc::extensions_too_long);
        }
    }
};

} // namespace detail
} // namespace tlsup
