#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <string>
#include <type_traits>

#include "unit/connect_support.hpp"

using namespace tlsup;
using unit::ask;
using unit::asked;

static_assert(std::is_trivially_copyable_v<connect_client> && sizeof(connect_client) == 40);

namespace {

constexpr std::string_view head_100 = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr std::string_view head_200 = "HTTP/1.1 200 OK\r\n\r\n";
constexpr std::string_view head_407 = "HTTP/1.1 407 Proxy Authentication Required\r\n"
                                      "Proxy-Authenticate: Basic realm=\"a, b\"\r\nContent-Length: 5\r\n\r\n";
constexpr std::string_view asking_text = "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n";

using answer = unit::answer<connect_client>;
constexpr answer answers[] = {
    {"took_1", [](connect_client& it) { return it.took(1); }},
    {"took_100", [](connect_client& it) { return it.took(head_100.size()); }},
    {"took_200", [](connect_client& it) { return it.took(head_200.size()); }},
    {"took_407", [](connect_client& it) { return it.took(head_407.size()); }},
    {"took_all", [](connect_client& it) { return it.took(70000); }},
    {"wrote_1", [](connect_client& it) { return it.wrote(1); }},
    {"wrote_all", [](connect_client& it) { return it.wrote(asking_text.size()); }},
    {"wrote_more", [](connect_client& it) { return it.wrote(asking_text.size() + 1); }},
    {"retry", [](connect_client& it) { return it.retry(); }},
    {"peer_closed", [](connect_client& it) { return it.peer_closed(); }},
    {"abort", [](connect_client& it) { return it.abort(errc::timeout); }},
};

/// A client, its options and the head that they point to.
struct fixture {
    char text[200] = {};
    connect_options options{};
    connect_client machine{};

    fixture() { options.connect = write_connect(text, {"a.example", 443, {}}).head; }
    fixture(const fixture&) = delete;

    step next(std::string_view unread) { return machine.next(unread, options); }
    void write() {
        const step now = next({});
        REQUIRE(now.what == action::write);
        REQUIRE(machine.wrote(now.bytes.size()) == errc::ok);
        REQUIRE(next({}).what == action::read);
    }
    /// To the content of a 407.
    void challenge() {
        write();
        REQUIRE(next(head_407).what == action::answer);
    }
    void only(const std::vector<std::string_view>& right) { unit::only(machine, answers, right); }
};

asked answered(std::string_view input, bool closes = false) {
    fixture it;
    return ask({{input}, 0, closes}, it.options);
}
errc broken(std::string_view input, bool closes = false) {
    const asked seen = answered(input, closes);
    CHECK(seen.last == action::close);
    CHECK(seen.end != outcome::tunnelled);
    CHECK(seen.status == 0);
    return seen.error;
}

} // namespace

TEST_CASE(
    "any 2xx opens the tunnel, and all behind its head is the destination's (2817-29, 9110-9.3.6-05, 9110-15.3-01)") {
    for (const std::string_view status : {"200 OK", "200 ", "201 x", "204 x", "206 x", "299 x", "200 Failed"}) {
        for (const std::string_view begin : {"HTTP/1.1 ", "HTTP/1.0 "}) {
            const std::string head = std::string(begin) + std::string(status) + "\r\n\r\n";
            const std::string input = head + "HTTP/1.1 400 Bad Request\r\n\r\n";
            const asked seen = answered(input);
            CHECK(seen.last == action::tunnel);
            CHECK(seen.sent == asking_text);
            CHECK(seen.dropped == head);
            CHECK(seen.rest == "HTTP/1.1 400 Bad Request\r\n\r\n");
            CHECK(seen.end == outcome::tunnelled);
            CHECK(seen.error == errc::ok);
        }
    }
}

