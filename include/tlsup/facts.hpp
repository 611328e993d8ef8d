// facts.hpp: what requests and responses have in common: connection options, the Upgrade list and the framing fields.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "error.hpp"
#include "grammar.hpp"
#include "octet_count.hpp"
#include "registry.hpp"
#include "words.hpp"

namespace tlsup {

/// How content is framed. RFC 9112 6.3.
enum class framing : std::uint8_t { none, length, chunked, until_close };

/// Which content a machine reads. What it does not read it refuses.
enum class content_parts : std::uint8_t {
    none,    ///< no content
    counted, ///< by length, or until the connection closes
    all,     ///< by chunks as well. RFC 9112 7.1
};

namespace detail {

inline constexpr unsigned list_limit = 32; // members of one list field over all its lines, RFC 9110 5.6.1.2

/// What every head has: connection options, the Upgrade list and the framing fields. Seventeen octets, no views. What
/// its owner adds goes into the octets behind them.
///
/// Whoever reads the content keeps here how much is left of it. From then on the length and the fault alone are true.
struct head_facts {
    enum flag : std::uint32_t {
        close = 1,          // Connection: close
        keep_alive = 2,     // Connection: keep-alive
        upgrade_option = 4, // Connection: upgrade
        void_connection = 8,
        has_upgrade = 16, // an Upgrade field, whatever it says
        void_upgrade = 32,
        http_on_top = 64,    // HTTP/1.1 is the last member of Upgrade, behind another
        http_below = 128,    // HTTP/1.1 stands before another member
        foreign_layer = 256, // a member of Upgrade that is neither a known TLS token nor HTTP/1.1
        repeated_tls = 512,  // more than one TLS member
        has_length = 1024,
        has_coding = 2048,     // a Transfer-Encoding field
        chunked_last = 4096,   // and its last member is chunked
        foreign_coding = 8192, // a coding other than chunked
        tls_member = 16384,    // at least one member is a TLS token of any version
        owner_flag = 32768,    // the first of nine bits for its owner
    };
    static constexpr unsigned framing_fault_at = 24; // behind the flags: what makes the framing unacceptable

    // Behind the tokens: members of Connection so far, members of Upgrade, and the minor version.
    static constexpr unsigned connection_at = 16;
    static constexpr unsigned upgrade_at = 22;
    static constexpr unsigned minor_at = 28;

    octet_count length{};                  // of the content, by Content-Length; else who reads it counts what comes
    std::uint32_t said = 0;                // flags
    std::uint32_t listed = 1U << minor_at; // known TLS tokens of the Upgrade list, in order
    errc fault = errc::ok;                 // the first thing that makes the head as a whole unacceptable

    [[nodiscard]] constexpr bool has(unsigned wanted) const noexcept { return (said & wanted) != 0; }
    constexpr void set(unsigned added) noexcept { said |= added; }
    TLSUP_SEPARATE constexpr void fail(errc why) noexcept { fault = fault == errc::ok ? why : fault; }

    /// What makes the framing unacceptable, where framing matters.
    [[nodiscard]] constexpr errc framing_fault() const noexcept { return static_cast<errc>(said >> framing_fault_at); }
    constexpr void fail_framing(errc why) noexcept {
        set(framing_fault() == errc::ok ? static_cast<unsigned>(why) << framing_fault_at : 0U);
    }

    [[nodiscard]] constexpr unsigned minor() const noexcept { return listed >> minor_at; }
    constexpr void set_minor(unsigned digit) noexcept {
        listed = (listed & ((1U << minor_at) - 1)) | digit << minor_at;
    }

    [[nodiscard]] constexpr token_list tokens() const noexcept {
        token_list list;
        list.packed_ = static_cast<std::uint16_t>(listed);
        return list;
    }

    /// What is left of the content.
    [[nodiscard]] constexpr octet_count left() const noexcept { return {said, listed}; }
    constexpr void keep(octet_count left) noexcept {
        said = left.low();
        listed = left.high();
    }
    /// Flags and the minor version alone.
    constexpr void forget_but(unsigned flags, unsigned digit) noexcept {
        said = flags;
        listed = digit << minor_at;
    }

    /// The members of a list so far.
    [[nodiscard]] constexpr unsigned members(unsigned list_at) const noexcept { return listed >> list_at & 63; }
    /// Counts a member; false beyond the limit.
    constexpr bool count(unsigned list_at) noexcept {
        if (members(list_at) == list_limit) {
            fail(errc::list_too_long);
            return false;
        }
        listed += 1U << list_at;
        return true;
    }

    TLSUP_HOT constexpr void connection(std::string_view value) noexcept {
        if (TLSUP_WORDS != 0 && is<"upgrade">(value) && members(connection_at) < list_limit) { // as in most offers
            listed += 1U << connection_at;
            set(upgrade_option);
        } else {
            connection_list(value);
        }
    }

    constexpr void connection_list(std::string_view value) noexcept {
        static_assert(close == 1 && keep_alive == 2 && upgrade_option == 4);
        list_reader list(value);
        std::string_view member;
        while (list.more() && count(connection_at)) {
            (void)list.next(member);
            const unsigned option = which<"close", "keep-alive", "upgrade">(member);
            if (option != 0) {
                set(1U << option >> 1);
            } else if (list.token_size() != member.size()) {
                set(void_connection);
            }
        }
    }

    constexpr void upgrade(std::string_view value) noexcept {
        set(has_upgrade);
        list_reader list(value);
        if (TLSUP_WORDS == 0) {
            any_layers(list);
        } else if (!take_layers(list)) {
            list_reader copy = list; // the list itself stays in registers
            any_layers(copy);
        }
    }

