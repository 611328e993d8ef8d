// proxy_route.hpp: the way to a client's target: straight to it, or through the next proxy.
#pragma once

#include <memory>

#include "dialer.hpp"
#include "next_proxy.hpp"

namespace example::proxy {

/// Where the connections of proxy lead, one at a time. Begins with `start`; ends with `over`, with an error, or with a
/// socket.
class route {
  public:
    /// `via` may be null; its address is the operator's own choice, and `rules` judge the targets alone. `over` is
    /// called in a later turn of the loop than `start`, or never.
    route(event_loop& loop, resolver& names, const next_hop* via, const tlsup::address_rules& rules,
          std::function<void()> over)
        : loop_(loop), via_(via), rules_(rules), over_(std::move(over)), dialer_(loop, names, [this] { dialed(); }) {}
    route(const route&) = delete;
    route& operator=(const route&) = delete;

    /// True where it is over at once.
    bool start(destination target, clock::time_point until) {
        target_ = std::move(target);
        const bool direct = via_ == nullptr;
        if (!dialer_.start(direct ? target_ : via_->where, until, direct ? &rules_ : nullptr)) {
            return false;
        }
        error_ = dialer_.error();
        return true;
    }

    /// The Via lines of the CONNECT for the next proxy.
    void announce(std::vector<std::string> via) { lines_ = std::move(via); }

    void cancel() noexcept {
        dialer_.cancel();
        if (next_ != nullptr) {
            next_->cancel();
        }
        socket_.reset();
    }

    /// `ok`: there is a socket.
    [[nodiscard]] tlsup::errc error() const noexcept { return error_; }
    /// The status with which the next proxy refused; 0 where there is none.
    [[nodiscard]] std::uint16_t status() const noexcept { return status_; }

    [[nodiscard]] fd take() noexcept { return std::move(socket_); }
    /// What already came out of the next proxy's tunnel.
    [[nodiscard]] std::string take_early() noexcept { return next_ != nullptr ? next_->take_early() : std::string(); }

  private:
    void dialed() {
        error_ = dialer_.error();
        socket_ = dialer_.take();
        if (error_ != tlsup::errc::ok || via_ == nullptr) {
            over_();
            return;
        }
        next_ = std::make_unique<next_proxy>(loop_, std::move(socket_), [this] { asked(); });
        next_->ask(*via_, target_.host, target_.port, lines_);
    }

    void asked() {
        if (next_->open()) {
            socket_ = next_->take();
        } else {
            error_ = tlsup::errc::next_proxy_refused;
            status_ = next_->status();
            next_->cancel();
        }
        over_();
    }

    event_loop& loop_;
    const next_hop* via_;
    const tlsup::address_rules& rules_;
    std::function<void()> over_;
    dialer dialer_;
    std::unique_ptr<next_proxy> next_;
    destination target_;
    std::vector<std::string> lines_;
    fd socket_;
    tlsup::errc error_ = tlsup::errc::ok;
    std::uint16_t status_ = 0;
};

} // namespace example::proxy
