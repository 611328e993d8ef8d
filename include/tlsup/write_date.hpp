// write_date.hpp: a point in time as the fields of HTTP write it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "literal.hpp"

namespace tlsup {

/// A time as IMF-fixdate, such as `Sun, 06 Nov 1994 08:49:37 GMT`: what Date, Expires and Last-Modified hold. The clock
/// is the caller's. RFC 9110 5.6.7.
class http_date {
  public:
    /// `seconds` since 1970-01-01 00:00:00 UTC, leap seconds not counted, as Unix counts them. A time after the year
    /// 9999, which has four digits at most, becomes its last second.
    explicit constexpr http_date(std::uint64_t seconds) noexcept {
        constexpr std::uint64_t last = 253402300799;
        constexpr std::uint32_t day_seconds = 86400;
        constexpr std::string_view weekdays = "ThuFriSatSunMonTueWed"sv; // the first day was a Thursday
        constexpr std::string_view months = "MarAprMayJunJulAugSepOctNovDecJanFeb"sv;
        const std::uint64_t when = seconds < last ? seconds : last;
        const auto days = static_cast<std::uint32_t>(when / day_seconds);
        const auto second = static_cast<std::uint32_t>(when % day_seconds);
        // Years begin in March, so that the leap day is the last of its year, and are counted in the 400 years after
        // which the calendar repeats, from 1600-03-01 on.
        const std::uint32_t since = days + 135080;
        const std::uint32_t in_era = since % 146097;
        const std::uint32_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
        const std::uint32_t in_year = in_era - (365 * year + year / 4 - year / 100);
        const std::uint32_t month = (5 * in_year + 2) / 153;
        const std::uint32_t day = in_year - (153 * month + 2) / 5 + 1;
        const std::uint32_t full_year = 1600 + since / 146097 * 400 + year + (month >= 10 ? 1 : 0);
        copy(0, weekdays, days % 7);
        digits(5, day);
        copy(8, months, month);
        digits(12, full_year / 100);
        digits(14, full_year % 100);
        digits(17, second / 3600);
        digits(20, second / 60 % 60);
        digits(23, second % 60);
    }

    /// 29 bytes: a view into the object.
    [[nodiscard]] constexpr std::string_view text() const noexcept { return {text_, sizeof text_ - 1}; }

  private:
    constexpr void copy(std::size_t at, std::string_view names, std::size_t which) noexcept {
        for (std::size_t letter = 0; letter < 3; ++letter) {
            text_[at + letter] = names[3 * which + letter];
        }
    }
    constexpr void digits(std::size_t at, std::uint32_t value) noexcept {
        text_[at] = static_cast<char>('0' + value / 10);
        text_[at + 1] = static_cast<char>('0' + value % 10);
    }

    char text_[30] = "Thu, 01 Jan 1970 00:00:00 GMT";
};

} // namespace tlsup
