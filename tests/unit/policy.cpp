// A server's policy: networks, rules, the text that they are read from, and what follows for a request.
#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <string>

using namespace tlsup;

namespace {

// A firmware's table, checked while it is compiled.
inline constexpr policy_rule table[] = {
    {.what = tls_policy::clear, .path = "/status", .peer = network_of("10.0.0.0/8")},
    {.what = tls_policy::require, .path = "/admin"},
    {.what = tls_policy::prefer, .method = "POST", .host = "*.print.example"},
    {.what = tls_policy::clear, .host = "old.example"},
};
constexpr policy_rules rules(table);
static_assert(rules.good() && rules.size == 4);

constexpr policy_answer ask(const policy_request& request) { return decide(rules, request, tls_policy::advertise); }
static_assert(ask({"GET", "/status", "a.example", "10.1.2.3"}) == policy_answer{tls_policy::clear, 0, true});
static_assert(ask({"GET", "/status", "a.example", "11.1.2.3"}) == policy_answer{tls_policy::advertise, no_rule, true});
static_assert(ask({"GET", "/admin/users", "a.example", "10.1.2.3"}) == policy_answer{tls_policy::require, 1, true});
static_assert(ask({"POST", "/p", "x.print.example:631", "::1"}) == policy_answer{tls_policy::prefer, 2, true});
static_assert(ask({"post", "/p", "x.print.example", "::1"}).rule == no_rule); // case-sensitive, RFC 9110 9.1
static_assert(ask({"POST", "/p", "print.example", "::1"}).rule == no_rule);
static_assert(ask({"POST", "/p", "OLD.example.:80", "::1"}) == policy_answer{tls_policy::clear, 3, true});
static_assert(ask({"OPTIONS", "*", "a.example", "10.1.2.3"}).rule == no_rule);
static_assert(decide({}, {}, tls_policy::prefer) == policy_answer{tls_policy::prefer, no_rule, true});
static_assert(decide(policy_rules(table, 1), {"GET", "/admin", "", ""}, tls_policy::clear).what == tls_policy::clear);

constexpr bool is_network(std::string_view text) {
    network parsed;
    return parse_network(text, parsed) == errc::ok;
}
constexpr bool inside(std::string_view text, std::string_view peer) { return network_of(text).contains(peer); }

static_assert(inside("10.0.0.0/8", "10.255.0.1") && !inside("10.0.0.0/8", "11.0.0.0"));
static_assert(inside("192.0.2.7", "192.0.2.7") && !inside("192.0.2.7", "192.0.2.6"));
static_assert(inside("192.0.2.128/25", "192.0.2.128") && !inside("192.0.2.128/25", "192.0.2.127"));
static_assert(inside("2001:db8::/33", "2001:db8:7fff::1") && !inside("2001:db8::/33", "2001:db8:8000::1"));
static_assert(inside("[::1]", "::1") && inside("::1/128", "[0:0::1]") && !inside("::1", "::2"));
static_assert(inside("fe80::/10", "fe80::1%eth0") && inside("fe80::/10", "[febf::1%2]") &&
              !inside("fe80::/10", "fec0::1%2"));

} // namespace

