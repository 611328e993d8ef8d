// Goes through a conversation step by step, looks at each step in every way that a caller can, and writes it down.
#pragma once

#include <doctest/doctest.h>

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <tlsup/tlsup.hpp>

namespace unit {

/// A call that does not fit: it says so, and changes nothing.
template <class Machine, class Call> void refuses(const Machine& machine, Call call) {
    Machine copy = machine;
    CHECK(call(copy) == tlsup::errc::wrong_call);
    CHECK(copy == machine);
}

/// How many octets its buffer has to begin with: with fewer it wants to be called again, with nothing else in the step.
template <class Machine, class Next> std::size_t kept(const Machine& machine, std::string_view buffer, Next next) {
    std::size_t least = 0;
    for (std::size_t size = 0; size < buffer.size(); ++size) {
        Machine copy = machine;
        const tlsup::step now = next(copy, buffer.substr(0, size));
        if (now.what == tlsup::action::wait && now.error != tlsup::errc::ok) {
            CHECK(now == tlsup::step{{}, tlsup::action::wait, tlsup::errc::wrong_call, 0, false});
            CHECK(copy == machine);
            CHECK(least == size);
            least = size + 1;
        }
    }
    return least;
}

/// One line: the action, its status with a `+` where more follows, its error, how many octets it shows, and behind a
/// comma how many the buffer has to keep. What was taken or written is so once, and not behind the end.
template <class Machine, class Next>
std::string examined(const Machine& machine, const tlsup::step& now, std::string_view buffer, Next next) {
    using namespace tlsup;
    Machine same = machine;
    CHECK(next(same, buffer) == now);
    CHECK(same == machine);
    const std::size_t size = now.bytes.size();
    const auto took = [](std::size_t count) { return [=](Machine& at) { return at.took(count); }; };
    const auto wrote = [](std::size_t count) { return [=](Machine& at) { return at.wrote(count); }; };
    refuses(machine, took(size + 1));
    refuses(machine, wrote(size + 1));
    if (size != 0 && (now.what == action::write ? same.wrote(size) : same.took(size)) == errc::ok) {
        for (const std::size_t count : {std::size_t{1}, size}) {
            refuses(same, took(count));
            refuses(same, wrote(count));
        }
    }
    for (const errc why : {errc::aborted, errc::timeout}) {
        Machine over = machine;
        if (over.abort(why) == errc::ok) {
            for (const std::size_t count : {std::size_t{1}, size + (size == 0 ? 1U : 0U)}) {
                refuses(over, took(count));
                refuses(over, wrote(count));
            }
        }
    }
    const std::size_t least = kept(machine, buffer, next);
    return std::string(to_string(now.what)) + " " + std::to_string(now.status) + (now.more ? "+" : "") + " " +
           (now.error == errc::ok ? "" : std::string(to_string(now.error)) + " ") + std::to_string(size) +
           (least != 0 ? ", " + std::to_string(least) : "") + "\n";
}

/// The whole conversation, a line for each step. The peer says one piece at each `read`. `decide` does what a step
/// wants; where it returns false, bytes are taken or written whole.
template <class Machine, class Next, class Decide>
std::string conversation(Machine& machine, std::initializer_list<std::string_view> said, Next next, Decide decide) {
    using namespace tlsup;
    std::string text;
    std::string buffer;
    const std::string_view* piece = said.begin();
    for (unsigned turn = 0; turn < 60; ++turn) {
        const step now = next(machine, std::string_view(buffer));
        text += examined(machine, now, buffer, next);
        if (decide(machine, now, buffer)) {
            continue;
        }
        const std::size_t size = now.bytes.size();
        if (now.what == action::write) {
            CHECK(machine.wrote(size) == errc::ok);
        } else if (size != 0 && now.what != action::decide && machine.took(size) == errc::ok) {
            buffer.erase(static_cast<std::size_t>(now.bytes.data() - buffer.data()), size);
        } else if (now.what == action::read && piece != said.end()) {
            buffer += *piece++;
        } else {
            break;
        }
    }
    return text;
}

/// The same for a machine that goes on by itself.
template <class Machine, class Options>
std::string conversation(Machine& machine, const Options& options, std::initializer_list<std::string_view> said) {
    return conversation(
        machine, said, [&](Machine& at, std::string_view bytes) { return at.next(bytes, options); },
        [](Machine&, const tlsup::step&, std::string&) { return false; });
}

} // namespace unit
