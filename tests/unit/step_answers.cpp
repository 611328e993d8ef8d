// Every step of a client, a server, and both ends of CONNECT: what it says besides its bytes, what has to stay in the
// buffer, and that no answer counts twice. The lines are those of step_support.hpp.
#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <tlsup/tlsup.hpp>
#include <utility>

#include "step_support.hpp"
#include "support.hpp"

using namespace tlsup;

namespace {

struct client_heads {
    char text[2][300] = {};
    client_options options{};
    explicit client_heads(requirement need) {
        options.need = need;
        options.probe = write_probe(text[0], "example.com", {tls_token::tls_1_2}).head;
        options.request = write_request(text[1], {"GET", "/", "example.com", {}, {}}).head;
    }
};

std::string ask(client& machine, const client_options& options, std::initializer_list<std::string_view> said) {
    return unit::conversation(
        machine, said,
        [&](client& at, std::string_view bytes) {
            return at.secure() ? at.next_secure(bytes, options) : at.next(bytes, options);
        },
        [&](client& at, const step& now, std::string&) {
            return (now.what == action::start_tls && at.tls_established(unit::good_tls, options) == errc::ok) ||
                   (now.what == action::dial && at.peer_closed() == errc::ok && at.retry() == errc::ok);
        });
}

constexpr std::string_view switching = "HTTP/1.1 101 S\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\n\r\n";
constexpr std::string_view folded = "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n"
                                    "One: 1\r\n and more\r\n\r\n";

/// A server that accepts each offer, serves the rest, and lets each hello through.
std::string serve(server& machine, std::initializer_list<std::string_view> said, bool last = false) {
    std::string held;
    return unit::conversation(
        machine, said,
        [&](server& at, std::string_view bytes) {
            return at.secure() ? at.next_secure(bytes, held, unit::any_server) : at.next(bytes, unit::any_server);
        },
        [&](server& at, const step& now, std::string& buffer) {
            if (now.what == action::decide) {
                return (at.request(now.bytes).offer.empty() ? at.decline() : at.accept(0)) == errc::ok;
            }
            if (now.what == action::start_tls) {
                held = std::exchange(buffer, {});
                return at.tls_hello(unit::passing(true)) == errc::ok &&
                       at.tls_established(unit::good_tls, unit::any_server) == errc::ok;
            }
            return now.what == action::answer && at.answered(last) == errc::ok;
        });
}

template <class How> std::string proxy(connect_proxy& machine, std::initializer_list<std::string_view> said, How how) {
    constexpr port_range ports[] = {{443, 443}};
    proxy_options options;
    options.ports = ports;
    return unit::conversation(
        machine, said, [&](connect_proxy& at, std::string_view bytes) { return at.next(bytes, options); },
        [&](connect_proxy& at, const step& now, std::string& buffer) {
            return now.what == action::decide ? how(at) == errc::ok
                   : now.what == action::dial ? at.dialing() == errc::ok
                   : now.what == action::wait
                       ? at.tunnel_open() == errc::ok
                       : now.what == action::drain && buffer.empty() && at.peer_closed() == errc::ok;
        });
}

std::string connect(connect_client& machine, std::initializer_list<std::string_view> said) {
    char text[300] = {};
    connect_options options;
    options.connect = write_connect(text, {"a.example", 443, {}}).head;
    return unit::conversation(
        machine, said, [&](connect_client& at, std::string_view bytes) { return at.next(bytes, options); },
        [&](connect_client& at, const step& now, std::string& buffer) {
            if (now.what == action::dial) {
                buffer.clear();
                return at.retry() == errc::ok;
            }
            return now.what == action::answer && now.status == 407 && at.retry() == errc::ok && false;
        });
}

} // namespace

