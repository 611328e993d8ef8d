// Small paths of the machines on a road: the filter, the route, CONNECT at both ends, and forwarding.
#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <string>
#include <string_view>

#include "unit/support.hpp"

using namespace tlsup;

namespace {

request_facts asking(std::string_view method) {
    request_facts facts;
    facts.start(method, "/", 1, 1);
    return facts;
}

struct heads {
    char text[4][300] = {};
    route_proxy hop{};
    route_options options{};

    explicit heads(requirement need, bool proxied = false) {
        options.exchange.need = need;
        options.exchange.probe = write_probe(text[0], "a.example", {tls_token::tls_1_2}).head;
        options.exchange.request = write_request(text[1], {"GET", "/", "a.example", {}, {}}).head;
        hop.connect = write_connect(text[2], {"a.example", 80, {}}).head;
        if (proxied) {
            options.proxies = {&hop, 1};
        }
    }
};

/// Writes all, from the dial on.
void ask(route& machine, const route_options& options) {
    REQUIRE(machine.next({}, options).what == action::dial);
    REQUIRE(machine.connected(options) == errc::ok);
    for (step now = machine.next({}, options); now.what == action::write; now = machine.next({}, options)) {
        REQUIRE(machine.wrote(now.bytes.size()) == errc::ok);
    }
}

} // namespace

TEST_CASE("a filter that is ended by its host") {
    const auto ends = [](errc why) {
        response_filter machine;
        CHECK(machine.outcome() == outcome::pending);
        CHECK(machine.state() == response_filter_state::reading);
        CHECK(machine.abort(why) == errc::ok);
        CHECK(machine.error() == (why == errc::ok ? errc::aborted : why));
        CHECK(machine.abort(why) == errc::wrong_call);
        CHECK(machine.peer_closed() == errc::wrong_call);
        CHECK(machine.next({}, {}).what == action::close);
        return machine.outcome();
    };
    CHECK(ends(errc::ok) == outcome::failed);
    CHECK(ends(errc::timeout) == outcome::failed);
    CHECK(ends(errc::peer_closed) == outcome::failed);
    CHECK(ends(errc::bad_options) == outcome::failed);
    CHECK(ends(errc::truncated) == outcome::truncated);
    CHECK(ends(errc::rejected) == outcome::broken);
}

TEST_CASE("an advertisement that is gone when it is to be inserted ends the filter") {
    char text[128] = {};
    filter_options options;
    options.advert = write_advert(text, default_tokens).head;
    response_filter machine;
    REQUIRE(machine.request(asking("GET")) == errc::ok);
    const std::string_view head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    const step now = machine.next(head, options);
    REQUIRE(now.what == action::body);
    REQUIRE(machine.took(now.bytes.size()) == errc::ok);
    CHECK(machine.state() == response_filter_state::inserting);
    CHECK(machine.next("\r\n", {}).error == errc::bad_options);
    CHECK(machine.outcome() == outcome::failed);
}

TEST_CASE("content that breaks off in a filter (9112-6.3-09)") {
    response_filter machine;
    REQUIRE(machine.request(asking("GET")) == errc::ok);
    const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    REQUIRE(machine.next(head, {}).what == action::body);
    REQUIRE(machine.took(head.size()) == errc::ok);
    CHECK(machine.next({}, {}).what == action::read);
    response_filter bad = machine;
    CHECK(bad.next("x", {}).error == errc::bad_chunk);
    CHECK(bad.outcome() == outcome::broken);
    CHECK(machine.peer_closed() == errc::ok);
    CHECK(machine.next({}, {}).error == errc::truncated);
    response_filter listed;
    char text[128] = {};
    filter_options options;
    options.advert = write_advert(text, default_tokens).head;
    REQUIRE(listed.request(asking("GET")) == errc::ok);
    const std::string both = "HTTP/1.1 200 OK\r\nConnection: Upgrade, close\r\nContent-Length: 0\r\n\r\n";
    const step now = listed.next(both, options);
    CHECK(now.bytes.size() == both.size() - 2); // the option is there: only the Upgrade line is missing
}

TEST_CASE("a filter can be left while a head passes, and content may wait for its first octet") {
    response_filter machine;
    REQUIRE(machine.request(asking("GET")) == errc::ok);
    const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    REQUIRE(machine.next(head, {}).what == action::body);
    response_filter left = machine;
    CHECK(left.abort(errc::timeout) == errc::ok);
    CHECK(left.state() == response_filter_state::closed);
    REQUIRE(machine.took(head.size()) == errc::ok);
    REQUIRE(machine.next({}, {}).what == action::read);
    CHECK(machine.took(0) == errc::ok); // nothing is nothing, wherever
    CHECK(machine.next("0\r\n\r\n", {}).bytes == "0\r\n\r\n");
    CHECK(machine.took(5) == errc::ok);
    CHECK(machine.owed() == 0);
}

