// registry.hpp: what RFC 2817 section 7 asks of IANA: status codes and upgrade tokens, with look-ups.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "error.hpp"
#include "scan.hpp"
#include "words.hpp"

namespace tlsup {

/// A registered status code. RFC 9110 16.2, RFC 2817 7.1.
struct status_entry {
    std::string_view line;   ///< code, SP and reason phrase, as they stand in a status line
    std::string_view source; ///< where the code is defined

    [[nodiscard]] constexpr std::uint16_t code() const noexcept {
        return static_cast<std::uint16_t>((line[0] * 10 + line[1]) * 10 + line[2] - '0' * 111);
    }
    [[nodiscard]] constexpr std::string_view reason() const noexcept { return {line.data() + 4, line.size() - 4}; }
};

/// The codes, ascending. 418 is reserved and has no phrase of its own; 425 was first planned by WebDAV Advanced
/// Collections (RFC 2817 7.1) and was later given to Too Early.
inline constexpr status_entry status_codes[] = {
    {"100 Continue"sv, "RFC 9110 15.2.1"sv},
    {"101 Switching Protocols"sv, "RFC 9110 15.2.2"sv},
    {"102 Processing"sv, "RFC 2518 10.1"sv},
    {"103 Early Hints"sv, "RFC 8297 2"sv},
    {"200 OK"sv, "RFC 9110 15.3.1"sv},
    {"201 Created"sv, "RFC 9110 15.3.2"sv},
    {"202 Accepted"sv, "RFC 9110 15.3.3"sv},
    {"203 Non-Authoritative Information"sv, "RFC 9110 15.3.4"sv},
    {"204 No Content"sv, "RFC 9110 15.3.5"sv},
    {"205 Reset Content"sv, "RFC 9110 15.3.6"sv},
    {"206 Partial Content"sv, "RFC 9110 15.3.7"sv},
    {"207 Multi-Status"sv, "RFC 4918 11.1"sv},
    {"208 Already Reported"sv, "RFC 5842 7.1"sv},
    {"226 IM Used"sv, "RFC 3229 10.4.1"sv},
    {"300 Multiple Choices"sv, "RFC 9110 15.4.1"sv},
    {"301 Moved Permanently"sv, "RFC 9110 15.4.2"sv},
    {"302 Found"sv, "RFC 9110 15.4.3"sv},
    {"303 See Other"sv, "RFC 9110 15.4.4"sv},
    {"304 Not Modified"sv, "RFC 9110 15.4.5"sv},
    {"305 Use Proxy"sv, "RFC 9110 15.4.6"sv},
    {"307 Temporary Redirect"sv, "RFC 9110 15.4.8"sv},
    {"308 Permanent Redirect"sv, "RFC 9110 15.4.9"sv},
    {"400 Bad Request"sv, "RFC 9110 15.5.1"sv},
    {"401 Unauthorized"sv, "RFC 9110 15.5.2"sv},
    {"402 Payment Required"sv, "RFC 9110 15.5.3"sv},
    {"403 Forbidden"sv, "RFC 9110 15.5.4"sv},
    {"404 Not Found"sv, "RFC 9110 15.5.5"sv},
    {"405 Method Not Allowed"sv, "RFC 9110 15.5.6"sv},
    {"406 Not Acceptable"sv, "RFC 9110 15.5.7"sv},
    {"407 Proxy Authentication Required"sv, "RFC 9110 15.5.8"sv},
    {"408 Request Timeout"sv, "RFC 9110 15.5.9"sv},
    {"409 Conflict"sv, "RFC 9110 15.5.10"sv},
    {"410 Gone"sv, "RFC 9110 15.5.11"sv},
    {"411 Length Required"sv, "RFC 9110 15.5.12"sv},
    {"412 Precondition Failed"sv, "RFC 9110 15.5.13"sv},
    {"413 Content Too Large"sv, "RFC 9110 15.5.14"sv},
    {"414 URI Too Long"sv, "RFC 9110 15.5.15"sv},
    {"415 Unsupported Media Type"sv, "RFC 9110 15.5.16"sv},
    {"416 Range Not Satisfiable"sv, "RFC 9110 15.5.17"sv},
    {"417 Expectation Failed"sv, "RFC 9110 15.5.18"sv},
    {"420 Method Failure"sv, "RFC 2518 drafts; the code is unassigned today"sv},
    {"421 Misdirected Request"sv, "RFC 9110 15.5.20; in RFC 2518's time a WebDAV draft's"sv},
    {"422 Unprocessable Content"sv, "RFC 9110 15.5.21; first RFC 2518 10.3"sv},
    {"423 Locked"sv, "RFC 4918 11.3; first RFC 2518 10.4"sv},
    {"424 Failed Dependency"sv, "RFC 4918 11.4; first RFC 2518 10.5"sv},
    {"425 Too Early"sv, "RFC 8470 5.2; first planned by WebDAV Advanced Collections"sv},
    {"426 Upgrade Required"sv, "RFC 2817 4.2, RFC 9110 15.5.22"sv},
    {"428 Precondition Required"sv, "RFC 6585 3"sv},
    {"429 Too Many Requests"sv, "RFC 6585 4"sv},
    {"431 Request Header Fields Too Large"sv, "RFC 6585 5"sv},
    {"451 Unavailable For Legal Reasons"sv, "RFC 7725 3"sv},
    {"500 Internal Server Error"sv, "RFC 9110 15.6.1"sv},
    {"501 Not Implemented"sv, "RFC 9110 15.6.2"sv},
    {"502 Bad Gateway"sv, "RFC 9110 15.6.3"sv},
    {"503 Service Unavailable"sv, "RFC 9110 15.6.4"sv},
    {"504 Gateway Timeout"sv, "RFC 9110 15.6.5"sv},
    {"505 HTTP Version Not Supported"sv, "RFC 9110 15.6.6"sv},
    {"506 Variant Also Negotiates"sv, "RFC 2295 8.1"sv},
    {"507 Insufficient Storage"sv, "RFC 4918 11.5"sv},
    {"508 Loop Detected"sv, "RFC 5842 7.2"sv},
    {"511 Network Authentication Required"sv, "RFC 6585 6"sv},
};

/// The entry of a code, or null where it is not registered.
constexpr const status_entry* find_status(std::uint16_t code) noexcept {
    for (const auto& each : status_codes) {
        if (each.code() == code) {
            return &each;
        }
    }
    return nullptr;
}

/// The registered reason phrase, empty where there is none. RFC 9112 4: nobody may depend on it.
constexpr std::string_view reason_phrase(std::uint16_t code) noexcept {
    const status_entry* found = find_status(code);
    return found != nullptr ? found->reason() : std::string_view{};
}

/// An entry of the upgrade token registry. RFC 9110 16.7, RFC 2817 7.2.
struct upgrade_token_entry {
    std::string_view name;
    std::string_view versions; ///< what may stand behind the slash
    std::string_view source;
};

inline constexpr upgrade_token_entry upgrade_tokens[] = {
    {"HTTP"sv, "any DIGIT.DIGIT"sv, "RFC 9110 2.5"sv},
    {"TLS"sv, "any DIGIT.DIGIT"sv, "RFC 2817 7.2"sv},
    {"WebSocket"sv, "none"sv, "RFC 6455 1.9"sv},
    {"websocket"sv, "none"sv, "RFC 6455 11.2, RFC 8441 5"sv},
    {"h2c"sv, "none"sv, "RFC 7540 3.2, obsoleted by RFC 9113"sv},
    {"connect-udp"sv, "none"sv, "RFC 9298 4"sv},
    {"connect-ip"sv, "none"sv, "RFC 9484 4"sv},
};

/// The registered entry for a token's name, case aside, or null. RFC 9110 7.8.
constexpr const upgrade_token_entry* find_upgrade_token(std::string_view name) noexcept {
    for (const auto& each : upgrade_tokens) {
        if (detail::same_text(each.name, name)) {
            return &each;
        }
    }
    return nullptr;
}

/// `product = token ["/" product-version]`, `product-version = token`. Views into what was parsed. RFC 2817 7.2.
struct product {
    std::string_view name{};
    std::string_view version{}; ///< empty where there is no slash
    bool valid = false;
};

namespace detail {

/// The caller has counted the octets up to the first that no token has.
constexpr product split_product(std::string_view text, std::size_t name) noexcept {
    if (name == 0) {
        return {};
    }
    if (name == text.size()) {
        return {text, {}, true};
    }
    const std::string_view version = part(text, name + 1, text.size());
    if (text[name] != '/' || version.empty() || skip(version, 0, class_token) != version.size()) {
        return {};
    }
    return {part(text, 0, name), version, true};
}

} // namespace detail

constexpr product parse_product(std::string_view text) noexcept {
    return detail::split_product(text, detail::skip(text, 0, detail::class_token));
}

/// The TLS upgrade tokens that name a protocol version in existence. The token asks for TLS; it does not fix the
/// version that the handshake agrees on, which is local policy. RFC 2817 7.2, RFC 9110 16.7.
enum class tls_token : std::uint8_t { tls_1_0 = 0, tls_1_1 = 1, tls_1_2 = 2, tls_1_3 = 3 };

inline constexpr std::string_view tls_token_texts[] = {"TLS/1.0"sv, "TLS/1.1"sv, "TLS/1.2"sv, "TLS/1.3"sv};

/// The token's text, static.
constexpr std::string_view to_string(tls_token token) noexcept {
    return tls_token_texts[static_cast<std::size_t>(token) & 3];
}

inline constexpr std::size_t tls_token_size = 7; // of every text of a `tls_token`

/// Reads one token: the name in any case, the version exact. `bad_argument` for everything else, lists included.
constexpr errc parse_tls_token(std::string_view text, tls_token& token) noexcept {
#if TLSUP_WORDS
    if (text.size() != tls_token_size || !detail::starts_with<"tls/1.">(text) || text[6] < '0' || text[6] > '3') {
        return errc::bad_argument;
    }
    token = static_cast<tls_token>(text[6] - '0');
#else
    const unsigned found = detail::which<"tls/1.0", "tls/1.1", "tls/1.2", "tls/1.3">(text);
    if (found == 0) {
        return errc::bad_argument;
    }
    token = static_cast<tls_token>(found - 1);
#endif
    return errc::ok;
}

namespace detail {
struct head_facts;
} // namespace detail

/// Up to four different TLS tokens in order of preference. Two bytes.
class token_list {
  public:
    constexpr token_list() noexcept = default;
    constexpr token_list(std::initializer_list<tls_token> tokens) noexcept {
        for (const tls_token each : tokens) {
            add(each);
        }
    }

