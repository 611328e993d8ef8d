#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <string>
#include <type_traits>

#include "unit/support.hpp"

using namespace tlsup;
using unit::any_server;
using unit::good_tls;
using unit::probe;

static_assert(std::is_trivially_copyable_v<server> && sizeof(server) == 40);
static_assert(server_options{}.upgrade.defence == splice_defence::no_upgrade, "upgrading is opted into, by name");

namespace {

std::string text_of(server& machine, std::string_view input, const server_options& options) {
    std::string text;
    for (step now = machine.next(input, options); now.what == action::write; now = machine.next(input, options)) {
        text += now.bytes.substr(0, 1); // short writes all the way
        REQUIRE(machine.wrote(1) == errc::ok);
    }
    return text;
}

/// What the refusal of this first TLS flight ends with. A search that leaves its table does not compile.
constexpr char alert_for(std::string_view flight, splice_defence how) noexcept {
    server machine;
    hello_gate gate;
    if (!unit::switch_server(machine, probe, any_server) ||
        gate.feed(flight, "example.com", how) != hello_gate::progress::refuse ||
        machine.tls_hello(gate.verdict()) != errc::ok ||
        machine.wrote(machine.next(probe, any_server).bytes.size()) != errc::ok) {
        return 0;
    }
    const step last = machine.next(probe, any_server);
    return last.bytes.size() == 1 ? last.bytes[0] : '\0';
}
static_assert(alert_for("GET", splice_defence::bound_alpn) == 10);
static_assert(alert_for("\x80", splice_defence::bound_alpn) == 70);
static_assert(alert_for("\x16", splice_defence::no_upgrade) == 40);

} // namespace

TEST_CASE("the wrong answer changes nothing (DESIGN 3)") {
    server machine;
    const server before = machine;
    CHECK(machine.accept(0) == errc::wrong_call);
    CHECK(machine.decline() == errc::wrong_call);
    CHECK(machine.require_upgrade() == errc::wrong_call);
    CHECK(machine.reject(400) == errc::wrong_call);
    CHECK(machine.answered() == errc::wrong_call);
    CHECK(machine.took(1) == errc::wrong_call);
    CHECK(machine.wrote(1) == errc::wrong_call);
    CHECK(machine.tls_hello(unit::passing(true)) == errc::wrong_call);
    CHECK(machine.tls_established(good_tls, any_server) == errc::wrong_call);
    CHECK(machine.tls_failed() == errc::wrong_call);
    CHECK(machine == before);
    const step wrong_door = machine.next_secure("GET", {}, any_server);
    CHECK(wrong_door.error == errc::wrong_call);
    CHECK(machine == before);
}

TEST_CASE("next is level-triggered") {
    server machine;
    const step first = machine.next(probe, any_server);
    CHECK(machine.next(probe, any_server) == first);
    CHECK(machine.accept(0) == errc::ok);
    const step second = machine.next(probe, any_server);
    CHECK(machine.next(probe, any_server) == second);
}

TEST_CASE("the wrong door changes nothing") {
    server machine;
    const step outside{{}, action::wait, errc::wrong_call, 0, false};
    CHECK(machine.next_secure(probe, {}, any_server) == outside);
    CHECK(machine == server{});
    REQUIRE(unit::secure_server(machine, probe, any_server));
    const server inside = machine;
    CHECK(machine.next(probe, any_server) == step{{}, action::secure, errc::wrong_call, 0, false});
    CHECK(machine.next_secure({}, probe.substr(0, probe.size() - 1), any_server) == outside);
    CHECK(machine == inside);
    CHECK(machine.next_secure({}, probe, any_server).what == action::write);
}

TEST_CASE("a request may come once the answer inside TLS is out, and not before") {
    server early;
    REQUIRE(unit::secure_server(early, probe, any_server));
    const std::size_t answer = early.next_secure({}, probe, any_server).bytes.size();
    server late = early;
    REQUIRE(early.wrote(answer - 1) == errc::ok);
    CHECK(early.next_secure("GET", probe, any_server).error == errc::spliced);
    REQUIRE(late.wrote(answer) == errc::ok); // what was read since then is behind it
    CHECK(late.next_secure("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", probe, any_server).what == action::decide);
}

