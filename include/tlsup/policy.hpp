// policy.hpp: which requests a server serves in clear, and for which it wants TLS. RFC 2817 8.1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "authority.hpp"
#include "error.hpp"
#include "grammar.hpp"
#include "head.hpp"
#include "network.hpp"
#include "registry.hpp"
#include "request_facts.hpp"

namespace tlsup {

/// What a server wants of a request in clear, the least strict first. Inside TLS all are served. RFC 2817 8.1.
enum class tls_policy : std::uint8_t {
    /// It is served as it came. Offers are declined, nothing is advertised.
    clear,
    /// A valid offer is accepted. All others are served in clear, and their responses advertise TLS. RFC 2817 4.1.
    advertise,
    /// As `advertise`; but a client that lists a TLS token in Upgrade, and whose offer cannot be accepted (its method,
    /// its content, no upgrade option), gets a 426: it has said that it can do TLS. RFC 2817 4.2.
    prefer,
    /// Nothing is served in clear. A valid offer is accepted, everything else gets a 426. RFC 2817 4.2.
    require,
};

inline constexpr std::string_view tls_policy_names[] = {"clear"sv, "advertise"sv, "prefer"sv, "require"sv};

constexpr std::string_view to_string(tls_policy policy) noexcept {
    return tls_policy_names[static_cast<std::size_t>(policy) & 3];
}

/// One rule: what it wants, and of which requests. An empty member matches all of them. Views: the texts must outlive
/// the rule.
struct policy_rule {
    tls_policy what = tls_policy::require;
    std::string_view method{}; ///< compared exactly. RFC 9110 9.1
    /// A path and all paths below it: `/a` is for `/a`, `/a/`, `/a/b` and `/a?x`, not for `/ab`. A slash at its end
    /// changes nothing; `/` is for all paths. Without "%", "?", and all that makes a path one that may be any, see
    /// `decide`.
    std::string_view path{};
    std::string_view host{}; ///< `name`, address, or `*.name` for all names below it; without a port
    network peer{};          ///< whose requests

