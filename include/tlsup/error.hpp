// error.hpp: everything that can go wrong, each with its name, its sentence, its source and its status.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tlsup {

/// Why a machine refused, closed or ignored something. Append-only: a number never changes its meaning.
///
/// A machine keeps its first error; `wrong_call`, `no_room` and `bad_argument` are answers to one call, change nothing
/// and do not stick. "Need more bytes" is never an error: it is `action::read`.
enum class errc : std::uint8_t {
    ok = 0,

    // The caller's own.
    wrong_call,
    bad_options,
    no_room,
    bad_argument,

    // Start line.
    not_http,
    too_many_empty_lines,
    bad_method,
    method_too_long,
    bad_target,
    start_line_too_long,
    bad_version,
    unsupported_version,
    bad_status_line,
    bare_cr,
    bare_lf,

    // Fields.
    bad_field_name,
    space_before_colon,
    bad_field_value,
    folded_line,
    too_many_fields,
    head_too_large,
    list_too_long,
    missing_host,
    repeated_host,
    bad_host,
    unmet_expectation,
    wrong_scheme,
    misdirected,

    // Framing.
    bad_content_length,
    repeated_content_length,
    length_and_transfer_encoding,
    bad_transfer_encoding,
    unknown_transfer_coding,
    content_on_connect,
    transfer_encoding_in_http_1_0,
    content_too_large,
    bad_chunk,
    extensions_too_long,
    bad_trailer,
    too_many_trailers,
    truncated,

    // Why an offer is not acceptable; none of these closes a connection.
    no_offer,
    upgrade_disabled,
    offer_without_option,
    bad_upgrade_list,
    offer_in_http_1_0,
    no_common_token,
    method_not_allowed,
    content_not_allowed,
    bytes_behind_offer,
    responses_owed,

    // The switch.
    cleartext_after_101,
    unasked_101,
    missing_upgrade,
    missing_upgrade_option,
    token_not_offered,
    two_tls_layers,
    wrong_layer_order,
    content_on_101,
    request_unfinished,
    too_many_interim,
    unsolicited_response,

    // The requirement.
    upgrade_refused,
    probe_connection_closing,
    unverified_peer,
    spliced,
    rejected,

    // The handshake.
    not_a_hello,
    bad_hello,
    missing_alpn,
    foreign_alpn,
    wrong_name,
    early_data,
    resumed_session,
    hello_mismatch,
    tls_failed,

    // The connection.
    timeout,
    peer_closed,
    aborted,

    // Tunnels.
    tunnel_refused,
    not_connect,
    port_denied,
    host_denied,
    proxy_authentication_required,
    name_unresolved,
    upstream_refused,
    upstream_unreachable,
    upstream_timeout,
    next_proxy_refused,
    too_many_connections,

    // The road to an answer, and what stands on it.
    too_many_attempts,
    pipeline_too_long,
    hops_exhausted,
    bad_rule,
    bad_entry,
    upgrade_required,
};

