// Draws docs/states.md from the tables that the machines run. tests/run.sh compares the two.
#include <cstdio>
#include <tlsup/tlsup.hpp>

namespace {

template <class State, class Event, std::size_t Count>
void draw(const char* title, const char* text, const tlsup::arrow<State, Event> (&chart)[Count],
          const std::string_view* states, const std::string_view* events) {
    const auto print = [](std::string_view text_of) {
        std::printf("%.*s", static_cast<int>(text_of.size()), text_of.data());
    };
    std::printf("## %s\n\n%s\n\n```mermaid\nstateDiagram-v2\n    [*] --> ", title, text);
    print(states[0]);
    std::printf("\n");
    for (const auto& each : chart) {
        std::printf("    ");
        print(states[static_cast<std::size_t>(each.from())]);
        std::printf(" --> ");
        print(states[static_cast<std::size_t>(each.to())]);
        std::printf(": ");
        print(events[static_cast<std::size_t>(each.on())]);
        std::printf("\n");
    }
    std::printf("    closed --> [*]\n```\n\n");
}

} // namespace

int main() {
    std::printf(
        "# State charts\n\n"
        "Drawn from the tables that the code runs. Reproduce with `build/tests/draw_states > docs/states.md`.\n"
        "Each state cites its section in `server_chart.hpp` and `client_chart.hpp`. An event that a state has no\n"
        "arrow for is `errc::wrong_call` and changes nothing. The tables are checked by the compiler: one arrow\n"
        "at most for a state and an event, every state reachable, an end reachable from everywhere.\n\n");
    draw("Server",
         "Inside TLS the same states `reading` to `spent` are used again; the machine then takes decrypted bytes only.",
         tlsup::server_chart, tlsup::server_state_names, tlsup::server_event_names);
    draw("Client", "`releasing` is the only state that writes the request where TLS is required.", tlsup::client_chart,
         tlsup::client_state_names, tlsup::client_event_names);
}
