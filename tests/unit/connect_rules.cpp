// What a proxy lets through: its rules, the request's form, and the connection's end.
#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <string>

#include "unit/connect_support.hpp"

using namespace tlsup;
using unit::duty;
using unit::serve;
using unit::served;

namespace {

constexpr port_range web_ports[] = {{443, 443}, {8000, 8999}};
constexpr port_range no_ports[] = {{9, 8}};
constexpr network everywhere[] = {network_of("0.0.0.0/0"), network_of("::/0")};
constexpr network loopback[] = {network_of("127.0.0.0/8"), network_of("::1")};
constexpr std::string_view some_hosts[] = {"a.example", "*.b.example", "192.0.2.1", "2001:db8::1", "[2001:db8::2]"};

static_assert(port_rules(web_ports).allow(443) && port_rules(web_ports).allow(8000) &&
              port_rules(web_ports).allow(8999));
static_assert(!port_rules(web_ports).allow(442) && !port_rules(web_ports).allow(444) &&
              !port_rules(web_ports).allow(7999) && !port_rules(web_ports).allow(9000) &&
              !port_rules(web_ports).allow(0) && !port_rules(no_ports).allow(8));
constexpr host_rules hosts(some_hosts);
static_assert(hosts.allow("a.example") && hosts.allow("A.EXAMPLE") && hosts.allow("a.example."));
static_assert(hosts.allow("x.b.example") && hosts.allow("x.y.B.example"));
static_assert(!hosts.allow("b.example") && !hosts.allow("ab.example") && !hosts.allow(".b.example") &&
              !hosts.allow("x.a.example") && !hosts.allow("a.example.evil") && !hosts.allow("*.b.example.x") &&
              !hosts.allow("") && !hosts.allow("example"));
static_assert(hosts.allow("192.0.2.1") && hosts.allow("2001:DB8:0::1") && hosts.allow("2001:db8::2") &&
              !hosts.allow("192.0.2.10") && !hosts.allow("2001:db8::3"));
static_assert(host_rules(some_hosts, 1).allow("a.example") && !host_rules(some_hosts, 1).allow("192.0.2.1"));

std::string connect_to(std::string_view authority, std::string_view fields = "Host: x.example\r\n") {
    return "CONNECT " + std::string(authority) + " HTTP/1.1\r\n" + std::string(fields) + "\r\n";
}

/// Addresses are open here: those of the examples are for documentation.
proxy_options web() {
    proxy_options options;
    options.ports = web_ports;
    options.addresses = everywhere;
    return options;
}

/// `ok` where it comes to `decide`, or why it is refused.
errc verdict(std::string_view input, const proxy_options& options = web()) {
    connect_proxy machine;
    const step now = machine.next(input, options);
    CHECK((now.what == action::decide) ==
          (machine.error() == errc::ok && machine.state() != connect_proxy_state::closed));
    CHECK((now.what != action::write || now.status == suggested_status(machine.error())));
    return machine.error();
}

connect_target target_of(std::string_view input, const proxy_options& options) {
    connect_proxy machine;
    const step now = machine.next(input, options);
    REQUIRE(now.what == action::decide);
    return machine.target(now.bytes);
}

} // namespace

