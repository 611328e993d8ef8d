// reply.hpp: how the gateway's own responses are written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tlsup/write.hpp>

namespace example {

/// What the request says about its response.
struct reply_rules {
    tlsup::method asked = tlsup::method::other;
    bool last = false;             ///< the connection closes behind the response
    bool http_1_0 = false;         ///< no chunks, no interim responses
    tlsup::token_list advertise{}; ///< in Upgrade, RFC 2817 4.1

    [[nodiscard]] bool head_only() const noexcept { return asked == tlsup::method::head; }
};

/// A short response with a text for people.
inline std::string short_reply(std::uint16_t status, std::string_view text, const reply_rules& rules,
                               tlsup::field_list fields = {}) {
    char room[2048];
    const tlsup::reply_text reply{status, {}, rules.advertise, rules.last, text};
    const tlsup::prepared made = tlsup::write_reply(room, reply, fields);
    return std::string(made.head.text().substr(0, rules.head_only() ? made.head.head_size() : made.head.text().size()));
}

inline void add_field(std::string& head, std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
}

/// The end of a head that announces more content than a buffer holds: the connection's fields and the empty line.
inline void end_head(std::string& head, const reply_rules& rules) {
    if (!rules.advertise.empty()) {
        char room[256];
        head += tlsup::write_advert(room, rules.advertise, rules.last).head.text();
    } else if (rules.last) {
        add_field(head, "Connection", "close");
    }
    head += "\r\n";
}

} // namespace example
