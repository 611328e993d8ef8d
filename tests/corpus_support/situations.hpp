// situations.hpp: the one table that maps what a vector's `with:` says. Vectors without it never come here.
#pragma once

#include <string>
#include <string_view>

#include <tlsup/tlsup.hpp>

#include "client_role.hpp"
#include "server_role.hpp"

namespace corpus {

// Servers.

/// The 101 is queued: the offer was accepted, and nothing of the 101 is written.
inline void queue_101(server_situation& at) {
    at.held = "OPTIONS * HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2\r\n\r\n";
    (void)at.machine.next(at.held, at.options);
    (void)at.machine.accept(0);
    (void)at.machine.next(at.held, at.options);
}

inline void send_101(server_situation& at) {
    queue_101(at);
    for (tlsup::step now = at.machine.next(at.held, at.options); now.what == tlsup::action::write;) {
        (void)at.machine.wrote(now.bytes.size());
        now = at.machine.next(at.held, at.options);
    }
}

inline void pass_hello(server_situation& at) {
    send_101(at);
    (void)at.machine.tls_hello(
        judge_hello(tlsup::hello_facts({}, false, {}, false, false), "example.com", at.options.upgrade.defence));
}

/// TLS is up, and the OPTIONS is answered.
inline void secure_server(server_situation& at) {
    pass_hello(at);
    const tlsup::tls_facts facts({}, {}, tlsup::session::full, tlsup::early::none, tlsup::identity::verified);
    (void)at.machine.tls_established(facts, at.options);
    const tlsup::step now = at.machine.next_secure({}, at.held, at.options);
    (void)at.machine.wrote(now.bytes.size());
    (void)at.machine.next_secure({}, at.held, at.options);
}

/// A ClientHello in one record, with these extensions.
inline std::string client_hello(const std::string& extensions) {
    const auto number = [](std::size_t value, unsigned octets) {
        std::string text;
        while (octets-- != 0) {
            text += static_cast<char>(value >> (8 * octets) & 255);
        }
        return text;
    };
    const std::string body = "\x03\x03" + std::string(32, 'r') + number(0, 1) + number(2, 2) + "\x13\x01" +
                             number(1, 1) + number(0, 1) + number(extensions.size(), 2) + extensions;
    return "\x16\x03\x01" + number(body.size() + 4, 2) + number(1, 1) + number(body.size(), 3) + body;
}

inline void foreign_alpn(server_situation& at) {
    using namespace std::string_literals;
    at.flight = client_hello("\x00\x10\x00\x0e\x00\x0c\x02h2\x08http/1.1"s);
}

inline void foreign_name(server_situation& at) {
    using namespace std::string_literals;
    at.flight = client_hello("\x00\x00\x00\x12\x00\x10\x00\x00\x0dother.example"s);
}

inline void options_only(server_situation& at) { at.options.upgrade.methods = tlsup::method_policy::options_only; }

struct server_row {
    std::string_view with;
    void (*prepare)(server_situation&);
    bool early = false; // the bytes are there before the machine is asked
};

inline constexpr server_row server_rows[] = {
    {"accept() was called and the 101 is queued; these octets arrive before the handshake", queue_101, true},
    {"server: 101 sent, handshake failed (alert received)",
     [](server_situation& at) {
         pass_hello(at);
         (void)at.machine.tls_failed();
     },
     true},
    {"server: 101 sent, peer half-closed before ClientHello", send_101},
    {"server on an upgraded TLS connection (decrypted input)", secure_server},
    {"server on an upgraded TLS connection; upgrade request had Host: example.com and the presented certificate covers "
     "example.com only",
     secure_server},
    {"SNI later received in the handshake is 'other.example' while the upgrade request had Host: example.com",
     foreign_name},
    {"attacker injected this, then splices a victim's implicit-TLS ClientHello (ALPN h2,http/1.1) behind the 101",
     foreign_alpn},
    {"same splice, policy=options_only",
     [](server_situation& at) {
         foreign_alpn(at);
         options_only(at);
     }},
    {"policy=options_only (default)", options_only},
    {"policy=options_only", options_only},
    {"trailers", [](server_situation&) {}},
};

// Clients. Each starts as `client-require` or `client-plain`.

inline void offer_on_get(client_situation& at) {
    static char text[256];
    at.options.request = tlsup::write_request(text, {"GET", "/a", "example.com", client_tokens, {}}).head;
}

inline void offer_on_post(client_situation& at) {
    static char text[256];
    const tlsup::content body = tlsup::content::of(5);
    at.options.request =
        tlsup::write_request(text, {"POST", "/a", "example.com", {tlsup::tls_token::tls_1_0}, body}).head;
}

inline void fail_handshake(client_situation& at) {
    (void)converse(at, good_101);
    (void)at.machine.tls_failed();
}

inline void secure_client(client_situation& at) { (void)enter_tls(at); }

/// The probe is answered inside TLS, and the request is about to be written.
inline void answer_probe(client_situation& at) {
    (void)enter_tls(at);
    (void)at.machine.next_secure(good_200, at.options);
    (void)at.machine.took(good_200.size());
    (void)at.machine.next_secure({}, at.options);
}

inline void release(client_situation& at) {
    (void)enter_tls(at);
    (void)converse(at, good_200);
}

/// A 426 was followed, and the request repeated inside TLS.
inline void follow_426(client_situation& at) {
    (void)converse(at, good_426);
    release(at);
}

/// What a cache makes of a request that could go in clear, once the server has advertised TLS.
constexpr tlsup::requirement raised_by_cache() {
    tlsup::capability entries[1] = {};
    tlsup::capability_cache cache(entries);
    const tlsup::origin server{tlsup::scheme::http, "example.com", 80};
    const tlsup::errc learned = cache.learn(server, tlsup::learned::in_clear, client_tokens, 1, 2, {});
    return learned == tlsup::errc::ok ? cache.raise(server, tlsup::requirement::any, 1, {}).need
                                      : tlsup::requirement::any;
}

struct client_row {
    std::string_view with;
    tlsup::requirement need;
    void (*prepare)(client_situation&);
    bool early = false;
};

inline constexpr client_row client_rows[] = {
    {"client sent complete 'GET /a HTTP/1.1' with Host: example.com, Connection: Upgrade, Upgrade: TLS/1.2, TLS/1.0; "
     "mode=optional; direct connection",
     tlsup::requirement::any, offer_on_get},
    {"client after switch_to_tls, handshake failed", tlsup::requirement::tls, fail_handshake, true},
    {"client after TLS established (decrypted input); mode=require_tls; outstanding: the OPTIONS",
     tlsup::requirement::tls, secure_client},
    {"client after TLS established (decrypted input); outstanding: the OPTIONS", tlsup::requirement::tls,
     secure_client},
    {"client after TLS established; OPTIONS answered; no request outstanding", tlsup::requirement::tls, answer_probe,
     true},
    {"client in require_tls; cleartext phase received 'Set-Cookie' and 'Upgrade' hints in a 103 before the 101",
     tlsup::requirement::tls, [](client_situation&) {}},
    {"EOF after partial head", tlsup::requirement::tls, [](client_situation&) {}},
    {"client idle, no request sent", tlsup::requirement::tls, [](client_situation&) {}, true},
    {"client has sent only the head and 2 of 5 body octets of a POST that offers TLS/1.0", tlsup::requirement::any,
     offer_on_post},
    {"client already repeated the request with an offer because of a 426", tlsup::requirement::any, follow_426},
    {"client has sent the probe because the cache says 'server does TLS'", raised_by_cache(), [](client_situation&) {}},
    {"direct", tlsup::requirement::any, [](client_situation&) {}},
    {"client on TLS connection (decrypted input)", tlsup::requirement::tls, release},
};

} // namespace corpus
