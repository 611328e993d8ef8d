#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <string>
#include <string_view>
#include <type_traits>

#include "unit/support.hpp"

using namespace tlsup;
using unit::good_tls;

static_assert(std::is_trivially_copyable_v<client> && sizeof(client) == 40);

namespace {

constexpr std::string_view good_101 =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2\r\n\r\n";
constexpr std::string_view inner_200 = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// A client with its options and the buffers that they point into.
struct fixture {
    char probe_text[200] = {};
    char request_text_[300] = {};
    client_options options{};
    client machine{};

    explicit fixture(requirement need, token_list offer = {}, content body = {}) {
        options.need = need;
        options.probe = write_probe(probe_text, "example.com", {tls_token::tls_1_2, tls_token::tls_1_0}).head;
        const prepared made = write_request(request_text_, {"POST", "/secret", "example.com", offer, body});
        REQUIRE(made.error == errc::ok);
        options.request = made.head;
    }
    std::string write() {
        std::string sent;
        for (step now = next({}); now.what == action::write; now = next({})) {
            sent += now.bytes;
            REQUIRE(machine.wrote(now.bytes.size()) == errc::ok);
        }
        return sent;
    }
    step next(std::string_view input) {
        return machine.secure() ? machine.next_secure(input, options) : machine.next(input, options);
    }
    /// Feeds one head that is dropped whole.
    void drop(std::string_view head) {
        const step now = next(head);
        REQUIRE(now.what == action::drop);
        REQUIRE(now.bytes == head);
        REQUIRE(machine.took(head.size()) == errc::ok);
    }
    void secure() {
        write();
        drop(good_101);
        REQUIRE(next({}).what == action::start_tls);
        REQUIRE(machine.tls_established(good_tls, options) == errc::ok);
    }
};

} // namespace

TEST_CASE("with TLS required the probe is all that goes in clear (2817-05, 2817-40)") {
    fixture it(requirement::tls);
    CHECK(it.write() == "OPTIONS * HTTP/1.1\r\nHost: example.com\r\nUpgrade: TLS/1.2, TLS/1.0\r\n"
                        "Connection: Upgrade\r\n\r\n");
    it.drop(good_101);
    CHECK(it.next({}).what == action::start_tls);
    CHECK(it.machine.tls_established(good_tls, it.options) == errc::ok);
    CHECK(it.next({}).what == action::read);
    it.drop(inner_200);
    CHECK(it.write() == it.options.request.text());
    const std::string final = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    step now = it.next(final);
    CHECK(now.what == action::answer);
    CHECK(it.machine.response().secure);
    CHECK(!it.machine.response().unauthenticated_request);
    CHECK(it.machine.took(now.bytes.size()) == errc::ok);
    now = it.next("ok");
    CHECK(now.what == action::body);
    CHECK(it.machine.took(2) == errc::ok);
    CHECK(it.next({}).what == action::detach);
    CHECK(it.machine.outcome() == outcome::answered_secure);
}

TEST_CASE("an interim response is shown with its facts before it is dropped (9110-15.2-03)") {
    fixture it(requirement::any);
    it.write();
    constexpr std::string_view hints = "HTTP/1.1 103 Early Hints\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\n\r\n";
    const step now = it.next(hints);
    CHECK(now.what == action::drop);
    CHECK(now.status == 103);
    CHECK(it.machine.response().facts.status() == 103);
    CHECK(it.machine.response().facts.interim());
    CHECK(it.machine.took(hints.size()) == errc::ok);
    CHECK(it.next("HTTP/1.1 204 No Content\r\n\r\n").what == action::answer);
    CHECK(it.machine.response().facts.status() == 204);
    CHECK(it.machine.response().hint.empty());
}

TEST_CASE("a probe that is answered in clear fails closed (2817-39, 9110-7.8-03)") {
    for (const std::string_view answer :
         {std::string_view("HTTP/1.1 200 OK\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n"),
          std::string_view("HTTP/1.1 426 Upgrade Required\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\n"
                           "Content-Length: 0\r\n\r\n"),
          std::string_view("HTTP/1.0 400 Bad\r\n\r\n")}) {
        fixture it(requirement::tls);
        it.write();
        const step now = it.next(answer);
        CHECK(now.what == action::close);
        CHECK(now.error == errc::upgrade_refused);
        CHECK(it.machine.outcome() == outcome::refused);
    }
}

