// server_verdicts.hpp: tells whether what was seen of a server is the verdict. tests/corpus/README.md, "Verdicts".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <tlsup/tlsup.hpp>

#include "result.hpp"
#include "server_role.hpp"

namespace corpus {

/// What the machine wrote, without the 100 that a client asked for.
inline std::string_view replies(const server_seen& seen) {
    std::string_view text = seen.written;
    if (text.starts_with(tlsup::continue_100)) {
        text.remove_prefix(tlsup::continue_100.size());
    }
    return text;
}

/// One response with this status that says close, and then the end.
inline bool refused_with(const server_seen& seen, unsigned status) {
    const std::string_view text = replies(seen);
    return seen.closed && !seen.switched && text.starts_with("HTTP/1.1 " + std::to_string(status) + ' ') &&
           text.find("HTTP/", 1) == std::string_view::npos && contains(text, "\r\nConnection: close\r\n") &&
           text.ends_with("\r\n\r\n");
}

/// Served, and nothing that the machine has to say about it. `more`: what `serve_` is followed by.
inline bool served_plain(const server_seen& seen, std::string_view more) {
    if (more.starts_with("_x2")) {
        more.remove_prefix(3);
        if (seen.served != 2) {
            return false;
        }
    }
    if (seen.served == 0 || seen.switched) {
        return false;
    }
    if (const unsigned status = status_in(more, "_then_", "_close"); status != 0) {
        return refused_with(seen, status);
    }
    if (!replies(seen).empty()) {
        return false;
    }
    return more == "_then_close" ? seen.closed : more.empty() && seen.closed == (seen.last || seen.ended);
}

/// The authority of an absolute-form target, found without the library.
inline std::string authority_of(const std::string& target) {
    const std::size_t from = target.find("://");
    if (from == std::string::npos) {
        return "?";
    }
    return target.substr(from + 3, target.find_first_of("/?", from + 3) - from - 3);
}

/// Whether a head offers TLS, found without the library: a known token in Upgrade, its option in Connection, 1.1.
inline bool claims_offer(std::string_view head) {
    std::string text;
    for (const char letter : head) {
        text += letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
    }
    bool token = false;
    bool option = false;
    for (std::size_t from = 0; from < text.size();) {
        const std::size_t end = text.find('\n', from);
        const std::string line = text.substr(from, end - from);
        token = token || (line.starts_with("upgrade:") &&
                          (contains(line, "tls/1.0") || contains(line, "tls/1.2") || contains(line, "tls/1.3")));
        option = option || (line.starts_with("connection:") && contains(line, "upgrade"));
        from = end == std::string::npos ? text.size() : end + 1;
    }
    return token && option && !contains(text, " http/1.0\r");
}

/// Carries an upgrade on to the end of its first answer. What is wrong, or nothing; `last`: the connection closed.
inline std::string finish_upgrade(tlsup::server machine, std::string_view head, const tlsup::server_options& options,
                                  bool& last) {
    const tlsup::hello_verdict hello =
        judge_hello(tlsup::hello_facts({}, false, {}, false, false), "example.com", options.upgrade.defence);
    const tlsup::tls_facts facts({}, {}, tlsup::session::full, tlsup::early::none, tlsup::identity::verified);
    if (machine.tls_hello(hello) != tlsup::errc::ok || machine.tls_established(facts, options) != tlsup::errc::ok) {
        return "the handshake is not let through";
    }
    std::string written;
    std::size_t answers = 0;
    for (std::size_t steps = 0; steps < 100; ++steps) {
        const tlsup::step now = machine.next_secure({}, head, options);
        tlsup::errc error = tlsup::errc::ok;
        if (now.what == tlsup::action::write) {
            written += now.bytes;
            error = machine.wrote(now.bytes.size());
        } else if (now.what == tlsup::action::answer) {
            ++answers;
            error = now.bytes == head ? machine.answered() : tlsup::errc::wrong_call;
        } else if (now.what == tlsup::action::drain) {
            error = machine.peer_closed(tlsup::closure::close_notify);
        } else if (now.what == tlsup::action::read || now.what == tlsup::action::close) {
            last = now.what == tlsup::action::close;
            const bool by_library = head.starts_with("OPTIONS ");
            const bool whole = by_library ? answers == 0 && written.starts_with("HTTP/1.1 200 OK\r\n") &&
                                                contains(written, "\r\nConnection: close\r\n") == last
                                          : answers == 1 && written.empty();
            return whole ? "" : "the request is not answered inside TLS as it should be";
        } else {
            return "a step inside TLS that does not fit";
        }
        if (error != tlsup::errc::ok) {
            return "an answer inside TLS was refused";
        }
    }
    return "no progress inside TLS";
}

/// The 101 for the offer, exactly, and behind it TLS.
inline bool upgraded(server_seen& seen, const tlsup::server_options& options, bool wants_last, bool wants_100) {
    if (!seen.switched || seen.closed || seen.behind || seen.last != wants_last ||
        seen.machine.state() != tlsup::server_state::hello) {
        return false;
    }
    const bool has_100 = seen.written != replies(seen);
    if (replies(seen) != seen.switching || (wants_100 && (!has_100 || seen.early_content))) {
        return false;
    }
    bool last = false;
    seen.problem = finish_upgrade(seen.machine, seen.offer_head, options, last);
    return seen.problem.empty() && last == wants_last;
}

/// Nothing but an alert was written behind the 101.
inline bool only_alert(const server_seen& seen) {
    const std::string_view text = std::string_view(seen.written).substr(seen.up_to_101);
    return text.empty() || (text.size() == 7 && text.starts_with("\x15\x03"));
}

/// Bytes stood behind an offer, and the cut fell there: they came as TLS input, and went nowhere else.
inline bool boundary_kept(const server_seen& seen) {
    if (!seen.switched || !seen.behind || !claims_offer(seen.offer_head) || !only_alert(seen)) {
        return false;
    }
    const bool engine_only = seen.tls_octets != 0 && seen.closed == seen.hello_refused;
    return engine_only ||
           (seen.closed && seen.error() == tlsup::errc::cleartext_after_101 && seen.written.size() == seen.up_to_101);
}

inline bool is_verdict(server_seen& seen, std::string_view expect, const tlsup::server_options& options) {
    const bool silent = seen.written.empty() && seen.served == 0 && seen.shown == 0;
    if (expect == "need_more") {
        return !seen.closed && !seen.switched && seen.served == 0 && replies(seen).empty();
    }
    if (expect.starts_with("serve_plain")) {
        return served_plain(seen, expect.substr(11));
    }
    if (expect == "serve_use_target_authority") {
        return served_plain(seen, {}) && seen.authority == authority_of(seen.target);
    }
    if (expect == "offer_valid" || expect == "offer_valid_last") {
        return upgraded(seen, options, expect != "offer_valid", false);
    }
    if (expect == "send_100_first") {
        return upgraded(seen, options, seen.last, true);
    }
    if (expect == "close_no_parse" || expect == "closed_no_parse" || expect == "close_both") {
        return seen.closed && silent;
    }
    if (expect == "to_tls_engine_only") {
        return seen.switched && seen.tls_octets != 0 && only_alert(seen);
    }
    if (expect == "fail_handshake") {
        return seen.switched && seen.hello_refused && seen.closed && seen.served == 0 && only_alert(seen);
    }
    if (expect == "fatal_close" || expect == "fatal_close_after_limit") {
        return seen.closed && seen.error() != tlsup::errc::ok && seen.served == 0;
    }
    if (expect == "fail_truncated") {
        return seen.closed && seen.machine.outcome() == tlsup::outcome::truncated && seen.served == 0;
    }
    if (const unsigned status = status_in(expect, "reject_", ""); status != 0) { // 421 inside TLS
        return !seen.closed && seen.served == 0 && seen.machine.secure() &&
               seen.written.starts_with("HTTP/1.1 " + std::to_string(status) + ' ');
    }
    const unsigned status = status_in(expect, "reject_", "_close") + status_in(expect, "timeout_", "_close");
    return status != 0 && seen.served == 0 && refused_with(seen, status);
}

inline std::string describe(const server_seen& seen) {
    std::string text = "served " + std::to_string(seen.served);
    if (!seen.written.empty()) {
        text += ", wrote " + shown(seen.written);
    }
    if (seen.switched) {
        text += seen.behind ? ", switched with bytes behind" : ", switched";
    }
    text += seen.closed ? ", closed" : ", open in state ";
    text += seen.closed ? std::string_view{} : to_string(seen.machine.state());
    if (seen.error() != tlsup::errc::ok) {
        text += ": ";
        text += to_string(seen.error());
    }
    return seen.problem.empty() ? text : text + "; " + seen.problem;
}

inline result play_server(const server_situation& from, feed& input, const plan& wanted) {
    server_seen seen = server_run(from, input, wanted).run();
    const bool right = seen.problem.empty() &&
                       (is_verdict(seen, wanted.expect, from.options) || (seen.problem.empty() && boundary_kept(seen)));
    return {right, right && !wanted.traced ? std::string{} : describe(seen), seen.trace};
}

} // namespace corpus
