// Rows of docs/conformance.md about what is written that no other test names.
#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "unit/support.hpp"

using namespace tlsup;

namespace {

/// Heads of every kind that the library writes.
std::vector<std::string> written() {
    std::vector<std::string> all{std::string(continue_100),
                                 std::string(default_upgrade_required.text()),
                                 std::string(detail::inner_reply),
                                 std::string(detail::inner_reply_last),
                                 std::string(detail::misdirected_reply),
                                 std::string(detail::tunnel_200)};
    for (const std::string_view each : detail::switching_101_texts) {
        all.emplace_back(each);
    }
    char text[600] = {};
    const room out = text;
    const auto add = [&all](const prepared& made) {
        REQUIRE(made.error == errc::ok);
        all.emplace_back(made.head.text());
    };
    const field_text fields[] = {{"X-One", "a, b"}, {"Content-Type", "text/plain"}};
    add(write_probe(out, "a.example", default_tokens));
    add(write_request(out, {"GET", "/", "a.example", {}, {}}));
    add(write_request(out, {"OPTIONS", "*", "[::1]:81", default_tokens, content::of(3)}, fields));
    add(write_request(out, {"POST", "/x?y", "a.example", default_tokens, {framing::chunked, 0, true}}, fields));
    add(write_proxied(out, {"GET", "/", "a.example", {}, {}}, {"u", "p"}));
    add(write_connect(out, {"a.example", 443, {"u", "p"}}));
    add(write_connect(out, {"::1", 443, {}}));
    add(write_reply(out, {.status = 299, .advertise = default_tokens, .close = true, .content = "x"}, fields));
    add(write_reply(out, {.status = 304}));
    add(write_426(out, {tls_token::tls_1_2}, "x"));
    add(write_407(out, "Basic realm=\"x\"", "x"));
    server refusing;
    step now = refusing.next("GET\r\n", unit::any_server);
    std::string refusal;
    for (; now.what == action::write; now = refusing.next("GET\r\n", unit::any_server)) {
        refusal += now.bytes;
        REQUIRE(refusing.wrote(now.bytes.size()) == errc::ok);
    }
    all.push_back(refusal);
    connect_proxy denying;
    const std::string_view denied = "CONNECT a.example:1 HTTP/1.1\r\nHost: a.example\r\n\r\n";
    refusal.clear();
    for (now = denying.next(denied, {}); now.what == action::write; now = denying.next(denied, {})) {
        refusal += now.bytes;
        REQUIRE(denying.wrote(now.bytes.size()) == errc::ok);
    }
    all.push_back(refusal);
    return all;
}

bool is_request(std::string_view text) { return text.substr(0, 5) != "HTTP/"; }
std::string_view head_of(std::string_view text) { return text.substr(0, text.find("\r\n\r\n") + 4); }

} // namespace

TEST_CASE("every head that is written is read again, strictly (9110-2.2-01, 9110-2.3-01, 9110-5.6.1-01)") {
    for (const std::string& text : written()) {
        CAPTURE(text);
        const std::string head(head_of(text));
        REQUIRE(!head.empty());
        if (is_request(text)) {
            detail::head_reader<request_facts> reader;
            request_facts facts;
            CHECK(reader.read(head, {}, facts) == detail::head_reader<request_facts>::progress::done);
            CHECK(facts.finish() == errc::ok);
            CHECK(!facts.list_is_void());
        } else {
            detail::head_reader<response_facts> reader;
            response_facts facts;
            CHECK(reader.read(head, {}, facts) == detail::head_reader<response_facts>::progress::done);
            CHECK(facts.finish(false) == errc::ok);
            CHECK(!facts.list_is_void());
        }
        field_reader fields(head);
        for (field each; fields.next(each);) {
            CHECK(!each.value.empty());
            if (detail::same_text(each.name, "upgrade") || detail::same_text(each.name, "connection")) {
                detail::list_reader list(each.value);
                for (std::string_view member; list.next(member);) {
                    CHECK(!member.empty());
                }
            }
        }
    }
}

