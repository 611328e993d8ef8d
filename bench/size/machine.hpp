// machine.hpp: a machine whose functions are somewhere else. In the baseline it stands where the library's would.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <tlsup/action.hpp>
#include <tlsup/error.hpp>

#include "device.hpp"

namespace stand_in {

struct options {
    unsigned value = 0;
};

class machine {
  public:
    using errc = tlsup::errc;

    tlsup::step next(std::string_view unread, const options& settings) noexcept;
    tlsup::step next_secure(std::string_view plain, const options& settings) noexcept;
    tlsup::step next_secure(std::string_view plain, std::string_view clear, const options& settings) noexcept;
    errc took(std::size_t count) noexcept;
    errc wrote(std::size_t count) noexcept;
    errc peer_closed() noexcept;
    errc abort(errc why) noexcept;
    errc accept(std::size_t index) noexcept;
    errc decline() noexcept;
    errc require_upgrade() noexcept;
    errc answered() noexcept;
    errc tls_hello(const tlsup::hello_verdict& verdict) noexcept;
    errc tls_established(const tlsup::tls_facts& facts, const options& settings) noexcept;
    errc retry() noexcept;
    errc open() noexcept;
    errc dialing() noexcept;
    errc tunnel_open() noexcept;
    errc refuse(errc why) noexcept;
};

} // namespace stand_in
