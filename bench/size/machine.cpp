// machine.cpp: the baseline's machine does nothing.
#include "machine.hpp"

namespace stand_in {

using tlsup::errc;
using tlsup::step;

step machine::next(std::string_view, const options&) noexcept { return {}; }
step machine::next_secure(std::string_view, const options&) noexcept { return {}; }
step machine::next_secure(std::string_view, std::string_view, const options&) noexcept { return {}; }
errc machine::took(std::size_t) noexcept { return errc::ok; }
errc machine::wrote(std::size_t) noexcept { return errc::ok; }
errc machine::peer_closed() noexcept { return errc::ok; }
errc machine::abort(errc) noexcept { return errc::ok; }
errc machine::accept(std::size_t) noexcept { return errc::ok; }
errc machine::decline() noexcept { return errc::ok; }
errc machine::require_upgrade() noexcept { return errc::ok; }
errc machine::answered() noexcept { return errc::ok; }
errc machine::tls_hello(const tlsup::hello_verdict&) noexcept { return errc::ok; }
errc machine::tls_established(const tlsup::tls_facts&, const options&) noexcept { return errc::ok; }
errc machine::retry() noexcept { return errc::ok; }
errc machine::open() noexcept { return errc::ok; }
errc machine::dialing() noexcept { return errc::ok; }
errc machine::tunnel_open() noexcept { return errc::ok; }
errc machine::refuse(errc) noexcept { return errc::ok; }

} // namespace stand_in
