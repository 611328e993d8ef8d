// numbers.hpp: whole numbers on a command line.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net.hpp"

namespace example {

/// Decimal digits alone, from `least` to `most`; at most nine of them.
inline std::optional<unsigned> parse_number(std::string_view word, unsigned least, unsigned most) {
    const bool digits = !word.empty() && word.size() <= 9 && word.find_first_not_of("0123456789") == word.npos;
    const unsigned long value = digits ? std::stoul(std::string(word)) : 0;
    return digits && value >= least && value <= most ? std::optional(static_cast<unsigned>(value)) : std::nullopt;
}

/// The value of an option. Throws `failure`.
inline unsigned number(const std::string& name, const std::string& word, unsigned least, unsigned most) {
    if (const std::optional<unsigned> found = parse_number(word, least, most)) {
        return *found;
    }
    throw failure(name + " needs a number from " + std::to_string(least) + " to " + std::to_string(most) + ", not \"" +
                  word + "\"");
}

} // namespace example
