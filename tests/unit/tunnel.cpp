#include <doctest/doctest.h>
#include <tlsup/tunnel.hpp>

#include <array>
#include <cstring>
#include <set>
#include <tuple>
#include <type_traits>
#include <vector>

using namespace tlsup;

static_assert(std::is_trivially_copyable_v<tunnel> && sizeof(tunnel) <= 16);
static_assert(std::has_unique_object_representations_v<tunnel>);
static_assert(!std::is_default_constructible_v<tunnel>, "what a half-close means is the caller's to say");
static_assert(!std::is_convertible_v<half_close, tunnel>);

// It carries no HTTP any more: the accounts see counts, never bytes. 9110-9.3.6-01
template <class Tunnel>
concept sees_bytes = requires(Tunnel accounts, std::string_view bytes) {
    accounts.next(bytes, bytes, std::size_t{1});
};
static_assert(!sees_bytes<tunnel>);

namespace {

constexpr std::size_t limit = 2;
constexpr side sides[] = {side::client, side::upstream};

/// A tunnel with its queues, and what really happened to its connections.
struct world {
    tunnel accounts;
    std::size_t queued[2] = {}; // to each side
    bool ended[2] = {};
    bool failed[2] = {};
    bool shut[2] = {};
    bool aborted = false;
    int first = -1; // the side that ended first, by its end or its failure
    int first_failed = -1;

