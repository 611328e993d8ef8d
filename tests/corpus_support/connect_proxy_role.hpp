// connect_proxy_role.hpp: plays a vector to the CONNECT proxy and tells whether what it did is the verdict.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <tlsup/tlsup.hpp>

#include "connect_client_role.hpp"
#include "run.hpp"

namespace corpus {

/// What the caller does with a request that passed the rules.
enum class ruling {
    open,      // dials, and gets through
    pending,   // dials, and there is no answer yet
    refuse,    // refuses with 403
    challenge, // 407
    fail_dial, // dials; 504
};

inline constexpr tlsup::port_range corpus_ports[] = {{80, 80}, {443, 443}};

/// The setup names ports and no addresses: its targets are documentation and other addresses, so all are open.
inline constexpr tlsup::network corpus_networks[] = {tlsup::network_of("0.0.0.0/0"), tlsup::network_of("::/0")};

/// Without authentication, but where the vector asks for a 407.
inline tlsup::proxy_options connect_proxy_setup(ruling how = ruling::open) {
    static char text[256];
    static const tlsup::prepared made = tlsup::write_407(text, "Basic realm=\"corpus\"", "Who asks?\n");
    tlsup::proxy_options options;
    options.ports = corpus_ports;
    options.addresses = corpus_networks;
    options.challenge = how == ruling::challenge ? made.head : tlsup::prepared_head{};
    return options;
}

struct connect_proxy_seen : seen_of<tlsup::connect_proxy> {
    std::size_t decisions = 0;
    std::string host{};
    unsigned port = 0;
    std::string drained{};
    bool waiting = false;
};

class connect_proxy_run : public machine_run<connect_proxy_run, connect_proxy_seen> {
  public:
    connect_proxy_run(const tlsup::proxy_options& options, ruling how, feed& input, const plan& wanted)
        : machine_run(input, wanted), options_(options), how_(how) {}

    tlsup::step next(tlsup::connect_proxy& which) { return which.next(input_.unread(), options_); }

    bool act(const tlsup::step& now) {
        switch (now.what) {
        case tlsup::action::read:
            return starve();
        case tlsup::action::write:
            expect(!now.bytes.starts_with("HTTP/1.1 2") || dialled_, "a 2xx without an upstream connection");
            write(now.bytes);
            return true;
        case tlsup::action::decide:
            decide(now.bytes);
            return true;
        case tlsup::action::dial:
            dialled_ = true;
            expect(seen_.machine.dialing());
            return true;
        case tlsup::action::wait:
            return wait();
        case tlsup::action::drop:
            drop(now.bytes);
            return true;
        case tlsup::action::drain:
            return drain(now.bytes);
        case tlsup::action::tunnel:
            seen_.opened = true;
            return false;
        case tlsup::action::close:
            seen_.closed = true;
            return false;
        case tlsup::action::body:
        case tlsup::action::answer:
        case tlsup::action::start_tls:
        case tlsup::action::secure:
        case tlsup::action::detach:
            break;
        }
        expect(false, "a step that does not fit");
        return true;
    }

  private:
    void decide(std::string_view head) {
        const tlsup::connect_target target = seen_.machine.target(head);
        ++seen_.decisions;
        seen_.host = target.host;
        seen_.port = target.port;
        expect(how_ == ruling::refuse      ? seen_.machine.refuse(std::uint16_t{403})
               : how_ == ruling::challenge ? seen_.machine.challenge(options_)
                                           : seen_.machine.open());
    }

    bool wait() {
        seen_.waiting = true;
        if (how_ == ruling::pending) {
            return false; // and nothing is read meanwhile
        }
        expect(how_ == ruling::fail_dial ? seen_.machine.refuse(tlsup::errc::upstream_timeout)
                                         : seen_.machine.tunnel_open());
        return true;
    }

    // The write side is shut. What arrives is thrown away, and at the end the client closes.
    bool drain(std::string_view bytes) {
        seen_.drained += bytes;
        take(bytes);
        if (input_.more()) {
            input_.deliver();
        } else if (bytes.empty()) {
            (void)seen_.machine.peer_closed();
        }
        return true;
    }

