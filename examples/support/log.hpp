// log.hpp: one line for each event, for people or for programs.
#pragma once

#include <cstdio>
#include <initializer_list>
#include <string>
#include <string_view>

namespace example {

/// One thing that an event says.
struct detail_text {
    std::string_view name;
    std::string_view value;
};

class event_log {
  public:
    enum class format : unsigned char { none, text, json };

    explicit event_log(format how) noexcept : how_(how) {}

    void write(unsigned connection, std::string_view event, std::initializer_list<detail_text> details = {}) const {
        if (how_ == format::none) {
            return;
        }
        const bool json = how_ == format::json;
        std::string line = json ? "{\"connection\":" + std::to_string(connection) + ",\"event\":" + quoted(event)
                                : "#" + std::to_string(connection) + " " + std::string(event);
        for (const detail_text& each : details) {
            line += json ? "," + quoted(each.name) + ":" : " " + std::string(each.name) + "=";
            line += json || !plain(each.value) ? quoted(each.value) : std::string(each.value);
        }
        line += json ? "}\n" : "\n";
        std::fwrite(line.data(), 1, line.size(), stderr);
    }

  private:
    static bool plain(std::string_view text) {
        bool good = !text.empty();
        for (const char each : text) {
            good = good && each > ' ' && each < 0x7f && each != '"';
        }
        return good;
    }

    // A JSON string. What is not printable ASCII is escaped byte by byte.
    static std::string quoted(std::string_view text) {
        std::string made = "\"";
        for (const char each : text) {
            const auto byte = static_cast<unsigned char>(each);
            if (each == '"' || each == '\\') {
                made += '\\';
                made += each;
            } else if (byte < 0x20 || byte > 0x7e) {
                char escape[8] = {};
                std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(byte));
                made += escape;
            } else {
                made += each;
            }
        }
        return made + "\"";
    }

    format how_;
};

} // namespace example
