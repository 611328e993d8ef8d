// The road, step by step: what it refuses, what it does once, and what it never shows to whom.
#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <tlsup/tlsup.hpp>

#include "route_support.hpp"

using namespace tlsup;
using namespace unit;

namespace {

errc refusal(const route_options& options) {
    route machine;
    const step now = machine.next({}, options);
    CHECK(now.bytes.empty());
    return now.what == action::close && machine.outcome() == outcome::refused ? machine.error() : errc::ok;
}

/// A direct road at compile time: dialled, asked, answered.
constexpr bool answers_at_compile_time() {
    const heads all(requirement::any);
    route machine;
    bool good = machine.next({}, all.options).what == action::dial && machine.connected(all.options) == errc::ok;
    const step now = machine.next({}, all.options);
    good = good && now.what == action::write && machine.wrote(now.bytes.size()) == errc::ok;
    good = good && machine.next(ok_200, all.options).what == action::answer;
    good = good && machine.took(ok_200.size() - 2) == errc::ok && machine.next("ok", all.options).bytes == "ok";
    good = good && machine.took(2) == errc::ok && machine.next({}, all.options).what == action::detach;
    return good && machine.outcome() == outcome::answered && machine.reusable();
}
static_assert(answers_at_compile_time());
static_assert(std::is_trivially_copyable_v<route> && sizeof(route) == 92);

} // namespace

TEST_CASE("a road that the options cannot pave is refused before a byte is written (2817-19)") {
    CHECK(refusal(heads(requirement::tls).options) == errc::ok);
    CHECK(refusal(heads(requirement::tls, 9).options) == errc::bad_options);
    CHECK(refusal(heads(requirement::any, 0, true).options) == errc::bad_options); // forwarded by whom?
    heads no_request(requirement::any);
    no_request.options.exchange.request = {};
    CHECK(refusal(no_request.options) == errc::bad_options);
    heads no_probe(requirement::tls);
    no_probe.options.exchange.probe = {};
    CHECK(refusal(no_probe.options) == errc::bad_options);
    for (const requirement need : {requirement::tls, requirement::any}) {
        heads no_tunnel(need, 1, true, need == requirement::any);
        no_tunnel.hops[0].connect = {};
        CHECK(refusal(no_tunnel.options) == errc::bad_options); // TLS or an offer, but no way to the server
    }
    heads only_forwarded(requirement::any, 1, true);
    only_forwarded.hops[0].connect = {};
    CHECK(refusal(only_forwarded.options) == errc::ok);
}

TEST_CASE("through a proxy an offer goes to the server alone, behind CONNECT (2817-20)") {
    for (const requirement need : {requirement::tls, requirement::any}) {
        const heads all(need, 1, true, true);
        route machine;
        const std::string asked = ask(machine, all.options);
        CHECK(asked == all.hops[0].connect.text());
        CHECK(machine.hop() == 0);
        CHECK(tell(machine, open_200, all.options).last.what == action::write);
        CHECK(machine.hop() == 1);
        const std::string inside = ask(machine, all.options);
        CHECK(inside == (need == requirement::tls ? all.options.exchange.probe : all.options.exchange.request).text());
    }
}

TEST_CASE("bytes in a tunnel that come before the request was written are no answer (9112-9.2-02)") {
    const heads all(requirement::tls, 1);
    route machine;
    (void)ask(machine, all.options);
    const told seen = tell(machine, std::string(open_200) + "220 ready", all.options);
    CHECK(seen.last.what == action::close);
    CHECK(machine.error() == errc::unsolicited_response);
}

TEST_CASE("a proxy is told the login once, and only if it asks for that scheme (9110-15.5.8-02, 9110-11.7.2-01)") {
    const heads all(requirement::tls, 1);
    route machine;
    CHECK(ask(machine, all.options) == all.hops[0].connect.text());
    const told first = tell(machine, basic_407, all.options);
    CHECK(first.shown.empty());
    CHECK(first.last.bytes == all.hops[0].connect_with_login.text());
    CHECK(ask(machine, all.options) == all.hops[0].connect_with_login.text());
    const told second = tell(machine, basic_407, all.options);
    CHECK(second.shown == basic_407);
    CHECK(second.last.what == action::close);
    CHECK(machine.error() == errc::tunnel_refused);
    CHECK(machine.status() == 407);
    CHECK(machine.hop() == 0);
    CHECK(machine.connections() == 1);

    constexpr std::string_view digest =
        "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Digest realm=\"x\"\r\nContent-Length: 0\r\n\r\n";
    route other;
    (void)ask(other, all.options);
    CHECK(tell(other, digest, all.options).last.what == action::close);

    heads any_scheme(requirement::tls, 1);
    any_scheme.hops[0].basic = false;
    route third;
    (void)ask(third, any_scheme.options);
    CHECK(tell(third, digest, any_scheme.options).last.what == action::write);
}

