// connect_proxy.cpp: a device that lets others through to one port.
#include "machine.hpp"

#include <new>

#ifndef TLSUP_STAND_IN
#include <tlsup/connect_proxy.hpp>
#ifdef TLSUP_PARTS
using machine = tlsup::basic_connect_proxy<tlsup::proxy_parts{TLSUP_PARTS}>;
#else
using machine = tlsup::connect_proxy;
#endif
static constexpr tlsup::port_range ports[] = {{443, 443}};
static constexpr tlsup::proxy_options options{.ports = ports};
#else
using machine = stand_in::machine;
static constexpr stand_in::options options{};
#endif

alignas(machine) char ram_of_connect_proxy[sizeof(machine)];

extern "C" void run_connect_proxy() {
    machine& proxy = *new (ram_of_connect_proxy) machine;
    while (true) {
        const tlsup::step now = proxy.next(device::unread(), options);
        const char* const bytes = now.bytes.data();
        const std::size_t size = now.bytes.size();
        tlsup::errc error = tlsup::errc::ok;
        switch (now.what) {
        case tlsup::action::read: {
            const std::size_t more = device::receive(device::buffer + device::filled, device::buffer_bytes);
            device::filled += more;
            error = more == 0 ? proxy.peer_closed() : error;
            break;
        }
        case tlsup::action::write:
            error = proxy.wrote(device::send(bytes, size));
            break;
        case tlsup::action::decide:
            error = device::page(bytes, size) ? proxy.open() : proxy.refuse(tlsup::errc::host_denied);
            break;
        case tlsup::action::dial:
            error = proxy.dialing();
            if (error == tlsup::errc::ok) {
                error = device::dial() ? proxy.tunnel_open() : proxy.refuse(tlsup::errc::upstream_unreachable);
            }
            break;
        case tlsup::action::drop:
        case tlsup::action::drain:
            device::discard(size);
            error = proxy.took(size);
            break;
        default:
            device::leave();
            return;
        }
        if (error != tlsup::errc::ok) {
            error = proxy.abort(error);
        }
    }
}
