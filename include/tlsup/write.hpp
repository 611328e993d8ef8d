// write.hpp: the only code that writes line ends. Constants, and heads composed once into the caller's buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "authority.hpp"
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
};

namespace detail {
class head_writer;
}

enum class head_kind : std::uint8_t { none, probe, request, reply, upgrade_required, advertisement };

/// A head that was composed by this header, and what it says. A view: the buffer must outlive it. Only `write_*` makes
/// one that is not empty.
class prepared_head {
  public:
    constexpr prepared_head() noexcept = default;

    [[nodiscard]] constexpr std::string_view text() const noexcept { return {data_, size_}; }
    [[nodiscard]] constexpr head_kind kind() const noexcept { return kind_; }
    /// The TLS tokens that it offers, requires or advertises.
    [[nodiscard]] constexpr token_list tokens() const noexcept { return tokens_; }
    /// Octets of the head itself; what follows is content.
    [[nodiscard]] constexpr std::uint16_t head_size() const noexcept { return head_size_; }
    /// Where `close, ` goes into the Connection field of a 426.
    [[nodiscard]] constexpr std::uint16_t close_at() const noexcept { return close_at_; }
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

/// Content that the caller announces. RFC 9112 6.
struct content {
    framing how = framing::none;
    std::uint64_t length = 0;
    bool expect_continue = false; ///< RFC 9110 10.1.1
    static constexpr content of(std::uint64_t octets) noexcept { return {framing::length, octets, false}; }
};

/// A request to be written. `offer` empty: no upgrade is offered.
struct request_text {
    std::string_view method{};
    std::string_view target{}; ///< origin-form, or `*` with OPTIONS; the connection is direct. RFC 9112 3.2
    std::string_view host{};   ///< host and optional port, without userinfo
    token_list offer{};
    content body{};
};

/// A response to be written by a server.
struct reply_text {
    std::uint16_t status = 200;
    std::string_view reason{};  ///< empty: the registered phrase
    token_list advertise{};     ///< TLS tokens for Upgrade, RFC 2817 4.1; empty: none
    bool close = false;         ///< Connection: close
    std::string_view content{}; ///< written behind the head, with its Content-Length
};

namespace detail {

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

    constexpr head_writer& number(std::uint64_t value) noexcept {
        char digits[20] = {};
        std::size_t from = 20;
        do {
            digits[--from] = static_cast<char>('0' + value % 10);
            value /= 10;
        } while (value != 0);
        return text({digits + from, 20 - from});
    }

    constexpr head_writer& line(std::string_view name, std::string_view value) noexcept {
        return text(name).text(": ").text(value).text("\r\n");
    }

    /// A field of the caller's: its grammar is checked, and fields that the library owns are refused.
    constexpr head_writer& fields(field_list list) noexcept {
        for (std::size_t at = 0; at < list.size; ++at) {
            const field_text& each = list.data[at];
            if (!detail::is_token(each.name) || owned(each.name) || !is_value(each.value)) {
                fail(errc::bad_argument);
                return *this;
            }
            line(each.name, each.value);
        }
        return *this;
    }

    /// Upgrade, and the connection option that goes with it. RFC 9110 7.8. `layers`: HTTP/1.1 is named on top.
    constexpr head_writer& upgrade(token_list tokens, bool layers, bool close) noexcept {
        text("Upgrade: ");
        for (std::size_t at = 0; at < tokens.size(); ++at) {
            text(at == 0 ? std::string_view{} : std::string_view{", "}).text(to_string(tokens[at]));
        }
        text(layers ? ", HTTP/1.1\r\n" : "\r\n").text("Connection: ");
        close_at_ = static_cast<std::uint16_t>(size_);
        return text(close ? "close, Upgrade\r\n" : "Upgrade\r\n");
    }

    constexpr head_writer& end() noexcept {
        text("\r\n");
        head_size_ = static_cast<std::uint16_t>(size_);
        return *this;
    }

    constexpr void fail(errc why) noexcept { error_ = error_ == errc::ok ? why : error_; }

