// The registries of special-purpose addresses, row by row, and the IPv4 addresses that IPv6 addresses hold.
#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <string>
#include <vector>

using namespace tlsup;

static_assert(judge_address("127.0.0.1") == address_kind::loopback);
static_assert(judge_address("::1") == address_kind::loopback);
static_assert(judge_address("169.254.169.254") == address_kind::link_local);
static_assert(judge_address("::ffff:10.0.0.1") == address_kind::private_use);
static_assert(judge_address("8.8.8.8") == address_kind::global);
static_assert(judge_address("2620:fe::fe") == address_kind::global);
static_assert(judge_address(peer_address{}) == address_kind::reserved);
static_assert(!address_rules{}.allow(peer_address{}));

namespace {

using enum address_kind;

/// A network by its first and last address, and what the addresses next to it are.
struct row {
    std::string_view first;
    std::string_view last;
    address_kind kind;
    std::string_view before; // the address before the first, empty where there is none
    address_kind kind_before;
    std::string_view after;
    address_kind kind_after;
};

constexpr row ipv4[] = {
    {"0.0.0.0", "0.0.0.0", unspecified, "", reserved, "0.0.0.1", reserved},
    {"0.0.0.1", "0.255.255.255", reserved, "0.0.0.0", unspecified, "1.0.0.0", global},
    {"10.0.0.0", "10.255.255.255", private_use, "9.255.255.255", global, "11.0.0.0", global},
    {"100.64.0.0", "100.127.255.255", shared, "100.63.255.255", global, "100.128.0.0", global},
    {"127.0.0.0", "127.255.255.255", loopback, "126.255.255.255", global, "128.0.0.0", global},
    {"169.254.0.0", "169.254.255.255", link_local, "169.253.255.255", global, "169.255.0.0", global},
    {"172.16.0.0", "172.31.255.255", private_use, "172.15.255.255", global, "172.32.0.0", global},
    {"192.0.0.0", "192.0.0.8", reserved, "191.255.255.255", global, "192.0.0.9", global},
    {"192.0.0.9", "192.0.0.10", global, "192.0.0.8", reserved, "192.0.0.11", reserved},
    {"192.0.0.11", "192.0.0.255", reserved, "192.0.0.10", global, "192.0.1.0", global},
    {"192.0.2.0", "192.0.2.255", documentation, "192.0.1.255", global, "192.0.3.0", global},
    {"192.31.196.0", "192.31.196.255", global, "192.31.195.255", global, "192.31.197.0", global},
    {"192.52.193.0", "192.52.193.255", global, "192.52.192.255", global, "192.52.194.0", global},
    {"192.88.99.0", "192.88.99.255", reserved, "192.88.98.255", global, "192.88.100.0", global},
    {"192.168.0.0", "192.168.255.255", private_use, "192.167.255.255", global, "192.169.0.0", global},
    {"192.175.48.0", "192.175.48.255", global, "192.175.47.255", global, "192.175.49.0", global},
    {"198.18.0.0", "198.19.255.255", benchmarking, "198.17.255.255", global, "198.20.0.0", global},
    {"198.51.100.0", "198.51.100.255", documentation, "198.51.99.255", global, "198.51.101.0", global},
    {"203.0.113.0", "203.0.113.255", documentation, "203.0.112.255", global, "203.0.114.0", global},
    {"224.0.0.0", "239.255.255.255", multicast, "223.255.255.255", global, "240.0.0.0", reserved},
    {"240.0.0.0", "255.255.255.254", reserved, "239.255.255.255", multicast, "255.255.255.255", broadcast},
    {"255.255.255.255", "255.255.255.255", broadcast, "255.255.255.254", reserved, "", reserved},
};

constexpr row ipv6[] = {
    {"::", "::", unspecified, "", reserved, "::1", loopback},
    {"::1", "::1", loopback, "::", unspecified, "::2", reserved},
    {"::2", "::ff", reserved, "::1", loopback, "::100", reserved},
    {"64:ff9b::800:0", "64:ff9b::808:808", global, "64:ff9b::7ff:ffff", global, "64:ff9b::1:0:0", reserved},
    {"64:ff9b:1:808:8:800::", "64:ff9b:1:ffff:ffff:ffff:808:808", private_use, "64:ff9b:0:ffff:ffff:ffff:ffff:ffff",
     reserved, "64:ff9b:2::", reserved},
    {"100::", "100::ffff:ffff:ffff:ffff", reserved, "ff:ffff::", reserved, "100:0:0:1::", reserved},
    {"100:0:0:1::", "100::1:ffff:ffff:ffff:ffff", reserved, "100::ffff:ffff:ffff:ffff", reserved,
     "100:0:0:2::", reserved},
    {"2001:0:808:808::f7f7:f7f7", "2001:0:808:808::f7f7:f7f7", reserved, "2000:ffff::", global, "2001:1::", reserved},
    {"2001:1::", "2001:1::", reserved, "2001:0:808:808::f7f7:f7f7", reserved, "2001:1::1", global},
    {"2001:1::1", "2001:1::3", global, "2001:1::", reserved, "2001:1::4", reserved},
    {"2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", benchmarking, "2001:1:ffff::", reserved, "2001:2:1::", reserved},
    {"2001:3::", "2001:3:ffff:ffff:ffff:ffff:ffff:ffff", global, "2001:2:ffff::", reserved, "2001:4::", reserved},
    {"2001:4:112::", "2001:4:112:ffff:ffff:ffff:ffff:ffff", global, "2001:4:111:ffff::", reserved,
     "2001:4:113::", reserved},
    {"2001:10::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff", reserved, "2001:f:ffff::", reserved, "2001:20::", global},
    {"2001:20::", "2001:2f:ffff:ffff:ffff:ffff:ffff:ffff", global, "2001:1f:ffff::", reserved, "2001:30::", global},
    {"2001:30::", "2001:3f:ffff:ffff:ffff:ffff:ffff:ffff", global, "2001:2f:ffff::", global, "2001:40::", reserved},
    {"2001:40::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", reserved, "2001:3f:ffff::", global, "2001:200::", global},
    {"2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", documentation, "2001:db7:ffff::", global,
     "2001:db9::", global},
    {"2002:808:808::", "2002:dfff:ffff:ffff:ffff:ffff:ffff:ffff", reserved, "2001:ffff:ffff::", global,
     "2003::", global},
    {"2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff", global, "2620:4f:7fff:ffff::", global,
     "2620:4f:8001::", global},
    {"3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", documentation, "3ffe:ffff::", global, "3fff:1000::", global},
    {"2000::", "2000:ffff::", global, "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", reserved, "2001:200::", global},
    {"3fff:1000::", "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", global, "3fff:fff:ffff::", documentation,
     "4000::", reserved},
    {"5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", reserved, "5eff:ffff::", reserved, "5f01::", reserved},
    {"fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", unique_local, "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     reserved, "fe00::", reserved},
    {"fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", link_local, "fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     reserved, "fec0::", site_local},
    {"fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", site_local, "febf:ffff::", link_local, "ff00::", multicast},
    {"ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", multicast, "feff:ffff::", site_local, "", reserved},
};

void check_kind(std::string_view text, address_kind wanted) {
    if (text.empty()) {
        return;
    }
    peer_address address;
    REQUIRE_MESSAGE(parse_peer(text, address) == errc::ok, text);
    CHECK_MESSAGE(judge_address(address) == wanted, text << " is " << to_string(judge_address(address)));
    CHECK_MESSAGE(judge_address(text) == wanted, text);
    CHECK_MESSAGE(address_rules().allow(address) == (wanted == global), text);
    const std::size_t size = address.family == address_family::ipv4 ? 4 : 16;
    CHECK_MESSAGE(address_from_bytes(address.address.octets, size) == address, text);
}

template <std::size_t Count> void check_rows(const row (&rows)[Count]) {
    for (const row& each : rows) {
        check_kind(each.first, each.kind);
        check_kind(each.last, each.kind);
        check_kind(each.before, each.kind_before);
        check_kind(each.after, each.kind_after);
    }
}

peer_address address(std::string_view text) {
    peer_address found;
    REQUIRE(parse_peer(text, found) == errc::ok);
    return found;
}

/// Every form around one IPv4 address; `hex` is that address in two groups, `inverted` its complement.
std::vector<std::string> forms(const std::string& quad, const std::string& hex, const std::string& inverted) {
    const std::string high = hex.substr(0, hex.find(':'));
    const std::string low = hex.substr(hex.find(':') + 1);
    return {"::ffff:" + quad,
            "::" + quad,
            "::ffff:0:" + quad,
            "64:ff9b::" + quad,
            "64:ff9b:1::" + quad,
            "64:ff9b:1:7::" + quad,
            "64:ff9b:1:" + high + ":" + (low.size() == 4 ? low.substr(0, 2) : "0") + ":" +
                low.substr(low.size() == 4 ? 2 : 0) + "00::",
            "2002:" + hex + "::1",
            "2001:0:" + hex + "::f7f7:f7f7",
            "2001:0:808:808::" + inverted,
            "2620:fe::5efe:" + quad,
            "2620:fe::200:5efe:" + quad,
            "fe80::5efe:" + quad};
}

} // namespace

TEST_CASE("IPv4: the registry of special-purpose addresses (9110-9.3.6-08, RFC 6890)") { check_rows(ipv4); }

TEST_CASE("IPv6: the registry of special-purpose addresses (9110-9.3.6-08, RFC 6890)") { check_rows(ipv6); }

TEST_CASE("an IPv4 address inside an IPv6 address is judged (9110-9.3.6-08)") {
    const struct {
        std::string quad;
        std::string hex;
        std::string inverted;
        address_kind kind;
    } all[] = {{"127.0.0.1", "7f00:1", "80ff:fffe", loopback},
               {"0.0.0.0", "0:0", "ffff:ffff", unspecified},
               {"169.254.169.254", "a9fe:a9fe", "5601:5601", link_local}};
    for (const auto& each : all) {
        for (const std::string& form : forms(each.quad, each.hex, each.inverted)) {
            if (form == "::0.0.0.0" || form == "64:ff9b:1:7::0.0.0.0") {
                continue; // the unspecified address itself, and 0.7.0.0 after 48 bits
            }
            const bool local = form.substr(0, 4) == "fe80" && each.kind > link_local;
            CHECK_MESSAGE(judge_address(form) == (local ? link_local : each.kind), form);
            CHECK_MESSAGE(detail::embeds_ipv4(form), form);
            CHECK_MESSAGE(!address_rules().allow(address(form)), form);
        }
    }
    check_kind("64:ff9b:1::", unspecified);
    check_kind("64:ff9b::10.0.0.1", private_use);
    check_kind("64:ff9b::192.0.2.1", documentation);
    check_kind("64:ff9b::192.31.196.1", global);
    check_kind("::ffff:192.31.196.1", global);
    check_kind("2620:fe::5efe:192.31.196.1", global);  // ISATAP
    check_kind("2620:fe::100:5efe:127.0.0.1", global); // and none
    check_kind("fe80::5efe:10.0.0.1", link_local);
    check_kind("fd00::5efe:127.0.0.1", loopback);
    check_kind("2002:808:808::5efe:127.0.0.1", loopback); // two forms at once
    check_kind("2002:7f00:1::5efe:8.8.8.8", loopback);
    check_kind("2001:0:7f00:1:0:5efe:f7f7:f7f7", loopback); // three
    check_kind("::8.8.8.8", reserved);
    check_kind("::ffff:0:8.8.8.8", reserved);
    check_kind("2002:808:808::", reserved);
}

TEST_CASE("IPv6 addresses that hide an IPv4 address (9110-9.3.6-08)") {
    for (const std::string_view hidden : {"::ffff:127.0.0.1",
                                          "::FFFF:7f00:1",
                                          "0:0:0:0:0:ffff:1.2.3.4",
                                          "::127.0.0.1",
                                          "::7f00:1",
                                          "::1:0",
                                          "::1.0.0.0",
                                          "::0.0.1.0",
                                          "64:ff9b::127.0.0.1",
                                          "64:ff9b:1::1.2.3.4",
                                          "64:ff9b:1:7f00:0:100::",
                                          "::ffff:0:127.0.0.1",
                                          "2002:7f00:1::",
                                          "64:ff9b::7f00:1",
                                          "0064:FF9B:0:0:0:0:0.0.0.0",
                                          "64:ff9b::",
                                          "2001::1",
                                          "2001:0:7f00:1::",
                                          "fe80::5efe:127.0.0.1",
                                          "2001:db8::200:5efe:7f00:1"}) {
        CHECK_MESSAGE(detail::embeds_ipv4(hidden), hidden);
    }
    for (const std::string_view open : {"::",
                                        "::1",
                                        "::ff",
                                        "2001:db8::1",
                                        "fe80::1",
                                        "::fffe:1.2.3.4",
                                        "::1:ffff:1.2.3.4",
                                        "1::ffff:1.2.3.4",
                                        "64:ff9b:2::1.2.3.4",
                                        "::ffff:1:0:1",
                                        "2003:7f00:1::",
                                        "64:ff9a::1.2.3.4",
                                        "65:ff9b::1.2.3.4",
                                        "64:ff9b::1:0:0",
                                        "1::127.0.0.1",
                                        "2001:1::1",
                                        "2001:100::1",
                                        "2101::1",
                                        "fe80::100:5efe:7f00:1",
                                        "fe80::1:5efe:7f00:1",
                                        "fe80::5eff:7f00:1",
                                        "fe80::5ffe:7f00:1",
                                        "fe80::300:5efe:7f00:1"}) {
        CHECK_MESSAGE(!detail::embeds_ipv4(open), open);
    }
    for (const std::string_view none : {"", "127.0.0.1", "[::ffff:127.0.0.1]", "::ffff:127.0.0.1%lo", "::ffff:127.1"}) {
        CHECK_MESSAGE(!detail::embeds_ipv4(none), none);
    }
}

TEST_CASE("addresses as text, and as a socket has them (RFC 4291 2.2)") {
    CHECK(judge_address("[::1]") == loopback);
    CHECK(judge_address("fe80::1%eth0") == link_local);
    CHECK(judge_address("0:0:0:0:0:0:0:1") == loopback);
    CHECK(judge_address("0:0:0:0:0:FFFF:7F00:0001") == loopback);
    CHECK(judge_address("2606:4700::1111") == global);
    for (const std::string_view none : {"", "localhost", "127.1", "0x7f.0.0.1", "127.0.0.1.", "[127.0.0.1]", "::1::"}) {
        CHECK_MESSAGE(judge_address(none) == reserved, none);
    }
    const std::uint8_t mapped[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1};
    CHECK(judge_address(address_from_bytes(mapped, 16)) == loopback);
    CHECK(judge_address(address_from_bytes(mapped + 12, 4)) == loopback);
    CHECK(!address_rules().allow(address_from_bytes(mapped, 16)));
    for (const std::size_t size : {0U, 3U, 5U, 15U}) {
        CHECK(address_from_bytes(mapped, size).family == address_family::unknown);
    }
    CHECK(judge_address(address_from_bytes(mapped, 3)) == reserved);
    std::string_view last;
    for (std::size_t at = 0; at <= static_cast<std::size_t>(global); ++at) {
        CHECK(!to_string(static_cast<address_kind>(at)).empty());
        CHECK(to_string(static_cast<address_kind>(at)) != last);
        last = to_string(static_cast<address_kind>(at));
    }
    CHECK(to_string(unspecified) == "unspecified");
    CHECK(to_string(reserved) == "reserved");
    CHECK(to_string(global) == "global");
}

TEST_CASE("rules open networks, and what is inside an address needs one of its own (9110-9.3.6-08)") {
    static constexpr network office[] = {network_of("10.0.0.0/8"), network_of("::1")};
    constexpr address_rules rules(office);
    CHECK(rules.allow(address("10.255.255.255")));
    CHECK(rules.allow(address("::1")));
    CHECK(rules.allow(address("192.31.196.1")));
    CHECK(rules.allow(address("11.0.0.0")));
    CHECK(!rules.allow(address("127.0.0.1")));
    CHECK(!rules.allow(address("::2")));
    CHECK(rules.allow(address("::ffff:10.0.0.1")));
    CHECK(rules.allow(address("64:ff9b::10.0.0.1")));   // global outside, opened inside
    CHECK(!rules.allow(address("2002:a00:1::")));       // not opened outside
    CHECK(!rules.allow(address("64:ff9b::127.0.0.1"))); // not opened inside
    constexpr network outside[] = {network_of("::/0")};
    CHECK(address_rules(outside).allow(address("::1")));
    for (const std::string& form : forms("127.0.0.1", "7f00:1", "80ff:fffe")) {
        CHECK_MESSAGE(!address_rules(outside).allow(address(form)), form);
    }
    constexpr network both[] = {network_of("::/0"), network_of("127.0.0.0/8")};
    for (const std::string& form : forms("127.0.0.1", "7f00:1", "80ff:fffe")) {
        CHECK_MESSAGE(address_rules(both).allow(address(form)), form);
    }
    constexpr network all[] = {network()};
    CHECK(address_rules(all).allow(peer_address{}));
    constexpr network broken[] = {network_of("10.0.0.0/33")};
    CHECK(!address_rules(broken).allow(address("10.0.0.1")));
    CHECK(!address_rules(office, 0).allow(address("10.0.0.1")));
}
