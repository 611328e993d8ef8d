// The accounts of a tunnel, between two ends that do anything, at any time.
#include "support.hpp"

using namespace tlsup;

namespace {

/// What really happens at the two ends.
struct world {
    tunnel accounts;
    std::size_t limit;
    std::size_t queued[2] = {}; // to each side
    std::size_t read[2] = {};   // from each side, for the other
    std::size_t written[2] = {};
    bool ended[2] = {};
    bool failed[2] = {};
    bool shut[2] = {};

    plan next() {
        const plan made = accounts.next(queued[0], queued[1], limit);
        fuzz::check(accounts.next(queued[0], queued[1], limit) == made); // level-triggered
        return made;
    }
};

constexpr side sides[] = {side::client, side::upstream};
constexpr std::size_t index(side which) { return static_cast<std::size_t>(which); }

void check(const world& at, const plan& now) {
    for (const side each : sides) {
        const flow& flow = now.of(each);
        const std::size_t self = index(each);
        const std::size_t to = index(other(each));
        fuzz::check(flow.read == 0 || at.queued[to] + flow.read <= at.limit);
        fuzz::check(!flow.write || (at.queued[self] != 0 && !at.shut[self] && !at.failed[self] && !flow.shut_write));
        fuzz::check(!flow.shut_write || (!at.shut[self] && !at.failed[self]));
        fuzz::check(!(at.ended[self] && (flow.read != 0 || flow.discard)));
        fuzz::check(!(flow.read != 0 && flow.discard));
    }
}

/// Does what a choice says. False where it chose nothing that could happen.
void happen(world& at, const plan& now, fuzz::choices& choose) {
    const side which = sides[choose.pick(2)];
    const std::size_t self = index(which);
    const std::size_t to = index(other(which));
    const flow& flow = now.of(which);
    const tunnel before = at.accounts;
    errc error = errc::ok;
    const unsigned what = choose.pick(16);
    if (what < 5 && flow.read != 0) {
        const std::size_t count = 1 + choose.pick(64) % flow.read;
        at.queued[to] += count;
        at.read[self] += count;
    } else if (what < 10 && flow.write) {
        const std::size_t count = 1 + choose.pick(64) % at.queued[self];
        at.queued[self] -= count;
        at.written[self] += count;
    } else if (what < 13 && flow.shut_write) {
        error = at.accounts.shut(which);
        fuzz::check(error == errc::ok);
        at.shut[self] = true;
    } else if (what == 13) {
        error = at.accounts.eof(which);
        fuzz::check((error == errc::ok) == (!at.ended[self] && !now.close));
        at.ended[self] = at.ended[self] || error == errc::ok;
    } else if (what == 14) {
        error = at.accounts.failed(which);
        fuzz::check((error == errc::ok) == (!at.failed[self] && !now.close));
        at.ended[self] = at.ended[self] || error == errc::ok;
        at.failed[self] = at.failed[self] || error == errc::ok;
    } else if (what == 15 && choose.pick(8) == 0) {
        error = at.accounts.abort(errc::timeout);
        fuzz::check((error == errc::ok) != now.close);
    }
    fuzz::check(error == errc::ok || at.accounts == before);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::choices choose(data, size);
    const half_close policy = choose.pick(2) != 0 ? half_close::propagate : half_close::close_both;
    world at{tunnel(policy), 1 + choose.pick(64) * std::size_t{1000}};
    while (!choose.rest().empty()) {
        check(at, at.next());
        happen(at, at.next(), choose);
    }
    // All that is outstanding goes where it may go, and both sides end: that closes it.
    for (int round = 0; round < 12 && !at.next().close; ++round) {
        const plan now = at.next();
        check(at, now);
        fuzz::check(now != plan{});
        for (const side each : sides) {
            const std::size_t self = index(each);
            if (now.of(each).write) {
                at.written[self] += at.queued[self];
                at.queued[self] = 0;
            }
            if (now.of(each).shut_write) {
                fuzz::check(at.accounts.shut(each) == errc::ok);
                at.shut[self] = true;
            } else if (!at.ended[self]) {
                fuzz::check(at.accounts.eof(each) == errc::ok);
                at.ended[self] = true;
            }
        }
    }
    fuzz::check(at.next().close && at.accounts.reason() != tunnel_end::none);
    const bool undisturbed = !at.failed[0] && !at.failed[1] && at.shut[0] && at.shut[1];
    if (policy == half_close::propagate && undisturbed) { // nothing of either direction is lost
        fuzz::check(at.written[0] == at.read[1] && at.written[1] == at.read[0]);
    }
    const std::size_t first = at.accounts.reason() == tunnel_end::upstream_closed ? 1 : 0;
    const bool closed = at.accounts.reason() <= tunnel_end::upstream_closed;
    if (closed && !at.failed[1 - first] && at.shut[1 - first]) { // nor of the side that closed first
        fuzz::check(at.written[1 - first] == at.read[first]);
    }
    return 0;
}
