// forward.hpp: which fields of a message cross a hop, and whether it may be forwarded at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "error.hpp"
#include "facts.hpp"
#include "grammar.hpp"
#include "head.hpp"
#include "request_facts.hpp"
#include "response_facts.hpp"
#include "scan.hpp"

namespace tlsup {

namespace detail {

// They never cross a hop, nominated or not. RFC 9110 7.6.1, 11.7.
inline constexpr std::string_view hop_names[] = {"connection"sv,
                                                 "keep-alive"sv,
                                                 "proxy-connection"sv,
                                                 "te"sv,
                                                 "trailer"sv,
                                                 "transfer-encoding"sv,
                                                 "upgrade"sv,
                                                 "proxy-authenticate"sv,
                                                 "proxy-authorization"sv,
                                                 "proxy-authentication-info"sv};

// A connection option cannot take these away: the hop itself answers for them. Without Host and Content-Length, two
// readers would see two messages; without Via and Max-Forwards, a sender could switch off what ends a loop. RFC 9110
// 7.2, 7.6.2, 7.6.3; RFC 9112 6.3.
inline constexpr std::string_view hop_duties[] = {"host"sv, "content-length"sv, "via"sv, "max-forwards"sv};

// What a trailer never brings along, besides what never crosses a hop: it comes too late for what frames, routes,
// authenticates or controls a message, or says how its content is to be read. RFC 9110 6.5.1.
inline constexpr std::string_view no_trailers[] = {"content-length"sv,
                                                   "host"sv,
                                                   "via"sv,
                                                   "forwarded"sv,
                                                   "max-forwards"sv,
                                                   "authorization"sv,
                                                   "www-authenticate"sv,
                                                   "cookie"sv,
                                                   "set-cookie"sv,
                                                   "expect"sv,
                                                   "range"sv,
                                                   "pragma"sv,
                                                   "if-match"sv,
                                                   "if-none-match"sv,
                                                   "if-modified-since"sv,
                                                   "if-unmodified-since"sv,
                                                   "if-range"sv,
                                                   "age"sv,
                                                   "cache-control"sv,
                                                   "date"sv,
                                                   "expires"sv,
                                                   "location"sv,
                                                   "retry-after"sv,
                                                   "vary"sv,
                                                   "warning"sv,
                                                   "content-encoding"sv,
                                                   "content-type"sv,
                                                   "content-range"sv,
                                                   "content-location"sv,
                                                   "content-language"sv};

template <std::size_t Count>
constexpr bool is_one_of(std::string_view name, const std::string_view (&names)[Count]) noexcept {
    bool found = false;
    for (const std::string_view each : names) {
        found = found || same_text(name, each);
    }
    return found;
}

} // namespace detail

/// The fields of a head that belong to its own hop: those that RFC 9110 lists, and each that a connection option names.
/// It reads the head once. Views into the head, which must outlive it. RFC 9110 7.6.1.
class hop_fields {
  public:
    explicit constexpr hop_fields(std::string_view head) noexcept {
        field_reader fields(head);
        for (field each; fields.next(each);) {
            if (detail::same_text(each.name, "connection"sv)) {
                add(each.value);
            }
        }
    }

    /// Whether the field stays behind. Options that name Host, Content-Length, Via or Max-Forwards have no effect.
    [[nodiscard]] constexpr bool contain(std::string_view name) const noexcept {
        return detail::is_one_of(name, detail::hop_names) || nominated(name);
    }

    /// Whether a field of the trailer that belongs to this head may be forwarded in a trailer: it is well-formed, not
    /// folded, and none that stays here, or that frames, routes, authenticates or controls the message. Those that
    /// may not are left out; the others cross. RFC 9110 6.5.1, 7.6.1.
    [[nodiscard]] constexpr bool allow_trailer(const field& each) const noexcept {
        return !each.folded && detail::is_token(each.name) &&
               detail::skip(each.value, 0, detail::class_value) == each.value.size() && !contain(each.name) &&
               !detail::is_one_of(each.name, detail::no_trailers);
    }

    /// Whether a connection option takes the field away.
    [[nodiscard]] constexpr bool nominated(std::string_view name) const noexcept {
        bool found = false;
        for (std::size_t at = 0; at < size_; ++at) {
            found = found || detail::same_text(name, options_[at]);
        }
        return found && !detail::is_one_of(name, detail::hop_duties);
    }

    /// `list_too_long` where there are more options than the facts of a head allow: some are missing then.
    [[nodiscard]] constexpr errc fault() const noexcept { return fault_; }

  private:
    // A member that is no token names no field. The others count, although they make the list void: the side that
    // forwards less is the safe one.
    constexpr void add(std::string_view value) noexcept {
        detail::list_reader list(value);
        for (std::string_view member; list.next(member);) {
            if (!detail::is_token(member)) {
                continue;
            }
            if (size_ == detail::list_limit) {
                fault_ = errc::list_too_long;
                return;
            }
            options_[size_++] = member;
        }
    }

