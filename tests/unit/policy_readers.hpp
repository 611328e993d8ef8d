// Readers of paths, each with what it does besides the standard: composed of quirks.
#pragma once

#include <tlsup/policy.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace readers {

using tlsup::detail::lower;

// What a reader does besides removing dot segments, merging slashes and ignoring case: bits, in the order of `read`.
enum quirk : std::uint32_t {
    cut_at_ampersand = 1U << 0, // index.php?q=PATH, written by a rewriting server
    resolve_first = 1U << 1,    // dot segments are removed before anything is decoded, and again at the end
    strip_sessions = 1U << 2,   // "(S(x))" and the slash after it, of ASP.NET
    unicode_escapes = 1U << 3,  // %uXXXX, of IIS
    decode_forms = 1U << 4,     // "+" is a space
    decode = 1U << 5,
    decode_twice = 1U << 6,
    fold_compatible = 1U << 7,    // NFKC, UTS 46 and code page conversions
    drop_invisible = 1U << 8,     // soft hyphens, zero-width characters, byte order marks
    drop_foreign = 1U << 9,       // all that is not ASCII
    overlong = 1U << 10,          // a UTF-8 decoder that looks at no prefix but the first
    keep_low_bytes = 1U << 11,    // of UTF-16 units
    keep_seven_bits = 1U << 12,   // of bytes
    cut_at_nul = 1U << 13,        // a C string
    cut_at_query = 1U << 14,      // "?" and "#", looked for after decoding
    url_parser = 1U << 15,        // WHATWG: tab, LF, CR go; controls and spaces go at both ends; "\" is "/"
    drop_controls = 1U << 16,     //
    backslashes = 1U << 17,       // divide
    strip_parameters = 1U << 18,  // ";x" at a segment's end
    trim_segments = 1U << 19,     // of spaces and controls
    windows_names = 1U << 20,     // streams, and dots and spaces at a segment's end
    windows_wildcards = 1U << 21, // "<" matches anything
};
inline constexpr std::uint32_t all_quirks = 2 * windows_wildcards - 1;
inline constexpr std::uint32_t character_quirks =
    fold_compatible | drop_invisible | drop_foreign | overlong | keep_low_bytes | keep_seven_bits;

inline int hex(char digit) {
    const std::string_view digits = "0123456789abcdef";
    const std::size_t found = digits.find(lower(digit));
    return found == std::string_view::npos ? -1 : static_cast<int>(found);
}

// `introducer`: "%" with two digits, or "%u" with four, written as UTF-8.
inline std::string decoded(const std::string& text, std::string_view introducer, std::size_t digits) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const std::size_t end = at + introducer.size() + digits;
        bool good = end <= text.size() && text.compare(at, introducer.size(), introducer) == 0;
        unsigned code = 0;
        for (std::size_t digit = at + introducer.size(); good && digit < end; ++digit) {
            good = hex(text[digit]) >= 0;
            code = code * 16 + static_cast<unsigned>(hex(text[digit]));
        }
        if (!good) {
            out += text[at];
            continue;
        }
        if (digits == 4 && code > 0x7f) {
            out += static_cast<char>(0xe0U | code >> 12);
            out += static_cast<char>(0x80U | (code >> 6 & 0x3fU));
            code = 0x80U | (code & 0x3fU);
        }
        out += static_cast<char>(code);
        at = end - 1;
    }
    return out;
}

inline void replace(std::string& text, std::string_view from, std::string_view to) {
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
}

