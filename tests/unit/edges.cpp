// The edges of small things: spellings, lists and heads that are almost right.
#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <string>
#include <string_view>

#include "unit/support.hpp"

using namespace tlsup;

namespace {

bool is_host(std::string_view text) {
    authority parsed;
    return parse_authority(text, port_rule::optional, parsed) == errc::ok;
}

errc request_fault(std::string_view head, const server_options& options = unit::any_server) {
    server machine;
    const step now = machine.next(head, options);
    return now.what == action::decide ? errc::ok : now.error != errc::ok ? now.error : machine.error();
}

errc response_fault(std::string_view head) {
    char text[200] = {};
    client_options options;
    options.need = requirement::any;
    options.request = write_request(text, {"GET", "/", "a.example", {}, {}}).head;
    client machine;
    const step ask = machine.next({}, options);
    REQUIRE(machine.wrote(ask.bytes.size()) == errc::ok);
    const step now = machine.next(head, options);
    return now.what == action::read ? errc::no_offer : now.error;
}

errc facts_fault(std::string_view method, std::string_view target, std::string_view name, std::string_view value,
                 unsigned minor = 1, request_leniency forgives = {}) {
    request_facts facts;
    facts.start(method, target, 1, minor);
    facts.field("Host", "a.example");
    facts.field(name, value);
    return facts.finish(forgives);
}

} // namespace

TEST_CASE("IPv6 addresses that are almost one (P-AUTH)") {
    for (const std::string_view good :
         {"[1::2]", "[::]", "[::1.2.3.4]", "[1:2:3:4:5:6:1.2.3.4]", "[1:2:3:4:5:6:7::]"}) {
        CHECK_MESSAGE(is_host(good), good);
    }
    for (const std::string_view bad :
         {"[1::2::3]", "[1:2:3:4:5:6:7:1.2.3.4]", "[1:2:3:4:5:6:7:8:9]", "[::1.2.3]", "[12345::]", "[1:]", "[1:2]",
          "[::g]", "[]", "[v.x]", "[v1.]", "[v1x]", "[v1.a b]", "[x1.a]", "[1::2", "[1:2:3:4:5:6:7:8::]"}) {
        CHECK_MESSAGE(!is_host(bad), bad);
    }
    CHECK(!detail::ends_in_number(""));
    CHECK(!detail::ends_in_number("."));
    CHECK(detail::ends_in_number("a.0x7F."));
    CHECK(!detail::ends_in_number("a.0x7G"));
    CHECK(detail::ends_in_number("a.0x")); // to some it is 0
    CHECK(!detail::ends_in_number("a.0b"));
}

TEST_CASE("addresses that hide others, and those that nearly do (9110-9.3.6-08)") {
    for (const std::string_view hides : {"::ffff:0:1.2.3.4", "64:ff9b::1.2.3.4", "64:ff9b:1::", "64:ff9b:1:2::"}) {
        CHECK_MESSAGE(detail::embeds_ipv4(hides), hides);
    }
    for (const std::string_view open : {"::fffe:0:1.2.3.4", "::ff00:0:0", "::ffff:1:0:0", "1::ffff:0:0:0", "64:ff9c::1",
                                        "64:fe9b::1", "64:ff9b:2::1", "64:ff9b:100::", "64::", "2003::", "2102::"}) {
        CHECK_MESSAGE(!detail::embeds_ipv4(open), open);
    }
}

TEST_CASE("hosts without brackets, and rules for names below") {
    CHECK(bare_host("[]") == "[]");
    CHECK(bare_host("[::1") == "[::1");
    CHECK(bare_host("[::1]") == "::1");
    CHECK(bare_host(".") == ".");
    CHECK(bare_host("").empty());
    CHECK(host_matches("*.example", "a.example"));
    CHECK(!host_matches("*.example", "example"));
    CHECK(!host_matches("*.example", "xexample"));
    CHECK(!host_matches("*x.example", "a.example"));
    CHECK(!host_matches("*.", "a.example"));
    CHECK(host_matches("*", "*"));
}

