// Rows of docs/conformance.md about reading requests that no other test names.
#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "unit/support.hpp"

using namespace tlsup;
using unit::any_server;

namespace {

/// The first step for a head, and what is written for it.
struct met {
    action what = action::read;
    errc error = errc::ok;
    errc why = errc::ok; // why the offer is ignored
    std::string text{};
    action end = action::read;
    std::string authority{};
    std::size_t offered = 0;
};

met meet(std::string_view input, const server_options& options = any_server) {
    met seen;
    server machine;
    step now = machine.next(input, options);
    seen.what = now.what;
    seen.error = now.error;
    if (now.what == action::decide) {
        const request_view request = machine.request(now.bytes);
        seen.why = request.why;
        seen.offered = request.offer.size();
        seen.authority = request.line.authority;
        return seen;
    }
    for (; now.what == action::write; now = machine.next(input, options)) {
        seen.text += now.bytes;
        REQUIRE(machine.wrote(now.bytes.size()) == errc::ok);
    }
    seen.end = now.what;
    return seen;
}

/// `GET / HTTP/1.1` with Host and these lines.
std::string get(std::string_view lines, std::string_view version = "HTTP/1.1") {
    return "GET / " + std::string(version) + "\r\nHost: a.example\r\n" + std::string(lines) + "\r\n";
}
std::string offer(std::string_view upgrade, std::string_view connection = "Upgrade") {
    return get("Upgrade: " + std::string(upgrade) + "\r\nConnection: " + std::string(connection) + "\r\n");
}

/// Refused with this status, and nothing is read behind it.
bool refused(std::string_view input, unsigned status, const server_options& options = any_server) {
    const met seen = meet(std::string(input) + "GET /next HTTP/1.1\r\nHost: a\r\n\r\n", options);
    return seen.text.find("HTTP/1.1 " + std::to_string(status) + " ") == 0 &&
           seen.text.find("Connection: close\r\n") != std::string::npos && seen.end == action::drain;
}

} // namespace

TEST_CASE(
    "the Upgrade list: names in any case, empty members, several lines (9110-7.8-04, 9110-7.8-05, 9110-5.6.1-02)") {
    CHECK(meet(offer("TLS/1.2")).offered == 1);
    CHECK(meet(offer("tLs/1.2, TLS/1.0")).offered == 2);
    CHECK(meet(offer(",TLS/1.2,,")).offered == 1);
    CHECK(meet(offer(" ,\t, TLS/1.2")).offered == 1);
    CHECK(meet(offer(std::string(1000, ','))).error == errc::list_too_long);
    CHECK(meet(offer("TLS/1.20")).why == errc::no_common_token); // the version is exact
    CHECK(meet(offer("TLS/1.2 /x")).why == errc::bad_upgrade_list);
    CHECK(meet(offer("TLS/")).why == errc::bad_upgrade_list);
}

