// server_chart.hpp: the states of a server's connection and the arrows between them.
#pragma once

#include <cstdint>
#include <string_view>

#include "chart.hpp"
#include "literal.hpp"

namespace tlsup {

/// Where a server's connection is.
enum class server_state : std::uint8_t {
    reading,      ///< reads a head. RFC 9112 2
    deciding,     ///< shows the head and waits for the host's decision. RFC 9110 7.8
    content,      ///< reads the content behind the held head. RFC 9112 6
    serving,      ///< the host answers. RFC 9112 9.3
    spent,        ///< the answered head leaves the buffer
    continuing,   ///< writes 100 (Continue) before a 101. RFC 9110 7.8
    accepting,    ///< reads the content of a request that was accepted. RFC 9110 7.8
    switching,    ///< writes the 101; from here on input belongs to TLS. RFC 2817 3.3
    hello,        ///< the ClientHello is judged. CVE-2025-49812
    handshake,    ///< the TLS engine works. RFC 2817 3.3
    inner_reply,  ///< the library answers the OPTIONS inside TLS. RFC 2817 3.3
    inner_answer, ///< the host answers the clear request inside TLS. RFC 2817 3.3
    replying,     ///< writes a 426 or a 421, behind which the connection goes on. RFC 2817 4.2, RFC 9110 15.5.20
    refusing,     ///< writes a refusal, or a TLS alert. RFC 9112 9.6
    draining,     ///< waits for the peer to close. RFC 9112 9.6
    closed,       ///< over
};

/// What moves it.
enum class server_event : std::uint8_t {
    head_complete,
    declined,
    accepted,
    accepted_expecting,
    replied,
    refused,
    content_complete,
    content_skipped,
    answered,
    taken,
    written,
    hello_passed,
    probe_secured,
    request_secured,
    last,
    ended,
};

inline constexpr std::size_t server_states = 16;
inline constexpr std::string_view server_state_names[] = {
    "reading"sv,   "deciding"sv,  "content"sv,  "serving"sv,   "spent"sv,       "continuing"sv,
    "accepting"sv, "switching"sv, "hello"sv,    "handshake"sv, "inner_reply"sv, "inner_answer"sv,
    "replying"sv,  "refusing"sv,  "draining"sv, "closed"sv};
inline constexpr std::string_view server_event_names[] = {
    "head_complete"sv, "declined"sv,         "accepted"sv,        "accepted_expecting"sv, "replied"sv,
    "refused"sv,       "content_complete"sv, "content_skipped"sv, "answered"sv,           "taken"sv,
    "written"sv,       "hello_passed"sv,     "probe_secured"sv,   "request_secured"sv,    "last"sv,
    "ended"sv};

inline constexpr arrow<server_state, server_event> server_chart[] = {
    {server_state::reading, server_event::head_complete, server_state::deciding},
    {server_state::reading, server_event::replied, server_state::replying},
    {server_state::reading, server_event::refused, server_state::refusing},
    {server_state::reading, server_event::last, server_state::draining},
    {server_state::reading, server_event::ended, server_state::closed},
    {server_state::deciding, server_event::declined, server_state::content},
    {server_state::deciding, server_event::accepted, server_state::accepting},
    {server_state::deciding, server_event::accepted_expecting, server_state::continuing},
    {server_state::deciding, server_event::replied, server_state::replying},
    {server_state::deciding, server_event::refused, server_state::refusing},
    {server_state::deciding, server_event::ended, server_state::closed},
    {server_state::content, server_event::content_complete, server_state::serving},
    {server_state::content, server_event::content_skipped, server_state::spent},
    {server_state::content, server_event::refused, server_state::refusing},
    {server_state::content, server_event::last, server_state::draining},
    {server_state::content, server_event::ended, server_state::closed},
    {server_state::serving, server_event::answered, server_state::spent},
    {server_state::serving, server_event::refused, server_state::refusing},
    {server_state::serving, server_event::ended, server_state::closed},
    {server_state::spent, server_event::taken, server_state::reading},
    {server_state::spent, server_event::ended, server_state::closed},
    {server_state::continuing, server_event::written, server_state::accepting},
    {server_state::continuing, server_event::ended, server_state::closed},
    {server_state::accepting, server_event::content_complete, server_state::switching},
    {server_state::accepting, server_event::declined, server_state::deciding},
    {server_state::accepting, server_event::refused, server_state::refusing},
    {server_state::accepting, server_event::ended, server_state::closed},
    {server_state::switching, server_event::written, server_state::hello},
    {server_state::switching, server_event::ended, server_state::closed},
    {server_state::hello, server_event::hello_passed, server_state::handshake},
    {server_state::hello, server_event::refused, server_state::refusing},
    {server_state::hello, server_event::ended, server_state::closed},
    {server_state::handshake, server_event::probe_secured, server_state::inner_reply},
    {server_state::handshake, server_event::request_secured, server_state::inner_answer},
    {server_state::handshake, server_event::ended, server_state::closed},
    {server_state::inner_reply, server_event::written, server_state::reading},
    {server_state::inner_reply, server_event::ended, server_state::closed},
    {server_state::inner_answer, server_event::answered, server_state::reading},
    {server_state::inner_answer, server_event::ended, server_state::closed},
    {server_state::replying, server_event::written, server_state::content},
    {server_state::replying, server_event::last, server_state::draining},
    {server_state::replying, server_event::ended, server_state::closed},
    {server_state::refusing, server_event::written, server_state::draining},
    {server_state::refusing, server_event::ended, server_state::closed},
    {server_state::draining, server_event::ended, server_state::closed},
};

constexpr std::string_view to_string(server_state state) noexcept {
    return server_state_names[static_cast<std::size_t>(state) & 15];
}

} // namespace tlsup
