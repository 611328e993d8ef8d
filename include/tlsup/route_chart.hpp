// route_chart.hpp: the states of the road to an answer, and the arrows between them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "chart.hpp"

namespace tlsup {

/// Where a request is on its road.
enum class route_state : std::uint8_t {
    dialing,         ///< waits for a connection to the first proxy, or to the server
    tunnelling,      ///< asks a proxy for a tunnel. RFC 2817 5.2
    forwarding,      ///< asks a forward proxy, in clear, to pass the request on. RFC 9112 3.2.2
    exchanging,      ///< speaks with the server: request, offer, probe, 426. RFC 2817 3, 4
    answered,        ///< answered in clear, where that is allowed
    answered_secure, ///< answered inside TLS
    refused,         ///< not answered
};

/// What moves it.
enum class route_event : std::uint8_t {
    to_server,         ///< connected, without proxies
    to_proxy,          ///< connected; a tunnel comes first
    to_forwarder,      ///< connected to the one proxy that passes the request on
    next_proxy,        ///< a tunnel to the next proxy stands
    tunnel_to_server,  ///< the tunnel to the server stands
    tunnel_to_forward, ///< a tunnel to the proxy that passes the request on stands
    login_wanted,      ///< 407: once more on a new connection, with the login. RFC 9110 15.5.8
    tunnel_denied,     ///< no tunnel, and the request may go in clear
    tunnel_wanted,     ///< 426 through a proxy: a tunnel, then TLS inside. RFC 2817 5.1
    connection_spent,  ///< 426 whose connection cannot go on. RFC 2817 4.2
    answer,
    secure_answer,
    refusal,
};

inline constexpr std::size_t route_states = 7;
inline constexpr std::string_view route_state_names[] = {
    "dialing"sv, "tunnelling"sv, "forwarding"sv, "exchanging"sv, "answered"sv, "answered_secure"sv, "refused"sv};
inline constexpr std::string_view route_event_names[] = {
    "to_server"sv,        "to_proxy"sv,          "to_forwarder"sv, "next_proxy"sv,
    "tunnel_to_server"sv, "tunnel_to_forward"sv, "login_wanted"sv, "tunnel_denied"sv,
    "tunnel_wanted"sv,    "connection_spent"sv,  "answer"sv,       "secure_answer"sv,
    "refusal"sv};

inline constexpr arrow<route_state, route_event> route_chart[] = {
    {route_state::dialing, route_event::to_server, route_state::exchanging},
    {route_state::dialing, route_event::to_proxy, route_state::tunnelling},
    {route_state::dialing, route_event::to_forwarder, route_state::forwarding},
    {route_state::dialing, route_event::refusal, route_state::refused},
    {route_state::tunnelling, route_event::next_proxy, route_state::tunnelling},
    {route_state::tunnelling, route_event::tunnel_to_server, route_state::exchanging},
    {route_state::tunnelling, route_event::tunnel_to_forward, route_state::forwarding},
    {route_state::tunnelling, route_event::login_wanted, route_state::dialing},
    {route_state::tunnelling, route_event::tunnel_denied, route_state::dialing},
    {route_state::tunnelling, route_event::refusal, route_state::refused},
    {route_state::forwarding, route_event::login_wanted, route_state::dialing},
    {route_state::forwarding, route_event::tunnel_wanted, route_state::dialing},
    {route_state::forwarding, route_event::answer, route_state::answered},
    {route_state::forwarding, route_event::refusal, route_state::refused},
    {route_state::exchanging, route_event::connection_spent, route_state::dialing},
    {route_state::exchanging, route_event::answer, route_state::answered},
    {route_state::exchanging, route_event::secure_answer, route_state::answered_secure},
    {route_state::exchanging, route_event::refusal, route_state::refused},
};

constexpr std::string_view to_string(route_state state) noexcept {
    return route_state_names[static_cast<std::size_t>(state) % route_states];
}

} // namespace tlsup
