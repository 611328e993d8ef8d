// authority.hpp: host and port, read strictly, and the question whether two of them name the same place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "blocks.hpp"
#include "error.hpp"
#include "grammar.hpp"

namespace tlsup {

/// What a host is made of. RFC 3986 3.2.2.
enum class host_kind : std::uint8_t {
    name,      ///< a registered name: letters, digits, '-', '.', '_'
    number,    ///< a name whose last label is numeric, such as 127.1 or 0x7f.1: never hand it to inet_aton
    ipv4,      ///< a dotted quad
    ipv6,      ///< a bracketed IPv6 address
    ip_future, ///< a bracketed address of a later version, such as `[v1.fe80::1+eth0]`
};

/// `uri-host [ ":" port ]`. A view into what was parsed.
struct authority {
    std::string_view host{}; ///< with its brackets, as written
    std::uint16_t port = 0;  ///< 1 to 65535; 0 where there is none
    host_kind kind = host_kind::name;
};

namespace detail {

/// Nothing until it is parsed, or `{}`.
struct ip_address {
    std::uint8_t octets[16];
    friend constexpr bool operator==(const ip_address&, const ip_address&) noexcept = default;
};

/// Four decimal octets without leading zeros, RFC 3986 3.2.2.
constexpr bool parse_ipv4(std::string_view text, std::uint8_t* octets) noexcept {
    std::size_t at = 0;
    for (std::size_t count = 0; count < 4; ++count) {
        const std::size_t end = skip(text, at, class_digit);
        if (end == at || end - at > 3 || (end - at > 1 && text[at] == '0')) {
            return false;
        }
        unsigned value = 0;
        for (; at < end; ++at) {
            value = value * 10 + static_cast<unsigned>(text[at] - '0');
        }
        if (value > 255) {
            return false;
        }
        octets[count] = static_cast<std::uint8_t>(value);
        const bool last = count == 3;
        if (last ? end != text.size() : (end == text.size() || text[end] != '.')) {
            return false;
        }
        at = end + 1;
    }
    return true;
}

/// An IPv6 address without brackets or zone, RFC 3986 3.2.2. Where it is none, `address` is nothing.
constexpr bool parse_ipv6(std::string_view text, ip_address& address) noexcept {
    std::uint8_t* const octets = address.octets;
    std::size_t filled = 0; // octets written so far
    std::size_t gap = 17;   // where "::" stands; 17: nowhere
    std::size_t at = 0;
    if (text.size() >= 2 && text[0] == ':' && text[1] == ':') {
        gap = 0;
        at = 2;
    }
    while (at < text.size()) {
        const std::size_t end = skip(text, at, class_hex);
        if (end < text.size() && text[end] == '.') { // the last 32 bits as a dotted quad
            if (filled > 12 || !parse_ipv4(part(text, at, text.size()), octets + filled)) {
                return false;
            }
            filled += 4;
            break;
        }
        if (end == at || end - at > 4 || filled > 14) {
            return false;
        }
        unsigned value = 0;
        for (std::size_t digit = at; digit < end; ++digit) {
            value = value * 16 + hex_value(text[digit]);
        }
        octets[filled++] = static_cast<std::uint8_t>(value >> 8);
        octets[filled++] = static_cast<std::uint8_t>(value & 255);
        if (end == text.size()) {
            break;
        }
        if (text[end] != ':' || end + 1 == text.size()) {
            return false;
        }
        at = end + 1;
        if (text[at] == ':') {
            if (gap != 17) {
                return false;
            }
            gap = filled;
            ++at;
        }
    }
    if (gap == 17 ? filled != 16 : filled > 14) {
        return false;
    }
    if (gap != 17) { // what stands behind it moves to the end
        for (std::size_t to = 16; to != gap;) {
            octets[--to] = filled != gap ? octets[--filled] : std::uint8_t{0};
        }
    }
    return true;
}

/// `"v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )`, RFC 3986 3.2.2. The caller has seen the "v".
constexpr bool is_ip_future(std::string_view text) noexcept {
    const std::size_t dot = skip(text, 1, class_hex);
    if (dot == 1 || dot + 1 >= text.size() || text[dot] != '.') {
        return false;
    }
    constexpr std::string_view marks = "~!$&'()*+,;=:"sv;
    for (std::size_t at = dot + 1; at < text.size(); ++at) {
        if (!is(text[at], class_name) && find(marks, 0, text[at]) == marks.size()) {
            return false;
        }
    }
    return true;
}

/// Whether the last label is a number to somebody's inet_aton: digits, or 0x and hex digits.
constexpr bool ends_in_number(std::string_view host) noexcept {
    std::size_t end = host.size();
    if (end > 0 && host[end - 1] == '.') {
        --end;
    }
    std::size_t from = end;
    while (from > 0 && host[from - 1] != '.') {
        --from;
    }
    const std::string_view label = part(host, from, end);
    if (label.size() >= 2 && label[0] == '0' && lower(label[1]) == 'x') { // some take 0x alone for 0
        return skip(label, 2, class_hex) == label.size();
    }
    return !label.empty() && skip(label, 0, class_digit) == label.size();
}

/// The kind of a bracketed host; false where there is none.
constexpr bool classify_brackets(std::string_view host, host_kind& kind) noexcept {
    if (host.size() < 4 || host.size() > 255 || host[host.size() - 1] != ']') {
        return false;
    }
    const std::string_view inside = part(host, 1, host.size() - 1);
    ip_address address;
    kind = lower(inside[0]) == 'v' ? host_kind::ip_future : host_kind::ipv6;
    return kind == host_kind::ipv6 ? parse_ipv6(inside, address) : is_ip_future(inside);
}

/// Where the labels of a registered name end, and where the last one begins. `sound`: none of them is empty, but that a
/// dot may stand behind the last.
struct labels {
    std::size_t end = 0;
    std::size_t last = 0;
    bool sound = true;
};

constexpr labels read_labels(std::string_view text) noexcept {
    labels found;
    found.end = skip(text, 0, class_label);
    while (found.end < text.size() && text[found.end] == '.' && found.end != found.last) {
        found.last = found.end + 1;
        found.end = skip(text, found.last, class_label);
    }
    found.sound = found.end == text.size() || text[found.end] != '.';
    return found;
}

#if TLSUP_SSE2

/// Which octets of a text are inside a label, and which are dots.
struct label_marks {
    std::uint64_t inside;
    std::uint64_t dots;
};

TLSUP_HOT inline label_marks mark_labels(block octets) noexcept {
    return {mask_of(is_usual(octets)), mask_of(octets == '.')};
}

/// `read_labels` for a text of eight to thirty-two octets, whose labels are of letters, digits and '-': all octets at
/// once. False where it is another.
TLSUP_HOT inline bool read_short_labels(std::string_view text, labels& found) noexcept {
    if (text.size() - 8 > 24) {
        return false;
    }
    label_marks marks{};
    if (text.size() < block_bytes) {
        marks = mark_labels(load_short(text));
    } else {
        const std::size_t rest = text.size() - block_bytes;
        const label_marks last = mark_labels(load_block(text.data() + rest));
        marks = mark_labels(load_block(text.data()));
        marks = {marks.inside | last.inside << rest, marks.dots | last.dots << rest};
    }
    found.end = first_of(~(marks.inside | marks.dots)); // there is one: bit thirty-two is not set
    const std::uint64_t dots = marks.dots & ((std::uint64_t{1} << found.end) - 1);
    found.last = static_cast<std::size_t>(std::bit_width(dots));
    return (dots & (dots << 1 | 1)) == 0 && (found.end == text.size() || text[found.end] == ':');
}

#endif

/// The kind of a name whose last label begins with a digit, or ends in a dot.
TLSUP_COLD constexpr host_kind classify_number(std::string_view host) noexcept {
    std::uint8_t octets[4] = {};
    return parse_ipv4(host, octets) ? host_kind::ipv4 : ends_in_number(host) ? host_kind::number : host_kind::name;
}

/// Reads a registered name at the front of a text; false where there is none.
constexpr bool read_name(std::string_view text, std::size_t& end, host_kind& kind) noexcept {
    const labels found = read_labels(text);
    end = found.end;
    kind = host_kind::name;
    if (found.last < end ? is(text[found.last], class_digit) : end != 0) {
        kind = classify_number(part(text, 0, end));
    }
    return found.sound && end != 0 && end <= 255;
}

TLSUP_COLD constexpr bool read_brackets(std::string_view text, std::size_t& end, host_kind& kind) noexcept {
    end = find(text, 0, ']');
    end += end < text.size() ? 1U : 0U;
    return classify_brackets(part(text, 0, end), kind);
}

/// Reads a host at the front of a text; false where there is none. `end`: where it ends.
constexpr bool read_host(std::string_view text, std::size_t& end, host_kind& kind) noexcept {
    if (text.empty() || text[0] != '[') {
        return read_name(text, end, kind);
    }
    return read_brackets(text, end, kind);
}

constexpr bool classify_host(std::string_view host, host_kind& kind) noexcept {
    std::size_t end = 0;
    return read_host(host, end, kind) && end == host.size();
}

} // namespace detail

/// How a port may be written.
enum class port_rule : std::uint8_t {
    optional, ///< absent, or empty behind its colon, as in Host. RFC 3986 3.2.3.
    required, ///< as in CONNECT's target. RFC 9110 9.3.6.
};

namespace detail {

/// What stands behind a host that ends at `end`: nothing, or a port.
TLSUP_HOT constexpr errc parse_port(std::string_view text, std::size_t end, host_kind kind, port_rule rule,
                                    authority& parsed) noexcept {
    // As in almost every CONNECT.
    const bool usual = TLSUP_WORDS != 0 && is_exactly<":443">(part(text, end, text.size()));
    unsigned port = usual ? 443 : 0;
    std::size_t at = usual ? text.size() : end;
    if (at < text.size() && text[at] != ':') {
        return errc::bad_host;
    }
    for (at += 1; at < text.size(); ++at) {
        const unsigned digit = static_cast<unsigned char>(text[at]) - unsigned{'0'};
        if (digit > 9 || at - end > 5 || (port == 0 && digit == 0)) {
            return errc::bad_host;
        }
        port = port * 10 + digit;
    }
    if (port > 65535 || (port == 0 && rule == port_rule::required)) {
        return errc::bad_host;
    }
    parsed.host = part(text, 0, end); // all of it at once would be octet by octet on some processors
    parsed.port = static_cast<std::uint16_t>(port);
    parsed.kind = kind;
    return errc::ok;
}

/// `parse_authority`, whatever the host.
TLSUP_COLD constexpr errc parse_any_authority(const char* data, std::size_t size, port_rule rule,
                                              authority& parsed) noexcept {
    const std::string_view text(data, size);
    std::size_t end = 0;
    host_kind kind = host_kind::name;
    return read_host(text, end, kind) ? parse_port(text, end, kind, rule, parsed) : errc::bad_host;
}

} // namespace detail

/// Reads an authority without userinfo, percent-encoding or zone: a registered name of letters, digits, '-', '.' and
/// '_', a dotted quad, or an address in brackets; a port from 1 to 65535 without leading zeros. `bad_host` for anything
/// else. RFC 9110 7.2, 4.2.4; RFC 9112 3.2.3.
constexpr errc parse_authority(std::string_view text, port_rule rule, authority& parsed) noexcept {
#if TLSUP_WORDS
    detail::labels name;
#if TLSUP_SSE2
    if (std::is_constant_evaluated() || !detail::read_short_labels(text, name)) {
        name = detail::read_labels(text);
    }
#else
    name = detail::read_labels(text);
#endif
    const bool plain =
        name.sound && name.last < name.end && name.end <= 255 && !detail::is(text[name.last], detail::class_digit);
    if (plain) {
        return detail::parse_port(text, name.end, host_kind::name, rule, parsed);
    }
#endif
    return detail::parse_any_authority(text.data(), text.size(), rule, parsed);
}

/// Without brackets and without a trailing dot: what a resolver takes, and what rules compare. A view into `host`.
/// RFC 3986 3.2.2.
constexpr std::string_view bare_host(std::string_view host) noexcept {
    if (host.size() > 2 && host[0] == '[' && host[host.size() - 1] == ']') {
        return detail::part(host, 1, host.size() - 1);
    }
    const bool dotted = host.size() > 1 && host[host.size() - 1] == '.';
    return dotted ? detail::part(host, 0, host.size() - 1) : host;
}

/// The same host: names compared without case and trailing dot, addresses by value. Brackets may be missing on either
/// side, as they are in a TLS server name. RFC 9110 4.2.3, RFC 6066 3.
TLSUP_SEPARATE constexpr bool same_host(std::string_view one, std::string_view other) noexcept {
    one = bare_host(one);
    other = bare_host(other);
    detail::ip_address first;
    detail::ip_address second;
    return detail::same_text(one, other) ||
           (detail::parse_ipv6(one, first) && detail::parse_ipv6(other, second) && first == second);
}

/// Whether a rule is for this host: `name` or an address for the same host, `*.name` for all names below it.
constexpr bool host_matches(std::string_view rule, std::string_view host) noexcept {
    rule = bare_host(rule);
    host = bare_host(host);
    if (rule.size() > 2 && rule[0] == '*' && rule[1] == '.' && host.size() >= rule.size()) {
        return same_host(detail::part(host, host.size() - rule.size() + 1, host.size()),
                         detail::part(rule, 1, rule.size()));
    }
    return same_host(rule, host);
}

/// The same host and the same port, where no port means `default_port`. RFC 9110 4.2.3.
constexpr bool same_authority(const authority& one, const authority& other, std::uint16_t default_port = 80) noexcept {
    const auto port = [default_port](const authority& each) { return each.port != 0 ? each.port : default_port; };
    return same_host(one.host, other.host) && port(one) == port(other);
}

} // namespace tlsup
