// proxy_connection.hpp: one client of proxy, from its CONNECT to the end of its tunnel.
#pragma once

#include <cstdio>
#include <optional>

#include "access_log.hpp"
#include "proxy_shared.hpp"

namespace example::proxy {

class connection {
  public:
    connection(shared& all, unsigned id, fd socket, std::string name)
        : all_(all), entry_(all.log, id, std::move(name)), socket_(std::move(socket)),
          watch_(all.loop, [this](std::uint32_t events) { guard([&] { ready(events); }); }),
          timer_(all.loop, [this] { guard([&] { expired(); }); }),
          route_(all.loop, all.names, all.set.via ? &*all.set.via : nullptr, all.machine.addresses,
                 [this] { guard([&] { arrived(), run(); }); }) {}

    /// Reads what the client wants.
    void begin() {
        ++all_.carried;
        guard([&] { run(); });
    }

    /// The program is to end: who has said nothing goes.
    void stop() {
        if (!heard_) {
            drop();
        }
    }

    void drop() noexcept {
        if (relay_) {
            relay_->abort();
        }
        if (!over_) {
            (void)machine_.abort(errc::aborted);
            finish();
        }
    }

  private:
    using errc = tlsup::errc;
    using action = tlsup::action;
    using side = tlsup::side;

    /// A fault of one connection ends only that one.
    template <class Call> void guard(Call call) noexcept {
        if (over_) {
            return;
        }
        try {
            call();
        } catch (const std::exception& error) {
            std::fprintf(stderr, "proxy: connection %u was dropped: %s\n", entry_.id(), error.what());
            drop();
        }
    }

    /// Answers to the machine are right or the proxy has a bug.
    static void must(errc error) {
        if (error != errc::ok) {
            throw failure("the machine refused a call: " + std::string(to_string(error)));
        }
    }

    // The client

    void ready(std::uint32_t events) {
        if (relay_) {
            return; // it has the socket now
        }
        if (reading_ && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) {
            receive();
        } else if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
            (void)machine_.abort(errc::peer_closed);
        }
        run();
    }

    void receive() {
        const io found = read_some(socket_.get(), in_);
        heard_ = heard_ || !in_.empty();
        if (found == io::failed) {
            (void)machine_.abort(errc::peer_closed);
        } else if (found == io::end) {
            must(machine_.peer_closed());
        }
    }

    void run() {
        writing_ = false;
        reading_ = false;
        while (act(machine_.next(in_, all_.machine))) {
        }
        if (!over_ && !relay_) {
            watch_.want(socket_.get(), (reading_ ? EPOLLIN : 0U) | (writing_ ? EPOLLOUT : 0U));
            restart_timer();
        }
    }

    /// Does what the step says; false where nothing can go on now.
    bool act(const tlsup::step& step) {
        switch (step.what) {
        case action::read:
            reading_ = true;
            return false;
        case action::wait:
            return false;
        case action::write:
            return write(step);
        case action::decide:
            if (tlsup::passed_through(step.bytes, all_.name)) {
                must(machine_.refuse(errc::forwarding_loop));
            } else {
                decide(machine_.target(step.bytes));
            }
            return true;
        case action::dial:
            if (all_.set.via) {
                route_.announce(via_lines(step.bytes, all_.name));
            }
            dial(machine_.target(step.bytes));
            return true;
        case action::drop:
            take(step.bytes.size());
            return true;
        case action::drain:
            drain(step.bytes.size());
            return !reading_;
        case action::tunnel:
            begin_tunnel();
            return false;
        case action::close:
            finish();
            return false;
        case action::body:
        case action::start_tls:
        case action::answer:
        case action::secure:
        case action::detach:
            break;
        }
        throw failure("the machine asked for " + std::string(to_string(step.what)));
    }

    /// What the machine shows and takes stands at the front.
    void take(std::size_t size) {
        in_.erase(0, size);
        must(machine_.took(size));
    }

