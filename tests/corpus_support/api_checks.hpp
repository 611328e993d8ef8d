// api_checks.hpp: the vectors with `input: api`. Their bytes are an argument, or a misuse: each call has to return an
// error without effect. Where the interface has no way to write the misuse, an assertion says so.
#pragma once

#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>

#include <tlsup/tlsup.hpp>

#include "situations.hpp"

namespace corpus {

// No head, and so no offer, no second request and no version, comes from a caller's text.
static_assert(!std::is_constructible_v<tlsup::prepared_head, std::string_view>);
static_assert(!std::is_aggregate_v<tlsup::prepared_head>);
template <class Text>
concept names_a_version = requires(Text text) {
    text.version;
};
static_assert(!names_a_version<tlsup::request_text>);

// A token is one of four; a list holds nothing else; and a server chooses by its place in the offer.
static_assert(!std::is_constructible_v<tlsup::token_list, std::string_view>);
template <class Choice>
concept can_be_accepted = requires(tlsup::server machine, Choice choice) {
    machine.accept(choice);
};
static_assert(!can_be_accepted<tlsup::tls_token> && !can_be_accepted<std::string_view> && can_be_accepted<int>);

// The probe has no place for a field.
template <class Fields>
concept adds_to_probe = requires(tlsup::room out, tlsup::token_list offer, Fields fields) {
    tlsup::write_probe(out, "example.com", offer, fields);
};
static_assert(!adds_to_probe<tlsup::field_list>);

// Nobody forgets to say who the peer is.
static_assert(!std::is_default_constructible_v<tlsup::tls_facts>);
static_assert(
    !std::is_constructible_v<tlsup::tls_facts, std::string_view, std::string_view, tlsup::session, tlsup::early>);

/// An error, and no head.
inline bool no_bytes(const tlsup::prepared& made) {
    return made.error == tlsup::errc::bad_argument && made.head.text().empty() &&
           made.head.kind() == tlsup::head_kind::none;
}

inline bool no_reply(std::string_view reason, std::string_view name, std::string_view value) {
    char text[512];
    const tlsup::field_text fields[] = {{name, value}};
    return no_bytes(tlsup::write_reply(text, {.status = 200, .reason = reason}, fields));
}

inline bool no_request(std::string_view method, std::string_view target, std::string_view host,
                       tlsup::token_list offer = {}, tlsup::field_list fields = {}) {
    char text[512];
    return no_bytes(tlsup::write_request(text, {method, target, host, offer, {}}, fields));
}

inline bool no_field(std::string_view name, std::string_view value) {
    const tlsup::field_text fields[] = {{name, value}};
    return no_request("GET", "/", "example.com", client_tokens, fields) &&
           no_request("GET", "/", "example.com", {}, fields);
}

inline bool no_token(std::string_view bytes) {
    tlsup::tls_token token = tlsup::tls_token::tls_1_2;
    return tlsup::parse_tls_token(bytes, token) == tlsup::errc::bad_argument && token == tlsup::tls_token::tls_1_2;
}

inline bool no_host(std::string_view bytes) {
    char text[512];
    return no_request("GET", "/", bytes) && no_bytes(tlsup::write_probe(text, bytes, client_tokens));
}

inline bool raw_bytes_inside_tls(std::string_view bytes) {
    server_situation at;
    secure_server(at);
    const tlsup::server before = at.machine;
    const tlsup::step now = at.machine.next(at.held + std::string(bytes), at.options);
    return before.secure() && now.error == tlsup::errc::wrong_call && now.what == tlsup::action::secure &&
           now.bytes.empty() && at.machine == before;
}

inline bool no_empty_426(std::string_view) {
    char text[512];
    return no_bytes(tlsup::write_426(text, {}, tlsup::upgrade_required_text));
}

/// `accept` with this place in this head's offer gives this error, and changes nothing; nor has `commit` a 101.
inline bool no_101(std::string_view head, std::size_t index, tlsup::errc error) {
    server_situation at;
    const tlsup::step now = at.machine.next(head, at.options);
    const tlsup::server before = at.machine;
    const tlsup::judged offer = tlsup::judge(at.machine.request(now.bytes).facts, at.options.upgrade,
                                             at.machine.request(now.bytes).line.authority);
    const tlsup::committed made = tlsup::commit(offer, index, {0, 0, true, true});
    return now.what == tlsup::action::decide && at.machine.accept(index) == error && at.machine == before &&
           made.error == error && made.bytes.empty();
}

inline bool no_101_to_http_1_0(std::string_view) {
    return no_101("OPTIONS * HTTP/1.0\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: TLS/1.0\r\n\r\n", 0,
                  tlsup::errc::offer_in_http_1_0);
}

inline bool no_foreign_token(std::string_view) {
    return no_101("OPTIONS * HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: TLS/1.0\r\n\r\n", 1,
                  tlsup::errc::token_not_offered);
}

/// The handshake is done, but the machine was not told so; or it was told that the peer is unverified.
inline bool no_request_to_unverified(std::string_view) {
    client_situation at = client_setup(tlsup::requirement::tls);
    (void)converse(at, good_101);
    const tlsup::client before = at.machine;
    const tlsup::step early = at.machine.next_secure({}, at.options);
    const bool unchanged = at.machine == before && before.state() == tlsup::client_state::handshake;
    const tlsup::tls_facts facts({}, {}, tlsup::session::full, tlsup::early::none, tlsup::identity::unverified);
    const tlsup::errc error = at.machine.tls_established(facts, at.options);
    const tlsup::step now = at.machine.next({}, at.options);
    return early.error == tlsup::errc::wrong_call && early.bytes.empty() && unchanged &&
           error == tlsup::errc::unverified_peer && now.what == tlsup::action::close && now.bytes.empty() &&
           !at.machine.secure();
}

inline bool always_http_1_1(std::string_view) { return client_probe().text().starts_with("OPTIONS * HTTP/1.1\r\n"); }

/// While the offer is outstanding there is nothing to write, whatever the options bring.
inline bool no_pipelining(std::string_view) {
    client_situation at = client_setup(tlsup::requirement::tls);
    (void)converse(at, {});
    at.options.request = plain_request();
    const tlsup::client before = at.machine;
    const tlsup::step now = at.machine.next({}, at.options);
    return before.state() == tlsup::client_state::probe_sent && now.what == tlsup::action::read && now.bytes.empty() &&
           at.machine.wrote(1) == tlsup::errc::wrong_call && at.machine == before;
}

inline bool no_early_hello(std::string_view bytes) {
    client_situation at = client_setup(tlsup::requirement::tls);
    (void)converse(at, {});
    const tlsup::client before = at.machine;
    const tlsup::step now = at.machine.next_secure(bytes, at.options);
    return now.error == tlsup::errc::wrong_call && now.bytes.empty() &&
           at.machine.tls_established(verified_peer(), at.options) == tlsup::errc::wrong_call &&
           at.machine.tls_failed() == tlsup::errc::wrong_call && at.machine == before;
}

struct api_row {
    std::string_view role;
    std::string_view with;
    bool (*check)(std::string_view bytes);
};

inline constexpr api_row api_rows[] = {
    {"server",
     "server after TLS handshake completed on an upgraded connection; raw (not decrypted) octets handed to the HTTP "
     "layer by mistake",
     raw_bytes_inside_tls},
    {"server", "server wants to require TLS; API called with an empty token list", no_empty_426},
    {"server", "server answering an HTTP/1.0 request; API send 101", no_101_to_http_1_0},
    {"server", "server emits 101; caller passes token 'TLS/1.3' that is not in the offer [TLS/1.0]", no_foreign_token},
    {"server", "API argument: response header value",
     [](std::string_view bytes) { return no_reply("", "X-Field", bytes); }},
    {"server", "API argument: response header name", [](std::string_view bytes) { return no_reply("", bytes, "v"); }},
    {"server", "API argument: reason phrase", [](std::string_view bytes) { return no_reply(bytes, "X-Field", "v"); }},
    {"client",
     "client after switch_to_tls; handshake done, certificate not yet marked verified; caller tries to send the "
     "protected request",
     no_request_to_unverified},
    {"client", "client sent the offer as HTTP/1.0 because the peer version was unknown (API misuse)", always_http_1_1},
    {"client", "client sent OPTIONS with offer and, wrongly, wants to pipeline a second request", no_pipelining},
    {"client", "client sent the offer; response not received; caller passes ClientHello bytes", no_early_hello},
    {"client", "API argument: request target",
     [](std::string_view bytes) { return no_request("GET", bytes, "example.com"); }},
    {"client", "API argument: method", [](std::string_view bytes) { return no_request(bytes, "/", "example.com"); }},
    {"client", "API argument: upgrade token", no_token},
    {"client", "API argument: Host value", no_host},
    {"client", "API argument: caller adds header 'Transfer-Encoding' to a CONNECT or probe",
     [](std::string_view bytes) { return no_field("Transfer-Encoding", bytes); }},
    {"client", "API argument: caller adds second 'Host'",
     [](std::string_view bytes) { return no_field("Host", bytes); }},
    {"client", "API argument: caller adds 'Connection: keep-alive' raw beside an offer",
     [](std::string_view bytes) { return no_field("Connection", bytes); }},
    {"client", "API argument: caller adds 'Authorization' / 'Cookie' to the require_tls probe",
     [](std::string_view bytes) {
         return !contains(client_probe().text(), bytes) && !contains(client_probe().text(), "Authorization") &&
                !contains(client_probe().text(), "Cookie");
     }},
};

} // namespace corpus
