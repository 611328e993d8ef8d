// hello.hpp: the gate and judge_hello, whole, in every cut, over many records, and every way to be refused.

#include <tlsup/hello.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace {

using tlsup::errc;
using tlsup::hello_facts;
using tlsup::hello_gate;
using tlsup::hello_verdict;
using tlsup::judge_hello;
using tlsup::same_host;
using tlsup::splice_defence;
using progress = hello_gate::progress;
using namespace std::string_literals;
using namespace std::string_view_literals;

static_assert(sizeof(hello_gate) <= 24);
static_assert(std::is_trivially_copyable_v<hello_gate> && std::is_trivially_copyable_v<hello_verdict>);
static_assert(std::is_default_constructible_v<hello_gate> && !std::is_default_constructible_v<hello_verdict>);
static_assert(!std::is_default_constructible_v<hello_facts>);
static_assert(!std::is_constructible_v<hello_facts, std::string_view, bool, std::string_view, bool>);
static_assert(!std::is_constructible_v<hello_verdict, errc, std::uint8_t, bool, bool, bool>);

// Bytes that can be put together at compile time.
struct wire {
    char data[1024] = {};
    std::size_t size = 0;

    constexpr wire() = default;
    constexpr explicit wire(std::string_view text) { add(text); }
    [[nodiscard]] constexpr std::string_view view() const { return {data, size}; }
    constexpr wire& byte(std::size_t value) {
        data[size++] = static_cast<char>(static_cast<unsigned char>(value & 255));
        return *this;
    }
    constexpr wire& pair(std::size_t value) { return byte(value >> 8).byte(value); }
    constexpr wire& add(std::string_view text) {
        for (const char each : text) {
            data[size++] = each;
        }
        return *this;
    }
    constexpr wire& add(const wire& other) { return add(other.view()); }
};

constexpr wire name(std::string_view text) { return wire{}.byte(text.size()).add(text); }
constexpr wire list(const wire& names) { return wire{}.pair(names.size).add(names); }
constexpr wire host(std::string_view text, std::size_t type = 0) {
    return wire{}.byte(type).pair(text.size()).add(text);
}
constexpr wire extension(std::size_t type, const wire& body) { return wire{}.pair(type).pair(body.size).add(body); }

constexpr wire alpn(std::string_view text) { return extension(16, list(name(text))); }
constexpr wire sni(std::string_view text) { return extension(0, list(host(text))); }
constexpr wire early() { return extension(42, wire{}); }

struct shape {
    std::size_t session = 32;
    std::size_t suites = 4;
    std::size_t compressions = 1;
    bool extensions = true;
};

constexpr wire filler(std::size_t size) {
    wire made;
    for (std::size_t at = 0; at < size; ++at) {
        made.byte(at * 37);
    }
    return made;
}

constexpr wire message(const wire& body, std::size_t type = 1) {
    return wire{}.byte(type).byte(0).pair(body.size).add(body);
}
constexpr wire body(const wire& extensions, const shape& form = {}) {
    wire made;
    made.pair(0x0303).add(filler(32));
    made.byte(form.session).add(filler(form.session));
    made.pair(form.suites).add(filler(form.suites));
    made.byte(form.compressions).add(filler(form.compressions));
    if (form.extensions) {
        made.pair(extensions.size).add(extensions);
    }
    return made;
}
constexpr wire record(const wire& content, std::size_t type = 22) {
    return wire{}.byte(type).pair(0x0301).pair(content.size).add(content);
}
constexpr wire hello(const wire& extensions, const shape& form = {}) { return record(message(body(extensions, form))); }
constexpr wire good() {
    return hello(wire{}.add(sni("example.com")).add(extension(43, wire{"\x02\x03\x04"})).add(alpn("tlsup/1")));
}

constexpr std::string_view here = "example.com";
constexpr splice_defence strict = splice_defence::bound_alpn;
constexpr splice_defence named = splice_defence::dedicated_name;
constexpr splice_defence open = splice_defence::accept_splice_risk;

constexpr errc run(const wire& bytes, splice_defence how = strict, std::string_view expected = here) {
    hello_gate gate;
    const progress at = gate.feed(bytes.view(), expected, how);
    const errc why = gate.verdict().why();
    return at == progress::more ? errc::truncated : (at == progress::pass) == gate.verdict().passed() ? why : errc::ok;
}

