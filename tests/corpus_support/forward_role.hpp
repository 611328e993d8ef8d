// forward_role.hpp: plays a head to the forwarding helper and tells whether what crosses is the verdict.
#pragma once

#include <string>
#include <string_view>

#include <tlsup/tlsup.hpp>

#include "feed.hpp"
#include "result.hpp"

namespace corpus {

/// Reads one head as it arrives. Empty where it does not get to its end.
template <class Facts> std::string_view read_head(feed& input, Facts& facts) {
    tlsup::detail::head_reader<Facts> reader;
    while (true) {
        const auto found = reader.read(input.unread(), {}, facts);
        if (found == tlsup::detail::head_reader<Facts>::progress::done) {
            return input.unread().substr(0, reader.size());
        }
        if (found == tlsup::detail::head_reader<Facts>::progress::failed || !input.more()) {
            return {};
        }
        input.deliver();
    }
}

/// The target's authority is the Host, and of the hop's own fields nothing is left.
inline result play_forwarded_request(feed& input, const plan& wanted) {
    tlsup::request_facts facts;
    const std::string_view head = read_head(input, facts);
    char text[2048];
    const tlsup::errc error = facts.finish();
    const std::string_view made = tlsup::write_forward_request(text, head, facts, {}).head.text();
    const bool right = wanted.expect == "forward_sanitised" && error == tlsup::errc::ok &&
                       made == "GET / HTTP/1.1\r\nHost: a.example\r\nVia: 1.1 tlsup\r\n\r\n";
    return {right, right ? std::string{} : "forwarded " + shown(made), {}};
}

/// A response from an origin to which no offer was forwarded: 502, or final like others, and in no case a tunnel.
inline result play_forwarded_response(feed& input, const plan& wanted) {
    tlsup::response_facts facts;
    const std::string_view head = read_head(input, facts);
    const tlsup::errc finished = facts.finish();
    const tlsup::errc error = judge_forward_response(head, facts, tlsup::method::get);
    char text[2048];
    const tlsup::prepared made = tlsup::write_forward_response(text, head, facts, {});
    const bool refused = error == tlsup::errc::unasked_101 && made.head.text().empty();
    const bool relayed = finished == tlsup::errc::ok && error == tlsup::errc::ok && facts.status() == 426 &&
                         made.head.text() == "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n";
    const bool right = wanted.expect == "reject_502_close"           ? refused
                       : wanted.expect == "relay_as_final_no_tunnel" ? relayed
                                                                     : false;
    return {
        right, right ? std::string{} : "judged " + std::string(to_string(error)) + ", " + shown(made.head.text()), {}};
}

} // namespace corpus
