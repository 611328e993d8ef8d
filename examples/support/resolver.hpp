// resolver.hpp: names become addresses in threads of their own, so that nobody else waits.
#pragma once

#include <sys/eventfd.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "event_loop.hpp"

namespace example {

/// What getaddrinfo finds; empty where it finds nothing. `AI_NUMERICHOST` in `flags`: it does not wait for anybody.
inline addresses find_addresses(const endpoint& where, int flags = 0) noexcept {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV | flags;
    addrinfo* found = nullptr;
    const int error = ::getaddrinfo(where.host.c_str(), where.port.c_str(), &hints, &found);
    return addresses(error == 0 ? found : nullptr);
}

/// One question and its answer.
class lookup {
  public:
    lookup(endpoint where, std::function<void()> done) : where_(std::move(where)), done_(std::move(done)) {}

    /// The answer; empty where there is none.
    [[nodiscard]] addresses take() noexcept { return std::move(found_); }

    /// Nobody wants to know any more.
    void cancel() noexcept { cancelled_ = true; }

  private:
    friend class resolver;

    endpoint where_;
    addresses found_{nullptr};
    std::function<void()> done_; // only the loop's thread touches it
    std::atomic<bool> cancelled_ = false;
};

/// Asks getaddrinfo, in some threads. They hold what they need: neither a loop nor a program that ends waits for them.
class resolver {
  public:
    explicit resolver(event_loop& loop) : watch_(loop, [this](std::uint32_t) { deliver(); }) {
        if (!all_->wake) {
            throw failure("cannot make an eventfd: " + system_text(errno));
        }
        watch_.want(all_->wake.get(), EPOLLIN);
    }
    resolver(const resolver&) = delete;
    resolver& operator=(const resolver&) = delete;
    ~resolver() {
        const std::lock_guard lock(all_->mutex);
        all_->over = true;
        all_->changed.notify_all();
    }

    /// Calls `done` in the loop's thread, later, unless it is cancelled. Null where there is no thread to ask.
    std::shared_ptr<lookup> ask(endpoint where, std::function<void()> done) {
        auto asked = std::make_shared<lookup>(std::move(where), std::move(done));
        const std::lock_guard lock(all_->mutex);
        if (all_->idle <= all_->asked.size() && all_->threads < most_threads) {
            add_thread();
        }
        if (all_->threads == 0) {
            return nullptr;
        }
        if (all_->asked.size() >= forget_at_) {
            std::erase_if(all_->asked, [](const auto& each) { return each->cancelled_.load(); });
            forget_at_ = 2 * all_->asked.size() + 64;
        }
        all_->asked.push_back(asked);
        all_->changed.notify_one();
        return asked;
    }

  private:
    static constexpr std::size_t most_threads = 32; // a name may take its thread for many seconds

    /// What the loop's thread and the others share.
    struct shared {
        std::mutex mutex{};
        std::condition_variable changed{};
        std::deque<std::shared_ptr<lookup>> asked{};
        std::vector<std::shared_ptr<lookup>> answered{};
        fd wake{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
        std::size_t threads = 0;
        std::size_t idle = 0; // of the threads
        bool over = false;
    };

    void add_thread() {
        try {
            std::thread(work, all_).detach();
            ++all_->threads;
        } catch (const std::system_error&) { // those that there are have to do
            return;
        }
    }

    static void work(const std::shared_ptr<shared>& all) {
        std::unique_lock lock(all->mutex);
        while (true) {
            ++all->idle;
            all->changed.wait(lock, [&] { return all->over || !all->asked.empty(); });
            --all->idle;
            if (all->over) {
                return;
            }
            const std::shared_ptr<lookup> mine = std::move(all->asked.front());
            all->asked.pop_front();
            if (mine->cancelled_) {
                continue;
            }
            lock.unlock();
            addresses found = find_addresses(mine->where_);
            lock.lock();
            mine->found_ = std::move(found);
            all->answered.push_back(mine);
            ::eventfd_write(all->wake.get(), 1);
        }
    }

    void deliver() {
        std::vector<std::shared_ptr<lookup>> answered;
        {
            const std::lock_guard lock(all_->mutex);
            eventfd_t count = 0;
            ::eventfd_read(all_->wake.get(), &count);
            answered.swap(all_->answered);
        }
        for (const std::shared_ptr<lookup>& each : answered) {
            if (!each->cancelled_) {
                each->done_();
            }
        }
    }

    std::shared_ptr<shared> all_ = std::make_shared<shared>();
    registration watch_;
    std::size_t forget_at_ = 64; // questions that wait: then those that were cancelled go
};

} // namespace example
