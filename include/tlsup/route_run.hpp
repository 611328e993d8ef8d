// route_run.hpp: how a route finds its next step. Included by route.hpp.
#pragma once

#include "route.hpp" // NOLINT(misc-header-include-cycle): two files of one header

namespace tlsup {

constexpr errc route::connected(const route_options& options) noexcept {
    if (state_ != route_state::dialing || !prepared_) {
        return errc::wrong_call;
    }
    ++connections_;
    hop_ = 0;
    link_ = {};
    ended_ = false;
    if (options.proxies.size == 0) {
        if (client_.state() == client_state::redialing) {
            (void)client_.retry();
        }
        fire(route_event::to_server);
    } else {
        fire(forwards_ && options.proxies.size == 1 ? route_event::to_forwarder : route_event::to_proxy);
    }
    return errc::ok;
}

constexpr step route::run(std::string_view input, const route_options& options) noexcept {
    step result;
    while (true) {
        if (!over() && !prepare(options)) {
            refuse(errc::bad_options);
        }
        bool found = false;
        switch (state_) {
        case route_state::dialing:
            if (connections_ >= options.connections) {
                refuse(errc::too_many_attempts);
                break;
            }
            return {{}, action::dial, errc::ok, 0, false};
        case route_state::tunnelling:
            found = tunnel_on(input, options, result);
            break;
        case route_state::forwarding:
        case route_state::exchanging:
            found = exchange_on(input, options, result);
            break;
        case route_state::answered:
        case route_state::answered_secure:
            return client_.secure() ? client_.next_secure(input, options.exchange)
                                    : client_.next(input, options.exchange);
        case route_state::refused:
            return {{}, action::close, error_, status(), false};
        }
        if (found) {
            return result;
        }
    }
}

// Each of these returns whether there is a step; if not, the state has moved and the loop goes on.

/// Asked before each step: the options are the caller's to change, and what was begun with others may not go on.
constexpr bool route::prepare(const route_options& options) noexcept {
    const client_options& exchange = options.exchange;
    const bool required = exchange.need == requirement::tls;
    const bool forwarded = options.forwarded.kind() == head_kind::proxied;
    if (!prepared_) {
        prepared_ = true;
        forwards_ = !required && forwarded && exchange.request.tokens().empty();
    }
    const std::size_t proxies = options.proxies.size;
    const bool on_the_road = state_ == route_state::dialing      ? true
                             : state_ == route_state::exchanging ? hop_ == proxies
                                                                 : hop_ < proxies;
    bool usable = on_the_road && exchange.request.kind() == head_kind::request && proxies <= most_proxies &&
                  (!required || exchange.probe.kind() == head_kind::probe) &&
                  (forwarded ? proxies != 0 : options.forwarded.kind() == head_kind::none) &&
                  (!forwards_ || (forwarded && !required));
    for (std::size_t at = 0; at < proxies && usable; ++at) {
        const bool last = at + 1 == proxies;
        usable = options.proxies.data[at].connect.kind() == head_kind::connect || (last && forwards_);
    }
    return usable;
}

constexpr bool route::log_in(std::string_view head, const route_options& options) noexcept {
    const route_proxy& proxy = options.proxies.data[hop_];
    const bool forward = state_ == route_state::forwarding;
    const head_kind kind = forward ? options.forwarded_with_login.kind() : proxy.connect_with_login.kind();
    if (logged_in(hop_) || kind != (forward ? head_kind::proxied : head_kind::connect) ||
        (proxy.basic && !detail::has_basic_challenge(head))) {
        return false;
    }
    logins_ = static_cast<std::uint8_t>(logins_ | (1U << hop_));
    return true;
}

constexpr bool route::tunnel_on(std::string_view input, const route_options& options, step& result) noexcept {
    const route_proxy& proxy = options.proxies.data[hop_];
    connect_options rules = options.connect;
    const bool known = logged_in(hop_) && proxy.connect_with_login.kind() == head_kind::connect;
    rules.connect = known ? proxy.connect_with_login : proxy.connect;
    result = link_.next(input, rules);
    if (result.what == action::tunnel) {
        tunnel_open(options);
        return false;
    }
    if (result.what == action::dial) { // the login goes on another connection, where all proxies before are new as well
        fire(route_event::login_wanted);
        return false;
    }
    if (result.what == action::close) {
        if (falls_back(options) && link_.outcome() == outcome::refused) {
            forwards_ = true;
            fire(route_event::tunnel_denied);
        } else {
            refuse(link_.error());
        }
        return false;
    }
    if (result.what == action::write) {
        repeats_ = false;
    } else if (result.what == action::answer) {
        asked_proxy_ = true;
        if (!repeats_ && link_.response(result.bytes).challenged && log_in(result.bytes, options)) {
            repeats_ = link_.retry() == errc::ok;
        }
    }
    // A refusal that is not the last word leaves unseen.
    if ((result.what == action::answer || result.what == action::body) && (repeats_ || falls_back(options))) {
        result.what = action::drop;
    }
    return true;
}

constexpr void route::tunnel_open(const route_options& options) noexcept {
    ++hop_;
    link_ = {};
    repeats_ = false;
    asked_proxy_ = false;
    const std::size_t left = options.proxies.size - hop_;
    const bool onward = left > (forwards_ ? 1U : 0U);
    if (!onward && client_.state() == client_state::redialing) {
        (void)client_.retry();
    }
    if (ended_) {
        (void)(onward ? link_.peer_closed() : client_.peer_closed());
    }
    fire(onward ? route_event::next_proxy : forwards_ ? route_event::tunnel_to_forward : route_event::tunnel_to_server);
}

constexpr bool route::exchange_on(std::string_view input, const route_options& options, step& result) noexcept {
    client_options rules = options.exchange;
    if (state_ == route_state::forwarding) {
        rules.need = requirement::any;
        const bool known = logged_in(hop_) && options.forwarded_with_login.kind() == head_kind::proxied;
        rules.request = known ? options.forwarded_with_login : options.forwarded;
    } else if (raised_) {
        rules.need = requirement::tls;
    }
    asked_proxy_ = false;
    result = client_.secure() ? client_.next_secure(input, rules) : client_.next(input, rules);
    if (result.what == action::answer) {
        if (state_ == route_state::forwarding && turn_away(result.bytes, options)) {
            return false;
        }
        unfollowed_ = why_final(options);
    }
    if (result.what == action::dial) {
        fire(route_event::connection_spent);
        return false;
    }
    if (result.what == action::close || result.what == action::detach) {
        exchange_over();
        return false;
    }
    return true;
}

/// A forward proxy's answer that is not the last word: its connection is given up.
constexpr bool route::turn_away(std::string_view head, const route_options& options) noexcept {
    const std::uint16_t status = client_.response().facts.status();
    if (status == 407 && log_in(head, options)) {
        client_ = {};
        fire(route_event::login_wanted);
        return true;
    }
    const route_proxy& proxy = options.proxies.data[hop_];
    if (status == 426 && options.exchange.follow_426 && proxy.connect.kind() == head_kind::connect &&
        options.exchange.probe.kind() == head_kind::probe) {
        client_ = {};
        raised_ = true;
        forwards_ = false;
        fire(route_event::tunnel_wanted);
        return true;
    }
    return false;
}

constexpr void route::exchange_over() noexcept {
    const tlsup::outcome end = client_.outcome();
    if (end == outcome::answered_secure) {
        fire(route_event::secure_answer);
    } else if (end != outcome::answered) {
        refuse(client_.error());
    } else if (client_.response().facts.status() == 426) {
        refuse(unfollowed_);
    } else {
        fire(route_event::answer);
    }
}

/// Why a 426 could not be followed. RFC 2817 4.2, 5.1; RFC 9110 15.5.22.
constexpr errc route::why_final(const route_options& options) const noexcept {
    const response_facts facts = client_.response().facts;
    if (forwards_) {
        return errc::upgrade_required;
    }
    if (!facts.any_layer() || facts.list_is_void()) {
        return errc::missing_upgrade;
    }
    if (!facts.has_upgrade_option() && !options.exchange.peer.peer_omits_upgrade_option) {
        return errc::missing_upgrade_option;
    }
    const bool ours = !options.exchange.probe.tokens().common(facts.listed_tokens()).empty();
    return options.exchange.probe.kind() == head_kind::probe && !ours ? errc::no_common_token : errc::upgrade_required;
}

} // namespace tlsup
