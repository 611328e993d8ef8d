// response_facts.hpp: what a response's head says, collected field by field. Both doors fill it.
#pragma once

#include <cstdint>
#include <string_view>

#include "error.hpp"
#include "facts.hpp"

namespace tlsup {

namespace detail {
template <content_parts Parts> struct body_of;
template <class Facts> class head_reader;
} // namespace detail

/// What a response's head says. Fill it through `start`, `field` for each field line and `finish`, or let a machine do
/// it. Twenty octets, no views: the head may be gone when you ask.
class response_facts {
  public:
    constexpr response_facts() noexcept = default;

    /// The status line; the reason phrase is nobody's business. RFC 9112 4.
    constexpr void start(unsigned major, unsigned minor, std::uint16_t status) noexcept {
        head_.set_minor(minor);
        status_ = status;
        if (major != 1) {
            head_.fail(errc::unsupported_version);
        }
    }

    /// One complete field line: name and value, without the whitespace around the value. RFC 9110 5.
    constexpr void field(std::string_view name, std::string_view value) noexcept { field(name, value, false); }
    TLSUP_HOT constexpr void field(std::string_view name, std::string_view value, bool folded) noexcept {
        if (!TLSUP_WORDS || (name.size() < 32 && (detail::head_facts::known_sizes >> name.size() & 1U) != 0)) {
            (void)head_.field(name, value, folded);
        }
    }

    /// The end of the head. `without_content`: the request was HEAD, or this is a 2xx to CONNECT, so that neither
    /// length nor coding says anything. The first error, or `ok`. RFC 9112 6.3.
    TLSUP_SEPARATE constexpr errc finish(bool without_content = false) noexcept {
        const bool bare = without_content || status_ / 100 == 1 || status_ == 204 || status_ == 304;
        head_.check_framing();
        if (!bare || status_ == 101) {
            head_.fail(head_.framing_fault());
            if (head_.has(detail::head_facts::chunked_last) && head_.has(detail::head_facts::foreign_coding)) {
                head_.fail(errc::unknown_transfer_coding);
            }
        }
        end_ = bare ? has_no_content : 0;
        return head_.fault;
    }

    [[nodiscard]] constexpr errc fault() const noexcept { return head_.fault; }
    [[nodiscard]] constexpr std::uint16_t status() const noexcept { return status_; }
    [[nodiscard]] constexpr unsigned minor_version() const noexcept { return head_.minor(); }
    /// 1xx but not 101, after which nothing follows on this connection in HTTP. RFC 9110 15.2.
    [[nodiscard]] constexpr bool interim() const noexcept { return status_ / 100 == 1 && status_ != 101; }

    /// The TLS tokens of Upgrade, in the server's order, however they got there.
    [[nodiscard]] constexpr token_list listed_tokens() const noexcept {
        return list_is_void() ? token_list{} : head_.tokens();
    }
    [[nodiscard]] constexpr bool has_upgrade_option() const noexcept {
        return head_.option(detail::head_facts::upgrade_option);
    }
    /// What the server says that it would upgrade to: an untrusted hint. RFC 9110 7.8, RFC 2817 4.1.
    [[nodiscard]] constexpr token_list advertised() const noexcept {
        return has_upgrade_option() ? listed_tokens() : token_list{};
    }
    [[nodiscard]] constexpr bool list_is_void() const noexcept { return head_.has(detail::head_facts::void_upgrade); }
    [[nodiscard]] constexpr bool http_on_top() const noexcept { return head_.has(detail::head_facts::http_on_top); }
    [[nodiscard]] constexpr bool http_below() const noexcept { return head_.has(detail::head_facts::http_below); }
    [[nodiscard]] constexpr bool repeated_tls() const noexcept { return head_.has(detail::head_facts::repeated_tls); }
    [[nodiscard]] constexpr bool foreign_layer() const noexcept { return head_.has(detail::head_facts::foreign_layer); }
    [[nodiscard]] constexpr bool any_layer() const noexcept {
        return head_.has(detail::head_facts::tls_member | detail::head_facts::foreign_layer |
                         detail::head_facts::http_below);
    }
    [[nodiscard]] constexpr bool has_transfer_encoding() const noexcept {
        return head_.has(detail::head_facts::has_coding);
    }

    /// How the content ends, once `finish` was called. `until_close` where neither field says, and where the last
    /// coding is not chunked: the content is then in a coding that tlsup does not decode. RFC 9112 6.3(4), 6.3(8).
    [[nodiscard]] TLSUP_SEPARATE constexpr tlsup::framing framing() const noexcept {
        return (end_ & settled) != 0                         ? static_cast<tlsup::framing>(end_ & 3U)
               : (end_ & has_no_content) != 0                ? tlsup::framing::none
               : head_.has(detail::head_facts::chunked_last) ? tlsup::framing::chunked
               : head_.has(detail::head_facts::has_coding)   ? tlsup::framing::until_close
               : head_.has(detail::head_facts::has_length)   ? tlsup::framing::length
                                                             : tlsup::framing::until_close;
    }
    /// What Content-Length says, 0 without it. RFC 9110 8.6.
    [[nodiscard]] constexpr std::uint64_t content_length() const noexcept { return head_.content_length(); }
    /// Whether the connection outlives this response. RFC 9112 9.3.
    [[nodiscard]] TLSUP_SEPARATE constexpr bool persistent() const noexcept {
        return (end_ & settled) != 0 ? (end_ & persists) != 0
                                     : head_.persistent() && framing() != tlsup::framing::until_close;
    }

    friend constexpr bool operator==(const response_facts&, const response_facts&) noexcept = default;

  private:
    enum : std::uint8_t { persists = 4, settled = 8, has_no_content = 16, coded = 32, old = 64 };

    template <class Facts> friend class detail::head_reader;
    template <content_parts Parts> friend struct detail::body_of;

    /// A field line with the whitespace around its value. True where the name is one that counts.
    TLSUP_HOT constexpr bool field_line(std::string_view name, std::string_view value) noexcept {
        return name.size() < 32 && (detail::head_facts::known_sizes >> name.size() & 1U) != 0 &&
               head_.field(name, detail::trim_value(value), false) != detail::head_facts::known::none;
    }

    /// From here on the words of the head are another's.
    constexpr void settle() noexcept {
        const unsigned lasts = persistent() ? unsigned{persists} : 0U;
        const unsigned coding = head_.has(detail::head_facts::has_coding) ? unsigned{coded} : 0U;
        const unsigned version = head_.minor() == 0 ? unsigned{old} : 0U;
        end_ = static_cast<std::uint8_t>(static_cast<unsigned>(framing()) | lasts | settled | coding | version);
    }

    /// Once it is settled: no words but those that say the same of the content, the connection and the version.
    constexpr void forget() noexcept {
        using detail::head_facts;
        const tlsup::framing how = framing();
        const unsigned sized = how == tlsup::framing::length ? unsigned{head_facts::has_length} : 0U;
        const unsigned chunked = how == tlsup::framing::chunked ? unsigned{head_facts::chunked_last} : 0U;
        const unsigned coding = (end_ & coded) != 0 ? unsigned{head_facts::has_coding} : 0U;
        const unsigned lasts = persistent() ? unsigned{head_facts::keep_alive} : unsigned{head_facts::close};
        head_.forget_but(sized | chunked | coding | lasts, (end_ & old) != 0 ? 0 : 1);
    }

    [[no_unique_address]] detail::head_facts head_{};
    std::uint8_t end_ = 0; // `has_no_content`; once it is settled a `framing`, and what lasts beside it
    std::uint16_t status_ = 0;
};

} // namespace tlsup
