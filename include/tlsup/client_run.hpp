// client_run.hpp: how a client finds its next step. Included by client.hpp.
#pragma once

#include "client.hpp" // NOLINT(misc-header-include-cycle): two files of one header

namespace tlsup {

template <client_parts Parts> constexpr errc basic_client<Parts>::took(std::size_t count) noexcept {
    if (!last_step_.covers(count) || writing()) {
        return errc::wrong_call;
    }
    const bool in_content =
        state_ == client_state::content || state_ == client_state::probe_content || state_ == client_state::following;
    if (count == 0) {
        return errc::ok;
    }
    if (holds_head_) {
        if (count != reader_.size()) {
            return errc::wrong_call;
        }
        last_step_ = {};
        holds_head_ = false;
        if (in_head()) { // an interim response
            ++interim_;
            next_head();
            return errc::ok;
        }
        body::begin(reader_, facts_, true);
        return in_content ? errc::ok : fire(client_event::taken);
    }
    last_step_.took(count);
    body::took(reader_, facts_, count);
    return errc::ok;
}

template <client_parts Parts>
constexpr step basic_client<Parts>::run(action instead, std::string_view input,
                                        const client_options& options) noexcept {
    step result;
    const bool open = state_ != client_state::closed;
    if (open && instead == action::read && input.size() < kept()) {
        instead = action::wait;
    }
    if (open && instead != action::read) {
        result.what = instead;
        result.error = errc::wrong_call;
    } else {
        const turn now{input, options, result};
        while (!(in_head() ? read_head(now) : find_step(now))) { // most calls come to a head
        }
    }
    return result;
}

// Each of these returns whether it made a step; if not, the state has moved and the search goes on.

template <client_parts Parts> constexpr bool basic_client<Parts>::find_step(const turn& now) noexcept {
    errc unfit = errc::cleartext_after_101; // why there may be no octets now
    switch (state_) {
    case client_state::starting:
        start(now.input, now.options);
        return false;
    case client_state::probing:
    case client_state::asking:
    case client_state::releasing:
        return write_head(now);
    case client_state::switched:
        if (now.input.size() <= reader_.size()) {
            return give_head(now, action::drop);
        }
        break;
    case client_state::handshake:
        if (now.input.empty() && !ended_) {
            now.result.what = action::start_tls;
            return true;
        }
        unfit = now.input.empty() ? errc::peer_closed : unfit;
        break;
    case client_state::answering:
        return give_head(now, action::answer);
    case client_state::probe_content:
    case client_state::content:
    case client_state::following:
        return read_content(now);
    case client_state::redialing:
        if (now.input.empty()) {
            now.result.what = action::dial;
            now.result.status = 426;
            return true;
        }
        unfit = errc::unsolicited_response; // as if it had come with the 426: any split decides the same
        break;
    case client_state::probe_sent: // these have looked at their head
    case client_state::request_sent:
    case client_state::probe_answer:
    case client_state::awaiting:
    case client_state::closed:
        if (complete_ && error_ == errc::ok && !now.input.empty()) {
            error_ = errc::unsolicited_response; // RFC 9112 9.2; the response before it stands
        }
        now.result.what = released_ || reusable() ? action::detach : action::close;
        now.result.error = error_;
        now.result.status = facts_.status();
        return true;
    }
    end(unfit);
    return false;
}

template <client_parts Parts>
constexpr void basic_client<Parts>::start(std::string_view input, const client_options& options) noexcept {
    const bool required = options.need == requirement::tls;
    const bool usable = required ? brings(client_state::probing, options) && brings(client_state::releasing, options)
                                 : brings(client_state::asking, options);
    if (!input.empty()) {
        end(errc::unsolicited_response);
    } else if (!usable) {
        end(errc::bad_options);
    } else {
        (void)fire(required ? client_event::probe_first : client_event::request_first);
    }
}

template <client_parts Parts> constexpr bool basic_client<Parts>::write_head(const turn& now) noexcept {
    const bool probe = state_ == client_state::probing;
    const prepared_head& head = probe ? now.options.probe : now.options.request;
    const std::string_view text = head.text();
    const std::size_t written = last_step_.written();
    if (!now.input.empty() && written == 0) {
        end(errc::unsolicited_response);
        return false;
    }
    if (!brings(state_, now.options) || written > text.size()) { // a shorter one, after the beginning of another
        end(errc::bad_options);
        return false;
    }
    if (state_ == client_state::releasing && text.empty()) { // the caller sends its own request
        complete_ = true;
        released_ = true;
        (void)fire(client_event::ended);
        return false;
    }
    const bool announces = !probe && head.announces_content();
    if (written < text.size()) {
        now.result.more = announces;
        return last_step_.show(now.result, action::write, detail::part(text, written, text.size()));
    }
    asked_in_clear_ = state_ == client_state::asking;
    body_sent_ = !announces;
    interim_ = 0;
    next_head();
    (void)fire(client_event::written);
    return false;
}

template <client_parts Parts> constexpr bool basic_client<Parts>::read_head(const turn& now) noexcept {
    using progress = detail::head_reader<response_facts>::progress;
    const progress found = reader_.read(now.input, now.options.head, facts_);
    if (found == progress::more) {
        if (ended_) {
            end(reader_.started() ? errc::truncated : errc::peer_closed);
        }
        return !ended_;
    }
    errc fault = reader_.fault();
    if (found == progress::done) {
        const bool to_head = now.options.request.method() == method::head &&
                             (state_ == client_state::request_sent || state_ == client_state::awaiting);
        fault = facts_.finish(to_head);
    }
    if (fault != errc::ok) {
        end(fault);
        return false;
    }
    holds_head_ = true;
    if (!facts_.interim()) {
        head_complete(now.options);
        return false;
    }
    if (interim_ >= now.options.interim_responses) {
        end(errc::too_many_interim);
        return false;
    }
    return give_head(now, action::drop);
}

template <client_parts Parts>
constexpr void basic_client<Parts>::head_complete(const client_options& options) noexcept {
    const bool large = facts_.framing() == framing::length && facts_.content_length() > options.body.content_bytes;
    const errc unread = detail::refuses_content<Parts.content>(facts_.framing(), true);
    if (facts_.status() != 101 && (large || unread != errc::ok)) {
        end(large ? errc::content_too_large : unread);
        return;
    }
    if (facts_.status() == 101) {
        const token_list offered = secure_                              ? token_list{}
                                   : state_ == client_state::probe_sent ? options.probe.tokens()
                                                                        : options.request.tokens();
        errc fault = judge_101(facts_, offered, options.peer);
        if (fault == errc::ok && !body_sent_) {
            fault = errc::request_unfinished;
        }
        if (fault == errc::ok) {
            (void)fire(client_event::switching);
        } else {
            end(fault);
        }
        return;
    }
    if (state_ == client_state::probe_sent) {
        end(errc::upgrade_refused);
    } else if (state_ == client_state::probe_answer) {
        // Only that an answer came counts, and that the connection goes on. RFC 2817 3.3.
        if (facts_.status() == 408 || !facts_.persistent()) {
            end(errc::probe_connection_closing);
        } else {
            (void)fire(client_event::probe_answered);
        }
    } else if (state_ == client_state::request_sent) {
        clear_final(options);
    } else {
        (void)fire(client_event::final_response);
    }
}

template <client_parts Parts> constexpr void basic_client<Parts>::clear_final(const client_options& options) noexcept {
    // Content that ends with the connection may have been cut off, or be no content at all: such a 426 is delivered.
    // A forward proxy is never asked to upgrade: that would secure the hop to it and nothing behind it. RFC 2817 5.
    const bool delimited = facts_.framing() != framing::until_close;
    const bool can_follow = options.follow_426 && delimited && options.request.kind() == head_kind::request &&
                            options.probe.kind() == head_kind::probe;
    required_ = can_follow ? judge_426(facts_, options.probe.tokens(), options.peer) : token_list{};
    (void)fire(raised() ? client_event::followed : client_event::final_response);
}

template <client_parts Parts> constexpr bool basic_client<Parts>::read_content(const turn& now) noexcept {
    const bool shown = state_ == client_state::content;
    if (holds_head_) { // the head leaves first
        return give_head(now, action::drop);
    }
    const detail::body_piece piece = body::next(reader_, facts_, now.input, now.options.body);
    switch (piece.what) {
    case detail::body_piece::kind::more:
        if (!ended_) {
            now.result.status = facts_.status();
            return true;
        }
        if (reader_.until_close() && (!secure_ || notified_)) {
            content_complete(now.input);
        } else {
            end(errc::truncated);
        }
        return false;
    case detail::body_piece::kind::framing:
        return give(now, action::drop, piece.size);
    case detail::body_piece::kind::content:
        return give(now, shown ? action::body : action::drop, piece.size);
    case detail::body_piece::kind::failed:
        end(reader_.fault());
        return false;
    case detail::body_piece::kind::end:
        content_complete(now.input);
        return false;
    }
    return false; // GCOVR_EXCL_LINE the cases are all
}

template <client_parts Parts> constexpr void basic_client<Parts>::content_complete(std::string_view input) noexcept {
    if (state_ == client_state::content) {
        complete_ = true;
        (void)fire(client_event::content_complete);
        return;
    }
    if (!input.empty()) {
        end(errc::unsolicited_response);
    } else if (state_ == client_state::following && (!facts_.persistent() || ended_ || !body_sent_)) {
        (void)fire(client_event::connection_spent);
    } else {
        if (ended_) {
            end(errc::peer_closed);
            return;
        }
        next_head();
        (void)fire(client_event::content_complete);
    }
}

template <client_parts Parts> constexpr deadline basic_client<Parts>::wanted() const noexcept {
    switch (state_) {
    case client_state::probe_sent:
    case client_state::request_sent:
    case client_state::probe_answer:
    case client_state::awaiting:
        return deadline::head;
    case client_state::probe_content:
    case client_state::content:
    case client_state::following:
        return deadline::content;
    case client_state::switched:
    case client_state::handshake:
        return deadline::handshake;
    case client_state::redialing:
        return deadline::dial;
    case client_state::starting:
    case client_state::probing:
    case client_state::asking:
    case client_state::releasing:
    case client_state::answering:
    case client_state::closed:
        break;
    }
    return deadline::none;
}

template <client_parts Parts> constexpr outcome basic_client<Parts>::outcome() const noexcept {
    using enum tlsup::outcome;
    if (state_ != client_state::closed) {
        return pending;
    }
    if (complete_) {
        return released_ ? released : secure_ ? answered_secure : answered;
    }
    if (error_ == errc::truncated) {
        return truncated;
    }
    if (error_ == errc::upgrade_refused) {
        return refused;
    }
    const bool ours = error_ == errc::tls_failed || error_ == errc::aborted || error_ == errc::peer_closed ||
                      error_ == errc::timeout || error_ == errc::unverified_peer || error_ == errc::bad_options;
    return ours ? failed : broken;
}

} // namespace tlsup
