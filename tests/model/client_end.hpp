// client_end.hpp: the client's end: the shipping machines with an honest caller around them, or a victim that speaks
// TLS at once. What the caller can see is checked on the way.
#pragma once

#include <string>
#include <string_view>

#include "setup.hpp"
#include "wire.hpp"

namespace model {

struct client_end {
    connect_client link{};
    client machine{};
    std::string clear{};
    std::string plain{};
    bool tunnelled = false;
    bool hello_sent = false;
    bool secured = false; ///< its handshake is complete
    bool ended = false;   ///< the network closed
    bool told = false;    ///< and the machine knows
    bool over = false;
    bool probe_answered = false; ///< inside TLS, completely
    bool asked_secret = false;   ///< the request was written
    bool body_due = false;
    std::uint8_t answers = 0;
    std::uint8_t dials = 0;

    friend bool operator==(const client_end&, const client_end&) = default;
};

/// Does what the machine says, until it waits for the network.
class client_caller {
  public:
    client_caller(client_end& end, wire& net, const setup& of) : end_(end), net_(net), of_(of) {}

    void run() {
        unsigned turns = 0;
        while (!end_.over && net_.broken == nullptr && advance()) {
            net_.expect(++turns < 200, property::progress);
        }
        net_.client_gone = net_.client_gone || end_.over;
    }

    /// What its ClientHello is.
    [[nodiscard]] std::string hello() const {
        return client_hello(of_.client == client_kind::victim ? 'v' : 'c', of_.protocol, host);
    }

    /// Whether it waits for something that it gives a deadline to.
    [[nodiscard]] bool patient() const {
        return end_.over || of_.client == client_kind::victim ||
               (linking() ? end_.link.wanted() : end_.machine.wanted()) != deadline::none;
    }

    void time_out() {
        if (of_.client == client_kind::victim) {
            end_.over = true;
        } else if (linking()) {
            (void)end_.link.abort(errc::timeout);
        } else {
            (void)end_.machine.abort(errc::timeout);
        }
        run();
    }

    /// Every call that does not fit leaves the machine as it was; an end stays an end.
    void check_calls() {
        if (of_.client == client_kind::victim || linking()) {
            return;
        }
        const client before = end_.machine;
        const auto unchanged = [&](auto call) {
            client copy = before;
            net_.expect(call(copy) != errc::wrong_call || copy == before, property::wrong_call);
        };
        const tls_facts facts{alpn_name, host, session::full, early::none, identity::verified};
        unchanged([](client& at) { return at.took(70000); });
        unchanged([](client& at) { return at.wrote(70000); });
        unchanged([](client& at) { return at.retry(); });
        unchanged([](client& at) { return at.request_body_done(); });
        unchanged([&](client& at) { return at.tls_established(facts, of_.asks); });
        unchanged([](client& at) { return at.tls_failed(); });
        if (before.state() == client_state::closed) {
            client copy = before;
            const bool absorbed =
                copy.peer_closed() == errc::wrong_call && copy.abort(errc::timeout) == errc::wrong_call;
            (void)copy.next("HTTP/1.1 101 S\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\n\r\n", of_.asks);
            net_.expect(absorbed && copy.state() == client_state::closed, property::absorbing);
        }
    }

  private:
    [[nodiscard]] bool linking() const { return of_.through_proxy && !end_.tunnelled; }

    bool advance() {
        if (of_.client == client_kind::victim) {
            return advance_victim();
        }
        return linking() ? advance_link() : advance_machine();
    }

    void must(errc error) { net_.expect(error == errc::ok, property::accepted_answer); }

    // A victim: hello, request, and it believes the first answer.
    bool advance_victim() {
        if (!end_.hello_sent) {
            end_.hello_sent = !net_.to_server.full();
            if (end_.hello_sent) {
                net_.to_server.push(hello());
            }
            return end_.hello_sent;
        }
        if (!end_.secured) {
            const std::string_view flight = record(end_.clear);
            if (flight.empty()) {
                end_.over = end_.ended || (!end_.clear.empty() && end_.clear[0] != '\x16');
                return false;
            }
            if (!ours(flight) || net_.to_server.full()) {
                end_.over = !ours(flight);
                return false;
            }
            const bool allowed = of_.serves.upgrade.defence != splice_defence::bound_alpn && of_.protocol.empty();
            net_.expect(allowed, property::no_splice);
            end_.clear.erase(0, flight.size());
            net_.to_server.push(client_finish(hello()));
            net_.secure_to_server.push("GET /victim HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n");
            end_.secured = true;
            return true;
        }
        if (!end_.clear.empty() || end_.ended) {
            end_.over = true;
        } else if (const std::size_t head = end_.plain.find("\r\n\r\n"); head != std::string::npos) {
            net_.expect(end_.plain.substr(head + 4) == "V", property::own_answer);
            end_.over = true;
        }
        return false;
    }