TEST_CASE("a target is a host and a port (9110-9.3.6-03, 9112-3.2.3-01)") {
    for (const std::string_view good :
         {"a.example:443", "a.example.:443", "192.0.2.1:443", "[2001:db8::1]:443", "xn--bcher-kva.example:443"}) {
        CHECK_MESSAGE(verdict(connect_to(good)) == errc::ok, good);
    }
    for (const std::string_view bad : {"a.example",
                                       "a.example:",
                                       "a.example:0",
                                       "a.example:65536",
                                       "a.example:4294967739",
                                       "a.example:0443",
                                       "a.example:+443",
                                       "a.example:0x1bb",
                                       "a.example:443a",
                                       "a.example:443:443",
                                       "user@a.example:443",
                                       "u:p@a.example:443",
                                       "evil.example?a.example:443",
                                       "evil.example/a.example:443",
                                       "evil\\a.example:443",
                                       "http://a.example:443",
                                       "http://a.example:443/",
                                       "*",
                                       "/",
                                       "::1:443",
                                       "[::1%25eth0]:443",
                                       "[::1]443",
                                       "[v1.x]:443",
                                       "a%2eexample:443",
                                       "a.example%00.evil:443",
                                       "a..example:443",
                                       ".example:443",
                                       ":443",
                                       "b\xfc"
                                       "cher.example:443",
                                       "a.example#:443",
                                       "a,b:443"}) {
        const errc error = verdict(connect_to(bad));
        CHECK_MESSAGE(error == errc::bad_target, bad);
    }
    CHECK(verdict("connect a.example:443 HTTP/1.1\r\nHost: a\r\n\r\n") == errc::bad_target); // 9112-3.1-01
    CHECK(verdict("GET a.example:443 HTTP/1.1\r\nHost: a\r\n\r\n") == errc::bad_target);
    CHECK(verdict("Connect * HTTP/1.1\r\nHost: a\r\n\r\n") == errc::bad_target);
}

TEST_CASE("the request-target alone says where a tunnel leads (9112-3.2.3-02, 9110-9.3.6-01)") {
    const std::string input = connect_to("A.example.:443", "Host: internal.example:22\r\nProxy-Authorization: "
                                                           "Basic eDp5\r\nX-Forwarded-Host: c\r\n");
    const connect_target found = target_of(input, web());
    CHECK(found.authority == "A.example.:443");
    CHECK(found.host == "A.example");
    CHECK(found.port == 443);
    CHECK(found.kind == host_kind::name);
    CHECK(found.authorization == "Basic eDp5");
    CHECK(!found.disguised);
    CHECK(!found.own);
    CHECK(target_of(connect_to("[2001:db8::1]:8000"), web()).host == "2001:db8::1");
    CHECK(target_of(connect_to("[2001:db8::1]:8000"), web()).kind == host_kind::ipv6);
    CHECK(target_of(connect_to("192.0.2.1:443"), web()).kind == host_kind::ipv4);
    proxy_options options = web();
    options.hosts = some_hosts;
    CHECK(verdict(connect_to("evil.example:443", "Host: a.example\r\n"), options) == errc::host_denied);
    CHECK(verdict(connect_to("a.example:443", "Host: evil.example\r\n"), options) == errc::ok);
    CHECK(connect_proxy().target("GET / HTTP/1.1\r\n\r\n").authority.empty());
    CHECK(connect_proxy().target({}).port == 0);
}

TEST_CASE("ports and hosts are the caller's rules (2817-44, 9110-9.3.6-08)") {
    CHECK(verdict(connect_to("a.example:443"), proxy_options{}) == errc::port_denied);
    CHECK(verdict(connect_to("a.example:25")) == errc::port_denied);
    CHECK(verdict(connect_to("a.example:8443")) == errc::ok);
    proxy_options options = web();
    options.hosts = some_hosts;
    CHECK(verdict(connect_to("a.example.:443"), options) == errc::ok);
    CHECK(verdict(connect_to("c.b.example:443"), options) == errc::ok);
    CHECK(verdict(connect_to("b.example:443"), options) == errc::host_denied);
    CHECK(verdict(connect_to("b.example:25"), options) == errc::host_denied);
    CHECK(verdict(connect_to("[2001:DB8::0:1]:443"), options) == errc::ok);
    CHECK(verdict(connect_to("[2001:db8::3]:443"), options) == errc::host_denied);
    constexpr std::string_view dotted[] = {"*.c.example.", "d.example."};
    static_assert(host_rules(dotted).allow("a.c.example") && host_rules(dotted).allow("a.c.example."));
    static_assert(host_rules(dotted).allow("d.example") && !host_rules(dotted).allow("c.example"));
}

