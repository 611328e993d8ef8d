// Edges of what stands on a road: a route over several proxies, the filter with CONNECT in its pipeline, and small
// limits. The lines are those of step_support.hpp.
#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <tlsup/tlsup.hpp>

#include "route_support.hpp"
#include "step_support.hpp"
#include "support.hpp"

using namespace tlsup;

namespace {

constexpr std::string_view spent_426 = "HTTP/1.1 426 U\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade, close\r\n"
                                       "Content-Length: 0\r\n\r\n";
constexpr std::string_view no_403 = "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno";

std::string travel(route& machine, const route_options& options, std::initializer_list<std::string_view> said) {
    return unit::conversation(
        machine, said, [&](route& at, std::string_view bytes) { return at.next(bytes, options); },
        [&](route& at, const step& now, std::string& buffer) {
            if (now.what != action::dial) {
                return false;
            }
            buffer.clear();
            return at.connected(options) == errc::ok;
        });
}

request_facts asked(std::string_view method) {
    request_facts facts;
    facts.start(method, "/", 1, 1);
    return facts;
}

/// A filter that owes responses to these methods, with an advertisement to insert.
std::string filter(response_filter& machine, std::initializer_list<std::string_view> methods,
                   std::initializer_list<std::string_view> said, std::uint64_t limit = 100) {
    char text[200] = {};
    filter_options options;
    options.advert = write_advert(text, {tls_token::tls_1_2}).head;
    options.body.content_bytes = limit;
    for (const std::string_view each : methods) {
        CHECK(machine.request(asked(each)) == errc::ok);
    }
    return unit::conversation(machine, options, said);
}

} // namespace

TEST_CASE("every step of a route that follows a 426 through one tunnel, and through two") {
    const unit::heads one(requirement::any, 1);
    route near;
    CHECK(travel(near, one.options, {unit::open_200, spent_426, unit::open_200}) == "dial 0 0\n"
                                                                                    "write 0 57\n"
                                                                                    "read 0 0\n"
                                                                                    "drop 200 21, 21\n"
                                                                                    "write 0 40\n"
                                                                                    "read 0 0\n"
                                                                                    "drop 426 83, 83\n"
                                                                                    "dial 0 0\n"
                                                                                    "write 0 57\n"
                                                                                    "read 0 0\n"
                                                                                    "drop 200 21, 21\n"
                                                                                    "write 0 92\n"
                                                                                    "read 0 0\n");
    CHECK(near.raised());
    CHECK(near.connections() == 2);
    const unit::heads two(requirement::any, 2);
    route far;
    CHECK(travel(far, two.options, {unit::open_200, unit::open_200, spent_426, unit::open_200}) == "dial 0 0\n"
                                                                                                   "write 0 57\n"
                                                                                                   "read 0 0\n"
                                                                                                   "drop 200 21, 21\n"
                                                                                                   "write 0 57\n"
                                                                                                   "read 0 0\n"
                                                                                                   "drop 200 21, 21\n"
                                                                                                   "write 0 40\n"
                                                                                                   "read 0 0\n"
                                                                                                   "drop 426 83, 83\n"
                                                                                                   "dial 0 0\n"
                                                                                                   "write 0 57\n"
                                                                                                   "read 0 0\n"
                                                                                                   "drop 200 21, 21\n"
                                                                                                   "write 0 57\n"
                                                                                                   "read 0 0\n");
    CHECK(far.hop() == 1);
    CHECK(far.status() == 426); // nobody has said another final word
    route known;
    CHECK(travel(known, two.options, {unit::open_200, unit::open_200, spent_426, unit::basic_407, unit::open_200}) ==
          "dial 0 0\n"
          "write 0 57\n"
          "read 0 0\n"
          "drop 200 21, 21\n"
          "write 0 57\n"
          "read 0 0\n"
          "drop 200 21, 21\n"
          "write 0 40\n"
          "read 0 0\n"
          "drop 426 83, 83\n"
          "dial 0 0\n"
          "write 0 57\n"
          "read 0 0\n"
          "drop 407 77, 77\n"
          "write 0 90\n"
          "read 0 0\n"
          "drop 200 21, 21\n"
          "write 0 57\n"
          "read 0 0\n");
    CHECK(known.hop() == 1);
    CHECK(known.status() == 426);
}

