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

/// A row of the registries. Of several the first that fits counts.
struct address_row {
    std::string_view network;
    address_kind kind;
    embedding inside = embedding::none;
};

// https://www.iana.org/assignments/iana-ipv4-special-registry, and the multicast addresses. What the registry calls not
// globally reachable, or neither, is not `global`.
inline constexpr address_row ipv4_rows[] = {
    {"0.0.0.0/32"sv, address_kind::unspecified},        // RFC 1122 3.2.1.3
    {"0.0.0.0/8"sv, address_kind::reserved},            // "this network", RFC 791 3.2
    {"10.0.0.0/8"sv, address_kind::private_use},        // RFC 1918
    {"100.64.0.0/10"sv, address_kind::shared},          // RFC 6598
    {"127.0.0.0/8"sv, address_kind::loopback},          // RFC 1122 3.2.1.3
    {"169.254.0.0/16"sv, address_kind::link_local},     // RFC 3927
    {"172.16.0.0/12"sv, address_kind::private_use},     // RFC 1918
    {"192.0.0.9/32"sv, address_kind::global},           // Port Control Protocol anycast, RFC 7723
    {"192.0.0.10/32"sv, address_kind::global},          // TURN anycast, RFC 8155
    {"192.0.0.0/24"sv, address_kind::reserved},         // protocol assignments, RFC 6890; RFC 7335, 7600, 8880
    {"192.0.2.0/24"sv, address_kind::documentation},    // RFC 5737
    {"192.31.196.0/24"sv, address_kind::global},        // AS112, RFC 7535
    {"192.52.193.0/24"sv, address_kind::global},        // AMT, RFC 7450
    {"192.88.99.0/24"sv, address_kind::reserved},       // 6to4 relays, deprecated by RFC 7526
    {"192.168.0.0/16"sv, address_kind::private_use},    // RFC 1918
    {"192.175.48.0/24"sv, address_kind::global},        // AS112, RFC 7534
    {"198.18.0.0/15"sv, address_kind::benchmarking},    // RFC 2544
    {"198.51.100.0/24"sv, address_kind::documentation}, // RFC 5737
    {"203.0.113.0/24"sv, address_kind::documentation},  // RFC 5737
    {"224.0.0.0/4"sv, address_kind::multicast},         // RFC 5771
    {"255.255.255.255/32"sv, address_kind::broadcast},  // RFC 919 7, RFC 8190
    {"240.0.0.0/4"sv, address_kind::reserved},          // RFC 1112 4
    {"0.0.0.0/0"sv, address_kind::global},
};

