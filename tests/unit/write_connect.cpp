#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <string>

using namespace tlsup;

namespace {

// RFC 7617 2, and the credentials of RFC 2817 5.2.
constexpr credentials aladdin{"Aladdin", "open sesame"};
static_assert(basic_matches("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", aladdin));
static_assert(basic_matches("bASIC   QWxhZGRpbjpvcGVuIHNlc2FtZQ== ", aladdin));
static_assert(basic_matches("basic aGVsbG86d29ybGQ=", {"hello", "world"}));
// RFC 7617 2.1: test and 123, with a pound sign, in UTF-8.
static_assert(basic_matches("Basic dGVzdDoxMjPCow==", {"test", "123\xc2\xa3"}));
static_assert(basic_matches("Basic dTo=", {"u", ""}) && basic_matches("Basic OnA=", {"", "p"}));
static_assert(!basic_matches("Basic Og==", {}), "no credentials match nothing");
static_assert(!basic_matches("", aladdin) && !basic_matches("Basic", aladdin) && !basic_matches("Basic ", aladdin));
static_assert(!basic_matches("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=", aladdin) &&
              !basic_matches("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==x", aladdin) &&
              !basic_matches("Basic QWxhZGRpbjpvcGVuIHNlc2FtZg==", aladdin) &&
              !basic_matches("Basic qWxhZGRpbjpvcGVuIHNlc2FtZQ==", aladdin) &&
              !basic_matches("Basic QWxhZGRpbjpvcGVuIHNlc2FtZR==", aladdin));
static_assert(!basic_matches("Basi QWxhZGRpbjpvcGVuIHNlc2FtZQ==", aladdin) &&
              !basic_matches("Basics QWxhZGRpbjpvcGVuIHNlc2FtZQ==", aladdin) &&
              !basic_matches("BasicQWxhZGRpbjpvcGVuIHNlc2FtZQ==", aladdin) &&
              !basic_matches("Basic\tQWxhZGRpbjpvcGVuIHNlc2FtZQ==", aladdin) &&
              !basic_matches("Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==", aladdin) &&
              !basic_matches("QWxhZGRpbjpvcGVuIHNlc2FtZQ==", aladdin));

static_assert(asks_for_basic("Basic realm=\"x\"") && asks_for_basic("BASIC") && asks_for_basic("basic realm = x"));
static_assert(asks_for_basic("Negotiate, Basic realm=x") && asks_for_basic("Negotiate abc==, Basic realm=x"));
static_assert(asks_for_basic("Digest realm=\"a, b\", qop=\"auth\", Basic realm=\"x\"") &&
              asks_for_basic("Digest realm=\"a \\\", b\" , nonce=\"\\\\\" ,\tBasic") &&
              asks_for_basic(", ,, Basic realm=x") && asks_for_basic("Newauth realm=\"apps\", type=1,Basic"));
static_assert(!asks_for_basic("") && !asks_for_basic(",") && !asks_for_basic("Basics realm=x") &&
              !asks_for_basic("Digest Basic") && !asks_for_basic("NTLM"));
static_assert(!asks_for_basic("Digest realm=x, basic=1") && !asks_for_basic("Digest realm=x, Basic =\"1\"") &&
              !asks_for_basic("Digest realm=\"a, Basic realm=x\"") &&
              !asks_for_basic("Digest realm=\"a\\\", Basic realm=x\"") && !asks_for_basic("Digest x=\"\\"));

std::string text_of(const connect_text& target, field_list fields = {}) {
    char out[400] = {};
    const prepared made = write_connect(out, target, fields);
    CHECK((made.error == errc::ok) == (made.head.kind() == head_kind::connect));
    CHECK((made.error == errc::ok) != made.head.text().empty());
    return made.error == errc::ok ? std::string(made.head.text()) : std::string(to_string(made.error));
}
std::string with_field(std::string_view name, std::string_view value, credentials login = {}) {
    const field_text fields[] = {{name, value}};
    return text_of({"a.example", 443, login}, fields);
}

/// The same for the compiler: RFC 9110 9.3.6 and RFC 2817 5.2.
constexpr bool writes_the_example() {
    char out[200] = {};
    const prepared made = write_connect(out, {"server.example.com", 80, {"hello", "world"}});
    return made.error == errc::ok && made.head.method() == method::connect && !made.head.announces_content() &&
           made.head.text() == "CONNECT server.example.com:80 HTTP/1.1\r\nHost: server.example.com:80\r\n"
                               "Proxy-Authorization: Basic aGVsbG86d29ybGQ=\r\n\r\n";
}
static_assert(writes_the_example());

} // namespace

