// address.hpp: what an IP address is for, and which addresses a tunnel may lead to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "authority.hpp"
#include "grammar.hpp"
#include "network.hpp"
#include "platform.hpp"

namespace tlsup {

/// What an address is for. All but `global` lead to this host, to its own networks, or nowhere. IANA registries of
/// special-purpose addresses, RFC 6890. Of several that meet in one address the first named here counts.
enum class address_kind : std::uint8_t {
    unspecified,   ///< "this host": a connection to it reaches loopback on most systems. RFC 1122 3.2.1.3
    loopback,      ///< RFC 1122 3.2.1.3, RFC 4291 2.5.3
    link_local,    ///< also where clouds serve metadata and credentials, 169.254.169.254. RFC 3927, RFC 4291 2.5.6
    private_use,   ///< RFC 1918; the local-use translation prefix of RFC 8215
    unique_local,  ///< RFC 4193
    site_local,    ///< deprecated; some networks still have it. RFC 3879
    shared,        ///< behind a carrier's NAT. RFC 6598
    multicast,     ///< RFC 5771, RFC 4291 2.7
    broadcast,     ///< RFC 919 7
    benchmarking,  ///< RFC 2544, RFC 5180
    documentation, ///< RFC 5737, RFC 3849, RFC 9637
    reserved,      ///< for protocols, for the future, for nobody; and what is no address
    global,        ///< reachable from everywhere
};

namespace detail {

/// Where an IPv6 address holds IPv4 addresses.
enum class embedding : std::uint8_t {
    none,
    last,        // the last 32 bits
    translated,  // the last 32 bits, or those after a prefix of 48 bits. RFC 6052 2.2
    six_to_four, // after the first 16 bits. RFC 3056 2
    teredo,      // a server after the first 32 bits, and a client, inverted, at the end. RFC 4380 4
};

// The registries: of each row its meaning, its length in bits, and the bytes that these bits are in. Of several rows
// the first that fits counts. Written as bytes: to read them from text would cost every file that includes this one.
consteval std::uint8_t as(address_kind kind, embedding inside = embedding::none) noexcept {
    return static_cast<std::uint8_t>(static_cast<unsigned>(kind) | static_cast<unsigned>(inside) << 4);
}

// https://www.iana.org/assignments/iana-ipv4-special-registry, and the multicast addresses. What the registry calls not
// globally reachable, or neither, is not `global`.
struct ipv4_registry {
    using enum address_kind;
    static constexpr std::uint8_t rows[] = {
        as(unspecified),   32, 0,   0,   0,   0,   // 0.0.0.0/32: RFC 1122 3.2.1.3
        as(reserved),      8,  0,                  // 0.0.0.0/8: "this network", RFC 791 3.2
        as(private_use),   8,  10,                 // 10.0.0.0/8: RFC 1918
        as(shared),        10, 100, 64,            // 100.64.0.0/10: RFC 6598
        as(loopback),      8,  127,                // 127.0.0.0/8: RFC 1122 3.2.1.3
        as(link_local),    16, 169, 254,           // 169.254.0.0/16: RFC 3927
        as(private_use),   12, 172, 16,            // 172.16.0.0/12: RFC 1918
        as(global),        32, 192, 0,   0,   9,   // 192.0.0.9/32: PCP anycast, RFC 7723
        as(global),        32, 192, 0,   0,   10,  // 192.0.0.10/32: TURN anycast, RFC 8155
        as(reserved),      24, 192, 0,   0,        // 192.0.0.0/24: protocol assignments, RFC 6890; RFC 7335, 7600, 8880
        as(documentation), 24, 192, 0,   2,        // 192.0.2.0/24: RFC 5737
        as(global),        24, 192, 31,  196,      // 192.31.196.0/24: AS112, RFC 7535
        as(global),        24, 192, 52,  193,      // 192.52.193.0/24: AMT, RFC 7450
        as(reserved),      24, 192, 88,  99,       // 192.88.99.0/24: 6to4 relays, deprecated by RFC 7526
        as(private_use),   16, 192, 168,           // 192.168.0.0/16: RFC 1918
        as(global),        24, 192, 175, 48,       // 192.175.48.0/24: AS112, RFC 7534
        as(benchmarking),  15, 198, 18,            // 198.18.0.0/15: RFC 2544
        as(documentation), 24, 198, 51,  100,      // 198.51.100.0/24: RFC 5737
        as(documentation), 24, 203, 0,   113,      // 203.0.113.0/24: RFC 5737
        as(multicast),     4,  224,                // 224.0.0.0/4: RFC 5771
        as(broadcast),     32, 255, 255, 255, 255, // 255.255.255.255/32: RFC 919 7, RFC 8190
        as(reserved),      4,  240,                // 240.0.0.0/4: RFC 1112 4
        as(global),        0,                      // 0.0.0.0/0
    };
};

// https://www.iana.org/assignments/iana-ipv6-special-registry, and the other forms that hold an IPv4 address.
// clang-format off
struct ipv6_registry { // a row on each line
    using enum address_kind;
    static constexpr std::uint8_t rows[] = {
        as(unspecified), 128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // ::/128: RFC 4291 2.5.2
        as(loopback), 128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, // ::1/128: RFC 4291 2.5.3
        as(reserved), 120, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // ::/120: no IPv4 address is meant
        as(reserved, embedding::last), 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // ::/96: compatible, RFC 4291 2.5.5.1
        as(global, embedding::last), 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, // ::ffff:0:0/96: RFC 4291 2.5.5.2
        as(reserved, embedding::last), 96, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, // ::ffff:0:0:0/96: RFC 2765 2.1
        as(global, embedding::last), 96, 0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, // 64:ff9b::/96: RFC 6052 2.1
        as(private_use, embedding::translated), 48, 0, 0x64, 0xff, 0x9b, 0, 1, // 64:ff9b:1::/48: RFC 8215
        as(reserved), 64, 1, 0, 0, 0, 0, 0, 0, 0, // 100::/64: discarded, RFC 6666
        as(reserved), 64, 1, 0, 0, 0, 0, 0, 0, 1, // 100:0:0:1::/64: dummy prefix, RFC 9780
        as(reserved, embedding::teredo), 32, 0x20, 1, 0, 0, // 2001::/32: RFC 4380, RFC 8190
        as(global), 128, 0x20, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, // 2001:1::1/128: PCP anycast, RFC 7723
        as(global), 128, 0x20, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, // 2001:1::2/128: TURN anycast, RFC 8155
        as(global), 128, 0x20, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, // 2001:1::3/128: DNS-SD, RFC 9665
        as(benchmarking), 48, 0x20, 1, 0, 2, 0, 0, // 2001:2::/48: RFC 5180, RFC 1752
        as(global), 32, 0x20, 1, 0, 3, // 2001:3::/32: AMT, RFC 7450
        as(global), 48, 0x20, 1, 0, 4, 1, 0x12, // 2001:4:112::/48: AS112, RFC 7535
        as(reserved), 28, 0x20, 1, 0, 0x10, // 2001:10::/28: ORCHID, deprecated, RFC 4843
        as(global), 28, 0x20, 1, 0, 0x20, // 2001:20::/28: ORCHIDv2, RFC 7343
        as(global), 28, 0x20, 1, 0, 0x30, // 2001:30::/28: DRIP, RFC 9374
        as(reserved), 23, 0x20, 1, 0, // 2001::/23: protocol assignments, RFC 2928
        as(documentation), 32, 0x20, 1, 0x0d, 0xb8, // 2001:db8::/32: RFC 3849
        as(reserved, embedding::six_to_four), 16, 0x20, 2, // 2002::/16: RFC 3056, RFC 7526
        as(global), 48, 0x26, 0x20, 0, 0x4f, 0x80, 0, // 2620:4f:8000::/48: AS112, RFC 7534
        as(documentation), 20, 0x3f, 0xff, 0, // 3fff::/20: RFC 9637
        as(global), 3, 0x20, // 2000::/3: RFC 4291 2.4
        as(reserved), 16, 0x5f, 0, // 5f00::/16: segment routing, RFC 9602
        as(unique_local), 7, 0xfc, // fc00::/7: RFC 4193
        as(link_local), 10, 0xfe, 0x80, // fe80::/10: RFC 4291 2.5.6
        as(site_local), 10, 0xfe, 0xc0, // fec0::/10: RFC 3879
        as(multicast), 8, 0xff, // ff00::/8: RFC 4291 2.7
        as(reserved), 0, // ::/0: not assigned, RFC 4291 2.4
    };
};
// clang-format on

/// The meaning of the first row that fits. One fits: each table ends with all addresses.
TLSUP_SEPARATE constexpr std::uint8_t find_meaning(const std::uint8_t* row, const std::uint8_t* address) noexcept {
    while (!same_prefix(address, row + 2, row[1])) {
        row += 2 + (row[1] + 7U) / 8;
    }
    return row[0];
}

/// What an address is, and the IPv4 addresses inside it: at most one by its prefix, or two of Teredo, and one by its
/// interface identifier.
struct judged_address {
    address_kind kind = address_kind::reserved; // of the address as it is written
    std::uint8_t count = 0;
    peer_address inside[3] = {};