    /// The same head, now that its text stands at `data`.
    static constexpr prepared_head moved(const prepared_head& head, const char* data) noexcept {
        prepared_head copy;
        copy.data_ = data;
        copy.size_ = head.size_;
        copy.head_size_ = head.head_size_;
        copy.close_at_ = head.close_at_;
        copy.tokens_ = head.tokens_;
        copy.kind_ = head.kind_;
        copy.method_ = head.method_;
        copy.content_ = head.content_;
        return copy;
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
    static constexpr bool owned(std::string_view name) noexcept {
        constexpr std::string_view names[] = {
            "host",       "connection",       "upgrade", "content-length", "transfer-encoding", "trailer",
            "keep-alive", "proxy-connection", "te",      "expect"};
        bool found = false;
        for (const std::string_view each : names) {
            found = found || detail::same_text(each, name);
        }
        return found;
    }

    [[nodiscard]] constexpr std::size_t limit() const noexcept { return out_.size < 65535 ? out_.size : 65535; }

    room out_;
    std::size_t size_ = 0;
    std::uint16_t head_size_ = 0;
    std::uint16_t close_at_ = 0;
    errc error_ = errc::ok;
};

} // namespace detail

/// The probe that asks for TLS before anything else is said: `OPTIONS *` with the offer and no other field, so that it
/// can carry no credential. RFC 2817 3.2. `bad_argument`: a bad host, or no token.
constexpr prepared write_probe(room out, std::string_view host, token_list offer) noexcept {
    detail::head_writer writer(out);
    authority parsed;
    if (parse_authority(host, port_rule::optional, parsed) != errc::ok || offer.empty()) {
        writer.fail(errc::bad_argument);
    }
    writer.text("OPTIONS * HTTP/1.1\r\n").line("Host", host).upgrade(offer, false, false).end();
    return writer.finish(head_kind::probe, offer, method::options, false);
}

/// A request for a direct connection, with or without an offer. CONNECT has its own function. RFC 9112 3, RFC 9110 7.8.
/// `bad_argument`: a part that its place in the head does not allow, a field that the library owns, an expectation
/// without content, or OPTIONS with content and without Content-Type (RFC 9110 9.3.7).
constexpr prepared write_request(room out, const request_text& request, field_list fields = {}) noexcept {
    detail::head_writer writer(out);
    request_facts facts;
    facts.start(request.method, request.target, 1, 1);
    facts.field("host", request.host);
    const bool form = facts.form() == target_form::origin || facts.form() == target_form::asterisk;
    bool typed = false;
    for (std::size_t at = 0; at < fields.size; ++at) {
        typed = typed || detail::same_text(fields.data[at].name, "content-type");
    }
    const bool body = request.body.how != framing::none;
    if (facts.finish() != errc::ok || !form || facts.method() == method::connect ||
        request.body.how == framing::until_close || request.body.length > detail::largest_length ||
        (request.body.expect_continue && !body) || (facts.method() == method::options && body && !typed)) {
        writer.fail(errc::bad_argument);
    }
    writer.text(request.method).text(" ").text(request.target).text(" HTTP/1.1\r\n").line("Host", request.host);
    writer.fields(fields);
    if (request.body.how == framing::length) {
        writer.text("Content-Length: ").number(request.body.length).text("\r\n");
    } else if (body) {
        writer.text("Transfer-Encoding: chunked\r\n");
    }
    if (request.body.expect_continue) {
        writer.text("Expect: 100-continue\r\n");
    }
    if (!request.offer.empty()) {
        writer.upgrade(request.offer, false, false);
    }
    writer.end();
    return writer.finish(head_kind::request, request.offer, facts.method(),
                         body && (request.body.how == framing::chunked || request.body.length != 0));
}

/// A response with its content. 1xx and 426 come from elsewhere: `bad_argument`, as for a status outside 200 to 599.
/// RFC 9110 15, RFC 9112 4, 6.2.
constexpr prepared write_reply(room out, const reply_text& reply, field_list fields = {}) noexcept {
    detail::head_writer writer(out);
    const bool bare = reply.status == 204 || reply.status == 304;
    if (reply.status < 200 || reply.status > 599 || reply.status == 426 || (bare && !reply.content.empty()) ||
        detail::skip_value(reply.reason, 0) != reply.reason.size()) {
        writer.fail(errc::bad_argument);
    }
    const std::string_view reason = reply.reason.empty() ? reason_phrase(reply.status) : reply.reason;
    writer.text("HTTP/1.1 ").number(reply.status).text(" ").text(reason).text("\r\n").fields(fields);
    if (!bare) {
        writer.text("Content-Length: ").number(reply.content.size()).text("\r\n");
    }
    if (!reply.advertise.empty()) {
        writer.upgrade(reply.advertise, true, reply.close);
    } else if (reply.close) {
        writer.text("Connection: close\r\n");
    }
    writer.end().text(reply.content);
    return writer.finish(head_kind::reply, reply.advertise, method::other, !reply.content.empty());
}

/// A 426 that names the tokens, with a text for people. `bad_argument` without a token. RFC 2817 4.2, RFC 9110 15.5.22.
constexpr prepared write_426(room out, token_list tokens, std::string_view text) noexcept {
    detail::head_writer writer(out);
    if (tokens.empty()) {
        writer.fail(errc::bad_argument);
    }
    writer.text("HTTP/1.1 426 Upgrade Required\r\n").upgrade(tokens, true, false);
    writer.line("Content-Type", "text/plain; charset=utf-8").text("Content-Length: ").number(text.size());
    writer.text("\r\n").end().text(text);
    return writer.finish(head_kind::upgrade_required, tokens, method::other, true);
}

/// The two field lines that advertise TLS in any other response of the host's. Not for HTTP/1.0, not inside TLS.
/// `close`: the response also says that the connection closes. RFC 2817 4.1, RFC 9110 7.8.
constexpr prepared write_advert(room out, token_list tokens, bool close = false) noexcept {
    detail::head_writer writer(out);
    if (tokens.empty()) {
        writer.fail(errc::bad_argument);
    }
    writer.upgrade(tokens, true, close);
    return writer.finish(head_kind::advertisement, tokens, method::other, false);
}

/// What the host writes itself when it lets a client go on that waits. RFC 9110 15.2.1.
inline constexpr std::string_view continue_100 = "HTTP/1.1 100 Continue\r\n\r\n";

/// What a 426 says unless the options bring their own text.
inline constexpr std::string_view upgrade_required_text =
    "This resource is served over TLS only.\n"
    "Ask again with Upgrade: TLS/1.2 and Connection: Upgrade (RFC 2817), or use a client that can.\n";

namespace detail {

inline constexpr std::string_view switching_101[] = {
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.0, HTTP/1.1\r\nConnection: Upgrade\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.1, HTTP/1.1\r\nConnection: Upgrade\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.2, HTTP/1.1\r\nConnection: Upgrade\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.3, HTTP/1.1\r\nConnection: Upgrade\r\n\r\n",
};

/// The answer to the OPTIONS that asked for the upgrade. Nothing in the clear request changes it but `close`.
inline constexpr std::string_view inner_reply =
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nCache-Control: no-store\r\n\r\n";
inline constexpr std::string_view inner_reply_last =
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n";

inline constexpr std::string_view misdirected_reply = "HTTP/1.1 421 Misdirected Request\r\nContent-Length: 0\r\n\r\n";

// A refusal: version, status line, and an end that closes.
inline constexpr std::string_view refusal_begin = "HTTP/1.1 ";
inline constexpr std::string_view refusal_end = "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
inline constexpr std::string_view close_option = "close, ";

// A fatal alert record but for its last octet, the description. RFC 8446 5.1, 6.
inline constexpr std::string_view alert_begin{"\x15\x03\x01\x00\x02\x02", 6};
inline constexpr std::string_view alert_numbers = "\x0a\x28\x2f\x32\x46\x70\x78";

// What write_426 composes for the default tokens and text; the assertion below keeps the two the same.
inline constexpr std::string_view default_426_text =
    "HTTP/1.1 426 Upgrade Required\r\nUpgrade: TLS/1.3, TLS/1.2, TLS/1.0, HTTP/1.1\r\nConnection: Upgrade\r\n"
    "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 133\r\n\r\n"
    "This resource is served over TLS only.\n"
    "Ask again with Upgrade: TLS/1.2 and Connection: Upgrade (RFC 2817), or use a client that can.\n";

constexpr prepared_head make_default_426(bool& same) noexcept {
    char text[400] = {};
    const prepared_head made = write_426(text, default_tokens, upgrade_required_text).head;
    same = made.text() == default_426_text;
    return head_writer::moved(made, default_426_text.data());
}
constexpr bool default_426_is_what_is_written() noexcept {
    bool same = false;
    (void)make_default_426(same);
    return same;
}
static_assert(default_426_is_what_is_written());

} // namespace detail

/// The 426 for `default_tokens`, ready made.
inline constexpr prepared_head default_upgrade_required = [] {
    bool same = false;
    return detail::make_default_426(same);
}();

} // namespace tlsup
