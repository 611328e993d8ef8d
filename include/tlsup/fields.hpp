// fields.hpp: the fields of a head that has been parsed, and the parts of its request line.
#pragma once

#include <cstddef>
#include <string_view>

#include "request_facts.hpp"
#include "scan.hpp"
#include "words.hpp"

namespace tlsup {

/// One field line of a head: views into the head.
struct field {
    std::string_view name{};
    std::string_view value{}; ///< trimmed; where `folded`, it still holds line ends, which read as one space each
    bool folded = false;      ///< responses only, RFC 9112 5.2
};

namespace detail {

/// A head is walked again only after it was parsed: its lines are known to be well-formed.
constexpr std::size_t line_end(std::string_view head, std::size_t from) noexcept {
    from = find(head, from, '\n');
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
        const std::size_t colon = detail::find(head_, at_, ':');
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
            found.name = each.name; // all of it at once would be octet by octet on some processors
            found.value = each.value;
            found.folded = each.folded;
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
    const std::size_t space = detail::find(head, 0, ' ');
    const std::size_t from = space < head.size() ? space + 1 : space;
    const std::size_t to = detail::skip(head, from, detail::class_target);
    request_line line{detail::part(head, 0, space), detail::part(head, from, to), {}};
    if (!line.target.empty() && line.target[0] != '/') { // a path or query may well hold another URI
        line.authority = detail::authority_part(line.target);
    }
    if (detail::is_exactly<"CONNECT">(line.method)) {
        line.authority = line.target;
    }
    field host;
    if (line.authority.empty() && find_field(head, "host"sv, host)) {
        line.authority = host.value;
    }
    return line;
}

namespace detail {

/// Whether a request is for the authority of an earlier one, or names none. Both heads were parsed.
TLSUP_SEPARATE constexpr bool within(std::string_view head, std::string_view earlier) noexcept {
    authority first;
    authority asked;
    (void)parse_authority(parse_request_line(earlier).authority, port_rule::optional, first);
    const std::string_view text = parse_request_line(head).authority;
    return text.empty() || // GCOVR_EXCL_BR_LINE the authority of a faultless head parses
           (parse_authority(text, port_rule::optional, asked) == errc::ok && same_authority(asked, first));
}

} // namespace detail

} // namespace tlsup
