// tunnel_chart.hpp: the states of a tunnel, and the arrows between them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "chart.hpp"

namespace tlsup {

/// How far a tunnel's end has come. RFC 9110 9.3.6, RFC 2817 5.3.
enum class tunnel_state : std::uint8_t {
    open,          ///< both directions go
    client_done,   ///< the client sends no more; the other direction goes on (`propagate`)
    upstream_done, ///< upstream sends no more; the other direction goes on (`propagate`)
    both_done,     ///< neither sends; what is outstanding is delivered
    to_upstream,   ///< the client is gone: what came from it is delivered, the rest discarded
    to_client,     ///< upstream is gone: what came from it is delivered, the rest discarded
    closed,        ///< both connections are to be closed
};

/// What moves it. `gone`: failed, or closed where that closes both.
enum class tunnel_event : std::uint8_t { client_finished, upstream_finished, client_gone, upstream_gone, ended };

inline constexpr std::size_t tunnel_states = 7;
inline constexpr std::string_view tunnel_state_names[] = {
    "open"sv, "client_done"sv, "upstream_done"sv, "both_done"sv, "to_upstream"sv, "to_client"sv, "closed"sv};
inline constexpr std::string_view tunnel_event_names[] = {"client_finished"sv, "upstream_finished"sv, "client_gone"sv,
                                                          "upstream_gone"sv, "ended"sv};

inline constexpr arrow<tunnel_state, tunnel_event> tunnel_chart[] = {
    {tunnel_state::open, tunnel_event::client_finished, tunnel_state::client_done},
    {tunnel_state::open, tunnel_event::upstream_finished, tunnel_state::upstream_done},
    {tunnel_state::open, tunnel_event::client_gone, tunnel_state::to_upstream},
    {tunnel_state::open, tunnel_event::upstream_gone, tunnel_state::to_client},
    {tunnel_state::open, tunnel_event::ended, tunnel_state::closed},
    {tunnel_state::client_done, tunnel_event::upstream_finished, tunnel_state::both_done},
    {tunnel_state::client_done, tunnel_event::client_gone, tunnel_state::to_upstream},
    {tunnel_state::client_done, tunnel_event::upstream_gone, tunnel_state::to_client},
    {tunnel_state::client_done, tunnel_event::ended, tunnel_state::closed},
    {tunnel_state::upstream_done, tunnel_event::client_finished, tunnel_state::both_done},
    {tunnel_state::upstream_done, tunnel_event::client_gone, tunnel_state::to_upstream},
    {tunnel_state::upstream_done, tunnel_event::upstream_gone, tunnel_state::to_client},
    {tunnel_state::upstream_done, tunnel_event::ended, tunnel_state::closed},
    {tunnel_state::both_done, tunnel_event::client_gone, tunnel_state::to_upstream},
    {tunnel_state::both_done, tunnel_event::upstream_gone, tunnel_state::to_client},
    {tunnel_state::both_done, tunnel_event::ended, tunnel_state::closed},
    {tunnel_state::to_upstream, tunnel_event::upstream_gone, tunnel_state::closed},
    {tunnel_state::to_upstream, tunnel_event::ended, tunnel_state::closed},
    {tunnel_state::to_client, tunnel_event::client_gone, tunnel_state::closed},
    {tunnel_state::to_client, tunnel_event::ended, tunnel_state::closed},
};

constexpr std::string_view to_string(tunnel_state state) noexcept {
    return tunnel_state_names[static_cast<std::size_t>(state) % tunnel_states];
}

} // namespace tlsup
