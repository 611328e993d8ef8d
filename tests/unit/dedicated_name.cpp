// dedicated_name: upgrades are for the names that it is given, in the request and in the ClientHello. CVE-2025-49812.
#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "unit/support.hpp"

using namespace std::literals;
using namespace tlsup;

namespace {

constexpr std::string_view names[] = {"ipp.example", "Print.Example."};

upgrade_rules rules_for(dedicated_names some) {
    return {splice_defence::dedicated_name, default_tokens, method_policy::options_only, false, some};
}

server_options options_for(dedicated_names some) {
    server_options options;
    options.upgrade = rules_for(some);
    return options;
}

std::string offer_to(std::string_view target, std::string_view host) {
    return "OPTIONS " + std::string(target) + " HTTP/1.1\r\nHost: " + std::string(host) +
           "\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2\r\n\r\n";
}

/// What the facts door says of an offer to this authority.
errc judged_by_facts(const upgrade_rules& rules, std::string_view authority, std::string_view method = "OPTIONS") {
    request_facts facts;
    facts.start(method, "/", 1, 1);
    facts.field("Host", authority);
    facts.field("Upgrade", "TLS/1.2");
    facts.field("Connection", "Upgrade");
    REQUIRE(facts.finish() == errc::ok);
    const judged offer = judge(facts, rules, authority);
    CHECK(offer.offer.empty() == (offer.why != errc::ok));
    return offer.why;
}

/// What the machine says.
errc judged_by_server(const std::string& head, const server_options& options) {
    server machine;
    const step now = machine.next(head, options);
    REQUIRE(now.what == action::decide);
    const errc error = machine.request(now.bytes).why;
    CHECK(machine.accept(0) == error);
    return error;
}

// A ClientHello that has no extensions.
constexpr std::string_view nameless = "\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x03"
                                      "01234567890123456789012345678901\x00\x00\x02\x13\x01\x01\x00"sv;

} // namespace

TEST_CASE("dedicated_name: an offer for one of the names is valid, for another host it is not (P-OPO)") {
    for (const std::string_view good :
         {"ipp.example", "IPP.example:631", "ipp.example.", "print.example:80", "ipp.example:"}) {
        CHECK_MESSAGE(judged_by_facts(rules_for(names), good) == errc::ok, good);
        CHECK_MESSAGE(judged_by_server(offer_to("*", good), options_for(names)) == errc::ok, good);
    }
    for (const std::string_view other : {"localhost", "example", "a.ipp.example", "ipp.example.org", "127.0.0.1",
                                         "[::1]", "127.1", "print.example-"}) {
        CHECK_MESSAGE(judged_by_facts(rules_for(names), other) == errc::name_not_dedicated, other);
        CHECK_MESSAGE(judged_by_server(offer_to("*", other), options_for(names)) == errc::name_not_dedicated, other);
    }
    // The authority of an absolute-form target counts before Host. RFC 9112 3.2.2
    CHECK(judged_by_server(offer_to("http://localhost/", "ipp.example"), options_for(names)) ==
          errc::name_not_dedicated);
    CHECK(judged_by_server(offer_to("http://ipp.example/", "localhost"), options_for(names)) == errc::ok);
    CHECK(judged_by_facts(rules_for(names), "localhost", "GET") == errc::method_not_allowed); // the first reason counts
}

TEST_CASE("dedicated_name: what is no authority is no name (P-OPO)") {
    const std::vector<std::string_view> list(names, names + 1);
    const dedicated_names first(list.data(), list.size());
    CHECK(first.contain("ipp.example"));
    CHECK(!first.contain("print.example"));
    for (const std::string_view none : {"", "ipp.example:x", "user@ipp.example", "ipp..example", "ipp.example/"}) {
        CHECK_MESSAGE(!first.contain(none), none);
    }
}

TEST_CASE("dedicated_name: an address cannot be dedicated, because no ClientHello names it (P-OPO)") {
    constexpr std::string_view addresses[] = {"127.0.0.1", "[::1]", "::1", "127.1"};
    for (const std::string_view each : {"127.0.0.1", "[::1]", "127.1"}) {
        CHECK_MESSAGE(judged_by_facts(rules_for(addresses), each) == errc::name_not_dedicated, each);
    }
}

TEST_CASE("dedicated_name: a ClientHello without a server name is refused, with alert 109 (P-OPO)") {
    const server_options options = options_for(names);
    const std::string head = offer_to("*", "ipp.example");
    server machine;
    REQUIRE(unit::switch_server(machine, head, options));
    CHECK(machine.upgraded_host(head) == "ipp.example");
    hello_gate gate;
    REQUIRE(gate.feed(nameless, machine.upgraded_host(head), options.upgrade.defence) == hello_gate::progress::refuse);
    CHECK(gate.verdict().why() == errc::missing_name);
    CHECK(machine.tls_hello(gate.verdict()) == errc::ok);
    std::string alert;
    for (step now = machine.next(head, options); now.what == action::write; now = machine.next(head, options)) {
        CHECK(now.error == errc::missing_name);
        alert += now.bytes;
        REQUIRE(machine.wrote(now.bytes.size()) == errc::ok);
    }
    CHECK(alert == "\x15\x03\x01\x00\x02\x02\x6d"sv);
    const hello_verdict told =
        judge_hello({{}, false, {}, false, false}, "ipp.example", splice_defence::dedicated_name);
    CHECK(told.why() == errc::missing_name);
    CHECK(told.alert() == 109);
}

TEST_CASE("dedicated_name without a name is a contradiction in the options") {
    server machine;
    const step now = machine.next(unit::probe, options_for({}));
    CHECK(now.what == action::close);
    CHECK(now.error == errc::bad_options);
    CHECK(judged_by_facts(rules_for({}), "ipp.example") == errc::name_not_dedicated);
}
