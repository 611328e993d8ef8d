// The examples of RFC 2817 sections 3 and 4, run through the machines by the compiler.
#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include "unit/support.hpp"

namespace {

using namespace tlsup;

constexpr server_options rfc_server{
    .upgrade = {splice_defence::accept_splice_risk, default_tokens, method_policy::any, true}};

constexpr std::string_view optional_upgrade =
    "GET http://example.bank.com/acct_stat.html?749394889300 HTTP/1.1\r\n"
    "Host: example.bank.com\r\nUpgrade: TLS/1.0\r\nConnection: Upgrade\r\n\r\n";
constexpr std::string_view mandatory_upgrade = "OPTIONS * HTTP/1.1\r\nHost: example.bank.com\r\n"
                                               "Upgrade: TLS/1.0\r\nConnection: Upgrade\r\n\r\n";
constexpr std::string_view acceptance = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.0, HTTP/1.1\r\n"
                                        "Connection: Upgrade\r\n\r\n";

// Both sides of 3.1, 3.2 and 3.3: the server's 101 is, byte for byte, the one of the text.
constexpr bool server_switches(std::string_view request) {
    server machine;
    step now = machine.next(request, rfc_server);
    if (now.what != action::decide || machine.request(now.bytes).offer != token_list{tls_token::tls_1_0} ||
        machine.request(now.bytes).line.authority != "example.bank.com" || machine.accept(0) != errc::ok) {
        return false;
    }
    now = machine.next(request, rfc_server);
    if (now.what != action::write || now.bytes != acceptance || machine.wrote(now.bytes.size()) != errc::ok) {
        return false;
    }
    return machine.next(request, rfc_server).what == action::start_tls;
}
static_assert(server_switches(optional_upgrade)); // 2817-01, 2817-02, 2817-06, 2817-07, 2817-08
static_assert(server_switches(mandatory_upgrade));

// 3.1: the server may as well respond to the clear operation normally. 2817-03
constexpr bool server_answers_in_clear() {
    server machine;
    (void)machine.next(optional_upgrade, rfc_server);
    return machine.decline() == errc::ok && machine.next(optional_upgrade, rfc_server).what == action::answer &&
           machine.answered() == errc::ok && machine.next(optional_upgrade, rfc_server).what == action::drop;
}
static_assert(server_answers_in_clear());

// 3.2 and 3.3 at the client: probe, 101, handshake, answer inside TLS, and only then the request. 2817-05, 2817-10
constexpr bool client_follows(std::string_view status_101) {
    char probe[200] = {};
    char request[200] = {};
    client_options options;
    options.probe = write_probe(probe, "example.bank.com", {tls_token::tls_1_0}).head;
    options.request = write_request(request, {"GET", "/acct_stat.html?749394889300", "example.bank.com", {}, {}}).head;
    client machine;
    step now = machine.next({}, options);
    if (now.what != action::write || now.bytes != options.probe.text() || machine.wrote(now.bytes.size()) != errc::ok) {
        return false;
    }
    now = machine.next(status_101, options);
    if (now.what != action::drop || now.bytes != status_101 || machine.took(now.bytes.size()) != errc::ok ||
        machine.next({}, options).what != action::start_tls ||
        machine.tls_established(unit::good_tls, options) != errc::ok) {
        return false;
    }
    constexpr std::string_view inner = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    now = machine.next_secure(inner, options);
    if (now.what != action::drop || machine.took(now.bytes.size()) != errc::ok) {
        return false;
    }
    now = machine.next_secure({}, options);
    return now.what == action::write && now.bytes == options.request.text();
}
static_assert(client_follows(acceptance));

// 3.3: any handshake failure leads to disconnection. 2817-11
constexpr bool failure_disconnects() {
    server machine;
    (void)machine.next(mandatory_upgrade, rfc_server);
    (void)machine.accept(0);
    (void)machine.wrote(machine.next(mandatory_upgrade, rfc_server).bytes.size());
    (void)machine.next(mandatory_upgrade, rfc_server);
    return machine.tls_failed() == errc::ok && machine.next(mandatory_upgrade, rfc_server).what == action::close;
}
static_assert(failure_disconnects());

// 4.2: the 426 of the text is followed by the operations of section 3. 2817-13, 2817-16, 2817-18
constexpr bool client_follows_426() {
    char probe[200] = {};
    char request[200] = {};
    client_options options{.need = requirement::any};
    options.probe = write_probe(probe, "example.bank.com", {tls_token::tls_1_0}).head;
    options.request = write_request(request, {"GET", "/", "example.bank.com", {}, {}}).head;
    client machine;
    (void)machine.wrote(machine.next({}, options).bytes.size());
    constexpr std::string_view required = "HTTP/1.1 426 Upgrade Required\r\nUpgrade: TLS/1.0, HTTP/1.1\r\n"
                                          "Connection: Upgrade\r\nContent-Length: 0\r\n\r\n";
    const step now = machine.next(required, options);
    if (now.what != action::drop || machine.took(now.bytes.size()) != errc::ok) {
        return false;
    }
    return machine.next({}, options).bytes == options.probe.text() && machine.raised();
}
static_assert(client_follows_426());

// 4.2: our own 426 names the tokens, nominates Upgrade and explains itself. 2817-15, 2817-17
constexpr bool server_requires() {
    server machine;
    (void)machine.next("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", rfc_server);
    if (machine.require_upgrade() != errc::ok) {
        return false;
    }
    const step now = machine.next("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", rfc_server);
    constexpr std::string_view begin =
        "HTTP/1.1 426 Upgrade Required\r\nUpgrade: TLS/1.3, TLS/1.2, TLS/1.0, HTTP/1.1\r\n"
        "Connection: ";
    return now.what == action::write && now.bytes == begin && now.more;
}
static_assert(server_requires());

} // namespace

TEST_CASE("RFC 2817, sections 3 and 4: the examples hold at run time too") {
    CHECK(server_switches(optional_upgrade));
    CHECK(server_switches(mandatory_upgrade));
    CHECK(server_answers_in_clear());
    CHECK(client_follows(acceptance));
    CHECK(failure_disconnects());
    CHECK(client_follows_426());
    CHECK(server_requires());
}