TEST_CASE("challenges and logins that are almost Basic (RFC 7617 2)") {
    CHECK(basic_matches("Basic dTpw", {"u", "p"}));
    CHECK(!basic_matches("Basic", {"u", "p"}));
    CHECK(!basic_matches("Basic\tdTpw", {"u", "p"}));
    CHECK(!basic_matches("Digest dTpw", {"u", "p"}));
    CHECK(!basic_matches("", {"u", "p"}));
    CHECK(!basic_matches("Basic dTpw", {}));
    CHECK(!basic_matches("Basic dTpx", {"u", "p"}));
    CHECK(asks_for_basic("Basic realm=\"x\""));
    CHECK(asks_for_basic("Digest realm=\"a, Basic\", Basic realm=\"x\""));
    CHECK(!asks_for_basic("Digest realm=\"a, Basic\""));
    CHECK(!asks_for_basic("Digest realm=\"a\\\", Basic realm=\"x"));
    CHECK(!asks_for_basic("Digest Basic=x, Basic=y"));
    CHECK(asks_for_basic("Digest a\\b, Basic"));
    CHECK(asks_for_basic("Digest x,\r\n Basic"));
    CHECK(!asks_for_basic("Digest x,\r\n"));
    CHECK(!asks_for_basic(""));
}

TEST_CASE("heads that are almost right, at a server (9112-2.2-02, 9112-2.3-01, 9112-3-01, 9112-5.1-01, 9112-3.2-01)") {
    const std::string_view start = "GET / HTTP/1.1\r\nHost: a\r\n";
    const auto with = [start](std::string_view rest) { return request_fault(std::string(start) + std::string(rest)); };
    CHECK(with("\r\n") == errc::ok);
    CHECK(with("\n") == errc::bare_lf);
    CHECK(with("\rx") == errc::bare_cr);
    CHECK(with("X\n") == errc::bad_field_name);
    CHECK(with("X : y\r\n") == errc::space_before_colon);
    CHECK(with("X\t: y\r\n") == errc::space_before_colon);
    CHECK(with(": y\r\n") == errc::bad_field_name);
    CHECK(with(" X: y\r\n") == errc::folded_line);
    CHECK(request_fault("GET / HTTP/1.1\r\n X: y\r\n") == errc::folded_line);
    CHECK(request_fault("\rGET") == errc::bad_method);
    CHECK(request_fault("\rx") == errc::bad_method);
    CHECK(request_fault(" / HTTP/1.1\r\n") == errc::bad_method);
    CHECK(request_fault("GET  HTTP/1.1\r\n") == errc::bad_target);
    CHECK(request_fault("GET / HTTP/1.1 \r\n") != errc::ok);
    CHECK(request_fault("GET / http/1.1\r\n") == errc::bad_version);
    CHECK(request_fault("GET / HTTP/2.0\r\n") == errc::unsupported_version);
    server_options narrow = unit::any_server;
    narrow.head.start_line_bytes = 4;
    CHECK(request_fault("GET / HTTP/1.1\r\n", narrow) == errc::start_line_too_long);
    narrow = unit::any_server;
    narrow.head.head_bytes = 10;
    CHECK(request_fault("GET /12345 HTTP/1.1\r\n", narrow) == errc::start_line_too_long);
    narrow.head.head_bytes = 20;
    CHECK(request_fault("GET / HTTP/1.1\r\nHost: a\r\n", narrow) == errc::head_too_large);
}

TEST_CASE("heads that are almost right, at a client (9112-4-01, 9112-5.2-04, 9112-2.3-01)") {
    CHECK(response_fault("HTTP/1.1 200\r\n") == errc::bad_status_line);
    CHECK(response_fault("HTTP/1.10 200 OK\r\n") == errc::bad_status_line);
    CHECK(response_fault("HTTP/1.1\t200 OK\r\n") == errc::bad_status_line);
    CHECK(response_fault("HTTP/x.1 200 OK\r\n") == errc::bad_version);
    CHECK(response_fault("HTTP/1.1 200 OK\r\n X: y\r\n") == errc::folded_line); // there is no line to continue
    CHECK(response_fault("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n 2\r\n\r\n") == errc::folded_line);
    CHECK(response_fault("HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n chunked\r\n\r\n") == errc::folded_line);
    CHECK(response_fault("HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n") == errc::ok);
    CHECK(response_fault("HTTP/1.1 200 O\nX: a\r\n") == errc::bare_lf);
    CHECK(response_fault("HTTP/1.1 200 O\x01\r\n") == errc::bad_field_value);
}

