#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <string>
#include <type_traits>

#include "unit/connect_support.hpp"

using namespace tlsup;
using unit::duty;
using unit::serve;
using unit::served;

static_assert(std::is_trivially_copyable_v<connect_proxy> && sizeof(connect_proxy) == 40);
static_assert(!proxy_options{}.ports.allow(443), "no port is open unless the caller names it: 2817-44, 9110-9.3.6-08");
static_assert(proxy_options{}.hosts.allow("a.example"));

namespace {

constexpr port_range web_ports[] = {{443, 443}, {8000, 8999}};
constexpr std::string_view head = "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n";
constexpr std::string_view open_200 = "HTTP/1.1 200 Connection established\r\n\r\n";

using answer = unit::answer<connect_proxy>;
constexpr answer answers[] = {
    {"open", [](connect_proxy& it) { return it.open(); }},
    {"open_here", [](connect_proxy& it) { return it.open_here(); }},
    {"dialing", [](connect_proxy& it) { return it.dialing(); }},
    {"tunnel_open", [](connect_proxy& it) { return it.tunnel_open(); }},
    {"detach", [](connect_proxy& it) { return it.detach(); }},
    {"refuse", [](connect_proxy& it) { return it.refuse(errc::upstream_refused); }},
    {"refuse_503", [](connect_proxy& it) { return it.refuse(std::uint16_t{503}); }},
    {"refuse_next", [](connect_proxy& it) { return it.refuse_as_next_proxy(403); }},
    {"challenge",
     [](connect_proxy& it) {
         char text[200] = {};
         const proxy_options options{.challenge = write_407(text, "Basic realm=\"p\"", "").head};
         return it.challenge(options);
     }},
    {"took_1", [](connect_proxy& it) { return it.took(1); }},
    {"took_2", [](connect_proxy& it) { return it.took(2); }},
    {"took_head", [](connect_proxy& it) { return it.took(head.size()); }},
    {"took_answer", [](connect_proxy& it) { return it.took(open_200.size()); }},
    {"took_all", [](connect_proxy& it) { return it.took(70000); }},
    {"wrote_1", [](connect_proxy& it) { return it.wrote(1); }},
    {"wrote_all", [](connect_proxy& it) { return it.wrote(70000); }},
    {"peer_closed", [](connect_proxy& it) { return it.peer_closed(); }},
    {"abort", [](connect_proxy& it) { return it.abort(errc::aborted); }},
};

/// A proxy and its options.
struct fixture {
    proxy_options options{};
    connect_proxy machine{};

    fixture() { options.ports = web_ports; }

    step next(std::string_view unread) { return machine.next(unread, options); }
    void decide(std::string_view unread = head) { REQUIRE(next(unread).what == action::decide); }
    void dial() {
        decide();
        REQUIRE(machine.open() == errc::ok);
        REQUIRE(next(head).what == action::dial);
        REQUIRE(machine.dialing() == errc::ok);
    }
    std::string write(std::string_view unread) {
        std::string text;
        for (step now = next(unread); now.what == action::write; now = next(unread)) {
            text += now.bytes;
            REQUIRE(machine.wrote(now.bytes.size()) == errc::ok);
        }
        return text;
    }
    void only(const std::vector<std::string_view>& right) { unit::only(machine, answers, right); }
};

/// With the default options but for the ports.
served handled(std::string_view input, const duty& of = {}) {
    fixture it;
    return serve(input, it.options, of);
}

const std::vector<std::string_view> at_decide = {"open",      "refuse",      "refuse_503", "refuse_next",
                                                 "challenge", "peer_closed", "abort"};

} // namespace

TEST_CASE("a tunnel opens behind its upstream connection, and all behind the head is the tunnel's (9110-9.3.6-01)") {
    const std::string input = std::string(head) + "\r\nGET / HTTP/1.1\r\nHost: proxy.example\r\n\r\n";
    const served seen = handled(input);
    CHECK(seen.last == action::tunnel);
    CHECK(seen.end == outcome::tunnelled);
    CHECK(seen.dialled);
    CHECK(seen.decided == head);
    CHECK(seen.wrote == open_200); // neither length nor coding: 9110-9.3.6-09, 9110-8.6-02, 9112-6.1-04
    CHECK(seen.dropped == head);
    CHECK(seen.rest == input.substr(head.size())); // no empty line is skipped here: 9112-2.2-06
    CHECK(seen.status == 200);
    CHECK(handled("\r\n" + std::string(head)).dropped == "\r\n" + std::string(head));
}