TEST_CASE("a host that hides an address is denied unless the caller wants it (9110-9.3.6-08)") {
    for (const std::string_view hidden :
         {"127.1:443", "0x7f.1:443", "2130706433:443", "127.0.0.1.:443", "017700000001:443", "[::ffff:127.0.0.1]:443",
          "[::127.0.0.1]:443", "[64:ff9b::7f00:1]:443", "a.0x7f:443"}) {
        CHECK_MESSAGE(verdict(connect_to(hidden)) == errc::host_denied, hidden);
        proxy_options options = web();
        options.disguised_hosts = true;
        CHECK_MESSAGE(verdict(connect_to(hidden), options) == errc::ok, hidden);
        CHECK(target_of(connect_to(hidden), options).disguised);
    }
    CHECK(verdict(connect_to("[::1]:443")) == errc::ok); // what it says it is; the rules of addresses judge it
    CHECK(verdict(connect_to("127.0.0.1:443")) == errc::ok);
    proxy_options both = web();
    both.disguised_hosts = true;
    both.hosts = some_hosts;
    CHECK(verdict(connect_to("127.1:443"), both) == errc::host_denied);
}

TEST_CASE("a target that is an address is global, or a rule opens it (9110-9.3.6-08)") {
    proxy_options options;
    options.ports = web_ports;
    for (const std::string_view denied : {"127.0.0.1:443", "127.255.255.255:443", "0.0.0.0:443", "10.0.0.1:443",
                                          "169.254.169.254:443", "192.168.1.1:443", "192.0.2.1:443", "[::1]:443",
                                          "[::]:443", "[fe80::1]:443", "[fd00::1]:443", "[2001:db8::1]:443"}) {
        CHECK_MESSAGE(verdict(connect_to(denied), options) == errc::address_denied, denied);
    }
    const served seen = serve(connect_to("127.0.0.1:443"), options);
    CHECK(seen.status == 403);
    CHECK(seen.error == errc::address_denied);
    CHECK(seen.decided.empty());
    CHECK(!seen.dialled);
    for (const std::string_view open :
         {"192.31.196.1:443", "[2620:4f:8000::1]:443", "localhost:443", "a.localhost:443", "a.example:443"}) {
        CHECK_MESSAGE(verdict(connect_to(open), options) == errc::ok, open); // names are judged where they are resolved
    }
    CHECK(verdict(connect_to("127.0.0.1:25"), options) == errc::port_denied);
    options.addresses = loopback;
    CHECK(verdict(connect_to("127.0.0.1:443"), options) == errc::ok);
    CHECK(verdict(connect_to("[::1]:443"), options) == errc::ok);
    CHECK(verdict(connect_to("[::2]:443"), options) == errc::address_denied);
    CHECK(verdict(connect_to("10.0.0.1:443"), options) == errc::address_denied);
    options.addresses = {};
    options.disguised_hosts = true; // then what is inside is judged
    CHECK(verdict(connect_to("[::ffff:127.0.0.1]:443"), options) == errc::address_denied);
    CHECK(verdict(connect_to("[::ffff:192.31.196.1]:443"), options) == errc::ok);
    CHECK(verdict(connect_to("[64:ff9b::a9fe:a9fe]:443"), options) == errc::address_denied);
    CHECK(verdict(connect_to("127.1:443"), options) == errc::ok); // a name to the machine: the caller resolves it
    options.own_authority = "127.0.0.1:443"; // comes to `decide`, for `open_here()`; the rules hold for `open()`
    connect_proxy own;
    REQUIRE(own.next(connect_to("127.0.0.1:443"), options).what == action::decide);
    CHECK(own.open() == errc::ok);
    CHECK(own.next(connect_to("127.0.0.1:443"), options).error == errc::address_denied);
}

