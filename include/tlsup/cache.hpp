// cache.hpp: what clients remember of servers that do TLS. It can raise a requirement, and never lowers one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "authority.hpp"
#include "error.hpp"
#include "registry.hpp"
#include "requirement.hpp"

namespace tlsup {

/// An upgraded connection keeps `http`: the two are different origins. RFC 2817 8.1.
enum class scheme : std::uint8_t { http, https };

/// Whom something is remembered of. A view: it must live for the call. RFC 9110 4.3.1.
struct origin {
    tlsup::scheme scheme = tlsup::scheme::http;
    std::string_view host{}; ///< a name or an address; an IPv6 address with or without its brackets
    std::uint16_t port = 0;  ///< 1 to 65535; to ask, also 0 for the scheme's own, as an `authority` without port has it
};

/// How it was learned.
enum class learned : std::uint8_t {
    in_clear, ///< from an advertisement or a 426 that was read in clear: anybody on the path may have written it
    verified, ///< from a handshake with a peer that the caller verified
};

/// A host's text: a copy, without a heap. 256 bytes.
class host_text {
  public:
    constexpr host_text() noexcept = default;
    /// Empty where the text is longer than 255 octets.
    explicit constexpr host_text(std::string_view text) noexcept {
        if (text.size() <= sizeof(octets_)) {
            for (const char each : text) {
                octets_[size_++] = each;
            }
        }
    }

    [[nodiscard]] constexpr std::string_view view() const noexcept { return {octets_, std::size_t{size_}}; }
    [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }

    friend constexpr bool operator==(const host_text&, const host_text&) noexcept = default;

  private:
    char octets_[255] = {};
    std::uint8_t size_ = 0;
};

/// An entry of the cache: an origin that does TLS. Times are seconds of the caller's clock. 272 bytes.
struct capability {
    std::uint64_t expires = 0; ///< from then on it is not there; 0: never
    host_text host{};          ///< as it was spelled when it was last learned
    std::uint16_t port = 0;
    token_list tokens{};
    tlsup::scheme scheme = tlsup::scheme::http;
    learned how = learned::in_clear;
    bool pinned = false; ///< verified, never expires and is never evicted

    /// A place in the array that holds nothing.
    [[nodiscard]] constexpr bool empty() const noexcept { return host.empty(); }
    [[nodiscard]] constexpr bool live(std::uint64_t now) const noexcept {
        return !empty() && (pinned || expires == 0 || now < expires);
    }
    /// Hosts are compared by `same_host`. RFC 9110 4.2.1, 4.2.2.
    [[nodiscard]] constexpr bool is_of(const origin& whom) const noexcept {
        const std::uint16_t own = whom.scheme == tlsup::scheme::https ? 443 : 80;
        return !empty() && scheme == whom.scheme && port == (whom.port != 0 ? whom.port : own) &&
               same_host(host.view(), whom.host);
    }

    friend constexpr bool operator==(const capability&, const capability&) noexcept = default;
};

/// What a client makes of what it remembers.
struct cache_rules {
    /// The first verified success makes TLS required for good: the entry is pinned, and only `forget` removes it. A
    /// server that gives TLS up is then out of reach until somebody does.
    bool pin = false;
    /// Clear hints raise a requirement too. A false one can do no more than make a client refuse: the origin is out of
    /// reach until the hint expires, so give clear hints short lives. Without it, nothing insists on TLS before the
    /// first verified success.
    bool believe_clear_hints = true;
};

/// What the cache makes of a requirement. Of a host that is none it is the strictest one.
struct [[nodiscard]] raised {
    requirement need = requirement::tls;
    errc error = errc::bad_argument;
};

/// An entry that was looked up, or why nothing can be said of the host.
struct [[nodiscard]] found_entry {
    const capability* entry = nullptr; ///< null: there is none, if `error` is `ok`
    errc error = errc::bad_argument;
};

namespace detail {

/// An IPv6 address may come without its brackets, and no port comes with it.
constexpr bool names_host(std::string_view host) noexcept {
    ip_address address;
    host_kind kind = host_kind::name;
    return parse_ipv6(host, address) || classify_host(host, kind);
}

/// What an entry must be to stand in the cache or in its text.
constexpr bool is_capability(const capability& entry) noexcept {
    const bool named = names_host(entry.host.view());
    const bool known = entry.scheme <= scheme::https && entry.how <= learned::verified;
    const bool pinned = entry.how == learned::verified && entry.expires == 0;
    return named && known && entry.port != 0 && !entry.tokens.empty() && (pinned || !entry.pinned);
}

/// Which of two entries wins.
constexpr unsigned strength(const capability& entry) noexcept {
    return entry.pinned ? 2 : entry.how == learned::verified ? 1 : 0;
}

constexpr bool expires_before(std::uint64_t one, std::uint64_t other) noexcept {
    return one != 0 && (other == 0 || one < other);
}

} // namespace detail

/// The capability cache: a client may remember that a server does TLS, and then insist on it. RFC 2817 8.
///
/// A view of the caller's array, which must outlive it and holds all there is: an array that is copied is a cache that
/// is copied. Each origin stands in it once. Each call looks through the whole array.
class capability_cache {
  public:
    constexpr capability_cache(capability* first, std::size_t count) noexcept : data_(first), count_(count) {}
    template <std::size_t Count>
    constexpr capability_cache(capability (&array)[Count]) noexcept : data_(array), count_(Count) {}

