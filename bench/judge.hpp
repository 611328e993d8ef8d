// judge.hpp: the decision, made with tlsup: from the facts of a complete head to a verdict.
#pragma once

#include <string_view>

#include <tlsup/tlsup.hpp>

#include "decision.hpp"
#include "inputs.hpp"

namespace bench {

inline constexpr tlsup::upgrade_rules rules{tlsup::splice_defence::bound_alpn, tlsup::default_tokens,
                                            tlsup::method_policy::any, false};
/// What the client offered whose answer is read.
inline constexpr tlsup::token_list offered = tlsup::default_tokens;

inline verdict judge_request(tlsup::request_facts& facts) {
    if (facts.finish() != tlsup::errc::ok) {
        return verdict::bad;
    }
    if (facts.method() == tlsup::method::connect) {
        return verdict::tunnel; // the facts have judged the target
    }
    return tlsup::judge(facts, rules, {}).why == tlsup::errc::ok ? verdict::upgrade : verdict::plain;
}

inline verdict judge_response(tlsup::response_facts& facts, role as) {
    const bool opens = as == role::connect_reply && facts.status() / 100 == 2;
    if (facts.finish(opens) != tlsup::errc::ok) {
        return verdict::bad;
    }
    if (opens) {
        return verdict::tunnel;
    }
    if (facts.status() == 101) {
        return tlsup::judge_101(facts, offered, {}) == tlsup::errc::ok ? verdict::upgrade : verdict::bad;
    }
    return tlsup::judge_426(facts, offered, {}).empty() ? verdict::plain : verdict::follow;
}

} // namespace bench