    [[nodiscard]] plan next() {
        const plan made = accounts.next(queued[0], queued[1], limit);
        CHECK(accounts.next(queued[0], queued[1], limit) == made); // level-triggered
        return made;
    }
    [[nodiscard]] auto key() const {
        std::array<unsigned char, sizeof(tunnel)> bytes{};
        std::memcpy(bytes.data(), &accounts, sizeof(tunnel));
        const unsigned flags = static_cast<unsigned>(ended[0]) | static_cast<unsigned>(ended[1]) << 1U |
                               static_cast<unsigned>(failed[0]) << 2U | static_cast<unsigned>(failed[1]) << 3U |
                               static_cast<unsigned>(shut[0]) << 4U | static_cast<unsigned>(shut[1]) << 5U |
                               static_cast<unsigned>(aborted) << 6U;
        return std::tuple(bytes, queued[0], queued[1], flags, first, first_failed);
    }
};

constexpr std::size_t index(side which) { return static_cast<std::size_t>(which); }

void end(world& at, side which, bool fails) {
    const errc error = fails ? at.accounts.failed(which) : at.accounts.eof(which);
    REQUIRE(error == errc::ok);
    const int number = static_cast<int>(which);
    at.ended[number] = true;
    at.failed[number] = at.failed[number] || fails;
    at.first = at.first < 0 ? number : at.first;
    at.first_failed = at.first_failed < 0 && fails ? number : at.first_failed;
}

/// The side to which nothing is delivered any more, -1 where there is none.
int gone(const world& at, half_close policy) { return policy == half_close::close_both ? at.first : at.first_failed; }

void check_side(const world& at, const plan& now, side which, half_close policy) {
    const flow& flow = now.of(which);
    const std::size_t self = index(which);
    const std::size_t peer = index(other(which));
    CHECK(flow.read + (flow.read != 0 ? at.queued[peer] : 0) <= limit);
    CHECK(!(flow.write && flow.shut_write));
    CHECK(!(flow.read != 0 && flow.discard));
    CHECK(!(flow.write && (at.queued[self] == 0 || at.shut[self])));
    CHECK(!(flow.shut_write && at.shut[self]));
    CHECK(!(at.ended[self] && (flow.read != 0 || flow.discard)));
    if (at.failed[self]) {
        CHECK(flow == tlsup::flow{}); // a connection that broke is left alone
    }
    const bool is_gone = gone(at, policy) == static_cast<int>(self);
    if (is_gone) {
        CHECK(!flow.write);
        CHECK(flow.read == 0);
    } else {
        CHECK(flow.write == (at.queued[self] != 0));
        CHECK((!flow.shut_write || (at.ended[peer] && at.queued[self] == 0)));
    }
    if (policy == half_close::propagate && at.first_failed < 0) { // an end takes nothing from the other direction
        CHECK(!flow.discard);
        CHECK((flow.read != 0) == (!at.ended[self] && at.queued[peer] < limit));
    }
}

/// What must hold of each plan. 9110-9.3.6-07, 2817-33.
void check(const world& at, const plan& now, half_close policy) {
    if (now.close) {
        CHECK(now == plan{{}, {}, true});
        CHECK(at.accounts.state() == tunnel_state::closed);
        CHECK(at.accounts.wanted() == deadline::none);
        CHECK((at.aborted || (at.ended[0] && at.ended[1])));
        for (const side each : sides) {
            const std::size_t self = index(each);
            const bool delivers = gone(at, policy) != static_cast<int>(self) && !at.failed[self];
            CHECK((at.aborted || !delivers || (at.queued[self] == 0 && at.shut[self])));
        }
        return;
    }
    for (const side each : sides) {
        check_side(at, now, each, policy);
    }
    CHECK(now != plan{}); // there is always something to do
    const bool lingers = gone(at, policy) >= 0;
    CHECK(at.accounts.wanted() == (lingers ? deadline::linger : deadline::idle));
}

/// Whether the tunnel comes to its close, when all is done that it wants and the two sides end.
bool finishes(world at) {
    for (int round = 0; round < 12; ++round) {
        const plan now = at.next();
        if (now.close) {
            return true;
        }
        for (const side each : sides) {
            const flow& flow = now.of(each);
            if (flow.write) {
                at.queued[index(each)] = 0;
            }
            if (flow.shut_write) {
                REQUIRE(at.accounts.shut(each) == errc::ok);
                at.shut[index(each)] = true;
            }
            if (!at.ended[index(each)] && at.accounts.state() != tunnel_state::closed) {
                end(at, each, false);
            }
        }
    }
    return false;
}

/// What an answer says that came before, or too late: a wrong call without effect.
void check_wrong_calls(const world& at) {
    const bool over = at.accounts.state() == tunnel_state::closed;
    for (const side each : sides) {
        world copy = at;
        if (over || at.ended[index(each)]) {
            CHECK(copy.accounts.eof(each) == errc::wrong_call);
        }
        if (over || at.failed[index(each)]) {
            CHECK(copy.accounts.failed(each) == errc::wrong_call);
        }
        if (over || at.shut[index(each)]) {
            CHECK(copy.accounts.shut(each) == errc::wrong_call);
        }
        if (over) {
            CHECK(copy.accounts.abort(errc::timeout) == errc::wrong_call);
        }
        CHECK(copy.accounts == at.accounts);
    }
}

/// All that can happen next.
std::vector<world> following(const world& at, const plan& now) {
    std::vector<world> all;
    if (at.accounts.state() == tunnel_state::closed) {
        return all;
    }
    const auto with = [&](auto&& change) {
        all.push_back(at);
        change(all.back());
    };
    for (const side each : sides) {
        const std::size_t self = index(each);
        for (std::size_t count = 1; count <= now.of(each).read; ++count) {
            with([&](world& to) { to.queued[index(other(each))] += count; });
        }
        for (std::size_t count = 1; now.of(each).write && count <= at.queued[self]; ++count) {
            with([&](world& to) { to.queued[self] -= count; });
        }
        if (now.of(each).shut_write) {
            with([&](world& to) { to.shut[self] = to.accounts.shut(each) == errc::ok; });
        }
        if (!at.ended[self]) {
            with([&](world& to) { end(to, each, false); });
        }
        if (!at.failed[self]) {
            with([&](world& to) { end(to, each, true); });
        }
    }
    with([](world& to) { to.aborted = to.accounts.abort(errc::timeout) == errc::ok; });
    return all;
}

std::size_t explore(half_close policy, std::set<tunnel_state>& states) {
    std::vector<world> found{{tunnel(policy)}};
    std::set<decltype(found[0].key())> seen{found[0].key()};
    for (std::size_t at = 0; at < found.size(); ++at) {
        world here = found[at];
        const plan now = here.next();
        states.insert(here.accounts.state());
        check(here, now, policy);
        check_wrong_calls(here);
        CHECK(finishes(here));
        for (const world& each : following(here, now)) {
            if (seen.insert(each.key()).second) {
                found.push_back(each);
            }
        }
    }
    return found.size();
}

/// What a tunnel says when it is told this, one call after the other.
constexpr bool ends_as(half_close policy, tunnel_end wanted) {
    tunnel it(policy);
    const bool timeout = wanted == tunnel_end::timeout;
    const errc error = wanted == tunnel_end::client_closed     ? it.eof(side::client)
                       : wanted == tunnel_end::upstream_closed ? it.eof(side::upstream)
                       : wanted == tunnel_end::client_failed   ? it.failed(side::client)
                       : wanted == tunnel_end::upstream_failed ? it.failed(side::upstream)
                                                               : it.abort(timeout ? errc::timeout : errc::aborted);
    (void)it.failed(side::client);
    (void)it.abort(errc::aborted);
    return error == errc::ok && it.reason() == wanted && it.state() == tunnel_state::closed &&
           it.next(1, 1, 9) == plan{{}, {}, true};
}
static_assert(ends_as(half_close::close_both, tunnel_end::client_closed));
static_assert(ends_as(half_close::propagate, tunnel_end::upstream_closed));
static_assert(ends_as(half_close::propagate, tunnel_end::client_failed));
static_assert(ends_as(half_close::close_both, tunnel_end::upstream_failed));
static_assert(ends_as(half_close::close_both, tunnel_end::timeout));
static_assert(ends_as(half_close::close_both, tunnel_end::aborted));

/// RFC 2817 5.3: B closes with three octets queued to A and four of A's queued to B. 2817-33, 9110-9.3.6-07
constexpr bool delivers_then_closes() {
    tunnel it(half_close::close_both);
    if (it.eof(side::upstream) != errc::ok) {
        return false;
    }
    const plan flush = it.next(3, 4, 8);
    const plan flushed = it.next(0, 4, 8);
    const bool wrote = flush == plan{{0, true, false, true}, {0, false, true, false}, false} &&
                       flushed == plan{{0, false, true, true}, {0, false, true, false}, false};
    const bool shut = it.shut(side::client) == errc::ok && it.shut(side::upstream) == errc::ok &&
                      it.next(0, 4, 8) == plan{{0, false, false, true}, {}, false};
    return wrote && shut && it.eof(side::client) == errc::ok && it.next(0, 4, 8).close;
}
static_assert(delivers_then_closes());

/// A client that half-closes still gets its answer, where the caller wants that.
constexpr bool passes_the_end_on() {
    tunnel it(half_close::propagate);
    if (it.eof(side::client) != errc::ok || it.next(0, 2, 8) != plan{{}, {8, true, false, false}, false} ||
        it.next(0, 0, 8) != plan{{}, {8, false, true, false}, false} || it.shut(side::upstream) != errc::ok) {
        return false;
    }
    const bool goes_on = it.next(5, 0, 8) == plan{{0, true, false, false}, {3, false, false, false}, false};
    const bool over = it.eof(side::upstream) == errc::ok &&
                      it.next(1, 0, 8) == plan{{0, true, false, false}, {}, false} &&
                      it.next(0, 0, 8) == plan{{0, false, true, false}, {}, false} && it.shut(side::client) == errc::ok;
    return goes_on && over && it.next(0, 0, 8).close && it.reason() == tunnel_end::client_closed;
}
static_assert(passes_the_end_on());

/// A side that does not read stops the other. 2817-33, CWE-770
constexpr bool holds_back() {
    tunnel it(half_close::close_both);
    return it.next(0, 0, 9) == plan{{9, false, false, false}, {9, false, false, false}, false} &&
           it.next(0, 8, 9) == plan{{1, false, false, false}, {9, true, false, false}, false} &&
           it.next(0, 9, 9) == plan{{0, false, false, false}, {9, true, false, false}, false} &&
           it.next(0, 99, 9) == plan{{0, false, false, false}, {9, true, false, false}, false} &&
           it.next(1, 0, 0) == plan{{0, true, false, false}, {0, false, false, false}, false};
}
static_assert(holds_back());

} // namespace