    /// A server's flight that answers our hello.
    [[nodiscard]] bool ours(std::string_view flight) const {
        return flight == server_flight(hello(), of_.certificate, selected());
    }
    [[nodiscard]] std::string_view selected() const {
        const bool knows = of_.server == server_kind::upgrading && of_.protocol == alpn_name;
        return knows ? alpn_name : std::string_view{};
    }

    bool advance_link() {
        const connect_options options{.connect = connect_head()};
        const step now = end_.link.next(end_.clear, options);
        net_.expect(end_.link.next(end_.clear, options) == now, property::idempotent);
        if (now.what == action::write) {
            return write(now.bytes, net_.to_server, [&](std::size_t count) { return end_.link.wrote(count); });
        }
        if (now.what == action::read) {
            if (end_.ended && !end_.told) {
                end_.told = true;
                must(end_.link.peer_closed());
                return true;
            }
            return false;
        }
        if (now.what == action::tunnel) {
            net_.expect(end_.link.status() / 100 == 2, property::tunnel_after_2xx);
            end_.tunnelled = true;
            return true;
        }
        if (now.what == action::close || now.what == action::dial) {
            net_.failed_closed = true;
            end_.over = true;
            return false;
        }
        take(now.bytes, end_.clear, [&](std::size_t count) { return end_.link.took(count); });
        return true;
    }

    bool advance_machine() {
        client& machine = end_.machine;
        if (machine.state() == client_state::handshake && shake_hands()) {
            return true;
        }
        if (end_.secured && !end_.clear.empty()) { // records that nobody made
            end_.clear.clear();
            must(machine.tls_failed());
            return true;
        }
        const bool secure = machine.secure();
        const client_state before = machine.state();
        const auto next = [&](client& at) {
            return secure ? at.next_secure(end_.plain, of_.asks)
                          : at.next(engine_has() ? std::string_view{} : end_.clear, of_.asks);
        };
        const step now = next(machine);
        net_.expect(next(machine) == now, property::idempotent);
        end_.probe_answered = end_.probe_answered || (secure && before == client_state::probe_content &&
                                                      machine.state() == client_state::releasing);
        switch (now.what) {
        case action::write:
            return ask(now);
        case action::read:
            return read();
        case action::start_tls:
            return start_tls();
        case action::dial:
            net_.expect(++end_.dials < 2, property::bounded);
            end_.over = true; // the new connection is another composition's
            return false;
        case action::close:
        case action::detach:
            finish();
            return false;
        case action::body:
            if (secure && !machine.response().unauthenticated_request) {
                net_.expect(now.bytes == "S", property::own_answer);
            }
            break;
        case action::drop:
            if (machine.state() == client_state::switched) {
                check_switch(now.bytes);
            }
            break;
        case action::answer:
            net_.expect(++end_.answers < 2, property::bounded);
            break;
        case action::wait:
        case action::decide:
        case action::secure:
        case action::tunnel:
        case action::drain:
            net_.expect(false, property::accepted_answer);
            return false;
        }
        take(now.bytes, secure ? end_.plain : end_.clear, [&](std::size_t count) { return machine.took(count); });
        return true;
    }

    /// What is in the clear buffer belongs to the engine once it sent its hello, if it looks like TLS.
    [[nodiscard]] bool engine_has() const {
        return end_.hello_sent && !end_.clear.empty() && end_.clear[0] >= '\x14' && end_.clear[0] <= '\x17';
    }

