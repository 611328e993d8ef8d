// The ways of a client that end early, or that a call does not fit.
#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <string>
#include <string_view>

#include "unit/support.hpp"

using namespace tlsup;
using unit::good_tls;

namespace {

constexpr std::string_view good_101 =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2\r\n\r\n";
constexpr std::string_view inner_200 = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view with_content = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n";
constexpr std::string_view asks_for_tls = "HTTP/1.1 426 Upgrade Required\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\n"
                                          "Content-Length: 2\r\n\r\n";

struct fixture {
    char probe_text[200] = {};
    char request_text_[300] = {};
    client_options options{};
    client machine{};

    explicit fixture(requirement need, request_text asked = {"GET", "/", "example.com", {}, {}}) {
        options.need = need;
        options.probe = write_probe(probe_text, "example.com", {tls_token::tls_1_2, tls_token::tls_1_0}).head;
        const prepared made = write_request(request_text_, asked);
        REQUIRE(made.error == errc::ok);
        options.request = made.head;
    }
    step next(std::string_view input) {
        return machine.secure() ? machine.next_secure(input, options) : machine.next(input, options);
    }
    void write() {
        for (step now = next({}); now.what == action::write; now = next({})) {
            REQUIRE(machine.wrote(now.bytes.size()) == errc::ok);
        }
    }
    void take(std::string_view head, action what) {
        const step now = next(head);
        REQUIRE(now.what == what);
        REQUIRE(machine.took(now.bytes.size()) == errc::ok);
    }
    void secure() {
        write();
        take(good_101, action::drop);
        REQUIRE(next({}).what == action::start_tls);
        REQUIRE(machine.tls_established(good_tls, options) == errc::ok);
    }
};

const request_text offering{"GET", "/", "example.com", {tls_token::tls_1_2}, {}};

} // namespace

TEST_CASE("cleartext and TLS have a door each (9112-9.7-01)") {
    fixture it(requirement::any, offering);
    it.secure();
    const step wrong = it.machine.next("x", it.options);
    CHECK(wrong.what == action::secure);
    CHECK(wrong.error == errc::wrong_call);
    it.take(inner_200, action::answer);
    CHECK(it.next({}).what == action::detach);
    CHECK(it.machine.next({}, it.options).what == action::detach); // an end is an end at both doors
    CHECK(it.machine.next_secure({}, it.options).what == action::detach);
    CHECK(it.machine.reusable());
}

TEST_CASE("nothing fits a client that is over") {
    fixture it(requirement::any);
    CHECK(it.machine.outcome() == outcome::pending);
    CHECK(it.machine.abort(errc::timeout) == errc::ok);
    const client before = it.machine;
    CHECK(it.machine.abort(errc::timeout) == errc::wrong_call);
    CHECK(it.machine.peer_closed() == errc::wrong_call);
    CHECK(it.machine.tls_failed() == errc::wrong_call);
    CHECK(it.machine.request_body_done() == errc::wrong_call);
    CHECK(it.machine == before);
    CHECK(it.machine.outcome() == outcome::failed);
    CHECK(it.machine.next_secure({}, it.options).error == errc::timeout);
    CHECK(!it.machine.reusable());
}

TEST_CASE("who ended it: the caller or the peer") {
    const auto ended = [](errc why) {
        fixture it(requirement::any);
        CHECK(it.machine.abort(why) == errc::ok);
        CHECK(it.machine.error() == (why == errc::ok ? errc::aborted : why));
        return it.machine.outcome();
    };
    CHECK(ended(errc::ok) == outcome::failed);
    CHECK(ended(errc::aborted) == outcome::failed);
    CHECK(ended(errc::timeout) == outcome::failed);
    CHECK(ended(errc::bad_options) == outcome::failed);
    CHECK(ended(errc::unverified_peer) == outcome::failed);
    CHECK(ended(errc::peer_closed) == outcome::failed);
    CHECK(ended(errc::bad_chunk) == outcome::broken);
}