    std::string_view options_[detail::list_limit] = {};
    std::size_t size_ = 0;
    errc fault_ = errc::ok;
};

namespace detail {

/// Whether Max-Forwards means anything to this method. RFC 9110 7.6.2.
constexpr bool counts_hops(method how) noexcept { return how == method::options || how == method::trace; }

/// The value of Max-Forwards, `1*DIGIT`. One that is too large for us counts as the largest. RFC 9110 7.6.2.
constexpr bool parse_hops(std::string_view text, std::uint64_t& hops) noexcept {
    if (text.empty() || skip(text, 0, class_digit) != text.size()) {
        return false;
    }
    std::size_t from = 0;
    while (from + 1 < text.size() && text[from] == '0') {
        ++from;
    }
    hops = largest_length;
    (void)parse_length(part(text, from, text.size()), hops);
    return true;
}

/// What makes a response unfit for forwarding, once its facts are finished.
constexpr errc response_fault(std::string_view head, const response_facts& facts) noexcept {
    if (facts.status() == 101) {
        return errc::unasked_101;
    }
    if (facts.fault() != errc::ok) {
        return facts.fault();
    }
    if (facts.status() < 100 || facts.status() > 599) {
        return errc::bad_status_line;
    }
    // The coding belongs to the hop: without its name, the content could not be read. RFC 9112 6.1, 7.
    if (facts.has_transfer_encoding() && facts.framing() == framing::until_close) {
        return errc::unknown_transfer_coding;
    }
    field_reader fields(head);
    for (field each; fields.next(each);) {
        if (each.folded) {
            return errc::folded_line;
        }
    }
    return errc::ok;
}

} // namespace detail

namespace detail {

/// Where a comment that begins at `at` ends: after its parenthesis; `at` where it has no end. RFC 9110 5.6.5.
constexpr std::size_t skip_comment(std::string_view text, std::size_t at) noexcept {
    std::size_t depth = 0;
    for (std::size_t to = at; to < text.size(); ++to) {
        if (text[to] == '\\') {
            ++to; // a quoted pair
        } else if (text[to] == '(') {
            ++depth;
        } else if (text[to] == ')' && --depth == 0) {
            return to + 1;
        }
    }
    return at;
}

/// Whether a member of one Via line was written by `received_by`. Of a comment without an end the parentheses count as
/// blanks: whoever joins two lines must not hide the members of the second. RFC 9110 7.6.3.
constexpr bool via_names(std::string_view value, std::string_view received_by) noexcept {
    unsigned words = 0; // of this member: the protocol, then who received it
    bool comments = true;
    for (std::size_t at = 0; at < value.size();) {
        const std::size_t from = at;
        while (at < value.size() && !is_blank(value[at]) && value[at] != ',' && value[at] != '(' && value[at] != ')') {
            ++at;
        }
        if (at != from) {
            if (++words == 2 && same_text(part(value, from, at), received_by)) {
                return true;
            }
            continue;
        }
        words = value[at] == ',' ? 0 : words;
        const std::size_t end = comments && value[at] == '(' ? skip_comment(value, at) : at + 1;
        comments = comments && end != at;
        at = comments ? end : at + 1;
    }
    return false;
}

} // namespace detail

/// Whether a request has passed the intermediary whose Via says `received_by`, case aside: it is in a loop. That name
/// must be this instance's alone, such as a random pseudonym for each start: others with the same name would refuse
/// what they forward to each other. `head`: as a machine showed it. RFC 9110 7.6, 7.6.3.
constexpr bool passed_through(std::string_view head, std::string_view received_by) noexcept {
    field_reader fields(head);
    for (field each; fields.next(each);) {
        if (detail::same_text(each.name, "via"sv) && detail::via_names(each.value, received_by)) {
            return true;
        }
    }
    return false;
}

/// Whether a request may be forwarded. `head`: as a machine showed it; `facts`: finished. The facts' own fault;
/// `bad_argument` for CONNECT, which is `connect_proxy`'s; `hops_exhausted` for OPTIONS and TRACE with `Max-Forwards:
/// 0`, which are answered here; `forwarding_loop` where it has passed `received_by`: answer with 508 and close. Without
/// that name nobody looks for loops. RFC 9110 7.6.2, 7.6.3, 9.3.6.
constexpr errc judge_forward_request(std::string_view head, const request_facts& facts,
                                     std::string_view received_by = {}) noexcept {
    if (facts.fault() != errc::ok) {
        return facts.fault();
    }
    if (facts.method() == method::connect) {
        return errc::bad_argument;
    }
    field_reader fields(head);
    for (field each; detail::counts_hops(facts.method()) && fields.next(each);) {
        std::uint64_t hops = 0;
        if (detail::same_text(each.name, "max-forwards"sv) && detail::parse_hops(each.value, hops) && hops == 0) {
            return errc::hops_exhausted;
        }
    }
    return !received_by.empty() && passed_through(head, received_by) ? errc::forwarding_loop : errc::ok;
}

/// Whether a response may be forwarded; if not, answer 502 and close the connection that it came from. `asked`: the
/// method of the request. `unasked_101`: no offer was forwarded, so none can be accepted. `folded_line`: a field is
/// folded. `bad_status_line`: the status is not 100 to 599. `unknown_transfer_coding`: a coding that the next hop would
/// not learn of. `bad_argument`: CONNECT is never forwarded. Else the facts' own fault, framing included. RFC 2817 5.1;
/// RFC 9110 15.2.2; RFC 9112 5.2, 6.3(5).
constexpr errc judge_forward_response(std::string_view head, response_facts facts, method asked) noexcept {
    if (asked == method::connect) {
        return errc::bad_argument;
    }
    (void)facts.finish(asked == method::head);
    return detail::response_fault(head, facts);
}

/// How a forwarded response is framed: chunks in place of an end by close, but not for HTTP/1.0, which does not know
/// them. RFC 9112 6.1, 6.3.
constexpr framing forwarded_framing(const response_facts& facts, bool http_1_0) noexcept {
    const framing how = facts.framing();
    const bool sized = how == framing::none || how == framing::length;
    return sized ? how : http_1_0 ? framing::until_close : framing::chunked;
}

} // namespace tlsup
