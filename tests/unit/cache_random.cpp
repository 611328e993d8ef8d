// The capability cache against a plain model of it.
#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "unit/cache_support.hpp"

using namespace tlsup;
using unit::dice;
using unit::line_of;
using unit::never;
using unit::places;
using unit::record;
using unit::written;

namespace {

constexpr cache_rules plain{};
constexpr cache_rules sceptical{.believe_clear_hints = false};

token_list list_of(const std::vector<tls_token>& tokens) {
    token_list list;
    for (const tls_token each : tokens) {
        list.add(each);
    }
    return list;
}

/// The cache as a map from origins, with the rules of learning as a table of cases.
class model {
  public:
    explicit model(std::size_t count) : count_(count) {}

    errc learn(std::size_t whom, record what, std::uint64_t now) {
        if (what.dead(now)) {
            return errc::ok;
        }
        const auto known = kept.find(whom);
        if (known == kept.end()) {
            std::vector<bool> taken(count_);
            for (const auto& [id, each] : kept) {
                taken[each.slot] = true;
            }
            what.slot = static_cast<std::size_t>(std::find(taken.begin(), taken.end(), false) - taken.begin());
            if (what.slot == count_) {
                const auto victim = first_to_leave(what.verified, now);
                if (victim == kept.end()) {
                    return errc::no_room;
                }
                what.slot = victim->second.slot;
                kept.erase(victim);
            }
            kept[whom] = what;
            return errc::ok;
        }
        record& there = known->second;
        what.slot = there.slot;
        if (there.dead(now)) {
            there = what;
        } else if (there.pinned) {
            there = what.pinned ? what : there;
        } else if (there.verified) {
            if (what.verified) {
                what.expires = later(what.expires, there.expires);
                there = what;
            }
        } else {
            what.expires = what.verified ? what.expires : later(what.expires, there.expires);
            there = what;
        }
        return errc::ok;
    }

    void expire(std::uint64_t now) {
        for (auto at = kept.begin(); at != kept.end();) {
            at = at->second.dead(now) ? kept.erase(at) : std::next(at);
        }
    }

    std::map<std::size_t, record> kept;

  private:
    static std::uint64_t later(std::uint64_t one, std::uint64_t other) {
        return one == never || other == never ? never : std::max(one, other);
    }

    /// All that may leave, in the order in which they do.
    std::map<std::size_t, record>::iterator first_to_leave(bool for_verified, std::uint64_t now) {
        using rank = std::tuple<int, bool, std::uint64_t, std::size_t, std::size_t>;
        std::vector<rank> may;
        for (const auto& [id, each] : kept) {
            const int kind = each.dead(now) ? 0 : !each.verified ? 1 : !each.pinned ? 2 : 3;
            if (kind < 2 || (kind == 2 && for_verified)) {
                may.emplace_back(kind, each.expires == never, each.expires, each.slot, id);
            }
        }
        std::sort(may.begin(), may.end());
        return may.empty() ? kept.end() : kept.find(std::get<4>(may.front()));
    }

    std::size_t count_;
};

/// Everything that can be seen of the cache is what the model says.
bool same(const capability_cache& cache, const model& expected, std::uint64_t now, dice& random) {
    bool good = cache.size() == expected.kept.size();
    for (std::size_t id = 0; id < places.size(); ++id) {
        const origin whom{places[id].scheme, random.of(places[id].spellings), places[id].port};
        const auto known = expected.kept.find(id);
        const bool live = known != expected.kept.end() && !known->second.dead(now);
        const capability* const found = cache.find(whom, now).entry;
        good = good && (found != nullptr) == live;
        const bool verified = live && known->second.verified;
        if (found != nullptr && live) {
            const record& there = known->second;
            good = good && found->host.view() == there.host && found->port == places[id].port &&
                   found->scheme == places[id].scheme && found->tokens == list_of(there.tokens) &&
                   (found->how == learned::verified) == verified && found->pinned == there.pinned &&
                   found->expires == there.expires;
        }
        const auto of = [](bool tls) { return tls ? requirement::tls : requirement::any; };
        good = good && cache.raise(whom, requirement::any, now, plain).need == of(live) &&
               cache.raise(whom, requirement::any, now, sceptical).need == of(verified) &&
               cache.raise(whom, requirement::tls, now, random.one_in(2) ? plain : sceptical).need == requirement::tls;
    }
    return good;
}

/// What must hold across any step: `before` and `after` are the arrays. `clear`: what was learned was a clear hint.
bool kept_what_it_must(const std::vector<capability>& before, const std::vector<capability>& after, bool clear,
                       bool forgot, std::uint64_t now) {
    for (const capability& each : before) {
        const auto is_it = [&each](const capability& other) {
            return other.pinned && other.is_of({each.scheme, each.host.view(), each.port});
        };
        if (each.pinned && !forgot && std::none_of(after.begin(), after.end(), is_it)) {
            return false;
        }
        if (clear && each.how == learned::verified && each.live(now) &&
            std::find(after.begin(), after.end(), each) == after.end()) {
            return false;
        }
    }
    return true;
}

} // namespace

