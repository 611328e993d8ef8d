// What the tests of the CONNECT machines share: callers that do all that a machine asks for, and keep what they saw.
#pragma once

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <tlsup/tlsup.hpp>
#include <vector>

namespace unit {

/// How bytes arrive: a first piece of `first` octets, then pieces of `each`.
struct cut {
    std::size_t first;
    std::size_t each;
};

/// Whole, byte by byte, and cut in two at every place.
inline std::vector<cut> cuts(std::size_t size) {
    std::vector<cut> all{{size, size}, {1, 1}};
    for (std::size_t at = 1; at < size; ++at) {
        all.push_back({at, size});
    }
    return all;
}

/// A caller's buffer and what has not arrived yet.
struct arriving {
    std::string buffer{};
    std::string_view ahead{};
    std::size_t piece = 0;
    std::size_t each = 0;

    void begin(std::string_view input, cut how) {
        ahead = input;
        piece = how.first;
        each = how.each;
    }
    /// The next piece; false at the end.
    bool receive() {
        const std::size_t count = piece < ahead.size() ? piece : ahead.size();
        buffer += ahead.substr(0, count);
        ahead.remove_prefix(count);
        piece = each;
        return count != 0;
    }
    [[nodiscard]] std::string unread() const { return buffer + std::string(ahead); }
};

/// What a client saw and did. `sent` holds all connections; `rest` is what nobody took.
struct asked {
    std::string sent{};
    std::string dropped{};
    std::string answers{};
    std::string content{};
    std::string rest{};
    unsigned dials = 0;
    tlsup::action last = tlsup::action::read;
    tlsup::errc error = tlsup::errc::ok;
    std::uint16_t status = 0;
    tlsup::outcome end = tlsup::outcome::pending;

    friend bool operator==(const asked&, const asked&) = default;
};

/// What the proxy says, once for each time that CONNECT is written, and how often the client tries again.
struct script {
    std::vector<std::string_view> inputs{};
    unsigned retries = 0;
    bool closes = false; // behind the last byte of each input
};

/// Asks until the machine ends, or wants bytes that do not come.
inline asked ask(const script& of, const tlsup::connect_options& options, cut how) {
    using namespace tlsup;
    asked seen;
    connect_client machine;
    arriving wire;
    std::size_t turn = 0;
    unsigned retries = of.retries;
    bool writing = false;
    for (;;) {
        const std::string_view unread = wire.buffer;
        const step now = machine.next(unread, options);
        REQUIRE(machine.next(unread, options) == now);
        seen.last = now.what;
        if (now.what == action::write) {
            if (!writing && turn < of.inputs.size()) {
                wire.begin(of.inputs[turn++], how);
            }
            const std::size_t count = now.bytes.size() < 7 ? now.bytes.size() : 7;
            seen.sent += now.bytes.substr(0, count);
            REQUIRE(machine.wrote(count) == errc::ok);
        } else if (now.what == action::dial) {
            ++seen.dials;
            wire = {};
            REQUIRE(machine.retry() == errc::ok);
        } else if (now.what == action::read) {
            if (!wire.receive()) {
                if (!of.closes) {
                    break;
                }
                REQUIRE(machine.peer_closed() == errc::ok);
            }
        } else if (now.what == action::drop || now.what == action::answer || now.what == action::body) {
            if (now.what == action::answer && retries > 0 && machine.response(now.bytes).challenged) {
                --retries;
                REQUIRE(machine.retry() == errc::ok);
            }
            std::string& kept = now.what == action::drop     ? seen.dropped
                                : now.what == action::answer ? seen.answers
                                                             : seen.content;
            kept += now.bytes;
            const std::size_t count = now.bytes.size();
            REQUIRE(machine.took(count) == errc::ok);
            wire.buffer.erase(0, count);
        } else {
            seen.error = now.error;
            break;
        }
        writing = now.what == action::write;
    }
    seen.rest = wire.unread();
    seen.status = machine.status();
    seen.end = machine.outcome();
    return seen;
}

/// The same for all ways in which the bytes can arrive.
inline asked ask(const script& of, const tlsup::connect_options& options) {
    std::size_t longest = 0;
    for (const std::string_view each : of.inputs) {
        longest = each.size() > longest ? each.size() : longest;
    }
    const asked whole = ask(of, options, {longest, longest});
    for (const cut& how : cuts(longest)) {
        CHECK_MESSAGE(ask(of, options, how) == whole, how.first << " octets, then " << how.each);
    }
    return whole;
}

/// What a proxy saw and did.
struct served {
    std::string wrote{};
    std::string decided{};
    std::string dropped{};
    std::string drained{};
    std::string rest{};
    bool dialled = false;
    tlsup::action last = tlsup::action::read;
    tlsup::errc error = tlsup::errc::ok;
    std::uint16_t status = 0;
    tlsup::outcome end = tlsup::outcome::pending;

