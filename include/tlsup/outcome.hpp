// outcome.hpp: how it ended.
#pragma once

#include <cstdint>
#include <string_view>

#include "literal.hpp"

namespace tlsup {

/// How an exchange, or a connection, ended. Each machine's `outcome()` is one of these; its `error()` says more.
enum class outcome : std::uint8_t {
    pending,         ///< it has not
    served,          ///< server: closed after the last answer
    upgraded,        ///< server: the connection became TLS, and ended in order
    answered,        ///< client: the final response was complete, in clear
    answered_secure, ///< client: complete inside TLS
    released,        ///< client: TLS is up and the probe answered; the request is the caller's to send
    detached,        ///< the caller took the connection
    refused,   ///< server, proxy: an error was answered; clients: the requirement was not met, or there is no tunnel
    broken,    ///< the peer broke the protocol
    truncated, ///< the peer closed inside a message
    failed,    ///< the handshake failed, a deadline passed, or the caller aborted
    tunnelled, ///< CONNECT: the tunnel is open
};

constexpr std::string_view to_string(outcome how) noexcept {
    constexpr std::string_view names[] = {"pending"sv,         "served"sv,    "upgraded"sv, "answered"sv,
                                          "answered_secure"sv, "released"sv,  "detached"sv, "refused"sv,
                                          "broken"sv,          "truncated"sv, "failed"sv,   "tunnelled"sv};
    return names[static_cast<std::uint8_t>(how) % 12];
}

} // namespace tlsup