TEST_CASE("an index beyond the offer is refused without effect (9110-7.8-08)") {
    server machine;
    (void)machine.next(probe, any_server);
    const server before = machine;
    CHECK(machine.accept(2) == errc::token_not_offered);
    CHECK(machine == before);
    CHECK(machine.accept(1) == errc::ok);
    CHECK(machine.next(probe, any_server).bytes.find("TLS/1.0, HTTP/1.1") != std::string_view::npos);
}

TEST_CASE("bytes that arrive between decision and 101 decline the offer (P-EMPTY)") {
    server machine;
    (void)machine.next(probe, any_server);
    CHECK(machine.accept(0) == errc::ok);
    const std::string more = std::string(probe) + "X";
    CHECK(machine.next(more, any_server).what == action::decide); // the host decides anew: it may want a 426
    CHECK(machine.request(probe).why == errc::bytes_behind_offer);
    CHECK(machine.accept(0) == errc::bytes_behind_offer);
    CHECK(machine.decline() == errc::ok);
    CHECK(machine.next(more, any_server).what == action::answer);
    CHECK(machine.answered(true) == errc::ok);
    CHECK(machine.next(more, any_server).what == action::drop);
    CHECK(machine.took(probe.size()) == errc::ok);
    CHECK(machine.next("X", any_server).what == action::drain);
}

TEST_CASE("after the 101 only a TLS record is input (9112-9.7-01)") {
    server machine;
    REQUIRE(unit::switch_server(machine, probe, any_server));
    const std::string more = std::string(probe) + "GET / HTTP/1.1\r\n";
    const step now = machine.next(more, any_server);
    CHECK(now.what == action::close);
    CHECK(now.error == errc::cleartext_after_101);
}

TEST_CASE("100 comes before the content and the 101 (9110-7.8-17, 9110-10.1.1-08)") {
    std::string input = "POST /a HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2\r\n"
                        "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    server machine;
    REQUIRE(machine.next(input, any_server).what == action::decide);
    REQUIRE(machine.accept(0) == errc::ok);
    CHECK(text_of(machine, input, any_server) == continue_100);
    CHECK(machine.next(input, any_server).what == action::read);
    input += "ok";
    const step body = machine.next(input, any_server);
    CHECK(body.what == action::body);
    CHECK(body.bytes == "ok");
    CHECK(machine.took(2) == errc::ok);
    input.resize(input.size() - 2);
    CHECK(text_of(machine, input, any_server).find("HTTP/1.1 101 ") == 0);
}

TEST_CASE("the library answers the OPTIONS inside TLS, and 421 keeps other names out (9110-15.5.20-01)") {
    server machine;
    REQUIRE(unit::secure_server(machine, probe, any_server));
    CHECK(machine.next(probe, any_server).error == errc::wrong_call);
    std::string reply;
    for (step now = machine.next_secure({}, probe, any_server); now.what == action::write;
         now = machine.next_secure({}, probe, any_server)) {
        reply += now.bytes;
        REQUIRE(machine.wrote(now.bytes.size()) == errc::ok);
    }
    CHECK(reply == "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nCache-Control: no-store\r\n\r\n");
    std::string inner = "GET / HTTP/1.1\r\nHost: other.example\r\n\r\n";
    step now = machine.next_secure(inner, probe, any_server);
    CHECK(now.status == 421);
    CHECK(machine.wrote(now.bytes.size()) == errc::ok);
    now = machine.next_secure(inner, probe, any_server);
    CHECK(now.what == action::drop);
    CHECK(machine.took(now.bytes.size()) == errc::ok);
    inner = "GET / HTTP/1.1\r\nHost: EXAMPLE.com.:80\r\n\r\n";
    CHECK(machine.next_secure(inner, probe, any_server).what == action::decide);
    CHECK(machine.require_upgrade() == errc::wrong_call); // no TLS inside TLS
    CHECK(machine.decline() == errc::ok);
    CHECK(machine.next_secure(inner, probe, any_server).what == action::answer);
}

