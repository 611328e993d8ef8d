#include <doctest/doctest.h>
#include <tlsup/authority.hpp>

#include <string>

using namespace tlsup;

namespace {

errc parse(std::string_view text, port_rule rule = port_rule::optional) {
    authority parsed;
    return parse_authority(text, rule, parsed);
}
host_kind kind_of(std::string_view text) {
    authority parsed;
    REQUIRE(parse_authority(text, port_rule::optional, parsed) == errc::ok);
    return parsed.kind;
}

} // namespace

TEST_CASE("authorities (P-AUTH, 9112-3.2-03, 9110-9.3.6-03)") {
    for (const std::string_view good : {"a", "a.example", "a.example.", "a_b.example", "a.example:80",
                                        "a.example:", "127.0.0.1:1", "[::1]", "[::1]:65535", "[1:2:3:4:5:6:7:8]",
                                        "[::ffff:1.2.3.4]", "[v1.fe80::1+eth0]", "[1:2:3:4:5:6:1.2.3.4]", "[1::8]"}) {
        CHECK_MESSAGE(parse(good) == errc::ok, good);
    }
    for (const std::string_view bad : {"",
                                       ":80",
                                       ".a",
                                       "a..b",
                                       "a b",
                                       "a,b",
                                       "user@a",
                                       "a%41",
                                       "[::1",
                                       "[::1%eth0]",
                                       "[]",
                                       "[:::1]",
                                       "[1:2:3]",
                                       "[1:2:3:4:5:6:7:8:9]",
                                       "[::1.2.3]",
                                       "[12345::]",
                                       "[v.x]",
                                       "[v1.]",
                                       "[1:]",
                                       "a:0",
                                       "a:080",
                                       "a:65536",
                                       "a:4294967739",
                                       "a:+1",
                                       "a:0x1",
                                       "::1",
                                       "a/b",
                                       "a?b",
                                       "a#b",
                                       "b\xfc"
                                       "cher"}) {
        CHECK_MESSAGE(parse(bad) == errc::bad_host, bad);
    }
    CHECK(parse("a", port_rule::required) == errc::bad_host);
    CHECK(parse("a:", port_rule::required) == errc::bad_host);
    CHECK(parse("a:443", port_rule::required) == errc::ok);
    CHECK(parse(std::string(256, 'a')) == errc::bad_host);
}

TEST_CASE("every port behind every kind of host (P-AUTH, 9110-9.3.6-03)") {
    for (const std::string_view host : {"a.example", "127.0.0.1", "[::1]"}) {
        for (unsigned port = 0; port < 70000; ++port) {
            const std::string text = std::string(host) + ":" + std::to_string(port);
            authority parsed;
            const errc found = parse_authority(text, port_rule::required, parsed);
            const bool good = port != 0 && port <= 65535;
            const bool same = !good || (parsed.port == port && parsed.host == host);
            if ((found == errc::ok) != good || !same) {
                FAIL_CHECK(text);
            }
        }
    }
    for (const std::string_view bad : {":443", "a:0443", "a:443:", "a:443 ", "a::443", "[::1:443", "a]:443"}) {
        CHECK_MESSAGE(parse(bad) == errc::bad_host, bad);
        CHECK_MESSAGE(parse(bad, port_rule::required) == errc::bad_host, bad);
    }
}

TEST_CASE("kinds of host") {
    CHECK(kind_of("a.example") == host_kind::name);
    CHECK(kind_of("127.0.0.1") == host_kind::ipv4);
    for (const std::string_view each :
         {"127.1", "2130706433", "0x7f.1", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "a.0x1"}) {
        CHECK_MESSAGE(kind_of(each) == host_kind::number, each);
    }
    CHECK(kind_of("[::1]") == host_kind::ipv6);
    CHECK(kind_of("[v1.x]") == host_kind::ip_future);
}

TEST_CASE("the same host (DESIGN 4.4)") {
    static_assert(same_host("Example.COM.", "example.com"));
    CHECK(same_host("[::1]", "[0:0:0:0:0:0:0:1]"));
    CHECK(same_host("::1", "[0::1]"));
    CHECK(!same_host("::1", "::2"));
    CHECK(!same_host("a.example", "b.example"));
    authority one;
    authority other;
    REQUIRE(parse_authority("a.example", port_rule::optional, one) == errc::ok);
    REQUIRE(parse_authority("A.example:80", port_rule::optional, other) == errc::ok);
    CHECK(same_authority(one, other));
    REQUIRE(parse_authority("A.example:81", port_rule::optional, other) == errc::ok);
    CHECK(!same_authority(one, other));
}

TEST_CASE("a host and one rule") {
    static_assert(host_matches("a.example", "A.example.") && !host_matches("a.example", "x.a.example"));
    static_assert(host_matches("*.a.example", "x.a.example") && host_matches("*.a.example", "x.y.A.example."));
    static_assert(!host_matches("*.a.example", "a.example") && !host_matches("*.a.example", "xa.example"));
    static_assert(!host_matches("*.a.example", "xya.example") && !host_matches("*.a.example", "x.a.example.org"));
    static_assert(host_matches("[::1]", "0::1") && !host_matches("", "a") && !host_matches("*.", "a"));
}

TEST_CASE("a host without brackets and without its last dot (RFC 3986 3.2.2)") {
    static_assert(bare_host("[::1]") == "::1" && bare_host("::1") == "::1" && bare_host("a.example.") == "a.example");
    static_assert(bare_host("a.example") == "a.example" && bare_host("192.0.2.1") == "192.0.2.1");
    static_assert(bare_host("").empty() && bare_host(".") == "." && bare_host("[]") == "[]" && bare_host("[") == "[");
    static_assert(bare_host("[::1") == "[::1" && bare_host("a..") == "a.");
    constexpr std::string_view host = "[::1]";
    CHECK(bare_host(host).data() == host.data() + 1);
}
