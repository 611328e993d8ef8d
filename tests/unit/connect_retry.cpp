// A client that is asked who it is: 407, and CONNECT once more.
#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <string>

#include "unit/connect_support.hpp"

using namespace tlsup;
using unit::ask;
using unit::asked;
using unit::script;

namespace {

constexpr std::string_view open_200 = "HTTP/1.1 200 OK\r\n\r\n";

std::string challenge(std::string_view fields, std::string_view content, std::string_view begin = "HTTP/1.1") {
    return std::string(begin) + " 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"a\"\r\n" +
           std::string(fields) + "\r\n" + std::string(content);
}

/// Asks, is challenged so, and asks again.
asked again(const std::string& first, bool closes, std::uint32_t drain = 65536) {
    char text[200] = {};
    connect_options options;
    options.connect = write_connect(text, {"a.example", 443, {"u", "p"}}).head;
    options.drain_bytes = drain;
    const asked seen = ask({{first, open_200}, 1, closes}, options);
    CHECK(seen.sent == std::string(options.connect.text()) + std::string(options.connect.text()));
    CHECK(seen.last == action::tunnel);
    CHECK(seen.status == 200);
    CHECK(seen.end == outcome::tunnelled);
    return seen;
}

/// A 407, and how the client sees it.
refusal_view view(std::string_view fields, unsigned status = 407) {
    char text[200] = {};
    connect_options options;
    options.connect = write_connect(text, {"a.example", 443, {}}).head;
    connect_client machine;
    REQUIRE(machine.wrote(machine.next({}, options).bytes.size()) == errc::ok);
    const std::string head =
        "HTTP/1.1 " + std::to_string(status) + " x\r\n" + std::string(fields) + "Content-Length: 0\r\n\r\n";
    const step now = machine.next(head, options);
    REQUIRE(now.what == action::answer);
    return machine.response(now.bytes);
}

} // namespace

TEST_CASE("a 407 is answered on its connection once its content is read (9110-15.5.8-02)") {
    CHECK(again(challenge("Content-Length: 0\r\n", ""), false).dials == 0);
    CHECK(again(challenge("Content-Length: 5\r\n", "hello"), false).dials == 0);
    const asked chunked = again(challenge("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"), false);
    CHECK(chunked.dials == 0);
    CHECK(chunked.content == "hello");
    CHECK(again(challenge("Connection: keep-alive\r\nContent-Length: 5\r\n", "hello", "HTTP/1.0"), false).dials == 0);
}

TEST_CASE("a 407 is answered on a new connection where its own does not last (9110-15.5.8-02, 9112-9.6-05)") {
    asked seen = again(challenge("Connection: close\r\nContent-Length: 5\r\n", "hello"), true);
    CHECK(seen.dials == 1);
    CHECK(seen.content == "hello");
    CHECK(again(challenge("Proxy-Connection: close\r\nContent-Length: 5\r\n", "hello", "HTTP/1.0"), true).dials == 1);
    CHECK(again(challenge("", "hello", "HTTP/1.0"), true).content == "hello");
    CHECK(again(challenge("", "hello"), true).dials == 1);
    CHECK(again(challenge("Content-Length: 9\r\n", "hello"), true).dials == 1); // cut off: it was not our answer's
    CHECK(again(challenge("Transfer-Encoding: chunked\r\n", "5\r\nhel"), true).dials == 1);
}

TEST_CASE("content that is not worth reading is left with its connection (9110-15.5.8-02)") {
    asked seen = again(challenge("Content-Length: 5\r\n", "hello"), false, 4); // announced: not a byte of it is read
    CHECK(seen.dials == 1);
    CHECK(seen.content.empty());
    seen = again(challenge("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"), false, 4);
    CHECK(seen.dials == 1);
    CHECK(seen.content == "hell");
    seen = again(challenge("", "hello and more of it", "HTTP/1.0"), true, 4);
    CHECK(seen.dials == 1);
    CHECK(seen.content == "hell");
    CHECK(again(challenge("Content-Length: 5\r\n", "hello"), false, 5).dials == 0); // just as much as is allowed
    CHECK(again(challenge("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"), false, 5).dials == 0);
    CHECK(again(challenge("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"), false, 5).dials == 1);
}

TEST_CASE("a retry may be asked for during the content, and counts what was read before") {
    char text[200] = {};
    connect_options options;
    options.connect = write_connect(text, {"a.example", 443, {}}).head;
    options.drain_bytes = 4;
    connect_client machine;
    REQUIRE(machine.wrote(machine.next({}, options).bytes.size()) == errc::ok);
    const std::string head = challenge("Transfer-Encoding: chunked\r\n", "");
    REQUIRE(machine.next(head, options).what == action::answer);
    CHECK(machine.response(head).challenged);
    REQUIRE(machine.took(head.size()) == errc::ok);
    REQUIRE(machine.next("8\r\nhello", options).what == action::drop);
    REQUIRE(machine.took(3) == errc::ok);
    REQUIRE(machine.next("hello", options).bytes == "hello");
    REQUIRE(machine.took(3) == errc::ok);
    REQUIRE(machine.retry() == errc::ok);
    CHECK(machine.next("lo", options).bytes == "l"); // one more octet
    CHECK(machine.took(1) == errc::ok);
    CHECK(machine.next("o", options).what == action::dial);
    CHECK(machine.retry() == errc::ok);
    CHECK(machine.retry() == errc::wrong_call);
    CHECK(machine.next({}, options).bytes == options.connect.text());
}

