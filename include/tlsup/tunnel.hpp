// tunnel.hpp: the accounts of an open tunnel: who is to be read, written and closed. Its bytes never come here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "action.hpp"
#include "error.hpp"
#include "platform.hpp"
#include "tunnel_chart.hpp"

namespace tlsup {

/// The two ends of a tunnel.
enum class side : std::uint8_t { client, upstream };

constexpr side other(side one) noexcept { return one == side::client ? side::upstream : side::client; }

/// What the end of one direction means for the other. There is no default: the caller chooses.
enum class half_close : std::uint8_t {
    close_both, ///< One side ends: what came from it is delivered, then both are closed. RFC 9110 9.3.6, RFC 2817 5.3.
    propagate,  ///< The end is passed on, and the other direction goes on: for protocols that half-close.
};

/// Why a tunnel ended: the first thing that happened.
enum class tunnel_end : std::uint8_t {
    none,
    client_closed,
    upstream_closed,
    client_failed,
    upstream_failed,
    timeout,
    aborted,
};

/// What to do with one of the two connections now.
struct flow {
    std::size_t read = 0;    ///< read at most so many octets; 0: do not read. They are queued to the other side
    bool write = false;      ///< write what is queued to this side
    bool shut_write = false; ///< nothing more goes to this side: shut its write side down, then call `shut`
    bool discard = false;    ///< read and throw away, until the end: unread bytes would reset what was delivered

    friend constexpr bool operator==(const flow&, const flow&) noexcept = default;
};

/// What to do with both.
struct [[nodiscard]] plan {
    flow client{};
    flow upstream{};
    bool close = false; ///< close both connections; what is still queued is discarded

    [[nodiscard]] constexpr const flow& of(side which) const noexcept {
        return which == side::client ? client : upstream;
    }
    friend constexpr bool operator==(const plan&, const plan&) noexcept = default;
};

/// The accounts of one tunnel, from the moment that a machine's step was `tunnel`. The caller keeps the bytes, in
/// buffers or in the pipes of splice(2), and says how many are queued; the tunnel says who is to be read and written.
/// What is queued to a side that the plan never writes again is to be discarded.
///
/// It cannot be turned back: the connection carries no HTTP of the caller's any more. RFC 9110 9.3.6.
class tunnel {
  public:
    explicit constexpr tunnel(half_close policy) noexcept : policy_(policy) {}

    /// What to do next. `to_client`, `to_upstream`: octets that are queued to each side. `limit`: octets that may be
    /// queued to one side; the plan never asks to read more.
    constexpr plan next(std::size_t to_client, std::size_t to_upstream, std::size_t limit) noexcept {
        if (TLSUP_WORDS != 0 && state_ == tunnel_state::open) { // nobody has ended: most of its life
            return {{room(to_upstream, limit), to_client != 0}, {room(to_client, limit), to_upstream != 0}, false};
        }
        if (complete(to_client, to_upstream)) {
            (void)follow(tunnel_chart, state_, tunnel_event::ended);
        }
        if (state_ == tunnel_state::closed) {
            return {{}, {}, true};
        }
        return {flow_of(side::client, to_client, to_upstream, limit),
                flow_of(side::upstream, to_upstream, to_client, limit), false};
    }

    /// This side sends no more: its connection was read to the end. `wrong_call` when that was said before.
    [[nodiscard]] constexpr errc eof(side which) noexcept {
        if (over(which)) {
            return errc::wrong_call;
        }
        note(which == side::client ? tunnel_end::client_closed : tunnel_end::upstream_closed);
        ended_[index(which)] = true;
        if (policy_ == half_close::propagate) {
            move(which == side::client ? tunnel_event::client_finished : tunnel_event::upstream_finished);
        } else if (state_ == tunnel_state::open) {
            move(which == side::client ? tunnel_event::client_gone : tunnel_event::upstream_gone);
        }
        return errc::ok;
    }

    /// The write side of this side's connection was shut down, as the plan wanted. `wrong_call` where no plan can.
    [[nodiscard]] constexpr errc shut(side which) noexcept {
        const bool wanted = gone(which) ? !failed_[index(which)] : ended_[index(other(which))];
        if (state_ == tunnel_state::closed || shut_[index(which)] || !wanted) {
            return errc::wrong_call;
        }
        shut_[index(which)] = true;
        return errc::ok;
    }

