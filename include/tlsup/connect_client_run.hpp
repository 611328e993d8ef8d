// connect_client_run.hpp: how a CONNECT client finds its next step. Included by connect_client.hpp.
#pragma once

#include "connect_client.hpp" // NOLINT(misc-header-include-cycle): two files of one header

namespace tlsup {

template <connect_parts Parts> constexpr errc basic_connect_client<Parts>::took(std::size_t count) noexcept {
    if (!last_step_.covers(count) || state_ == connect_client_state::asking) {
        return errc::wrong_call;
    }
    if (count == 0) {
        return errc::ok;
    }
    if (state_ == connect_client_state::content) {
        body::took(reader_, facts_, count);
        last_step_.took(count);
        return errc::ok;
    }
    if (count != reader_.size()) {
        return errc::wrong_call;
    }
    if (state_ == connect_client_state::awaiting) {
        ++interim_;
        last_step_ = {};
        next_head();
        return errc::ok;
    }
    return fire(connect_client_event::taken);
}

template <connect_parts Parts>
constexpr step basic_connect_client<Parts>::next(std::string_view input, const connect_options& options) noexcept {
    if (input.size() < kept()) {
        return {{}, action::wait, errc::wrong_call, 0, false};
    }
    step result;
    while (true) {
        if (state_ == connect_client_state::awaiting) { // first: most calls come here
            if (read_head(input, options, result)) {
                return result;
            }
            continue;
        }
        bool found = false;
        switch (state_) {
        case connect_client_state::asking:
            found = write_head(input, options, result);
            break;
        case connect_client_state::opening:
            found = give(result, action::drop, detail::part(input, 0, reader_.size()));
            break;
        case connect_client_state::answering:
            found = give(result, action::answer, detail::part(input, 0, reader_.size()));
            break;
        case connect_client_state::content:
            found = read_content(input, options, result);
            break;
        case connect_client_state::redialing:
            return {{}, action::dial, errc::ok, facts_.status(), false};
        case connect_client_state::open:
            return {{}, action::tunnel, errc::ok, facts_.status(), false};
        case connect_client_state::awaiting: // was above
        case connect_client_state::closed:
            return {{}, action::close, error_, status(), false};
        }
        if (found) {
            return result;
        }
    }
}

// Each of these returns whether it made a step; if not, the state has moved and the loop goes on.

template <connect_parts Parts>
constexpr bool basic_connect_client<Parts>::write_head(std::string_view input, const connect_options& options,
                                                       step& result) noexcept {
    const std::string_view text = options.connect.text();
    if (!input.empty() && last_step_.written() == 0) {
        end(errc::unsolicited_response);
        return false;
    }
    if (options.connect.kind() != head_kind::connect || last_step_.written() > text.size()) {
        end(errc::bad_options);
        return false;
    }
    if (last_step_.written() < text.size()) {
        return last_step_.show(result, action::write, detail::part(text, last_step_.written(), text.size()));
    }
    next_head();
    interim_ = 0;
    refused_ = false;
    again_ = false;
    (void)fire(connect_client_event::written);
    return false;
}

template <connect_parts Parts>
constexpr bool basic_connect_client<Parts>::read_head(std::string_view input, const connect_options& options,
                                                      step& result) noexcept {
    using progress = detail::head_reader<response_facts>::progress;
    const progress found = reader_.read(input, options.head, facts_);
    if (found == progress::failed) {
        end(reader_.fault());
        return false;
    }
    if (found == progress::more) {
        if (ended_) {
            end(reader_.started() ? errc::truncated : errc::peer_closed);
            return false;
        }
        return true;
    }
    if (!facts_.interim()) {
        head_complete();
        return false;
    }
    if (interim_ >= options.interim_responses) {
        end(errc::too_many_interim);
        return false;
    }
    return give(result, action::drop, detail::part(input, 0, reader_.size()));
}

template <connect_parts Parts> constexpr void basic_connect_client<Parts>::head_complete() noexcept {
    const bool granted = facts_.status() / 100 == 2;
    framing_fault_ = facts_.finish(granted);
    if (granted) {
        (void)fire(connect_client_event::granted);
    } else if (facts_.status() == 101) {
        end(errc::unasked_101);
    } else {
        refused_ = true; // whatever its framing is worth
        if (framing_fault_ == errc::ok) {
            framing_fault_ = detail::refuses_content<Parts.content>(facts_.framing(), true);
        }
        body::begin(reader_, facts_, true);
        (void)fire(connect_client_event::refused);
    }
}

template <connect_parts Parts>
constexpr bool basic_connect_client<Parts>::read_content(std::string_view input, const connect_options& options,
                                                         step& result) noexcept {
    if (framing_fault_ != errc::ok) {
        end(framing_fault_);
        return false;
    }
    if (again_ && body::announced(facts_) > options.drain_bytes) {
        content_complete(true, {});
        return false;
    }
    const detail::body_piece piece = body::next(reader_, facts_, input, options.body);
    const std::uint64_t taken = body::taken(facts_);
    const std::size_t room = taken < options.drain_bytes ? options.drain_bytes - static_cast<std::size_t>(taken) : 0;
    if (again_ && room == 0 && piece.what == detail::body_piece::kind::content) {
        content_complete(true, {});
        return false;
    }
    const std::size_t most = again_ ? room : piece.size;
    const std::string_view bytes = detail::part(input, 0, piece.size < most ? piece.size : most);
    switch (piece.what) {
    case detail::body_piece::kind::more:
        if (!ended_) {
            result.status = facts_.status();
            return true;
        }
        if (again_ || reader_.until_close()) {
            content_complete(true, {});
        } else {
            end(errc::truncated);
        }
        return false;
    case detail::body_piece::kind::framing:
        return give(result, action::drop, detail::part(input, 0, piece.size));
    case detail::body_piece::kind::content:
        return give(result, action::body, bytes);
    case detail::body_piece::kind::failed:
        end(reader_.fault());
        return false;
    case detail::body_piece::kind::end:
        content_complete(!facts_.persistent() || ended_, input);
        return false;
    }
    return false; // GCOVR_EXCL_LINE the cases are all
}

template <connect_parts Parts>
constexpr void basic_connect_client<Parts>::content_complete(bool spent, std::string_view surplus) noexcept {
    if (!again_) {
        end(errc::tunnel_refused);
    } else if (spent) { // what is unread goes with its connection
        (void)fire(connect_client_event::connection_spent);
    } else if (!surplus.empty()) {
        end(errc::unsolicited_response);
    } else {
        (void)fire(connect_client_event::repeated);
    }
}

template <connect_parts Parts> constexpr outcome basic_connect_client<Parts>::outcome() const noexcept {
    using enum tlsup::outcome;
    if (state_ == connect_client_state::open) {
        return tunnelled;
    }
    if (state_ != connect_client_state::closed) {
        return pending;
    }
    if (refused_) {
        return refused;
    }
    if (error_ == errc::truncated) {
        return truncated;
    }
    const bool ours = error_ == errc::aborted || error_ == errc::peer_closed || error_ == errc::timeout ||
                      error_ == errc::bad_options;
    return ours ? failed : broken;
}

template <connect_parts Parts> constexpr deadline basic_connect_client<Parts>::wanted() const noexcept {
    return state_ == connect_client_state::awaiting    ? deadline::head
           : state_ == connect_client_state::content   ? deadline::content
           : state_ == connect_client_state::redialing ? deadline::dial
                                                       : deadline::none;
}

} // namespace tlsup
