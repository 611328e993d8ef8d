// Uses every machine, and must need nothing but memory functions at link time.
#include <tlsup/tlsup.hpp>

using namespace tlsup;

extern "C" int use_server(const char* bytes, unsigned size, const char* plain, unsigned plain_size) {
    server machine;
    const server_options options{.upgrade = {splice_defence::bound_alpn, default_tokens, method_policy::any, true}};
    const std::string_view clear{bytes, size};
    int sum = 0;
    for (unsigned round = 0; round < size; ++round) {
        const step now =
            machine.secure() ? machine.next_secure({plain, plain_size}, clear, options) : machine.next(clear, options);
        sum += static_cast<int>(now.what);
        if (now.what == action::decide) {
            const request_view request = machine.request(now.bytes);
            sum += static_cast<int>(request.offer.empty() ? machine.decline() : machine.accept(0));
            sum += static_cast<int>(machine.require_upgrade()) + static_cast<int>(machine.reject(404));
        }
        hello_gate gate;
        (void)gate.feed(now.bytes, "a.example", options.upgrade.defence);
        sum += static_cast<int>(machine.tls_hello(gate.verdict()));
        sum += static_cast<int>(
            machine.tls_established({alpn_name, "a.example", session::full, early::none, identity::verified}, options));
        sum += static_cast<int>(machine.answered()) + static_cast<int>(machine.took(now.bytes.size()));
        sum += static_cast<int>(machine.wrote(now.bytes.size())) + static_cast<int>(machine.abort(errc::timeout));
        sum += static_cast<int>(machine.peer_closed()) + static_cast<int>(machine.outcome());
    }
    return sum;
}

extern "C" int use_client(const char* bytes, unsigned size) {
    char probe[128];
    char request[256];
    client_options options;
    options.probe = write_probe(probe, "a.example", default_tokens).head;
    options.request = write_request(request, {"GET", "/", "a.example", default_tokens, {}}).head;
    client machine;
    int sum = 0;
    for (unsigned round = 0; round < size; ++round) {
        const step now =
            machine.secure() ? machine.next_secure({bytes, size}, options) : machine.next({bytes, size}, options);
        sum += static_cast<int>(now.what) + static_cast<int>(machine.took(now.bytes.size()));
        sum += static_cast<int>(machine.wrote(now.bytes.size())) + static_cast<int>(machine.peer_closed());
        sum += static_cast<int>(
            machine.tls_established({alpn_name, "a.example", session::full, early::none, identity::verified}, options));
        sum += static_cast<int>(machine.retry()) + static_cast<int>(machine.request_body_done());
        sum += static_cast<int>(machine.outcome()) + static_cast<int>(machine.abort(errc::timeout));
    }
    return sum;
}
