// splits.hpp: every item of the alphabet, cut at each place and byte by byte, ends in the same state of the machines.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "explore.hpp"

namespace model {

/// What an end did with bytes: its state, and all that it said.
struct said_and_done {
    world at{};
    std::string said{};
};

/// Bytes that come to one end alone, in pieces. What it says goes out at once.
inline said_and_done come(world at, bool up, std::string_view bytes, const std::vector<std::size_t>& cuts,
                          const setup& of) {
    said_and_done seen;
    std::size_t from = 0;
    for (std::size_t piece = 0; piece <= cuts.size(); ++piece) {
        const std::size_t to = piece < cuts.size() ? cuts[piece] : bytes.size();
        (up ? at.server.clear : at.client.clear) += bytes.substr(from, to - from);
        from = to;
        for (bool again = true; again;) {
            up ? server_caller(at.server, at.net, of).run() : client_caller(at.client, at.net, of).run();
            queue& out = up ? at.net.to_client : at.net.to_server;
            queue& secure = up ? at.net.secure_to_client : at.net.secure_to_server;
            again = out.full() || secure.full();
            for (queue* each : {&out, &secure}) {
                for (; !each->empty(); each->pop()) {
                    seen.said += each->front();
                }
            }
        }
    }
    seen.at = std::move(at);
    return seen;
}

/// The same state, and the same was said. What nobody reads any more is not looked at, nor how much of it was counted.
inline bool same(said_and_done one, said_and_done other, bool up) {
    const auto refused = [](const server& at) { return at.state() >= server_state::refusing; };
    if (up && refused(one.at.server.machine) && refused(other.at.server.machine)) {
        const server& first = one.at.server.machine;
        const server& second = other.at.server.machine;
        return one.said == other.said && first.state() == second.state() && first.error() == second.error() &&
               first.secure() == second.secure() && one.at.server.over == other.at.server.over;
    }
    if (!up && one.at.client.over &&
        other.at.client.over) { // what comes behind the final response comes late, or with it
        return one.said == other.said && one.at.client.machine.outcome() == other.at.client.machine.outcome() &&
               one.at.client.link == other.at.client.link;
    }
    for (world* each : {&one.at, &other.at}) {
        if (each->server.over) {
            each->server.clear.clear();
            each->server.plain.clear();
        }
        if (each->client.over) {
            each->client.clear.clear();
            each->client.plain.clear();
        }
    }
    const bool equal = up ? one.at.server == other.at.server : one.at.client == other.at.client;
    return equal && one.said == other.said && one.at.net.broken == other.at.net.broken;
}

/// The exception of DESIGN 4.9. Bytes behind an accepted offer decline it where they come with its last byte; where
/// they come later they meet TLS, which they are not. Bytes behind a tunnel's 2xx are no answer, before the probe is
/// written or after. Either way nothing of them crosses.
inline bool excepted(const said_and_done& cut, const said_and_done& whole, const world& before, bool up) {
    if (up) {
        const errc error = cut.at.server.machine.error();
        return before.server.machine.state() == server_state::accepting && cut.at.server.over &&
               (error == errc::cleartext_after_101 || error == errc::not_a_hello);
    }
    return !before.client.tunnelled && cut.at.client.tunnelled && whole.at.client.over && cut.at.client.over &&
           cut.at.client.machine.error() != errc::ok && whole.at.client.machine.error() != errc::ok;
}

/// Each different end that was reached, with an empty network, against each item. Returns how many were compared, or
/// the first that differs.
struct split_report {
    std::size_t compared = 0;
    std::string transcript{};
};

inline split_report check_splits(const std::vector<world>& worlds, const setup& of) {
    split_report found;
    for (const bool up : {true, false}) {
        std::unordered_set<std::uint64_t> seen;
        for (const world& each : worlds) {
            const bool over = up ? each.server.over : each.client.over;
            const bool due = up ? each.server_due : each.client_due;
            if (over || due || (!up && of.client == client_kind::victim) ||
                (up && of.server == server_kind::implicit)) {
                continue;
            }
            world alone;
            if (up) {
                alone.server = each.server;
            } else {
                alone.client = each.client;
            }
            alone.client_due = false;
            if (!seen.insert(alone.print().first()).second) {
                continue;
            }
            for (const item number : up ? of.up : of.down) {
                const std::string text = texts().text(number);
                const said_and_done whole = come(alone, up, text, {}, of);
                std::vector<std::size_t> bytewise;
                for (std::size_t at = 1; at < text.size(); ++at) {
                    bytewise.push_back(at);
                }
                const auto holds = [&](const std::vector<std::size_t>& cuts) {
                    const said_and_done cut = come(alone, up, text, cuts, of);
                    return same(cut, whole, up) || excepted(cut, whole, alone, up);
                };
                bool good = holds(bytewise);
                std::size_t worst = 0;
                for (std::size_t at = 1; at < text.size() && good; ++at) {
                    worst = at;
                    good = holds({at});
                }
                ++found.compared;
                if (!good) {
                    found.transcript = "  " + std::string(up ? "server in state " : "client in state ") +
                                       std::string(up ? to_string(each.server.machine.state())
                                                      : to_string(each.client.machine.state())) +
                                       ", cut at " + std::to_string(worst) + " (0: each byte): " + shown(text) +
                                       "\n  broken: " + property::splits + "\n";
                    return found;
                }
            }
        }
    }
    return found;
}

} // namespace model
