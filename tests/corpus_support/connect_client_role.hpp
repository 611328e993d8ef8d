// connect_client_role.hpp: plays a vector to the CONNECT client and tells whether what it did is the verdict.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <tlsup/tlsup.hpp>

#include "run.hpp"

namespace corpus {

struct connect_client_seen : seen_of<tlsup::connect_client> {
    std::size_t answers = 0;
    unsigned status = 0;
    std::string content{}; // the proxy's
};

class connect_client_run : public machine_run<connect_client_run, connect_client_seen> {
  public:
    connect_client_run(const tlsup::connect_options& options, feed& input, const plan& wanted)
        : machine_run(input, wanted), options_(options) {
        // The setup: CONNECT is out before the first piece comes.
        const tlsup::step now = seen_.machine.next({}, options_);
        expect(now.what == tlsup::action::write && seen_.machine.wrote(now.bytes.size()) == tlsup::errc::ok,
               "CONNECT is not written");
        (void)seen_.machine.next({}, options_);
    }

    tlsup::step next(tlsup::connect_client& which) { return which.next(input_.unread(), options_); }

    bool act(const tlsup::step& now) {
        switch (now.what) {
        case tlsup::action::read:
            return starve();
        case tlsup::action::drop:
            drop(now.bytes);
            return true;
        case tlsup::action::answer:
            ++seen_.answers;
            seen_.status = seen_.machine.response(now.bytes).status;
            take(now.bytes);
            return true;
        case tlsup::action::body:
            seen_.content += now.bytes;
            take(now.bytes);
            return true;
        case tlsup::action::tunnel:
            seen_.opened = true;
            return false;
        case tlsup::action::close:
            seen_.closed = true;
            return false;
        case tlsup::action::write:
        case tlsup::action::dial:
        case tlsup::action::wait:
        case tlsup::action::decide:
        case tlsup::action::start_tls:
        case tlsup::action::secure:
        case tlsup::action::detach:
        case tlsup::action::drain:
            break;
        }
        expect(false, "a step that does not fit");
        return true;
    }

  private:
    tlsup::connect_options options_;
};

inline tlsup::connect_options connect_client_setup() {
    static char text[256];
    static const tlsup::prepared made = tlsup::write_connect(text, {.host = "origin.example", .port = 443});
    return {.connect = made.head};
}

/// The status of the first final response in the input, found without the library.
inline unsigned final_status(std::string_view input) {
    std::size_t at = 0;
    while (input.substr(at).starts_with("HTTP/1.") && input.substr(at).size() > 12 && input[at + 9] == '1') {
        const std::size_t end = input.find("\r\n\r\n", at);
        if (end == std::string_view::npos) {
            return 0;
        }
        at = end + 4;
    }
    return status_in(input.substr(at, 13), input.substr(at, 9), " ");
}

/// The tunnel is open, and each octet behind the heads belongs to it.
inline bool tunnelled(const connect_client_seen& seen, std::string_view input) {
    return seen.opened && seen.answers == 0 && seen.written.empty() && seen.dropped.ends_with("\r\n\r\n") &&
           seen.dropped + seen.unread == input && seen.machine.outcome() == tlsup::outcome::tunnelled;
}

inline bool is_verdict(const connect_client_seen& seen, std::string_view expect, std::string_view input) {
    const tlsup::errc error = seen.machine.error();
    if (!seen.written.empty()) {
        return false; // nothing stands behind CONNECT
    }
    if (expect == "tunnel_open" || expect == "tunnel_open_leftover") {
        return tunnelled(seen, input) && (expect == "tunnel_open" || !seen.unread.empty());
    }
    if (seen.opened) {
        return false;
    }
    if (expect == "tunnel_refused_close") {
        return seen.closed && seen.answers == 1 && seen.status == final_status(input) &&
               seen.machine.status() == seen.status && seen.machine.outcome() == tlsup::outcome::refused;
    }
    if (expect == "fatal_close" || expect == "fatal_close_after_limit") {
        return seen.closed && seen.answers == 0 && seen.machine.outcome() == tlsup::outcome::broken;
    }
    if (expect == "fail_truncated") {
        return seen.closed && seen.ended && (error == tlsup::errc::truncated || error == tlsup::errc::peer_closed);
    }
    return expect == "need_more" && !seen.closed && seen.answers == 0;
}

inline result play_connect_client(feed& input, const plan& wanted) {
    const connect_client_seen seen = connect_client_run(connect_client_setup(), input, wanted).run();
    const bool right = seen.problem.empty() && is_verdict(seen, wanted.expect, input.input());
    std::string got =
        describe_basics(seen) + (seen.answers != 0 ? ", refused with " + std::to_string(seen.status) : "");
    got += seen.machine.error() == tlsup::errc::ok ? "" : ": " + std::string(to_string(seen.machine.error()));
    return {right, right && !wanted.traced ? std::string{} : got, seen.trace};
}

} // namespace corpus
