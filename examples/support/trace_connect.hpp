// trace_connect.hpp: the CONNECT machines, traced.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tlsup/tlsup.hpp>

#include "trace_options.hpp"
#include "trace_steps.hpp"

namespace example {

/// Asks a proxy for a tunnel, and once more with a login where it asks for Basic.
class traced_connect_client {
  public:
    traced_connect_client(const trace_options& options, std::vector<std::string> pieces)
        : options_(options), in_(std::move(pieces)) {
        compose(false);
    }

    void run() {
        for (std::size_t number = 1;; ++number) {
            const tlsup::step wanted = machine_.next(in_.clear, rules_);
            json_line line = describe(number, wanted, machine_.state());
            if (!obey(wanted)) {
                line.text("outcome", to_string(machine_.outcome())).text("unread", in_.clear).print();
                return;
            }
            line.print();
        }
    }

  private:
    using action = tlsup::action;

    void compose(bool login) {
        tlsup::connect_text wanted{.host = options_.host, .port = options_.port};
        if (login) {
            wanted.login = {options_.user, options_.password};
        }
        const tlsup::prepared made = tlsup::write_connect(text_, wanted);
        if (made.error != tlsup::errc::ok) {
            throw usage_error("CONNECT cannot be written: " + std::string(explain(made.error)));
        }
        rules_.connect = made.head;
        asked_ = login;
    }

    // Carries a step out; false at the end.
    bool obey(const tlsup::step& wanted) {
        if (wanted.what == action::write) {
            (void)machine_.wrote(wanted.bytes.size());
        } else if (wanted.what == action::read) {
            if (!in_.next_piece(false)) {
                (void)machine_.peer_closed();
            }
        } else if (wanted.what == action::dial) { // what comes next belongs to the new connection
            in_.clear.clear();
            (void)machine_.retry();
        } else if (wanted.what == action::drop || wanted.what == action::answer || wanted.what == action::body) {
            const bool login = !asked_ && !(options_.user.empty() && options_.password.empty());
            if (wanted.what == action::answer && machine_.response(wanted.bytes).basic && login) {
                (void)machine_.retry();
                compose(true);
            }
            in_.take(wanted.bytes, false);
            (void)machine_.took(wanted.bytes.size());
        } else {
            return false;
        }
        return true;
    }

    const trace_options& options_;
    char text_[1024] = {};
    bool asked_ = false;
    tlsup::connect_options rules_;
    arrivals in_;
    tlsup::connect_client machine_;
};

/// Opens every tunnel that the rules allow.
class traced_connect_proxy {
  public:
    traced_connect_proxy(const trace_options& options, std::vector<std::string> pieces)
        : login_{options.user, options.password}, in_(std::move(pieces)) {
        rules_.ports = {options.ports.data(), options.ports.size()};
        rules_.addresses = {options.addresses.data(), options.addresses.size()};
        rules_.challenge = tlsup::write_407(text_, "Basic realm=\"tlsup\"", "Who are you?\n").head;
    }

    void run() {
        for (std::size_t number = 1;; ++number) {
            const tlsup::step wanted = machine_.next(in_.clear, rules_);
            json_line line = describe(number, wanted, machine_.state());
            if (!obey(wanted, line)) {
                line.text("outcome", to_string(machine_.outcome())).text("unread", in_.clear).print();
                return;
            }
            line.print();
        }
    }

  private:
    using action = tlsup::action;

    // Carries a step out; false at the end.
    bool obey(const tlsup::step& wanted, json_line& line) {
        if (wanted.what == action::write) {
            (void)machine_.wrote(wanted.bytes.size());
        } else if (wanted.what == action::decide) {
            decide(machine_.target(wanted.bytes), line);
        } else if (wanted.what == action::dial) {
            (void)machine_.dialing();
        } else if (wanted.what == action::wait) { // the dial succeeded
            (void)machine_.tunnel_open();
        } else if (wanted.what == action::drop || wanted.what == action::drain || wanted.what == action::read) {
            in_.take(wanted.bytes, false);
            (void)machine_.took(wanted.bytes.size());
            if (wanted.what != action::drop && !in_.next_piece(false)) {
                (void)machine_.peer_closed();
            }
        } else {
            return false;
        }
        return true;
    }

    void decide(const tlsup::connect_target& target, json_line& line) {
        line.text("host", target.host).number("port", target.port);
        const bool known = !login_.given() || tlsup::basic_matches(target.authorization, login_);
        (void)(known ? machine_.open() : machine_.challenge(rules_));
    }

    char text_[512] = {};
    tlsup::credentials login_;
    tlsup::proxy_options rules_;
    arrivals in_;
    tlsup::connect_proxy machine_;
};

} // namespace example
