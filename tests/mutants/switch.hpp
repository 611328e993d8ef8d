// switch.hpp: which of the planted faults is active. Included before everything else by tests/mutants.
#pragma once

#include <cstdlib>

namespace tlsup_mutants {

inline const unsigned chosen = [] {
    const char* const number = std::getenv("TLSUP_MUTANT");
    return number != nullptr ? static_cast<unsigned>(std::strtoul(number, nullptr, 10)) : 0U;
}();

// What is computed while compiling has no fault.
constexpr unsigned now() noexcept { return __builtin_is_constant_evaluated() ? 0U : chosen; }

} // namespace tlsup_mutants

namespace tlsup {

// The row of this chart that the active fault deletes; each chart that has such faults overloads it.
template <class State> constexpr unsigned deleted_row(State) noexcept { return ~0U; }

} // namespace tlsup