    bool ask(const step& now) {
        const bool secret = now.bytes.find(secret_target) != std::string_view::npos;
        const bool protect = of_.asks.need == requirement::tls || end_.machine.raised();
        if (secret && protect) {
            net_.expect(end_.machine.secure(), property::never_clear);
            net_.expect(end_.probe_answered, property::probe_first);
        }
        queue& out = end_.machine.secure() ? net_.secure_to_server : net_.to_server;
        const bool more = now.more;
        const bool sent = write(now.bytes, out, [&](std::size_t count) { return end_.machine.wrote(count); });
        end_.asked_secret = end_.asked_secret || (sent && secret);
        end_.body_due = sent ? more : end_.body_due;
        return sent;
    }

    bool read() {
        if (end_.body_due) { // the content follows at once
            queue& out = end_.machine.secure() ? net_.secure_to_server : net_.to_server;
            if (out.full()) {
                return false;
            }
            out.push(post_body);
            end_.body_due = false;
            must(end_.machine.request_body_done());
            return true;
        }
        if (end_.ended && !end_.told) {
            end_.told = true;
            must(end_.machine.peer_closed());
            return true;
        }
        return false;
    }

    bool start_tls() {
        net_.expect(end_.clear.empty() || engine_has(), property::one_reader);
        if (!end_.hello_sent && !net_.to_server.full()) {
            net_.to_server.push(hello());
            end_.hello_sent = true;
            return true;
        }
        if (end_.ended && !end_.told) {
            end_.told = true;
            must(end_.machine.tls_failed());
            return true;
        }
        return false;
    }

    bool shake_hands() {
        const std::string_view flight = engine_has() ? record(end_.clear) : std::string_view{};
        if (flight.empty() || net_.to_server.full()) {
            return false;
        }
        if (!ours(flight)) {
            end_.clear.clear();
            must(end_.machine.tls_failed());
            return true;
        }
        end_.clear.erase(0, flight.size());
        const identity who = of_.certificate == host ? identity::verified : identity::unverified;
        const errc error = end_.machine.tls_established({selected(), host, session::full, early::none, who}, of_.asks);
        if (error == errc::ok) {
            net_.to_server.push(client_finish(hello()));
            end_.secured = true;
        }
        net_.expect(error == errc::ok || error == errc::unverified_peer || error == errc::missing_alpn,
                    property::accepted_answer);
        return true;
    }

    /// An independent look at the 101 that is taken.
    void check_switch(std::string_view head) {
        const bool named = head.find("\r\nUpgrade: TLS/1.2, HTTP/1.1\r\n") != std::string_view::npos ||
                           head.find("\r\nUpgrade: TLS/1.2\r\n") != std::string_view::npos ||
                           head.find("\r\nUpgrade: TLS/1.0, HTTP/1.1\r\n") != std::string_view::npos;
        const bool good = head.starts_with("HTTP/1.1 101 ") && named &&
                          head.find("\r\nConnection: Upgrade\r\n") != std::string_view::npos;
        const bool asked =
            of_.asks.need == requirement::tls || end_.machine.raised() || !of_.asks.request.tokens().empty();
        const bool alone = head.find("\r\n\r\n") + 4 == end_.clear.size(); // also what leaves with it was held
        net_.expect(good && asked && alone && !end_.body_due, property::asked_101);
    }

    void finish() {
        const outcome how = end_.machine.outcome();
        net_.answered_in_clear = net_.answered_in_clear || how == outcome::answered;
        net_.answered_secure = net_.answered_secure || how == outcome::answered_secure;
        net_.failed_closed = net_.failed_closed || (how != outcome::answered && how != outcome::answered_secure);
        net_.expect(how != outcome::answered || (of_.asks.need == requirement::any && !end_.machine.raised()),
                    property::never_clear);
        end_.over = true;
    }

    template <class Wrote> bool write(std::string_view bytes, queue& out, Wrote wrote) {
        if (out.full()) {
            return false;
        }
        out.push(bytes);
        must(wrote(bytes.size()));
        return true;
    }

    template <class Took> void take(std::string_view bytes, std::string& from, Took took) {
        const std::size_t count = bytes.size();
        net_.expect(count != 0 && bytes.data() == from.data(), property::one_reader);
        must(took(count));
        from.erase(0, count);
    }

    client_end& end_;
    wire& net_;
    const setup& of_;
};

} // namespace model
