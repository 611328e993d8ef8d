// client_role.hpp: plays a vector to the client machine and tells whether what it did is the verdict.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <tlsup/tlsup.hpp>

#include "feed.hpp"
#include "result.hpp"
#include "run.hpp"

namespace corpus {

inline constexpr tlsup::token_list client_tokens{tlsup::tls_token::tls_1_2, tlsup::tls_token::tls_1_0};

inline tlsup::prepared_head client_probe() {
    static char text[256];
    static const tlsup::prepared made = tlsup::write_probe(text, "example.com", client_tokens);
    return made.head;
}

inline tlsup::prepared_head secret_request() {
    static char text[256];
    static const tlsup::prepared made = tlsup::write_request(text, {"GET", "/secret", "example.com", {}, {}});
    return made.head;
}

inline tlsup::prepared_head plain_request() {
    static char text[256];
    static const tlsup::prepared made = tlsup::write_request(text, {"GET", "/a", "example.com", {}, {}});
    return made.head;
}

/// Where a client is when the bytes of the vector arrive.
struct client_situation {
    tlsup::client machine{};
    tlsup::client_options options{};
};

/// The setups `client-require` and `client-plain`; what they say was sent is written before the first piece comes.
inline client_situation client_setup(tlsup::requirement need) {
    const bool required = need == tlsup::requirement::tls;
    client_situation made;
    made.options.need = need;
    made.options.probe = client_probe();
    made.options.request = required ? secret_request() : plain_request();
    return made;
}

/// What was seen of a client. `written`: in clear.
struct client_seen : seen_of<tlsup::client> {
    std::string inside{}; // written inside TLS
    std::string content{};
    std::size_t answers = 0;
    std::size_t drops = 0;
    unsigned status = 0;
    bool at_tls = false; // it waits for the handshake
    bool behind = false; // and bytes came behind the 101
    bool dialled = false;

    [[nodiscard]] tlsup::errc error() const { return machine.error(); }
};

class client_run : public machine_run<client_run, client_seen> {
  public:
    client_run(const client_situation& from, feed& input, const plan& wanted)
        : machine_run(input, wanted), options_(from.options) {
        seen_.machine = from.machine;
    }

    tlsup::step next(tlsup::client& machine) {
        return machine.secure() ? machine.next_secure(input_.unread(), options_)
                                : machine.next(input_.unread(), options_);
    }

    bool act(const tlsup::step& now) {
        switch (now.what) {
        case tlsup::action::read:
            return starve();
        case tlsup::action::write:
            write(now.bytes);
            return true;
        case tlsup::action::answer:
            ++seen_.answers;
            seen_.status = seen_.machine.response().facts.status();
            take(now.bytes);
            return true;
        case tlsup::action::body:
            seen_.content += now.bytes;
            take(now.bytes);
            return true;
        case tlsup::action::drop:
            ++seen_.drops;
            take(now.bytes);
            return true;
        case tlsup::action::start_tls:
            seen_.at_tls = true;
            seen_.behind = seen_.behind || input_.more();
            return starve();
        case tlsup::action::dial:
            dial();
            return true;
        case tlsup::action::detach:
        case tlsup::action::close:
            return close(now.what == tlsup::action::detach);
        case tlsup::action::wait:
        case tlsup::action::decide:
        case tlsup::action::secure:
        case tlsup::action::tunnel:
        case tlsup::action::drain:
            break;
        }
        expect(false, "a step that does not fit");
        return true;
    }

  private:
    void write(std::string_view bytes) {
        expect(!bytes.empty(), "nothing to write");
        if (seen_.machine.raised() && !seen_.machine.secure() && input_.more()) {
            input_.deliver(); // all of the input comes before the probe that follows a 426 is answered
            return;
        }
        const std::string_view part = bytes.substr(0, input_.each_byte() ? 1 : bytes.size());
        (seen_.machine.secure() ? seen_.inside : seen_.written) += part;
        expect(seen_.machine.wrote(part.size()));
    }

