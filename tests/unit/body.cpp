// Where content ends, octet by octet: chunks, extensions, trailers and their limits. RFC 9112 6.3, 7.1.
#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <string>
#include <string_view>

using namespace tlsup;
using detail::body_reader;
using kind = detail::body_piece::kind;

namespace {

struct read {
    std::string content{};
    errc fault = errc::ok;
    bool done = false;
    std::size_t left = 0;
};

/// Reads all of `input`, given whole or octet by octet.
read all_of(std::string_view input, body_reader reader, const body_limits& limits, bool each_byte) {
    read it;
    std::size_t from = 0;
    std::size_t shown = each_byte ? 0 : input.size();
    while (true) {
        const detail::body_piece piece = reader.next(input.substr(from, shown - from), limits);
        if (piece.what == kind::failed || piece.what == kind::end) {
            it.fault = reader.fault();
            it.done = piece.what == kind::end;
            it.left = input.size() - from;
            return it;
        }
        if (piece.what == kind::more) {
            if (shown == input.size()) {
                return it;
            }
            ++shown;
            continue;
        }
        if (piece.what == kind::content) {
            it.content += input.substr(from, piece.size);
        }
        reader.took(piece.size);
        from += piece.size;
    }
}

read chunked(std::string_view input, const body_limits& limits = {}, bool folds = false) {
    const read whole = all_of(input, {framing::chunked, 0, folds}, limits, false);
    const read bytes = all_of(input, {framing::chunked, 0, folds}, limits, true);
    CHECK(whole.fault == bytes.fault);
    CHECK(whole.done == bytes.done);
    CHECK(whole.content == bytes.content);
    return whole;
}

} // namespace

TEST_CASE("chunks (9112-6.1-01, 9112-6.3-04, 9112-7.1-03)") {
    const read it = chunked("5\r\nhello\r\nA\r\n, worldly!\r\n0\r\n\r\nGET");
    CHECK(it.content == "hello, worldly!");
    CHECK(it.done);
    CHECK(it.left == 3);
    for (const std::string_view bad : {"0x5\r\n", "-5\r\n", " 5\r\n", "5 \r\n", "5\n", "\r\n", ";a\r\n", "g\r\n",
                                       "5\r\nhellox", "5\r\nhello\rx", "5\r\nhello\n", "5\rx"}) {
        CAPTURE(bad);
        CHECK(chunked(bad).fault == errc::bad_chunk);
    }
}

TEST_CASE("sizes of chunks (9112-7.1-01)") {
    CHECK(chunked("0000000000000005\r\nhello\r\n0\r\n\r\n").done);
    CHECK(chunked("00000000000000005\r\nhello\r\n0\r\n\r\n").fault == errc::bad_chunk); // 17 digits
    CHECK(chunked("ffffffffffffffff\r\n").fault == errc::bad_chunk);
    CHECK(chunked("7fffffffffffffff\r\n").fault == errc::ok);
    body_limits limits;
    limits.content_bytes = 8;
    CHECK(chunked("8\r\n12345678\r\n0\r\n\r\n", limits).done);
    CHECK(chunked("9\r\n", limits).fault == errc::content_too_large);
    CHECK(chunked("8\r\n12345678\r\n1\r\n", limits).fault == errc::content_too_large); // all chunks together
    CHECK(chunked("4\r\n1234\r\n5\r\n", limits).fault == errc::content_too_large);
}

TEST_CASE("a limit that is lowered in mid-message holds for what follows") {
    body_reader reader{framing::chunked, 0, false};
    const body_limits first;
    REQUIRE(reader.next("4\r\n1234\r\n4\r\n", first).size == 3);
    reader.took(3);
    REQUIRE(reader.next("1234\r\n4\r\n", first).size == 4);
    reader.took(4);
    body_limits second;
    second.content_bytes = 2;
    const detail::body_piece piece = reader.next("\r\n4\r\n", second);
    REQUIRE(piece.what == kind::framing);
    reader.took(piece.size);
    CHECK(reader.next("\r\n", second).what == kind::failed);
    CHECK(reader.fault() == errc::content_too_large);
}

TEST_CASE("chunk extensions are ignored, and bounded (9112-7.1.1-01, 9112-7.1.1-02)") {
    for (const std::string_view good :
         {"1;a\r\nx\r\n0\r\n\r\n", "1;a=b\r\nx\r\n0\r\n\r\n", "1;a=b;c=d\r\nx\r\n0\r\n\r\n",
          "1;a=\"b\"\r\nx\r\n0\r\n\r\n", "1;a=\"b\\\"c\";d\r\nx\r\n0\r\n\r\n", "1\r\nx\r\n0;end\r\n\r\n"}) {
        CAPTURE(good);
        CHECK(chunked(good).done);
        CHECK(chunked(good).content == "x");
    }
    for (const std::string_view bad : {"1;\r\n", "1;a=\r\n", "1;a=;\r\n", "1;a=\"b\n", "1;a=\"b\\\n", "1;a=\"b\"c\r\n",
                                       "1;a b\r\n", "1; a\r\n", "1;a\n"}) {
        CAPTURE(bad);
        CHECK(chunked(bad).fault == errc::bad_chunk);
    }
    body_limits limits;
    limits.extension_bytes = 4;
    CHECK(chunked("1;a=b\r\nx\r\n0\r\n\r\n", limits).done);
    CHECK(chunked("1;a=bc\r\n", limits).fault == errc::extensions_too_long);
    CHECK(chunked("1;a\r\nx\r\n1;b\r\nx\r\n1;c\r\n", limits).fault == errc::extensions_too_long); // of all chunks
}

