// next_proxy.hpp: the tunnel through another proxy that this one was told to use.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tlsup/connect_client.hpp>
#include <tlsup/forward.hpp>

#include "dialer.hpp"

namespace example {

/// Where the next proxy is, and who we are to it.
struct next_hop {
    destination where;
    std::string user;
    std::string password;
};

/// The Via lines of a CONNECT that is passed on: those that it came with, and who passes it on. RFC 9110 7.6.3.
inline std::vector<std::string> via_lines(std::string_view head, std::string_view name) {
    std::vector<std::string> lines;
    tlsup::field_reader fields(head);
    for (tlsup::field each; fields.next(each);) {
        if (tlsup::detail::same_text(each.name, "via")) {
            lines.emplace_back(each.value);
        }
    }
    const char minor = head[head.find('\r') - 1]; // the request line ends with it
    lines.push_back(std::string("1.") + minor + " " + std::string(name));
    return lines;
}

/// One CONNECT to the next proxy. The credentials go at once, so there is nothing to repeat when it asks for them.
class next_proxy {
  public:
    /// Octets that a CONNECT may have, without Via.
    static constexpr std::size_t room = 4096;

    /// `over` is called once, in a later turn of the loop than the constructor.
    next_proxy(event_loop& loop, fd socket, std::function<void()> over)
        : socket_(std::move(socket)), over_(std::move(over)), watch_(loop, [this](std::uint32_t) { ready(); }) {}
    next_proxy(const next_proxy&) = delete;
    next_proxy& operator=(const next_proxy&) = delete;

    /// `via`: see `via_lines`.
    void ask(const next_hop& hop, std::string_view host, std::uint16_t port, const std::vector<std::string>& via) {
        const tlsup::connect_text text{host, port, {hop.user, hop.password}};
        std::vector<tlsup::field_text> fields;
        std::size_t more = 0;
        for (const std::string& each : via) {
            fields.push_back({"Via", each});
            more += each.size() + 7;
        }
        room_.resize(room + more);
        options_.connect = tlsup::write_connect(room_, text, {fields.data(), fields.size()})
                               .head; // an empty one makes the machine say bad_options
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
