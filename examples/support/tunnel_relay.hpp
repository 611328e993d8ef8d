// tunnel_relay.hpp: the bytes of one open tunnel, from socket to socket.
#pragma once

#include <algorithm>
#include <array>

#include <tlsup/tunnel.hpp>

#include "tunnel_leg.hpp"

namespace example {

/// How long a tunnel may be silent, and how long its end may make no progress.
struct tunnel_patience {
    clock::duration idle;
    clock::duration linger;
};

/// Both sockets of a tunnel. What one side sends is read into a buffer that all tunnels share, and written to the other
/// side at once; only what that does not take is kept, and then nothing more is read. The machine says who is read,
/// written, shut and closed.
class tunnel_relay {
  public:
    using side = tlsup::side;

    /// `over` is called once, when the tunnel has ended.
    tunnel_relay(event_loop& loop, std::span<char> buffer, tlsup::half_close policy, const tunnel_patience& patience,
                 std::function<void()> over)
        : loop_(loop), buffer_(buffer), patience_(patience), over_(std::move(over)),
          timer_(loop, [this] { guard([&] { expired(); }); }), machine_(policy),
          legs_{leg(loop, [this](std::uint32_t events) { guard([&] { ready(side::client, events); }); }),
                leg(loop, [this](std::uint32_t events) { guard([&] { ready(side::upstream, events); }); })} {}
    tunnel_relay(const tunnel_relay&) = delete;
    tunnel_relay& operator=(const tunnel_relay&) = delete;

    /// The socket of this side, and what came early for it: that goes first.
    void open(side which, fd socket, std::string_view early) { at(which).open(std::move(socket), early); }

    /// Both are open.
    void begin() {
        guard([&] {
            flush(side::client);
            flush(side::upstream);
            settle();
        });
    }

    void abort() noexcept {
        (void)machine_.abort(tlsup::errc::aborted);
        close();
    }

    /// Octets that the socket of this side took.
    [[nodiscard]] std::uint64_t delivered(side which) const noexcept { return legs_[index(which)].delivered(); }
    [[nodiscard]] tlsup::tunnel_end reason() const noexcept { return machine_.reason(); }

  private:
    struct leg : tunnel_leg {
        using tunnel_leg::tunnel_leg;

        bool ended = false;    // nothing more comes from it
        bool finished = false; // nothing more goes to it
        bool hung = false;     // it is over in both directions, though perhaps not read to the end
        bool broken = false;   // it was reset, and not yet read to the end
    };

    static constexpr int rounds = 16; // of one side, before it is somebody else's turn

    static constexpr std::size_t index(side which) noexcept { return static_cast<std::size_t>(which); }
    leg& at(side which) noexcept { return legs_[index(which)]; }
    [[nodiscard]] tlsup::plan plan() noexcept {
        return machine_.next(at(side::client).queued(), at(side::upstream).queued(), buffer_.size());
    }

    /// Without memory, or without room in the kernel, this tunnel ends and no other.
    template <class Call> void guard(Call call) noexcept {
        if (machine_.state() == tlsup::tunnel_state::closed) {
            return;
        }
        try {
            call();
        } catch (const std::exception&) {
            abort();
        }
    }

    // Sockets

    void ready(side which, std::uint32_t events) {
        if ((events & EPOLLOUT) != 0 && flush(which)) {
            pump(other(which)); // it waited for that
        }
        if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) {
            const bool read = plan().of(which).discard ? discard(which) : pump(which);
            if (!read && (events & EPOLLERR) != 0) {
                break_off(which);
            }
            at(which).hung = (events & EPOLLHUP) != 0;
        }
        settle();
    }

    /// Whether the other side can take what this one sends.
    [[nodiscard]] bool flows(side from) noexcept { return at(other(from)).queued() == 0 && !at(other(from)).broken; }

    /// Passes on what this side sent; false where it is not to be read now.
    bool pump(side from) {
        if (plan().of(from).read == 0 || !flows(from)) {
            return false;
        }
        leg& source = at(from);
        for (int round = 0; round < rounds || source.broken; ++round) {
            std::size_t size = 0;
            const io found = source.receive(buffer_, size);
            if (found != io::done) {
                end(from, found);
                break;
            }
            if (!pass(other(from), {buffer_.data(), size}) || (size < buffer_.size() && !source.broken)) {
                break; // a short piece was the last one, for now
            }
        }
        return true;
    }

    /// False where not all of it was taken.
    bool pass(side to, std::string_view bytes) {
        moved_ = true;
        const io outcome = at(to).send(bytes);
        if (outcome == io::failed) {
            break_off(to);
        }
        return outcome == io::done;
    }