    // Members as they mostly are. False where another one is left.
    TLSUP_HOT constexpr bool take_layers(list_reader& list) noexcept {
        head_facts now = *this; // in registers: a member would else wait for what the one before it has written
        bool taken = true;
        do {
            taken = now.members(upgrade_at) < list_limit && now.take_layer(list);
            now.listed += taken ? 1U << upgrade_at : 0U;
        } while (taken && list.more());
        said = now.said;
        listed = now.listed;
        return taken;
    }

    TLSUP_COLD constexpr void any_layers(list_reader& list) noexcept {
        while (list.more() && count(upgrade_at)) {
            any_layer(list);
        }
    }

    // A known token, or HTTP/1.1, without a look at all of its octets.
    TLSUP_HOT constexpr bool take_layer(list_reader& list) noexcept {
        tls_token token{};
        const std::string_view rest = list.rest();
        if (rest.size() >= tls_token_size && parse_tls_token(part(rest, 0, tls_token_size), token) == errc::ok &&
            list.take(tls_token_size)) {
            tls_layer(token);
            return true;
        }
        if (list.take<"http/1.1">()) {
            http_layer();
            return true;
        }
        return false;
    }

    TLSUP_COLD constexpr void any_layer(list_reader& list) noexcept {
        std::string_view member;
        tls_token token{};
        (void)list.next(member);
        const product protocol = split_product(member, list.token_size());
        if (!protocol.valid) {
            set(member.empty() ? 0U : unsigned{void_upgrade});
        } else if (parse_tls_token(member, token) == errc::ok) {
            tls_layer(token);
        } else if (is<"http/1.1">(member)) {
            http_layer();
        } else {
            another_layer();
            const unsigned older = has(tls_member) ? repeated_tls : tls_member;
            set(is<"tls">(protocol.name) ? foreign_layer | older : unsigned{foreign_layer});
        }
    }

    constexpr void tls_layer(tls_token token) noexcept {
        if (has(http_on_top | tls_member)) { // not the first layer
            another_layer();
            set(has(tls_member) ? unsigned{repeated_tls} : 0U);
        }
        set(tls_member);
        listed = tokens().contains(token) ? listed : token_list::appended(listed, static_cast<unsigned>(token));
    }

    constexpr void http_layer() noexcept {
        another_layer();
        set(has(tls_member | foreign_layer) ? unsigned{http_on_top} : unsigned{http_below});
    }

    constexpr void another_layer() noexcept {
        if (has(http_on_top)) { // it was not the last one after all
            set(http_below);
        }
    }

    constexpr void content_length(std::string_view value, bool folded) noexcept {
        if (has(has_length)) {
            fail_framing(errc::repeated_content_length);
        }
        set(has_length);
        if (folded) {
            fail_framing(errc::folded_line);
        }
        std::uint64_t octets = length;
        if (!parse_length(value, octets)) {
            fail_framing(errc::bad_content_length);
        }
        length = octets;
    }

    constexpr void transfer_encoding(std::string_view value, bool folded) noexcept {
        set(has_coding);
        if (folded) {
            fail_framing(errc::folded_line);
        }
        // Empty members and parameters are faults here: some peers look for the word `chunked` alone. RFC 9112 11.2.
        std::string_view member;
        for (list_reader list(value); list.next(member);) {
            const bool chunked = is<"chunked">(member);
            if ((chunked && has(chunked_last)) || member.empty() || list.token_size() != member.size()) {
                fail_framing(errc::bad_transfer_encoding);
                return;
            }
            said &= ~unsigned{chunked_last};
            set(chunked ? chunked_last : foreign_coding);
        }
    }

    /// The lengths of the names that `field` knows.
    static constexpr std::uint32_t known_sizes = 1U << 7 | 1U << 10 | 1U << 14 | 1U << 17;

    /// The fields that are of use to somebody, and none.
    enum class known : std::uint8_t { none, host, connection, upgrade, content_length, transfer_encoding, expect };

    /// The fields that requests and responses share. Which one it is.
    TLSUP_HOT TLSUP_SEPARATE constexpr known field(std::string_view name, const std::string_view& value,
                                                   bool folded) noexcept {
        const auto found = static_cast<known>(
            which<"host", "connection", "upgrade", "content-length", "transfer-encoding", "expect">(name));
        if (found == known::connection) {
            connection(value);
        } else if (found == known::upgrade) {
            upgrade(value);
        } else if (found == known::content_length) {
            content_length(value, folded);
        } else if (found == known::transfer_encoding) {
            transfer_encoding(value, folded);
        }
        return found;
    }

    TLSUP_SEPARATE constexpr void check_framing() noexcept {
        if (has(has_coding)) {
            if (has(has_length)) {
                fail_framing(errc::length_and_transfer_encoding);
            }
            if (minor() == 0) {
                fail_framing(errc::transfer_encoding_in_http_1_0);
            }
        }
    }

    [[nodiscard]] constexpr std::uint64_t content_length() const noexcept {
        return has(has_length) ? std::uint64_t{length} : 0;
    }

    [[nodiscard]] constexpr bool option(unsigned which) const noexcept { return has(which) && !has(void_connection); }

    /// A close counts even beside a malformed option: whoever reads it elsewhere goes no further. A coding in HTTP/1.0
    /// is faulty framing, also where there is no content to frame. RFC 9112 6.1, 9.3, 9.6.
    [[nodiscard]] TLSUP_SEPARATE constexpr bool persistent() const noexcept {
        return !has(close) && (minor() != 0 || (option(keep_alive) && !has(has_coding)));
    }

    friend constexpr bool operator==(const head_facts&, const head_facts&) noexcept = default;
};

} // namespace detail

} // namespace tlsup
