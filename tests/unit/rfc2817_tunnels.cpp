// RFC 2817 section 5, and RFC 9110 9.3.6 where it took its place: the transcripts, run through the machines by the
// compiler.
#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

namespace {

using namespace tlsup;

// 5.2, and the same request as RFC 9110 9.3.6 has it.
constexpr std::string_view plain = "CONNECT server.example.com:80 HTTP/1.1\r\nHost: server.example.com:80\r\n\r\n";
constexpr std::string_view known = "CONNECT server.example.com:80 HTTP/1.1\r\nHost: server.example.com:80\r\n"
                                   "Proxy-Authorization: basic aGVsbG86d29ybGQ=\r\n\r\n";
constexpr std::string_view current = "CONNECT server.example.com:80 HTTP/1.1\r\nHost: server.example.com\r\n"
                                     "Proxy-Authorization: basic aGVsbG86d29ybGQ=\r\n\r\n";
constexpr std::string_view established = "HTTP/1.1 200 Connection established\r\n\r\n";

constexpr port_range port_80[] = {{80, 80}};

constexpr proxy_options rules() {
    proxy_options options;
    options.ports = port_80;
    return options;
}

/// The proxy dials server.example.com:80, and only then says that the tunnel is there. 2817-24, 2817-29, 2817-31
constexpr bool proxy_opens(std::string_view request, bool names_itself) {
    const proxy_options options = rules();
    connect_proxy machine;
    step now = machine.next(request, options);
    const connect_target target = machine.target(now.bytes);
    if (now.what != action::decide || target.host != "server.example.com" || target.port != 80 ||
        basic_matches(target.authorization, {"hello", "world"}) != names_itself) {
        return false;
    }
    if (machine.open() != errc::ok || machine.next(request, options).what != action::dial ||
        machine.dialing() != errc::ok || machine.next(request, options).what != action::wait ||
        machine.tunnel_open() != errc::ok) {
        return false;
    }
    now = machine.next(request, options);
    if (now.what != action::write || now.bytes != established || now.status != 200 || now.more ||
        machine.wrote(now.bytes.size()) != errc::ok) {
        return false;
    }
    now = machine.next(request, options);
    return now.what == action::drop && now.bytes == request && machine.took(now.bytes.size()) == errc::ok &&
           machine.next({}, options).what == action::tunnel && machine.outcome() == outcome::tunnelled;
}
static_assert(proxy_opens(plain, false));
static_assert(proxy_opens(known, true)); // 2817-26
static_assert(proxy_opens(current, true));

/// 5.2: who does not say who he is, is asked. 9110-15.5.8-01, 9931-03
constexpr bool proxy_asks() {
    char text[300] = {};
    proxy_options options = rules();
    options.challenge = write_407(text, "Basic realm=\"office\"", "Who is it?\n").head;
    connect_proxy machine;
    (void)machine.next(plain, options);
    if (!machine.target(plain).authorization.empty() || machine.challenge(options) != errc::ok) {
        return false;
    }
    const step now = machine.next(plain, options);
    return now.what == action::write && now.bytes == options.challenge.text() && now.status == 407 &&
           machine.wrote(now.bytes.size()) == errc::ok && machine.next(plain, options).what == action::drain &&
           machine.took(plain.size()) == errc::ok && machine.peer_closed() == errc::ok &&
           machine.next({}, options).what == action::close;
}
static_assert(proxy_asks());

/// 5.3: any 2xx opens the tunnel, and what stands behind it came through it. 2817-29, 9110-9.3.6-05
constexpr bool client_enters(std::string_view answer) {
    char text[200] = {};
    connect_options options;
    options.connect = write_connect(text, {"server.example.com", 80, {}}).head;
    connect_client machine;
    step now = machine.next({}, options);
    if (now.what != action::write || now.bytes != plain || machine.wrote(now.bytes.size()) != errc::ok ||
        machine.next({}, options).what != action::read) {
        return false;
    }
    now = machine.next(answer, options);
    return now.what == action::drop && machine.took(now.bytes.size()) == errc::ok &&
           machine.next({}, options).what == action::tunnel && machine.status() / 100 == 2 &&
           machine.outcome() == outcome::tunnelled;
}
static_assert(client_enters(established));
static_assert(client_enters("HTTP/1.0 204 \r\n\r\nfrom the destination"));
static_assert(!client_enters("HTTP/1.1 302 Connection established\r\n\r\n"));

/// 5.3: a proxy that reaches the authority only through another one asks that one for the same authority, and answers
/// as it does. 2817-30, 2817-31, CVE-2015-5400
constexpr bool proxy_chains(std::string_view next_answer, std::uint16_t status) {
    const proxy_options options = rules();
    connect_proxy first;
    (void)first.next(known, options);
    const connect_target target = first.target(known);
    if (first.open() != errc::ok || first.dialing() != errc::ok) {
        return false;
    }
    char text[200] = {};
    connect_options asks;
    asks.connect = write_connect(text, {target.host, target.port, {}}).head;
    connect_client second;
    if (second.next({}, asks).bytes != plain || second.wrote(plain.size()) != errc::ok) {
        return false; // the credentials were the first proxy's: 9110-11.7.2-01
    }
    const step now = second.next(next_answer, asks);
    (void)second.took(now.bytes.size());
    const action then = second.next({}, asks).what;
    const bool opened = then == action::tunnel;
    if ((opened ? first.tunnel_open() : first.refuse_as_next_proxy(second.status())) != errc::ok) {
        return false;
    }
    return first.next(known, options).status == status && (status == 200) == opened;
}
static_assert(proxy_chains("HTTP/1.1 299 Fine\r\nContent-Length: 5\r\n\r\n", 200));
static_assert(proxy_chains("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 403));
static_assert(proxy_chains("HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n", 502));
static_assert(proxy_chains("HTTP/1.1 302 Elsewhere\r\nContent-Length: 0\r\n\r\n", 502));

} // namespace

TEST_CASE("RFC 2817, section 5: the transcripts hold at run time too") {
    CHECK(proxy_opens(plain, false));
    CHECK(proxy_opens(known, true));
    CHECK(proxy_asks());
    CHECK(client_enters(established));
    CHECK(proxy_chains("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 403));
}
