// client.cpp: a device that fetches something, over TLS only.
#include "machine.hpp"

#include <new>

#ifndef TLSUP_STAND_IN
#include <tlsup/client.hpp>
#ifdef TLSUP_PARTS
using machine = tlsup::basic_client<tlsup::client_parts{TLSUP_PARTS}>;
#else
using machine = tlsup::client;
#endif
using settings = tlsup::client_options;
#else
using machine = stand_in::machine;
struct settings : stand_in::options {
    tlsup::prepared_head probe{};
    tlsup::prepared_head request{};
};
#endif

alignas(machine) char ram_of_client[sizeof(machine)];

extern "C" void run_client() {
    machine& client = *new (ram_of_client) machine;
    settings options;
    options.probe = device::head(0);
    options.request = device::head(1);
    bool secure = false;
    while (true) {
        const tlsup::step now =
            secure ? client.next_secure(device::unread(), options) : client.next(device::unread(), options);
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
        case tlsup::action::start_tls:
            if (device::handshake(bytes, size)) {
                error = client.tls_established(device::session(), options);
                secure = true;
            }
            break;
        case tlsup::action::dial:
            error = device::dial() ? client.retry() : tlsup::errc::aborted;
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
