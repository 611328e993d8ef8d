// grammar.hpp: the small grammars that fields are made of: lists and numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "scan.hpp"
#include "words.hpp"

namespace tlsup::detail {

/// Walks `#element`: members between commas, whitespace trimmed, empty members included so that they can be counted.
/// Only for lists whose members hold no quoted string. RFC 9110 5.6.1.
class list_reader {
  public:
    explicit constexpr list_reader(std::string_view value) noexcept : value_(value) {}

    /// Whether there is a next member. An empty value has one empty member.
    [[nodiscard]] constexpr bool more() const noexcept { return at_ <= value_.size(); }

    /// The next member, possibly empty; false at the end.
    constexpr bool next(std::string_view& member) noexcept {
        if (!more()) {
            return false;
        }
        skip_blanks();
        std::size_t end = skip(value_, at_, class_token);
        token_ = end - at_;
        while (end < value_.size() && value_[end] != ',') {
            ++end;
        }
        member = trim(part(value_, at_, end));
        at_ = end + 1;
        return true;
    }

    /// Octets of the member that `next` gave, up to the first that no token has.
    [[nodiscard]] constexpr std::size_t token_size() const noexcept { return token_; }

    /// What is there from the next member's first octet on.
    TLSUP_HOT constexpr std::string_view rest() noexcept {
        skip_blanks();
        return more() ? part(value_, at_, value_.size()) : std::string_view{};
    }

    /// Takes the next member where it has exactly so many of the octets that `rest` showed; else it stays the next.
    TLSUP_HOT constexpr bool take(std::size_t octets) noexcept {
        std::size_t end = at_ + octets;
        while (end < value_.size() && is_blank(value_[end])) {
            ++end;
        }
        const bool whole = end == value_.size() || (end < value_.size() && value_[end] == ',');
        at_ = whole ? end + 1 : at_;
        return whole;
    }

    /// Takes the next member where it is this text, case aside; else it stays the next.
    template <known_text Text> TLSUP_HOT constexpr bool take() noexcept {
        return starts_with<Text>(rest()) && take(Text.size);
    }

  private:
    TLSUP_HOT constexpr void skip_blanks() noexcept {
        while (at_ < value_.size() && is_blank(value_[at_])) {
            ++at_;
        }
    }

    std::string_view value_;
    std::size_t at_ = 0;
    std::size_t token_ = 0;
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

/// `1*DIGIT`, at most 20 of them, not above `largest`. Without a division, which some processors do not have.
constexpr bool parse_number(std::string_view text, std::uint64_t largest, std::uint64_t& value) noexcept {
    constexpr std::uint64_t most = 0xffffffffffffffffU;
    if (text.empty() || text.size() > 20) {
        return false;
    }
    std::uint64_t sum = 0;
    for (const char each : text) {
        const auto digit = static_cast<std::uint64_t>(each - '0');
        if (digit > 9 || sum > most / 10 || sum * 10 > most - digit) {
            return false;
        }
        sum = sum * 10 + digit;
    }
    if (sum > largest) {
        return false;
    }
    value = sum;
    return true;
}

inline constexpr std::uint64_t largest_length = (std::uint64_t{1} << 63) - 1;

/// Twice the number: a function where size counts, or else the compiler makes a multiplication of what is composed of
/// it, and on some processors that is a larger one.
TLSUP_SEPARATE constexpr std::uint64_t twice(std::uint64_t number) noexcept { return number + number; }

/// `1*DIGIT`, at most 20 of them, below 2^63. RFC 9110 8.6.
constexpr bool parse_length(std::string_view text, std::uint64_t& value) noexcept {
    if (text.empty() || text.size() > 20) {
        return false;
    }
    std::uint64_t sum = 0;
    for (const char each : text) {
        const unsigned digit = static_cast<unsigned char>(each) - unsigned{'0'};
        if (digit > 9 || sum >> 60 != 0) { // ten times that is too much
            return false;
        }
        sum = twice(twice(twice(sum)) + sum) + digit;
    }
    if (sum > largest_length) {
        return false;
    }
    value = sum;
    return true;
}

constexpr unsigned hex_value(char digit) noexcept {
    return is(digit, class_digit) ? static_cast<unsigned>(digit - '0')
                                  : (static_cast<unsigned>(digit) | 32U) - 'a' + 10U;
}

} // namespace tlsup::detail
