// server.cpp: a device that serves pages, and upgrades to TLS who asks for it.
#include "machine.hpp"

#include <new>

#ifndef TLSUP_STAND_IN
#include <tlsup/server.hpp>
#ifdef TLSUP_PARTS
using machine = tlsup::basic_server<tlsup::server_parts{TLSUP_PARTS}>;
#else
using machine = tlsup::server;
#endif
#ifdef TLSUP_BARE_426
static constexpr tlsup::server_options options{.upgrade = {tlsup::splice_defence::bound_alpn},
                                               .upgrade_required = tlsup::bare_upgrade_required};
#else
static constexpr tlsup::server_options options{.upgrade = {tlsup::splice_defence::bound_alpn}};
#endif
#else
using machine = stand_in::machine;
static constexpr stand_in::options options{};
#endif

alignas(machine) char ram_of_server[sizeof(machine)];

extern "C" void run_server() {
    machine& server = *new (ram_of_server) machine;
    bool secure = false;
    while (true) {
        const tlsup::step now = secure ? server.next_secure(device::unread(), device::clear(), options)
                                       : server.next(device::unread(), options);
        const char* const bytes = now.bytes.data();
        const std::size_t size = now.bytes.size();
        tlsup::errc error = tlsup::errc::ok;
        switch (now.what) {
        case tlsup::action::read: {
            const std::size_t more = device::receive(device::buffer + device::filled, device::buffer_bytes);
            device::filled += more;
            error = more == 0 ? server.peer_closed() : error;
            break;
        }
        case tlsup::action::write:
            error = server.wrote(device::send(bytes, size));
            break;
        case tlsup::action::decide:
            error = device::page(bytes, size)             ? server.decline()
                    : server.accept(0) == tlsup::errc::ok ? tlsup::errc::ok
                                                          : server.require_upgrade();
            break;
        case tlsup::action::answer:
            device::answer(bytes, size);
            error = server.answered();
            break;
        case tlsup::action::body:
            device::content(bytes, size);
            device::discard(size);
            error = server.took(size);
            break;
        case tlsup::action::drop:
        case tlsup::action::drain:
            device::discard(size);
            error = server.took(size);
            break;
        case tlsup::action::start_tls:
            error = server.tls_hello(device::first_flight(bytes, size));
            if (error == tlsup::errc::ok && device::handshake(bytes, size)) {
                error = server.tls_established(device::session(), options);
                secure = true;
            }
            break;
        default:
            device::leave();
            return;
        }
        if (error != tlsup::errc::ok) {
            error = server.abort(error);
        }
    }
}