TEST_CASE("networks are addresses with a prefix length (RFC 4632 3.1, RFC 4291 2.3)") {
    for (const std::string_view good : {"0.0.0.0/0", "::/0", "10.0.0.0/8", "10.0.0.1/32", "[2001:db8::]/32",
                                        "2001:db8::1/128", "::ffff:10.0.0.0/104", "::ffff:10.0.0.1", "::"}) {
        CHECK_MESSAGE(is_network(good), good);
    }
    for (const std::string_view bad : {"",
                                       "/8",
                                       "10.0.0.0/",
                                       "10.0.0.0/08",
                                       "10.0.0.0/33",
                                       "10.0.0.0/+8",
                                       "10.0.0.0/8/8",
                                       "10.0.0.0/18446744073709551624",
                                       "10.0.0.1/8",
                                       "10.128.0.0/8",
                                       "10/8",
                                       "010.0.0.0/8",
                                       "10.0.0.0.",
                                       " 10.0.0.0",
                                       "[10.0.0.0]/8",
                                       "[::1",
                                       "::1]",
                                       "[[::1]]",
                                       "[::1/128]",
                                       "::1/129",
                                       "::1/127",
                                       "2001:db8::/28",
                                       "fe80::1%eth0",
                                       "::ffff:0:0/95",
                                       "::ffff:10.0.0.1/104",
                                       "a.example"}) {
        CHECK_MESSAGE(!is_network(bad), bad);
        const network none = network_of(bad);
        CHECK((!none.valid() && !none.any() && !none.contains("10.0.0.1") && !none.contains("")));
    }
    network kept = network_of("10.0.0.0/8");
    CHECK(parse_network("10.0.0.1/8", kept) == errc::bad_argument);
    CHECK(kept == network_of("10.0.0.0/8")); // an error changes nothing
}

TEST_CASE("each prefix length divides where it should") {
    for (unsigned bits = 1; bits <= 32; ++bits) {
        network half;
        REQUIRE(parse_network("0.0.0.0/" + std::to_string(bits), half) == errc::ok);
        const std::uint32_t beyond = std::uint32_t{1} << (32 - bits);
        const auto text = [](std::uint32_t each) {
            return std::to_string(each >> 24) + "." + std::to_string((each >> 16) & 255) + "." +
                   std::to_string((each >> 8) & 255) + "." + std::to_string(each & 255);
        };
        CHECK(half.contains(text(beyond - 1)));
        CHECK(!half.contains(text(beyond)));
    }
}

TEST_CASE("a mapped peer is its IPv4 address, and the families are apart (RFC 4291 2.5.5.2)") {
    for (const std::string_view peer : {"10.0.0.1", "::ffff:10.0.0.1", "::FFFF:a00:1", "[::ffff:10.0.0.1]"}) {
        CHECK_MESSAGE(inside("10.0.0.0/8", peer), peer);
        CHECK_MESSAGE(inside("::ffff:10.0.0.0/104", peer), peer);
        CHECK_MESSAGE(inside("0.0.0.0/0", peer), peer);
        CHECK_MESSAGE(!inside("::/0", peer), peer);
    }
    for (const std::string_view peer : {"::1", "a00:1::", "::10.0.0.1", "::fffe:10.0.0.1"}) {
        CHECK_MESSAGE(!inside("10.0.0.0/8", peer), peer);
        CHECK_MESSAGE(!inside("0.0.0.0/0", peer), peer);
        CHECK_MESSAGE(inside("::/0", peer), peer);
    }
    CHECK(network_of("::ffff:10.0.0.0/104") == network_of("10.0.0.0/8"));
    // As a dual-stack socket has it.
    const peer_address mapped{{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 1}}, address_family::ipv6};
    CHECK(network_of("10.0.0.0/8").contains(mapped));
    CHECK(!network_of("::/0").contains(mapped));
}

TEST_CASE("an unknown peer is inside nothing but the whole") {
    for (const std::string_view peer : {"", "10.0.0", "010.0.0.1", "10.0.0.1:80", "[10.0.0.1]", "10.0.0.1%eth0", "::1%",
                                        "[::1", "[[::1]]", "/run/socket", "localhost"}) {
        peer_address parsed;
        CHECK_MESSAGE(parse_peer(peer, parsed) == errc::bad_argument, peer);
        CHECK(parsed == peer_address{});
        CHECK((!inside("0.0.0.0/0", peer) && !inside("::/0", peer) && network{}.contains(peer)));
    }
}