    /// Keeps what was learned of an origin: the TLS tokens that it advertised, required or accepted, until `expires`.
    /// The stronger entry wins: a clear hint changes no verified entry, and nothing but a pinned one changes a pinned
    /// one. An equal one is replaced, and lasts as long as the longer of the two. What has expired counts for nothing.
    ///
    /// When the array is full, an expired entry leaves, or else the clear one that expires first, or else, for a
    /// verified one, the verified one that expires first. So a flood of clear hints evicts nothing that was verified.
    /// `bad_argument`: the host is no host, the port is 0, or there is no token. `no_room`: nothing may leave.
    [[nodiscard]] constexpr errc learn(const origin& whom, learned how, token_list tokens, std::uint64_t now,
                                       std::uint64_t expires, const cache_rules& rules) noexcept {
        capability entry;
        entry.host = host_text(whom.host);
        entry.port = whom.port;
        entry.scheme = whom.scheme;
        entry.tokens = tokens;
        entry.how = how;
        entry.pinned = how == learned::verified && rules.pin;
        entry.expires = entry.pinned ? 0 : expires;
        return learn(entry, now);
    }

    /// The same for an entry that was kept elsewhere: it is merged by the same rules. `bad_argument` also for one that
    /// is pinned without being verified, or although it expires.
    [[nodiscard]] constexpr errc learn(const capability& entry, std::uint64_t now) noexcept {
        if (!detail::is_capability(entry)) {
            return errc::bad_argument;
        }
        if (!entry.live(now)) {
            return errc::ok;
        }
        capability* const known = place_of({entry.scheme, entry.host.view(), entry.port});
        if (known == nullptr) {
            capability* const place = room_for(entry, now);
            if (place == nullptr) {
                return errc::no_room;
            }
            *place = entry;
            return errc::ok;
        }
        const bool counts = known->live(now);
        if (counts && detail::strength(*known) > detail::strength(entry)) {
            return errc::ok;
        }
        const bool equal = counts && detail::strength(*known) == detail::strength(entry);
        const std::uint64_t before = known->expires;
        *known = entry;
        if (equal && detail::expires_before(entry.expires, before)) {
            known->expires = before;
        }
        return errc::ok;
    }

    /// What to require of this origin: never less than what is wanted, and `tls` where an entry says that the server
    /// does TLS. What an attacker may write into the cache can make a client refuse, but never send in clear what it
    /// would not have sent anyway. RFC 2817 8. `bad_argument`, and `tls`: the host is none, as where a port is in it.
    constexpr raised raise(const origin& whom, requirement wanted, std::uint64_t now,
                           const cache_rules& rules) const noexcept {
        const found_entry known = find(whom, now);
        const bool believed =
            known.entry != nullptr && (known.entry->how == learned::verified || rules.believe_clear_hints);
        return {believed || known.error != errc::ok ? requirement::tls : wanted, known.error};
    }

    /// The live entry of this origin, or null. It stays in its place until the cache changes. `bad_argument`: the host
    /// is none; that there is no entry says nothing then.
    constexpr found_entry find(const origin& whom, std::uint64_t now) const noexcept {
        if (!detail::names_host(whom.host)) {
            return {};
        }
        const capability* const known = place_of(whom);
        return {known != nullptr && known->live(now) ? known : nullptr, errc::ok};
    }

    /// Removes this origin, pinned or not. False where it was not there, as where the host is none: nothing changed.
    constexpr bool forget(const origin& whom) noexcept {
        capability* const known = place_of(whom);
        if (known != nullptr) {
            *known = {};
        }
        return known != nullptr;
    }

    /// Removes what has expired.
    constexpr void expire(std::uint64_t now) noexcept {
        for (std::size_t at = 0; at < count_; ++at) {
            if (!data_[at].live(now)) {
                data_[at] = {};
            }
        }
    }

    /// Places that are taken, by expired entries too.
    [[nodiscard]] constexpr std::size_t size() const noexcept {
        std::size_t taken = 0;
        for (std::size_t at = 0; at < count_; ++at) {
            taken += data_[at].empty() ? 0U : 1U;
        }
        return taken;
    }

  private:
    [[nodiscard]] constexpr capability* place_of(const origin& whom) const noexcept {
        for (std::size_t at = 0; at < count_; ++at) {
            if (data_[at].is_of(whom)) {
                return data_ + at;
            }
        }
        return nullptr;
    }

    /// Where a new entry goes: an empty place, or that of the entry that leaves first and may leave for this one.
    [[nodiscard]] constexpr capability* room_for(const capability& entry, std::uint64_t now) noexcept {
        capability* leaving = nullptr;
        for (std::size_t at = 0; at < count_; ++at) {
            capability& each = data_[at];
            const bool may = each.how == learned::in_clear || entry.how == learned::verified;
            if (each.empty()) {
                return &each;
            }
            if ((!each.live(now) || (may && !each.pinned)) &&
                (leaving == nullptr || leaves_before(each, *leaving, now))) {
                leaving = &each;
            }
        }
        return leaving;
    }

    static constexpr bool leaves_before(const capability& one, const capability& other, std::uint64_t now) noexcept {
        const auto rank = [now](const capability& each) { return each.live(now) ? 1 + detail::strength(each) : 0; };
        return rank(one) != rank(other) ? rank(one) < rank(other) : detail::expires_before(one.expires, other.expires);
    }

    capability* data_;
    std::size_t count_;
};

} // namespace tlsup
