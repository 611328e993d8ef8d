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
    {"100 Continue", "RFC 9110 15.2.1"},
    {"101 Switching Protocols", "RFC 9110 15.2.2"},
    {"102 Processing", "RFC 2518 10.1"},
    {"103 Early Hints", "RFC 8297 2"},
    {"200 OK", "RFC 9110 15.3.1"},
    {"201 Created", "RFC 9110 15.3.2"},
    {"202 Accepted", "RFC 9110 15.3.3"},
    {"203 Non-Authoritative Information", "RFC 9110 15.3.4"},
    {"204 No Content", "RFC 9110 15.3.5"},
    {"205 Reset Content", "RFC 9110 15.3.6"},
    {"206 Partial Content", "RFC 9110 15.3.7"},
    {"207 Multi-Status", "RFC 4918 11.1"},
    {"208 Already Reported", "RFC 5842 7.1"},
    {"226 IM Used", "RFC 3229 10.4.1"},
    {"300 Multiple Choices", "RFC 9110 15.4.1"},
    {"301 Moved Permanently", "RFC 9110 15.4.2"},
    {"302 Found", "RFC 9110 15.4.3"},
    {"303 See Other", "RFC 9110 15.4.4"},
    {"304 Not Modified", "RFC 9110 15.4.5"},
    {"305 Use Proxy", "RFC 9110 15.4.6"},
    {"307 Temporary Redirect", "RFC 9110 15.4.8"},
    {"308 Permanent Redirect", "RFC 9110 15.4.9"},
    {"400 Bad Request", "RFC 9110 15.5.1"},
    {"401 Unauthorized", "RFC 9110 15.5.2"},
    {"402 Payment Required", "RFC 9110 15.5.3"},
    {"403 Forbidden", "RFC 9110 15.5.4"},
    {"404 Not Found", "RFC 9110 15.5.5"},
    {"405 Method Not Allowed", "RFC 9110 15.5.6"},
    {"406 Not Acceptable", "RFC 9110 15.5.7"},
    {"407 Proxy Authentication Required", "RFC 9110 15.5.8"},
    {"408 Request Timeout", "RFC 9110 15.5.9"},
    {"409 Conflict", "RFC 9110 15.5.10"},
    {"410 Gone", "RFC 9110 15.5.11"},
    {"411 Length Required", "RFC 9110 15.5.12"},
    {"412 Precondition Failed", "RFC 9110 15.5.13"},
    {"413 Content Too Large", "RFC 9110 15.5.14"},
    {"414 URI Too Long", "RFC 9110 15.5.15"},
    {"415 Unsupported Media Type", "RFC 9110 15.5.16"},
    {"416 Range Not Satisfiable", "RFC 9110 15.5.17"},
    {"417 Expectation Failed", "RFC 9110 15.5.18"},
    {"420 Method Failure", "RFC 2518 drafts; the code is unassigned today"},
    {"421 Misdirected Request", "RFC 9110 15.5.20; in RFC 2518's time a WebDAV draft's"},
    {"422 Unprocessable Content", "RFC 9110 15.5.21; first RFC 2518 10.3"},
    {"423 Locked", "RFC 4918 11.3; first RFC 2518 10.4"},
    {"424 Failed Dependency", "RFC 4918 11.4; first RFC 2518 10.5"},
    {"425 Too Early", "RFC 8470 5.2; first planned by WebDAV Advanced Collections"},
    {"426 Upgrade Required", "RFC 2817 4.2, RFC 9110 15.5.22"},
    {"428 Precondition Required", "RFC 6585 3"},
    {"429 Too Many Requests", "RFC 6585 4"},
    {"431 Request Header Fields Too Large", "RFC 6585 5"},
    {"451 Unavailable For Legal Reasons", "RFC 7725 3"},
    {"500 Internal Server Error", "RFC 9110 15.6.1"},
    {"501 Not Implemented", "RFC 9110 15.6.2"},
    {"502 Bad Gateway", "RFC 9110 15.6.3"},
    {"503 Service Unavailable", "RFC 9110 15.6.4"},
    {"504 Gateway Timeout", "RFC 9110 15.6.5"},
    {"505 HTTP Version Not Supported", "RFC 9110 15.6.6"},
    {"506 Variant Also Negotiates", "RFC 2295 8.1"},
    {"507 Insufficient Storage", "RFC 4918 11.5"},
    {"508 Loop Detected", "RFC 5842 7.2"},
    {"511 Network Authentication Required", "RFC 6585 6"},
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
    {"HTTP", "any DIGIT.DIGIT", "RFC 9110 2.5"},
    {"TLS", "any DIGIT.DIGIT", "RFC 2817 7.2"},
    {"WebSocket", "none", "RFC 6455 1.9"},
    {"websocket", "none", "RFC 6455 11.2, RFC 8441 5"},
    {"h2c", "none", "RFC 7540 3.2, obsoleted by RFC 9113"},
    {"connect-udp", "none", "RFC 9298 4"},
    {"connect-ip", "none", "RFC 9484 4"},
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

inline constexpr std::string_view tls_token_texts[] = {"TLS/1.0", "TLS/1.1", "TLS/1.2", "TLS/1.3"};

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
    static constexpr unsigned set_at = 11;

    [[nodiscard]] constexpr unsigned bits() const noexcept { return packed_; }
    constexpr void append(unsigned token) noexcept {
        const unsigned added = (token & 3) << (3 + 2 * size()) | 1U << (set_at + (token & 3));
        packed_ = static_cast<std::uint16_t>((bits() | added) + 1);
    }

    std::uint16_t packed_ = 0; // count in the low three bits, then two bits for each token, then the set of them
};

/// What the library offers and accepts unless told otherwise. It ends in TLS/1.0 for the sake of old peers, which know
/// no other token.
inline constexpr token_list default_tokens{tls_token::tls_1_3, tls_token::tls_1_2, tls_token::tls_1_0};

} // namespace tlsup