TEST_CASE("the request is released by the probe's complete answer, with nothing behind it (DESIGN 4.2)") {
    const auto ends = [](std::string_view inner) {
        fixture it(requirement::tls);
        it.secure();
        step now = it.next(inner);
        while (now.what == action::drop) {
            REQUIRE(it.machine.took(now.bytes.size()) == errc::ok);
            inner.remove_prefix(now.bytes.size());
            now = it.next(inner);
        }
        return now.what == action::write ? errc::ok : now.what == action::read ? errc::wrong_call : now.error;
    };
    CHECK(ends(inner_200) == errc::ok);
    CHECK(ends("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno") == errc::ok);
    CHECK(ends("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nn") == errc::wrong_call); // not complete: reads on
    CHECK(ends("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nX") == errc::unsolicited_response);
    CHECK(ends("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n") == errc::probe_connection_closing);
    CHECK(ends("HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\n\r\n") == errc::probe_connection_closing);
    CHECK(ends("HTTP/1.1 200 OK\r\n\r\n") == errc::probe_connection_closing);
    CHECK(ends("HTTP/1.1 101 x\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\n\r\n") == errc::unasked_101);
}

TEST_CASE("the peer has to be verified, and ALPN to be ours (2817-41)") {
    const auto established = [](const tls_facts& facts, bool alpn_required) {
        fixture it(requirement::tls);
        it.options.alpn_required = alpn_required;
        it.write();
        it.drop(good_101);
        REQUIRE(it.next({}).what == action::start_tls);
        return it.machine.tls_established(facts, it.options);
    };
    using enum identity;
    CHECK(established(good_tls, true) == errc::ok);
    CHECK(established({"", "example.com", session::full, early::none, verified}, false) == errc::ok);
    CHECK(established({"", "example.com", session::full, early::none, verified}, true) == errc::missing_alpn);
    CHECK(established({"h2", "example.com", session::full, early::none, verified}, false) == errc::foreign_alpn);
    CHECK(established({"tlsup/1", "example.com", session::full, early::none, unverified}, false) ==
          errc::unverified_peer);
    CHECK(established({"tlsup/1", "example.com", session::resumed, early::none, verified}, false) ==
          errc::resumed_session);
}

TEST_CASE("in optional mode an answer to a request sent in clear is marked (2817-02, DESIGN 4.2)") {
    fixture it(requirement::any, {tls_token::tls_1_2});
    it.secure();
    const step now = it.next(inner_200);
    CHECK(now.what == action::answer);
    CHECK(it.machine.response().unauthenticated_request);
}

TEST_CASE("an advertisement is a hint (2817-12, 2817-14, 9110-7.8-11)") {
    fixture it(requirement::any);
    it.write();
    const step now = it.next("HTTP/1.1 200 OK\r\nUpgrade: TLS/1.2, HTTP/1.1\r\nConnection: Upgrade\r\n"
                             "Content-Length: 0\r\n\r\n");
    CHECK(now.what == action::answer);
    CHECK(it.machine.response().hint == token_list{tls_token::tls_1_2});
    CHECK(!it.machine.secure());
}

TEST_CASE("a 426 is followed once, on a new connection where it closes (2817-13, 2817-18)") {
    fixture it(requirement::any);
    it.write();
    it.drop("HTTP/1.1 426 Upgrade Required\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade, close\r\n"
            "Content-Length: 0\r\n\r\n");
    CHECK(it.next({}).what == action::dial);
    CHECK(it.next({}).what == action::dial);
    CHECK(it.machine.retry() == errc::ok);
    CHECK(it.machine.retry() == errc::wrong_call);
    CHECK(it.write() == it.options.probe.text());
    const step again = it.next("HTTP/1.1 426 Upgrade Required\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\n"
                               "Content-Length: 0\r\n\r\n");
    CHECK(again.error == errc::upgrade_refused);
}

TEST_CASE("CUPS's deviations need their options (DESIGN 4.3)") {
    constexpr std::string_view cups = "HTTP/1.1 101 Switching Protocols\r\nConnection: Keep-Alive\r\n"
                                      "Content-Length: 0\r\nUpgrade: TLS/1.2,TLS/1.1,TLS/1.0\r\n\r\n";
    const auto ends = [&](leniencies peer) {
        fixture it(requirement::tls);
        it.options.peer = peer;
        it.write();
        const step now = it.next(cups);
        return now.what == action::drop ? errc::ok : now.error;
    };
    CHECK(ends({}) == errc::missing_upgrade_option);
    CHECK(ends({true, false}) == errc::two_tls_layers);
    CHECK(ends({false, true}) == errc::missing_upgrade_option);
    CHECK(ends({true, true}) == errc::ok);
}

