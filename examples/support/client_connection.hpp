// client_connection.hpp: a client's connection, first in clear, then inside TLS.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net.hpp"
#include "tls.hpp"

namespace example {

/// A socket with what was read from it. `start_tls` ends the time in clear, for good.
class client_connection {
  public:
    enum class event : unsigned char {
        bytes,        ///< there is more in `unread()`
        ready,        ///< the handshake is complete
        fin,          ///< the peer closed the connection in order
        broken,       ///< the connection failed, as by a reset: nothing says that what came is all
        close_notify, ///< the peer ended TLS in order
        tls_failed,   ///< `tls().error()` says why
        timeout,
    };

    /// Connects to the first address that answers. Throws `failure`.
    client_connection(const endpoint& to, clock::time_point until) : socket_(connect_to(to, until)), until_(until) {}

    /// What was received and not taken: inside TLS, what was decrypted.
    [[nodiscard]] std::string& unread() noexcept { return tls_ ? plain_ : clear_; }
    /// What was received in clear; nothing is added to it once TLS has started.
    [[nodiscard]] std::string& clear() noexcept { return clear_; }
    [[nodiscard]] const tls_endpoint& tls() const { return *tls_; }

    /// Waits for more.
    event receive() {
        const std::size_t before = unread().size();
        while (true) {
            const auto state = tls_ ? tls_->read(plain_) : tls_endpoint::progress::more;
            if (unread().size() > before) {
                return event::bytes;
            }
            if (state != tls_endpoint::progress::more) {
                return state == tls_endpoint::progress::closed ? event::close_notify : event::tls_failed;
            }
            if (ended_) {
                return broken_ ? event::broken : event::fin;
            }
            if (!wait_for(socket_.get(), POLLIN, until_)) {
                return event::timeout;
            }
            pull();
        }
    }

    /// Sends all of it. False where the peer does not take it; what it said meanwhile can still be received, and behind
    /// that `receive` says what happened.
    bool send(std::string_view bytes) {
        if (!tls_) {
            queue_ += bytes;
        } else if (!tls_->write(bytes)) {
            return false;
        }
        return flush();
    }

    /// From here on all bytes belong to TLS. `bytes`: what came instead was not TLS, it is in `clear()`.
    event start_tls(tls_endpoint engine) {
        tls_.emplace(std::move(engine));
        while (true) {
            const auto state = tls_->handshake();
            const bool sent = flush();
            if (state == tls_endpoint::progress::done) {
                return event::ready;
            }
            if (state != tls_endpoint::progress::more) {
                return event::tls_failed;
            }
            if (ended_ || !sent) {
                return event::fin;
            }
            if (!wait_for(socket_.get(), POLLIN, until_)) {
                return event::timeout;
            }
            pull();
            if (!clear_.empty()) {
                return event::bytes;
            }
        }
    }

    /// Ends TLS in order.
    void close() {
        if (tls_ && !ended_) {
            tls_->close();
            (void)flush();
        }
    }

  private:
    // Reads what there is, without waiting.
    void pull() {
        std::string bytes;
        const io outcome = read_some(socket_.get(), tls_ ? bytes : clear_);
        ended_ = ended_ || outcome == io::end || outcome == io::failed;
        broken_ = broken_ || outcome == io::failed;
        if (bytes.empty()) {
            return;
        }
        const char first = bytes.front();
        if (first_record_ && first != '\x16' && first != '\x15') { // neither a handshake record nor an alert
            clear_ = bytes;
            return;
        }
        first_record_ = false;
        tls_->feed(bytes);
    }

    // Writes the queue, and keeps what arrives meanwhile.
    bool flush() {
        if (tls_) {
            tls_->output(queue_);
        }
        while (true) {
            const io outcome = write_some(socket_.get(), queue_);
            if (outcome != io::again) {
                queue_.clear();
                // The system reports an error once: the end that is read after it would look like one in order.
                broken_ = broken_ || (outcome == io::failed && !ended_);
                return outcome == io::done;
            }
            const short events = ended_ ? POLLOUT : POLLIN | POLLOUT;
            if (!wait_for(socket_.get(), events, until_)) {
                return false;
            }
            if (!ended_) {
                pull();
            }
        }
    }

    fd socket_;
    clock::time_point until_;
    std::string clear_;
    std::string plain_;
    std::string queue_;
    std::optional<tls_endpoint> tls_;
    bool first_record_ = true;
    bool ended_ = false;
    bool broken_ = false; // and the end that follows was not in order
};

} // namespace example