TEST_CASE("CONNECT names a host and a port, twice the same (2817-24, 9110-9.3.6-02, 9112-3.2.3-02)") {
    const auto at = [](std::string_view authority) {
        return "CONNECT " + std::string(authority) + " HTTP/1.1\r\nHost: " + std::string(authority) + "\r\n\r\n";
    };
    CHECK(text_of({"a.example", 80, {}}) == at("a.example:80")); // no port is a default
    CHECK(text_of({"A_b.example.", 65535, {}}) == at("A_b.example.:65535"));
    CHECK(text_of({"192.0.2.1", 1, {}}) == at("192.0.2.1:1"));
    CHECK(text_of({"::1", 443, {}}) == at("[::1]:443"));
    CHECK(text_of({"[::1]", 443, {}}) == at("[::1]:443"));
    CHECK(text_of({"2001:db8::192.0.2.1", 443, {}}) == at("[2001:db8::192.0.2.1]:443"));
    CHECK(text_of({"xn--bcher-kva.example", 443, {}}) == at("xn--bcher-kva.example:443"));
}

TEST_CASE("a host that is anything else is a bad argument (9112-3.2.3-01, 9112-11.1-01)") {
    for (const std::string_view bad : {std::string_view("example.com\r\nX-Evil: 1"),
                                       std::string_view("example.com\nX: 1"),
                                       std::string_view("example.com\r"),
                                       std::string_view("example.com\0", 12),
                                       std::string_view("user@example.com"),
                                       std::string_view("u:p@example.com"),
                                       std::string_view("example.com:8080"),
                                       std::string_view("example.com/.."),
                                       std::string_view("example.com?x"),
                                       std::string_view("example.com#x"),
                                       std::string_view("exa mple.com"),
                                       std::string_view("ex%61mple.com"),
                                       std::string_view(""),
                                       std::string_view("."),
                                       std::string_view("a..b"),
                                       std::string_view("[::1%25lo]"),
                                       std::string_view("::1%lo"),
                                       std::string_view("[::1"),
                                       std::string_view("::1]"),
                                       std::string_view("[]"),
                                       std::string_view("[v1.x]"),
                                       std::string_view("1:2"),
                                       std::string_view("[::1]:443"),
                                       std::string_view("http://a"),
                                       std::string_view("b\xfc"
                                                        "cher.example")}) {
        CHECK_MESSAGE(text_of({bad, 443, {}}) == "bad_argument", bad);
    }
    CHECK(text_of({std::string(256, 'a'), 443, {}}) == "bad_argument");
    CHECK(text_of({"a.example", 0, {}}) == "bad_argument");
}

TEST_CASE("credentials stand in one field, and carry no line end (9110-11.7.2-01, 2817-26)") {
    CHECK(text_of({"a", 1, aladdin}) == "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n"
                                        "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n");
    CHECK(text_of({"a", 1, {"", "p"}}).find("Basic OnA=\r\n") != std::string::npos);
    CHECK(text_of({"a", 1, {"u", "a:b"}}).find("Basic dTphOmI=\r\n") != std::string::npos);
    CHECK(text_of({"a", 1, {"a:b", "p"}}) == "bad_argument");
    for (const std::string_view bad : {std::string_view("a\rb"), std::string_view("a\n"), std::string_view("\0", 1),
                                       std::string_view("\x7f"), std::string_view("\t")}) {
        CHECK(text_of({"a", 1, {bad, "p"}}) == "bad_argument");
        CHECK(text_of({"a", 1, {"u", bad}}) == "bad_argument");
    }
    CHECK(with_field("Proxy-Authorization", "Bearer x").find("\r\nProxy-Authorization: Bearer x\r\n\r\n") !=
          std::string::npos);
    CHECK(with_field("proxy-authorization", "Bearer x", aladdin) == "bad_argument");
    char out[200] = {};
    const field_text twice[] = {{"Proxy-Authorization", "Bearer x"}, {"proxy-authorization", "Bearer y"}};
    CHECK(write_connect(out, {"a", 1, {}}, twice).error == errc::bad_argument);
    CHECK(basic_matches("Basic " + std::string("dTphOmI="), {"u", "a:b"}));
}

