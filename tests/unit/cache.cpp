// The capability cache: what wins, what leaves, what it makes of a requirement, and its text.
#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <string>
#include <string_view>
#include <type_traits>

using namespace tlsup;

namespace {

static_assert(std::is_trivially_copyable_v<capability> && sizeof(capability) == 272 && sizeof(host_text) == 256);
static_assert(capability{} == capability{} && capability{}.empty() && !capability{}.live(0));

constexpr origin printer{scheme::http, "printer.example", 631};
constexpr origin second{scheme::http, "second.example", 80};
constexpr origin third{scheme::http, "third.example", 80};
constexpr token_list modern{tls_token::tls_1_3, tls_token::tls_1_2};
constexpr token_list old{tls_token::tls_1_0};
constexpr cache_rules plain{};
constexpr cache_rules pinning{.pin = true};
constexpr cache_rules sceptical{.believe_clear_hints = false};

/// The whole of it for the compiler: learn, raise, write, read, forget. RFC 2817 8.
constexpr bool remembers() {
    capability places[2] = {};
    capability_cache cache(places);
    bool good = cache.size() == 0 && cache.find(printer, 0).entry == nullptr && !cache.forget(printer);
    good = good && cache.raise(printer, requirement::any, 0, plain).need == requirement::any;
    good = good && cache.learn(printer, learned::in_clear, modern, 10, 20, plain) == errc::ok && cache.size() == 1;
    good = good && cache.raise(printer, requirement::any, 19, plain).need == requirement::tls;
    good = good && cache.raise(printer, requirement::any, 20, plain).need == requirement::any;
    good = good && cache.raise(printer, requirement::any, 19, sceptical).need == requirement::any;
    good = good && cache.learn(printer, learned::verified, old, 10, 15, pinning) == errc::ok && places[0].pinned;
    good = good && cache.raise(printer, requirement::any, ~std::uint64_t{0}, sceptical).need == requirement::tls;
    char out[longest_entry] = {};
    const written_entry line = write_entry(out, places[0]);
    good = good && line.error == errc::ok && line.text == "http printer.example 631 verified pinned 0 TLS/1.0";
    capability again;
    good = good && read_entry(line.text, again) == errc::ok && again == places[0];
    return good && cache.forget(printer) && cache.size() == 0 && places[0] == capability{};
}
static_assert(remembers());

errc read(std::string_view line) {
    capability entry;
    entry.port = 7;
    const errc error = read_entry(line, entry);
    CHECK(((error == errc::ok) != (entry.port == 7 && entry.empty()))); // without effect
    return error;
}

std::string text_of(const capability& entry) {
    char out[longest_entry] = {};
    const written_entry line = write_entry(out, entry);
    return line.error == errc::ok ? std::string(line.text) : std::string(to_string(line.error));
}

} // namespace

TEST_CASE("a requirement is raised and never lowered (2817-42, 2817-12)") {
    capability places[2];
    capability_cache cache(places);
    for (const cache_rules& rules : {plain, pinning, sceptical}) {
        CHECK(cache.raise(printer, requirement::any, 0, rules).need == requirement::any);
        CHECK(cache.raise(printer, requirement::tls, 0, rules).need == requirement::tls);
    }
    REQUIRE(cache.learn(printer, learned::in_clear, modern, 0, 100, plain) == errc::ok);
    CHECK(cache.raise(printer, requirement::any, 99, plain).need == requirement::tls);
    CHECK(cache.raise(printer, requirement::any, 99, sceptical).need == requirement::any);
    CHECK(cache.raise(printer, requirement::tls, 99, sceptical).need == requirement::tls);
    CHECK(cache.raise(printer, requirement::any, 100, plain).need == requirement::any);
    CHECK(cache.raise(printer, requirement::tls, 100, plain).need == requirement::tls);
    REQUIRE(cache.learn(printer, learned::verified, modern, 0, 100, plain) == errc::ok);
    CHECK(cache.raise(printer, requirement::any, 99, sceptical).need == requirement::tls);
    CHECK(cache.raise(printer, requirement::any, 100, sceptical).need == requirement::any);
    for (const origin& no :
         {second, origin{scheme::https, "printer.example", 631}, origin{scheme::http, "printer.example", 80}}) {
        CHECK(cache.raise(no, requirement::any, 0, plain).need == requirement::any);
        CHECK(!cache.forget(no));
    }
}

