// client_chart.hpp: the states of a client's exchange and the arrows between them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "chart.hpp"
#include "literal.hpp"

namespace tlsup {

/// Where a client's exchange is.
enum class client_state : std::uint8_t {
    starting,      ///< nothing was written yet
    probing,       ///< writes the probe. RFC 2817 3.2
    asking,        ///< writes the request in clear. RFC 2817 3.1
    probe_sent,    ///< reads the answer to the probe, in clear
    request_sent,  ///< reads the answer to the request, in clear
    switched,      ///< the 101 leaves the buffer. RFC 2817 3.3
    handshake,     ///< the TLS engine works. RFC 2817 3.3
    probe_answer,  ///< reads the probe's answer inside TLS. RFC 2817 3.3
    probe_content, ///< and the content of that answer
    releasing,     ///< writes the request inside TLS
    awaiting,      ///< reads the request's answer inside TLS
    answering,     ///< shows the head of the final response
    content,       ///< and its content. RFC 9112 6
    following,     ///< discards a 426 that is followed. RFC 2817 4.2
    redialing,     ///< the 426 closed its connection: waits for another
    closed,        ///< over
};

/// What moves it.
enum class client_event : std::uint8_t {
    probe_first,
    request_first,
    written,
    switching,
    taken,
    secured_probe,
    secured_request,
    probe_answered,
    final_response,
    content_complete,
    followed,
    connection_spent,
    ended,
};

inline constexpr std::size_t client_states = 16;
inline constexpr std::string_view client_state_names[] = {
    "starting"sv,  "probing"sv,      "asking"sv,        "probe_sent"sv, "request_sent"sv, "switched"sv,
    "handshake"sv, "probe_answer"sv, "probe_content"sv, "releasing"sv,  "awaiting"sv,     "answering"sv,
    "content"sv,   "following"sv,    "redialing"sv,     "closed"sv};
inline constexpr std::string_view client_event_names[] = {
    "probe_first"sv,   "request_first"sv,    "written"sv,        "switching"sv,      "taken"sv,
    "secured_probe"sv, "secured_request"sv,  "probe_answered"sv, "final_response"sv, "content_complete"sv,
    "followed"sv,      "connection_spent"sv, "ended"sv};

inline constexpr arrow<client_state, client_event> client_chart[] = {
    {client_state::starting, client_event::probe_first, client_state::probing},
    {client_state::starting, client_event::request_first, client_state::asking},
    {client_state::starting, client_event::ended, client_state::closed},
    {client_state::probing, client_event::written, client_state::probe_sent},
    {client_state::probing, client_event::ended, client_state::closed},
    {client_state::asking, client_event::written, client_state::request_sent},
    {client_state::asking, client_event::ended, client_state::closed},
    {client_state::probe_sent, client_event::switching, client_state::switched},
    {client_state::probe_sent, client_event::ended, client_state::closed},
    {client_state::request_sent, client_event::switching, client_state::switched},
    {client_state::request_sent, client_event::final_response, client_state::answering},
    {client_state::request_sent, client_event::followed, client_state::following},
    {client_state::request_sent, client_event::ended, client_state::closed},
    {client_state::switched, client_event::taken, client_state::handshake},
    {client_state::switched, client_event::ended, client_state::closed},
    {client_state::handshake, client_event::secured_probe, client_state::probe_answer},
    {client_state::handshake, client_event::secured_request, client_state::awaiting},
    {client_state::handshake, client_event::ended, client_state::closed},
    {client_state::probe_answer, client_event::probe_answered, client_state::probe_content},
    {client_state::probe_answer, client_event::ended, client_state::closed},
    {client_state::probe_content, client_event::content_complete, client_state::releasing},
    {client_state::probe_content, client_event::ended, client_state::closed},
    {client_state::releasing, client_event::written, client_state::awaiting},
    {client_state::releasing, client_event::ended, client_state::closed},
    {client_state::awaiting, client_event::final_response, client_state::answering},
    {client_state::awaiting, client_event::ended, client_state::closed},
    {client_state::answering, client_event::taken, client_state::content},
    {client_state::answering, client_event::ended, client_state::closed},
    {client_state::content, client_event::content_complete, client_state::closed},
    {client_state::content, client_event::ended, client_state::closed},
    {client_state::following, client_event::content_complete, client_state::probing},
    {client_state::following, client_event::connection_spent, client_state::redialing},
    {client_state::following, client_event::ended, client_state::closed},
    {client_state::redialing, client_event::taken, client_state::probing},
    {client_state::redialing, client_event::ended, client_state::closed},
};

constexpr std::string_view to_string(client_state state) noexcept {
    return client_state_names[static_cast<std::size_t>(state) & 15];
}

} // namespace tlsup
