// What several unit tests share.
#pragma once

#include <string_view>
#include <tlsup/tlsup.hpp>

namespace unit {

inline constexpr tlsup::tls_facts good_tls{tlsup::alpn_name, "example.com", tlsup::session::full, tlsup::early::none,
                                           tlsup::identity::verified};

inline constexpr tlsup::server_options any_server{
    .upgrade = {tlsup::splice_defence::accept_splice_risk, tlsup::default_tokens, tlsup::method_policy::any, true}};

inline constexpr std::string_view probe = "OPTIONS * HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\n"
                                          "Upgrade: TLS/1.2, TLS/1.0\r\n\r\n";

/// Drives a server up to the point where the whole 101 is written. False where it does not get there.
constexpr bool switch_server(tlsup::server& machine, std::string_view request,
                             const tlsup::server_options& options) noexcept {
    using namespace tlsup;
    if (machine.next(request, options).what != action::decide || machine.accept(0) != errc::ok) {
        return false;
    }
    const step now = machine.next(request, options);
    return now.what == action::write && now.status == 101 && machine.wrote(now.bytes.size()) == errc::ok &&
           machine.next(request, options).what == action::start_tls;
}

/// A verdict that passes, without SNI and ALPN or with both.
constexpr tlsup::hello_verdict passing(bool full) noexcept {
    constexpr std::string_view alpn{"\x00\x08\x07tlsup/1", 10};
    constexpr std::string_view sni{"\x00\x0e\x00\x00\x0b"
                                   "example.com",
                                   16};
    return full ? tlsup::judge_hello({alpn, true, sni, true, false}, "example.com",
                                     tlsup::splice_defence::accept_splice_risk)
                : tlsup::judge_hello({{}, false, {}, false, false}, "example.com",
                                     tlsup::splice_defence::accept_splice_risk);
}

/// Drives a server into TLS.
constexpr bool secure_server(tlsup::server& machine, std::string_view request,
                             const tlsup::server_options& options) noexcept {
    return switch_server(machine, request, options) && machine.tls_hello(passing(true)) == tlsup::errc::ok &&
           machine.tls_established(good_tls, options) == tlsup::errc::ok;
}

} // namespace unit
