// The facts door: a host with its own parser asks the same questions as the machines.
#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <initializer_list>
#include <string_view>

#include "unit/support.hpp"

using namespace tlsup;

namespace {

constexpr upgrade_rules rules{splice_defence::bound_alpn, default_tokens, method_policy::any, true};

request_facts offer(std::string_view method = "OPTIONS", unsigned minor = 1) {
    request_facts facts;
    facts.field("Host", "a.example"); // fields may come before the start line
    facts.start(method, method == "OPTIONS" ? "*" : "/", 1, minor);
    facts.field("upgrade", "TLS/1.2");
    facts.field("CONNECTION", "keep-alive, Upgrade");
    REQUIRE(facts.finish() == errc::ok);
    return facts;
}

// Another URI inside a target in origin-form names no authority of the request's. 9112-3.2.1-01, RFC 9112 3.3
constexpr std::string_view authority_of(std::string_view head) { return parse_request_line(head).authority; }
static_assert(authority_of("GET /r?u=http://other.example/x HTTP/1.1\r\nHost: a.example\r\n\r\n") == "a.example");
static_assert(authority_of("OPTIONS /x://other.example HTTP/1.1\r\nHost: a.example\r\n\r\n") == "a.example");
static_assert(authority_of("GET http://b.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n") == "b.example");

} // namespace