TEST_CASE("length, coding and close say nothing in a 2xx (9110-9.3.6-10, 9112-6.3-02)") {
    for (const std::string_view fields :
         {"Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Connection: close\r\n",
          "Content-Length: 5\r\nTransfer-Encoding: gzip, chunked\r\n", "Content-Length: x\r\n",
          "Content-Length: 1\r\nContent-Length: 2\r\n", "Upgrade: TLS/1.2\r\nConnection: Upgrade\r\n"}) {
        const asked seen = answered("HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\n5\r\nhello\r\n0\r\n\r\n");
        CHECK(seen.last == action::tunnel);
        CHECK(seen.rest == "5\r\nhello\r\n0\r\n\r\n");
    }
}

TEST_CASE("interim responses are skipped, within their limit (9110-9.3.6-06, 9110-15-01)") {
    const std::string twice = std::string(head_100) + "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
    const asked seen = answered(twice + std::string(head_200) + "ab");
    CHECK(seen.last == action::tunnel);
    CHECK(seen.dropped == twice + std::string(head_200));
    CHECK(seen.rest == "ab");
    const asked pending = answered(head_100);
    CHECK(pending.last == action::read);
    CHECK(pending.end == outcome::pending);
    fixture it;
    it.options.interim_responses = 1;
    CHECK(ask({{twice}, 0, false}, it.options).error == errc::too_many_interim);
    it.options.interim_responses = 2;
    CHECK(ask({{twice + std::string(head_200)}, 0, false}, it.options).last == action::tunnel);
    CHECK(broken("HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\n\r\n") ==
          errc::unasked_101);
}

TEST_CASE("all else is a refusal, and its content is the proxy's (9110-9.3.6-06, 9110-15-01, 9110-15-02)") {
    for (const std::string_view status : {"301 Connection established", "304 x", "400 x", "407 Connection established",
                                          "499 x", "502 x", "599 x", "600 x", "999 x", "099 x", "000 x"}) {
        const std::string head = "HTTP/1.1 " + std::string(status) +
                                 "\r\nLocation: http://evil.example/\r\n"
                                 "Content-Length: 0\r\n\r\n";
        const asked seen = answered(head);
        CHECK(seen.last == action::close);
        CHECK(seen.error == errc::tunnel_refused);
        CHECK(seen.end == outcome::refused);
        CHECK(seen.answers == head);
        CHECK(seen.content.empty());
        CHECK(seen.dials == 0);
    }
}

TEST_CASE("the content of a refusal comes to its end (9110-9.3.6-06, 9112-6.3-04)") {
    const auto content = [](std::string_view fields, std::string_view bytes, bool closes) {
        return answered("HTTP/1.1 503 x\r\n" + std::string(fields) + "\r\n" + std::string(bytes), closes);
    };
    asked seen = content("Content-Length: 5\r\n", "helloHTTP/1.1 200 OK\r\n\r\n", false);
    CHECK(seen.error == errc::tunnel_refused);
    CHECK(seen.content == "hello");
    CHECK(seen.rest == "HTTP/1.1 200 OK\r\n\r\n");
    seen = content("Transfer-Encoding: chunked\r\n", "3;x=\"y\"\r\nhel\r\n2\r\nlo\r\n0\r\nT: x\r\n\r\n", false);
    CHECK(seen.error == errc::tunnel_refused);
    CHECK(seen.content == "hello");
    seen = content("", "hello", true);
    CHECK(seen.error == errc::tunnel_refused);
    CHECK(seen.content == "hello");
    seen = content("Content-Length: 6\r\n", "hello", true);
    CHECK(seen.error == errc::truncated);
    CHECK(seen.status == 503);
    CHECK(seen.end == outcome::refused);
    CHECK(content("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n", true).error == errc::truncated);
    CHECK(content("Transfer-Encoding: chunked\r\n", "5\r\nhello?", true).error == errc::bad_chunk);
}

