// instance.hpp: the name of this run of a program in Via.
#pragma once

#include <cstdio>
#include <random>
#include <string>

namespace example {

/// A pseudonym that no other instance has: a message that comes with it has been here before. RFC 9110 7.6.3.
inline std::string instance_name() {
    std::random_device random;
    char name[32] = {};
    std::snprintf(name, sizeof name, "tlsup-%08x%08x", random() & 0xffffffffU, random() & 0xffffffffU);
    return name;
}

} // namespace example
