// hello.hpp: the first TLS flight on an upgraded connection: is it a ClientHello, and is it one that was meant for us?
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "authority.hpp"
#include "defence.hpp"
#include "error.hpp"
#include "hello_reader.hpp"
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

    constexpr hello_verdict(errc why, std::uint8_t alert, bool has_sni, bool has_alpn, bool by_engine) noexcept
        : why_(why), alert_(alert), has_sni_(has_sni), has_alpn_(has_alpn), by_engine_(by_engine) {}

    errc why_;
    std::uint8_t alert_;
    bool has_sni_;
    bool has_alpn_;
    bool by_engine_;
};

/// Reads the raw bytes behind the 101 up to the end of the ClientHello, however they are cut and over however many
/// records it goes, and says whether the TLS engine may have them. It keeps no byte: hold back what it was fed, or give
/// it to an engine whose output is held back. A hello is at most 65 535 bytes long, and ends where its record ends.
/// RFC 8446 4.1.2, 5.1; RFC 7301 3.1; RFC 6066 3.
///
/// - ALPN, if there, must contain `tlsup/1`; with `bound_alpn` it must be there. CVE-2025-49812.
/// - With `dedicated_name` the server name must be there.
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
        if (!reader_.ended() && how == splice_defence::no_upgrade) {
            reader_.end(errc::upgrade_disabled);
        }
        const std::string_view host = bare_host(expected_host);
        std::size_t at = 0;
        while (at < bytes.size() && !reader_.ended()) {
            if (record_at_ < 5) {
                record_header(static_cast<std::uint8_t>(bytes[at]));
                ++at;
                continue;
            }
            const std::size_t here = bytes.size() - at < record_left_ ? bytes.size() - at : record_left_;
            const std::size_t read = reader_.read(detail::part(bytes, at, at + here), host);
            at += read;
            record_left_ = static_cast<std::uint16_t>(record_left_ - read);
            if (record_left_ == 0) {
                record_at_ = 0;
            }
            if (reader_.ended() && reader_.why() == errc::ok) {
                reader_.end(record_left_ != 0 ? errc::bad_hello : reader_.judge(how));
            }
        }
        return !reader_.ended() ? progress::more : reader_.why() == errc::ok ? progress::pass : progress::refuse;
    }

    /// What was decided. A refusal with `bad_hello` as long as nothing was.
    [[nodiscard]] constexpr hello_verdict verdict() const noexcept {
        const errc why = reader_.ended() ? reader_.why() : errc::bad_hello;
        const bool version = why == errc::not_a_hello && record_at_ == 1;
        return {why, version ? protocol_version : detail::hello_alert(why), reader_.has(detail::found_sni),
                reader_.has(detail::found_alpn), false};
    }

    friend constexpr bool operator==(const hello_gate&, const hello_gate&) noexcept = default;

  private:
    static constexpr std::uint8_t protocol_version = 70; // the alert

    // ContentType, legacy_record_version and length, RFC 8446 5.1. It stays at 1 where an old version shows, be it in
    // the version or by the first octet of an SSLv2 hello, RFC 5246 E.2.
    constexpr void record_header(std::uint8_t byte) noexcept {
        if (record_at_ == 0 ? byte != 22 : record_at_ == 1 && byte != 3) {
            record_at_ = record_at_ != 0 || byte >= 0x80 ? 1 : 0;
            reader_.end(errc::not_a_hello);
            return;
        }
        if (record_at_ >= 3) { // the last record has left 0
            record_left_ = static_cast<std::uint16_t>(record_left_ << 8 | byte);
        }
        ++record_at_;
        if (record_at_ == 5 && (record_left_ == 0 || record_left_ > 16384)) {
            reader_.end(errc::bad_hello);
        }
    }

    [[no_unique_address]] detail::hello_reader reader_;
    std::uint8_t record_at_ = 0; // octets of the record's header that were read; 5: inside the record
    std::uint16_t record_left_ = 0;
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
/// `expected_host` is the host of the request without its port: `authority::host`, where `judge` takes the whole.
[[nodiscard]] constexpr hello_verdict judge_hello(const hello_facts& facts, std::string_view expected_host,
                                                  splice_defence how) noexcept {
    const std::string_view host = bare_host(expected_host);
    detail::hello_reader reader;
    errc why = how == splice_defence::no_upgrade ? errc::upgrade_disabled : errc::ok;
    if (why == errc::ok && facts.has_alpn) {
        why = reader.read_extension(16, facts.alpn, host);
    }
    if (why == errc::ok && facts.has_sni) {
        why = reader.read_extension(0, facts.sni, host);
    }
    if (why == errc::ok && facts.early_data) {
        why = reader.read_extension(42, {}, host);
    }
    if (why == errc::ok) {
        why = reader.judge(how);
    }
    return {why, detail::hello_alert(why), reader.has(detail::found_sni), reader.has(detail::found_alpn), true};
}

} // namespace tlsup