    /// True where nothing is left.
    bool flush(side to) {
        moved_ = true;
        const io outcome = at(to).flush();
        if (outcome == io::failed) {
            break_off(to);
        }
        return outcome == io::done;
    }

    bool discard(side from) {
        io found = io::done;
        for (int round = 0; round < rounds && found == io::done; ++round) {
            std::size_t size = 0;
            found = at(from).receive(buffer_, size);
        }
        end(from, found);
        return true;
    }

    /// A read came to nothing.
    void end(side from, io found) {
        if (found == io::failed || (found != io::done && at(from).broken)) {
            fail(from);
        } else if (found == io::end) {
            at(from).ended = true;
            (void)machine_.eof(from);
        }
    }

    /// This side was reset. What it sent before still waits in the kernel, and the other side gets it first: a server
    /// may have said why.
    void break_off(side which) noexcept {
        leg& here = at(which);
        here.clear();
        here.want_nothing();
        here.broken = true;
    }

    /// Twice, since the first attempt for one may break the other.
    void drain_broken() {
        for (const side which : {side::client, side::upstream, side::client, side::upstream}) {
            if (at(which).broken && !pump(which) && at(other(which)).queued() == 0) {
                fail(which);
            }
        }
    }

    void fail(side which) noexcept {
        leg& here = at(which);
        here.clear();
        here.ended = true;
        here.finished = true;
        here.broken = false;
        (void)machine_.failed(which);
    }

    // The plan

    void settle() {
        drain_broken();
        tlsup::plan now = plan();
        for (const side which : {side::client, side::upstream}) {
            if (!now.close && now.of(which).shut_write) {
                at(which).shut();
                at(which).finished = true;
                (void)machine_.shut(which);
                now = plan();
            }
        }
        if (now.close) {
            close();
            return;
        }
        watch(side::client, now);
        watch(side::upstream, now);
        restart_timer();
    }

    void watch(side which, const tlsup::plan& now) {
        const tlsup::flow& flow = now.of(which);
        leg& here = at(which);
        if (!flow.write) {
            here.clear(); // what is queued will never be written
        }
        const bool read = flow.discard || (flow.read != 0 && flows(which));
        const std::uint32_t events = (read ? EPOLLIN : 0U) | (flow.write ? EPOLLOUT : 0U);
        if (here.broken || (here.ended && here.finished) || (here.hung && events == 0)) {
            here.want_nothing(); // epoll would tell that again and again
        } else {
            here.want(events);
        }
    }

    void close() noexcept {
        for (leg& each : legs_) {
            each.close();
        }
        timer_.clear();
        over_();
    }

    // Time

    void restart_timer() {
        const bool broken = at(side::client).broken || at(side::upstream).broken;
        const tlsup::deadline wanted = broken ? tlsup::deadline::linger : machine_.wanted();
        if (moved_ || wanted != deadline_) {
            timer_.set(loop_.now() + (wanted == tlsup::deadline::linger ? patience_.linger : patience_.idle));
        }
        deadline_ = wanted;
        moved_ = false;
    }

    /// Where both sides are to be closed: the one to which something may be outstanding.
    [[nodiscard]] side last_reader() noexcept {
        const bool upstream = machine_.state() == tlsup::tunnel_state::to_upstream || at(side::client).broken;
        return upstream ? side::upstream : side::client;
    }

    /// After an orderly end all that is outstanding is delivered, here or by the kernel, to whom reads it before the
    /// tunnel would be idle. RFC 2817 5.3.
    [[nodiscard]] bool delivering() noexcept {
        const bool orderly =
            reason() == tlsup::tunnel_end::client_closed || reason() == tlsup::tunnel_end::upstream_closed;
        const std::size_t now = at(last_reader()).outstanding();
        if (now < outstanding_) {
            progress_ = loop_.now();
        }
        outstanding_ = now;
        return now != 0 && loop_.now() - progress_ < (orderly ? patience_.idle : patience_.linger);
    }

    void expired() {
        if (deadline_ == tlsup::deadline::linger && delivering()) {
            timer_.set(loop_.now() + std::min(patience_.linger, patience_.idle));
            return;
        }
        for (const side which : {side::client, side::upstream}) {
            if (at(which).broken) {
                fail(which); // which is why the tunnel ends
            }
        }
        (void)machine_.abort(tlsup::errc::timeout);
        settle();
    }

    event_loop& loop_;
    std::span<char> buffer_;
    const tunnel_patience& patience_;
    std::function<void()> over_;
    timer timer_;
    tlsup::tunnel machine_;
    std::array<leg, 2> legs_;
    std::size_t outstanding_ = SIZE_MAX; // at the end, when the timer expired last
    clock::time_point progress_{};       // when it had become less
    tlsup::deadline deadline_ = tlsup::deadline::none;
    bool moved_ = false; // since the timer was set
};

} // namespace example