TEST_CASE("who cannot be told apart gets what the strictest of them gets") {
    const policy_rule by_peer[] = {
        {.what = tls_policy::require, .peer = network_of("192.0.2.0/24")},
        {.what = tls_policy::clear, .peer = network_of("10.0.0.0/8")},
        {.what = tls_policy::prefer},
    };
    const auto of_peer = [&](std::string_view peer, std::size_t from = 0) {
        return decide({by_peer + from, 3 - from}, {"GET", "/", "a", peer}, tls_policy::clear);
    };
    CHECK(of_peer("10.0.0.1") == policy_answer{tls_policy::clear, 1, true});
    CHECK(of_peer("unix:") == policy_answer{tls_policy::require, 0, false});
    CHECK(of_peer("unix:", 1) == policy_answer{tls_policy::prefer, 1, false});
    CHECK(decide({by_peer, 1}, {"GET", "/", "a", ""}, tls_policy::clear).what == tls_policy::require);

    const policy_rule by_host[] = {
        {.what = tls_policy::clear, .host = "open.example"},
        {.what = tls_policy::require, .host = "*.closed.example"},
        {.what = tls_policy::advertise},
    };
    const auto of_host = [&](std::string_view host, std::string_view target = "/") {
        return decide(by_host, {"GET", target, host, "::1"}, tls_policy::clear);
    };
    CHECK(of_host("open.example:8080") == policy_answer{tls_policy::clear, 0, true});
    CHECK(of_host("x.closed.example.") == policy_answer{tls_policy::require, 1, true});
    CHECK(of_host("other.example") == policy_answer{tls_policy::advertise, 2, true});
    for (const std::string_view unknown : {"", "a b", "x%2eclosed.example", "u@open.example", "open.example:0"}) {
        CHECK_MESSAGE((of_host(unknown) == policy_answer{tls_policy::require, 1, false}), unknown);
    }
    CHECK(of_host("open.example", "http://x.closed.example/").rule == 1); // RFC 9112 3.2.2
    CHECK(of_host("x.closed.example", "http://open.example/").rule == 0);
    CHECK(of_host("open.example", "http://u@open.example/").rule == 1);
}

TEST_CASE("of several rules the first that matches decides (RFC 2817 8.1)") {
    const policy_rule list[] = {
        {.what = tls_policy::clear, .path = "/a/open"},
        {.what = tls_policy::require, .path = "/a"},
        {.what = tls_policy::prefer, .path = "/"},
        {.what = tls_policy::require},
    };
    const auto of = [&](std::string_view method, std::string_view target) {
        return decide(list, {method, target, "a", "::1"}, tls_policy::clear);
    };
    CHECK(of("GET", "/a/open/x") == policy_answer{tls_policy::clear, 0, true});
    CHECK(of("GET", "/a/x") == policy_answer{tls_policy::require, 1, true});
    CHECK(of("GET", "/b") == policy_answer{tls_policy::prefer, 2, true});
    CHECK(of("OPTIONS", "*") == policy_answer{tls_policy::require, 3, true});
    CHECK(of("CONNECT", "a:443") == policy_answer{tls_policy::require, 3, true});
}

TEST_CASE("a rule that is none is found, and may match anything") {
    const auto bad = [](const policy_rule& rule) {
        CHECK(!policy_rules(&rule, 1).good());
        CHECK(decide({&rule, 1}, {"GET", "/z", "z", "::1"}, tls_policy::advertise).what ==
              (rule.what > tls_policy::advertise ? rule.what : tls_policy::advertise));
        return check_rule(rule) == errc::bad_rule;
    };
    for (const tls_policy what : {tls_policy::clear, tls_policy::require}) {
        CHECK(bad({.what = what, .method = "G T"}));
        for (const std::string_view path : {"a", "*", "//", "/a//b", "/.", "/a/..", "/a.", "/a%20b", "/a?b", "/a;b",
                                            "/a\\b", "/a b", "/a#b", "http://a/b", "/\xc3\xbc"}) {
            CHECK_MESSAGE(bad({.what = what, .path = path}), path);
        }
        for (const std::string_view host :
             {"*", "*.", "*x.a", "a.*", "*.*.a", "a:80", "[::1]:80", "*.[::1]", "*.::1", "*.1.2.3.4", "a b", "a..b"}) {
            CHECK_MESSAGE(bad({.what = what, .host = host}), host);
        }
        CHECK(bad({.what = what, .peer = network_of("10.0.0.1/8")}));
    }
    for (const std::string_view host : {"a", "a.", "*.a", "192.0.2.1", "::1", "[::1]"}) {
        CHECK_MESSAGE(check_rule({.host = host}) == errc::ok, host);
    }
    CHECK(check_rule({.path = "/.well-known/a:b/~c/"}) == errc::ok);
    CHECK(policy_rule{}.what == tls_policy::require);
}

