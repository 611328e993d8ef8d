// scan.hpp: byte classes, and finding the first byte that is not of one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "literal.hpp"
#include "platform.hpp"

namespace tlsup::detail {

enum byte_class : std::uint8_t {
    class_token = 1,  // tchar, RFC 9110 5.6.2
    class_value = 2,  // field-vchar, obs-text, SP and HTAB, RFC 9110 5.5
    class_target = 4, // VCHAR but '#': what a request-target may be made of, RFC 9112 3.2
    class_name = 8,   // what we let a registered name be made of: letters, digits, '-', '.', '_'
    class_digit = 16,
    class_hex = 32,
    class_label = 64, // of a registered name: class_name but '.'
};

#if TLSUP_WORDS
inline constexpr unsigned classified = 256;
#else
inline constexpr unsigned classified = 128; // what is above is obs-text, and nothing else
#endif

// The size is part of its name: a program may have files of both kinds, and each needs the table that it was made for.
template <unsigned Octets> struct class_table { std::uint8_t of[Octets]; };
// Range by range: to ask for each octet what it is would take the compiler longer.
constexpr void classify(class_table<classified>& table, unsigned from, unsigned to, unsigned found) noexcept {
    for (unsigned byte = from; byte < to; ++byte) {
        table.of[byte] = static_cast<std::uint8_t>(table.of[byte] | found);
    }
}
constexpr class_table<classified> make_classes() noexcept {
    constexpr unsigned alphanumeric = class_token | class_name | class_label;
    class_table<classified> table{};
    classify(table, '\t', '\t' + 1, class_value);
    classify(table, ' ', ' ' + 1, class_value);
    classify(table, '!', 0x7f, class_value | class_target);
    classify(table, 0x80, classified, class_value);
    classify(table, '0', '9' + 1, alphanumeric | class_digit | class_hex);
    classify(table, 'A', 'Z' + 1, alphanumeric);
    classify(table, 'a', 'z' + 1, alphanumeric);
    classify(table, 'A', 'F' + 1, class_hex);
    classify(table, 'a', 'f' + 1, class_hex);
    classify(table, '-', '.' + 1, class_token | class_name);
    classify(table, '_', '_' + 1, alphanumeric);
    classify(table, '-', '-' + 1, class_label);
    for (const char each : {'!', '#', '$', '%', '&', '\'', '*', '+', '^', '`', '|', '~'}) {
        table.of[static_cast<unsigned char>(each)] |= class_token;
    }
    table.of[unsigned{'#'}] = class_value | class_token; // it begins a fragment
    return table;
}
template <unsigned Octets> inline constexpr class_table<Octets> classes = make_classes();

TLSUP_SEPARATE constexpr bool is(char byte, byte_class wanted) noexcept {
    const auto at = static_cast<unsigned char>(byte);
#if TLSUP_WORDS
    return (classes<classified>.of[at] & wanted) != 0;
#else
    return ((at < classified ? unsigned{classes<classified>.of[at]} : unsigned{class_value}) & wanted) != 0;
#endif
}

/// Where the first such octet stands at or behind `from`; `text.size()` if there is none.
TLSUP_SEPARATE constexpr std::size_t find(std::string_view text, std::size_t from, char octet) noexcept {
    while (from < text.size() && text[from] != octet) {
        ++from;
    }
    return from;
}

/// `skip` without a view: where size counts, its callers would have to lay one out on their stack.
TLSUP_SEPARATE constexpr std::size_t skip(const char* data, std::size_t size, std::size_t from,
                                          byte_class wanted) noexcept {
#if TLSUP_WORDS
    for (; from + 4 <= size; from += 4) {
        if (!is(data[from], wanted)) {
            return from;
        }
        if (!is(data[from + 1], wanted)) {
            return from + 1;
        }
        if (!is(data[from + 2], wanted)) {
            return from + 2;
        }
        if (!is(data[from + 3], wanted)) {
            return from + 3;
        }
    }
#endif
    while (from < size && is(data[from], wanted)) {
        ++from;
    }
    return from;
}

/// The first position at or behind `from` whose byte is not of the class; `text.size()` if there is none.
constexpr std::size_t skip(std::string_view text, std::size_t from, byte_class wanted) noexcept {
    return skip(text.data(), text.size(), from, wanted);
}

constexpr char lower(char byte) noexcept { return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32) : byte; }

/// Equal, ASCII case aside. RFC 9110 5.1, 7.8.
constexpr bool same_text(std::string_view one, std::string_view other) noexcept {
    if (one.size() != other.size()) {
        return false;
    }
    for (std::size_t at = 0; at < one.size(); ++at) {
        if (lower(one[at]) != lower(other[at])) {
            return false;
        }
    }
    return true;
}

// Views are made of a `const char*` and a `std::size_t`, here and everywhere. From other types, which it would have to
// convert, the compiler weighs the constructor for iterators as well: each time as much work as a whole function.

/// The part of `text` in [from, to); the caller knows that it is inside.
constexpr std::string_view part(std::string_view text, std::size_t from, std::size_t to) noexcept {
    return {text.data() + from, to - from};
}

/// A byte that may surround a value: in a folded one CR and LF count as whitespace too. RFC 9110 5.5, RFC 9112 5.2.
constexpr bool is_blank(char byte) noexcept {
    return static_cast<unsigned char>(byte) <= ' ' && (byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n');
}

/// Without whitespace at both ends.
constexpr std::string_view trim(std::string_view text) noexcept {
    std::size_t from = 0;
    std::size_t to = text.size();
    while (from < to && is_blank(text[from])) {
        ++from;
    }
    while (to > from && is_blank(text[to - 1])) {
        --to;
    }
    return part(text, from, to);
}

/// `trim` for what mostly stands behind a colon: one space, and a value.
TLSUP_HOT constexpr std::string_view trim_value(std::string_view text) noexcept {
    const auto visible = [&](std::size_t at) { return static_cast<unsigned char>(text[at]) > ' '; };
    const bool plain = text.size() >= 2 && text[0] == ' ' && visible(1) && visible(text.size() - 1);
    return plain ? part(text, 1, text.size()) : trim(text);
}

} // namespace tlsup::detail
