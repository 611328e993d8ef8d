// The filter that advertises TLS in a host's own responses.
#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <string>
#include <type_traits>
#include <vector>

using namespace tlsup;

static_assert(std::is_trivially_copyable_v<response_filter> && sizeof(response_filter) <= 128);

namespace {

constexpr std::string_view upgrade_line = "Upgrade: TLS/1.3, TLS/1.2, TLS/1.0, HTTP/1.1\r\n";
constexpr std::string_view option_line = "Connection: Upgrade\r\n";

filter_options advertising() {
    static char text[128]; // NOLINT: one text for all tests
    filter_options options;
    options.advert = write_advert(text, default_tokens).head;
    REQUIRE(options.advert.upgrade_line() == upgrade_line);
    REQUIRE(options.advert.text() == std::string(upgrade_line) + std::string(option_line));
    return options;
}

request_facts asked(std::string_view method_text, unsigned minor = 1) {
    request_facts facts;
    facts.start(method_text, method_text == "CONNECT" ? "a:1" : "/", 1, minor);
    return facts;
}

struct run {
    std::string out{};
    std::string rest{}; // of the host's bytes, unread at the end
    action end = action::read;
    errc error = errc::ok;
    unsigned owed = 0;
    bool operator==(const run&) const = default;
};

/// Passes the pieces through; `most`: octets that leave at once.
run pass(response_filter& machine, const std::vector<std::string_view>& pieces, const filter_options& options,
         std::size_t most, bool closed) {
    run seen;
    std::string buffer;
    std::size_t piece = 0;
    while (true) {
        const step now = machine.next(buffer, options);
        const response_filter before = machine;
        CHECK(machine.next(buffer, options) == now); // level-triggered
        CHECK(machine == before);
        CHECK(machine.took(now.bytes.size() + 1) == errc::wrong_call);
        CHECK(machine.wrote(now.bytes.size() + 1) == errc::wrong_call);
        CHECK(machine.took(1) == (now.what == action::body ? errc::ok : errc::wrong_call));
        if (now.what != action::body) {
            CHECK(machine == before);
        }
        machine = before;
        const std::string_view some = now.bytes.substr(0, now.bytes.size() < most ? now.bytes.size() : most);
        if (now.what == action::body) {
            CHECK(machine.wrote(1) == errc::wrong_call);
            CHECK(now.bytes.data() == buffer.data()); // no copy
            seen.out += some;
            REQUIRE(machine.took(some.size()) == errc::ok);
            buffer.erase(0, some.size());
        } else if (now.what == action::write) {
            CHECK(now.more);
            seen.out += some;
            REQUIRE(machine.wrote(some.size()) == errc::ok);
        } else if (now.what == action::read) {
            CHECK(now.bytes.empty());
            if (piece < pieces.size()) {
                buffer += pieces[piece++];
            } else if (closed) {
                REQUIRE(machine.peer_closed() == errc::ok);
            } else {
                break;
            }
        } else {
            seen.end = now.what;
            seen.error = now.error;
            break;
        }
    }
    for (; piece < pieces.size(); ++piece) {
        buffer += pieces[piece];
    }
    seen.rest = buffer;
    seen.owed = machine.owed();
    return seen;
}

/// The same whatever the pieces: whole, at every split, byte by byte.
run every_way(std::string_view input, const std::vector<request_facts>& requests, const filter_options& options,
              bool closed) {
    const auto once = [&](const std::vector<std::string_view>& pieces, std::size_t most) {
        response_filter machine;
        for (const request_facts& each : requests) {
            REQUIRE(machine.request(each) == errc::ok);
        }
        return pass(machine, pieces, options, most, closed);
    };
    const run whole = once({input}, input.size() + 200);
    for (std::size_t at = 0; at <= input.size(); ++at) {
        CHECK(once({input.substr(0, at), input.substr(at)}, 1 + at % 7) == whole);
    }
    std::vector<std::string_view> bytes;
    for (std::size_t at = 0; at < input.size(); ++at) {
        bytes.push_back(input.substr(at, 1));
    }
    CHECK(once(bytes, 1) == whole);
    return whole;
}

/// What becomes of a response to GET whose content is empty or has an end of its own.
std::string one(std::string_view input, const filter_options& options, const request_facts& request = asked("GET")) {
    const run seen = every_way(input, {request}, options, false);
    CHECK(seen.error == errc::ok);
    CHECK(seen.rest.empty());
    CHECK(seen.owed == 0);
    return seen.out;
}
std::string one(std::string_view input) { return one(input, advertising()); }

std::string replaced(std::string_view text, std::string_view what, std::string_view with) {
    std::string made(text);
    const std::size_t at = made.find(what);
    REQUIRE(at != std::string::npos);
    return made.replace(at, what.size(), with);
}

} // namespace

