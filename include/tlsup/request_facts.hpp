// request_facts.hpp: what a request's head says, collected field by field. Both doors fill it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "authority.hpp"
#include "blocks.hpp"
#include "error.hpp"
#include "facts.hpp"
#include "words.hpp"

namespace tlsup {

/// The methods that the library tells apart. RFC 9110 9, case-sensitive.
enum class method : std::uint8_t { other, get, head, post, options, connect, trace };

/// The four forms of a request-target. RFC 9112 3.2.
enum class target_form : std::uint8_t { origin, absolute, authority, asterisk };

constexpr method parse_method(std::string_view text) noexcept {
    static_assert(static_cast<unsigned>(method::get) == 1 && static_cast<unsigned>(method::trace) == 6);
    return static_cast<method>(detail::which_exactly<"GET", "HEAD", "POST", "OPTIONS", "CONNECT", "TRACE">(text));
}

namespace detail {

template <class Facts> class head_reader;
template <content_parts Parts> struct body_of;

/// The token at the front of a request line, and its method.
struct method_token {
    method what;
    std::size_t size;
};

TLSUP_HOT constexpr method_token find_method(std::string_view line) noexcept {
    if (starts_with<"GET ", false>(line)) {
        return {method::get, 3};
    }
    if (starts_with<"OPTIONS ", false>(line)) {
        return {method::options, 7};
    }
    if (starts_with<"CONNECT ", false>(line)) {
        return {method::connect, 7};
    }
    const std::size_t size = skip(line, 0, class_token);
    return {parse_method(part(line, 0, size)), size};
}

} // namespace detail

/// What the end of a request's head may forgive.
struct request_leniency {
    bool missing_host = false; ///< HTTP/1.1 without Host. RFC 9112 3.2
    bool https_target = false; ///< an absolute-form target of the scheme https, as proxies see it. RFC 9112 3.2.2
};

/// What a request's head says. Fill it through `start`, `field` for each field line and `finish`, or let a machine do
/// it. Twenty octets, no views: the head may be gone when you ask.
class request_facts {
  public:
    constexpr request_facts() noexcept = default;

    /// The request line. `major` and `minor` are single digits. A refusal is kept and returned by `finish`. RFC 9112 3.
    constexpr void start(std::string_view method_text, std::string_view target, unsigned major,
                         unsigned minor) noexcept {
        const bool bad = target.empty() || detail::skip_target(target, 0) != target.size();
        const errc wrong = !detail::is_token(method_text) ? errc::bad_method
                           : bad && major == 1            ? errc::bad_target
                                                          : errc::ok;
        start_scanned(parse_method(method_text), target, major, minor, wrong);
    }

    /// One complete field line: name and value, without the whitespace around the value. RFC 9110 5.
    constexpr void field(std::string_view name, std::string_view value) noexcept { field(name, value, false); }
    TLSUP_HOT constexpr void field(std::string_view name, std::string_view value, bool folded) noexcept {
        constexpr std::uint32_t known = detail::head_facts::known_sizes | 1U << 4 | 1U << 6;
        if (!TLSUP_WORDS || (name.size() < 32 && (known >> name.size() & 1U) != 0)) {
            (void)known_field(name, value, folded);
        }
    }

    /// The end of the head: everything that only the whole of it can show. The first error, or `ok`; the error's
    /// `suggested_status` is the answer, and the connection closes behind it. RFC 9112 3.2, 6.3.
    TLSUP_HOT constexpr errc finish(request_leniency forgives = {}) noexcept {
        constexpr unsigned unusual = expects | expects_other | is_https | detail::head_facts::has_coding;
        constexpr unsigned faults = ~0U << detail::head_facts::framing_fault_at;
        const bool plain = (head_.said & (has_host | unusual | faults)) == has_host && head_.length == 0;
        return TLSUP_WORDS != 0 && plain ? head_.fault : finish_any(forgives);
    }

    [[nodiscard]] constexpr errc fault() const noexcept { return head_.fault; }
    [[nodiscard]] constexpr tlsup::method method() const noexcept {
        return static_cast<tlsup::method>(head_.said >> method_at & 7U);
    }
    [[nodiscard]] constexpr target_form form() const noexcept {
        return static_cast<target_form>(head_.said >> form_at & 3U);
    }
    /// Whether the target is in absolute-form, of the scheme https. RFC 9110 4.2.2.
    [[nodiscard]] constexpr bool https_target() const noexcept { return head_.has(is_https); }
    [[nodiscard]] constexpr unsigned minor_version() const noexcept { return head_.minor(); }

