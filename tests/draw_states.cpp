// Draws docs/states.md from the tables that the machines run. tests/run.sh compares the two.
#include <cstdio>
#include <tlsup/tlsup.hpp>

namespace {

void print(std::string_view text) { std::printf("%.*s", static_cast<int>(text.size()), text.data()); }

void draw_arrow(std::string_view from, std::string_view to, std::string_view on) {
    std::printf("    ");
    print(from);
    std::printf(" --> ");
    print(to);
    std::printf("%s", on.empty() ? "" : ": ");
    print(on);
    std::printf("\n");
}

/// From `terminal` on all states are ends, as `detail::sound` has it.
template <class State, class Event, std::size_t Count, std::size_t States>
void draw(const char* title, const char* text, const tlsup::arrow<State, Event> (&chart)[Count],
          const std::string_view (&states)[States], const std::string_view* events, State terminal) {
    std::printf("## %s\n\n%s\n\n```mermaid\nstateDiagram-v2\n", title, text);
    draw_arrow("[*]", states[0], {});
    for (const auto& each : chart) {
        draw_arrow(states[static_cast<std::size_t>(each.from())], states[static_cast<std::size_t>(each.to())],
                   events[static_cast<std::size_t>(each.on())]);
    }
    for (auto end = static_cast<std::size_t>(terminal); end < States; ++end) {
        draw_arrow(states[end], "[*]", {});
    }
    std::printf("```\n\n");
}

} // namespace

int main() {
    std::printf(
        "# State charts\n\n"
        "Drawn from the tables that the code runs. Reproduce with `build/tests/draw_states > docs/states.md`.\n"
        "Each state cites its section in the machine's `_chart.hpp`. An event that a state has no arrow for is\n"
        "`errc::wrong_call` and changes nothing. The tables are checked by the compiler: one arrow at most for a\n"
        "state and an event, every state reachable, an end reachable from everywhere.\n\n");
    using namespace tlsup;
    draw("Server",
         "Inside TLS the same states `reading` to `spent` are used again; the machine then takes decrypted bytes only.",
         server_chart, server_state_names, server_event_names, server_state::closed);
    draw("Client", "`releasing` is the only state that writes the request where TLS is required.", client_chart,
         client_state_names, client_event_names, client_state::closed);
    draw("CONNECT client", "`open` has one way in: a 2xx, and it leaves the buffer whole.", connect_client_chart,
         connect_client_state_names, connect_client_event_names, connect_client_state::open);
    draw("CONNECT proxy",
         "`confirming` writes the 2xx. `refusing` has no way back to `reading`: nothing is parsed behind a refusal.",
         connect_proxy_chart, connect_proxy_state_names, connect_proxy_event_names, connect_proxy_state::open);
    draw("Tunnel",
         "Which event the end of a side is depends on the policy: `gone` with `close_both`, `finished` with "
         "`propagate`.",
         tunnel_chart, tunnel_state_names, tunnel_event_names, tunnel_state::closed);
    draw("Response filter", "`inserting` writes what is not the host's; all other bytes pass unchanged.",
         response_filter_chart, response_filter_state_names, response_filter_event_names,
         response_filter_state::detached);
    draw("Route",
         "Each way back to `dialing` is taken once for each proxy, or once at all. `forwarding` has no way to "
         "`answered_secure`.",
         route_chart, route_state_names, route_event_names, route_state::answered);
}