    friend bool operator==(const served&, const served&) = default;
};

/// What the proxy's program does at `decide`, and what came of its dialling.
struct duty {
    tlsup::errc (*decide)(tlsup::connect_proxy&, const tlsup::proxy_options&) =
        [](tlsup::connect_proxy& machine, const tlsup::proxy_options&) { return machine.open(); };
    tlsup::errc (*dialled)(tlsup::connect_proxy&) = [](tlsup::connect_proxy& machine) { return machine.tunnel_open(); };
    bool closes = true; // the client, behind its last byte
};

/// Serves until the machine ends, or wants bytes that do not come.
inline served serve(std::string_view input, const tlsup::proxy_options& options, const duty& of, cut how) {
    using namespace tlsup;
    served seen;
    connect_proxy machine;
    arriving wire;
    wire.begin(input, how);
    for (;;) {
        const std::string_view unread = wire.buffer;
        const step now = machine.next(unread, options);
        REQUIRE(machine.next(unread, options) == now);
        seen.last = now.what;
        if (now.what == action::read || (now.what == action::drain && now.bytes.empty())) {
            if (!wire.receive()) {
                if (!of.closes) {
                    break;
                }
                REQUIRE(machine.peer_closed() == errc::ok);
            }
        } else if (now.what == action::decide) {
            seen.decided = now.bytes;
            REQUIRE(of.decide(machine, options) == errc::ok);
        } else if (now.what == action::dial) {
            seen.dialled = true;
            REQUIRE(machine.dialing() == errc::ok);
        } else if (now.what == action::wait) {
            REQUIRE(now.error == errc::ok);
            REQUIRE(of.dialled(machine) == errc::ok);
        } else if (now.what == action::write) {
            seen.wrote += now.bytes.substr(0, 1);
            REQUIRE(machine.wrote(1) == errc::ok);
        } else if (now.what == action::drop || now.what == action::drain) {
            (now.what == action::drop ? seen.dropped : seen.drained) += now.bytes;
            const std::size_t count = now.bytes.size();
            REQUIRE(machine.took(count) == errc::ok);
            wire.buffer.erase(0, count);
        } else {
            seen.error = now.error;
            break;
        }
    }
    seen.rest = wire.unread();
    seen.status = machine.status();
    seen.end = machine.outcome();
    return seen;
}

/// The same for all ways in which the bytes can arrive.
inline served serve(std::string_view input, const tlsup::proxy_options& options, const duty& of = {}) {
    const served whole = serve(input, options, of, {input.size(), input.size()});
    for (const cut& how : cuts(input.size())) {
        CHECK_MESSAGE(serve(input, options, of, how) == whole, how.first << " octets, then " << how.each);
    }
    return whole;
}

/// One of a machine's answers, with its name for messages.
template <class Machine> struct answer {
    std::string_view name;
    tlsup::errc (*call)(Machine&);
};

/// Calls every answer on a copy. Those whose names stand in `right` are `ok`; the others are wrong calls without
/// effect.
template <class Machine, std::size_t Count>
void only(const Machine& machine, const answer<Machine> (&answers)[Count], const std::vector<std::string_view>& right) {
    std::size_t found = 0;
    for (const answer<Machine>& each : answers) {
        bool wanted = false;
        for (const std::string_view name : right) {
            wanted = wanted || name == each.name;
        }
        Machine copy = machine;
        const tlsup::errc error = each.call(copy);
        CHECK_MESSAGE(error == (wanted ? tlsup::errc::ok : tlsup::errc::wrong_call),
                      tlsup::to_string(machine.state()) << " " << each.name << " " << tlsup::to_string(error));
        CHECK_MESSAGE((wanted || copy == machine), tlsup::to_string(machine.state()) << " " << each.name);
        found += wanted ? 1 : 0;
    }
    CHECK(found == right.size());
}

/// Whether arrows of a chart were walked, as far as one can see from outside: by the states at their ends.
template <class State, class Event, std::size_t Count> class walked {
  public:
    explicit walked(const tlsup::arrow<State, Event> (&chart)[Count]) : chart_(chart) {}

    void step(State from, State to) {
        bool known = from == to;
        for (std::size_t at = 0; at < Count; ++at) {
            const bool same = chart_[at].from() == from && chart_[at].to() == to;
            known = known || same;
            seen_[at] = seen_[at] || same;
        }
        CHECK_MESSAGE(known, tlsup::to_string(from) << " to " << tlsup::to_string(to));
    }
    void all() const {
        for (std::size_t at = 0; at < Count; ++at) {
            CHECK_MESSAGE(seen_[at], tlsup::to_string(chart_[at].from())
                                         << " to " << tlsup::to_string(chart_[at].to()));
        }
    }

  private:
    const tlsup::arrow<State, Event> (&chart_)[Count];
    bool seen_[Count] = {};
};

} // namespace unit