TEST_CASE("who ended a CONNECT, and what is known of it before it opens") {
    char text[200] = {};
    connect_options options;
    options.connect = write_connect(text, {"a.example", 80, {}}).head;
    const auto ended = [&options](errc why) {
        connect_client machine;
        REQUIRE(machine.next({}, options).what == action::write);
        CHECK(machine.abort(why) == errc::ok);
        return machine.outcome();
    };
    for (const errc ours : {errc::ok, errc::aborted, errc::peer_closed, errc::timeout, errc::bad_options}) {
        CHECK(ended(ours) == outcome::failed);
    }
    CHECK(ended(errc::truncated) == outcome::truncated);
    CHECK(ended(errc::bad_chunk) == outcome::broken);
    connect_client machine;
    CHECK(machine.status() == 0);
    REQUIRE(machine.wrote(machine.next({}, options).bytes.size()) == errc::ok);
    REQUIRE(machine.next("HTTP/1.1 201 x\r\n\r\n", options).what == action::drop);
    CHECK(machine.state() == connect_client_state::opening);
    CHECK(machine.status() == 201);
    REQUIRE(machine.took(18) == errc::ok);
    CHECK(machine.status() == 201);
}

TEST_CASE("a side that was shut is not written to, whatever is queued") {
    tunnel accounts(half_close::propagate);
    REQUIRE(accounts.eof(side::client) == errc::ok);
    REQUIRE(accounts.next(0, 0, 100).of(side::upstream).shut_write);
    REQUIRE(accounts.shut(side::upstream) == errc::ok);
    CHECK(!accounts.next(0, 5, 100).of(side::upstream).write);
}

TEST_CASE("a 426 from a forward proxy is followed where all that it takes is there (2817-23)") {
    const auto followed = [](bool follow, bool connect, bool probe, unsigned status) {
        heads all(requirement::any, true);
        char text[300] = {};
        all.options.forwarded = write_proxied(text, {"GET", "/", "a.example", {}, {}}).head;
        all.options.exchange.follow_426 = follow;
        all.options.exchange.probe = probe ? all.options.exchange.probe : prepared_head{};
        all.hop.connect = connect ? all.hop.connect : prepared_head{};
        route machine;
        ask(machine, all.options);
        const std::string head = "HTTP/1.1 " + std::to_string(status) + " x\r\nContent-Length: 0\r\n\r\n";
        return machine.next(head, all.options).what == action::dial;
    };
    CHECK(followed(true, true, true, 426));
    CHECK(!followed(false, true, true, 426));
    CHECK(!followed(true, false, true, 426));
    CHECK(!followed(true, true, false, 426));
    CHECK(!followed(true, true, true, 400));
}

TEST_CASE("a tunnel that breaks is not one that was denied") {
    heads all(requirement::any, true);
    char text[300] = {};
    char offering[300] = {};
    all.options.forwarded = write_proxied(text, {"GET", "/", "a.example", {}, {}}).head;
    all.options.exchange.request =
        write_request(offering, {"GET", "/", "a.example", {tls_token::tls_1_2}, {}}).head; // so a tunnel comes first
    route machine;
    ask(machine, all.options);
    CHECK(machine.state() == route_state::tunnelling);
    CHECK(machine.peer_closed() == errc::ok);
    CHECK(machine.next({}, all.options).error == errc::peer_closed);
    CHECK(machine.next_secure({}, all.options).what == action::close); // an end is an end at both doors
}

TEST_CASE("a route's answer that ends its connection") {
    heads all(requirement::any);
    route machine;
    ask(machine, all.options);
    const std::string_view head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    REQUIRE(machine.next(head, all.options).what == action::answer);
    REQUIRE(machine.took(head.size()) == errc::ok);
    CHECK(machine.next({}, all.options).what == action::close);
    CHECK(machine.outcome() == outcome::answered);
    CHECK(!machine.reusable());
}

