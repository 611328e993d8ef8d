// server_end.hpp: the server's end: the shipping machines with an honest caller around them, or a server that speaks
// TLS at once. A proxy may stand before it; the way between the two is out of the adversary's reach.
#pragma once

#include <string>
#include <string_view>

#include "setup.hpp"
#include "wire.hpp"

namespace model {

struct server_end {
    connect_proxy proxy{};
    server machine{};
    hello_gate gate{};
    std::string clear{};
    std::string plain{};
    std::string engine{}; ///< what the TLS engine got and has not used
    std::string hello{};  ///< the ClientHello that passed
    std::string out{};    ///< a response that is not whole yet
    bool tunnelled = false;
    bool refused = false; ///< by the proxy
    bool upstream = false;
    bool passed = false; ///< the gate
    bool secured = false;
    bool shown = false;    ///< a 101 was to be written
    bool switched = false; ///< and was, to its end
    bool expects = false;  ///< the accepted request waits for a 100
    bool continued = false;
    std::uint8_t content_left = 0; ///< octets of its content that were not read
    std::uint16_t held = 0;        ///< octets of the head that was accepted
    bool ended = false;
    bool told = false;
    bool over = false;

    friend bool operator==(const server_end&, const server_end&) = default;
};

class server_caller {
  public:
    server_caller(server_end& end, wire& net, const setup& of) : end_(end), net_(net), of_(of) {}

    void run() {
        unsigned turns = 0;
        while (!end_.over && net_.broken == nullptr && advance()) {
            net_.expect(++turns < 400, property::progress);
        }
        net_.server_gone = net_.server_gone || end_.over;
    }

    [[nodiscard]] bool patient() const {
        return end_.over || of_.server == server_kind::implicit ||
               (proxying() ? end_.proxy.wanted() : end_.machine.wanted()) != deadline::none;
    }