    friend constexpr bool operator==(const policy_rule&, const policy_rule&) noexcept = default;
};

namespace detail {

constexpr std::size_t segment_end(std::string_view path, std::size_t from) noexcept {
    while (from < path.size() && path[from] != '/') {
        ++from;
    }
    return from;
}

/// Whether somebody reads this byte of a segment as more than itself. `%` is an encoding, RFC 3986 2.1; `+` a space in
/// a form; `:` begins a stream of the same file; `&` ends what a rewriting server makes of it; `<` is a wildcard.
constexpr bool is_vague(char byte) noexcept {
    constexpr std::string_view plain = "~!$'(),=@"sv;
    return !is(byte, class_name) && find(plain, 0, byte) == plain.size();
}

/// The percent-encoded byte at `at`; 256 where there is none. RFC 3986 2.1.
constexpr unsigned encoded_byte(std::string_view text, std::size_t at) noexcept {
    const bool whole =
        at + 2 < text.size() && text[at] == '%' && is(text[at + 1], class_hex) && is(text[at + 2], class_hex);
    return whole ? hex_value(text[at + 1]) * 16 + hex_value(text[at + 2]) : 256;
}

/// Whether some reader makes a dot or a percent sign of this character, or drops what is no text. Those who keep 7 or 8
/// bits of a code point make a dot of U+012E; those who replace what looks alike, of U+00B7, U+2024 and U+FF0E
/// (Unicode's compatibility forms, UTS 46, code pages). Beyond U+D7FF are surrogates, private use, compatibility forms,
/// and what UTF-16 has in two parts.
constexpr bool is_foldable(unsigned code) noexcept {
    const unsigned low = code & 0x7f;
    return code < 0xa0 || code == 0xb7 || code == 0x66a || (code >= 0x2000 && code < 0x3040) || code > 0xd7ff ||
           low == '.' || low == '%';
}

/// Bytes of the percent-encoded character at `at`, if it is one character that is no part of a path's syntax to all
/// readers; else 0. Not so are controls, "/", "\", ".", a second percent-encoding, and what is not UTF-8. RFC 3629 3.
constexpr std::size_t encoded_size(std::string_view text, std::size_t at) noexcept {
    const unsigned first = encoded_byte(text, at);
    if (first < 0x80) {
        return first < ' ' || first == 0x7f || first == '/' || first == '\\' || first == '.' || first == '%' ? 0 : 3;
    }
    if (first < 0xc0 || first > 0xed) { // a byte from within, or beyond U+D7FF; those of an overlong form follow
        return 0;
    }
    const std::size_t end = at + (first < 0xe0 ? 6 : 9);
    unsigned code = first & (first < 0xe0 ? 0x1f : 0x0f);
    for (std::size_t next = at + 3; next < end; next += 3) {
        const unsigned byte = encoded_byte(text, next);
        if (byte >> 6 != 2) {
            return 0;
        }
        code = code << 6 | (byte & 0x3f);
    }
    return (first >= 0xe0 && code < 0x800) || is_foldable(code) ? 0 : end - at;
}

/// Whether a segment stays one segment of its own, whoever reads it. RFC 3986 3.3, 5.2.4, 6.2.2. Since what is vague
/// may be dropped, cut at or divide, there must be no dots alone between two such places, ends included. At a segment's
/// start, "(" may begin a session that ASP.NET takes out of the path.
constexpr bool is_one_segment(std::string_view segment) noexcept {
    if (!segment.empty() && (segment[0] == '(' || encoded_byte(segment, 0) == '(')) {
        return false;
    }
    bool only_dots = true; // since the start, or what was vague last
    for (std::size_t at = 0; at < segment.size();) {
        const char byte = segment[at];
        if (!is(byte, class_target) || byte == '\\' || byte == ';') {
            return false;
        }
        if (!is_vague(byte)) {
            only_dots = only_dots && byte == '.';
            ++at;
            continue;
        }
        const std::size_t size = byte == '%' ? encoded_size(segment, at) : 1;
        if (size == 0 || (only_dots && at > 0 && segment[at - 1] == '.')) {
            return false;
        }
        only_dots = true;
        at += size;
    }
    return segment.empty() || segment[segment.size() - 1] != '.'; // "." and "..", and "a." is "a" to some file systems
}

/// Whether all readers find the same segments in it: it begins with "/", and none but the last is empty.
constexpr bool is_plain_path(std::string_view path) noexcept {
    if (path.empty() || path[0] != '/') {
        return false;
    }
    for (std::size_t at = 1; at <= path.size();) {
        const std::size_t end = segment_end(path, at);
        if (!is_one_segment(part(path, at, end)) || (end == at && end != path.size())) {
            return false;
        }
        at = end + 1;
    }
    return true;
}

} // namespace detail

/// `ok`, or `bad_rule` where a member is not what it should be. `decide` takes such a rule for one that may match any
/// request.
constexpr errc check_rule(const policy_rule& rule) noexcept {
    bool good = rule.peer.valid() && (rule.method.empty() || detail::is_token(rule.method)) &&
                (rule.path.empty() || detail::is_plain_path(rule.path));
    for (const char each : rule.path) {
        good = good && each != '%' && each != '?';
    }
    if (!rule.host.empty()) {
        const bool below = rule.host.size() > 2 && rule.host[0] == '*' && rule.host[1] == '.';
        host_kind kind{};
        detail::ip_address address;
        const bool named = detail::classify_host(detail::part(rule.host, below ? 2 : 0, rule.host.size()), kind);
        good = good && (named ? !below || kind == host_kind::name : detail::parse_ipv6(rule.host, address));
    }
    return good ? errc::ok : errc::bad_rule;
}

/// A policy: rules, of which the first that matches decides. A view: the array must outlive it. RFC 2817 8.1.
struct policy_rules {
    const policy_rule* data = nullptr;
    std::size_t size = 0;

    constexpr policy_rules() noexcept = default;
    constexpr policy_rules(const policy_rule* first, std::size_t count) noexcept : data(first), size(count) {}
    template <std::size_t Count>
    constexpr policy_rules(const policy_rule (&list)[Count]) noexcept : data(list), size(Count) {}

