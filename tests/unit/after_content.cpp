#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <string>

#include "unit/support.hpp"

using namespace tlsup;

// Once content is read, what is left of it is counted where the head's lists and flags were. Nobody may see that.

namespace {

constexpr const server_options& serving = unit::any_server;

bool same(const request_view& one, const request_view& other) {
    return one.facts == other.facts && one.offer == other.offer && one.why == other.why &&
           one.line.method == other.line.method && one.line.target == other.line.target;
}

/// What was shown when the machine asked, and what it shows of the same head later.
void check_request(const std::string& head, const std::string& content) {
    CAPTURE(head);
    const std::string all = head + content;
    server machine;
    step now = machine.next(all, serving);
    REQUIRE(now.what == action::decide);
    const request_view shown = machine.request(now.bytes);
    CHECK(same(machine.request(head), shown));
    REQUIRE(machine.decline() == errc::ok);
    std::size_t taken = 0;
    std::string read;
    std::string buffer = all;
    while ((now = machine.next(buffer, serving)).what != action::answer) {
        REQUIRE((now.what == action::body || now.what == action::drop));
        CHECK(same(machine.request(head), shown));
        read += now.what == action::body ? now.bytes : "";
        REQUIRE(machine.took(now.bytes.size()) == errc::ok);
        taken += now.bytes.size();
        buffer = head + content.substr(taken);
        CHECK(same(machine.request(head), shown));
    }
    CHECK(read == (content.empty() ? "" : "content"));
    CHECK(same(machine.request(now.bytes), shown));
    CHECK(machine.request(now.bytes).facts.content_length() == shown.facts.content_length());
}

} // namespace

