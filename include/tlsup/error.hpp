// error.hpp: everything that can go wrong, each with its name, its sentence, its source and its status.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "literal.hpp"

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

    // Names, addresses and loops.
    missing_name,
    name_not_dedicated,
    address_denied,
    forwarding_loop,
    connect_not_served,
    switch_in_http_1_0,
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
    {errc::ok, 0, "ok"sv, "nothing is wrong"sv, "-"sv},
    {errc::wrong_call, 0, "wrong_call"sv,
     "this call does not belong to the state that the machine is in; nothing changed"sv, "the machine's chart"sv},
    {errc::bad_options, 0, "bad_options"sv,
     "the options contradict each other, or lack a prepared head that is needed"sv, "the options' documentation"sv},
    {errc::no_room, 0, "no_room"sv, "the buffer is too small for what was to be written; nothing was written"sv,
     "write.hpp"sv},
    {errc::bad_argument, 0, "bad_argument"sv,
     "an argument holds CR, LF, NUL, or something else that its place in a head does not allow; nothing was written"sv,
     "RFC 9112 11.1"sv},

    {errc::not_http, 0, "not_http"sv, "a TLS record stands where a request should start; closed without an answer"sv,
     "RFC 9931 6.1, RFC 9112 2.2"sv},
    {errc::too_many_empty_lines, 400, "too_many_empty_lines"sv, "more empty lines before a request than allowed"sv,
     "RFC 9112 2.2"sv},
    {errc::bad_method, 400, "bad_method"sv, "the method is not a token, or more than one space follows it"sv,
     "RFC 9112 3.1"sv},
    {errc::method_too_long, 501, "method_too_long"sv, "the method is longer than any that is served"sv, "RFC 9112 3"sv},
    {errc::bad_target, 400, "bad_target"sv,
     "the request-target is none of the four forms, or not the form for the method"sv, "RFC 9112 3.2"sv},
    {errc::start_line_too_long, 414, "start_line_too_long"sv, "the start line is longer than the limit"sv,
     "RFC 9112 3"sv},
    {errc::bad_version, 400, "bad_version"sv, "the version is not HTTP/ DIGIT . DIGIT"sv, "RFC 9112 2.3"sv},
    {errc::unsupported_version, 505, "unsupported_version"sv, "the major version is not 1"sv, "RFC 9110 15.6.6"sv},
    {errc::bad_status_line, 0, "bad_status_line"sv, "the status line is not version SP 3DIGIT SP [reason]"sv,
     "RFC 9112 4"sv},
    {errc::bare_cr, 400, "bare_cr"sv, "a CR stands without its LF"sv, "RFC 9112 2.2"sv},
    {errc::bare_lf, 400, "bare_lf"sv, "a LF stands without its CR"sv, "RFC 9112 2.2"sv},

    {errc::bad_field_name, 400, "bad_field_name"sv, "a field name is empty or not a token"sv, "RFC 9110 5.1"sv},
    {errc::space_before_colon, 400, "space_before_colon"sv, "whitespace stands between a field name and its colon"sv,
     "RFC 9112 5.1"sv},
    {errc::bad_field_value, 400, "bad_field_value"sv, "a field value holds a control character"sv, "RFC 9110 5.5"sv},
    {errc::folded_line, 400, "folded_line"sv, "a line starts with whitespace where folding is not allowed"sv,
     "RFC 9112 5.2"sv},
    {errc::too_many_fields, 431, "too_many_fields"sv, "the head has more field lines than the limit"sv,
     "RFC 9110 5.4"sv},
    {errc::head_too_large, 431, "head_too_large"sv, "the head is larger than the limit"sv, "RFC 9110 5.4"sv},
    {errc::list_too_long, 400, "list_too_long"sv,
     "a list field has more members, empty ones included, than the limit"sv, "RFC 9110 5.6.1.2"sv},
    {errc::missing_host, 400, "missing_host"sv, "an HTTP/1.1 request has no Host"sv, "RFC 9112 3.2"sv},
    {errc::repeated_host, 400, "repeated_host"sv, "a request has more than one Host"sv, "RFC 9112 3.2"sv},
    {errc::bad_host, 400, "bad_host"sv, "Host is not a host with an optional port"sv, "RFC 9110 7.2"sv},
    {errc::unmet_expectation, 417, "unmet_expectation"sv, "Expect asks for something other than 100-continue"sv,
     "RFC 9110 10.1.1"sv},
    {errc::wrong_scheme, 421, "wrong_scheme"sv, "the target's scheme is not one that this connection may serve"sv,
     "RFC 9110 7.4"sv},
    {errc::misdirected, 421, "misdirected"sv, "the request names another authority than the one that was upgraded"sv,
     "RFC 9110 15.5.20"sv},

    {errc::bad_content_length, 400, "bad_content_length"sv, "Content-Length is not 1*DIGIT below 2^63"sv,
     "RFC 9112 6.3(5)"sv},
    {errc::repeated_content_length, 400, "repeated_content_length"sv, "Content-Length stands more than once"sv,
     "RFC 9110 8.6"sv},
    {errc::length_and_transfer_encoding, 400, "length_and_transfer_encoding"sv,
     "Content-Length and Transfer-Encoding stand together"sv, "RFC 9112 6.1"sv},
    {errc::bad_transfer_encoding, 400, "bad_transfer_encoding"sv,
     "Transfer-Encoding is malformed, or does not end in exactly one chunked"sv, "RFC 9112 6.3(4)"sv},
    {errc::unknown_transfer_coding, 501, "unknown_transfer_coding"sv, "a transfer coding other than chunked is used"sv,
     "RFC 9112 6.1"sv},
    {errc::content_on_connect, 400, "content_on_connect"sv, "a CONNECT request claims to have content"sv,
     "RFC 9110 9.3.6"sv},
    {errc::transfer_encoding_in_http_1_0, 400, "transfer_encoding_in_http_1_0"sv,
     "Transfer-Encoding stands in an HTTP/1.0 message: its framing is faulty"sv, "RFC 9112 6.1"sv},
    {errc::content_too_large, 413, "content_too_large"sv, "the content is larger than the limit"sv,
     "RFC 9110 15.5.14"sv},
    {errc::bad_chunk, 400, "bad_chunk"sv, "a chunk line or the end of a chunk is malformed"sv, "RFC 9112 7.1"sv},
    {errc::extensions_too_long, 400, "extensions_too_long"sv, "the chunk extensions are longer than the limit"sv,
     "RFC 9112 7.1.1"sv},
    {errc::bad_trailer, 400, "bad_trailer"sv, "a trailer field is malformed"sv, "RFC 9112 7.1.2"sv},
    {errc::too_many_trailers, 400, "too_many_trailers"sv, "there are more trailer fields than the limit"sv,
     "RFC 9112 7.1.2"sv},
    {errc::truncated, 400, "truncated"sv, "the peer closed inside a message"sv, "RFC 9112 8"sv},

    {errc::no_offer, 0, "no_offer"sv, "the request offers no upgrade"sv, "RFC 9110 7.8"sv},
    {errc::upgrade_disabled, 0, "upgrade_disabled"sv, "the options name no defence, so nothing is upgraded"sv,
     "RFC 9110 7.8"sv},
    {errc::offer_without_option, 0, "offer_without_option"sv, "Upgrade stands without the upgrade connection option"sv,
     "RFC 9110 7.6.1"sv},
    {errc::bad_upgrade_list, 0, "bad_upgrade_list"sv,
     "a member of Upgrade or Connection is malformed: the list is void"sv, "RFC 9110 7.8"sv},
    {errc::offer_in_http_1_0, 0, "offer_in_http_1_0"sv, "an HTTP/1.0 request cannot ask for an upgrade"sv,
     "RFC 9110 7.8"sv},
    {errc::no_common_token, 0, "no_common_token"sv, "no TLS token is in both lists"sv, "RFC 9110 7.8"sv},
    {errc::method_not_allowed, 0, "method_not_allowed"sv, "the options do not upgrade requests with this method"sv,
     "RFC 2817 3.1"sv},
    {errc::content_not_allowed, 0, "content_not_allowed"sv, "the options do not upgrade requests that have content"sv,
     "RFC 9110 7.8"sv},
    {errc::bytes_behind_offer, 0, "bytes_behind_offer"sv,
     "bytes arrived behind the offer; they are cleartext, so the offer is declined"sv, "CVE-2011-0411"sv},
    {errc::responses_owed, 0, "responses_owed"sv, "an earlier response is not out yet"sv, "RFC 9112 9.3.2"sv},

    {errc::cleartext_after_101, 0, "cleartext_after_101"sv, "bytes that are not TLS arrived behind the 101"sv,
     "RFC 2817 3.3, RFC 9112 9.7"sv},
    {errc::unasked_101, 0, "unasked_101"sv, "a 101 answers a request that offered no upgrade"sv, "RFC 9110 15.2.2"sv},
    {errc::missing_upgrade, 0, "missing_upgrade"sv, "the response has no Upgrade field, or an empty or malformed one"sv,
     "RFC 9110 15.2.2, 15.5.22"sv},
    {errc::missing_upgrade_option, 0, "missing_upgrade_option"sv,
     "the response has an Upgrade field but Connection does not say upgrade"sv, "RFC 9110 7.6.1, 7.8"sv},
    {errc::token_not_offered, 0, "token_not_offered"sv, "the 101 names a protocol that was not offered"sv,
     "RFC 9110 7.8"sv},
    {errc::two_tls_layers, 0, "two_tls_layers"sv, "the 101 names more than one TLS layer"sv, "RFC 9110 7.8"sv},
    {errc::wrong_layer_order, 0, "wrong_layer_order"sv, "the 101 does not list its layers bottom-up"sv,
     "RFC 2817 3.3, RFC 9110 7.8"sv},
    {errc::content_on_101, 0, "content_on_101"sv, "the 101 claims to have content"sv, "RFC 9110 8.6, RFC 9112 6.1"sv},
    {errc::request_unfinished, 0, "request_unfinished"sv, "the 101 came before the request was sent to its end"sv,
     "RFC 9110 7.8"sv},
    {errc::too_many_interim, 0, "too_many_interim"sv, "more interim responses than the limit"sv, "RFC 9110 15.2"sv},
    {errc::unsolicited_response, 0, "unsolicited_response"sv, "bytes arrived while no request was outstanding"sv,
     "RFC 9112 9.2"sv},

    {errc::upgrade_refused, 0, "upgrade_refused"sv,
     "TLS is required and the probe was answered without a 101; nothing else was sent"sv, "RFC 2817 3.2, 8"sv},
    {errc::probe_connection_closing, 0, "probe_connection_closing"sv,
     "the probe's answer inside TLS says that the connection will not carry the request"sv, "RFC 2817 3.2"sv},
    {errc::unverified_peer, 0, "unverified_peer"sv, "the caller did not verify the peer's certificate"sv,
     "RFC 2817 8"sv},
    {errc::spliced, 0, "spliced"sv, "data arrived inside TLS before it could: two connections were joined"sv,
     "CVE-2025-49812"sv},
    {errc::rejected, 0, "rejected"sv, "the host rejected the request"sv, "RFC 9110 15.5"sv},

    {errc::not_a_hello, 0, "not_a_hello"sv, "the first TLS flight is not a ClientHello, or an SSLv2 one"sv,
     "RFC 8446 4.1.2"sv},
    {errc::bad_hello, 0, "bad_hello"sv, "the ClientHello cannot be parsed"sv, "RFC 8446 4.1.2"sv},
    {errc::missing_alpn, 0, "missing_alpn"sv, "the ClientHello offers no ALPN, and bound_alpn wants tlsup/1"sv,
     "CVE-2025-49812"sv},
    {errc::foreign_alpn, 0, "foreign_alpn"sv, "ALPN is used without tlsup/1: the peer speaks implicit TLS"sv,
     "CVE-2025-49812, RFC 7301 3.2"sv},
    {errc::wrong_name, 0, "wrong_name"sv, "the server name in the ClientHello is not the request's host"sv,
     "RFC 9110 7.4, RFC 6066 3"sv},
    {errc::early_data, 0, "early_data"sv, "TLS early data on an upgraded connection"sv, "RFC 8446 8"sv},
    {errc::resumed_session, 0, "resumed_session"sv, "a TLS session was resumed across modes"sv, "CVE-2025-23048"sv},
    {errc::hello_mismatch, 0, "hello_mismatch"sv, "the TLS engine saw another ClientHello than the gate judged"sv,
     "docs/security.md"sv},
    {errc::tls_failed, 0, "tls_failed"sv, "the TLS handshake failed; the connection ends"sv, "RFC 2817 3.3"sv},

    {errc::timeout, 408, "timeout"sv, "a deadline passed"sv, "RFC 9112 9.5"sv},
    {errc::peer_closed, 0, "peer_closed"sv, "the peer closed before the exchange was complete"sv, "RFC 9112 9.6"sv},
    {errc::aborted, 0, "aborted"sv, "the caller ended the exchange"sv, "-"sv},

    {errc::tunnel_refused, 0, "tunnel_refused"sv, "the proxy did not open the tunnel"sv, "RFC 9110 9.3.6"sv},
    {errc::not_connect, 501, "not_connect"sv, "this proxy serves CONNECT and nothing else"sv, "RFC 9110 15.6.2"sv},
    {errc::port_denied, 403, "port_denied"sv, "this proxy opens no tunnel to that port"sv, "RFC 2817 8.2"sv},
    {errc::host_denied, 403, "host_denied"sv, "this proxy opens no tunnel to that host"sv, "RFC 9110 9.3.6"sv},
    {errc::proxy_authentication_required, 407, "proxy_authentication_required"sv,
     "this proxy wants to know who asks for the tunnel"sv, "RFC 9110 15.5.8"sv},
    {errc::name_unresolved, 502, "name_unresolved"sv, "the host's name has no address"sv, "RFC 9110 15.6.3"sv},
    {errc::upstream_refused, 503, "upstream_refused"sv, "the host refused the connection"sv, "RFC 9110 15.6.4"sv},
    {errc::upstream_unreachable, 503, "upstream_unreachable"sv, "the host cannot be reached"sv, "RFC 9110 15.6.4"sv},
    {errc::upstream_timeout, 504, "upstream_timeout"sv, "the host did not answer in time"sv, "RFC 9110 15.6.5"sv},
    {errc::next_proxy_refused, 502, "next_proxy_refused"sv, "the next proxy did not open the tunnel"sv,
     "RFC 2817 5.3"sv},
    {errc::too_many_connections, 503, "too_many_connections"sv, "this proxy carries as many connections as it may"sv,
     "RFC 9110 15.6.4"sv},

    {errc::too_many_attempts, 0, "too_many_attempts"sv,
     "as many connections were made for one request as are allowed"sv, "RFC 2817 4.2, CWE-835"sv},
    {errc::pipeline_too_long, 0, "pipeline_too_long"sv, "more requests are outstanding than are kept account of"sv,
     "RFC 9112 9.3.2"sv},
    {errc::hops_exhausted, 0, "hops_exhausted"sv, "Max-Forwards is 0: the request is answered here and not forwarded"sv,
     "RFC 9110 7.6.2"sv},
    {errc::bad_rule, 0, "bad_rule"sv, "a line is not a rule of a policy"sv, "policy.hpp"sv},
    {errc::bad_entry, 0, "bad_entry"sv, "a line is not an entry of a cache"sv, "cache.hpp"sv},
    {errc::upgrade_required, 0, "upgrade_required"sv,
     "the server serves this over TLS only, and its 426 cannot be followed from here"sv,
     "RFC 9110 15.5.22, RFC 2817 4.2"sv},

    {errc::missing_name, 0, "missing_name"sv,
     "the ClientHello carries no server name, and dedicated_name requires one"sv, "CVE-2025-49812, RFC 6066 3"sv},
    {errc::name_not_dedicated, 0, "name_not_dedicated"sv,
     "the request's host is not one of the names that are used for upgrades only"sv, "CVE-2025-49812"sv},
    {errc::address_denied, 403, "address_denied"sv, "this proxy opens no tunnel to that address"sv,
     "RFC 9110 9.3.6, RFC 6890"sv},
    {errc::forwarding_loop, 508, "forwarding_loop"sv, "the message has passed this intermediary before"sv,
     "RFC 9110 7.6.3"sv},
    {errc::connect_not_served, 501, "connect_not_served"sv, "this server opens no tunnels"sv, "RFC 9110 9.3.6"sv},
    {errc::switch_in_http_1_0, 0, "switch_in_http_1_0"sv, "the 101 is of HTTP/1.0, which has no 1xx responses"sv,
     "RFC 9110 15.2"sv},
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
static_assert(errors_in_order() && error_count == static_cast<std::size_t>(errc::switch_in_http_1_0) + 1);

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
