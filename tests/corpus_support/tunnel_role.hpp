// tunnel_role.hpp: plays a vector to a tunnel and tells whether what it did is the verdict. Memory stays bounded: the
// bytes of a vector are counted and compared where they lie.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include <tlsup/tlsup.hpp>

#include "feed.hpp"
#include "result.hpp"

namespace corpus {

inline constexpr std::size_t tunnel_limit = 16384;

/// What happens in the tunnel besides that its sender sends.
struct tunnel_situation {
    tlsup::side sender = tlsup::side::client; // whose bytes the vector holds
    bool peer_stalls = false;                 // the other side takes nothing
    std::size_t peer_queued = 0;              // octets of the other side that wait for the sender
    bool peer_sends_on = false;               // the other side goes on sending until it is shut
};

/// What was seen of a tunnel.
struct tunnel_seen {
    tlsup::tunnel machine{tlsup::half_close::close_both};
    std::size_t sent = 0;      // octets of the vector that were read
    std::size_t delivered = 0; // and came out on the other side, in order
    std::size_t most = 0;      // octets that were queued at any time
    std::size_t returned = 0;  // octets that the sender was given
    std::size_t discarded = 0;
    bool shut_peer = false;
    bool shut_sender = false;
    bool stopped_reading = false;
    bool closed = false;
    bool wrong = false; // an answer was refused, or the plan went beyond the limit
};

class tunnel_run {
  public:
    tunnel_run(const tunnel_situation& at, std::string_view input, delivery how, bool ends)
        : at_(at), input_(input), how_(how), ends_(ends), back_(at.peer_queued) {}

    tunnel_seen run() {
        bool moved = true;
        while (moved && !seen_.closed && !seen_.wrong) {
            const tlsup::plan now = plan();
            seen_.closed = now.close;
            if (!now.close) {
                const bool sent = sender(now.of(at_.sender));
                const bool answered = peer(now.of(other(at_.sender)));
                moved = sent || answered;
            }
        }
        return seen_;
    }

  private:
    tlsup::plan plan() {
        const std::size_t forth = seen_.sent - seen_.delivered;
        const bool client = at_.sender == tlsup::side::client;
        const std::size_t to_client = client ? back_ : forth;
        const std::size_t to_upstream = client ? forth : back_;
        const tlsup::plan now = seen_.machine.next(to_client, to_upstream, tunnel_limit);
        tlsup::tunnel again = seen_.machine;
        seen_.wrong = seen_.wrong || again.next(to_client, to_upstream, tunnel_limit) != now;
        return now;
    }

    void told(tlsup::errc error) { seen_.wrong = seen_.wrong || error != tlsup::errc::ok; }

    bool sender(const tlsup::flow& now) {
        bool moved = false;
        if (now.write && ended_) { // it takes nothing while it sends
            seen_.returned += back_;
            back_ = 0;
            moved = true;
        }
        if (now.shut_write) {
            seen_.shut_sender = true;
            told(seen_.machine.shut(at_.sender));
            moved = true;
        }
        seen_.stopped_reading = now.read == 0;
        if (now.read != 0 && seen_.sent < input_.size()) {
            const std::size_t piece = how_.how == cut::each_byte                       ? 1
                                      : how_.how == cut::split && seen_.sent < how_.at ? how_.at - seen_.sent
                                                                                       : input_.size() - seen_.sent;
            seen_.sent += std::min({piece, now.read, input_.size() - seen_.sent});
            seen_.most = std::max(seen_.most, seen_.sent - seen_.delivered);
            moved = true;
        } else if (now.read != 0 && ends_ && !ended_) {
            ended_ = true;
            told(seen_.machine.eof(at_.sender));
            moved = true;
        }
        return moved;
    }

    bool peer(const tlsup::flow& now) {
        bool moved = false;
        if (now.write && !at_.peer_stalls) {
            seen_.delivered = seen_.sent;
            moved = true;
        }
        seen_.discarded += now.discard && at_.peer_sends_on && !seen_.shut_peer ? 1U : 0U;
        if (now.shut_write) {
            seen_.shut_peer = true;
            told(seen_.machine.shut(other(at_.sender)));
            moved = true;
        } else if (now.discard && seen_.shut_peer && !peer_ended_) { // it was told the end, and ends too
            peer_ended_ = true;
            told(seen_.machine.eof(other(at_.sender)));
            moved = true;
        }
        return moved;
    }

    tunnel_situation at_;
    std::string_view input_;
    delivery how_;
    bool ends_;
    std::size_t back_;
    bool ended_ = false;
    bool peer_ended_ = false;
    tunnel_seen seen_{};
};

inline bool is_verdict(const tunnel_seen& seen, const tunnel_situation& at, std::string_view expect,
                       std::string_view input) {
    if (expect == "forward_opaque") {
        return seen.delivered == input.size() && !seen.closed && seen.most <= tunnel_limit;
    }
    if (expect == "backpressure") {
        return seen.stopped_reading && seen.sent == std::min(input.size(), tunnel_limit) && !seen.closed;
    }
    // All that came from the closed side is delivered; what waited for it, and what still comes, is thrown away.
    return expect == "flush_then_close_both" && seen.closed && seen.delivered == input.size() && seen.shut_peer &&
           seen.shut_sender && seen.returned == 0 && (seen.discarded != 0) == at.peer_sends_on &&
           seen.machine.reason() == (at.sender == tlsup::side::client ? tlsup::tunnel_end::client_closed
                                                                      : tlsup::tunnel_end::upstream_closed);
}

inline result play_tunnel(const tunnel_situation& at, std::string_view input, delivery how, const plan& wanted) {
    tunnel_situation situation = at;
    situation.peer_stalls = situation.peer_stalls || wanted.expect == "backpressure";
    const tunnel_seen seen = tunnel_run(situation, input, how, wanted.ends).run();
    const bool right = !seen.wrong && is_verdict(seen, situation, wanted.expect, input);
    std::string got = std::to_string(seen.sent) + " octets read, " + std::to_string(seen.delivered) + " delivered, " +
                      std::to_string(seen.returned) + " returned, " + (seen.closed ? "closed" : "open") + ", state " +
                      std::string(to_string(seen.machine.state())) + (seen.wrong ? ", an answer was refused" : "");
    return {right, right ? std::string{} : got, {}};
}

} // namespace corpus
