// server_run.hpp: how a server finds its next step. Included by server.hpp.
#pragma once

#include "server.hpp" // NOLINT(misc-header-include-cycle): two files of one header

namespace tlsup {

template <server_parts Parts> constexpr errc basic_server<Parts>::took(std::size_t count) noexcept {
    if (!last_step_.covers(count) || writing()) {
        return errc::wrong_call;
    }
    if (count == 0) {
        return errc::ok;
    }
    const auto octets = static_cast<std::uint16_t>(count);
    if (state_ == server_state::reading && count != last_step_.offered()) {
        return errc::wrong_call; // an empty line leaves the buffer whole
    }
    last_step_.took(count);
    if (state_ == server_state::reading) {
        reader_.skipped();
    } else if (state_ == server_state::content || state_ == server_state::accepting) {
        body::took(reader_, facts_, count);
    } else if (state_ == server_state::hello || state_ == server_state::handshake) {
        tls_started_ = true;
    } else if (state_ == server_state::draining) {
        reader_.discarded(octets);
    } else { // spent
        reader_.left(octets);
    }
    return errc::ok;
}

template <server_parts Parts>
constexpr step basic_server<Parts>::run(action instead, std::string_view input, std::string_view clear,
                                        const server_options& options) noexcept {
    step result;
    result.error = errc::wrong_call;
    if (instead != action::read && state_ != server_state::closed) {
        result.what = instead;
    } else if (input.size() < kept()) {
        result.what = action::wait;
    } else if (state_ == server_state::reading && !ended_ && reader_.goes_on(input, options.head)) {
        result.error = error(); // inside a value, as most pieces of a head are
    } else {
        const turn now{input, clear, options, result};
        while (!find_step(now)) {
        }
        result.error = error();
    }
    return result;
}

// Each of these returns whether it made a step; if not, the state has moved and the search goes on.

template <server_parts Parts> constexpr bool basic_server<Parts>::find_step(const turn& now) noexcept {
    switch (state_) {
    case server_state::reading:
        return read_head(now);
    case server_state::deciding:
    case server_state::serving:
        now.result.bytes = detail::part(now.input, 0, reader_.size());
        now.result.what = state_ == server_state::deciding ? action::decide : action::answer;
        return true;
    case server_state::content:
    case server_state::accepting:
        return read_content(now);
    case server_state::inner_answer:
        if (!now.input.empty()) {
            end(errc::spliced);
            return false;
        }
        now.result.bytes = detail::part(now.clear, 0, held_);
        now.result.what = action::answer;
        return true;
    case server_state::spent:
        if (reader_.size() != 0) {
            return give(now, action::drop, detail::part(now.input, 0, reader_.size()));
        }
        forget();
        answered_ = false;
        (void)fire(server_event::taken);
        return false;
    case server_state::switching:
        return await_tls(now) && write_text(now);
    case server_state::continuing:
    case server_state::inner_reply:
    case server_state::replying:
    case server_state::refusing:
        return write_text(now);
    case server_state::hello:
    case server_state::handshake:
        return await_tls(now);
    case server_state::draining:
        if (reader_.discarded() < now.options.drain_bytes && !(ended_ && now.input.empty())) {
            return give(now, action::drain, now.input);
        }
        (void)fire(server_event::ended);
        return false;
    case server_state::closed:
        break;
    }
    now.result.what = detached_ ? action::detach : action::close;
    return true;
}

// More octets are needed: a step of its own, or what `cut` says where none will come.
template <server_parts Parts> constexpr bool basic_server<Parts>::read_more(errc cut) noexcept {
    if (ended_) {
        end(cut);
    }
    return !ended_;
}

template <server_parts Parts> constexpr bool basic_server<Parts>::read_head(const turn& now) noexcept {
    if (last_) {
        (void)fire(server_event::last);
        return false;
    }
    using progress = detail::request_reader::progress;
    const progress found = reader_.read(now.input, now.options.head, now.options.empty_lines, facts_);
    if (found == progress::empty_line) {
        return give(now, action::drop, detail::part(now.input, 0, 2));
    }
    if (found == progress::more) {
        return read_more(now.input.empty() ? errc::ok : errc::truncated);
    }
    const errc fault = found == progress::failed ? reader_.fault() : facts_.finish();
    if (fault == errc::not_http) {
        end(fault);
    } else if (fault != errc::ok) {
        refuse(fault);
    } else {
        head_complete(now);
    }
    return false;
}

template <server_parts Parts> constexpr void basic_server<Parts>::head_complete(const turn& now) noexcept {
    const method how = facts_.method();
    last_ = facts_.last() || how == method::connect; // a CONNECT that is not opened closes, RFC 9931 8
    probe_ = how == method::options;
    to_head_ = how == method::head;
    unasked_for_ = facts_.expects_continue() && facts_.has_content();
    if (how == method::connect && !now.options.connect_requests) {
        refuse(errc::connect_not_served);
        return;
    }
    const errc unread = detail::refuses_content<Parts.content>(facts_.framing(), facts_.has_content());
    if (unread != errc::ok || facts_.content_length() > now.options.body.content_bytes) {
        refuse(unread != errc::ok ? unread : errc::content_too_large);
        return;
    }
    if (secure_) { // no TLS inside TLS, and no other authority than the one that was upgraded
        offer_ = {};
        offer_error_ = errc::upgrade_disabled;
        if (!detail::within(detail::part(now.input, 0, reader_.size()), detail::part(now.clear, 0, held_))) {
            status_ = 421;
            (void)fire(server_event::replied);
            return;
        }
    } else {
        const token_list both = facts_.listed_tokens().common(now.options.upgrade.tokens);
        const bool named = now.options.upgrade.defence == splice_defence::dedicated_name;
        if (!detail::is_sound(now.options)) {
            end(errc::bad_options);
            return;
        }
        const errc why =
            detail::judge_offer(facts_, now.options.upgrade, both, named ? authority_of(now) : std::string_view{});
        const bool behind = !facts_.has_content() && now.input.size() > reader_.size();
        offer_error_ = why == errc::ok && behind ? errc::bytes_behind_offer : why;
        offer_ = offer_error_ == errc::ok ? both : token_list{};
    }
    (void)fire(server_event::head_complete);
}

template <server_parts Parts> constexpr bool basic_server<Parts>::read_content(const turn& now) noexcept {
    const std::string_view behind = detail::part(now.input, reader_.size(), now.input.size());
    const detail::body_piece piece = body::next(reader_, facts_, behind, now.options.body);
    const std::string_view bytes = detail::part(behind, 0, piece.size);
    switch (piece.what) {
    case detail::body_piece::kind::more:
        return read_more(errc::truncated);
    case detail::body_piece::kind::framing:
        return give(now, action::drop, bytes);
    case detail::body_piece::kind::content:
        return give(now, answered_ ? action::drop : action::body, bytes);
    case detail::body_piece::kind::failed:
        refuse(reader_.fault());
        break;
    case detail::body_piece::kind::end:
        content_complete(behind);
        break;
    }
    return false;
}

template <server_parts Parts> constexpr void basic_server<Parts>::content_complete(std::string_view input) noexcept {
    if (state_ == server_state::content) {
        (void)fire(answered_ ? server_event::content_skipped : server_event::content_complete);
        return;
    }
    judged request;
    request.why = errc::ok;
    request.offer = offer_;
    const committed now = commit(request, chosen_, {input.size(), 0, true, true});
    offer_error_ = now.error;
    if (now.error == errc::ok) {
        held_ = reader_.size();
    } else {
        offer_ = {};
    }
    (void)fire(now.error == errc::ok ? server_event::content_complete : server_event::declined);
}

template <server_parts Parts> constexpr bool basic_server<Parts>::await_tls(const turn& now) noexcept {
    const std::string_view records = detail::part(now.input, held_, now.input.size());
    if (!tls_started_ && !records.empty() && records[0] != '\x16') {
        end(errc::cleartext_after_101);
        return false;
    }
    if (state_ == server_state::switching) {
        return true;
    }
    if (ended_ && records.empty()) {
        end(errc::peer_closed);
        return false;
    }
    return give(now, action::start_tls, records);
}

template <server_parts Parts> constexpr bool basic_server<Parts>::write_text(const turn& now) noexcept {
    const bool replied = state_ == server_state::replying;
    const bool closes = last_ || unasked_for_; // behind the reply
    // The pieces of the text that this state writes.
    detail::text_piece pieces[3] = {};
    std::uint16_t status = status_;
    if (state_ == server_state::continuing) {
        pieces[0] = continue_100;
        status = 100;
    } else if (state_ == server_state::switching) {
        pieces[0] = detail::switching_101(offer_[chosen_]);
        status = 101;
    } else if (state_ == server_state::inner_reply) {
        pieces[0] = last_ ? detail::inner_reply_last : detail::inner_reply;
        status = 200;
    } else if (replied && status_ == 426) {
        if (!detail::is_sound(now.options)) { // they come with each call
            end(errc::bad_options);
            return false;
        }
        const prepared_head& head = now.options.upgrade_required;
        const std::string_view text = detail::part(head.text(), 0, to_head_ ? head.head_size() : head.text().size());
        pieces[0] = detail::part(text, 0, head.close_at());
        pieces[1] = closes ? detail::close_option : std::string_view{};
        pieces[2] = detail::part(text, head.close_at(), text.size());
    } else if (replied && !closes) { // else it is a 421 that says what a refusal says. RFC 9112 9.6
        pieces[0] = detail::misdirected_reply;
    } else if (held_ != 0 && !secure_) {
        pieces[0] = detail::alert_begin;
        std::size_t at = 0;
        while (at + 1 < detail::alert_numbers.size() &&
               static_cast<std::uint8_t>(detail::alert_numbers[at]) != status_) {
            ++at;
        }
        pieces[1] = detail::part(detail::alert_numbers, at, at + 1);
        status = 0;
    } else {
        pieces[0] = detail::refusal_begin;
        pieces[1] = detail::refusal_line<Parts.reasons>(status_);
        pieces[2] = detail::refusal_end;
    }
    const std::string_view text = detail::rest_of(pieces, 3, last_step_.written(), now.result.more);
    if (text.empty()) {
        answered_ = replied;
        if (state_ == server_state::inner_reply) {
            forget();
        }
        (void)fire(replied && unasked_for_ ? server_event::last : server_event::written);
        return false;
    }
    if (state_ == server_state::inner_reply && !now.input.empty()) { // before the answer is out, nobody asks for more
        end(errc::spliced);
        return false;
    }
    now.result.status = status;
    return give(now, action::write, text);
}

template <server_parts Parts> constexpr outcome basic_server<Parts>::outcome() const noexcept {
    using enum tlsup::outcome;
    if (state_ != server_state::closed) {
        return pending;
    }
    if (detached_) {
        return detached;
    }
    if (error() == errc::truncated) {
        return truncated;
    }
    if (suggested_status(error()) != 0 || error() == errc::rejected) {
        return refused;
    }
    if (error() == errc::ok) {
        return secure_ ? upgraded : served;
    }
    const bool ours = error() == errc::tls_failed || error() == errc::aborted || error() == errc::peer_closed ||
                      error() == errc::bad_options;
    return ours ? failed : broken;
}

template <server_parts Parts> constexpr deadline basic_server<Parts>::wanted() const noexcept {
    if (state_ == server_state::reading) {
        return reader_.started() ? deadline::head : deadline::idle;
    }
    if (state_ == server_state::content || state_ == server_state::accepting) {
        return deadline::content;
    }
    if (state_ == server_state::hello || state_ == server_state::handshake) {
        return deadline::handshake;
    }
    return state_ == server_state::draining ? deadline::linger : deadline::none;
}

} // namespace tlsup
