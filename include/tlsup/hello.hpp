// hello.hpp: the first TLS flight on an upgraded connection: is it a ClientHello, and is it one that was meant for us?
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "authority.hpp"
#include "defence.hpp"
#include "error.hpp"
#include "scan.hpp"

namespace tlsup {

class hello_gate;
struct hello_facts;

/// What was found about a ClientHello. Only `hello_gate` and `judge_hello` can make one.
class hello_verdict {
  public:
    [[nodiscard]] constexpr bool passed() const noexcept { return why_ == errc::ok; }

    /// Why it was refused; `ok` if it passed.
    [[nodiscard]] constexpr errc why() const noexcept { return why_; }

    /// Whether the extension was seen. In a refusal with `bad_hello` or `not_a_hello`: before the fault.
    [[nodiscard]] constexpr bool has_sni() const noexcept { return has_sni_; }
    [[nodiscard]] constexpr bool has_alpn() const noexcept { return has_alpn_; }

    /// The description of the fatal alert that a refusal is told with; 0 if it passed. RFC 8446 6.2, RFC 7301 3.2.
    [[nodiscard]] constexpr std::uint8_t alert() const noexcept { return alert_; }

    /// Whether the TLS engine is there to send the alert, as in its callback. If not, whoever asked the gate sends it.
    [[nodiscard]] constexpr bool engine_sends_alert() const noexcept { return by_engine_; }

    friend constexpr bool operator==(const hello_verdict&, const hello_verdict&) noexcept = default;

  private:
    friend class hello_gate;
    friend constexpr hello_verdict judge_hello(const hello_facts& facts, std::string_view expected_host,
                                               splice_defence how) noexcept;

    constexpr hello_verdict(errc why, std::uint8_t alert, unsigned found, bool by_engine) noexcept;

    errc why_;
    std::uint8_t alert_;
    bool has_sni_;
    bool has_alpn_;
    bool by_engine_;
};

namespace detail {

enum hello_found : std::uint8_t {
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

// What is read next of a ClientHello, in the order of RFC 8446 4.1.2: where a field is complete, `next()` is.
enum class hello_step : std::uint8_t {
    type,
    length_top,
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
  public:
    [[nodiscard]] constexpr unsigned found() const noexcept { return found_; }

    /// Everything was read, and every length added up.
    [[nodiscard]] constexpr bool done() const noexcept {
        return left_ == 0 && !half_ && (step_ == hello_step::extensions_length || step_ == hello_step::extension_type);
    }

    /// One more byte; not to be called when done. `host` is bare, see `bare_host`.
    constexpr errc take(std::uint8_t byte, std::string_view host) noexcept {
        if (step_ == hello_step::type && byte != 1) {
            return errc::not_a_hello;
        }
        if (step_ > hello_step::length) {
            --left_;
        }
        if (step_ > hello_step::extension_size) {
            --inner_;
        }
        bool good = true;
        if (two_bytes() && !half_) {
            number_ = static_cast<std::uint16_t>(byte << 8);
            half_ = true;
        } else {
            const auto value = static_cast<std::uint16_t>(half_ ? number_ | byte : byte);
            half_ = false;
            good = step_ < hello_step::alpn_list ? field(value) : body(value, host);
        }
        const bool over = left_ == 0 && step_ > hello_step::length;
        return good && (!over || done()) ? errc::ok : errc::bad_hello;
    }

