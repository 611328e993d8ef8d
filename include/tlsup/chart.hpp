// chart.hpp: a state chart is a table. The machines run it, compile-time checks read it, and the docs draw it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "literal.hpp" // for the names of states and events

namespace tlsup {

/// One arrow of a chart: in state `from`, on event `on`, go to `to`. Two bytes. At most 16 states and 16 events.
template <class State, class Event> struct arrow {
    std::uint8_t from_on = 0;
    std::uint8_t to_state = 0;

    constexpr arrow(State from, Event on, State to) noexcept
        : from_on(pack(from, on)), to_state(static_cast<std::uint8_t>(to)) {}

    [[nodiscard]] constexpr State from() const noexcept { return static_cast<State>(from_on >> 4); }
    [[nodiscard]] constexpr Event on() const noexcept { return static_cast<Event>(from_on & 15); }
    [[nodiscard]] constexpr State to() const noexcept { return static_cast<State>(to_state); }

    static constexpr std::uint8_t pack(State from, Event on) noexcept {
        return static_cast<std::uint8_t>((static_cast<unsigned>(from) << 4) | static_cast<unsigned>(on));
    }
};

/// Follows the arrow for `on`. False, and no change, where the chart has none: the event is a wrong call.
template <class State, class Event, std::size_t Count>
constexpr bool follow(const arrow<State, Event> (&chart)[Count], State& state, Event on) noexcept {
    const std::uint8_t wanted = arrow<State, Event>::pack(state, on);
    for (const auto& each : chart) {
        if (each.from_on == wanted) {
            state = each.to();
            return true;
        }
    }
    return false;
}

namespace detail {

/// What a chart must be: one arrow at most for a state and an event, every state reachable, the terminal states
/// absorbing, and one of them reachable from every state. Terminal are `terminal` and all enumerators behind it.
template <class State, class Event, std::size_t Count>
constexpr bool sound(const arrow<State, Event> (&chart)[Count], State initial, State terminal,
                     std::size_t states) noexcept {
    std::uint16_t events[16] = {}; // of each state, those that have an arrow
    for (const auto& each : chart) {
        const unsigned event = 1U << (each.from_on & 15);
        std::uint16_t& seen = events[each.from_on >> 4];
        if ((seen & event) != 0 || each.from() >= terminal || each.to_state >= states) {
            return false;
        }
        seen = static_cast<std::uint16_t>(seen | event);
    }
    const std::uint32_t all = (std::uint32_t{1} << states) - 1;
    std::uint32_t reached = std::uint32_t{1} << static_cast<unsigned>(initial);
    std::uint32_t ending = all & ~((std::uint32_t{1} << static_cast<unsigned>(terminal)) - 1);
    // Charts are written from the start to the end, so that one round mostly does; the compiler waits for each.
    for (std::size_t round = 0; round < states && (reached & ending) != all; ++round) {
        for (const auto& each : chart) {
            const std::uint32_t from = std::uint32_t{1} << (each.from_on >> 4);
            const std::uint32_t to = std::uint32_t{1} << each.to_state;
            reached |= (reached & from) != 0 ? to : 0;
            ending |= (ending & to) != 0 ? from : 0;
        }
    }
    return (reached & ending) == all;
}

} // namespace detail
} // namespace tlsup
