// Questions about a message that we accepted.
#pragma once

#include <cstddef>
#include <string_view>
#include <tlsup/grammar.hpp>
#include <tlsup/scan.hpp>

#include "message.hpp"

namespace differential {

inline bool has_field(const message& ours, std::string_view name) {
    for (const field_line& each : ours.fields) {
        if (tlsup::detail::same_text(each.name, name)) {
            return true;
        }
    }
    return false;
}

/// Whether the test is true of a value of the field.
template <class Test> bool any_value(const message& ours, std::string_view name, Test test) {
    for (const field_line& each : ours.fields) {
        if (tlsup::detail::same_text(each.name, name) && test(each.value)) {
            return true;
        }
    }
    return false;
}

/// Whether the test is true of a member of the list that the lines of a field make.
template <class Test> bool any_member(const message& ours, std::string_view name, Test test) {
    return any_value(ours, name, [&](std::string_view value) {
        tlsup::detail::list_reader list(value);
        for (std::string_view member; list.next(member);) {
            if (test(member)) {
                return true;
            }
        }
        return false;
    });
}

inline bool has_option(const message& ours, std::string_view option) {
    return any_member(ours, "connection",
                      [&](std::string_view member) { return tlsup::detail::same_text(member, option); });
}

/// Whether a line end belongs to the value of a head, be it in the whitespace around the view.
inline bool is_folded(std::string_view value) {
    const char* from = value.data();
    while (from[-1] != ':' && tlsup::detail::trim({from - 1, 1}).empty()) {
        --from;
    }
    const char* to = value.data() + value.size();
    while (tlsup::detail::trim({to, 1}).empty() && (to[0] != '\r' || to[2] == ' ' || to[2] == '\t')) {
        ++to;
    }
    return std::string_view(from, static_cast<std::size_t>(to - from)).find('\n') != std::string_view::npos;
}

/// Whether HTAB is among the whitespace behind a value of the head, which is not part of the view.
inline bool tab_behind(std::string_view value) {
    const char* at = value.data() + value.size();
    bool found = false;
    for (; *at == ' ' || *at == '\t'; ++at) {
        found = found || *at == '\t';
    }
    return found;
}

/// The chunk lines of chunked content, and where its trailer section starts.
template <class Seen> std::size_t walk_chunks(std::string_view bytes, const message& ours, Seen seen) {
    std::size_t at = ours.head;
    while (true) {
        const std::size_t end = bytes.find("\r\n", at);
        std::size_t size = 0;
        for (; tlsup::detail::is(bytes[at], tlsup::detail::class_hex); ++at) {
            const auto byte = static_cast<unsigned>(bytes[at]);
            size = size * 16 + (byte <= '9' ? byte - '0' : (byte | 32U) - 'a' + 10U);
        }
        seen(bytes.substr(at, end - at)); // the extensions
        if (size == 0) {
            return end + 2;
        }
        at = end + 2 + size + 2;
    }
}

template <class Test> bool any_extension(std::string_view bytes, const message& ours, Test test) {
    bool found = false;
    if (ours.how == framed::chunked && ours.outcome == verdict::accepted) {
        walk_chunks(bytes, ours, [&](std::string_view text) { found = found || test(text); });
    }
    return found;
}

/// Whether the test is true of the name of a trailer field.
template <class Test> bool any_trailer(std::string_view bytes, const message& ours, Test test) {
    if (ours.how != framed::chunked || ours.outcome != verdict::accepted) {
        return false;
    }
    std::size_t at = walk_chunks(bytes, ours, [](std::string_view) {});
    while (at < ours.end && bytes[at] != '\r') {
        if (test(bytes.substr(at, bytes.find(':', at) - at))) {
            return true;
        }
        at = bytes.find("\r\n", at) + 2;
    }
    return false;
}

inline bool has_trailer(std::string_view bytes, const message& ours, std::string_view name) {
    return any_trailer(bytes, ours, [&](std::string_view each) { return tlsup::detail::same_text(each, name); });
}

} // namespace differential