TEST_CASE("each new challenge can be answered, and a last one refused (9110-15.5.8-02)") {
    char text[200] = {};
    connect_options options;
    options.connect = write_connect(text, {"a.example", 443, {}}).head;
    const std::string first = challenge("Content-Length: 5\r\n", "hello");
    const std::string second = challenge("Connection: close\r\nContent-Length: 3\r\n", "bye");
    asked seen = ask({{first, second, first}, 2, false}, options);
    CHECK(seen.dials == 1);
    CHECK(seen.content == "hellobyehello");
    CHECK(seen.last == action::close);
    CHECK(seen.error == errc::tunnel_refused);
    CHECK(seen.status == 407);
    CHECK(seen.end == outcome::refused);
    seen = ask({{first, "HTTP/1.1 403 x\r\nContent-Length: 2\r\n\r\nno"}, 2, false}, options);
    CHECK(seen.status == 403);
    CHECK(seen.content == "hellono");
    seen = ask({{first, ""}, 1, true}, options);
    CHECK(seen.error == errc::peer_closed);
    CHECK(seen.end == outcome::failed);
}

TEST_CASE("limits count anew for each CONNECT") {
    char text[200] = {};
    connect_options options;
    options.connect = write_connect(text, {"a.example", 443, {}}).head;
    options.interim_responses = 1;
    options.drain_bytes = 8;
    const std::string interim = "HTTP/1.1 100 Continue\r\n\r\n";
    const std::string first = interim + challenge("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n");
    const std::string last = interim + std::string(open_200);
    const asked seen = ask({{first, first, last}, 2, false}, options);
    CHECK(seen.last == action::tunnel);
    CHECK(seen.dials == 0);
    CHECK(seen.content == "hellohello");
}

TEST_CASE("what stands behind a 407 that keeps its connection is nobody's answer (9112-9.2-02, 9931-01)") {
    char text[200] = {};
    connect_options options;
    options.connect = write_connect(text, {"a.example", 443, {}}).head;
    const std::string input = challenge("Content-Length: 5\r\n", "helloHTTP/1.1 200 OK\r\n\r\n");
    for (const std::size_t early : {input.size(), input.size() - 5}) { // all of it, or its beginning
        const asked seen = ask({{input}, 1, false}, options, {early, 5});
        CHECK(seen.last == action::close);
        CHECK(seen.error == errc::unsolicited_response);
    }
    const asked closing =
        ask({{challenge("Connection: close\r\nContent-Length: 5\r\n", "hello?"), open_200}, 1, false}, options);
    CHECK(closing.last == action::tunnel);
    CHECK(closing.dials == 1);
}

TEST_CASE("after a retry the options' head is the one that is written (9110-11.7.2-01)") {
    char first[200] = {};
    char second[300] = {};
    connect_options options;
    options.connect = write_connect(first, {"a.example", 443, {}}).head;
    connect_client machine;
    REQUIRE(machine.wrote(machine.next({}, options).bytes.size()) == errc::ok);
    const std::string head = challenge("Content-Length: 0\r\n", "");
    REQUIRE(machine.next(head, options).what == action::answer);
    REQUIRE(machine.response(head).basic);
    REQUIRE(machine.retry() == errc::ok);
    options.connect = write_connect(second, {"a.example", 443, {"Aladdin", "open sesame"}}).head;
    REQUIRE(machine.took(head.size()) == errc::ok);
    const step now = machine.next({}, options);
    CHECK(now.what == action::write);
    CHECK(now.bytes.find("\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n") != std::string_view::npos);
    options.connect = {};
    CHECK(machine.next({}, options).error == errc::bad_options);
}

TEST_CASE("what a refusal asks for (9110-15.5.8-01, RFC 9110 11.6.1)") {
    CHECK(view("Proxy-Authenticate: Basic realm=\"x\"\r\n").basic);
    CHECK(view("Proxy-Authenticate: Digest realm=\"x\", basic\r\n").basic);
    CHECK(view("proxy-authenticate: Negotiate\r\nPROXY-AUTHENTICATE: BASIC realm=x\r\n").basic);
    CHECK(!view("Proxy-Authenticate: Digest realm=\"Basic\"\r\n").basic);
    CHECK(!view("WWW-Authenticate: Basic realm=\"x\"\r\n").basic);
    CHECK(!view("").basic);
    CHECK(!view("Proxy-Authenticate: Basic realm=\"x\"\r\n", 403).basic);
    CHECK(!view("", 403).challenged);
    CHECK(view("Proxy-Authenticate: Digest a=\"b\",\r\n  Basic realm=\"x\"\r\n").basic); // folded: 9112-5.2-02
    CHECK(view("Proxy-Authenticate:\r\n Basic realm=\"x\"\r\n").basic);
    CHECK(!view("Proxy-Authenticate: Digest basic\r\n =\"x\"\r\n").basic);
    CHECK(view("").challenged);
    CHECK(view("").status == 407);
}
