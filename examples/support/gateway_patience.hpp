// gateway_patience.hpp: how long gateway waits for a client.
#pragma once

#include <chrono>

#include <tlsup/action.hpp>

#include "net.hpp"

namespace example::gateway {

/// How long a client, or the backend, may take for what the machine waits for.
inline clock::duration patience(tlsup::deadline what) {
    using namespace std::chrono_literals;
    switch (what) {
    case tlsup::deadline::head:
    case tlsup::deadline::handshake:
        return 10s;
    case tlsup::deadline::content:
        return 30s;
    case tlsup::deadline::linger:
        return 2s;
    case tlsup::deadline::dial:
    case tlsup::deadline::idle:
    case tlsup::deadline::none:
        break;
    }
    return 60s;
}

/// When a connection's time is over. A client that reads has more of it as long as it reads.
class client_timer {
  public:
    [[nodiscard]] clock::time_point until() const noexcept { return until_; }

    /// The time starts again with the next `restart`.
    void moved() noexcept { moved_ = true; }
    /// The client took some of what is written.
    void wrote() noexcept { wrote_ = true; }
    /// It has not read in time: what is unread has the last 2 seconds, whether it moves or not.
    void give_up() noexcept { late_ = true; }

    /// `wanted`: what the machine waits for. `unread`: there is more to write. An end of the connection, or another
    /// request, is expected only of a client that has everything.
    void restart(tlsup::deadline wanted, bool unread) {
        using enum tlsup::deadline;
        const tlsup::deadline first = unread && (wanted == linger || wanted == idle) ? none : wanted;
        const tlsup::deadline now = late_ ? linger : first;
        if (now != awaited_ || moved_ || (wrote_ && now == none)) {
            until_ = clock::now() + patience(now);
        }
        awaited_ = now;
        moved_ = false;
        wrote_ = false;
    }

  private:
    clock::time_point until_ = clock::now() + patience(tlsup::deadline::none);
    tlsup::deadline awaited_ = tlsup::deadline::none;
    bool moved_ = false;
    bool wrote_ = false;
    bool late_ = false;
};

} // namespace example::gateway