TEST_CASE("a handshake that fails ends the connection, in clear never again (2817-11, 2817-39)") {
    fixture it(requirement::tls);
    it.write();
    it.take(good_101, action::drop);
    REQUIRE(it.next({}).what == action::start_tls);
    CHECK(it.machine.tls_failed() == errc::ok);
    CHECK(it.next({}).what == action::close);
    CHECK(it.machine.outcome() == outcome::failed);
    fixture inside(requirement::tls);
    inside.secure();
    CHECK(inside.machine.tls_failed() == errc::ok);
    CHECK(inside.next({}).what == action::close);
    fixture closed(requirement::tls);
    closed.write();
    closed.take(good_101, action::drop);
    CHECK(closed.machine.peer_closed() == errc::ok);
    CHECK(closed.next({}).error == errc::peer_closed);
    CHECK(closed.machine.outcome() == outcome::failed);
}

TEST_CASE("bytes in clear before the handshake are fatal, however late they come (9931-08, P-BND)") {
    fixture it(requirement::tls);
    it.write();
    it.take(good_101, action::drop);
    CHECK(it.next("x").error == errc::cleartext_after_101);
    CHECK(it.machine.outcome() == outcome::broken);
}

TEST_CASE("the end of the connection, before and inside a head (9112-8-01)") {
    for (const std::string_view shown : {"", "HTTP/1.1 10", "HTTP/1.1 101 Switching Protocols\r\nUpgr"}) {
        fixture it(requirement::any);
        it.write();
        REQUIRE(it.next(shown).what == action::read);
        CHECK(it.machine.peer_closed() == errc::ok);
        CHECK(it.next(shown).error == (shown.empty() ? errc::peer_closed : errc::truncated));
        CHECK(it.machine.outcome() == (shown.empty() ? outcome::failed : outcome::truncated));
    }
}

TEST_CASE("counts that fit no step change nothing") {
    fixture it(requirement::any);
    const step first = it.next({});
    CHECK(it.machine.wrote(first.bytes.size() + 1) == errc::wrong_call);
    CHECK(it.machine.took(1) == errc::wrong_call);
    it.write();
    CHECK(it.machine.wrote(0) == errc::wrong_call);
    REQUIRE(it.next(with_content).what == action::answer);
    CHECK(it.machine.took(0) == errc::ok);
    CHECK(it.machine.took(1) == errc::wrong_call); // a head leaves whole
    CHECK(it.machine.took(with_content.size() + 1) == errc::wrong_call);
    CHECK(it.machine.took(with_content.size()) == errc::ok);
    const step body = it.next("ab");
    CHECK(body.what == action::body);
    CHECK(it.machine.took(3) == errc::wrong_call);
    CHECK(it.machine.took(1) == errc::ok);
    CHECK(it.machine.took(1) == errc::ok);
    CHECK(it.machine.took(1) == errc::wrong_call);
}

TEST_CASE("what can be asked of which options") {
    const auto starts = [](requirement need, bool probe, head_kind request) {
        fixture it(need);
        char text[300] = {};
        it.options.probe = probe ? it.options.probe : prepared_head{};
        if (request == head_kind::none) {
            it.options.request = {};
        } else if (request == head_kind::proxied) {
            it.options.request = write_proxied(text, {"GET", "/", "example.com", {}, {}}, {}).head;
        } else if (request == head_kind::reply) {
            it.options.request = write_reply(text, {}).head;
        }
        const step now = it.next({});
        CHECK((now.what == action::write || now.error == errc::bad_options));
        return now.what == action::write;
    };
    CHECK(starts(requirement::tls, true, head_kind::request));
    CHECK(starts(requirement::tls, true, head_kind::none));
    CHECK(!starts(requirement::tls, true, head_kind::reply));
    CHECK(!starts(requirement::tls, true, head_kind::proxied));
    CHECK(!starts(requirement::tls, false, head_kind::request));
    CHECK(starts(requirement::any, false, head_kind::request));
    CHECK(starts(requirement::any, false, head_kind::proxied));
    CHECK(!starts(requirement::any, true, head_kind::none));
    CHECK(!starts(requirement::any, true, head_kind::reply));
}