TEST_CASE("line ends are CR LF, lines are not folded, nothing stands around a head (9112-2.2-03, 9112-2.2-05, "
          "9112-2.2-07, 9112-5.2-01)") {
    for (const std::string& text : written()) {
        CAPTURE(text);
        const std::string_view head = head_of(text);
        CHECK(head[0] > ' ');
        for (std::size_t at = 0; at < head.size(); ++at) {
            CHECK((head[at] == '\r') == (at + 1 < head.size() && head[at + 1] == '\n'));
            if (head[at] == '\n' && at + 1 < head.size()) {
                CHECK(head[at + 1] != ' ');
                CHECK(head[at + 1] != '\t');
            }
        }
        if (is_request(text)) {
            CHECK(head == text); // and no empty line behind it
        }
    }
}

TEST_CASE("whatever is written is HTTP/1.1, whoever asked (9112-2.3-02, 9112-2.3-03)") {
    for (const std::string& text : written()) {
        const std::string_view line = std::string_view(text).substr(0, text.find("\r\n"));
        CHECK(line.find("HTTP/1.1") == (is_request(text) ? line.size() - 8 : 0));
    }
    const std::string_view old =
        "GET / HTTP/1.0\r\nHost: a\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade, keep-alive\r\n\r\n";
    detail::head_reader<request_facts> reader;
    request_facts facts;
    REQUIRE(reader.read(old, {}, facts) == detail::head_reader<request_facts>::progress::done);
    REQUIRE(facts.finish() == errc::ok);
    char out[200] = {};
    CHECK(write_forward_request(out, old, facts, {}).head.text() ==
          "GET / HTTP/1.1\r\nHost: a\r\nVia: 1.0 tlsup\r\n\r\n");
}

TEST_CASE("Host comes first (9110-7.2-01)") {
    for (const std::string& text : written()) {
        if (is_request(text)) {
            CHECK(text.find("\r\nHost: ") == text.find("\r\n"));
        }
    }
}

TEST_CASE("every Upgrade is named by Connection, in either direction (9110-7.8-14, 2817-04, 9110-7.6.1-03)") {
    for (const std::string& text : written()) {
        CHECK((text.find("\r\nUpgrade: ") == std::string::npos) ==
              (text.find("\r\nConnection: Upgrade\r\n") == std::string::npos &&
               text.find("\r\nConnection: close, Upgrade\r\n") == std::string::npos));
    }
}

TEST_CASE("tokens keep the order of who lists them (9110-7.8-01, 9110-7.8-10)") {
    char out[300] = {};
    const token_list upwards{tls_token::tls_1_0, tls_token::tls_1_3};
    const token_list downwards{tls_token::tls_1_3, tls_token::tls_1_0};
    CHECK(write_probe(out, "a", upwards).head.text().find("\r\nUpgrade: TLS/1.0, TLS/1.3\r\n") !=
          std::string_view::npos);
    CHECK(write_probe(out, "a", downwards).head.text().find("\r\nUpgrade: TLS/1.3, TLS/1.0\r\n") !=
          std::string_view::npos);
    CHECK(write_426(out, upwards, "x").head.text().find("\r\nUpgrade: TLS/1.0, TLS/1.3, HTTP/1.1\r\n") !=
          std::string_view::npos);
}

TEST_CASE("a 101 names TLS, then HTTP/1.1 on top of it (9110-7.8-07, 2817-08)") {
    for (const std::string_view each : detail::switching_101_texts) {
        const std::size_t at = each.find("\r\nUpgrade: TLS/1.");
        REQUIRE(at != std::string_view::npos);
        CHECK(each.substr(at + 18, 12) == ", HTTP/1.1\r\n");
    }
}

TEST_CASE("the probe speaks to the server as a whole (9110-9.3.7-01)") {
    char out[200] = {};
    const prepared made = write_probe(out, "a.example:8080", {tls_token::tls_1_2});
    CHECK(made.head.text() ==
          "OPTIONS * HTTP/1.1\r\nHost: a.example:8080\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\n\r\n");
}

