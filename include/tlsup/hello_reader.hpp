// hello_reader.hpp: the grammar of a ClientHello, byte by byte, and what the gate wants to know of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "authority.hpp"
#include "defence.hpp"
#include "error.hpp"
#include "platform.hpp"
#include "scan.hpp"

namespace tlsup {

namespace detail {

enum hello_found : std::uint8_t {
    found_nothing = 0,
    found_alpn = 1,
    found_our_alpn = 2, // alpn_name is in the list
    found_sni = 4,
    found_our_name = 8, // the server name is the request's host
    found_early_data = 16,
};

// The alert for a refusal: no_application_protocol, unrecognized_name, decode_error, illegal_parameter,
// unexpected_message; handshake_failure for the rest. RFC 8446 6.
constexpr std::uint8_t hello_alert(errc why) noexcept {
    return why == errc::ok                                          ? 0
           : why == errc::foreign_alpn || why == errc::missing_alpn ? 120
           : why == errc::wrong_name                                ? 112
           : why == errc::bad_hello                                 ? 50
           : why == errc::early_data                                ? 47
           : why == errc::not_a_hello                               ? 10
                                                                    : 40;
}

// What is read next of a ClientHello, in the order of RFC 8446 4.1.2.
enum class hello_step : std::uint8_t {
    type, // and the first byte of the length
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
    extension_size,
    extension_body,
    alpn_list, // RFC 7301 3.1
    alpn_length,
    alpn_text,
    sni_list, // RFC 6066 3
    sni_type,
    sni_length,
    sni_text,
};

// Reads a ClientHello message, free of its records, byte by byte. What it finds is judged at the end, so that neither
// the order of the extensions nor the cuts of the input matter. The gate feeds it a message, `judge_hello` extensions.
class hello_reader {
    using enum hello_step;

  public:
    [[nodiscard]] constexpr bool has(hello_found what) const noexcept { return (found_ & what) != 0; }

    /// Everything was read, and every length added up.
    [[nodiscard]] constexpr bool done() const noexcept {
        return left_ == 0 && !half_ && (step_ == extensions_length || step_ == extension_type);
    }

    /// One more byte; not to be called when done. `host` is bare, see `bare_host`.
    TLSUP_SEPARATE constexpr errc take(std::uint8_t byte, std::string_view host) noexcept {
        if (step_ == type && !half_ && byte != 1) {
            return errc::not_a_hello;
        }
        left_ = static_cast<std::uint16_t>(left_ - (step_ > length ? 1 : 0));
        inner_ = static_cast<std::uint16_t>(inner_ - (counted() ? 1 : 0));
        const auto value = static_cast<std::uint16_t>(half_ ? number_ | byte : byte);
        half_ = two_bytes() && !half_;
        number_ = half_ ? static_cast<std::uint16_t>(byte << 8) : number_;
        const bool good = half_ || (step_ < alpn_list ? field(value) : body(value, host));
        return good && (left_ != 0 || step_ <= length || done()) ? errc::ok : errc::bad_hello;
    }

    /// A whole extension, where there is no message around it.
    constexpr errc take_extension(unsigned which, std::string_view body, std::string_view host) noexcept {
        const std::size_t size = body.size();
        if (size + 4 > 0xffff) {
            return errc::bad_hello;
        }
        step_ = extension_type;
        left_ = static_cast<std::uint16_t>(size + 4);
        const std::size_t head[] = {which >> 8, which & 255, size >> 8, size & 255};
        errc error = errc::ok;
        for (std::size_t at = 0; at < size + 4 && error == errc::ok; ++at) {
            error = take(static_cast<std::uint8_t>(at < 4 ? head[at] : static_cast<unsigned char>(body[at - 4])), host);
        }
        return error;
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
        return has(found_early_data) ? errc::early_data : errc::ok;
    }

    friend constexpr bool operator==(const hello_reader&, const hello_reader&) noexcept = default;

  private:
    static constexpr std::uint16_t lost = 0xffff; // no text is this long: the hello is not

    constexpr void note(hello_found what) noexcept { found_ = static_cast<std::uint8_t>(found_ | what); }
    static constexpr hello_step after(hello_step step) noexcept {
        return static_cast<hello_step>(static_cast<unsigned>(step) + 1);
    }

    [[nodiscard]] constexpr bool two_bytes() const noexcept {
        return step_ == type || step_ == length || step_ == suites_length || step_ == extensions_length ||
               step_ == extension_type || step_ == extension_size || step_ == alpn_list || step_ == sni_list ||
               step_ == sni_length;
    }

