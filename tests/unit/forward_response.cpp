// Responses on their way back, and the vectors that are about forwarding.
#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <string>

using namespace tlsup;

namespace {

response_facts facts_of(std::string_view head, bool to_head = false) {
    detail::head_reader<response_facts> reader;
    response_facts facts;
    (void)reader.read(head, {}, facts);
    (void)facts.finish(to_head);
    return facts;
}

errc judged_as(std::string_view head, method asked = method::get) {
    return judge_forward_response(head, facts_of(head, asked == method::head), asked);
}

std::string back(std::string_view head, const forward_response_options& options = {}, bool to_head = false) {
    char out[400];
    const prepared made = write_forward_response(out, head, facts_of(head, to_head), options);
    CHECK((made.error == errc::ok) != made.head.text().empty());
    CHECK(made.head.kind() == (made.error == errc::ok ? head_kind::reply : head_kind::none));
    return std::string(made.error == errc::ok ? made.head.text() : to_string(made.error));
}

constexpr forward_response_options old{{}, {}, true, false, false};

} // namespace

TEST_CASE("what cannot be forwarded is 502 (2817-21, 9112-5.2-03, 9112-6.3-08, 9110-15.2-05)") {
    CHECK(judged_as("HTTP/1.1 200 OK\r\n\r\n") == errc::ok);
    struct {
        std::string_view head;
        errc why;
    } const table[] = {
        {"HTTP/1.1 101 X\r\nUpgrade: TLS/1.0\r\nConnection: Upgrade\r\n\r\n", errc::unasked_101},
        {"HTTP/1.1 101 X\r\n\r\n", errc::unasked_101},
        {"HTTP/1.1 101 X\r\nContent-Length: x\r\n\r\n", errc::unasked_101},
        {"HTTP/1.1 099 X\r\n\r\n", errc::bad_status_line},
        {"HTTP/1.1 000 X\r\n\r\n", errc::bad_status_line},
        {"HTTP/1.1 600 X\r\n\r\n", errc::bad_status_line},
        {"HTTP/1.1 200 X\r\nX: a\r\n b\r\n\r\n", errc::folded_line},
        {"HTTP/1.1 103 X\r\nX: a\r\n\tb\r\nY: c\r\n\r\n", errc::folded_line},
        {"HTTP/1.1 200 X\r\nContent-Length: 5\r\n \r\n\r\n", errc::folded_line},
        {"HTTP/1.1 200 X\r\nContent-Length: 5, 5\r\n\r\n", errc::bad_content_length},
        {"HTTP/1.1 200 X\r\nContent-Length: +5\r\n\r\n", errc::bad_content_length},
        {"HTTP/1.1 200 X\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", errc::repeated_content_length},
        {"HTTP/1.1 200 X\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
         errc::length_and_transfer_encoding},
        {"HTTP/1.1 200 X\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", errc::unknown_transfer_coding},
        {"HTTP/1.1 200 X\r\nTransfer-Encoding: gzip\r\n\r\n", errc::unknown_transfer_coding},
        {"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", errc::bad_transfer_encoding},
        {"HTTP/1.0 200 X\r\nTransfer-Encoding: chunked\r\n\r\n", errc::transfer_encoding_in_http_1_0},
        {"HTTP/2.0 200 X\r\n\r\n", errc::unsupported_version},
    };
    for (const auto& each : table) {
        CHECK_MESSAGE(judged_as(each.head) == each.why, each.head);
        CHECK_MESSAGE(back(each.head) == to_string(each.why), each.head);
    }
    CHECK(judged_as("HTTP/1.1 200 X\r\nContent-Length: x\r\n\r\n", method::head) == errc::ok);
    CHECK(judged_as("HTTP/1.1 200 X\r\nX: a\r\n b\r\n\r\n", method::head) == errc::folded_line);
}

