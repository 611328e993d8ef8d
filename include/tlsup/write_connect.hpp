// write_connect.hpp: the heads that are about tunnels: CONNECT, and the 407 that asks who wants one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "basic.hpp"
#include "write_head.hpp"

namespace tlsup {

/// A tunnel to ask for.
struct connect_text {
    std::string_view host{}; ///< a name in ASCII, an IPv4 address, or an IPv6 address with or without its brackets
    std::uint16_t port = 0;  ///< 1 to 65535
    credentials login{};     ///< for the proxy; written as Basic. Other schemes: a Proxy-Authorization field
};

/// CONNECT for this host and port, and nothing else. The request-target and Host are composed here: IPv6 addresses get
/// their brackets. `bad_argument`: a host with userinfo, port, path, zone, percent-encoding or anything outside its
/// grammar, a port of 0, bad credentials, two Proxy-Authorization fields, or a field that the library owns. RFC
/// 9110 9.3.6, RFC 9112 3.2.3.
constexpr prepared write_connect(room out, const connect_text& target, field_list fields = {}) noexcept {
    detail::head_writer writer(out);
    detail::ip_address address;
    const bool bare_ipv6 = detail::parse_ipv6(target.host, address);
    host_kind kind = host_kind::ipv6;
    const bool good = bare_ipv6 || (detail::classify_host(target.host, kind) && kind != host_kind::ip_future);
    if (!good || target.port == 0) {
        writer.fail(errc::bad_argument);
    }
    const std::string_view open{"[", std::size_t{bare_ipv6 ? 1U : 0U}};
    const std::string_view close = bare_ipv6 ? "]:"sv : ":"sv;
    writer.text("CONNECT ").text(open).text(target.host).text(close).number(target.port).text(" HTTP/1.1\r\nHost: ");
    writer.text(open).text(target.host).text(close).number(target.port).text("\r\n");
    writer.fields_for_proxy(target.login, fields).end();
    return writer.finish(head_kind::connect, {}, method::connect, false);
}

/// A 407 that closes, with a challenge such as `Basic realm="office"` and a text for people. Further challenges:
/// Proxy-Authenticate fields. `bad_argument` without a challenge. RFC 9110 15.5.8, 11.7.1; RFC 9931 8.
constexpr prepared write_407(room out, std::string_view challenge, std::string_view text,
                             field_list fields = {}) noexcept {
    detail::head_writer writer(out);
    if (fields.count("content-type") > 1 || detail::skip(challenge, 0, detail::class_token) == 0 ||
        !detail::head_writer::is_value(challenge)) {
        writer.fail(errc::bad_argument);
    }
    writer.text("HTTP/1.1 407 Proxy Authentication Required\r\n").line("Proxy-Authenticate", challenge);
    writer.fields(fields, "proxy-authenticate"sv).line("Connection", "close"sv).content_text(text);
    return writer.finish(head_kind::challenge, {}, method::other, true);
}

} // namespace tlsup