TEST_CASE("of a host that is none the strictest is said, and that it is none (2817-42)") {
    capability places[3];
    capability_cache cache(places);
    REQUIRE(cache.learn(printer, learned::verified, modern, 0, 0, pinning) == errc::ok);
    REQUIRE(cache.learn({scheme::http, "::1", 80}, learned::verified, modern, 0, 0, pinning) == errc::ok);
    const std::string longer(256, 'a');
    for (const std::string_view host :
         {std::string_view{"printer.example:631"}, std::string_view{"printer.example:"}, std::string_view{},
          std::string_view{"printer example"}, std::string_view{"[::1]:80"}, std::string_view{"[::1"},
          std::string_view{"me@printer.example"}, std::string_view{"printer.example/"}, std::string_view{longer}}) {
        CAPTURE(host);
        const origin none{scheme::http, host, 631};
        for (const requirement wanted : {requirement::any, requirement::tls}) {
            CHECK(cache.raise(none, wanted, 0, plain).need == requirement::tls);
            CHECK(cache.raise(none, wanted, 0, sceptical).error == errc::bad_argument);
        }
        CHECK(cache.find(none, 0).error == errc::bad_argument);
        CHECK(cache.find(none, 0).entry == nullptr);
        CHECK(cache.learn(none, learned::verified, modern, 0, 0, pinning) == errc::bad_argument);
        CHECK(!cache.forget(none));
    }
    for (const std::string_view host :
         {"printer.example", "PRINTER.example.", "other.example", "127.1", "[v1.a]", "::2"}) {
        CAPTURE(host);
        const origin some{scheme::http, host, 631};
        const bool known = same_host(host, printer.host);
        CHECK(cache.raise(some, requirement::any, 0, plain).error == errc::ok);
        CHECK(cache.raise(some, requirement::any, 0, plain).need == (known ? requirement::tls : requirement::any));
        CHECK(cache.find(some, 0).error == errc::ok);
        CHECK((cache.find(some, 0).entry != nullptr) == known);
    }
    CHECK(raised{}.need == requirement::tls); // what nobody asked for yet
}

TEST_CASE("the first verified success makes TLS required for good (2817-40, 2817-42)") {
    capability places[1];
    capability_cache cache(places);
    REQUIRE(cache.learn(printer, learned::in_clear, modern, 0, 100, pinning) == errc::ok);
    CHECK(!places[0].pinned); // a clear hint pins nothing
    REQUIRE(cache.learn(printer, learned::verified, modern, 0, 100, pinning) == errc::ok);
    const capability pinned = places[0];
    CHECK(pinned.pinned);
    CHECK(pinned.expires == 0);
    CHECK(cache.learn(printer, learned::in_clear, old, 200, 300, plain) == errc::ok);
    CHECK(cache.learn(printer, learned::verified, old, 200, 300, plain) == errc::ok);
    cache.expire(~std::uint64_t{0});
    CHECK(places[0] == pinned);
    CHECK(cache.learn(second, learned::in_clear, modern, 200, 0, plain) == errc::no_room);
    CHECK(cache.learn(second, learned::verified, modern, 200, 0, plain) == errc::no_room);
    CHECK(cache.learn(second, learned::verified, modern, 200, 0, pinning) == errc::no_room);
    CHECK(places[0] == pinned);
    CHECK(cache.learn(printer, learned::verified, old, 200, 300, pinning) == errc::ok);
    CHECK(places[0].tokens == old); // a pinned one learns from its like
    CHECK(cache.forget(printer));
    CHECK(cache.raise(printer, requirement::any, 0, plain).need == requirement::any);
    CHECK(cache.learn(second, learned::in_clear, modern, 200, 0, plain) == errc::ok);
}

