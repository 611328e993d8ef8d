// connect_api_checks.hpp: the CONNECT vectors with `input: api`: each call has to return an error without effect. Where
// the interface has no way to write the misuse, an assertion says so.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include <tlsup/tlsup.hpp>

#include "api_checks.hpp"
#include "connect_proxy_role.hpp"

namespace corpus {

// Nothing but a prepared head is written, so tunnel bytes have no way out before the 2xx; and no way in behind it.
template <class Machine>
concept sends_bytes = requires(Machine machine, std::string_view bytes) {
    machine.send(bytes);
};
static_assert(!sends_bytes<tlsup::connect_client>);
static_assert(!std::is_assignable_v<tlsup::prepared_head&, std::string_view>);

// The 2xx has no place for a field or for content.
template <class Argument>
concept opens_with = requires(tlsup::connect_proxy machine, Argument argument) {
    machine.tunnel_open(argument);
};
static_assert(!opens_with<std::string_view> && !opens_with<tlsup::field_list> && !opens_with<tlsup::prepared_head>);

// A tunnel has no door for bytes, and its connection no way back.
template <class Machine>
concept reads_bytes = requires(Machine machine, std::string_view bytes) {
    machine.next(bytes, std::string_view{}, 0);
};
template <class Machine>
concept goes_back = requires(Machine machine) {
    machine.detach();
};
static_assert(!reads_bytes<tlsup::tunnel> && !goes_back<tlsup::tunnel>);
static_assert(!std::is_default_constructible_v<tlsup::tunnel>); // the policy is the caller's to choose

inline bool no_connect(std::string_view host, std::uint16_t port, tlsup::field_list fields = {}) {
    char text[512];
    return no_bytes(tlsup::write_connect(text, {.host = host, .port = port}, fields));
}

inline bool no_connect_field(std::string_view name, std::string_view value) {
    const tlsup::field_text fields[] = {{name, value}};
    return no_connect("example.com", 443, fields);
}

/// While the answer is awaited there is nothing to write, whatever the options bring.
inline bool no_payload(std::string_view bytes) {
    const tlsup::connect_options options = connect_client_setup();
    guarded memory;
    feed nothing({}, {}, memory);
    tlsup::connect_client machine = connect_client_run(options, nothing, {}).run().machine;
    const tlsup::connect_client before = machine;
    const tlsup::step now = machine.next({}, options);
    return now.what == tlsup::action::read && now.bytes.empty() &&
           machine.wrote(bytes.size()) == tlsup::errc::wrong_call && machine == before;
}

/// Before the upstream connection stands, saying so is a wrong call: in each state up to the dial.
inline bool no_early_200(std::string_view) {
    constexpr std::string_view head = "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n";
    const tlsup::proxy_options options = connect_proxy_setup();
    tlsup::connect_proxy machine;
    const auto refused = [&machine] {
        const tlsup::connect_proxy before = machine;
        return machine.tunnel_open() == tlsup::errc::wrong_call && machine == before;
    };
    bool good = refused();
    good = machine.next(head, options).what == tlsup::action::decide && refused() && good;
    good = machine.open() == tlsup::errc::ok && refused() && good;
    return good && machine.next(head, options).what == tlsup::action::dial && machine.next(head, options).bytes == head;
}

inline bool no_length_on_200(std::string_view bytes) {
    return !contains(tlsup::detail::tunnel_200, bytes) && !contains(tlsup::detail::tunnel_200, "Content-Length") &&
           !contains(tlsup::detail::tunnel_200, "Transfer-Encoding");
}

inline bool no_407_without_challenge(std::string_view) {
    char text[512];
    tlsup::proxy_options options = connect_proxy_setup();
    options.challenge = {};
    constexpr std::string_view head = "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n";
    tlsup::connect_proxy machine;
    (void)machine.next(head, options);
    const tlsup::connect_proxy before = machine;
    return no_bytes(tlsup::write_407(text, "", "text")) && no_bytes(tlsup::write_reply(text, {.status = 407})) &&
           machine.challenge(options) == tlsup::errc::bad_options &&
           machine.refuse(std::uint16_t{407}) == tlsup::errc::bad_argument && machine == before;
}

inline bool no_421(std::string_view) {
    constexpr std::string_view head = "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n";
    const tlsup::proxy_options options = connect_proxy_setup();
    tlsup::connect_proxy machine;
    (void)machine.next(head, options);
    const tlsup::connect_proxy before = machine;
    return machine.refuse(std::uint16_t{421}) == tlsup::errc::bad_argument &&
           machine.refuse(tlsup::errc::misdirected) == tlsup::errc::bad_argument && machine == before;
}

inline bool no_proxy_credentials_inside(std::string_view bytes) {
    const std::size_t colon = bytes.find(": ");
    return no_field(bytes.substr(0, colon), bytes.substr(colon + 2));
}

/// Through a forward proxy alone TLS is out of reach: nothing is written, and least of all an offer.
inline bool no_offer_to_proxy(std::string_view) {
    const tlsup::route_proxy proxies[] = {{}};
    char text[256];
    tlsup::route_options options;
    options.exchange = client_setup(tlsup::requirement::tls).options;
    options.proxies = proxies;
    options.forwarded = tlsup::write_proxied(text, {"GET", "/", "example.com", {}, {}}).head;
    tlsup::route machine;
    const tlsup::step now = machine.next({}, options);
    return now.what == tlsup::action::close && now.bytes.empty() && machine.error() == tlsup::errc::bad_options &&
           machine.connected(options) == tlsup::errc::wrong_call &&
           no_bytes(tlsup::write_proxied(text, {"GET", "/", "example.com", client_tokens, {}}));
}

/// Whatever is unread, an open tunnel says `tunnel` again, takes nothing, and cannot be asked once more.
inline bool no_http_behind(std::string_view bytes) {
    constexpr std::string_view answer = "HTTP/1.1 200 OK\r\n\r\n";
    const tlsup::connect_options options = connect_client_setup();
    guarded memory;
    feed input(answer, {}, memory);
    tlsup::connect_client machine = connect_client_run(options, input, {}).run().machine;
    const tlsup::connect_client before = machine;
    const tlsup::step now = machine.next(bytes, options);
    return now.what == tlsup::action::tunnel && now.bytes.empty() && machine.took(1) == tlsup::errc::wrong_call &&
           machine.retry() == tlsup::errc::wrong_call && machine == before;
}

inline constexpr api_row connect_api_rows[] = {
    {"connect_client", "API connect(host=<bytes>, port=443)",
     [](std::string_view bytes) { return no_connect(bytes, 443); }},
    {"connect_client", "API connect(host='example.com', port=0)",
     [](std::string_view) { return no_connect("example.com", 0); }},
    {"connect_client", "API connect() with extra header value",
     [](std::string_view bytes) { return no_connect_field("Proxy-Authorization", bytes); }},
    {"connect_client", "API connect() with extra header name",
     [](std::string_view bytes) { return no_connect_field(bytes, "v"); }},
    {"connect_client", "caller passes tunnel payload", no_payload},
    {"connect_client", "tunnel open, inner HTTP client; caller adds Proxy-Authorization to an inner request",
     no_proxy_credentials_inside},
    {"client", "client connected to a forward proxy (no tunnel), require_tls", no_offer_to_proxy},
    {"connect_proxy", "caller calls accept_connect() without established upstream", no_early_200},
    {"connect_proxy", "caller builds 2xx with Content-Length", no_length_on_200},
    {"connect_proxy", "caller builds 407 without challenge", no_407_without_challenge},
    {"connect_proxy", "caller builds 421", no_421},
    {"tunnel", "tunnel role object; caller tries to return it to a HTTP connection pool / parse HTTP again",
     no_http_behind},
};

} // namespace corpus
