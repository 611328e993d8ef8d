// explore.hpp: visits every world that a composition can get into, breadth first, and looks at each.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "world.hpp"

namespace model {

/// Fingerprints, each with the number of its world. Open addressing.
class visited {
  public:
    visited() : slots_(std::size_t{1} << 16) {}

    /// The number of a world that was seen, or `next`, which is its number from now on.
    std::uint32_t number(const fingerprint& print, std::uint32_t next) {
        if (count_ * 3 > slots_.size() * 2) {
            grow();
        }
        slot& found = find(print);
        if (found.number == none) {
            found = {print, next};
            ++count_;
        }
        return found.number;
    }

  private:
    static constexpr std::uint32_t none = UINT32_MAX;
    struct slot {
        fingerprint print{};
        std::uint32_t number = none;
    };

    slot& find(const fingerprint& print) {
        std::size_t at = print.first() & (slots_.size() - 1);
        while (slots_[at].number != none && !(slots_[at].print == print)) {
            at = (at + 1) & (slots_.size() - 1);
        }
        return slots_[at];
    }

    void grow() {
        std::vector<slot> old(slots_.size() * 2);
        old.swap(slots_);
        for (const slot& each : old) {
            if (each.number != none) {
                find(each.print) = each;
            }
        }
    }

    std::vector<slot> slots_;
    std::size_t count_ = 0;
};

/// What was found.
struct report {
    std::size_t worlds = 0;
    std::size_t transitions = 0;
    const char* broken = nullptr;
    std::string transcript{};
    bool answered_in_clear = false;
    bool answered_secure = false;
    bool failed_closed = false;
};

class explorer {
  public:
    /// `keep`: the worlds are wanted afterwards.
    explorer(const setup& of, bool keep) : of_(of), keep_(keep) {}

    report run() {
        add(first_world(of_), 0, {});
        for (std::uint32_t at = 0; !ahead_.empty() && report_.broken == nullptr; ++at) {
            const world here = std::move(ahead_.front());
            ahead_.pop_front();
            expand(here, at);
            if (keep_) {
                worlds_.push_back(here);
            }
        }
        if (report_.broken == nullptr) {
            check_ends();
        }
        report_.worlds = origins_.size();
        return report_;
    }

    [[nodiscard]] const std::vector<world>& worlds() const { return worlds_; }

  private:
    struct origin_of {
        std::uint32_t from = 0;
        move by{};
    };

    void expand(const world& here, std::uint32_t at) {
        world looked = here;
        client_caller(looked.client, looked.net, of_).check_calls();
        server_caller(looked.server, looked.net, of_).check_calls();
        const std::vector<move> possible = moves(here, of_);
        check_quiescence(looked, possible);
        if (looked.net.broken != nullptr) {
            fail(at, looked.net.broken);
            return;
        }
        for (const move& each : possible) {
            world next = here;
            apply(next, each, of_);
            ++report_.transitions;
            const char* const broken = next.net.broken;
            const std::uint32_t found = add(std::move(next), at, each);
            if (each.silent()) {
                silent_.push_back({found, at});
            }
            if (broken != nullptr) {
                fail(found, broken);
                return;
            }
        }
    }

    std::uint32_t add(world&& made, std::uint32_t from, const move& by) {
        const auto next = static_cast<std::uint32_t>(origins_.size());
        const std::uint32_t found = visited_.number(made.print(), next);
        if (found == next) {
            report_.answered_in_clear = report_.answered_in_clear || made.net.answered_in_clear;
            report_.answered_secure = report_.answered_secure || made.net.answered_secure;
            report_.failed_closed = report_.failed_closed || made.net.failed_closed;
            over_.push_back(made.over());
            origins_.push_back({from, by});
            ahead_.push_back(std::move(made));
        }
        return found;
    }

    /// Where only time can go on, somebody who is not over has to want a deadline.
    void check_quiescence(world& at, const std::vector<move>& possible) const {
        bool moving = at.over();
        for (const move& each : possible) {
            const bool time = each.what == deed::client_times_out || each.what == deed::server_times_out;
            moving = moving || (each.silent() && !time);
        }
        const bool wanted = (!at.client.over && client_caller(at.client, at.net, of_).patient()) ||
                            (!at.server.over && server_caller(at.server, at.net, of_).patient());
        at.net.expect(moving || wanted, property::deadline_wanted);
    }

    /// From every world an end is reachable without the adversary.
    void check_ends() {
        std::sort(silent_.begin(), silent_.end());
        std::vector<bool> good = over_;
        std::vector<std::uint32_t> ahead;
        for (std::uint32_t at = 0; at < good.size(); ++at) {
            if (good[at]) {
                ahead.push_back(at);
            }
        }
        while (!ahead.empty()) {
            const std::uint32_t to = ahead.back();
            ahead.pop_back();
            for (auto each = std::lower_bound(silent_.begin(), silent_.end(), std::pair{to, std::uint32_t{0}});
                 each != silent_.end() && each->first == to; ++each) {
                if (!good[each->second]) {
                    good[each->second] = true;
                    ahead.push_back(each->second);
                }
            }
        }
        const auto lost = std::find(good.begin(), good.end(), false);
        if (lost != good.end()) {
            fail(static_cast<std::uint32_t>(lost - good.begin()), property::ends);
        }
    }

    /// The shortest way there, since the search is breadth first. What reached an end in clear stands below it, as the
    /// bytes of a vector of the corpus.
    void fail(std::uint32_t at, const char* property) {
        report_.broken = property;
        std::vector<move> path;
        for (std::uint32_t each = at; each != 0; each = origins_[each].from) {
            path.push_back(origins_[each].by);
        }
        std::reverse(path.begin(), path.end());
        world now = first_world(of_);
        std::string to_server;
        std::string to_client;
        for (const move& each : path) {
            report_.transcript += "  " + describe(each, now) + "\n";
            to_server += each.what == deed::to_server ? "    | " + shown(now.net.to_server.front()) + "\n" : "";
            to_client += each.what == deed::to_client ? "    | " + shown(now.net.to_client.front()) + "\n" : "";
            apply(now, each, of_);
        }
        report_.transcript += "  client: " + std::string(to_string(now.client.machine.state())) +
                              ", server: " + std::string(to_string(now.server.machine.state())) +
                              "\n  broken: " + property + "\n  bytes at the server:\n" + to_server +
                              "  bytes at the client:\n" + to_client;
    }

    const setup& of_;
    bool keep_;
    report report_{};
    std::deque<world> ahead_{};
    std::vector<world> worlds_{};
    std::vector<origin_of> origins_{};
    std::vector<bool> over_{};
    std::vector<std::pair<std::uint32_t, std::uint32_t>> silent_{}; // to, from
    visited visited_{};
};

} // namespace model