    /// This side's connection broke: it was reset, or cannot be written. What came from it is still delivered.
    [[nodiscard]] constexpr errc failed(side which) noexcept {
        if (state_ == tunnel_state::closed || failed_[index(which)]) {
            return errc::wrong_call;
        }
        note(which == side::client ? tunnel_end::client_failed : tunnel_end::upstream_failed);
        ended_[index(which)] = true;
        failed_[index(which)] = true;
        move(which == side::client ? tunnel_event::client_gone : tunnel_event::upstream_gone);
        return errc::ok;
    }

    /// Ends it at once: with `errc::timeout` where the caller's deadline passed, else with `errc::aborted`.
    [[nodiscard]] constexpr errc abort(errc why) noexcept {
        if (state_ == tunnel_state::closed) {
            return errc::wrong_call;
        }
        note(why == errc::timeout ? tunnel_end::timeout : tunnel_end::aborted);
        move(tunnel_event::ended);
        return errc::ok;
    }

    [[nodiscard]] constexpr tunnel_state state() const noexcept { return state_; }
    [[nodiscard]] constexpr tunnel_end reason() const noexcept { return reason_; }
    /// `idle` while it is open, `linger` from the first end that closes both, `none` when it is over.
    [[nodiscard]] constexpr deadline wanted() const noexcept {
        const bool ending = state_ == tunnel_state::to_client || state_ == tunnel_state::to_upstream;
        return state_ == tunnel_state::closed ? deadline::none : ending ? deadline::linger : deadline::idle;
    }

    friend constexpr bool operator==(const tunnel&, const tunnel&) noexcept = default;

  private:
    static constexpr std::size_t index(side which) noexcept { return static_cast<std::size_t>(which); }
    static constexpr std::size_t room(std::size_t queued, std::size_t limit) noexcept {
        return queued < limit ? limit - queued : 0;
    }
    constexpr void move(tunnel_event on) noexcept { (void)follow(tunnel_chart, state_, on); }
    constexpr void note(tunnel_end why) noexcept { reason_ = reason_ == tunnel_end::none ? why : reason_; }

    [[nodiscard]] constexpr bool over(side which) const noexcept {
        return state_ == tunnel_state::closed || ended_[index(which)];
    }

    /// Whether this side is gone, so that nothing is written to it any more.
    [[nodiscard]] constexpr bool gone(side which) const noexcept {
        return state_ == (which == side::client ? tunnel_state::to_upstream : tunnel_state::to_client);
    }

    [[nodiscard]] constexpr bool complete(std::size_t to_client, std::size_t to_upstream) const noexcept {
        const auto done = [&](side which, std::size_t queued) {
            return queued == 0 && shut_[index(which)] && ended_[index(which)];
        };
        return state_ == tunnel_state::to_client     ? done(side::client, to_client)
               : state_ == tunnel_state::to_upstream ? done(side::upstream, to_upstream)
               : state_ == tunnel_state::both_done ? done(side::client, to_client) && done(side::upstream, to_upstream)
                                                   : false;
    }

    /// `queued`: to this side. `opposite`: to the other.
    [[nodiscard]] constexpr flow flow_of(side which, std::size_t queued, std::size_t opposite,
                                         std::size_t limit) const noexcept {
        const side peer = other(which);
        flow made;
        const bool ending = gone(which) || gone(peer);
        if (gone(which)) {
            made.shut_write = !shut_[index(which)] && !failed_[index(which)];
            return made; // it has ended too: there is nothing to discard
        }
        made.write = queued != 0 && !shut_[index(which)];
        const bool last = ended_[index(peer)] && queued == 0; // the other side sends no more, and all is delivered
        made.shut_write = last && !shut_[index(which)];
        made.discard = ending && !ended_[index(which)];
        if (!ending && !ended_[index(which)]) {
            made.read = room(opposite, limit);
        }
        return made;
    }

    half_close policy_;
    tunnel_state state_ = tunnel_state::open;
    tunnel_end reason_ = tunnel_end::none;
    bool ended_[2] = {};
    bool shut_[2] = {};
    bool failed_[2] = {};
};

constexpr std::string_view to_string(tunnel_end why) noexcept {
    constexpr std::string_view names[] = {"none"sv,          "client_closed"sv,   "upstream_closed"sv,
                                          "client_failed"sv, "upstream_failed"sv, "timeout"sv,
                                          "aborted"sv};
    return names[static_cast<std::uint8_t>(why) % 7];
}

} // namespace tlsup
