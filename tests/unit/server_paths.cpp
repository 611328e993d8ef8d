// The ways of a server's connection that end early, or that a call does not fit.
#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <string>
#include <string_view>

#include "unit/support.hpp"

using namespace tlsup;
using unit::any_server;
using unit::good_tls;
using unit::probe;

namespace {

constexpr std::string_view get = "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n";
constexpr std::string_view post = "POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 4\r\n\r\n";
constexpr std::string_view offering_post = "POST / HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\n"
                                           "Upgrade: TLS/1.2\r\nContent-Length: 4\r\n\r\n";
constexpr std::string_view offering_get =
    "GET / HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2\r\n\r\n";

/// A server, and the bytes that it has to read.
struct talk {
    server machine{};
    server_options options = any_server;
    std::string clear{};
    std::string plain{};

    explicit talk(std::string_view input = {}) : clear(input) {}

    step next() { return machine.secure() ? machine.next_secure(plain, clear, options) : machine.next(clear, options); }
    std::string write() {
        std::string text;
        for (step now = next(); now.what == action::write; now = next()) {
            text += now.bytes;
            REQUIRE(machine.wrote(now.bytes.size()) == errc::ok);
        }
        return text;
    }
    void decline() {
        REQUIRE(next().what == action::decide);
        REQUIRE(machine.decline() == errc::ok);
    }
    void secure() { REQUIRE(unit::secure_server(machine, clear, options)); }
    /// Inside TLS, with the probe answered.
    void answer_probe() {
        clear = probe;
        secure();
        write();
    }
};

bool starts(std::string_view text, std::string_view with) { return text.substr(0, with.size()) == with; }

} // namespace

TEST_CASE("each door has its bytes (9112-9.7-01)") {
    talk it{probe};
    it.secure();
    CHECK(it.machine.next(probe, any_server).what == action::secure);
    const step lost = it.machine.next_secure({}, probe.substr(1), any_server); // the held head is needed yet
    CHECK(lost.what == action::wait);
    CHECK(lost.error == errc::wrong_call);
    CHECK(it.machine.upgraded_host(it.clear) == "example.com");
    CHECK(it.machine.upgraded_host({}).empty());
    CHECK(it.machine.abort(errc::ok) == errc::ok);
    CHECK(it.machine.error() == errc::aborted);
    CHECK(it.machine.next(probe, any_server).what == action::close); // an end is an end at both doors
    CHECK(it.machine.next_secure({}, {}, any_server).what == action::close);
    CHECK(it.machine.outcome() == outcome::failed);
}

TEST_CASE("nothing fits a server that is over") {
    talk it;
    CHECK(it.machine.outcome() == outcome::pending);
    CHECK(it.machine.abort(errc::aborted) == errc::ok);
    const server before = it.machine;
    CHECK(it.machine.abort(errc::timeout) == errc::wrong_call);
    CHECK(it.machine.peer_closed() == errc::wrong_call);
    CHECK(it.machine.tls_failed() == errc::wrong_call);
    CHECK(it.machine.detach() == errc::wrong_call);
    CHECK(it.machine.answered(true) == errc::wrong_call);
    CHECK(it.machine.reject(400) == errc::wrong_call);
    CHECK(it.machine == before);
    CHECK(it.machine.wanted() == deadline::none);
}

