// vectors.hpp: the vectors of a corpus file. tests/corpus/README.md describes the form.
#pragma once

#include <cstddef>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace corpus {

/// One block of a file. Absent lines are empty.
struct entry {
    std::string id;
    std::string role;
    std::string setup;
    std::string with;
    std::string input;
    std::string expect;
    std::string bytes;
};

/// The vectors of a file, or what is wrong with it.
struct file {
    std::vector<entry> entries;
    std::string fault;
};

inline int hex_digit(char letter) {
    constexpr std::string_view digits = "0123456789abcdef";
    const char small = letter >= 'A' && letter <= 'F' ? static_cast<char>(letter + 32) : letter;
    const std::size_t at = digits.find(small);
    return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

/// Resolves \r \n \t \\ and \xNN. False where something else stands behind a backslash.
inline bool unescape(std::string_view text, std::string& out) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '\\') {
            out += text[at];
            continue;
        }
        constexpr std::string_view letters = "rnt\\";
        constexpr std::string_view meanings = "\r\n\t\\";
        const char next = ++at < text.size() ? text[at] : '\0';
        const std::size_t which = letters.find(next);
        if (which != std::string_view::npos) {
            out += meanings[which];
        } else if (next == 'x' && at + 2 < text.size() && hex_digit(text[at + 1]) >= 0 &&
                   hex_digit(text[at + 2]) >= 0) {
            out += static_cast<char>(hex_digit(text[at + 1]) * 16 + hex_digit(text[at + 2]));
            at += 2;
        } else {
            return false;
        }
    }
    return true;
}

/// One line under `bytes:`: `| text`, or `* count text`.
inline bool add_piece(std::string_view line, std::string& bytes) {
    if (line.starts_with("| ")) {
        return unescape(line.substr(2), bytes);
    }
    if (line == "|") {
        return true;
    }
    if (!line.starts_with("* ")) {
        return false;
    }
    line.remove_prefix(2);
    std::size_t count = 0;
    std::size_t digits = 0;
    for (; digits < line.size() && line[digits] >= '0' && line[digits] <= '9' && count < 100'000'000; ++digits) {
        count = count * 10 + static_cast<std::size_t>(line[digits] - '0');
    }
    std::string piece;
    if (digits == 0 || digits >= line.size() || line[digits] != ' ' || !unescape(line.substr(digits + 1), piece)) {
        return false;
    }
    for (std::size_t at = 0; at < count; ++at) {
        bytes += piece;
    }
    return true;
}

/// `why`, `source` and `delivery` are for the reader: every vector comes in every way.
inline void set_property(std::string_view name, std::string_view value, entry& of) {
    std::string entry::*const places[] = {&entry::role, &entry::setup, &entry::with, &entry::input, &entry::expect};
    constexpr std::string_view names[] = {"role", "setup", "with", "input", "expect"};
    for (std::size_t at = 0; at < std::size(names); ++at) {
        if (name == names[at]) {
            of.*places[at] = value;
        }
    }
}

inline bool read_line(std::string_view line, bool& in_bytes, file& result) {
    if (line.starts_with("[") && line.ends_with("]")) {
        result.entries.emplace_back().id = line.substr(1, line.size() - 2);
        in_bytes = false;
        return true;
    }
    if (line.find_first_not_of(" \t") == std::string_view::npos || line.starts_with("#")) {
        return true;
    }
    if (result.entries.empty()) {
        return false;
    }
    if (line.starts_with(" ")) {
        line.remove_prefix(line.find_first_not_of(' '));
        return in_bytes && add_piece(line, result.entries.back().bytes);
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
        return false;
    }
    in_bytes = line.substr(0, colon) == "bytes";
    std::string_view value = line.substr(colon + 1);
    value.remove_prefix(value.find_first_not_of(' ') == std::string_view::npos ? value.size()
                                                                               : value.find_first_not_of(' '));
    value.remove_suffix(value.size() - (value.find_last_not_of(' ') + 1));
    set_property(line.substr(0, colon), value, result.entries.back());
    return true;
}

inline file read_file(const std::string& name) {
    file result;
    std::ifstream in(name, std::ios::binary);
    if (!in) {
        result.fault = name + ": cannot be read";
        return result;
    }
    bool in_bytes = false;
    std::size_t number = 0;
    for (std::string line; std::getline(in, line);) {
        ++number;
        if (!read_line(line, in_bytes, result)) {
            result.fault = name + ":" + std::to_string(number) + ": not understood: " + line;
            return result;
        }
    }
    return result;
}

/// Text for people: control characters escaped, the middle of a long one left out.
inline std::string shown(std::string_view text, std::size_t longest = 96) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (at == longest / 2 && text.size() > longest) {
            at = text.size() - longest / 2;
            out += " ... ";
        }
        const auto byte = static_cast<unsigned char>(text[at]);
        constexpr std::string_view digits = "0123456789abcdef";
        if (byte == '\r' || byte == '\n') {
            out += byte == '\r' ? "\\r" : "\\n";
        } else if (byte < 32 || byte > 126) {
            out += {'\\', 'x', digits[byte / 16], digits[byte % 16]};
        } else {
            out += text[at];
        }
    }
    return out;
}

} // namespace corpus
