// run.hpp: what the runs of the CONNECT roles have in common: the loop around a machine, and the bytes that it is fed.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <tlsup/tlsup.hpp>

#include "feed.hpp"
#include "result.hpp"

namespace corpus {

/// What is seen of every machine.
struct seen_basics {
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
/// which returns false at the end.
template <class Role, class Machine, class Seen> class machine_run {
  public:
    Seen run() {
        if (plan_.early) {
            input_.deliver();
        }
        Role& role = static_cast<Role&>(*this);
        const std::size_t most = 1000 + 64 * input_.input().size();
        bool going = true;
        for (std::size_t steps = 0; going && seen_.problem.empty(); ++steps) {
            const tlsup::step now = role.next(machine_);
            if (input_.input().size() <= small_input) {
                Machine again = machine_;
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

    [[nodiscard]] const Machine& machine() const { return machine_; }

  protected:
    machine_run(const Machine& from, feed& input, const plan& wanted) : machine_(from), input_(input), plan_(wanted) {}

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
            expect(plan_.ends ? machine_.peer_closed() : machine_.abort(tlsup::errc::timeout));
            return true;
        }
        return false;
    }

    void take(std::string_view bytes) {
        const std::size_t count = bytes.size();
        expect(machine_.took(count));
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
        expect(machine_.wrote(piece.size()));
    }

    Machine machine_;
    feed& input_;
    plan plan_;
    Seen seen_{};
};

inline std::string describe_basics(const seen_basics& seen) {
    std::string text = seen.opened   ? "tunnel open, " + std::to_string(seen.unread.size()) + " octets for it"
                       : seen.closed ? "closed"
                                     : "open, no tunnel";
    if (!seen.written.empty()) {
        text += ", wrote " + shown(seen.written);
    }
    return seen.problem.empty() ? text : text + "; " + seen.problem;
}

} // namespace corpus
