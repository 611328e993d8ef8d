// dialer.hpp: from a host and a port to a connection, without waiting.
#pragma once

#include <tlsup/address.hpp>
#include <tlsup/authority.hpp>

#include "event_loop.hpp"
#include "resolver.hpp"

namespace example {

/// A place to connect to.
struct destination {
    std::string host; ///< without brackets
    std::uint16_t port = 0;
    tlsup::host_kind kind = tlsup::host_kind::name;
};

/// What a socket would be connected to.
inline tlsup::peer_address address_of(const addrinfo& found) noexcept {
    const bool ipv4 = found.ai_family == AF_INET;
    const void* const bytes = ipv4 ? static_cast<const void*>(&reinterpret_cast<sockaddr_in*>(found.ai_addr)->sin_addr)
                                   : &reinterpret_cast<sockaddr_in6*>(found.ai_addr)->sin6_addr;
    return tlsup::address_from_bytes(static_cast<const std::uint8_t*>(bytes), ipv4 ? 4 : 16);
}

/// Resolves a host and tries its addresses in turn. Each gets its share of the time, so that a silent one does not keep
/// the next from being asked.
class dialer {
  public:
    /// `over` is called in a later turn of the loop than `start`, or never.
    dialer(event_loop& loop, resolver& names, std::function<void()> over)
        : loop_(loop), names_(names), over_(std::move(over)),
          watch_(loop, [this](std::uint32_t) { guard([&] { decided(); }); }),
          timer_(loop, [this] { guard([&] { silent(); }); }) {}
    dialer(const dialer&) = delete;
    dialer& operator=(const dialer&) = delete;
    ~dialer() { cancel(); }

    /// True where it is over at once. `rules` judge each address, and only what they allow is connected to; where they
    /// allow none it ends with `address_denied`. Null: whoever wrote the destination may connect to any.
    bool start(const destination& to, clock::time_point until, const tlsup::address_rules* rules) {
        until_ = until;
        rules_ = rules;
        const endpoint where{to.host, std::to_string(to.port)};
        if (to.kind == tlsup::host_kind::name) {
            asked_ = names_.ask(where, [this] { guard([&] { resolved(); }); });
            error_ = tlsup::errc::too_many_connections; // where no thread can be made
            return asked_ == nullptr;
        }
        // Nobody but the proxy says what is an address: 127.1 would be one to a resolver.
        const bool literal = to.kind == tlsup::host_kind::ipv4 || to.kind == tlsup::host_kind::ipv6;
        found_ = literal ? find_addresses(where, AI_NUMERICHOST) : addresses(nullptr);
        return begin();
    }

    void cancel() noexcept {
        if (asked_ != nullptr) {
            asked_->cancel();
            asked_.reset();
        }
        drop_socket();
        timer_.clear();
        found_ = addresses(nullptr);
    }

    /// The connection; none, and why, where there is none.
    [[nodiscard]] fd take() noexcept { return std::move(socket_); }
    [[nodiscard]] tlsup::errc error() const noexcept { return error_; }

  private:
    template <class Call> void guard(Call call) noexcept {
        try {
            call();
        } catch (const std::exception&) { // no memory, or no room in the kernel
            cancel();
            error_ = tlsup::errc::too_many_connections;
            over_();
        }
    }

    void resolved() {
        found_ = asked_->take();
        asked_.reset();
        if (begin()) {
            over_();
        }
    }

    bool begin() {
        next_ = found_.begin();
        const bool resolved = next_ != found_.end();
        skip_denied();
        const bool denied = resolved && !(next_ != found_.end());
        error_ = denied ? tlsup::errc::address_denied : tlsup::errc::name_unresolved;
        return try_next();
    }

    [[nodiscard]] bool allowed(const addrinfo& each) const noexcept {
        return rules_ == nullptr || rules_->allow(address_of(each));
    }

    /// What is judged here is what `try_next` connects to: the name is not resolved again.
    void skip_denied() noexcept {
        while (next_ != found_.end() && !allowed(*next_)) {
            ++next_;
        }
    }

    /// Begins with the next address that does not fail at once; true where there is none left.
    bool try_next() {
        while (next_ != found_.end()) {
            socket_ = begin_connect(*next_);
            const int error = errno;
            ++next_;
            skip_denied();
            if (socket_) {
                timer_.set(loop_.now() + (until_ - loop_.now()) / (1 + left()));
                watch_.want(socket_.get(), EPOLLOUT);
                return false;
            }
            note(error);
        }
        found_ = addresses(nullptr);
        return true;
    }

    [[nodiscard]] int left() const noexcept {
        int count = 0;
        for (addresses::iterator each = next_; each != found_.end(); ++each) {
            count += allowed(*each) ? 1 : 0;
        }
        return count;
    }

    /// The socket is connected, or it failed.
    void decided() {
        const int error = connect_error(socket_.get());
        timer_.clear();
        if (error == 0) {
            watch_.drop();
            found_ = addresses(nullptr);
            error_ = tlsup::errc::ok;
            over_();
        } else {
            go_on(error);
        }
    }

    /// The last address does not end here: whose deadline that is answers for it.
    void silent() {
        if (next_ != found_.end()) {
            go_on(ETIMEDOUT);
        }
    }

    void go_on(int error) {
        note(error);
        drop_socket();
        if (try_next()) {
            over_();
        }
    }

    void drop_socket() noexcept {
        watch_.drop();
        socket_.reset();
    }

    /// Of several addresses the one that was heard of says most.
    void note(int error) noexcept {
        using enum tlsup::errc;
        if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
            error_ = too_many_connections;
        } else if (error == ECONNREFUSED) {
            error_ = upstream_refused;
        } else if (error == ETIMEDOUT && error_ != upstream_refused) {
            error_ = upstream_timeout;
        } else if (error_ == name_unresolved) {
            error_ = upstream_unreachable;
        }
    }

    event_loop& loop_;
    resolver& names_;
    std::function<void()> over_;
    registration watch_;
    timer timer_;
    std::shared_ptr<lookup> asked_;
    addresses found_{nullptr};
    addresses::iterator next_{nullptr};
    fd socket_;
    const tlsup::address_rules* rules_ = nullptr;
    clock::time_point until_{};
    tlsup::errc error_ = tlsup::errc::ok;
};

} // namespace example
