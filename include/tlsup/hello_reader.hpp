// hello_reader.hpp: the grammar of a ClientHello, and what the gate wants to know of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "defence.hpp"
#include "error.hpp"
#include "platform.hpp"
#include "scan.hpp"

namespace tlsup {

namespace detail {

enum hello_found : std::uint8_t {
    found_nothing = 0,
    found_alpn = 1,
    found_our_alpn = 2, // alpn_name is in the list, or may come to be
    found_sni = 4,
    found_our_name = 8, // the server name is the request's host, or may become it
    found_early_data = 16,
    half_read = 32, // the first octet of a number of two
};

// The alert for a refusal: no_application_protocol, unrecognized_name, missing_extension, decode_error,
// illegal_parameter, unexpected_message; handshake_failure for the rest. RFC 8446 6, 9.2.
constexpr std::uint8_t hello_alert(errc why) noexcept {
    return why == errc::ok                                          ? 0
           : why == errc::foreign_alpn || why == errc::missing_alpn ? 120
           : why == errc::wrong_name                                ? 112
           : why == errc::missing_name                              ? 109
           : why == errc::bad_hello                                 ? 50
           : why == errc::early_data                                ? 47
           : why == errc::not_a_hello                               ? 10
                                                                    : 40;
}

// What is read next of a ClientHello, in the order of RFC 8446 4.1.2.
enum class hello_step : std::uint8_t {
    type,
    long_length, // its first octet: a hello of 65 536 octets or more is too long
    length,
    version_and_random,
    session_length,
    session,
    suites_length,
    suites,
    compressions_length,
    compressions,
    extensions_length,
    extension_type,
    extension_size, // of neither ALPN nor server_name
    extension_body,
    alpn_size,
    alpn_list, // RFC 7301 3.1
    alpn_length,
    alpn_text,  // a name as long as ours, where none was ours yet
    alpn_other, // any other one
    sni_size,
    sni_list, // RFC 6066 3
    sni_type,
    sni_length,
    sni_text,
    over, // nothing: all was read, or something is wrong
};

// A set of steps.
consteval std::uint32_t hello_steps(std::initializer_list<hello_step> some) noexcept {
    std::uint32_t set = 0;
    for (const hello_step each : some) {
        set |= std::uint32_t{1} << static_cast<unsigned>(each);
    }
    return set;
}

// Reads a ClientHello message, free of its records: its numbers octet by octet, what they count in one go. What it
// finds is judged at the end, so that neither the order of the extensions nor the cuts of the input matter. The gate
// feeds it a message, `judge_hello` extensions.
class hello_reader {
    using enum hello_step;

  public:
    [[nodiscard]] constexpr bool has(hello_found what) const noexcept { return (found_ & what) != 0; }

    /// Nothing more is read: `why` says whether all is well.
    [[nodiscard]] constexpr bool ended() const noexcept { return step_ == over; }
    [[nodiscard]] constexpr errc why() const noexcept { return why_; }
    constexpr void end(errc why) noexcept {
        step_ = over;
        why_ = why;
    }

    /// The next octets, before it has ended. Returns how many of them it read: all, but where it ends. `host` is bare,
    /// see `bare_host`.
    TLSUP_SEPARATE constexpr std::size_t read(std::string_view bytes, std::string_view host) noexcept {
        std::size_t at = 0;
        while (at < bytes.size() && step_ != over) {
            std::size_t size = 1;
            unsigned value = static_cast<unsigned char>(bytes[at]);
            bool whole = true;
            if (is_one_of(counted)) {
                const std::size_t most = inner_ < left_ ? inner_ : left_;
                size = bytes.size() - at < most ? bytes.size() - at : most;
                whole = size == inner_;
                if (is_one_of(compared)) {
                    compare(part(bytes, at, at + size), host);
                }
            } else if (is_one_of(two_octets)) {
                whole = has(half_read);
                found_ ^= half_read;
                if (whole) {
                    value |= unsigned{number_} << 8;
                } else {
                    number_ = static_cast<std::uint16_t>(value);
                }
            }
            at += size;
            // They count in what is around them, though how much that is may not be known yet.
            left_ = static_cast<std::uint16_t>(left_ - size);
            inner_ = static_cast<std::uint16_t>(inner_ - size);
            if (whole) {
                decide(value, host);
            }
            if (left_ == 0 && step_ != over) { // the message may end where its extensions do, or before them
                const bool may = step_ == extensions_length || step_ == extension_type;
                end(may && !has(half_read) ? errc::ok : errc::bad_hello);
            }
        }
        return at;
    }

    /// A whole extension, where there is no message around it.
    constexpr errc read_extension(std::uint8_t which, std::string_view body, std::string_view host) noexcept {
        const std::size_t size = body.size();
        if (size + 4 > 0xffff) {
            return errc::bad_hello;
        }
        step_ = extension_type;
        left_ = static_cast<std::uint16_t>(size + 4);
        const char head[] = {0, static_cast<char>(which), static_cast<char>(size >> 8), static_cast<char>(size & 255)};
        (void)read({head, sizeof(head)}, host);
        (void)read(body, host);
        return why_;
    }

