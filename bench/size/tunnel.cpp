// tunnel.cpp: a device that relays between two connections.
#include "machine.hpp"

#ifndef TLSUP_STAND_IN
#include <tlsup/tunnel.hpp>

tlsup::tunnel ram_of_tunnel{tlsup::half_close::close_both};

static bool relay(tlsup::side which, const tlsup::flow& now) noexcept {
    if (now.read != 0 && device::receive(device::buffer, now.read) == 0) {
        return ram_of_tunnel.eof(which) == tlsup::errc::ok;
    }
    if (now.write && device::send(device::buffer, 1) == 0) {
        return ram_of_tunnel.failed(which) == tlsup::errc::ok;
    }
    return !now.shut_write || ram_of_tunnel.shut(which) == tlsup::errc::ok;
}

extern "C" void run_tunnel() {
    while (true) {
        const tlsup::plan now = ram_of_tunnel.next(device::filled, device::held, device::buffer_bytes);
        if (now.close || !relay(tlsup::side::client, now.client) || !relay(tlsup::side::upstream, now.upstream)) {
            break;
        }
    }
    device::leave();
}
#else
static bool relay() noexcept {
    if (device::receive(device::buffer, device::held) == 0) {
        return device::dial();
    }
    return device::send(device::buffer, 1) != 0;
}

extern "C" void run_tunnel() {
    while (relay() && relay()) {
    }
    device::leave();
}
#endif
