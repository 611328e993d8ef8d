// Whole conversations, step by step: what each step says besides its bytes. A line is the action, its status with a `+`
// where more follows, its error, and how many octets it shows.
#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <tlsup/tlsup.hpp>
#include <utility>

#include "support.hpp"

using namespace tlsup;

namespace {

/// Keeps the steps of one conversation. Bytes are taken or written whole.
struct notes {
    std::string text{};
    std::string buffer{};

    void note(const step& now) {
        text += std::string(to_string(now.what)) + " " + std::to_string(now.status) + (now.more ? "+" : "") + " " +
                (now.error == errc::ok ? "" : std::string(to_string(now.error)) + " ") +
                std::to_string(now.bytes.size()) + "\n";
    }

    /// Does what needs no decision; false where the step wants something else, or more bytes.
    template <class Machine> bool follow(Machine& machine, const step& now) {
        note(now);
        if (now.bytes.empty() || now.what == action::decide || now.what == action::dial) {
            return false;
        }
        const std::size_t count = now.bytes.size();
        if (now.what == action::write) {
            CHECK(machine.wrote(count) == errc::ok);
        } else if constexpr (requires { machine.answered(); }) {
            if (now.what == action::answer) {
                return false;
            }
            const auto at = static_cast<std::size_t>(now.bytes.data() - buffer.data());
            CHECK(machine.took(count) == errc::ok);
            buffer.erase(at, count);
        } else {
            CHECK(machine.took(count) == errc::ok);
            buffer.erase(0, count);
        }
        return true;
    }
};

constexpr std::string_view offer_post =
    "POST / HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2\r\n"
    "Expect: 100-continue\r\nContent-Length: 4\r\n\r\nbody";

/// A server that accepts each offer, and goes through TLS; then this comes inside.
std::string serve(std::string_view clear, std::string_view inside, bool strict = false) {
    notes seen;
    server machine;
    seen.buffer = clear;
    const server_options& options = unit::any_server;
    std::string held;
    for (unsigned turn = 0; turn < 40; ++turn) {
        const step now =
            machine.secure() ? machine.next_secure(seen.buffer, held, options) : machine.next(seen.buffer, options);
        if (seen.follow(machine, now)) {
            continue;
        }
        if (now.what == action::decide) {
            const bool offers = !machine.request(now.bytes).offer.empty();
            CHECK((offers                        ? machine.accept(0)
                   : strict && !machine.secure() ? machine.require_upgrade()
                                                 : machine.decline()) == errc::ok);
        } else if (now.what == action::answer) {
            CHECK(machine.answered() == errc::ok);
        } else if (now.what == action::start_tls) {
            held = std::exchange(seen.buffer, {});
            CHECK(machine.tls_hello(unit::passing(true)) == errc::ok);
            CHECK(machine.tls_established(unit::good_tls, options) == errc::ok);
        } else if (now.what == action::read && machine.secure() && !inside.empty()) {
            seen.buffer += std::exchange(inside, {});
        } else {
            break;
        }
    }
    return seen.text;
}

/// A client whose peer says these things, one behind each request; it goes through TLS, and dials again.
std::string ask(const client_options& options, std::initializer_list<std::string_view> said) {
    notes seen;
    client machine;
    const std::string_view* next = said.begin();
    for (unsigned turn = 0; turn < 40; ++turn) {
        const step now =
            machine.secure() ? machine.next_secure(seen.buffer, options) : machine.next(seen.buffer, options);
        if (seen.follow(machine, now)) {
            continue;
        }
        if (now.what == action::start_tls) {
            CHECK(machine.tls_established(unit::good_tls, options) == errc::ok);
        } else if (now.what == action::dial) {
            CHECK(machine.retry() == errc::ok);
        } else if (now.what == action::read && next != said.end()) {
            seen.buffer += *next++;
        } else {
            break;
        }
    }
    return seen.text;
}

/// Another machine whose peer says these things, one at each `read`. `other` answers what needs a decision.
template <class Machine, class Options, class Other>
std::string converse(Machine& machine, const Options& options, std::initializer_list<std::string_view> said,
                     Other other) {
    notes seen;
    const std::string_view* next = said.begin();
    for (unsigned turn = 0; turn < 40; ++turn) {
        const step now = machine.next(seen.buffer, options);
        const bool decided = other(machine, now);
        if (seen.follow(machine, now) || decided) {
            if constexpr (requires { machine.connected({}); }) { // a route's new connection has an empty buffer
                seen.buffer = now.what == action::dial ? std::string{} : std::move(seen.buffer);
            }
            continue;
        }
        if (now.what != action::read || next == said.end()) {
            break;
        }
        seen.buffer += *next++;
    }
    return seen.text;
}

struct client_heads {
    char text[3][300] = {};
    client_options options{};
    client_heads(requirement need, content body = {}) {
        const token_list tokens{tls_token::tls_1_2};
        options.need = need;
        options.probe = write_probe(text[0], "example.com", tokens).head;
        options.request =
            write_request(text[1], {body.how == framing::none ? "GET" : "POST", "/", "example.com", {}, body}).head;
    }
};

constexpr std::string_view basic_407 =
    "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 2\r\n\r\nno";

std::string connect(std::initializer_list<std::string_view> said) {
    char text[300] = {};
    const connect_options options{.connect = write_connect(text, {"a.example", 443, {}}).head};
    connect_client machine;
    return converse(machine, options, said, [](connect_client& at, const step& now) {
        return now.what == action::answer && now.status == 407 && at.retry() == errc::ok && false;
    });
}

/// `how`: what is done with a request that passed.
template <class How> std::string proxy(std::initializer_list<std::string_view> said, How how) {
    constexpr port_range ports[] = {{443, 443}};
    char text[300] = {};
    proxy_options options;
    options.ports = ports;
    options.other_methods = true;
    options.challenge = write_407(text, "Basic realm=\"x\"", "Who?\n").head;
    connect_proxy machine;
    return converse(machine, options, said, [&](connect_proxy& at, const step& now) {
        return now.what == action::decide ? how(at, options) == errc::ok
               : now.what == action::dial ? at.dialing() == errc::ok
               : now.what == action::wait ? at.tunnel_open() == errc::ok
                                          : false;
    });
}

std::string filter(std::initializer_list<std::string_view> said) {
    char text[200] = {};
    const filter_options options{.advert = write_advert(text, {tls_token::tls_1_2}).head};
    response_filter machine;
    request_facts request;
    request.start("GET", "/", 1, 1);
    CHECK(machine.request(request) == errc::ok);
    return converse(machine, options, said, [](response_filter&, const step&) { return false; });
}

std::string travel(const route_options& options, std::initializer_list<std::string_view> said) {
    route machine;
    return converse(machine, options, said, [&](route& at, const step& now) {
        return now.what == action::dial && at.connected(options) == errc::ok;
    });
}

constexpr std::string_view connect_443 = "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n";

} // namespace

