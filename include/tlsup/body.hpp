// body.hpp: where content ends: by length, by chunks, or with the connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "error.hpp"
#include "facts.hpp"
#include "grammar.hpp"
#include "scan.hpp"

namespace tlsup {

/// What content may cost. RFC 9112 7.1.1, 7.1.2.
struct body_limits {
    std::uint64_t content_bytes = detail::largest_length; ///< all content of a message; beyond it 413
    std::uint16_t extension_bytes = 4096;                 ///< all chunk extensions of a message; beyond it 400
    std::uint16_t trailer_bytes = 8192;                   ///< all trailer lines of a message; beyond it 400
    std::uint8_t trailers = 100;                          ///< trailer fields of a message; beyond it 400
};

/// Which content a machine reads. What it does not read it refuses.
enum class content_parts : std::uint8_t {
    none,    ///< no content
    counted, ///< by length, or until the connection closes
    all,     ///< by chunks as well. RFC 9112 7.1
};

namespace detail {

/// What the next unread bytes of a message are.
struct body_piece {
    enum class kind : std::uint8_t { more, framing, content, end, failed };
    kind what = kind::more;
    std::size_t size = 0; // octets of framing or content at the front of the unread bytes
};

/// Follows the content of one message. It never takes: framing that was looked at stays counted in `ahead_` until the
/// caller says that it has left the buffer. Thirty-two bytes, no views. Where `Parts` are not all, its users refuse
/// chunks before they ask it.
template <content_parts Parts> class basic_body_reader {
  public:
    constexpr basic_body_reader() noexcept = default;

    constexpr basic_body_reader(framing how, std::uint64_t length, bool folds) noexcept { begin(how, length, folds); }

    /// Another message. `folds`: trailer lines may be folded, as in responses. RFC 9112 5.2.
    constexpr void begin(framing how, std::uint64_t length, bool folds) noexcept {
        left_ = how == framing::length ? length : 0;
        at_ = how == framing::chunked       ? place::size_first
              : how == framing::until_close ? place::until_close
              : left_ != 0                  ? place::content
                                            : place::end;
        fault_ = errc::ok;
        folds_ = folds;
        trailers_ = 0;
        digits_ = 0;
        ahead_ = 0;
        counted_ = 0;
        total_ = 0;
    }

    [[nodiscard]] constexpr errc fault() const noexcept { return fault_; }
    [[nodiscard]] constexpr bool done() const noexcept { return at_ == place::end && ahead_ == 0; }
    /// Octets at the front of the unread bytes that were looked at already.
    [[nodiscard]] constexpr std::size_t ahead() const noexcept { return ahead_; }
    [[nodiscard]] constexpr bool until_close() const noexcept { return at_ == place::until_close; }

    /// `unread` starts with the first byte that was not taken.
    constexpr body_piece next(std::string_view unread, const body_limits& limits) noexcept {
        while (Parts == content_parts::all && ahead_ < unread.size() && ahead_ < largest_step && fault_ == errc::ok &&
               !in_content() && at_ != place::end) {
            scan(unread[ahead_], limits);
            ahead_ = static_cast<std::uint16_t>(ahead_ + (fault_ == errc::ok ? 1 : 0));
        }
        if (ahead_ != 0) {
            return {body_piece::kind::framing, ahead_};
        }
        if (fault_ != errc::ok) {
            return {body_piece::kind::failed, 0};
        }
        if (at_ == place::end) {
            return {body_piece::kind::end, 0};
        }
        if (unread.empty()) {
            return {};
        }
        // Chunks were counted where their sizes were read.
        const bool endless = at_ == place::until_close;
        if (endless ? total_ >= limits.content_bytes : at_ == place::content && total_ + left_ > limits.content_bytes) {
            fail(errc::content_too_large);
            return {body_piece::kind::failed, 0};
        }
        const std::uint64_t left = endless ? limits.content_bytes - total_ : left_;
        return {body_piece::kind::content, left > unread.size() ? unread.size() : static_cast<std::size_t>(left)};
    }

    /// The caller took `count` octets of the piece that `next` showed; it has checked that there were that many.
    constexpr void took(std::size_t count) noexcept {
        if (ahead_ != 0) {
            ahead_ = static_cast<std::uint16_t>(ahead_ - count);
        } else if (at_ == place::until_close) {
            total_ += count;
        } else if (at_ == place::content || at_ == place::chunk) {
            total_ += at_ == place::content ? count : 0;
            left_ -= count;
            if (left_ == 0) {
                at_ = at_ == place::content ? place::end : place::data_cr;
            }
        }
    }

    friend constexpr bool operator==(const basic_body_reader&, const basic_body_reader&) noexcept = default;

  private:
    static constexpr std::uint16_t largest_step = 0xffff;

    enum class place : std::uint8_t {
        end,
        content,
        until_close,
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
        chunk,
        data_cr,
        data_lf,
        trailer_line,
        trailer_name,
        trailer_value,
        trailer_lf,
        last_lf,
    };

    [[nodiscard]] constexpr bool in_content() const noexcept {
        return at_ == place::content || at_ == place::until_close || at_ == place::chunk;
    }

    constexpr void fail(errc why) noexcept { fault_ = why; }
    constexpr void go(bool allowed, place next, errc why) noexcept {
        if (allowed) {
            at_ = next;
        } else {
            fail(why);
        }
    }

    constexpr void count(std::uint16_t limit, errc why) noexcept {
        if (counted_ >= limit) {
            fail(why);
        } else {
            ++counted_;
        }
    }

    constexpr void scan(char byte, const body_limits& limits) noexcept {
        switch (at_) { // GCOVR_EXCL_BR_LINE as below
        case place::size_first:
        case place::size:
            scan_size(byte, limits);
            break;
        case place::extension_name_first:
        case place::extension_name:
        case place::extension_value_first:
        case place::extension_value:
        case place::extension_quoted:
        case place::extension_escape:
        case place::extension_closed:
            scan_extension(byte, limits);
            break;
        case place::size_lf:
            go(byte == '\n', left_ != 0 ? place::chunk : place::trailer_line, errc::bad_chunk);
            counted_ = left_ != 0 ? counted_ : std::uint16_t{0}; // from here on it counts trailer octets
            break;
        case place::data_cr:
            go(byte == '\r', place::data_lf, errc::bad_chunk);
            break;
        case place::data_lf:
            go(byte == '\n', place::size_first, errc::bad_chunk);
            digits_ = 0;
            break;
        case place::trailer_line:
        case place::trailer_name:
        case place::trailer_value:
        case place::trailer_lf:
        case place::last_lf:
            scan_trailer(byte, limits);
            break;
        case place::content: // GCOVR_EXCL_START next() scans framing only
        case place::until_close:
        case place::chunk:
        case place::end:
            break;
            // GCOVR_EXCL_STOP
        }
    }

    // chunk-size = 1*HEXDIG, at most 16 of them here. RFC 9112 7.1.
    constexpr void scan_size(char byte, const body_limits& limits) noexcept {
        if (is(byte, class_hex) && digits_ < 16) {
            ++digits_;
            left_ = left_ * 16 + hex_value(byte);
            at_ = place::size;
            return;
        }
        if (digits_ == 0 || (byte != '\r' && byte != ';')) {
            fail(errc::bad_chunk);
        } else if (left_ > largest_length) {
            fail(errc::bad_chunk);
        } else if (left_ > limits.content_bytes - (total_ < limits.content_bytes ? total_ : limits.content_bytes)) {
            fail(errc::content_too_large);
        } else {
            total_ += left_;
            at_ = byte == '\r' ? place::size_lf : place::extension_name_first;
            count_extension(byte, limits);
        }
    }

    constexpr void count_extension(char byte, const body_limits& limits) noexcept {
        if (byte != '\r') {
            count(limits.extension_bytes, errc::extensions_too_long);
        }
    }

    // *( ";" token [ "=" ( token / quoted-string ) ] ), without the whitespace that the grammar calls bad.
    constexpr void scan_extension(char byte, const body_limits& limits) noexcept {
        const bool token = is(byte, class_token);
        if (at_ == place::extension_name_first) {
            go(token, place::extension_name, errc::bad_chunk);
        } else if (at_ == place::extension_value_first) {
            go(token || byte == '"', token ? place::extension_value : place::extension_quoted, errc::bad_chunk);
        } else if (at_ == place::extension_quoted) {
            const place next = byte == '"'    ? place::extension_closed
                               : byte == '\\' ? place::extension_escape
                                              : place::extension_quoted;
            go(is(byte, class_value), next, errc::bad_chunk);
        } else if (at_ == place::extension_escape) {
            go(is(byte, class_value), place::extension_quoted, errc::bad_chunk);
        } else if (at_ == place::extension_name && byte == '=') {
            at_ = place::extension_value_first;
        } else if (at_ == place::extension_closed || !token) {
            end_extension(byte);
        }
        count_extension(byte, limits);
    }

    constexpr void end_extension(char byte) noexcept {
        go(byte == '\r' || byte == ';', byte == '\r' ? place::size_lf : place::extension_name_first, errc::bad_chunk);
    }

    // Trailer fields have the grammar of fields and no effect. RFC 9112 7.1.2, RFC 9110 6.5.1.
    constexpr void scan_trailer(char byte, const body_limits& limits) noexcept {
        count(limits.trailer_bytes, errc::too_many_trailers);
        if (fault_ != errc::ok) {
            return;
        }
        if (at_ == place::trailer_line) {
            scan_trailer_start(byte, limits);
        } else if (at_ == place::trailer_name) {
            go(byte == ':' || is(byte, class_token), byte == ':' ? place::trailer_value : at_, errc::bad_trailer);
        } else if (at_ == place::trailer_value) {
            go(byte == '\r' || is(byte, class_value), byte == '\r' ? place::trailer_lf : at_, errc::bad_trailer);
        } else {
            go(byte == '\n', at_ == place::trailer_lf ? place::trailer_line : place::end, errc::bad_trailer);
        }
    }

    constexpr void scan_trailer_start(char byte, const body_limits& limits) noexcept {
        if (byte == '\r') {
            at_ = place::last_lf;
        } else if (folds_ && trailers_ != 0 && (byte == ' ' || byte == '\t')) {
            at_ = place::trailer_value;
        } else if (!is(byte, class_token)) {
            fail(errc::bad_trailer);
        } else if (trailers_ >= limits.trailers) {
            fail(errc::too_many_trailers);
        } else {
            ++trailers_;
            at_ = place::trailer_name;
        }
    }

    place at_ = place::end;
    errc fault_ = errc::ok;
    bool folds_ = false;
    std::uint8_t trailers_ = 0;
    std::uint8_t digits_ = 0;
    std::uint16_t ahead_ = 0;   // octets of framing that were looked at and not taken yet
    std::uint16_t counted_ = 0; // octets of extensions, then of trailers
    std::uint64_t left_ = 0;    // octets of content, or of this chunk, that were not taken yet
    std::uint64_t total_ = 0;   // octets of content so far, with the whole chunk where there are chunks
};

using body_reader = basic_body_reader<content_parts::all>;

/// No content: its users refuse what has any.
template <> class basic_body_reader<content_parts::none> {
  public:
    constexpr void begin(framing, std::uint64_t, bool) noexcept {}
    [[nodiscard]] constexpr errc fault() const noexcept { return errc::ok; }
    [[nodiscard]] constexpr std::size_t ahead() const noexcept { return 0; }
    [[nodiscard]] constexpr bool until_close() const noexcept { return false; }
    constexpr body_piece next(std::string_view, const body_limits&) noexcept { return {body_piece::kind::end, 0}; }
    constexpr void took(std::size_t) noexcept {}

    friend constexpr bool operator==(const basic_body_reader&, const basic_body_reader&) noexcept = default;
};

/// Why a machine with these parts does not read such content; `ok` where it does. RFC 9110 15.5.14, RFC 9112 6.1.
template <content_parts Parts> constexpr errc refuses_content(framing how, bool any) noexcept {
    if constexpr (Parts == content_parts::all) {
        return errc::ok;
    } else {
        return how == framing::chunked               ? errc::unknown_transfer_coding
               : Parts == content_parts::none && any ? errc::content_too_large
                                                     : errc::ok;
    }
}

} // namespace detail
} // namespace tlsup
