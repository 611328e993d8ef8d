// trace_steps.hpp: how bytes come to a traced machine, and how its steps are printed.
#pragma once

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tlsup/tlsup.hpp>

#include "trace_options.hpp"

namespace example {

/// The pieces in which the bytes arrive.
inline std::vector<std::string> cut(std::string_view bytes, const trace_options& options) {
    std::vector<std::string> pieces;
    std::size_t index = 0;
    while (!bytes.empty()) {
        const std::size_t wanted = options.each_byte              ? 1
                                   : index < options.split.size() ? options.split[index]
                                                                  : bytes.size();
        const std::size_t size = std::min(wanted, bytes.size());
        if (size != 0) {
            pieces.emplace_back(bytes.substr(0, size));
        }
        bytes.remove_prefix(size);
        ++index;
    }
    return pieces;
}

/// One JSON object on one line.
class json_line {
  public:
    json_line& text(std::string_view name, std::string_view value) {
        key(name);
        line_ += '"';
        for (const char each : value) {
            escape(static_cast<unsigned char>(each));
        }
        line_ += '"';
        return *this;
    }
    json_line& number(std::string_view name, std::size_t value) {
        key(name);
        line_ += std::to_string(value);
        return *this;
    }
    json_line& truth(std::string_view name, bool value) {
        key(name);
        line_ += value ? "true" : "false";
        return *this;
    }
    void print() const { std::printf("%s}\n", line_.c_str()); }

  private:
    void key(std::string_view name) {
        line_ += line_.size() == 1 ? "\"" : ",\"";
        line_ += name;
        line_ += "\":";
    }
    void escape(unsigned char byte) { // a byte above 126 stands for itself as U+00XX
        constexpr std::string_view digits = "0123456789abcdef";
        if (byte == '"' || byte == '\\') {
            line_ += '\\';
            line_ += static_cast<char>(byte);
        } else if (byte == '\r' || byte == '\n') {
            line_ += byte == '\r' ? "\\r" : "\\n";
        } else if (byte < ' ' || byte > '~') {
            line_ += "\\u00";
            line_ += digits[byte >> 4];
            line_ += digits[byte & 15];
        } else {
            line_ += static_cast<char>(byte);
        }
    }

    std::string line_ = "{";
};

/// The bytes in clear and the decrypted ones. `next_piece` brings the next bytes into the one that is in use.
class arrivals {
  public:
    explicit arrivals(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}

    std::string clear;
    std::string plain;

    /// False at the end of the input.
    bool next_piece(bool secure) {
        if (at_ == pieces_.size()) {
            return false;
        }
        (secure ? plain : clear) += pieces_[at_++];
        return true;
    }

    /// Takes out the bytes that a step showed: not always those at the front.
    void take(std::string_view bytes, bool secure) {
        std::string& from = secure ? plain : clear;
        if (!bytes.empty()) {
            from.erase(static_cast<std::size_t>(bytes.data() - from.data()), bytes.size());
        }
    }

  private:
    std::vector<std::string> pieces_;
    std::size_t at_ = 0;
};

template <class State> json_line describe(std::size_t number, const tlsup::step& wanted, State state) {
    json_line line;
    line.number("step", number)
        .text("action", to_string(wanted.what))
        .text("bytes", wanted.bytes)
        .text("error", to_string(wanted.error))
        .number("status", wanted.status)
        .text("state", to_string(state));
    return line;
}

} // namespace example