TEST_CASE("rules are read from lines") {
    const std::string line = " \trequire path=/private host=*.example\tmethod=GET  from=10.0.0.0/8 # all\r\n";
    policy_rule rule;
    policy_line read = parse_policy_line(line, rule);
    CHECK((read.error == errc::ok && !read.empty && read.at.empty()));
    CHECK(rule == policy_rule{tls_policy::require, "GET", "/private", "*.example", network_of("10.0.0.0/8")});
    CHECK((rule.path.data() > line.data() && rule.path.data() < line.data() + line.size()));
    for (std::size_t at = 0; at < 4; ++at) {
        CHECK(parse_policy_line(tls_policy_names[at], rule).error == errc::ok);
        CHECK(rule == policy_rule{.what = static_cast<tls_policy>(at)});
        CHECK(to_string(rule.what) == tls_policy_names[at]);
    }
    read = parse_policy_line("clear host=[::1] from=[2001:db8::]/32#x", rule);
    CHECK((read.error == errc::ok && rule.host == "[::1]" && rule.peer.contains("2001:db8::1")));
    for (const std::string_view none : {"", " \t", "# require", "  #", "\r\n", "\n"}) {
        const policy_rule before = rule;
        read = parse_policy_line(none, rule);
        CHECK_MESSAGE((read.error == errc::ok && read.empty && rule == before), none);
    }
}

TEST_CASE("a line that is no rule says at which word") {
    struct wrong {
        std::string_view line;
        std::string_view at;
    };
    for (const wrong each : {wrong{"Require", "Require"},
                             {"path=/ require", "path=/"},
                             {"require require", "require"},
                             {"clear path", "path"},
                             {"clear path=", "path="},
                             {"clear =/a", "=/a"},
                             {"clear Path=/a", "Path=/a"},
                             {"clear peer=::1", "peer=::1"},
                             {"clear path = /a", "path"},
                             {"clear path=/a host=b path=/a", "path=/a"},
                             {"clear from=::1 from=::2", "from=::2"},
                             {"clear method=GET method=PUT", "method=PUT"},
                             {"clear host=a host=b", "host=b"},
                             {"clear method=G=T", "method=G=T"},
                             {"clear path=a", "path=a"},
                             {"clear path=/a/../b host=c", "path=/a/../b"},
                             {"clear host=*", "host=*"},
                             {"clear from=10.0.0.1/8", "from=10.0.0.1/8"},
                             {"clear\rpath=/", "clear\rpath=/"},
                             {"clear\npath=/", "clear\npath=/"}}) {
        policy_rule rule{.what = tls_policy::prefer, .path = "/kept"};
        const policy_line read = parse_policy_line(each.line, rule);
        CHECK_MESSAGE((read.error == errc::bad_rule && !read.empty && read.at == each.at), each.line);
        CHECK((read.at.data() >= each.line.data() &&
               read.at.data() + read.at.size() <= each.line.data() + each.line.size()));
        CHECK(rule == policy_rule{.what = tls_policy::prefer, .path = "/kept"});
    }
}

TEST_CASE("a machine's head becomes a request") {
    const request_line line = parse_request_line("GET http://a.example:80/admin HTTP/1.1\r\nHost: b.example\r\n\r\n");
    const policy_request request = to_policy_request(line, "::ffff:10.0.0.1");
    CHECK((request.method == "GET" && request.host == "a.example:80" && request.peer == "::ffff:10.0.0.1"));
    CHECK(ask(request) == policy_answer{tls_policy::require, 1, true});
    CHECK(ask(to_policy_request(parse_request_line("GET /status HTTP/1.1\r\nHost: b\r\n\r\n"), "::ffff:10.0.0.1")) ==
          policy_answer{tls_policy::clear, 0, true});
}