TEST_CASE("a host may reject a request before and while it answers (9931-07, 9112-9.6-04)") {
    for (const unsigned bad : {100U, 200U, 399U, 426U, 499U, 600U}) {
        talk it{get};
        REQUIRE(it.next().what == action::decide);
        CHECK(it.machine.reject(static_cast<std::uint16_t>(bad)) == errc::bad_argument);
    }
    for (const bool serving : {false, true}) {
        talk it{get};
        REQUIRE(it.next().what == action::decide);
        if (serving) {
            REQUIRE(it.machine.decline() == errc::ok);
            REQUIRE(it.next().what == action::answer);
        }
        CHECK(it.machine.reject(403) == errc::ok);
        CHECK(it.write() == "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        CHECK(it.machine.wanted() == deadline::linger);
        CHECK(it.machine.peer_closed() == errc::ok);
        CHECK(it.next().what == action::drain); // what is unread has to leave yet
        it.clear.clear();
        CHECK(it.next().what == action::close);
        CHECK(it.machine.outcome() == outcome::refused);
    }
}

TEST_CASE("counts that fit no step change nothing") {
    talk it{"\r\n"};
    REQUIRE(it.next().what == action::drop);
    CHECK(it.machine.took(3) == errc::wrong_call);
    CHECK(it.machine.took(1) == errc::wrong_call); // an empty line leaves whole
    CHECK(it.machine.took(0) == errc::ok);
    CHECK(it.machine.wrote(0) == errc::wrong_call);
    CHECK(it.machine.took(2) == errc::ok);
    it.clear = get;
    REQUIRE(it.next().what == action::decide);
    CHECK(it.machine.require_upgrade() == errc::ok);
    const step text = it.next();
    REQUIRE(text.what == action::write);
    CHECK(it.machine.took(0) == errc::wrong_call);
    CHECK(it.machine.wrote(text.bytes.size() + 1) == errc::wrong_call);
}

TEST_CASE("the end of the connection: between requests, inside a head, inside content (9112-8-01, 9112-6.3-09)") {
    const auto ended = [](std::string_view input, bool declined) {
        talk it{input};
        if (declined) {
            it.decline();
        }
        REQUIRE(it.next().what == action::read);
        CHECK(it.machine.wanted() != deadline::none);
        CHECK(it.machine.peer_closed() == errc::ok);
        CHECK(it.next().what == action::close);
        return it.machine.outcome();
    };
    CHECK(ended("", false) == outcome::served);
    CHECK(ended("GET / HT", false) == outcome::truncated);
    CHECK(ended("\r", false) == outcome::truncated);
    CHECK(ended(post, true) == outcome::truncated);
}

TEST_CASE("content beyond the limit is 413, announced or not (9110-5.4-01, 9112-7.1-03)") {
    const auto refused = [](std::string_view head, std::string_view content) {
        talk it{std::string(head) + std::string(content)};
        it.options.body.content_bytes = 3;
        const step now = it.next();
        if (now.what == action::decide) {
            REQUIRE(it.machine.decline() == errc::ok);
        }
        if (const step size = it.next(); size.what == action::drop) { // as far as it was good
            it.clear.erase(head.size(), size.bytes.size());
            REQUIRE(it.machine.took(size.bytes.size()) == errc::ok);
        }
        return it.write();
    };
    CHECK(starts(refused(post, ""), "HTTP/1.1 413 "));
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    CHECK(starts(refused(head, "4\r\n"), "HTTP/1.1 413 "));
    CHECK(starts(refused(head, "x\r\n"), "HTTP/1.1 400 "));
}

TEST_CASE("faulty content behind an early answer ends the connection without another answer") {
    talk it{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx"};
    it.options.drain_bytes = 1;
    it.decline();
    REQUIRE(it.machine.answered() == errc::ok);
    const step now = it.next();
    CHECK(now.what == action::drain);
    CHECK(now.error == errc::bad_chunk);
    CHECK(it.machine.took(1) == errc::ok); // as much as the options allow
    CHECK(it.next().what == action::close);
    CHECK(it.machine.outcome() == outcome::refused);
}

TEST_CASE("deadlines inside content (9112-9.5-01)") {
    talk it{post};
    it.decline();
    CHECK(it.next().what == action::read);
    CHECK(it.machine.wanted() == deadline::content);
    CHECK(it.machine.abort(errc::timeout) == errc::ok);
    CHECK(starts(it.write(), "HTTP/1.1 408 "));
    talk answered{post};
    answered.decline();
    REQUIRE(answered.machine.answered() == errc::ok);
    CHECK(answered.machine.abort(errc::timeout) == errc::ok);
    CHECK(answered.next().what == action::close); // there was an answer
    talk accepted{offering_post};
    REQUIRE(accepted.next().what == action::decide);
    REQUIRE(accepted.machine.accept(0) == errc::ok);
    CHECK(accepted.next().what == action::read);
    CHECK(accepted.machine.wanted() == deadline::content);
    CHECK(accepted.machine.abort(errc::timeout) == errc::ok);
    CHECK(starts(accepted.write(), "HTTP/1.1 408 "));
    talk given_up{post};
    given_up.decline();
    CHECK(given_up.machine.abort(errc::aborted) == errc::ok);
    CHECK(given_up.next().what == action::close);
}

TEST_CASE("a request that was sent in clear is answered inside TLS, when the options allow it (2817-10, 9110-7.8-12)") {
    talk it{offering_get};
    it.secure();
    step now = it.next();
    CHECK(now.what == action::answer);
    CHECK(now.bytes == offering_get);
    CHECK(it.machine.answered() == errc::ok);
    it.plain = get;
    CHECK(it.next().what == action::decide);
    talk spliced{offering_get};
    spliced.secure();
    spliced.plain = "x";
    CHECK(spliced.next().error == errc::spliced);
    CHECK(spliced.machine.outcome() == outcome::broken);
}

TEST_CASE("an answer may be the last one (9112-9.6-03, 9112-9.6-04)") {
    talk it{std::string(get) + std::string(get)};
    it.decline();
    REQUIRE(it.next().what == action::answer);
    CHECK(it.machine.answered(true) == errc::ok);
    REQUIRE(it.next().what == action::drop);
    CHECK(it.machine.took(10) == errc::ok); // a head may leave in pieces
    it.clear.erase(0, 10);
    CHECK(it.machine.took(get.size() - 10) == errc::ok);
    it.clear.erase(0, get.size() - 10);
    CHECK(it.next().what == action::drain); // the request behind it is not looked at
}

TEST_CASE("inside TLS the connection is one of HTTP as before (2817-43, 9112-9.7-01)") {
    talk it;
    it.answer_probe();
    CHECK(it.machine.tls_failed() == errc::ok);
    CHECK(it.next().what == action::close);
    CHECK(it.machine.outcome() == outcome::failed);
    talk bad;
    bad.answer_probe();
    bad.plain = "GET / HTTP/1.1\r\n\r\n";
    CHECK(starts(bad.write(), "HTTP/1.1 400 "));
    talk old; // HTTP/1.0 needs no Host
    old.answer_probe();
    old.plain = "GET / HTTP/1.0\r\n\r\n";
    CHECK(old.next().what == action::decide);
    talk ended;
    ended.answer_probe();
    CHECK(ended.machine.peer_closed() == errc::ok);
    CHECK(ended.next().what == action::close);
    CHECK(ended.machine.outcome() == outcome::upgraded);
}

TEST_CASE("the peer goes away before or inside the handshake (2817-11)") {
    for (const bool passed : {false, true}) {
        talk it{probe};
        REQUIRE(unit::switch_server(it.machine, probe, any_server));
        CHECK(it.machine.wanted() == deadline::handshake);
        if (passed) {
            REQUIRE(it.machine.tls_hello(unit::passing(false)) == errc::ok);
            CHECK(it.machine.wanted() == deadline::handshake);
        }
        CHECK(it.machine.peer_closed() == errc::ok);
        CHECK(it.next().error == errc::peer_closed);
        CHECK(it.machine.outcome() == outcome::failed);
        talk fails{probe};
        REQUIRE(unit::switch_server(fails.machine, probe, any_server));
        REQUIRE((!passed || fails.machine.tls_hello(unit::passing(false)) == errc::ok));
        CHECK(fails.machine.tls_failed() == errc::ok);
        CHECK(fails.next().what == action::close);
    }
}

TEST_CASE("what the engine saw must be what the gate saw (P-OPO)") {
    const auto established = [](bool full, std::string_view alpn, std::string_view sni) {
        talk it{probe};
        REQUIRE(unit::switch_server(it.machine, probe, any_server));
        REQUIRE(it.machine.tls_hello(unit::passing(full)) == errc::ok);
        return it.machine.tls_established({alpn, sni, session::full, early::none, identity::unverified}, any_server);
    };
    CHECK(established(true, alpn_name, "example.com") == errc::ok);
    CHECK(established(true, "", "example.com") == errc::ok);
    CHECK(established(true, alpn_name, "") == errc::hello_mismatch);
    CHECK(established(false, "", "") == errc::ok);
    CHECK(established(false, "", "example.com") == errc::hello_mismatch);
    CHECK(established(false, alpn_name, "") == errc::hello_mismatch);
}

TEST_CASE("a records' first octet counts once (9112-9.7-01)") {
    talk it{std::string(probe)};
    REQUIRE(unit::switch_server(it.machine, probe, any_server));
    it.clear += "\x16\x03\x01";
    const step now = it.next();
    REQUIRE(now.what == action::start_tls);
    CHECK(now.bytes == "\x16\x03\x01");
    CHECK(it.machine.took(1) == errc::ok);
    it.clear.erase(probe.size(), 1);
    CHECK(it.next().what == action::start_tls); // what follows is the engine's, whatever it is
    CHECK(it.machine.peer_closed() == errc::ok);
    CHECK(it.next().what == action::start_tls); // it can still read what came
}

TEST_CASE("a 426 to a client that waits for 100 closes, as the content may or may not come (9110-10.1.1-09)") {
    const auto reply = [](std::string_view line) {
        talk it{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n" + std::string(line) + "\r\n"};
        REQUIRE(it.next().what == action::decide);
        REQUIRE(it.machine.require_upgrade() == errc::ok);
        const std::string text = it.write();
        const bool closes = text.find("Connection: close, Upgrade\r\n") != std::string::npos;
        CHECK((it.next().what == action::drain) == closes);
        return closes;
    };
    CHECK(reply("Expect: 100-continue\r\n"));
    CHECK(!reply(""));
    talk empty{"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n"};
    REQUIRE(empty.next().what == action::decide);
    REQUIRE(empty.machine.require_upgrade() == errc::ok);
    CHECK(empty.write().find("Connection: Upgrade\r\n") != std::string::npos);
    CHECK(empty.next().what == action::drop);
    CHECK(empty.machine.answered() == errc::wrong_call); // the 426 was the answer
}

TEST_CASE("a connection can be given away between requests and while one is served") {
    talk idle;
    CHECK(idle.machine.detach() == errc::ok);
    talk serving{get};
    serving.decline();
    REQUIRE(serving.next().what == action::answer);
    CHECK(serving.machine.detach() == errc::ok);
    CHECK(serving.next().what == action::detach);
    talk content{post};
    content.decline();
    CHECK(content.machine.detach() == errc::wrong_call);
}

TEST_CASE("every state of a server can be left at once") {
    for (unsigned stop = 0; stop < 40; ++stop) {
        talk it{stop % 4 < 2 ? probe : offering_post};
        unsigned turn = 0;
        for (; turn < stop / 4 && it.machine.state() != server_state::closed; ++turn) {
            const step now = it.next();
            if (now.what == action::decide) {
                REQUIRE((stop % 2 == 0 || it.machine.secure() ? it.machine.decline() : it.machine.accept(0)) ==
                        errc::ok);
            } else if (now.what == action::write) {
                REQUIRE(it.machine.wrote(now.bytes.size()) == errc::ok);
            } else if (now.what == action::read && it.clear == offering_post) {
                it.clear += "abcd";
            } else if (now.what == action::body) {
                it.clear.resize(it.clear.size() - now.bytes.size());
                REQUIRE(it.machine.took(now.bytes.size()) == errc::ok);
            } else if (now.what == action::start_tls) {
                REQUIRE((it.machine.state() == server_state::hello
                             ? it.machine.tls_hello(unit::passing(true))
                             : it.machine.tls_established(good_tls, any_server)) == errc::ok);
            } else if (now.what == action::answer) {
                REQUIRE(it.machine.answered() == errc::ok);
            } else if (now.what == action::drop) {
                REQUIRE(it.machine.took(now.bytes.size()) == errc::ok);
                it.clear.erase(0, now.bytes.size());
            }
        }
        CHECK(it.machine.abort(errc::aborted) == errc::ok);
        CHECK(it.machine.state() == server_state::closed);
    }
    for (const bool accepted : {false, true}) {
        talk it{"POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2\r\n"
                "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n"};
        REQUIRE(it.next().what == action::decide);
        REQUIRE((accepted ? it.machine.accept(0) : it.machine.require_upgrade()) == errc::ok);
        REQUIRE(it.next().what == action::write);
        CHECK(it.machine.state() == (accepted ? server_state::continuing : server_state::replying));
        CHECK(it.machine.abort(errc::aborted) == errc::ok);
        CHECK(it.next().what == action::close);
    }
}