TEST_CASE("a forward proxy is told the login once, on a connection of its own (9110-15.5.8-02)") {
    const heads all(requirement::any, 1, true);
    route machine;
    CHECK(ask(machine, all.options) == all.options.forwarded.text());
    const told first = tell(machine, basic_407, all.options);
    CHECK(first.last.what == action::dial);
    CHECK(ask(machine, all.options) == all.options.forwarded_with_login.text());
    const told second = tell(machine, basic_407, all.options);
    CHECK(second.shown == basic_407);
    CHECK(machine.outcome() == outcome::answered);
    CHECK(machine.status() == 407);
}

TEST_CASE("a denied tunnel leaves unseen where the request may go in clear; a 407 without a login does not") {
    const heads all(requirement::any, 1, true, true);
    route machine;
    (void)ask(machine, all.options);
    const told denied = tell(machine, "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nNo", all.options);
    CHECK(denied.shown.empty());
    CHECK(denied.last.what == action::dial);
    CHECK(ask(machine, all.options) == all.options.forwarded.text());
    const told answer = tell(machine, ok_200, all.options);
    CHECK(answer.shown == ok_200);
    CHECK(machine.outcome() == outcome::answered);

    heads stranger(requirement::any, 1, true, true);
    stranger.hops[0].connect_with_login = {};
    route second;
    (void)ask(second, stranger.options);
    CHECK(tell(second, basic_407, stranger.options).shown == basic_407);
    CHECK(second.error() == errc::tunnel_refused);
}

TEST_CASE("a proxy that is lost or breaks the protocol denies no tunnel: nothing goes in clear") {
    for (const std::string_view answer : {std::string_view{}, std::string_view{"junk\r\n\r\n"}}) {
        const heads all(requirement::any, 1, true, true);
        route machine;
        (void)ask(machine, all.options);
        REQUIRE(machine.peer_closed() == errc::ok);
        CHECK(machine.next(answer, all.options).what == action::close);
        CHECK(machine.outcome() == outcome::refused);
    }
}

TEST_CASE("a 426 through a forward proxy leads into a tunnel, whatever it names (2817-19, 2817-23)") {
    for (const std::string_view fields : {"", "Upgrade: TLS/1.2\r\nConnection: Upgrade\r\n"}) {
        const heads all(requirement::any, 1, true);
        route machine;
        (void)ask(machine, all.options);
        const std::string said = "HTTP/1.1 426 TLS\r\n" + std::string(fields) + "Content-Length: 0\r\n\r\n";
        CHECK(tell(machine, said, all.options).last.what == action::dial);
        CHECK(machine.raised());
        CHECK(ask(machine, all.options) == all.hops[0].connect.text());
        (void)tell(machine, open_200, all.options);
        CHECK(ask(machine, all.options) == all.options.exchange.probe.text());
        // The requirement stays raised: no clear answer is taken any more.
        CHECK(tell(machine, ok_200, all.options).shown.empty());
        CHECK(machine.error() == errc::upgrade_refused);
    }
}

