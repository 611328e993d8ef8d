// client.hpp: one exchange of a client, from its first byte in clear to its answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "action.hpp"
#include "body.hpp"
#include "client_chart.hpp"
#include "head.hpp"
#include "ledger.hpp"
#include "options.hpp"
#include "outcome.hpp"
#include "upgrade.hpp"
#include "write.hpp"

namespace tlsup {

/// What `client::response` shows of a response.
struct response_view {
    response_facts facts{};
    token_list hint{};                    ///< what the server advertises: untrusted, may only raise a requirement
    bool secure = false;                  ///< it came inside TLS
    bool unauthenticated_request = false; ///< inside TLS, but the request went in clear and may be another's
};

/// A client's side of one exchange: an optional offer, or a required upgrade by way of a probe, and a 426 followed
/// once.
///
/// With `requirement::tls`, and after a 426, the request is written only inside TLS that the caller verified, behind
/// the probe's complete answer. Every answer returns `wrong_call`, and changes nothing, where it does not fit the
/// state.
template <client_parts Parts> class basic_client {
    static_assert(Parts.content != content_parts::none, "a client reads what answers have");

  public:
    /// What to do next, in clear. `clear`: all bytes that were received and not taken.
    constexpr step next(std::string_view clear, const client_options& options) noexcept {
        return run(secure_ ? action::secure : action::read, clear, options);
    }

    /// What to do next, inside TLS. `plain`: decrypted bytes that were not taken. RFC 9112 9.7.
    constexpr step next_secure(std::string_view plain, const client_options& options) noexcept {
        return run(secure_ ? action::read : action::wait, plain, options);
    }

    /// The final response of an `answer` step, or the interim one of a `drop` step whose status is 1xx: a gateway
    /// passes that on. Once the head has left, its lists are gone: no tokens, no hint, no options; the version, the
    /// status, the framing, a coding and whether the connection lasts stay true. RFC 9110 15.2.
    [[nodiscard]] constexpr response_view response() const noexcept {
        const response_facts facts = reader_.in_content() ? body::lasting(facts_) : facts_;
        return {facts, secure_ ? token_list{} : facts.advertised(), secure_, secure_ && asked_in_clear_};
    }

    /// The request's content was sent to its end. Needed where the request announces content. RFC 9110 7.8.
    [[nodiscard]] constexpr errc request_body_done() noexcept {
        const bool sent = state_ == client_state::request_sent || state_ == client_state::awaiting;
        const bool early =
            state_ == client_state::answering || state_ == client_state::content || state_ == client_state::following;
        if (body_sent_ || !(sent || early)) {
            return errc::wrong_call;
        }
        body_sent_ = true;
        return errc::ok;
    }

    /// `count` octets of the last step's bytes left the buffer. Heads leave whole.
    [[nodiscard]] constexpr errc took(std::size_t count) noexcept;

    /// `count` octets of the last `write` step were written.
    [[nodiscard]] constexpr errc wrote(std::size_t count) noexcept {
        if (!last_step_.covers(count) || !writing()) {
            return errc::wrong_call;
        }
        last_step_.wrote(count);
        return errc::ok;
    }

    /// The handshake is complete. An error other than `wrong_call` ends the exchange. RFC 2817 8.
    [[nodiscard]] constexpr errc tls_established(const tls_facts& facts, const client_options& options) noexcept {
        if (state_ != client_state::handshake) {
            return errc::wrong_call;
        }
        const errc error = judge_client_handshake(facts, options.alpn_required);
        if (error != errc::ok) {
            end(error);
            return error;
        }
        secure_ = true;
        next_head();
        return fire(asked_in_clear_ ? client_event::secured_request : client_event::secured_probe);
    }

    /// The handshake, or the TLS connection, failed: there is no way back to clear. RFC 2817 3.3.
    [[nodiscard]] constexpr errc tls_failed() noexcept {
        if (state_ == client_state::closed || !(secure_ || state_ == client_state::handshake)) {
            return errc::wrong_call;
        }
        end(errc::tls_failed);
        return errc::ok;
    }

    /// A `dial` step was carried out: the old connection is closed, a new one is open, the buffers are empty.
    [[nodiscard]] constexpr errc retry() noexcept {
        if (state_ != client_state::redialing) {
            return errc::wrong_call;
        }
        ended_ = false;
        return fire(client_event::taken);
    }

    /// The peer will send no more. What is unread is processed first. Inside TLS content that ends with the connection
    /// is complete only with `close_notify`. RFC 9112 9.8.
    [[nodiscard]] constexpr errc peer_closed(closure how = closure::fin) noexcept {
        if (state_ == client_state::closed) {
            return errc::wrong_call;
        }
        ended_ = true;
        notified_ = how == closure::close_notify;
        return errc::ok;
    }

    /// Ends the exchange, for instance with `errc::timeout`. RFC 9112 9.5.
    [[nodiscard]] constexpr errc abort(errc why) noexcept {
        if (state_ == client_state::closed) {
            return errc::wrong_call;
        }
        end(why == errc::ok ? errc::aborted : why);
        return errc::ok;
    }

    [[nodiscard]] constexpr client_state state() const noexcept { return state_; }
    [[nodiscard]] constexpr bool secure() const noexcept { return secure_; }
    [[nodiscard]] constexpr errc error() const noexcept { return error_; }
    /// Whether a 426 was followed. RFC 2817 4.2.
    [[nodiscard]] constexpr bool raised() const noexcept { return !required_.empty(); }
    /// The tokens of the 426 that was followed, empty where none was.
    [[nodiscard]] constexpr token_list required_tokens() const noexcept { return required_; }
    /// Whether the connection can carry another request, once `outcome` is `answered` or `answered_secure`.
    [[nodiscard]] constexpr bool reusable() const noexcept {
        return error_ == errc::ok && complete_ && body_sent_ && facts_.persistent() && !ended_;
    }
    [[nodiscard]] constexpr tlsup::outcome outcome() const noexcept;
    [[nodiscard]] constexpr deadline wanted() const noexcept;

    friend constexpr bool operator==(const basic_client&, const basic_client&) noexcept = default;

  private:
    using body = detail::body_of<Parts.content>;

    constexpr errc fire(client_event on) noexcept {
        if (!follow(client_chart, state_, on)) { // GCOVR_EXCL_BR_LINE
            return errc::wrong_call;             // GCOVR_EXCL_LINE its callers know the state
        }
        last_step_ = {};
        return errc::ok;
    }
    constexpr void end(errc why) noexcept {
        error_ = why;
        (void)fire(client_event::ended);
    }
    [[nodiscard]] constexpr bool writing() const noexcept {
        return state_ == client_state::probing || state_ == client_state::asking || state_ == client_state::releasing;
    }

    [[nodiscard]] constexpr bool in_head() const noexcept {
        return state_ == client_state::probe_sent || state_ == client_state::request_sent ||
               state_ == client_state::probe_answer || state_ == client_state::awaiting;
    }

    /// Whether the options bring the head that is written in this state. Options come with each call.
    static constexpr bool brings(client_state when, const client_options& options) noexcept {
        if (when == client_state::probing) {
            return options.probe.kind() == head_kind::probe;
        }
        const head_kind other = when == client_state::asking ? head_kind::proxied : head_kind::none;
        return options.request.kind() == head_kind::request || options.request.kind() == other;
    }

    /// Octets that the buffer still has to begin with.
    [[nodiscard]] constexpr std::size_t kept() const noexcept {
        return state_ == client_state::closed ? 0 : in_head() || holds_head_ ? reader_.size() : reader_.ahead();
    }

    /// What a call brings along, and the step that it is to return.
    struct turn {
        std::string_view input;
        const client_options& options;
        step& result;
    };

    /// `instead`: what to do instead where the other of the two input functions is the right one; else `read`.
    constexpr step run(action instead, std::string_view input, const client_options& options) noexcept;
    constexpr bool find_step(const turn& now) noexcept;
    constexpr void start(std::string_view input, const client_options& options) noexcept;
    constexpr bool write_head(const turn& now) noexcept;
    TLSUP_HOT constexpr bool read_head(const turn& now) noexcept;
    constexpr void head_complete(const client_options& options) noexcept;
    constexpr void clear_final(const client_options& options) noexcept;
    constexpr bool read_content(const turn& now) noexcept;
    constexpr void content_complete(std::string_view input) noexcept;
    constexpr void next_head() noexcept {
        reader_ = {};
        facts_ = {};
        holds_head_ = false;
    }
    // So many octets of the input.
    constexpr bool give(const turn& now, action what, std::size_t size) noexcept {
        now.result.status = facts_.status();
        return last_step_.show(now.result, what, detail::part(now.input, 0, size));
    }
    constexpr bool give_head(const turn& now, action what) noexcept { return give(now, what, reader_.size()); }

    // Octets first: small processors reach them in one instruction near the front only.
    client_state state_ = client_state::starting;
    errc error_ = errc::ok;
    std::uint8_t interim_ = 0;
    bool secure_ : 1 = false;
    bool asked_in_clear_ : 1 = false; // the outstanding request was written in clear
    bool body_sent_ : 1 = false;
    bool ended_ : 1 = false;
    bool notified_ : 1 = false;
    bool complete_ : 1 = false;
    bool released_ : 1 = false;
    bool holds_head_ : 1 = false; // a head that was read is still in the buffer
    token_list required_{};
    detail::ledger last_step_{};
    detail::head_reader<response_facts> reader_{};
    response_facts facts_{};
};

/// With all its parts.
class client : public basic_client<client_parts{}> {};

} // namespace tlsup

#include "client_run.hpp"
