// What the tests of a route say to it, and how they read it.
#pragma once

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <tlsup/tlsup.hpp>

namespace unit {

using namespace tlsup;

inline constexpr token_list tokens{tls_token::tls_1_2, tls_token::tls_1_0};
inline constexpr std::string_view ok_200 = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
inline constexpr std::string_view open_200 = "HTTP/1.1 200 Open\r\n\r\n";
inline constexpr std::string_view basic_407 =
    "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n";
inline constexpr std::string_view switch_101 =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.2, HTTP/1.1\r\nConnection: Upgrade\r\n\r\n";
inline constexpr tls_facts verified{alpn_name, "a.example", session::full, early::none, identity::verified};

/// Heads for a request to a.example, over as many proxies as are wanted.
struct heads {
    char text[7][300] = {};
    route_proxy hops[9] = {};
    route_options options{};

    constexpr explicit heads(requirement need, std::size_t proxies = 0, bool forwarded = false, bool offers = false) {
        request_text request{"GET", "/", "a.example:8080", {}, {}};
        for (route_proxy& each : hops) {
            each.connect = write_connect(text[0], {"a.example", 8080, {}}).head;
            each.connect_with_login = write_connect(text[1], {"a.example", 8080, {"u", "p"}}).head;
        }
        options.proxies = {hops, proxies};
        if (forwarded) {
            options.forwarded = write_proxied(text[2], request).head;
            options.forwarded_with_login = write_proxied(text[3], request, {"u", "p"}).head;
        }
        request.offer = offers ? tokens : token_list{};
        options.exchange.need = need;
        options.exchange.probe = write_probe(text[4], "a.example:8080", tokens).head;
        options.exchange.request = write_request(text[5], request).head;
    }
};

/// Connects, and writes what is to be written. Returns that.
inline std::string ask(route& machine, const route_options& options) {
    std::string sent;
    for (step now = machine.next({}, options);; now = machine.next({}, options)) {
        if (now.what == action::dial) {
            REQUIRE(machine.connected(options) == errc::ok);
        } else if (now.what == action::write) {
            sent += now.bytes;
            REQUIRE(machine.wrote(now.bytes.size()) == errc::ok);
        } else {
            return sent;
        }
    }
}

/// What it does with these bytes, until it has something else to say.
struct told {
    step last{};
    std::string shown{};
    std::size_t dropped = 0;
};
inline told tell(route& machine, std::string_view bytes, const route_options& options) {
    told seen;
    while (true) {
        seen.last = machine.secure() ? machine.next_secure(bytes, options) : machine.next(bytes, options);
        const action what = seen.last.what;
        if (what != action::answer && what != action::body && what != action::drop) {
            return seen;
        }
        seen.shown += what == action::drop ? std::string_view{} : seen.last.bytes;
        seen.dropped += what == action::drop ? seen.last.bytes.size() : 0;
        const std::size_t count = seen.last.bytes.size();
        REQUIRE(machine.took(count) == errc::ok);
        bytes.remove_prefix(count);
    }
}

} // namespace unit
