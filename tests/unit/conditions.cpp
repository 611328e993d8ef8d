// Each condition of the decisions in upgrade.hpp decides alone at least once (MC/DC). tests/coverage.sh measures it.
#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <string>

#include "unit/support.hpp"

using namespace tlsup;

namespace {

/// A request that may be upgraded, but for what the caller changes.
struct asked {
    std::string_view method = "OPTIONS";
    std::string_view connection = "Upgrade";
    std::string_view upgrade = "TLS/1.2";
    std::string_view length = "";
    std::string_view expect = "";
    unsigned minor = 1;
    std::string_view host = "a.example";
};

judged judged_by(const asked& of, const upgrade_rules& rules) {
    request_facts facts;
    facts.start(of.method, of.method == "CONNECT" ? "a.example:443" : "/", 1, of.minor);
    facts.field("Host", of.host);
    const auto add = [&facts](std::string_view name, std::string_view value) {
        if (!value.empty()) {
            facts.field(name, value);
        }
    };
    add("Connection", of.connection);
    add("Upgrade", of.upgrade);
    add("Content-Length", of.length);
    add("Expect", of.expect);
    (void)facts.finish();
    return judge(facts, rules, of.host);
}

constexpr upgrade_rules any_rules{splice_defence::bound_alpn, default_tokens, method_policy::any, true};
constexpr upgrade_rules rules_for(method_policy methods) {
    return {splice_defence::bound_alpn, default_tokens, methods, true};
}

/// A 101 that answers an offer of TLS/1.2, but for what the caller changes.
struct switched {
    std::string_view connection = "Upgrade";
    std::string_view upgrade = "TLS/1.2";
    std::string_view length = "";
    std::string_view coding = "";
    std::uint16_t status = 101;
    std::string_view fault = "";
};

response_facts facts_of(const switched& of) {
    response_facts facts;
    facts.start(1, 1, of.status);
    const auto add = [&facts](std::string_view name, std::string_view value) {
        if (!value.empty()) {
            facts.field(name, value);
        }
    };
    add("Connection", of.connection);
    add("Upgrade", of.upgrade);
    add("Content-Length", of.length);
    add("Transfer-Encoding", of.coding);
    if (!of.fault.empty()) {
        facts.field("Connection", of.fault);
    }
    (void)facts.finish(false);
    return facts;
}

constexpr token_list offered{tls_token::tls_1_2, tls_token::tls_1_0};

errc ends(const switched& of, token_list offer = offered, const leniencies& lenient = {}) {
    return judge_101(facts_of(of), offer, lenient);
}

} // namespace

TEST_CASE("each condition of an offer decides alone (9110-7.8-02, 9110-7.8-13, 9110-7.8-15, 2817-04)") {
    CHECK(judged_by({}, any_rules).why == errc::ok);
    CHECK(judged_by({.host = "a b"}, any_rules).why == errc::bad_host);
    CHECK(judged_by({.upgrade = ""}, any_rules).why == errc::no_offer);
    CHECK(judged_by({}, {splice_defence::no_upgrade, default_tokens, method_policy::any, true}).why ==
          errc::upgrade_disabled);
    CHECK(judged_by({.minor = 0}, any_rules).why == errc::offer_in_http_1_0);
    CHECK(judged_by({.upgrade = "TLS/1.2 x"}, any_rules).why == errc::bad_upgrade_list);
    CHECK(judged_by({.connection = "close"}, any_rules).why == errc::offer_without_option);
    CHECK(judged_by({.upgrade = "h2c"}, any_rules).why == errc::no_common_token);
    CHECK(judged_by({.length = "1"}, any_rules).why == errc::ok);
    CHECK(judged_by({.length = "1"}, {splice_defence::bound_alpn, default_tokens, method_policy::any, false}).why ==
          errc::content_not_allowed);
    CHECK(judged_by({}, {splice_defence::bound_alpn, default_tokens, method_policy::any, false}).why == errc::ok);
}

TEST_CASE("each method policy allows what it says (2817-02, 9110-7.8-13, 9931-09)") {
    using enum method_policy;
    const auto allowed = [](std::string_view method, method_policy policy) {
        return judged_by({.method = method}, rules_for(policy)).why != errc::method_not_allowed;
    };
    for (const std::string_view each : {"OPTIONS", "GET", "HEAD", "POST", "PUT", "TRACE", "CONNECT"}) {
        CAPTURE(each);
        CHECK(allowed(each, options_only) == (each == "OPTIONS"));
        CHECK(allowed(each, safe) == (each == "OPTIONS" || each == "GET" || each == "HEAD"));
        CHECK(allowed(each, any) == (each != "TRACE" && each != "CONNECT"));
    }
}