TEST_CASE("fields that the library owns are refused on CONNECT (2817-25, 9110-7.8-13)") {
    CHECK(with_field("User-Agent", "x/1").find("\r\nUser-Agent: x/1\r\n\r\n") != std::string::npos);
    for (const std::string_view owned :
         {"Host", "connection", "Upgrade", "Content-Length", "TRANSFER-ENCODING", "Keep-Alive", "TE", "Trailer",
          "Expect", "Proxy-Connection", "Proxy-Authenticate"}) {
        CHECK_MESSAGE(with_field(owned, "x") == "bad_argument", owned);
    }
    CHECK(with_field("X", "Basic eA==\r\nX: 1") == "bad_argument");
    CHECK(with_field("X: 1\r\nY", "v") == "bad_argument");
    const field_text tunnelled[] = {{"Proxy-Authorization", "Basic eDp5"}};
    char out[200] = {};
    CHECK(write_request(out, {"GET", "/", "a.example", {}, {}}, tunnelled).error == errc::bad_argument); // 2817-26
}

TEST_CASE("a CONNECT that is one octet too long is none (DESIGN 3)") {
    char out[400] = {};
    const std::size_t size = text_of({"a.example", 443, aladdin}).size();
    CHECK(write_connect(room(out, size), {"a.example", 443, aladdin}).error == errc::ok);
    for (std::size_t less = 0; less < size; ++less) {
        const prepared made = write_connect(room(out, less), {"a.example", 443, aladdin});
        CHECK(made.error == errc::no_room);
        CHECK(made.head.text().empty());
    }
    CHECK(write_connect(room(out, 0), {"a b", 443, {}}).error == errc::bad_argument);
}

TEST_CASE("a 407 needs its challenge, and closes (9110-15.5.8-01, 9931-03)") {
    char out[400] = {};
    const field_text more[] = {{"Proxy-Authenticate", "Negotiate"}};
    const prepared made = write_407(out, "Basic realm=\"office\"", "Who?\n", more);
    REQUIRE(made.error == errc::ok);
    CHECK(made.head.kind() == head_kind::challenge);
    CHECK(made.head.text() == "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"office\""
                              "\r\nProxy-Authenticate: Negotiate\r\nConnection: close\r\n"
                              "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n\r\nWho?\n");
    CHECK(made.head.text().substr(made.head.head_size()) == "Who?\n");
    for (const std::string_view bad : {std::string_view(""), std::string_view(" Basic"), std::string_view("Basic "),
                                       std::string_view(", Basic"), std::string_view("\"x\""), std::string_view("=x"),
                                       std::string_view("Basic realm=\"x\"\r\nX: y"), std::string_view("Basic\0", 6)}) {
        CHECK_MESSAGE(write_407(out, bad, "").error == errc::bad_argument, bad);
    }
    const field_text owned[] = {{"Connection", "keep-alive"}};
    CHECK(write_407(out, "Basic", "", owned).error == errc::bad_argument);
    const field_text typed[] = {{"content-type", "text/html"}}; // the caller's type, and no second one: 9110-8.3
    const prepared page = write_407(out, "Basic", "<p>Who?", typed);
    CHECK(page.head.text() == "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n"
                              "content-type: text/html\r\nConnection: close\r\nContent-Length: 7\r\n\r\n<p>Who?");
    const field_text twice[] = {{"Content-Type", "a/b"}, {"Content-Type", "a/b"}};
    CHECK(write_407(out, "Basic", "", twice).error == errc::bad_argument);
    const field_text wrong[] = {{"Proxy-Authorization", "Basic eDp5"}};
    CHECK(write_407(out, "Basic", "", wrong).error == errc::bad_argument);
    const std::size_t size = made.head.text().size();
    CHECK(write_407(room(out, size), "Basic realm=\"office\"", "Who?\n", more).error == errc::ok);
    CHECK(write_407(room(out, size - 1), "Basic realm=\"office\"", "Who?\n", more).error == errc::no_room);
}

TEST_CASE("base64 of every length (RFC 4648 10)") {
    constexpr std::string_view digits[] = {"Og==", "Zjo=", "Zm86", "Zm9vOg==", "Zm9vYjo=", "Zm9vYmE6", "Zm9vYmFyOg=="};
    constexpr std::string_view all = "foobar";
    for (std::size_t size = 0; size <= all.size(); ++size) {
        const detail::credential_octets octets({all.substr(0, size), {}});
        std::string text;
        for (std::size_t at = 0; at < octets.digits(); ++at) {
            text += octets.digit(at);
        }
        CHECK(text == digits[size]);
        CHECK(basic_matches("Basic " + text, {all.substr(0, size), {}}) == (size != 0));
    }
}