TEST_CASE("facts of requests, one by one (9112-3.2-03, 9110-10.1.1-01, 9110-10.1.1-06, 9110-7.4-01)") {
    CHECK(facts_fault("GET", "/", "X", "y") == errc::ok);
    CHECK(facts_fault("GET", "/", "Host", "a.example") == errc::repeated_host);
    CHECK(facts_fault("GET", "/", "Hosts", "a b") == errc::ok);
    CHECK(facts_fault("GET", "/", "Most", "a b") == errc::ok);
    CHECK(facts_fault("GET", "/", "Except", "x") == errc::ok);
    CHECK(facts_fault("GET", "/", "Expect", "100-Continue") == errc::ok);
    CHECK(facts_fault("GET", "/", "Expect", "200-ok") == errc::unmet_expectation);
    CHECK(facts_fault("GET", "/", "Expect", "200-ok", 0) == errc::ok);
    for (const std::string_view good :
         {"100-continue,", ", 100-continue ,,", "100-continue, 100-CONTINUE", "", ",", " "}) {
        CHECK_MESSAGE(facts_fault("GET", "/", "Expect", good) == errc::ok, good); // 9110-5.6.1-02
    }
    for (const std::string_view bad :
         {"100-continue, 200-ok", "200-ok,100-continue", "100-continue;x", "100-continue x"}) {
        CHECK_MESSAGE(facts_fault("GET", "/", "Expect", bad) == errc::unmet_expectation, bad);
    }
    CHECK(facts_fault("GET", "/", "Expect", std::string(31, ',')) == errc::ok);
    CHECK(facts_fault("GET", "/", "Expect", std::string(32, ',')) == errc::unmet_expectation);
    CHECK(facts_fault("GET", "/", "Expect", std::string(31, ',') + "100-continue") == errc::ok);
    CHECK(facts_fault("GET", "/", "Expect", std::string(32, ',') + "100-continue") == errc::unmet_expectation);
    CHECK(facts_fault("GET", "", "X", "y") == errc::bad_target);
    CHECK(facts_fault("GET", "/ x", "X", "y") == errc::bad_target);
    CHECK(facts_fault("GET", "*", "X", "y") == errc::bad_target);
    CHECK(facts_fault("G(T", "/", "X", "y") == errc::bad_method);
    CHECK(facts_fault("GET", "http://b.example/", "X", "y") == errc::ok);
    CHECK(facts_fault("GET", "HTTPS://b.example/", "X", "y") == errc::wrong_scheme);
    CHECK(facts_fault("GET", "https://b.example/", "X", "y", 1, {false, true}) == errc::ok);
    for (const std::string_view bad : {"http", "https", "htt://b/", "httpx://b/", "ftp://b/", "http:/b", "http://",
                                       "http://?x", "a.example:80", "http://u@b/", "httpss://b/"}) {
        CHECK_MESSAGE(facts_fault("GET", bad, "X", "y") == errc::bad_target, bad);
    }
    CHECK(facts_fault("CONNECT", "[v1.a]:443", "X", "y") == errc::bad_target);
    request_facts second;
    second.start("GET", "/", 2, 0);
    CHECK(second.finish() == errc::unsupported_version);
}

TEST_CASE("field names of the same length are told apart (9110-5.1-01)") {
    for (const std::string_view near : {"Upgrado", "Connectiom", "Content-Lengtg", "Transfer-Encodinh"}) {
        CHECK_MESSAGE(facts_fault("GET", "/", near, "a b, c") == errc::ok, near);
    }
    CHECK(facts_fault("GET", "/", "transfer-encoding", "chunked, chunked") == errc::bad_transfer_encoding);
    CHECK(facts_fault("GET", "/", "transfer-encoding", "gzip, chunked") == errc::unknown_transfer_coding);
    CHECK(facts_fault("GET", "/", "transfer-encoding", "chunked", 0) == errc::transfer_encoding_in_http_1_0);
}

TEST_CASE("a list that is void advertises nothing (9110-7.8-11, 2817-14)") {
    const auto advertised = [](std::string_view upgrade, std::string_view connection) {
        response_facts facts;
        facts.start(1, 1, 200);
        facts.field("Upgrade", upgrade);
        facts.field("Connection", connection);
        REQUIRE(facts.finish(false) == errc::ok);
        return facts.advertised();
    };
    CHECK(advertised("TLS/1.2", "Upgrade") == token_list{tls_token::tls_1_2});
    CHECK(advertised("TLS/1.2 x", "Upgrade").empty());
    CHECK(advertised("TLS/1.2", "Upgrade, a b").empty());
    response_facts order;
    order.start(1, 1, 101);
    order.field("Upgrade", "TLS/1.2, HTTP/1.1");
    CHECK(order.http_on_top());
    CHECK(!order.http_below());
    order.field("Upgrade", "x");
    CHECK(order.http_below());
}