TEST_CASE("a route's doors, names and ends") {
    heads all(requirement::tls);
    route machine;
    CHECK(machine.state() == route_state::dialing);
    CHECK(machine.wanted() == deadline::dial);
    CHECK(machine.peer_closed() == errc::wrong_call); // there is no connection yet
    CHECK(machine.next_secure({}, all.options).error == errc::wrong_call);
    CHECK(route::tls_name(all.options) == "a.example");
    CHECK(route::tls_name({}).empty());
    ask(machine, all.options);
    CHECK(machine.wanted() == deadline::head);
    const std::string_view switched = "HTTP/1.1 101 x\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\n\r\n";
    REQUIRE(machine.next(switched, all.options).what == action::drop);
    REQUIRE(machine.took(switched.size()) == errc::ok);
    REQUIRE(machine.next({}, all.options).what == action::start_tls);
    const tls_facts good{alpn_name, "a.example", session::full, early::none, identity::verified};
    REQUIRE(machine.tls_established(good, all.options) == errc::ok);
    CHECK(machine.next("x", all.options).what == action::secure);
    CHECK(machine.outcome() == outcome::pending);
    CHECK(!machine.reusable());
    const std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    for (int turn = 0; turn < 2; ++turn) {
        const step now = machine.next_secure(answer, all.options);
        REQUIRE(machine.took(now.bytes.size()) == errc::ok);
        for (step out = machine.next_secure({}, all.options); out.what == action::write;
             out = machine.next_secure({}, all.options)) {
            REQUIRE(machine.wrote(out.bytes.size()) == errc::ok);
        }
    }
    CHECK(machine.outcome() == outcome::answered_secure);
    CHECK(machine.reusable());
    CHECK(machine.wanted() == deadline::none);
    CHECK(machine.required_tokens().empty());
    CHECK(machine.next({}, all.options).what == action::detach); // an end is an end at both doors
    CHECK(machine.next_secure({}, all.options).what == action::detach);
    CHECK(machine.abort(errc::ok) == errc::wrong_call);
}

TEST_CASE("the connection ends on a road: in a tunnel and behind it") {
    for (const bool proxied : {false, true}) {
        heads all(requirement::tls, proxied);
        route machine;
        ask(machine, all.options);
        CHECK(machine.peer_closed() == errc::ok);
        CHECK(machine.next({}, all.options).error == errc::peer_closed);
        CHECK(machine.outcome() == outcome::refused);
        CHECK(!machine.reusable());
        route given_up;
        CHECK(given_up.abort(errc::ok) == errc::ok);
        CHECK(given_up.error() == errc::aborted);
    }
}

TEST_CASE("why a 426 that cannot be followed is final (2817-13, 9110-15.5.22-01)") {
    const auto why = [](std::string_view fields, bool probe, bool omits) {
        heads all(requirement::any);
        all.options.exchange.peer.peer_omits_upgrade_option = omits;
        if (!probe) {
            all.options.exchange.probe = {};
        }
        route machine;
        ask(machine, all.options);
        std::string head = "HTTP/1.1 426 x\r\n" + std::string(fields) + "Content-Length: 0\r\n\r\n";
        for (step now = machine.next(head, all.options); now.what == action::answer;
             now = machine.next({}, all.options)) {
            REQUIRE(machine.took(head.size()) == errc::ok);
        }
        return machine.error();
    };
    CHECK(why("", true, false) == errc::missing_upgrade);
    CHECK(why("Upgrade: TLS/1.2 x\r\nConnection: Upgrade\r\n", true, false) == errc::missing_upgrade);
    CHECK(why("Upgrade: TLS/1.2, TLS/1.0 x\r\nConnection: Upgrade\r\n", true, false) == errc::missing_upgrade);
    CHECK(why("Upgrade: TLS/1.2\r\n", true, false) == errc::missing_upgrade_option);
    CHECK(why("Upgrade: TLS/1.0\r\n", true, true) == errc::no_common_token);
    CHECK(why("Upgrade: TLS/1.0\r\nConnection: Upgrade\r\n", true, false) == errc::no_common_token);
    CHECK(why("Upgrade: TLS/1.2\r\nConnection: Upgrade\r\n", false, false) == errc::upgrade_required);
}

TEST_CASE("roads that options cannot pave") {
    const auto paved = [](bool last_connects, bool first_connects, bool forwarded, requirement need) {
        heads all(need);
        char text[300] = {};
        route_proxy hops[2] = {all.hop, all.hop};
        hops[0].connect = first_connects ? hops[0].connect : prepared_head{};
        hops[1].connect = last_connects ? hops[1].connect : prepared_head{};
        all.options.proxies = {hops, 2};
        if (forwarded) {
            all.options.forwarded = write_proxied(text, {"GET", "/", "a.example", {}, {}}).head;
        }
        route machine;
        return machine.next({}, all.options).error;
    };
    CHECK(paved(true, true, false, requirement::tls) == errc::ok);
    CHECK(paved(false, true, false, requirement::tls) == errc::bad_options);
    CHECK(paved(true, false, false, requirement::tls) == errc::bad_options);
    CHECK(paved(false, true, true, requirement::any) == errc::ok); // the last one gets the request itself
    CHECK(paved(true, false, true, requirement::any) == errc::bad_options);
    CHECK(paved(false, true, true, requirement::tls) == errc::bad_options);
    heads direct(requirement::any);
    char text[300] = {};
    direct.options.forwarded = write_proxied(text, {"GET", "/", "a.example", {}, {}}).head;
    route machine;
    CHECK(machine.next({}, direct.options).error == errc::bad_options); // to which proxy?
    direct.options.forwarded = direct.options.exchange.request;
    route other;
    CHECK(other.next({}, direct.options).error == errc::bad_options);
}