TEST_CASE("a refusal with faulty framing is shown, and nothing behind it is (9112-6.3-03)") {
    for (const std::string_view fields :
         {"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "Content-Length: 1\r\nContent-Length: 1\r\n",
          "Content-Length: -1\r\n", "Transfer-Encoding: gzip, chunked\r\n"}) {
        const std::string head =
            "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic realm=p\r\n" + std::string(fields) + "\r\n";
        const asked seen = answered(head + "0\r\n\r\n");
        CHECK(seen.last == action::close);
        CHECK(seen.error != errc::tunnel_refused);
        CHECK(seen.error != errc::ok);
        CHECK(seen.end == outcome::refused);
        CHECK(seen.answers == head);
        CHECK(seen.content.empty());
        CHECK(seen.rest == "0\r\n\r\n");
        fixture it;
        it.write();
        REQUIRE(it.next(head).what == action::answer);
        CHECK(!it.machine.response(head).challenged);
        CHECK(it.machine.retry() == errc::wrong_call);
    }
}

TEST_CASE("the content of a refusal has a limit, however it is framed") {
    const auto limited = [](std::string_view fields, std::string_view content, std::uint64_t limit) {
        fixture it;
        it.options.body.content_bytes = limit;
        return ask({{"HTTP/1.1 403 x\r\n" + std::string(fields) + "\r\n" + std::string(content)}, 0, true}, it.options);
    };
    for (const std::string_view fields : {"Content-Length: 5\r\n", ""}) {
        CHECK(limited(fields, "hello", 5).error == errc::tunnel_refused);
        CHECK(limited(fields, "hello", 5).content == "hello");
        CHECK(limited(fields, "hello", 4).error == errc::content_too_large);
        CHECK(limited(fields, "hello", 4).end == outcome::refused);
    }
    CHECK(limited("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n", 4).error == errc::content_too_large);
}

TEST_CASE("what ends a client has a reason") {
    fixture it;
    REQUIRE(it.machine.abort(errc::ok) == errc::ok);
    CHECK(it.machine.error() == errc::aborted);
}

TEST_CASE("what is no response ends the connection without a tunnel (9112-2.2-02, 9112-4-01, 9112-8-01)") {
    CHECK(broken("HTTP/1.1 407 x\r\nHTTP/1.1 200 OK: x\r\n\r\n") == errc::bad_field_name);
    CHECK(broken("HTTP/1.1 20 OK\r\n\r\n") == errc::bad_status_line);
    CHECK(broken("HTTP/1.1 200\r\n\r\n") == errc::bad_status_line);
    CHECK(broken("HTTP/2.0 200 OK\r\n\r\n") == errc::unsupported_version);
    CHECK(broken("ICY 200 OK\r\n\r\n") == errc::bad_version);
    CHECK(broken("HTTP/1.1 200 OK\n\n") == errc::bare_lf);
    CHECK(broken("HTTP/1.1 200 OK\r\r\n\r\n") == errc::bare_cr);
    CHECK(broken("\r\nHTTP/1.1 200 OK\r\n\r\n") == errc::bad_version);
    CHECK(broken("\x16\x03\x01") == errc::bad_version);
    CHECK(broken("HTTP/1.1 200 OK\r\nX: y\r\n", true) == errc::truncated);
    CHECK(broken("HTTP/1.1 200 OK\r\n\r", true) == errc::truncated);
    CHECK(broken("", true) == errc::peer_closed);
    CHECK(broken(head_100, true) == errc::peer_closed);
}

TEST_CASE("limits hold for a proxy's heads (CVE-2023-38039)") {
    const std::string input = "HTTP/1.1 200 OK\r\nX: y\r\nX: y\r\n\r\n";
    const auto ends = [&](const head_limits& limits) {
        fixture it;
        it.options.head = limits;
        return ask({{input}, 0, false}, it.options).error;
    };
    CHECK(ends({.fields = 2}) == errc::ok);
    CHECK(ends({.fields = 1}) == errc::too_many_fields);
    CHECK(ends({.head_bytes = static_cast<std::uint16_t>(input.size())}) == errc::ok);
    CHECK(ends({.head_bytes = static_cast<std::uint16_t>(input.size() - 1)}) == errc::head_too_large);
    CHECK(ends({.start_line_bytes = 14}) == errc::start_line_too_long);
}