TEST_CASE("inner data before the inner answer is a splice (P-OPO)") {
    server machine;
    REQUIRE(unit::secure_server(machine, probe, any_server));
    const step now = machine.next_secure("G", probe, any_server);
    CHECK(now.what == action::close);
    CHECK(now.error == errc::spliced);
}

TEST_CASE("a handshake that is not the upgraded one ends the connection (P-OPO)") {
    const auto established = [](const tls_facts& facts, splice_defence how) {
        server_options options = any_server;
        options.upgrade.defence = how;
        constexpr std::string_view names[] = {"example.com"};
        options.upgrade.names = names;
        server machine;
        REQUIRE(unit::switch_server(machine, probe, options));
        REQUIRE(machine.tls_hello(unit::passing(true)) == errc::ok);
        const errc error = machine.tls_established(facts, options);
        CHECK((error == errc::ok) == (machine.state() != server_state::closed));
        return error;
    };
    using enum splice_defence;
    const auto facts = [](std::string_view alpn, session how, early data) {
        return tls_facts{alpn, "example.com", how, data, identity::unverified};
    };
    CHECK(established(facts("tlsup/1", session::full, early::none), bound_alpn) == errc::ok);
    CHECK(established(facts("", session::full, early::none), bound_alpn) == errc::missing_alpn);
    CHECK(established(facts("", session::full, early::none), dedicated_name) == errc::ok);
    CHECK(established(facts("http/1.1", session::full, early::none), dedicated_name) == errc::foreign_alpn);
    CHECK(established(facts("tlsup/1", session::resumed, early::none), bound_alpn) == errc::resumed_session);
    CHECK(established(facts("tlsup/1", session::full, early::accepted), bound_alpn) == errc::early_data);
    CHECK(established({"tlsup/1", "", session::full, early::none, identity::unverified}, bound_alpn) ==
          errc::hello_mismatch);
}

TEST_CASE("options decide: methods, content, no upgrade at all (9110-7.8-02)") {
    const auto why = [](std::string_view head, upgrade_rules rules) {
        const server_options options{.upgrade = rules, .connect_requests = true};
        server machine;
        const step now = machine.next(head, options);
        REQUIRE(now.what == action::decide);
        return machine.request(now.bytes).why;
    };
    constexpr std::string_view get = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: TLS/1.0\r\n\r\n";
    using enum splice_defence;
    CHECK(why(probe, {no_upgrade}) == errc::upgrade_disabled);
    CHECK(why(probe, {bound_alpn}) == errc::ok);
    CHECK(why(get, {bound_alpn}) == errc::method_not_allowed);
    CHECK(why(get, {bound_alpn, default_tokens, method_policy::safe, false}) == errc::ok);
    constexpr std::string_view to_head =
        "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: TLS/1.0\r\n\r\n";
    CHECK(why(to_head, {bound_alpn, default_tokens, method_policy::safe, false}) == errc::ok);
    CHECK(why(probe, {bound_alpn, default_tokens, method_policy::safe, false}) == errc::ok);
    constexpr std::string_view post = "POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: TLS/1.0\r\n\r\n";
    CHECK(why(post, {bound_alpn, default_tokens, method_policy::safe, false}) == errc::method_not_allowed);
    CHECK(why(post, {bound_alpn, default_tokens, method_policy::any, false}) == errc::ok);
    CHECK(why("OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: TLS/1.0\r\nContent-Length: 1\r\n\r\n",
              {bound_alpn}) == errc::content_not_allowed);
    CHECK(why("CONNECT a:443 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: TLS/1.0\r\n\r\n",
              {bound_alpn, default_tokens, method_policy::any, true}) == errc::method_not_allowed);
}

