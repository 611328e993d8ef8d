// connect_proxy.hpp: a proxy answers CONNECT: one connection of a client's, up to its tunnel or its refusal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "action.hpp"
#include "address.hpp"
#include "authority.hpp"
#include "blocks.hpp"
#include "connect_options.hpp"
#include "connect_proxy_chart.hpp"
#include "head.hpp"
#include "ledger.hpp"
#include "outcome.hpp"
#include "refusal.hpp"
#include "request_reader.hpp"
#include "words.hpp"
#include "write_fixed.hpp"

namespace tlsup {

/// Where a tunnel is to lead. Views into the head. Only the request-target is asked: Host says nothing here.
/// RFC 9112 3.2.3, 3.3.
struct connect_target {
    std::string_view authority{};     ///< the request-target, as it was written; empty where it is no CONNECT
    std::string_view host{};          ///< without brackets and without a trailing dot
    std::uint16_t port = 0;           ///< 1 to 65535
    host_kind kind = host_kind::name; ///< never `ip_future`
    bool disguised = false;           ///< see `proxy_options::disguised_hosts`
    bool own = false;                 ///< it is `proxy_options::own_authority`
    std::string_view authorization{}; ///< the value of Proxy-Authorization, empty where there is none
};

namespace detail {

inline constexpr known_text connect_begin = "CONNECT ";

/// The request-target of a CONNECT; empty for any other head.
constexpr std::string_view connect_to(std::string_view head) noexcept {
    constexpr std::size_t from = connect_begin.size;
    return starts_with<connect_begin, false>(head) ? part(head, from, skip_target(head, from)) : std::string_view{};
}

/// See `proxy_options::disguised_hosts`.
constexpr bool is_disguised(const authority& target) noexcept {
    return target.kind == host_kind::number || (target.kind == host_kind::ipv6 && embeds_ipv4(bare_host(target.host)));
}

/// Why the rules deny a target that is no name, or `ok`. The addresses of a name are judged at `dial`.
TLSUP_SEPARATE constexpr errc judge_literal(const authority& target, const proxy_options& options) noexcept {
    if (!options.disguised_hosts && is_disguised(target)) {
        return errc::host_denied;
    }
    peer_address address; // the text was read before: it is what its kind says
    if (target.kind == host_kind::ipv4) {
        address.family = address_family::ipv4;
        (void)parse_ipv4(target.host, address.address.octets);
    } else if (target.kind == host_kind::ipv6) {
        address.family = address_family::ipv6;
        (void)parse_ipv6(bare_host(target.host), address.address);
    } else {
        return errc::ok;
    }
    return options.addresses.allow(address) ? errc::ok : errc::address_denied;
}

/// Why the rules deny a target, or `ok`.
constexpr errc judge_target(const authority& target, const proxy_options& options) noexcept {
    const errc literal = target.kind == host_kind::name ? errc::ok : judge_literal(target, options);
    if (literal == errc::host_denied || !options.hosts.allow(target.host)) {
        return errc::host_denied;
    }
    return options.ports.allow(target.port) ? literal : errc::port_denied;
}

/// The value of the first Proxy-Authorization behind a request line that ends at `at` or behind it. No line of a
/// request that was read is folded.
constexpr std::string_view find_authorization(std::string_view head, std::size_t at) noexcept {
    constexpr known_text name = "proxy-authorization:";
    while (at < head.size() && head[at] != '\r') {
        const std::size_t end = skip_value(head, at);
        if (starts_with<name>(part(head, at, end))) {
            return trim_value(part(head, at + name.size, end));
        }
        at = end + 2;
    }
    return {};
}

} // namespace detail

/// A proxy's side of one connection that carries one CONNECT. It checks the request and the rules of the options (with
/// a challenge in them: the rules after `open()`), shows `decide`, asks to `dial`, and writes the 2xx only behind
/// `tunnel_open()`. From `tunnel` on all unread bytes belong to the tunnel. After a refusal nothing is parsed: what
/// arrives is discarded, and the connection closes. RFC 9931 8.
///
/// The head stays at the front of the buffer until a `drop` step takes it. Every answer returns `wrong_call`, and
/// changes nothing, where it does not fit the state.
template <proxy_parts Parts> class basic_connect_proxy {
  public:
    constexpr basic_connect_proxy() noexcept = default;

    /// What to do next. `unread`: all bytes that were received and not taken.
    constexpr step next(std::string_view unread, const proxy_options& options) noexcept;

    /// Where the head of a `decide` or `dial` step wants to go.
    [[nodiscard]] constexpr connect_target target(std::string_view head) const noexcept;

    /// At `decide`: the client may have its tunnel. A `dial` step follows; or, where the rules deny the target and
    /// waited for this answer, the refusal. See `proxy_options::challenge`, `own_authority`.
    [[nodiscard]] constexpr errc open() noexcept {
        if (!connect_) {
            return errc::wrong_call;
        }
        return denied_ == errc::ok ? fire(connect_proxy_event::opened)
                                   : refuse_for_caller(denied_, suggested_status(denied_));
    }

    /// At `decide`, for a target that is `own`: open the tunnel to this program itself, which then serves what comes
    /// out of it. An origin server may do that. RFC 2817 5.3, RFC 9110 9.3.6.
    [[nodiscard]] constexpr errc open_here() noexcept {
        return own_ ? fire(connect_proxy_event::opened_here) : errc::wrong_call;
    }

    /// At `decide`: answer 407 with the options' challenge, and close. RFC 9110 15.5.8. `bad_options` without one.
    [[nodiscard]] constexpr errc challenge(const proxy_options& options) noexcept {
        if (state_ != connect_proxy_state::deciding) {
            return errc::wrong_call;
        }
        if (options.challenge.kind() != head_kind::challenge) {
            return errc::bad_options;
        }
        return refuse_with(errc::proxy_authentication_required, 407);
    }

    /// At the `dial` step: the caller connects to the target now, or to the next proxy. From here on it does not read
    /// from the client: that bounds what can arrive early. It resolves a name once, and connects to an address of it
    /// that `options.addresses.allow` allows; where there is none it says `refuse(errc::address_denied)`. RFC 9110
    /// 9.3.6.
    [[nodiscard]] constexpr errc dialing() noexcept { return fire(connect_proxy_event::dialing); }

    /// The upstream connection stands, or the next proxy's tunnel does: write the 2xx. RFC 2817 5.3.
    [[nodiscard]] constexpr errc tunnel_open() noexcept { return fire(connect_proxy_event::upstream_open); }

    /// From `decide` until `tunnel_open()`: answer with the error's status and its sentence, and close. RFC 9110 15.6.
    /// `bad_argument` where the error has no such status.
    [[nodiscard]] constexpr errc refuse(errc why) noexcept {
        const std::uint16_t status = suggested_status(why);
        return may_answer(status) ? refuse_for_caller(why, status) : errc::bad_argument;
    }

    /// The same with a status of the caller's, 400 to 599: not 401, 405 and 407, which need a challenge or the methods,
    /// nor 421 and 426, which are not a proxy's to send. RFC 9110 15.5.2, 15.5.6, 15.5.20.
    [[nodiscard]] constexpr errc refuse(std::uint16_t status) noexcept {
        return may_answer(status) ? refuse_for_caller(errc::rejected, status) : errc::bad_argument;
    }

    /// The next proxy answered with this status and no 2xx: it is passed on where the client can use it, else it is
    /// 502. RFC 2817 5.3, CVE-2015-5400.
    [[nodiscard]] constexpr errc refuse_as_next_proxy(std::uint16_t status) noexcept {
        return refuse_for_caller(errc::next_proxy_refused, may_answer(status) ? status : std::uint16_t{502});
    }

    /// `count` octets of the last step's bytes left the buffer. The head leaves whole.
    [[nodiscard]] constexpr errc took(std::size_t count) noexcept;

    /// `count` octets of the last `write` step were written.
    [[nodiscard]] constexpr errc wrote(std::size_t count) noexcept {
        if (!writing() || !last_step_.covers(count)) {
            return errc::wrong_call;
        }
        last_step_.wrote(count);
        return errc::ok;
    }

    /// The client will send no more. What is unread is processed first; a tunnel may still be opened.
    [[nodiscard]] constexpr errc peer_closed() noexcept {
        if (state_ >= connect_proxy_state::open) {
            return errc::wrong_call;
        }
        ended_ = true;
        return errc::ok;
    }

    /// Ends the connection. `timeout` inside a head is answered with 408, and with 504 while the caller dials.
    /// RFC 9110 15.5.9, 15.6.5.
    [[nodiscard]] constexpr errc abort(errc why) noexcept {
        if (state_ >= connect_proxy_state::open) {
            return errc::wrong_call;
        }
        if (why == errc::timeout && state_ == connect_proxy_state::reading && reader_.started()) {
            return refuse_with(why, 408);
        }
        if (why == errc::timeout && dials()) {
            return refuse_with(errc::upstream_timeout, 504);
        }
        end(why == errc::ok ? errc::aborted : why);
        return errc::ok;
    }

    /// At `decide`, for a request that is not CONNECT: the connection and all unread bytes are the caller's.
    [[nodiscard]] constexpr errc detach() noexcept {
        if (connect_ || state_ != connect_proxy_state::deciding) {
            return errc::wrong_call;
        }
        detached_ = true;
        return fire(connect_proxy_event::ended);
    }

    [[nodiscard]] constexpr connect_proxy_state state() const noexcept { return state_; }
    /// The status of the answer, once it is known: 200 or the refusal's; 0 where nothing is answered.
    [[nodiscard]] constexpr std::uint16_t status() const noexcept { return status_; }
    [[nodiscard]] constexpr errc error() const noexcept { return error_; }
    /// Octets of the head that the buffer starts with, 0 while it is not complete, after it has left, and behind a
    /// refusal, where it is drained like the rest.
    [[nodiscard]] constexpr std::uint16_t head_size() const noexcept {
        return state_ != connect_proxy_state::reading && state_ < connect_proxy_state::refusing ? reader_.size()
                                                                                                : std::uint16_t{0};
    }
    [[nodiscard]] constexpr tlsup::outcome outcome() const noexcept;
    [[nodiscard]] constexpr deadline wanted() const noexcept;

    friend constexpr bool operator==(const basic_connect_proxy&, const basic_connect_proxy&) noexcept = default;

  private:
    constexpr errc fire(connect_proxy_event on) noexcept {
        if (!follow(connect_proxy_chart, state_, on)) {
            return errc::wrong_call;
        }
        last_step_ = {};
        if (state_ == connect_proxy_state::draining) {
            reader_.begin_discarding();
        }
        status_ = state_ == connect_proxy_state::confirming ? std::uint16_t{200} : status_;
        return errc::ok;
    }
    constexpr void end(errc why) noexcept {
        error_ = error_ == errc::ok ? why : error_;
        status_ = state_ == connect_proxy_state::confirming ? std::uint16_t{0} : status_; // the 2xx was not written
        (void)fire(connect_proxy_event::ended);
    }
    constexpr errc refuse_with(errc why, std::uint16_t status) noexcept {
        const errc error = fire(connect_proxy_event::refused);
        if (error == errc::ok) { // GCOVR_EXCL_BR_LINE its callers know the state
            error_ = why;
            status_ = status;
        }
        return error;
    }
    constexpr errc refuse_for_caller(errc why, std::uint16_t status) noexcept {
        const bool fits = state_ == connect_proxy_state::deciding || dials();
        return fits ? refuse_with(why, status) : errc::wrong_call;
    }
    [[nodiscard]] constexpr bool dials() const noexcept {
        return state_ == connect_proxy_state::granted || state_ == connect_proxy_state::dialing;
    }
    static constexpr bool may_answer(std::uint16_t status) noexcept {
        return status != 421 && !detail::refusal_line<Parts.reasons>(status).empty();
    }
    [[nodiscard]] constexpr bool writing() const noexcept {
        return state_ == connect_proxy_state::confirming || state_ == connect_proxy_state::refusing;
    }

    /// Octets that the buffer still has to begin with.
    [[nodiscard]] constexpr std::size_t kept() const noexcept {
        return state_ < connect_proxy_state::refusing ? reader_.size() : 0;
    }

    constexpr bool give(step& result, action what, std::string_view bytes) noexcept {
        result.error = error_;
        result.status = status_;
        return last_step_.show(result, what, bytes);
    }
    TLSUP_HOT constexpr bool read_head(std::string_view input, const proxy_options& options, step& result) noexcept;
    constexpr void head_complete(std::string_view input, const proxy_options& options) noexcept;
    constexpr bool write_text(const proxy_options& options, step& result) noexcept;

    // Octets first: small processors reach them in one instruction near the front only.
    connect_proxy_state state_ = connect_proxy_state::reading;
    errc error_ = errc::ok;
    bool connect_ : 1 = false;
    bool own_ : 1 = false;
    bool ended_ : 1 = false;
    bool detached_ : 1 = false;
    errc denied_ = errc::ok; // by the rules, of which the client has not heard
    std::uint16_t status_ = 0;
    detail::ledger last_step_{};
    detail::request_reader reader_{};
    request_facts facts_{};
};

/// With all its parts.
class connect_proxy : public basic_connect_proxy<proxy_parts{}> {};

} // namespace tlsup

#include "connect_proxy_run.hpp"
