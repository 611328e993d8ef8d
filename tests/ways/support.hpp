// What the three ways share: sockets, certificates, and what OpenSSL says in the library's words.
#pragma once

#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tlsup/tlsup.hpp>
#include <utility>

#include "support/net.hpp"
#include "support/tls.hpp"

namespace ways {

using namespace tlsup;

inline constexpr const char* host_name = "example.com";
inline constexpr server_options bound{.upgrade = {splice_defence::bound_alpn}};

/// Two ends of a connection. They block, but not for ever: a test that hangs fails.
inline std::pair<example::fd, example::fd> connected_pair() {
    ::signal(SIGPIPE, SIG_IGN);
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
        throw example::failure("cannot make a pair of sockets");
    }
    for (const int end : ends) {
        const timeval patience{20, 0};
        ::setsockopt(end, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ::setsockopt(end, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    }
    return {example::fd(ends[0]), example::fd(ends[1])};
}

/// A server with a P-256 key and a self-signed certificate for example.com, and a client that trusts nothing else.
struct contexts {
    example::ssl_context server = example::make_server_context();
    example::ssl_context client = example::make_client_context();

    contexts() {
        example::use_self_signed(server.get(), std::string("DNS:") + host_name);
        X509_STORE_add_cert(SSL_CTX_get_cert_store(client.get()), SSL_CTX_get0_certificate(server.get()));
    }
};

/// An engine that reads and writes the socket itself.
inline example::ssl_object engine_on(int socket, SSL_CTX* context) {
    example::ssl_object made(SSL_new(context));
    example::require(made != nullptr && SSL_set_fd(made.get(), socket) == 1, "cannot set up a TLS connection");
    return made;
}

/// A client's engine on a socket, that offers one ALPN protocol and verifies the server's name.
inline example::ssl_object client_engine_on(int socket, SSL_CTX* context, std::string_view alpn) {
    example::ssl_object made = engine_on(socket, context);
    std::string list(1, static_cast<char>(alpn.size()));
    list += alpn;
    SSL_set_alpn_protos(made.get(), reinterpret_cast<const unsigned char*>(list.data()),
                        static_cast<unsigned>(list.size()));
    SSL_set_tlsext_host_name(made.get(), const_cast<char*>(host_name));
    SSL_set1_host(made.get(), host_name);
    return made;
}

/// The finished handshake, as `tls_established` and the `judge_*_handshake` want it.
inline tls_facts facts_of(SSL* ssl) {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl, &name, &size);
    const char* const sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    const example::certificate peer(SSL_get1_peer_certificate(ssl));
    const bool verified = peer != nullptr && SSL_get_verify_result(ssl) == X509_V_OK;
    return {{reinterpret_cast<const char*>(name), size},
            sni == nullptr ? std::string_view{} : std::string_view{sni},
            SSL_session_reused(ssl) == 1 ? session::resumed : session::full,
            SSL_get_early_data_status(ssl) == SSL_EARLY_DATA_ACCEPTED ? early::accepted : early::none,
            verified ? identity::verified : identity::unverified};
}

/// The ClientHello, as `judge_hello` wants it. Only inside OpenSSL's ClientHello callback.
inline hello_facts hello_of(SSL* ssl) {
    const auto extension = [ssl](unsigned number) -> std::optional<std::string_view> {
        const unsigned char* body = nullptr;
        std::size_t size = 0;
        if (SSL_client_hello_get0_ext(ssl, number, &body, &size) != 1) {
            return std::nullopt;
        }
        return std::string_view(reinterpret_cast<const char*>(body), size);
    };
    const auto alpn = extension(TLSEXT_TYPE_application_layer_protocol_negotiation);
    const auto sni = extension(TLSEXT_TYPE_server_name);
    const auto data = extension(TLSEXT_TYPE_early_data);
    return {alpn.value_or(""), alpn.has_value(), sni.value_or(""), sni.has_value(), data.has_value()};
}

/// The description of the fatal alert that failed the last OpenSSL call, 0 if it was none.
inline int alert_received() {
    const int reason = ERR_GET_REASON(ERR_peek_last_error());
    ERR_clear_error();
    return reason >= SSL_AD_REASON_OFFSET ? reason - SSL_AD_REASON_OFFSET : 0;
}

/// Receives into `buffer`, from the engine if there is one. False at the end, and where nothing can be received.
inline bool receive(int socket, SSL* ssl, std::string& buffer) {
    char bytes[4096];
    const ssize_t count =
        ssl == nullptr ? ::recv(socket, bytes, sizeof bytes, 0) : SSL_read(ssl, bytes, static_cast<int>(sizeof bytes));
    buffer.append(bytes, count > 0 ? static_cast<std::size_t>(count) : 0);
    return count > 0;
}

/// Receives into `buffer` what has arrived inside TLS by now, without waiting. An engine that owns the socket reads one
/// record at a time: SSL_pending and SSL_has_pending say nothing of those that are still the kernel's.
inline void look(int socket, SSL* ssl, std::string& buffer) {
    const int flags = ::fcntl(socket, F_GETFL);
    ::fcntl(socket, F_SETFL, flags | O_NONBLOCK);
    (void)receive(socket, ssl, buffer);
    ::fcntl(socket, F_SETFL, flags);
}

/// Sends some of the bytes, into the engine if there is one. 0: the connection is broken.
inline std::size_t send_some(int socket, SSL* ssl, std::string_view bytes) {
    const ssize_t count = ssl == nullptr ? ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL)
                                         : SSL_write(ssl, bytes.data(), static_cast<int>(bytes.size()));
    return count > 0 ? static_cast<std::size_t>(count) : 0;
}

/// Receives to the end of a head and then `content` octets; what is there in the end.
inline std::string receive_head(int socket, SSL* ssl, std::size_t content = 0) {
    std::string text;
    std::size_t end = std::string::npos;
    while (end == std::string::npos || text.size() < end + 4 + content) {
        if (!receive(socket, ssl, text)) {
            break;
        }
        end = text.find("\r\n\r\n");
    }
    return text;
}

/// A client that sends a request in the same flight as its Finished, as a victim's request may arrive when an attacker
/// holds the two back until it has both. True once all of that is sent; what is answered is not read.
inline bool send_with_finished(int socket, SSL_CTX* context, std::string_view request) {
    using progress = example::tls_endpoint::progress;
    example::tls_endpoint engine(context, example::tls_endpoint::role::client);
    engine.expect_host(host_name);
    engine.offer_alpn(alpn_name);
    std::string flight;
    progress found = engine.handshake();
    while (found == progress::more) {
        std::string records;
        engine.output(flight);
        if (send_some(socket, nullptr, flight) != flight.size() || !receive(socket, nullptr, records)) {
            return false;
        }
        flight.clear();
        engine.feed(records);
        found = engine.handshake();
    }
    if (found != progress::done || !engine.write(request)) {
        return false;
    }
    engine.output(flight);
    return send_some(socket, nullptr, flight) == flight.size();
}

/// Whether the bytes are whole TLS records and nothing else. RFC 8446 5.1.
inline bool only_records(std::string_view bytes) {
    while (bytes.size() >= 5) {
        const auto octet = [bytes](std::size_t at) { return static_cast<unsigned char>(bytes[at]) + 0U; };
        const std::size_t size = 5 + octet(3) * 256 + octet(4);
        if (octet(0) < 20 || octet(0) > 23 || octet(1) != 3 || bytes.size() < size) {
            return false;
        }
        bytes.remove_prefix(size);
    }
    return bytes.empty();
}

} // namespace ways