TEST_CASE("the stronger wins, and an equal one extends (2817-12)") {
    struct row {
        learned before;
        std::uint64_t before_expires;
        learned then;
        std::uint64_t then_expires;
        learned how; // what stands there afterwards
        std::uint64_t expires;
        bool taken; // whether the later tokens are
    };
    constexpr learned clear = learned::in_clear;
    constexpr learned sure = learned::verified;
    for (const row& each : {row{clear, 50, clear, 60, clear, 60, true}, row{clear, 60, clear, 50, clear, 60, true},
                            row{clear, 50, clear, 0, clear, 0, true}, row{clear, 0, clear, 50, clear, 0, true},
                            row{sure, 50, clear, 60, sure, 50, false}, row{sure, 50, clear, 0, sure, 50, false},
                            row{sure, 60, sure, 50, sure, 60, true}, row{sure, 50, sure, 0, sure, 0, true},
                            row{clear, 60, sure, 50, sure, 50, true}, row{clear, 0, sure, 50, sure, 50, true},
                            // Learned at 40: what expired by then counts for nothing, then or now.
                            row{sure, 40, clear, 50, clear, 50, true}, row{clear, 40, clear, 41, clear, 41, true},
                            row{sure, 50, sure, 40, sure, 50, false}, row{clear, 50, sure, 40, clear, 50, false}}) {
        capability places[2];
        capability_cache cache(places);
        REQUIRE(cache.learn(printer, each.before, modern, 0, each.before_expires, plain) == errc::ok);
        REQUIRE(cache.learn(printer, each.then, old, 40, each.then_expires, plain) == errc::ok);
        CHECK(cache.size() == 1);
        CHECK(places[0].how == each.how);
        CHECK(places[0].expires == each.expires);
        CHECK(places[0].tokens == (each.taken ? old : modern));
    }
}

TEST_CASE("hosts are the same by value (9110-4.2.3)") {
    capability places[4];
    capability_cache cache(places);
    for (const std::string_view host : {"[2001:db8::1]", "2001:DB8:0:0::1", "[2001:db8::0.0.0.1]"}) {
        CHECK(cache.learn({scheme::http, host, 80}, learned::verified, modern, 0, 9, plain) == errc::ok);
        CHECK(places[0].host.view() == host); // the last spelling
    }
    for (const std::string_view host : {"a.example", "A.EXAMPLE", "a.Example."}) {
        CHECK(cache.learn({scheme::http, host, 80}, learned::verified, modern, 0, 9, plain) == errc::ok);
    }
    CHECK(cache.size() == 2);
    CHECK(cache.find({scheme::http, "2001:db8::1", 80}, 0).entry == places);
    CHECK(cache.find({scheme::http, "a.exAmple", 80}, 8).entry == places + 1);
    CHECK(cache.find({scheme::http, "a.example", 80}, 9).entry == nullptr);
    CHECK(cache.learn({scheme::https, "a.example", 80}, learned::in_clear, modern, 0, 9, plain) == errc::ok);
    CHECK(cache.learn({scheme::http, "[v1.fe80::1+eth0]", 631}, learned::in_clear, modern, 0, 9, plain) == errc::ok);
    CHECK(cache.size() == 4);
    // A host that is a view of the cache itself.
    CHECK(cache.learn({scheme::http, places[1].host.view(), 80}, learned::verified, old, 0, 10, plain) == errc::ok);
    CHECK(places[1].host.view() == "a.Example.");
    CHECK(places[1].expires == 10);
    CHECK(cache.forget({scheme::http, places[1].host.view(), 80}));
    cache.expire(9);
    CHECK(cache.size() == 0);
}

TEST_CASE("an origin without a port is the one of the scheme's own port (RFC 9110 4.2)") {
    capability array[3] = {};
    capability_cache cache(array);
    for (const origin& whom : {origin{scheme::http, "a.example", 80}, origin{scheme::https, "a.example", 443},
                               origin{scheme::http, "b.example", 443}}) {
        CHECK(cache.learn(whom, learned::verified, modern, 0, 0, {}) == errc::ok);
    }
    authority parsed;
    CHECK(parse_authority("a.example", port_rule::optional, parsed) == errc::ok);
    CHECK(cache.raise({scheme::http, parsed.host, parsed.port}, requirement::any, 1, {}).need == requirement::tls);
    CHECK(cache.find({scheme::https, "a.example", 0}, 1).entry->port == 443);
    CHECK(cache.raise({scheme::http, "b.example", 0}, requirement::any, 1, {}).need == requirement::any);
    CHECK(cache.forget({scheme::http, "a.example", 0}));
}

