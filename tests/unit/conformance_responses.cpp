// Rows of docs/conformance.md about reading responses that no other test names.
#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <string>
#include <string_view>

#include "unit/support.hpp"

using namespace tlsup;
using unit::good_tls;

namespace {

constexpr std::string_view good_101 =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2\r\n\r\n";

/// A client that has asked, in clear or for TLS.
struct asked {
    char probe_text[200] = {};
    char request_text_[200] = {};
    client_options options{};
    client machine{};

    explicit asked(requirement need, bool offers = false) {
        options.need = need;
        options.probe = write_probe(probe_text, "a.example", {tls_token::tls_1_2}).head;
        const token_list offer = offers ? token_list{tls_token::tls_1_2} : token_list{};
        options.request = write_request(request_text_, {"GET", "/", "a.example", offer, {}}).head;
        write();
    }
    step next(std::string_view input) {
        return machine.secure() ? machine.next_secure(input, options) : machine.next(input, options);
    }
    void write() {
        for (step now = next({}); now.what == action::write; now = next({})) {
            REQUIRE(machine.wrote(now.bytes.size()) == errc::ok);
        }
    }
    void secure() {
        REQUIRE(next(good_101).what == action::drop);
        REQUIRE(machine.took(good_101.size()) == errc::ok);
        REQUIRE(next({}).what == action::start_tls);
        REQUIRE(machine.tls_established(good_tls, options) == errc::ok);
    }
    void take(std::string_view bytes, action what) {
        const step now = next(bytes);
        REQUIRE(now.what == what);
        REQUIRE(now.bytes == bytes);
        REQUIRE(machine.took(bytes.size()) == errc::ok);
    }
};

/// What a client makes of a head in clear, behind a request.
errc fault_of(std::string_view head) {
    asked it(requirement::any);
    const step now = it.next(head);
    return now.what == action::answer ? errc::ok : now.error;
}

} // namespace

TEST_CASE("the switch is at the octet behind the empty line (2817-09, P-BND)") {
    asked exact(requirement::any, true);
    exact.take(good_101, action::drop);
    CHECK(exact.next({}).what == action::start_tls);
    for (const std::string_view behind : {"\r\n", "H", "\x16", " "}) {
        asked it(requirement::any, true);
        CHECK(it.next(std::string(good_101) + std::string(behind)).error == errc::cleartext_after_101);
    }
    for (std::size_t size = 0; size < good_101.size(); ++size) {
        asked it(requirement::any, true);
        CHECK(it.next(good_101.substr(0, size)).what == action::read);
        CHECK(it.machine.tls_established(good_tls, it.options) == errc::wrong_call);
    }
}

TEST_CASE("a request that was upgraded is answered, and never sent again (2817-01)") {
    asked it(requirement::any, true);
    it.secure();
    CHECK(it.next({}).what == action::read); // nothing to write: the request is outstanding
    it.take("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", action::answer);
    CHECK(it.next({}).what == action::detach);
    CHECK(it.machine.outcome() == outcome::answered_secure);
}

TEST_CASE("until the answer comes the server may still read HTTP: no early ClientHello (9931-05, 9931-08)") {
    asked it(requirement::tls);
    const client before = it.machine;
    CHECK(it.next({}).what == action::read);
    CHECK(it.machine.tls_established(good_tls, it.options) == errc::wrong_call);
    CHECK(it.machine.next_secure("\x16", it.options).error == errc::wrong_call);
    CHECK(it.machine.wrote(1) == errc::wrong_call);
    CHECK(it.machine == before);
}

TEST_CASE("an answer in clear to OPTIONS, from whatever cache, is no TLS (9110-9.3.7-06, 2817-05)") {
    asked it(requirement::tls);
    CHECK(it.next("HTTP/1.1 200 OK\r\nAge: 10\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\n"
                  "Content-Length: 0\r\n\r\n")
              .error == errc::upgrade_refused);
    CHECK(it.machine.outcome() == outcome::refused);
}

TEST_CASE("a 101 needs its Upgrade (9110-15.2.2-01, 2817-07)") {
    asked without(requirement::any, true);
    CHECK(without.next("HTTP/1.1 101 x\r\nConnection: Upgrade\r\n\r\n").error == errc::missing_upgrade);
    asked empty(requirement::any, true);
    CHECK(empty.next("HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: ,\r\n\r\n").error == errc::missing_upgrade);
}