    /// What the findings mean: the one place where both doors decide. CVE-2025-49812, RFC 7301 3.2, RFC 6066 3,
    /// RFC 8446 8.
    [[nodiscard]] constexpr errc judge(splice_defence how) const noexcept {
        if (!has(found_alpn) && how == splice_defence::bound_alpn) {
            return errc::missing_alpn;
        }
        if (has(found_alpn) && !has(found_our_alpn)) {
            return errc::foreign_alpn;
        }
        if (has(found_sni) && !has(found_our_name)) {
            return errc::wrong_name;
        }
        if (!has(found_sni) && how == splice_defence::dedicated_name) {
            return errc::missing_name;
        }
        return has(found_early_data) ? errc::early_data : errc::ok;
    }

    friend constexpr bool operator==(const hello_reader&, const hello_reader&) noexcept = default;

  private:
    // Fields whose length was read.
    static constexpr std::uint32_t counted = hello_steps(
        {version_and_random, session, suites, compressions, extension_body, alpn_text, alpn_other, sni_text});
    static constexpr std::uint32_t compared = hello_steps({alpn_text, sni_text});
    static constexpr std::uint32_t two_octets =
        hello_steps({length, suites_length, extensions_length, extension_type, extension_size, alpn_size, alpn_list,
                     sni_size, sni_list, sni_length});

    [[nodiscard]] constexpr bool is_one_of(std::uint32_t steps) const noexcept {
        return (steps >> static_cast<unsigned>(step_) & 1U) != 0;
    }
    constexpr void note(unsigned what) noexcept { found_ = static_cast<std::uint8_t>(found_ | what); }

    // A part of a name that may be the wanted one: where it differs it is not. Protocol names are compared octet by
    // octet, RFC 7301 3.1; host names without case, and with a dot behind them.
    constexpr void compare(std::string_view text, std::string_view host) noexcept {
        const bool in_alpn = step_ == alpn_text;
        const std::string_view wanted = in_alpn ? alpn_name : host;
        std::size_t at = (in_alpn ? wanted.size() : std::size_t{number_}) - inner_;
        for (const char letter : text) {
            const char same = at < wanted.size() ? wanted[at] : '.';
            if ((in_alpn ? letter : lower(letter)) != lower(same)) {
                found_ = static_cast<std::uint8_t>(found_ & ~(in_alpn ? found_our_alpn : found_our_name));
                return;
            }
            ++at;
        }
    }

    // What follows a number, or the end of a counted field.
    TLSUP_SEPARATE constexpr void decide(unsigned value, std::string_view host) noexcept {
        const hello_step step = step_;
        const auto number = static_cast<std::uint16_t>(value);
        const std::uint16_t around = inner_;
        bool good = true;
        step_ = static_cast<hello_step>(static_cast<unsigned>(step) + 1);
        switch (step) {
        case type:
            if (value != 1) {
                end(errc::not_a_hello);
            }
            return;
        case length:
            left_ = number;
            inner_ = 34;
            return;
        case session_length:
            inner_ = number;
            good = value <= 32;
            break;
        case suites_length:
            inner_ = number;
            good = value != 0 && value % 2 == 0;
            break;
        case compressions_length:
            inner_ = number;
            good = value != 0;
            break;
        case extensions_length:
            good = value == left_;
            break;
        case extension_type:
            note(value == 42 ? found_early_data : found_nothing); // RFC 8446 4.2.10
            step_ = value == 16 ? alpn_size : value == 0 ? sni_size : extension_size;
            return;
        case extension_size:
            inner_ = number;
            step_ = value == 0 ? extension_type : extension_body;
            return;
        case alpn_size:
        case sni_size: {
            const hello_found which = step == alpn_size ? found_alpn : found_sni;
            inner_ = number;
            good = !has(which) && value >= (step == alpn_size ? 4 : 6); // a list with one name of one octet
            note(which);
            break;
        }
        case alpn_list: // what is inside is as long as what is around it
        case sni_list:
            good = value == around;
            break;
        case long_length:
        case sni_type:
            good = value == 0;
            break;
        case sni_length: // exactly one name, of type host_name; RFC 6066 3 allows no second one of a type
            number_ = number;
            note(host.empty() || value - host.size() > 1 ? found_nothing : found_our_name);
            good = value == around;
            break;
        case alpn_length: // 1 to 255 octets, RFC 7301 3.1
            inner_ = number;
            number_ = static_cast<std::uint16_t>(around - value);
            if (value != alpn_name.size() || has(found_our_alpn)) {
                step_ = alpn_other;
            } else {
                note(found_our_alpn);
            }
            good = value != 0 && value <= around;
            break;
        case alpn_text:
        case alpn_other:
            inner_ = number_;
            step_ = inner_ != 0 ? alpn_length : extension_type;
            return;
        case sni_text:
        case extension_body:
            step_ = extension_type;
            return;
        case version_and_random:
        case session:
        case suites:
        case compressions:
        case over:
            return;
        }
        if (!good) {
            end(errc::bad_hello);
        }
    }

    // Octets last: the gate has one to add.
    std::uint16_t left_ = 0;   // of the message
    std::uint16_t inner_ = 0;  // of the field or the extension, in ALPN of the name
    std::uint16_t number_ = 0; // the first octet of a number; what is left of ALPN behind its name; the name's length
    hello_step step_ = type;
    errc why_ = errc::ok;
    std::uint8_t found_ = 0;
};

} // namespace detail

} // namespace tlsup