using replacement = std::pair<std::string_view, std::string_view>;
inline constexpr replacement lookalikes[] = {
    {"\xef\xbc\x8e", "."},      {"\xef\xbc\x8f", "/"},  {"\xef\xbc\xbc", "\\"},  {"\xef\xbc\x85", "%"},
    {"\xef\xb9\x92", "."},      {"\xef\xb8\xb0", ".."}, {"\xef\xb8\x99", "..."}, {"\xef\xbd\xa1", "."},
    {"\xe2\x80\xa4", "."},      {"\xe2\x80\xa5", ".."}, {"\xe2\x80\xa6", "..."}, {"\xe3\x80\x82", "."},
    {"\xc2\xb7", "."},          {"\xd9\xaa", "%"},      {"\xe2\x88\x95", "/"},   {"\xe2\x88\x96", "\\"},
    {"\xf0\x9f\x84\x80", "0."},
};
inline constexpr std::string_view invisible[] = {"\xc2\xad",     "\xe2\x80\x8b", "\xe2\x80\x8d", "\xe2\x81\xa0",
                                                 "\xef\xbb\xbf", "\xef\xb8\x8f", "\xcd\x8f",     "\xc2\xa0"};

// Code points, of a decoder that takes any byte for a continuation, and so any overlong form.
inline std::vector<std::uint32_t> code_points(const std::string& text) {
    std::vector<std::uint32_t> out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto first = static_cast<unsigned char>(text[at]);
        std::size_t more = first < 0xc0 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf8 ? 3 : 5;
        more = at + more < text.size() ? more : 0;
        std::uint32_t code = more == 0 ? first : first & (0x3fU >> more);
        for (; more > 0; --more) {
            code = code << 6 | (static_cast<unsigned char>(text[++at]) & 0x3fU);
        }
        out.push_back(code);
    }
    return out;
}

inline std::string utf8(const std::vector<std::uint32_t>& codes) { // ASCII, and "~" for everything else
    std::string out;
    for (const std::uint32_t code : codes) {
        out += code < 0x80 ? static_cast<char>(code) : '~';
    }
    return out;
}

inline std::string low_bytes(const std::vector<std::uint32_t>& codes) {
    std::string out;
    for (const std::uint32_t code : codes) {
        if (code > 0xffff) { // the first of two surrogates
            out += static_cast<char>((code - 0x10000) >> 10 & 0xffU);
        }
        out += static_cast<char>(code & 0xffU);
    }
    return out;
}

inline bool is_trimmed(char byte) { return static_cast<unsigned char>(byte) <= 0x20; }
inline bool is_control(char byte) { return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f; }

template <class Wanted> void drop(std::string& text, Wanted wanted) {
    std::string kept;
    for (const char each : text) {
        if (!wanted(each)) {
            kept += each;
        }
    }
    text = kept;
}

inline void trim_end(std::string& text, std::string_view what) {
    const std::size_t last = text.find_last_not_of(what);
    text.resize(last == std::string::npos ? 0 : last + 1);
}

inline void strip_session(std::string& path) {
    for (std::size_t at = path.find("/(S("); at != std::string::npos; at = path.find("/(S(")) {
        const std::size_t end = path.find("))", at);
        if (end == std::string::npos) {
            return;
        }
        path.erase(at + 1, end + 2 - at - 1);
        replace(path, "//", "/");
        if (at > 0 && path.size() > at + 1 && path[at + 1] != '/') { // "/a/(S(x))b" is "/ab"
            path.erase(at, 1);
        }
    }
}

using segments = std::vector<std::string>;

inline std::string one_segment(std::string segment, std::uint32_t quirks) {
    if ((quirks & strip_parameters) != 0) {
        segment = segment.substr(0, segment.find(';'));
    }
    if ((quirks & trim_segments) != 0) {
        segment.erase(0, segment.find_first_not_of(" \t\r\n\v\f"));
        trim_end(segment, " \t\r\n\v\f");
    }
    if ((quirks & windows_names) != 0 && segment != "." && segment != "..") {
        segment = segment.substr(0, segment.find(':'));
        const bool up = segment.substr(0, 2) == ".." && segment.find_first_not_of(". ") == std::string::npos;
        trim_end(segment, ". ");
        segment = up ? ".." : segment;
    }
    return segment;
}

