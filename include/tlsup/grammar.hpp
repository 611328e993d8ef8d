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
    explicit constexpr list_reader(std::string_view value) noexcept : rest_(value) { skip_blanks(); }

    /// Whether there is a next member. An empty value has one empty member.
    [[nodiscard]] constexpr bool more() const noexcept { return more_; }

    /// The next member, possibly empty; false at the end.
    constexpr bool next(std::string_view& member) noexcept {
        if (!more_) {
            return false;
        }
        token_ = skip(rest_, 0, class_token);
        std::size_t end = token_;
        while (end < rest_.size() && rest_[end] != ',') {
            ++end;
        }
        member = trim(part(rest_, 0, end));
        pass(end);
        return true;
    }

    /// Octets of the member that `next` gave, up to the first that no token has.
    [[nodiscard]] constexpr std::size_t token_size() const noexcept { return token_; }

    /// What is there from the next member's first octet on.
    [[nodiscard]] constexpr std::string_view rest() const noexcept { return rest_; }

    /// Takes the next member where it is so many of the octets that `rest` shows; else it stays the next.
    TLSUP_HOT constexpr bool take(std::size_t octets) noexcept {
        std::size_t end = octets;
        while (end < rest_.size() && is_blank(rest_[end])) {
            ++end;
        }
        const bool whole = end == rest_.size() || rest_[end] == ',';
        if (whole) {
            pass(end);
        }
        return whole;
    }

    /// Takes the next member where it is this text, case aside; else it stays the next.
    template <known_text Text> TLSUP_HOT constexpr bool take() noexcept {
        return starts_with<Text>(rest_) && take(Text.size);
    }

  private:
    /// Goes on behind the comma at `end`, or ends there.
    TLSUP_HOT constexpr void pass(std::size_t end) noexcept {
        more_ = end < rest_.size();
        rest_ = part(rest_, more_ ? end + 1 : end, rest_.size());
        skip_blanks();
    }

    TLSUP_HOT constexpr void skip_blanks() noexcept {
        while (!rest_.empty() && is_blank(rest_[0])) {
            rest_ = part(rest_, 1, rest_.size());
        }
    }

    std::string_view rest_;
    std::size_t token_ = 0;
    bool more_ = true;
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

/// `1*DIGIT`, at most 20 of them, not above `largest`, which may be any.
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

/// `1*DIGIT`, at most 20 of them, below 2^63. RFC 9110 8.6. Without the multiplications that `parse_number` has.
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