static_assert(run(good()) == errc::ok);
static_assert(run(hello(alpn("tlsup/1"))) == errc::ok);
static_assert(run(hello(alpn("h2"))) == errc::foreign_alpn);
static_assert(run(hello(wire{})) == errc::missing_alpn);
static_assert(run(hello(sni("example.com")), named) == errc::ok);
static_assert(run(hello(wire{}), named) == errc::missing_name);
static_assert(run(hello(alpn("tlsup/1")), named) == errc::missing_name); // the name is asked for, ALPN or not
static_assert(run(hello(sni("example.org")), named) == errc::wrong_name);
static_assert(run(hello(wire{}), splice_defence::accept_splice_risk) == errc::ok);
static_assert(run(hello(wire{}, {.extensions = false}), splice_defence::accept_splice_risk) == errc::ok);
static_assert(run(good(), strict, "example.org") == errc::wrong_name);
static_assert(run(good(), splice_defence::no_upgrade) == errc::upgrade_disabled);
static_assert(run(wire{"GET / HTTP/1.1\r\n"}) == errc::not_a_hello);
static_assert(judge_hello({"\x00\x08\x07tlsup/1"sv, true, {}, false, false}, here, strict).passed());
static_assert(judge_hello({"\x00\x03\x02h2"sv, true, {}, false, false}, here, named).alert() == 120);

// The message of one record, cut into records of `size` bytes.
std::string cut(std::string_view bytes, std::size_t size) {
    std::string made;
    for (std::size_t at = 5; at < bytes.size(); at += size) {
        const std::string_view piece = bytes.substr(at, size);
        made += "\x16\x03\x01"sv;
        made += static_cast<char>(piece.size() >> 8);
        made += static_cast<char>(piece.size() & 255);
        made += piece;
    }
    return made;
}

// Feeds it whole, byte by byte and in every two pieces; the decision must be the same, and stay.
errc every_way(std::string_view bytes, splice_defence how = strict, std::string_view expected = here) {
    hello_gate whole;
    const progress end = whole.feed(bytes, expected, how);
    hello_gate each;
    for (const char byte : bytes) {
        static_cast<void>(each.feed({&byte, 1}, expected, how));
    }
    CHECK(each == whole);
    for (std::size_t at = 0; at <= bytes.size(); ++at) {
        hello_gate two;
        const progress first = two.feed(bytes.substr(0, at), expected, how);
        REQUIRE((first == progress::more || first == end));
        REQUIRE(two.feed(bytes.substr(at), expected, how) == end);
        REQUIRE(two == whole);
    }
    const hello_gate before = whole;
    if (end != progress::more) {
        CHECK(whole.feed("\x16\x03\x01\x00\x05tail!"sv, expected, how) == end);
        CHECK(whole == before);
    }
    CHECK_FALSE(before.verdict().engine_sends_alert());
    CHECK(before.verdict().passed() == (end == progress::pass));
    CHECK((before.verdict().alert() == 0) == (end == progress::pass));
    return end == progress::more ? errc::truncated : before.verdict().why();
}

errc every_way(const wire& bytes, splice_defence how = strict, std::string_view expected = here) {
    return every_way(bytes.view(), how, expected);
}

// Both doors, on the same extensions.
errc both(const wire* alpn_body, const wire* sni_body, bool early_data, std::string_view expected, splice_defence how) {
    wire extensions;
    if (early_data) {
        extensions.add(early());
    }
    if (sni_body != nullptr) {
        extensions.add(extension(0, *sni_body));
    }
    if (alpn_body != nullptr) {
        extensions.add(extension(16, *alpn_body));
    }
    const wire bytes = hello(extensions);
    hello_gate gate;
    static_cast<void>(gate.feed(bytes.view(), expected, how));
    const hello_verdict one = gate.verdict();
    const hello_facts facts(alpn_body != nullptr ? alpn_body->view() : "junk"sv, alpn_body != nullptr,
                            sni_body != nullptr ? sni_body->view() : "junk"sv, sni_body != nullptr, early_data);
    const hello_verdict other = judge_hello(facts, expected, how);
    CHECK(one.why() == other.why());
    CHECK(one.alert() == other.alert());
    CHECK(other.engine_sends_alert());
    if (one.why() != errc::bad_hello && one.why() != errc::upgrade_disabled) {
        CHECK(one.has_sni() == (sni_body != nullptr));
        CHECK(one.has_alpn() == (alpn_body != nullptr));
        CHECK(one.has_sni() == other.has_sni());
        CHECK(one.has_alpn() == other.has_alpn());
    }
    return one.why();
}

