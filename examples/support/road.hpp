// road.hpp: a client's way to a server: a direct connection, or a tunnel through proxies.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tlsup/connect_client.hpp>
#include <tlsup/write_connect.hpp>

#include "client_connection.hpp"
#include "net.hpp"
#include "transcript.hpp"

namespace example {

/// A proxy on the way, and what to say when it asks who we are.
struct proxy_hop {
    endpoint where;
    std::string user;
    std::string password;
    bool asked = false; ///< it has asked: its login goes with each CONNECT from now on

    [[nodiscard]] bool has_login() const { return !user.empty() || !password.empty(); }
};

/// A proxy did not open its tunnel, or broke the protocol.
struct tunnel_failure : failure {
    tunnel_failure(tlsup::errc why, const std::string& text) : failure(text), error(why) {}
    tlsup::errc error;
};

/// Connects to one server, as often as is needed. The proxies stand in the order in which they are passed.
class road {
  public:
    road(std::vector<proxy_hop> hops, endpoint to, transcript& say)
        : hops_(std::move(hops)), to_(std::move(to)), say_(say) {}

    /// A new connection to the server. What is unread in it came from the server. Throws `failure` where the first hop
    /// cannot be reached, and `tunnel_failure`.
    void connect(std::optional<client_connection>& made, clock::time_point until) {
        do {
            made.reset();
            made.emplace(hops_.empty() ? to_ : hops_.front().where, until);
            say_.new_connection();
            say_.note("connected to " + to_string(hops_.empty() ? to_ : hops_.front().where));
        } while (!pass_all(*made));
    }

  private:
    // False where a proxy wants its login on a new connection.
    bool pass_all(client_connection& through) {
        for (std::size_t at = 0; at < hops_.size(); ++at) {
            const endpoint& target = at + 1 < hops_.size() ? hops_[at + 1].where : to_;
            if (!pass(hops_[at], target, through)) {
                return false;
            }
            say_.note("tunnel to " + to_string(target) + " through " + to_string(hops_[at].where));
        }
        return true;
    }

    bool pass(proxy_hop& hop, const endpoint& target, client_connection& through) {
        using tlsup::action;
        std::string text;
        tlsup::connect_options options{.connect = compose(hop, target, text)};
        tlsup::connect_client machine;
        const auto take = [&](std::size_t count) {
            through.clear().erase(0, count);
            (void)machine.took(count);
        };
        while (true) {
            const tlsup::step wanted = machine.next(through.clear(), options);
            switch (wanted.what) {
            case action::write:
                write(machine, wanted.bytes, through);
                break;
            case action::read:
                read(machine, through);
                break;
            case action::drop:
                say_.received(wanted.bytes, false);
                take(wanted.bytes.size());
                break;
            case action::answer:
                if (answered(machine, wanted.bytes, hop)) {
                    options.connect = compose(hop, target, text);
                }
                take(wanted.bytes.size());
                break;
            case action::body:
                say_.note("the proxy's own content, " + std::to_string(wanted.bytes.size()) + " octets");
                take(wanted.bytes.size());
                break;
            case action::tunnel:
                return true;
            case action::dial: // the machine would go on with a new connection; here all hops before it are new as well
                return false;
            case action::close:
                throw refused(machine, hop, target);
            case action::wait:
            case action::decide:
            case action::start_tls:
            case action::secure:
            case action::detach:
            case action::drain:
                throw std::logic_error("this step is not a CONNECT client's");
            }
        }
    }

    static tlsup::prepared_head compose(const proxy_hop& hop, const endpoint& target, std::string& text) {
        tlsup::connect_text wanted{.host = target.host, .port = static_cast<std::uint16_t>(std::stoul(target.port))};
        if (hop.asked) {
            wanted.login = {hop.user, hop.password};
        }
        text.assign(4096, '\0');
        const tlsup::prepared made = tlsup::write_connect(text, wanted);
        if (made.error != tlsup::errc::ok) {
            throw tunnel_failure(made.error, "CONNECT cannot be written for " + to_string(target));
        }
        return made.head;
    }

    void write(tlsup::connect_client& machine, std::string_view bytes, client_connection& through) {
        say_.sent(bytes, false);
        if (!through.send(bytes)) {
            (void)machine.peer_closed();
        }
        (void)machine.wrote(bytes.size());
    }

    static void read(tlsup::connect_client& machine, client_connection& through) {
        using event = client_connection::event;
        const event came = through.receive();
        if (came == event::timeout) {
            (void)machine.abort(tlsup::errc::timeout);
        } else if (came != event::bytes) {
            (void)machine.peer_closed();
        }
    }

    // Whether the proxy is asked again, now with the login. Each is asked for it once.
    bool answered(tlsup::connect_client& machine, std::string_view head, proxy_hop& hop) {
        say_.received(head, false);
        if (!machine.response(head).basic || hop.asked || !hop.has_login()) {
            return false;
        }
        say_.note("the proxy asks who we are");
        hop.asked = true;
        return machine.retry() == tlsup::errc::ok;
    }

    static tunnel_failure refused(const tlsup::connect_client& machine, const proxy_hop& hop, const endpoint& target) {
        const std::string what = to_string(hop.where) + " answered CONNECT " + to_string(target) + " with ";
        if (machine.outcome() == tlsup::outcome::refused) {
            return {tlsup::errc::tunnel_refused, what + std::to_string(machine.status())};
        }
        const tlsup::errc error = machine.error();
        return {error, to_string(hop.where) + ", asked for " + to_string(target) + ": " + std::string(explain(error)) +
                           " (" + std::string(source(error)) + ")"};
    }

    std::vector<proxy_hop> hops_;
    endpoint to_;
    transcript& say_;
};

} // namespace example
