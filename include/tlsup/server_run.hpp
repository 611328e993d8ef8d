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
        body_.took(reader_, facts_, count);
    } else if (state_ == server_state::hello || state_ == server_state::handshake) {
        tls_started_ = true;
    } else if (state_ == server_state::draining) {
        drained_ += octets;
    } else { // spent
        reader_.left(octets);
    }
    return errc::ok;
}

template <server_parts Parts>
constexpr step basic_server<Parts>::run(std::string_view input, std::string_view clear,
                                        const server_options& options) noexcept {
    if (options.upgrade.defence != splice_defence::no_upgrade &&
        options.upgrade_required.tokens() != options.upgrade.tokens) {
        return {{}, action::close, errc::bad_options, 0, false};
    }
    if (input.size() < kept()) {
        return {{}, action::wait, errc::wrong_call, 0, false};
    }
    step result;
    while (true) {
        bool found = true;
        switch (state_) {
        case server_state::reading:
            found = read_head(input, clear, options, result);
            break;
        case server_state::deciding:
            return {detail::part(input, 0, reader_.size()), action::decide, errc::ok, 0, false};
        case server_state::content:
        case server_state::accepting:
            found = read_content(input, options, result);
            break;
        case server_state::serving:
            return {detail::part(input, 0, reader_.size()), action::answer, errc::ok, 0, false};
        case server_state::inner_answer:
            if (!input.empty()) {
                end(errc::spliced);
                found = false;
                break;
            }
            return {detail::part(clear, 0, held_), action::answer, errc::ok, 0, false};
        case server_state::spent:
            if (reader_.size() != 0) {
                return give(action::drop, detail::part(input, 0, reader_.size()));
            }
            reader_ = {};
            facts_ = {};
            answered_ = false;
            (void)fire(server_event::taken);
            found = false;
            break;
        case server_state::inner_reply:
            if (!input.empty()) {
                end(errc::spliced);
                found = false;
                break;
            }
            found = write_text(options, result);
            break;
        case server_state::switching:
            found = await_tls(input, result) && write_text(options, result);
            break;
        case server_state::continuing:
        case server_state::replying:
        case server_state::refusing:
            found = write_text(options, result);
            break;
        case server_state::hello:
        case server_state::handshake:
            found = await_tls(input, result);
            break;
        case server_state::draining:
            if (drained_ < options.drain_bytes && !(ended_ && input.empty())) {
                return give(action::drain, input);
            }
            (void)fire(server_event::ended);
            found = false;
            break;
        case server_state::closed:
            return {{}, detached_ ? action::detach : action::close, error_, 0, false};
        }
        if (found) {
            return result;
        }
    }
}

// Each of these returns whether it made a step; if not, the state has moved and the loop goes on.

template <server_parts Parts>
constexpr bool basic_server<Parts>::read_head(std::string_view input, std::string_view clear,
                                              const server_options& options, step& result) noexcept {
    if (last_) {
        (void)fire(server_event::last);
        return false;
    }
    using progress = detail::request_reader::progress;
    const progress found = reader_.read(input, options.head, options.empty_lines, facts_);
    if (found == progress::empty_line) {
        result = give(action::drop, detail::part(input, 0, 2));
        return true;
    }
    if (found == progress::more) {
        if (ended_) {
            end(input.empty() ? errc::ok : errc::truncated);
            return false;
        }
        result = {};
        return true;
    }
    const errc fault = found == progress::failed ? reader_.fault() : facts_.finish();
    if (fault == errc::not_http) {
        end(fault);
        return false;
    }
    if (fault != errc::ok) {
        refuse(fault);
    } else {
        head_complete(input, clear, options);
    }
    return false;
}

template <server_parts Parts>
constexpr void basic_server<Parts>::head_complete(std::string_view input, std::string_view clear,
                                                  const server_options& options) noexcept {
    last_ = facts_.last() || facts_.method() == method::connect; // a CONNECT that is not opened closes, RFC 9931 8
    body_.begin(reader_, facts_, false);
    const errc unread = detail::refuses_content<Parts.content>(facts_.framing(), facts_.has_content());
    if (unread != errc::ok || facts_.content_length() > options.body.content_bytes) {
        refuse(unread != errc::ok ? unread : errc::content_too_large);
        return;
    }
    if (secure_) { // no TLS inside TLS, and no other authority than the one that was upgraded
        offer_ = {};
        offer_error_ = errc::upgrade_disabled;
        authority upgraded;
        authority asked;
        (void)parse_authority(parse_request_line(detail::part(clear, 0, held_)).authority, port_rule::optional,
                              upgraded);
        const std::string_view inner = parse_request_line(detail::part(input, 0, reader_.size())).authority;
        if (!inner.empty() && // GCOVR_EXCL_BR_LINE the authority of a faultless head parses
            (parse_authority(inner, port_rule::optional, asked) != errc::ok || !same_authority(asked, upgraded))) {
            status_ = 421;
            (void)fire(server_event::replied);
            return;
        }
    } else {
        const judged offer = judge(facts_, options.upgrade);
        const bool behind = !offer.has_content && input.size() > reader_.size();
        offer_error_ = offer.why == errc::ok && behind ? errc::bytes_behind_offer : offer.why;
        offer_ = offer_error_ == errc::ok ? offer.offer : token_list{};
    }
    (void)fire(server_event::head_complete);
}

