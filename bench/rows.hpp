// rows.hpp: all that is measured, one row for each measurement. Times and instruction counts are taken of the same
// rows.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

struct row {
    std::string group;   ///< heads, real, emit, tunnel, hello, facts or growth
    std::string subject; ///< what does it
    std::string input;   ///< what it is done to
    std::string mode;    ///< in which pieces: whole, 16 or 1
    std::size_t octets = 0;
    std::function<void()> run{};

    [[nodiscard]] std::string name() const { return group + " " + subject + " " + input + " " + mode; }
};

// The compiler must not find out what a row's work is good for.
template <class Value> void keep(const Value& value) { asm volatile("" : : "g"(&value) : "memory"); }

void add_heads(std::vector<row>& rows);
void add_real_heads(std::vector<row>& rows);
void add_emit(std::vector<row>& rows);
void add_tunnel(std::vector<row>& rows);
void add_hello(std::vector<row>& rows);
void add_facts(std::vector<row>& rows);
void add_growth(std::vector<row>& rows);

/// Whether the verdicts of all subjects are compared. Not under callgrind, which does not know all their instructions.
inline bool check_verdicts = true;

/// All rows, or those of one group.
inline std::vector<row> rows(std::string_view group = {}) {
    struct part {
        std::string_view name;
        void (*add)(std::vector<row>&);
    };
    constexpr part parts[] = {{"heads", add_heads},   {"real", add_real_heads}, {"emit", add_emit},
                              {"tunnel", add_tunnel}, {"hello", add_hello},     {"facts", add_facts},
                              {"growth", add_growth}};
    std::vector<row> all;
    for (const part& each : parts) {
        if (group.empty() || group == each.name) {
            each.add(all);
        }
    }
    return all;
}

/// A row that is wrong ends the program: what it would measure is not what its name says.
[[noreturn]] void wrong(const std::string& what);

} // namespace bench
