// server_role.hpp: plays a vector to the server machine and notes what it does.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <tlsup/tlsup.hpp>

#include "feed.hpp"
#include "result.hpp"
#include "run.hpp"

namespace corpus {

/// The setup `server`.
inline tlsup::server_options open_server() {
    tlsup::server_options options{.upgrade = {tlsup::splice_defence::accept_splice_risk}};
    options.upgrade.methods = tlsup::method_policy::any;
    options.upgrade.with_body = true;
    return options;
}

/// Where a server is when the bytes of the vector arrive.
struct server_situation {
    tlsup::server machine{};
    tlsup::server_options options = open_server();
    std::string held{};   // the head that was accepted; it stands in the clear buffer
    std::string flight{}; // the first TLS flight, should the 101 go out
};

/// What was seen of a server.
struct server_seen : seen_of<tlsup::server> {
    std::size_t served = 0;
    std::size_t shown = 0;      // requests at `decide`
    bool last = false;          // the last request shown says that the connection closes
    std::string target{};       // of the first request that was served
    std::string authority{};    // and what the machine says that it is for
    std::string offer_head{};   // the request whose offer was accepted
    std::string switching{};    // the 101 for it
    std::size_t up_to_101 = 0;  // octets written when the 101 was out
    bool switched = false;      // it is
    bool early_content = false; // content was shown before an expected 100 was out
    bool behind = false;        // and bytes stood behind the request: the input was cut there
    std::size_t tls_octets = 0; // shown as TLS input
    bool hello_refused = false;

    [[nodiscard]] tlsup::errc error() const { return machine.error(); }
};

class server_run : public machine_run<server_run, server_seen> {
  public:
    server_run(const server_situation& from, feed& input, const plan& wanted) : machine_run(input, wanted), now_(from) {
        seen_.machine = from.machine;
        seen_.switched = from.machine.state() == tlsup::server_state::hello;
    }

    tlsup::step next(tlsup::server& machine) {
        return machine.secure() ? machine.next_secure(input_.unread(), now_.held, now_.options)
                                : machine.next(input_.unread(), now_.options);
    }

    bool act(const tlsup::step& now) {
        switch (now.what) {
        case tlsup::action::read:
            return starve();
        case tlsup::action::write:
            write(now);
            return true;
        case tlsup::action::decide:
            decide(now.bytes);
            return true;
        case tlsup::action::answer:
            answer(now.bytes);
            return true;
        case tlsup::action::body:
        case tlsup::action::drop:
            seen_.early_content = seen_.early_content || (!seen_.offer_head.empty() && seen_.written.empty());
            take(now.bytes);
            return true;
        case tlsup::action::start_tls:
            return start_tls(now.bytes);
        case tlsup::action::drain:
            drain(now.bytes);
            return true;
        case tlsup::action::close:
            seen_.closed = true;
            return false;
        case tlsup::action::wait:
        case tlsup::action::secure:
        case tlsup::action::dial:
        case tlsup::action::tunnel:
        case tlsup::action::detach:
            break;
        }
        expect(false, "a step that does not fit");
        return true;
    }

  private:
    // All at once; an answered head one by one where the input comes so.
    void take(std::string_view bytes) {
        const bool slowly = input_.each_byte() && seen_.machine.state() == tlsup::server_state::spent;
        const std::size_t count = slowly ? 1 : bytes.size();
        expect(seen_.machine.took(count));
        input_.take(bytes, count);
    }

    // All at once, or one by one where the input comes so.
    void write(const tlsup::step& now) {
        const std::size_t count = input_.each_byte() ? 1 : now.bytes.size();
        expect(!now.bytes.empty(), "nothing to write");
        seen_.written += now.bytes.substr(0, count);
        expect(seen_.machine.wrote(count));
        if (now.status == 101 && count == now.bytes.size()) {
            seen_.switched = true;
            seen_.up_to_101 = seen_.written.size();
            seen_.behind = input_.more();
        }
    }

    void decide(std::string_view head) {
        const tlsup::request_view request = seen_.machine.request(head);
        expect(!seen_.switched, "a clear request behind the 101");
        ++seen_.shown;
        seen_.last = request.facts.last();
        // What follows a request that was served is not counted: its offers are not taken.
        const bool counted = seen_.served == 0 || !plan_.expect.starts_with("serve_");
        if (request.offer.empty() || !counted) {
            expect(request.offer.empty() == (request.why != tlsup::errc::ok), "an offer and a reason against it");
            expect(seen_.machine.decline());
            return;
        }
        seen_.offer_head = head;
        seen_.switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: ";
        seen_.switching += to_string(request.offer[0]);
        seen_.switching += ", HTTP/1.1\r\nConnection: Upgrade\r\n\r\n";
        expect(seen_.machine.accept(0));
    }

    void answer(std::string_view head) {
        expect(!seen_.switched, "a clear request behind the 101");
        if (seen_.served++ == 0) {
            const tlsup::request_line line = seen_.machine.request(head).line;
            seen_.target = line.target;
            seen_.authority = line.authority;
        }
        expect(seen_.machine.answered());
    }

    bool start_tls(std::string_view bytes) {
        expect(seen_.switched, "TLS before the 101 was out");
        if (!now_.flight.empty()) {
            judge(now_.flight);
            now_.flight.clear();
            return true;
        }
        if (!bytes.empty()) {
            seen_.tls_octets += bytes.size();
            const std::string copy(bytes);
            take(bytes);
            judge(copy);
            return true;
        }
        if (starve()) {
            return true;
        }
        if (seen_.tls_octets == 0 || fed_) {
            return false;
        }
        refuse(); // the flight stops short of a hello
        return true;
    }

    void judge(std::string_view flight) {
        if (fed_) {
            return;
        }
        const tlsup::authority host = host_of(seen_.offer_head);
        const auto progress = gate_.feed(flight, host.host, now_.options.upgrade.defence);
        if (progress == tlsup::hello_gate::progress::refuse) {
            refuse();
        } else if (progress == tlsup::hello_gate::progress::pass) {
            fed_ = true;
            expect(seen_.machine.tls_hello(gate_.verdict()));
        }
    }

    void refuse() {
        fed_ = true;
        seen_.hello_refused = true;
        expect(seen_.machine.tls_hello(gate_.verdict()));
    }

    static tlsup::authority host_of(std::string_view head) {
        tlsup::authority host;
        (void)tlsup::parse_authority(tlsup::parse_request_line(head).authority, tlsup::port_rule::optional, host);
        return host;
    }

    void drain(std::string_view bytes) {
        if (!bytes.empty()) {
            take(bytes);
        } else if (input_.more()) {
            input_.deliver();
        } else {
            expect(!std::exchange(drained_, true), "drains for ever");
            expect(seen_.machine.peer_closed());
        }
    }

    server_situation now_;
    tlsup::hello_gate gate_{};
    bool fed_ = false; // the hello was judged
    bool drained_ = false;
};

} // namespace corpus
