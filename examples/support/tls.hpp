// tls.hpp: OpenSSL behind two buffers. Bytes go in, bytes come out, and no socket is in sight.
#pragma once

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net.hpp"

namespace example {

template <auto Free> struct deleter {
    template <class T> void operator()(T* object) const noexcept { Free(object); }
};
using ssl_context = std::unique_ptr<SSL_CTX, deleter<SSL_CTX_free>>;
using ssl_object = std::unique_ptr<SSL, deleter<SSL_free>>;
using certificate = std::unique_ptr<X509, deleter<X509_free>>;
using private_key = std::unique_ptr<EVP_PKEY, deleter<EVP_PKEY_free>>;

inline constexpr std::string_view upgrade_alpn = "tlsup/1";

/// What OpenSSL says about the last error. Empties its queue.
inline std::string tls_error_text() {
    const unsigned long error = ERR_get_error();
    ERR_clear_error();
    if (ERR_SYSTEM_ERROR(error)) {
        return system_text(ERR_GET_REASON(error));
    }
    const char* const reason = error == 0 ? nullptr : ERR_reason_error_string(error);
    return reason == nullptr ? "unknown error" : reason;
}

/// Throws `failure` unless the OpenSSL call succeeded.
inline void require(bool good, const std::string& what) {
    if (!good) {
        throw failure(what + ": " + tls_error_text());
    }
}

/// What upgraded connections have in common: TLS 1.2 or later, and nothing of one session that lives on in another.
inline ssl_context make_context(const SSL_METHOD* method) {
    ssl_context made(SSL_CTX_new(method));
    require(made != nullptr, "cannot set up TLS");
    SSL_CTX_set_min_proto_version(made.get(), TLS1_2_VERSION);
    SSL_CTX_set_options(made.get(), SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(made.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(made.get(), 0);
    SSL_CTX_set_max_early_data(made.get(), 0);
    SSL_CTX_set_mode(made.get(), SSL_MODE_RELEASE_BUFFERS);
    return made;
}

/// A server's context. It selects `tlsup/1` where that is offered and refuses any other ALPN list. RFC 7301 3.2.
inline ssl_context make_server_context() {
    ssl_context made = make_context(TLS_server_method());
    const auto select = [](SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                           unsigned offered_size, void*) {
        for (unsigned at = 0; at < offered_size; at += 1U + offered[at]) {
            const std::string_view name(reinterpret_cast<const char*>(offered) + at + 1, offered[at]);
            if (name == upgrade_alpn) {
                *out = offered + at + 1;
                *out_size = offered[at];
                return SSL_TLSEXT_ERR_OK;
            }
        }
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    };
    SSL_CTX_set_alpn_select_cb(made.get(), select, nullptr);
    return made;
}

/// A client's context. It verifies nothing until it is told whom to trust.
inline ssl_context make_client_context() { return make_context(TLS_client_method()); }

/// Certificate and key from PEM files. Throws `failure`.
inline void use_files(SSL_CTX* context, const std::string& chain, const std::string& key) {
    require(SSL_CTX_use_certificate_chain_file(context, chain.c_str()) == 1, "cannot use the certificate " + chain);
    require(SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) == 1, "cannot use the key " + key);
}

/// The names of this machine, for a certificate: loopback, and the host that it listens on.
inline std::string alternative_names(const std::string& host) {
    std::string names = "DNS:localhost,IP:127.0.0.1,IP:::1";
    if (host != "localhost" && host != "127.0.0.1" && host != "::1") {
        in6_addr bytes{};
        const bool number =
            ::inet_pton(AF_INET, host.c_str(), &bytes) == 1 || ::inet_pton(AF_INET6, host.c_str(), &bytes) == 1;
        names += (number ? ",IP:" : ",DNS:") + host;
    }
    return names;
}

/// The same for these host names alone; empty where there are none.
inline std::string alternative_names(const std::vector<std::string>& hosts) {
    std::string names;
    for (const std::string& each : hosts) {
        names += (names.empty() ? "DNS:" : ",DNS:") + each;
    }
    return names;
}

/// A fresh P-256 key and a self-signed certificate for `names`, as in `DNS:localhost,IP:127.0.0.1`. Throws `failure`.
inline void use_self_signed(SSL_CTX* context, const std::string& names) {
    const private_key key(EVP_EC_gen("P-256"));
    const certificate made(X509_new());
    require(key != nullptr && made != nullptr, "cannot make a key");
    X509_set_version(made.get(), 2); // that is version 3
    ASN1_INTEGER_set_int64(X509_get_serialNumber(made.get()), std::time(nullptr));
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), 30L * 24 * 3600);
    X509_set_pubkey(made.get(), key.get());
    X509_NAME* const name = X509_get_subject_name(made.get());
    const auto* const common = reinterpret_cast<const unsigned char*>("localhost");
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common, -1, -1, 0);
    X509_set_issuer_name(made.get(), name);
    X509V3_CTX details;
    X509V3_set_ctx_nodb(&details);
    X509V3_set_ctx(&details, made.get(), made.get(), nullptr, nullptr, 0);
    const std::pair<int, std::string> extensions[] = {{NID_subject_alt_name, names},
                                                      {NID_basic_constraints, "critical,CA:FALSE"},
                                                      {NID_ext_key_usage, "serverAuth"},
                                                      {NID_subject_key_identifier, "hash"}};
    for (const auto& [kind, value] : extensions) {
        X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &details, kind, value.c_str());
        require(extension != nullptr, "cannot make a certificate for " + names);
        X509_add_ext(made.get(), extension, -1);
        X509_EXTENSION_free(extension);
    }
    require(X509_sign(made.get(), key.get(), EVP_sha256()) != 0, "cannot sign a certificate");
    require(SSL_CTX_use_certificate(context, made.get()) == 1, "cannot use a certificate");
    require(SSL_CTX_use_PrivateKey(context, key.get()) == 1, "cannot use a key");
}

