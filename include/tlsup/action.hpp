// action.hpp: what a machine asks its caller to do next.
#pragma once

#include <cstdint>
#include <string_view>

#include "error.hpp"

namespace tlsup {

/// What to do next. Each says who acts and how the machine hears of it.
enum class action : std::uint8_t {
    read,      ///< Read more bytes into the same buffer and call again; at the end of input call `peer_closed()`.
    wait,      ///< Do not read. Call again after your next answer, such as `answered()`.
    write,     ///< Write `bytes`, all or some, then `wrote(n)`. `more`: another `write` follows at once (MSG_MORE).
    decide,    ///< `bytes` is a request's head: `accept`, `decline`, `require_upgrade`, `reject` or `detach`.
    drop,      ///< `bytes` are of no use to you: take them out of the buffer, then `took(n)`.
    body,      ///< `bytes` are content: use them, take them out of the buffer, then `took(n)`.
    start_tls, ///< The connection belongs to TLS now. `bytes`, if any, are what TLS sees first: hand them over,
               ///< `took(n)`.
    answer,    ///< `bytes` is the head that is yours now (server: a request to answer; client: the final response).
    secure,    ///< The other input function is the right one: the machine is inside TLS.
    dial,      ///< Close, connect again (or to another host), then answer as the machine's contract says. A proxy
               ///< connects to an address that `proxy_options::addresses` allow.
    tunnel,    ///< The tunnel is open; all unread bytes belong to it.
    detach,    ///< The machine has ended; the connection goes on, and all unread bytes are yours.
    drain,     ///< Shut down your write side, discard what arrives (`bytes`, then `took(n)`), until close.
    close,     ///< Close the connection. Inside TLS send close_notify first. `error` says why, if not `ok`. A response
               ///< that was cut must not look complete: docs/security.md, Cut responses.
};

/// What a machine returns. A view into the caller's buffer, or static text, or a prepared head: valid until the buffer
/// changes. Calling `next` again without an answer in between returns the same step.
struct [[nodiscard]] step {
    std::string_view bytes{};
    action what = action::read;
    errc error = errc::ok;    ///< why, for `close`, `drain`, and refusals that are being written
    std::uint16_t status = 0; ///< the status code that this step is about, if any
    bool more = false;        ///< `write` only: the response goes on in the next step

    friend constexpr bool operator==(const step&, const step&) noexcept = default;
};

/// How the peer's bytes ended. RFC 9112 9.8.
enum class closure : std::uint8_t {
    fin,          ///< TCP end of stream. Inside TLS: without close_notify, so the end may have been cut off.
    close_notify, ///< TLS closure alert: nothing is missing.
};

/// Which of the caller's deadlines matters now. RFC 9112 9.5.
enum class deadline : std::uint8_t {
    none,
    idle,      ///< nothing has begun
    head,      ///< a head is on its way
    content,   ///< its content
    handshake, ///< TLS
    linger,    ///< the write side is shut; what arrives is discarded
    dial,      ///< somebody else is being connected to
};

constexpr std::string_view to_string(action what) noexcept {
    constexpr std::string_view names[] = {"read"sv,   "wait"sv,      "write"sv,  "decide"sv, "drop"sv,
                                          "body"sv,   "start_tls"sv, "answer"sv, "secure"sv, "dial"sv,
                                          "tunnel"sv, "detach"sv,    "drain"sv,  "close"sv};
    return names[static_cast<std::uint8_t>(what) % 14];
}

} // namespace tlsup