TEST_CASE("whitespace in a chunk line is refused, wherever it is (N-BWS)") {
    for (const std::string_view blank : {" ", "\t", "  "}) {
        for (const std::string_view line :
             {"1_", "1_;a=b", "1;_a=b", "1;a_=b", "1;a=_b", "1;a_=_b", "1;a=b_", "1;a_", "1;a_;b", "1;a=b_;c",
              "1;a=b;_c", "1;a=\"b\"_", "1;a=\"b\"_;c", "1;a=\"b\";_c", "_1", "1_;", "1;_", "1_a"}) {
            std::string input;
            for (const char each : line) {
                input += each == '_' ? std::string(blank) : std::string(1, each);
            }
            CAPTURE(input);
            CHECK(chunked(input + "\r\nx\r\n0\r\n\r\n").fault == errc::bad_chunk);
        }
    }
    CHECK(chunked("1;a=\" b\t\"\r\nx\r\n0\r\n\r\n").done); // in quotes it is part of the value
}

TEST_CASE("a machine without chunks refuses them (N-PARTS)") {
    for (const framing how : {framing::none, framing::length, framing::until_close}) {
        CHECK(detail::refuses_content<content_parts::counted>(how, true) == errc::ok);
    }
    CHECK(detail::refuses_content<content_parts::counted>(framing::chunked, true) == errc::unknown_transfer_coding);
    CHECK(detail::refuses_content<content_parts::none>(framing::chunked, true) == errc::unknown_transfer_coding);
    CHECK(detail::refuses_content<content_parts::all>(framing::chunked, true) == errc::ok);
}

TEST_CASE("trailers are read and have no effect (9112-7.1.2-01, 9110-6.5.1-01)") {
    CHECK(chunked("0\r\nX: y\r\nContent-Length: 9\r\n\r\nGET").left == 3);
    CHECK(chunked("0\r\nX:\r\n\r\n").done);
    for (const std::string_view bad :
         {"0\r\nX y\r\n", "0\r\n: y\r\n", "0\r\nX: \x01\r\n", "0\r\nX: y\n", "0\r\nX: y\rz", "0\r\n\rx", "0\r\n\n",
          "0\r\n y\r\n", "0\r\nX\r\n", "0\r\n(\r\n"}) {
        CAPTURE(bad);
        CHECK(chunked(bad).fault == errc::bad_trailer);
    }
    body_limits limits;
    limits.trailers = 1;
    CHECK(chunked("0\r\nX: y\r\n\r\n", limits).done);
    CHECK(chunked("0\r\nX: y\r\nZ: y\r\n\r\n", limits).fault == errc::too_many_trailers);
    limits.trailers = 100;
    limits.trailer_bytes = 8;
    CHECK(chunked("0\r\nX: y\r\n\r\n", limits).done);
    CHECK(chunked("0\r\nX: yy\r\n\r\n", limits).fault == errc::too_many_trailers);
}

TEST_CASE("a trailer may be folded in responses only (9112-5.2-02, 9112-5.2-04)") {
    for (const std::string_view folded : {"0\r\nX: y\r\n z\r\n\r\n", "0\r\nX: y\r\n\tz\r\n\r\n"}) {
        CHECK(chunked(folded, {}, true).done);
        CHECK(chunked(folded, {}, false).fault == errc::bad_trailer);
    }
    CHECK(chunked("0\r\nX: y\r\nZ: y\r\n\r\n", {}, true).done);
    CHECK(chunked("0\r\n y\r\n\r\n", {}, true).fault == errc::bad_trailer); // there is no line to continue
}

TEST_CASE("by length, until the end, and nothing (9112-6.3-10, 9112-6.3-11, 9110-15.2-02)") {
    const read by_length = all_of("hello!", {framing::length, 5, false}, {}, true);
    CHECK(by_length.content == "hello");
    CHECK(by_length.done);
    CHECK(by_length.left == 1);
    CHECK(all_of("", {framing::length, 0, false}, {}, false).done);
    CHECK(all_of("x", {framing::none, 7, false}, {}, false).left == 1);
    const read endless = all_of("hello", {framing::until_close, 0, false}, {}, true);
    CHECK(endless.content == "hello");
    CHECK(!endless.done);
    body_limits limits;
    limits.content_bytes = 4;
    CHECK(all_of("hello", {framing::until_close, 0, false}, limits, false).fault == errc::content_too_large);
    CHECK(all_of("hello", {framing::length, 5, false}, limits, false).fault == errc::content_too_large);
}

TEST_CASE("more framing than a step can hold comes in several") {
    std::string input = "1;";
    body_limits limits;
    limits.extension_bytes = 0xffff;
    input += std::string(0xfffe, 'a');
    input += "\r\nx\r\n0\r\n";
    for (int at = 0; at < 8; ++at) {
        input += "X: " + std::string(8000, 'y') + "\r\n";
    }
    input += "\r\n";
    limits.trailer_bytes = 0xffff;
    const read it = all_of(input, {framing::chunked, 0, false}, limits, false);
    CHECK(it.fault == errc::ok);
    CHECK(it.done);
}