TEST_CASE("steps of a server: offer with content and expectation, TLS, another authority, a refusal") {
    CHECK(
        serve(offer_post, "GET / HTTP/1.1\r\nHost: example.com\r\n\r\nGET / HTTP/1.1\r\nHost: other.example\r\n\r\n") ==
        "decide 0 118\n"
        "write 100 25\n"
        "body 0 4\n"
        "write 101 85\n"
        "start_tls 0 0\n"
        "answer 0 118\n"
        "read 0 0\n"
        "decide 0 37\n"
        "answer 0 37\n"
        "drop 0 37\n"
        "write 421 55\n"
        "drop 0 39\n"
        "read 0 0\n");
    CHECK(serve(unit::probe, "POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 2\r\n\r\nok") == "decide 0 89\n"
                                                                                                       "write 101 85\n"
                                                                                                       "start_tls 0 0\n"
                                                                                                       "write 200 63\n"
                                                                                                       "read 0 0\n"
                                                                                                       "decide 0 57\n"
                                                                                                       "body 0 2\n"
                                                                                                       "answer 0 57\n"
                                                                                                       "drop 0 57\n"
                                                                                                       "read 0 0\n");
    CHECK(serve("GET / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n", "", true) == "decide 0 56\n"
                                                                                                 "write 426+ 89\n"
                                                                                                 "write 426+ 7\n"
                                                                                                 "write 426 206\n"
                                                                                                 "drop 0 56\n"
                                                                                                 "drain 0 0\n");
    CHECK(serve("GET / HTTP/1.1\r\n\r\nmore", "") == "write 400+ missing_host 9\n"
                                                     "write 400+ missing_host 15\n"
                                                     "write 400 missing_host 42\n"
                                                     "drain 0 missing_host 22\n"
                                                     "drain 0 missing_host 0\n");
}

