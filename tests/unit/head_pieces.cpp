// Heads in pieces of any sizes: the readers' short ways come to what the general steps come to, at each cut.
#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "unit/support.hpp"

using namespace tlsup;

namespace {

/// What was found after some octets of a head; no size where it is wrong.
template <class Facts> struct found {
    bool done = false;
    errc fault = errc::ok;
    std::uint16_t size = 0;
    Facts facts{};
    bool operator==(const found&) const = default;
};

/// The general steps alone, from the first octet on.
template <class Facts> class stepped : public detail::head_position {
  public:
    static found<Facts> read(std::string_view head, const head_limits& limits) {
        stepped reader;
        Facts facts;
        constexpr bool request = requires { facts.method(); };
        for (complete what = complete::nothing; (what = reader.advance(head, limits, request)) != complete::nothing;) {
            if (what == complete::field) {
                facts.field(head.substr(reader.mark_, reader.value_ - 1U - reader.mark_),
                            detail::trim(head.substr(reader.value_, reader.position_ - 2U - reader.value_)),
                            reader.fold_ == fold::seen);
                reader.fold_ = fold::none;
                continue;
            }
            const auto digit = [&](std::size_t at) { return static_cast<unsigned>(head[at] - '0'); };
            if constexpr (request) {
                facts.start(head.substr(0, reader.mark_ - 1U),
                            head.substr(reader.mark_, reader.value_ - 1U - reader.mark_), digit(reader.value_ + 5U),
                            digit(reader.value_ + 7U));
            } else {
                facts.start(digit(5), digit(7),
                            static_cast<std::uint16_t>(digit(9) * 100 + digit(10) * 10 + digit(11)));
            }
            reader.fault_ = facts.fault();
        }
        const std::uint16_t size = reader.fault_ == errc::ok ? reader.position_ : std::uint16_t{0};
        return {reader.at_ == place::done, reader.fault_, size, facts};
    }
};

/// The reader, given the head up to each of these ends, each time in a buffer of its own that has nothing behind it.
template <class Facts>
found<Facts> in_pieces(std::string_view head, const std::vector<std::size_t>& ends, const head_limits& limits) {
    using reader_type = detail::head_reader<Facts>;
    reader_type reader;
    found<Facts> now;
    for (const std::size_t end : ends) {
        const std::vector<char> buffer(head.begin(), head.begin() + static_cast<std::ptrdiff_t>(end));
        const auto progress = reader.read({buffer.data(), buffer.size()}, limits, now.facts);
        now.done = progress == reader_type::progress::done;
        if (progress != reader_type::progress::more) {
            CHECK_MESSAGE(reader.read(head, limits, now.facts) == progress, head); // it stays so
            break;
        }
    }
    now.fault = reader.fault();
    now.size = now.fault == errc::ok ? reader.size() : std::uint16_t{0};
    return now;
}

struct random_numbers {
    std::uint32_t state = 9112;
    std::size_t below(std::size_t limit) {
        state = state * 1664525U + 1013904223U;
        return (state >> 8) % limit;
    }
};

constexpr head_limits wide{65535, 8192, 32, 100};
constexpr head_limits narrow{90, 40, 8, 3};

const std::string requests[] = {
    "OPTIONS * HTTP/1.1\r\nHost: a.example\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\n\r\n",
    "GET / HTTP/1.1\r\na:b\r\nHost:x\r\nc:\r\nd: \r\n\r\nbehind",
    "G / HTTP/1.1\r\nN:\r\n\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n",
    "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nX!_~: \t tab\tand \x80\xff\r\nContent-Length: 0\r\n\r\n",
    "GET /" + std::string(30, 'p') + " HTTP/1.1\r\n" + std::string(33, 'N') + ": " + std::string(66, 'v') +
        "\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n",
    "GET / HTTP/1.1\r\nfolded: 1\r\n 2\r\n\r\n",
};

const std::string responses[] = {
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.2, HTTP/1.1\r\nConnection: Upgrade\r\n\r\n\x16\x03",
    "HTTP/1.0 200 \r\nN:\r\nm: v\r\n\r\n",
    "HTTP/1.1 426 Upgrade Required\r\nfolded: 1\r\n 2\r\n\t3\r\nConnection:\r\n Upgrade\r\nlast:\r\n \r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n 6\r\nServer:" + std::string(70, 's') + "\r\n\r\n",
};

template <class Facts>
void check_cuts(const std::string& head, const std::vector<std::size_t>& ends, const head_limits& limits,
                const found<Facts>& expected) {
    const found<Facts> now = in_pieces<Facts>(head, ends, limits);
    if (now != expected) {
        std::string cuts;
        for (const std::size_t end : ends) {
            cuts += " " + std::to_string(end);
        }
        FAIL_CHECK(head << " cut at" << cuts << ": " << to_string(now.fault) << " at " << now.size << ", not "
                        << to_string(expected.fault) << " at " << expected.size);
    }
}

template <class Facts> void check_each_cut(const std::string& head, const head_limits& limits) {
    for (std::size_t size = 1; size <= head.size(); ++size) { // of the whole head, and of each beginning of it
        const auto expected = stepped<Facts>::read(std::string_view(head).substr(0, size), limits);
        for (std::size_t cut = 1; cut <= size; ++cut) {
            check_cuts<Facts>(head, {cut, size}, limits, expected);
            check_cuts<Facts>(head, {cut, cut, size}, limits, expected);
        }
    }
    const auto expected = stepped<Facts>::read(head, limits);
    for (std::size_t first = 1; first < head.size(); ++first) {
        for (std::size_t second = first + 1; second < head.size(); ++second) {
            check_cuts<Facts>(head, {first, second, head.size()}, limits, expected);
        }
    }
}

template <class Facts> void check_any_cuts(const std::string& head, const head_limits& limits, random_numbers& random) {
    const auto expected = stepped<Facts>::read(head, limits);
    for (const std::size_t most : {std::size_t{3}, std::size_t{17}, std::size_t{70}}) {
        std::vector<std::size_t> ends;
        for (std::size_t end = 0; end < head.size();) {
            end += 1 + random.below(most);
            ends.push_back(end < head.size() ? end : head.size());
        }
        check_cuts<Facts>(head, ends, limits, expected);
    }
}

// Each octet becomes each of those that mean something, or is doubled, or is missing.
template <class Facts> void check_damaged(const std::string& head, random_numbers& random) {
    constexpr std::string_view octets{"\r\n\t :_A9\x7f\x80\0", 11};
    for (std::size_t at = 0; at < head.size(); ++at) {
        for (const head_limits& limits : {wide, narrow}) {
            for (const char octet : octets) {
                std::string damaged = head;
                damaged[at] = octet;
                check_any_cuts<Facts>(damaged, limits, random);
            }
            check_any_cuts<Facts>(std::string(head).insert(at, 1, head[at]), limits, random);
            check_any_cuts<Facts>(std::string(head).erase(at, 1), limits, random);
        }
    }
}

} // namespace