    tlsup::proxy_options options_;
    ruling how_;
    bool dialled_ = false;
};

/// The request-target's host without its trailing dot and brackets, and its port: found without the library.
inline bool names_target(const connect_proxy_seen& seen, std::string_view input) {
    const std::size_t from = input.find("CONNECT ") + 8;
    std::string host(input.substr(from, input.find(' ', from) - from));
    const std::size_t colon = host.rfind(':');
    const std::string port = host.substr(colon + 1);
    host.resize(colon);
    if (host.starts_with('[')) {
        host = host.substr(1, host.size() - 2);
    } else if (host.ends_with('.')) {
        host.pop_back();
    }
    return seen.decisions == 1 && seen.host == host && std::to_string(seen.port) == port;
}

/// One response with this status that says close, then the end. Nothing behind it was parsed.
inline bool refused_with(const connect_proxy_seen& seen, unsigned status) {
    const std::string_view text = seen.written;
    return seen.closed && !seen.opened && text.starts_with("HTTP/1.1 " + std::to_string(status) + ' ') &&
           text.find("HTTP/", 1) == std::string_view::npos && contains(text, "\r\nConnection: close\r\n") &&
           contains(text, "\r\nContent-Length: ") && contains(text, "\r\nProxy-Authenticate: ") == (status == 407) &&
           seen.machine.status() == status && seen.decisions <= 1;
}

/// The 2xx, exactly, without length or coding, and behind the head all bytes for the tunnel.
inline bool opened_with(const connect_proxy_seen& seen, std::string_view input) {
    return seen.opened && seen.written == "HTTP/1.1 200 Connection established\r\n\r\n" &&
           seen.dropped.ends_with("\r\n\r\n") && seen.dropped + seen.unread == input;
}

/// The rest of the road is told apart from the rules: without them the same input is a request like others.
inline bool well_formed(std::string_view input) {
    tlsup::proxy_options options = connect_proxy_setup();
    options.disguised_hosts = true;
    constexpr tlsup::port_range all[] = {{1, 65535}};
    options.ports = all;
    guarded memory;
    feed bytes(input, {}, memory);
    const connect_proxy_seen seen = connect_proxy_run(options, ruling::open, bytes, {}).run();
    return names_target(seen, input) && opened_with(seen, input);
}

inline bool is_verdict(const connect_proxy_seen& seen, std::string_view expect, const feed& input) {
    const std::string_view all = input.input();
    if (expect == "connect_request" || expect == "connect_request_target_only") {
        return names_target(seen, all) && opened_with(seen, all) &&
               (expect == "connect_request" || !contains(all, "Host: " + seen.host));
    }
    if (expect == "connect_request_policy") {
        return refused_with(seen, 403) && seen.decisions == 0 && well_formed(all);
    }
    if (expect == "tunnel_open_forward_after_2xx") {
        return opened_with(seen, all) && !seen.unread.empty();
    }
    if (expect == "hold_early_data" || expect == "backpressure") {
        const std::size_t head = all.find("\r\n\r\n") + 4;
        return seen.waiting && !seen.closed && seen.written.empty() && all.substr(seen.dropped.size()) == seen.unread &&
               (!input.each_byte() || seen.arrived == head);
    }
    if (expect == "need_more") {
        return !seen.closed && !seen.opened && seen.decisions == 0 && seen.written.empty();
    }
    if (expect == "fail_truncated") {
        return seen.closed && seen.ended && seen.written.empty() && seen.machine.error() == tlsup::errc::truncated;
    }
    if (expect == "close_no_parse" || expect == "closed_no_parse" || expect == "close_both") {
        return seen.closed && seen.written.empty() && seen.decisions == 0;
    }
    if (const unsigned status = status_in(expect, "respond_", "_close_no_parse"); status != 0) {
        return refused_with(seen, status);
    }
    if (const unsigned status = status_in(expect, "timeout_", "_close"); status != 0) {
        return refused_with(seen, status) && seen.ended;
    }
    const unsigned status = status_in(expect, "reject_", "_close");
    return status != 0 && refused_with(seen, status) && seen.decisions == 0;
}

/// What was asked of the caller where only the setup's name says it.
inline ruling ruling_for(std::string_view expect) {
    return expect == "hold_early_data" || expect == "backpressure" ? ruling::pending
           : expect == "respond_407_close_no_parse"                ? ruling::challenge
           : expect == "respond_504_close_no_parse"                ? ruling::fail_dial
                                                                   : ruling::open;
}

inline result play_connect_proxy(ruling how, feed& input, const plan& wanted) {
    const connect_proxy_seen seen = connect_proxy_run(connect_proxy_setup(how), how, input, wanted).run();
    const bool right = seen.problem.empty() && is_verdict(seen, wanted.expect, input);
    std::string got = describe_basics(seen) + ", state " + std::string(to_string(seen.machine.state()));
    got += seen.decisions != 0 ? ", target " + seen.host + " port " + std::to_string(seen.port) : "";
    got += seen.machine.error() == tlsup::errc::ok ? "" : ": " + std::string(to_string(seen.machine.error()));
    return {right, right && !wanted.traced ? std::string{} : got, seen.trace};
}

/// The proxy has passed the CONNECT on; the vector's bytes are what the next proxy answers.
inline result play_cascade(feed& input, const plan& wanted) {
    constexpr std::string_view head = "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n";
    guarded memory;
    feed request(head, {}, memory);
    connect_proxy_run front(connect_proxy_setup(), ruling::pending, request, {});
    connect_proxy_seen before = front.run();
    const connect_client_seen next = connect_client_run(connect_client_setup(), input, wanted).run();
    tlsup::connect_proxy machine = before.machine;
    const tlsup::errc told = next.opened ? machine.tunnel_open() : machine.refuse_as_next_proxy(next.machine.status());
    std::string written;
    bool shut = false;
    const tlsup::proxy_options options = connect_proxy_setup();
    tlsup::step now = machine.next(head, options);
    for (; now.what == tlsup::action::write; now = machine.next(head, options)) {
        written += now.bytes;
        (void)machine.wrote(now.bytes.size());
    }
    shut = now.what == tlsup::action::drain;
    const bool relayed = shut && written.starts_with("HTTP/1.1 " + std::to_string(next.status) + ' ');
    const bool opened = next.opened && now.what == tlsup::action::drop && now.bytes == head &&
                        written == "HTTP/1.1 200 Connection established\r\n\r\n" &&
                        is_verdict(next, "tunnel_open", input.input());
    const bool right = told == tlsup::errc::ok && before.waiting && next.problem.empty() &&
                       (wanted.expect == "relay_refusal_close" ? relayed : wanted.expect == "tunnel_open" && opened);
    return {right, right ? std::string{} : "wrote " + shown(written), next.trace};
}

} // namespace corpus
