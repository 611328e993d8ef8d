// connect_client_chart.hpp: the states of a client that asks for a tunnel, and the arrows between them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "chart.hpp"
#include "literal.hpp"

namespace tlsup {

/// Where a client is on its way to a tunnel. RFC 9110 9.3.6.
enum class connect_client_state : std::uint8_t {
    asking,    ///< writes CONNECT. RFC 9110 9.3.6
    awaiting,  ///< reads the proxy's answer
    opening,   ///< a 2xx leaves the buffer. RFC 2817 5.3
    answering, ///< shows the head of a refusal
    content,   ///< and the content of it, which is the proxy's. RFC 9112 6
    redialing, ///< the 407 spent its connection: waits for another. RFC 9110 15.5.8
    open,      ///< the tunnel is open
    closed,    ///< over, without a tunnel
};

/// What moves it.
enum class connect_client_event : std::uint8_t {
    written,
    granted,
    refused,
    taken,
    repeated,
    connection_spent,
    ended,
};

inline constexpr std::size_t connect_client_states = 8;
inline constexpr std::string_view connect_client_state_names[] = {
    "asking"sv, "awaiting"sv, "opening"sv, "answering"sv, "content"sv, "redialing"sv, "open"sv, "closed"sv};
inline constexpr std::string_view connect_client_event_names[] = {
    "written"sv, "granted"sv, "refused"sv, "taken"sv, "repeated"sv, "connection_spent"sv, "ended"sv};

inline constexpr arrow<connect_client_state, connect_client_event> connect_client_chart[] = {
    {connect_client_state::asking, connect_client_event::written, connect_client_state::awaiting},
    {connect_client_state::asking, connect_client_event::ended, connect_client_state::closed},
    {connect_client_state::awaiting, connect_client_event::granted, connect_client_state::opening},
    {connect_client_state::awaiting, connect_client_event::refused, connect_client_state::answering},
    {connect_client_state::awaiting, connect_client_event::ended, connect_client_state::closed},
    {connect_client_state::opening, connect_client_event::taken, connect_client_state::open},
    {connect_client_state::opening, connect_client_event::ended, connect_client_state::closed},
    {connect_client_state::answering, connect_client_event::taken, connect_client_state::content},
    {connect_client_state::answering, connect_client_event::ended, connect_client_state::closed},
    {connect_client_state::content, connect_client_event::repeated, connect_client_state::asking},
    {connect_client_state::content, connect_client_event::connection_spent, connect_client_state::redialing},
    {connect_client_state::content, connect_client_event::ended, connect_client_state::closed},
    {connect_client_state::redialing, connect_client_event::repeated, connect_client_state::asking},
    {connect_client_state::redialing, connect_client_event::ended, connect_client_state::closed},
};

constexpr std::string_view to_string(connect_client_state state) noexcept {
    return connect_client_state_names[static_cast<std::size_t>(state) & 7];
}

} // namespace tlsup
