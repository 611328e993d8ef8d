// reply.hpp: how the gateway's own responses are written.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include <tlsup/write.hpp>
#include <tlsup/write_date.hpp>

namespace example {

/// What the request says about its response.
struct reply_rules {
    tlsup::method asked = tlsup::method::other;
    bool last = false;     ///< the connection closes behind the response
    bool http_1_0 = false; ///< no chunks, no interim responses

    [[nodiscard]] bool head_only() const noexcept { return asked == tlsup::method::head; }
};

/// What Date says now. RFC 9110 6.6.1.
inline tlsup::http_date date_now() { return tlsup::http_date(static_cast<std::uint64_t>(std::time(nullptr))); }

/// A short response with a text for people.
inline std::string short_reply(std::uint16_t status, std::string_view text, const reply_rules& rules,
                               tlsup::field_list fields = {}) {
    char room[2048];
    const tlsup::http_date now = date_now();
    std::vector<tlsup::field_text> all(fields.data, fields.data + fields.size);
    all.push_back({"Date", now.text()});
    const tlsup::prepared made = tlsup::write_reply(room, {status, {}, {}, rules.last, text}, {all.data(), all.size()});
    return std::string(made.head.text().substr(0, rules.head_only() ? made.head.head_size() : made.head.text().size()));
}

inline void add_field(std::string& head, std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
}

} // namespace example
