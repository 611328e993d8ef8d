// target.hpp: what a request-target points at, in one form that cannot be spelled differently.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include <tlsup/server.hpp>

namespace example {

/// The target as an origin server wants it: origin-form, or `*`. RFC 9112 3.2.1, 3.2.4.
inline std::string origin_target(const tlsup::request_view& request) {
    const std::string_view target = request.line.target;
    if (request.facts.form() != tlsup::target_form::absolute) {
        return std::string(target);
    }
    const std::string_view rest = target.substr(target.find("://") + 3 + request.line.authority.size());
    if (rest.empty() && request.facts.method() == tlsup::method::options) {
        return "*";
    }
    return (rest.empty() || rest[0] == '?' ? "/" : "") + std::string(rest);
}

/// The path without its percent-encoding, empty and `.` segments. Nothing where a segment is `..`, an octet is a
/// control character, or an encoding is broken: two readers might understand such a path differently.
inline std::optional<std::string> normal_path(std::string_view target) {
    std::string decoded;
    for (std::size_t at = 0; at < target.size() && target[at] != '?'; ++at) {
        char byte = target[at];
        if (byte == '%') {
            const std::string digits(target.substr(at + 1, 2));
            if (digits.size() != 2 || digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) {
                return std::nullopt;
            }
            byte = static_cast<char>(std::stoul(digits, nullptr, 16));
            at += 2;
        }
        if (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f || byte == '\\') {
            return std::nullopt;
        }
        decoded += byte;
    }
    if (decoded == "*") {
        return decoded;
    }
    std::string path;
    for (std::size_t from = 0; from <= decoded.size();) {
        const std::size_t to = std::min(decoded.find('/', from), decoded.size());
        const std::string segment = decoded.substr(from, to - from);
        if (segment == "..") {
            return std::nullopt;
        }
        if (!segment.empty() && segment != ".") {
            path += "/" + segment;
        }
        from = to + 1;
    }
    return path.empty() ? "/" : path;
}

} // namespace example
