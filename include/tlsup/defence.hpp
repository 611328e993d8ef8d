// defence.hpp: what a server does against the splice of two connections.
#pragma once

#include <cstdint>
#include <string_view>

#include "literal.hpp"

namespace tlsup {

/// What keeps an attacker from joining a cleartext upgrade to somebody else's TLS handshake (Opossum, CVE-2025-49812).
/// A server that upgrades has to name one. docs/security.md says what each leaves at risk.
enum class splice_defence : std::uint8_t {
    no_upgrade,     ///< Offers are ignored. RFC 9110 7.8 allows that.
    bound_alpn,     ///< ALPN `tlsup/1` must be offered and selected. Closes the attack completely.
    dedicated_name, ///< The names in `upgrade_rules::names` are used for upgrades only, never for implicit TLS. Offers
                    ///< for another host are declined, and the ClientHello must carry that name.
    accept_splice_risk, ///< Neither. An implicit-TLS client that sends no ALPN can be attached.
};

/// The ALPN protocol name that binds a handshake to an upgrade.
inline constexpr std::string_view alpn_name = "tlsup/1"sv;

} // namespace tlsup
