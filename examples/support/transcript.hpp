// transcript.hpp: what was said, for people, on stderr.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace example {

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
        while (!bytes.empty()) {
            const std::size_t end = bytes.find('\n');
            std::string line(bytes.substr(0, end));
            bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
            if (!line.empty() && line.back() == '\r') {
                line.pop_back();
            }
            for (char& each : line) {
                each = each >= ' ' && each <= '~' ? each : '?'; // a terminal obeys control characters
            }
            print(std::string(prefix) + line);
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
