// writers.cpp: a device that composes what a client writes: the probe, the request and the CONNECT.
#include "machine.hpp"

#ifndef TLSUP_STAND_IN
#include <tlsup/write.hpp>
#include <tlsup/write_connect.hpp>

extern "C" void run_writers() {
    const tlsup::room out(device::buffer, device::buffer_bytes);
    device::held = tlsup::write_probe(out, device::unread(), tlsup::default_tokens).head.head_size();
    device::held += tlsup::write_request(out, {{"POST", 4}, {"/", 1}, device::unread(), {}, {}}).head.head_size();
    device::held += tlsup::write_connect(out, {device::unread(), 443}).head.head_size();
}
#else
extern "C" void run_writers() { device::held = device::receive(device::buffer, device::held); }
#endif