TEST_CASE("what names no origin is no entry, and changes nothing") {
    capability places[1];
    capability_cache cache(places);
    const std::string longest(255, 'a');
    for (const std::string& host :
         {std::string(), std::string("a b"), std::string("a..b"), std::string("[::1"), std::string("::1%25eth0"),
          std::string("a\0b", 3), std::string("a\r\n"), std::string("a:80"), longest + "a", std::string(70000, 'a')}) {
        CHECK(cache.learn({scheme::http, host, 80}, learned::verified, modern, 0, 0, pinning) == errc::bad_argument);
    }
    CHECK(cache.learn({scheme::http, "a.example", 0}, learned::verified, modern, 0, 0, plain) == errc::bad_argument);
    CHECK(cache.learn(printer, learned::in_clear, {}, 0, 0, plain) == errc::bad_argument);
    CHECK(cache.size() == 0);
    CHECK(cache.learn({scheme::http, longest, 80}, learned::verified, modern, 0, 0, plain) == errc::ok);
    CHECK(places[0].host.view() == longest);
    capability wrong = places[0];
    wrong.how = learned::in_clear;
    wrong.pinned = true;
    CHECK(cache.learn(wrong, 0) == errc::bad_argument);
    wrong.how = learned::verified;
    wrong.expires = 5;
    CHECK(cache.learn(wrong, 0) == errc::bad_argument);
    CHECK(text_of(wrong) == "bad_argument");
    CHECK(cache.learn(capability{}, 0) == errc::bad_argument);
    CHECK(text_of(capability{}) == "bad_argument");
    CHECK(!places[0].pinned);
    capability_cache none(nullptr, 0);
    CHECK(none.learn(printer, learned::verified, modern, 0, 0, plain) == errc::no_room);
    CHECK(none.find(printer, 0).entry == nullptr);
    CHECK(none.size() == 0);
}

TEST_CASE("a flood of clear hints evicts nothing that was verified (2817-12)") {
    capability places[3];
    capability_cache cache(places);
    REQUIRE(cache.learn(printer, learned::verified, modern, 0, 100, plain) == errc::ok);
    REQUIRE(cache.learn(second, learned::verified, modern, 0, 100, pinning) == errc::ok);
    for (int count = 0; count < 300; ++count) {
        const std::string host = "x" + std::to_string(count) + ".example";
        CHECK(cache.learn({scheme::http, host, 80}, learned::in_clear, modern, 0, 0, plain) == errc::ok);
    }
    CHECK(cache.find(printer, 0).entry != nullptr);
    CHECK(cache.find(second, 0).entry != nullptr);
    CHECK(places[2].host.view() == "x299.example");
    CHECK(cache.learn(third, learned::verified, modern, 0, 200, plain) == errc::ok); // a clear one leaves
    CHECK(cache.learn({scheme::http, "x", 80}, learned::in_clear, modern, 0, 0, plain) == errc::no_room);
    CHECK(cache.learn({scheme::http, "y", 80}, learned::verified, modern, 0, 1, plain) == errc::ok); // printer leaves
    CHECK(cache.find(printer, 0).entry == nullptr);
    CHECK(cache.find(third, 0).entry != nullptr);
    CHECK(cache.learn({scheme::http, "x", 80}, learned::in_clear, modern, 1, 0, plain) == errc::ok); // y has expired
    CHECK(cache.find(third, 1).entry != nullptr);
    CHECK(cache.find(second, 1).entry != nullptr);
}

TEST_CASE("who leaves first: what expired first, then the clear entry that expires first") {
    capability places[4];
    capability_cache cache(places);
    const auto at = [](std::string_view host) { return origin{scheme::http, host, 80}; };
    REQUIRE(cache.learn(at("never"), learned::in_clear, modern, 0, 0, plain) == errc::ok);
    REQUIRE(cache.learn(at("late"), learned::in_clear, modern, 0, 90, plain) == errc::ok);
    REQUIRE(cache.learn(at("soon"), learned::in_clear, modern, 0, 50, plain) == errc::ok);
    REQUIRE(cache.learn(at("sure"), learned::verified, modern, 0, 40, plain) == errc::ok);
    REQUIRE(cache.learn(at("one"), learned::in_clear, modern, 40, 80, plain) == errc::ok);
    CHECK(places[3].host.view() == "one"); // sure had expired
    REQUIRE(cache.learn(at("two"), learned::verified, modern, 49, 60, plain) == errc::ok);
    CHECK(places[2].host.view() == "two"); // soon
    REQUIRE(cache.learn(at("three"), learned::in_clear, modern, 85, 99, plain) == errc::ok);
    CHECK(places[2].host.view() == "three"); // two expired at 60, before one
    REQUIRE(cache.learn(at("four"), learned::in_clear, modern, 85, 99, plain) == errc::ok);
    CHECK(places[3].host.view() == "four"); // one
    REQUIRE(cache.learn(at("five"), learned::in_clear, modern, 85, 99, plain) == errc::ok);
    CHECK(places[1].host.view() == "five"); // late
    REQUIRE(cache.learn(at("six"), learned::verified, modern, 85, 99, plain) == errc::ok);
    CHECK(places[1].host.view() == "six"); // of three that expire at once, the first in the array
    CHECK(places[0].host.view() == "never");
}