TEST_CASE("a 421 is an answer; nobody asks again on its connection (9110-15.5.20-02)") {
    asked it(requirement::tls);
    it.secure();
    it.take("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", action::drop);
    it.write();
    it.take("HTTP/1.1 421 Misdirected Request\r\nContent-Length: 0\r\n\r\n", action::answer);
    CHECK(it.next({}).what == action::detach);
    CHECK(it.machine.response().facts.status() == 421);
}

TEST_CASE("the status line: reason phrases mean nothing, and may be missing (9112-4-02, 9112-4-03)") {
    CHECK(fault_of("HTTP/1.1 200 101 Switching Protocols\r\nContent-Length: 0\r\n\r\n") == errc::ok);
    CHECK(fault_of("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n") == errc::ok);
    CHECK(fault_of("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n") == errc::bad_status_line);
    CHECK(fault_of("HTTP/1.1 2000 \r\n\r\n") == errc::bad_status_line);
    CHECK(fault_of("HTTP/1.1 20 \r\n\r\n") == errc::bad_status_line);
    CHECK(fault_of("HTTP/1.1  200 \r\n\r\n") == errc::bad_status_line);
    connect_client machine;
    char text[200] = {};
    connect_options options;
    options.connect = write_connect(text, {"a.example", 443, {}}).head;
    REQUIRE(machine.wrote(machine.next({}, options).bytes.size()) == errc::ok);
    CHECK(machine.next("HTTP/1.1 407 Connection established\r\n\r\n", options).what == action::answer);
}