TEST_CASE("a response gets the two fields, and nothing else changes (2817-14, 9110-7.8-11, 9110-9.3.7-02)") {
    const std::string both = std::string(upgrade_line) + std::string(option_line);
    for (const std::string_view each :
         {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n#\r\nhello", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n#\r\n",
          "HTTP/1.1 204 \r\n#\r\n", "HTTP/1.1 304 X\r\nContent-Length: 5\r\nX:  a \xff\t\r\n#\r\n",
          "HTTP/1.1 404 X\r\nTransfer-Encoding: chunked\r\n#\r\n5;a=\"b\"\r\nhello\r\n0\r\nT: x\r\n y\r\n\r\n",
          "HTTP/1.1 200 X\r\nX: a\r\n b\r\nContent-Length: 1\r\n#\r\nx"}) {
        CHECK(one(replaced(each, "#", "")) == replaced(each, "#", both));
    }
    CHECK(one("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", advertising(), asked("HEAD")) ==
          "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" + both + "\r\n");
    CHECK(one("HTTP/1.1 405 No\r\nContent-Length: 1\r\n\r\nx", advertising(), asked("CONNECT")) ==
          "HTTP/1.1 405 No\r\nContent-Length: 1\r\n" + both + "\r\nx");
}

TEST_CASE("an existing Connection field is added to (9110-7.6.1-03, 9110-7.8-14)") {
    struct {
        std::string_view before;
        std::string_view after;
    } const table[] = {
        {"Connection: keep-alive\r\n", "Connection: keep-alive, Upgrade\r\n"},
        {"connection:keep-alive\t \r\n", "connection:keep-alive, Upgrade\t \r\n"},
        {"Connection: keep-alive,\r\n", "Connection: keep-alive, Upgrade\r\n"},
        {"Connection: keep-alive , \r\n", "Connection: keep-alive , Upgrade \r\n"},
        {"Connection:\r\n", "Connection: Upgrade\r\n"},
        {"Connection: \t\r\n", "Connection: Upgrade \t\r\n"},
        {"Connection: ,\r\n", "Connection: , Upgrade\r\n"},
        {"Connection: a\r\nX: 1\r\nConnection: b\r\n", "Connection: a, Upgrade\r\nX: 1\r\nConnection: b\r\n"},
        {"Connection:\r\nConnection: b\r\n", "Connection: Upgrade\r\nConnection: b\r\n"},
        {"Connection: upGrade\r\n", "Connection: upGrade\r\n"},
        {"Connection: a\r\nConnection: b, upgrade\r\n", "Connection: a\r\nConnection: b, upgrade\r\n"},
        {"Connection: a,\r\n b\r\n \r\n", "Connection: a,\r\n b, Upgrade\r\n \r\n"},
        {"Connection: \r\n \r\n", "Connection: Upgrade \r\n \r\n"},
        {"Connection: x-upgrade\r\n", "Connection: x-upgrade, Upgrade\r\n"},
    };
    for (const auto& each : table) {
        const std::string start = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n";
        const std::string got = one(start + std::string(each.before) + "X: y\r\n\r\nhi");
        const std::string wanted = start + std::string(each.after) + "X: y\r\n" + std::string(upgrade_line) + "\r\nhi";
        CHECK_MESSAGE(got == wanted, each.before);
        response_facts facts;
        detail::head_reader<response_facts> reader;
        CHECK(reader.read(got, {}, facts) == detail::head_reader<response_facts>::progress::done);
        CHECK(facts.finish() == errc::ok);
        CHECK(facts.advertised() == default_tokens);
    }
    std::string members = "Connection: a";
    for (int count = 1; count < 31; ++count) {
        members += ",a";
    }
    const std::string start = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n";
    CHECK(one(start + members + "\r\n\r\n") == start + members + ", Upgrade\r\n" + std::string(upgrade_line) + "\r\n");
    CHECK(one(start + members + ",a\r\n\r\n") == start + members + ",a\r\n\r\n"); // 32 are the most, 9110-5.6.1.2
}

