// items.hpp: what passes over the network, each piece of wire text once, and known by its number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace model {

using item = std::uint16_t;

/// All texts that were ever seen, by number. Numbers are given in the order in which texts come up, which the order of
/// the search fixes.
class dictionary {
  public:
    item number(std::string_view text) {
        const auto [found, added] = numbers_.try_emplace(std::string(text), static_cast<item>(texts_.size()));
        if (added) {
            texts_.push_back(found->first);
        }
        return found->second;
    }
    [[nodiscard]] const std::string& text(item number) const { return texts_[number]; }

  private:
    std::unordered_map<std::string, item> numbers_;
    std::vector<std::string> texts_;
};

/// One for each thread: a composition is explored by one.
inline dictionary& texts() {
    thread_local dictionary all;
    return all;
}

// TLS, as far as its first flight shows: a real ClientHello, an answer that names the hello and the server, and what
// completes the handshake. Nobody but the two engines can make the last two.

inline std::string with_length(std::size_t octets, std::string_view body) {
    std::string made;
    for (std::size_t at = octets; at > 0; --at) {
        made += static_cast<char>((body.size() >> (8 * (at - 1))) & 255);
    }
    return made + std::string(body);
}

/// `random`: whose hello it is. Empty protocol or name: without the extension.
inline std::string client_hello(char random, std::string_view protocol, std::string_view name) {
    using namespace std::string_literals;
    std::string extensions;
    if (!name.empty()) {
        extensions += "\0\0"s + with_length(2, with_length(2, "\0"s + with_length(2, name)));
    }
    if (!protocol.empty()) {
        extensions += "\0\x10"s + with_length(2, with_length(2, with_length(1, protocol)));
    }
    const std::string hello = "\x03\x03"s + std::string(32, random) + "\0"s + with_length(2, "\x13\x01"s) + "\x01\0"s +
                              with_length(2, extensions);
    return "\x16\x03\x01"s + with_length(2, "\x01"s + with_length(3, hello));
}

/// `server`: the name in its certificate. `selected`: the protocol.
inline std::string server_flight(std::string_view hello, std::string_view server, std::string_view selected) {
    using namespace std::string_literals;
    return "\x16\x03\x03"s +
           with_length(2, std::string(server) + " to " + hello[11] + " with " + std::string(selected));
}
inline std::string client_finish(std::string_view hello) {
    using namespace std::string_literals;
    return "\x14\x03\x03"s + with_length(2, std::string("finish of ") + hello[11]);
}
inline constexpr std::string_view tls_alert{"\x15\x03\x01\x00\x02\x02\x78", 7};

/// The next whole record at the front; empty where there is none.
inline std::string_view record(std::string_view bytes) {
    const auto octet = [bytes](std::size_t at) { return static_cast<unsigned char>(bytes[at]) + 0U; };
    if (bytes.size() < 5 || bytes.size() < 5 + octet(3) * 256 + octet(4)) {
        return {};
    }
    return bytes.substr(0, 5 + octet(3) * 256 + octet(4));
}

/// For people: escapes, and no more than a line.
inline std::string shown(std::string_view text) {
    std::string made;
    for (const char each : text) {
        const auto byte = static_cast<unsigned char>(each);
        if (each == '\r') {
            made += "\\r";
        } else if (each == '\n') {
            made += "\\n";
        } else if (byte < 0x20 || byte > 0x7e) {
            constexpr std::string_view digits = "0123456789abcdef";
            made += std::string("\\x") + digits[byte >> 4] + digits[byte & 15];
        } else {
            made += each;
        }
    }
    return made;
}

} // namespace model
