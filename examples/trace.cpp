// trace.cpp: shows each step of a machine over bytes from stdin. A machine needs no network and no TLS to be watched.
#include <cstdio>
#include <exception>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tlsup/tlsup.hpp>

#include "support/trace_connect.hpp"
#include "support/trace_options.hpp"
#include "support/trace_steps.hpp"

namespace {

using namespace example;
using tlsup::action;
using tlsup::errc;

/// What the handshake, which did not happen, is taken to have come to.
tlsup::tls_facts assumed_handshake(bool alpn, std::string_view name) {
    const std::string_view selected = alpn ? tlsup::alpn_name : std::string_view{};
    return {selected, name, tlsup::session::full, tlsup::early::none, tlsup::identity::verified};
}

class traced_server {
  public:
    traced_server(const tlsup::server_options& rules, std::vector<std::string> pieces)
        : rules_(rules), in_(std::move(pieces)) {}

    void run() {
        for (std::size_t number = 1;; ++number) {
            const bool secure = machine_.secure();
            const tlsup::step wanted =
                secure ? machine_.next_secure(in_.plain, in_.clear, rules_) : machine_.next(in_.clear, rules_);
            json_line line = describe(number, wanted, machine_.state());
            if (!obey(wanted, secure, line)) {
                line.text("outcome", to_string(machine_.outcome())).print();
                return;
            }
            line.print();
        }
    }

  private:
    // Carries a step out; false at the end.
    bool obey(const tlsup::step& wanted, bool secure, json_line& line) {
        switch (wanted.what) {
        case action::write:
            (void)machine_.wrote(wanted.bytes.size());
            return true;
        case action::read:
            if (!in_.next_piece(secure)) {
                (void)machine_.peer_closed();
            }
            return true;
        case action::decide: {
            const tlsup::request_view request = machine_.request(wanted.bytes);
            const bool take = !request.offer.empty();
            host_ = request.line.authority;
            line.text("offer", to_string(request.why)).text("answer", take ? "accept" : "decline");
            (void)(take ? machine_.accept(0) : machine_.decline());
            return true;
        }
        case action::drop:
        case action::body:
            in_.take(wanted.bytes, secure);
            (void)machine_.took(wanted.bytes.size());
            return true;
        case action::drain:
            in_.take(wanted.bytes, secure);
            (void)machine_.took(wanted.bytes.size());
            if (!in_.next_piece(secure)) {
                (void)machine_.peer_closed();
            }
            return true;
        case action::answer:
            (void)machine_.answered();
            return true;
        case action::start_tls:
            start_tls(wanted.bytes, line);
            return true;
        case action::wait:
        case action::secure:
        case action::dial:
        case action::tunnel:
        case action::detach:
        case action::close:
            return false;
        }
        return false;
    }

    // The gate sees the bytes one by one, so that what is behind the hello can be told from it.
    void start_tls(std::string_view records, json_line& line) {
        using progress = tlsup::hello_gate::progress;
        tlsup::authority host;
        (void)tlsup::parse_authority(host_, tlsup::port_rule::optional, host);
        progress found = progress::more;
        std::size_t count = 0;
        while (count < records.size() && found == progress::more) {
            found = gate_.feed(records.substr(count, 1), host.host, rules_.upgrade.defence);
            ++count;
        }
        in_.take(records.substr(0, count), false);
        (void)machine_.took(count);
        if (found == progress::more) {
            if (!in_.next_piece(false)) {
                (void)machine_.peer_closed();
            }
            return;
        }
        const tlsup::hello_verdict verdict = gate_.verdict();
        line.text("hello", to_string(verdict.why()));
        (void)machine_.tls_hello(verdict);
        if (verdict.passed()) {
            const std::string_view name = verdict.has_sni() ? host.host : std::string_view{};
            (void)machine_.tls_established(assumed_handshake(verdict.has_alpn(), name), rules_);
            in_.plain.assign(in_.clear, held_in_clear());
            in_.clear.resize(held_in_clear());
        }
    }