    /// Whether `check_rule` finds every rule good: what a table in code should be asked in a static_assert.
    [[nodiscard]] constexpr bool good() const noexcept {
        for (std::size_t at = 0; at < size; ++at) {
            if (check_rule(data[at]) != errc::ok) {
                return false;
            }
        }
        return true;
    }
};

/// What rules ask about a request. Views.
struct policy_request {
    std::string_view method{};
    std::string_view target{}; ///< as it stands in the request line. RFC 9112 3.2
    std::string_view host{};   ///< Host, with or without a port; an absolute-form target's host counts before it
    std::string_view peer{};   ///< a text that `parse_peer` reads
};

/// The same from a head that a machine has shown.
constexpr policy_request to_policy_request(const request_line& line, std::string_view peer) noexcept {
    return {line.method, line.target, line.authority, peer};
}

/// `policy_answer::rule` where no rule decided.
inline constexpr std::size_t no_rule = static_cast<std::size_t>(-1);

/// What `decide` found.
struct policy_answer {
    tls_policy what = tls_policy::require;
    std::size_t rule = no_rule; ///< the index of the rule that decided
    bool certain = true;        ///< false where a rule before the first match may match too

    friend constexpr bool operator==(const policy_answer&, const policy_answer&) noexcept = default;
};

namespace detail {

/// In this order: of several, the lowest counts.
enum class match : std::uint8_t { no, maybe, yes };

constexpr match lower_of(match one, match other) noexcept { return one < other ? one : other; }
constexpr match to_match(bool same) noexcept { return same ? match::yes : match::no; }

/// A request, read once for all rules.
class policy_reader {
  public:
    explicit constexpr policy_reader(const policy_request& request) noexcept : method_(request.method) {
        (void)parse_peer(request.peer, peer_);
        authority parsed;
        (void)parse_authority(read_target(request.target, request.host), port_rule::optional, parsed);
        host_ = parsed.host;
    }

    [[nodiscard]] constexpr match matches(const policy_rule& rule) const noexcept {
        if (check_rule(rule) != errc::ok) {
            return match::maybe;
        }
        const match method = to_match(rule.method.empty() || rule.method == method_);
        const match host = rule.host.empty() ? match::yes
                           : host_.empty()   ? match::maybe
                                             : to_match(host_matches(rule.host, host_));
        const bool stranger = !rule.peer.any() && peer_.family == address_family::unknown;
        const match peer = stranger ? match::maybe : to_match(rule.peer.contains(peer_));
        return lower_of(lower_of(method, host), lower_of(peer, path(rule.path)));
    }

  private:
    enum class path_kind : std::uint8_t {
        none,    // `*` and a CONNECT's target
        plain,   // all readers find the same segments
        unclear, // it may be any path
    };

    /// Finds the path. Returns the authority that the request is for. RFC 9112 3.2.
    constexpr std::string_view read_target(std::string_view target, std::string_view host) noexcept {
        if (method_ == "CONNECT"sv || (method_ == "OPTIONS"sv && target == "*"sv)) {
            path_kind_ = path_kind::none;
            return host;
        }
        std::size_t from = 0;
        if (!target.empty() && target[0] != '/') { // absolute-form
            host = authority_part(target);
            const std::size_t colon = skip(target, 0, class_name);
            authority parsed;
            if (parse_authority(host, port_rule::optional, parsed) != errc::ok || colon == 0 || target[colon] != ':') {
                return host;
            }
            from = colon + 3 + host.size();
        }
        std::size_t to = from;
        while (to < target.size() && target[to] != '?') {
            ++to;
        }
        path_ = part(target, from, to);
        if (path_.empty() && from > 0 && method_ != "OPTIONS"sv) { // with OPTIONS it may be `*`, RFC 9112 3.2.4
            path_ = "/"sv;
        }
        path_kind_ = is_plain_path(path_) ? path_kind::plain : path_kind::unclear;
        return host;
    }

    [[nodiscard]] constexpr match path(std::string_view rule) const noexcept {
        if (rule.empty()) {
            return match::yes;
        }
        if (path_kind_ != path_kind::plain) {
            return path_kind_ == path_kind::none ? match::no : match::maybe;
        }
        match found = match::yes;
        std::size_t at = 1;
        for (std::size_t in = 1; in < rule.size();) {
            if (at > path_.size()) {
                return match::no;
            }
            const std::size_t rule_end = segment_end(rule, in);
            const std::size_t end = segment_end(path_, at);
            const std::string_view wanted = part(rule, in, rule_end);
            const std::string_view segment = part(path_, at, end);
            if (segment != wanted) {
                for (const char each : segment) {
                    if (is_vague(each)) {
                        return match::maybe;
                    }
                }
                if (!same_text(part(segment, 0, wanted.size()), wanted)) {
                    return match::no;
                }
                if (segment.size() > wanted.size()) { // `private(1)`, `private!x`: an item of it to some
                    return is(segment[wanted.size()], class_name) ? match::no : match::maybe;
                }
                found = match::maybe; // the same where case does not count
            }
            in = rule_end + 1;
            at = end + 1;
        }
        return found;
    }

