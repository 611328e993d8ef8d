// route.hpp: the road of one request, over proxies and upgrades, to an answer with the security that was asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "action.hpp"
#include "client.hpp"
#include "connect_client.hpp"
#include "outcome.hpp"
#include "route_chart.hpp"
#include "route_options.hpp"

namespace tlsup {

/// One request's road. It composes `connect_client` and `client`, says whom to dial and what to write, and ends in one
/// of three ways: `answered_secure`, `answered` (in clear, where `requirement::any` allows it and no 426 forbade it),
/// or `refused` with the reason.
///
/// - Direct: the client's exchange. A 426 with Upgrade is followed once; one that cannot be is a refusal.
/// - Through proxies, with `requirement::tls` or an offer: a tunnel through each of them first, then the exchange
/// inside.
///   No proxy ever gets an offer. An offer whose tunnel is denied may go without, in clear, as `forwarded`.
/// - Through proxies, without an offer: `forwarded` to the last proxy. A 426, with Upgrade or without, leads into a
///   tunnel, and there to the probe: the requirement is raised. RFC 2817 5.1.
/// - 407: once more with the login, one time for each proxy.
///
/// It never loops: what leads to another connection happens once for each proxy or once at all, and
/// `route_options::connections` bounds the rest. Every answer returns `wrong_call`, and changes nothing, where it does
/// not fit the state.
class route {
  public:
    constexpr route() noexcept = default;

    /// What to do next, in clear. `clear`: all bytes that were received and not taken.
    ///
    /// `dial`: close what is open, empty the buffers, connect to the first proxy, or without proxies to the server;
    /// then `connected()`. `answer`, `body`: the final response, or a refusal's, which is a proxy's where `hop()` says
    /// so. `start_tls`: for the name `tls_name()`.
    constexpr step next(std::string_view clear, const route_options& options) noexcept {
        if (secure() && !over()) {
            return {{}, action::secure, errc::wrong_call, 0, false};
        }
        return run(clear, options);
    }

    /// What to do next, inside TLS. `plain`: decrypted bytes that were not taken. RFC 9112 9.7.
    constexpr step next_secure(std::string_view plain, const route_options& options) noexcept {
        if (!secure() && !over()) {
            return {{}, action::wait, errc::wrong_call, 0, false};
        }
        return run(plain, options);
    }

    /// At `dial`: the connection stands, and its buffers are empty. Where it cannot be had: `abort`.
    [[nodiscard]] constexpr errc connected(const route_options& options) noexcept;

    /// `count` octets of the last step's bytes left the buffer. Heads leave whole.
    [[nodiscard]] constexpr errc took(std::size_t count) noexcept {
        return state_ == route_state::tunnelling ? link_.took(count)
               : speaks()                        ? client_.took(count)
                                                 : errc::wrong_call;
    }

    /// `count` octets of the last `write` step were written.
    [[nodiscard]] constexpr errc wrote(std::size_t count) noexcept {
        return state_ == route_state::tunnelling ? link_.wrote(count)
               : speaks()                        ? client_.wrote(count)
                                                 : errc::wrong_call;
    }

    /// The request's content was sent to its end: behind each `write` step with `more`. RFC 9110 7.8.
    [[nodiscard]] constexpr errc request_body_done() noexcept {
        return speaks() ? client_.request_body_done() : errc::wrong_call;
    }

    /// The handshake is complete. An error other than `wrong_call` ends the road. RFC 2817 8.
    [[nodiscard]] constexpr errc tls_established(const tls_facts& facts, const route_options& options) noexcept {
        return state_ == route_state::exchanging ? client_.tls_established(facts, options.exchange) : errc::wrong_call;
    }

    /// The handshake, or the TLS connection, failed: there is no way back to clear. RFC 2817 3.3.
    [[nodiscard]] constexpr errc tls_failed() noexcept {
        return state_ == route_state::exchanging ? client_.tls_failed() : errc::wrong_call;
    }

    /// The peer will send no more. What is unread is processed first. RFC 9112 9.8.
    [[nodiscard]] constexpr errc peer_closed(closure how = closure::fin) noexcept {
        if (state_ == route_state::tunnelling) { // also where the tunnel stands and the route has yet to see it
            ended_ = true;
            (void)link_.peer_closed();
            return errc::ok;
        }
        return speaks() ? client_.peer_closed(how) : errc::wrong_call;
    }

    /// Gives up: with `timeout`, or with what kept a `dial` from its connection, such as `upstream_refused`.
    [[nodiscard]] constexpr errc abort(errc why) noexcept {
        if (over()) {
            return errc::wrong_call;
        }
        refuse(why == errc::ok ? errc::aborted : why);
        return errc::ok;
    }

    [[nodiscard]] constexpr route_state state() const noexcept { return state_; }
    [[nodiscard]] constexpr bool secure() const noexcept { return client_.secure(); }
    /// Who speaks: the number of a proxy, or how many there are where it is the server. Through a forward proxy it is
    /// that proxy, whose words may be the server's: only in the state `tunnelling` are they a proxy's own for sure.
    [[nodiscard]] constexpr std::size_t hop() const noexcept { return hop_; }
    /// The name that the server's certificate has to cover: the host of the request, without its port. A view into the
    /// options' request. RFC 2817 8.
    [[nodiscard]] static constexpr std::string_view tls_name(const route_options& options) noexcept {
        authority parsed;
        field host;
        if (find_field(options.exchange.request.text(), "host"sv, host)) {
            (void)parse_authority(host.value, port_rule::optional, parsed);
        }
        return bare_host(parsed.host);
    }

