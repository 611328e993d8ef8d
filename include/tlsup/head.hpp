// head.hpp: a resumable parser of heads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "blocks.hpp"
#include "error.hpp"
#include "fields.hpp"
#include "head_position.hpp"
#include "line_scanner.hpp"
#include "request_facts.hpp"
#include "response_facts.hpp"
#include "scan.hpp"
#include "words.hpp"

namespace tlsup::detail {

/// Reads one head and fills its facts, resuming at the octet where the last call stopped, whatever the pieces.
template <class Facts> class head_reader : public head_position {
  public:
    enum class progress : std::uint8_t { more, done, failed };

    /// `bytes` begins with the head, and with the same bytes as at the last call.
    TLSUP_HOT constexpr progress read(std::string_view bytes, const head_limits& limits, Facts& facts) noexcept {
        if (goes_on(bytes, limits)) {
            return progress::more;
        }
        if (plain_ways && at_ >= place::line && bytes.size() < limits.head_bytes) {
            return read_piece(bytes, limits, facts);
        }
        return read_on(bytes, limits, facts);
    }

    /// Whether there is nothing but more of a value or a reason phrase, as in most pieces of a head: then it is read.
    TLSUP_HOT constexpr bool goes_on(std::string_view bytes, const head_limits& limits) noexcept {
        const bool text =
            at_ == place::value || (!for_request && at_ == place::reason && bytes.size() <= limits.start_line_bytes);
        if (!plain_ways || !text || bytes.size() >= limits.head_bytes) {
            return false;
        }
        const std::size_t end = skip_value_block(bytes, position_);
        position_ = static_cast<std::uint16_t>(end);
        return end == bytes.size();
    }

    friend constexpr bool operator==(const head_reader&, const head_reader&) noexcept = default;

  private:
    /// Whether there are ways for what is usual, beside those for whatever comes: not where size counts.
    static constexpr bool plain_ways = TLSUP_WORDS != 0;
    /// With so much behind a line's end there may be many whole lines.
    static constexpr std::size_t long_piece = 64;
    static constexpr bool for_request = requires(Facts facts) { facts.method(); };

    constexpr progress read_on(std::string_view bytes, const head_limits& limits, Facts& facts) noexcept {
        if constexpr (!plain_ways) {
            return read_steps(bytes, limits, facts);
        }
        const bool full = bytes.size() >= limits.head_bytes;
        const std::string_view head = part(bytes, 0, full ? limits.head_bytes : bytes.size());
        if (at_ < place::start_line_end && fault_ == errc::ok && position_ < head.size()) {
            read_start_line(head, limits, facts);
        }
        if (fault_ == errc::ok && at_ != place::done && at_ >= place::start_line_end && position_ < head.size()) {
            read_lines(head, limits, facts);
        }
        if (at_ == place::done || fault_ != errc::ok) {
            return fault_ == errc::ok ? progress::done : progress::failed;
        }
        if (!full) {
            return progress::more;
        }
        fail(at_ < place::line ? errc::start_line_too_long : errc::head_too_large);
        return progress::failed;
    }

    // The rest of a line that was cut, and what is there behind it, where that is not long.
    constexpr progress read_piece(std::string_view head, const head_limits& limits, Facts& facts) noexcept {
        if (fault_ == errc::ok) {
            bool over = read_rest(head) && (fold_ == fold::none || end_value(head, facts));
            while (over) {
                if (!begins_name(head, position_)) {
                    end_head(head);
                    break;
                }
                over = head.size() - position_ < long_piece && begin_plain_line(head, limits) && fold_ != fold::none &&
                       end_value(head, facts);
            }
            if (position_ == head.size()) {
                return at_ == place::done ? progress::done : progress::more;
            }
        }
        return read_on(head, limits, facts);
    }

    // The rest of a name, of a value, or of the empty line. False where no line ends or begins behind it.
    TLSUP_HOT constexpr bool read_rest(std::string_view head) noexcept {
        if (at_ == place::name) {
            return read_name(head, position_);
        }
        if (at_ == place::value && position_ < head.size() && head[position_] != '\r') {
            position_ = static_cast<std::uint16_t>(skip_value(head, position_));
        } else if (at_ == place::last_line_end && ends_line(head, position_ - 1U)) {
            move(position_ + 1U, place::done);
        }
        return at_ < place::last_line_end;
    }

    // The end of a value's line, as far as it is there. True where the line is over.
    TLSUP_HOT constexpr bool end_value(std::string_view head, Facts& facts) noexcept {
        const std::size_t end = position_ - (at_ == place::value ? 0U : at_ == place::value_end ? 1U : 2U);
        if (line_is_over(head, end) && fold_ != fold::seen) {
            facts.field_line(part(head, mark_, value_ - 1U), part(head, value_, end));
            forget_field();
            move(end + 2, place::line);
            return true;
        }
        if (head.size() - end == 1 && head[end] == '\r') {
            move(end + 1, place::value_end);
        } else if (head.size() - end == 2 && ends_line(head, end)) {
            move(end + 2, place::line);
        }
        return false;
    }

    // The empty line, as far as it is there.
    TLSUP_HOT constexpr void end_head(std::string_view head) noexcept {
        if (ends_line(head, position_)) {
            move(position_ + 2U, place::done);
        } else if (head.size() - position_ == 1 && head[position_] == '\r') {
            move(position_ + 1U, place::last_line_end);
        }
    }

    TLSUP_HOT constexpr void read_lines(std::string_view head, const head_limits& limits, Facts& facts) noexcept {
        do {
            if (at_ == place::line && fold_ == fold::none && reads_plain(head) &&
                !read_plain_lines(head, limits, facts)) {
                return;
            }
        } while (read_any_line(head, limits, facts));
    }

    static constexpr bool reads_plain(std::string_view head) noexcept {
#if TLSUP_SSE2
        return !std::is_constant_evaluated() && head.size() >= block_bytes;
#else
        return plain_ways && head.data() != nullptr;
#endif
    }

    // Lines as they mostly are, and the beginning of one that was cut. False where there is no more to read. What is
    // unusual is left to `read_any_line`.
    TLSUP_HOT constexpr bool read_plain_lines(std::string_view head, const head_limits& limits, Facts& facts) noexcept {
        line_scanner scanner(head);
        std::size_t at = position_;
        const unsigned allowed = fields_ < limits.fields ? limits.fields - unsigned{fields_} : 0;
        unsigned left = allowed;
        bool more = left != 0 && begins_name(head, at);
        while (more) {
            const std::size_t colon = scanner.colon(at);
            const std::size_t end = scanner.value_end(at);
            if (end <= colon || !line_is_over(head, end)) {
                break;
            }
            if (!facts.field_line(part(head, at, colon), part(head, colon + 1, end)) && !scanner.is_name(at, colon)) {
                break;
            }
            at = end + 2;
            more = --left != 0 && head[at] != '\r'; // it is no blank
        }
        if (left != allowed) {
            fields_ = static_cast<std::uint8_t>(fields_ + (allowed - left));
            forget_field();
        }
        if (ends_line(head, at)) {
            move(at + 2, place::done);
            return false;
        }
        move(at, place::line);
        if (begins_name(head, at)) {
            begin_plain_line(head, limits);
        }
        return position_ != head.size();
    }

    // A line's name and its value, as far as they are there. False where the line is left to others.
    TLSUP_HOT constexpr bool begin_plain_line(std::string_view head, const head_limits& limits) noexcept {
        if (fields_ >= limits.fields) {
            return false;
        }
        mark_ = position_;
        if (!read_name(head, position_)) {
            return false;
        }
        ++fields_;
        return true;
    }

    // The rest of a name, and its value. False where it is none.
    TLSUP_HOT constexpr bool read_name(std::string_view head, std::size_t from) noexcept {
        const std::size_t end = skip_token(head, from);
        if (end >= head.size()) {
            move(end, place::name);
            return true;
        }
        if (head[end] != ':' || end == mark_) {
            return false;
        }
        value_ = static_cast<std::uint16_t>(end + 1);
        fold_ = fold::possible;
        move(skip_value(head, end + 1), place::value);
        return true;
    }

    // One step after the other, whatever comes.
    TLSUP_SEPARATE constexpr progress read_steps(std::string_view bytes, const head_limits& limits,
                                                 Facts& facts) noexcept {
        while (true) {
            const complete what = advance(bytes, limits, for_request);
            if (what == complete::nothing) {
                break;
            }
            tell(what, bytes, facts);
        }
        return fault_ != errc::ok ? progress::failed : at_ == place::done ? progress::done : progress::more;
    }

    // One step of any kind. False where there is no more to read.
    constexpr bool read_any_line(std::string_view head, const head_limits& limits, Facts& facts) noexcept {
        if (step(head, limits, for_request) == complete::field) {
            tell(complete::field, head, facts);
        }
        return fault_ == errc::ok && at_ != place::done && position_ != head.size();
    }

    // Behind a field that was told. Its marks are of no more use; where there are two ways, they leave none.
    TLSUP_HOT constexpr void forget_field() noexcept {
        fold_ = fold::none;
        if (plain_ways) {
            mark_ = 0;
            value_ = 0;
        }
    }

    // Tells the facts what is complete.
    constexpr void tell(complete what, std::string_view head, Facts& facts) noexcept {
        if (what == complete::field) {
            facts.field(part(head, mark_, value_ - 1U), trim(part(head, value_, position_ - 2U)), fold_ == fold::seen);
            forget_field();
            return;
        }
        const auto digit = [&](std::size_t index) { return static_cast<unsigned>(head[index] - '0'); };
        if constexpr (for_request) {
            facts.start_scanned(parse_method(part(head, 0, mark_ - 1U)), part(head, mark_, value_ - 1U),
                                digit(value_ + 5U), digit(value_ + 7U), errc::ok);
        } else {
            facts.start(digit(5), digit(7), static_cast<std::uint16_t>(digit(9) * 100 + digit(10) * 10 + digit(11)));
        }
        fault_ = facts.fault();
    }

    TLSUP_HOT constexpr void read_start_line(std::string_view head, const head_limits& limits, Facts& facts) noexcept {
        if (!plain_ways || !read_plain_start_line(head, limits, facts)) {
            read_any_start_line(head, limits, facts);
        }
    }

    TLSUP_HOT constexpr bool read_plain_start_line(std::string_view head, const head_limits& limits,
                                                   Facts& facts) noexcept {
        if constexpr (for_request) {
            if (at_ == place::version) { // it was cut there
                return end_plain_request_line(head, parse_method(part(head, 0, mark_ - 1U)), facts);
            }
            return position_ == 0 && read_plain_request_line(head, limits, facts);
        } else {
            if (position_ != 0 || !read_plain_status(head, facts)) {
                return false;
            }
            read_reason(head, limits);
            return true;
        }
    }

    constexpr void read_any_start_line(std::string_view head, const head_limits& limits, Facts& facts) noexcept {
        if (at_ != place::reason && step_start(head, limits, for_request) == complete::start_line) {
            tell(complete::start_line, head, facts);
        }
        if (!for_request && at_ == place::reason && fault_ == errc::ok) {
            read_reason(head, limits);
        }
    }

    // A request line of HTTP/1.1, whole. True where it was one.
    TLSUP_HOT constexpr bool read_plain_request_line(std::string_view head, const head_limits& limits,
                                                     Facts& facts) noexcept {
        if constexpr (for_request) {
            if (starts_with<"OPTIONS * HTTP/1.1", false>(head) && ends_line(head, 18) && limits.method_bytes >= 7 &&
                limits.start_line_bytes >= 9 + version_bytes) { // as all probes are, RFC 2817 3.2
                mark_ = 8;
                value_ = 10;
                take_request_line(head, method::options, facts);
                return true;
            }
            const method_token found = find_method(head);
            const std::size_t space = found.size;
            if (space == 0 || space >= head.size() || space > limits.method_bytes || head[space] != ' ') {
                return false;
            }
            const std::size_t target = space + 1;
            const std::size_t end = skip_target(head, target);
            if (end == target || end >= head.size() || end + version_bytes > limits.start_line_bytes ||
                head[end] != ' ') {
                return false;
            }
            mark_ = static_cast<std::uint16_t>(target);
            value_ = static_cast<std::uint16_t>(end + 1);
            move(end + 1, place::version);
            return end_plain_request_line(head, found.what, facts);
        }
        return true;
    }

    // The version, from its first octet on, and the line's end. True where they are there, or a part of the version.
    TLSUP_HOT constexpr bool end_plain_request_line(std::string_view head, method how, Facts& facts) noexcept {
        if constexpr (for_request) {
            constexpr std::string_view version = "HTTP/1.1"sv;
            const std::size_t line_end = value_ + version.size();
            if (!starts_with<"HTTP/1.1", false>(part(head, value_, head.size())) || !ends_line(head, line_end)) {
                const std::size_t left = head.size() - value_;
                const bool cut = left < version.size() && begins_so(head.data() + value_, version.data(), left, false);
                position_ = static_cast<std::uint16_t>(cut ? head.size() : position_);
                return cut;
            }
            take_request_line(head, how, facts);
        }
        return true;
    }

    // A request line of HTTP/1.1 that is there, its parts marked.
    TLSUP_HOT constexpr void take_request_line(std::string_view head, method how, Facts& facts) noexcept {
        if constexpr (for_request) {
            constexpr unsigned version = 8;
            facts.start_scanned(how, part(head, mark_, value_ - 1U), 1, 1, errc::ok);
            fault_ = facts.fault();
            const bool good = fault_ == errc::ok;
            move(value_ + version + (good ? 2U : 1U), good ? place::line : place::start_line_end);
        }
    }

    // A status line as it mostly begins: `HTTP/1.1 200 `. True where it was one: the facts find no fault in it.
    TLSUP_HOT constexpr bool read_plain_status(std::string_view head, Facts& facts) noexcept {
        if constexpr (!for_request) {
            const auto digit = [&](std::size_t index) { return static_cast<unsigned>(head[index]) - '0'; };
            if (head.size() < 13 || !starts_with<"HTTP/1.", false>(head) || digit(7) > 9 || head[8] != ' ' ||
                digit(9) > 9 || digit(10) > 9 || digit(11) > 9 || head[12] != ' ') {
                return false;
            }
            facts.start(1, digit(7), static_cast<std::uint16_t>(digit(9) * 100 + digit(10) * 10 + digit(11)));
            move(13, place::reason);
        }
        return true;
    }
};

} // namespace tlsup::detail