TEST_CASE("a 426 that cannot be followed is shown, and refuses the request (2817-13, 9110-15.5.22-01)") {
    const auto ends_with = [](const route_options& options, std::string_view fields) {
        route machine;
        (void)ask(machine, options);
        const std::string said = "HTTP/1.1 426 TLS\r\n" + std::string(fields) + "Content-Length: 3\r\n\r\nTLS";
        CHECK(tell(machine, said, options).shown == said);
        CHECK(machine.outcome() == outcome::refused);
        CHECK(machine.status() == 426);
        return machine.error();
    };
    constexpr std::string_view named = "Upgrade: TLS/1.2, HTTP/1.1\r\nConnection: Upgrade\r\n";
    heads all(requirement::any);
    CHECK(ends_with(all.options, "") == errc::missing_upgrade);
    CHECK(ends_with(all.options, "Upgrade: TLS/1.2\r\n") == errc::missing_upgrade_option);
    CHECK(ends_with(all.options, "Upgrade: TLS/1.3\r\nConnection: Upgrade\r\n") == errc::no_common_token);
    all.options.exchange.follow_426 = false;
    CHECK(ends_with(all.options, named) == errc::upgrade_required);
    heads forwarded(requirement::any, 1, true);
    forwarded.hops[0].connect = {};
    CHECK(ends_with(forwarded.options, named) == errc::upgrade_required);
    heads no_probe(requirement::any, 1, true);
    no_probe.options.exchange.probe = {};
    CHECK(ends_with(no_probe.options, named) == errc::upgrade_required);
}

TEST_CASE("a followed 426 that closes is dialled again, over all proxies (2817-18, 9112-9.6-05)") {
    for (const std::size_t proxies : {std::size_t{0}, std::size_t{2}}) {
        const heads all(requirement::any, proxies);
        route machine;
        std::string sent = ask(machine, all.options);
        for (std::size_t at = 0; at < proxies; ++at) {
            (void)tell(machine, open_200, all.options);
            sent = ask(machine, all.options);
        }
        CHECK(sent == all.options.exchange.request.text());
        const told seen = tell(machine,
                               "HTTP/1.1 426 TLS\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade, close\r\n"
                               "Content-Length: 0\r\n\r\n",
                               all.options);
        CHECK(seen.last.what == action::dial);
        sent = ask(machine, all.options);
        for (std::size_t at = 0; at < proxies; ++at) {
            CHECK(sent == all.hops[at].connect.text());
            (void)tell(machine, open_200, all.options);
            sent = ask(machine, all.options);
        }
        CHECK(sent == all.options.exchange.probe.text());
        CHECK(machine.connections() == 2);
    }
}

TEST_CASE("connections are counted, and one more than allowed is refused") {
    heads all(requirement::any, 1, true);
    all.options.connections = 1;
    route machine;
    (void)ask(machine, all.options);
    CHECK(tell(machine, basic_407, all.options).last.what == action::close);
    CHECK(machine.error() == errc::too_many_attempts);
    CHECK(machine.connected(all.options) == errc::wrong_call);
}

TEST_CASE("Upgrade on an answer through a forward proxy is no hint about the server (2817-12, 2817-21)") {
    constexpr std::string_view advertised =
        "HTTP/1.1 200 OK\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n";
    for (const bool forwarded : {false, true}) {
        const heads all(requirement::any, forwarded ? 1 : 0, forwarded);
        route machine;
        (void)ask(machine, all.options);
        CHECK(machine.next(advertised, all.options).what == action::answer);
        CHECK(machine.response().hint.empty() == forwarded);
    }
}

TEST_CASE("the wrong call changes nothing, in any state") {
    const heads all(requirement::tls, 1);
    const route_options& options = all.options;
    const auto unmoved = [&](const route& machine, auto call) {
        route copy = machine;
        CHECK(call(copy) == errc::wrong_call);
        CHECK(copy == machine);
    };
    const auto check_all = [&](const route& machine) {
        unmoved(machine, [](route& at) { return at.took(1); });
        unmoved(machine, [](route& at) { return at.wrote(100000); });
        unmoved(machine, [](route& at) { return at.request_body_done(); });
        unmoved(machine, [&](route& at) { return at.tls_established(verified, options); });
        if (!machine.secure()) {
            unmoved(machine, [](route& at) { return at.tls_failed(); });
        }
    };
    route machine;
    check_all(machine);
    unmoved(machine, [&](route& at) { return at.connected(options); }); // not asked yet
    (void)machine.next({}, options);
    check_all(machine);
    CHECK(machine.peer_closed() == errc::wrong_call);
    CHECK(machine.next_secure("x", options).error == errc::wrong_call);
    (void)ask(machine, options);
    check_all(machine);
    (void)tell(machine, open_200, options);
    check_all(machine);
    (void)ask(machine, options);
    check_all(machine);
    CHECK(tell(machine, switch_101, options).last.what == action::start_tls);
    CHECK(machine.wanted() == deadline::handshake);
    CHECK(machine.tls_established(verified, options) == errc::ok);
    CHECK(machine.next("x", options).what == action::secure);
    check_all(machine);
    CHECK(machine.abort(errc::timeout) == errc::ok);
    CHECK(machine.abort(errc::timeout) == errc::wrong_call);
    CHECK(machine.peer_closed() == errc::wrong_call);
    CHECK(machine.error() == errc::timeout);
    CHECK(machine.next("HTTP/1.1 200 OK\r\n\r\n", options).what == action::close);
}