    // The head of the accepted request stays at the front.
    [[nodiscard]] std::size_t held_in_clear() const { return in_.clear.find("\r\n\r\n") + 4; }

    tlsup::server_options rules_;
    arrivals in_;
    tlsup::server machine_;
    tlsup::hello_gate gate_;
    std::string host_;
};

class traced_client {
  public:
    traced_client(const trace_options& options, std::vector<std::string> pieces)
        : rules_(options.client), in_(std::move(pieces)) {
        tlsup::request_text request{.method = "GET", .target = "/", .host = "localhost"};
        if (options.offer) {
            request.offer = tlsup::default_tokens;
        }
        rules_.probe = tlsup::write_probe(probe_text_, request.host, tlsup::default_tokens).head;
        rules_.request = tlsup::write_request(request_text_, request).head;
    }

    void run() {
        for (std::size_t number = 1;; ++number) {
            const bool secure = machine_.secure();
            const tlsup::step wanted =
                secure ? machine_.next_secure(in_.plain, rules_) : machine_.next(in_.clear, rules_);
            json_line line = describe(number, wanted, machine_.state());
            if (!obey(wanted, secure)) {
                line.text("outcome", to_string(machine_.outcome())).print();
                return;
            }
            line.print();
        }
    }

  private:
    // Carries a step out; false at the end.
    bool obey(const tlsup::step& wanted, bool secure) {
        switch (wanted.what) {
        case action::write:
            (void)machine_.wrote(wanted.bytes.size());
            return true;
        case action::read:
            if (!in_.next_piece(secure)) {
                (void)machine_.peer_closed();
            }
            return true;
        case action::drop:
        case action::answer:
        case action::body:
            in_.take(wanted.bytes, secure);
            (void)machine_.took(wanted.bytes.size());
            return true;
        case action::start_tls:
            (void)machine_.tls_established(assumed_handshake(true, "localhost"), rules_);
            return true;
        case action::dial: // what comes next belongs to the new connection
            (void)machine_.retry();
            return true;
        case action::wait:
        case action::decide:
        case action::secure:
        case action::tunnel:
        case action::drain:
        case action::detach:
        case action::close:
            return false;
        }
        return false;
    }

    char probe_text_[256] = {};
    char request_text_[256] = {};
    tlsup::client_options rules_;
    arrivals in_;
    tlsup::client machine_;
};

void run_hello(const trace_options& options, const std::vector<std::string>& pieces) {
    constexpr std::string_view names[] = {"more", "pass", "refuse"};
    tlsup::hello_gate gate;
    std::size_t number = 0;
    for (const std::string& each : pieces) {
        const tlsup::hello_gate::progress found = gate.feed(each, options.host, options.server.upgrade.defence);
        const tlsup::hello_verdict verdict = gate.verdict();
        const bool more = found == tlsup::hello_gate::progress::more;
        json_line line;
        line.number("step", ++number)
            .text("action", names[static_cast<std::size_t>(found)])
            .text("bytes", each)
            .text("error", to_string(more ? errc::ok : verdict.why()))
            .number("alert", more ? 0U : verdict.alert())
            .truth("server_name", verdict.has_sni())
            .truth("alpn", verdict.has_alpn())
            .print();
        if (!more) {
            return;
        }
    }
}

} // namespace

int main(int count, char** words) {
    try {
        const trace_options options = read_command_line({words + 1, words + count});
        if (options.help) {
            std::cout << trace_help;
            return 0;
        }
        const std::string bytes{std::istreambuf_iterator<char>(std::cin), {}};
        std::vector<std::string> pieces = cut(bytes, options);
        if (options.role == "server") {
            traced_server(options.server, std::move(pieces)).run();
        } else if (options.role == "client") {
            traced_client(options, std::move(pieces)).run();
        } else if (options.role == "connect-client") {
            traced_connect_client(options, std::move(pieces)).run();
        } else if (options.role == "connect-proxy") {
            traced_connect_proxy(options, std::move(pieces)).run();
        } else {
            run_hello(options, pieces);
        }
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "trace: %s; try --help\n", error.what());
        return 1;
    }
}