TEST_CASE("a 426 closes where the request does, and has no content for HEAD (9112-9.6-01)") {
    const auto reply = [](std::string_view head) {
        server machine;
        REQUIRE(machine.next(head, any_server).what == action::decide);
        REQUIRE(machine.require_upgrade() == errc::ok);
        return text_of(machine, head, any_server);
    };
    const std::string open = reply("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(open == default_upgrade_required.text());
    CHECK(reply("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").find("Connection: close, Upgrade\r\n") !=
          std::string::npos);
    const std::string head = reply("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(head == open.substr(0, default_upgrade_required.head_size()));
}

TEST_CASE("a 426 that names other tokens than the options accept is not used") {
    char text[400] = {};
    server_options options = any_server;
    options.upgrade_required = write_426(text, {tls_token::tls_1_2}, "TLS please.\n").head;
    server machine;
    CHECK(machine.next(probe, options).error == errc::bad_options);
    CHECK(machine.outcome() == outcome::failed);
    options.upgrade.tokens = {tls_token::tls_1_2};
    CHECK(machine.next(probe, options).error == errc::bad_options); // it has ended
    CHECK(server{}.next(probe, options).what == action::decide);
}

TEST_CASE("what is no 426, or names other tokens, is not used as one, whatever the defence (2817-16)") {
    char text[400] = {};
    for (const splice_defence how : {splice_defence::no_upgrade, splice_defence::bound_alpn}) {
        const server_options good{.upgrade = {how}};
        for (const prepared_head& head :
             {prepared_head{}, write_advert(text, default_tokens).head,
              write_reply(text, {.status = 200, .advertise = default_tokens}).head,
              write_request(text, {"GET", "/", "a", default_tokens, {}}).head,
              write_probe(text, "a", default_tokens).head, write_426(text, {tls_token::tls_1_2}, "x").head}) {
            server_options options = good;
            options.upgrade_required = head;
            server machine;
            CHECK(machine.next(probe, options).error == errc::bad_options);
            CHECK(machine.next(probe, options).what == action::close);
            // Options come with each call.
            server begun;
            REQUIRE(begun.next(probe, good).what == action::decide);
            REQUIRE(begun.require_upgrade() == errc::ok);
            CHECK(begun.next(probe, options).error == errc::bad_options);
            CHECK(begun.next(probe, good).what == action::close);
        }
    }
}

TEST_CASE("a deadline inside a request is a 408, elsewhere a close (9112-9.5-01)") {
    server machine;
    CHECK(machine.wanted() == deadline::idle);
    (void)machine.next("GET / HT", any_server);
    CHECK(machine.wanted() == deadline::head);
    CHECK(machine.abort(errc::timeout) == errc::ok);
    CHECK(text_of(machine, "GET / HT", any_server).find("HTTP/1.1 408 Request Timeout\r\n") == 0);
    CHECK(machine.next("GET / HT", any_server).what == action::drain);
    CHECK(machine.took(8) == errc::ok);
    CHECK(machine.peer_closed() == errc::ok);
    CHECK(machine.next({}, any_server).what == action::close);
    CHECK(machine.outcome() == outcome::refused);
    server idle;
    CHECK(idle.abort(errc::timeout) == errc::ok);
    CHECK(idle.next({}, any_server).what == action::close);
}

TEST_CASE("an early answer drops the rest of the content (9110-10.1.1-09)") {
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n";
    std::string input = head + "ab";
    server machine;
    REQUIRE(machine.next(input, any_server).what == action::decide);
    REQUIRE(machine.decline() == errc::ok);
    CHECK(machine.next(input, any_server).what == action::body);
    CHECK(machine.answered() == errc::ok);
    CHECK(machine.answered() == errc::wrong_call);
    const step rest = machine.next(input, any_server);
    CHECK(rest.what == action::drop);
    CHECK(machine.took(2) == errc::ok);
    input = head + "cd";
    CHECK(machine.next(input, any_server).what == action::drop);
    CHECK(machine.took(2) == errc::ok);
    input = head;
    const step spent = machine.next(input, any_server);
    CHECK(spent.what == action::drop);
    CHECK(spent.bytes.size() == head.size());
}

TEST_CASE("what a request's head says does not change while its content comes") {
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    std::string input = head + "5\r\nabcde\r\n0\r\n\r\n";
    server machine;
    REQUIRE(machine.next(input, any_server).what == action::decide);
    CHECK(machine.request(input).facts.content_length() == 0);
    REQUIRE(machine.decline() == errc::ok);
    step now = machine.next(input, any_server);
    for (; now.what != action::answer; now = machine.next(input, any_server)) {
        CHECK(machine.request(head).facts.content_length() == 0);
        const std::size_t count = now.bytes.size();
        REQUIRE(machine.took(count) == errc::ok);
        input.erase(head.size(), count);
    }
    CHECK(machine.request(head).facts.content_length() == 0);
    CHECK(machine.request(head).facts.framing() == framing::chunked);
}

TEST_CASE("detach gives the connection away") {
    server machine;
    (void)machine.next(probe, any_server);
    CHECK(machine.detach() == errc::ok);
    CHECK(machine.next(probe, any_server).what == action::detach);
    CHECK(machine.outcome() == outcome::detached);
    CHECK(machine.detach() == errc::wrong_call);
}

TEST_CASE("a buffer that lost bytes is a wrong call, at every state up to the 101") {
    const std::string head = "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: Upgrade\r\n"
                             "Upgrade: TLS/1.2\r\n\r\n";
    for (const bool accepted : {false, true}) {
        server machine;
        (void)machine.next(head.substr(0, 30), any_server);
        const auto lost = [&](std::size_t size) {
            const server before = machine;
            CHECK(machine.next(head.substr(0, size), any_server).error == errc::wrong_call);
            CHECK(machine == before);
        };
        lost(29);
        REQUIRE(machine.next(head, any_server).what == action::decide);
        lost(head.size() - 1);
        REQUIRE((accepted ? machine.accept(0) : machine.decline()) == errc::ok);
        CHECK(machine.next(head + "5\r\nhello\r\n0\r", any_server).what == action::drop);
        lost(head.size());
        CHECK(machine.took(0) == errc::ok);
    }
}

TEST_CASE("a connection can be given up in any state") {
    const auto gives_up = [](server machine, server_state in) {
        REQUIRE(machine.state() == in);
        CHECK(machine.abort(errc::aborted) == errc::ok);
        CHECK(machine.state() == server_state::closed);
    };
    constexpr std::string_view post = "POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2\r\n"
                                      "Content-Length: 4\r\nExpect: 100-continue\r\n\r\n";
    server machine;
    gives_up(machine, server_state::reading);
    REQUIRE(machine.next(post, any_server).what == action::decide);
    gives_up(machine, server_state::deciding);
    server served = machine;
    REQUIRE(served.decline() == errc::ok);
    gives_up(served, server_state::content);
    server refused = machine;
    REQUIRE(refused.reject(503) == errc::ok);
    gives_up(refused, server_state::refusing);
    server required = machine;
    REQUIRE(required.require_upgrade() == errc::ok);
    gives_up(required, server_state::replying);
    REQUIRE(machine.accept(0) == errc::ok);
    gives_up(machine, server_state::continuing);
    REQUIRE(machine.wrote(machine.next(post, any_server).bytes.size()) == errc::ok);
    REQUIRE(machine.next(post, any_server).what == action::read);
    gives_up(machine, server_state::accepting);
    server probed;
    REQUIRE(probed.next(probe, any_server).what == action::decide);
    REQUIRE(probed.accept(0) == errc::ok);
    REQUIRE(probed.next(probe, any_server).status == 101);
    gives_up(probed, server_state::switching);
    server inside;
    REQUIRE(unit::secure_server(inside, probe, any_server));
    gives_up(inside, server_state::inner_reply);
}
