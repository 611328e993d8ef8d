// What is given to every parser, and what each of them makes of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace differential {

/// The octets of one direction of a connection, which closes behind them, and what a parser has to know of the other.
struct input {
    std::string bytes;
    bool is_request = true;
    bool proxied = false;           ///< requests: an https target is fine, as at a proxy
    std::string_view asked = "GET"; ///< responses: the request's method
    bool offered = false;           ///< responses: the request offered TLS
    std::size_t cut = 0;            ///< tlsup sees the octets in front of it first, then all of them
};

enum class verdict : std::uint8_t { accepted, refused, truncated };
enum class framed : std::uint8_t { none, length, chunked, until_close };

/// Views into the input. A folded value spans its line ends.
struct field_line {
    std::string_view name;
    std::string_view value;
};

/// One message, as one parser reads it.
struct message {
    verdict outcome = verdict::truncated;
    std::string_view error; ///< the parser's own name for it
    bool has_head = false;  ///< the members up to `length` count

    std::size_t head = 0; ///< octets up to the end of the empty line, empty lines in front included
    std::string_view method;
    std::string_view target;
    unsigned major = 0;
    unsigned minor = 0;
    unsigned status = 0;
    std::vector<field_line> fields;
    framed how = framed::none;
    std::uint64_t length = 0;

    std::string body; ///< decoded
    std::size_t end = 0;
    bool keep_alive = false;
    bool switches = false; ///< what follows is, or may be, another protocol

    void clear() {
        outcome = verdict::truncated;
        error = {};
        has_head = false;
        head = end = 0;
        method = target = {};
        major = minor = status = 0;
        fields.clear();
        how = framed::none;
        length = 0;
        body.clear();
        keep_alive = switches = false;
    }
};

/// Adds a piece of what a parser shows in pieces: the view grows over what lies between them.
inline void extend(std::string_view& text, const char* at, std::size_t size) {
    const char* const from = text.data() == nullptr ? at : text.data();
    text = {from, static_cast<std::size_t>(at + size - from)};
}

/// The peers. Each reads the first message of `bytes`, behind which the connection closes.
struct peer {
    std::string_view name;
    bool whole; ///< it reads whole messages; picohttpparser reads heads, and chunks where it is told to
    void (*read)(const input& in, std::string_view bytes, const message& ours, message& found);
    std::string (*version)();
};

void read_llhttp(const input& in, std::string_view bytes, const message& ours, message& found);
std::string version_of_llhttp();
void read_http_parser(const input& in, std::string_view bytes, const message& ours, message& found);
std::string version_of_http_parser();
void read_picohttpparser(const input& in, std::string_view bytes, const message& ours, message& found);
std::string version_of_picohttpparser();

inline constexpr peer peers[] = {
    {"llhttp", true, read_llhttp, version_of_llhttp},
    {"http_parser", true, read_http_parser, version_of_http_parser},
    {"picohttpparser", false, read_picohttpparser, version_of_picohttpparser},
};

} // namespace differential
