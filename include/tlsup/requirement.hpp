// requirement.hpp: what a client wants of a connection.
#pragma once

#include <cstdint>

namespace tlsup {

/// What a client wants.
enum class requirement : std::uint8_t {
    any, ///< The request goes out in clear; if it offers an upgrade, that may happen. RFC 2817 3.1.
    tls, ///< A probe asks for TLS first; the request is never sent in clear. RFC 2817 3.2.
};

} // namespace tlsup
