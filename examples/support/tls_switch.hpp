// tls_switch.hpp: what stands between the 101 and TLS at a server: the gate, and OpenSSL behind it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <tlsup/server.hpp>

#include "tls.hpp"

namespace example {

/// Every byte of the first TLS flight passes the gate before OpenSSL sees it.
class tls_switch {
  public:
    /// `host`: of the request that was upgraded.
    tls_switch(SSL_CTX* context, std::string_view host) : endpoint_(context, tls_endpoint::role::server), host_(host) {}

    /// More of the client's records. OpenSSL never hears of those that the gate refuses.
    void feed(std::string_view records, tlsup::splice_defence how) {
        if (!passed_) {
            const tlsup::hello_gate::progress found = gate_.feed(records, host_, how);
            passed_ = found == tlsup::hello_gate::progress::pass;
            refused_ = found == tlsup::hello_gate::progress::refuse;
        }
        if (!refused_) {
            endpoint_.feed(records);
        }
    }

    /// The gate's judgement, once there is one: whether it let the ClientHello pass.
    [[nodiscard]] std::optional<bool> passed() const noexcept {
        return passed_ || refused_ ? std::optional(passed_) : std::nullopt;
    }
    [[nodiscard]] tlsup::hello_verdict verdict() const noexcept { return gate_.verdict(); }
    [[nodiscard]] tls_endpoint& endpoint() noexcept { return endpoint_; }

    /// What OpenSSL says of a handshake that is complete.
    [[nodiscard]] tlsup::tls_facts facts() const {
        return {endpoint_.alpn(), endpoint_.server_name(),
                endpoint_.resumed() ? tlsup::session::resumed : tlsup::session::full,
                endpoint_.early_data() ? tlsup::early::accepted : tlsup::early::none, tlsup::identity::unverified};
    }

  private:
    tls_endpoint endpoint_;
    std::string host_;
    tlsup::hello_gate gate_;
    bool passed_ = false;
    bool refused_ = false;
};

} // namespace example
