// write_head.hpp: how heads are composed, once, into the caller's buffer. Users meet it through `write_*`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "authority.hpp"
#include "basic.hpp"
#include "error.hpp"
#include "grammar.hpp"
#include "registry.hpp"
#include "request_facts.hpp"

namespace tlsup {

/// A buffer of the caller's that a head is written into.
struct room {
    char* data = nullptr;
    std::size_t size = 0;

    constexpr room(char* at, std::size_t octets) noexcept : data(at), size(octets) {}
    template <std::size_t Size> constexpr room(char (&array)[Size]) noexcept : data(array), size(Size) {}
    template <class Buffer>
    requires requires(Buffer& buffer) {
        buffer.data();
        buffer.size();
    }
    constexpr room(Buffer& buffer) noexcept : data(buffer.data()), size(buffer.size()) {}
};

/// A field that the caller adds to a head.
struct field_text {
    std::string_view name{};
    std::string_view value{};
};

/// The caller's fields: a view of an array, valid for the call.
struct field_list {
    const field_text* data = nullptr;
    std::size_t size = 0;

    constexpr field_list() noexcept = default;
    constexpr field_list(const field_text* first, std::size_t count) noexcept : data(first), size(count) {}
    template <std::size_t Count>
    constexpr field_list(const field_text (&list)[Count]) noexcept : data(list), size(Count) {}

    template <std::size_t Size> [[nodiscard]] constexpr std::size_t count(const char (&name)[Size]) const noexcept {
        return count(std::string_view{name, Size - 1});
    }
    /// How many of them have this name, in any case.
    [[nodiscard]] constexpr std::size_t count(std::string_view name) const noexcept {
        std::size_t found = 0;
        for (std::size_t at = 0; at < size; ++at) {
            found += detail::same_text(data[at].name, name) ? 1U : 0U;
        }
        return found;
    }
};

namespace detail {
class head_writer;
}

enum class head_kind : std::uint8_t {
    none,
    probe,
    request,
    reply,
    upgrade_required,
    advertisement,
    connect,
    challenge,
    proxied
};

/// A head that was composed by this header, and what it says. A view: the buffer must outlive it. Only `write_*` makes
/// one that is not empty.
class prepared_head {
  public:
    constexpr prepared_head() noexcept = default;

    [[nodiscard]] constexpr std::string_view text() const noexcept { return {data_, std::size_t{size_}}; }
    [[nodiscard]] constexpr head_kind kind() const noexcept { return kind_; }
    /// The TLS tokens that it offers, requires or advertises.
    [[nodiscard]] constexpr token_list tokens() const noexcept { return tokens_; }
    /// Octets of the head itself; what follows is content.
    [[nodiscard]] constexpr std::uint16_t head_size() const noexcept { return head_size_; }
    /// Where `close, ` goes into the Connection field of a 426.
    [[nodiscard]] constexpr std::uint16_t close_at() const noexcept { return close_at_; }
    /// The Upgrade line of an advertisement alone, where a Connection field is there already; else empty.
    [[nodiscard]] constexpr std::string_view upgrade_line() const noexcept {
        constexpr std::string_view next = "Connection: "sv;
        return kind_ == head_kind::advertisement ? std::string_view{data_, close_at_ - next.size()}
                                                 : std::string_view{};
    }
    [[nodiscard]] constexpr tlsup::method method() const noexcept { return method_; }
    /// Whether the caller sends content behind it.
    [[nodiscard]] constexpr bool announces_content() const noexcept { return content_; }

  private:
    friend class detail::head_writer;