TEST_CASE("a head of another kind is not written, though the options change in between") {
    char text[300] = {};
    const prepared_head proxied = write_proxied(text, {"GET", "/", "example.com", {}, {}}).head;
    char other_text[300] = {};
    const prepared_head reply = write_reply(other_text, {}).head;
    char connect_text_[300] = {};
    const prepared_head connect = write_connect(connect_text_, {"example.com", 80, {}}).head;
    for (const prepared_head& wrong : {prepared_head{}, proxied, reply, connect}) {
        const bool none = wrong.kind() == head_kind::none;
        const bool forwarded = wrong.kind() == head_kind::proxied;
        fixture probing(requirement::tls);
        REQUIRE(probing.next({}).what == action::write);
        probing.options.probe = wrong;
        CHECK(probing.next({}).error == errc::bad_options);
        fixture asking(requirement::any);
        REQUIRE(asking.next({}).what == action::write);
        asking.options.request = wrong;
        CHECK(asking.next({}).error == (forwarded ? errc::ok : errc::bad_options));
        fixture releasing(requirement::tls);
        releasing.secure();
        releasing.take(inner_200, action::drop);
        REQUIRE(releasing.next({}).what == action::write);
        releasing.options.request = wrong;
        const step now = releasing.next({});
        CHECK(now.what == (none ? action::detach : action::close));
        CHECK(now.error == (none ? errc::ok : errc::bad_options));
    }
}

TEST_CASE("a 101 of HTTP/1.0 switches nothing (9110-15.2-01)") {
    const std::string old = "HTTP/1.0" + std::string(good_101.substr(8));
    for (const requirement need : {requirement::tls, requirement::any}) {
        fixture it(need, need == requirement::any ? offering : request_text{"GET", "/", "example.com", {}, {}});
        it.write();
        const step now = it.next(old);
        CHECK(now.what == action::close);
        CHECK(now.error == errc::switch_in_http_1_0);
        CHECK(it.machine.outcome() == outcome::broken);
        fixture good(need, need == requirement::any ? offering : request_text{"GET", "/", "example.com", {}, {}});
        good.write();
        CHECK(good.next(good_101).what == action::drop);
    }
    fixture unasked(requirement::any);
    unasked.write();
    CHECK(unasked.next(old).error == errc::unasked_101);
    response_facts facts;
    facts.start(1, 0, 101);
    facts.field("upgrade", "TLS/1.2");
    facts.field("connection", "upgrade");
    REQUIRE(facts.finish() == errc::ok);
    CHECK(judge_101(facts, default_tokens, {}) == errc::switch_in_http_1_0);
    CHECK(judge_101(facts, default_tokens, {true, true}) == errc::switch_in_http_1_0);
}

TEST_CASE("a response to HEAD has no content, and a 101 or 204 none either (9112-6.3-01)") {
    fixture it(requirement::any, {"HEAD", "/", "example.com", {tls_token::tls_1_2}, {}});
    it.write();
    it.take(with_content, action::answer);
    CHECK(it.next({}).what == action::detach);
    fixture inside(requirement::any, {"HEAD", "/", "example.com", {tls_token::tls_1_2}, {}});
    inside.secure();
    inside.take(with_content, action::answer);
    CHECK(inside.next({}).what == action::detach);
    fixture probed(requirement::tls, {"HEAD", "/", "example.com", {}, {}}); // the probe is no HEAD
    probed.secure();
    probed.take(with_content, action::drop);
    CHECK(probed.next({}).what == action::read);
    CHECK(probed.machine.wanted() == deadline::content);
}

TEST_CASE("content that is announced beyond the limit is not read (9110-5.4-01)") {
    fixture it(requirement::any);
    it.options.body.content_bytes = 3;
    it.write();
    CHECK(it.next(with_content).error == errc::content_too_large);
    fixture fits(requirement::any);
    fits.options.body.content_bytes = 4;
    fits.write();
    CHECK(fits.next(with_content).what == action::answer);
}

TEST_CASE("content that breaks off, or is no content (9112-6.3-09, 9112-7.1-03)") {
    fixture cut(requirement::any);
    cut.write();
    cut.take(with_content, action::answer);
    CHECK(cut.machine.peer_closed() == errc::ok);
    cut.take("ab", action::body);
    CHECK(cut.next({}).error == errc::truncated);
    CHECK(cut.machine.outcome() == outcome::truncated);
    fixture bad(requirement::any);
    bad.write();
    bad.take("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", action::answer);
    CHECK(bad.next("x\r\n").error == errc::bad_chunk);
    CHECK(bad.machine.outcome() == outcome::broken);
}

