// The model checker: explores the product of the shipping machines with an adversary's network between them.
//
//   model [--budget N] [--only TEXT] [--splits] [--pins]
//
// The budget is how many deeds the adversary has. `--pins` prints the lines of counts.inc.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "explore.hpp"
#include "splits.hpp"

namespace {

using namespace model;

client_options asks(requirement need, const prepared_head& request) {
    return {.need = need, .probe = probe_head(), .request = request};
}

server_options serves(splice_defence how, method_policy methods = method_policy::options_only, bool body = false) {
    return {.upgrade = {how, default_tokens, methods, body}};
}

std::vector<setup> compositions() {
    std::vector<setup> all;
    const auto add = [&all](std::string name, auto change) {
        setup made;
        made.name = std::move(name);
        made.asks = asks(requirement::tls, get_head(false));
        made.serves = serves(splice_defence::bound_alpn);
        change(made);
        all.push_back(std::move(made));
    };
    add("client that requires TLS, server", [](setup&) {});
    add("client that follows a 426, strict server", [](setup& it) {
        it.asks = asks(requirement::any, get_head(false));
        it.serves.connect_requests = true;
        it.strict = true;
    });
    add("client that offers with GET, server that takes any method", [](setup& it) {
        it.asks = asks(requirement::any, get_head(true));
        it.serves = serves(splice_defence::accept_splice_risk, method_policy::any, true);
        it.serves.connect_requests = true;
    });
    add("client that offers with POST and waits for 100, server that takes content", [](setup& it) {
        it.asks = asks(requirement::any, post_head());
        it.serves = serves(splice_defence::accept_splice_risk, method_policy::any, true);
    });
    for (const std::string_view protocol : {std::string_view{}, std::string_view{"h2"}, alpn_name}) {
        for (const splice_defence how : {splice_defence::bound_alpn, splice_defence::accept_splice_risk}) {
            const bool bound = how == splice_defence::bound_alpn;
            add("victim with " + (protocol.empty() ? "no ALPN" : "ALPN " + std::string(protocol)) + ", server under " +
                    (bound ? "bound_alpn" : "accept_splice_risk"),
                [&](setup& it) {
                    it.client = client_kind::victim;
                    it.protocol = protocol;
                    it.serves = serves(how);
                    it.must_break = !bound && protocol.empty();
                });
        }
    }
    all.pop_back(); // a victim that speaks tlsup/1 is none: it is a client of ours
    all.pop_back();
    add("victim with no ALPN, server under dedicated_name", [](setup& it) {
        it.client = client_kind::victim;
        it.protocol = {};
        it.serves = serves(splice_defence::dedicated_name);
        it.serves.upgrade.names = dedicated;
    });
    add("client that requires TLS, server of implicit TLS", [](setup& it) { it.server = server_kind::implicit; });
    add("client that requires TLS, server of another name", [](setup& it) { it.certificate = "other.example"; });
    add("client in a tunnel, proxy, server", [](setup& it) { it.through_proxy = true; });
    add("client that is denied a tunnel, proxy", [](setup& it) {
        it.through_proxy = true;
        it.proxy_denies = true;
    });
    return all;
}

/// What a composition has to show with a budget: neither less nor more. A change that moves a count has to be looked
/// at.
struct known_count {
    std::string_view name;
    unsigned budget;
    std::size_t states;
    std::string_view goals; ///< s: answered inside TLS, c: answered in clear, r: refused
};
constexpr known_count known_counts[] = {
#include "counts.inc"
};

struct outcome_of {
    std::string text{};
    std::string pin{};
    bool right = false;
};

outcome_of explore(setup of, unsigned budget, bool splits) {
    of.budget = budget;
    const alphabet words = whole_alphabet(); // of this thread's dictionary
    of.up = words.up;
    of.down = words.down;
    if (of.serves.upgrade.names.size != 0) { // what the attacker says to get a 101 at all
        of.up.push_back(texts().number(offer_for(of.serves.upgrade.names.data[0])));
    }
    explorer search(of, splits);
    const report found = search.run();
    outcome_of made;
    const std::string goals = std::string(found.answered_secure ? "s" : "") + (found.answered_in_clear ? "c" : "") +
                              (found.failed_closed ? "r" : "");
    made.text = of.name + ": " + std::to_string(found.worlds) + " states, " + std::to_string(found.transitions) +
                " transitions, goals " + (goals.empty() ? "none" : goals) + "\n" + found.transcript;
    const bool breaks = of.must_break && budget >= 2;
    made.right = breaks ? found.broken == property::own_answer : found.broken == nullptr;
    if (splits && made.right) {
        const split_report cut = check_splits(search.worlds(), of);
        made.text += "  " + std::to_string(cut.compared) + " arrivals, each at every cut\n" + cut.transcript;
        made.right = cut.transcript.empty();
    }
    made.pin = "{\"" + of.name + "\", " + std::to_string(budget) + ", " + std::to_string(found.worlds) + ", \"" +
               goals + "\"},";
    for (const known_count& each : known_counts) {
        if (each.name == of.name && each.budget == budget && made.right) {
            made.right = each.states == found.worlds && each.goals == goals;
            made.text += made.right ? ""
                                    : "  pinned are " + std::to_string(each.states) + " states, goals " +
                                          std::string(each.goals) + "\n";
        }
    }
    return made;
}

} // namespace

int main(int count, char** words) {
    unsigned budget = 1;
    std::string only;
    bool splits = false;
    bool pins = false;
    for (int at = 1; at < count; ++at) {
        const std::string word = words[at];
        if (word == "--budget" && at + 1 < count) {
            budget = static_cast<unsigned>(std::atoi(words[++at]));
        } else if (word == "--only" && at + 1 < count) {
            only = words[++at];
        } else if (word == "--splits") {
            splits = true;
        } else if (word == "--pins") {
            pins = true;
        } else {
            std::fputs("usage: model [--budget N] [--only TEXT] [--splits] [--pins]\n", stderr);
            return 1;
        }
    }
    std::vector<setup> chosen;
    for (setup& each : compositions()) {
        if (each.name.find(only) != std::string::npos) {
            chosen.push_back(each);
        }
    }
    std::vector<outcome_of> found(chosen.size());
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
        for (std::size_t at = next++; at < chosen.size(); at = next++) {
            found[at] = explore(chosen[at], budget, splits);
        }
    };
    std::thread second(work);
    work();
    second.join();
    unsigned passed = 0;
    unsigned failed = 0;
    for (const outcome_of& each : found) {
        std::printf("%s%s", each.right ? "" : "FAILED ", pins ? (each.pin + "\n").c_str() : each.text.c_str());
        ++(each.right ? passed : failed);
    }
    std::printf("%u passed, %u failed\n", passed, failed);
    return failed == 0 && passed != 0 ? 0 : 1;
}
