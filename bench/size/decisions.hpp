// decisions.hpp: what a device decides without a machine: whether the 101 goes out, and whether one is the one it asked
// for.
#pragma once

#include "device.hpp"

namespace decisions {

inline constexpr tlsup::upgrade_rules rules{tlsup::splice_defence::bound_alpn};

/// What a server answers to a request in clear, once its head is complete.
inline std::string_view answer(tlsup::request_facts& facts, std::size_t unread) noexcept {
    if (facts.finish() != tlsup::errc::ok) {
        return tlsup::bare_upgrade_required.text();
    }
    const tlsup::judged offer = tlsup::judge(facts, rules, {});
    const tlsup::committed now = tlsup::commit(offer, 0, {unread, 0, false, false});
    return now.error == tlsup::errc::ok ? now.bytes : tlsup::bare_upgrade_required.text();
}

/// Whether a client goes on with the handshake.
inline bool switches(tlsup::response_facts& facts, std::size_t unread) noexcept {
    return facts.finish() == tlsup::errc::ok && facts.status() == 101 && unread == 0 &&
           tlsup::judge_101(facts, tlsup::default_tokens, {}) == tlsup::errc::ok;
}

} // namespace decisions