TEST_CASE("where a login is asked for, only who is let in learns the rules (9110-15.5.8-01, 9110-9.3.6-08)") {
    char text[200] = {};
    proxy_options options;
    options.ports = web_ports;
    options.hosts = some_hosts;
    options.challenge = write_407(text, "Basic realm=\"p\"", "who?\n").head;
    duty stranger;
    stranger.decide = [](connect_proxy& it, const proxy_options& with) { return it.challenge(with); };
    const struct {
        std::string_view target;
        errc why;
    } all[] = {{"a.example:25", errc::port_denied},
               {"evil.example:443", errc::host_denied},
               {"127.1:443", errc::host_denied},
               {"192.0.2.1:443", errc::address_denied},
               {"a.example:443", errc::ok}};
    const std::string challenge(options.challenge.text());
    for (const auto& each : all) {
        const std::string_view target = each.target;
        const errc why = each.why;
        const std::string input = connect_to(target);
        const served asked = serve(input, options, stranger);
        CHECK_MESSAGE(asked.status == 407, target);
        CHECK_MESSAGE(asked.wrote == challenge, target); // the same for all
        CHECK_MESSAGE(asked.decided == input, target);
        const served known = serve(input, options);
        CHECK_MESSAGE(known.error == why, target);
        CHECK_MESSAGE(known.status == (why == errc::ok ? 200 : 403), target);
        CHECK_MESSAGE(known.dialled == (why == errc::ok), target);
        connect_proxy machine;
        REQUIRE(machine.next(input, options).what == action::decide);
        CHECK(machine.dialing() == errc::wrong_call); // no way past `open`
        CHECK(machine.open_here() == errc::wrong_call);
        CHECK(machine.open() == errc::ok);
        CHECK(machine.open() == errc::wrong_call);
        CHECK((machine.dialing() == errc::ok) == (why == errc::ok));
        CHECK(machine.error() == why);
    }
    options.challenge = {}; // without one nobody is asked who he is: the refusal comes at once
    CHECK(verdict(connect_to("a.example:25"), options) == errc::port_denied);
}

TEST_CASE("a CONNECT has no content, and offers nothing (9110-9.3.6-11, 9110-7.8-13, 2817-25)") {
    CHECK(verdict(connect_to("a.example:443", "Host: a\r\nContent-Length: 5\r\n")) == errc::content_on_connect);
    CHECK(verdict(connect_to("a.example:443", "Host: a\r\nTransfer-Encoding: chunked\r\n")) ==
          errc::content_on_connect);
    CHECK(verdict(connect_to("a.example:443", "Host: a\r\nContent-Length: 0\r\n")) == errc::ok);
    CHECK(verdict(connect_to("a.example:443", "Host: a\r\nExpect: 100-continue\r\n")) == errc::ok);
    const std::string offer = connect_to("a.example:443", "Host: a\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2\r\n");
    CHECK(serve(offer, web()).wrote == "HTTP/1.1 200 Connection established\r\n\r\n");
}

TEST_CASE("a missing Host is forgiven to CONNECT alone, and where the caller says so (9112-3.2-03)") {
    proxy_options options = web();
    options.other_methods = true;
    CHECK(verdict(connect_to("a.example:443", ""), options) == errc::missing_host);
    CHECK(verdict("CONNECT a.example:443 HTTP/1.0\r\n\r\n", options) == errc::ok);
    options.peer_omits_host = true;
    CHECK(verdict(connect_to("a.example:443", ""), options) == errc::ok);
    CHECK(verdict("GET http://a.example/ HTTP/1.1\r\n\r\n", options) == errc::missing_host);
    CHECK(verdict(connect_to("a.example:443", "Host: a\r\nHost: a\r\n"), options) == errc::repeated_host);
    CHECK(verdict(connect_to("a.example:443", "Host: a b\r\n"), options) == errc::bad_host);
}

