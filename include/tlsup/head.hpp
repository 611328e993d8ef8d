// head.hpp: a resumable parser of heads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "blocks.hpp"
#include "error.hpp"
#include "fields.hpp"
#include "head_position.hpp"
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
        if (plain_ways && at_ == place::value &&
            bytes.size() < limits.head_bytes) { // as with most pieces of a head that comes so
            move(skip_value(bytes, position_), place::value);
            if (position_ == bytes.size()) {
                return progress::more;
            }
        }
        return read_on(bytes, limits, facts);
    }

    friend constexpr bool operator==(const head_reader&, const head_reader&) noexcept = default;

  private:
    /// Whether there are ways for what is usual, beside those for whatever comes: not where size counts.
    static constexpr bool plain_ways = TLSUP_WORDS != 0;
    static constexpr bool for_request = requires(Facts facts) { facts.method(); };

    constexpr progress read_on(std::string_view bytes, const head_limits& limits, Facts& facts) noexcept {
        if constexpr (!plain_ways) {
            return read_steps(bytes, limits, facts);
        }
        const bool full = bytes.size() >= limits.head_bytes;
        const std::string_view head = part(bytes, 0, full ? limits.head_bytes : bytes.size());
        if (at_ < place::start_line_end && fault_ == errc::ok) {
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

    TLSUP_HOT constexpr void read_lines(std::string_view head, const head_limits& limits, Facts& facts) noexcept {
        do {
            const bool plain = at_ == place::name || (pending_ ? at_ == place::value && !folded_ : at_ == place::line);
            if (plain_ways && plain && !read_plain_lines(head, limits, facts)) {
                return;
            }
        } while (read_any_line(head, limits, facts));
    }

    TLSUP_HOT constexpr bool read_plain_lines(std::string_view head, const head_limits& limits, Facts& facts) noexcept {
#if TLSUP_SSE2
        if (!std::is_constant_evaluated() && head.size() - position_ >= window_scanner::window) {
            return read_plain_lines(window_scanner(head), head, limits, facts);
        }
#endif
        return read_plain_lines(line_scanner(head), head, limits, facts);
    }

    // Lines as they mostly are: whole, or cut in the name or the value. False where there is no more to read. What is
    // unusual is left to `read_any_line`.
    template <class Scanner>
    constexpr bool read_plain_lines(Scanner scanner, std::string_view head, const head_limits& limits,
                                    Facts& facts) noexcept {
        std::size_t at = position_;
        std::size_t mark = mark_;
        std::size_t value = value_;
        const unsigned allowed = fields_ < limits.fields ? limits.fields - unsigned{fields_} : 0;
        unsigned left = allowed;
        place where = at_;
        while (at < head.size()) {
            const std::size_t line = at;
            if (where == place::line) {
                if (static_cast<unsigned char>(head[at]) <= ' ' || left == 0) {
                    break;
                }
                --left;
                mark = at;
            }
            if (where != place::value) {
                at = scanner.name_end(at);
                where = place::name;
                if (at == head.size() || head[at] != ':' || at == mark) {
                    break;
                }
                value = ++at;
                where = place::value;
            }
            at = scanner.value_end(line, at);
            if (at + 2 >= head.size() || !starts_with<"\r\n">(part(head, at, at + 2))) {
                break;
            }
            const char next = head[at + 2];
            if (static_cast<unsigned char>(next) <= ' ' && next != '\r') {
                break; // the line goes on, or is wrong
            }
            facts.field(part(head, mark, value - 1), trim_value(part(head, value, at)), false);
            at += 2;
            where = place::line;
        }
        if (where == place::line && ends_line(head, at)) {
            at += 2;
            where = place::done;
        }
        position_ = static_cast<std::uint16_t>(at);
        mark_ = static_cast<std::uint16_t>(mark);
        value_ = static_cast<std::uint16_t>(value);
        fields_ = static_cast<std::uint8_t>(fields_ + (allowed - left));
        at_ = where;
        pending_ = where == place::value;
        return where != place::done && at < head.size();
    }

    // One step after the other, whatever comes.
    constexpr progress read_steps(std::string_view bytes, const head_limits& limits, Facts& facts) noexcept {
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

    // Tells the facts what is complete.
    constexpr void tell(complete what, std::string_view head, Facts& facts) noexcept {
        if (what == complete::field) {
            facts.field(part(head, mark_, value_ - 1U), trim(part(head, value_, position_ - 2U)), folded_);
            pending_ = false;
            folded_ = false;
            return;
        }
        const auto digit = [&](std::size_t index) { return static_cast<unsigned>(head[index] - '0'); };
        if constexpr (for_request) {
            facts.start_scanned(part(head, 0, mark_ - 1U), part(head, mark_, value_ - 1U), digit(value_ + 5U),
                                digit(value_ + 7U), errc::ok);
        } else {
            facts.start(digit(5), digit(7), static_cast<std::uint16_t>(digit(9) * 100 + digit(10) * 10 + digit(11)));
        }
        fault_ = facts.fault();
    }

    TLSUP_HOT constexpr void read_start_line(std::string_view head, const head_limits& limits, Facts& facts) noexcept {
        if (!plain_ways || position_ != 0 || !read_plain_start_line(head, limits, facts)) {
            read_any_start_line(head, limits, facts);
        }
    }

    TLSUP_HOT constexpr bool read_plain_start_line(std::string_view head, const head_limits& limits,
                                                   Facts& facts) noexcept {
        if constexpr (for_request) {
            return read_plain_request_line(head, limits, facts);
        } else {
            if (!read_plain_status(head, facts)) {
                return false;
            }
            if (fault_ == errc::ok) {
                read_reason(head, limits);
            }
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

    TLSUP_HOT static constexpr std::size_t method_size(std::string_view head) noexcept {
        return starts_with<"GET ", false>(head)       ? 3
               : starts_with<"OPTIONS ", false>(head) ? 7
               : starts_with<"CONNECT ", false>(head) ? 7
                                                      : skip(head, 0, class_token);
    }

    // A request line of HTTP/1.1, whole. True where it was one.
    TLSUP_HOT constexpr bool read_plain_request_line(std::string_view head, const head_limits& limits,
                                                     Facts& facts) noexcept {
        if constexpr (for_request) {
            const std::size_t space = method_size(head);
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
            const std::size_t line_end = end + version_bytes;
            if (!starts_with<" HTTP/1.1", false>(part(head, end, head.size())) || !ends_line(head, line_end)) {
                move(end + 1, place::version);
                return false;
            }
            facts.start_scanned(part(head, 0, space), part(head, target, end), 1, 1, errc::ok);
            fault_ = facts.fault();
            const bool good = fault_ == errc::ok;
            move(line_end + (good ? 2 : 1), good ? place::line : place::start_line_end);
        }
        return true;
    }

    // A status line as it mostly begins: `HTTP/1.1 200 `. True where it was one.
    TLSUP_HOT constexpr bool read_plain_status(std::string_view head, Facts& facts) noexcept {
        if constexpr (!for_request) {
            const auto digit = [&](std::size_t index) { return static_cast<unsigned>(head[index]) - '0'; };
            if (head.size() < 13 || !starts_with<"HTTP/1.", false>(head) || digit(7) > 9 || head[8] != ' ' ||
                digit(9) > 9 || digit(10) > 9 || digit(11) > 9 || head[12] != ' ') {
                return false;
            }
            facts.start(1, digit(7), static_cast<std::uint16_t>(digit(9) * 100 + digit(10) * 10 + digit(11)));
            fault_ = facts.fault();
            move(13, place::reason);
        }
        return true;
    }
};

} // namespace tlsup::detail