TEST_CASE("CONNECT: what was written must still be there, and a proxy's target is CONNECT's alone") {
    char text[300] = {};
    char shorter[300] = {};
    connect_options options;
    options.connect = write_connect(text, {"a.example", 80, {}}).head;
    connect_client machine;
    const step now = machine.next({}, options);
    REQUIRE(machine.wrote(now.bytes.size() - 1) == errc::ok);
    options.connect = write_connect(shorter, {"a", 1, {}}).head;
    CHECK(machine.next({}, options).error == errc::bad_options);
    connect_proxy proxy;
    CHECK(proxy.target("GET a.example:80 HTTP/1.1\r\n\r\n").host.empty());
    CHECK(proxy.target("CONNECT a.example HTTP/1.1\r\n\r\n").host.empty());
    CHECK(proxy.target("CONNECT a.example:80 HTTP/1.1\r\n\r\n").port == 80);
    CHECK(proxy.outcome() == outcome::pending);
}

TEST_CASE("a machine keeps its first error") {
    server machine;
    CHECK(machine.next("GET\r\n", unit::any_server).status == 400);
    CHECK(machine.abort(errc::aborted) == errc::ok);
    CHECK(machine.error() == errc::bad_method);
    CHECK(machine.outcome() == outcome::refused);
}

TEST_CASE("options may stand in any list, and prefixes end where they end") {
    const policy_rule rules[] = {{.what = tls_policy::require, .method = "GET", .path = "/a/b"}};
    const auto decided = [&rules](std::string_view method, std::string_view target) {
        return decide(policy_rules(rules), {method, target, "a.example", "::1"}, tls_policy::clear).what;
    };
    CHECK(decided("GET", "/a/b") == tls_policy::require);
    CHECK(decided("GET", "/a/b/c") == tls_policy::require);
    CHECK(decided("GET", "/a") == tls_policy::clear);
    CHECK(decided("GET", "/") == tls_policy::clear);
    CHECK(decided("PUT", "/a/b") == tls_policy::clear);
    CHECK(network_of("::/0").contains("1::"));
    CHECK(network_of("2001:db8::1/128").contains("2001:db8::1"));
}

TEST_CASE("fields that look like those that a hop answers for (9110-7.6.1-04)") {
    const std::string_view head = "OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 5\r\nMax-Forwardt: 5\r\n"
                                  "Proxy-Authorization: x\r\n\r\n";
    detail::head_reader<request_facts> reader;
    request_facts facts;
    REQUIRE(reader.read(head, {}, facts) == detail::head_reader<request_facts>::progress::done);
    REQUIRE(facts.finish() == errc::ok);
    char out[300] = {};
    forward_options options;
    CHECK(write_forward_request(out, head, facts, options).head.text() ==
          "OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 4\r\nMax-Forwardt: 5\r\nVia: 1.1 tlsup\r\n\r\n");
    std::uint64_t length = 0;
    response_facts response;
    response.start(1, 1, 200);
    response.field("Content-Length", "x");
    response.field("X", "y");
    CHECK(!detail::announced_length("HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: x\r\n\r\n", response, length));
    CHECK(detail::announced_length("HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 7\r\n\r\n", response, length));
    CHECK(length == 7);
    CHECK(!detail::announced_length("HTTP/1.1 200 OK\r\nContent-Length: x\r\nContent-Length: 7\r\n\r\n", response,
                                    length));
    request_facts broken;
    broken.start("GET", "http:/x", 1, 1);
    broken.field("Host", "a");
    CHECK(broken.finish() == errc::bad_target);
    CHECK(write_forward_request(out, "GET http:/x HTTP/1.1\r\nHost: a\r\n\r\n", broken, options).error ==
          errc::bad_target);
    CHECK(write_forward_request(out, "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", asking("GET"), options).error ==
          errc::bad_argument);
    forward_response_options back;
    back.cooperating = true;
    response_facts challenge;
    challenge.start(1, 1, 407);
    REQUIRE(challenge.finish(false) == errc::ok);
    const auto relayed = [&](std::string_view fields) {
        const std::string text = "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\n" + std::string(fields) + "\r\n";
        const prepared made = write_forward_response(out, text, challenge, back);
        REQUIRE(made.error == errc::ok);
        return made.head.text().find("Proxy-Authenticate") != std::string_view::npos;
    };
    CHECK(relayed(""));
    CHECK(!relayed("Connection: proxy-authenticate\r\n"));
}
