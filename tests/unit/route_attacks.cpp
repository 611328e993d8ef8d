// What careless callers and hostile peers do to a road: it ends, or goes on as safely as before.
#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <tlsup/tlsup.hpp>

#include "route_support.hpp"

using namespace tlsup;
using namespace unit;

namespace {

constexpr std::string_view denied_403 = "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view bare_426 = "HTTP/1.1 426 TLS\r\nContent-Length: 0\r\n\r\n";

/// It ends without a word, and says that the options are to blame.
void check_refused(route machine, const route_options& options) {
    CHECK(ask(machine, options).empty());
    CHECK(machine.outcome() == outcome::refused);
    CHECK(machine.error() == errc::bad_options);
}

} // namespace

TEST_CASE("a requirement that rises on the road keeps the request out of the clear (2817-19)") {
    heads all(requirement::any, 1, true);
    route dialled;
    CHECK(dialled.next({}, all.options).what == action::dial);
    route asked = dialled;
    (void)ask(asked, all.options);
    CHECK(tell(asked, basic_407, all.options).last.what == action::dial);
    all.options.exchange.need = requirement::tls;
    check_refused(dialled, all.options);
    check_refused(asked, all.options); // the login does not go out either
}

TEST_CASE("a head that makes an offer never takes the place of the one for the proxy (2817-20)") {
    heads all(requirement::any, 1, true);
    const heads offering(requirement::any, 1, true, true);
    route machine;
    CHECK(machine.next({}, all.options).what == action::dial);
    all.options.forwarded = offering.options.exchange.request;
    check_refused(machine, all.options);
}

TEST_CASE("proxies that come or go on the road end it, and none that is not there is looked at") {
    for (const bool forwarded : {false, true}) {
        heads all(requirement::any, 2, forwarded);
        route machine;
        (void)ask(machine, all.options);
        (void)tell(machine, open_200, all.options);
        (void)ask(machine, all.options);
        CHECK(machine.hop() == 1);
        for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{9}}) {
            heads other = all;
            other.options.proxies = {count == 0 ? nullptr : all.hops, count};
            check_refused(machine, other.options);
        }
    }
    heads fewer(requirement::any, 2, true);
    route late;
    (void)ask(late, fewer.options);
    fewer.options.proxies = {fewer.hops, 1}; // the first of two: it is asked for a tunnel, not for the request
    CHECK(tell(late, open_200, fewer.options).last.what == action::close);
    CHECK(late.error() == errc::bad_options);
    heads direct(requirement::any, 1);
    route machine;
    (void)ask(machine, direct.options);
    (void)tell(machine, open_200, direct.options);
    direct.options.proxies = {direct.hops, 2};
    check_refused(machine, direct.options); // the request is not for the second of them
}

TEST_CASE("a login for the tunnel alone, or for the request alone, is no reason to give up (9110-15.5.8-02)") {
    heads tunnel_only(requirement::any, 1, true, true);
    tunnel_only.options.forwarded_with_login = {};
    route machine;
    (void)ask(machine, tunnel_only.options);
    (void)tell(machine, basic_407, tunnel_only.options);
    CHECK(ask(machine, tunnel_only.options) == tunnel_only.hops[0].connect_with_login.text());
    CHECK(tell(machine, denied_403, tunnel_only.options).last.what == action::dial);
    CHECK(ask(machine, tunnel_only.options) == tunnel_only.options.forwarded.text());

    heads request_only(requirement::any, 1, true);
    request_only.hops[0].connect_with_login = {};
    route other;
    (void)ask(other, request_only.options);
    (void)tell(other, basic_407, request_only.options);
    CHECK(ask(other, request_only.options) == request_only.options.forwarded_with_login.text());
    CHECK(tell(other, bare_426, request_only.options).last.what == action::dial);
    CHECK(ask(other, request_only.options) == request_only.hops[0].connect.text());
    CHECK(tell(other, basic_407, request_only.options).shown == basic_407);
    CHECK(other.error() == errc::tunnel_refused);
}

TEST_CASE("a proxy that grants a tunnel and leaves is not waited for (RFC 9112 9.6)") {
    for (const std::size_t proxies : {std::size_t{1}, std::size_t{2}}) {
        for (const requirement need : {requirement::tls, requirement::any}) {
            const heads all(need, proxies);
            route machine;
            (void)ask(machine, all.options);
            CHECK(machine.peer_closed() == errc::ok); // once, before its last bytes are read
            (void)tell(machine, open_200, all.options);
            (void)ask(machine, all.options);
            CHECK(machine.next({}, all.options).what == action::close);
            CHECK(machine.error() == errc::peer_closed);
        }
    }
    // Between the grant and what comes next there is no gap to fall into.
    const heads one(requirement::tls, 1);
    route granted;
    (void)ask(granted, one.options);
    CHECK(granted.next(open_200, one.options).what == action::drop);
    CHECK(granted.took(open_200.size()) == errc::ok);
    CHECK(granted.peer_closed() == errc::ok);
    (void)ask(granted, one.options);
    CHECK(granted.error() == errc::peer_closed);
    // The next connection is another one.
    const heads all(requirement::any, 1, true);
    route machine;
    (void)ask(machine, all.options);
    CHECK(machine.peer_closed() == errc::ok);
    CHECK(tell(machine, basic_407, all.options).last.what == action::dial);
    (void)ask(machine, all.options);
    CHECK(machine.next({}, all.options).what == action::read);
    heads tunnelled(requirement::tls, 1);
    route again;
    (void)ask(again, tunnelled.options);
    CHECK(again.peer_closed() == errc::ok);
    CHECK(tell(again, basic_407, tunnelled.options).last.what == action::dial);
    (void)ask(again, tunnelled.options);
    (void)tell(again, open_200, tunnelled.options);
    (void)ask(again, tunnelled.options);
    CHECK(again.next({}, tunnelled.options).what == action::read);
}

TEST_CASE("a shorter head does not end one that was begun") {
    heads all(requirement::any);
    char text[200] = {};
    route machine;
    (void)machine.next({}, all.options);
    CHECK(machine.connected(all.options) == errc::ok);
    const std::size_t whole = machine.next({}, all.options).bytes.size();
    CHECK(machine.wrote(whole - 1) == errc::ok);
    all.options.exchange.request = write_request(text, {"GET", "/", "a", {}, {}}).head;
    check_refused(machine, all.options);

    filter_options adverts;
    adverts.advert = write_advert(text, default_tokens).head;
    request_facts asked;
    asked.start("GET", "/", 1, 1);
    asked.field("host", "a.example");
    CHECK(asked.finish() == errc::ok);
    response_filter filter;
    CHECK(filter.request(asked) == errc::ok);
    CHECK(filter.took(filter.next(ok_200, adverts).bytes.size()) == errc::ok);
    constexpr std::string_view rest = "\r\nok";
    CHECK(filter.wrote(filter.next(rest, adverts).bytes.size() - 1) == errc::ok);
    char other[200] = {};
    adverts.advert = write_advert(other, token_list{tls_token::tls_1_2}).head;
    CHECK(filter.next(rest, adverts).what == action::close);
    CHECK(filter.error() == errc::bad_options);
}