template <server_parts Parts>
constexpr bool basic_server<Parts>::read_content(std::string_view input, const server_options& options,
                                                 step& result) noexcept {
    const std::string_view behind = detail::part(input, reader_.size(), input.size());
    const detail::body_piece piece = body_.next(reader_, facts_, behind, options.body);
    const std::string_view bytes = detail::part(behind, 0, piece.size);
    switch (piece.what) {
    case detail::body_piece::kind::more:
        if (ended_) {
            end(errc::truncated);
            return false;
        }
        result = {};
        return true;
    case detail::body_piece::kind::framing:
        result = give(action::drop, bytes);
        return true;
    case detail::body_piece::kind::content:
        result = give(answered_ ? action::drop : action::body, bytes);
        return true;
    case detail::body_piece::kind::failed:
        refuse(reader_.fault());
        return false;
    case detail::body_piece::kind::end:
        content_complete(behind);
        return false;
    }
    return false; // GCOVR_EXCL_LINE the cases are all
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

template <server_parts Parts>
constexpr bool basic_server<Parts>::await_tls(std::string_view input, step& result) noexcept {
    const std::string_view records = detail::part(input, held_, input.size());
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
    result = give(action::start_tls, records);
    return true;
}

template <server_parts Parts>
constexpr std::string_view basic_server<Parts>::text_at(const server_options& options, bool& more) const noexcept {
    // The pieces of the text that this state writes.
    std::string_view pieces[3] = {};
    if (state_ == server_state::continuing) {
        pieces[0] = continue_100;
    } else if (state_ == server_state::switching) {
        pieces[0] = detail::switching_101[static_cast<std::size_t>(offer_[chosen_])];
    } else if (state_ == server_state::inner_reply) {
        pieces[0] = last_ ? detail::inner_reply_last : detail::inner_reply;
    } else if (state_ == server_state::replying && status_ == 421) {
        pieces[0] = detail::misdirected_reply;
    } else if (state_ == server_state::replying) {
        const prepared_head& head = options.upgrade_required;
        const bool bare = facts_.method() == method::head; // RFC 9112 6.3(1)
        const std::string_view text = detail::part(head.text(), 0, bare ? head.head_size() : head.text().size());
        const bool closing = last_ || (facts_.expects_continue() && facts_.has_content());
        pieces[0] = detail::part(text, 0, head.close_at());
        pieces[1] = closing ? detail::close_option : std::string_view{};
        pieces[2] = detail::part(text, head.close_at(), text.size());
    } else if (held_ != 0 && !secure_) {
        pieces[0] = detail::alert_begin;
        std::size_t at = 0;
        while (at + 1 < detail::alert_numbers.size() &&
               static_cast<std::uint8_t>(detail::alert_numbers[at]) != status_) {
            ++at;
        }
        pieces[1] = detail::part(detail::alert_numbers, at, at + 1);
    } else {
        pieces[0] = detail::refusal_begin;
        pieces[1] = detail::refusal_line<Parts.reasons>(status_);
        pieces[2] = detail::refusal_end;
    }
    return detail::rest_of(pieces, 3, last_step_.written(), more);
}

template <server_parts Parts>
constexpr bool basic_server<Parts>::write_text(const server_options& options, step& result) noexcept {
    bool more = false;
    const std::string_view text = text_at(options, more);
    if (text.empty()) {
        const bool replied = state_ == server_state::replying;
        const bool blind = replied && facts_.expects_continue() && facts_.has_content();
        answered_ = replied;
        if (state_ == server_state::inner_reply) {
            reader_ = {};
            facts_ = {};
        }
        (void)fire(blind ? server_event::last : server_event::written);
        return false;
    }
    result = give(action::write, text);
    result.status = state_ == server_state::continuing    ? std::uint16_t{100}
                    : state_ == server_state::switching   ? std::uint16_t{101}
                    : state_ == server_state::inner_reply ? std::uint16_t{200}
                    : held_ != 0 && !secure_              ? std::uint16_t{0}
                                                          : status_;
    result.more = more;
    return true;
}

template <server_parts Parts> constexpr outcome basic_server<Parts>::outcome() const noexcept {
    using enum tlsup::outcome;
    if (state_ != server_state::closed) {
        return pending;
    }
    if (detached_) {
        return detached;
    }
    if (error_ == errc::truncated) {
        return truncated;
    }
    if (suggested_status(error_) != 0 || error_ == errc::rejected) {
        return refused;
    }
    if (error_ == errc::ok) {
        return secure_ ? upgraded : served;
    }
    const bool ours = error_ == errc::tls_failed || error_ == errc::aborted || error_ == errc::peer_closed;
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
