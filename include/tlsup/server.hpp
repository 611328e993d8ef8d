// server.hpp: one connection of a server, from its first byte in clear to its last inside TLS.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "action.hpp"
#include "body.hpp"
#include "head.hpp"
#include "hello.hpp"
#include "ledger.hpp"
#include "options.hpp"
#include "outcome.hpp"
#include "refusal.hpp"
#include "request_reader.hpp"
#include "server_chart.hpp"
#include "upgrade.hpp"
#include "write.hpp"
#include "write_fixed.hpp"

namespace tlsup {

/// What `server::request` shows of a head.
struct request_view {
    request_line line{}; ///< views into the head
    request_facts facts{};
    token_list offer{};        ///< the tokens that `accept(index)` chooses from; empty where there is no valid offer
    errc why = errc::no_offer; ///< why the offer is ignored
};

/// A server's side of one connection. Feed it the unread bytes, do what the step says, and tell it what happened.
///
/// The head of the current request stays at the front of the buffer until a `drop` step takes it; content steps show
/// the bytes behind it. A head whose offer was accepted stays at the front of the clear buffer until the connection
/// ends. Every answer returns `wrong_call`, and changes nothing, where it does not fit the state.
template <server_parts Parts> class basic_server {
  public:
    constexpr basic_server() noexcept = default;

    /// What to do next, in clear. `unread`: all bytes that were received and not taken.
    constexpr step next(std::string_view unread, const server_options& options) noexcept {
        return run(secure_ ? action::secure : action::read, unread, unread, options);
    }

    /// What to do next, inside TLS. `plain`: decrypted bytes that were not taken. `clear`: the clear buffer, which
    /// still starts with the head that was accepted; it says which authority was upgraded. RFC 9112 9.7.
    constexpr step next_secure(std::string_view plain, std::string_view clear, const server_options& options) noexcept {
        return run(!secure_ || clear.size() < held_ ? action::wait : action::read, plain, clear, options);
    }

    /// The head of a `decide` or `answer` step: its parts, its facts and its offer. Views into `head`.
    [[nodiscard]] constexpr request_view request(std::string_view head) const noexcept {
        return {parse_request_line(head), facts_of(head), offer_, offer_error_};
    }

    /// The host that was asked for in clear, without its port: what the gate compares the server name with. A view into
    /// `clear`, empty before the 101. RFC 6066 3.
    [[nodiscard]] constexpr std::string_view upgraded_host(std::string_view clear) const noexcept {
        authority upgraded;
        const std::string_view head = detail::part(clear, 0, clear.size() < held_ ? 0 : held_);
        (void)parse_authority(parse_request_line(head).authority, port_rule::optional, upgraded);
        return upgraded.host;
    }

    /// Upgrade with this token of the offer: 100 and the content come first, then the 101. RFC 9110 7.8. Where bytes
    /// arrive behind the request before the 101, the machine shows `decide` again, without an offer.
    /// `token_not_offered`, or the reason why there is no valid offer: nothing changed.
    [[nodiscard]] constexpr errc accept(std::size_t index) noexcept {
        if (state_ != server_state::deciding) {
            return errc::wrong_call;
        }
        if (index >= offer_.size()) {
            return offer_.empty() ? offer_error_ : errc::token_not_offered;
        }
        chosen_ = static_cast<std::uint8_t>(index & 3U);
        return fire(facts_.expects_continue() ? server_event::accepted_expecting : server_event::accepted);
    }

    /// Serve it as it came: `body` steps, then `answer`.
    [[nodiscard]] constexpr errc decline() noexcept {
        return state_ == server_state::deciding ? fire(server_event::declined) : errc::wrong_call;
    }

    /// Answer 426 with the tokens; the connection goes on where it can. RFC 2817 4.2. Not inside TLS.
    [[nodiscard]] constexpr errc require_upgrade() noexcept {
        if (state_ != server_state::deciding || secure_) {
            return errc::wrong_call;
        }
        status_ = 426;
        return fire(server_event::replied);
    }

    /// Answer with this status, 400 to 599, and close. RFC 9112 9.6. `bad_argument`: no status that is registered, or
    /// 401, 405, 407 and 426, which have to name a challenge, the methods or the tokens. Say `require_upgrade()` for a
    /// 426; for the others `decline()`, and write the response as the host's own. RFC 9110 15.5.2, 15.5.6, 15.5.8.
    [[nodiscard]] constexpr errc reject(std::uint16_t status) noexcept {
        if (detail::refusal_line<Parts.reasons>(status).empty()) {
            return errc::bad_argument;
        }
        if (state_ != server_state::deciding && state_ != server_state::serving) {
            return errc::wrong_call;
        }
        status_ = status & largest_status;
        reader_.fail(errc::rejected);
        return fire(server_event::refused);
    }

    /// The response is written to its end. During `body` steps: it was an early one, the rest of the content is
    /// dropped. `last`: the response said that the connection closes. RFC 9112 9.6.
    [[nodiscard]] constexpr errc answered(bool last = false) noexcept {
        const bool early = state_ == server_state::content && !answered_;
        const bool due = early || state_ == server_state::serving || state_ == server_state::inner_answer;
        last_ = last_ || (last && due);
        if (early) {
            answered_ = true;
            return errc::ok;
        }
        const bool clear_request = state_ == server_state::inner_answer;
        const errc error = fire(server_event::answered);
        if (clear_request) {
            forget();
        }
        return error;
    }

    /// `count` octets of the last step's bytes left the buffer.
    [[nodiscard]] constexpr errc took(std::size_t count) noexcept;

    /// `count` octets of the last `write` step were written.
    [[nodiscard]] constexpr errc wrote(std::size_t count) noexcept {
        if (!last_step_.covers(count) || !writing()) {
            return errc::wrong_call;
        }
        last_step_.wrote(count);
        return errc::ok;
    }

    /// What the gate, or `judge_hello`, says of the first TLS flight. docs/security.md, Opossum.
    [[nodiscard]] constexpr errc tls_hello(const hello_verdict& verdict) noexcept {
        if (state_ != server_state::hello) {
            return errc::wrong_call;
        }
        if (verdict.passed()) {
            hello_sni_ = verdict.has_sni();
            hello_alpn_ = verdict.has_alpn();
            return fire(server_event::hello_passed);
        }
        reader_.fail(verdict.why());
        status_ = verdict.alert();
        return fire(verdict.engine_sends_alert() ? server_event::ended : server_event::refused);
    }

    /// The handshake is complete. An error other than `wrong_call` ends the connection. Then read once without waiting:
    /// what came with the client's Finished has to be in `plain` at the next step. docs/security.md, Opossum.
    [[nodiscard]] constexpr errc tls_established(const tls_facts& facts, const server_options& options) noexcept {
        if (state_ != server_state::handshake) {
            return errc::wrong_call;
        }
        errc error = judge_server_handshake(facts, options.upgrade.defence);
        if (error == errc::ok && (facts.sni.empty() == hello_sni_ || (!facts.alpn.empty() && !hello_alpn_))) {
            error = errc::hello_mismatch;
        }
        if (error != errc::ok) {
            end(error);
            return error;
        }
        secure_ = true;
        return fire(probe_ ? server_event::probe_secured : server_event::request_secured);
    }

    /// The handshake, or the TLS connection, failed: there is no way back to clear. RFC 2817 3.3.
    [[nodiscard]] constexpr errc tls_failed() noexcept {
        const bool under_way = state_ == server_state::hello || state_ == server_state::handshake;
        if (state_ == server_state::closed || !(secure_ || under_way)) {
            return errc::wrong_call;
        }
        end(errc::tls_failed);
        return errc::ok;
    }

    /// The peer will send no more. What is unread is processed first. RFC 9112 9.6, 9.8.
    [[nodiscard]] constexpr errc peer_closed(closure = closure::fin) noexcept {
        if (state_ == server_state::closed) {
            return errc::wrong_call;
        }
        ended_ = true;
        return errc::ok;
    }

    /// Ends the connection. `timeout` inside a request is answered with 408. RFC 9110 15.5.9. Also the way to cut a
    /// response that was begun and cannot be completed: then send no close_notify at the `close` step, and reset the
    /// connection, so that the response does not look complete. docs/security.md, Cut responses.
    [[nodiscard]] constexpr errc abort(errc why) noexcept {
        if (state_ == server_state::closed) {
            return errc::wrong_call;
        }
        const bool reading_request = (state_ == server_state::reading && reader_.started()) ||
                                     state_ == server_state::content || state_ == server_state::accepting;
        if (why == errc::timeout && reading_request && !answered_) {
            refuse(errc::timeout);
        } else {
            end(why == errc::ok ? errc::aborted : why);
        }
        return errc::ok;
    }

    /// The connection and all unread bytes are the caller's. Not while a switch is under way.
    [[nodiscard]] constexpr errc detach() noexcept {
        if (state_ != server_state::reading && state_ != server_state::deciding && state_ != server_state::serving) {
            return errc::wrong_call;
        }
        detached_ = true;
        return fire(server_event::ended);
    }

    [[nodiscard]] constexpr server_state state() const noexcept { return state_; }
    [[nodiscard]] constexpr bool secure() const noexcept { return secure_; }
    [[nodiscard]] constexpr errc error() const noexcept {
        return state_ >= server_state::refusing ? reader_.fault() : errc::ok;
    }
    [[nodiscard]] constexpr tlsup::outcome outcome() const noexcept;
    [[nodiscard]] constexpr deadline wanted() const noexcept;

    friend constexpr bool operator==(const basic_server&, const basic_server&) noexcept = default;

  private:
    using body = detail::body_of<Parts.content>;

    constexpr errc fire(server_event on) noexcept {
        if (!follow(server_chart, state_, on)) {
            return errc::wrong_call;
        }
        last_step_ = {};
        if (state_ == server_state::draining) {
            reader_.begin_discarding();
        } else if ((state_ == server_state::content || state_ == server_state::accepting) && !reader_.in_content()) {
            body::begin(reader_, facts_, false);
        }
        return errc::ok;
    }
    constexpr void end(errc why) noexcept {
        reader_.fail(error() == errc::ok ? why : error());
        (void)fire(server_event::ended);
    }
    constexpr void refuse(errc why) noexcept {
        reader_.fail(why);
        status_ = suggested_status(why) & largest_status;
        (void)fire(answered_ ? server_event::last : server_event::refused);
    }
    [[nodiscard]] constexpr bool writing() const noexcept {
        return state_ == server_state::continuing || state_ == server_state::switching ||
               state_ == server_state::inner_reply || state_ == server_state::replying ||
               state_ == server_state::refusing;
    }

    /// Octets that the buffer still has to begin with: the current head, and what was looked at behind it.
    [[nodiscard]] constexpr std::size_t kept() const noexcept {
        if (state_ == server_state::reading) {
            return reader_.size();
        }
        if (state_ == server_state::content || state_ == server_state::accepting) {
            return reader_.size() + reader_.ahead();
        }
        const bool over = secure_ && (state_ == server_state::inner_reply || state_ == server_state::inner_answer);
        return over || state_ >= server_state::refusing ? 0 : reader_.size();
    }

    /// What a call brings along, and the step that it is to return.
    struct turn {
        std::string_view input;
        std::string_view clear;
        const server_options& options;
        step& result;
    };

    /// `instead`: what to do instead where the other of the two input functions is the right one; else `read`.
    constexpr step run(action instead, std::string_view input, std::string_view clear,
                       const server_options& options) noexcept;
    constexpr bool find_step(const turn& now) noexcept;
    constexpr bool read_more(errc cut) noexcept;
    constexpr bool read_head(const turn& now) noexcept;
    constexpr void head_complete(const turn& now) noexcept;
    /// The host and port that the request is for.
    [[nodiscard]] TLSUP_COLD constexpr std::string_view authority_of(const turn& now) const noexcept {
        return parse_request_line(detail::part(now.input, 0, reader_.size())).authority;
    }
    constexpr bool read_content(const turn& now) noexcept;
    constexpr void content_complete(std::string_view input) noexcept;
    constexpr bool write_text(const turn& now) noexcept;
    constexpr bool await_tls(const turn& now) noexcept;
    /// The request was answered.
    TLSUP_SEPARATE constexpr void forget() noexcept {
        reader_ = {};
        facts_ = {};
    }
    constexpr bool give(const turn& now, action what, std::string_view bytes) noexcept {
        return last_step_.show(now.result, what, bytes);
    }

    /// What the head says. The facts are gone once its content is begun: then it is read again.
    [[nodiscard]] constexpr request_facts facts_of(std::string_view head) const noexcept {
        return reader_.in_content() ? detail::read_again(head) : facts_;
    }

    static constexpr std::uint16_t largest_status = 1023; // as many as `status_` has bits

    [[no_unique_address]] request_facts facts_{}; // its last octets are those that follow
    server_state state_ = server_state::reading;
    errc offer_error_ = errc::no_offer;
    bool secure_ : 1 = false;
    bool last_ : 1 = false;
    bool ended_ : 1 = false;
    bool answered_ : 1 = false;
    bool tls_started_ : 1 = false;
    bool hello_sni_ : 1 = false;
    bool hello_alpn_ : 1 = false;
    bool detached_ : 1 = false;
    std::uint16_t status_ : 10 = 0; // of a reply or a refusal; the alert's number once the 101 is out
    std::uint16_t chosen_ : 2 = 0;
    bool probe_ : 1 = false;       // the request is an OPTIONS
    bool to_head_ : 1 = false;     // the request is a HEAD: no content in its answer, RFC 9112 6.3
    bool unasked_for_ : 1 = false; // its content waits for a 100
    token_list offer_{};
    std::uint16_t held_ = 0; // the head that was accepted, in the clear buffer
    detail::ledger last_step_{};
    detail::request_reader reader_{}; // its fault is the connection's, once that ends
};

/// With all its parts.
class server : public basic_server<server_parts{}> {};

} // namespace tlsup

#include "server_run.hpp"