// https://www.iana.org/assignments/iana-ipv6-special-registry, and the other forms that hold an IPv4 address.
inline constexpr address_row ipv6_rows[] = {
    {"::/128"sv, address_kind::unspecified},                                // RFC 4291 2.5.2
    {"::1/128"sv, address_kind::loopback},                                  // RFC 4291 2.5.3
    {"::/120"sv, address_kind::reserved},                                   // next to them: no IPv4 address is meant
    {"::/96"sv, address_kind::reserved, embedding::last},                   // IPv4-compatible, RFC 4291 2.5.5.1
    {"::ffff:0:0/96"sv, address_kind::global, embedding::last},             // the IPv4 address itself, RFC 4291 2.5.5.2
    {"::ffff:0:0:0/96"sv, address_kind::reserved, embedding::last},         // IPv4-translated, RFC 2765 2.1
    {"64:ff9b::/96"sv, address_kind::global, embedding::last},              // RFC 6052 2.1
    {"64:ff9b:1::/48"sv, address_kind::private_use, embedding::translated}, // RFC 8215
    {"100::/64"sv, address_kind::reserved},                                 // discarded, RFC 6666
    {"100:0:0:1::/64"sv, address_kind::reserved},                           // dummy prefix, RFC 9780
    {"2001::/32"sv, address_kind::reserved, embedding::teredo},             // RFC 4380, RFC 8190
    {"2001:1::1/128"sv, address_kind::global},                              // Port Control Protocol anycast, RFC 7723
    {"2001:1::2/128"sv, address_kind::global},                              // TURN anycast, RFC 8155
    {"2001:1::3/128"sv, address_kind::global},                              // DNS-SD registration anycast, RFC 9665
    {"2001:2::/48"sv, address_kind::benchmarking},                          // RFC 5180, RFC 1752
    {"2001:3::/32"sv, address_kind::global},                                // AMT, RFC 7450
    {"2001:4:112::/48"sv, address_kind::global},                            // AS112, RFC 7535
    {"2001:10::/28"sv, address_kind::reserved},                             // ORCHID, deprecated, RFC 4843
    {"2001:20::/28"sv, address_kind::global},                               // ORCHIDv2, RFC 7343
    {"2001:30::/28"sv, address_kind::global},                               // DRIP, RFC 9374
    {"2001::/23"sv, address_kind::reserved},                                // protocol assignments, RFC 2928
    {"2001:db8::/32"sv, address_kind::documentation},                       // RFC 3849
    {"2002::/16"sv, address_kind::reserved, embedding::six_to_four},        // RFC 3056, RFC 7526
    {"2620:4f:8000::/48"sv, address_kind::global},                          // AS112, RFC 7534
    {"3fff::/20"sv, address_kind::documentation},                           // RFC 9637
    {"2000::/3"sv, address_kind::global},                                   // RFC 4291 2.4
    {"5f00::/16"sv, address_kind::reserved},                                // segment routing, RFC 9602
    {"fc00::/7"sv, address_kind::unique_local},                             // RFC 4193
    {"fe80::/10"sv, address_kind::link_local},                              // RFC 4291 2.5.6
    {"fec0::/10"sv, address_kind::site_local},                              // RFC 3879
    {"ff00::/8"sv, address_kind::multicast},                                // RFC 4291 2.7
    {"::/0"sv, address_kind::reserved},                                     // not assigned, RFC 4291 2.4
};

/// A row, read.
struct address_prefix {
    peer_address from{};
    std::uint8_t bits = 0;
    std::uint8_t meaning = 0; // the kind, and in the upper four bits what is inside
    [[nodiscard]] constexpr std::size_t bytes() const noexcept { return (bits + 7U) / 8; }
};

constexpr address_prefix read_row(const address_row& row) noexcept {
    address_prefix found;
    const std::size_t slash = find(row.network, 0, '/');
    std::uint64_t bits = 0;
    (void)parse_address(part(row.network, 0, slash), false, found.from);
    (void)parse_length(part(row.network, slash + 1, row.network.size()), bits);
    found.bits = static_cast<std::uint8_t>(bits);
    found.meaning = static_cast<std::uint8_t>(static_cast<unsigned>(row.kind) | static_cast<unsigned>(row.inside) << 4);
    return found;
}

// The rows packed, one after the other: meaning, bits, and the bytes that the bits are in. Templates, so that the
// compiler packs them only for a file that judges addresses.
template <const auto& Rows> constexpr std::size_t address_table_bytes() noexcept {
    std::size_t all = 0;
    for (const address_row& each : Rows) {
        all += 2 + read_row(each).bytes();
    }
    return all;
}
template <const auto& Rows> struct address_table { std::uint8_t of[address_table_bytes<Rows>()]; };
template <const auto& Rows> constexpr address_table<Rows> make_address_table() noexcept {
    address_table<Rows> table{};
    std::size_t at = 0;
    for (const address_row& each : Rows) {
        const address_prefix row = read_row(each);
        table.of[at++] = row.meaning;
        table.of[at++] = row.bits;
        for (std::size_t byte = 0; byte < row.bytes(); ++byte) {
            table.of[at++] = row.from.address.octets[byte];
        }
    }
    return table;
}
template <const auto& Rows> inline constexpr address_table<Rows> packed_addresses = make_address_table<Rows>();

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
        found.kind = static_cast<address_kind>(find_meaning(packed_addresses<ipv4_rows>.of, octets));
    }
    if (address.family != address_family::ipv6) {
        return found;
    }
    const unsigned meaning = find_meaning(packed_addresses<ipv6_rows>.of, octets);
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
constexpr bool embeds_ipv4(std::string_view text) noexcept {
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

    [[nodiscard]] constexpr bool allow(const peer_address& address) const noexcept {
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