    /// Four bytes of `from`, each after `flip`.
    constexpr void add(const std::uint8_t* from, std::uint8_t flip = 0) noexcept {
        peer_address& found = inside[count++];
        found.family = address_family::ipv4;
        for (std::size_t at = 0; at < 4; ++at) {
            found.address.octets[at] = static_cast<std::uint8_t>(from[at] ^ flip);
        }
    }
};

constexpr judged_address read_address(const peer_address& address) noexcept {
    judged_address found;
    const std::uint8_t* const octets = address.address.octets;
    if (address.family == address_family::ipv4) {
        found.kind = static_cast<address_kind>(find_meaning(ipv4_registry::rows, octets));
    }
    if (address.family != address_family::ipv6) {
        return found;
    }
    const unsigned meaning = find_meaning(ipv6_registry::rows, octets);
    const auto inside = static_cast<embedding>(meaning >> 4);
    found.kind = static_cast<address_kind>(meaning & 15);
    if (inside == embedding::translated && ends_in_zeros(address.address, 88)) {
        const std::uint8_t split[4] = {octets[6], octets[7], octets[9], octets[10]};
        found.add(split);
    } else if (inside == embedding::six_to_four) {
        found.add(octets + 2);
    } else if (inside == embedding::teredo) {
        found.add(octets + 4);
        found.add(octets + 12, 0xff);
    } else if (inside != embedding::none) {
        found.add(octets + 12);
    }
    // ISATAP, RFC 5214 6.1: under any prefix.
    if ((octets[8] & 0xfd) == 0 && octets[9] == 0 && octets[10] == 0x5e && octets[11] == 0xfe) {
        found.add(octets + 12);
    }
    return found;
}

/// Whether an IPv6 address without brackets holds an IPv4 address that a stack or its network may connect to instead.
TLSUP_COLD constexpr bool embeds_ipv4(std::string_view text) noexcept {
    peer_address address{{}, address_family::ipv6};
    return parse_ipv6(text, address.address) && read_address(address).count != 0;
}

} // namespace detail

/// An address from a socket's: the bytes of an `in_addr` or an `in6_addr`, 4 or 16 in network order. Of the family
/// `unknown` where `size` is another.
constexpr peer_address address_from_bytes(const std::uint8_t* bytes, std::size_t size) noexcept {
    peer_address found;
    if (size == 4 || size == 16) {
        found.family = size == 4 ? address_family::ipv4 : address_family::ipv6;
        for (std::size_t at = 0; at < size; ++at) {
            found.address.octets[at] = bytes[at];
        }
    }
    return found;
}

/// What an address is for. An IPv6 address that holds IPv4 addresses (mapped, compatible, translated, 6to4, Teredo,
/// ISATAP) is what the worst of them and itself are: `2002:7f00:1::` is `loopback`. Of the family `unknown`:
/// `reserved`. RFC 6890, RFC 4291 2.5.5.
constexpr address_kind judge_address(const peer_address& address) noexcept {
    const detail::judged_address judged = detail::read_address(address);
    address_kind worst = judged.kind;
    for (std::size_t at = 0; at < judged.count; ++at) {
        const address_kind kind = detail::read_address(judged.inside[at]).kind;
        worst = kind < worst ? kind : worst;
    }
    return worst;
}

/// The same for a text that `parse_peer` reads; `reserved` for any other.
constexpr address_kind judge_address(std::string_view text) noexcept {
    peer_address parsed;
    (void)parse_peer(text, parsed);
    return judge_address(parsed);
}

constexpr std::string_view to_string(address_kind kind) noexcept {
    constexpr std::string_view names[] = {"unspecified"sv,  "loopback"sv,     "link_local"sv,    "private_use"sv,
                                          "unique_local"sv, "site_local"sv,   "shared"sv,        "multicast"sv,
                                          "broadcast"sv,    "benchmarking"sv, "documentation"sv, "reserved"sv,
                                          "global"sv};
    return names[static_cast<std::size_t>(kind) % (sizeof(names) / sizeof(names[0]))];
}

/// The addresses that tunnels may lead to: global ones, and those inside the networks that the caller opens. Where an
/// address holds others, each must be one of these: to open `::/0` does not open `::ffff:127.0.0.1`. A view: the array
/// must outlive it. RFC 9110 9.3.6, RFC 6890.
struct address_rules {
    const network* data = nullptr;
    std::size_t size = 0;

    constexpr address_rules() noexcept = default;
    constexpr address_rules(const network* first, std::size_t count) noexcept : data(first), size(count) {}
    template <std::size_t Count>
    constexpr address_rules(const network (&list)[Count]) noexcept : data(list), size(Count) {}

    [[nodiscard]] TLSUP_COLD constexpr bool allow(const peer_address& address) const noexcept {
        const detail::judged_address judged = detail::read_address(address);
        bool all = opens(address, judged.kind);
        for (std::size_t at = 0; at < judged.count; ++at) {
            const peer_address& each = judged.inside[at];
            all = all && opens(each, detail::read_address(each).kind);
        }
        return all;
    }

  private:
    [[nodiscard]] constexpr bool opens(const peer_address& address, address_kind kind) const noexcept {
        bool found = kind == address_kind::global;
        for (std::size_t at = 0; at < size; ++at) {
            found = found || data[at].contains(address);
        }
        return found;
    }
};

} // namespace tlsup