TEST_CASE("an entry is one line, and has one spelling") {
    for (const std::string_view line :
         {"http printer.example 631 verified pinned 0 TLS/1.3 TLS/1.2", "https a 1 clear unpinned 0 TLS/1.0",
          "http [2001:DB8::1] 65535 clear unpinned 18446744073709551615 TLS/1.0 TLS/1.1 TLS/1.2 TLS/1.3",
          "http 2001:db8::1 80 verified unpinned 10 TLS/1.2", "http 192.0.2.1 80 verified unpinned 9 TLS/1.2",
          "http [v1.fe80::1+eth0] 631 clear unpinned 1 TLS/1.2", "http Printer.Example. 8 clear unpinned 1 TLS/1.2"}) {
        capability entry;
        CHECK_MESSAGE(read_entry(line, entry) == errc::ok, line);
        CHECK(text_of(entry) == line);
    }
    const std::string host(255, 'h');
    const std::string longest =
        "https " + host + " 65535 verified unpinned 18446744073709551615 TLS/1.3 TLS/1.2 TLS/1.1 TLS/1.0";
    CHECK(longest.size() == longest_entry);
    capability entry;
    REQUIRE(read_entry(longest, entry) == errc::ok);
    char out[longest_entry] = {};
    CHECK(write_entry(out, entry).text == longest);
    const written_entry small = write_entry(room(out, longest_entry - 1), entry);
    CHECK(small.error == errc::no_room);
    CHECK(small.text.empty());
    CHECK(write_entry(room(out, 0), entry).error == errc::no_room);
}

TEST_CASE("a damaged line is no entry, and never a weaker one") {
    const std::string host(256, 'h');
    for (const std::string& line : {std::string("http a 80 verified pinned 0"),
                                    std::string("http a 80 verified pinned"),
                                    std::string("http a 80 verified"),
                                    std::string("http a 80"),
                                    std::string("http a"),
                                    std::string("http"),
                                    std::string("HTTP a 80 verified pinned 0 TLS/1.2"),
                                    std::string("ftp a 80 verified pinned 0 TLS/1.2"),
                                    std::string("http a 80 Verified pinned 0 TLS/1.2"),
                                    std::string("http a 80 verified Pinned 0 TLS/1.2"),
                                    std::string("http a 80 verified 0 TLS/1.2"),
                                    std::string("http a 80 pinned 0 TLS/1.2"),
                                    std::string("http a 80 pinned verified 0 TLS/1.2"),
                                    std::string("http 80 a verified pinned 0 TLS/1.2"),
                                    std::string("a http 80 verified pinned 0 TLS/1.2"),
                                    std::string("http a 80 verified pinned TLS/1.2 0"),
                                    std::string("http a 80 verified verified pinned 0 TLS/1.2"),
                                    std::string("http a 80 verified pinned pinned 0 TLS/1.2"),
                                    std::string("http http a 80 verified pinned 0 TLS/1.2"),
                                    std::string("http a 80 clear pinned 0 TLS/1.2"),
                                    std::string("http a 80 verified pinned 1 TLS/1.2"),
                                    std::string("http a 0 verified pinned 0 TLS/1.2"),
                                    std::string("http a 65536 verified pinned 0 TLS/1.2"),
                                    std::string("http a 65616 verified pinned 0 TLS/1.2"),
                                    std::string("http a 080 verified pinned 0 TLS/1.2"),
                                    std::string("http a +80 verified pinned 0 TLS/1.2"),
                                    std::string("http a -80 verified pinned 0 TLS/1.2"),
                                    std::string("http a 8a verified pinned 0 TLS/1.2"),
                                    std::string("http a 4294967376 verified pinned 0 TLS/1.2"),
                                    std::string("http a 80 clear unpinned +1 TLS/1.2"),
                                    std::string("http a 80 clear unpinned -1 TLS/1.2"),
                                    std::string("http a 80 clear unpinned 01 TLS/1.2"),
                                    std::string("http a 80 clear unpinned 00 TLS/1.2"),
                                    std::string("http a 80 clear unpinned 18446744073709551616 TLS/1.2"),
                                    std::string("http a 80 clear unpinned 184467440737095516150 TLS/1.2"),
                                    std::string("http a 80 clear unpinned 0x1 TLS/1.2"),
                                    std::string("http a 80 clear unpinned 1e3 TLS/1.2"),
                                    std::string("http a 80 verified pinned 0 TLS/1.2 TLS/1.2"),
                                    std::string("http a 80 verified pinned 0 tls/1.2"),
                                    std::string("http a 80 verified pinned 0 TLS/1.4"),
                                    std::string("http a 80 verified pinned 0 TLS/1.2,TLS/1.3"),
                                    std::string("http a 80 verified pinned 0 TLS/1.2 x"),
                                    std::string("http a 80 verified pinned 0 TLS/1."),
                                    std::string(" http a 80 verified pinned 0 TLS/1.2"),
                                    std::string("http a 80 verified pinned 0 TLS/1.2 "),
                                    std::string("http  a 80 verified pinned 0 TLS/1.2"),
                                    std::string("http\ta 80 verified pinned 0 TLS/1.2"),
                                    std::string("http a 80 verified pinned 0 TLS/1.2\r"),
                                    std::string("http a 80 verified pinned 0 TLS/1.2\n"),
                                    std::string("http a 80 verified pinned 0 TLS/1.2\0", 36),
                                    std::string("http a\0 80 verified pinned 0 TLS/1.2", 36),
                                    std::string("http a..b 80 verified pinned 0 TLS/1.2"),
                                    std::string("http [::1 80 verified pinned 0 TLS/1.2"),
                                    std::string("http \xc3\xa4 80 verified pinned 0 TLS/1.2"),
                                    std::string("http a#b 80 verified pinned 0 TLS/1.2"),
                                    std::string("http a 80 verified pinned 0 TLS/1.2 #"),
                                    "http " + host + " 80 verified pinned 0 TLS/1.2",
                                    std::string(100000, 'h'),
                                    std::string(339, ' '),
                                    std::string("\0", 1),
                                    std::string("\r"),
                                    std::string("#\n"),
                                    std::string("# \x01"),
                                    std::string("# \x7f"),
                                    "#" + std::string(338, '#')}) {
        CHECK_MESSAGE(read(line) == errc::bad_entry, line);
    }
}

