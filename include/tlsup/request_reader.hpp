// request_reader.hpp: from the first byte of a request, or of what is none, to the end of its head.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "head.hpp"
#include "request_facts.hpp"

namespace tlsup::detail {

/// Reads a request's head behind as many empty lines as are allowed. A TLS record in its place is an error to which
/// nothing is answered. RFC 9112 2.2, RFC 9931 6.1.
class request_reader {
  public:
    enum class progress : std::uint8_t { more, empty_line, done, failed };

    /// `empty_line`: the first two octets are one; they have to leave the buffer, then `skipped()`.
    constexpr progress read(std::string_view bytes, const head_limits& limits, std::uint8_t empty_lines,
                            request_facts& facts) noexcept {
        if (!head_.started()) {
            const bool cr = !bytes.empty() && bytes[0] == '\r';
            if (bytes.empty() || (cr && bytes.size() == 1)) {
                return progress::more;
            }
            if (bytes[0] == '\x16') {
                return fail(errc::not_http);
            }
            if (cr && bytes[1] == '\n') {
                return empty_lines_ >= empty_lines ? fail(errc::too_many_empty_lines) : progress::empty_line;
            }
        }
        using head_progress = head_reader<request_facts>::progress;
        const head_progress found = head_.read(bytes, limits, facts);
        if (found == head_progress::failed) {
            return fail(head_.fault());
        }
        return found == head_progress::done ? progress::done : progress::more;
    }

    constexpr void skipped() noexcept { ++empty_lines_; }

    [[nodiscard]] constexpr errc fault() const noexcept { return fault_; }
    [[nodiscard]] constexpr std::uint16_t size() const noexcept { return head_.size(); }
    [[nodiscard]] constexpr bool started() const noexcept { return head_.started(); }

    friend constexpr bool operator==(const request_reader&, const request_reader&) noexcept = default;

  private:
    constexpr progress fail(errc why) noexcept {
        fault_ = why;
        return progress::failed;
    }

    errc fault_ = errc::ok;
    std::uint8_t empty_lines_ = 0;
    head_reader<request_facts> head_{};
};

} // namespace tlsup::detail