    [[nodiscard]] constexpr std::size_t size() const noexcept { return packed_ & 7; }
    [[nodiscard]] constexpr bool empty() const noexcept { return size() == 0; }

    /// The token at `index`, which must be below `size()`.
    [[nodiscard]] constexpr tls_token operator[](std::size_t index) const noexcept {
        return static_cast<tls_token>((packed_ >> (3 + 2 * (index & 3))) & 3);
    }

    [[nodiscard]] constexpr bool contains(tls_token token) const noexcept {
        return static_cast<unsigned>(token) < 4 && (bits() >> (set_at + static_cast<unsigned>(token)) & 1U) != 0;
    }

    /// Appends; a token that is there already keeps its place.
    constexpr void add(tls_token token) noexcept {
        if (!contains(token)) {
            append(static_cast<unsigned>(token));
        }
    }

    /// Those of this list, in this order, that `other` has too.
    [[nodiscard]] TLSUP_SEPARATE constexpr token_list common(token_list other) const noexcept {
        token_list both;
        if ((bits() & other.bits()) >> set_at == 0) {
            return both;
        }
        if (TLSUP_WORDS != 0 && (bits() & ~other.bits()) >> set_at == 0) {
            return *this; // all of them, as mostly
        }
        unsigned rest = bits() >> 3;
        for (std::size_t left = size(); left > 0; --left, rest >>= 2) {
            if ((other.bits() >> (set_at + (rest & 3)) & 1U) != 0) {
                both.append(rest & 3);
            }
        }
        return both;
    }

    friend constexpr bool operator==(token_list, token_list) noexcept = default;

  private:
    friend struct detail::head_facts;
    static constexpr unsigned set_at = 11;

    [[nodiscard]] constexpr unsigned bits() const noexcept { return packed_; }
    constexpr void append(unsigned token) noexcept { packed_ = static_cast<std::uint16_t>(appended(packed_, token)); }
    // `list`: a list, and anything above it.
    static constexpr unsigned appended(unsigned list, unsigned token) noexcept {
        return (list | (token & 3) << (3 + 2 * (list & 7)) | 1U << (set_at + (token & 3))) + 1;
    }

    std::uint16_t packed_ = 0; // count in the low three bits, then two bits for each token, then the set of them
};

/// What the library offers and accepts unless told otherwise. It ends in TLS/1.0 for the sake of old peers, which know
/// no other token.
inline constexpr token_list default_tokens{tls_token::tls_1_3, tls_token::tls_1_2, tls_token::tls_1_0};

} // namespace tlsup