TEST_CASE("no 2xx without the upstream connection (2817-31, 9931-03)") {
    fixture it;
    it.decide();
    CHECK(it.machine.tunnel_open() == errc::wrong_call);
    CHECK(it.machine.open() == errc::ok);
    CHECK(it.machine.tunnel_open() == errc::wrong_call);
    CHECK(it.machine.dialing() == errc::ok);
    const std::string early = std::string(head) + "\x16\x03\x01";
    step now = it.next(early); // what comes early waits in the buffer
    CHECK(now.what == action::wait);
    CHECK(now.bytes.empty());
    CHECK(now.error == errc::ok);
    CHECK(it.machine.tunnel_open() == errc::ok);
    CHECK(it.machine.refuse(errc::upstream_refused) == errc::wrong_call); // too late
    CHECK(it.write(early) == open_200);
    now = it.next(early);
    CHECK(now.what == action::drop);
    CHECK(now.bytes == head);
    CHECK(it.machine.head_size() == head.size());
    CHECK(it.machine.took(now.bytes.size()) == errc::ok);
    CHECK(it.machine.head_size() == 0);
    CHECK(it.next(early.substr(head.size())).what == action::tunnel);
    CHECK(it.next("GET / HTTP/1.1\r\n\r\n").what == action::tunnel); // nothing is parsed any more
}

TEST_CASE("behind a refusal nothing is parsed, and the connection closes (9931-03, 2817-28)") {
    const std::string behind =
        "POST /upload HTTP/1.1\r\nHost: proxy.example\r\nContent-Length: 3\r\n\r\nabc" + std::string(head);
    for (const std::string_view fields : {"", "Connection: keep-alive\r\n", "Proxy-Connection: keep-alive\r\n"}) {
        const std::string input =
            "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n" + std::string(fields) + "\r\n" + behind;
        const auto check = [&](const served& seen, std::uint16_t status, errc error) {
            CHECK(seen.last == action::close);
            CHECK(seen.status == status);
            CHECK(seen.error == error);
            CHECK(seen.end == outcome::refused);
            CHECK(seen.drained == input);
            CHECK(seen.rest.empty());
            CHECK(seen.wrote.find(std::to_string(status) + " ") == 9);
            CHECK(seen.wrote.find("\r\nConnection: close\r\n") != std::string::npos);
            CHECK(seen.wrote.find("HTTP/1.1", 1) == std::string::npos);
        };
        duty of;
        of.decide = [](connect_proxy& it, const proxy_options&) { return it.refuse(std::uint16_t{403}); };
        check(handled(input, of), 403, errc::rejected);
        of = {};
        of.dialled = [](connect_proxy& it) { return it.refuse(errc::upstream_timeout); };
        check(handled(input, of), 504, errc::upstream_timeout);
        of.dialled = [](connect_proxy& it) { return it.refuse_as_next_proxy(503); };
        check(handled(input, of), 503, errc::next_proxy_refused);
        of.dialled = [](connect_proxy& it) { return it.abort(errc::timeout); };
        check(handled(input, of), 504, errc::upstream_timeout);
    }
}

TEST_CASE("a refusal says why (RFC 9110 15.6)") {
    duty of;
    of.dialled = [](connect_proxy& it) { return it.refuse(errc::name_unresolved); };
    CHECK(handled(head, of).wrote == "HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n"
                                     "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 31\r\n\r\n"
                                     "the host's name has no address\n");
    fixture pieces;
    pieces.decide();
    REQUIRE(pieces.machine.refuse(errc::name_unresolved) == errc::ok);
    for (step now = pieces.next(head); now.what == action::write; now = pieces.next(head)) {
        CHECK(now.more == (now.bytes != "\n")); // MSG_MORE for all but the last piece
        REQUIRE(pieces.machine.wrote(now.bytes.size()) == errc::ok);
    }
    for (std::size_t at = 0; at < detail::error_count; ++at) {
        fixture it;
        it.decide();
        const errc why = static_cast<errc>(at);
        const std::uint16_t status = suggested_status(why);
        if (it.machine.refuse(why) != errc::ok) {
            CHECK((status == 0 || status == 407 || status == 421));
            continue;
        }
        const std::string text = it.write(head);
        const std::size_t end = text.find("\r\n\r\n") + 4;
        CHECK(text.find("\r\nContent-Length: " + std::to_string(text.size() - end) + "\r\n") != std::string::npos);
        CHECK(text.substr(end) == std::string(explain(why)) + "\n");
        CHECK(text.find(std::string(reason_phrase(status))) == 13);
    }
}

