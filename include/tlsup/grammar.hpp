// grammar.hpp: the small grammars that fields are made of: lists and numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "scan.hpp"

namespace tlsup::detail {

/// Walks `#element`: members between commas, whitespace trimmed, empty members included so that they can be counted.
/// Only for lists whose members hold no quoted string. RFC 9110 5.6.1.
class list_reader {
  public:
    explicit constexpr list_reader(std::string_view value) noexcept : value_(value) {}

    /// The next member, possibly empty; false at the end. An empty value has one empty member.
    constexpr bool next(std::string_view& member) noexcept {
        if (at_ > value_.size()) {
            return false;
        }
        std::size_t comma = at_;
        while (comma < value_.size() && value_[comma] != ',') {
            ++comma;
        }
        member = trim(part(value_, at_, comma));
        at_ = comma + 1;
        return true;
    }

  private:
    std::string_view value_;
    std::size_t at_ = 0;
};

constexpr bool is_token(std::string_view text) noexcept {
    return !text.empty() && skip(text, 0, class_token) == text.size();
}

/// The first position at or behind `from` that is neither SP nor HTAB.
constexpr std::size_t skip_blanks(std::string_view text, std::size_t from) noexcept {
    while (from < text.size() && (text[from] == ' ' || text[from] == '\t')) {
        ++from;
    }
    return from;
}

/// `1*DIGIT`, at most 20 of them, not above `largest`.
constexpr bool parse_number(std::string_view text, std::uint64_t largest, std::uint64_t& value) noexcept {
    if (text.empty() || text.size() > 20) {
        return false;
    }
    std::uint64_t sum = 0;
    for (const char each : text) {
        const auto digit = static_cast<std::uint64_t>(each - '0');
        if (!is(each, class_digit) || sum > largest / 10 || digit > largest - sum * 10) {
            return false;
        }
        sum = sum * 10 + digit;
    }
    value = sum;
    return true;
}

inline constexpr std::uint64_t largest_length = (std::uint64_t{1} << 63) - 1;

/// A number below 2^63. RFC 9110 8.6.
constexpr bool parse_length(std::string_view text, std::uint64_t& value) noexcept {
    return parse_number(text, largest_length, value);
}

constexpr unsigned hex_value(char digit) noexcept {
    return is(digit, class_digit) ? static_cast<unsigned>(digit - '0')
                                  : (static_cast<unsigned>(digit) | 32U) - 'a' + 10U;
}

} // namespace tlsup::detail
