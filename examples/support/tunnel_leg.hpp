// tunnel_leg.hpp: one of the two sockets of a tunnel, and what it did not take yet.
#pragma once

#include <sys/ioctl.h>

#include <linux/sockios.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "event_loop.hpp"

namespace example {

/// What it is told to send goes to the socket at once. Only the rest is kept, in memory that is freed with its last
/// octet.
class tunnel_leg {
  public:
    tunnel_leg(event_loop& loop, registration::call ready) : watch_(loop, std::move(ready)) {}

    void open(fd socket, std::string_view early) {
        socket_ = std::move(socket);
        queue_ = early;
        const int on = 1; // an urgent octet stays where it stands
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_OOBINLINE, &on, sizeof on);
    }
    void close() noexcept {
        watch_.drop();
        socket_.reset();
        clear();
    }

    // Out

    /// `again`: not all of it was taken.
    io send(std::string_view bytes) {
        std::size_t sent = 0;
        const io outcome = send_some(bytes, sent);
        if (outcome == io::again) {
            queue_.append(bytes.substr(sent));
        }
        return outcome;
    }

    /// Sends what is kept; `done`: nothing is left.
    io flush() noexcept {
        std::size_t sent = 0;
        const io outcome = queued() == 0 ? io::done : send_some(std::string_view(queue_).substr(from_), sent);
        from_ += sent;
        if (queued() == 0) {
            clear();
        }
        return outcome;
    }

    /// Throws away what is kept.
    void clear() noexcept {
        std::string().swap(queue_);
        from_ = 0;
    }

    void shut() noexcept { ::shutdown(socket_.get(), SHUT_WR); }

    [[nodiscard]] std::size_t queued() const noexcept { return queue_.size() - from_; }
    /// Octets that the socket took.
    [[nodiscard]] std::uint64_t delivered() const noexcept { return delivered_; }
    /// Octets that the other host did not take yet, as far as this one knows.
    [[nodiscard]] std::size_t outstanding() const noexcept {
        int unsent = 0;
        ::ioctl(socket_.get(), SIOCOUTQ, &unsent);
        return queued() + static_cast<std::size_t>(unsent);
    }

    // In

    /// `done`: `size` octets are in the buffer.
    io receive(std::span<char> buffer, std::size_t& size) noexcept {
        const ssize_t count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
        size = count > 0 ? static_cast<std::size_t>(count) : 0;
        return count > 0 ? io::done : count == 0 ? io::end : outcome_of_error();
    }

    // Events

    void want(std::uint32_t events) { watch_.want(socket_.get(), events); }
    void want_nothing() noexcept { watch_.drop(); }

  private:
    static io outcome_of_error() noexcept {
        return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? io::again : io::failed;
    }

    io send_some(std::string_view bytes, std::size_t& sent) noexcept {
        const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count < 0) {
            return outcome_of_error();
        }
        sent = static_cast<std::size_t>(count);
        delivered_ += sent;
        return sent == bytes.size() ? io::done : io::again;
    }

    fd socket_;
    registration watch_; // ends before the socket is closed
    std::string queue_;
    std::size_t from_ = 0; // what is kept begins here
    std::uint64_t delivered_ = 0;
};

} // namespace example