TEST_CASE("requests that cannot be written (9112-3.2.1-01, 9112-6.3-13, 9110-10.1.1-02)") {
    char text[300] = {};
    const room out = text;
    const auto error = [out](const request_text& request, field_list fields = {}) {
        return write_request(out, request, fields).error;
    };
    const field_text type[] = {{"Content-Type", "text/plain"}};
    CHECK(error({"GET", "/", "a.example", {}, {}}) == errc::ok);
    CHECK(error({"OPTIONS", "*", "a.example", {}, {}}) == errc::ok);
    CHECK(error({"GET", "http://a.example/", "a.example", {}, {}}) == errc::bad_argument);
    CHECK(error({"CONNECT", "a.example:443", "a.example", {}, {}}) == errc::bad_argument);
    CHECK(error({"GET", "/", "a b", {}, {}}) == errc::bad_argument);
    CHECK(error({"PUT", "/", "a.example", {}, {framing::until_close, 0, false}}) == errc::bad_argument);
    CHECK(error({"PUT", "/", "a.example", {}, content::of(detail::largest_length)}) == errc::ok);
    CHECK(error({"PUT", "/", "a.example", {}, content::of(detail::largest_length + 1)}) == errc::bad_argument);
    CHECK(error({"PUT", "/", "a.example", {}, {framing::none, 0, true}}) == errc::bad_argument);
    CHECK(error({"OPTIONS", "/", "a.example", {}, content::of(1)}) == errc::bad_argument);
    CHECK(error({"OPTIONS", "/", "a.example", {}, content::of(1)}, type) == errc::ok);
    const prepared chunks = write_request(out, {"PUT", "/", "a.example", {}, {framing::chunked, 0, true}});
    CHECK(chunks.head.text() ==
          "PUT / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
    CHECK(chunks.head.announces_content());
    CHECK(!write_request(out, {"PUT", "/", "a.example", {}, content::of(0)}).head.announces_content());
}

TEST_CASE("replies and advertisements that cannot be written (2817-16, 9110-8.6-02, 9110-15.5.22-01)") {
    char text[300] = {};
    const room out = text;
    for (const unsigned bad : {0U, 101U, 199U, 407U, 426U, 600U}) {
        CHECK(write_reply(out, {.status = static_cast<std::uint16_t>(bad)}).error == errc::bad_argument);
    }
    CHECK(write_reply(out, {.status = 304}).head.text() == "HTTP/1.1 304 Not Modified\r\n\r\n");
    CHECK(write_reply(out, {.status = 304, .content = "x"}).error == errc::bad_argument);
    CHECK(write_426(out, {}, "x").error == errc::bad_argument);
    CHECK(write_advert(out, {}).error == errc::bad_argument);
    CHECK(write_advert(out, {tls_token::tls_1_2}).error == errc::ok);
}

TEST_CASE("rules that are almost good, and requests that are almost theirs (RFC 2817 8.1)") {
    const auto good = [](std::string_view method, std::string_view path, std::string_view host) {
        policy_rule rule;
        rule.method = method;
        rule.path = path;
        rule.host = host;
        const policy_rule list[] = {rule};
        return policy_rules(list).good();
    };
    CHECK(good("GET", "/a", "*.example"));
    CHECK(good("", "", "[::1]"));
    CHECK(good("", "", "::1"));
    CHECK(!good("G T", "", ""));
    CHECK(!good("G T", "", "a.example"));
    CHECK(!good("", "a", ""));
    CHECK(!good("", "", "*.127.0.0.1"));
    CHECK(!good("", "", "*.[::1]"));
    CHECK(!good("", "", "a b"));
    CHECK(!good("", "", "*.::1"));
}

TEST_CASE("an entry of a cache is complete, or none (2817-42)") {
    const auto usable = [](auto change) {
        capability entry;
        entry.host = host_text("a.example");
        entry.port = 80;
        entry.tokens = {tls_token::tls_1_2};
        entry.how = learned::verified;
        entry.expires = 9;
        change(entry);
        return detail::is_capability(entry);
    };
    CHECK(usable([](capability&) {}));
    CHECK(!usable([](capability& it) { it.port = 0; }));
    CHECK(!usable([](capability& it) { it.tokens = {}; }));
    CHECK(!usable([](capability& it) { it.pinned = true; })); // what is pinned does not expire
    CHECK(!usable([](capability& it) { it.how = static_cast<learned>(7); }));
    CHECK(!usable([](capability& it) { it.scheme = static_cast<scheme>(7); }));
    CHECK(!usable([](capability& it) { it.host = {}; }));
}

TEST_CASE("an SSLv2 hello is told the version, other first octets are not") {
    const auto alert = [](char first) {
        hello_gate gate;
        CHECK(gate.feed({&first, 1}, "a.example", splice_defence::bound_alpn) == hello_gate::progress::refuse);
        return gate.verdict().alert();
    };
    CHECK(alert('\x80') == 70);
    CHECK(alert('\x7f') != 70);
}
