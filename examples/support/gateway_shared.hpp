// gateway_shared.hpp: what all connections of gateway have in common.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <tlsup/error.hpp>
#include <tlsup/write.hpp>

#include "gateway_options.hpp"
#include "instance.hpp"
#include "log.hpp"
#include "net.hpp"
#include "tls.hpp"

namespace example::gateway {

/// It outlives them.
struct shared {
    const settings& set;
    const event_log& log;
    const tlsup::prepared_head& advert; // what advertises TLS in a response
    SSL_CTX* context;
    const addresses* backend; // null with --root
    std::string name = instance_name();
};

inline constexpr std::size_t queue_limit = 256 * 1024; // of bytes that a client has not read yet

/// Answers to a machine are right or the gateway has a bug.
inline void must(tlsup::errc error) {
    if (error != tlsup::errc::ok) {
        throw failure("the machine refused a call: " + std::string(to_string(error)));
    }
}

inline std::string_view view(bool yes) { return yes ? "yes" : "no"; }

} // namespace example::gateway
