// facts.cpp: a device with an HTTP parser of its own, which hands over what it finds: the second door, for both roles.
#include "device.hpp"

#ifndef TLSUP_STAND_IN
#include "decisions.hpp"

tlsup::request_facts ram_of_facts;

namespace {

std::string_view text() noexcept { return {device::buffer, device::receive(device::buffer, 1)}; }

} // namespace

extern "C" void run_facts() {
    tlsup::request_facts& asked = ram_of_facts;
    asked.start(text(), text(), 1, 1);
    while (device::receive(device::buffer, 2) != 0) {
        asked.field(text(), text());
    }
    const std::string_view reply = decisions::answer(asked, device::filled);
    device::send(reply.data(), reply.size());

    tlsup::response_facts answered;
    answered.start(1, 1, static_cast<std::uint16_t>(device::receive(device::buffer, 3)));
    while (device::receive(device::buffer, 2) != 0) {
        answered.field(text(), text());
    }
    if (decisions::switches(answered, device::filled)) {
        device::handshake(device::buffer, 0);
    }
}
#else
namespace {

void look() noexcept { device::receive(device::buffer, 1); }

} // namespace

extern "C" void run_facts() {
    look();
    look();
    while (device::receive(device::buffer, 2) != 0) {
        look();
        look();
    }
    device::send(device::buffer, device::filled);
    device::receive(device::buffer, 3);
    while (device::receive(device::buffer, 2) != 0) {
        look();
        look();
    }
    if (device::filled != 0) {
        device::handshake(device::buffer, 0);
    }
}
#endif
