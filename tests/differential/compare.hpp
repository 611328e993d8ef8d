// Compares a peer's reading of a message with ours, aspect by aspect.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "message.hpp"

namespace differential {

/// What two parsers can differ about, in the order of comparison.
enum class aspect : std::uint8_t { acceptance, head, fields, framing, content, keep_alive, switches };
inline constexpr std::size_t aspects = 7;
inline constexpr std::string_view aspect_names[aspects] = {"acceptance", "head",       "fields",    "framing",
                                                           "content",    "keep-alive", "the switch"};

inline bool is_blank(char each) { return each == ' ' || each == '\t' || each == '\r' || each == '\n'; }

/// Without whitespace and line ends at both ends. Not tlsup's own, which is under test.
inline std::string_view without_blanks(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_blank(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

/// Whitespace of any length as one space, so that the ways to read a fold look the same. RFC 9112 5.2.
inline std::string squeeze(std::string_view text) {
    std::string out;
    bool blank = false;
    for (const char each : text) {
        const bool now = is_blank(each);
        if (!now) {
            out += each;
        } else if (!blank) {
            out += ' ';
        }
        blank = now;
    }
    return out;
}

/// Ours is trimmed already; peers keep some of the whitespace.
inline bool same_value(std::string_view ours, std::string_view theirs) {
    theirs = without_blanks(theirs);
    return ours == theirs || (ours.find('\n') != std::string_view::npos && squeeze(ours) == squeeze(theirs));
}

inline bool same_fields(const message& ours, const message& theirs) {
    bool same = ours.fields.size() == theirs.fields.size();
    for (std::size_t at = 0; same && at < ours.fields.size(); ++at) {
        same = ours.fields[at].name == theirs.fields[at].name &&
               same_value(ours.fields[at].value, theirs.fields[at].value);
    }
    return same;
}

/// Whether the peer agrees about an aspect of a message that we accept.
inline bool agrees(const peer& who, aspect about, const message& ours, const message& theirs) {
    switch (about) {
    case aspect::acceptance:
        return theirs.outcome == verdict::accepted;
    case aspect::head:
        return ours.head == theirs.head && ours.method == theirs.method && ours.target == theirs.target &&
               ours.major == theirs.major && ours.minor == theirs.minor && ours.status == theirs.status;
    case aspect::fields:
        return same_fields(ours, theirs);
    case aspect::framing:
        return !who.whole || (ours.how == theirs.how && (ours.how != framed::length || ours.length == theirs.length));
    case aspect::content:
        return (!who.whole && ours.how != framed::chunked) || (ours.body == theirs.body && ours.end == theirs.end);
    case aspect::keep_alive:
        return !who.whole || ours.keep_alive == theirs.keep_alive;
    case aspect::switches:
        return !who.whole || ours.switches == theirs.switches;
    }
    return false;
}

/// Whether the peer has an opinion on the aspect at all.
inline bool compares(const peer& who, aspect about, const message& ours) {
    return about <= aspect::fields || who.whole || (about == aspect::content && ours.how == framed::chunked);
}

/// Whether a refusal of ours is one that the peer does not share.
inline bool accepts_more(const peer& who, const message& ours, const message& theirs) {
    return ours.outcome != verdict::accepted && theirs.outcome == verdict::accepted &&
           (who.whole || !ours.has_head || ours.how == framed::chunked);
}

} // namespace differential