TEST_CASE("lines of one list combine in order; a singleton stands once (9110-5.3-01, 9110-7.6.1-02)") {
    const std::string_view lines = "Upgrade: TLS/1.0\r\nUpgrade: TLS/1.2\r\nConnection: Keep-Alive\r\n"
                                   "Connection: uPgRaDe\r\n";
    server machine;
    const std::string head = get(lines);
    REQUIRE(machine.next(head, any_server).what == action::decide);
    CHECK(machine.request(head).offer == token_list{tls_token::tls_1_0, tls_token::tls_1_2}); // the client's order
    CHECK(refused("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400));
    CHECK(refused(get("Content-Length: 1\r\nContent-Length: 1\r\n"), 400));
}

TEST_CASE("an option without its field, and a field without its option (9110-7.6.1-07, 9110-7.6.1-08, 2817-04)") {
    CHECK(meet(get("Connection: upgrade\r\n")).why == errc::no_offer);
    CHECK(meet(get("Upgrade: TLS/1.2\r\n")).why == errc::offer_without_option);
    CHECK(meet(get("Upgrade: TLS/1.2\r\nConnection: upgraded\r\n")).why == errc::offer_without_option);
}

TEST_CASE("nothing is decided before the whole head is there (9110-5.3-02, 9110-10.1.1-10)") {
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\n"
                             "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n";
    server machine;
    for (std::size_t size = 0; size < head.size(); ++size) {
        REQUIRE(machine.next(head.substr(0, size), any_server).what == action::read);
        REQUIRE(machine.accept(0) == errc::wrong_call);
    }
    CHECK(machine.next(head, any_server).what == action::decide); // without an octet of content
    CHECK(machine.request(head).facts.expects_continue());
    CHECK(machine.reject(413) == errc::ok);
    CHECK(machine.next(head, any_server).what == action::write);
}

TEST_CASE("100 comes before a 101 even where the content is there already (9110-10.1.1-07, 9110-7.8-17, K7)") {
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\n"
                             "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    server machine;
    REQUIRE(machine.next(head + "ok", any_server).what == action::decide);
    REQUIRE(machine.accept(0) == errc::ok);
    CHECK(machine.next(head + "ok", any_server).bytes == continue_100);
    server declining; // without a switch the host may skip it
    REQUIRE(declining.next(head + "ok", any_server).what == action::decide);
    REQUIRE(declining.decline() == errc::ok);
    CHECK(declining.next(head + "ok", any_server).what == action::body);
}

TEST_CASE("octets are octets: no decoding makes a line end or a delimiter (9112-2.2-01, 9110-5.5-02)") {
    for (const std::string_view bytes : {"\xc4\x8a", "\xe5\x98\x8a\xe5\x98\x8d", "\xc0\x8a", "\xff\xfe", "\x8a\x8d"}) {
        server machine;
        const std::string head = get("X: a" + std::string(bytes) + "Upgrade: TLS/1.2\r\n");
        REQUIRE(machine.next(head, any_server).what == action::decide);
        CHECK(!machine.request(head).facts.has_upgrade());
        field found;
        REQUIRE(find_field(head, "X", found));
        CHECK(found.value == "a" + std::string(bytes) + "Upgrade: TLS/1.2");
        CHECK(refused("GET /" + std::string(bytes) + " HTTP/1.1\r\nHost: a\r\n\r\n", 400));
        CHECK(refused("GET / HTTP/1.1\r\nHost: a" + std::string(bytes) + "\r\n\r\n", 400));
        CHECK(meet(offer("TLS/1.2" + std::string(bytes))).why == errc::bad_upgrade_list);
    }
}

TEST_CASE("CR, LF and NUL in a value (9110-5.5-01, 9112-2.2-04)") {
    using namespace std::string_view_literals;
    for (const std::string_view bad : {"a\rb"sv, "a\nb"sv, "a\0b"sv, "\r"sv, "a\r\rb"sv}) {
        CHECK(refused(get("X: " + std::string(bad) + "\r\n"), 400));
    }
    CHECK(refused("GET /\r HTTP/1.1\r\nHost: a\r\n\r\n", 400));
}

TEST_CASE("whitespace between the start line and the first field (9112-2.2-08)") {
    CHECK(refused("GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400));
    CHECK(refused("GET / HTTP/1.1\r\n\tHost: a\r\nHost: a\r\n\r\n", 400));
}

TEST_CASE("what is no HTTP at all (9112-2.2-09, 9931-06)") {
    CHECK(refused("\x01\x02\x03\r\n\r\n", 400));
    CHECK(refused("SSH-2.0-x\r\n\r\n", 400));
    const met tls = meet("\x16\x03\x01\x02");
    CHECK(tls.what == action::close);
    CHECK(tls.error == errc::not_http);
    CHECK(tls.text.empty());
}

TEST_CASE("limits of the request line (9112-3-02, 9112-3-03, 9112-3-04, 9110-2.3-01)") {
    CHECK(refused(std::string(33, 'A') + " / HTTP/1.1\r\nHost: a\r\n\r\n", 501));
    CHECK(refused("GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414));
    const std::string rest = " HTTP/1.1\r\nHost: a\r\n\r\n";
    const std::string line = "GET /" + std::string(8000 - 4 - 1 - 9, 'a');
    CHECK(meet(line + rest).what == action::decide); // 8000 octets, with the defaults
    std::string own(65535, '\0');                    // what we write, we can read
    const prepared made = write_request(room(own), {"GET", line.substr(4), "a.example", default_tokens, {}});
    REQUIRE(made.error == errc::ok);
    CHECK(meet(made.head.text()).offered == 3);
}

TEST_CASE("an absolute target is accepted, and its host wins (9112-3.2.2-03, 9112-3.2.2-04, 9112-3.3-01)") {
    const met seen = meet("GET http://b.example:81/x HTTP/1.1\r\nHost: a.example\r\n\r\n");
    CHECK(seen.what == action::decide);
    CHECK(seen.authority == "b.example:81");
    CHECK(refused("GET https://b.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n", 421)); // no https, whatever is below
    server machine; // not even inside the TLS of an upgraded connection
    REQUIRE(unit::secure_server(machine, unit::probe, any_server));
    for (step now = machine.next_secure({}, unit::probe, any_server); now.what == action::write;
         now = machine.next_secure({}, unit::probe, any_server)) {
        REQUIRE(machine.wrote(now.bytes.size()) == errc::ok);
    }
    const step now =
        machine.next_secure("GET https://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n", unit::probe, any_server);
    CHECK(now.status == 421);
}

TEST_CASE("there is no default host (9112-3.3-02)") {
    CHECK(refused("GET / HTTP/1.1\r\nHost:\r\n\r\n", 400));
    CHECK(refused("GET / HTTP/1.1\r\n\r\n", 400));
    CHECK(meet("GET / HTTP/1.0\r\n\r\n").authority.empty());
}

TEST_CASE("whitespace around a value is not part of it (9112-5.1-03)") {
    field found;
    const std::string head = get("X: \t a b \t\r\nY:\x0b"
                                 "a\r\n");
    REQUIRE(find_field(head, "X", found));
    CHECK(found.value == "a b");
    CHECK(refused(head, 400)); // VT is no whitespace, and no part of a value either
    CHECK(meet(offer("TLS/1.2\xa0")).why == errc::bad_upgrade_list);
}

TEST_CASE("content is framed alike for every method (9112-6-01)") {
    for (const std::string_view method : {"GET", "HEAD", "OPTIONS", "DELETE", "PURGE"}) {
        server machine;
        const std::string head = std::string(method) + " / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
        const std::string input = head + "GET /";
        REQUIRE(machine.next(input, any_server).what == action::decide);
        REQUIRE(machine.decline() == errc::ok);
        const step now = machine.next(input, any_server);
        CHECK(now.what == action::body);
        CHECK(now.bytes == "GET /");
    }
}

TEST_CASE("codings (9112-6.1-02, 9112-6.1-03, 9112-6.1-05, 9112-6.1-07, 9112-6.1-08, 9112-6.3-06, 9112-7.1-02, "
          "9112-11.2-01)") {
    const std::vector<std::pair<std::string_view, unsigned>> table{{"chunked, chunked", 400},
                                                                   {"gzip, chunked", 501},
                                                                   {"chunked, gzip", 400},
                                                                   {"gzip", 400},
                                                                   {"identity", 400},
                                                                   {"identity, chunked", 501},
                                                                   {"xchunked", 400},
                                                                   {"chunked;q=1", 400},
                                                                   {"\"chunked\"", 400},
                                                                   {"chunked,", 400},
                                                                   {",chunked", 400},
                                                                   {"chunked, gzip, chunked", 501},
                                                                   {"", 400}};
    for (const auto& row : table) {
        CAPTURE(row.first);
        CHECK(refused(get("Transfer-Encoding: " + std::string(row.first) + "\r\n"), row.second));
    }
    CHECK(refused(get("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400));
    CHECK(refused(get("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400));
    CHECK(refused(get("Transfer-Encoding: chunked\r\n", "HTTP/1.0"), 400));
    CHECK(meet(get("Transfer-Encoding: ChunkeD\r\n")).what == action::decide);
}

TEST_CASE("hosts that are names to a URI and not to DNS (N-HOST)") {
    for (const std::string_view bad : {"h%41", "a!b", "a,b", "a:080", "a:0", "[fe80::1%25eth0]"}) {
        CAPTURE(bad);
        CHECK(refused("GET / HTTP/1.1\r\nHost: " + std::string(bad) + "\r\n\r\n", 400));
    }
    CHECK(meet("GET / HTTP/1.1\r\nHost: a_b:\r\n\r\n").what == action::decide);
}

TEST_CASE("lengths (9110-8.6-01, 9112-6.3-07)") {
    for (const std::string_view bad :
         {"+5", "-1", "0x5", "5 5", "", "5,6", "5, 5", "5.0", "18446744073709551616", "18446744073709551621",
          "100000000000000000000000000000", "9223372036854775808", "\xd9\xa5"}) {
        CAPTURE(bad);
        CHECK(refused(get("Content-Length: " + std::string(bad) + "\r\n"), 400));
    }
    CHECK(meet(get("Content-Length: 9223372036854775807\r\n")).what == action::decide);
}

TEST_CASE("who closes the connection (9112-9.3-01, 9112-9.6-03)") {
    const auto last = [](std::string_view spoken, std::string_view options) {
        server machine;
        const std::string head = get("Connection: " + std::string(options) + "\r\n", spoken);
        REQUIRE(machine.next(head, any_server).what == action::decide);
        return machine.request(head).facts.last();
    };
    CHECK(!last("HTTP/1.1", "x"));
    CHECK(last("HTTP/1.1", "close"));
    CHECK(last("HTTP/1.1", "keep-alive, CLOSE"));
    CHECK(last("HTTP/1.0", "x"));
    CHECK(!last("HTTP/1.0", "Keep-Alive"));
    CHECK(last("HTTP/1.0", "keep-alive, close"));
    CHECK(!last("HTTP/1.9", "x"));
}

TEST_CASE("methods are case-sensitive (9112-3.1-01)") {
    CHECK(refused("connect a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n", 400)); // a target for CONNECT alone
    server machine;
    const std::string head = "options / HTTP/1.1\r\nHost: a\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\n\r\n";
    const server_options bound{.upgrade = {splice_defence::bound_alpn}};
    REQUIRE(machine.next(head, bound).what == action::decide);
    CHECK(machine.request(head).facts.method() == method::other);
    CHECK(machine.request(head).why == errc::method_not_allowed);
}

TEST_CASE("an offer may be left alone: the request is then one like others (2817-03, 9110-7.8-02)") {
    for (const splice_defence how : {splice_defence::no_upgrade, splice_defence::accept_splice_risk}) {
        server_options options = any_server;
        options.upgrade.defence = how;
        server machine;
        const std::string head = offer("TLS/1.2");
        REQUIRE(machine.next(head, options).what == action::decide);
        REQUIRE(machine.decline() == errc::ok);
        CHECK(machine.next(head, options).what == action::answer);
        CHECK(machine.answered() == errc::ok);
        CHECK(machine.next(head, options).what == action::drop);
        CHECK(machine.took(head.size()) == errc::ok);
        CHECK(machine.next({}, options).what == action::read); // and the connection goes on
    }
}

TEST_CASE("what leads to the next proxy is what was asked for (2817-30)") {
    for (const std::string_view authority : {"a.example:443", "[2001:db8::1]:8443", "192.0.2.1:80"}) {
        const std::string head = "CONNECT " + std::string(authority) + " HTTP/1.1\r\nHost: x\r\n\r\n";
        const port_range all[] = {{1, 65535}};
        proxy_options options;
        options.ports = all;
        constexpr network examples[] = {network_of("2001:db8::/32"), network_of("192.0.2.0/24")};
        options.addresses = examples;
        connect_proxy machine;
        REQUIRE(machine.next(head, options).what == action::decide);
        const connect_target target = machine.target(head);
        char text[200] = {};
        const prepared next = write_connect(text, {target.host, target.port, {}});
        CHECK(next.head.text() ==
              "CONNECT " + std::string(authority) + " HTTP/1.1\r\nHost: " + std::string(authority) + "\r\n\r\n");
        REQUIRE(machine.open() == errc::ok);
        REQUIRE(machine.dialing() == errc::ok);
        CHECK(machine.refuse_as_next_proxy(403) == errc::ok); // it does not become a 2xx
        CHECK(machine.status() == 403);
    }
}

TEST_CASE("two hops are two objects: one is upgraded, the other is not (2817-22, 2817-21)") {
    server towards_client;
    client towards_server;
    REQUIRE(unit::secure_server(towards_client, unit::probe, any_server));
    CHECK(towards_client.secure());
    CHECK(!towards_server.secure());
    CHECK(towards_server.state() == client_state::starting);
}
