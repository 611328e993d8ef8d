// head.hpp: a resumable parser of heads, and the fields of a head that has been parsed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "error.hpp"
#include "request_facts.hpp"
#include "response_facts.hpp"
#include "scan.hpp"

namespace tlsup {

/// What a head may cost. RFC 9110 5.4, RFC 9112 3.
struct head_limits {
    std::uint16_t head_bytes = 65535;      ///< the whole head; beyond it 431, or 414 in the request line
    std::uint16_t start_line_bytes = 8192; ///< the start line without its CRLF; RFC 9112 3 wants 8000 at least
    std::uint8_t method_bytes = 32;        ///< beyond it 501
    std::uint8_t fields = 100;             ///< field lines; beyond it 431
};

/// One field line of a head: views into the head.
struct field {
    std::string_view name{};
    std::string_view value{}; ///< trimmed; where `folded`, it still holds line ends, which read as one space each
    bool folded = false;      ///< responses only, RFC 9112 5.2
};

namespace detail {

/// Reads one head, resuming at the byte where the last call stopped, whatever the pieces. It looks at each byte in
/// order and stops at the first wrong one, so how the input was cut cannot change the outcome. Twelve bytes, no views.
template <class Facts> class head_reader {
  public:
    enum class progress : std::uint8_t { more, done, failed };

    /// `bytes` begins with the head, and with the same bytes as at the last call.
    constexpr progress read(std::string_view bytes, const head_limits& limits, Facts& facts) noexcept {
        const bool full = bytes.size() >= limits.head_bytes;
        const std::string_view head = part(bytes, 0, full ? limits.head_bytes : bytes.size());
        while (at_ != place::done && fault_ == errc::ok) {
            if (position_ == head.size()) {
                if (full) {
                    fail(in_start_line() ? errc::start_line_too_long : errc::head_too_large);
                    break;
                }
                return progress::more;
            }
            advance(head, limits, facts);
        }
        return fault_ == errc::ok ? progress::done : progress::failed;
    }

    [[nodiscard]] constexpr errc fault() const noexcept { return fault_; }
    /// Octets that were read; once done, all up to the end of the empty line.
    [[nodiscard]] constexpr std::uint16_t size() const noexcept { return position_; }
    [[nodiscard]] constexpr bool started() const noexcept { return position_ != 0; }

    friend constexpr bool operator==(const head_reader&, const head_reader&) noexcept = default;

  private:
    static constexpr bool for_request = requires(Facts facts) { facts.method(); };

    enum class place : std::uint8_t {
        start, // the method of a request, the version of a response
        target,
        version,
        status,
        reason,
        start_line_end,
        line, // the first byte of a line
        name,
        value,
        value_end,
        last_line_end,
        done
    };

    [[nodiscard]] constexpr bool in_start_line() const noexcept { return at_ < place::line; }
    constexpr void fail(errc why) noexcept { fault_ = why; }

    constexpr void advance(std::string_view head, const head_limits& limits, Facts& facts) noexcept {
        switch (at_) { // GCOVR_EXCL_BR_LINE as below
        case place::start:
            if constexpr (for_request) {
                read_method(head, limits);
            } else {
                read_version(head, facts);
            }
            break;
        case place::target:
            read_target(head, limits);
            break;
        case place::version:
            read_version(head, facts);
            break;
        case place::status:
            read_status(head, facts);
            break;
        case place::reason:
            read_reason(head, limits);
            break;
        case place::line:
            read_line_start(head, limits, facts);
            break;
        case place::name:
            read_name(head);
            break;
        case place::value:
            read_value(head);
            break;
        case place::start_line_end:
        case place::value_end:
            read_line_feed(head, place::line);
            break;
        case place::last_line_end:
            read_line_feed(head, place::done);
            break;
        case place::done: // GCOVR_EXCL_LINE read() stops there
            break;        // GCOVR_EXCL_LINE
        }
    }

    constexpr void read_method(std::string_view head, const head_limits& limits) noexcept {
        const std::size_t stop = head.size() < limits.method_bytes ? head.size() : limits.method_bytes;
        position_ = static_cast<std::uint16_t>(skip(head, position_, class_token));
        if (position_ > stop) {
            position_ = static_cast<std::uint16_t>(stop);
            fail(errc::method_too_long);
        } else if (position_ < head.size()) {
            if (head[position_] != ' ' || position_ == 0) {
                fail(errc::bad_method);
            } else {
                mark_ = ++position_;
                at_ = place::target;
            }
        }
    }

    constexpr void read_target(std::string_view head, const head_limits& limits) noexcept {
        const std::size_t longest =
            limits.start_line_bytes > version_bytes ? limits.start_line_bytes - version_bytes : 0;
        const std::size_t end = skip(head, position_, class_target);
        if (end > longest) {
            fail(errc::start_line_too_long);
        } else {
            position_ = static_cast<std::uint16_t>(end);
            if (end < head.size()) {
                if (head[end] != ' ' || end == mark_) {
                    fail(errc::bad_target);
                } else {
                    value_ = ++position_;
                    at_ = place::version;
                }
            }
        }
    }

    // `HTTP/` DIGIT `.` DIGIT: the last part of a request line, the first of a status line. RFC 9112 2.3.
    constexpr void read_version(std::string_view head, Facts& facts) noexcept {
        constexpr std::string_view shape = "HTTP/0.0";
        while (position_ < head.size()) {
            const std::size_t in = position_ - value_;
            const char byte = head[position_];
            if (in == shape.size()) {
                if constexpr (for_request) {
                    end_request_line(head, facts);
                } else {
                    if (byte != ' ') {
                        fail(errc::bad_status_line);
                        return;
                    }
                    mark_ = ++position_;
                    at_ = place::status;
                }
                return;
            }
            if (shape[in] == '0' ? !is(byte, class_digit) : byte != shape[in]) {
                fail(errc::bad_version);
                return;
            }
            ++position_;
        }
    }

    constexpr void end_request_line(std::string_view head, Facts& facts) noexcept {
        if (head[position_] != '\r') {
            fail(head[position_] == '\n' ? errc::bare_lf : errc::bad_version);
            return;
        }
        if constexpr (for_request) {
            facts.start(part(head, 0, mark_ - 1U), part(head, mark_, value_ - 1U),
                        static_cast<unsigned>(head[value_ + 5U] - '0'), static_cast<unsigned>(head[value_ + 7U] - '0'));
        }
        fault_ = facts.fault();
        ++position_;
        at_ = place::start_line_end;
    }

    // 3DIGIT SP. The reason phrase may be empty, the SP may not be missing. RFC 9112 4.
    constexpr void read_status(std::string_view head, Facts& facts) noexcept {
        while (position_ < head.size()) {
            const std::size_t in = position_ - mark_;
            const char byte = head[position_];
            if (in == 3 ? byte != ' ' : !is(byte, class_digit)) {
                fail(errc::bad_status_line);
                return;
            }
            ++position_;
            if (in == 3) {
                if constexpr (!for_request) {
                    const auto digit = [&](std::size_t index) { return static_cast<unsigned>(head[index] - '0'); };
                    facts.start(
                        digit(5), digit(7),
                        static_cast<std::uint16_t>(digit(mark_) * 100 + digit(mark_ + 1U) * 10 + digit(mark_ + 2U)));
                }
                fault_ = facts.fault();
                at_ = place::reason;
                return;
            }
        }
    }

    constexpr void read_reason(std::string_view head, const head_limits& limits) noexcept {
        const std::size_t end = skip_value(head, position_);
        if (end > limits.start_line_bytes) {
            fail(errc::start_line_too_long);
            return;
        }
        end_text(head, end, place::start_line_end);
    }

    // A new line: whitespace continues the last value, CR starts the empty line, anything else a field name.
    constexpr void read_line_start(std::string_view head, const head_limits& limits, Facts& facts) noexcept {
        const char byte = head[position_];
        if (byte == ' ' || byte == '\t') {
            if (for_request || !pending_) {
                fail(errc::folded_line);
            } else {
                folded_ = true;
                at_ = place::value;
            }
            return;
        }
        if (pending_) {
            facts.field(part(head, mark_, value_ - 1U), trim(part(head, value_, position_ - 2U)), folded_);
            pending_ = false;
            folded_ = false;
        }
        if (byte == '\r') {
            ++position_;
            at_ = place::last_line_end;
        } else if (fields_ >= limits.fields) {
            fail(errc::too_many_fields);
        } else {
            ++fields_;
            mark_ = position_;
            at_ = place::name;
        }
    }

    constexpr void read_name(std::string_view head) noexcept {
        position_ = static_cast<std::uint16_t>(skip(head, position_, class_token));
        if (position_ == head.size()) {
            return;
        }
        const char byte = head[position_];
        if (byte == ':' && position_ != mark_) {
            value_ = ++position_;
            pending_ = true;
            at_ = place::value;
        } else if (byte == '\n' && position_ == mark_) {
            fail(errc::bare_lf);
        } else {
            fail((byte == ' ' || byte == '\t') ? errc::space_before_colon : errc::bad_field_name);
        }
    }

    constexpr void read_value(std::string_view head) noexcept {
        end_text(head, skip_value(head, position_), place::value_end);
    }

    constexpr void end_text(std::string_view head, std::size_t end, place next) noexcept {
        position_ = static_cast<std::uint16_t>(end);
        if (end < head.size()) {
            if (head[end] != '\r') {
                fail(head[end] == '\n' ? errc::bare_lf : errc::bad_field_value);
                return;
            }
            ++position_;
            at_ = next;
        }
    }

    constexpr void read_line_feed(std::string_view head, place next) noexcept {
        if (head[position_] != '\n') {
            fail(errc::bare_cr);
            return;
        }
        ++position_;
        at_ = next;
    }

    static constexpr std::size_t version_bytes = 9; // " HTTP/1.1"

    std::uint16_t position_ = 0; // the next byte to look at; once done, the head's size
    std::uint16_t mark_ = 0;     // where the target or the field name starts
    std::uint16_t value_ = 0;    // where the version or the field value starts
    place at_ = place::start;
    std::uint8_t fields_ = 0;
    bool pending_ = false; // a field is complete but for a fold that might follow
    bool folded_ = false;
    errc fault_ = errc::ok;
};

/// A head is walked again only after it was parsed: its lines are known to be well-formed.
constexpr std::size_t line_end(std::string_view head, std::size_t from) noexcept {
    while (from < head.size() && head[from] != '\n') {
        ++from;
    }
    return from < head.size() ? from + 1 : from;
}

} // namespace detail

/// The fields of a head that a machine has shown, one after the other. The head must outlive the iterator.
class field_reader {
  public:
    explicit constexpr field_reader(std::string_view head) noexcept : head_(head), at_(detail::line_end(head, 0)) {}