TEST_CASE("a client speaks first, and only with a CONNECT of ours (9112-9.2-02, 9931-01, 9931-02, 2817-27)") {
    fixture early;
    const step now = early.next("H");
    CHECK(now.what == action::close);
    CHECK(now.error == errc::unsolicited_response);
    CHECK(early.machine.outcome() == outcome::broken);
    fixture late;
    REQUIRE(late.next({}).what == action::write);
    REQUIRE(late.machine.wrote(5) == errc::ok);
    CHECK(late.next(head_200).bytes == asking_text.substr(5)); // an answer may come early, and waits
    char text[200] = {};
    for (const prepared_head& head :
         {prepared_head{}, write_407(text, "Basic", "").head, write_probe(text, "a.example", default_tokens).head,
          write_request(text, {"GET", "/", "a.example", {}, {}}).head}) {
        fixture wrong;
        wrong.options.connect = head;
        CHECK(wrong.next({}).error == errc::bad_options);
        CHECK(wrong.machine.outcome() == outcome::failed);
    }
}

TEST_CASE("every answer fits some states, and changes nothing in the others (DESIGN 3)") {
    fixture it;
    it.only({"peer_closed", "abort"});
    (void)it.next({});
    it.only({"wrote_1", "wrote_all", "peer_closed", "abort"});
    REQUIRE(it.machine.wrote(asking_text.size() - 1) == errc::ok);
    it.only({"wrote_1", "peer_closed", "abort"}); // what was offered and is left
    REQUIRE(it.machine.wrote(1) == errc::ok);
    (void)it.next({});
    it.only({"peer_closed", "abort"});
    (void)it.next("HTTP/1.1 2");
    it.only({"peer_closed", "abort"});
    fixture interim;
    interim.write();
    (void)interim.next(head_100);
    interim.only({"took_100", "peer_closed", "abort"});
    (void)it.next(head_200);
    it.only({"took_200", "peer_closed", "abort"});
    REQUIRE(it.machine.took(head_200.size()) == errc::ok);
    CHECK(it.machine.state() == connect_client_state::open);
    it.only({});
    fixture dead;
    REQUIRE(dead.machine.abort(errc::aborted) == errc::ok);
    CHECK(dead.machine.outcome() == outcome::failed);
    dead.only({});
}

TEST_CASE("every answer fits some states, and changes nothing in the others: behind a 407 (DESIGN 3)") {
    fixture it;
    it.challenge();
    it.only({"took_407", "retry", "peer_closed", "abort"});
    REQUIRE(it.machine.took(head_407.size()) == errc::ok);
    it.only({"retry", "peer_closed", "abort"});
    (void)it.next("hel");
    it.only({"took_1", "retry", "peer_closed", "abort"});
    REQUIRE(it.machine.retry() == errc::ok);
    it.only({"took_1", "peer_closed", "abort"});
    REQUIRE(it.machine.peer_closed() == errc::ok);
    REQUIRE(it.machine.took(3) == errc::ok);
    it.only({"peer_closed", "abort"});
    REQUIRE(it.next({}).what == action::dial);
    it.only({"retry", "peer_closed", "abort"});
    fixture refused;
    refused.write();
    (void)refused.next("HTTP/1.1 403 Forbidden\r\nContent-Length: 1\r\n\r\n");
    refused.only({"peer_closed", "abort"}); // there is no retry but on 407
}

