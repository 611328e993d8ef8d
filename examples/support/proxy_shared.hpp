// proxy_shared.hpp: what all connections of proxy share.
#pragma once

#include <functional>
#include <span>

#include "instance.hpp"
#include "log.hpp"
#include "proxy_options.hpp"
#include "proxy_route.hpp"
#include "tunnel_relay.hpp"

namespace example::proxy {

/// One for the program. All references outlive it.
struct shared {
    const settings& set;
    const tlsup::proxy_options& machine;
    const event_log& log;
    event_loop& loop;
    resolver& names;
    std::span<char> buffer;
    tunnel_patience patience;
    std::function<void(unsigned id)> over; // the connection stays where it is up to the end of the loop's turn
    std::size_t carried = 0;               // connections that were not refused
    std::string name = instance_name();    // in Via
};

} // namespace example::proxy