std::string unhex(std::string_view text) {
    std::string bytes;
    for (std::size_t at = 0; at + 1 < text.size(); at += 2) {
        bytes += static_cast<char>(tlsup::detail::hex_value(text[at]) * 16 + tlsup::detail::hex_value(text[at + 1]));
    }
    return bytes;
}

// OpenSSL 3.0: openssl s_client -alpn tlsup/1 -servername example.com
constexpr std::string_view captured =
    "1603010146010001420303bf215b242840dc108ba60ecdd9de766833f62e3664a2252040fbb7f1c320087c2016a7ac111577"
    "1dcda1f8639122d3877f49ada5924ce1e249c6605b6e6e864ac9003e130213031301c02cc030009fcca9cca8ccaac02bc02f"
    "009ec024c028006bc023c0270067c00ac0140039c009c0130033009d009c003d003c0035002f00ff010000bb00000010000e"
    "00000b6578616d706c652e636f6d000b000403000102000a00160014001d0017001e00190018010001010102010301040023"
    "00000010000a000807746c7375702f310016000000170000000d002a0028040305030603080708080809080a080b08040805"
    "0806040105010601030303010302040205020602002b0009080304030303020301002d00020101003300260024001d00205f"
    "381ae4bb62c6080efa50c102f371dc6b071a836bdd0c4cf61d05bc881d431d";

} // namespace

TEST_CASE("hello: a good one passes in every cut") {
    CHECK(every_way(good()) == errc::ok);
    const wire bytes = good();
    hello_gate gate;
    CHECK(gate.feed({}, here, strict) == progress::more);
    CHECK(gate == hello_gate{});
    CHECK(gate.feed(bytes.view().substr(0, bytes.size - 1), here, strict) == progress::more);
    CHECK(gate.verdict().why() == errc::bad_hello); // nothing is decided
    CHECK(gate.feed(bytes.view().substr(bytes.size - 1), here, strict) == progress::pass);
    CHECK(gate.verdict().has_alpn());
    CHECK(gate.verdict().has_sni());
    CHECK(gate.verdict().alert() == 0);
    CHECK(gate.feed("GET", "elsewhere", splice_defence::no_upgrade) == progress::pass);
}

TEST_CASE("hello: what is behind it is not looked at") {
    CHECK(every_way(std::string(good().view()) + "\x14\x03\x03\x00\x01\x01"s) == errc::ok);
    CHECK(every_way(std::string(good().view()) + "GET / HTTP/1.1") == errc::ok);
}

TEST_CASE("hello: records of every size") {
    const wire bytes = good();
    for (std::size_t size = 1; size < bytes.size; ++size) {
        CHECK(every_way(cut(bytes.view(), size)) == errc::ok);
        CHECK(every_way(cut(hello(alpn("h2")).view(), size)) == errc::foreign_alpn);
    }
}

TEST_CASE("hello: OpenSSL's own") {
    const std::string bytes = unhex(captured);
    CHECK(every_way(bytes) == errc::ok);
    CHECK(every_way(bytes, named) == errc::ok);
    CHECK(every_way(cut(bytes, 1)) == errc::ok);
    CHECK(every_way(bytes, strict, "example.org") == errc::wrong_name);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        hello_gate gate;
        CHECK(gate.feed(std::string_view(bytes).substr(0, size), here, strict) == progress::more);
        CHECK_FALSE(gate.verdict().passed());
    }
}

TEST_CASE("hello: records that are none") {
    const auto alert = [](std::string_view bytes) {
        hello_gate gate;
        CHECK(gate.feed(bytes, here, strict) == progress::refuse);
        CHECK(gate.verdict().why() == errc::not_a_hello);
        return int{gate.verdict().alert()};
    };
    CHECK(every_way("GET / HTTP/1.1\r\n"sv) == errc::not_a_hello);
    CHECK(alert("GET") == 10);
    CHECK(alert("\x17") == 10);
    CHECK(alert("\x15\x03\x01") == 10);
    CHECK(alert("\x80\x2e\x01\x03\x01") == 70); // SSLv2
    CHECK(alert("\x16\x02") == 70);
    CHECK(alert("\x16\x04") == 70);
    CHECK(alert("\x16\xfe\xff") == 70); // DTLS
    CHECK(alert(record(message(body(wire{}), 2)).view()) == 10);
    CHECK(alert("\x16\x03\x01\x00\x01\x01\x17\x03\x03"sv) == 10); // another record inside the hello
    CHECK(alert("\x16\x03\x01\x00\x01\x01\x80\x03\x03"sv) == 70);
    CHECK(every_way("\x16\x03\x01\x00\x00"sv) == errc::bad_hello);
    CHECK(every_way("\x16\x03\x01\x40\x01"sv) == errc::bad_hello);
    CHECK(every_way("\x16\x03\x01\x40\x00"sv) == errc::truncated);
    CHECK(every_way("\x16\x03\x01\x40\x00\x01\x01"sv) == errc::bad_hello); // 65 536 bytes or more
    CHECK(every_way("\x16\x03\x01\x40\x00\x01\x00\x00\x00"sv) == errc::bad_hello);
    CHECK(every_way("\x16\x03\x01\x40\x00\x01\x00\xff\xff"sv) == errc::truncated);
}