TEST_CASE("a 101 before the content was sent is refused (9110-7.8-16)") {
    fixture it(requirement::any, {tls_token::tls_1_2}, content::of(5));
    it.write();
    CHECK(it.next(good_101).error == errc::request_unfinished);
    fixture done(requirement::any, {tls_token::tls_1_2}, content::of(5));
    done.write();
    CHECK(done.machine.request_body_done() == errc::ok);
    CHECK(done.machine.request_body_done() == errc::wrong_call);
    CHECK(done.next(good_101).what == action::drop);
}

TEST_CASE("content that ends with the connection needs close_notify inside TLS (9112-9.8-03)") {
    for (const closure how : {closure::fin, closure::close_notify}) {
        fixture it(requirement::any, {tls_token::tls_1_2});
        it.secure();
        const step now = it.next("HTTP/1.1 200 OK\r\n\r\n");
        REQUIRE(now.what == action::answer);
        REQUIRE(it.machine.took(now.bytes.size()) == errc::ok);
        REQUIRE(it.next({}).what == action::read);
        REQUIRE(it.machine.peer_closed(how) == errc::ok);
        CHECK(it.next({}).what == action::close);
        CHECK(it.machine.outcome() == (how == closure::fin ? outcome::truncated : outcome::answered_secure));
    }
}

TEST_CASE("the wrong answer, and the wrong door, change nothing") {
    fixture it(requirement::tls);
    const client before = it.machine;
    CHECK(it.machine.took(1) == errc::wrong_call);
    CHECK(it.machine.wrote(1) == errc::wrong_call);
    CHECK(it.machine.retry() == errc::wrong_call);
    CHECK(it.machine.request_body_done() == errc::wrong_call);
    CHECK(it.machine.tls_established(good_tls, it.options) == errc::wrong_call);
    CHECK(it.machine.tls_failed() == errc::wrong_call);
    CHECK(it.machine.next_secure("x", it.options) == step{{}, action::wait, errc::wrong_call, 0, false});
    CHECK(it.machine == before);
    it.secure();
    const client inside = it.machine;
    CHECK(it.machine.next(inner_200, it.options) == step{{}, action::secure, errc::wrong_call, 0, false});
    CHECK(it.machine == inside);
}

TEST_CASE("without a request the machine ends when TLS is up and the probe answered") {
    fixture it(requirement::tls);
    it.options.request = {};
    it.secure();
    it.drop(inner_200);
    CHECK(it.next({}).what == action::detach);
    CHECK(it.machine.outcome() == outcome::released);
}

TEST_CASE("a buffer that lost bytes is a wrong call") {
    fixture it(requirement::any);
    it.write();
    const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    REQUIRE(it.next(std::string_view(head).substr(0, 9)).what == action::read);
    CHECK(it.next(std::string_view(head).substr(0, 8)).error == errc::wrong_call);
    REQUIRE(it.next(head).what == action::answer);
    CHECK(it.next({}).error == errc::wrong_call);
    CHECK(it.next(head).what == action::answer);
}

TEST_CASE("an end before the answer is a closed connection, within its head a truncated one") {
    for (const std::string_view begun : {std::string_view{}, std::string_view{"HTTP/1.1 2"}}) {
        fixture it(requirement::any);
        it.write();
        REQUIRE(it.next(begun).what == action::read);
        REQUIRE(it.machine.peer_closed() == errc::ok);
        CHECK(it.next(begun).what == action::close);
        CHECK(it.machine.error() == (begun.empty() ? errc::peer_closed : errc::truncated));
        CHECK(it.machine.outcome() == (begun.empty() ? outcome::failed : outcome::truncated));
    }
}

TEST_CASE("an exchange can be given up in any state") {
    const auto gives_up = [](fixture& it, client_state in) {
        REQUIRE(it.machine.state() == in);
        CHECK(it.machine.abort(errc::timeout) == errc::ok);
        CHECK(it.machine.state() == client_state::closed);
        CHECK(it.machine.outcome() == outcome::failed);
    };
    fixture probing(requirement::tls);
    REQUIRE(probing.next({}).what == action::write);
    gives_up(probing, client_state::probing);
    fixture asking(requirement::any);
    REQUIRE(asking.next({}).what == action::write);
    gives_up(asking, client_state::asking);
    fixture answering(requirement::any);
    answering.write();
    REQUIRE(answering.next(inner_200).what == action::answer);
    gives_up(answering, client_state::answering);
    fixture redialing(requirement::any);
    redialing.write();
    redialing.drop("HTTP/1.1 426 Upgrade Required\r\nConnection: Upgrade, close\r\nUpgrade: TLS/1.2\r\n"
                   "Content-Length: 0\r\n\r\n");
    REQUIRE(redialing.next({}).what == action::dial);
    gives_up(redialing, client_state::redialing);
}