TEST_CASE("every step of a client that upgrades: heads and content in pieces, a folded trailer") {
    client machine;
    CHECK(ask(machine, client_heads(requirement::tls).options,
              {"HTTP/1.1 103 Early", " Hints\r\n\r\n", switching, "HTTP/1.1 200 OK\r\nContent-Le", "ngth: 2\r\n\r\n",
               "ok", "HTTP/1.1 4", folded.substr(10, 46), folded.substr(56)}) == "write 0 80\n"
                                                                                 "read 0 0\n"
                                                                                 "read 0 0, 18\n"
                                                                                 "drop 103 28, 28\n"
                                                                                 "read 0 0\n"
                                                                                 "drop 101 57, 57\n"
                                                                                 "start_tls 0 0\n"
                                                                                 "read 0 0\n"
                                                                                 "read 0 0, 27\n"
                                                                                 "drop 200 38, 38\n"
                                                                                 "read 200 0\n"
                                                                                 "drop 200 2\n"
                                                                                 "write 0 37\n"
                                                                                 "read 0 0\n"
                                                                                 "read 0 0, 10\n"
                                                                                 "answer 404 54, 54\n"
                                                                                 "drop 404 2, 2\n"
                                                                                 "read 404 0\n"
                                                                                 "drop 404 1, 1\n"
                                                                                 "body 404 2\n"
                                                                                 "drop 404 26, 26\n"
                                                                                 "detach 404 0\n");
}

TEST_CASE("every step of a client that gives the connection away, and of one that follows a 426 elsewhere") {
    client_heads heads(requirement::tls);
    heads.options.request = {};
    client released;
    CHECK(ask(released, heads.options, {switching, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}) ==
          "write 0 80\n"
          "read 0 0\n"
          "drop 101 57, 57\n"
          "start_tls 0 0\n"
          "read 0 0\n"
          "drop 200 38, 38\n"
          "detach 0 0\n");
    client following;
    CHECK(ask(following, client_heads(requirement::any).options,
              {"HTTP/1.1 426 U\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade, close\r\nContent-Length: 2\r\n\r\nn", "o",
               switching}) == "write 0 37\n"
                              "read 0 0\n"
                              "drop 426 83, 83\n"
                              "drop 426 1\n"
                              "read 426 0\n"
                              "drop 426 1\n"
                              "dial 426 0\n"
                              "write 0 80\n"
                              "read 0 0\n"
                              "drop 101 57, 57\n"
                              "start_tls 0 0\n"
                              "read 0 0\n");
}

TEST_CASE("every step of a server: an upgrade with content, then requests inside TLS") {
    server machine;
    CHECK(serve(machine, {"POST / HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2\r\n"
                          "Transfer-Encoding: chunked\r\n\r\n2\r\n",
                          "ok\r\n0\r\n\r\n", "GET / HTTP/1.1\r\nHost", ": example.com\r\n\r\n"}) ==
          "read 0 0\n"
          "decide 0 105, 105\n"
          "drop 0 3, 108\n"
          "read 0 0, 105\n"
          "body 0 2, 105\n"
          "drop 0 7, 112\n"
          "write 101 85, 105\n"
          "start_tls 0 0, 105\n"
          "answer 0 105\n"
          "read 0 0\n"
          "read 0 0, 20\n"
          "decide 0 37, 37\n"
          "answer 0 37, 37\n"
          "drop 0 37, 37\n"
          "read 0 0\n");
}

TEST_CASE("every step of a server up to its end") {
    server machine;
    CHECK(serve(machine, {"\r\nGET / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 4\r\n\r\nbo", "dy", "more"},
                true) == "read 0 0\n"
                         "drop 0 2\n"
                         "decide 0 56, 56\n"
                         "body 0 2, 56\n"
                         "read 0 0, 56\n"
                         "body 0 2, 56\n"
                         "answer 0 56, 56\n"
                         "drop 0 56, 56\n"
                         "drain 0 0\n");
    CHECK(machine.peer_closed() == errc::ok);
    CHECK(machine.next({}, unit::any_server) == step{{}, action::close, errc::ok, 0, false});
}

