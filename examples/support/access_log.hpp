// access_log.hpp: one line for each connection of proxy, at its end.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include <tlsup/connect_proxy.hpp>
#include <tlsup/tunnel.hpp>

#include "log.hpp"
#include "net.hpp"

namespace example::proxy {

/// What a line begins with.
class access_entry {
  public:
    access_entry(const event_log& log, unsigned id, std::string client)
        : log_(log), id_(id), client_(std::move(client)) {}

    [[nodiscard]] unsigned id() const noexcept { return id_; }
    void target(std::string_view text) { target_ = text; }

    void tunnel(std::uint64_t to_upstream, std::uint64_t to_client, tlsup::tunnel_end end) const {
        const std::chrono::duration<double> seconds = clock::now() - begin_;
        char text[32] = {};
        std::snprintf(text, sizeof text, "%.3f", seconds.count());
        log_.write(id_, "tunnel",
                   {{"client", client_},
                    {"target", target_},
                    {"status", "200"},
                    {"to_upstream", std::to_string(to_upstream)},
                    {"to_client", std::to_string(to_client)},
                    {"seconds", text},
                    {"end", to_string(end)}});
    }

    void refused(std::uint16_t status, tlsup::errc error) const {
        const std::string number = std::to_string(status);
        if (target_.empty()) {
            log_.write(id_, "refused", {{"client", client_}, {"status", number}, {"error", to_string(error)}});
        } else {
            log_.write(id_, "refused",
                       {{"client", client_}, {"target", target_}, {"status", number}, {"error", to_string(error)}});
        }
    }

    /// Without an answer.
    void ended(tlsup::errc error) const {
        if (target_.empty()) {
            log_.write(id_, "ended", {{"client", client_}, {"error", to_string(error)}});
        } else {
            log_.write(id_, "ended", {{"client", client_}, {"target", target_}, {"error", to_string(error)}});
        }
    }

  private:
    const event_log& log_;
    unsigned id_;
    std::string client_;
    std::string target_;
    clock::time_point begin_ = clock::now();
};

} // namespace example::proxy