TEST_CASE("what we write has the space before an absent reason (9112-4-03)") {
    char text[200] = {};
    CHECK(write_reply(text, {.status = 299}).head.text() == "HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("one status line: a second one is a field with a bad name (9112-5-01)") {
    CHECK(fault_of("HTTP/1.1 407 x\r\nHTTP/1.1 200 OK: x\r\n\r\n") == errc::bad_field_name);
    CHECK(fault_of("HTTP/1.1 407 x\r\nHTTP/1.1: 200\r\n\r\n") == errc::bad_field_name);
}

TEST_CASE("space before a colon in a response is not repaired (9112-5.1-02, 9112-5.1-01, N-COLON)") {
    CHECK(fault_of("HTTP/1.1 200 OK\r\nX : y\r\nContent-Length: 0\r\n\r\n") == errc::space_before_colon);
    CHECK(fault_of("HTTP/1.1 200 OK\r\nContent-Length\t: 0\r\n\r\n") == errc::space_before_colon);
}

TEST_CASE("octets behind the final response are no response (9112-6.3-14, 9112-9.2-02)") {
    asked it(requirement::any);
    const std::string_view head = "HTTP/1.1 204 No Content\r\n\r\n";
    REQUIRE(it.next(std::string(head) + "HTTP/1.1 200 OK\r\n\r\n").what == action::answer);
    REQUIRE(it.machine.took(head.size()) == errc::ok);
    const step now = it.next("HTTP/1.1 200 OK\r\n\r\n");
    CHECK(now.what == action::close);
    CHECK(now.error == errc::unsolicited_response);
    CHECK(it.machine.response().facts.status() == 204);
}

TEST_CASE("inside TLS the end of the connection cuts off only what has no end of its own (9112-9.8-03, 9112-9.8-04)") {
    const auto ends = [](std::string_view head, std::string_view content, closure how) {
        asked it(requirement::any, true);
        it.secure();
        it.take(head, action::answer);
        REQUIRE(it.machine.peer_closed(how) == errc::ok);
        for (step now = it.next(content); now.what == action::body || now.what == action::drop;
             now = it.next(content)) {
            REQUIRE(it.machine.took(now.bytes.size()) == errc::ok);
            content.remove_prefix(now.bytes.size());
        }
        CHECK(it.machine.state() == client_state::closed);
        CHECK(!it.machine.reusable());
        return it.machine.outcome();
    };
    const std::string_view sized = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
    const std::string_view chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::string_view endless = "HTTP/1.1 200 OK\r\n\r\n";
    for (const closure how : {closure::fin, closure::close_notify}) {
        CHECK(ends(sized, "ok", how) == outcome::answered_secure);
        CHECK(ends(sized, "o", how) == outcome::truncated);
        CHECK(ends(chunked, "2\r\nok\r\n0\r\n\r\n", how) == outcome::answered_secure);
        CHECK(ends(chunked, "2\r\nok\r\n", how) == outcome::truncated);
    }
    CHECK(ends(endless, "ok", closure::close_notify) == outcome::answered_secure);
    CHECK(ends(endless, "ok", closure::fin) == outcome::truncated);
}

TEST_CASE("codings that end with the connection: an answer, and never a step to TLS (9112-6.3-05)") {
    const std::string fields = "Transfer-Encoding: chunked, gzip\r\n\r\n";
    const std::string_view content = "0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"; // all of it is content
    asked plain(requirement::any, true);
    plain.take("HTTP/1.1 200 OK\r\n" + fields, action::answer);
    plain.take(content, action::body);
    REQUIRE(plain.next({}).what == action::read);
    REQUIRE(plain.machine.peer_closed() == errc::ok);
    CHECK(plain.next({}).what == action::close);
    CHECK(plain.machine.outcome() == outcome::answered);
    CHECK_FALSE(plain.machine.reusable());
    // A 426 whose content ends so cannot be followed here: it is the answer.
    asked refused(requirement::any);
    const std::string required = "HTTP/1.1 426 x\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2\r\n";
    refused.take(required + fields, action::answer);
    CHECK(refused.machine.response().facts.status() == 426);
    asked followed(requirement::any);
    followed.take(required + "Content-Length: 0\r\n\r\n", action::drop);
    // Nor does it let the request out after the probe, or make a 101.
    asked probed(requirement::tls);
    probed.secure();
    CHECK(probed.next("HTTP/1.1 200 OK\r\n" + fields).error == errc::probe_connection_closing);
    asked switched(requirement::any, true);
    CHECK(switched.next("HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2\r\n" + fields).error ==
          errc::content_on_101);
}

TEST_CASE("one request, one exchange: nothing can be queued behind it (9112-9.3.2-01, 9112-9.3.2-02)") {
    asked it(requirement::any, true);
    const client before = it.machine;
    char text[200] = {};
    it.options.request = write_request(text, {"GET", "/second", "a.example", {}, {}}).head;
    CHECK(it.next({}).what == action::read);
    CHECK(it.machine.wrote(1) == errc::wrong_call);
    CHECK(it.machine == before);
}

TEST_CASE("a request cannot announce the end of its connection (9112-9.6-02)") {
    char text[200] = {};
    const field_text fields[] = {{"Connection", "close"}};
    CHECK(write_request(text, {"GET", "/", "a.example", {}, {}}, fields).error == errc::bad_argument);
    CHECK(write_request(text, {"GET", "/", "a.example", {tls_token::tls_1_2}, {}}, fields).error == errc::bad_argument);
}

TEST_CASE("a coding in HTTP/1.0 ends the connection, also where there is no content to frame (9112-6.1-08)") {
    const auto reusable_behind = [](std::string_view protocol, std::string_view status, std::string_view fields) {
        asked it(requirement::any);
        it.take(std::string(protocol) + " " + std::string(status) + "\r\nConnection: keep-alive\r\n" +
                    std::string(fields) + "\r\n",
                action::answer);
        CHECK(it.next({}).error == errc::ok);
        CHECK(it.machine.outcome() == outcome::answered);
        return it.machine.reusable();
    };
    for (const std::string_view status : {"204 No", "304 As it was"}) {
        CHECK(reusable_behind("HTTP/1.0", status, ""));
        CHECK(!reusable_behind("HTTP/1.0", status, "Transfer-Encoding: chunked\r\n"));
        CHECK(!reusable_behind("HTTP/1.0", status, "Transfer-Encoding: gzip\r\nContent-Length: 5\r\n"));
        CHECK(reusable_behind("HTTP/1.1", status, "Transfer-Encoding: chunked\r\n"));
    }
    response_facts to_head;
    to_head.start(1, 0, 200);
    to_head.field("Connection", "keep-alive");
    to_head.field("Transfer-Encoding", "chunked");
    CHECK(to_head.finish(true) == errc::ok);
    CHECK(!to_head.persistent());
    // Inside TLS, behind the probe, it is no answer that lets the request out.
    asked probed(requirement::tls);
    probed.secure();
    CHECK(probed.next("HTTP/1.0 204 No\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n").error ==
          errc::probe_connection_closing);
}
