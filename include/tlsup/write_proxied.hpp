// write_proxied.hpp: the head of a request that a forward proxy is to pass on.
#pragma once

#include "basic.hpp"
#include "write.hpp"

namespace tlsup {

/// A request in absolute-form, of the scheme http. `OPTIONS *` becomes `OPTIONS http://host`. `login` is for the proxy,
/// written as Basic; other schemes: a Proxy-Authorization field. It has no offer: Upgrade would concern the hop to the
/// proxy and nothing behind it, RFC 2817 5. `bad_argument`: an offer, no host, bad credentials, or what `write_request`
/// refuses. RFC 9112 3.2.2, 3.2.4; RFC 9110 11.7.2.
constexpr prepared write_proxied(room out, const request_text& request, const credentials& login = {},
                                 field_list fields = {}) noexcept {
    detail::head_writer writer(out);
    if (!request.offer.empty() || request.host.empty()) {
        writer.fail(errc::bad_argument);
    }
    const method how = detail::begin_request(writer, request, "http://"sv);
    writer.fields_for_proxy(login, fields);
    return detail::end_request(writer, head_kind::proxied, request, how, fields);
}

} // namespace tlsup