TEST_CASE("every step of a route whose last proxy of three gets the request itself") {
    const unit::heads three(requirement::any, 3, true);
    route machine;
    CHECK(travel(machine, three.options, {unit::open_200, "HTTP/1.1 200 Op", "en\r\n\r\n", unit::ok_200}) ==
          "dial 0 0\n"
          "write 0 57\n"
          "read 0 0\n"
          "drop 200 21, 21\n"
          "write 0 57\n"
          "read 0 0\n"
          "read 0 0, 15\n"
          "drop 200 21, 21\n"
          "write 0 61\n"
          "read 0 0\n"
          "answer 200 38, 38\n"
          "body 200 2\n"
          "detach 200 0\n");
    CHECK(machine.hop() == 2);
    CHECK(machine.outcome() == outcome::answered);
}

TEST_CASE("the status of a route that falls back is the final one, and a proxy's no more") {
    const unit::heads forwarded(requirement::any, 1, true, true);
    route machine;
    CHECK(travel(machine, forwarded.options, {no_403, "HTTP/1.1 204 No Content\r\n\r\n"}) == "dial 0 0\n"
                                                                                             "write 0 57\n"
                                                                                             "read 0 0\n"
                                                                                             "drop 403 38, 38\n"
                                                                                             "drop 403 2\n"
                                                                                             "dial 0 0\n"
                                                                                             "write 0 61\n"
                                                                                             "read 0 0\n"
                                                                                             "answer 204 27, 27\n"
                                                                                             "detach 204 0\n");
    CHECK(machine.status() == 204);
}

TEST_CASE("the status of a route is that of a final response: no interim one is, nor a 101") {
    const unit::heads heads(requirement::tls);
    for (const std::string_view interim : {"100", "199"}) {
        route machine;
        (void)unit::ask(machine, heads.options);
        const std::string head = "HTTP/1.1 " + std::string(interim) + " Wait\r\n\r\n";
        CHECK(machine.next(head, heads.options).status == std::stoi(std::string(interim)));
        CHECK(machine.status() == 0);
        CHECK(unit::tell(machine, head + std::string(unit::switch_101), heads.options).last.what == action::start_tls);
        CHECK(machine.status() == 0);
        CHECK(machine.tls_failed() == errc::ok);
        CHECK(machine.next({}, heads.options) == step{{}, action::close, errc::tls_failed, 0, false});
    }
    route machine;
    const unit::heads plain(requirement::any);
    CHECK(travel(machine, plain.options, {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}).ends_with("detach 200 0\n"));
    CHECK(machine.status() == 200);
}

TEST_CASE("a route does not dial once more than it may") {
    unit::heads heads(requirement::any);
    heads.options.connections = 1;
    route machine;
    CHECK(travel(machine, heads.options, {spent_426}) == "dial 0 0\n"
                                                         "write 0 40\n"
                                                         "read 0 0\n"
                                                         "drop 426 83, 83\n"
                                                         "close 426 too_many_attempts 0\n");
    CHECK(machine.error() == errc::too_many_attempts);
}

TEST_CASE("a route over as many proxies as it can number, and over one more") {
    for (const std::size_t proxies : {8U, 9U}) {
        const unit::heads heads(requirement::any, proxies);
        route machine;
        const bool fits = proxies == 8;
        CHECK(machine.next({}, heads.options) ==
              step{{}, fits ? action::dial : action::close, fits ? errc::ok : errc::bad_options, 0, false});
    }
}

