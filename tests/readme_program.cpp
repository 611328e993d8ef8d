// [program]
#include <cstdio>
#include <tlsup/tlsup.hpp>

int main() {
    using namespace tlsup;
    constexpr server_options options{.upgrade = {splice_defence::bound_alpn}};
    constexpr std::string_view received = "OPTIONS * HTTP/1.1\r\nHost: printer.example\r\n"
                                          "Connection: Upgrade\r\nUpgrade: TLS/1.2, TLS/1.0\r\n\r\n";
    server machine;
    step now = machine.next(received, options);
    if (now.what == action::decide && !machine.request(now.bytes).offer.empty() && machine.accept(0) == errc::ok) {
        now = machine.next(received, options);
    }
    std::printf("%.*s", static_cast<int>(now.bytes.size()), now.bytes.data()); // the 101
    const bool written = now.what == action::write && machine.wrote(now.bytes.size()) == errc::ok;
    now = machine.next(received, options);
    return written && now.what == action::start_tls ? 0 : 1; // begin the TLS handshake now
}
// [end]
