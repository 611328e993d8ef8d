// connect_client.cpp: a device that asks a proxy for a tunnel.
#include "machine.hpp"

#include <new>

#ifndef TLSUP_STAND_IN
#include <tlsup/connect_client.hpp>
#ifdef TLSUP_PARTS
using machine = tlsup::basic_connect_client<tlsup::connect_parts{TLSUP_PARTS}>;
#else
using machine = tlsup::connect_client;
#endif
using settings = tlsup::connect_options;
#else
using machine = stand_in::machine;
struct settings : stand_in::options {
    tlsup::prepared_head connect{};
};
#endif

alignas(machine) char ram_of_connect_client[sizeof(machine)];

extern "C" void run_connect_client() {
    machine& client = *new (ram_of_connect_client) machine;
    settings options;
    options.connect = device::head(2);
    while (true) {
        const tlsup::step now = client.next(device::unread(), options);
        const char* const bytes = now.bytes.data();
        const std::size_t size = now.bytes.size();
        tlsup::errc error = tlsup::errc::ok;
        switch (now.what) {
        case tlsup::action::read: {
            const std::size_t more = device::receive(device::buffer + device::filled, device::buffer_bytes);
            device::filled += more;
            error = more == 0 ? client.peer_closed() : error;
            break;
        }
        case tlsup::action::write:
            error = client.wrote(device::send(bytes, size));
            break;
        case tlsup::action::answer:
        case tlsup::action::body:
            device::content(bytes, size);
            device::discard(size);
            error = client.took(size);
            break;
        case tlsup::action::drop:
            device::discard(size);
            error = client.took(size);
            break;
        default:
            device::leave();
            return;
        }
        if (error != tlsup::errc::ok) {
            error = client.abort(error);
        }
    }
}
