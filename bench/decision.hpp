// decision.hpp: what a program decides from the fields of a head that a parser gave it. All the parsers share it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "inputs.hpp"

namespace bench {

/// What is to be done about a head.
enum class verdict : std::uint8_t {
    incomplete,
    bad,     ///< refuse it, or close
    plain,   ///< serve it, or deliver it
    upgrade, ///< a request: the offer can be accepted. A response: it is the 101 that was asked for
    follow,  ///< the 426 can be followed
    tunnel,  ///< open the tunnel, or it is open
};

constexpr std::string_view to_string(verdict what) noexcept {
    constexpr std::string_view names[] = {"incomplete", "bad", "plain", "upgrade", "follow", "tunnel"};
    return names[static_cast<std::size_t>(what)];
}

/// Whether `text`, which is as long, is `lower`, case aside: both are of the characters that fields are made of. Words
/// that overlap compare whatever is longer than three octets.
template <class Word> bool same_word(const char* text, const char* lower) noexcept {
    Word one = 0;
    Word other = 0;
    std::memcpy(&one, text, sizeof one);
    std::memcpy(&other, lower, sizeof other);
    return (one | static_cast<Word>(0x2020202020202020U)) == other;
}
template <std::size_t Size> bool same(std::string_view text, const char (&lower)[Size]) noexcept {
    constexpr std::size_t length = Size - 1;
    using word = std::conditional_t<(length >= 8), std::uint64_t, std::uint32_t>;
    static_assert(length >= sizeof(word));
    bool good = same_word<word>(text.data() + length - sizeof(word), lower + length - sizeof(word));
    for (std::size_t at = 0; good && at + sizeof(word) < length; at += sizeof(word)) {
        good = same_word<word>(text.data() + at, lower + at);
    }
    return good;
}
template <std::size_t Size> bool equal(std::string_view text, const char (&lower)[Size]) noexcept {
    return text.size() == Size - 1 && same(text, lower);
}

/// Calls `use` with each member of a list.
template <class Use> void each_member(std::string_view list, Use use) {
    const char* at = list.data();
    const char* const end = at + list.size();
    while (at != end) {
        while (at != end && (*at == ' ' || *at == ',' || *at == '\t')) {
            ++at;
        }
        const char* const from = at;
        while (at != end && *at != ',') {
            ++at;
        }
        const char* to = at;
        while (to != from && (to[-1] == ' ' || to[-1] == '\t')) {
            --to;
        }
        if (to != from) {
            use(std::string_view(from, static_cast<std::size_t>(to - from)));
        }
    }
}

/// `host:port`.
inline bool is_authority(std::string_view text) noexcept {
    std::size_t colon = text.size();
    while (colon != 0 && text[colon - 1] != ':') {
        --colon;
    }
    unsigned port = 0;
    for (std::size_t at = colon; at < text.size(); ++at) {
        const unsigned digit = static_cast<unsigned char>(text[at]) - unsigned{'0'};
        if (digit > 9 || port > 6553) {
            return false;
        }
        port = port * 10 + digit;
    }
    return colon > 1 && port != 0 && port < 65536;
}

/// Feed it each field, then ask it.
class decision {
  public:
    void field(std::string_view name, std::string_view value) noexcept {
        switch (name.size()) {
        case 4:
            hosts_ += same(name, "host") ? 1 : 0;
            break;
        case 7:
            if (same(name, "upgrade")) {
                each_member(value, [this](std::string_view member) { upgrade_member(member); });
            }
            break;
        case 10:
            if (same(name, "connection")) {
                each_member(value, [this](std::string_view member) { connection_member(member); });
            }
            break;
        case 14:
            if (same(name, "content-length")) {
                length(value);
            }
            break;
        case 17:
            if (same(name, "transfer-encoding")) {
                coded_ = true;
                chunked_ = equal(value, "chunked");
            }
            break;
        default:
            break;
        }
    }

    [[nodiscard]] verdict request(std::string_view method, std::string_view target, int minor) const noexcept {
        if (hosts_ > 1 || (hosts_ == 0 && minor != 0) || bad_ || (coded_ && (lengths_ != 0 || !chunked_))) {
            return verdict::bad;
        }
        if (method == "CONNECT") {
            return is_authority(target) && !coded_ && length_ == 0 ? verdict::tunnel : verdict::bad;
        }
        const bool may = method != "TRACE" && minor != 0 && !coded_ && length_ == 0;
        return may && option_ && tokens_ != 0 ? verdict::upgrade : verdict::plain;
    }

    [[nodiscard]] verdict response(role as, unsigned status) const noexcept {
        if (as == role::connect_reply && status / 100 == 2) {
            return verdict::tunnel;
        }
        if (bad_ || (coded_ && lengths_ != 0)) {
            return verdict::bad;
        }
        if (status == 101) {
            return option_ && tokens_ == 1 && !foreign_ ? verdict::upgrade : verdict::bad;
        }
        return status == 426 && option_ && tokens_ != 0 ? verdict::follow : verdict::plain;
    }

    [[nodiscard]] bool last() const noexcept { return close_; }

  private:
    void connection_member(std::string_view member) noexcept {
        if (equal(member, "upgrade")) {
            option_ = true;
        } else if (equal(member, "close")) {
            close_ = true;
        }
    }

    // TLS/1.0 to TLS/1.3.
    void upgrade_member(std::string_view member) noexcept {
        if (member.size() == 7 && same(member, "tls/1.") && member[6] >= '0' && member[6] <= '3') {
            ++tokens_;
        } else if (!equal(member, "http/1.1")) {
            foreign_ = true;
        }
    }

    void length(std::string_view value) noexcept {
        bad_ = bad_ || value.empty() || value.size() > 18 || lengths_ != 0;
        ++lengths_;
        for (const char each : value) {
            const unsigned digit = static_cast<unsigned char>(each) - unsigned{'0'};
            bad_ = bad_ || digit > 9;
            length_ = length_ * 10 + digit;
        }
    }

    std::uint64_t length_ = 0;
    unsigned hosts_ = 0;
    unsigned lengths_ = 0;
    unsigned tokens_ = 0;
    bool option_ = false;
    bool close_ = false;
    bool foreign_ = false;
    bool coded_ = false;
    bool chunked_ = false;
    bool bad_ = false;
};

} // namespace bench
