// write.hpp: the heads that upgrade: probe, request, reply, 426, advertisement. Only the write headers write line ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "write_fixed.hpp"
#include "write_head.hpp"

namespace tlsup {

/// Content that the caller announces. Who waits for 100 before the content says so, and does not wait for ever. After a
/// 417 ask once more without it. RFC 9112 6, RFC 9110 10.1.1.
struct content {
    framing how = framing::none;
    std::uint64_t length = 0;
    bool expect_continue = false; ///< `Expect: 100-continue`
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

namespace detail {

/// What is the same for a request to a server and for one to a proxy, up to its fields: these the caller writes next.
/// `scheme` empty: the target is in origin-form.
constexpr method begin_request(head_writer& writer, const request_text& request, std::string_view scheme) noexcept {
    request_facts facts;
    facts.start(request.method, request.target, 1, 1);
    facts.field("host"sv, request.host);
    const bool form = facts.form() == target_form::origin || facts.form() == target_form::asterisk;
    const bool body = request.body.how != framing::none;
    if (facts.finish() != errc::ok || !form || request.body.how == framing::until_close ||
        request.body.length > largest_length || (request.body.expect_continue && !body) ||
        (body && facts.method() == method::trace)) {
        writer.fail(errc::bad_argument);
    }
    writer.text(request.method).text(" ");
    if (scheme.empty()) {
        writer.text(request.target);
    } else { // an absolute-form without path stands for the asterisk, RFC 9112 3.2.4
        writer.text(scheme).text(request.host).text(request.target == "*"sv ? std::string_view{} : request.target);
    }
    writer.text(" HTTP/1.1\r\n").line("Host", request.host);
    return facts.method();
}

/// What stands behind the caller's fields. OPTIONS with content needs a Content-Type, RFC 9110 9.3.7.
constexpr prepared end_request(head_writer& writer, head_kind kind, const request_text& request, method how,
                               field_list fields) noexcept {
    const bool body = request.body.how != framing::none;
    if (how == method::options && body && fields.count("content-type") == 0) {
        writer.fail(errc::bad_argument);
    }
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
    return writer.end().finish(kind, request.offer, how,
                               body && (request.body.how == framing::chunked || request.body.length != 0));
}

} // namespace detail

/// A request for a direct connection, with or without an offer. CONNECT has its own function. RFC 9112 3, RFC 9110 7.8.
/// `bad_argument`: a part that its place in the head does not allow, a field that the library owns, an expectation
/// without content, OPTIONS with content and without Content-Type (RFC 9110 9.3.7), or TRACE with content, be it of no
/// length (RFC 9110 9.3.8).
constexpr prepared write_request(room out, const request_text& request, field_list fields = {}) noexcept {
    detail::head_writer writer(out);
    const method how = detail::begin_request(writer, request, {});
    writer.fields(fields);
    return detail::end_request(writer, head_kind::request, request, how, fields);
}

/// A response with its content. 1xx, 407 and 426 come from elsewhere: `bad_argument`, as for a status outside 200 to
/// 599, for content with 204, 205 or 304, for a 401 without WWW-Authenticate and for a 405 without Allow among the
/// fields. RFC 9110 15, 15.3.6, 15.5.2, 15.5.6; RFC 9112 4, 6.2.
constexpr prepared write_reply(room out, const reply_text& reply, field_list fields = {}) noexcept {
    detail::head_writer writer(out);
    const bool bare = reply.status == 204 || reply.status == 304;
    const bool lacks = (reply.status == 401 && fields.count("www-authenticate") == 0) ||
                       (reply.status == 405 && fields.count("allow") == 0);
    if (reply.status < 200 || reply.status > 599 || reply.status == 407 || reply.status == 426 || lacks ||
        ((bare || reply.status == 205) && !reply.content.empty()) ||
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

/// A 426 that names the tokens, with a text for people. `bad_argument` without a token. `no_room` also for a 426 of
/// more than 65 528 bytes: a server may have to add `close, `, and writes 65 535 at most. RFC 2817 4.2, RFC
/// 9110 15.5.22.
constexpr prepared write_426(room out, token_list tokens, std::string_view text) noexcept {
    detail::head_writer writer(out);
    if (tokens.empty()) {
        writer.fail(errc::bad_argument);
    }
    writer.text("HTTP/1.1 426 Upgrade Required\r\n").upgrade(tokens, true, false);
    writer.content_text(text).leave(detail::close_option.size());
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

namespace detail {

// What write_426 composes for the default tokens and text. A test keeps the two the same: composing it would take each
// file that includes this a tenth of its compile time.
inline constexpr std::string_view default_426_text =
    "HTTP/1.1 426 Upgrade Required\r\nUpgrade: TLS/1.3, TLS/1.2, TLS/1.0, HTTP/1.1\r\nConnection: Upgrade\r\n"
    "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 133\r\n\r\n"
    "This resource is served over TLS only.\n"
    "Ask again with Upgrade: TLS/1.2 and Connection: Upgrade (RFC 2817), or use a client that can.\n"sv;

// And without content.
inline constexpr std::string_view bare_426_text =
    "HTTP/1.1 426 Upgrade Required\r\nUpgrade: TLS/1.3, TLS/1.2, TLS/1.0, HTTP/1.1\r\nConnection: Upgrade\r\n"
    "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 0\r\n\r\n"sv;

inline constexpr std::uint16_t ready_close_at = 89; // in both, behind "Connection: "

} // namespace detail

/// The 426 for `default_tokens`, ready made.
inline constexpr prepared_head default_upgrade_required =
    detail::head_writer::ready_426(detail::default_426_text, detail::ready_close_at, upgrade_required_text.size());

/// The same without a text for people, for a device that saves flash.
inline constexpr prepared_head bare_upgrade_required =
    detail::head_writer::ready_426(detail::bare_426_text, detail::ready_close_at, 0);

} // namespace tlsup