TEST_CASE("heads cut anywhere come to what the general steps come to (P-SPLIT)") {
    for (const std::string& head : requests) {
        check_each_cut<request_facts>(head, wide);
        check_each_cut<request_facts>(head, narrow);
    }
    for (const std::string& head : responses) {
        check_each_cut<response_facts>(head, wide);
        check_each_cut<response_facts>(head, narrow);
        check_each_cut<response_facts>(head, {90, 12, 32, 3}); // the limit ends before the reason phrase
    }
}

TEST_CASE("limits of the start line are the same in every way of reading it (9110-5.4-01)") {
    const auto check = [](const auto facts, const std::string& head) {
        using facts_type = std::remove_const_t<decltype(facts)>;
        for (std::uint16_t line = 1; line < 48; ++line) {
            for (const std::uint8_t method : {std::uint8_t{1}, std::uint8_t{6}, std::uint8_t{7}, std::uint8_t{32}}) {
                const head_limits limits{65535, line, method, 100};
                const auto expected = stepped<facts_type>::read(head, limits);
                check_cuts<facts_type>(head, {head.size()}, limits, expected);
                for (const std::size_t cut : {std::size_t{20}, std::size_t{33}}) {
                    check_cuts<facts_type>(head, {cut, cut + 10, head.size()}, limits, expected);
                }
            }
        }
    };
    check(request_facts{}, "OPTIONS * HTTP/1.1\r\nHost: a.example\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\n\r\n");
    check(request_facts{}, "OPTIONS /ab HTTP/1.1\r\nHost: a.example\r\nSome: other\r\n\r\n");
    check(response_facts{}, "HTTP/1.1 426 Upgrade Required now\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\n\r\n");
}

TEST_CASE("damaged heads in many pieces fail as the general steps do (P-SPLIT)") {
    random_numbers random;
    for (const std::string& head : requests) {
        check_damaged<request_facts>(head, random);
    }
    for (const std::string& head : responses) {
        check_damaged<response_facts>(head, random);
    }
}

TEST_CASE("a server reads on inside a value, and sees its end (P-SPLIT)") {
    const std::string head = "GET / HTTP/1.1\r\nHost: a.example\r\nX: " + std::string(50, 'v') + "\r\n\r\n";
    server machine;
    for (std::size_t size = 1; size < head.size(); ++size) {
        for (int twice = 0; twice < 2; ++twice) {
            const step now = machine.next(std::string_view(head).substr(0, size), unit::any_server);
            CHECK(now.what == action::read);
            CHECK(now.error == errc::ok);
            CHECK(now.bytes.empty());
        }
    }
    CHECK(machine.next(head, unit::any_server).what == action::decide);

    server cut;
    const std::string_view part = std::string_view(head).substr(0, 60);
    CHECK(cut.next(part.substr(0, 50), unit::any_server).what == action::read);
    CHECK(cut.next(part.substr(0, 49), unit::any_server).what == action::wait);
    REQUIRE(cut.peer_closed() == errc::ok);
    CHECK(cut.next(part, unit::any_server).what == action::close);
    CHECK(cut.outcome() == outcome::truncated);
}
