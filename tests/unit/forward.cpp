// Forwarding: what crosses a hop and what does not.
#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

using namespace tlsup;

namespace {

constexpr head_limits wide{65535, 60000, 32, 255};

request_facts request_of(std::string_view head, errc expected = errc::ok) {
    detail::head_reader<request_facts> reader;
    request_facts facts;
    CHECK(reader.read(head, wide, facts) == detail::head_reader<request_facts>::progress::done);
    CHECK(facts.finish({false, true}) == expected);
    return facts;
}

response_facts response_of(std::string_view head, bool to_head = false) {
    detail::head_reader<response_facts> reader;
    response_facts facts;
    CHECK(reader.read(head, wide, facts) == detail::head_reader<response_facts>::progress::done);
    (void)facts.finish(to_head);
    return facts;
}

template <class Write> std::string text_of(Write write) {
    std::string out(65535, '\0');
    const prepared made = write(room(out));
    CHECK((made.error == errc::ok) != made.head.text().empty());
    if (made.error != errc::ok) {
        return std::string(to_string(made.error));
    }
    const std::string text(made.head.text());
    CHECK(made.head.head_size() == text.size());
    CHECK(write(room(out.data(), text.size())).error == errc::ok);
    const prepared small = write(room(out.data(), text.size() - 1));
    CHECK(small.error == errc::no_room);
    CHECK(small.head.text().empty());
    return text;
}

std::string forward(std::string_view head, const forward_options& options = {}) {
    const request_facts facts = request_of(head);
    return text_of([&](room out) { return write_forward_request(out, head, facts, options); });
}
std::string forward(std::string_view head, const forward_options& options, content body) {
    const request_facts facts = request_of(head);
    return text_of([&](room out) { return write_forward_request(out, head, facts, options, body); });
}
std::string back(std::string_view head, const forward_response_options& options = {}, bool to_head = false) {
    const response_facts facts = response_of(head, to_head);
    return text_of([&](room out) { return write_forward_response(out, head, facts, options); });
}
errc judge_back(std::string_view head, method asked = method::get) {
    const response_facts facts = response_of(head, asked == method::head);
    return judge_forward_response(head, facts, asked);
}

/// A request with these lines behind Host, and what is left of them.
std::string lines(std::string_view received) {
    const std::string text = forward("GET / HTTP/1.1\r\nHost: a\r\n" + std::string(received) + "\r\n");
    constexpr std::string_view begin = "GET / HTTP/1.1\r\nHost: a\r\n";
    constexpr std::string_view end = "Via: 1.1 tlsup\r\n\r\n";
    if (text.size() < begin.size() + end.size()) {
        return text;
    }
    CHECK(text.substr(0, begin.size()) == begin);
    CHECK(text.substr(text.size() - end.size()) == end);
    return text.substr(begin.size(), text.size() - begin.size() - end.size());
}

std::string target(std::string_view start, const forward_options& options = {}) {
    const std::string text = forward(std::string(start) + "\r\nHost: received\r\n\r\n", options);
    return text.substr(0, text.find("\r\nVia"));
}

/// The same for the compiler.
constexpr bool forwards_at_compile_time() {
    constexpr std::string_view head = "GET http://a/x HTTP/1.1\r\nHost: b\r\nConnection: c\r\nC: 1\r\nD: 2\r\n\r\n";
    detail::head_reader<request_facts> reader;
    request_facts facts;
    (void)reader.read(head, {}, facts);
    char out[200] = {};
    return facts.finish() == errc::ok && write_forward_request(out, head, facts, {}).head.text() ==
                                             "GET /x HTTP/1.1\r\nHost: a\r\nD: 2\r\nVia: 1.1 tlsup\r\n\r\n";
}
static_assert(forwards_at_compile_time());

} // namespace