TEST_CASE("judge and commit (2817-06, 9110-7.8-06, 9112-9.3-02)") {
    const judged request = judge(offer(), rules, "a.example");
    REQUIRE(request.why == errc::ok);
    CHECK(request.probe);
    CHECK(commit(request, 0, {0, 0, true, true}).bytes ==
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.2, HTTP/1.1\r\nConnection: Upgrade\r\n\r\n");
    CHECK(commit(request, 1, {0, 0, true, true}).error == errc::token_not_offered);
    CHECK(commit(request, 0, {1, 0, true, true}).error == errc::bytes_behind_offer);
    CHECK(commit(request, 0, {0, 1, true, true}).error == errc::responses_owed);
    CHECK(commit(request, 0, {1, 1, true, true}).bytes.empty());
    request_facts post;
    post.start("POST", "/", 1, 1);
    post.field("Host", "a.example");
    post.field("Upgrade", "TLS/1.2");
    post.field("Connection", "Upgrade");
    post.field("Content-Length", "3");
    post.field("Expect", "100-continue");
    REQUIRE(post.finish() == errc::ok);
    const judged with_content = judge(post, rules, "a.example");
    CHECK(commit(with_content, 0, {0, 0, false, true}).error == errc::request_unfinished);
    CHECK(commit(with_content, 0, {0, 0, true, false}).error == errc::request_unfinished);
    CHECK(commit(with_content, 0, {0, 0, true, true}).error == errc::ok);
}

TEST_CASE("HTTP/1.0 cannot be upgraded, whatever the caller asks (9110-7.8-15, 9110-15.2-01)") {
    const judged request = judge(offer("OPTIONS", 0), rules, "a.example");
    CHECK(request.why == errc::offer_in_http_1_0);
    CHECK(commit(request, 0, {0, 0, true, true}).error == errc::offer_in_http_1_0);
}

TEST_CASE("CONNECT and TRACE are never upgraded (9110-7.8-13, 2817-25)") {
    CHECK(judge(offer("TRACE"), rules, "a.example").why == errc::method_not_allowed);
    CHECK(judge(offer("GET"), rules, "a.example").why == errc::ok);
}

TEST_CASE("both doors give the same facts") {
    constexpr std::string_view head = "OPTIONS * HTTP/1.1\r\nHost: a.example\r\nupgrade: TLS/1.2\r\n"
                                      "CONNECTION: keep-alive, Upgrade\r\n\r\n";
    server machine;
    const step now = machine.next(head, unit::any_server);
    REQUIRE(now.what == action::decide);
    CHECK(machine.request(now.bytes).facts == offer());
}

TEST_CASE("framing of responses (9112-6.3-01, 9112-6.3-05, 9112-6.3-11)") {
    const auto framed = [](std::uint16_t status, std::string_view name, std::string_view value, bool to_head = false) {
        response_facts facts;
        facts.start(1, 1, status);
        if (!name.empty()) {
            facts.field(name, value);
        }
        REQUIRE(facts.finish(to_head) == errc::ok);
        return facts.framing();
    };
    CHECK(framed(200, {}, {}) == framing::until_close);
    CHECK(framed(200, "Content-Length", "5") == framing::length);
    CHECK(framed(200, "Transfer-Encoding", "Chunked") == framing::chunked);
    CHECK(framed(200, "Transfer-Encoding", "gzip") == framing::until_close);
    CHECK(framed(200, "Transfer-Encoding", "chunked, gzip") == framing::until_close);
    CHECK(framed(200, "Transfer-Encoding", "gzip, Chunked, x") == framing::until_close);
    CHECK(framed(204, "Content-Length", "5") == framing::none);
    CHECK(framed(304, "Transfer-Encoding", "chunked") == framing::none);
    CHECK(framed(200, "Content-Length", "5", true) == framing::none);
}

namespace {

/// What both sides make of the codings on these field lines.
struct codings {
    errc request;
    errc response;
    framing how;
    bool persistent;
};

codings read_codings(std::initializer_list<std::string_view> lines, unsigned minor = 1) {
    request_facts request;
    request.start("POST", "/", 1, minor);
    request.field("Host", "a.example");
    request.field("Connection", "keep-alive");
    response_facts response;
    response.start(1, minor, 200);
    response.field("Connection", "keep-alive");
    for (const std::string_view each : lines) {
        request.field("Transfer-Encoding", each);
        response.field("Transfer-Encoding", each);
    }
    const errc requests = request.finish();
    const errc responses = response.finish();
    return {requests, responses, response.framing(), response.persistent()};
}

} // namespace

TEST_CASE("a response whose last coding is not chunked ends with its connection (9112-6.3-05, 9112-6.3-06)") {
    for (const std::initializer_list<std::string_view> lines : {std::initializer_list<std::string_view>{"gzip"},
                                                                {"chunked, gzip"},
                                                                {"chunked", "gzip"},
                                                                {"gzip, chunked, x"},
                                                                {"gzip, chunked", "x"},
                                                                {"CHUNKED\t,\tidentity"}}) {
        CAPTURE(*lines.begin());
        const codings found = read_codings(lines);
        CHECK(found.request == errc::bad_transfer_encoding); // 400: its length cannot be known
        CHECK(found.response == errc::ok);
        CHECK(found.how == framing::until_close);
        CHECK_FALSE(found.persistent);
        CHECK(read_codings(lines, 0).response == errc::transfer_encoding_in_http_1_0);
    }
    CHECK(read_codings({"chunked"}).persistent);
    response_facts sized;
    sized.start(1, 1, 200);
    sized.field("Transfer-Encoding", "chunked, gzip");
    sized.field("Content-Length", "5");
    CHECK(sized.finish() == errc::length_and_transfer_encoding);
    // No next hop would learn of the codings. RFC 9112 6.1.
    constexpr std::string_view head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n";
    detail::head_reader<response_facts> reader;
    response_facts passed;
    REQUIRE(reader.read(head, {}, passed) == detail::head_reader<response_facts>::progress::done);
    REQUIRE(passed.finish() == errc::ok);
    CHECK(judge_forward_response(head, passed, method::get) == errc::unknown_transfer_coding);
}

TEST_CASE("chunked is applied once, and to nothing that is not known (9112-6.1-02, N-CODING)") {
    for (const std::initializer_list<std::string_view> lines :
         {std::initializer_list<std::string_view>{"chunked, chunked"},
          {"chunked", "chunked"},
          {"gzip, chunked, chunked"}}) {
        CHECK(read_codings(lines).request == errc::bad_transfer_encoding);
        CHECK(read_codings(lines).response == errc::bad_transfer_encoding);
    }
    for (const std::initializer_list<std::string_view> lines :
         {std::initializer_list<std::string_view>{"gzip, chunked"},
          {"chunked, gzip, chunked"},
          {"chunked, gzip", "chunked"}}) {
        CHECK(read_codings(lines).request == errc::unknown_transfer_coding);
        CHECK(read_codings(lines).response == errc::unknown_transfer_coding);
    }
}

TEST_CASE("Transfer-Encoding has no empty members and no parameters (N-EMPTY, N-PARAMETER)") {
    for (const std::string_view bad : {"", ",", ",chunked", ", chunked", ",,chunked", "chunked,", "chunked, ",
                                       "chunked ,", "gzip,", ",gzip", "gzip,,chunked", "chunked,,gzip", "chunked;q=1",
                                       "gzip;a=b", "gzip ; a=\"b, chunked\"", "gzip;a=b, chunked"}) {
        CAPTURE(bad);
        CHECK(read_codings({bad}).request == errc::bad_transfer_encoding);
        CHECK(read_codings({bad}).response == errc::bad_transfer_encoding);
    }
    CHECK(read_codings({"chunked", ""}).request == errc::bad_transfer_encoding);
}

TEST_CASE("a name with an underscore is another name: it frames nothing, and crosses a hop (9110-5.1-01)") {
    constexpr std::string_view head = "GET / HTTP/1.1\r\nHost: a.example\r\nTransfer_Encoding: chunked\r\n"
                                      "Content_Length: x\r\nConnection: Content-Length\r\nContent-Length: 0\r\n\r\n";
    detail::head_reader<request_facts> reader;
    request_facts request;
    REQUIRE(reader.read(head, {}, request) == detail::head_reader<request_facts>::progress::done);
    CHECK(request.finish() == errc::ok);
    CHECK(request.framing() == framing::length);
    CHECK_FALSE(request.has_content());
    char text[300] = {};
    CHECK(write_forward_request(text, head, request, {}).head.text() ==
          "GET / HTTP/1.1\r\nHost: a.example\r\nTransfer_Encoding: chunked\r\nContent_Length: x\r\n"
          "Content-Length: 0\r\nVia: 1.1 tlsup\r\n\r\n");
    response_facts response;
    response.start(1, 1, 200);
    response.field("Transfer_Encoding", "chunked");
    response.field("Content_Length", "5");
    CHECK(response.finish() == errc::ok);
    CHECK(response.framing() == framing::until_close);
}

TEST_CASE("a framing field may not be folded (N-FOLD)") {
    response_facts facts;
    facts.start(1, 1, 200);
    facts.field("Content-Length", "5", true);
    CHECK(facts.finish() == errc::folded_line);
    response_facts coded;
    coded.start(1, 1, 200);
    coded.field("Transfer-Encoding", "chunked", true);
    CHECK(coded.finish() == errc::folded_line);
}

TEST_CASE("a malformed connection option takes away an offer, and never a close (9112-9.3-01, 9112-9.6-03, -05)") {
    for (const std::string_view value : {"close, a b", "@, close", "Upgrade, CLOSE, \"x\""}) {
        CAPTURE(value);
        request_facts request;
        request.start("GET", "/", 1, 1);
        request.field("Host", "a.example");
        request.field("Connection", value);
        CHECK(request.finish() == errc::ok);
        CHECK(request.last());
        CHECK_FALSE(request.has_upgrade_option());
        response_facts response;
        response.start(1, 1, 204);
        response.field("Connection", value);
        CHECK(response.finish() == errc::ok);
        CHECK_FALSE(response.persistent());
    }
    request_facts old;
    old.start("GET", "/", 1, 0);
    old.field("Connection", "keep-alive, a b");
    CHECK(old.finish() == errc::ok);
    CHECK(old.last());
}

TEST_CASE("fields of a head, with folds") {
    constexpr std::string_view head = "HTTP/1.1 200 OK\r\nX: a\r\n  b\r\nY:\r\nZ: \t c \t\r\n\r\n";
    field found;
    REQUIRE(find_field(head, "x", found));
    CHECK(found.folded);
    CHECK(found.value == "a\r\n  b");
    REQUIRE(find_field(head, "Z", found));
    CHECK(found.value == "c");
    CHECK(!find_field(head, "W", found));
    field_reader fields(head);
    int count = 0;
    while (fields.next(found)) {
        ++count;
    }
    CHECK(count == 3);
}