    const char* data_ = nullptr;
    std::uint16_t size_ = 0;
    std::uint16_t head_size_ = 0;
    std::uint16_t close_at_ = 0;
    token_list tokens_{};
    head_kind kind_ = head_kind::none;
    tlsup::method method_ = tlsup::method::other;
    bool content_ = false;
};

/// A prepared head, or why there is none. On an error nothing of the buffer is to be used.
struct [[nodiscard]] prepared {
    prepared_head head{};
    errc error = errc::ok;
};
namespace detail {

inline constexpr std::size_t decimal_digits = 20; // of the largest number of 64 bits

/// Bytes of a text that a machine writes, at most: it counts what was written in 16 bits. `ledger`.
inline constexpr std::size_t longest_text = 65535;

/// The digits of a number, at the end of the array; where they begin. A 32-bit processor would have to bring a division
/// of 64 bits for this: it doubles the digits instead, once for each bit.
template <bool Divides> constexpr std::size_t decimal(std::uint64_t value, char (&digits)[decimal_digits]) noexcept {
    std::size_t from = decimal_digits - 1;
    if constexpr (Divides) {
        for (; value >= 10; value /= 10) {
            digits[from--] = static_cast<char>('0' + value % 10);
        }
        digits[from] = static_cast<char>('0' + value);
    } else {
        digits[from] = '0';
        for (std::size_t bit = 0; bit < 64; ++bit, value *= 2) {
            unsigned carry = (value & (std::uint64_t{1} << 63)) != 0 ? 1 : 0;
            for (std::size_t at = decimal_digits; at-- > from;) {
                const unsigned twice = 2 * static_cast<unsigned>(digits[at] - '0') + carry;
                carry = twice >= 10 ? 1 : 0;
                digits[at] = static_cast<char>('0' + (twice - 10 * carry));
            }
            if (carry != 0) {
                digits[--from] = '1';
            }
        }
    }
    return from;
}

/// Composes heads. Users meet it only through `write_*`.
class head_writer {
  public:
    explicit constexpr head_writer(room out) noexcept : out_(out) {}

    constexpr head_writer& text(std::string_view text) noexcept {
        if (text.size() > limit() - size_) {
            fail(errc::no_room);
        } else {
            for (const char each : text) {
                out_.data[size_++] = each;
            }
        }
        return *this;
    }

    /// Of a literal the compiler knows the length.
    template <std::size_t Size> constexpr head_writer& text(const char (&literal)[Size]) noexcept {
        return text(std::string_view{literal, Size - 1});
    }

    constexpr head_writer& number(std::uint64_t value) noexcept {
        char digits[decimal_digits] = {};
        const std::size_t from = decimal<(sizeof(std::size_t) >= sizeof value)>(value, digits);
        const auto& made = digits;
        return text({made + from, decimal_digits - from});
    }

    constexpr head_writer& line(std::string_view name, std::string_view value) noexcept {
        return text(name).text(": ").text(value).text("\r\n");
    }
    template <std::size_t Size> constexpr head_writer& line(const char (&name)[Size], std::string_view value) noexcept {
        return line(std::string_view{name, Size - 1}, value);
    }

    /// Fields of the caller's: their grammar is checked, and fields that the library owns are refused. So are those of
    /// proxy authentication, but in the heads that they belong to. RFC 9110 11.7.
    constexpr head_writer& fields(field_list list, std::string_view also = {}) noexcept {
        typed_ = list.count("content-type") != 0;
        for (std::size_t at = 0; at < list.size; ++at) {
            const field_text& each = list.data[at];
            if (!detail::is_token(each.name) || owned(each.name, also) || !is_value(each.value)) {
                fail(errc::bad_argument);
                return *this;
            }
            line(each.name, each.value);
        }
        return *this;
    }

    /// Fields for a proxy: a login, written as Basic, or one Proxy-Authorization among the caller's fields, and those.
    /// RFC 9110 11.7.2, RFC 7617 2.
    constexpr head_writer& fields_for_proxy(const credentials& login, field_list list) noexcept {
        if (!detail::are_credentials(login) || list.count("proxy-authorization") > 1) {
            fail(errc::bad_argument);
        }
        if (login.given()) {
            const detail::credential_octets octets(login);
            text("Proxy-Authorization: Basic ");
            for (std::size_t at = 0; at < octets.digits(); ++at) {
                const char digit = octets.digit(at);
                text({&digit, std::size_t{1}});
            }
            text("\r\n");
        }
        return fields(list, login.given() ? std::string_view{} : "proxy-authorization"sv);
    }