namespace {

using how = policy_ruling::how;

policy_ruling rule_on(tls_policy policy, std::string_view method, std::string_view upgrade = {},
                      std::string_view connection = "Upgrade", unsigned minor = 1, bool secure = false,
                      bool content = false) {
    request_facts facts;
    facts.start(method, method == "CONNECT" ? "a:443" : "/", 1, minor);
    facts.field("Host", "a");
    if (!upgrade.empty()) {
        facts.field("Upgrade", upgrade);
        facts.field("Connection", connection);
    }
    if (content) {
        facts.field("Content-Length", "1");
    }
    REQUIRE(facts.finish() == errc::ok);
    const judged offer = judge(facts, {splice_defence::accept_splice_risk}, "a.example");
    return apply(policy, facts, offer.offer, secure);
}

} // namespace

TEST_CASE("what a policy means for a request (2817-14, 2817-15, 9110-7.8-11)") {
    const policy_ruling served{how::serve, false};
    const policy_ruling advertised{how::serve, true};
    const policy_ruling accepted{how::accept, false};
    const policy_ruling required{how::require_upgrade, false};
    struct row {
        std::string_view name;
        policy_ruling of[4]; // clear, advertise, prefer, require
        policy_ruling (*rule)(tls_policy);
    };
    const row rows[] = {
        {"no offer", {served, advertised, advertised, required}, [](tls_policy p) { return rule_on(p, "GET"); }},
        {"an offer",
         {served, accepted, accepted, accepted},
         [](tls_policy p) { return rule_on(p, "OPTIONS", "TLS/1.0"); }},
        {"method", {served, advertised, required, required}, [](tls_policy p) { return rule_on(p, "GET", "TLS/1.0"); }},
        {"content",
         {served, advertised, required, required},
         [](tls_policy p) { return rule_on(p, "OPTIONS", "TLS/1.0", "Upgrade", 1, false, true); }},
        {"no option",
         {served, advertised, required, required},
         [](tls_policy p) { return rule_on(p, "OPTIONS", "TLS/1.0", "close"); }},
        {"other protocol",
         {served, advertised, advertised, required},
         [](tls_policy p) { return rule_on(p, "OPTIONS", "websocket"); }},
        {"void list",
         {served, advertised, advertised, required},
         [](tls_policy p) { return rule_on(p, "OPTIONS", "TLS/1.0, a b"); }},
        {"HTTP/1.0",
         {served, served, served, required},
         [](tls_policy p) { return rule_on(p, "OPTIONS", "TLS/1.0", "Upgrade", 0); }},
        {"CONNECT", {served, served, served, required}, [](tls_policy p) { return rule_on(p, "CONNECT"); }},
        {"CONNECT with an offer",
         {served, served, required, required},
         [](tls_policy p) { return rule_on(p, "CONNECT", "TLS/1.0"); }},
        {"inside TLS",
         {served, served, served, served},
         [](tls_policy p) { return rule_on(p, "OPTIONS", "TLS/1.0", "Upgrade", 1, true); }},
    };
    for (const row& each : rows) {
        for (std::size_t at = 0; at < 4; ++at) {
            CHECK_MESSAGE(each.rule(static_cast<tls_policy>(at)) == each.of[at], each.name, " ", tls_policy_names[at]);
        }
    }
}

TEST_CASE("nothing makes CONNECT, TRACE or HTTP/1.0 acceptable (9110-7.8-13, 9110-7.8-15)") {
    for (const std::string_view method : {"CONNECT", "TRACE", "OPTIONS"}) {
        request_facts facts;
        facts.start(method, method == "CONNECT" ? "a:1" : "/", 1, method == "OPTIONS" ? 0 : 1);
        for (std::size_t at = 0; at < 4; ++at) {
            CHECK(apply(static_cast<tls_policy>(at), facts, default_tokens, false).what != how::accept);
        }
        CHECK(apply(tls_policy::require, facts, default_tokens, false).what == how::require_upgrade);
    }
}