TEST_CASE("hello: the largest hello") {
    const std::size_t padding = 65535 - 41 - 2 - 4 - alpn("tlsup/1").size;
    std::string content = "\x01\x00\xff\xff\x03\x03"s + std::string(32, 'r') + "\x00\x00\x02\x13\x01\x01\x00"s;
    content += wire{}.pair(65535 - 43).pair(21).pair(padding).view();
    content += std::string(padding, '\0');
    content += alpn("tlsup/1").view();
    REQUIRE(content.size() == 65539);
    for (const std::size_t size : {16384U, 1000U, 1U}) {
        hello_gate gate;
        const std::string bytes = cut("12345" + content, size);
        CHECK(gate.feed(std::string_view(bytes).substr(0, bytes.size() - 1), here, strict) == progress::more);
        CHECK(gate.feed(std::string_view(bytes).substr(bytes.size() - 1), here, strict) == progress::pass);
    }
}

TEST_CASE("hello: fields in front of the extensions") {
    const wire ours = alpn("tlsup/1");
    for (std::size_t session = 0; session <= 40; ++session) {
        CHECK(every_way(hello(ours, {.session = session})) == (session <= 32 ? errc::ok : errc::bad_hello));
    }
    for (std::size_t suites = 0; suites <= 7; ++suites) {
        const bool fine = suites >= 2 && suites % 2 == 0;
        CHECK(every_way(hello(ours, {.suites = suites})) == (fine ? errc::ok : errc::bad_hello));
    }
    CHECK(every_way(hello(ours, {.compressions = 0})) == errc::bad_hello);
    CHECK(every_way(hello(ours, {.compressions = 255})) == errc::ok);
    CHECK(every_way(hello(wire{}, {.extensions = false})) == errc::missing_alpn);
    CHECK(every_way(hello(wire{}, {.extensions = false}), named) == errc::missing_name);
    CHECK(every_way(hello(wire{}), named) == errc::missing_name);
    CHECK(every_way(hello(wire{}, {.extensions = false}), open) == errc::ok);
    CHECK(every_way(hello(wire{}), open) == errc::ok);
}

TEST_CASE("hello: lengths that do not add up") {
    const wire whole = body(wire{}.add(sni(here)).add(early()).add(alpn("tlsup/1")));
    for (std::size_t size = 1; size < whole.size; ++size) { // the message ends too early
        wire less{whole.view().substr(0, size)};
        const bool no_extensions = size == body(wire{}, {.extensions = false}).size;
        CHECK(every_way(record(message(less)), open) == (no_extensions ? errc::ok : errc::bad_hello));
    }
    CHECK(every_way(record(message(wire{whole}.byte(0))), named) == errc::bad_hello);
    CHECK(every_way(record(wire{message(whole)}.byte(0)), named) == errc::bad_hello); // the record goes on
    CHECK(every_way(hello(wire{}.pair(43).pair(3).byte(0)), named) == errc::bad_hello);
    CHECK(every_way(hello(wire{}.pair(43).byte(0)), named) == errc::bad_hello);
    CHECK(every_way(hello(wire{}.byte(0)), named) == errc::bad_hello);
    wire wrong = body(alpn("tlsup/1"));
    wrong.data[2 + 32 + 33 + 6 + 2 + 1] ^= 1; // the length of all extensions
    CHECK(every_way(record(message(wrong))) == errc::bad_hello);
}