TEST_CASE("each condition of a 101's moment decides alone (2817-06, 9110-7.8-16, 9110-7.8-17)") {
    const judged plain = judged_by({}, any_rules);
    CHECK(commit(plain, 0, {0, 0, false, false}).error == errc::ok);
    CHECK(commit(judged_by({.upgrade = ""}, any_rules), 0, {0, 0, true, true}).error == errc::no_offer);
    CHECK(commit(plain, 1, {0, 0, true, true}).error == errc::token_not_offered);
    CHECK(commit(plain, 0, {1, 0, true, true}).error == errc::bytes_behind_offer);
    CHECK(commit(plain, 0, {0, 1, true, true}).error == errc::responses_owed);
    const judged content = judged_by({.length = "1"}, any_rules);
    CHECK(commit(content, 0, {0, 0, false, false}).error == errc::request_unfinished);
    CHECK(commit(content, 0, {0, 0, true, false}).error == errc::ok);
    const judged expecting = judged_by({.expect = "100-continue"}, any_rules);
    CHECK(commit(expecting, 0, {0, 0, false, false}).error == errc::request_unfinished);
    CHECK(commit(expecting, 0, {0, 0, false, true}).error == errc::ok);
}

TEST_CASE("each condition of a 101 decides alone (2817-07, 2817-08, 9110-7.8-06, 9110-7.8-08, 9110-7.8-09, K2)") {
    CHECK(ends({}) == errc::ok);
    CHECK(ends({.upgrade = "TLS/1.0"}) == errc::ok); // any member of the offer
    CHECK(ends({.upgrade = "TLS/1.2, HTTP/1.1"}) == errc::ok);
    CHECK(ends({.upgrade = "HTTP/1.1, TLS/1.2"}) == errc::wrong_layer_order);
    CHECK(ends({.upgrade = "TLS/1.2, HTTP/1.1, TLS/1.2"}) == errc::wrong_layer_order);
    std::string many;
    for (int at = 0; at < 40; ++at) {
        many += "a,";
    }
    CHECK(ends({.fault = many}) == errc::list_too_long);
    CHECK(ends({}, {}) == errc::unasked_101);
    CHECK(ends({.length = "0"}) == errc::ok);
    CHECK(ends({.length = "1"}) == errc::content_on_101);
    CHECK(ends({.coding = "chunked"}) == errc::content_on_101);
    CHECK(ends({.upgrade = "TLS/1.2 x"}) == errc::missing_upgrade);
    CHECK(ends({.upgrade = ""}) == errc::missing_upgrade);
    CHECK(ends({.connection = "close"}) == errc::missing_upgrade_option);
    CHECK(ends({.connection = "close"}, offered, {true, false}) == errc::ok);
    CHECK(ends({.upgrade = "TLS/1.2, h2c"}) == errc::token_not_offered);
    CHECK(ends({.upgrade = "TLS/1.2, TLS/1.0"}) == errc::two_tls_layers);
    CHECK(ends({.upgrade = "TLS/1.2, TLS/1.0"}, offered, {false, true}) == errc::ok);
    CHECK(ends({.upgrade = "TLS/1.3"}) == errc::token_not_offered);
}

TEST_CASE("each condition of a 426 decides alone (2817-13, 9110-15.5.22-01)") {
    const auto tokens = [](const switched& of, const leniencies& lenient = {}) {
        return judge_426(facts_of(of), offered, lenient);
    };
    const token_list one{tls_token::tls_1_2};
    CHECK(tokens({.status = 426}) == one);
    CHECK(tokens({.status = 400}).empty());
    CHECK(tokens({.connection = "close", .status = 426}).empty());
    CHECK(tokens({.connection = "close", .status = 426}, {true, false}) == one);
    CHECK(tokens({.upgrade = "TLS/1.3", .status = 426}).empty());
}

TEST_CASE("each condition of a handshake decides alone (2817-41, P-OPO)") {
    using enum splice_defence;
    const auto facts = [](std::string_view alpn, session how = session::full, early data = early::none,
                          identity who = identity::verified) {
        return tls_facts{alpn, "a.example", how, data, who};
    };
    CHECK(judge_server_handshake(facts(alpn_name), bound_alpn) == errc::ok);
    CHECK(judge_server_handshake(facts(""), bound_alpn) == errc::missing_alpn);
    CHECK(judge_server_handshake(facts(""), dedicated_name) == errc::ok);
    CHECK(judge_server_handshake(facts("h2"), bound_alpn) == errc::foreign_alpn);
    CHECK(judge_server_handshake(facts(alpn_name, session::resumed), bound_alpn) == errc::resumed_session);
    CHECK(judge_server_handshake(facts(alpn_name, session::full, early::accepted), bound_alpn) == errc::early_data);
    CHECK(judge_client_handshake(facts(alpn_name), true) == errc::ok);
    CHECK(judge_client_handshake(facts(""), true) == errc::missing_alpn);
    CHECK(judge_client_handshake(facts(""), false) == errc::ok);
    CHECK(judge_client_handshake(facts("h2"), false) == errc::foreign_alpn);
    CHECK(judge_client_handshake(facts(alpn_name, session::full, early::none, identity::unverified), true) ==
          errc::unverified_peer);
}