TEST_CASE("statuses that a proxy cannot send are bad arguments (9110-15.5.20-03, 9110-15.5.8-01)") {
    fixture it;
    it.decide();
    const connect_proxy before = it.machine;
    for (const int status : {0, 100, 101, 200, 204, 299, 302, 399, 401, 405, 407, 421, 426, 427, 600, 999, 65535}) {
        CHECK_MESSAGE(it.machine.refuse(static_cast<std::uint16_t>(status)) == errc::bad_argument, status);
    }
    for (const errc why : {errc::ok, errc::proxy_authentication_required, errc::misdirected, errc::wrong_scheme,
                           errc::aborted, errc::not_http}) {
        CHECK_MESSAGE(it.machine.refuse(why) == errc::bad_argument, to_string(why));
    }
    CHECK(it.machine.challenge(it.options) == errc::bad_options);
    char text[200] = {};
    it.options.challenge = write_426(text, default_tokens, "").head;
    CHECK(it.machine.challenge(it.options) == errc::bad_options);
    CHECK(it.machine == before);
}

TEST_CASE("what the next proxy answered is passed on where the client can use it (2817-31, CVE-2015-5400)") {
    const auto maps = [](std::uint16_t status) {
        fixture it;
        it.dial();
        REQUIRE(it.machine.refuse_as_next_proxy(status) == errc::ok);
        CHECK(it.machine.error() == errc::next_proxy_refused);
        CHECK(it.write(head).substr(0, 9) == "HTTP/1.1 ");
        return it.machine.status();
    };
    for (const int same : {400, 403, 404, 429, 500, 502, 503, 504}) {
        CHECK(maps(static_cast<std::uint16_t>(same)) == same);
    }
    for (const int other : {0, 100, 101, 200, 204, 299, 301, 401, 405, 407, 421, 426, 499, 599, 600, 999}) {
        CHECK_MESSAGE(maps(static_cast<std::uint16_t>(other)) == 502, other);
    }
}

TEST_CASE("a challenge is a 407 that closes (9110-15.5.8-01, 9931-03)") {
    char text[200] = {};
    fixture it;
    it.options.challenge = write_407(text, "Basic realm=\"office\"", "who?\n").head;
    duty of;
    of.decide = [](connect_proxy& machine, const proxy_options& options) {
        const bool known = basic_matches(machine.target(head).authorization, {"u", "p"});
        return known ? machine.open() : machine.challenge(options);
    };
    const served seen = serve(std::string(head) + "early", it.options, of);
    CHECK(seen.wrote == it.options.challenge.text());
    CHECK(seen.wrote.find("\r\nProxy-Authenticate: Basic realm=\"office\"\r\nConnection: close\r\n") !=
          std::string::npos);
    CHECK(seen.status == 407);
    CHECK(seen.error == errc::proxy_authentication_required);
    CHECK(seen.drained == std::string(head) + "early");
    CHECK(seen.last == action::close);
}

TEST_CASE("every answer fits some states, and changes nothing in the others (DESIGN 3)") {
    fixture it;
    it.decide();
    it.only(at_decide);
    REQUIRE(it.machine.open() == errc::ok);
    const std::vector<std::string_view> refusals = {"refuse", "refuse_503", "refuse_next", "peer_closed", "abort"};
    std::vector<std::string_view> granted = refusals;
    granted.push_back("dialing");
    it.only(granted);
    (void)it.next(head);
    it.only(granted);
    REQUIRE(it.machine.dialing() == errc::ok);
    std::vector<std::string_view> dialing = refusals;
    dialing.push_back("tunnel_open");
    it.only(dialing);
    REQUIRE(it.machine.tunnel_open() == errc::ok);
    it.only({"peer_closed", "abort"});
    (void)it.next(head);
    it.only({"wrote_1", "peer_closed", "abort"});
    REQUIRE(it.machine.wrote(open_200.size()) == errc::ok);
    (void)it.next(head);
    it.only({"took_head", "peer_closed", "abort"});
    REQUIRE(it.machine.took(head.size()) == errc::ok);
    CHECK(it.machine.state() == connect_proxy_state::open);
    it.only({});
}

