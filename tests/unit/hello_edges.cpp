// The gate and `judge_hello` at their edges: the octet at which a hello is refused, the longest extension, and the
// alert that the server sends for each refusal.
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tlsup/tlsup.hpp>

#include "support.hpp"

using namespace tlsup;
using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

constexpr std::string_view here = "example.com";
constexpr splice_defence open = splice_defence::accept_splice_risk;

std::string pair(std::size_t value) {
    return {static_cast<char>(static_cast<unsigned char>(value >> 8)),
            static_cast<char>(static_cast<unsigned char>(value & 255))};
}

std::string record(const std::string& content) { return "\x16\x03\x01" + pair(content.size()) + content; }

/// A whole hello with these extensions.
std::string hello(const std::string& extensions) {
    const std::string body =
        "\x03\x03"s + std::string(32, 'r') + "\0\0\x02\x13\x01\x01\0"s + pair(extensions.size()) + extensions;
    return record("\x01\0"s + pair(body.size()) + body);
}

/// How many octets of this extension a gate reads before it refuses; 0 where it does not. The hello goes on behind it.
std::size_t refused_at(const std::string& extension) {
    const std::string whole = hello(extension + std::string(100, '\0'));
    const std::size_t before = whole.size() - 100 - extension.size();
    hello_gate gate;
    CHECK(gate.feed(whole.substr(0, before), here, open) == hello_gate::progress::more);
    for (std::size_t at = 0; at < extension.size(); ++at) {
        if (gate.feed(whole.substr(before + at, 1), here, open) == hello_gate::progress::refuse) {
            CHECK(gate.verdict().why() == errc::bad_hello);
            return at + 1;
        }
    }
    return 0;
}

/// An ALPN extension's body of so many octets, with tlsup/1 in front.
std::string long_alpn(std::size_t size) {
    std::string body = pair(size - 2) + "\x07tlsup/1";
    while (body.size() < size) {
        const std::size_t left = size - body.size();
        const std::size_t name = left <= 256 ? left - 1 : left == 257 ? 254 : 255;
        body += static_cast<char>(static_cast<unsigned char>(name));
        body += std::string(name, 'x');
    }
    return body;
}

hello_verdict engine_says(std::string_view alpn, std::string_view sni, std::string_view host) {
    return judge_hello({alpn, !alpn.empty(), sni, !sni.empty(), false}, host, open);
}

std::string gated(std::string_view bytes, splice_defence how, errc why) {
    server machine;
    REQUIRE(unit::switch_server(machine, unit::probe, unit::any_server));
    hello_gate gate;
    CHECK(gate.feed(bytes, here, how) == hello_gate::progress::refuse);
    CHECK(machine.tls_hello(gate.verdict()) == errc::ok);
    CHECK(machine.state() == server_state::refusing);
    CHECK(machine.error() == why);
    std::string written;
    step now = machine.next(unit::probe, unit::any_server);
    for (; now.what == action::write; now = machine.next(unit::probe, unit::any_server)) {
        written += now.bytes;
        CHECK(now == step{now.bytes, action::write, why, 0, written.size() < 7});
        CHECK(machine.wrote(now.bytes.size()) == errc::ok);
    }
    CHECK(now.what == action::drain);
    CHECK(now.error == why);
    return written;
}

std::string alert(unsigned number) {
    return "\x15\x03\x01\0\x02\x02"s + static_cast<char>(static_cast<unsigned char>(number));
}

} // namespace

TEST_CASE("a hello is refused at the first octet that shows what is wrong with it") {
    CHECK(refused_at("\0\x10\0\x03"s + "\0\x01x"s) == 4);     // too short for a list with a name
    CHECK(refused_at("\0\x10\0\x04"s + "\0\x02\x01x"s) == 0); // long enough
    CHECK(refused_at("\0\0\0\x05"s + "\0\x03\0\0\0"s) == 4);  // the same for a server name
    CHECK(refused_at("\0\0\0\x06"s + "\0\x04\0\0\x01x"s) == 0);
    CHECK(refused_at("\0\x10\0\x0c"s + "\0\x0a\0tlsup/1xx"s) == 7);   // a name of no octet
    CHECK(refused_at("\0\x10\0\x0c"s + "\0\x0a\x0atlsup/1xx"s) == 7); // a name that is longer than its list
    CHECK(refused_at("\0\x10\0\x0c"s + "\0\x0a\x09tlsup/1xx"s) == 0);

    for (const std::size_t length : {std::size_t{0}, std::size_t{1}}) {
        hello_gate gate;
        const bool none = length == 0;
        CHECK(gate.feed("\x16\x03\x01\0\x40\x01\0"s + pair(length), here, open) ==
              (none ? hello_gate::progress::refuse : hello_gate::progress::more));
        CHECK(gate.feed("\x03", here, open) == hello_gate::progress::refuse); // too short for its version
        CHECK(gate.verdict().why() == errc::bad_hello);
    }
}

TEST_CASE("the longest extension that an engine can show") {
    constexpr std::string_view sni = "\0\x0e\0\0\x0b"
                                     "example.com"sv;
    for (const std::size_t size : {10U, 600U, 65530U, 65531U}) {
        CAPTURE(size);
        const std::string alpn = long_alpn(size);
        REQUIRE(alpn.size() == size);
        CHECK(engine_says(alpn, {}, here).passed());
        CHECK(engine_says(alpn, sni, here).passed());
    }
    CHECK(engine_says(long_alpn(65532), {}, here).why() == errc::bad_hello);
    CHECK(engine_says(long_alpn(65533), {}, here).why() == errc::bad_hello);
}

TEST_CASE("brackets around a host are no part of it, where there is something in them") {
    CHECK(engine_says({}, "\0\x04\0\0\x01z"sv, "[z]").passed());
    CHECK(engine_says({}, "\0\x05\0\0\x02[]"sv, "[]").passed());
    CHECK(engine_says({}, "\0\x05\0\0\x02[]"sv, "[z]").why() == errc::wrong_name);
}

TEST_CASE("each refusal of a hello has its alert, and the server sends it") {
    const std::string foreign = "\0\x10\0\x05\0\x03\x02h2"s;
    const std::string other = "\0\0\0\x06\0\x04\0\0\x01x"s;
    CHECK(gated("GET / HTTP/1.1\r\n", open, errc::not_a_hello) == alert(10));
    CHECK(gated("\x16", splice_defence::no_upgrade, errc::upgrade_disabled) == alert(40));
    CHECK(gated(hello("\0\x2a\0\0"s), open, errc::early_data) == alert(47));
    CHECK(gated(hello("\0\x10\0\x03\0\0\0"s), open, errc::bad_hello) == alert(50));
    CHECK(gated("\x80", open, errc::not_a_hello) == alert(70));
    CHECK(gated(hello(other), open, errc::wrong_name) == alert(112));
    CHECK(gated(hello(foreign), open, errc::foreign_alpn) == alert(120));
}

TEST_CASE("a refusal that the engine tells of itself ends the server at once") {
    server machine;
    REQUIRE(unit::switch_server(machine, unit::probe, unit::any_server));
    CHECK(machine.tls_hello(engine_says("\0\x03\x02h2"sv, {}, here)) == errc::ok);
    CHECK(machine.next(unit::probe, unit::any_server) == step{{}, action::close, errc::foreign_alpn, 0, false});
}