    /// The TLS tokens that the request lists, in the client's order, whether or not the offer is acceptable.
    [[nodiscard]] constexpr token_list listed_tokens() const noexcept {
        return head_.has(detail::head_facts::void_upgrade) ? token_list{} : head_.tokens();
    }
    /// Whether an Upgrade field stands in the head, valid or not.
    [[nodiscard]] constexpr bool has_upgrade() const noexcept { return head_.has(detail::head_facts::has_upgrade); }
    /// Whether Connection nominates Upgrade. RFC 9110 7.6.1.
    [[nodiscard]] constexpr bool has_upgrade_option() const noexcept {
        return head_.option(detail::head_facts::upgrade_option);
    }
    /// Whether the Upgrade or the Connection list is void, because a member is malformed.
    [[nodiscard]] constexpr bool list_is_void() const noexcept {
        return head_.has(detail::head_facts::void_upgrade | detail::head_facts::void_connection);
    }

    [[nodiscard]] constexpr tlsup::framing framing() const noexcept {
        return head_.has(detail::head_facts::has_coding)   ? tlsup::framing::chunked
               : head_.has(detail::head_facts::has_length) ? tlsup::framing::length
                                                           : tlsup::framing::none;
    }
    /// What Content-Length says, 0 without it. RFC 9110 8.6.
    [[nodiscard]] constexpr std::uint64_t content_length() const noexcept { return head_.content_length(); }
    [[nodiscard]] constexpr bool has_content() const noexcept {
        return head_.has(detail::head_facts::has_coding) || head_.length != 0;
    }
    /// Whether the client waits for 100 (Continue). HTTP/1.0 cannot. RFC 9110 10.1.1.
    [[nodiscard]] constexpr bool expects_continue() const noexcept { return head_.minor() != 0 && head_.has(expects); }
    /// Whether this is the last request of its connection, which closes behind the answer. RFC 9112 9.3, 9.6.
    [[nodiscard]] constexpr bool last() const noexcept { return !head_.persistent(); }

    friend constexpr bool operator==(const request_facts&, const request_facts&) noexcept = default;

  private:
    enum : std::uint32_t {
        has_host = detail::head_facts::owner_flag,
        expects = has_host << 1,
        expects_other = has_host << 2,
        is_https = has_host << 3,
    };
    // Behind these flags: three bits for the method and two for the form.
    static constexpr unsigned method_at = 19;
    static constexpr unsigned form_at = 22;
    static_assert(is_https << 1 == 1U << method_at && form_at + 2 == detail::head_facts::framing_fault_at);

    template <class Facts> friend class detail::head_reader;
    template <content_parts Parts> friend struct detail::body_of;

    /// The octets of method and target were looked at; `wrong` says what was found.
    TLSUP_HOT constexpr void start_scanned(tlsup::method how, std::string_view target, unsigned major, unsigned minor,
                                           errc wrong) noexcept {
        const bool looks = wrong == errc::ok && major == 1;
        const target_form form = looks ? form_of(how, target) : target_form::origin;
        head_.set_minor(minor);
        head_.said = (head_.said & ~(31U << method_at)) | static_cast<unsigned>(how) << method_at |
                     static_cast<unsigned>(form) << form_at;
        head_.fail(wrong != errc::ok ? wrong
                   : major != 1      ? errc::unsupported_version
                                     : check_target(how, form, target));
    }

    /// A field line with the whitespace around its value. True where the name is one that counts.
    TLSUP_HOT constexpr bool field_line(std::string_view name, std::string_view value) noexcept {
        constexpr std::uint32_t known = detail::head_facts::known_sizes | 1U << 4 | 1U << 6;
        return name.size() < 32 && (known >> name.size() & 1U) != 0 &&
               known_field(name, detail::trim_value(value), false);
    }