TEST_CASE("hop-by-hop fields stay behind (9110-7.6.1-01, 9110-7.6.1-04, 9110-7.6.1-05, 9110-11.7.2-01, 2817-19)") {
    CHECK(lines("X: 1\r\nY: 2\r\n") == "X: 1\r\nY: 2\r\n");
    for (const std::string_view name : {"Connection", "Proxy-Connection", "Keep-Alive", "TE", "Trailer", "UPGRADE",
                                        "Proxy-Authorization", "Proxy-Authenticate", "Proxy-Authentication-Info"}) {
        CHECK_MESSAGE(lines("A: 1\r\n" + std::string(name) + ": x\r\nB: 2\r\n") == "A: 1\r\nB: 2\r\n", name);
    }
    CHECK(lines("Connection: close, X-Auth\r\nx-AUTH: 1\r\nX: 2\r\nX-Auth: 3\r\n") == "X: 2\r\n");
    CHECK(lines("X: 1\r\nConnection: a\r\nA: 1\r\nconnection: ,b ,,\r\nB: 1\r\n") == "X: 1\r\n"); // -02
    CHECK(lines("Connection: gone\r\nX: 1\r\n") == "X: 1\r\n");                                   // -07
    CHECK(lines("Connection: @, a\r\nA: 1\r\nX: 1\r\n") == "X: 1\r\n"); // a void list takes away all the same
    CHECK(lines("Upgrade: TLS/1.0\r\nConnection: Upgrade\r\n").empty());
    CHECK(lines("HTTP2-Settings: x\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n").empty());
}

