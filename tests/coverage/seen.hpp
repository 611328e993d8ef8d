// What the tests made happen, for tests/coverage.py: which arrows of the charts were walked, which errors were
// produced.
//
// The coverage build includes this file first, and calls it from a copy of include/ (`python3 tests/coverage.py copy`).
// At its end a program adds what it saw to the file that TLSUP_SEEN names, one fact a line.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <type_traits>

namespace tlsup {
enum class errc : std::uint8_t;
}

namespace coverage {

/// A table of flags, written out when the program ends.
class table {
  public:
    explicit table(std::string name) : name_(std::move(name)) {}
    table(const table&) = delete;
    table& operator=(const table&) = delete;
    ~table() {
        const char* const path = std::getenv("TLSUP_SEEN");
        std::FILE* const out = path != nullptr ? std::fopen(path, "a") : nullptr;
        if (out == nullptr) {
            return;
        }
        for (unsigned at = 0; at < 256; ++at) {
            if (seen_[at]) {
                std::fprintf(out, "%s %u\n", name_.c_str(), at);
            }
        }
        std::fclose(out);
    }
    void set(std::uint8_t at) noexcept { seen_[at] = true; }

  private:
    std::string name_;
    bool seen_[256] = {};
};

inline table errors("errc");

/// The unqualified name of a type of states.
template <class State> std::string name_of() {
    const std::string text = __PRETTY_FUNCTION__;
    const std::size_t from = text.find("State = tlsup::") + 15;
    return text.substr(from, text.find_first_of(";]", from) - from);
}

/// The table of one chart.
template <class State> table& arrows() noexcept {
    static table made(name_of<State>());
    return made;
}

inline void record(tlsup::errc code) noexcept { errors.set(static_cast<std::uint8_t>(code)); }

/// The error itself; at run time it is noted.
constexpr tlsup::errc seen(tlsup::errc code) noexcept {
    if (!std::is_constant_evaluated()) {
        record(code);
    }
    return code;
}

template <class State> void record_arrow(std::uint8_t from_on) noexcept { arrows<State>().set(from_on); }

template <class State> constexpr void walked(State, std::uint8_t from_on) noexcept {
    if (!std::is_constant_evaluated()) {
        record_arrow<State>(from_on);
    }
}

} // namespace coverage