TEST_CASE("blank lines and comments are no entries, and nothing is wrong with them") {
    for (const std::string& line : {std::string(), std::string(" "), std::string("\t "), std::string("#"),
                                    std::string("# what printers do"), std::string("  # \xc3\xa4\ttab"),
                                    std::string("#http a 80 verified pinned 0 TLS/1.2"), std::string(338, '#')}) {
        capability entry;
        entry.port = 7;
        CHECK(read_entry(line, entry) == errc::ok);
        CHECK(entry == capability{});
    }
}

TEST_CASE("lines are merged by the rules of learning (2817-12, 2817-42)") {
    capability places[2];
    capability_cache cache(places);
    const auto load = [&cache](std::string_view line) { return load_entry(cache, line, 10); };
    CHECK(load("# a cache") == errc::ok);
    CHECK(load("http a 80 clear unpinned 10 TLS/1.2") == errc::ok); // expired
    CHECK(cache.size() == 0);
    CHECK(load("http a 80 clear unpinned 11 TLS/1.2") == errc::ok);
    CHECK(load("http a 80 verified unpinned 40 TLS/1.3") == errc::ok);
    CHECK(load("http A. 80 clear unpinned 0 TLS/1.0") == errc::ok);
    CHECK(load("http a 80 verified unpinned 20 TLS/1.3") == errc::ok);
    CHECK(text_of(places[0]) == "http a 80 verified unpinned 40 TLS/1.3");
    CHECK(load("http A. 80 verified pinned 0 TLS/1.0") == errc::ok);
    CHECK(load("http a 80 verified unpinned 0 TLS/1.3") == errc::ok);
    CHECK(text_of(places[0]) == "http A. 80 verified pinned 0 TLS/1.0");
    CHECK(load("http b 80 verified unpinned 20 TLS/1.3") == errc::ok);
    CHECK(load("http c 80 clear unpinned 20 TLS/1.3") == errc::no_room);
    CHECK(load("http c 80 clear unpinned 20 TLS/1.3 ") == errc::bad_entry);
    CHECK(text_of(places[0]) == "http A. 80 verified pinned 0 TLS/1.0");
    CHECK(text_of(places[1]) == "http b 80 verified unpinned 20 TLS/1.3");
}
