// world.hpp: both ends and the network between them as one value, and every move that the network and time can make.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "client_end.hpp"
#include "server_end.hpp"

namespace model {

/// What can happen next. Those before `drop` are the network doing its work, and time; the others are the adversary's.
enum class deed : std::uint8_t {
    client_runs,
    server_runs,
    to_server,
    to_client,
    secure_to_server,
    secure_to_client,
    end_to_server,
    end_to_client,
    client_times_out,
    server_times_out,
    drop,
    repeat,
    swap,
    strip,
    halve,
    inject,
    cut,
};
inline constexpr std::string_view deed_names[] = {"the client goes on",
                                                  "the server goes on",
                                                  "arrives at the server",
                                                  "arrives at the client",
                                                  "arrives inside TLS",
                                                  "arrives inside TLS",
                                                  "end of the stream",
                                                  "end of the stream",
                                                  "the client's time is over",
                                                  "the server's time is over",
                                                  "the network drops",
                                                  "the network repeats",
                                                  "the network swaps with",
                                                  "the network strips Upgrade of",
                                                  "the network cuts short",
                                                  "the network puts in",
                                                  "the network cuts the connection"};

struct move {
    deed what = deed::client_runs;
    bool up = false; ///< about the queue to the server
    item text = 0;   ///< what is put in

    [[nodiscard]] bool silent() const { return what < deed::drop; }
};

/// A world in 128 bits. That two of a thousand million worlds share one has a chance of one in 10^20.
class fingerprint {
  public:
    void add(std::uint64_t word) {
        one_ = (one_ ^ word) * 0x9e3779b97f4a7c15U;
        one_ ^= one_ >> 29;
        two_ = (two_ + word) * 0xd6e8feb86659fd93U;
        two_ ^= two_ >> 32;
    }
    void add(const void* octets, std::size_t count) {
        const char* from = static_cast<const char*>(octets);
        for (; count >= 8; count -= 8, from += 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, from, 8);
            add(word);
        }
        std::uint64_t word = 0;
        std::memcpy(&word, from, count);
        add(word);
    }
    void add(const std::string& text) {
        add(text.size());
        add(text.data(), text.size());
    }

    [[nodiscard]] std::uint64_t first() const { return one_; }
    friend bool operator==(const fingerprint&, const fingerprint&) = default;

  private:
    std::uint64_t one_ = 0x243f6a8885a308d3U;
    std::uint64_t two_ = 0x13198a2e03707344U;
};

struct world {
    client_end client{};
    server_end server{};
    wire net{};
    std::uint8_t budget = 0; ///< deeds that the adversary still has
    bool client_due = true;  ///< something came that it has not looked at
    bool server_due = false;

    [[nodiscard]] bool over() const { return client.over && server.over; }

    [[nodiscard]] fingerprint print() const;
};

/// A machine without what lies between its members.
template <class Machine> Machine clean(const Machine& of) {
    Machine copy = of;
    __builtin_clear_padding(&copy);
    return copy;
}

inline fingerprint world::print() const {
    fingerprint made;
    const auto add = [&made](const auto& machine) {
        const auto cleaned = clean(machine);
        made.add(&cleaned, sizeof cleaned);
    };
    add(client.machine);
    add(client.link);
    add(server.machine);
    add(server.proxy);
    add(server.gate);
    for (const std::string* each :
         {&client.clear, &client.plain, &server.clear, &server.plain, &server.engine, &server.hello, &server.out}) {
        made.add(*each);
    }
    for (const queue* each : {&net.to_server, &net.to_client, &net.secure_to_server, &net.secure_to_client}) {
        made.add(each->items.size());
        for (const item number : each->items) {
            made.add(number);
        }
    }
    std::uint64_t flags = 0;
    for (const bool each :
         {client.tunnelled,    client.hello_sent,     client.secured,      client.ended,    client.told,
          client.over,         client.probe_answered, client.asked_secret, client.body_due, server.tunnelled,
          server.refused,      server.upstream,       server.passed,       server.secured,  server.shown,
          server.switched,     server.expects,        server.continued,    server.ended,    server.told,
          server.over,         net.client_gone,       net.server_gone,     net.cut,         net.answered_in_clear,
          net.answered_secure, net.failed_closed,     client_due,          server_due}) {
        flags = flags * 2 + (each ? 1 : 0);
    }
    made.add(flags);
    made.add(std::uint64_t{client.answers} | std::uint64_t{client.dials} << 8 | std::uint64_t{server.held} << 16 |
             std::uint64_t{server.content_left} << 32 | std::uint64_t{budget} << 40 |
             std::uint64_t{net.broken != nullptr} << 48);
    return made;
}

inline world first_world(const setup& of) {
    world made;
    made.budget = static_cast<std::uint8_t>(of.budget);
    return made;
}

/// A head without its Upgrade and its upgrade option; the same text where it has none.
inline std::string stripped(std::string text) {
    for (const std::string_view line : {"\r\nUpgrade: ", "\r\nConnection: Upgrade"}) {
        if (const std::size_t from = text.find(line); from != std::string::npos) {
            text.erase(from, text.find("\r\n", from + 2) - from);
        }
    }
    return text;
}