TEST_CASE("content of the probe's answer is dropped (DESIGN 4.2, 9112-9.3-03)") {
    fixture it(requirement::tls);
    it.secure();
    it.take(with_content, action::drop);
    it.take("ab", action::drop);
    CHECK(it.machine.peer_closed(closure::close_notify) == errc::ok);
    it.take("cd", action::drop);
    CHECK(it.next({}).error == errc::peer_closed); // no connection is left for the request
}

TEST_CASE("a 426 is followed on its connection, or on another (2817-18, 9112-9.3-03)") {
    const auto followed = [](bool ended, std::string_view surplus) {
        fixture it(requirement::any);
        it.write();
        it.take(asks_for_tls, action::drop);
        CHECK(it.machine.wanted() == deadline::content);
        CHECK(it.machine.raised());
        CHECK(it.machine.required_tokens() == token_list{tls_token::tls_1_2});
        if (ended) {
            CHECK(it.machine.peer_closed() == errc::ok);
        }
        it.take("no", action::drop);
        return it.next(surplus);
    };
    CHECK(followed(false, {}).what == action::write); // the probe
    CHECK(followed(true, {}).what == action::dial);
    CHECK(followed(false, "x").error == errc::unsolicited_response);
    fixture it(requirement::any);
    it.write();
    it.take(asks_for_tls, action::drop);
    CHECK(it.machine.peer_closed() == errc::ok);
    it.take("no", action::drop);
    REQUIRE(it.next({}).what == action::dial);
    CHECK(it.machine.wanted() == deadline::dial);
    CHECK(it.next("late").error == errc::unsolicited_response); // as if it had come with the 426
}

TEST_CASE("a 426 that cannot be followed is an answer like others (2817-13, 2817-34)") {
    const auto shown = [](fixture& it, std::string_view head) {
        it.write();
        return it.next(head).what == action::answer && !it.machine.raised();
    };
    fixture never(requirement::any);
    never.options.follow_426 = false;
    CHECK(shown(never, asks_for_tls));
    fixture without_probe(requirement::any);
    without_probe.options.probe = {};
    CHECK(shown(without_probe, asks_for_tls));
    fixture by_proxy(requirement::any);
    char text[300] = {};
    by_proxy.options.request = write_proxied(text, {"GET", "/", "example.com", {}, {}}, {}).head;
    CHECK(shown(by_proxy, asks_for_tls));
    fixture endless(requirement::any);
    CHECK(shown(endless, "HTTP/1.1 426 x\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\n\r\n"));
    fixture moved(requirement::any); // Location does not make it a redirect
    CHECK(shown(moved, "HTTP/1.1 426 x\r\nLocation: https://example.com/\r\nContent-Length: 0\r\n\r\n"));
}

TEST_CASE("a 426 that comes before the content was sent costs the connection (9112-9.3-03)") {
    fixture it(requirement::any, {"POST", "/", "example.com", {}, content::of(5)});
    it.write();
    it.take(asks_for_tls, action::drop);
    it.take("no", action::drop);
    CHECK(it.next({}).what == action::dial);
    fixture done(requirement::any, {"POST", "/", "example.com", {}, content::of(5)});
    done.write();
    done.take(asks_for_tls, action::drop);
    CHECK(done.machine.request_body_done() == errc::ok); // the caller sent it all the same
    done.take("no", action::drop);
    CHECK(done.next({}).what == action::write);
}

TEST_CASE("when content of the request may be reported as sent (9110-7.8-16)") {
    const request_text sending{"POST", "/", "example.com", {tls_token::tls_1_2}, content::of(5)};
    fixture early(requirement::any, sending);
    early.write();
    REQUIRE(early.next(with_content).what == action::answer);
    CHECK(early.machine.request_body_done() == errc::ok);
    fixture late(requirement::any, sending);
    late.write();
    late.take(with_content, action::answer);
    CHECK(late.machine.request_body_done() == errc::ok);
    late.take("abcd", action::body);
    CHECK(late.next({}).what == action::detach);
    CHECK(late.machine.reusable());
    fixture never(requirement::any, sending);
    never.write();
    never.take(with_content, action::answer);
    never.take("abcd", action::body);
    CHECK(never.next({}).what == action::close); // the server still waits for it
    CHECK(!never.machine.reusable());
    fixture inside(requirement::tls, {"POST", "/", "example.com", {}, content::of(5)});
    inside.secure();
    inside.take(inner_200, action::drop);
    inside.write();
    CHECK(inside.machine.wanted() == deadline::head);
    CHECK(inside.machine.request_body_done() == errc::ok);
}

