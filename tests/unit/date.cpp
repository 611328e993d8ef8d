// Dates as HTTP writes them.
#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <cstdint>
#include <ctime>
#include <string>

using namespace tlsup;

namespace {

std::string written(std::uint64_t seconds) { return std::string(http_date(seconds).text()); }

/// The same by the C library.
std::string expected(std::uint64_t seconds) {
    const auto when = static_cast<std::time_t>(seconds);
    std::tm parts{};
    char text[40] = {};
    ::gmtime_r(&when, &parts);
    return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

static_assert(http_date(784111777).text() == "Sun, 06 Nov 1994 08:49:37 GMT"); // RFC 9110 5.6.7

} // namespace

TEST_CASE("IMF-fixdate from Unix seconds") {
    CHECK(written(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
    CHECK(written(951782399) == "Mon, 28 Feb 2000 23:59:59 GMT");
    CHECK(written(951782400) == "Tue, 29 Feb 2000 00:00:00 GMT");
    CHECK(written(951868800) == "Wed, 01 Mar 2000 00:00:00 GMT");
    CHECK(written(4107542400) == "Mon, 01 Mar 2100 00:00:00 GMT"); // no leap year
    CHECK(written(4294967296) == "Sun, 07 Feb 2106 06:28:16 GMT"); // more than 32 bits
    CHECK(written(253402300799) == "Fri, 31 Dec 9999 23:59:59 GMT");
    for (const std::uint64_t beyond : {253402300800U + std::uint64_t{0}, ~std::uint64_t{0}}) {
        CHECK(written(beyond) == "Fri, 31 Dec 9999 23:59:59 GMT"); // the year has four digits
    }
}

TEST_CASE("IMF-fixdate of every day for 500 years, and of every second of one") {
    for (std::uint64_t day = 0; day < 500 * 366; ++day) {
        const std::uint64_t second = day * 86400 + day * 7919 % 86400;
        const std::string text = written(second);
        if (text != expected(second)) { // a check for each would take longer than all else
            CHECK(text == expected(second));
            break;
        }
    }
    for (std::uint64_t second = 0; second < 86400; ++second) {
        const std::string text = written(second);
        if (text != expected(second)) {
            CHECK(text == expected(second));
            break;
        }
    }
}
