// Machines with parts left out: what they do not read is refused, and all else stays as it is.
#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <string>

#include "unit/support.hpp"

using namespace tlsup;

namespace {

using small_server = basic_server<server_parts{content_parts::none, false}>;
using counting_server = basic_server<server_parts{content_parts::counted, true}>;
using counting_client = basic_client<client_parts{content_parts::counted}>;
using counting_connect = basic_connect_client<connect_parts{content_parts::counted}>;
using brief_proxy = basic_connect_proxy<proxy_parts{false, false}>;

constexpr std::string_view counted = "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 2\r\n\r\nhi";
constexpr std::string_view chunked = "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr std::string_view plain = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";

template <class Machine, class Options> std::string text_of(Machine& machine, std::string_view in, const Options& how) {
    std::string text;
    for (step now = machine.next(in, how); now.what == action::write; now = machine.next(in, how)) {
        text += now.bytes;
        REQUIRE(machine.wrote(now.bytes.size()) == errc::ok);
    }
    return text;
}

} // namespace

TEST_CASE("a server without content refuses what has any, and does without reason phrases") {
    const server_options options;
    small_server one;
    CHECK(text_of(one, counted, options) == "HTTP/1.1 413 \r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    CHECK(one.error() == errc::content_too_large);
    small_server other;
    CHECK(text_of(other, chunked, options) == "HTTP/1.1 501 \r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    small_server third;
    REQUIRE(third.next(plain, options).what == action::decide);
    CHECK(third.reject(427) == errc::bad_argument);
    REQUIRE(third.decline() == errc::ok);
    CHECK(third.next(plain, options).what == action::answer);
}

TEST_CASE("a server that counts reads content, but no chunks") {
    const server_options options;
    counting_server one;
    REQUIRE(one.next(counted, options).what == action::decide);
    REQUIRE(one.decline() == errc::ok);
    CHECK(one.next(counted, options).what == action::body);
    counting_server other;
    CHECK(text_of(other, chunked, options).find("HTTP/1.1 501 Not Implemented\r\n") == 0);
}

TEST_CASE("a client that counts ends where chunks begin") {
    char text[200] = {};
    client_options options{.need = requirement::any};
    options.request = write_request(text, {"GET", "/", "a.example", {}, {}}).head;
    for (const bool chunks : {false, true}) {
        counting_client machine;
        (void)text_of(machine, {}, options);
        const std::string answer = std::string("HTTP/1.1 200 OK\r\n") +
                                   (chunks ? "Transfer-Encoding: chunked" : "Content-Length: 0") + "\r\n\r\n";
        const step now = machine.next(answer, options);
        CHECK(now.what == (chunks ? action::close : action::answer));
        CHECK(now.error == (chunks ? errc::unknown_transfer_coding : errc::ok));
    }
}

TEST_CASE("a CONNECT client that counts shows a refusal in chunks, and reads no further") {
    char text[200] = {};
    connect_options options;
    options.connect = write_connect(text, {"a.example", 443}).head;
    counting_connect machine;
    (void)text_of(machine, {}, options);
    const std::string_view answer = "HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n";
    const step now = machine.next(answer, options);
    REQUIRE(now.what == action::answer);
    REQUIRE(machine.took(now.bytes.size()) == errc::ok);
    const step then = machine.next({}, options);
    CHECK(then.what == action::close);
    CHECK(then.error == errc::unknown_transfer_coding);
    CHECK(machine.outcome() == outcome::refused);
}

TEST_CASE("a proxy without sentences and phrases says the status alone") {
    const proxy_options options;
    brief_proxy machine;
    CHECK(text_of(machine, plain, options) == "HTTP/1.1 501 \r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    CHECK(machine.error() == errc::not_connect);
}

TEST_CASE("a 426 without a text for people") {
    const server_options options{.upgrade = {splice_defence::bound_alpn}, .upgrade_required = bare_upgrade_required};
    small_server machine;
    REQUIRE(machine.next(plain, options).what == action::decide);
    REQUIRE(machine.require_upgrade() == errc::ok);
    char text[200] = {};
    CHECK(text_of(machine, plain, options) == write_426(text, default_tokens, {}).head.text());
}

TEST_CASE("a reader of no content has none, whatever it is told") {
    tlsup::request_facts facts;
    facts.start("POST", "/", 1, 1);
    facts.field("Content-Length", "7");
    tlsup::detail::content_position at;
    using body = tlsup::detail::body_of<tlsup::content_parts::none>;
    body::begin(at, facts, false);
    CHECK(body::next(at, facts, "content", {}).what == tlsup::detail::body_piece::kind::end);
    body::took(at, facts, 7);
    CHECK(facts.content_length() == 7);
    CHECK(at.content_done());
    CHECK(!at.until_close());
}
