// write_fixed.hpp: the texts that are never composed.
#pragma once

#include <cstddef>
#include <string_view>

#include "literal.hpp"
#include "registry.hpp"

namespace tlsup {

/// What the host writes itself when it lets a client go on that waits. RFC 9110 15.2.1.
inline constexpr std::string_view continue_100 = "HTTP/1.1 100 Continue\r\n\r\n"sv;

/// What a 426 says unless the options bring their own text.
inline constexpr std::string_view upgrade_required_text =
    "This resource is served over TLS only.\n"
    "Ask again with Upgrade: TLS/1.2 and Connection: Upgrade (RFC 2817), or use a client that can.\n"sv;

namespace detail {

inline constexpr char switching_101_texts[][86] = {
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.0, HTTP/1.1\r\nConnection: Upgrade\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.1, HTTP/1.1\r\nConnection: Upgrade\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.2, HTTP/1.1\r\nConnection: Upgrade\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.3, HTTP/1.1\r\nConnection: Upgrade\r\n\r\n",
};
constexpr std::string_view switching_101(tls_token token) noexcept {
    const auto& text = switching_101_texts[static_cast<std::size_t>(token)];
    return {text, sizeof text - 1};
}

/// The answer to the OPTIONS that asked for the upgrade. Nothing in the clear request changes it but `close`.
inline constexpr std::string_view inner_reply =
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nCache-Control: no-store\r\n\r\n"sv;
inline constexpr std::string_view inner_reply_last =
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"sv;

inline constexpr std::string_view misdirected_reply = "HTTP/1.1 421 Misdirected Request\r\nContent-Length: 0\r\n\r\n"sv;

// A refusal: version, status line, and an end that closes.
inline constexpr std::string_view refusal_begin = "HTTP/1.1 "sv;
inline constexpr std::string_view refusal_end = "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"sv;
// The same with a sentence behind it: its length goes between these two.
inline constexpr std::string_view refusal_length =
    "\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: "sv;
inline constexpr std::string_view head_end = "\r\n\r\n"sv;
inline constexpr std::string_view close_option = "close, "sv;
/// What goes behind the value of a Connection field: with the comma or, where there is one or no value, without it.
inline constexpr std::string_view upgrade_member = ", Upgrade"sv;

/// What opens a tunnel. It has no length and no coding. RFC 9110 9.3.6.
inline constexpr std::string_view tunnel_200 = "HTTP/1.1 200 Connection established\r\n\r\n"sv;

// A fatal alert record but for its last octet, the description. RFC 8446 5.1, 6.
inline constexpr std::string_view alert_begin = "\x15\x03\x01\x00\x02\x02"sv;
inline constexpr std::string_view alert_numbers = "\x0a\x28\x2f\x32\x46\x6d\x70\x78"sv;

} // namespace detail
} // namespace tlsup
