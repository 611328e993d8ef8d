// connect_client.hpp: a client asks a proxy for a tunnel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "action.hpp"
#include "body.hpp"
#include "connect_client_chart.hpp"
#include "connect_options.hpp"
#include "head.hpp"
#include "ledger.hpp"
#include "outcome.hpp"

namespace tlsup {

/// What `connect_client::response` shows of a refusal. The head, and the content behind it, are the proxy's and never
/// the origin's. RFC 9110 9.3.6.
struct refusal_view {
    std::uint16_t status = 0;
    bool challenged = false; ///< 407: `retry()` is possible. The challenges are its Proxy-Authenticate fields
    bool basic = false;      ///< one of them is Basic: `connect_text::login` answers it
};

namespace detail {

/// Whether a 407 asks for Basic in one of its Proxy-Authenticate fields. RFC 9110 11.7.1.
constexpr bool has_basic_challenge(std::string_view head) noexcept {
    bool found = false;
    field_reader fields(head);
    for (field each; fields.next(each);) {
        found = found || (same_text(each.name, "proxy-authenticate") && asks_for_basic(each.value));
    }
    return found;
}

} // namespace detail

/// A client's side of one CONNECT. It writes CONNECT and reads until the proxy's final answer. Any 2xx ends in
/// `tunnel`, and all that is unread then came from the destination. Anything else shows `answer` and `body` steps,
/// which are the proxy's, and ends in `close`.
///
/// It has no place for tunnel bytes: none can be written before the 2xx. RFC 9931 8.
template <connect_parts Parts> class basic_connect_client {
    static_assert(Parts.content != content_parts::none, "a CONNECT client reads what answers have");

  public:
    /// What to do next. `unread`: all bytes that were received and not taken.
    constexpr step next(std::string_view unread, const connect_options& options) noexcept;

    /// The refusal whose head an `answer` step shows.
    [[nodiscard]] constexpr refusal_view response(std::string_view head) const noexcept {
        return {facts_.status(), may_retry(), may_retry() && detail::has_basic_challenge(head)};
    }

    /// At the `answer` step of a 407, or during its content: ask again, with the head that the options hold then. It
    /// goes out once the content is read, or after a `dial` step where the connection does not last. At the `dial`
    /// step: the old connection is closed, a new one is open, the buffer is empty. RFC 9110 15.5.8.
    [[nodiscard]] constexpr errc retry() noexcept {
        if (state_ == connect_client_state::redialing) {
            ended_ = false;
            return fire(connect_client_event::repeated);
        }
        if (!may_retry()) {
            return errc::wrong_call;
        }
        again_ = true;
        return errc::ok;
    }

    /// `count` octets of the last step's bytes left the buffer. Heads leave whole.
    [[nodiscard]] constexpr errc took(std::size_t count) noexcept;

    /// `count` octets of the last `write` step were written.
    [[nodiscard]] constexpr errc wrote(std::size_t count) noexcept {
        if (state_ != connect_client_state::asking || !last_step_.covers(count)) {
            return errc::wrong_call;
        }
        last_step_.wrote(count);
        return errc::ok;
    }

    /// The proxy will send no more. What is unread is processed first. RFC 9112 8.
    [[nodiscard]] constexpr errc peer_closed() noexcept {
        if (state_ >= connect_client_state::open) {
            return errc::wrong_call;
        }
        ended_ = true;
        return errc::ok;
    }

    /// Gives up, for instance with `errc::timeout`.
    [[nodiscard]] constexpr errc abort(errc why) noexcept {
        if (state_ >= connect_client_state::open) {
            return errc::wrong_call;
        }
        end(why == errc::ok ? errc::aborted : why);
        return errc::ok;
    }

    [[nodiscard]] constexpr connect_client_state state() const noexcept { return state_; }
    /// The status of the proxy's last final answer, 0 before it.
    [[nodiscard]] constexpr std::uint16_t status() const noexcept { return refused_ || opened() ? facts_.status() : 0; }
    /// Why there is no tunnel. A refusal is `tunnel_refused`, or what was wrong with its content.
    [[nodiscard]] constexpr errc error() const noexcept { return error_; }
    /// `tunnelled`, `refused`, `truncated`, `broken` or `failed`, once it is over.
    [[nodiscard]] constexpr tlsup::outcome outcome() const noexcept;
    [[nodiscard]] constexpr deadline wanted() const noexcept;

    friend constexpr bool operator==(const basic_connect_client&, const basic_connect_client&) noexcept = default;

  private:
    using body = detail::body_of<Parts.content>;

    constexpr errc fire(connect_client_event on) noexcept {
        if (!follow(connect_client_chart, state_, on)) { // GCOVR_EXCL_BR_LINE
            return errc::wrong_call;                     // GCOVR_EXCL_LINE its callers know the state
        }
        last_step_ = {};
        return errc::ok;
    }
    constexpr void end(errc why) noexcept {
        error_ = why;
        (void)fire(connect_client_event::ended);
    }
    [[nodiscard]] constexpr bool opened() const noexcept {
        return state_ == connect_client_state::opening || state_ == connect_client_state::open;
    }

    [[nodiscard]] constexpr bool may_retry() const noexcept {
        const bool shown = state_ == connect_client_state::answering || state_ == connect_client_state::content;
        return shown && facts_.status() == 407 && !again_ && framing_fault_ == errc::ok;
    }

    /// Octets that the buffer still has to begin with.
    [[nodiscard]] constexpr std::size_t kept() const noexcept {
        const bool head = state_ == connect_client_state::opening || state_ == connect_client_state::answering;
        return state_ == connect_client_state::awaiting || head ? reader_.size()
               : state_ == connect_client_state::content        ? reader_.ahead()
                                                                : 0;
    }

    constexpr bool write_head(std::string_view input, const connect_options& options, step& result) noexcept;
    TLSUP_HOT constexpr bool read_head(std::string_view input, const connect_options& options, step& result) noexcept;
    constexpr void head_complete() noexcept;
    constexpr bool read_content(std::string_view input, const connect_options& options, step& result) noexcept;
    constexpr void content_complete(bool spent, std::string_view surplus) noexcept;
    constexpr bool give(step& result, action what, std::string_view bytes) noexcept {
        result.status = facts_.status();
        return last_step_.show(result, what, bytes);
    }
    constexpr void next_head() noexcept {
        reader_ = {};
        facts_ = {};
    }

    // Octets first: small processors reach them in one instruction near the front only.
    connect_client_state state_ = connect_client_state::asking;
    errc error_ = errc::ok;
    errc framing_fault_ = errc::ok; // of a refusal
    std::uint8_t interim_ = 0;
    bool refused_ : 1 = false;
    bool again_ : 1 = false;
    bool ended_ : 1 = false;
    detail::ledger last_step_{};
    detail::head_reader<response_facts> reader_{};
    response_facts facts_{};
};

/// With all its parts.
class connect_client : public basic_connect_client<connect_parts{}> {};

} // namespace tlsup

#include "connect_client_run.hpp"