TEST_CASE("every answer fits some states, and changes nothing in the others: refusals (DESIGN 3)") {
    fixture it;
    it.decide();
    REQUIRE(it.machine.refuse(errc::rejected) == errc::bad_argument);
    REQUIRE(it.machine.refuse(errc::host_denied) == errc::ok);
    CHECK(it.machine.head_size() == 0); // it is drained like the rest
    it.only({"peer_closed", "abort"});
    (void)it.next(head);
    it.only({"wrote_1", "peer_closed", "abort"});
    (void)it.write(head);
    it.only({"took_1", "took_2", "took_answer", "took_head", "peer_closed", "abort"});
    (void)it.next({});
    it.only({"peer_closed", "abort"});
    REQUIRE(it.machine.peer_closed() == errc::ok);
    REQUIRE(it.next({}).what == action::close);
    it.only({});
    fixture line;
    REQUIRE(line.next("\r\n").what == action::drop);
    line.only({"took_2", "peer_closed", "abort"});
}

TEST_CASE("what ends a proxy's connection has a reason, and no status that was not written") {
    fixture it;
    REQUIRE(it.machine.abort(errc::ok) == errc::ok);
    CHECK(it.machine.error() == errc::aborted);
    CHECK(it.machine.outcome() == outcome::failed);
    fixture late;
    late.dial();
    REQUIRE(late.machine.tunnel_open() == errc::ok);
    CHECK(late.machine.status() == 200);
    REQUIRE(late.machine.abort(errc::aborted) == errc::ok);
    CHECK(late.machine.status() == 0); // the 2xx did not go out
}

TEST_CASE("a challenge that is gone when it is to be written ends the connection") {
    char text[200] = {};
    fixture it;
    it.options.challenge = write_407(text, "Basic realm=\"p\"", "who?\n").head;
    it.decide();
    REQUIRE(it.machine.challenge(it.options) == errc::ok);
    it.options.challenge = {};
    CHECK(it.next(head).what == action::close);
    CHECK(it.machine.outcome() == outcome::refused);
}

TEST_CASE("every arrow of the chart is walked") {
    unit::walked chart(connect_proxy_chart);
    const answer* const end = answers + std::size(answers);
    for (unsigned stop = 0; stop < 6; ++stop) {
        for (const answer* how = answers; how != end; ++how) {
            fixture it;
            it.options.own_authority = "a.example:443";
            connect_proxy_state before = it.machine.state();
            const auto moved = [&] {
                chart.step(before, it.machine.state());
                before = it.machine.state();
            };
            for (unsigned at = 0; at < stop; ++at) {
                const step now = it.next(head);
                moved();
                (void)(now.what == action::decide  ? it.machine.open()
                       : now.what == action::dial  ? it.machine.dialing()
                       : now.what == action::wait  ? it.machine.tunnel_open()
                       : now.what == action::write ? it.machine.wrote(now.bytes.size())
                                                   : it.machine.took(now.bytes.size()));
                moved();
            }
            (void)it.next(head);
            moved();
            (void)how->call(it.machine);
            moved();
            for (step now = it.next(head); now.what == action::write; now = it.next(head)) {
                REQUIRE(it.machine.wrote(now.bytes.size()) == errc::ok);
            }
            moved();
            (void)it.machine.peer_closed();
            (void)it.next({});
            moved();
        }
    }
    fixture refused;
    refused.decide();
    (void)refused.machine.refuse(errc::host_denied);
    (void)refused.machine.abort(errc::aborted);
    chart.step(connect_proxy_state::refusing, refused.machine.state());
    fixture bad;
    (void)bad.next("CONNECT a HTTP/1.1\r\n");
    chart.step(connect_proxy_state::reading, bad.machine.state());
    fixture quiet;
    (void)quiet.machine.abort(errc::timeout);
    chart.step(connect_proxy_state::reading, quiet.machine.state());
    chart.all();
}

TEST_CASE("a buffer that lost bytes is a wrong call, up to the tunnel") {
    fixture it;
    const auto lost = [&](std::size_t size) {
        const connect_proxy before = it.machine;
        CHECK(it.next(head.substr(0, size)).error == errc::wrong_call);
        CHECK(it.machine == before);
    };
    REQUIRE(it.next(head.substr(0, 30)).what == action::read);
    lost(29);
    it.decide();
    lost(head.size() - 1);
    REQUIRE(it.machine.open() == errc::ok);
    lost(head.size() - 1);
    REQUIRE(it.machine.dialing() == errc::ok);
    lost(0);
    REQUIRE(it.machine.tunnel_open() == errc::ok);
    lost(0);
    (void)it.write(head);
    lost(head.size() - 1);
    CHECK(it.next(head).what == action::drop);
}