namespace detail {

struct error_entry {
    errc code;
    std::uint16_t status; // 0: nothing is written
    std::string_view name;
    std::string_view explanation;
    std::string_view source;
};

inline constexpr error_entry error_entries[] = {
    {errc::ok, 0, "ok", "nothing is wrong", "-"},
    {errc::wrong_call, 0, "wrong_call",
     "this call does not belong to the state that the machine is in; nothing changed", "the machine's chart"},
    {errc::bad_options, 0, "bad_options", "the options contradict each other, or lack a prepared head that is needed",
     "the options' documentation"},
    {errc::no_room, 0, "no_room", "the buffer is too small for what was to be written; nothing was written",
     "write.hpp"},
    {errc::bad_argument, 0, "bad_argument",
     "an argument holds CR, LF, NUL, or something else that its place in a head does not allow; nothing was written",
     "RFC 9112 11.1"},

    {errc::not_http, 0, "not_http", "a TLS record stands where a request should start; closed without an answer",
     "RFC 9931 6.1, RFC 9112 2.2"},
    {errc::too_many_empty_lines, 400, "too_many_empty_lines", "more empty lines before a request than allowed",
     "RFC 9112 2.2"},
    {errc::bad_method, 400, "bad_method", "the method is not a token, or more than one space follows it",
     "RFC 9112 3.1"},
    {errc::method_too_long, 501, "method_too_long", "the method is longer than any that is served", "RFC 9112 3"},
    {errc::bad_target, 400, "bad_target",
     "the request-target is none of the four forms, or not the form for the method", "RFC 9112 3.2"},
    {errc::start_line_too_long, 414, "start_line_too_long", "the start line is longer than the limit", "RFC 9112 3"},
    {errc::bad_version, 400, "bad_version", "the version is not HTTP/ DIGIT . DIGIT", "RFC 9112 2.3"},
    {errc::unsupported_version, 505, "unsupported_version", "the major version is not 1", "RFC 9110 15.6.6"},
    {errc::bad_status_line, 0, "bad_status_line", "the status line is not version SP 3DIGIT SP [reason]", "RFC 9112 4"},
    {errc::bare_cr, 400, "bare_cr", "a CR stands without its LF", "RFC 9112 2.2"},
    {errc::bare_lf, 400, "bare_lf", "a LF stands without its CR", "RFC 9112 2.2"},

    {errc::bad_field_name, 400, "bad_field_name", "a field name is empty or not a token", "RFC 9110 5.1"},
    {errc::space_before_colon, 400, "space_before_colon", "whitespace stands between a field name and its colon",
     "RFC 9112 5.1"},
    {errc::bad_field_value, 400, "bad_field_value", "a field value holds a control character", "RFC 9110 5.5"},
    {errc::folded_line, 400, "folded_line", "a line starts with whitespace where folding is not allowed",
     "RFC 9112 5.2"},
    {errc::too_many_fields, 431, "too_many_fields", "the head has more field lines than the limit", "RFC 9110 5.4"},
    {errc::head_too_large, 431, "head_too_large", "the head is larger than the limit", "RFC 9110 5.4"},
    {errc::list_too_long, 400, "list_too_long", "a list field has more members, empty ones included, than the limit",
     "RFC 9110 5.6.1.2"},
    {errc::missing_host, 400, "missing_host", "an HTTP/1.1 request has no Host", "RFC 9112 3.2"},
    {errc::repeated_host, 400, "repeated_host", "a request has more than one Host", "RFC 9112 3.2"},
    {errc::bad_host, 400, "bad_host", "Host is not a host with an optional port", "RFC 9110 7.2"},
    {errc::unmet_expectation, 417, "unmet_expectation", "Expect asks for something other than 100-continue",
     "RFC 9110 10.1.1"},
    {errc::wrong_scheme, 421, "wrong_scheme", "the target's scheme is not one that this connection may serve",
     "RFC 9110 7.4"},
    {errc::misdirected, 421, "misdirected", "the request names another authority than the one that was upgraded",
     "RFC 9110 15.5.20"},

    {errc::bad_content_length, 400, "bad_content_length", "Content-Length is not 1*DIGIT below 2^63",
     "RFC 9112 6.3(5)"},
    {errc::repeated_content_length, 400, "repeated_content_length", "Content-Length stands more than once",
     "RFC 9110 8.6"},
    {errc::length_and_transfer_encoding, 400, "length_and_transfer_encoding",
     "Content-Length and Transfer-Encoding stand together", "RFC 9112 6.1"},
    {errc::bad_transfer_encoding, 400, "bad_transfer_encoding",
     "Transfer-Encoding is malformed, or does not end in exactly one chunked", "RFC 9112 6.3(4)"},
    {errc::unknown_transfer_coding, 501, "unknown_transfer_coding", "a transfer coding other than chunked is used",
     "RFC 9112 6.1"},
    {errc::content_on_connect, 400, "content_on_connect", "a CONNECT request claims to have content", "RFC 9110 9.3.6"},
    {errc::transfer_encoding_in_http_1_0, 400, "transfer_encoding_in_http_1_0",
     "Transfer-Encoding stands in an HTTP/1.0 message: its framing is faulty", "RFC 9112 6.1"},
    {errc::content_too_large, 413, "content_too_large", "the content is larger than the limit", "RFC 9110 15.5.14"},
    {errc::bad_chunk, 400, "bad_chunk", "a chunk line or the end of a chunk is malformed", "RFC 9112 7.1"},
    {errc::extensions_too_long, 400, "extensions_too_long", "the chunk extensions are longer than the limit",
     "RFC 9112 7.1.1"},
    {errc::bad_trailer, 400, "bad_trailer", "a trailer field is malformed", "RFC 9112 7.1.2"},
    {errc::too_many_trailers, 400, "too_many_trailers", "there are more trailer fields than the limit",
     "RFC 9112 7.1.2"},
    {errc::truncated, 400, "truncated", "the peer closed inside a message", "RFC 9112 8"},

    {errc::no_offer, 0, "no_offer", "the request offers no upgrade", "RFC 9110 7.8"},
    {errc::upgrade_disabled, 0, "upgrade_disabled", "the options name no defence, so nothing is upgraded",
     "RFC 9110 7.8"},
    {errc::offer_without_option, 0, "offer_without_option", "Upgrade stands without the upgrade connection option",
     "RFC 9110 7.6.1"},
    {errc::bad_upgrade_list, 0, "bad_upgrade_list", "a member of Upgrade or Connection is malformed: the list is void",
     "RFC 9110 7.8"},
    {errc::offer_in_http_1_0, 0, "offer_in_http_1_0", "an HTTP/1.0 request cannot ask for an upgrade", "RFC 9110 7.8"},
    {errc::no_common_token, 0, "no_common_token", "no TLS token is in both lists", "RFC 9110 7.8"},
    {errc::method_not_allowed, 0, "method_not_allowed", "the options do not upgrade requests with this method",
     "RFC 2817 3.1"},
    {errc::content_not_allowed, 0, "content_not_allowed", "the options do not upgrade requests that have content",
     "RFC 9110 7.8"},
    {errc::bytes_behind_offer, 0, "bytes_behind_offer",
     "bytes arrived behind the offer; they are cleartext, so the offer is declined", "CVE-2011-0411"},
    {errc::responses_owed, 0, "responses_owed", "an earlier response is not out yet", "RFC 9112 9.3.2"},

    {errc::cleartext_after_101, 0, "cleartext_after_101", "bytes that are not TLS arrived behind the 101",
     "RFC 2817 3.3, RFC 9112 9.7"},
    {errc::unasked_101, 0, "unasked_101", "a 101 answers a request that offered no upgrade", "RFC 9110 15.2.2"},
    {errc::missing_upgrade, 0, "missing_upgrade", "the response has no Upgrade field, or an empty or malformed one",
     "RFC 9110 15.2.2, 15.5.22"},
    {errc::missing_upgrade_option, 0, "missing_upgrade_option",
     "the response has an Upgrade field but Connection does not say upgrade", "RFC 9110 7.6.1, 7.8"},
    {errc::token_not_offered, 0, "token_not_offered", "the 101 names a protocol that was not offered", "RFC 9110 7.8"},
    {errc::two_tls_layers, 0, "two_tls_layers", "the 101 names more than one TLS layer", "RFC 9110 7.8"},
    {errc::wrong_layer_order, 0, "wrong_layer_order", "the 101 does not list its layers bottom-up",
     "RFC 2817 3.3, RFC 9110 7.8"},
    {errc::content_on_101, 0, "content_on_101", "the 101 claims to have content", "RFC 9110 8.6, RFC 9112 6.1"},
    {errc::request_unfinished, 0, "request_unfinished", "the 101 came before the request was sent to its end",
     "RFC 9110 7.8"},
    {errc::too_many_interim, 0, "too_many_interim", "more interim responses than the limit", "RFC 9110 15.2"},
    {errc::unsolicited_response, 0, "unsolicited_response", "bytes arrived while no request was outstanding",
     "RFC 9112 9.2"},

    {errc::upgrade_refused, 0, "upgrade_refused",
     "TLS is required and the probe was answered without a 101; nothing else was sent", "RFC 2817 3.2, 8"},
    {errc::probe_connection_closing, 0, "probe_connection_closing",
     "the probe's answer inside TLS says that the connection will not carry the request", "RFC 2817 3.2"},
    {errc::unverified_peer, 0, "unverified_peer", "the caller did not verify the peer's certificate", "RFC 2817 8"},
    {errc::spliced, 0, "spliced", "data arrived inside TLS before it could: two connections were joined",
     "CVE-2025-49812"},
    {errc::rejected, 0, "rejected", "the host rejected the request", "RFC 9110 15.5"},

    {errc::not_a_hello, 0, "not_a_hello", "the first TLS flight is not a ClientHello, or an SSLv2 one",
     "RFC 8446 4.1.2"},
    {errc::bad_hello, 0, "bad_hello", "the ClientHello cannot be parsed", "RFC 8446 4.1.2"},
    {errc::missing_alpn, 0, "missing_alpn", "the ClientHello offers no ALPN, and bound_alpn wants tlsup/1",
     "CVE-2025-49812"},
    {errc::foreign_alpn, 0, "foreign_alpn", "ALPN is used without tlsup/1: the peer speaks implicit TLS",
     "CVE-2025-49812, RFC 7301 3.2"},
    {errc::wrong_name, 0, "wrong_name", "the server name in the ClientHello is not the request's host",
     "RFC 9110 7.4, RFC 6066 3"},
    {errc::early_data, 0, "early_data", "TLS early data on an upgraded connection", "RFC 8446 8"},
    {errc::resumed_session, 0, "resumed_session", "a TLS session was resumed across modes", "CVE-2025-23048"},
    {errc::hello_mismatch, 0, "hello_mismatch", "the TLS engine saw another ClientHello than the gate judged",
     "docs/security.md"},
    {errc::tls_failed, 0, "tls_failed", "the TLS handshake failed; the connection ends", "RFC 2817 3.3"},

    {errc::timeout, 408, "timeout", "a deadline passed", "RFC 9112 9.5"},
    {errc::peer_closed, 0, "peer_closed", "the peer closed before the exchange was complete", "RFC 9112 9.6"},
    {errc::aborted, 0, "aborted", "the caller ended the exchange", "-"},

    {errc::tunnel_refused, 0, "tunnel_refused", "the proxy did not open the tunnel", "RFC 9110 9.3.6"},
    {errc::not_connect, 501, "not_connect", "this proxy serves CONNECT and nothing else", "RFC 9110 15.6.2"},
    {errc::port_denied, 403, "port_denied", "this proxy opens no tunnel to that port", "RFC 2817 8.2"},
    {errc::host_denied, 403, "host_denied", "this proxy opens no tunnel to that host", "RFC 9110 9.3.6"},
    {errc::proxy_authentication_required, 407, "proxy_authentication_required",
     "this proxy wants to know who asks for the tunnel", "RFC 9110 15.5.8"},
    {errc::name_unresolved, 502, "name_unresolved", "the host's name has no address", "RFC 9110 15.6.3"},
    {errc::upstream_refused, 503, "upstream_refused", "the host refused the connection", "RFC 9110 15.6.4"},
    {errc::upstream_unreachable, 503, "upstream_unreachable", "the host cannot be reached", "RFC 9110 15.6.4"},
    {errc::upstream_timeout, 504, "upstream_timeout", "the host did not answer in time", "RFC 9110 15.6.5"},
    {errc::next_proxy_refused, 502, "next_proxy_refused", "the next proxy did not open the tunnel", "RFC 2817 5.3"},
    {errc::too_many_connections, 503, "too_many_connections", "this proxy carries as many connections as it may",
     "RFC 9110 15.6.4"},

    {errc::too_many_attempts, 0, "too_many_attempts", "as many connections were made for one request as are allowed",
     "RFC 2817 4.2, CWE-835"},
    {errc::pipeline_too_long, 0, "pipeline_too_long", "more requests are outstanding than are kept account of",
     "RFC 9112 9.3.2"},
    {errc::hops_exhausted, 0, "hops_exhausted", "Max-Forwards is 0: the request is answered here and not forwarded",
     "RFC 9110 7.6.2"},
    {errc::bad_rule, 0, "bad_rule", "a line is not a rule of a policy", "policy.hpp"},
    {errc::bad_entry, 0, "bad_entry", "a line is not an entry of a cache", "cache.hpp"},
    {errc::upgrade_required, 0, "upgrade_required",
     "the server serves this over TLS only, and its 426 cannot be followed from here",
     "RFC 9110 15.5.22, RFC 2817 4.2"},
};

inline constexpr std::size_t error_count = sizeof(error_entries) / sizeof(error_entries[0]);

constexpr bool errors_in_order() noexcept {
    for (std::size_t at = 0; at < error_count; ++at) {
        if (static_cast<std::size_t>(error_entries[at].code) != at) { // GCOVR_EXCL_BR_LINE as below
            return false;                                             // GCOVR_EXCL_LINE the assertion below
        }
    }
    return true;
}
static_assert(errors_in_order() && error_count == static_cast<std::size_t>(errc::upgrade_required) + 1);

// The numbers alone, so that a program which never prints an error does not carry the sentences: 0 for none, else what
// is above 399.
struct status_table {
    std::uint8_t of[error_count];
};
constexpr status_table make_statuses() noexcept {
    status_table table{};
    for (std::size_t at = 0; at < error_count; ++at) {
        const unsigned status = error_entries[at].status;
        table.of[at] = static_cast<std::uint8_t>(status < 400 ? 0 : status - 399);
    }
    return table;
}
inline constexpr status_table statuses = make_statuses();

constexpr const error_entry& entry(errc code) noexcept {
    const auto at = static_cast<std::size_t>(code);
    return error_entries[at < error_count ? at : 0];
}

} // namespace detail

/// The error's name, as it is spelled in code. Static text.
constexpr std::string_view to_string(errc code) noexcept { return detail::entry(code).name; }

/// One sentence that says what was wrong. Static text.
constexpr std::string_view explain(errc code) noexcept { return detail::entry(code).explanation; }

/// The section, or the CVE, that the error enforces. Static text.
constexpr std::string_view source(errc code) noexcept { return detail::entry(code).source; }

/// The status that a server answers with, 0 where it writes nothing. RFC 9110 15.5, 15.6.
constexpr std::uint16_t suggested_status(errc code) noexcept {
    const auto at = static_cast<std::size_t>(code);
    const unsigned above = at < detail::error_count ? detail::statuses.of[at] : 0U;
    return static_cast<std::uint16_t>(above == 0 ? 0 : above + 399);
}

} // namespace tlsup
