// machines.cpp: all of tlsup, and each machine used once.
#include <tlsup/tlsup.hpp>

tlsup::step one_server(std::string_view unread, tlsup::server& machine, const tlsup::server_options& options) {
    return machine.next(unread, options);
}
tlsup::step one_client(std::string_view unread, tlsup::client& machine, const tlsup::client_options& options) {
    return machine.next(unread, options);
}
tlsup::step one_proxy(std::string_view unread, tlsup::connect_proxy& machine, const tlsup::proxy_options& options) {
    return machine.next(unread, options);
}
tlsup::step one_connect(std::string_view unread, tlsup::connect_client& machine,
                        const tlsup::connect_options& options) {
    return machine.next(unread, options);
}
tlsup::step one_route(std::string_view unread, tlsup::route& machine, const tlsup::route_options& options) {
    return machine.next(unread, options);
}
tlsup::step one_filter(std::string_view unread, tlsup::response_filter& machine, const tlsup::filter_options& options) {
    return machine.next(unread, options);
}
tlsup::plan one_tunnel(std::size_t to_client, std::size_t to_upstream, tlsup::tunnel& machine) {
    return machine.next(to_client, to_upstream, 65536);
}
tlsup::hello_gate::progress one_gate(std::string_view bytes, std::string_view host, tlsup::hello_gate& machine) {
    return machine.feed(bytes, host, tlsup::splice_defence::bound_alpn);
}