TEST_CASE("every step of a CONNECT client: a login on another connection, a refusal with a folded trailer") {
    connect_client machine;
    CHECK(connect(machine, {"HTTP/1.1 100 Cont", "inue\r\n\r\n",
                            "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"x\"\r\nConnection: close\r\n"
                            "Content-Length: 2\r\n\r\nn",
                            "o", folded.substr(0, 52), folded.substr(52)}) == "write 0 55\n"
                                                                              "read 0 0\n"
                                                                              "read 0 0, 17\n"
                                                                              "drop 100 25, 25\n"
                                                                              "read 0 0\n"
                                                                              "answer 407 96, 96\n"
                                                                              "body 407 1\n"
                                                                              "read 407 0\n"
                                                                              "body 407 1\n"
                                                                              "dial 407 0\n"
                                                                              "write 0 55\n"
                                                                              "read 0 0\n"
                                                                              "read 0 0, 52\n"
                                                                              "answer 404 54, 54\n"
                                                                              "drop 404 3, 3\n"
                                                                              "body 404 2\n"
                                                                              "drop 404 26, 26\n"
                                                                              "close 404 tunnel_refused 0\n");
}

TEST_CASE("every step of a CONNECT proxy: a tunnel, a refusal of the caller's, a request that is none") {
    constexpr std::string_view head = "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n";
    connect_proxy opening;
    CHECK(proxy(opening, {"\r\n", head.substr(0, 20), head.substr(20)}, [](connect_proxy& at) { return at.open(); }) ==
          "read 0 0\n"
          "drop 0 2\n"
          "read 0 0\n"
          "read 0 0, 20\n"
          "decide 0 55, 55\n"
          "dial 0 55, 55\n"
          "wait 0 0, 55\n"
          "write 200 39, 55\n"
          "drop 0 55, 55\n"
          "tunnel 200 0\n");
    connect_proxy refusing;
    CHECK(proxy(refusing, {head, "more"}, [](connect_proxy& at) { return at.refuse(errc::host_denied); }) ==
          "read 0 0\n"
          "decide 0 55, 55\n"
          "write 403+ host_denied 9\n"
          "write 403+ host_denied 13\n"
          "write 403+ host_denied 78\n"
          "write 403+ host_denied 2\n"
          "write 403+ host_denied 4\n"
          "write 403+ host_denied 39\n"
          "write 403 host_denied 1\n"
          "drain 403 host_denied 55\n"
          "drain 403 host_denied 0\n"
          "close 403 host_denied 0\n");
    CHECK(refusing.outcome() == outcome::refused);
    connect_proxy faulty;
    CHECK(proxy(faulty, {"CONNECT a.example:443\r\n\r\n"}, [](connect_proxy& at) { return at.open(); }) ==
          "read 0 0\n"
          "write 400+ bad_target 9\n"
          "write 400+ bad_target 15\n"
          "write 400+ bad_target 78\n"
          "write 400+ bad_target 2\n"
          "write 400+ bad_target 4\n"
          "write 400+ bad_target 76\n"
          "write 400 bad_target 1\n"
          "drain 400 bad_target 25\n"
          "drain 400 bad_target 0\n"
          "close 400 bad_target 0\n");
    CHECK(faulty.status() == 400);
    CHECK(faulty.outcome() == outcome::refused);
}

TEST_CASE("a method that ends like CONNECT is none, on either side of the switch") {
    server machine;
    CHECK(serve(machine, {"XCONNECT / HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2\r\n\r\n",
                          "XCONNECT / HTTP/1.1\r\nHost: example.com\r\n\r\n"}) == "read 0 0\n"
                                                                                  "decide 0 81, 81\n"
                                                                                  "write 101 85, 81\n"
                                                                                  "start_tls 0 0, 81\n"
                                                                                  "answer 0 81\n"
                                                                                  "read 0 0\n"
                                                                                  "decide 0 42, 42\n"
                                                                                  "answer 0 42, 42\n"
                                                                                  "drop 0 42, 42\n"
                                                                                  "read 0 0\n");
}

TEST_CASE("a server whose 426 names other tokens than it takes says only that") {
    server machine;
    server_options options = unit::any_server;
    options.upgrade.defence = splice_defence::bound_alpn;
    char text[300] = {};
    options.upgrade_required = write_426(text, {tls_token::tls_1_0}, "TLS please.\n").head;
    const step ended{{}, action::close, errc::bad_options, 0, false};
    CHECK(machine.next(unit::probe, options) == ended);
    CHECK(machine.next(unit::probe, unit::any_server) == ended); // it stays so
}