TEST_CASE("what gets nothing (2817-14, 2817-12, 9110-7.8-15)") {
    const auto same = [](std::string_view text, const filter_options& options, const request_facts& request) {
        CHECK_MESSAGE(one(text, options, request) == text, text);
    };
    constexpr std::string_view plain = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    filter_options options = advertising();
    same("HTTP/1.1 426 X\r\nContent-Length: 0\r\n\r\n", options, asked("GET"));
    same("HTTP/1.1 200 X\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n", options, asked("GET"));
    same("HTTP/1.1 200 X\r\nConnection: a\r\nContent-Length: 0\r\nupgrade:\r\n\r\n", options, asked("GET"));
    same("HTTP/1.1 200 X\r\nConnection: a b\r\nContent-Length: 0\r\n\r\n", options, asked("GET"));
    same("HTTP/1.0 200 X\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", options, asked("GET"));
    same(plain, options, asked("GET", 0));
    options.secure = true;
    same(plain, options, asked("GET"));
    same(plain, {}, asked("GET"));
}

TEST_CASE("interim responses pass, before the final one (9110-15.2-03)") {
    const std::string interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 X\r\nLink: a\r\nContent-Length: 9\r\n\r\n";
    const std::string final = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";
    CHECK(one(interim + final) == interim + one(final));
    filter_options options = advertising();
    options.interim_responses = 1;
    const run seen = every_way(interim + final, {asked("GET")}, options, false);
    CHECK(seen.error == errc::too_many_interim);
    CHECK(seen.out == "HTTP/1.1 100 Continue\r\n\r\n");
    const std::string twice = "HTTP/1.1 103 X\r\n\r\n" + final + "HTTP/1.1 103 X\r\n\r\n" + final;
    CHECK(every_way(twice, {asked("GET"), asked("GET")}, options, false).error == errc::ok); // each has its own limit
}

TEST_CASE("pipelined responses, each by its own request (9112-9.3.2-01)") {
    const std::string sized = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
    const std::string added =
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + std::string(upgrade_line) + std::string(option_line) + "\r\n";
    const std::string empty = "HTTP/1.1 204 X\r\nUpgrade: x\r\n\r\n";
    const run seen = every_way(
        sized + sized + "hi" + empty + sized + "yo" + sized + sized + "ab",
        {asked("HEAD"), asked("GET"), asked("OPTIONS"), asked("GET", 0), asked("HEAD", 0), asked("POST"), asked("GET")},
        advertising(), false);
    CHECK(seen.out == added + added + "hi" + empty + sized + "yo" + sized + added + "ab");
    CHECK(seen.end == action::read);
    CHECK(seen.owed == 1);
}

TEST_CASE("32 requests may be outstanding (9112-9.3.2-01)") {
    response_filter machine;
    for (int count = 0; count < 32; ++count) {
        CHECK(machine.request(asked(count == 31 ? "HEAD" : "GET")) == errc::ok);
    }
    const response_filter before = machine;
    CHECK(machine.request(asked("GET")) == errc::pipeline_too_long);
    CHECK(machine == before);
    CHECK(machine.owed() == 32);
    std::string many;
    for (int count = 0; count < 32; ++count) {
        many += "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n";
        many += count == 31 ? "" : "x";
    }
    const run seen = pass(machine, {many}, advertising(), 1000, false);
    CHECK(seen.error == errc::ok);
    CHECK(seen.owed == 0);
    CHECK(machine.request(asked("GET")) == errc::ok);
}

TEST_CASE("behind a switch the bytes are the host's (9110-7.8-12, 9110-9.3.6-05)") {
    const std::string switching = "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    run seen = every_way(switching + "HTTP?", {asked("GET")}, advertising(), false);
    CHECK(seen.end == action::detach);
    CHECK(seen.out == switching);
    CHECK(seen.rest == "HTTP?");
    CHECK(seen.owed == 0);
    const std::string opened = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    seen = every_way("HTTP/1.1 100 Go\r\n\r\n" + opened + "tunnel", {asked("CONNECT")}, advertising(), true);
    CHECK(seen.end == action::detach);
    CHECK(seen.out == "HTTP/1.1 100 Go\r\n\r\n" + opened);
    CHECK(seen.rest == "tunnel");
    response_filter machine;
    REQUIRE(machine.request(asked("CONNECT")) == errc::ok);
    (void)pass(machine, {opened}, advertising(), 9, false);
    CHECK(machine.outcome() == outcome::detached);
    const response_filter before = machine;
    CHECK(machine.request(asked("GET")) == errc::wrong_call);
    CHECK(machine.peer_closed() == errc::wrong_call);
    CHECK(machine.abort(errc::timeout) == errc::wrong_call);
    CHECK(machine == before);
}