TEST_CASE("the status line keeps its reason (9112-4-01)") {
    CHECK(back("HTTP/1.0 404 \r\nContent-Length: 0\r\n\r\n") == "HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n");
    CHECK(back("HTTP/1.1 299 a  b\xff\r\nContent-Length: 0\r\n\r\n") ==
          "HTTP/1.1 299 a  b\xff\r\nContent-Length: 0\r\n\r\n");
    response_facts facts;
    facts.start(1, 1, 200);
    char out[100];
    for (const std::string_view bad : {"", "HTTP/1.1 200", "HTTP/1.1\r200 OK\r\n\r\n"}) {
        CHECK(write_forward_response(out, bad, facts, {}).error == errc::bad_argument);
    }
}

TEST_CASE("framing by length, by chunks, or by the end (9112-6.3-01, 9112-6.3-11, 9110-8.6-02, 9112-6.1-06)") {
    const auto line = [](std::string_view fields, const forward_response_options& options = {}, bool to_head = false,
                         std::string_view status = "200 OK") {
        const std::string start = "HTTP/1.1 " + std::string(status) + "\r\n";
        const std::string text = back(start + std::string(fields) + "\r\n", options, to_head);
        CHECK(text.substr(0, start.size()) == start);
        return text.substr(start.size(), text.size() - start.size() - 2);
    };
    constexpr std::string_view chunked = "Transfer-Encoding: chunked\r\n";
    CHECK(line("Content-Length: 05\r\n") == "Content-Length: 5\r\n");
    CHECK(line("Content-Length: 5\r\n", old) == "Content-Length: 5\r\n");
    CHECK(line(chunked) == chunked);
    CHECK(line("") == chunked);
    CHECK(line("Connection: close\r\n") == chunked);
    CHECK(line(chunked, old) == "Connection: close\r\n");
    CHECK(line("", old) == "Connection: close\r\n");
    CHECK(line("Content-Length: 5\r\n", {}, true) == "Content-Length: 5\r\n"); // to HEAD
    CHECK(line("", {}, true).empty());
    CHECK(line(chunked, {}, true).empty());
    for (const std::string_view unsure : {"Content-Length: x\r\n", "Content-Length: 5\r\nContent-Length: 5\r\n",
                                          "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"}) {
        CHECK(line(unsure, {}, true).empty()); // 9110-8.6-03
    }
    CHECK(line("Content-Length: 5\r\n", {}, false, "304 X") == "Content-Length: 5\r\n");
    CHECK(line("Content-Length: 5\r\n", {}, false, "204 X").empty());
    CHECK(line(chunked, {}, false, "204 X").empty());
    CHECK(line("Content-Length: 5\r\nLink: x\r\n", {}, false, "103 X") == "Link: x\r\n");
    CHECK(line("Content-Length: 0\r\n", {{}, {}, false, true, false}) == "Content-Length: 0\r\nConnection: close\r\n");
    CHECK(line("", {{}, {}, false, true, false}, false, "100 X").empty());
    char out[200];
    const auto announces = [&](std::string_view head) {
        return write_forward_response(out, head, facts_of(head), {}).head.announces_content();
    };
    CHECK(announces("HTTP/1.1 200 X\r\n\r\n"));
    CHECK(announces("HTTP/1.1 200 X\r\nContent-Length: 1\r\n\r\n"));
    CHECK(!announces("HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n"));
    CHECK(!announces("HTTP/1.1 304 X\r\nContent-Length: 1\r\n\r\n"));
    CHECK(forwarded_framing(facts_of("HTTP/1.1 200 X\r\n\r\n"), false) == framing::chunked);
    CHECK(forwarded_framing(facts_of("HTTP/1.1 200 X\r\n\r\n"), true) == framing::until_close);
    CHECK(forwarded_framing(facts_of("HTTP/1.1 204 X\r\n\r\n"), true) == framing::none);
}