TEST_CASE("other methods are refused, or the caller's (RFC 9110 15.6.2)") {
    const std::string get = "GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\nContent-Length: 2\r\n\r\n";
    const served refused = serve(get + "ok", web());
    CHECK(refused.status == 501);
    CHECK(refused.error == errc::not_connect);
    CHECK(refused.drained == get + "ok");
    proxy_options options = web();
    options.other_methods = true;
    duty of;
    of.decide = [](connect_proxy& it, const proxy_options&) {
        CHECK(it.open() == errc::wrong_call);
        CHECK(it.open_here() == errc::wrong_call);
        return it.detach();
    };
    const served detached = serve(get + "ok", options, of);
    CHECK(detached.last == action::detach);
    CHECK(detached.end == outcome::detached);
    CHECK(detached.decided == get);
    CHECK(detached.rest == get + "ok");
    CHECK(detached.wrote.empty());
    // A proxy serves other schemes too: 421 would say that its connection is the wrong one. 9110-15.5.20-03
    const std::string https = "GET https://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n";
    CHECK(serve(https, web()).status == 501);
    CHECK(serve(https, options, of).last == action::detach);
    CHECK(serve("GET https://a.example/ HTTP/1.1\r\n\r\n", options, of).error == errc::missing_host);
    of.decide = [](connect_proxy& it, const proxy_options&) { return it.refuse(std::uint16_t{403}); };
    const served head = serve("HEAD http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n", options, of);
    CHECK(head.wrote.substr(head.wrote.size() - 4) == "\r\n\r\n"); // HEAD has no content: 9112-6.3-01
    CHECK(head.wrote.find("\r\nContent-Length: 30\r\n") != std::string::npos);
    char text[200] = {};
    options.challenge = write_407(text, "Basic realm=\"p\"", "who?\n").head;
    of.decide = [](connect_proxy& it, const proxy_options& with) { return it.challenge(with); };
    const served asked = serve("HEAD http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n", options, of);
    CHECK(asked.wrote == options.challenge.text().substr(0, options.challenge.head_size()));
    connect_proxy machine;
    REQUIRE(machine.next(connect_to("a.example:443"), options).what == action::decide);
    CHECK(machine.detach() == errc::wrong_call);
}

TEST_CASE("a tunnel to the proxy's own program (2817-32, 9110-9.3.6-04, 9110-7.6-09)") {
    proxy_options options; // no port is open, and the name of its own is
    options.own_authority = "proxy.example:80";
    duty of;
    of.decide = [](connect_proxy& it, const proxy_options&) { return it.open_here(); };
    const std::string input = connect_to("PROXY.example.:80");
    const served seen = serve(input + "GET / HTTP/1.1\r\n\r\n", options, of);
    CHECK(seen.last == action::tunnel);
    CHECK(!seen.dialled);
    CHECK(seen.rest == "GET / HTTP/1.1\r\n\r\n");
    CHECK(target_of(input, options).own);
    CHECK(verdict(connect_to("proxy.example:81"), options) == errc::port_denied);
    CHECK(verdict(connect_to("x.proxy.example:80"), options) == errc::port_denied);
    options.ports = web_ports;
    connect_proxy other;
    REQUIRE(other.next(connect_to("a.example:443"), options).what == action::decide);
    CHECK(!other.target(connect_to("a.example:443")).own);
    CHECK(other.open_here() == errc::wrong_call);
    options.own_authority = "no port";
    CHECK(verdict(connect_to("proxy.example:80"), options) == errc::port_denied);
}

TEST_CASE("what is no request ends without an answer, or with one (9112-2.2-06, 9112-3-01, 9931-06)") {
    CHECK(verdict("\x16\x03\x01") == errc::not_http);
    const served tls = serve("\x16\x03\x01 hello", web());
    CHECK(tls.last == action::close);
    CHECK(tls.wrote.empty());
    CHECK(tls.drained.empty());
    CHECK(tls.end == outcome::broken);
    CHECK(serve("\r\n\x16\x03", web()).wrote.empty());
    CHECK(serve("\r\n\r\n" + connect_to("a.example:443"), web()).error == errc::too_many_empty_lines);
    proxy_options options = web();
    options.empty_lines = 0;
    CHECK(serve("\r\n" + connect_to("a.example:443"), options).error == errc::too_many_empty_lines);
    CHECK(verdict("CONNECT a.example:443 HTTP/2.0\r\n\r\n") == errc::unsupported_version);
    CHECK(verdict("CONNECT  a.example:443 HTTP/1.1\r\n\r\n") == errc::bad_target);
    CHECK(verdict("CONNECT a.example:443 HTTP/1.1\n\n") == errc::bare_lf);
    options.head.fields = 1;
    CHECK(verdict(connect_to("a.example:443", "Host: a\r\nX: y\r\n"), options) == errc::too_many_fields);
    options.head.head_bytes = 40;
    CHECK(serve(connect_to("a.example:443", "Host: a\r\nX: y\r\n"), options).status == 431);
}

