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
    for (const unsigned bad : {100U, 200U, 399U, 401U, 405U, 407U, 426U, 499U, 600U}) {
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

TEST_CASE("a 426 is written to its end, with and without the option that closes, as long as one may be (2817-16)") {
    std::string room(70000, ' ');
    const std::size_t bare = write_426(room, default_tokens, std::string(60000, 'x')).head.text().size() - 60000;
    const std::size_t longest = 65535 - std::string_view("close, ").size();
    CHECK(write_426(room, default_tokens, std::string(longest - bare + 1, 'x')).error == errc::no_room);
    const prepared made = write_426(room, default_tokens, std::string(longest - bare, 'x'));
    REQUIRE(made.error == errc::ok);
    REQUIRE(made.head.text().size() == longest);
    for (const bool last : {false, true}) {
        for (const std::size_t most : {std::size_t{70000}, std::size_t{4099}}) {
            talk it{last ? "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" : get};
            it.options.upgrade_required = made.head;
            REQUIRE(it.next().what == action::decide);
            REQUIRE(it.machine.require_upgrade() == errc::ok);
            std::size_t written = 0;
            for (step now = it.next(); now.what == action::write && written < 200000; now = it.next()) {
                const std::size_t count = now.bytes.size() < most ? now.bytes.size() : most;
                REQUIRE(it.machine.wrote(count) == errc::ok);
                written += count;
            }
            CHECK(written == (last ? 65535 : longest));
            CHECK(it.next().what == action::drop);
        }
    }
}

TEST_CASE("a status whose response needs a field is no refusal (RFC 9110 15.5.2, 15.5.6, 15.5.8)") {
    for (const unsigned bad : {401U, 405U, 407U, 426U}) {
        for (const bool serving : {false, true}) {
            talk it{get};
            REQUIRE(it.next().what == action::decide);
            if (serving) {
                REQUIRE(it.machine.decline() == errc::ok);
                REQUIRE(it.next().what == action::answer);
            }
            const server before = it.machine;
            CHECK(it.machine.reject(static_cast<std::uint16_t>(bad)) == errc::bad_argument);
            CHECK(it.machine == before);
        }
        basic_server<server_parts{.reasons = false}> small;
        REQUIRE(small.next(get, any_server).what == action::decide);
        CHECK(small.reject(static_cast<std::uint16_t>(bad)) == errc::bad_argument);
    }
}

TEST_CASE("a 421 says close where the connection closes, and only there (9112-9.6-01, 9110-15.5.20-01)") {
    struct {
        std::string_view head;
        std::string_view content;
        bool closes;
    } const table[] = {
        {"GET / HTTP/1.1\r\nHost: other.example\r\n\r\n", "", false},
        {"GET / HTTP/1.1\r\nHost: other.example\r\nConnection: close\r\n\r\n", "", true},
        {"GET / HTTP/1.0\r\nHost: other.example\r\n\r\n", "", true},
        {"GET / HTTP/1.0\r\nHost: other.example\r\nConnection: keep-alive\r\n\r\n", "", false},
        {"POST / HTTP/1.1\r\nHost: other.example\r\nContent-Length: 2\r\n\r\n", "hi", false},
        {"POST / HTTP/1.1\r\nHost: other.example\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n", "", true},
        {"POST / HTTP/1.1\r\nHost: other.example\r\nContent-Length: 2\r\nConnection: close\r\n\r\n", "hi", true},
    };
    for (const auto& each : table) {
        for (const bool reasons : {true, false}) {
            CAPTURE(each.head);
            talk it;
            it.answer_probe();
            it.plain = each.head;
            it.plain += each.content;
            std::string text;
            std::size_t turns = 0;
            step now = it.next();
            for (; now.what != action::read && now.what != action::close && ++turns < 20; now = it.next()) {
                if (now.what == action::write) {
                    text += now.bytes.substr(0, reasons ? now.bytes.size() : 1);
                    REQUIRE(it.machine.wrote(reasons ? now.bytes.size() : 1) == errc::ok);
                    turns = 0;
                } else if (now.bytes.empty()) {
                    REQUIRE(it.machine.peer_closed(closure::close_notify) == errc::ok);
                } else {
                    REQUIRE(now.what != action::decide);
                    REQUIRE(it.machine.took(now.bytes.size()) == errc::ok);
                    it.plain.erase(0, now.bytes.size());
                }
            }
            CHECK((now.what == action::close) == each.closes);
            CHECK(starts(text, "HTTP/1.1 421 Misdirected Request\r\n"));
            CHECK((text.find("\r\nConnection: close\r\n") != std::string::npos) == each.closes);
            CHECK(text.find("\r\nContent-Length: 0\r\n") != std::string::npos);
            CHECK(text.find("HTTP/", 1) == std::string::npos);
            CHECK(it.machine.error() == errc::ok);
        }
    }
}

TEST_CASE("CONNECT is a 501 of the machine's, before the switch and inside TLS (9110-9.3.6-01)") {
    for (const std::string_view head :
         {"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n",
          "CONNECT example.com:80 HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2\r\n\r\n",
          "CONNECT other.example:443 HTTP/1.0\r\n\r\n"}) {
        for (const bool secure : {false, true}) {
            CAPTURE(head);
            talk it;
            if (secure) {
                it.answer_probe();
            }
            (secure ? it.plain : it.clear) = std::string(head) + "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n";
            CHECK(it.write() == "HTTP/1.1 501 Not Implemented\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
            CHECK(it.machine.error() == errc::connect_not_served);
            CHECK(it.next().what == action::drain); // nothing of what the client took for the tunnel's is parsed
            CHECK(it.machine.peer_closed() == errc::ok);
            (secure ? it.plain : it.clear).clear();
            CHECK(it.next().what == action::close);
            CHECK(it.machine.outcome() == outcome::refused);
        }
    }
}

TEST_CASE("CONNECT is shown where the options ask for it, for a proxy or for a refusal (9110-9.3.6-01)") {
    constexpr std::string_view head = "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n";
    talk it{std::string(head) + "early"};
    it.options.connect_requests = true;
    REQUIRE(it.next().what == action::decide);
    CHECK(it.machine.request(it.clear).facts.method() == method::connect);
    CHECK(it.machine.accept(0) == errc::no_offer);
    CHECK(it.machine.detach() == errc::ok);
    CHECK(it.next().what == action::detach);
    constexpr port_range ports[] = {{443, 443}};
    connect_proxy proxy;
    CHECK(proxy.next(it.clear, {.ports = ports}).what == action::decide); // all of it is unread yet
    CHECK(proxy.target(head).host == "example.com");
    constexpr std::string_view own = "CONNECT example.com:80 HTTP/1.1\r\nHost: example.com:80\r\n\r\n";
    for (const bool secure : {false, true}) { // not opened: it closes
        talk refused;
        refused.options.connect_requests = true;
        if (secure) {
            refused.answer_probe();
        }
        (secure ? refused.plain : refused.clear) = own;
        refused.decline();
        REQUIRE(refused.next().what == action::answer);
        CHECK(refused.machine.answered() == errc::ok);
        REQUIRE(refused.next().what == action::drop);
        REQUIRE(refused.machine.took(own.size()) == errc::ok);
        (secure ? refused.plain : refused.clear).clear();
        CHECK(refused.next().what == action::drain);
    }
}