TEST_CASE("a 101 of HTTP/1.0, or to such a request, does not pass (9110-15.2-01)") {
    const std::string fields = " 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    for (const unsigned minor : {0U, 1U}) {
        for (const std::string_view spoken : {"HTTP/1.0", "HTTP/1.1"}) {
            const bool good = minor == 1 && spoken == "HTTP/1.1";
            const run seen = every_way(std::string(spoken) + fields, {asked("GET", minor)}, advertising(), false);
            CHECK(seen.end == (good ? action::detach : action::close));
            CHECK(seen.error == (good ? errc::ok : errc::switch_in_http_1_0));
            CHECK(seen.out == (good ? std::string(spoken) + fields : std::string{}));
        }
    }
}

TEST_CASE("an advertisement that is exchanged while it is written is bad_options (9110-7.8-11)") {
    filter_options options = advertising();
    char text[128] = {};
    response_filter machine;
    REQUIRE(machine.request(asked("GET")) == errc::ok);
    constexpr std::string_view head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    const step first = machine.next(head, options);
    REQUIRE(first.what == action::body);
    REQUIRE(machine.took(first.bytes.size()) == errc::ok);
    REQUIRE(machine.next("\r\n", options).what == action::write);
    for (const prepared_head& wrong : {write_advert(text, default_tokens, true).head, write_426(text, {}, {}).head}) {
        response_filter copy = machine;
        options.advert = wrong;
        CHECK(copy.next("\r\n", options).error == errc::bad_options);
    }
}

TEST_CASE("the end of a connection (9112-9.6-04, 9112-6.3-09, 9112-6.3-11)") {
    struct {
        std::string_view input;
        bool closed;
        errc why;
        std::string_view rest;
        unsigned owed;
        outcome how;
    } const table[] = {
        {"HTTP/1.1 200 X\r\nContent-Length: 1\r\nConnection: close\r\n\r\nxyz", false, errc::ok, "yz", 1,
         outcome::served},
        {"HTTP/1.0 200 X\r\nContent-Length: 1\r\n\r\nx", false, errc::ok, "", 1, outcome::served},
        {"HTTP/1.1 200 X\r\n\r\nany", true, errc::ok, "", 1, outcome::served},
        {"HTTP/1.1 200 X\r\nTransfer-Encoding: gzip\r\n\r\nany", true, errc::ok, "", 1, outcome::served},
        {"HTTP/1.1 200 X\r\nContent-Length: 5\r\n\r\nhi", true, errc::truncated, "", 2, outcome::truncated},
        {"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", true, errc::truncated, "", 2, outcome::truncated},
        {"HTTP/1.1 200 X\r\nContent-Le", true, errc::truncated, "HTTP/1.1 200 X\r\nContent-Le", 2, outcome::truncated},
        {"HTTP/1.1 204 X\r\n\r\n", true, errc::peer_closed, "", 1, outcome::failed},
        {"HTTP/1.1 204 X\r\n\r\nHTTP/1.1 204 X\r\n\r\n", true, errc::ok, "", 0, outcome::served},
        {"HTTP/1.1 204 X\r\n\r\nHTTP/1.1 204 X\r\n\r\nHTTP/1.1", false, errc::unsolicited_response, "HTTP/1.1", 0,
         outcome::broken},
    };
    for (const auto& each : table) {
        const run seen = every_way(each.input, {asked("GET"), asked("GET")}, advertising(), each.closed);
        CHECK_MESSAGE(seen.end == action::close, each.input);
        CHECK_MESSAGE(seen.error == each.why, each.input);
        CHECK_MESSAGE(seen.rest == each.rest, each.input);
        CHECK_MESSAGE(seen.owed == each.owed, each.input);
        response_filter machine;
        REQUIRE(machine.request(asked("GET")) == errc::ok);
        REQUIRE(machine.request(asked("GET")) == errc::ok);
        (void)pass(machine, {each.input}, advertising(), 1000, each.closed);
        CHECK(machine.outcome() == each.how);
    }
    CHECK(every_way("x", {}, advertising(), false).error == errc::unsolicited_response);
    CHECK(every_way("", {}, advertising(), true).error == errc::ok);
}

