// transcript.hpp: what was said, for people, on stderr.
#pragma once

#include <strings.h>

#include <algorithm>
#include <cstdio>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace example {

/// The line of a field, with `***` in place of what would let a reader be somebody else: transcripts end up in reports.
/// Nothing where there is no secret. Blanks around the name are errors, but the secret is the same.
inline std::optional<std::string> without_secret(const std::string& line) {
    constexpr const char* blanks = " \t";
    const auto is_any = [](const std::string& word, std::initializer_list<const char*> known) {
        return std::any_of(known.begin(), known.end(),
                           [&](const char* each) { return ::strcasecmp(word.c_str(), each) == 0; });
    };
    const std::size_t colon = std::min(line.find(':'), line.size()); // without one, the rest may come folded
    std::string name = line.substr(0, colon);
    name.erase(0, name.find_first_not_of(blanks));
    name.erase(name.find_last_not_of(blanks) + 1);
    if (!is_any(name, {"Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie"})) {
        return std::nullopt;
    }
    const std::size_t from = std::min(line.find_first_not_of(blanks, colon + 1), line.size());
    const std::string scheme = line.substr(from, line.find(' ', from) - from);
    const bool known = is_any(scheme, {"Basic", "Bearer", "Digest", "Negotiate"});
    return line.substr(0, colon) + ": " + (known ? scheme + " " : "") + "***";
}

/// Prints headings and lines: `> ` and `< ` in clear, `>> ` and `<< ` inside TLS.
class transcript {
  public:
    explicit transcript(bool on) : on_(on) {}

    void heading(std::string_view text) { print("-- " + std::string(text) + " --"); }
    void note(std::string_view text) { print("*  " + std::string(text)); }

    void sent(std::string_view bytes, bool secure) { lines(bytes, secure ? ">> " : "> ", secure); }
    void received(std::string_view bytes, bool secure) { lines(bytes, secure ? "<< " : "< ", secure); }
    void sent_octets(std::size_t count, bool secure) { sent(octets(count), secure); }
    void received_octets(std::size_t count, bool secure) { received(octets(count), secure); }

    /// Starts over on another connection.
    void new_connection() { where_ = place::nowhere; }

  private:
    enum class place : unsigned char { nowhere, clear, tls };

    static std::string octets(std::size_t count) { return "[" + std::to_string(count) + " octets of content]"; }

    void lines(std::string_view bytes, std::string_view prefix, bool secure) {
        const place here = secure ? place::tls : place::clear;
        if (here != where_) {
            where_ = here;
            heading(secure ? "inside TLS" : "in clear");
        }
        bool secret = false;
        while (!bytes.empty()) {
            const std::size_t end = bytes.find('\n');
            std::string line(bytes.substr(0, end));
            bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
            if (!line.empty() && line.back() == '\r') {
                line.pop_back();
            }
            const bool folded = !line.empty() && (line.front() == ' ' || line.front() == '\t');
            const std::optional<std::string> masked = folded && secret ? " ***" : without_secret(line);
            secret = masked || (folded && secret);
            std::string shown = masked.value_or(line);
            for (char& each : shown) {
                each = each >= ' ' && each <= '~' ? each : '?'; // a terminal obeys control characters
            }
            print(std::string(prefix) + shown);
        }
    }

    void print(const std::string& line) {
        if (on_) {
            std::fprintf(stderr, "%s\n", line.c_str());
        }
    }

    bool on_;
    place where_ = place::nowhere;
};

} // namespace example
