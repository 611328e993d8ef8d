// body.hpp: where content ends: by length, by chunks, or with the connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "content_position.hpp"
#include "error.hpp"
#include "facts.hpp"
#include "octet_count.hpp"

namespace tlsup {

namespace detail {

/// Follows the content behind a head that a reader has read. `at` is that reader, `facts` are its facts, and both
/// counts are kept in them: once the content is begun, the lists and flags of the head are gone. Where `Parts` are not
/// all, its users refuse chunks before they ask it.
template <content_parts Parts> struct body_of {
    /// `folds`: trailer lines may be folded, as in responses. RFC 9112 5.2.
    template <class Facts> static constexpr void begin(content_position& at, Facts& facts, bool folds) noexcept {
        octet_count left;
        if constexpr (requires { facts.status(); }) { // of a response that much lasts
            facts.settle();
        }
        at.begin_content(facts.framing(), folds, left, facts.head_.length);
        facts.head_.keep(left);
    }
    template <class Facts>
    static constexpr body_piece next(content_position& at, Facts& facts, std::string_view unread,
                                     const body_limits& limits) noexcept {
        octet_count left = facts.head_.left();
        const body_piece piece = at.next_content<Parts == content_parts::all>(unread, limits, left, facts.head_.length);
        facts.head_.keep(left);
        return piece;
    }
    template <class Facts> static constexpr void took(content_position& at, Facts& facts, std::size_t count) noexcept {
        octet_count left = facts.head_.left();
        at.took_content(count, left, facts.head_.length);
        facts.head_.keep(left);
    }

    /// Octets of content that were taken, at a piece of it: framing was counted ahead.
    template <class Facts> [[nodiscard]] static constexpr std::uint64_t taken(const Facts& facts) noexcept {
        return facts.head_.length - facts.head_.left();
    }

    /// Octets of the content, where Content-Length says so, else 0.
    template <class Facts> [[nodiscard]] static constexpr std::uint64_t announced(const Facts& facts) noexcept {
        return facts.framing() == framing::length ? std::uint64_t{facts.head_.length} : 0;
    }

    /// What is still true of the facts of a response.
    template <class Facts> [[nodiscard]] static constexpr Facts lasting(Facts facts) noexcept {
        facts.forget();
        return facts;
    }
};

/// No content: its users refuse what has any.
template <> struct body_of<content_parts::none> {
    template <class Facts> static constexpr void begin(content_position& at, Facts& facts, bool folds) noexcept {
        octet_count left;
        at.begin_content(framing::none, folds, left, facts.head_.length);
    }
    template <class Facts>
    static constexpr body_piece next(content_position&, Facts&, std::string_view, const body_limits&) noexcept {
        return {body_piece::kind::end, 0};
    }
    template <class Facts> static constexpr void took(content_position&, Facts&, std::size_t) noexcept {}
};

/// Content whose head somebody else has read.
class body_reader {
  public:
    constexpr body_reader() noexcept : body_reader(framing::none, 0, false) {}
    constexpr body_reader(framing how, std::uint64_t length, bool folds) noexcept { begin(how, length, folds); }

    constexpr void begin(framing how, std::uint64_t length, bool folds) noexcept {
        known_ = length;
        at_.begin_content(how, folds, left_, known_);
    }
    [[nodiscard]] constexpr errc fault() const noexcept { return at_.fault(); }
    [[nodiscard]] constexpr bool done() const noexcept { return at_.content_done(); }
    [[nodiscard]] constexpr std::size_t ahead() const noexcept { return at_.ahead(); }
    [[nodiscard]] constexpr bool until_close() const noexcept { return at_.until_close(); }
    constexpr body_piece next(std::string_view unread, const body_limits& limits) noexcept {
        return at_.next_content<true>(unread, limits, left_, known_);
    }
    constexpr void took(std::size_t count) noexcept { at_.took_content(count, left_, known_); }

    friend constexpr bool operator==(const body_reader&, const body_reader&) noexcept = default;

  private:
    content_position at_{};
    octet_count left_{};
    octet_count known_{};
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
