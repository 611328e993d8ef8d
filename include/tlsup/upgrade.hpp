// upgrade.hpp: the decisions, on facts alone. Is this a valid offer? Is this 101 the one that was asked for?
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "authority.hpp"
#include "defence.hpp"
#include "error.hpp"
#include "request_facts.hpp"
#include "response_facts.hpp"
#include "write.hpp"

namespace tlsup {

/// Which requests may be upgraded. CONNECT and TRACE never are.
///
/// RFC 2817 3.1 allows any method. Beyond OPTIONS, the request that was sent in clear is answered inside TLS, and that
/// lets a network attacker choose a response that the victim believes authenticated.
enum class method_policy : std::uint8_t {
    options_only, ///< the library answers the OPTIONS itself; nothing of the clear request is ever delivered
    safe,         ///< GET, HEAD and OPTIONS. Opens what the text above says.
    any,          ///< all but CONNECT and TRACE. Opens what the text above says.
};

/// The host names that `splice_defence::dedicated_name` relies on: names, without port or wildcard. The certificate
/// that is used after an upgrade may cover no other name, and no address, that is used for implicit TLS. An address
/// cannot be dedicated: a ClientHello does not name it, RFC 6066 3. A view: the array must outlive it. CVE-2025-49812.
struct dedicated_names {
    const std::string_view* data = nullptr;
    std::size_t size = 0;

    constexpr dedicated_names() noexcept = default;
    constexpr dedicated_names(const std::string_view* first, std::size_t count) noexcept : data(first), size(count) {}
    template <std::size_t Count>
    constexpr dedicated_names(const std::string_view (&list)[Count]) noexcept : data(list), size(Count) {}