TEST_CASE("an option does not take away what the hop answers for (9110-7.6.1-06, 9112-6.3-03)") {
    const std::string text = forward("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nVia: 1.0 b\r\n"
                                     "Connection: Content-Length, host, via, Transfer-Encoding\r\n\r\n");
    CHECK(text == "POST / HTTP/1.1\r\nHost: a\r\nVia: 1.0 b\r\nContent-Length: 5\r\nVia: 1.1 tlsup\r\n\r\n");
    CHECK(
        forward("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: Transfer-Encoding\r\n\r\n") ==
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nVia: 1.1 tlsup\r\n\r\n");
    CHECK(forward("TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 2\r\nConnection: max-forwards\r\n\r\n")
              .find("Max-Forwards: 1\r\n") != std::string::npos);
    CHECK(back("HTTP/1.1 200 OK\r\nConnection: Content-Length\r\nContent-Length: 5\r\n\r\n") ==
          "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    CHECK(hop_fields("GET / HTTP/1.1\r\nConnection: a, b\r\n\r\n").contain("B")); // as trailer fields are asked about
}

TEST_CASE("trailers hold nothing that frames, routes, authenticates or controls (9110-6.5.1-01, 9110-7.6.1-04)") {
    const hop_fields hop("HTTP/1.1 200 OK\r\nConnection: close, X-Named, content-length\r\n\r\n");
    const auto crosses = [&](std::string_view name) { return hop.allow_trailer({name, "x", false}); };
    for (const std::string_view name : {"X-Sum", "Digest", "Repr-Digest", "Content-Digest", "Server-Timing", "ETag",
                                        "Authentication-Info", "grpc-status"}) {
        CHECK_MESSAGE(crosses(name), name);
        CHECK_FALSE(hop.allow_trailer({name, "x", true})); // folded: no field of a trailer that is forwarded
    }
    for (const std::string_view name :
         {// framing, and the hop
          "Content-Length", "CONTENT-LENGTH", "Transfer-Encoding", "Trailer", "Connection", "Keep-Alive", "Upgrade",
          "TE", "Proxy-Connection", "x-named",
          // routing
          "Host", "Via", "Forwarded", "Max-Forwards",
          // authentication
          "Authorization", "Proxy-Authorization", "WWW-Authenticate", "Proxy-Authenticate", "Proxy-Authentication-Info",
          "Cookie", "Set-Cookie",
          // what is asked for
          "Expect", "Range", "Pragma", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since",
          "If-Range",
          // what the response means
          "Age", "Cache-Control", "Date", "Expires", "Location", "Retry-After", "Vary", "Warning",
          // how the content is to be read
          "Content-Encoding", "Content-Type", "Content-Range", "Content-Location", "Content-Language"}) {
        CHECK_MESSAGE(!crosses(name), name);
    }
    CHECK_FALSE(crosses("")); // what is no field is none in a trailer
    CHECK_FALSE(crosses("X Y"));
    CHECK_FALSE(hop.allow_trailer({"X", "a\rb", false}));
    CHECK(hop.allow_trailer({"X", "", false}));
}

TEST_CASE("as many options as facts allow, and no more (9110-7.6.1-02)") {
    std::string value = "a0";
    for (int count = 1; count < 32; ++count) {
        value += ",a" + std::to_string(count);
    }
    CHECK(lines("Connection: " + value + "\r\nA31: 1\r\nX: 1\r\n") == "X: 1\r\n");
    const std::string head = "GET / HTTP/1.1\r\nHost: a\r\nConnection: " + value + ", a32\r\nA32: 1\r\n\r\n";
    CHECK(judge_forward_request(head, request_of(head, errc::list_too_long)) == errc::list_too_long);
    request_facts other; // the host's own facts, which did not see the field
    other.start("GET", "/", 1, 1);
    other.field("host", "a");
    CHECK(text_of([&](room out) { return write_forward_request(out, head, other, {}); }) == "list_too_long");
}

TEST_CASE("the target fits the next hop (9112-3.2.1-01, 9112-3.2.2-01, 9112-3.2.2-02, 9112-3.2.4-02)") {
    CHECK(target("GET /x?y HTTP/1.1") == "GET /x?y HTTP/1.1\r\nHost: received");
    CHECK(target("GET /x?u=http://evil/y HTTP/1.1") == "GET /x?u=http://evil/y HTTP/1.1\r\nHost: received");
    CHECK(target("GET http://h HTTP/1.1") == "GET / HTTP/1.1\r\nHost: h");
    CHECK(target("GET http://h:81/x?y HTTP/1.1") == "GET /x?y HTTP/1.1\r\nHost: h:81");
    CHECK(target("GET HTTP://h?y=http://z HTTP/1.1") == "GET /?y=http://z HTTP/1.1\r\nHost: h");
    forward_options secure;
    secure.secure = true;
    CHECK(target("GET https://h/x HTTP/1.1", secure) == "GET /x HTTP/1.1\r\nHost: h");
    CHECK(forward("GET https://h/x HTTP/1.1\r\nHost: h\r\n\r\n") == "wrong_scheme"); // not in clear
    CHECK(target("OPTIONS http://h HTTP/1.1") == "OPTIONS * HTTP/1.1\r\nHost: h");
    CHECK(target("OPTIONS http://h/ HTTP/1.1") == "OPTIONS / HTTP/1.1\r\nHost: h");
    CHECK(target("OPTIONS http://h?q HTTP/1.1") == "OPTIONS /?q HTTP/1.1\r\nHost: h");
    CHECK(target("OPTIONS * HTTP/1.1") == "OPTIONS * HTTP/1.1\r\nHost: received");
    forward_options proxy;
    proxy.to_proxy = true;
    CHECK(target("GET http://h HTTP/1.1", proxy) == "GET http://h HTTP/1.1\r\nHost: h");
    CHECK(target("GET https://h/x HTTP/1.1", proxy) == "GET https://h/x HTTP/1.1\r\nHost: h");
    CHECK(target("OPTIONS http://h HTTP/1.1", proxy) == "OPTIONS http://h HTTP/1.1\r\nHost: h");
    CHECK(target("GET /x HTTP/1.1", proxy) == "GET http://received/x HTTP/1.1\r\nHost: received");
    CHECK(target("OPTIONS * HTTP/1.1", proxy) == "OPTIONS http://received HTTP/1.1\r\nHost: received");
}

TEST_CASE("a request that names no host (9112-3.2-02)") {
    constexpr std::string_view head = "GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    forward_options options;
    CHECK(forward(head, options) == "bad_argument");
    options.default_host = "a.example:81";
    CHECK(forward(head, options) == "GET /x HTTP/1.1\r\nHost: a.example:81\r\nVia: 1.0 tlsup\r\n\r\n");
    CHECK(forward("GET http://b/x HTTP/1.0\r\n\r\n", options).find("Host: b\r\n") != std::string::npos);
    CHECK(forward("GET /x HTTP/1.0\r\nHost: c\r\n\r\n", options).find("Host: c\r\n") != std::string::npos);
    options.default_host = "a\r\nX: 1";
    CHECK(forward(head, options) == "bad_argument");
}

TEST_CASE("Via says who forwarded (9110-7.6.3)") {
    forward_options options;
    for (const std::string_view good : {"p", "p.example:3128", "[::1]:80", "a!b"}) {
        options.pseudonym = good;
        CHECK(forward("GET / HTTP/1.1\r\nHost: a\r\nVia: 1.0 x (y, z)\r\n\r\n", options) ==
              "GET / HTTP/1.1\r\nHost: a\r\nVia: 1.0 x (y, z)\r\nVia: 1.1 " + std::string(good) + "\r\n\r\n");
    }
    for (const std::string_view bad : {"", "a b", "a,b", "a\r\nX: 1", "p:0"}) {
        options.pseudonym = bad;
        CHECK(forward("GET / HTTP/1.1\r\nHost: a\r\n\r\n", options) == "bad_argument");
    }
    CHECK(back("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", {"p"}) ==
          "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nVia: 1.0 p\r\n\r\n");
    CHECK(back("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", {"p q"}) == "bad_argument");
}

TEST_CASE("a request that has been here before is a loop (9110-7.6-09, RFC 9110 7.6.3)") {
    const auto passed = [](std::string_view via, std::string_view name = "me-1f") {
        return passed_through("GET / HTTP/1.1\r\nHost: a\r\n" + std::string(via) + "\r\n", name);
    };
    for (const std::string_view here :
         {"Via: 1.1 me-1f\r\n", "via:1.1 ME-1F\r\n", "VIA: HTTP/1.1 me-1f\r\n", "Via: 1.0 a, 1.1 me-1f\r\n",
          "Via: 1.1 me-1f, 1.0 a\r\n", "Via: 1.0 a\r\nX: 1\r\nVia: 1.1 me-1f\r\n", "Via: 1.1 me-1f (comment)\r\n",
          "Via: 1.1 me-1f(comment), 1.1 b\r\n", "Via: 1.1 \t me-1f\t\r\n", "Via: , ,1.1 me-1f,,\r\n",
          "Via: 1.1 a,1.1 me-1f\r\n", "Via: 1.1 a (b, c), 1.1 me-1f\r\n", "Via: 1.1 a (b (c, d), e), 1.1 me-1f\r\n",
          "Via: 1.1 a (\\), \\(), 1.1 me-1f\r\n", "Via: 1.1 (x) me-1f\r\n", "Via: (1.1 x) 1.1 me-1f\r\n"}) {
        CHECK_MESSAGE(passed(here), here);
    }
    for (const std::string_view elsewhere :
         {"", "Via:\r\n", "Via: me-1f\r\n", "Via: 1.1 me-1\r\n", "Via: 1.1 me-1f2\r\n", "Via: 1.1 a.me-1f\r\n",
          "Via: me-1f 1.1\r\n", "Via: 1.1 me-1f:80\r\n", "X-Via: 1.1 me-1f\r\n", "Via: 1.1 a (1.1 me-1f)\r\n",
          "Via: 1.1 a (b, 1.1 me-1f)\r\n", "Via: 1.1 a (\\), 1.1 me-1f)\r\n", "Via: 1.1 a ((b), 1.1 me-1f)\r\n",
          "Via: 1.1 a me-1f\r\n", "Via: 1.1, me-1f\r\n"}) {
        CHECK_MESSAGE(!passed(elsewhere), elsewhere);
    }
    // A comment that does not end hides nobody: the hop before may have put two lines into one.
    for (const std::string_view open :
         {"Via: 1.1 a (, 1.1 me-1f\r\n", "Via: 1.1 a ((b), 1.1 me-1f\r\n", "Via: 1.1 a (b) (c, 1.1 me-1f\r\n",
          "Via: 1.1 a (\\, 1.1 me-1f \\\r\n", "Via: 1.1 a ), 1.1 me-1f\r\n", "Via: 1.1 a (, 1.1 me-1f (x)\r\n"}) {
        CHECK_MESSAGE(passed(open), open);
    }
    CHECK(passed("Via: 1.1 Proxy.Example:3128\r\n", "proxy.example:3128"));
    CHECK_FALSE(passed("Via: 1.1 proxy.example\r\n", "proxy.example:3128"));
    CHECK(passed("Via: 1.1 [::1]:80\r\n", "[::1]:80"));
    CHECK_FALSE(passed("Via: 1.1 \r\nVia: 1.1\r\n", "")); // nobody's name
    static_assert(passed_through("GET / HTTP/1.1\r\nVia: 1.1 a, 1.1 b\r\n\r\n", "b"));

    const std::string looped = "GET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 me-1f\r\n\r\n";
    CHECK(judge_forward_request(looped, request_of(looped), "me-1f") == errc::forwarding_loop);
    CHECK(judge_forward_request(looped, request_of(looped), "me-1e") == errc::ok);
    CHECK(judge_forward_request(looped, request_of(looped)) == errc::ok);
    CHECK(suggested_status(errc::forwarding_loop) == 508);
    forward_options options;
    options.pseudonym = "me-1f"; // what is written is seen again
    const std::string forwarded =
        forward("GET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 a (\r\nConnection: via\r\n\r\n", options);
    CHECK(judge_forward_request(forwarded, request_of(forwarded), "me-1f") == errc::forwarding_loop);
}

TEST_CASE("a Via of any length is read in linear time") {
    const std::string open = "GET / HTTP/1.1\r\nVia: " + std::string(4000000, '(') + ", 1.1 me\r\n\r\n";
    CHECK(passed_through(open, "me"));
}

TEST_CASE("Max-Forwards counts down where it counts (9110-7.6.2-01, 9110-9.3.7-04)") {
    const auto with = [](std::string_view start, std::string_view value) {
        const std::string text =
            forward(std::string(start) + " HTTP/1.1\r\nHost: a\r\nmax-Forwards: " + std::string(value) + "\r\n\r\n");
        const std::size_t at = text.find("max-Forwards: ");
        return at == std::string::npos ? text : text.substr(at + 14, text.find('\r', at) - at - 14);
    };
    for (const std::string_view start : {"OPTIONS *", "OPTIONS /x", "OPTIONS http://h", "TRACE /"}) {
        CHECK(with(start, "0") == "hops_exhausted");
        CHECK(with(start, "000") == "hops_exhausted");
        CHECK(with(start, "1") == "0");
        CHECK(with(start, "10") == "9");
        CHECK(with(start, "000000000000000000000") == "hops_exhausted");
        CHECK(with(start, "000000000000000000002") == "1");
        for (const std::string_view large : {"9223372036854775807", "9223372036854775808", "999999999999999999999"}) {
            CHECK(with(start, large) == "9223372036854775806");
        }
        for (const std::string_view odd : {"", "-1", "+1", "1 1", "x", "1, 2"}) {
            CHECK(with(start, odd) == odd);
        }
    }
    CHECK(with("GET /", "0") == "0");
    CHECK(with("POST /", "7") == "7");
    CHECK(forward("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").find("orwards") == std::string::npos);
    CHECK(forward("TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 3\r\nMax-Forwards: 0\r\n\r\n") == "hops_exhausted");
}

TEST_CASE("content is framed anew (9112-6.3-03)") {
    constexpr std::string_view sized =
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 007\r\nExpect: 100-Continue\r\n\r\n";
    constexpr std::string_view start = "POST / HTTP/1.1\r\nHost: a\r\n";
    const auto tail = [&](std::string_view framed) {
        return std::string(start) + std::string(framed) + "Via: 1.1 tlsup\r\n\r\n";
    };
    forward_options options;
    CHECK(forward(sized, options) == tail("Content-Length: 7\r\nExpect: 100-continue\r\n"));
    options.expect_continue = false;
    CHECK(forward(sized, options) == tail("Content-Length: 7\r\n"));
    CHECK(forward(sized, {}, {}) == tail(""));
    CHECK(forward(sized, {}, content::of(0)) == tail("Content-Length: 0\r\n"));
    CHECK(forward(sized, {}, {framing::chunked, 0, true}) ==
          tail("Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n"));
    CHECK(forward(sized, {}, {framing::none, 0, true}) == tail(""));
    CHECK(forward(sized, {}, {framing::until_close, 0, false}) == "bad_argument");
    CHECK(forward(sized, {}, content::of(std::uint64_t{1} << 63)) == "bad_argument");
    CHECK(forward("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: x\r\n\r\n", {},
                  content::of(5)) == tail("Content-Length: 5\r\n"));
    CHECK(forward("POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n") ==
          "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nVia: 1.0 tlsup\r\n\r\n");
    options.close = true;
    CHECK(forward("GET / HTTP/1.1\r\nHost: a\r\n\r\n", options) ==
          "GET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 tlsup\r\nConnection: close\r\n\r\n");
    char out[200] = {};
    const prepared made = write_forward_request(out, sized, request_of(sized), {});
    CHECK(made.head.announces_content());
    CHECK(made.head.kind() == head_kind::request);
    CHECK(made.head.tokens().empty());
    CHECK(!write_forward_request(out, sized, request_of(sized), {}, content::of(0)).head.announces_content());
}

TEST_CASE("Proxy-Authorization goes on to a cooperating proxy alone (9110-11.7.2-01)") {
    forward_options options;
    options.cooperating = true;
    constexpr std::string_view head = "GET http://a/ HTTP/1.1\r\nHost: a\r\nProxy-Authorization: Basic eDp5\r\n\r\n";
    CHECK(forward(head, options).find("\r\nProxy-Authorization: Basic eDp5\r\n") != std::string::npos);
    CHECK(forward(head).find("Proxy") == std::string::npos);
    CHECK(forward("GET / HTTP/1.1\r\nHost: a\r\nProxy-Authorization: x\r\nConnection: proxy-authorization\r\n\r\n",
                  options)
              .find("Proxy") == std::string::npos);
    constexpr std::string_view asks = "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=\"x\"\r\n"
                                      "Proxy-Authentication-Info: y\r\nContent-Length: 0\r\n\r\n";
    CHECK(back(asks) == "HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n");
    forward_response_options both;
    both.cooperating = true;
    CHECK(back(asks, both) == asks);
}

TEST_CASE("CONNECT, and what was refused, is not forwarded (9110-9.3.6-01)") {
    CHECK(forward("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n") == "bad_argument");
    constexpr std::string_view twice = "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n";
    CHECK(judge_forward_request(twice, request_of(twice, errc::repeated_host)) == errc::repeated_host);
    CHECK(judge_back("HTTP/1.1 200 OK\r\n\r\n", method::connect) == errc::bad_argument);
    request_facts facts; // heads that no parser saw write nothing
    facts.start("GET", "/", 1, 1);
    facts.field("host", "a");
    for (const std::string_view bad :
         {std::string_view("GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n"),
          std::string_view("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 37),
          std::string_view("GET / HTTP/1.1\r\nHost: a\r\nX y: a\r\n\r\n"), std::string_view("GET"), std::string_view(),
          std::string_view("G\rT / HTTP/1.1\r\nHost: a\r\n\r\n"),
          std::string_view("GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n")}) {
        CHECK_MESSAGE(text_of([&](room out) { return write_forward_request(out, bad, facts, {}); }) == "bad_argument",
                      bad);
    }
    CHECK(text_of([&](room out) {
              return write_forward_request(out, "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", facts, {});
          }) == "folded_line");
}

TEST_CASE("obs-text passes, and a head of 64 KiB fits or does not (9110-5.5)") {
    CHECK(lines("X: \xff\x80\tb \x80\r\nY:\r\n") == "X: \xff\x80\tb \x80\r\nY: \r\n");
    constexpr std::string_view start = "GET / HTTP/1.1\r\nHost: a\r\n";
    const std::string big = std::string(start) + "X: " + std::string(65535 - start.size() - 7, '\xe4') + "\r\n\r\n";
    REQUIRE(big.size() == 65535);
    CHECK(forward(big) == "no_room");
    const std::string fits = std::string(start) + "X: " + std::string(65535 - start.size() - 23, 'x') + "\r\n\r\n";
    CHECK(forward(fits).size() == 65535);
}

TEST_CASE("random heads: strict, without the hop's fields, the others in order (9110-7.6.1-04)") {
    std::mt19937 random(1);
    const auto pick = [&](std::size_t below) { return static_cast<std::size_t>(random() % below); };
    constexpr std::string_view names[] = {"X",       "Connection", "connection", "Keep-Alive", "TE",  "Cookie",
                                          "Upgrade", "X-Auth",     "x",          "Accept",     "Via", "Trailer"};
    constexpr std::string_view values[] = {"",      "a", "x-auth", "close, X", "\xff", "a  b,", "Upgrade , te",
                                           "1.1 a", "0"};
    for (int round = 0; round < 3000; ++round) {
        std::string head = pick(2) != 0 ? "GET http://h/ HTTP/1.1\r\nHost: r\r\n" : "GET / HTTP/1.1\r\nHost: h\r\n";
        std::string answer = "HTTP/1.1 200 \xe4\r\n";
        std::string gone = ",connection,keep-alive,te,upgrade,trailer,";
        std::vector<std::pair<std::string, std::string>> sent;
        for (std::size_t count = pick(12); count > 0; --count) {
            std::string name(names[pick(12)]);
            const std::string value(values[pick(9)]);
            head += name + ": " + value + "\r\n";
            answer += name + ":" + value + " \r\n";
            for (char& each : name) {
                each = detail::lower(each);
            }
            gone += name == "connection" && value == "close, X" ? "x," : "";
            gone += name == "connection" && value == "x-auth" ? "x-auth," : "";
            sent.emplace_back(name, value);
        }
        std::vector<std::pair<std::string, std::string>> kept;
        for (const auto& each : sent) {
            if (gone.find("," + each.first + ",") == std::string::npos) {
                kept.push_back(each);
            }
        }
        for (const std::string& text : {forward(head + "\r\n"), back(answer + "\r\n", {"tlsup"})}) {
            const bool request = text[0] == 'G';
            CHECK((request ? request_of(text).fault() : response_of(text).fault()) == errc::ok);
            std::vector<std::pair<std::string, std::string>> found;
            field_reader fields(text);
            for (field each; fields.next(each);) {
                std::string name(each.name);
                for (char& byte : name) {
                    byte = detail::lower(byte);
                }
                found.emplace_back(name, each.value);
            }
            if (request) {
                REQUIRE(!found.empty());
                CHECK(found.front() == std::pair<std::string, std::string>("host", "h"));
                found.erase(found.begin());
            } else {
                found.erase(std::remove(found.begin(), found.end(),
                                        std::pair<std::string, std::string>("transfer-encoding", "chunked")),
                            found.end());
            }
            REQUIRE(!found.empty());
            CHECK(found.back() == std::pair<std::string, std::string>("via", "1.1 tlsup"));
            found.pop_back();
            CHECK(found == kept);
        }
    }
}
