// response_filter.hpp: adds the advertisement of TLS to a host's own responses as they go out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "action.hpp"
#include "body.hpp"
#include "head.hpp"
#include "ledger.hpp"
#include "outcome.hpp"
#include "request_facts.hpp"
#include "response_facts.hpp"
#include "response_filter_chart.hpp"
#include "write.hpp"

namespace tlsup {

/// A filter's options. The prepared head must outlive the filter's use of it.
struct filter_options {
    prepared_head advert{};              ///< from `write_advert`, without `close`; empty: nothing is added
    bool secure = false;                 ///< the responses go out inside TLS: nothing is added. RFC 2817 3.1
    std::uint8_t interim_responses = 16; ///< before a final one; RFC 9110 15.2
    head_limits head{};
    body_limits body{};
};

/// The responses of one connection, from the host's bytes to the client's. Each final response gets the Upgrade field
/// and the upgrade connection option of the options, but for: 426, a response that has an Upgrade field already, one
/// whose Connection field is malformed or full, one to an HTTP/1.0 request or of HTTP/1.0 itself, and a 2xx to CONNECT.
/// Every other byte goes out as it came. A head is held back until it is complete; content is not. RFC 2817 4.1, RFC
/// 9110 7.8.
///
/// Write the bytes of a `body` step and take them out of the buffer, then `took(n)`. The bytes of a `write` step are in
/// no buffer: write them, then `wrote(n)`. `close` without an error stands behind a response that ends the connection.
/// Every answer returns `wrong_call`, and changes nothing, where it does not fit the state.
class response_filter {
  public:
    /// Requests that can be outstanding. RFC 9112 9.3.2.
    static constexpr std::uint8_t longest_pipeline = 32;

    constexpr response_filter() noexcept = default;

    /// The host read a request's head, and owes the response. To be called before that response's bytes are shown, also
    /// for a request that the host refuses; not for one that is answered around the filter. `pipeline_too_long`: as
    /// many are outstanding as are kept account of; nothing changed.
    [[nodiscard]] constexpr errc request(const request_facts& facts) noexcept;

    /// What to do next. `unread`: all bytes of the host's that were not taken. `detach` behind a 101 and behind a 2xx
    /// to CONNECT: the unread bytes are the host's, and go out as they are. `unsolicited_response`: bytes of the host's
    /// while nothing was owed. RFC 9112 9.2. `switch_in_http_1_0`: a 101 of HTTP/1.0, or to such a request.
    constexpr step next(std::string_view unread, const filter_options& options) noexcept;

    /// `count` octets of the last `body` step left the buffer.
    [[nodiscard]] constexpr errc took(std::size_t count) noexcept;

    /// `count` octets of the last `write` step were written.
    [[nodiscard]] constexpr errc wrote(std::size_t count) noexcept {
        if (state_ != response_filter_state::inserting || !last_step_.covers(count)) {
            return errc::wrong_call;
        }
        last_step_.wrote(count);
        return errc::ok;
    }

    /// The host will send no more. What is unread is processed first. RFC 9112 8.
    [[nodiscard]] constexpr errc peer_closed() noexcept {
        if (over()) {
            return errc::wrong_call;
        }
        ended_ = true;
        return errc::ok;
    }

    /// Ends it, for instance with `errc::timeout`.
    [[nodiscard]] constexpr errc abort(errc why) noexcept {
        if (over()) {
            return errc::wrong_call;
        }
        end(why == errc::ok ? errc::aborted : why);
        return errc::ok;
    }

    /// Responses that did not pass to their end: what `wire::responses_owed` wants to know. Interim responses do not
    /// count. RFC 9112 9.3.2.
    [[nodiscard]] constexpr std::uint8_t owed() const noexcept { return owed_; }
    [[nodiscard]] constexpr response_filter_state state() const noexcept { return state_; }
    /// The status of the response that passes, once its head is complete; 0 between responses.
    [[nodiscard]] constexpr std::uint16_t status() const noexcept {
        return state_ == response_filter_state::reading ? std::uint16_t{0} : facts_.status();
    }
    [[nodiscard]] constexpr errc error() const noexcept { return error_; }
    /// `served`, `detached`, `truncated`, `broken` or `failed`, once it is over.
    [[nodiscard]] constexpr tlsup::outcome outcome() const noexcept;

    friend constexpr bool operator==(const response_filter&, const response_filter&) noexcept = default;

  private:
    constexpr errc fire(response_filter_event on) noexcept {
        if (!follow(response_filter_chart, state_, on)) { // GCOVR_EXCL_BR_LINE
            return errc::wrong_call;                      // GCOVR_EXCL_LINE its callers know the state
        }
        last_step_ = {};
        return errc::ok;
    }
    constexpr void end(errc why) noexcept {
        error_ = why;
        (void)fire(response_filter_event::ended);
    }
    [[nodiscard]] constexpr bool over() const noexcept { return state_ >= response_filter_state::detached; }
    constexpr step give(action what, std::string_view bytes, bool more) noexcept {
        step result{{}, what, errc::ok, status(), more};
        (void)last_step_.show(result, what, bytes);
        return result;
    }

    /// Whether the response, or its request, is of HTTP/1.0. RFC 9110 7.8, 15.2.
    [[nodiscard]] constexpr bool in_http_1_0() const noexcept {
        return (old_ & 1U) != 0 || facts_.minor_version() == 0;
    }
    /// Octets that the buffer still has to begin with.
    [[nodiscard]] constexpr std::size_t kept() const noexcept {
        return state_ == response_filter_state::reading   ? reader_.size()
               : state_ == response_filter_state::content ? body_.ahead()
               : over()                                   ? 0U
                                                          : static_cast<std::size_t>(reader_.size() - passed_);
    }
    /// Where the head has to stop leaving: at the next insertion, or at its end.
    [[nodiscard]] constexpr std::uint16_t stop() const noexcept {
        return option_at_ != 0 ? option_at_ : line_at_ != 0 ? line_at_ : reader_.size();
    }

    constexpr bool read_head(std::string_view input, const filter_options& options, step& result) noexcept;
    constexpr void head_complete(std::string_view head, const filter_options& options) noexcept;
    constexpr bool insert(const filter_options& options, step& result) noexcept;
    constexpr void head_passed() noexcept;
    constexpr bool read_content(std::string_view input, const filter_options& options, step& result) noexcept;
    constexpr void response_complete() noexcept;
    constexpr void next_head() noexcept {
        reader_ = {};
        passed_ = 0;
    }

    detail::body_reader body_{};
    response_facts facts_{};
    // One bit for each request that is outstanding, the oldest lowest.
    std::uint32_t heads_ = 0;    // HEAD
    std::uint32_t connects_ = 0; // CONNECT
    std::uint32_t old_ = 0;      // HTTP/1.0
    detail::head_reader<response_facts> reader_{};
    detail::ledger last_step_{};
    std::uint16_t passed_ = 0;    // octets of the head that have left
    std::uint16_t option_at_ = 0; // where the connection option goes, 0 where it does not or has gone
    std::uint16_t line_at_ = 0;   // where the Upgrade line goes
    std::uint8_t owed_ = 0;
    std::uint8_t interim_ = 0;
    errc error_ = errc::ok;
    response_filter_state state_ = response_filter_state::reading;
    bool comma_ : 1 = false; // the option needs one before it
    bool alone_ : 1 = false; // the Upgrade line goes without a Connection line
    bool ended_ : 1 = false;
};

} // namespace tlsup

#include "response_filter_run.hpp"
