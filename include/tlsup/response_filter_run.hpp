// response_filter_run.hpp: how a filter of responses finds its next step. Included by response_filter.hpp.
#pragma once

#include "response_filter.hpp" // NOLINT(misc-header-include-cycle): two files of one header

namespace tlsup {

namespace detail {

/// Where an advertisement goes in a head. Offsets; 0: nowhere.
struct advert_place {
    std::uint16_t option = 0; // behind the value of the first Connection field
    std::uint16_t line = 0;   // before the empty line
    bool comma = false;       // that value needs one
    bool alone = false;       // there is a Connection field: the Upgrade line goes without one
};

/// Nowhere, where the head has an Upgrade field already, or where no option can be added to its Connection fields: one
/// malformed member makes the list void, and the list has a limit. RFC 9110 5.6.1.2, 7.6.1.
constexpr advert_place place_advert(std::string_view head) noexcept {
    advert_place place;
    unsigned members = 0;
    bool has_option = false;
    field_reader fields(head);
    for (field each; fields.next(each);) {
        if (same_text(each.name, "upgrade"sv)) {
            return {};
        }
        if (!same_text(each.name, "connection"sv)) {
            continue;
        }
        list_reader list(each.value);
        for (std::string_view member; list.next(member); ++members) {
            if (!member.empty() && !is_token(member)) {
                return {};
            }
            has_option = has_option || same_text(member, "upgrade"sv);
        }
        if (!place.alone) {
            const bool empty = each.value.empty();
            const char* const behind =
                empty ? each.name.data() + each.name.size() + 1 : each.value.data() + each.value.size();
            place.option = static_cast<std::uint16_t>(behind - head.data());
            place.comma = !empty && each.value[each.value.size() - 1] != ',';
            place.alone = true;
        }
    }
    if (has_option) {
        place.option = 0;
    } else if (members >= list_limit) {
        return {};
    }
    place.line = static_cast<std::uint16_t>(head.size() - 2);
    return place;
}

/// What the options may bring: nothing, or an advertisement that does not say close, which is the host's to say.
constexpr bool may_insert(const prepared_head& advert) noexcept {
    return advert.kind() == head_kind::none ||
           (advert.kind() == head_kind::advertisement && advert.text()[advert.close_at()] == 'U');
}

} // namespace detail

constexpr errc response_filter::request(const request_facts& facts) noexcept {
    if (over()) {
        return errc::wrong_call;
    }
    if (owed_ == longest_pipeline) {
        return errc::pipeline_too_long;
    }
    const std::uint32_t bit = std::uint32_t{1} << owed_;
    heads_ |= facts.method() == method::head ? bit : 0;
    connects_ |= facts.method() == method::connect ? bit : 0;
    old_ |= facts.minor_version() == 0 ? bit : 0;
    ++owed_;
    return errc::ok;
}

constexpr errc response_filter::took(std::size_t count) noexcept {
    const bool passing = state_ == response_filter_state::passing;
    if (!last_step_.covers(count) || !(passing || state_ == response_filter_state::content)) {
        return errc::wrong_call;
    }
    last_step_.took(count);
    if (!passing) {
        body_.took(count);
        if (body_.done()) {
            response_complete();
        }
        return errc::ok;
    }
    passed_ = static_cast<std::uint16_t>(passed_ + count);
    if (passed_ == reader_.size()) {
        head_passed();
    } else if (passed_ == stop()) {
        (void)fire(response_filter_event::insertion_due);
    }
    return errc::ok;
}

constexpr step response_filter::next(std::string_view unread, const filter_options& options) noexcept {
    if (unread.size() < kept()) {
        return {{}, action::wait, errc::wrong_call, 0, false};
    }
    step result;
    while (true) {
        bool found = false;
        switch (state_) {
        case response_filter_state::reading:
            found = read_head(unread, options, result);
            break;
        case response_filter_state::passing:
            return give(action::body, detail::part(unread, 0, stop() - passed_), false);
        case response_filter_state::inserting:
            found = insert(options, result);
            break;
        case response_filter_state::content:
            found = read_content(unread, options, result);
            break;
        case response_filter_state::detached:
            return {{}, action::detach, errc::ok, status(), false};
        case response_filter_state::closed:
            return {{}, action::close, error_, status(), false};
        }
        if (found) {
            return result;
        }
    }
}

// Each of these returns whether it made a step; if not, the state has moved and the loop goes on.

constexpr bool response_filter::read_head(std::string_view input, const filter_options& options,
                                          step& result) noexcept {
    if (!detail::may_insert(options.advert)) {
        end(errc::bad_options);
        return false;
    }
    if (owed_ == 0 && !input.empty()) {
        end(errc::unsolicited_response);
        return false;
    }
    using progress = detail::head_reader<response_facts>::progress;
    const progress found = reader_.read(input, options.head, facts_);
    if (found == progress::more) {
        if (ended_) {
            end(reader_.started() ? errc::truncated : owed_ != 0 ? errc::peer_closed : errc::ok);
            return false;
        }
        result = give(action::read, {}, false);
        return true;
    }
    errc fault = reader_.fault();
    if (found == progress::done) {
        const bool to_head = (heads_ & 1U) != 0;
        const bool opens = (connects_ & 1U) != 0 && facts_.status() / 100 == 2;
        fault = facts_.finish(to_head || opens);
    }
    const bool sized = facts_.framing() == framing::length;
    if (fault == errc::ok && sized && facts_.content_length() > options.body.content_bytes) {
        fault = errc::content_too_large;
    }
    if (fault == errc::ok && facts_.status() == 101 && in_http_1_0()) {
        fault = errc::switch_in_http_1_0;
    }
    if (fault == errc::ok && facts_.interim() && interim_ >= options.interim_responses) {
        fault = errc::too_many_interim;
    }
    if (fault != errc::ok) {
        end(fault);
    } else {
        head_complete(detail::part(input, 0, reader_.size()), options);
    }
    return false;
}

constexpr void response_filter::head_complete(std::string_view head, const filter_options& options) noexcept {
    const bool opens = (connects_ & 1U) != 0 && facts_.status() / 100 == 2;
    const bool fits = facts_.status() >= 200 && facts_.status() != 426 && !in_http_1_0() && !opens;
    detail::advert_place place;
    if (fits && !options.secure && options.advert.kind() == head_kind::advertisement) {
        place = detail::place_advert(head);
    }
    option_at_ = place.option;
    line_at_ = place.line;
    comma_ = place.comma;
    alone_ = place.alone;
    body_.begin(facts_.framing(), facts_.content_length(), true);
    (void)fire(response_filter_event::head_complete);
}

constexpr bool response_filter::insert(const filter_options& options, step& result) noexcept {
    if (options.advert.kind() != head_kind::advertisement || !detail::may_insert(options.advert)) { // it was one before
        end(errc::bad_options);
        return false;
    }
    constexpr std::string_view option = detail::upgrade_member;
    const std::string_view text = option_at_ != 0 ? detail::part(option, comma_ ? 0 : 1, option.size())
                                  : alone_        ? options.advert.upgrade_line()
                                                  : options.advert.text();
    if (last_step_.written() > text.size()) { // a shorter one, behind the beginning of another
        end(errc::bad_options);
        return false;
    }
    if (last_step_.written() < text.size()) {
        result = give(action::write, detail::part(text, last_step_.written(), text.size()), true);
        return true;
    }
    line_at_ = option_at_ != 0 ? line_at_ : std::uint16_t{0};
    option_at_ = 0;
    (void)fire(response_filter_event::written);
    return false;
}

constexpr void response_filter::head_passed() noexcept {
    const bool opened = (connects_ & 1U) != 0 && facts_.status() / 100 == 2;
    if (facts_.status() == 101 || opened) {
        --owed_;
        (void)fire(response_filter_event::switched);
    } else if (facts_.interim()) {
        ++interim_;
        next_head();
        facts_ = {};
        (void)fire(response_filter_event::response_complete);
    } else if (body_.done()) {
        response_complete();
    } else {
        (void)fire(response_filter_event::content_follows);
    }
}

constexpr bool response_filter::read_content(std::string_view input, const filter_options& options,
                                             step& result) noexcept {
    const detail::body_piece piece = body_.next(input, options.body);
    switch (piece.what) { // GCOVR_EXCL_BR_LINE as below
    case detail::body_piece::kind::more:
        if (!ended_) {
            result = give(action::read, {}, false);
            return true;
        }
        if (body_.until_close()) {
            response_complete();
        } else {
            end(errc::truncated);
        }
        return false;
    case detail::body_piece::kind::framing:
    case detail::body_piece::kind::content:
        result = give(action::body, detail::part(input, 0, piece.size), false);
        return true;
    case detail::body_piece::kind::failed:
        end(body_.fault());
        return false;
    case detail::body_piece::kind::end: // GCOVR_EXCL_START took() has seen the end already
        response_complete();
        return false;
    }             // GCOVR_EXCL_STOP
    return false; // GCOVR_EXCL_LINE the cases are all
}

constexpr void response_filter::response_complete() noexcept {
    --owed_;
    heads_ >>= 1U;
    connects_ >>= 1U;
    old_ >>= 1U;
    interim_ = 0;
    next_head();
    if (facts_.persistent()) {
        facts_ = {};
        (void)fire(response_filter_event::response_complete);
    } else {
        end(errc::ok);
    }
}

constexpr outcome response_filter::outcome() const noexcept {
    using enum tlsup::outcome;
    if (!over()) {
        return pending;
    }
    if (error_ == errc::ok) {
        return state_ == response_filter_state::detached ? detached : served;
    }
    if (error_ == errc::truncated) {
        return truncated;
    }
    const bool ours = error_ == errc::aborted || error_ == errc::timeout || error_ == errc::peer_closed ||
                      error_ == errc::bad_options;
    return ours ? failed : broken;
}

} // namespace tlsup