TEST_CASE("a tunnel in every state that it can reach (9110-9.3.6-07, 2817-33)") {
    for (const half_close policy : {half_close::close_both, half_close::propagate}) {
        std::set<tunnel_state> states;
        const std::size_t worlds = explore(policy, states);
        CHECK(worlds > 400);
        CHECK(states.size() == (policy == half_close::propagate ? tunnel_states : 4));
    }
}

TEST_CASE("only a write side that nothing can go to any more is shut") {
    tunnel it(half_close::propagate);
    CHECK(it.shut(side::client) == errc::wrong_call);
    CHECK(it.eof(side::client) == errc::ok);
    CHECK(it.shut(side::client) == errc::wrong_call); // upstream still sends
    CHECK(it.shut(side::upstream) == errc::ok);
    CHECK(it.shut(side::upstream) == errc::wrong_call);
    tunnel broken(half_close::close_both);
    CHECK(broken.failed(side::upstream) == errc::ok);
    CHECK(broken.shut(side::upstream) == errc::wrong_call);
    CHECK(broken.shut(side::client) == errc::ok);
}

TEST_CASE("every arrow of the chart is an event's") {
    for (const auto& each : tunnel_chart) {
        tunnel it(half_close::propagate);
        const tunnel_state from = each.from();
        if (from == tunnel_state::client_done || from == tunnel_state::both_done) {
            CHECK(it.eof(side::client) == errc::ok);
        }
        if (from == tunnel_state::upstream_done || from == tunnel_state::both_done) {
            CHECK(it.eof(side::upstream) == errc::ok);
        }
        if (from == tunnel_state::to_client || from == tunnel_state::to_upstream) {
            CHECK(it.failed(from == tunnel_state::to_client ? side::upstream : side::client) == errc::ok);
        }
        REQUIRE(it.state() == from);
        const errc error = each.on() == tunnel_event::client_finished     ? it.eof(side::client)
                           : each.on() == tunnel_event::upstream_finished ? it.eof(side::upstream)
                           : each.on() == tunnel_event::client_gone       ? it.failed(side::client)
                           : each.on() == tunnel_event::upstream_gone     ? it.failed(side::upstream)
                                                                          : it.abort(errc::aborted);
        CHECK(error == errc::ok);
        CHECK(it.state() == each.to());
    }
}

TEST_CASE("the transcripts of RFC 2817, 5.3, hold at run time too") {
    CHECK(delivers_then_closes());
    CHECK(passes_the_end_on());
    CHECK(holds_back());
    CHECK(to_string(tunnel_end::upstream_failed) == "upstream_failed");
    CHECK(other(side::client) == side::upstream);
}

TEST_CASE("a side that was shut down is not written, whatever is said to be queued to it") {
    tunnel it(half_close::propagate);
    REQUIRE(it.eof(side::upstream) == errc::ok);
    REQUIRE(it.next(0, 0, 10).client.shut_write);
    REQUIRE(it.shut(side::client) == errc::ok);
    CHECK(!it.next(1, 0, 10).client.write);
    CHECK(!it.next(1, 0, 10).client.shut_write);
    CHECK(it.next(0, 0, 10).client.read == 10);
}