    /// The final response of an `answer` step that is not a proxy's refusal. Through a forward proxy its `hint` is
    /// empty: Upgrade says there what the proxy does. RFC 9110 7.8.
    [[nodiscard]] constexpr response_view response() const noexcept {
        response_view view = client_.response();
        view.hint = forwards_ ? token_list{} : view.hint;
        return view;
    }
    /// The status of the last final response, or of a proxy's refusal; 0 before it.
    [[nodiscard]] constexpr std::uint16_t status() const noexcept {
        const std::uint16_t told = asked_proxy_ ? link_.status() : client_.response().facts.status();
        return told < 200 ? std::uint16_t{0} : told; // a 1xx is not final
    }
    /// Whether a 426 was followed: from then on a clear answer is out of the question.
    [[nodiscard]] constexpr bool raised() const noexcept { return raised_ || client_.raised(); }
    /// The tokens of a followed 426, empty where none was followed, or where it came through a proxy.
    [[nodiscard]] constexpr token_list required_tokens() const noexcept { return client_.required_tokens(); }
    /// Connections so far.
    [[nodiscard]] constexpr std::uint8_t connections() const noexcept { return connections_; }
    /// Whether the connection can carry another request, once it is answered.
    [[nodiscard]] constexpr bool reusable() const noexcept {
        return over() && state_ != route_state::refused && client_.reusable();
    }
    /// Why it was refused.
    [[nodiscard]] constexpr errc error() const noexcept { return error_; }
    /// `pending`, `answered_secure`, `answered` or `refused`.
    [[nodiscard]] constexpr tlsup::outcome outcome() const noexcept {
        return state_ == route_state::answered          ? tlsup::outcome::answered
               : state_ == route_state::answered_secure ? tlsup::outcome::answered_secure
               : state_ == route_state::refused         ? tlsup::outcome::refused
                                                        : tlsup::outcome::pending;
    }
    [[nodiscard]] constexpr deadline wanted() const noexcept {
        return state_ == route_state::dialing      ? deadline::dial
               : state_ == route_state::tunnelling ? link_.wanted()
               : over()                            ? deadline::none
                                                   : client_.wanted();
    }

    friend constexpr bool operator==(const route&, const route&) noexcept = default;

  private:
    static constexpr std::size_t most_proxies = 8;

    [[nodiscard]] constexpr bool over() const noexcept { return state_ >= route_state::answered; }
    /// Whether the `client` has the word.
    [[nodiscard]] constexpr bool speaks() const noexcept {
        return state_ == route_state::forwarding || state_ == route_state::exchanging;
    }
    constexpr void fire(route_event on) noexcept { (void)follow(route_chart, state_, on); }
    constexpr void refuse(errc why) noexcept {
        error_ = why;
        fire(route_event::refusal);
    }
    /// Whether this proxy was sent its login, or is to get it with the next head.
    [[nodiscard]] constexpr bool logged_in(std::size_t proxy) const noexcept { return ((logins_ >> proxy) & 1U) != 0; }
    /// Notes that this proxy gets its login from now on; false where it had its chance, or there is none.
    constexpr bool log_in(std::string_view head, const route_options& options) noexcept;
    /// Whether a request that no tunnel carries goes in clear instead: its offer was only an offer. A 407 is no such
    /// case: the request would meet it too.
    [[nodiscard]] constexpr bool falls_back(const route_options& options) const noexcept {
        return !raised() && hop_ + 1U == options.proxies.size && link_.status() != 407 &&
               options.exchange.need == requirement::any && options.forwarded.kind() == head_kind::proxied;
    }

    constexpr step run(std::string_view input, const route_options& options) noexcept;
    constexpr bool prepare(const route_options& options) noexcept;
    constexpr bool tunnel_on(std::string_view input, const route_options& options, step& result) noexcept;
    constexpr void tunnel_open(const route_options& options) noexcept;
    constexpr bool exchange_on(std::string_view input, const route_options& options, step& result) noexcept;
    constexpr bool turn_away(std::string_view head, const route_options& options) noexcept;
    constexpr void exchange_over() noexcept;
    constexpr errc why_final(const route_options& options) const noexcept;

    client client_{};
    connect_client link_{};
    std::uint8_t hop_ = 0;
    std::uint8_t connections_ = 0;
    std::uint8_t logins_ = 0; // one bit for each proxy
    errc error_ = errc::ok;
    errc unfollowed_ = errc::ok; // why the answer is not followed, if it is a 426
    route_state state_ = route_state::dialing;
    bool prepared_ = false;    // the options were looked at
    bool forwards_ = false;    // the last proxy gets the request itself
    bool raised_ = false;      // by a 426 that came through a proxy
    bool repeats_ = false;     // a 407 to CONNECT is being read, to ask again
    bool asked_proxy_ = false; // the last word was a proxy's answer to CONNECT
    bool ended_ = false;       // the nearest proxy will send no more: so will nobody inside the tunnel
};

} // namespace tlsup

#include "route_run.hpp"