TEST_CASE("a response without Date gets the time when it was received (RFC 9110 6.6.1)") {
    forward_response_options options;
    const http_date now(784111777);
    options.date = now.text();
    const std::string added =
        "HTTP/1.1 200 X\r\nA: 1\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n";
    CHECK(back("HTTP/1.1 200 X\r\nA: 1\r\nContent-Length: 0\r\n\r\n", options) == added);
    CHECK(back("HTTP/1.1 200 X\r\nA: 1\r\nDate: 1\r\nConnection: date\r\nContent-Length: 0\r\n\r\n", options) == added);
    for (const std::string_view whole :
         {"HTTP/1.1 200 X\r\ndATE: Sun, 06 Nov 1994 08:49:36 GMT\r\nContent-Length: 0\r\n\r\n",
          "HTTP/1.1 200 X\r\nDate: \r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 103 X\r\nLink: x\r\n\r\n"}) {
        CHECK(back(whole, options) == whole);
    }
    CHECK(back("HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n", options) ==
          "HTTP/1.1 503 X\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n");
    for (const std::string_view bad : {"Sun, 06 Nov 1994 08:49:37 GM", "Sun, 06 Nov 1994 08:49:37 GMT ",
                                       "Sun, 06 Nov 1994 08:49:37\rGMT", "Sunday, 06-Nov-94 08:49:37 GMT"}) {
        options.date = bad;
        CHECK_MESSAGE(back("HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n", options) == "bad_argument", bad);
    }
}

TEST_CASE("interim responses go on, but not to HTTP/1.0 (9110-15.2-01, 9110-15.2-05)") {
    CHECK(back("HTTP/1.1 100 Continue\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
    CHECK(back("HTTP/1.1 103 Early\r\nLink: <x>\r\nUpgrade: a\r\n\r\n") == "HTTP/1.1 103 Early\r\nLink: <x>\r\n\r\n");
    CHECK(back("HTTP/1.1 100 Continue\r\n\r\n", old) == "bad_argument");
}

TEST_CASE("this hop advertises itself, never the other one (2817-14, 2817-19)") {
    forward_response_options options;
    options.advertise = {tls_token::tls_1_2};
    constexpr std::string_view advert = "Upgrade: TLS/1.2, HTTP/1.1\r\nConnection: Upgrade\r\n\r\n";
    CHECK(back("HTTP/1.1 200 X\r\nUpgrade: TLS/1.0\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n", options) ==
          "HTTP/1.1 200 X\r\nContent-Length: 0\r\n" + std::string(advert));
    CHECK(back("HTTP/1.1 426 X\r\nContent-Length: 0\r\n\r\n", options) ==
          "HTTP/1.1 426 X\r\nContent-Length: 0\r\n\r\n");
    CHECK(back("HTTP/1.1 103 X\r\n\r\n", options) == "HTTP/1.1 103 X\r\n\r\n");
    options.close = true;
    CHECK(back("HTTP/1.1 304 X\r\n\r\n", options) ==
          "HTTP/1.1 304 X\r\nUpgrade: TLS/1.2, HTTP/1.1\r\nConnection: close, Upgrade\r\n\r\n");
    options.http_1_0 = true;
    CHECK(back("HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n", options) ==
          "HTTP/1.1 200 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

TEST_CASE("vector CON-P63: the forwarded head is clean (9110-7.6.1-04, 9110-11.7.2-01, 9112-3.2.2-02)") {
    constexpr std::string_view head =
        "GET http://a.example/ HTTP/1.1\r\nHost: b.example\r\nConnection: close, X-Auth\r\n"
        "X-Auth: 1\r\nUpgrade: h2c\r\nProxy-Authorization: Basic eDp5\r\n"
        "Proxy-Connection: keep-alive\r\nTE: trailers\r\n\r\n";
    detail::head_reader<request_facts> reader;
    request_facts facts;
    REQUIRE(reader.read(head, {}, facts) == detail::head_reader<request_facts>::progress::done);
    REQUIRE(facts.finish() == errc::ok);
    char out[200];
    const prepared made = write_forward_request(out, head, facts, {});
    CHECK(made.head.text() == "GET / HTTP/1.1\r\nHost: a.example\r\nVia: 1.1 tlsup\r\n\r\n");
}

TEST_CASE("vectors TUN-09 and TUN-10: an unasked 101 is 502, a foreign 426 a response like others (2817-21)") {
    constexpr std::string_view switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                                           "Upgrade: TLS/1.0, HTTP/1.1\r\n\r\n";
    CHECK(judged_as(switching) == errc::unasked_101);
    constexpr std::string_view required =
        "HTTP/1.1 426 Upgrade Required\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Content-Length: 0\r\n\r\n";
    CHECK(judged_as(required) == errc::ok);
    CHECK(back(required) == "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n");
}