TEST_CASE("hello: ALPN") {
    const auto of = [](const wire& content) {
        const errc last = every_way(hello(extension(16, content)));
        CHECK(every_way(hello(wire{}.add(extension(16, content)).add(extension(21, filler(300))))) == last);
        return last;
    };
    const wire ours = name("tlsup/1");
    CHECK(of(list(ours)) == errc::ok);
    CHECK(of(list(wire{}.add(name("h2")).add(ours).add(name("http/1.1")))) == errc::ok);
    CHECK(of(list(wire{}.add(ours).add(ours))) == errc::ok);
    CHECK(of(list(wire{}.add(name(filler(255).view())).add(ours))) == errc::ok);
    for (const std::string_view other :
         {"h2", "http/1.1", "tlsup/", "tlsup/2", "tlsup/10", "Tlsup/1", "TLSUP/1", "ttlsup/1", "t"}) {
        CHECK(of(list(name(other))) == errc::foreign_alpn);
        CHECK(every_way(hello(alpn(other)), named) == errc::foreign_alpn);
    }
    CHECK(of(list(name("\0tlsup/1"sv))) == errc::foreign_alpn);
    CHECK(of(list(name("tlsup/1\0"sv))) == errc::foreign_alpn);
    CHECK(of(list(wire{}.add(name("tls")).add(name("up/1")))) == errc::foreign_alpn);
    CHECK(of(wire{}) == errc::bad_hello);
    CHECK(of(wire{}.byte(0)) == errc::bad_hello);
    CHECK(of(list(wire{})) == errc::bad_hello);
    CHECK(of(list(name(""))) == errc::bad_hello);
    CHECK(of(list(wire{}.add(ours).add(name("")))) == errc::bad_hello);
    CHECK(of(list(wire{}.add(ours).byte(3).add("h2"))) == errc::bad_hello);
    CHECK(of(wire{}.pair(ours.size + 1).add(ours)) == errc::bad_hello);
    CHECK(of(wire{}.pair(ours.size - 1).add(ours)) == errc::bad_hello);
    CHECK(of(ours) == errc::bad_hello);
    CHECK(every_way(hello(wire{}.add(alpn("tlsup/1")).add(alpn("tlsup/1")))) == errc::bad_hello);
    CHECK(every_way(hello(wire{}.add(alpn("h2")).add(sni(here)).add(alpn("tlsup/1")))) == errc::bad_hello);
}

TEST_CASE("hello: the server name") {
    const auto of = [](const wire& content) {
        const errc last = every_way(hello(extension(0, content)), named);
        CHECK(every_way(hello(wire{}.add(extension(0, content)).add(extension(21, filler(200)))), named) == last);
        return last;
    };
    CHECK(of(list(host(here))) == errc::ok);
    CHECK(of(list(host("EXAMPLE.Com."))) == errc::ok);
    CHECK(of(list(host("example.com.."))) == errc::wrong_name);
    CHECK(of(list(host("example.co"))) == errc::wrong_name);
    CHECK(of(list(host("example.comm"))) == errc::wrong_name);
    CHECK(of(list(host("example.com\0"sv))) == errc::wrong_name);
    CHECK(of(list(host("xample.com"))) == errc::wrong_name);
    CHECK(of(list(host(filler(300).view()))) == errc::wrong_name);
    CHECK(of(list(host(here, 1))) == errc::bad_hello);
    CHECK(of(list(host(""))) == errc::bad_hello);
    CHECK(of(list(wire{})) == errc::bad_hello);
    CHECK(of(wire{}) == errc::bad_hello);
    CHECK(of(list(wire{}.add(host(here)).add(host(here)))) == errc::bad_hello);
    CHECK(of(list(wire{}.add(host(here)).add(host("x", 1)))) == errc::bad_hello);
    CHECK(of(list(wire{}.byte(0).pair(12).add(here))) == errc::bad_hello);
    CHECK(of(wire{}.pair(13).add(host(here))) == errc::bad_hello);
    CHECK(every_way(hello(wire{}.add(sni(here)).add(sni(here))), named) == errc::bad_hello);
    CHECK(every_way(hello(sni(here)), named, "example.com.") == errc::ok);
    CHECK(every_way(hello(sni(here)), named, "") == errc::wrong_name);
    CHECK(every_way(hello(sni(".")), named, "") == errc::wrong_name);
    CHECK(every_way(hello(sni("192.0.2.1")), named, "192.0.2.1") == errc::ok);
    CHECK(every_way(hello(sni("192.0.2.1")), named, "192.0.2.2") == errc::wrong_name);
    CHECK(every_way(hello(sni("2001:DB8::1")), named, "[2001:db8::1]") == errc::ok);
    CHECK(every_way(hello(sni("2001:db8:0::1")), named, "[2001:db8::1]") ==
          errc::wrong_name); // stricter than same_host
    CHECK(every_way(hello(sni("[2001:db8::1]")), named, "[2001:db8::1]") == errc::wrong_name);
}