    TLSUP_HOT constexpr bool known_field(std::string_view name, std::string_view value, bool folded) noexcept {
        using detail::head_facts;
        const head_facts::known found = head_.field(name, value, folded);
        if (found == head_facts::known::host) {
            if (head_.has(has_host)) {
                head_.fail(errc::repeated_host);
            } else if (!is_authority(value, port_rule::optional)) {
                head_.fail(errc::bad_host);
            }
            head_.set(has_host);
        } else if (found == head_facts::known::expect) {
            expectation(value);
        }
        return found != head_facts::known::none;
    }

    // `#expectation`. RFC 9110 10.1.1.
    TLSUP_COLD constexpr void expectation(std::string_view value) noexcept {
        std::string_view member;
        unsigned members = 0;
        for (detail::list_reader list(value); list.next(member); ++members) {
            const bool known = detail::is<"100-continue">(member);
            const bool good = members < detail::list_limit && (known || member.empty());
            head_.set(!good ? unsigned{expects_other} : known ? unsigned{expects} : 0U);
        }
    }

    TLSUP_SEPARATE constexpr errc finish_any(request_leniency forgives) noexcept {
        head_.check_framing();
        if (head_.has(is_https) && !forgives.https_target) {
            head_.fail(errc::wrong_scheme);
        }
        if (head_.minor() != 0 && !head_.has(has_host) && !forgives.missing_host) {
            head_.fail(errc::missing_host);
        }
        head_.fail(head_.framing_fault());
        if (head_.has(detail::head_facts::has_coding)) {
            if (!head_.has(detail::head_facts::chunked_last)) {
                head_.fail(errc::bad_transfer_encoding); // no length can be known: 400 before 501, RFC 9112 6.3(4)
            } else if (head_.has(detail::head_facts::foreign_coding)) {
                head_.fail(errc::unknown_transfer_coding);
            }
        }
        if (method() == method::connect && has_content()) {
            head_.fail(errc::content_on_connect);
        }
        if (head_.minor() != 0 && head_.has(expects_other)) {
            head_.fail(errc::unmet_expectation);
        }
        return head_.fault;
    }

    // IPvFuture is no host of a CONNECT, which has its port, RFC 9110 9.3.6; Host may be one.
    TLSUP_HOT static constexpr bool is_authority(std::string_view text, port_rule rule) noexcept {
        authority parsed;
        return parse_authority(text, rule, parsed) == errc::ok &&
               (rule == port_rule::optional || parsed.kind != host_kind::ip_future);
    }

    static constexpr target_form form_of(tlsup::method how, std::string_view target) noexcept {
        return how == method::connect                   ? target_form::authority
               : target[0] == '/'                       ? target_form::origin
               : target.size() == 1 && target[0] == '*' ? target_form::asterisk
                                                        : target_form::absolute;
    }

    TLSUP_HOT constexpr errc check_target(tlsup::method how, target_form form, std::string_view target) noexcept {
        const bool good = form == target_form::origin      ? true
                          : form == target_form::asterisk  ? how == method::options
                          : form == target_form::authority ? is_authority(target, port_rule::required)
                                                           : check_absolute(target);
        return good ? errc::ok : errc::bad_target;
    }

    constexpr bool check_absolute(std::string_view target) noexcept;

    [[no_unique_address]] detail::head_facts head_{};
};

namespace detail {

/// The authority inside an absolute-form target, empty where there is no "://".
constexpr std::string_view authority_part(std::string_view target) noexcept {
    const std::size_t colon = find(target, 0, ':');
    if (colon + 3 > target.size() || target[colon + 1] != '/' || target[colon + 2] != '/') {
        return {};
    }
    const std::size_t from = colon + 3;
    std::size_t to = from;
    while (to < target.size() && target[to] != '/' && target[to] != '?') {
        ++to;
    }
    return part(target, from, to);
}

} // namespace detail

constexpr bool request_facts::check_absolute(std::string_view target) noexcept {
    constexpr std::string_view scheme = "https"sv;
    std::size_t same = 0;
    while (same < scheme.size() && same < target.size() && detail::lower(target[same]) == scheme[same]) {
        ++same;
    }
    const std::string_view text = detail::authority_part(target);
    if (same < 4 || target.size() == same || target[same] != ':' || !is_authority(text, port_rule::optional)) {
        return false;
    }
    head_.set(same == 5 ? unsigned{is_https} : 0U); // RFC 9110 7.4: it needs a certificate for that origin
    return true;
}

} // namespace tlsup
