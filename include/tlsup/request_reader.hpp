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
class request_reader : public head_reader<request_facts> {
  public:
    enum class progress : std::uint8_t { more, empty_line, done, failed };

    /// `empty_line`: the first two octets are one; they have to leave the buffer, then `skipped()`.
    TLSUP_HOT constexpr progress read(std::string_view bytes, const head_limits& limits, std::uint8_t empty_lines,
                                      request_facts& facts) noexcept {
        if (!started()) {
            const bool cr = !bytes.empty() && bytes[0] == '\r';
            if (bytes.empty() || (cr && bytes.size() == 1)) {
                return progress::more;
            }
            if (bytes[0] == '\x16') {
                return refuse(errc::not_http);
            }
            if (cr && bytes[1] == '\n') {
                return fields_ >= empty_lines ? refuse(errc::too_many_empty_lines) : progress::empty_line;
            }
            fields_ = 0; // it counts what its name says from here on
        }
        using head_progress = head_reader<request_facts>::progress;
        const head_progress found = head_reader<request_facts>::read(bytes, limits, facts);
        return found == head_progress::done     ? progress::done
               : found == head_progress::failed ? progress::failed
                                                : progress::more;
    }

    constexpr void skipped() noexcept { ++fields_; }

    friend constexpr bool operator==(const request_reader&, const request_reader&) noexcept = default;

  private:
    constexpr progress refuse(errc why) noexcept {
        fail(why);
        return progress::failed;
    }
};

/// The facts of a head that was read before, and accepted. RFC 9112 2.2.
TLSUP_SEPARATE constexpr request_facts read_again(std::string_view head) noexcept {
    constexpr head_limits any{65535, 65535, 255, 255};
    request_facts facts;
    head_reader<request_facts> reader;
    (void)reader.read(head, any, facts);
    (void)facts.finish();
    return facts;
}

} // namespace tlsup::detail