TEST_CASE("a request may be meant for one hop (9110-9.3.7-03)") {
    char out[200] = {};
    const field_text fields[] = {{"Max-Forwards", "1"}};
    CHECK(write_request(out, {"OPTIONS", "*", "a.example", {}, {}}, fields).head.text() ==
          "OPTIONS * HTTP/1.1\r\nHost: a.example\r\nMax-Forwards: 1\r\n\r\n");
}

TEST_CASE("a 426 says what it wants, in words too (2817-17, 2817-15)") {
    const std::string_view text = default_upgrade_required.text();
    CHECK(text.find("\r\nContent-Type: text/plain") != std::string_view::npos);
    CHECK(text.find("\r\nContent-Length: " + std::to_string(upgrade_required_text.size()) + "\r\n") !=
          std::string_view::npos);
    CHECK(text.substr(default_upgrade_required.head_size()) == upgrade_required_text);
    CHECK(upgrade_required_text.find("TLS only") != std::string_view::npos);         // the reason
    CHECK(upgrade_required_text.find("Upgrade: TLS/1.2") != std::string_view::npos); // the alternative
}

TEST_CASE(
    "1xx, 204, and what opens a tunnel have neither length nor coding (9110-9.3.6-09, 9112-6.1-04, 9110-8.6-02)") {
    unsigned bare = 0;
    for (const std::string& text : written()) {
        if (text.find("HTTP/1.1 1") == 0 || text.find("HTTP/1.1 204") == 0 || text == detail::tunnel_200) {
            CHECK(text.find("Content-Length") == std::string::npos);
            CHECK(text.find("Transfer-Encoding") == std::string::npos);
            CHECK(head_of(text) == text);
            ++bare;
        }
    }
    CHECK(bare == 6); // 100, four times 101, and 200
    char out[200] = {};
    const field_text coding[] = {{"Transfer-Encoding", "chunked"}};
    CHECK(write_reply(out, {.status = 204}, coding).error == errc::bad_argument);
    CHECK(write_reply(out, {.status = 200}, coding).error == errc::bad_argument);
}

TEST_CASE("a length that is none goes no further (9110-8.6-03)") {
    for (const std::string_view bad : {"x", "5, 5", "5\r\nContent-Length: 5"}) {
        const std::string request = "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::string(bad) + "\r\n\r\n";
        const std::string response = "HTTP/1.1 200 OK\r\nContent-Length: " + std::string(bad) + "\r\n\r\n";
        detail::head_reader<request_facts> requests;
        detail::head_reader<response_facts> responses;
        request_facts asked;
        response_facts answered;
        REQUIRE(requests.read(request, {}, asked) == detail::head_reader<request_facts>::progress::done);
        REQUIRE(responses.read(response, {}, answered) == detail::head_reader<response_facts>::progress::done);
        (void)asked.finish();
        char out[200] = {};
        CHECK(write_forward_request(out, request, asked, {}).head.text().empty());
        CHECK(judge_forward_response(response, answered, method::get) != errc::ok);
        (void)answered.finish(false);
        CHECK(write_forward_response(out, response, answered, {}).head.text().empty());
    }
}

TEST_CASE("refusals say how long they are (9112-6.3-12)") {
    for (const std::string& text : written()) {
        const bool refusal = text.find("HTTP/1.1 4") == 0 || text.find("HTTP/1.1 5") == 0;
        CHECK((!refusal || text.find("\r\nContent-Length: ") != std::string::npos));
    }
}

TEST_CASE("an expectation goes on with its content, or not at all (9110-10.1.1-11)") {
    const std::string_view head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n";
    detail::head_reader<request_facts> reader;
    request_facts facts;
    REQUIRE(reader.read(head, {}, facts) == detail::head_reader<request_facts>::progress::done);
    REQUIRE(facts.finish() == errc::ok); // at the end of the head: nothing waits for the content
    char out[200] = {};
    CHECK(write_forward_request(out, head, facts, {}).head.text() ==
          "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\nVia: 1.1 tlsup\r\n\r\n");
    forward_options buffered;
    buffered.expect_continue = false; // the proxy has answered 100 itself
    CHECK(write_forward_request(out, head, facts, buffered).head.text() ==
          "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nVia: 1.1 tlsup\r\n\r\n");
}