    std::string_view method_;
    std::string_view host_{}; // empty: unknown
    std::string_view path_{};
    peer_address peer_{};
    path_kind path_kind_ = path_kind::unclear;
};

} // namespace detail

/// The first rule that matches decides; where none does, `otherwise`.
///
/// A member that cannot be read, or can be read in more than one way, may match. Such rules, as far as they stand
/// before the first that does match, count together with it, and the strictest decides: whoever reads the request, the
/// answer is never weaker than what that reading would get. In doubt are
/// - a path with "\", ";", an empty segment, a segment that ends in a dot or begins with "(", dots alone between two
///   encodings (a segment's ends and the bytes below count as such), a broken percent-encoding, or one of a control
///   character, "/", "\", ".", "%", of what is not UTF-8, of U+00B7, U+066A, U+2000 to U+303F, from U+D800 on, or of a
///   character whose number ends in 25, 2E, A5 or AE, the seven bits of "%" and ".": it may be any path;
/// - a segment with another percent-encoding, or with any of `:+&*"<>[]^{|}` and the grave accent: it and what follows
///   may be anything. Where the segments before it differ from the rule's, or are all that the rule has, nothing is in
///   doubt: `/docs/a%20b` is not below `/private`, and is below `/docs`;
/// - a segment that differs from the rule's in case only, which some file systems take for it, or that goes on after it
///   with `~!$'(),=@`, as in `/private(1)`. The other names of a thing, such as links, short names and `/private.json`,
///   only the server knows;
/// - a missing or malformed host, for rules with a host; an unknown peer, for rules with a network.
constexpr policy_answer decide(policy_rules rules, const policy_request& request, tls_policy otherwise) noexcept {
    const detail::policy_reader reader(request);
    policy_answer first{otherwise, no_rule, true};
    policy_answer doubtful{tls_policy::clear, no_rule, true};
    for (std::size_t at = 0; at < rules.size; ++at) {
        const tls_policy what = rules.data[at].what;
        const detail::match found = reader.matches(rules.data[at]);
        if (found == detail::match::yes) {
            first = {what, at, true};
            break;
        }
        if (found == detail::match::maybe && (doubtful.certain || what > doubtful.what)) {
            doubtful = {what, at, false};
        }
    }
    if (!doubtful.certain && doubtful.what >= first.what) {
        return doubtful;
    }
    first.certain = doubtful.certain;
    return first;
}

/// What to do with a request. A server's `accept(0)`, `require_upgrade()` or `decline()`.
struct policy_ruling {
    enum class how : std::uint8_t {
        serve,           ///< as it came
        accept,          ///< accept the offer
        require_upgrade, ///< answer 426, which names the tokens itself. RFC 2817 4.2
    };

    how what = how::serve;
    bool advertise = false; ///< the response gets what `write_advert` writes. RFC 2817 4.1

    friend constexpr bool operator==(const policy_ruling&, const policy_ruling&) noexcept = default;
};

/// What the policy means for a complete, faultless head. `offer`: its acceptable tokens, empty where there are none, as
/// in `judged::offer`. `secure`: it came inside TLS, and is served without an advertisement. Upgrade is neither read in
/// HTTP/1.0 requests nor sent in their responses, their 426 aside. CONNECT and TRACE are never upgraded. RFC 9110 7.8.
constexpr policy_ruling apply(tls_policy policy, const request_facts& facts, token_list offer, bool secure) noexcept {
    using enum policy_ruling::how;
    if (secure || policy == tls_policy::clear) {
        return {serve, false};
    }
    const bool modern = facts.minor_version() != 0;
    const bool tunnel = facts.method() == method::connect;
    if (!offer.empty() && modern && !tunnel && facts.method() != method::trace) {
        return {accept, false};
    }
    const bool able = modern && !facts.listed_tokens().empty();
    if (policy == tls_policy::require || (policy == tls_policy::prefer && able)) {
        return {require_upgrade, false};
    }
    return {serve, modern && !tunnel}; // a 2xx to CONNECT is no response to advertise in
}

} // namespace tlsup