/// The SHA-256 of a certificate, in lower-case hex; empty without one.
inline std::string sha256_hex(const X509* which) {
    unsigned char digest[EVP_MAX_MD_SIZE] = {};
    unsigned size = 0;
    std::string text;
    if (which != nullptr && X509_digest(which, EVP_sha256(), digest, &size) == 1) {
        for (unsigned at = 0; at < size; ++at) {
            text += "0123456789abcdef"[digest[at] >> 4];
            text += "0123456789abcdef"[digest[at] & 15];
        }
    }
    return text;
}

/// One end of one TLS connection. The caller moves the bytes between it and the network.
class tls_endpoint {
  public:
    enum class role : unsigned char { client, server };
    enum class progress : unsigned char {
        more,   ///< it needs more of the peer's bytes
        done,   ///< the handshake is complete
        closed, ///< the peer sent close_notify: nothing is missing
        failed, ///< `error()` says why; `output()` may hold an alert
    };

    tls_endpoint(SSL_CTX* context, role as) : ssl_(SSL_new(context)) {
        BIO* const in = BIO_new(BIO_s_mem());
        BIO* const out = BIO_new(BIO_s_mem());
        require(ssl_ != nullptr && in != nullptr && out != nullptr, "cannot set up a TLS connection");
        SSL_set_bio(ssl_.get(), in, out); // owns both now
        if (as == role::client) {
            SSL_set_connect_state(ssl_.get());
        } else {
            SSL_set_accept_state(ssl_.get());
        }
    }

    /// Client: the server name that is sent, and the name or address that the certificate has to cover, as dNSName or
    /// iPAddress among its alternative names: a common name counts for nothing. An address is never sent as a server
    /// name. RFC 6066 3, RFC 9110 4.3.4, RFC 9525 6.
    void expect_host(const std::string& host) {
        X509_VERIFY_PARAM* const rules = SSL_get0_param(ssl_.get());
        X509_VERIFY_PARAM_set_hostflags(rules,
                                        X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        if (X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str()) != 1) {
            ERR_clear_error();
            require(X509_VERIFY_PARAM_set1_host(rules, host.c_str(), 0) == 1, "cannot expect the host " + host);
            SSL_set_tlsext_host_name(ssl_.get(), host.c_str());
        }
    }