    /// A whole extension, where there is no message around it.
    constexpr errc take_extension(unsigned type, std::string_view body, std::string_view host) noexcept {
        const std::size_t size = body.size();
        if (size + 4 > 0xffff) {
            return errc::bad_hello;
        }
        step_ = hello_step::extension_type;
        left_ = static_cast<std::uint16_t>(size + 4);
        const std::size_t head[] = {type >> 8, type & 255, size >> 8, size & 255};
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

    [[nodiscard]] constexpr bool has(hello_found what) const noexcept { return (found_ & what) != 0; }
    constexpr void note(hello_found what) noexcept { found_ = static_cast<std::uint8_t>(found_ | what); }
    constexpr void next() noexcept { step_ = static_cast<hello_step>(static_cast<unsigned>(step_) + 1); }

    [[nodiscard]] constexpr bool two_bytes() const noexcept {
        return step_ == hello_step::length || step_ == hello_step::suites_length ||
               step_ == hello_step::extensions_length || step_ == hello_step::extension_type ||
               step_ == hello_step::extension_size || step_ == hello_step::alpn_list || step_ == hello_step::sni_list ||
               step_ == hello_step::sni_length;
    }

    // All but the bodies of ALPN and server_name. False where a length cannot be.
    constexpr bool field(std::uint16_t value) noexcept {
        const hello_step step = step_;
        if (step == hello_step::extension_body) {
            step_ = inner_ == 0 ? hello_step::extension_type : step;
            return true;
        }
        if (step == hello_step::version_and_random || step == hello_step::session || step == hello_step::suites ||
            step == hello_step::compressions) {
            if (--inner_ == 0) {
                next();
            }
            return true;
        }
        if (step == hello_step::extension_size) {
            inner_ = value;
            return begin_extension();
        }
        next();
        if (step == hello_step::extension_type) {
            type_ = value;
            return true;
        }
        if (step == hello_step::extensions_length) {
            return value == left_;
        }
        if (step == hello_step::type || step == hello_step::length_top) {
            return step == hello_step::type || value == 0; // or it is longer than 65 535 bytes
        }
        if (step == hello_step::length) {
            left_ = value;
            inner_ = 34;
            return value != 0;
        }
        inner_ = value;
        if (step != hello_step::session_length) {
            return value != 0 && (step != hello_step::suites_length || value % 2 == 0);
        }
        if (value == 0) {
            next();
        }
        return value <= 32;
    }

    constexpr bool begin_extension() noexcept {
        step_ = inner_ == 0 ? hello_step::extension_type : hello_step::extension_body;
        if (type_ == 42) { // RFC 8446 4.2.10
            note(found_early_data);
        }
        if (type_ != 0 && type_ != 16) {
            return true;
        }
        const bool in_alpn = type_ == 16;
        const hello_found which = in_alpn ? found_alpn : found_sni;
        const bool good = !has(which) && inner_ >= (in_alpn ? 4 : 6); // a list with one name of one byte
        note(which);
        step_ = in_alpn ? hello_step::alpn_list : hello_step::sni_list;
        return good;
    }

    // ALPN: names of 1 to 255 bytes, RFC 7301 3.1. server_name: exactly one name, of type host_name; RFC 6066 3 allows
    // no second one of a type, and there is no other type.
    constexpr bool body(std::uint16_t value, std::string_view host) noexcept {
        const hello_step step = step_;
        if (step == hello_step::alpn_text || step == hello_step::sni_text) {
            text(static_cast<char>(value), step == hello_step::alpn_text, host);
            return true;
        }
        next();
        if (step == hello_step::sni_type) {
            return value == 0;
        }
        if (step != hello_step::alpn_length) { // what is inside is as long as what is around it
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
        step_ = in_alpn && inner_ != 0 ? hello_step::alpn_length : hello_step::extension_type;
    }

    std::uint16_t left_ = 0;    // of the message
    std::uint16_t inner_ = 0;   // of the field or the extension
    std::uint16_t number_ = 0;  // a number of two bytes whose first one was read; what is left of an ALPN name
    std::uint16_t type_ = 0;    // of the extension
    std::uint16_t matched_ = 0; // of the name; `lost` where it is another
    hello_step step_ = hello_step::type;
    std::uint8_t found_ = 0;
    bool half_ = false;
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

constexpr hello_verdict::hello_verdict(errc why, std::uint8_t alert, unsigned found, bool by_engine) noexcept
    : why_(why), alert_(alert), has_sni_((found & detail::found_sni) != 0),
      has_alpn_((found & detail::found_alpn) != 0), by_engine_(by_engine) {}

/// Reads the raw bytes behind the 101 up to the end of the ClientHello, however they are cut and over however many
/// records it goes, and says whether the TLS engine may have them. It keeps no byte: hold back what it was fed, or give
/// it to an engine whose output is held back. A hello is at most 65 535 bytes long, and ends where its record ends.
/// RFC 8446 4.1.2, 5.1; RFC 7301 3.1; RFC 6066 3.
///
/// - ALPN, if there, must contain `tlsup/1`; with `bound_alpn` it must be there. CVE-2025-49812.
/// - The server name, if there, must be the request's host, case, brackets and one trailing dot on either side apart.
///   An IP literal has no business in a server name, RFC 6066 3: one that is spelled as in the request is let through,
///   and another spelling of the same IPv6 address, or brackets in the server name, is `wrong_name`.
/// - No early data, no SSLv2 hello, nothing that is repeated, nothing whose lengths do not add up.
class hello_gate {
  public:
    enum class progress : std::uint8_t {
        more,   ///< the hello is not complete
        pass,   ///< it is, and all is well
        refuse, ///< `verdict().why()` says why; nothing more is read
    };

    /// The next bytes, each exactly once; those behind the hello's last byte are not looked at. `expected_host` is the
    /// host of the request, without its port, and is the same on each call, as is `how`. Once it is `pass` or `refuse`
    /// it stays so.
    [[nodiscard]] constexpr progress feed(std::string_view bytes, std::string_view expected_host,
                                          splice_defence how) noexcept {
        if (now() == progress::more && how == splice_defence::no_upgrade) {
            why_ = errc::upgrade_disabled;
        }
        const std::string_view host = detail::bare_host(expected_host);
        for (std::size_t at = 0; at < bytes.size() && now() == progress::more; ++at) {
            const auto byte = static_cast<std::uint8_t>(bytes[at]);
            if (record_at_ < 5) {
                why_ = record_header(byte);
                continue;
            }
            why_ = reader_.take(byte, host);
            if (--record_left_ == 0) {
                record_at_ = 0;
            }
            if (why_ == errc::ok && reader_.done()) {
                why_ = record_left_ != 0 ? errc::bad_hello : reader_.judge(how);
            }
        }
        return now();
    }

    /// What was decided. A refusal with `bad_hello` as long as nothing was.
    [[nodiscard]] constexpr hello_verdict verdict() const noexcept {
        const errc why = now() == progress::more ? errc::bad_hello : why_;
        const bool version = why == errc::not_a_hello && record_at_ == 1;
        return {why, version ? protocol_version : detail::hello_alert(why), reader_.found(), false};
    }

    friend constexpr bool operator==(const hello_gate&, const hello_gate&) noexcept = default;

  private:
    static constexpr std::uint8_t protocol_version = 70; // the alert

    [[nodiscard]] constexpr progress now() const noexcept {
        return why_ != errc::ok ? progress::refuse : reader_.done() ? progress::pass : progress::more;
    }

    // ContentType, legacy_record_version and length, RFC 8446 5.1. It stays at 1 where an old version shows, be it in
    // the version or by the first octet of an SSLv2 hello, RFC 5246 E.2.
    constexpr errc record_header(std::uint8_t byte) noexcept {
        if (record_at_ == 0 && byte != 22) {
            record_at_ = byte >= 0x80 ? 1 : 0;
            return errc::not_a_hello;
        }
        if (record_at_ == 1 && byte != 3) {
            return errc::not_a_hello;
        }
        if (record_at_ == 3) {
            record_left_ = static_cast<std::uint16_t>(byte << 8);
        }
        if (record_at_ == 4) {
            record_left_ = static_cast<std::uint16_t>(record_left_ | byte);
            if (record_left_ == 0 || record_left_ > 16384) {
                return errc::bad_hello;
            }
        }
        ++record_at_;
        return errc::ok;
    }

    detail::hello_reader reader_;
    std::uint16_t record_left_ = 0;
    std::uint8_t record_at_ = 0; // octets of the record's header that were read; 5: inside the record
    errc why_ = errc::ok;
};

/// What a TLS engine that owns the socket tells of the ClientHello, in the callback that it has for that. The bodies
/// are raw, as OpenSSL's SSL_client_hello_get0_ext gives them: with the lengths of their lists. No member has a
/// default.
struct hello_facts {
    std::string_view alpn; ///< extension 16
    bool has_alpn;
    std::string_view sni; ///< extension 0
    bool has_sni;
    bool early_data; ///< extension 42 is there

    constexpr hello_facts(std::string_view alpn_body, bool alpn_there, std::string_view sni_body, bool sni_there,
                          bool early_data_there) noexcept
        : alpn(alpn_body), has_alpn(alpn_there), sni(sni_body), has_sni(sni_there), early_data(early_data_there) {}
};

/// The gate's rules for a ClientHello that the engine has parsed. A refusal's `alert()` is for the engine to send.
[[nodiscard]] constexpr hello_verdict judge_hello(const hello_facts& facts, std::string_view expected_host,
                                                  splice_defence how) noexcept {
    const std::string_view host = detail::bare_host(expected_host);
    detail::hello_reader reader;
    errc why = how == splice_defence::no_upgrade ? errc::upgrade_disabled : errc::ok;
    if (why == errc::ok && facts.has_alpn) {
        why = reader.take_extension(16, facts.alpn, host);
    }
    if (why == errc::ok && facts.has_sni) {
        why = reader.take_extension(0, facts.sni, host);
    }
    if (why == errc::ok && facts.early_data) {
        why = reader.take_extension(42, {}, host);
    }
    if (why == errc::ok) {
        why = reader.judge(how);
    }
    return {why, detail::hello_alert(why), reader.found(), true};
}

} // namespace tlsup
