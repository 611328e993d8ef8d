// run.hpp: what the runs of all machines have in common: the loop around one, and the bytes that it is fed.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <tlsup/tlsup.hpp>

#include "feed.hpp"
#include "result.hpp"

namespace corpus {

/// What is seen of every machine.
template <class Machine> struct seen_of {
    Machine machine{};
    std::string written{};
    std::string dropped{};
    std::string unread{}; // what was not taken, and what had not arrived
    std::size_t arrived = 0;
    bool closed = false;
    bool opened = false; // the tunnel
    bool ended = false;  // the end of the stream was told
    std::string problem{};
    std::string trace{};
};

/// Feeds a machine and does what it says. `Role` has `next(machine)`, for the machine and for a copy, and `act(step)`,
/// which returns false at the end. `Seen` is a `seen_of` the machine.
template <class Role, class Seen> class machine_run {
  public:
    Seen run() {
        if (plan_.early) {
            input_.deliver();
        }
        Role& role = static_cast<Role&>(*this);
        const std::size_t most = 100000 + 64 * input_.input().size();
        bool going = true;
        for (std::size_t steps = 0; going && seen_.problem.empty(); ++steps) {
            const tlsup::step now = role.next(seen_.machine);
            if (input_.input().size() <= small_input) {
                auto again = seen_.machine;
                expect(role.next(again) == now, "asked twice, the machine gave two steps");
            }
            if (plan_.traced) {
                note_step(seen_.trace, now);
            }
            expect(steps < most, "no progress");
            going = role.act(now);
        }
        seen_.arrived = input_.received();
        seen_.unread = input_.unread();
        seen_.unread += input_.input().substr(input_.received());
        return seen_;
    }

  protected:
    machine_run(feed& input, const plan& wanted) : input_(input), plan_(wanted) {}

    void expect(bool good, const char* otherwise) {
        if (!good && seen_.problem.empty()) {
            seen_.problem = otherwise;
        }
    }
    void expect(tlsup::errc error) { expect(error == tlsup::errc::ok, "an answer was refused"); }

    /// More bytes, or the end, or the deadline. False where there is nothing more.
    bool starve() {
        if (input_.more()) {
            input_.deliver();
            return true;
        }
        if ((plan_.ends || plan_.times_out) && !seen_.ended) {
            seen_.ended = true;
            expect(plan_.ends ? seen_.machine.peer_closed() : seen_.machine.abort(tlsup::errc::timeout));
            return true;
        }
        return false;
    }

    void take(std::string_view bytes) {
        const std::size_t count = bytes.size();
        expect(seen_.machine.took(count));
        input_.take(bytes, count);
    }

    void drop(std::string_view bytes) {
        seen_.dropped += bytes;
        take(bytes);
    }

    void write(std::string_view bytes) {
        expect(!bytes.empty(), "nothing to write");
        const std::string_view piece = bytes.substr(0, input_.each_byte() ? 1 : bytes.size());
        seen_.written += piece;
        expect(seen_.machine.wrote(piece.size()));
    }

    feed& input_;
    plan plan_;
    Seen seen_{};
};

template <class Machine> std::string describe_basics(const seen_of<Machine>& seen) {
    std::string text = seen.opened   ? "tunnel open, " + std::to_string(seen.unread.size()) + " octets for it"
                       : seen.closed ? "closed"
                                     : "open, no tunnel";
    if (!seen.written.empty()) {
        text += ", wrote " + shown(seen.written);
    }
    return seen.problem.empty() ? text : text + "; " + seen.problem;
}

} // namespace corpus