TEST_CASE("hello: names compare as in same_host") {
    std::vector<std::string> names{""};
    for (std::size_t from = 0, size = 0; size < 4; ++size) {
        const std::size_t to = names.size();
        for (; from < to; ++from) {
            for (const char letter : "aAb."sv) {
                names.push_back(names[from] + letter);
            }
        }
    }
    std::size_t wrong = 0;
    for (const std::string& one : names) {
        for (const std::string& other : names) {
            if (!one.empty() && other.find("..") == std::string::npos) { // no request has such a host
                const wire content = list(host(one));
                const bool passed = judge_hello({{}, false, content.view(), true, false}, other, named).passed();
                wrong += passed != same_host(one, other) ? 1U : 0U;
            }
        }
    }
    CHECK(wrong == 0);
}

TEST_CASE("hello: early data") {
    const wire ours = alpn("tlsup/1");
    CHECK(every_way(hello(wire{}.add(ours).add(early()))) == errc::early_data);
    CHECK(every_way(hello(wire{}.add(early()).add(ours))) == errc::early_data);
    CHECK(every_way(hello(wire{}.add(extension(42, wire{"x"})).add(ours))) == errc::early_data);
    CHECK(every_way(hello(wire{}.add(early()).add(alpn("h2")))) == errc::foreign_alpn);
}

TEST_CASE("hello: disabled") {
    CHECK(every_way(good(), splice_defence::no_upgrade) == errc::upgrade_disabled);
    CHECK(judge_hello({{}, false, {}, false, false}, here, splice_defence::no_upgrade).why() == errc::upgrade_disabled);
}

TEST_CASE("hello: both doors agree") {
    const wire alpns[] = {list(name("tlsup/1")), list(name("h2")), list(wire{}.add(name("h2")).add(name("tlsup/1"))),
                          list(name("")),        wire{},           wire{"\x01\x02\x03\x04\x05"},
                          list(wire{"\x03h2"})};
    const wire snis[] = {list(host(here)), list(host("other")), list(host("")),
                         wire{},           list(host(here, 7)), wire{"\x05\x05\x05\x05\x05\x05\x05"}};
    std::size_t passed = 0;
    for (const splice_defence how : {splice_defence::no_upgrade, splice_defence::bound_alpn,
                                     splice_defence::dedicated_name, splice_defence::accept_splice_risk}) {
        for (std::size_t one = 0; one <= std::size(alpns); ++one) {
            for (std::size_t other = 0; other <= std::size(snis); ++other) {
                for (const bool early_data : {false, true}) {
                    const wire* const first = one < std::size(alpns) ? &alpns[one] : nullptr;
                    const wire* const second = other < std::size(snis) ? &snis[other] : nullptr;
                    passed += both(first, second, early_data, here, how) == errc::ok ? 1U : 0U;
                }
            }
        }
    }
    CHECK(passed == (2 * 2) + (3 * 1) + (3 * 2)); // under dedicated_name the server name has to be there
    const std::string huge(70000, 'x');
    CHECK(judge_hello({huge, true, {}, false, false}, here, strict).why() == errc::bad_hello);
    CHECK(judge_hello({{}, false, huge, true, false}, here, named).why() == errc::bad_hello);
}

TEST_CASE("hello: the alerts") {
    const auto alert = [](const wire& bytes, splice_defence how = strict) {
        hello_gate gate;
        CHECK(gate.feed(bytes.view(), here, how) == progress::refuse);
        return int{gate.verdict().alert()};
    };
    CHECK(alert(hello(alpn("h2"))) == 120);
    CHECK(alert(hello(wire{})) == 120);
    CHECK(alert(hello(wire{}.add(sni("other")).add(alpn("tlsup/1")))) == 112);
    CHECK(alert(hello(wire{}), named) == 109);
    CHECK(alert(hello(wire{}.byte(0))) == 50);
    CHECK(alert(hello(wire{}.add(early()).add(alpn("tlsup/1")))) == 47);
    CHECK(alert(good(), splice_defence::no_upgrade) == 40);
}