    /// Client: the only protocol that is offered by ALPN.
    void offer_alpn(std::string_view name = upgrade_alpn) {
        std::string list(1, static_cast<char>(name.size()));
        list += name;
        SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(list.data()),
                            static_cast<unsigned>(list.size()));
    }

    /// Bytes from the network. They are all kept.
    void feed(std::string_view bytes) {
        if (!bytes.empty()) {
            BIO_write(SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
        }
    }

    /// Moves the bytes that are for the network behind those in `queue`.
    void output(std::string& queue) {
        BIO* const out = SSL_get_wbio(ssl_.get());
        const std::size_t size = BIO_ctrl_pending(out);
        const std::size_t before = queue.size();
        queue.resize(before + size);
        if (size != 0) {
            BIO_read(out, queue.data() + before, static_cast<int>(size));
        }
    }

    progress handshake() {
        ERR_clear_error();
        const int result = SSL_do_handshake(ssl_.get());
        return result == 1 ? progress::done : explain(result);
    }

    /// Decrypts all there is, behind what `plain` holds.
    progress read(std::string& plain) {
        char bytes[16384];
        while (true) {
            ERR_clear_error();
            const int count = SSL_read(ssl_.get(), bytes, sizeof bytes);
            if (count <= 0) {
                return explain(count);
            }
            plain.append(bytes, static_cast<std::size_t>(count));
        }
    }

    /// Encrypts all of it; a memory BIO never refuses. False where the connection is broken.
    bool write(std::string_view plain) {
        ERR_clear_error();
        if (!plain.empty() && SSL_write(ssl_.get(), plain.data(), static_cast<int>(plain.size())) <= 0) {
            error_ = tls_error_text();
            return false;
        }
        return true;
    }

    /// Says that nothing more is to come: close_notify.
    void close() {
        ERR_clear_error();
        SSL_shutdown(ssl_.get());
        ERR_clear_error();
    }

    [[nodiscard]] std::string_view alpn() const {
        const unsigned char* name = nullptr;
        unsigned size = 0;
        SSL_get0_alpn_selected(ssl_.get(), &name, &size);
        return {reinterpret_cast<const char*>(name), size};
    }
    /// The server name: as sent by a client, or as received by a server.
    [[nodiscard]] std::string_view server_name() const {
        const char* const name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
        return name == nullptr ? std::string_view{} : std::string_view{name};
    }
    [[nodiscard]] bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
    [[nodiscard]] bool early_data() const { return SSL_get_early_data_status(ssl_.get()) == SSL_EARLY_DATA_ACCEPTED; }
    [[nodiscard]] std::string_view version() const { return SSL_get_version(ssl_.get()); }
    [[nodiscard]] std::string_view cipher() const { return SSL_get_cipher_name(ssl_.get()); }
    /// Client: whether the chain leads to a trusted root and the certificate covers the host.
    [[nodiscard]] bool verified() const {
        const certificate peer(SSL_get1_peer_certificate(ssl_.get()));
        return peer != nullptr && SSL_get_verify_result(ssl_.get()) == X509_V_OK;
    }
    [[nodiscard]] std::string verify_text() const {
        return X509_verify_cert_error_string(SSL_get_verify_result(ssl_.get()));
    }
    [[nodiscard]] std::string peer_sha256() const {
        const certificate peer(SSL_get1_peer_certificate(ssl_.get()));
        return sha256_hex(peer.get());
    }
    [[nodiscard]] const std::string& error() const noexcept { return error_; }
    [[nodiscard]] SSL* native() noexcept { return ssl_.get(); }

  private:
    progress explain(int result) {
        switch (SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE:
            return progress::more;
        case SSL_ERROR_ZERO_RETURN:
            return progress::closed;
        default:
            error_ = error_.empty() ? tls_error_text() : error_; // a broken connection is asked again, and forgets why
            return progress::failed;
        }
    }

    ssl_object ssl_;
    std::string error_;
};

} // namespace example
