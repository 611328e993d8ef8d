// Origins, what may be learned of them, and dice: what the random tests of the cache share.
#pragma once

#include <tlsup/tlsup.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace unit {

using namespace tlsup;

inline constexpr std::uint64_t never = 0;
inline constexpr std::uint64_t last = std::numeric_limits<std::uint64_t>::max();

/// An origin, and ways to spell it.
struct place {
    tlsup::scheme scheme;
    std::uint16_t port;
    std::vector<std::string_view> spellings;
};
inline const std::vector<place> places{
    {scheme::http, 80, {"a.example", "A.Example", "a.EXAMPLE."}},
    {scheme::https, 80, {"a.example", "A.EXAMPLE"}},
    {scheme::http, 8080, {"a.example", "a.example."}},
    {scheme::http, 80, {"[2001:db8::1]", "2001:DB8:0:0:0:0:0:1", "[2001:db8::0.0.0.1]"}},
    {scheme::http, 80, {"[2001:db8::2]", "2001:db8:0::2"}},
    {scheme::http, 80, {"192.0.2.1"}},
    {scheme::http, 80, {"[::ffff:192.0.2.1]", "::FFFF:c000:201"}},
    {scheme::http, 80, {"b.example", "B.example"}},
    {scheme::http, 80, {"ab.example"}},
    {scheme::http, 631, {"printer", "PRINTER.", "Printer"}},
    {scheme::https, 631, {"printer"}},
    {scheme::http, 631, {"[v1.fe80::1+eth0]", "[V1.FE80::1+ETH0]"}},
};

/// What the model holds of an origin.
struct record {
    std::string host;
    std::vector<tls_token> tokens;
    bool verified = false;
    bool pinned = false;
    std::uint64_t expires = never;
    std::size_t slot = 0;

    [[nodiscard]] bool dead(std::uint64_t now) const { return expires != never && expires <= now; }
};

inline std::string line_of(const place& of, const record& what) {
    std::string line = of.scheme == scheme::https ? "https " : "http ";
    line += what.host + " " + std::to_string(of.port) + (what.verified ? " verified " : " clear ");
    line += (what.pinned ? "pinned " : "unpinned ") + std::to_string(what.expires);
    for (const tls_token each : what.tokens) {
        line += " TLS/1." + std::to_string(static_cast<int>(each));
    }
    return line;
}

inline std::string written(const capability& entry) {
    char out[longest_entry];
    const written_entry line = write_entry(out, entry);
    return line.error == errc::ok ? std::string(line.text) : std::string("none");
}

class dice {
  public:
    explicit dice(std::uint32_t seed) : engine_(seed) {}

    /// Below `limit`. The same on every platform, as std::uniform_int_distribution is not.
    std::size_t below(std::size_t limit) { return engine_() % limit; }
    bool one_in(std::size_t count) { return below(count) == 0; }
    template <class List> const auto& of(const List& list) { return list[below(std::size(list))]; }

    std::uint64_t clock(std::uint64_t now) {
        return one_in(50) ? (one_in(4) ? last - below(3) : below(60)) : one_in(3) && now < last ? now + 1 : now;
    }
    record anything(std::size_t whom, std::uint64_t now) {
        record made;
        made.host = std::string(of(places[whom].spellings));
        std::array<tls_token, 4> order{tls_token::tls_1_0, tls_token::tls_1_1, tls_token::tls_1_2, tls_token::tls_1_3};
        for (std::size_t at = 3; at > 0; --at) {
            std::swap(order[at], order[below(at + 1)]);
        }
        made.tokens.assign(order.begin(), order.begin() + 1 + static_cast<std::ptrdiff_t>(below(4)));
        made.verified = one_in(2);
        made.pinned = made.verified && one_in(8);
        const std::uint64_t in = below(20);
        const std::uint64_t then = now > last - in ? last : now + in;
        made.expires = made.pinned || one_in(12) ? never : one_in(12) ? (now < 4 ? 1 : now - below(4)) : then;
        return made;
    }

  private:
    std::mt19937 engine_;
};

} // namespace unit
