// write_forward.hpp: the heads of requests and responses that are passed on to the next hop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "forward.hpp"
#include "head.hpp"
#include "write.hpp"
#include "write_head.hpp"

namespace tlsup {

/// How a request is forwarded.
struct forward_options {
    /// Who forwards, in Via: a pseudonym, or a host with an optional port. `judge_forward_request` finds loops by one
    /// that no other instance has. RFC 9110 7.6.3.
    std::string_view pseudonym = "tlsup"sv;
    std::string_view default_host{}; ///< for a request that names no host, as HTTP/1.0 allows. RFC 9112 3.2
    bool close = false;              ///< `Connection: close`: no further request follows. RFC 9112 9.6
    bool to_proxy = false;           ///< the next hop is a proxy: absolute-form. RFC 9112 3.2.2
    bool secure = false;             ///< the next hop is inside TLS: a target of https may leave its scheme behind
    bool cooperating = false;        ///< Proxy-Authorization is meant for the next hop, a proxy, too. RFC 9110 11.7.2
    bool expect_continue = true;     ///< forwards `Expect: 100-continue`, where there is content. RFC 9110 10.1.1
};

/// How a response is forwarded.
struct forward_response_options {
    std::string_view pseudonym{}; ///< as in `forward_options`; empty: no Via. RFC 9110 7.6.3
    token_list advertise{};       ///< what this hop would upgrade to, RFC 2817 4.1; not in a 426, nor for HTTP/1.0
    /// The client's request was HTTP/1.0: no chunks, no interim responses, and the connection ends behind it.
    bool http_1_0 = false;
    bool close = false;       ///< `Connection: close`; written anyway where nothing else ends the content
    bool cooperating = false; ///< the response of a proxy whose challenge is the client's to answer. RFC 9110 11.7.1
    /// When the response was received, as IMF-fixdate: `http_date`. A final response without Date gets it. Empty: the
    /// caller has no clock. RFC 9110 6.6.1
    std::string_view date{};
};

namespace detail {

/// A received field: a folded line, or anything that is no field, is an error.
constexpr void forward_field(head_writer& writer, const field& each) noexcept {
    if (each.folded) {
        writer.fail(errc::folded_line);
    } else if (!is_token(each.name) || !head_writer::is_value(each.value)) {
        writer.fail(errc::bad_argument);
    } else {
        writer.line(each.name, each.value);
    }
}

/// The Date of a response that has none. What is no IMF-fixdate by its size is an error. RFC 9110 6.6.1.
constexpr void add_date(head_writer& writer, std::string_view date) noexcept {
    if (date.size() != 29 || !head_writer::is_value(date)) {
        writer.fail(errc::bad_argument);
    }
    writer.line("Date", date);
}

constexpr void add_via(head_writer& writer, unsigned minor, std::string_view pseudonym) noexcept {
    authority parsed;
    if (!is_token(pseudonym) && parse_authority(pseudonym, port_rule::optional, parsed) != errc::ok) {
        writer.fail(errc::bad_argument);
    }
    writer.text("Via: 1.").number(minor).text(" ").text(pseudonym).text("\r\n");
}

/// The request-target for the next hop. RFC 9112 3.2.1, 3.2.2, 3.2.4.
constexpr void forward_target(head_writer& writer, std::string_view target, std::string_view host,
                              const request_facts& facts, bool to_proxy) noexcept {
    const target_form form = facts.form();
    if (form != target_form::absolute) {
        if (to_proxy) {
            writer.text("http://").text(host);
        }
        writer.text(to_proxy && form == target_form::asterisk ? std::string_view{} : target);
    } else if (to_proxy) {
        writer.text(target);
    } else {
        const std::string_view own = authority_part(target);
        const bool found = !own.empty();
        const std::size_t from = found ? static_cast<std::size_t>(own.data() - target.data()) + own.size() : 0;
        const std::string_view rest = part(target, from, target.size());
        const bool bare = rest.empty() || rest[0] == '?';
        const bool server_wide = rest.empty() && facts.method() == method::options;
        writer.text(server_wide ? "*"sv : bare ? "/"sv : std::string_view{}).text(rest);
    }
}

/// The length that a response without content announces, as one to HEAD may: only where it is sure. RFC 9110 8.6.
constexpr bool announced_length(std::string_view head, const response_facts& facts, std::uint64_t& length) noexcept {
    if (facts.status() / 100 == 1 || facts.status() == 204 || facts.has_transfer_encoding()) {
        return false;
    }
    std::size_t lines = 0;
    bool valid = true;
    field_reader fields(head);
    for (field each; fields.next(each);) {
        if (same_text(each.name, "content-length"sv)) {
            ++lines;
            valid = valid && parse_length(each.value, length);
        }
    }
    return lines == 1 && valid;
}

} // namespace detail

/// A request's head for the next hop, with this content: what the caller buffered, or nothing. `head`: as a machine
/// showed it; `facts`: its facts, finished. What `judge_forward_request` says; `wrong_scheme`: a target of https, whose
/// scheme origin-form would lose, to a hop that is not `secure` (RFC 9110 4.2.2); `bad_argument`: no Host and no usable
/// `default_host`, a bad pseudonym, content that ends with the connection, or a head that was not parsed. The head's
/// end-to-end fields keep their order and values; Host comes first, and stems from the target in absolute-form.
/// Framing, Expect and Via follow them. No Upgrade goes through. RFC 9110 7.6; RFC 9112 3.2.2, 6.3.
constexpr prepared write_forward_request(room out, std::string_view head, const request_facts& facts,
                                         const forward_options& options, content body) noexcept {
    detail::head_writer writer(out);
    const hop_fields hop(head);
    const request_line line = parse_request_line(head);
    const std::string_view host = line.authority.empty() ? options.default_host : line.authority;
    authority parsed;
    writer.fail(judge_forward_request(head, facts));
    writer.fail(hop.fault());
    if (facts.https_target() && !options.to_proxy && !options.secure) {
        writer.fail(errc::wrong_scheme);
    }
    if (parse_authority(host, port_rule::optional, parsed) != errc::ok || !detail::is_token(line.method) ||
        line.target.empty() || body.how == framing::until_close || body.length > detail::largest_length) {
        writer.fail(errc::bad_argument);
        return writer.finish(head_kind::request, {}, facts.method(), false);
    }
    const bool chunked = body.how == framing::chunked;
    const bool has_content = chunked || (body.how == framing::length && body.length != 0);
    writer.text(line.method).text(" ");
    detail::forward_target(writer, line.target, host, facts, options.to_proxy);
    writer.text(" HTTP/1.1\r\n").line("Host", host);
    field_reader fields(head);
    for (field each; fields.next(each);) {
        const bool relayed = options.cooperating && detail::same_text(each.name, "proxy-authorization"sv);
        const bool ours = detail::same_text(each.name, "host"sv) || detail::same_text(each.name, "content-length"sv) ||
                          detail::same_text(each.name, "expect"sv);
        std::uint64_t hops = 0;
        if (ours || (relayed ? hop.nominated(each.name) : hop.contain(each.name))) {
            continue;
        }
        if (detail::counts_hops(facts.method()) && detail::same_text(each.name, "max-forwards"sv) &&
            detail::parse_hops(each.value, hops) && hops != 0) {
            writer.text(each.name).text(": ").number(hops - 1).text("\r\n");
        } else {
            detail::forward_field(writer, each);
        }
    }
    if (chunked) {
        writer.line("Transfer-Encoding", "chunked"sv);
    } else if (body.how == framing::length) {
        writer.text("Content-Length: ").number(body.length).text("\r\n");
    }
    if (body.expect_continue && has_content) {
        writer.line("Expect", "100-continue"sv);
    }
    detail::add_via(writer, facts.minor_version(), options.pseudonym);
    if (options.close) {
        writer.line("Connection", "close"sv);
    }
    writer.end();
    return writer.finish(head_kind::request, {}, facts.method(), has_content);
}

/// The same with the content that the request announces. Chunks keep their framing; of the trailer, those fields cross
/// that `hop_fields::allow_trailer` allows. RFC 9110 6.5.1, 7.6.1.
constexpr prepared write_forward_request(room out, std::string_view head, const request_facts& facts,
                                         const forward_options& options) noexcept {
    const bool expects = options.expect_continue && facts.expects_continue();
    return write_forward_request(out, head, facts, options, {facts.framing(), facts.content_length(), expects});
}

/// A response's head for the client. `facts`: finished, with `without_content` where the request was HEAD. The error
/// that `judge_forward_response` gives; `bad_argument`: an interim response for HTTP/1.0, which is discarded (RFC 9110
/// 15.2), a bad pseudonym or date, or a head that was not parsed. The content is framed as `forwarded_framing` says. A
/// 426 is a response like others: its Upgrade concerned the other hop. RFC 9110 7.6, 15.5.22; RFC 9112 6.3.
constexpr prepared write_forward_response(room out, std::string_view head, const response_facts& facts,
                                          const forward_response_options& options) noexcept {
    constexpr std::size_t reason_at = 13; // HTTP/1.1 200 and a space
    detail::head_writer writer(out);
    const hop_fields hop(head);
    const framing how = forwarded_framing(facts, options.http_1_0);
    const std::size_t line = detail::skip_value(head, 0);
    writer.fail(detail::response_fault(head, facts));
    writer.fail(hop.fault());
    if (line < reason_at || (facts.interim() && options.http_1_0)) {
        writer.fail(errc::bad_argument);
        return writer.finish(head_kind::reply, {}, method::other, false);
    }
    writer.text("HTTP/1.1 ").number(facts.status()).text(" ");
    writer.text(detail::part(head, reason_at, line)).text("\r\n");
    bool dated = options.date.empty() || facts.interim();
    field_reader fields(head);
    for (field each; fields.next(each);) {
        const bool relayed = options.cooperating && (detail::same_text(each.name, "proxy-authenticate"sv) ||
                                                     detail::same_text(each.name, "proxy-authentication-info"sv));
        if (!detail::same_text(each.name, "content-length"sv) &&
            !(relayed ? hop.nominated(each.name) : hop.contain(each.name))) {
            detail::forward_field(writer, each);
            dated = dated || detail::same_text(each.name, "date"sv);
        }
    }
    if (!dated) {
        detail::add_date(writer, options.date);
    }
    std::uint64_t length = facts.content_length();
    if (how == framing::chunked) {
        writer.line("Transfer-Encoding", "chunked"sv);
    } else if (how == framing::length || (how == framing::none && detail::announced_length(head, facts, length))) {
        writer.text("Content-Length: ").number(length).text("\r\n");
    }
    if (!options.pseudonym.empty()) {
        detail::add_via(writer, facts.minor_version(), options.pseudonym);
    }
    const bool close = !facts.interim() && (options.close || how == framing::until_close);
    const bool advertises =
        !facts.interim() && !options.http_1_0 && facts.status() != 426 && !options.advertise.empty();
    if (advertises) {
        writer.upgrade(options.advertise, true, close);
    } else if (close) {
        writer.line("Connection", "close"sv);
    }
    writer.end();
    return writer.finish(head_kind::reply, advertises ? options.advertise : token_list{}, method::other,
                         how == framing::chunked || how == framing::until_close ||
                             (how == framing::length && length != 0));
}

} // namespace tlsup