    void dial() {
        seen_.dialled = true;
        if (input_.more()) {
            input_.deliver();
            return;
        }
        input_.forget();
        expect(seen_.machine.retry());
    }

    // A response that stands may have bytes behind it, which come now.
    bool close(bool goes_on) {
        seen_.closed = true;
        expect(goes_on == (seen_.machine.reusable() || seen_.machine.outcome() == tlsup::outcome::released),
               "detach and reusable disagree");
        if (seen_.machine.error() == tlsup::errc::ok && input_.more()) {
            input_.deliver();
            return true;
        }
        return false;
    }

    tlsup::client_options options_;
};

/// Feeds a client a text, whole. For what stands before a vector, or behind it.
inline client_seen converse(client_situation& with, std::string_view text) {
    guarded memory;
    feed input(text, {}, memory);
    client_seen seen = client_run(with, input, {}).run();
    with.machine = seen.machine;
    return seen;
}

inline constexpr std::string_view good_101 =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2, HTTP/1.1\r\n\r\n";
inline constexpr std::string_view good_200 = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
inline constexpr std::string_view good_426 = "HTTP/1.1 426 Upgrade Required\r\nConnection: Upgrade\r\n"
                                             "Upgrade: TLS/1.2, HTTP/1.1\r\nContent-Length: 0\r\n\r\n";

inline tlsup::tls_facts verified_peer() {
    return {tlsup::alpn_name, "example.com", tlsup::session::full, tlsup::early::none, tlsup::identity::verified};
}

/// From the probe over the 101 into TLS. False where the machine does not go along.
inline bool enter_tls(client_situation& with) {
    return converse(with, good_101).at_tls &&
           with.machine.tls_established(verified_peer(), with.options) == tlsup::errc::ok;
}

// The verdicts, README.md "Verdicts".

inline bool complete(const client_seen& seen) {
    const tlsup::outcome how = seen.machine.outcome();
    return seen.closed && seen.answers == 1 &&
           (how == tlsup::outcome::answered || how == tlsup::outcome::answered_secure);
}

inline bool delivered(const client_seen& seen) {
    return complete(seen) && seen.error() == tlsup::errc::ok && seen.unread.empty() && !seen.dialled;
}

/// Faults behind a head that was shown already.
inline bool in_content(tlsup::errc error) {
    return error == tlsup::errc::bad_chunk || error == tlsup::errc::extensions_too_long ||
           error == tlsup::errc::bad_trailer || error == tlsup::errc::too_many_trailers ||
           error == tlsup::errc::content_too_large;
}

inline bool broken(const client_seen& seen) {
    return seen.closed && seen.machine.outcome() == tlsup::outcome::broken && seen.inside.empty() &&
           (seen.answers == 0 || in_content(seen.error()));
}

inline bool at_a_limit(const client_seen& seen, const tlsup::client_options& options) {
    using enum tlsup::errc;
    const tlsup::errc error = seen.error();
    return error == too_many_interim ? seen.drops <= options.interim_responses
                                     : error == head_too_large || error == too_many_fields || error == list_too_long ||
                                           error == start_line_too_long || error == content_too_large ||
                                           error == extensions_too_long || error == too_many_trailers;
}

/// The 426 is followed: the probe is out, the request is not. Then, on two copies: a second 426 to the probe is not
/// followed; and behind a 101 the request goes out inside TLS, where a 426 is an answer like others.
inline bool retries_once(const client_seen& seen, const tlsup::client_options& options) {
    std::string asked(options.request.text());
    asked += options.probe.text();
    if (!seen.machine.raised() || seen.closed || seen.answers != 0 || !seen.unread.empty() || seen.written != asked) {
        return false;
    }
    client_situation refused{seen.machine, options};
    const client_seen second = converse(refused, good_426);
    client_situation inside{seen.machine, options};
    return second.closed && second.error() == tlsup::errc::upgrade_refused && second.written.empty() &&
           second.answers == 0 && enter_tls(inside) && converse(inside, good_200).inside == options.request.text() &&
           complete(converse(inside, good_426)) && inside.machine.response().facts.status() == 426;
}

inline bool is_verdict(const client_seen& seen, std::string_view expect, const tlsup::client_options& options,
                       std::string_view input) {
    const bool required = options.need == tlsup::requirement::tls;
    if (required && contains(seen.written, options.request.text())) {
        return false; // never in clear
    }
    if (expect == "switch_to_tls") {
        return seen.at_tls && !seen.behind && !seen.closed && seen.unread.empty() && seen.answers == 0 &&
               seen.machine.state() == tlsup::client_state::handshake;
    }
    if (expect == "fatal_close" || expect == "fatal_close_after_limit") {
        return broken(seen) && (expect == "fatal_close" || at_a_limit(seen, options));
    }
    if (expect == "fail_closed") {
        const bool reported =
            seen.error() == tlsup::errc::upgrade_refused || (seen.ended && seen.error() == tlsup::errc::peer_closed);
        return required && seen.closed && reported && seen.answers == 0 && seen.written == options.probe.text() &&
               seen.inside.empty();
    }
    if (expect == "fail_truncated") {
        return seen.closed && seen.ended &&
               (seen.error() == tlsup::errc::truncated || seen.error() == tlsup::errc::peer_closed);
    }
    if (expect == "need_more") {
        return !seen.closed && !seen.at_tls && !seen.machine.raised();
    }
    if (expect == "deliver_final") {
        return delivered(seen);
    }
    if (expect == "deliver_error" || expect == "deliver_error_close") {
        return delivered(seen) && seen.status >= 400 && (expect == "deliver_error" || !seen.machine.reusable());
    }
    if (expect == "deliver_until_close") {
        return delivered(seen) && seen.ended && !seen.machine.reusable() && input.ends_with("\r\n\r\n" + seen.content);
    }
    if (expect == "deliver_first_then_fatal") {
        return complete(seen) && seen.error() == tlsup::errc::unsolicited_response;
    }
    if (expect == "retry_with_offer_once") {
        return retries_once(seen, options);
    }
    if (expect == "release_request") {
        return seen.inside == options.request.text() && seen.written.empty() && !seen.closed && seen.unread.empty();
    }
    return (expect == "closed_no_parse" || expect == "close_no_parse" || expect == "close_both") && seen.closed &&
           seen.answers == 0 && seen.written.empty() && seen.inside.empty();
}

inline std::string describe(const client_seen& seen) {
    std::string text;
    const auto add = [&text](std::string_view more) { text += (text.empty() ? "" : ", ") + std::string(more); };
    if (!seen.written.empty()) {
        add("wrote " + shown(seen.written));
    }
    if (!seen.inside.empty()) {
        add("wrote inside TLS " + shown(seen.inside));
    }
    if (seen.answers != 0) {
        add(std::to_string(seen.answers) + " answer, " + std::to_string(seen.status) + " with " +
            std::to_string(seen.content.size()) + " octets");
    }
    if (seen.at_tls) {
        add(seen.behind ? "switched with bytes behind" : "switched");
    }
    if (seen.machine.raised()) {
        add(seen.dialled ? "426 followed by a new connection" : "426 followed");
    }
    add(seen.closed ? "closed" : "open in state " + std::string(to_string(seen.machine.state())));
    if (seen.error() != tlsup::errc::ok) {
        text += ": " + std::string(to_string(seen.error()));
    }
    return seen.problem.empty() ? text : text + "; " + seen.problem;
}

inline result play_client(const client_situation& from, feed& input, const plan& wanted) {
    const client_seen seen = client_run(from, input, wanted).run();
    const bool right = seen.problem.empty() && is_verdict(seen, wanted.expect, from.options, input.input());
    return {right, right && !wanted.traced ? std::string{} : describe(seen), seen.trace};
}

} // namespace corpus
