// connect_options.hpp: what callers of the CONNECT machines can set. Passed by reference with every call, never stored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "address.hpp"
#include "authority.hpp"
#include "body.hpp"
#include "head.hpp"
#include "write_connect.hpp"

namespace tlsup {

/// What of a CONNECT client is compiled: `basic_connect_client<connect_parts{...}>`. docs/size.md says what each saves.
struct connect_parts {
    /// `counted`: a refusal in chunks shows its head, and then ends with `unknown_transfer_coding`. Not `none`.
    content_parts content = content_parts::all;

    friend constexpr bool operator==(const connect_parts&, const connect_parts&) noexcept = default;
};

/// What of a CONNECT proxy is compiled: `basic_connect_proxy<proxy_parts{...}>`.
struct proxy_parts {
    bool reasons = true;   ///< the reason phrases of refusals. RFC 9112 4: nobody may depend on them
    bool sentences = true; ///< the content that says why; without them a refusal has none. RFC 9110 15.5

    friend constexpr bool operator==(const proxy_parts&, const proxy_parts&) noexcept = default;
};

/// A CONNECT client's options. The prepared head must outlive the machine's use of it.
struct connect_options {
    prepared_head connect{};             ///< from `write_connect`; after `retry()` the one that is written next
    std::uint8_t interim_responses = 16; ///< before a final one; RFC 9110 15.2
    head_limits head{};
    body_limits body{};                ///< of a refusal's content
    std::uint32_t drain_bytes = 65536; ///< of a 407's content: beyond it `retry()` takes a new connection
};

/// Ports from `first` to `last`.
struct port_range {
    std::uint16_t first = 0;
    std::uint16_t last = 0;
};

/// The ports that tunnels may lead to. None unless the caller names some. A view: the array must outlive it. RFC
/// 2817 8.2.
struct port_rules {
    const port_range* data = nullptr;
    std::size_t size = 0;

    constexpr port_rules() noexcept = default;
    constexpr port_rules(const port_range* first, std::size_t count) noexcept : data(first), size(count) {}
    template <std::size_t Count>
    constexpr port_rules(const port_range (&list)[Count]) noexcept : data(list), size(Count) {}

    [[nodiscard]] constexpr bool allow(std::uint16_t port) const noexcept {
        bool found = false;
        for (std::size_t at = 0; at < size; ++at) {
            found = found || (port >= data[at].first && port <= data[at].last);
        }
        return found;
    }
};

/// The hosts that tunnels may lead to: `name`, `address`, or `*.name` for all names below it. Empty: all hosts. A view:
/// the array must outlive it.
struct host_rules {
    const std::string_view* data = nullptr;
    std::size_t size = 0;

    constexpr host_rules() noexcept = default;
    constexpr host_rules(const std::string_view* first, std::size_t count) noexcept : data(first), size(count) {}
    template <std::size_t Count>
    constexpr host_rules(const std::string_view (&list)[Count]) noexcept : data(list), size(Count) {}

    [[nodiscard]] constexpr bool allow(std::string_view host) const noexcept {
        bool found = size == 0;
        for (std::size_t at = 0; at < size; ++at) {
            found = found || host_matches(data[at], host);
        }
        return found;
    }
};

/// A CONNECT proxy's options.
struct proxy_options {
    port_rules ports{};
    host_rules hosts{};
    /// The addresses that tunnels may lead to: none but global ones unless the caller opens some. The machine judges
    /// targets that are addresses; at `dial` the caller asks `addresses.allow` about each address that a name has, and
    /// connects to one that is allowed, or refuses with `address_denied`. RFC 9110 9.3.6, RFC 6890.
    address_rules addresses{};
    /// Hosts that a resolver may take for an address that the rules did not see: `127.1`, `0x7f.1`, and IPv6 addresses
    /// with an IPv4 address inside. RFC 9110 9.3.6.
    bool disguised_hosts = false;
    /// Forgives an HTTP/1.1 CONNECT that has no Host, as lftp sends it. Opens nothing: Host is never used. RFC
    /// 9112 3.2.
    bool peer_omits_host = false;
    /// Requests other than CONNECT are shown at `decide`, for `detach()`; else they are refused with 501.
    bool other_methods = false;
    /// The authority that this program answers for itself, as `host:port`: `open_here()` is for it. RFC 2817 5.3.
    std::string_view own_authority{};
    /// From `write_407`; what `challenge()` writes. With it a target that the rules deny comes to `decide` like others,
    /// and is refused by `open()`: only who may use the proxy learns its rules. RFC 9110 15.5.8.
    prepared_head challenge{};
    std::uint8_t empty_lines = 1;      ///< before a request; RFC 9112 2.2
    std::uint32_t drain_bytes = 65536; ///< discarded behind a refusal before the connection closes; RFC 9112 9.6
    head_limits head{};
};

} // namespace tlsup