/// All that can happen in this world.
inline std::vector<move> moves(const world& at, const setup& of) {
    std::vector<move> all;
    const auto add = [&all](bool possible, deed what, bool up = false, item text = 0) {
        if (possible) {
            all.push_back({what, up, text});
        }
    };
    const wire& net = at.net;
    add(at.client_due && !at.client.over, deed::client_runs);
    add(at.server_due && !at.server.over, deed::server_runs);
    add(!net.to_server.empty() && !net.cut, deed::to_server, true);
    add(!net.to_client.empty() && !net.cut, deed::to_client);
    add(!net.secure_to_server.empty() && at.server.secured && !net.cut, deed::secure_to_server, true);
    add(!net.secure_to_client.empty() && at.client.secured && !net.cut, deed::secure_to_client);
    add(!at.server.ended && (net.cut || (net.client_gone && net.to_server.empty() && net.secure_to_server.empty())),
        deed::end_to_server, true);
    add(!at.client.ended && (net.cut || (net.server_gone && net.to_client.empty() && net.secure_to_client.empty())),
        deed::end_to_client);
    add(!at.client_due && !at.client.over, deed::client_times_out);
    add(!at.server_due && !at.server.over, deed::server_times_out);
    if (at.budget == 0 || net.cut) {
        return all;
    }
    for (const bool up : {true, false}) {
        const queue& way = up ? net.to_server : net.to_client;
        const bool there = !way.empty();
        add(there, deed::drop, up);
        add(there && !way.full(), deed::repeat, up);
        add(way.items.size() > 1, deed::swap, up);
        add(there && stripped(way.front()) != way.front(), deed::strip, up);
        add(there && way.front().size() > 1, deed::halve, up);
        const bool deaf = up ? at.server.over : at.client.over;
        for (const item each : up ? of.up : of.down) {
            add(!way.full() && !deaf, deed::inject, up, each);
        }
    }
    add(true, deed::cut);
    return all;
}

inline void apply(world& at, const move& what, const setup& of) {
    wire& net = at.net;
    queue& way = what.up ? net.to_server : net.to_client;
    const bool had_room_up = !net.to_server.full() && !net.secure_to_server.full();
    const bool had_room_down = !net.to_client.full() && !net.secure_to_client.full();
    const auto arrive = [](queue& from, std::string& into, bool& due, bool deaf) {
        if (!deaf) {
            into += from.front();
            due = true;
        }
        from.pop();
    };
    at.budget = static_cast<std::uint8_t>(at.budget - (what.silent() ? 0 : 1));
    switch (what.what) {
    case deed::client_runs:
        at.client_due = false;
        client_caller(at.client, net, of).run();
        break;
    case deed::server_runs:
        at.server_due = false;
        server_caller(at.server, net, of).run();
        break;
    case deed::to_server:
        arrive(net.to_server, at.server.clear, at.server_due, at.server.over);
        break;
    case deed::to_client:
        arrive(net.to_client, at.client.clear, at.client_due, at.client.over);
        break;
    case deed::secure_to_server:
        arrive(net.secure_to_server, at.server.plain, at.server_due, at.server.over);
        break;
    case deed::secure_to_client:
        arrive(net.secure_to_client, at.client.plain, at.client_due, at.client.over);
        break;
    case deed::end_to_server:
        at.server.ended = true;
        at.server_due = !at.server.over;
        break;
    case deed::end_to_client:
        at.client.ended = true;
        at.client_due = !at.client.over;
        break;
    case deed::client_times_out:
        client_caller(at.client, net, of).time_out();
        break;
    case deed::server_times_out:
        server_caller(at.server, net, of).time_out();
        break;
    case deed::drop:
        way.pop();
        break;
    case deed::repeat:
        way.items.insert(way.items.begin(), way.items.front());
        break;
    case deed::swap:
        std::swap(way.items[0], way.items[1]);
        break;
    case deed::strip:
        way.items.front() = texts().number(stripped(way.front()));
        break;
    case deed::halve:
        way.items.front() = texts().number(std::string(way.front().substr(0, way.front().size() / 2)));
        break;
    case deed::inject:
        way.items.insert(way.items.begin(), what.text);
        break;
    case deed::cut:
        net.cut = true;
        for (queue* each : {&net.to_server, &net.to_client, &net.secure_to_server, &net.secure_to_client}) {
            each->items.clear();
        }
        break;
    }
    // Who waited for room has it now.
    at.client_due = at.client_due || (!had_room_up && !net.to_server.full() && !at.client.over);
    at.server_due = at.server_due || (!had_room_down && !net.to_client.full() && !at.server.over);
}

/// `C`, `S` for the ends, `M` for the network: who did it, to whom, and the text.
inline std::string describe(const move& what, const world& before) {
    const bool up = what.up;
    const queue& way = up ? before.net.to_server : before.net.to_client;
    std::string text;
    switch (what.what) {
    case deed::client_runs:
    case deed::client_times_out:
        return "C     " + std::string(deed_names[static_cast<std::size_t>(what.what)]);
    case deed::server_runs:
    case deed::server_times_out:
        return "S     " + std::string(deed_names[static_cast<std::size_t>(what.what)]);
    case deed::secure_to_server:
        return "C=>S  " + shown(before.net.secure_to_server.front());
    case deed::secure_to_client:
        return "S=>C  " + shown(before.net.secure_to_client.front());
    case deed::to_server:
        return "M->S  " + shown(way.front());
    case deed::to_client:
        return "M->C  " + shown(way.front());
    case deed::end_to_server:
        return "M->S  end of the stream";
    case deed::end_to_client:
        return "M->C  end of the stream";
    case deed::inject:
        text = shown(texts().text(what.text));
        break;
    case deed::cut:
        return "M     cuts the connection";
    case deed::drop:
    case deed::repeat:
    case deed::swap:
    case deed::strip:
    case deed::halve:
        text = shown(way.front());
        break;
    }
    return std::string(up ? "C->M  " : "S->M  ") + std::string(deed_names[static_cast<std::size_t>(what.what)]) + ": " +
           text;
}

} // namespace model