TEST_CASE("what keeps a dial from its connection is the reason of the refusal") {
    const heads all(requirement::any);
    route machine;
    CHECK(machine.next({}, all.options).what == action::dial);
    CHECK(machine.wanted() == deadline::dial);
    CHECK(machine.abort(errc::upstream_refused) == errc::ok);
    CHECK(machine.next({}, all.options).error == errc::upstream_refused);
    CHECK(machine.outcome() == outcome::refused);
    CHECK(machine.status() == 0);
}

TEST_CASE("content is sent again behind each head that announces it") {
    heads all(requirement::any, 1, true);
    char text[2][300] = {};
    const request_text request{"POST", "/", "a.example:8080", {}, content::of(5)};
    all.options.exchange.request = write_request(text[0], request).head;
    all.options.forwarded = write_proxied(text[1], request).head;
    route machine;
    (void)machine.next({}, all.options);
    REQUIRE(machine.connected(all.options) == errc::ok);
    const step head = machine.next({}, all.options);
    CHECK(head.more);
    REQUIRE(machine.wrote(head.bytes.size()) == errc::ok);
    (void)machine.next({}, all.options);
    CHECK(machine.request_body_done() == errc::ok);
    CHECK(machine.request_body_done() == errc::wrong_call);
    CHECK(tell(machine, "HTTP/1.1 426 TLS\r\nContent-Length: 0\r\n\r\n", all.options).last.what == action::dial);
    (void)ask(machine, all.options);
    (void)tell(machine, open_200, all.options);
    (void)ask(machine, all.options);
    (void)tell(machine, switch_101, all.options);
    REQUIRE(machine.tls_established(verified, all.options) == errc::ok);
    const told probed = tell(machine, ok_200, all.options);
    CHECK(probed.last.what == action::write);
    CHECK(probed.last.bytes == all.options.exchange.request.text());
    CHECK(probed.last.more);
}

TEST_CASE("the name for TLS is the request's host, bare") {
    heads all(requirement::tls);
    char text[200] = {};
    all.options.exchange.request = write_request(text, {"GET", "/", "[2001:db8::1]:80", {}, {}}).head;
    CHECK(route::tls_name(all.options) == "2001:db8::1");
}

TEST_CASE("a request for a forward proxy is in absolute-form, with a login and without an offer (9112-3.2.2-01)") {
    char text[300] = {};
    const prepared made = write_proxied(text, {"GET", "/a?b", "a.example", {}, {}}, {"u", "p"});
    CHECK(made.head.text() ==
          "GET http://a.example/a?b HTTP/1.1\r\nHost: a.example\r\nProxy-Authorization: Basic dTpw\r\n\r\n");
    CHECK(write_proxied(text, {"OPTIONS", "*", "a.example", {}, {}}).head.text() ==
          "OPTIONS http://a.example HTTP/1.1\r\nHost: a.example\r\n\r\n"); // 9112-3.2.4-02
    CHECK(write_proxied(text, {"GET", "/", "a.example", tokens, {}}).error == errc::bad_argument);
    CHECK(write_proxied(text, {"GET", "/", "", {}, {}}).error == errc::bad_argument);
    CHECK(write_proxied(text, {"GET", "http://a.example/", "a.example", {}, {}}).error == errc::bad_argument);
    CHECK(write_proxied(text, {"CONNECT", "a.example:80", "a.example", {}, {}}).error == errc::bad_argument);
    CHECK(write_proxied(text, {"GET", "/", "a.example", {}, {}}, {"u:v", "p"}).error == errc::bad_argument);
    // A client alone sends it, and follows no 426 then. It never goes where TLS is required.
    client machine;
    client_options options;
    options.request = write_proxied(text, {"GET", "/", "a.example", {}, {}}).head;
    CHECK(machine.next({}, options).what == action::close);
    CHECK(machine.error() == errc::bad_options);
}
