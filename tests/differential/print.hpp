// Shows cases and readings to people, and cases to the program that asks h11.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "message.hpp"

namespace differential {

inline constexpr std::string_view hex_digits = "0123456789abcdef";

inline std::string escaped(std::string_view text) {
    std::string out;
    for (const char each : text) {
        const auto byte = static_cast<unsigned char>(each);
        if (each == '\r') {
            out += "\\r";
        } else if (each == '\n') {
            out += "\\n";
        } else if (each == '\t') {
            out += "\\t";
        } else if (each == '\\' || each == '"') {
            out += '\\';
            out += each;
        } else if (byte < 0x20 || byte > 0x7e) {
            out += "\\x";
            out += hex_digits[byte >> 4];
            out += hex_digits[byte & 15];
        } else {
            out += each;
        }
    }
    return out.size() > 800 ? out.substr(0, 400) + " ... " + out.substr(out.size() - 400) : out;
}

inline std::string_view name_of(framed how) {
    switch (how) {
    case framed::none:
        return "none";
    case framed::length:
        return "length";
    case framed::chunked:
        return "chunked";
    case framed::until_close:
        return "until_close";
    }
    return "none";
}

inline std::string_view name_of(verdict outcome) {
    return outcome == verdict::accepted ? "accepted" : outcome == verdict::refused ? "refused" : "truncated";
}

inline std::string described(const message& found) {
    std::string out(name_of(found.outcome));
    if (found.outcome != verdict::accepted) {
        out += " (";
        out += found.error;
        out += ")";
    }
    if (found.has_head) {
        out += ", head " + std::to_string(found.head) + " octets: " + escaped(found.method) + " " +
               escaped(found.target) + " " + std::to_string(found.major) + "." + std::to_string(found.minor) + " " +
               std::to_string(found.status) + "; ";
        for (const field_line& each : found.fields) {
            out += "[" + escaped(each.name) + ": " + escaped(each.value) + "]";
        }
        out += "; ";
        out += name_of(found.how);
        out += found.how == framed::length ? " " + std::to_string(found.length) : std::string();
        out += "; body \"" + escaped(found.body) + "\"; end " + std::to_string(found.end);
        out += found.keep_alive ? "; keep-alive" : "; close";
        out += found.switches ? "; switch" : "";
    }
    return out;
}

inline std::string described(const input& in) {
    return in.is_request ? (in.proxied ? "request to a proxy" : "request")
                         : "response to " + std::string(in.asked) + (in.offered ? " that offers TLS" : "");
}

inline std::string hex(std::string_view text) {
    std::string out;
    out.reserve(text.size() * 2);
    for (const char each : text) {
        const auto byte = static_cast<unsigned char>(each);
        out += hex_digits[byte >> 4];
        out += hex_digits[byte & 15];
    }
    return out;
}

/// One message and our reading of it, as a line of JSON. Octets are hexadecimal.
inline void print_line(std::uint64_t number, const input& in, std::string_view bytes, const message& ours) {
    std::string out = "{\"case\":" + std::to_string(number);
    const auto text = [&out](std::string_view key, std::string_view value) {
        ((((out += ",\"") += key) += "\":\"") += value) += "\"";
    };
    const auto number_of = [&out](std::string_view key, std::uint64_t value) {
        (((out += ",\"") += key) += "\":") += std::to_string(value);
    };
    number_of("request", in.is_request ? 1 : 0);
    text("asked", in.asked);
    number_of("offered", in.offered ? 1 : 0);
    text("bytes", hex(bytes));
    text("outcome", name_of(ours.outcome));
    text("error", ours.error);
    if (ours.outcome == verdict::accepted) {
        number_of("head", ours.head);
        text("method", hex(ours.method));
        text("target", hex(ours.target));
        number_of("minor", ours.minor);
        number_of("status", ours.status);
        out += ",\"fields\":[";
        for (std::size_t at = 0; at < ours.fields.size(); ++at) {
            out += at == 0 ? "\"" : ",\"";
            ((out += hex(ours.fields[at].name)) += ":") += hex(ours.fields[at].value);
            out += '"';
        }
        out += ']';
        text("framing", name_of(ours.how));
        number_of("length", ours.length);
        text("body", hex(ours.body));
        number_of("end", ours.end);
        number_of("keep_alive", ours.keep_alive ? 1 : 0);
        number_of("switches", ours.switches ? 1 : 0);
    }
    out += "}\n";
    std::fwrite(out.data(), 1, out.size(), stdout);
}

} // namespace differential
