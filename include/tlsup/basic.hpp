// basic.hpp: the Basic scheme, by which a proxy learns who asks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "grammar.hpp"
#include "scan.hpp"

namespace tlsup {

/// A user and a password, in UTF-8. Both empty: none. RFC 7617 2.
struct credentials {
    std::string_view user{}; ///< without a colon
    std::string_view password{};

    [[nodiscard]] constexpr bool given() const noexcept { return !user.empty() || !password.empty(); }
};

namespace detail {

inline constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"sv;

/// The octets `user:password`, one by one and without a copy.
class credential_octets {
  public:
    explicit constexpr credential_octets(const credentials& of) noexcept : of_(of) {}

    [[nodiscard]] constexpr std::size_t size() const noexcept { return of_.user.size() + 1 + of_.password.size(); }
    /// 0 behind the end.
    [[nodiscard]] constexpr std::uint8_t at(std::size_t index) const noexcept {
        const char octet = index < of_.user.size()    ? of_.user[index]
                           : index == of_.user.size() ? ':'
                           : index < size()           ? of_.password[index - of_.user.size() - 1]
                                                      : '\0';
        return static_cast<std::uint8_t>(octet);
    }

    /// The digit at this place of the base64 text, RFC 4648 4.
    [[nodiscard]] constexpr char digit(std::size_t index) const noexcept {
        const std::size_t first = index / 4 * 3;
        const std::size_t in = index % 4;
        if (first + in > size()) {
            return '=';
        }
        const unsigned bits = static_cast<unsigned>((at(first) << 16) | (at(first + 1) << 8) | at(first + 2));
        return base64_digits[(bits >> (18 - 6 * in)) & 63];
    }
    [[nodiscard]] constexpr std::size_t digits() const noexcept { return (size() + 2) / 3 * 4; }

  private:
    credentials of_;
};

/// No colon in the user, no control character anywhere. RFC 7617 2.
constexpr bool are_credentials(const credentials& given) noexcept {
    bool good = true;
    for (const char each : given.user) {
        good = good && each != ':';
    }
    for (const std::string_view text : {given.user, given.password}) {
        for (const char each : text) {
            good = good && static_cast<unsigned char>(each) >= 32 && each != '\x7f';
        }
    }
    return good;
}

/// What stands behind the scheme's name and its spaces; empty where the scheme is another one.
constexpr std::string_view behind_basic(std::string_view value) noexcept {
    const std::size_t end = skip(value, 0, class_token);
    if (end == value.size() || value[end] != ' ' || !same_text(part(value, 0, end), "basic"sv)) {
        return {};
    }
    return trim(part(value, end, value.size()));
}

} // namespace detail

/// Whether the value of Proxy-Authorization, or of Authorization, is Basic with these credentials. The time that it
/// takes depends on the lengths alone. RFC 7617 2, RFC 9110 11.7.2.
constexpr bool basic_matches(std::string_view value, const credentials& expected) noexcept {
    const std::string_view text = detail::behind_basic(value);
    const detail::credential_octets octets(expected);
    unsigned different = expected.given() && text.size() == octets.digits() ? 0 : 1;
    for (std::size_t at = 0; at < text.size(); ++at) {
        different |= unsigned{static_cast<unsigned char>(text[at])} ^ static_cast<unsigned char>(octets.digit(at));
    }
    return different == 0;
}

/// Whether one of the challenges in the value of Proxy-Authenticate, or of WWW-Authenticate, is of the Basic scheme. A
/// member whose first token is followed by "=" is a parameter of the challenge before it. The value may be folded.
/// RFC 9110 11.3, 11.6.1; RFC 9112 5.2.
constexpr bool asks_for_basic(std::string_view value) noexcept {
    const auto skip_blanks = [value](std::size_t from) {
        from = detail::skip_blanks(value, from);
        while (from < value.size() && (value[from] == '\r' || value[from] == '\n')) {
            from = detail::skip_blanks(value, from + 1);
        }
        return from;
    };
    std::size_t at = 0;
    while (at < value.size()) {
        at = skip_blanks(at);
        const std::size_t end = detail::skip(value, at, detail::class_token);
        const std::size_t next = skip_blanks(end);
        const bool parameter = next < value.size() && value[next] == '=';
        if (!parameter && detail::same_text(detail::part(value, at, end), "basic"sv)) {
            return true;
        }
        bool quoted = false;
        for (at = end; at < value.size() && (quoted || value[at] != ','); ++at) {
            if (quoted && value[at] == '\\') {
                ++at;
            } else if (value[at] == '"') {
                quoted = !quoted;
            }
        }
        ++at;
    }
    return false;
}

} // namespace tlsup
