// options.hpp: what callers can set. Passed by reference with every call, never stored.
#pragma once

#include <cstdint>

#include "body.hpp"
#include "head.hpp"
#include "requirement.hpp"
#include "upgrade.hpp"
#include "write.hpp"

namespace tlsup {

/// What of a server is compiled: `basic_server<server_parts{...}>`. docs/size.md says what each saves.
struct server_parts {
    /// Less than all: what is not read is refused before it is decided on, content with 413, chunks with 501.
    content_parts content = content_parts::all;
    bool reasons = true; ///< the reason phrases of refusals. RFC 9112 4: nobody may depend on them

    friend constexpr bool operator==(const server_parts&, const server_parts&) noexcept = default;
};

/// What of a client is compiled: `basic_client<client_parts{...}>`.
struct client_parts {
    /// `counted`: a response in chunks ends the exchange with `unknown_transfer_coding`. Not `none`.
    content_parts content = content_parts::all;

    friend constexpr bool operator==(const client_parts&, const client_parts&) noexcept = default;
};

/// A server's options. To upgrade, name the defence: `server_options{.upgrade = {splice_defence::bound_alpn}}`.
struct server_options {
    upgrade_rules upgrade{};
    head_limits head{};
    body_limits body{};
    std::uint8_t empty_lines = 1; ///< before a request; RFC 9112 2.2
    /// Shows CONNECT at `decide`, for `detach()` to a `connect_proxy`. Otherwise it is refused with 501 and
    /// `connect_not_served`, inside TLS too. A 2xx to it opens a tunnel: the client takes all that follows for bytes of
    /// the tunnel. So a host that declines it answers with anything but a 2xx, and the connection closes after that.
    /// RFC 9110 9.3.6, RFC 9931 8.
    bool connect_requests = false;
    std::uint32_t drain_bytes = 65536; ///< discarded behind a refusal before the connection closes; RFC 9112 9.6
    /// The 426. Made with `write_426`, and naming exactly `upgrade.tokens`, or the connection ends with
    /// `bad_options` at its first request.
    prepared_head upgrade_required = default_upgrade_required;
};

namespace detail {

/// Whether the options of a server fit together.
constexpr bool is_sound(const server_options& options) noexcept {
    return options.upgrade_required.kind() == head_kind::upgrade_required &&
           options.upgrade_required.tokens() == options.upgrade.tokens &&
           (options.upgrade.defence != splice_defence::dedicated_name || options.upgrade.names.size != 0);
}

} // namespace detail

/// A client's options. The prepared heads must outlive the machine's use of them.
struct client_options {
    requirement need = requirement::tls;
    prepared_head probe{}; ///< from `write_probe`; needed for `tls`, and to follow a 426
    /// From `write_request`. With `any` also from `write_proxied`, for a forward proxy: a 426 is then never followed.
    /// With `tls` it may be empty: the machine then ends in `detach`.
    prepared_head request{};
    bool follow_426 = true;     ///< once, where its content has an end of its own; raises the requirement. RFC 2817 4.2
    bool alpn_required = false; ///< the server has to select `tlsup/1`
    leniencies peer{};
    std::uint8_t interim_responses = 16; ///< before a final one; RFC 9110 15.2
    head_limits head{};
    body_limits body{};
};

} // namespace tlsup