TEST_CASE("random learning does what a plain model does (2817-42, 2817-40, 2817-12)") {
    dice random(2817);
    std::map<std::string_view, std::size_t> seen;
    for (std::size_t count = 1; count <= 8; ++count) {
        std::vector<capability> entries(count);
        model expected(count);
        std::uint64_t now = 0;
        for (std::size_t turn = 0; turn < 16000; ++turn) {
            now = random.clock(now);
            const std::vector<capability> before = entries;
            capability_cache cache(entries.data(), entries.size());
            const std::size_t id = random.below(places.size());
            const record what = random.anything(id, now);
            const origin whom{places[id].scheme, what.host, places[id].port};
            bool good = true;
            bool learns = false;
            bool forgot = false;
            switch (random.below(32)) {
            case 0:
            case 1:
                forgot = true;
                good = cache.forget(whom) == (expected.kept.erase(id) == 1);
                break;
            case 2:
                cache.expire(now);
                expected.expire(now);
                break;
            case 3: { // out to text and back
                std::vector<capability> again(count);
                capability_cache loaded(again.data(), again.size());
                for (const capability& each : entries) {
                    capability read;
                    good = good && (each.empty() || (read_entry(written(each), read) == errc::ok && read == each &&
                                                     load_entry(loaded, written(each), now) == errc::ok));
                }
                std::erase_if(entries, [now](const capability& each) { return !each.live(now); });
                entries.resize(count);
                good = good && again == entries;
                expected.expire(now);
                for (auto& [each, known] : expected.kept) {
                    const std::string line = line_of(places[each], known);
                    const auto is_it = [&line](const capability& of) { return written(of) == line; };
                    known.slot =
                        static_cast<std::size_t>(std::find_if(again.begin(), again.end(), is_it) - again.begin());
                    good = good && known.slot < count;
                }
                break;
            }
            case 4: // nothing comes of these
                good = load_entry(cache, line_of(places[id], what) + " ", now) == errc::bad_entry &&
                       cache.learn({whom.scheme, whom.host, 0}, learned::verified, list_of(what.tokens), now, never,
                                   plain) == errc::bad_argument &&
                       cache.learn(whom, learned::verified, {}, now, never, plain) == errc::bad_argument &&
                       entries == before;
                break;
            case 5:
            case 6:
            case 7:
                learns = true;
                good = load_entry(cache, line_of(places[id], what), now) == expected.learn(id, what, now);
                break;
            default: {
                learns = true;
                cache_rules rules;
                rules.pin = what.pinned || (!what.verified && random.one_in(2)); // a clear hint pins nothing
                const std::uint64_t expires = what.pinned ? random.below(60) : what.expires;
                const errc error = cache.learn(whom, what.verified ? learned::verified : learned::in_clear,
                                               list_of(what.tokens), now, expires, rules);
                ++seen[to_string(error)];
                good = error == expected.learn(id, what, now) && (error == errc::ok || entries == before);
                break;
            }
            }
            good = good && same(capability_cache(entries.data(), count), expected, now, random) &&
                   kept_what_it_must(before, entries, learns && !what.verified, forgot, now);
            REQUIRE_MESSAGE(good, "places " << count << ", turn " << turn << ", now " << now);
        }
    }
    CHECK(seen["ok"] > 50000); // that there was something to see
    CHECK(seen["no_room"] > 500);
}