TEST_CASE("every arrow of the chart is walked") {
    unit::walked chart(connect_client_chart);
    for (unsigned stop = 0; stop < 9; ++stop) { // a step of this path, then an abort
        fixture it;
        const auto follows = [&](unsigned at, std::string_view unread, std::size_t take) {
            const connect_client_state before = it.machine.state();
            const step now = it.next(unread);
            chart.step(before, it.machine.state());
            const connect_client_state shown = it.machine.state();
            if (at == stop) {
                CHECK(it.machine.abort(errc::timeout) == errc::ok);
            } else {
                (void)(now.what == action::write ? it.machine.wrote(now.bytes.size()) : it.machine.took(take));
            }
            chart.step(shown, it.machine.state());
            return at != stop;
        };
        const bool on = follows(0, {}, 0) && follows(1, {}, 0) && follows(2, head_407, 0);
        if (!on || !follows(3, head_407, head_407.size()) || it.machine.retry() != errc::ok) {
            continue;
        }
        if (stop % 2 == 1) {
            (void)it.machine.peer_closed();
        }
        if (!follows(4, "hello", 5) || !follows(5, {}, 0)) {
            continue;
        }
        if (it.machine.state() == connect_client_state::redialing) {
            CHECK(it.machine.retry() == errc::ok);
            chart.step(connect_client_state::redialing, it.machine.state());
            continue;
        }
        (void)(follows(6, {}, 0) && follows(7, head_200, 0) && follows(8, head_200, head_200.size()));
    }
    fixture redial;
    redial.challenge();
    (void)redial.machine.took(head_407.size());
    (void)redial.machine.retry();
    (void)redial.machine.peer_closed();
    REQUIRE(redial.next({}).what == action::dial);
    REQUIRE(redial.machine.abort(errc::timeout) == errc::ok);
    chart.step(connect_client_state::redialing, redial.machine.state());
    fixture opened;
    opened.write();
    (void)opened.next(head_200);
    REQUIRE(opened.machine.took(head_200.size()) == errc::ok);
    chart.step(connect_client_state::opening, opened.machine.state());
    chart.all();
}

TEST_CASE("a buffer that lost bytes is a wrong call") {
    fixture it;
    it.write();
    REQUIRE(it.next(head_407.substr(0, 9)).what == action::read);
    const auto lost = [&](std::string_view rest) {
        const connect_client before = it.machine;
        CHECK(it.next(rest).error == errc::wrong_call);
        CHECK(it.next(rest).what == action::wait);
        CHECK(it.machine == before);
    };
    lost(head_407.substr(0, 8));
    REQUIRE(it.next(head_407).what == action::answer);
    lost(head_407.substr(0, head_407.size() - 1));
    CHECK(it.next(head_407).what == action::answer);
    fixture chunked;
    chunked.write();
    const std::string head = "HTTP/1.1 403 x\r\nTransfer-Encoding: chunked\r\n\r\n";
    REQUIRE(chunked.next(head).what == action::answer);
    REQUIRE(chunked.machine.took(head.size()) == errc::ok);
    REQUIRE(chunked.next("5;x").what == action::drop);
    CHECK(chunked.next("5;").error == errc::wrong_call);
    CHECK(chunked.next("5;x=1\r\n").bytes.size() == 7);
}

TEST_CASE("deadlines (9112-9.5-01)") {
    fixture it;
    CHECK(it.machine.wanted() == deadline::none);
    it.write();
    CHECK(it.machine.wanted() == deadline::head);
    (void)it.next(head_407);
    (void)it.machine.took(head_407.size());
    CHECK(it.machine.wanted() == deadline::content);
    (void)it.machine.retry();
    (void)it.machine.peer_closed();
    (void)it.next({});
    CHECK(it.machine.wanted() == deadline::dial);
    CHECK(it.machine.abort(errc::timeout) == errc::ok);
    CHECK(it.machine.wanted() == deadline::none);
    CHECK(it.machine.error() == errc::timeout);
    CHECK(it.next({}).error == errc::timeout);
}
