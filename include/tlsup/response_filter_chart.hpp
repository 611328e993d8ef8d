// response_filter_chart.hpp: the states of a filter of responses, and the arrows between them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "chart.hpp"

namespace tlsup {

/// Where a filter is in the responses of its host.
enum class response_filter_state : std::uint8_t {
    reading,   ///< reads a head, or waits for one. RFC 9112 2.1
    passing,   ///< the head leaves, unchanged, up to the next insertion
    inserting, ///< writes what is not the host's. RFC 2817 4.1
    content,   ///< the content leaves, unchanged. RFC 9112 6
    detached,  ///< a 101 or a 2xx to CONNECT has left: this is HTTP no more. RFC 9110 7.8, 9.3.6
    closed,    ///< over
};

/// What moves it.
enum class response_filter_event : std::uint8_t {
    head_complete,
    insertion_due,
    written,
    content_follows,
    response_complete,
    switched,
    ended,
};

inline constexpr std::size_t response_filter_states = 6;
inline constexpr std::string_view response_filter_state_names[] = {"reading"sv, "passing"sv,  "inserting"sv,
                                                                   "content"sv, "detached"sv, "closed"sv};
inline constexpr std::string_view response_filter_event_names[] = {
    "head_complete"sv,     "insertion_due"sv, "written"sv, "content_follows"sv,
    "response_complete"sv, "switched"sv,      "ended"sv};

inline constexpr arrow<response_filter_state, response_filter_event> response_filter_chart[] = {
    {response_filter_state::reading, response_filter_event::head_complete, response_filter_state::passing},
    {response_filter_state::reading, response_filter_event::ended, response_filter_state::closed},
    {response_filter_state::passing, response_filter_event::insertion_due, response_filter_state::inserting},
    {response_filter_state::passing, response_filter_event::content_follows, response_filter_state::content},
    {response_filter_state::passing, response_filter_event::response_complete, response_filter_state::reading},
    {response_filter_state::passing, response_filter_event::switched, response_filter_state::detached},
    {response_filter_state::passing, response_filter_event::ended, response_filter_state::closed},
    {response_filter_state::inserting, response_filter_event::written, response_filter_state::passing},
    {response_filter_state::inserting, response_filter_event::ended, response_filter_state::closed},
    {response_filter_state::content, response_filter_event::response_complete, response_filter_state::reading},
    {response_filter_state::content, response_filter_event::ended, response_filter_state::closed},
};

constexpr std::string_view to_string(response_filter_state state) noexcept {
    return response_filter_state_names[static_cast<std::size_t>(state) % response_filter_states];
}

} // namespace tlsup