    /// Upgrade, and the connection option that goes with it. RFC 9110 7.8. `layers`: HTTP/1.1 is named on top.
    constexpr head_writer& upgrade(token_list tokens, bool layers, bool close) noexcept {
        text("Upgrade: ");
        for (std::size_t at = 0; at < tokens.size(); ++at) {
            text(at == 0 ? std::string_view{} : ", "sv).text(to_string(tokens[at]));
        }
        constexpr std::string_view line_ends[] = {"\r\n"sv, ", HTTP/1.1\r\n"sv};
        constexpr std::string_view options[] = {"Upgrade\r\n"sv, "close, Upgrade\r\n"sv};
        text(line_ends[layers ? 1 : 0]).text("Connection: ");
        close_at_ = static_cast<std::uint16_t>(size_);
        return text(options[close ? 1 : 0]);
    }

    /// Content for people, and the fields that announce it. It is plain text unless the caller's fields name a type.
    constexpr head_writer& content_text(std::string_view content) noexcept {
        if (!typed_) {
            line("Content-Type", "text/plain; charset=utf-8"sv);
        }
        text("Content-Length: ").number(content.size());
        return text("\r\n").end().text(content);
    }

    constexpr head_writer& end() noexcept {
        text("\r\n");
        head_size_ = static_cast<std::uint16_t>(size_);
        return *this;
    }

    /// A machine inserts so many bytes when it writes this text: with them it has to stay countable. `ledger`.
    constexpr head_writer& leave(std::size_t inserted) noexcept {
        if (size_ > longest_text - inserted) {
            fail(errc::no_room);
        }
        return *this;
    }

    constexpr void fail(errc why) noexcept { error_ = error_ == errc::ok ? why : error_; }

    /// A 426 for the default tokens that need not be composed. `content`: octets behind its head.
    static constexpr prepared_head ready_426(std::string_view text, std::uint16_t close_at,
                                             std::size_t content) noexcept {
        prepared_head made;
        made.data_ = text.data();
        made.size_ = static_cast<std::uint16_t>(text.size());
        made.head_size_ = static_cast<std::uint16_t>(text.size() - content);
        made.close_at_ = close_at;
        made.tokens_ = default_tokens;
        made.kind_ = head_kind::upgrade_required;
        made.content_ = true;
        return made;
    }

    [[nodiscard]] constexpr prepared finish(head_kind kind, token_list tokens, method how, bool body) const noexcept {
        prepared done{{}, error_};
        if (error_ == errc::ok) {
            done.head.data_ = out_.data;
            done.head.size_ = static_cast<std::uint16_t>(size_);
            done.head.head_size_ = head_size_;
            done.head.close_at_ = close_at_;
            done.head.tokens_ = tokens;
            done.head.kind_ = kind;
            done.head.method_ = how;
            done.head.content_ = body;
        }
        return done;
    }

    /// What a field value may be: no control character, no whitespace at its ends. RFC 9110 5.5.
    static constexpr bool is_value(std::string_view value) noexcept {
        return detail::skip_value(value, 0) == value.size() && detail::trim(value).size() == value.size();
    }

  private:
    // Framing, routing and hop-by-hop fields come from typed arguments only. RFC 9112 11.1, RFC 9110 7.6.1.
    static constexpr bool owned(std::string_view name, std::string_view also) noexcept {
        constexpr std::string_view names[] = {"host"sv,           "connection"sv,          "upgrade"sv,
                                              "content-length"sv, "transfer-encoding"sv,   "trailer"sv,
                                              "keep-alive"sv,     "proxy-connection"sv,    "te"sv,
                                              "expect"sv,         "proxy-authorization"sv, "proxy-authenticate"sv};
        bool found = false;
        for (const std::string_view each : names) {
            found = found || detail::same_text(each, name);
        }
        return found && !detail::same_text(name, also);
    }

    [[nodiscard]] constexpr std::size_t limit() const noexcept {
        return out_.size < longest_text ? out_.size : longest_text;
    }

    room out_;
    std::size_t size_ = 0;
    std::uint16_t head_size_ = 0;
    std::uint16_t close_at_ = 0;
    errc error_ = errc::ok;
    bool typed_ = false; // a Content-Type stands among the caller's fields
};

} // namespace detail

} // namespace tlsup