    void time_out() {
        if (of_.server == server_kind::implicit) {
            if (end_.secured && !net_.secure_to_client.full()) { // as real servers do when no request comes
                net_.secure_to_client.push(
                    "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
            }
            end_.over = true;
        } else if (proxying()) {
            (void)end_.proxy.abort(errc::timeout);
        } else {
            (void)end_.machine.abort(errc::timeout);
        }
        run();
    }

    void check_calls() {
        if (of_.server == server_kind::implicit || proxying()) {
            return;
        }
        const server before = end_.machine;
        const auto unchanged = [&](auto call) {
            server copy = before;
            net_.expect(call(copy) != errc::wrong_call || copy == before, property::wrong_call);
        };
        const tls_facts facts{alpn_name, host, session::full, early::none, identity::verified};
        unchanged([](server& at) { return at.took(70000); });
        unchanged([](server& at) { return at.wrote(70000); });
        unchanged([](server& at) { return at.decline(); });
        unchanged([](server& at) { return at.require_upgrade(); });
        unchanged([](server& at) { return at.reject(503); });
        unchanged([](server& at) { return at.answered(); });
        unchanged([&](server& at) { return at.tls_established(facts, of_.serves); });
        unchanged([](server& at) { return at.tls_failed(); });
        unchanged([](server& at) { return at.detach(); });
        unchanged([&](server& at) { return at.tls_hello(hello_gate().verdict()); });
        if (before.state() == server_state::closed) {
            server copy = before;
            const bool absorbed = copy.abort(errc::timeout) == errc::wrong_call && copy.detach() == errc::wrong_call;
            (void)copy.next(probe_head().text(), of_.serves);
            net_.expect(absorbed && copy.state() == server_state::closed, property::absorbing);
        }
        net_.expect(!before.secure() || (end_.passed && end_.secured), property::judged);
    }

  private:
    [[nodiscard]] bool proxying() const { return of_.through_proxy && !end_.tunnelled; }
    void must(errc error) { net_.expect(error == errc::ok, property::accepted_answer); }

    bool advance() {
        return of_.server == server_kind::implicit ? advance_implicit()
               : proxying()                        ? advance_proxy()
                                                   : advance_machine();
    }

    // Speaks TLS at once, whatever was said before on the way here.
    bool advance_implicit() {
        if (!end_.secured) {
            const std::string_view found = record(end_.clear);
            const char first = end_.hello.empty() ? '\x16' : '\x14'; // a hello, then what completes the handshake
            end_.over = end_.clear.empty() ? end_.ended : end_.clear[0] != first || (found.empty() && end_.ended);
            if (found.empty() || end_.over) {
                return false;
            }
            if (net_.to_client.full()) {
                return false;
            }
            if (end_.hello.empty()) {
                end_.hello = found;
                end_.clear.erase(0, found.size());
                net_.to_client.push(server_flight(end_.hello, of_.certificate, {}));
                return true;
            }
            end_.secured = found == client_finish(end_.hello);
            end_.over = !end_.secured;
            end_.clear.clear();
            return end_.secured;
        }
        if (!end_.clear.empty() || end_.ended) {
            end_.over = true;
        } else if (end_.plain.find("\r\n\r\n") != std::string::npos && !net_.secure_to_client.full()) {
            net_.secure_to_client.push(answer_for(label_of(target_of(end_.plain))));
            end_.plain.clear();
        }
        return false;
    }

    static std::string_view target_of(std::string_view head) {
        const std::size_t from = head.find(' ') + 1;
        return head.substr(from, head.find(' ', from) - from);
    }

    bool advance_proxy() {
        proxy_options options;
        options.ports = tunnel_ports;
        const step now = end_.proxy.next(end_.clear, options);
        net_.expect(end_.proxy.next(end_.clear, options) == now, property::idempotent);
        switch (now.what) {
        case action::read:
            return end();
        case action::decide:
            net_.expect(!end_.refused, property::nothing_parsed);
            end_.refused = of_.proxy_denies;
            must(of_.proxy_denies ? end_.proxy.refuse(std::uint16_t{403}) : end_.proxy.open());
            return true;
        case action::dial:
            must(end_.proxy.dialing());
            return true;
        case action::wait:
            end_.upstream = true;
            must(end_.proxy.tunnel_open());
            return true;
        case action::write:
            net_.expect(!now.bytes.starts_with("HTTP/1.1 2") || end_.upstream, property::upstream_first);
            return write(now, net_.to_client, end_.proxy);
        case action::tunnel:
            net_.expect(!end_.refused, property::nothing_parsed);
            end_.tunnelled = true;
            return true;
        case action::drain:
            end_.refused = true;
            return drain(now.bytes, end_.clear, end_.proxy);
        case action::close:
            end_.over = true;
            return false;
        case action::drop:
            net_.expect(!end_.refused, property::nothing_parsed);
            take(now.bytes, end_.clear, end_.proxy);
            return true;
        case action::body:
        case action::answer:
        case action::start_tls:
        case action::secure:
        case action::detach:
            break;
        }
        net_.expect(false, property::accepted_answer);
        return false;
    }

    bool advance_machine() {
        server& machine = end_.machine;
        const bool secure = machine.secure();
        if (secure && end_.clear.size() > end_.held) { // records that nobody made
            end_.clear.resize(end_.held);
            must(machine.tls_failed());
            return true;
        }
        const auto next = [&](server& at) {
            return secure ? at.next_secure(end_.plain, end_.clear, of_.serves) : at.next(end_.clear, of_.serves);
        };
        const step now = next(machine);
        net_.expect(next(machine) == now, property::idempotent);
        const bool parses = now.what == action::decide || now.what == action::body || now.what == action::answer;
        net_.expect(!parses || secure || !end_.switched, property::never_back);
        queue& out = secure ? net_.secure_to_client : net_.to_client;
        switch (now.what) {
        case action::read:
            return end();
        case action::write:
            check_101(now);
            return write(now, out, machine);
        case action::decide:
            decide(now.bytes);
            return true;
        case action::body:
            end_.content_left = static_cast<std::uint8_t>(end_.content_left - now.bytes.size());
            take(now.bytes, secure ? end_.plain : end_.clear, machine);
            return true;
        case action::drop:
            take(now.bytes, secure ? end_.plain : end_.clear, machine);
            return true;
        case action::answer:
            if (out.full()) {
                return false;
            }
            out.push(answer_for(label_of(machine.request(now.bytes).line.target)));
            must(machine.answered());
            return true;
        case action::start_tls:
            return start_tls(now.bytes);
        case action::drain:
            return drain(now.bytes, secure ? end_.plain : end_.clear, machine);
        case action::close:
            end_.over = true;
            return false;
        case action::wait:
        case action::secure:
        case action::dial:
        case action::tunnel:
        case action::detach:
            break;
        }
        net_.expect(false, property::accepted_answer);
        return false;
    }

    void decide(std::string_view head) {
        server& machine = end_.machine;
        const request_view request = machine.request(head);
        const method how = request.facts.method();
        net_.expect(how != method::connect || of_.serves.connect_requests, property::accepted_answer);
        if (how == method::connect || how == method::trace) {
            must(machine.reject(501));
        } else if (!request.offer.empty()) {
            end_.held = static_cast<std::uint16_t>(head.size());
            end_.expects = request.facts.expects_continue();
            end_.content_left = static_cast<std::uint8_t>(request.facts.content_length());
            must(machine.accept(0));
        } else {
            must(of_.strict && !machine.secure() ? machine.require_upgrade() : machine.decline());
        }
    }

    /// When the 101 is shown for the first time. From then on what comes belongs to TLS, even if it cannot go out yet.
    void check_101(const step& now) {
        if (now.status == 101 && !end_.shown) {
            end_.shown = true;
            net_.expect(end_.clear.size() == end_.held, property::whole_101);
            net_.expect(end_.content_left == 0, property::body_first);
            net_.expect(!end_.expects || end_.continued, property::continue_first);
        }
        end_.continued = end_.continued || now.bytes == continue_100;
    }

    bool start_tls(std::string_view bytes) {
        net_.expect(end_.switched, property::whole_101);
        if (net_.to_client.full()) {
            return false;
        }
        if (bytes.empty() && end_.engine.empty()) {
            return end();
        }
        server& machine = end_.machine;
        hello_gate::progress found = hello_gate::progress::pass;
        if (!end_.passed) {
            found = end_.gate.feed(bytes, machine.upgraded_host(end_.clear), of_.serves.upgrade.defence);
        }
        const bool nothing = bytes.empty();
        end_.engine += bytes;
        take(bytes, end_.clear, machine);
        if (found == hello_gate::progress::more) {
            return !nothing;
        }
        if (!end_.passed) {
            must(machine.tls_hello(end_.gate.verdict()));
            end_.passed = found == hello_gate::progress::pass;
            if (end_.passed) {
                end_.hello = record(end_.engine);
                end_.engine.erase(0, end_.hello.size());
                net_.to_client.push(server_flight(end_.hello, of_.certificate, selected()));
            }
            return true;
        }
        return finish() || !nothing;
    }

    [[nodiscard]] std::string_view selected() const {
        return end_.hello.find(alpn_name) != std::string::npos ? alpn_name : std::string_view{};
    }
    [[nodiscard]] std::string_view name() const {
        return end_.hello.find(host) != std::string::npos ? host : std::string_view{};
    }

    /// What follows the ClientHello completes the handshake, or ends it.
    bool finish() {
        if (end_.engine.empty()) {
            return false;
        }
        const std::string_view found = record(end_.engine);
        if (found.empty() && end_.engine[0] == '\x14') {
            return false;
        }
        server& machine = end_.machine;
        if (found != client_finish(end_.hello) || found.size() != end_.engine.size()) {
            end_.engine.clear();
            must(machine.tls_failed());
            return true;
        }
        end_.engine.clear();
        const errc error =
            machine.tls_established({selected(), name(), session::full, early::none, identity::unverified}, of_.serves);
        end_.secured = error == errc::ok;
        must(error);
        return true;
    }

    bool end() {
        const bool fresh = end_.ended && !end_.told;
        if (fresh) {
            end_.told = true;
            must(proxying() ? end_.proxy.peer_closed() : end_.machine.peer_closed());
        }
        return fresh;
    }

    template <class Machine> bool write(const step& now, queue& out, Machine& machine) {
        if (out.full()) {
            return false;
        }
        end_.out += now.bytes;
        const bool whole = !now.more;
        must(machine.wrote(now.bytes.size()));
        if (whole) {
            end_.switched = end_.switched || end_.out.starts_with("HTTP/1.1 101 ");
            out.push(end_.out);
            end_.out.clear();
        }
        return true;
    }

    template <class Machine> bool drain(std::string_view bytes, std::string& from, Machine& machine) {
        if (bytes.empty()) {
            return end();
        }
        take(bytes, from, machine);
        return true;
    }

    template <class Machine> void take(std::string_view bytes, std::string& from, Machine& machine) {
        if (bytes.empty()) {
            return;
        }
        const std::size_t count = bytes.size();
        const auto at = static_cast<std::size_t>(bytes.data() - from.data());
        net_.expect(at <= from.size() && count <= from.size() - at, property::one_reader);
        must(machine.took(count));
        from.erase(at, count);
    }

    server_end& end_;
    wire& net_;
    const setup& of_;
};

} // namespace model