TEST_CASE("a malformed response goes nowhere (9112-6.3-08, 9112-4-01)") {
    struct {
        std::string_view input;
        errc why;
    } const table[] = {
        {"\x15\x03\x01", errc::bad_version},
        {"HTTP/1.1 20 X\r\n\r\n", errc::bad_status_line},
        {"HTTP/2.0 200 X\r\n\r\n", errc::unsupported_version},
        {"HTTP/1.1 200 X\r\nX : y\r\n\r\n", errc::space_before_colon},
        {"HTTP/1.1 200 X\nY: z\r\n\r\n", errc::bare_lf},
        {"HTTP/1.1 200 X\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", errc::repeated_content_length},
        {"HTTP/1.1 200 X\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
         errc::length_and_transfer_encoding},
        {"HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\n", errc::content_too_large},
        {"HTTP/1.1 101 X\r\nContent-Length: x\r\n\r\n", errc::bad_content_length},
    };
    filter_options options = advertising();
    options.body.content_bytes = 999;
    for (const auto& each : table) {
        const run seen = every_way(each.input, {asked("GET")}, options, false);
        CHECK_MESSAGE(seen.error == each.why, each.input);
        CHECK(seen.out.empty());
        CHECK(seen.owed == 1);
    }
    const run chunk =
        every_way("HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxx", {asked("GET")}, options, false);
    CHECK(chunk.error == errc::bad_chunk);
    options.head.head_bytes = 30;
    CHECK(every_way("HTTP/1.1 200 X\r\nContent-Length: 1\r\n\r\nx", {asked("GET")}, options, false).error ==
          errc::head_too_large);
}

TEST_CASE("calls that do not fit change nothing") {
    response_filter machine;
    const filter_options options = advertising();
    CHECK(machine.took(1) == errc::wrong_call);
    CHECK(machine.wrote(0) == errc::wrong_call);
    CHECK(machine == response_filter{});
    REQUIRE(machine.request(asked("GET")) == errc::ok);
    constexpr std::string_view text = "HTTP/1.1 200 X\r\nContent-Length: 5\r\n\r\nhello";
    const step head = machine.next(text, options);
    REQUIRE(head.what == action::body);
    CHECK(head.status == 200);
    CHECK(head.bytes == "HTTP/1.1 200 X\r\nContent-Length: 5\r\n");
    response_filter before = machine;
    CHECK(machine.next(text.substr(0, 10), options).error == errc::wrong_call); // bytes were lost
    CHECK(machine == before);
    REQUIRE(machine.took(head.bytes.size()) == errc::ok);
    before = machine;
    CHECK(machine.took(0) == errc::wrong_call); // it is to write now
    CHECK(machine == before);
    CHECK(machine.next(text.substr(head.bytes.size()), options).what == action::write);
    CHECK(machine.owed() == 1);
    CHECK(machine.abort(errc::timeout) == errc::ok);
    CHECK(machine.error() == errc::timeout);
    CHECK(machine.outcome() == outcome::failed);
    CHECK(machine.next(text, options).error == errc::timeout);
}

TEST_CASE("the advertisement is one, and says nothing about closing") {
    char text[128];
    filter_options options;
    options.advert = write_advert(text, default_tokens, true).head;
    CHECK(response_filter{}.next({}, options).error == errc::bad_options);
    options.advert = write_probe(text, "a", default_tokens).head;
    CHECK(options.advert.upgrade_line().empty());
    CHECK(response_filter{}.next({}, options).error == errc::bad_options);
}

TEST_CASE("a filter can be given up while a head leaves") {
    request_facts asked;
    asked.start("GET", "/", 1, 1);
    asked.field("host", "a");
    REQUIRE(asked.finish() == errc::ok);
    response_filter it;
    REQUIRE(it.request(asked) == errc::ok);
    REQUIRE(it.next("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", filter_options{}).what == action::body);
    REQUIRE(it.state() == response_filter_state::passing);
    CHECK(it.abort(errc::timeout) == errc::ok);
    CHECK(it.state() == response_filter_state::closed);
    CHECK(it.outcome() == outcome::failed);
}