    /// Whether the host of an authority, `name` or `name:port`, is one of them.
    [[nodiscard]] constexpr bool contain(std::string_view host_and_port) const noexcept {
        authority parsed;
        if (parse_authority(host_and_port, port_rule::optional, parsed) != errc::ok || parsed.kind != host_kind::name) {
            return false;
        }
        for (std::size_t at = 0; at < size; ++at) {
            if (same_host(data[at], parsed.host)) {
                return true;
            }
        }
        return false;
    }
};

/// What a server accepts. By reference with every call, never stored. Nothing is upgraded until `defence` names how.
struct upgrade_rules {
    splice_defence defence = splice_defence::no_upgrade;
    token_list tokens = default_tokens;
    method_policy methods = method_policy::options_only;
    bool with_body = false;  ///< upgrade requests that have content, once it is read
    dedicated_names names{}; ///< for `dedicated_name`, which needs one at least
};

/// A request's offer, judged at the end of its head.
struct judged {
    errc why = errc::no_offer; ///< `ok`: the offer may be accepted; else why it is ignored. RFC 9110 7.8
    token_list offer{};        ///< the acceptable tokens, in the client's order; empty unless `ok`
    bool probe = false;        ///< the request is OPTIONS: after the switch the library answers it
    bool last = false;         ///< one answer follows the switch, then the connection closes. RFC 9112 9.6
    bool expects = false;      ///< 100 goes out before the 101. RFC 9110 7.8
    bool has_content = false;  ///< all of it is read before the 101
};

namespace detail {

constexpr bool allows(method_policy policy, method how) noexcept {
    switch (policy) {
    case method_policy::options_only:
        return how == method::options;
    case method_policy::safe:
        return how == method::options || how == method::get || how == method::head;
    case method_policy::any:
        return how != method::connect && how != method::trace;
    }
    return false; // GCOVR_EXCL_LINE the cases are all
}

/// Whether an offer may not be accepted because of the host that it is for.
TLSUP_COLD constexpr bool is_for_another_name(const upgrade_rules& rules, std::string_view authority) noexcept {
    return !rules.names.contain(authority);
}

/// `authority` is asked for under `dedicated_name` only.
TLSUP_HOT constexpr errc judge_offer(const request_facts& facts, const upgrade_rules& rules, token_list both,
                                     std::string_view authority) noexcept {
    if (!facts.has_upgrade()) {
        return errc::no_offer;
    }
    if (rules.defence == splice_defence::no_upgrade) {
        return errc::upgrade_disabled;
    }
    if (facts.minor_version() == 0) {
        return errc::offer_in_http_1_0;
    }
    if (facts.list_is_void()) {
        return errc::bad_upgrade_list;
    }
    if (!facts.has_upgrade_option()) {
        return errc::offer_without_option;
    }
    if (both.empty()) {
        return errc::no_common_token;
    }
    if (!allows(rules.methods, facts.method())) {
        return errc::method_not_allowed;
    }
    if (facts.has_content() && !rules.with_body) {
        return errc::content_not_allowed;
    }
    const bool named = rules.defence == splice_defence::dedicated_name;
    return named && is_for_another_name(rules, authority) ? errc::name_not_dedicated : errc::ok;
}

} // namespace detail

/// Judges the offer of a complete, faultless head. `authority`: the host and port that the request is for, Host's or an
/// absolute-form target's, as `request_line::authority` has it. RFC 9110 7.8, 7.2, RFC 2817 3.
TLSUP_HOT constexpr judged judge(const request_facts& facts, const upgrade_rules& rules,
                                 std::string_view authority) noexcept {
    judged result;
    const token_list both = facts.listed_tokens().common(rules.tokens);
    result.why = facts.fault() != errc::ok ? facts.fault() : detail::judge_offer(facts, rules, both, authority);
    result.offer = result.why == errc::ok ? both : token_list{};
    result.probe = facts.method() == method::options;
    result.last = facts.last();
    result.expects = facts.expects_continue();
    result.has_content = facts.has_content();
    return result;
}

/// What the wire looks like at the moment when the 101 would go out, as the host reports it.
struct wire {
    std::size_t unread;         ///< octets received and not consumed, behind the request
    std::size_t responses_owed; ///< earlier responses that are not written to their end
    bool body_complete;         ///< the request's content was read to its end
    bool continue_sent;         ///< 100 (Continue) was written, if the request expects it
};

/// The 101 to be written, or why there is none.
struct [[nodiscard]] committed {
    errc error = errc::wrong_call;
    std::string_view bytes{}; ///< the whole 101: static text. From here on all input belongs to TLS.
};

/// The only source of a 101. `index` chooses from `judged::offer`, so nothing can be named that was not offered.
/// Without effect unless it succeeds: the request is then answered in clear. RFC 9110 7.8, RFC 2817 3.3.
constexpr committed commit(const judged& request, std::size_t index, const wire& now) noexcept {
    if (request.why != errc::ok) {
        return {request.why, {}};
    }
    if (index >= request.offer.size()) {
        return {errc::token_not_offered, {}};
    }
    if (now.unread != 0) {
        return {errc::bytes_behind_offer, {}};
    }
    if (now.responses_owed != 0) {
        return {errc::responses_owed, {}};
    }
    if ((request.has_content && !now.body_complete) || (request.expects && !now.continue_sent)) {
        return {errc::request_unfinished, {}};
    }
    return {errc::ok, detail::switching_101(request.offer[index])};
}

/// What a client forgives a peer. All off by default; each says what it opens.
struct leniencies {
    /// CUPS omits `Connection: Upgrade` on its 101 and 426. Opens: an Upgrade field that some hop should have removed
    /// is taken for the server's own.
    bool peer_omits_upgrade_option = false;
    /// CUPS names all its TLS tokens on a 101. Opens: the server does not say which of them it took.
    bool peer_lists_all_tls_tokens = false;
};

/// Whether a 101 answers this offer. `ok`, or the rule that it breaks; every error is fatal. RFC 9110 7.8, RFC
/// 2817 3.3.
constexpr errc judge_101(const response_facts& facts, token_list offered, const leniencies& lenient) noexcept {
    if (facts.fault() != errc::ok) {
        return facts.fault();
    }
    if (offered.empty()) {
        return errc::unasked_101;
    }
    if (facts.minor_version() == 0) {
        return errc::switch_in_http_1_0;
    }
    if (facts.has_transfer_encoding() || facts.content_length() != 0) {
        return errc::content_on_101;
    }
    if (facts.list_is_void() || !facts.any_layer()) {
        return errc::missing_upgrade;
    }
    if (!facts.has_upgrade_option() && !lenient.peer_omits_upgrade_option) {
        return errc::missing_upgrade_option;
    }
    if (facts.http_below()) {
        return errc::wrong_layer_order;
    }
    if (facts.foreign_layer()) {
        return errc::token_not_offered;
    }
    if (facts.repeated_tls() && !lenient.peer_lists_all_tls_tokens) {
        return errc::two_tls_layers;
    }
    return facts.listed_tokens().common(offered).empty() ? errc::token_not_offered : errc::ok;
}

/// The tokens of a 426 that can be followed with `own`: empty where it cannot. RFC 2817 4.2, RFC 9110 15.5.22.
constexpr token_list judge_426(const response_facts& facts, token_list own, const leniencies& lenient) noexcept {
    const bool nominated = facts.has_upgrade_option() || lenient.peer_omits_upgrade_option;
    const bool usable = facts.status() == 426 && nominated;
    return usable ? own.common(facts.listed_tokens()) : token_list{};
}

/// Whether a handshake resumed an older session.
enum class session : std::uint8_t { full, resumed };
/// Whether TLS early data was accepted.
enum class early : std::uint8_t { none, accepted };
/// What the caller found out about the peer's certificate.
enum class identity : std::uint8_t { unverified, verified };

/// What the TLS engine says after the handshake. Every member has to be given.
struct tls_facts {
    std::string_view alpn; ///< the protocol that was selected, empty if none
    std::string_view sni;  ///< server: the name that the client sent; client: the name that was sent
    session resumption;
    early data;
    identity peer; ///< client: the certificate covers the request's host. Servers need not look.

    constexpr tls_facts(std::string_view selected, std::string_view name, session how, early sent,
                        identity who) noexcept
        : alpn(selected), sni(name), resumption(how), data(sent), peer(who) {}
};

namespace detail {

TLSUP_SEPARATE constexpr errc judge_handshake(const tls_facts& facts) noexcept {
    if (facts.resumption != session::full) {
        return errc::resumed_session;
    }
    if (facts.data != early::none) {
        return errc::early_data;
    }
    return facts.alpn.empty() || facts.alpn == alpn_name ? errc::ok : errc::foreign_alpn;
}

} // namespace detail

/// Whether a finished handshake is the upgraded one, at the server. docs/security.md, Opossum.
constexpr errc judge_server_handshake(const tls_facts& facts, splice_defence how) noexcept {
    const errc error = detail::judge_handshake(facts);
    return error == errc::ok && how == splice_defence::bound_alpn && facts.alpn.empty() ? errc::missing_alpn : error;
}

/// Whether a finished handshake may carry the request, at the client. RFC 2817 8.
constexpr errc judge_client_handshake(const tls_facts& facts, bool alpn_required) noexcept {
    const errc error = detail::judge_handshake(facts);
    if (error != errc::ok) {
        return error;
    }
    if (facts.peer != identity::verified) {
        return errc::unverified_peer;
    }
    return alpn_required && facts.alpn.empty() ? errc::missing_alpn : errc::ok;
}

} // namespace tlsup
