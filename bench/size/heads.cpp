// heads.cpp: a device that has its heads read and decided, and does the rest itself: what compares with a parser and a
// decision behind it.
#include "device.hpp"

#ifndef TLSUP_STAND_IN
#include <tlsup/head.hpp>

#include "decisions.hpp"

struct {
    tlsup::detail::head_reader<tlsup::request_facts> reader;
    tlsup::request_facts facts;
} ram_of_heads;

extern "C" void run_heads() {
    auto& asked = ram_of_heads;
    if (asked.reader.read(device::unread(), {}, asked.facts) != decltype(asked.reader)::progress::more) {
        const std::string_view reply = decisions::answer(asked.facts, device::filled - asked.reader.size());
        device::send(reply.data(), reply.size());
    }

    tlsup::detail::head_reader<tlsup::response_facts> reader;
    tlsup::response_facts answered;
    if (reader.read(device::unread(), {}, answered) == decltype(reader)::progress::done &&
        decisions::switches(answered, device::filled - reader.size())) {
        device::handshake(device::buffer, 0);
    }
}
#else
extern "C" void run_heads() {
    if (device::receive(device::buffer, device::filled) != 0) {
        device::send(device::buffer, device::filled);
    }
    if (device::receive(device::buffer, device::filled) != 0) {
        device::handshake(device::buffer, 0);
    }
}
#endif
