// network.hpp: an address with a prefix length, and the question whether a peer is inside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "authority.hpp"
#include "error.hpp"
#include "grammar.hpp"

namespace tlsup {

/// Which addresses are meant.
enum class address_family : std::uint8_t {
    unknown, ///< none: the text was no address
    ipv4,
    ipv6,
};

/// The address of a peer. An IPv4-mapped IPv6 address counts as its IPv4 address. RFC 4291 2.5.5.2.
struct peer_address {
    detail::ip_address address{}; ///< network order; IPv4 in the first four octets, the others 0
    address_family family = address_family::unknown;

    friend constexpr bool operator==(const peer_address&, const peer_address&) noexcept = default;
};

namespace detail {

/// A dotted quad, or an IPv6 address with or without brackets, and with a zone where that is allowed. A mapped address
/// stays as it is.
constexpr bool parse_address(std::string_view text, bool zone_allowed, peer_address& parsed) noexcept {
    const bool bracketed = !text.empty() && text[0] == '[';
    const std::string_view inside = bracketed ? bare_host(text) : text;
    std::size_t zone = zone_allowed ? 0 : inside.size();
    while (zone < inside.size() && inside[zone] != '%') {
        ++zone;
    }
    peer_address found;
    if (!bracketed && parse_ipv4(inside, found.address.octets)) {
        found.family = address_family::ipv4;
    } else if (parse_ipv6(part(inside, 0, zone), found.address) && zone + 1 != inside.size()) {
        found.family = address_family::ipv6;
    } else {
        return false;
    }
    parsed = found;
    return true;
}

/// Turns an IPv4-mapped address into its IPv4 address. True where it was one.
constexpr bool unmap(peer_address& of) noexcept {
    bool mapped = of.family == address_family::ipv6;
    for (std::size_t at = 0; at < 12; ++at) {
        mapped = mapped && of.address.octets[at] == (at < 10 ? 0 : 0xff);
    }
    if (mapped) {
        peer_address plain;
        plain.family = address_family::ipv4;
        for (std::size_t at = 0; at < 4; ++at) {
            plain.address.octets[at] = of.address.octets[12 + at];
        }
        of = plain;
    }
    return mapped;
}

/// Whether two addresses agree in their first `bits` bits, 0 to 128.
constexpr bool same_prefix(const std::uint8_t* one, const std::uint8_t* other, unsigned bits) noexcept {
    for (std::size_t at = 0; bits > 0; ++at) {
        const unsigned here = bits < 8 ? bits : 8;
        const unsigned different = static_cast<unsigned>(one[at] ^ other[at]);
        if ((different >> (8 - here)) != 0) {
            return false;
        }
        bits -= here;
    }
    return true;
}

/// Whether all bits behind the first `bits` are 0.
constexpr bool ends_in_zeros(const ip_address& address, unsigned bits) noexcept {
    for (unsigned at = bits; at < 128; ++at) {
        if (((address.octets[at / 8] >> (7 - at % 8)) & 1) != 0) {
            return false;
        }
    }
    return true;
}

} // namespace detail

/// Reads a peer's address as inet_ntop and getnameinfo print it; an IPv6 address may have brackets and a zone, which
/// is ignored. `bad_argument` for anything else. RFC 4291 2.2, RFC 4007 11.
constexpr errc parse_peer(std::string_view text, peer_address& parsed) noexcept {
    peer_address found;
    if (!detail::parse_address(text, true, found)) {
        return errc::bad_argument;
    }
    (void)detail::unmap(found);
    parsed = found;
    return errc::ok;
}

/// Addresses that begin alike. As it is made, all peers, known or not. RFC 4632 3.1, RFC 4291 2.3.
class network {
  public:
    constexpr network() noexcept = default;

    /// Whether it is all peers.
    [[nodiscard]] constexpr bool any() const noexcept { return any_; }
    /// False where `network_of` was given a text that is no network. It then has no peer inside.
    [[nodiscard]] constexpr bool valid() const noexcept { return any_ || from_.family != address_family::unknown; }

    /// Whether the peer is inside. An unknown peer is inside only where all are.
    [[nodiscard]] constexpr bool contains(peer_address peer) const noexcept {
        (void)detail::unmap(peer); // the caller may have filled it from a socket's address
        return any_ || (peer.family != address_family::unknown && peer.family == from_.family &&
                        detail::same_prefix(peer.address.octets, from_.address.octets, prefix_));
    }
    /// The same for a text that `parse_peer` reads.
    [[nodiscard]] constexpr bool contains(std::string_view peer) const noexcept {
        peer_address parsed;
        (void)parse_peer(peer, parsed);
        return contains(parsed);
    }

    friend constexpr bool operator==(const network&, const network&) noexcept = default;

  private:
    friend constexpr errc parse_network(std::string_view text, network& parsed) noexcept;
    friend constexpr network network_of(std::string_view text) noexcept;

    peer_address from_{};
    std::uint8_t prefix_ = 0;
    bool any_ = true;
};

/// Reads `address` or `address/length`, such as `10.0.0.0/8`, `192.0.2.7`, `2001:db8::/32` or `[::1]`. The length is
/// decimal without leading zeros; without it only the address itself is inside. `::ffff:10.0.0.0/104` is `10.0.0.0/8`.
/// `bad_argument` for anything else, and where a bit behind the prefix is set.
constexpr errc parse_network(std::string_view text, network& parsed) noexcept {
    std::size_t slash = 0;
    while (slash < text.size() && text[slash] != '/') {
        ++slash;
    }
    network found;
    found.any_ = false;
    if (!detail::parse_address(detail::part(text, 0, slash), false, found.from_)) {
        return errc::bad_argument;
    }
    const unsigned longest = found.from_.family == address_family::ipv4 ? 32 : 128;
    unsigned prefix = longest;
    if (slash < text.size()) {
        const std::string_view digits = detail::part(text, slash + 1, text.size());
        std::uint64_t value = 0;
        if (!detail::parse_length(digits, value) || value > longest || (digits.size() > 1 && digits[0] == '0')) {
            return errc::bad_argument;
        }
        prefix = static_cast<unsigned>(value);
    }
    if (!detail::ends_in_zeros(found.from_.address, prefix)) {
        return errc::bad_argument;
    }
    if (detail::unmap(found.from_)) { // its prefix has 96 bits at least: the ones before them are no zeros
        prefix -= 96;
    }
    found.prefix_ = static_cast<std::uint8_t>(prefix);
    parsed = found;
    return errc::ok;
}

/// `parse_network` for tables in code: a text that is no network gives one that is not `valid`.
constexpr network network_of(std::string_view text) noexcept {
    network found;
    found.any_ = false;
    (void)parse_network(text, found);
    return found;
}

} // namespace tlsup