    bool write(const tlsup::step& step) {
        note_refusal();
        const int more = step.more ? MSG_MORE : 0;
        const ssize_t count = ::send(socket_.get(), step.bytes.data(), step.bytes.size(), MSG_NOSIGNAL | more);
        if (count >= 0) {
            must(machine_.wrote(static_cast<std::size_t>(count)));
            return true;
        }
        writing_ = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
        if (!writing_) {
            must(machine_.abort(errc::peer_closed));
        }
        return !writing_;
    }

    void drain(std::size_t size) {
        if (!std::exchange(shut_, true)) {
            ::shutdown(socket_.get(), SHUT_WR);
        }
        reading_ = size == 0;
        take(size);
    }

    // The request

    void decide(const tlsup::connect_target& target) {
        entry_.target(target.authority);
        if (all_.carried > all_.set.connections) {
            must(machine_.refuse(errc::too_many_connections));
        } else if (all_.set.login().given() && !basic_matches(target.authorization, all_.set.login())) {
            must(machine_.challenge(all_.machine));
        } else {
            must(machine_.open());
        }
    }

    void dial(const tlsup::connect_target& target) {
        must(machine_.dialing());
        if (route_.start({std::string(target.host), target.port, target.kind}, all_.loop.now() + all_.set.dial)) {
            arrived();
        }
    }

    /// The upstream connection stands, or there will be none.
    void arrived() {
        const errc error = route_.error();
        must(error == errc::ok      ? machine_.tunnel_open()
             : route_.status() != 0 ? machine_.refuse_as_next_proxy(route_.status())
                                    : machine_.refuse(error));
    }

    void begin_tunnel() {
        watch_.drop();
        timer_.clear();
        relay_.emplace(all_.loop, all_.buffer, *all_.set.policy, all_.patience, [this] { guard([&] { finish(); }); });
        relay_->open(side::client, std::move(socket_), route_.take_early());
        relay_->open(side::upstream, route_.take(), std::exchange(in_, {}));
        relay_->begin();
    }

    // Time

    [[nodiscard]] clock::duration patience(tlsup::deadline what) const {
        return what == tlsup::deadline::dial     ? all_.set.dial
               : what == tlsup::deadline::linger ? all_.patience.linger
                                                 : all_.set.head;
    }

    void restart_timer() {
        const tlsup::deadline wanted = machine_.wanted();
        if (!timed_ || wanted != deadline_) {
            timer_.set(all_.loop.now() + patience(wanted));
        }
        timed_ = true;
        deadline_ = wanted;
    }

    void expired() {
        timed_ = false;
        must(machine_.abort(errc::timeout));
        run();
    }

    // The end

    /// The first time that a refusal is written: nobody waits for an upstream any more, and there is room for another.
    void note_refusal() {
        if (machine_.status() < 400 || refused_) {
            return;
        }
        refused_ = true;
        --all_.carried;
        if (in_.find('\n') != in_.npos) {
            entry_.target(machine_.target(in_).authority);
        }
        route_.cancel();
    }

    /// One line, however it came to its end.
    void log() const noexcept {
        try {
            if (relay_) {
                entry_.tunnel(relay_->delivered(side::upstream), relay_->delivered(side::client), relay_->reason());
            } else if (machine_.status() >= 400) {
                entry_.refused(machine_.status(), machine_.error());
            } else if (heard_) {
                entry_.ended(machine_.error() != errc::ok ? machine_.error() : errc::peer_closed);
            }
        } catch (const std::exception&) {
            std::fputs("proxy: no memory for a line of the log\n", stderr);
        }
    }

    void finish() noexcept {
        over_ = true;
        log();
        if (!refused_) {
            --all_.carried;
        }
        watch_.drop();
        timer_.clear();
        route_.cancel();
        socket_.reset();
        all_.over(entry_.id());
    }

    shared& all_;
    access_entry entry_;
    fd socket_; // the client's, up to the tunnel
    registration watch_;
    timer timer_;
    route route_;
    tlsup::connect_proxy machine_;
    std::string in_; // received and not taken
    std::optional<tunnel_relay> relay_;
    tlsup::deadline deadline_ = tlsup::deadline::none;
    bool timed_ = false;
    bool heard_ = false; // the client sent something
    bool reading_ = false;
    bool writing_ = false;
    bool shut_ = false;
    bool refused_ = false;
    bool over_ = false;
};

} // namespace example::proxy