TEST_CASE("a connection is used again only when all was well (9112-9.6-05, 9112-9.2-02)") {
    fixture surplus(requirement::any);
    surplus.write();
    surplus.take(inner_200, action::answer);
    CHECK(surplus.next("x").error == errc::unsolicited_response);
    CHECK(surplus.machine.outcome() == outcome::answered);
    CHECK(!surplus.machine.reusable());
    fixture closing(requirement::any);
    closing.write();
    REQUIRE(closing.next("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").what == action::answer);
    CHECK(!closing.machine.reusable()); // it is not complete yet
    closing.take("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", action::answer);
    CHECK(closing.next({}).what == action::close);
    fixture ended(requirement::any);
    ended.write();
    REQUIRE(ended.next(with_content).what == action::answer);
    CHECK(ended.machine.peer_closed() == errc::ok);
    CHECK(ended.machine.took(with_content.size()) == errc::ok);
    ended.take("abcd", action::body);
    CHECK(ended.next({}).what == action::close);
    CHECK(ended.machine.outcome() == outcome::answered);
}

TEST_CASE("nothing but the answer to a request is a response (9112-9.2-01, 9112-9.2-02, 9110-15.2-04)") {
    for (const requirement need : {requirement::any, requirement::tls}) {
        fixture it(need);
        CHECK(it.next("HTTP/1.1 101 x\r\n").error == errc::unsolicited_response);
        fixture writing(need);
        REQUIRE(writing.next({}).what == action::write);
        CHECK(writing.next("HTTP/1.1 200 OK\r\n").error == errc::unsolicited_response);
    }
}

TEST_CASE("a client's deadlines (9112-9.5-01, 9110-10.1.1-04)") {
    fixture it(requirement::any, offering);
    CHECK(it.machine.wanted() == deadline::none);
    it.write();
    CHECK(it.machine.wanted() == deadline::head);
    REQUIRE(it.next(good_101).what == action::drop);
    CHECK(it.machine.wanted() == deadline::handshake);
    REQUIRE(it.machine.took(good_101.size()) == errc::ok);
    CHECK(it.machine.wanted() == deadline::handshake);
    REQUIRE(it.machine.tls_established(good_tls, it.options) == errc::ok);
    it.take(with_content, action::answer);
    CHECK(it.machine.wanted() == deadline::content);
    it.take("abcd", action::body);
    CHECK(it.next({}).what == action::detach);
    CHECK(it.machine.wanted() == deadline::none);
}

TEST_CASE("every state of a client can be left at once") {
    const std::string_view said[] = {good_101, inner_200, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", "abcd"};
    for (unsigned stop = 0; stop < 24; ++stop) {
        fixture it(stop % 2 == 0 ? requirement::tls : requirement::any, offering);
        std::size_t at = 0;
        for (unsigned turn = 0; turn < stop / 2; ++turn) {
            const step now = it.next(at < 4 && it.machine.wanted() != deadline::none ? said[at] : std::string_view{});
            if (now.what == action::write) {
                REQUIRE(it.machine.wrote(now.bytes.size()) == errc::ok);
            } else if (now.what == action::start_tls) {
                REQUIRE(it.machine.tls_established(good_tls, it.options) == errc::ok);
                at = at == 0 ? 1 : at;
            } else if (now.what == action::drop || now.what == action::answer || now.what == action::body) {
                REQUIRE(it.machine.took(now.bytes.size()) == errc::ok);
                ++at;
            }
        }
        if (it.machine.state() != client_state::closed) {
            CHECK(it.machine.abort(errc::timeout) == errc::ok);
        }
        CHECK(it.machine.state() == client_state::closed);
    }
    for (const bool shown : {false, true}) {
        fixture it(requirement::any, offering);
        it.secure();
        REQUIRE((!shown || it.next(inner_200).what == action::answer));
        CHECK(it.machine.state() == (shown ? client_state::answering : client_state::awaiting));
        CHECK(it.machine.abort(errc::timeout) == errc::ok);
        CHECK(it.machine.outcome() == outcome::failed);
    }
}
