// gate.cpp: a device that reads the ClientHello before its TLS engine does.
#include "machine.hpp"

#ifndef TLSUP_STAND_IN
tlsup::hello_gate ram_of_gate;

extern "C" void run_gate() {
    const auto now = ram_of_gate.feed(device::unread(), device::clear(), tlsup::splice_defence::bound_alpn);
    if (now == tlsup::hello_gate::progress::refuse) {
        device::discard(ram_of_gate.verdict().alert());
    }
}
#else
extern "C" void run_gate() { device::discard(device::receive(device::buffer, device::held)); }
#endif
