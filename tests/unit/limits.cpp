#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <cstring>
#include <string>

#include "corpus_support/feed.hpp"
#include "unit/support.hpp"

using namespace tlsup;

namespace {

const std::string request = "GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\nHost: a.example\r\n"
                            "Some-Name: some value of more than sixteen octets\r\n\r\n";
const std::string response = "HTTP/1.1 200 Okkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk\r\nServer: a.example\r\n"
                             "Some-Name: some value of more than sixteen octets\r\n\r\n";

/// Reads so much of a head, and again with a limit that is smaller than that. The head ends at a guard page.
template <class Facts> errc fault_of(const std::string& head, std::size_t octets, std::uint16_t limit) {
    corpus::guarded memory;
    char* const at = memory.end(octets) - octets;
    std::memcpy(at, head.data(), octets);
    detail::head_reader<Facts> reader;
    Facts facts;
    REQUIRE(reader.read({at, octets}, {}, facts) == detail::head_reader<Facts>::progress::more);
    CHECK(reader.read({at, octets}, {.head_bytes = limit}, facts) == detail::head_reader<Facts>::progress::failed);
    return reader.fault();
}

template <class Facts> void check_smaller_limits(const std::string& head) {
    const std::size_t start_line = head.find('\n') + 1;
    for (std::size_t octets = 1; octets < head.size(); ++octets) {
        for (std::size_t limit = 0; limit <= octets; ++limit) {
            CAPTURE(octets);
            CAPTURE(limit);
            CHECK(fault_of<Facts>(head, octets, static_cast<std::uint16_t>(limit)) ==
                  (octets < start_line ? errc::start_line_too_long : errc::head_too_large));
        }
    }
}

} // namespace

TEST_CASE("what is discarded is counted up to the largest limit, and no further (9112-9.6-06)") {
    detail::message_position counting;
    counting.begin_discarding();
    for (std::uint32_t times = 0; times < 65537; ++times) {
        counting.discarded(65535);
    }
    CHECK(counting.discarded() == 0xffffffff);
    counting.discarded(1);
    CHECK(counting.discarded() == 0xffffffff);
    counting.discarded(65535);
    CHECK(counting.discarded() == 0xffffffff);
}

TEST_CASE("a limit may shrink below what was read of a head: then it is too long (9110-5.4-01)") {
    check_smaller_limits<request_facts>(request);
    check_smaller_limits<response_facts>(response);
}