TEST_CASE("steps of a client: a probe, TLS and the request; a 426 that is followed; content") {
    const client_heads secure(requirement::tls);
    CHECK(ask(secure.options,
              {"HTTP/1.1 103 Early Hints\r\n\r\n", "HTTP/1.1 101 S\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\n\r\n",
               "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
               "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"}) ==
          "write 0 80\n"
          "read 0 0\n"
          "drop 103 28\n"
          "read 0 0\n"
          "drop 101 57\n"
          "start_tls 0 0\n"
          "read 0 0\n"
          "drop 200 38\n"
          "drop 200 2\n"
          "write 0 37\n"
          "read 0 0\n"
          "answer 404 54\n"
          "drop 404 3\n"
          "body 404 2\n"
          "drop 404 7\n"
          "detach 404 0\n");
    const client_heads plain(requirement::any, content::of(3));
    CHECK(ask(plain.options, {"HTTP/1.1 426 U\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade, close\r\n"
                              "Content-Length: 2\r\n\r\nno",
                              "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}) == "write 0+ 57\n"
                                                                                  "read 0 0\n"
                                                                                  "drop 426 83\n"
                                                                                  "drop 426 2\n"
                                                                                  "dial 426 0\n"
                                                                                  "write 0 80\n"
                                                                                  "read 0 0\n"
                                                                                  "close 200 upgrade_refused 0\n");
}

TEST_CASE("steps of a CONNECT client: interim, a login, the tunnel; a refusal with content") {
    CHECK(connect({"HTTP/1.1 100 Continue\r\n\r\n", basic_407, "HTTP/1.1 200 OK\r\n\r\nhello"}) == "write 0 55\n"
                                                                                                   "read 0 0\n"
                                                                                                   "drop 100 25\n"
                                                                                                   "read 0 0\n"
                                                                                                   "answer 407 77\n"
                                                                                                   "body 407 2\n"
                                                                                                   "write 0 55\n"
                                                                                                   "read 0 0\n"
                                                                                                   "drop 200 19\n"
                                                                                                   "tunnel 200 0\n");
    CHECK(connect({"HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n"}) ==
          "write 0 55\n"
          "read 0 0\n"
          "answer 403 47\n"
          "drop 403 3\n"
          "body 403 2\n"
          "drop 403 7\n"
          "close 403 tunnel_refused 0\n");
}

TEST_CASE("steps of a CONNECT proxy: a tunnel, a refusal, a challenge, another method") {
    const auto open = [](connect_proxy& at, const proxy_options&) { return at.open(); };
    const auto refuse = [](connect_proxy& at, const proxy_options&) { return at.refuse(errc::host_denied); };
    const auto challenge = [](connect_proxy& at, const proxy_options& options) { return at.challenge(options); };
    CHECK(proxy({"\r\n", connect_443, "early"}, open) == "read 0 0\n"
                                                         "drop 0 2\n"
                                                         "read 0 0\n"
                                                         "decide 0 55\n"
                                                         "dial 0 55\n"
                                                         "wait 0 0\n"
                                                         "write 200 39\n"
                                                         "drop 0 55\n"
                                                         "tunnel 200 0\n");
    CHECK(proxy({connect_443, "early"}, refuse) == "read 0 0\n"
                                                   "decide 0 55\n"
                                                   "write 403+ host_denied 9\n"
                                                   "write 403+ host_denied 13\n"
                                                   "write 403+ host_denied 78\n"
                                                   "write 403+ host_denied 2\n"
                                                   "write 403+ host_denied 4\n"
                                                   "write 403+ host_denied 39\n"
                                                   "write 403 host_denied 1\n"
                                                   "drain 403 host_denied 55\n"
                                                   "drain 403 host_denied 0\n");
    CHECK(proxy({connect_443}, challenge) == "read 0 0\n"
                                             "decide 0 55\n"
                                             "write 407 proxy_authentication_required 167\n"
                                             "drain 407 proxy_authentication_required 55\n"
                                             "drain 407 proxy_authentication_required 0\n");
    CHECK(proxy({"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"}, refuse) == "read 0 0\n"
                                                                          "decide 0 35\n"
                                                                          "write 403+ host_denied 9\n"
                                                                          "write 403+ host_denied 13\n"
                                                                          "write 403+ host_denied 78\n"
                                                                          "write 403+ host_denied 2\n"
                                                                          "write 403+ host_denied 4\n"
                                                                          "write 403+ host_denied 39\n"
                                                                          "write 403 host_denied 1\n"
                                                                          "drain 403 host_denied 35\n"
                                                                          "drain 403 host_denied 0\n");
    CHECK(proxy({"HEAD / HTTP/1.1\r\nHost: a.example\r\n\r\n"}, challenge) ==
          "read 0 0\n"
          "decide 0 36\n"
          "write 407 proxy_authentication_required 162\n"
          "drain 407 proxy_authentication_required 36\n"
          "drain 407 proxy_authentication_required 0\n");
}

TEST_CASE("steps of a response filter, and of a route") {
    CHECK(filter({"HTTP/1.1 100 Continue\r\n\r\n",
                  "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"}) == "read 0 0\n"
                                                                                             "body 100 25\n"
                                                                                             "read 0 0\n"
                                                                                             "body 200 34\n"
                                                                                             "write 200+ 9\n"
                                                                                             "body 200 21\n"
                                                                                             "write 200+ 28\n"
                                                                                             "body 200 2\n"
                                                                                             "body 200 2\n"
                                                                                             "close 200 0\n");
    char text[2][300] = {};
    const client_heads heads(requirement::any);
    const route_proxy proxies[] = {{write_connect(text[0], {"example.com", 80, {}}).head, {}}};
    route_options options;
    options.exchange = heads.options;
    options.proxies = proxies;
    options.forwarded = write_proxied(text[1], {"GET", "/", "example.com", {}, {}}).head;
    CHECK(travel(options, {"HTTP/1.1 426 U\r\nContent-Length: 0\r\n\r\n",
                           "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno"}) == "dial 0 0\n"
                                                                                 "write 0 55\n"
                                                                                 "read 0 0\n"
                                                                                 "dial 0 0\n"
                                                                                 "write 0 57\n"
                                                                                 "read 0 0\n"
                                                                                 "answer 403 38\n"
                                                                                 "body 403 2\n"
                                                                                 "close 403 tunnel_refused 0\n");
}

TEST_CASE("each state has its own name") {
    const auto names = [](const auto& all, auto first) {
        for (std::size_t at = 0; at < sizeof all / sizeof all[0]; ++at) {
            CHECK(to_string(static_cast<decltype(first)>(at)) == all[at]);
        }
    };
    names(client_state_names, client_state{});
    names(server_state_names, server_state{});
    names(connect_client_state_names, connect_client_state{});
    names(connect_proxy_state_names, connect_proxy_state{});
    names(tunnel_state_names, tunnel_state{});
    names(route_state_names, route_state{});
    names(response_filter_state_names, response_filter_state{});
}

TEST_CASE("as many interim responses as allowed, and not one more (9110-15.2-03)") {
    client_heads heads(requirement::any);
    heads.options.interim_responses = 2;
    constexpr std::string_view early = "HTTP/1.1 103 Early Hints\r\n\r\n";
    CHECK(ask(heads.options, {early, early, "HTTP/1.1 204 No Content\r\n\r\n"}).ends_with("detach 204 0\n"));
    CHECK(ask(heads.options, {early, early, early}).ends_with("close 103 too_many_interim 0\n"));
}