    // In a field whose length was read.
    [[nodiscard]] constexpr bool counted() const noexcept {
        return step_ == version_and_random || step_ == session || step_ == suites || step_ == compressions ||
               step_ > extension_size;
    }

    // All but the bodies of ALPN and server_name. False where a length cannot be.
    constexpr bool field(std::uint16_t value) noexcept {
        const hello_step step = step_;
        if (counted()) {
            const bool again = step == extension_body;
            step_ = inner_ != 0 ? step : again ? extension_type : after(step);
            return true;
        }
        if (step == extension_size) {
            inner_ = value;
            return begin_extension();
        }
        step_ = after(step);
        if (step == extension_type) {
            type_ = value;
            return true;
        }
        if (step == type || step == extensions_length) { // a hello of 65 536 bytes or more is too long
            return value == (step == type ? 0x100 : left_);
        }
        if (step == length) {
            left_ = value;
            inner_ = 34;
            return value != 0;
        }
        inner_ = value;
        if (step != session_length) {
            return value != 0 && (step != suites_length || value % 2 == 0);
        }
        step_ = value == 0 ? suites_length : session;
        return value <= 32;
    }

    constexpr bool begin_extension() noexcept {
        step_ = inner_ == 0 ? extension_type : extension_body;
        if (type_ != 0 && type_ != 16) {
            note(type_ == 42 ? found_early_data : found_nothing); // RFC 8446 4.2.10
            return true;
        }
        const bool in_alpn = type_ == 16;
        const hello_found which = in_alpn ? found_alpn : found_sni;
        const bool good = !has(which) && inner_ >= (in_alpn ? 4 : 6); // a list with one name of one byte
        note(which);
        step_ = in_alpn ? alpn_list : sni_list;
        return good;
    }

    // ALPN: names of 1 to 255 bytes, RFC 7301 3.1. server_name: exactly one name, of type host_name; RFC 6066 3 allows
    // no second one of a type, and there is no other type.
    constexpr bool body(std::uint16_t value, std::string_view host) noexcept {
        const hello_step step = step_;
        if (step == alpn_text || step == sni_text) {
            text(static_cast<char>(value), step == alpn_text, host);
            return true;
        }
        step_ = after(step);
        if (step == sni_type) {
            return value == 0;
        }
        if (step != alpn_length) { // what is inside is as long as what is around it
            matched_ = 0;
            return value == inner_;
        }
        number_ = value;
        matched_ = value == alpn_name.size() ? std::uint16_t{0} : lost;
        return value != 0 && value <= inner_;
    }

    constexpr void text(char letter, bool in_alpn, std::string_view host) noexcept {
        const std::string_view wanted = in_alpn ? alpn_name : host;
        const bool inside = matched_ < wanted.size();
        const bool same = in_alpn  ? inside && letter == wanted[matched_]
                          : inside ? lower(letter) == lower(wanted[matched_])
                                   : matched_ == wanted.size() && letter == '.';
        matched_ = same ? static_cast<std::uint16_t>(matched_ + 1) : lost;
        if (in_alpn ? --number_ != 0 : inner_ != 0) {
            return;
        }
        if (matched_ != lost && !wanted.empty() && matched_ >= wanted.size()) {
            note(in_alpn ? found_our_alpn : found_our_name);
        }
        step_ = in_alpn && inner_ != 0 ? alpn_length : extension_type;
    }

    hello_step step_ = type;
    std::uint8_t found_ = 0;
    bool half_ = false;
    std::uint16_t left_ = 0;    // of the message
    std::uint16_t inner_ = 0;   // of the field or the extension
    std::uint16_t number_ = 0;  // a number of two bytes whose first one was read; what is left of an ALPN name
    std::uint16_t type_ = 0;    // of the extension
    std::uint16_t matched_ = 0; // of the name; `lost` where it is another
};

// What a server name is compared with: no brackets, no trailing dot, as in `same_host`.
constexpr std::string_view bare_host(std::string_view host) noexcept {
    if (host.size() > 2 && host[0] == '[' && host[host.size() - 1] == ']') {
        host = part(host, 1, host.size() - 1);
    }
    const bool dotted = host.size() > 1 && host[host.size() - 1] == '.';
    return dotted ? part(host, 0, host.size() - 1) : host;
}

} // namespace detail

} // namespace tlsup
