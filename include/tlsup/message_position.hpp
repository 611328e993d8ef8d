// message_position.hpp: how far a message was read, from the first octet of its head to the last of its content.
#pragma once

#include <cstddef>
#include <cstdint>

#include "error.hpp"

namespace tlsup::detail {

/// How far a message was read. What reads its head, what reads its content and what discards octets where no more is
/// read never work at the same time: they keep their marks here, one after the other. Ten octets, no views.
class message_position {
  public:
    /// The first thing that is wrong with the message, or what its owner says of the connection.
    [[nodiscard]] constexpr errc fault() const noexcept { return fault_; }
    constexpr void fail(errc why) noexcept { fault_ = why; }
    /// Octets of the head that were read; once done, all up to the end of the empty line.
    [[nodiscard]] constexpr std::uint16_t size() const noexcept { return position_; }
    /// Octets of the head, from its front on, left the buffer; it is shown no more.
    constexpr void left(std::uint16_t octets) noexcept { position_ = static_cast<std::uint16_t>(position_ - octets); }
    [[nodiscard]] constexpr bool started() const noexcept { return position_ != 0; }
    /// Whether the content was begun, so that its count is in the facts' place.
    [[nodiscard]] constexpr bool in_content() const noexcept { return at_ >= place::content; }

    /// From here on nothing is read: the marks count what is discarded. They hold its lower and its upper half.
    constexpr void begin_discarding() noexcept {
        mark_ = 0;
        value_ = 0;
    }
    constexpr void discarded(std::uint16_t octets) noexcept {
        const std::uint32_t before = discarded();
        const std::uint32_t sum = before + octets < before ? ~std::uint32_t{0} : before + octets; // no limit is above
        mark_ = static_cast<std::uint16_t>(sum);
        value_ = static_cast<std::uint16_t>(sum >> 16);
    }
    [[nodiscard]] constexpr std::uint32_t discarded() const noexcept { return mark_ | std::uint32_t{value_} << 16; }

    friend constexpr bool operator==(const message_position&, const message_position&) noexcept = default;

  protected:
    enum class place : std::uint8_t {
        start, // the method of a request, the version and the code of a response
        target,
        version,
        reason,
        start_line_end,
        line, // the first octet of a line
        name,
        value,
        value_end,
        last_line_end,
        done,
        content // the first of the places that content has
    };

    /// Whether the next line may continue this field's, or this one has continued another.
    enum class fold : std::uint8_t { none, possible, seen };

    std::uint16_t position_ = 0; // the next octet to look at; once done, the head's size
    std::uint16_t mark_ = 0;     // where the target or the field name starts
    std::uint16_t value_ = 0;    // where the version or the field value starts
    place at_ = place::start;
    std::uint8_t fields_ = 0; // field lines so far; before the head, empty lines
    fold fold_ = fold::none;
    errc fault_ = errc::ok;
};

} // namespace tlsup::detail