    /// The next field line; false at the end of the head.
    constexpr bool next(field& found) noexcept {
        if (at_ >= head_.size() || head_[at_] == '\r') {
            return false;
        }
        std::size_t colon = at_;
        while (colon < head_.size() && head_[colon] != ':') {
            ++colon;
        }
        std::size_t end = detail::line_end(head_, colon);
        found.folded = false;
        while (end < head_.size() && (head_[end] == ' ' || head_[end] == '\t')) {
            found.folded = true;
            end = detail::line_end(head_, end);
        }
        found.name = detail::part(head_, at_, colon);
        found.value = colon < end ? detail::trim(detail::part(head_, colon + 1, end)) : std::string_view{};
        at_ = end;
        return true;
    }

  private:
    std::string_view head_;
    std::size_t at_;
};

/// The first field with this name, case aside; false where there is none. RFC 9110 5.1.
constexpr bool find_field(std::string_view head, std::string_view name, field& found) noexcept {
    field_reader fields(head);
    for (field each; fields.next(each);) {
        if (detail::same_text(each.name, name)) {
            found = each;
            return true;
        }
    }
    return false;
}

/// The start line's parts of a request head that was parsed, and the authority that the request is for.
struct request_line {
    std::string_view method{};
    std::string_view target{};
    std::string_view authority{}; ///< the target's in absolute- and authority-form, else Host's. RFC 9112 3.2.2, 3.3
};

constexpr request_line parse_request_line(std::string_view head) noexcept {
    std::size_t space = 0;
    while (space < head.size() && head[space] != ' ') {
        ++space;
    }
    const std::size_t from = space < head.size() ? space + 1 : space;
    const std::size_t to = detail::skip(head, from, detail::class_target);
    request_line line{detail::part(head, 0, space), detail::part(head, from, to), {}};
    if (!line.target.empty() && line.target[0] != '/') { // a path or query may well hold another URI
        line.authority = detail::authority_part(line.target);
    }
    if (line.method == "CONNECT") {
        line.authority = line.target;
    }
    field host;
    if (line.authority.empty() && find_field(head, "host", host)) {
        line.authority = host.value;
    }
    return line;
}

} // namespace tlsup