TEST_CASE("TLS that fails on a route, and calls on its wrong side") {
    const unit::heads heads(requirement::tls);
    const route_options& options = heads.options;
    route machine;
    CHECK(machine.tls_failed() == errc::wrong_call);
    CHECK(machine.next_secure({}, options) == step{{}, action::wait, errc::wrong_call, 0, false});
    (void)unit::ask(machine, options);
    CHECK(machine.tls_failed() == errc::wrong_call);
    CHECK(unit::tell(machine, unit::switch_101, options).last.what == action::start_tls);
    route failing = machine;
    CHECK(failing.tls_failed() == errc::ok);
    CHECK(failing.next({}, options).error == errc::tls_failed);
    CHECK(failing.outcome() == outcome::refused);
    CHECK(failing.tls_failed() == errc::wrong_call);
    CHECK(machine.tls_established(unit::verified, options) == errc::ok);
    CHECK(machine.next({}, options) == step{{}, action::secure, errc::wrong_call, 0, false});
}

TEST_CASE("every step of a filter: heads and content in pieces, content as long as allowed") {
    response_filter machine;
    CHECK(
        filter(machine, {"GET", "GET"},
               {"HTTP/1.1 199 Wait\r\n\r", "\n", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbo", "dy",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2", "\r\nok\r\n0\r\nOne: 1\r\n", " more\r\n\r\n"},
               4) == "read 0 0\n"
                     "read 0 0, 20\n"
                     "body 199 21, 21\n"
                     "read 0 0\n"
                     "body 200 36, 38\n"
                     "write 200+ 49, 2\n"
                     "body 200 2, 2\n"
                     "body 200 2\n"
                     "read 200 0\n"
                     "body 200 2\n"
                     "read 0 0\n"
                     "body 200 45, 47\n"
                     "write 200+ 49, 2\n"
                     "body 200 2, 2\n"
                     "body 200 1, 1\n"
                     "read 200 0\n"
                     "body 200 2, 2\n"
                     "body 200 2\n"
                     "body 200 13, 13\n"
                     "read 200 0\n"
                     "body 200 9, 9\n"
                     "read 0 0\n");
    CHECK(machine.owed() == 0);
}

TEST_CASE("a 2xx to CONNECT has no content, whatever its head says, and gets no advertisement") {
    for (const std::string_view status : {"200", "201", "299"}) {
        const std::string head = "HTTP/1.1 " + std::string(status) + " Open\r\nContent-Length: 500\r\n\r\n";
        for (const bool second : {false, true}) {
            response_filter machine;
            if (second) {
                CHECK(filter(machine, {"GET"}, {"HTTP/1.1 204 No Content\r\n\r\n"}).ends_with("read 0 0\n"));
            }
            CHECK(filter(machine, {"CONNECT"}, {head + "tunnelled"}) ==
                  "read 0 0\nbody " + std::string(status) + " " + std::to_string(head.size()) + ", " +
                      std::to_string(head.size()) + "\ndetach " + std::string(status) + " 0\n");
        }
    }
}

TEST_CASE("a pipeline keeps each response with its own request") {
    response_filter opened;
    CHECK(filter(opened, {"GET", "CONNECT"}, {"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 Open\r\n\r\n"})
              .ends_with("detach 200 0\n"));
    response_filter refused;
    CHECK(filter(refused, {"CONNECT", "GET", "GET"},
                 {"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n"})
              .ends_with("read 0 0\n"));
    CHECK(refused.owed() == 1);
}

TEST_CASE("an offer that is judged keeps that its connection is to close") {
    for (const bool closing : {false, true}) {
        request_facts facts;
        facts.start("OPTIONS", "*", 1, 1);
        facts.field("Host", "example.com");
        facts.field("Connection", closing ? "Upgrade, close" : "Upgrade");
        facts.field("Upgrade", "TLS/1.2");
        CHECK(facts.finish() == errc::ok);
        const judged offer = judge(facts, unit::any_server.upgrade, "a.example");
        CHECK(offer.why == errc::ok);
        CHECK(offer.last == closing);
    }
}

TEST_CASE("each end of a tunnel has its own name") {
    constexpr std::string_view names[] = {
        "none", "client_closed", "upstream_closed", "client_failed", "upstream_failed", "timeout", "aborted"};
    for (std::size_t at = 0; at < 7; ++at) {
        CHECK(to_string(static_cast<tunnel_end>(at)) == names[at]);
    }
    CHECK(to_string(static_cast<tunnel_end>(7)) == "none");
}
