// refusal.hpp: the texts of refusals, packed: a machine that refuses carries these alone, not the tables that are
// asked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "error.hpp"
#include "platform.hpp"
#include "registry.hpp"
#include "scan.hpp"

namespace tlsup::detail {

// Whether a refusal can say this: nobody may send 401, 405, 407 and 426 without a field that a refusal does not have.
// RFC 9110 15.5.2, 15.5.6, 15.5.8, 15.5.22.
constexpr bool may_refuse_with(unsigned code) noexcept {
    return code >= 400 && code != 401 && code != 405 && code != 407 && code != 426;
}

// The status lines of refusals, one behind the other, each with its length before it. Without reasons they end behind
// the SP, RFC 9112 4.
template <bool Reasons> constexpr std::string_view refusal_of(const status_entry& entry) noexcept {
    return Reasons ? entry.line : part(entry.line, 0, 4);
}
template <bool Reasons> constexpr std::size_t refusal_line_octets() noexcept {
    std::size_t octets = 0;
    for (const status_entry& each : status_codes) {
        octets += may_refuse_with(each.code()) ? refusal_of<Reasons>(each).size() + 1 : 0;
    }
    return octets;
}
template <bool Reasons> struct refusal_line_table { char of[refusal_line_octets<Reasons>()]; };
template <bool Reasons> constexpr refusal_line_table<Reasons> make_refusal_lines() noexcept {
    refusal_line_table<Reasons> table{};
    std::size_t at = 0;
    for (const status_entry& each : status_codes) {
        if (may_refuse_with(each.code())) {
            const std::string_view line = refusal_of<Reasons>(each);
            table.of[at++] = static_cast<char>(line.size());
            for (const char letter : line) {
                table.of[at++] = letter;
            }
        }
    }
    return table;
}
template <bool Reasons> inline constexpr refusal_line_table<Reasons> refusal_lines = make_refusal_lines<Reasons>();

/// The status line of a refusal, without the version; empty where no refusal has this code. RFC 9112 4.
template <bool Reasons> TLSUP_SEPARATE constexpr std::string_view refusal_line(std::uint16_t code) noexcept {
    const auto& lines = refusal_lines<Reasons>.of;
    for (std::size_t at = 0; at < sizeof(lines);) {
        const status_entry entry{{lines + at + 1, static_cast<std::size_t>(lines[at])}, {}};
        if (entry.code() == code) {
            return entry.line;
        }
        at += entry.line.size() + 1;
    }
    return {};
}

// Whether a machine may have to say this in a refusal.
constexpr bool is_said(const error_entry& entry) noexcept {
    return entry.status != 0 || entry.code == errc::rejected || entry.code == errc::next_proxy_refused;
}
// The digits of a sentence's length: it has a line end, and more than nine octets.
constexpr std::size_t digits_of(std::size_t octets) noexcept { return octets < 100 ? 2 : 3; }

// What refusals say: the error, the length of its sentence, the same in digits, the sentence and a line end. Templates,
// so that the compiler packs them only for a file whose machines say them.
template <const auto& Entries> constexpr std::size_t refusal_text_octets() noexcept {
    std::size_t all = 0;
    for (const error_entry& each : Entries) {
        const std::size_t octets = each.explanation.size() + 1;
        all += is_said(each) ? 2 + digits_of(octets) + octets : 0;
    }
    return all;
}
template <const auto& Entries> struct refusal_text_table { char of[refusal_text_octets<Entries>()]; };
template <const auto& Entries> constexpr refusal_text_table<Entries> make_refusal_texts() noexcept {
    refusal_text_table<Entries> table{};
    std::size_t at = 0;
    for (const error_entry& each : Entries) {
        if (!is_said(each)) {
            continue;
        }
        const std::size_t octets = each.explanation.size() + 1;
        table.of[at++] = static_cast<char>(each.code);
        table.of[at++] = static_cast<char>(octets);
        if (octets >= 100) {
            table.of[at++] = static_cast<char>('0' + octets / 100); // GCOVR_EXCL_LINE none is so long yet
        }
        table.of[at++] = static_cast<char>('0' + octets / 10 % 10);
        table.of[at++] = static_cast<char>('0' + octets % 10);
        for (const char letter : each.explanation) {
            table.of[at++] = letter;
        }
        table.of[at++] = '\x0a';
    }
    return table;
}
template <const auto& Entries>
inline constexpr refusal_text_table<Entries> refusal_texts = make_refusal_texts<Entries>();

/// The content of a refusal, a sentence and a line end, and its length in digits.
struct refusal_text {
    std::string_view length{};
    std::string_view sentence{};
    std::string_view line_feed{};
};

/// What a refusal says of this error, empty where no machine refuses with it.
template <const auto& Entries = error_entries> constexpr refusal_text explain_refusal(errc why) noexcept {
    const auto& texts = refusal_texts<Entries>.of;
    for (std::size_t at = 0; at < sizeof(texts);) {
        const char* const from = texts + at;
        const auto octets = static_cast<std::size_t>(static_cast<unsigned char>(from[1]));
        const std::size_t digits = digits_of(octets);
        if (from[0] == static_cast<char>(why)) {
            const char* const sentence = from + 2 + digits;
            return {{from + 2, digits}, {sentence, octets - 1}, {sentence + octets - 1, std::size_t{1}}};
        }
        at += 2 + digits + octets;
    }
    return {};
}

} // namespace tlsup::detail
