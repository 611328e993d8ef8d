// connect_proxy_chart.hpp: the states of a proxy's client connection, and the arrows between them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "chart.hpp"
#include "literal.hpp"

namespace tlsup {

/// Where a proxy is with the one CONNECT of a connection. RFC 9110 9.3.6.
enum class connect_proxy_state : std::uint8_t {
    reading,    ///< reads a head
    deciding,   ///< shows it: open, refuse, challenge
    granted,    ///< asks the caller to connect to the target
    dialing,    ///< the caller connects; what the client sends waits, unread. RFC 9931 8
    confirming, ///< writes the 2xx: the upstream connection stands. RFC 2817 5.3
    leaving,    ///< the CONNECT leaves the buffer
    refusing,   ///< writes the refusal
    draining,   ///< discards what arrives, unparsed. RFC 9931 8, RFC 9112 9.6
    open,       ///< the tunnel is open; the machine has ended
    closed,     ///< over, without a tunnel
};

/// What moves it.
enum class connect_proxy_event : std::uint8_t {
    head_complete,
    opened,
    opened_here,
    dialing,
    upstream_open,
    written,
    taken,
    refused,
    ended,
};

inline constexpr std::size_t connect_proxy_states = 10;
inline constexpr std::string_view connect_proxy_state_names[] = {
    "reading"sv, "deciding"sv, "granted"sv,  "dialing"sv, "confirming"sv,
    "leaving"sv, "refusing"sv, "draining"sv, "open"sv,    "closed"sv};
inline constexpr std::string_view connect_proxy_event_names[] = {"head_complete"sv, "opened"sv,        "opened_here"sv,
                                                                 "dialing"sv,       "upstream_open"sv, "written"sv,
                                                                 "taken"sv,         "refused"sv,       "ended"sv};

// What a tunnel that is opened needs comes first.
inline constexpr arrow<connect_proxy_state, connect_proxy_event> connect_proxy_chart[] = {
    {connect_proxy_state::reading, connect_proxy_event::head_complete, connect_proxy_state::deciding},
    {connect_proxy_state::deciding, connect_proxy_event::opened, connect_proxy_state::granted},
    {connect_proxy_state::reading, connect_proxy_event::refused, connect_proxy_state::refusing},
    {connect_proxy_state::reading, connect_proxy_event::ended, connect_proxy_state::closed},
    {connect_proxy_state::deciding, connect_proxy_event::opened_here, connect_proxy_state::confirming},
    {connect_proxy_state::deciding, connect_proxy_event::refused, connect_proxy_state::refusing},
    {connect_proxy_state::deciding, connect_proxy_event::ended, connect_proxy_state::closed},
    {connect_proxy_state::granted, connect_proxy_event::dialing, connect_proxy_state::dialing},
    {connect_proxy_state::granted, connect_proxy_event::refused, connect_proxy_state::refusing},
    {connect_proxy_state::granted, connect_proxy_event::ended, connect_proxy_state::closed},
    {connect_proxy_state::dialing, connect_proxy_event::upstream_open, connect_proxy_state::confirming},
    {connect_proxy_state::dialing, connect_proxy_event::refused, connect_proxy_state::refusing},
    {connect_proxy_state::dialing, connect_proxy_event::ended, connect_proxy_state::closed},
    {connect_proxy_state::confirming, connect_proxy_event::written, connect_proxy_state::leaving},
    {connect_proxy_state::confirming, connect_proxy_event::ended, connect_proxy_state::closed},
    {connect_proxy_state::leaving, connect_proxy_event::taken, connect_proxy_state::open},
    {connect_proxy_state::leaving, connect_proxy_event::ended, connect_proxy_state::closed},
    {connect_proxy_state::refusing, connect_proxy_event::written, connect_proxy_state::draining},
    {connect_proxy_state::refusing, connect_proxy_event::ended, connect_proxy_state::closed},
    {connect_proxy_state::draining, connect_proxy_event::ended, connect_proxy_state::closed},
};

constexpr std::string_view to_string(connect_proxy_state state) noexcept {
    return connect_proxy_state_names[static_cast<std::size_t>(state) % connect_proxy_states];
}

} // namespace tlsup
