// event_loop.hpp: one thread that waits for sockets and deadlines, on epoll.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <functional>
#include <map>

#include "net.hpp"

namespace example {

class registration;
class timer;

/// Level-triggered: who is told that a socket is ready and leaves something is told again. What is destroyed or closed
/// while the loop tells others must stay in memory until `turn()` returns: its own turn may still come.
class event_loop {
  public:
    event_loop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
        if (!epoll_) {
            throw failure("cannot use epoll: " + system_text(errno));
        }
    }

    /// When this turn began.
    [[nodiscard]] clock::time_point now() const noexcept { return now_; }

    /// Waits until something happens, and tells who wants to know.
    void turn();

  private:
    friend class registration;
    friend class timer;
    using timers = std::multimap<clock::time_point, timer*>;

    fd epoll_;
    clock::time_point now_ = clock::now();
    timers timers_;
};

/// What a loop tells about one descriptor. The kernel hears of it only where that changes.
class registration {
  public:
    using call = std::function<void(std::uint32_t events)>;

    registration(event_loop& loop, call ready) : loop_(loop), ready_(std::move(ready)) {}
    registration(const registration&) = delete;
    registration& operator=(const registration&) = delete;
    ~registration() { drop(); }

    /// EPOLLERR and EPOLLHUP are told even where no event is asked for. Throws `failure`.
    void want(int descriptor, std::uint32_t events) {
        const bool known = descriptor == descriptor_;
        if (known && events == events_) {
            return;
        }
        epoll_event about{events, {this}};
        if (::epoll_ctl(loop_.epoll_.get(), known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, descriptor, &about) != 0) {
            throw failure("cannot watch a socket: " + system_text(errno));
        }
        descriptor_ = descriptor;
        events_ = events;
    }

    /// Before the descriptor is closed, or given to another registration.
    void drop() noexcept {
        if (descriptor_ >= 0) {
            ::epoll_ctl(loop_.epoll_.get(), EPOLL_CTL_DEL, std::exchange(descriptor_, -1), nullptr);
        }
    }

  private:
    friend class event_loop;

    event_loop& loop_;
    call ready_;
    int descriptor_ = -1;
    std::uint32_t events_ = 0;
};

/// One deadline, which may be moved again and again. To move it to a later time costs nothing: the loop finds out when
/// the earlier one has come.
class timer {
  public:
    using call = std::function<void()>;

    timer(event_loop& loop, call expired) : loop_(loop), place_(loop.timers_.end()), expired_(std::move(expired)) {}
    timer(const timer&) = delete;
    timer& operator=(const timer&) = delete;
    ~timer() { clear(); }

    void set(clock::time_point until) {
        until_ = until;
        if (place_ == loop_.timers_.end()) {
            place_ = loop_.timers_.emplace(until, this);
        } else if (until < place_->first) {
            move();
        }
    }
    void clear() noexcept {
        if (place_ != loop_.timers_.end()) {
            loop_.timers_.erase(std::exchange(place_, loop_.timers_.end()));
        }
    }

  private:
    friend class event_loop;

    void move() {
        auto node = loop_.timers_.extract(place_);
        node.key() = until_;
        place_ = loop_.timers_.insert(std::move(node));
    }
    void due() {
        if (until_ > loop_.now()) {
            move();
        } else {
            clear();
            expired_();
        }
    }

    event_loop& loop_;
    event_loop::timers::iterator place_; // the end where it is not set
    clock::time_point until_{};
    call expired_;
};

inline void event_loop::turn() {
    std::array<epoll_event, 256> events;
    const int patience = timers_.empty() ? -1 : milliseconds_until(timers_.begin()->first);
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), patience);
    if (count < 0 && errno != EINTR) {
        throw failure("cannot wait for sockets: " + system_text(errno));
    }
    now_ = clock::now();
    for (int at = 0; at < count; ++at) {
        const epoll_event& each = events[static_cast<std::size_t>(at)];
        const registration& told = *static_cast<registration*>(each.data.ptr);
        if (told.descriptor_ >= 0) { // an earlier one of this turn may have dropped it
            told.ready_(each.events);
        }
    }
    while (!timers_.empty() && timers_.begin()->first <= now_) {
        timers_.begin()->second->due();
    }
}

} // namespace example