TEST_CASE("a request is shown the same after its content as before") {
    constexpr std::string_view chunks = "3;a=b\r\ncon\r\n4\r\ntent\r\n0\r\nTrailer: x\r\n\r\n";
    check_request("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "");
    check_request("HEAD /x?y HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "");
    check_request("POST http://b/ HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n", "content");
    check_request("OPTIONS * HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 7\r\n\r\n", "content");
    check_request("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", std::string(chunks));
    check_request("PUT / HTTP/1.1\r\nHost: a\r\nUpgrade: TLS/1.2, TLS/1.9, TLS/1.0, HTTP/1.1\r\n"
                  "Connection: close, Upgrade\r\nTransfer-Encoding: chunked\r\n\r\n",
                  std::string(chunks));
    check_request("PUT / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c, TLS/1.3\r\nConnection: Upgrade, a b\r\n"
                  "Content-Length: 7\r\n\r\n",
                  "content");
    check_request("PUT / HTTP/1.1\r\nHost: a\r\nUpgrade: TLS/1.3\r\nConnection: Upgrade\r\nContent-Length: 7\r\n\r\n",
                  "content");
}

TEST_CASE("octets behind an offer's content: the request is decided again, and known as before") {
    const std::string head = "HEAD / HTTP/1.1\r\nHost: a\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\n"
                             "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    server machine;
    REQUIRE(machine.next(head, serving).what == action::decide);
    const request_facts facts = machine.request(head).facts;
    REQUIRE(machine.accept(0) == errc::ok);
    while (machine.next(head, serving).what == action::write) { // 100 Continue
        REQUIRE(machine.wrote(machine.next(head, serving).bytes.size()) == errc::ok);
    }
    REQUIRE(machine.next(head + "ok", serving).what == action::body);
    REQUIRE(machine.took(2) == errc::ok);
    REQUIRE(machine.next(head + "GET", serving).what == action::decide);
    const request_view again = machine.request(head);
    CHECK(again.facts == facts);
    CHECK(again.offer.empty());
    CHECK(again.why == errc::bytes_behind_offer);
    REQUIRE(machine.require_upgrade() == errc::ok);
    // A 426 to HEAD: no content behind its head, RFC 9112 6.3(1).
    std::string reply;
    while (true) {
        const step now = machine.next(head + "GET", serving);
        if (now.what != action::write) {
            break;
        }
        reply += now.bytes;
        REQUIRE(machine.wrote(now.bytes.size()) == errc::ok);
    }
    CHECK(reply.starts_with("HTTP/1.1 426 "));
    CHECK(reply.ends_with("\r\n\r\n"));
}

namespace {

/// A request that was written, and a client that shows the answer to it.
struct question {
    char text[200] = {};
    client_options options{};

    question() {
        options.need = requirement::any;
        options.request = write_request(text, {"GET", "/", "a", {}, {}}).head;
    }
    [[nodiscard]] client answered(std::string_view head) const {
        client machine;
        REQUIRE(machine.wrote(machine.next({}, options).bytes.size()) == errc::ok);
        REQUIRE(machine.next(head, options).what == action::answer);
        return machine;
    }
};

} // namespace

TEST_CASE("what lasts of a response's facts once its head has left") {
    const question asked;
    for (const std::string head :
         {"HTTP/1.1 200 OK\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\n",
          "HTTP/1.1 426 Go\r\nUpgrade: TLS/1.2\r\nConnection: close, Upgrade\r\n"
          "Content-Length: 2\r\n\r\n",
          "HTTP/1.1 404 No\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\n\r\n"}) {
        CAPTURE(head);
        client machine = asked.answered(head);
        const response_facts facts = machine.response().facts;
        CHECK(machine.response().hint == token_list{tls_token::tls_1_2});
        CHECK(facts.has_upgrade_option());
        REQUIRE(machine.took(head.size()) == errc::ok);
        REQUIRE(machine.next("ok", asked.options).what == action::body);
        REQUIRE(machine.took(1) == errc::ok);
        const response_view later = machine.response();
        CHECK(later.hint.empty());
        CHECK(later.facts.listed_tokens().empty());
        CHECK(!later.facts.has_upgrade_option());
        CHECK(!later.facts.any_layer());
        CHECK(later.facts.status() == facts.status());
        CHECK(later.facts.framing() == facts.framing());
        CHECK(later.facts.persistent() == facts.persistent());
        if (facts.framing() == framing::length) {
            CHECK(later.facts.content_length() == 2);
        }
    }
}

TEST_CASE("whoever forwards a response decides the same once its head has left") {
    const question asked;
    for (const std::string head :
         {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
          "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n",
          "HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n",
          "HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n",
          "HTTP/1.1 304 As it was\r\nContent-Length: 5\r\n\r\n"}) {
        CAPTURE(head);
        client machine = asked.answered(head);
        const response_facts facts = machine.response().facts;
        REQUIRE(machine.took(head.size()) == errc::ok);
        response_facts later = machine.response().facts;
        for (int finished = 0; finished < 2; ++finished) {
            CAPTURE(finished);
            CHECK(later.minor_version() == facts.minor_version());
            CHECK(later.has_transfer_encoding() == facts.has_transfer_encoding());
            CHECK(later.framing() == facts.framing());
            CHECK(later.persistent() == facts.persistent());
            CHECK(judge_forward_response(head, later, method::get) == judge_forward_response(head, facts, method::get));
            char before[200] = {};
            char after[200] = {};
            const prepared one = write_forward_response(before, head, facts, {.pseudonym = "gw"});
            const prepared other = write_forward_response(after, head, later, {.pseudonym = "gw"});
            CHECK(one.error == other.error);
            CHECK(one.head.text() == other.head.text());
            CHECK(later.finish() == errc::ok);
        }
    }
}

TEST_CASE("a fault behind framing is said when it is its turn, not with the framing before it (9112-7.1-03)") {
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    server machine;
    REQUIRE(machine.next(head + "3\rX", serving).what == action::decide);
    REQUIRE(machine.decline() == errc::ok);
    step now = machine.next(head + "3\rX", serving);
    CHECK(now.what == action::drop);
    CHECK(now.error == errc::ok);
    CHECK(machine.error() == errc::ok);
    REQUIRE(machine.took(2) == errc::ok);
    CHECK(machine.error() == errc::ok);
    now = machine.next(head + "X", serving);
    CHECK(now.what == action::write);
    CHECK(now.error == errc::bad_chunk);
    CHECK(machine.error() == errc::bad_chunk);
}
