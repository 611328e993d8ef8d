// connect_proxy_run.hpp: how a CONNECT proxy finds its next step. Included by connect_proxy.hpp.
#pragma once

#include "connect_proxy.hpp" // NOLINT(misc-header-include-cycle): two files of one header

namespace tlsup {

template <proxy_parts Parts> constexpr errc basic_connect_proxy<Parts>::took(std::size_t count) noexcept {
    if (!last_step_.covers(count) || writing()) {
        return errc::wrong_call;
    }
    if (count == 0) {
        return errc::ok;
    }
    if (state_ == connect_proxy_state::draining) {
        last_step_.took(count);
        reader_.discarded(static_cast<std::uint16_t>(count));
        return errc::ok;
    }
    if (count != last_step_.offered()) { // heads and empty lines leave whole
        return errc::wrong_call;
    }
    if (state_ == connect_proxy_state::reading) {
        last_step_ = {};
        reader_.skipped();
        return errc::ok;
    }
    return fire(connect_proxy_event::taken);
}

template <proxy_parts Parts>
constexpr step basic_connect_proxy<Parts>::next(std::string_view input, const proxy_options& options) noexcept {
    if (input.size() < kept()) {
        return {{}, action::wait, errc::wrong_call, 0, false};
    }
    step result;
    while (true) {
        if (state_ == connect_proxy_state::reading) { // first: most calls come here
            if (read_head(input, options, result)) {
                return result;
            }
            continue;
        }
        bool found = false;
        switch (state_) {
        case connect_proxy_state::deciding:
            return {detail::part(input, 0, reader_.size()), action::decide, errc::ok, 0, false};
        case connect_proxy_state::granted:
            return {detail::part(input, 0, reader_.size()), action::dial, errc::ok, 0, false};
        case connect_proxy_state::dialing:
            return {{}, action::wait, errc::ok, 0, false};
        case connect_proxy_state::confirming:
        case connect_proxy_state::refusing:
            found = write_text(options, result);
            break;
        case connect_proxy_state::leaving:
            found = last_step_.show(result, action::drop, detail::part(input, 0, reader_.size()));
            break;
        case connect_proxy_state::draining:
            if (reader_.discarded() < options.drain_bytes && !(ended_ && input.empty())) {
                found = give(result, action::drain, input);
                break;
            }
            (void)fire(connect_proxy_event::ended);
            break;
        case connect_proxy_state::open:
            return {{}, action::tunnel, errc::ok, status_, false};
        case connect_proxy_state::reading: // was above
        case connect_proxy_state::closed:
            return {{}, detached_ ? action::detach : action::close, error_, status_, false};
        }
        if (found) {
            return result;
        }
    }
}

// Each of these returns whether it made a step; if not, the state has moved and the loop goes on.

template <proxy_parts Parts>
constexpr bool basic_connect_proxy<Parts>::read_head(std::string_view input, const proxy_options& options,
                                                     step& result) noexcept {
    using progress = detail::request_reader::progress;
    const progress found = reader_.read(input, options.head, options.empty_lines, facts_);
    if (found == progress::empty_line) {
        return last_step_.show(result, action::drop, detail::part(input, 0, 2));
    }
    if (found == progress::more) {
        if (ended_) {
            end(input.empty() ? errc::ok : errc::truncated);
            return false;
        }
        return true;
    }
    const bool forgiven = options.peer_omits_host && facts_.method() == method::connect;
    const errc fault = found == progress::failed ? reader_.fault() : facts_.finish({forgiven, true});
    if (fault == errc::not_http) {
        end(fault);
    } else if (fault != errc::ok) {
        (void)refuse_with(fault, suggested_status(fault));
    } else {
        head_complete(input, options);
    }
    return false;
}

template <proxy_parts Parts>
constexpr void basic_connect_proxy<Parts>::head_complete(std::string_view input,
                                                         const proxy_options& options) noexcept {
    connect_ = facts_.method() == method::connect;
    if (!connect_) {
        if (options.other_methods) {
            (void)fire(connect_proxy_event::head_complete);
        } else {
            (void)refuse_with(errc::not_connect, suggested_status(errc::not_connect));
        }
        return;
    }
    authority wanted;
    authority own;
    (void)parse_authority(detail::connect_to(detail::part(input, 0, reader_.size())), port_rule::required, wanted);
    own_ = !options.own_authority.empty() &&
           parse_authority(options.own_authority, port_rule::required, own) == errc::ok && same_authority(own, wanted);
    denied_ = detail::judge_target(wanted, options); // `open_here()` needs no rule
    if (denied_ == errc::ok || own_ || options.challenge.kind() == head_kind::challenge) {
        (void)fire(connect_proxy_event::head_complete);
    } else {
        (void)refuse_with(denied_, suggested_status(denied_));
    }
}

template <proxy_parts Parts>
constexpr connect_target basic_connect_proxy<Parts>::target(std::string_view head) const noexcept {
    connect_target found;
    const std::string_view text = detail::connect_to(head);
    authority parsed;
    if (parse_authority(text, port_rule::required, parsed) != errc::ok) {
        return found;
    }
    found.authority = text;
    found.host = bare_host(parsed.host);
    found.port = parsed.port;
    found.kind = parsed.kind;
    found.disguised = detail::is_disguised(parsed);
    found.own = own_;
    found.authorization = detail::find_authorization(head, detail::connect_begin.size + text.size());
    return found;
}

template <proxy_parts Parts>
constexpr bool basic_connect_proxy<Parts>::write_text(const proxy_options& options, step& result) noexcept {
    // The pieces of the text that this state writes.
    detail::text_piece pieces[7] = {};
    const bool to_head = facts_.method() == method::head; // RFC 9112 6.3(1)
    if (state_ == connect_proxy_state::confirming) {
        pieces[0] = detail::tunnel_200;
    } else if (status_ == 407) {
        const prepared_head& challenge = options.challenge;
        if (challenge.kind() != head_kind::challenge) { // it was one when `challenge()` was called
            end(errc::bad_options);
            return false;
        }
        pieces[0] = detail::part(challenge.text(), 0, to_head ? challenge.head_size() : challenge.text().size());
    } else {
        pieces[0] = detail::refusal_begin;
        pieces[1] = detail::refusal_line<Parts.reasons>(status_);
        if constexpr (Parts.sentences) {
            const detail::refusal_text text = detail::explain_refusal(error_);
            pieces[2] = detail::refusal_length;
            pieces[3] = text.length;
            pieces[4] = detail::head_end;
            pieces[5] = to_head ? std::string_view{} : text.sentence;
            pieces[6] = to_head ? std::string_view{} : text.line_feed;
        } else {
            pieces[2] = detail::refusal_end;
        }
    }
    const std::string_view text = detail::rest_of(pieces, 7, last_step_.written(), result.more);
    if (text.empty()) {
        (void)fire(connect_proxy_event::written);
        return false;
    }
    return give(result, action::write, text);
}

template <proxy_parts Parts> constexpr outcome basic_connect_proxy<Parts>::outcome() const noexcept {
    using enum tlsup::outcome;
    if (state_ == connect_proxy_state::open) {
        return tunnelled;
    }
    if (state_ != connect_proxy_state::closed) {
        return pending;
    }
    if (detached_) {
        return detached;
    }
    if (error_ == errc::truncated) {
        return truncated;
    }
    if (status_ >= 400) {
        return refused;
    }
    return error_ == errc::ok ? served : error_ == errc::not_http ? broken : failed;
}

template <proxy_parts Parts> constexpr deadline basic_connect_proxy<Parts>::wanted() const noexcept {
    if (state_ == connect_proxy_state::reading) {
        return reader_.started() ? deadline::head : deadline::idle;
    }
    return dials() ? deadline::dial : state_ == connect_proxy_state::draining ? deadline::linger : deadline::none;
}

} // namespace tlsup
