// memory_bio.hpp: an Io for the callers' loops. A socket, the bytes of either layer, and OpenSSL between two buffers.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "ways/support.hpp"

namespace ways {

/// One end of a connection. It remembers all that it sent, as it stood on the wire.
class memory_bio_io {
  public:
    using progress = example::tls_endpoint::progress;

    memory_bio_io(example::fd socket, example::tls_endpoint engine)
        : socket_(std::move(socket)), engine_(std::move(engine)) {}

    [[nodiscard]] std::string_view clear() const { return clear_; }
    [[nodiscard]] std::string_view plain() const { return plain_; }
    [[nodiscard]] closure ending() const { return ending_; }
    [[nodiscard]] bool writable() const { return writable_; }

    /// The socket has one deadline for all that can be waited for.
    errc read(deadline) {
        std::string records;
        const errc got = receive(secure_ ? records : clear_);
        if (got != errc::ok || !secure_) {
            return got;
        }
        engine_.feed(records);
        return decrypt();
    }

    /// In clear only a few octets at a time: short writes are the rule here.
    std::size_t write(std::string_view bytes, bool more) {
        if (!secure_) {
            return send(bytes.substr(0, std::min<std::size_t>(bytes.size(), 20)), more ? MSG_MORE : 0);
        }
        return engine_.write(bytes) && (more || flush()) ? bytes.size() : 0;
    }

    std::size_t take(std::string_view bytes) {
        std::string& from = secure_ ? plain_ : clear_;
        from.erase(static_cast<std::size_t>(bytes.data() - from.data()), bytes.size());
        return bytes.size();
    }

    /// A server's turn. The engine may have what the gate has seen; it says nothing before the gate has let it pass.
    void start_tls(server& machine, std::string_view records, const server_options& options) {
        if (records.empty()) {
            tell(machine, read(machine.wanted()));
            return;
        }
        hello_gate::progress found = hello_gate::progress::pass;
        const bool judging = machine.state() == server_state::hello;
        if (judging) {
            authority asked;
            (void)parse_authority(machine.request(clear_).line.authority, port_rule::optional, asked);
            found = gate_.feed(records, asked.host, options.upgrade.defence);
        }
        engine_.feed(records);
        (void)machine.took(take(records));
        if (judging && found != hello_gate::progress::more) {
            (void)machine.tls_hello(gate_.verdict());
        }
        if (found == hello_gate::progress::pass) {
            established(machine, options);
        }
    }

    /// A client's or a route's turn. What does not look like TLS stays in clear, for the machine to refuse.
    template <class Machine, class Options> void start_tls(Machine& machine, const Options& options) {
        if (established(machine, options)) {
            return;
        }
        std::string records;
        tell(machine, receive(records));
        heard_tls_ = heard_tls_ || records.starts_with('\x16') || records.starts_with('\x15');
        if (heard_tls_) {
            engine_.feed(records);
        } else {
            clear_ += records;
        }
    }

    void shut() {
        if (secure_) {
            engine_.close();
            (void)flush();
        }
        ::shutdown(socket_.get(), SHUT_WR);
        writable_ = false;
    }
    void close(errc why = errc::ok) {
        if (why == errc::aborted) {
            example::reset_on_close(socket_.get());
        } else if (writable_) {
            shut();
        }
        socket_.reset();
    }

    /// The connection that a `dial` leads to.
    void next_dial(memory_bio_io&& other) { next_ = std::make_unique<memory_bio_io>(std::move(other)); }
    bool dial() {
        if (next_ != nullptr) {
            *this = memory_bio_io(std::move(*std::exchange(next_, nullptr)));
            return true;
        }
        return false;
    }
    void keep() { kept_ = true; }

    [[nodiscard]] bool kept() const { return kept_; }
    [[nodiscard]] const std::string& sent() const { return sent_; }
    example::tls_endpoint& engine() { return engine_; }

  private:
    errc receive(std::string& into) {
        switch (example::read_some(socket_.get(), into)) {
        case example::io::done:
            return errc::ok;
        case example::io::again:
            return errc::timeout;
        case example::io::end:
            ending_ = closure::fin;
            return errc::peer_closed;
        case example::io::failed:
            break;
        }
        return errc::aborted;
    }

    std::size_t send(std::string_view bytes, int flags) {
        const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | flags);
        sent_ += bytes.substr(0, count > 0 ? static_cast<std::size_t>(count) : 0);
        return count > 0 ? static_cast<std::size_t>(count) : 0;
    }

    /// Sends what the engine has for the network.
    bool flush() {
        std::string queue;
        engine_.output(queue);
        for (std::string_view left = queue; !left.empty();) {
            const std::size_t count = send(left, 0);
            if (count == 0) {
                return false;
            }
            left.remove_prefix(count);
        }
        return true;
    }

    errc decrypt() {
        const progress found = engine_.read(plain_);
        (void)flush();
        ending_ = found == progress::closed ? closure::close_notify : closure::fin;
        return found == progress::closed ? errc::peer_closed : found == progress::failed ? errc::tls_failed : errc::ok;
    }

    /// One turn of the handshake. What came behind its end is decrypted, so that the machine sees it before it writes.
    template <class Machine, class Options> bool established(Machine& machine, const Options& options) {
        const progress found = engine_.handshake();
        (void)flush(); // a failure leaves an alert
        if (found == progress::failed) {
            (void)machine.tls_failed();
        } else if (found == progress::done) {
            secure_ = machine.tls_established(facts_of(engine_.native()), options) == errc::ok;
            tell(machine, secure_ ? decrypt() : errc::ok);
        }
        return found != progress::more;
    }

    template <class Machine> void tell(Machine& machine, errc end) const {
        if (end != errc::ok) {
            (void)(end == errc::peer_closed ? machine.peer_closed(ending_) : machine.abort(end));
        }
    }

    example::fd socket_;
    example::tls_endpoint engine_;
    hello_gate gate_;
    std::string clear_;
    std::string plain_;
    std::string sent_;
    std::unique_ptr<memory_bio_io> next_;
    closure ending_ = closure::fin;
    bool secure_ = false;
    bool writable_ = true;
    bool heard_tls_ = false;
    bool kept_ = false;
};

} // namespace ways
