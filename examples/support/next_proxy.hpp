// next_proxy.hpp: the tunnel through another proxy that this one was told to use.
#pragma once

#include <tlsup/connect_client.hpp>

#include "dialer.hpp"

namespace example {

/// Where the next proxy is, and who we are to it.
struct next_hop {
    destination where;
    std::string user;
    std::string password;
};

/// One CONNECT to the next proxy. The credentials go at once, so there is nothing to repeat when it asks for them.
class next_proxy {
  public:
    /// Octets that a CONNECT may have.
    static constexpr std::size_t room = 4096;

    /// `over` is called once, in a later turn of the loop than the constructor.
    next_proxy(event_loop& loop, fd socket, std::function<void()> over)
        : socket_(std::move(socket)), over_(std::move(over)), watch_(loop, [this](std::uint32_t) { ready(); }) {}
    next_proxy(const next_proxy&) = delete;
    next_proxy& operator=(const next_proxy&) = delete;

    void ask(const next_hop& hop, std::string_view host, std::uint16_t port) {
        const tlsup::connect_text text{host, port, {hop.user, hop.password}};
        room_.resize(room);
        options_.connect = tlsup::write_connect(room_, text).head; // an empty one makes the machine say bad_options
        watch_.want(socket_.get(), EPOLLOUT);
    }

    /// Closes the connection.
    void cancel() noexcept {
        watch_.drop();
        socket_.reset();
    }

    [[nodiscard]] bool open() const noexcept { return machine_.state() == tlsup::connect_client_state::open; }
    /// The status of a refusal; 0 where it did not answer as a proxy does.
    [[nodiscard]] std::uint16_t status() const noexcept { return open() ? std::uint16_t{0} : machine_.status(); }

    /// The tunnel, and what already came out of it.
    [[nodiscard]] fd take() noexcept {
        watch_.drop();
        std::exchange(room_, {});
        return std::move(socket_);
    }
    [[nodiscard]] std::string take_early() noexcept { return std::exchange(in_, {}); }

  private:
    void ready() noexcept {
        try {
            if (reading_) {
                receive();
            }
            while (act(machine_.next(in_, options_))) {
            }
        } catch (const std::exception&) { // no memory: no tunnel
            (void)machine_.abort(tlsup::errc::aborted);
            over_();
        }
    }

    void receive() {
        const io found = read_some(socket_.get(), in_);
        if (found == io::end) {
            (void)machine_.peer_closed();
        } else if (found == io::failed) {
            (void)machine_.abort(tlsup::errc::peer_closed);
        }
    }

    bool act(const tlsup::step& step) {
        if (step.what == tlsup::action::write) {
            return write(step.bytes);
        }
        if (step.what == tlsup::action::drop) {
            in_.erase(0, step.bytes.size()); // a head, which is always at the front
            return machine_.took(step.bytes.size()) == tlsup::errc::ok;
        }
        reading_ = step.what == tlsup::action::read;
        if (reading_) {
            watch_.want(socket_.get(), EPOLLIN);
        } else { // the tunnel is open, or it was refused: nobody reads the next proxy's words
            watch_.drop();
            over_();
        }
        return false;
    }

    bool write(std::string_view bytes) {
        const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count >= 0) {
            return machine_.wrote(static_cast<std::size_t>(count)) == tlsup::errc::ok;
        }
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
            return machine_.abort(tlsup::errc::peer_closed) == tlsup::errc::ok;
        }
        return false; // the next turn tries again
    }

    fd socket_;
    std::function<void()> over_;
    registration watch_;
    tlsup::connect_client machine_;
    tlsup::connect_options options_;
    std::string room_; // of the CONNECT
    std::string in_;
    bool reading_ = false;
};

} // namespace example