inline segments resolve(const std::string& path, std::uint32_t quirks) {
    segments out;
    std::size_t from = 0;
    while (from <= path.size()) {
        const std::size_t end =
            std::min(path.find_first_of((quirks & backslashes) != 0 ? "/\\" : "/", from), path.size());
        const std::string segment = one_segment(path.substr(from, end - from), quirks);
        if (segment == "..") {
            if (!out.empty()) {
                out.pop_back();
            }
        } else if (!segment.empty() && segment != ".") {
            out.push_back(segment);
        }
        from = end + 1;
    }
    return out;
}

inline std::string joined(const segments& list) {
    std::string out;
    for (const std::string& each : list) {
        out += "/" + each;
    }
    return out.empty() ? "/" : out;
}

inline void read_characters(std::string& path, std::uint32_t quirks) {
    if ((quirks & fold_compatible) != 0) {
        for (const auto& [from, to] : lookalikes) {
            replace(path, from, to);
        }
    }
    if ((quirks & drop_invisible) != 0) {
        for (const std::string_view each : invisible) {
            replace(path, each, "");
        }
    }
    if ((quirks & drop_foreign) != 0) {
        drop(path, [](char byte) { return static_cast<unsigned char>(byte) > 0x7f; });
    }
    if ((quirks & overlong) != 0) {
        path = utf8(code_points(path));
    }
    if ((quirks & keep_low_bytes) != 0) {
        path = low_bytes(code_points(path));
    }
    if ((quirks & keep_seven_bits) != 0) {
        for (char& each : path) {
            each = static_cast<char>(each & 0x7f);
        }
    }
}

inline segments read(std::string path, std::uint32_t quirks) {
    const auto is_set = [&](quirk each) { return (quirks & each) != 0; };
    path = path.substr(0, path.find_first_of(is_set(cut_at_ampersand) ? "?&" : "?"));
    path = is_set(resolve_first) ? joined(resolve(path, quirks)) : path;
    path = is_set(unicode_escapes) ? decoded(path, "%u", 4) : path;
    if (is_set(decode_forms)) {
        replace(path, "+", " ");
    }
    path = is_set(decode) ? decoded(path, "%", 2) : path;
    read_characters(path, quirks);
    path = is_set(decode_twice) ? decoded(path, "%", 2) : path;
    if (is_set(strip_sessions)) {
        strip_session(path);
    }
    path = is_set(cut_at_nul) ? path.substr(0, path.find('\0')) : path;
    path = is_set(cut_at_query) ? path.substr(0, path.find_first_of("?#")) : path;
    if (is_set(url_parser)) {
        while (!path.empty() && is_trimmed(path.front())) {
            path.erase(0, 1);
        }
        while (!path.empty() && is_trimmed(path.back())) {
            path.pop_back();
        }
        drop(path, [](char byte) { return byte == '\t' || byte == '\n' || byte == '\r'; });
        quirks |= backslashes;
    }
    if (is_set(drop_controls)) {
        drop(path, is_control);
    }
    return resolve(path, quirks);
}

// Whether a name is this one, or a pattern that finds it.
inline bool is_name(std::string_view name, std::string_view pattern, bool wildcards) {
    if (wildcards && !pattern.empty() && pattern[0] == '<') {
        return is_name(name, pattern.substr(1), true) || (!name.empty() && is_name(name.substr(1), pattern, true));
    }
    if (name.empty() || pattern.empty()) {
        return name.empty() && pattern.empty();
    }
    return lower(name[0]) == lower(pattern[0]) && is_name(name.substr(1), pattern.substr(1), wildcards);
}

inline bool reaches(const std::string& target, const segments& wanted, std::uint32_t quirks) {
    const segments found = read(target, quirks);
    for (std::size_t at = 0; at < wanted.size(); ++at) {
        if (at == found.size() || !is_name(wanted[at], found[at], (quirks & windows_wildcards) != 0)) {
            return false;
        }
    }
    return true;
}

} // namespace readers
