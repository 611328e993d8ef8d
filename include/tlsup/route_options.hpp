// route_options.hpp: what callers of a route can set. Passed by reference with every call, never stored.
#pragma once

#include <cstddef>
#include <cstdint>

#include "connect_options.hpp"
#include "options.hpp"
#include "write_connect.hpp"
#include "write_proxied.hpp"

namespace tlsup {

/// A proxy on the road. Its heads must outlive the route's use of them.
struct route_proxy {
    /// From `write_connect`: to the next proxy, or from the last one to the server. Without a login: that goes to a
    /// proxy that asks. The last proxy's may be empty where no tunnel to the server is wanted: TLS is then out of
    /// reach.
    prepared_head connect{};
    prepared_head connect_with_login{}; ///< the same with a login; empty where there is none
    bool basic = true;                  ///< the login is Basic, and goes only to who asks for Basic. RFC 9110 11.7.2
};

/// A view of the proxies, nearest first, at most eight. The array must outlive the route's use of it.
struct route_proxies {
    const route_proxy* data = nullptr;
    std::size_t size = 0;

    constexpr route_proxies() noexcept = default;
    constexpr route_proxies(const route_proxy* first, std::size_t count) noexcept : data(first), size(count) {}
    template <std::size_t Count>
    constexpr route_proxies(const route_proxy (&list)[Count]) noexcept : data(list), size(Count) {}
};

/// A route's options.
struct route_options {
    /// What is asked of the server, as on a direct connection: requirement, probe, request, leniencies, limits. The
    /// request may offer an upgrade; what a `capability_cache` knows belongs into `need`.
    client_options exchange{};
    route_proxies proxies{};
    /// From `write_proxied`: the request for the last proxy to pass on in clear. Empty: every request goes through a
    /// tunnel. It is used where `exchange.need` is `any`, and no offer is made or no tunnel is to be had.
    prepared_head forwarded{};
    prepared_head forwarded_with_login{}; ///< the same with the login of the last proxy; empty where there is none
    connect_options connect{};            ///< the limits of the proxies' answers; its head is not used
    std::uint8_t connections = 16;        ///< connections for this one request; one more is `too_many_attempts`
};

} // namespace tlsup