TEST_CASE("the client's end, before and during the head (9112-8-01)") {
    const served nothing = serve("", web());
    CHECK(nothing.last == action::close);
    CHECK(nothing.error == errc::ok);
    CHECK(nothing.end == outcome::served);
    const served half = serve("CONNECT a.example:443 HTTP/1.1\r\n", web());
    CHECK(half.error == errc::truncated);
    CHECK(half.end == outcome::truncated);
    CHECK(half.wrote.empty());
    const std::string input = connect_to("a.example:443");
    connect_proxy early;
    REQUIRE(early.next(input, web()).what == action::decide);
    REQUIRE(early.peer_closed() == errc::ok); // it said all it had to say: the tunnel still opens
    REQUIRE(early.open() == errc::ok);
    REQUIRE(early.dialing() == errc::ok);
    REQUIRE(early.tunnel_open() == errc::ok);
    CHECK(early.next(input, web()).what == action::write);
}

TEST_CASE("deadlines: 408 inside a head, 504 while dialling, else a close (9112-9.5-01)") {
    const auto ends = [](std::string_view input, bool granted, bool dials) {
        connect_proxy machine;
        (void)machine.next(input, web());
        (void)(granted && machine.open() == errc::ok && dials && machine.dialing() == errc::ok);
        const deadline wanted = machine.wanted();
        CHECK(machine.abort(errc::timeout) == errc::ok);
        const step now = machine.next(input, web());
        CHECK((now.what == action::write || now.what == action::close));
        CHECK(now.status == machine.status());
        return std::pair(wanted, machine.status());
    };
    const std::string input = connect_to("a.example:443");
    CHECK(ends("", false, false) == std::pair(deadline::idle, std::uint16_t{0}));
    CHECK(ends("CONNECT", false, false) == std::pair(deadline::head, std::uint16_t{408}));
    CHECK(ends(input, false, false) == std::pair(deadline::none, std::uint16_t{0}));
    CHECK(ends(input, true, false) == std::pair(deadline::dial, std::uint16_t{504}));
    CHECK(ends(input, true, true) == std::pair(deadline::dial, std::uint16_t{504}));
}

TEST_CASE("what is drained behind a refusal has a limit (9112-9.6-06, 9931-03)") {
    proxy_options options = web();
    options.drain_bytes = 10;
    connect_proxy machine;
    const std::string input = "CONNECT a HTTP/1.1\r\n\r\n";
    for (step now = machine.next(input, options); now.what == action::write; now = machine.next(input, options)) {
        REQUIRE(machine.wrote(now.bytes.size()) == errc::ok);
    }
    CHECK(machine.wanted() == deadline::linger);
    CHECK(machine.next(input, options).bytes == input);
    CHECK(machine.took(9) == errc::ok);
    CHECK(machine.next("HTTP/1.1\r\n\r\n", options).what == action::drain);
    CHECK(machine.took(1) == errc::ok);
    CHECK(machine.next("TTP/1.1\r\n\r\n", options).what == action::close);
    CHECK(machine.wanted() == deadline::none);
    connect_proxy ended;
    for (step now = ended.next(input, web()); now.what == action::write; now = ended.next(input, web())) {
        REQUIRE(ended.wrote(now.bytes.size()) == errc::ok);
    }
    CHECK(ended.peer_closed() == errc::ok); // what is unread then would reset what was written
    CHECK(ended.next(input, web()).bytes == input);
    CHECK(ended.took(input.size()) == errc::ok);
    CHECK(ended.next({}, web()).what == action::close);
    options.drain_bytes = 0;
    CHECK(serve(input, options).last == action::close);
    CHECK(serve(input, options).drained.empty());
}
