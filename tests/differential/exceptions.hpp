// Where a peer may differ from us, and the sentence of the RFC that says so.
#pragma once

#include <string_view>

#include "compare.hpp"
#include "message.hpp"
#include "walk.hpp"

namespace differential {

/// One way in which a peer may differ. It excuses nothing else.
struct exception {
    std::string_view who;
    aspect about;
    std::string_view when;
    bool (*applies)(const input& in, std::string_view bytes, const message& ours);
    std::string_view source;
    std::string_view sentence;
};

namespace excuse {

inline bool unknown_method(const input&, std::string_view, const message& ours) {
    for (const std::string_view known :
         {"DELETE",      "GET",   "HEAD",   "POST",       "PUT",       "CONNECT", "OPTIONS",  "TRACE",  "COPY",
          "LOCK",        "MKCOL", "MOVE",   "PROPFIND",   "PROPPATCH", "SEARCH",  "UNLOCK",   "BIND",   "REBIND",
          "UNBIND",      "ACL",   "REPORT", "MKACTIVITY", "CHECKOUT",  "MERGE",   "M-SEARCH", "NOTIFY", "SUBSCRIBE",
          "UNSUBSCRIBE", "PATCH", "PURGE",  "MKCALENDAR", "LINK",      "UNLINK",  "SOURCE"}) {
        if (ours.method == known) {
            return false;
        }
    }
    return !ours.method.empty();
}

inline bool later_minor_version(const input&, std::string_view, const message& ours) { return ours.minor > 1; }

inline bool has_framing(const message& ours) {
    return has_field(ours, "content-length") || has_field(ours, "transfer-encoding");
}
inline bool framing_without_content(const input& in, std::string_view, const message& ours) {
    const bool never = ours.status / 100 == 1 || ours.status == 204 || ours.status == 304;
    return !in.is_request && (never || in.asked == "HEAD") && has_framing(ours);
}
inline bool framing_of_tunnel(const input& in, std::string_view, const message& ours) {
    return !in.is_request && in.asked == "CONNECT" && ours.status / 100 == 2 && has_framing(ours);
}

inline bool tab_behind_framing(const input&, std::string_view, const message& ours) {
    return any_value(ours, "content-length", tab_behind) || any_value(ours, "transfer-encoding", tab_behind);
}
inline bool tab_in_options(const input&, std::string_view, const message& ours) {
    return any_value(ours, "connection", [](std::string_view value) {
        return value.find('\t') != std::string_view::npos || tab_behind(value);
    });
}
inline bool folded_options(const input&, std::string_view, const message& ours) {
    return any_value(ours, "connection", is_folded);
}
inline bool proxy_connection(const input&, std::string_view, const message& ours) {
    return has_field(ours, "proxy-connection");
}
inline bool trailing_framing(const input&, std::string_view bytes, const message& ours) {
    return has_trailer(bytes, ours, "content-length") || has_trailer(bytes, ours, "transfer-encoding");
}
inline bool trailing_options(const input&, std::string_view bytes, const message& ours) {
    return has_trailer(bytes, ours, "connection") || has_trailer(bytes, ours, "proxy-connection");
}

inline bool quoted_pair(const input&, std::string_view bytes, const message& ours) {
    return any_extension(bytes, ours, [](std::string_view text) { return text.find('\\') != std::string_view::npos; });
}
// A value that is a token, and another extension behind it.
inline bool extension_behind_token(const input&, std::string_view bytes, const message& ours) {
    return any_extension(bytes, ours, [](std::string_view text) {
        bool quoted = false;
        bool token = false;
        for (std::size_t at = 0; at < text.size(); ++at) {
            if (quoted && text[at] == '\\') {
                ++at;
            } else if (text[at] == '"') {
                quoted = !quoted;
                token = false;
            } else if (!quoted && text[at] == '=') {
                token = true;
            } else if (!quoted && text[at] == ';' && token) {
                return true;
            }
        }
        return false;
    });
}

inline bool http_1_0_and_close(const input&, std::string_view, const message& ours) {
    return ours.minor == 0 && has_option(ours, "close") && has_option(ours, "keep-alive");
}
inline bool coding_in_http_1_0(const input&, std::string_view, const message& ours) {
    return ours.minor == 0 && has_field(ours, "transfer-encoding") && ours.how == framed::none;
}
inline bool malformed_option(const input&, std::string_view, const message& ours) {
    return any_member(ours, "connection", [](std::string_view member) {
        return !member.empty() && tlsup::detail::skip(member, 0, tlsup::detail::class_token) != member.size();
    });
}
inline bool close_in_malformed_list(const input& in, std::string_view bytes, const message& ours) {
    return has_option(ours, "close") && malformed_option(in, bytes, ours);
}
inline bool keep_alive_in_malformed_list(const input& in, std::string_view bytes, const message& ours) {
    return ours.minor == 0 && has_option(ours, "keep-alive") && malformed_option(in, bytes, ours);
}

// A name that only begins so is Transfer-Encoding to http_parser.
inline bool is_longer_transfer_encoding(std::string_view name) {
    constexpr std::string_view known = "transfer-encoding";
    return name.size() > known.size() && tlsup::detail::same_text(name.substr(0, known.size()), known);
}
inline bool longer_transfer_encoding(const input&, std::string_view, const message& ours) {
    for (const field_line& each : ours.fields) {
        if (is_longer_transfer_encoding(each.name)) {
            return true;
        }
    }
    return false;
}
inline bool trailing_longer_transfer_encoding(const input&, std::string_view bytes, const message& ours) {
    return any_trailer(bytes, ours, is_longer_transfer_encoding);
}
// llhttp and http_parser want a value, whatever it says.
inline bool upgrade_to_nothing(const input&, std::string_view, const message& ours) {
    return !any_member(ours, "upgrade", [](std::string_view member) { return !member.empty(); });
}
// http_parser goes on looking for a known option behind the comma.
inline bool beginning_of_option(const input&, std::string_view, const message& ours) {
    return any_member(ours, "connection", [](std::string_view member) {
        for (const std::string_view known : {"close", "keep-alive", "upgrade"}) {
            if (!member.empty() && member.size() < known.size() &&
                tlsup::detail::same_text(member, known.substr(0, member.size()))) {
                return true;
            }
        }
        return false;
    });
}
inline bool empty_option(const input&, std::string_view, const message& ours) {
    return any_member(ours, "connection", [](std::string_view member) { return member.empty(); });
}

} // namespace excuse

inline constexpr std::string_view no_content_sentence =
    "Any response to a HEAD request and any response with a 1xx (Informational), 204 (No Content), or 304 (Not "
    "Modified) status code is always terminated by the first empty line after the header fields, regardless of the "
    "header fields present in the message, and thus cannot contain a message body or trailer section.";
inline constexpr std::string_view tunnel_sentence =
    "A client MUST ignore any Content-Length or Transfer-Encoding header fields received in a successful response to "
    "CONNECT.";
inline constexpr std::string_view whitespace_sentence =
    "A field value does not include leading or trailing whitespace.";
inline constexpr std::string_view trailer_sentence =
    "Trailer fields ought to be processed and stored separately from the fields in the header section to avoid "
    "contradicting message semantics known at the time the header section was complete.";
inline constexpr std::string_view extension_sentence = "A recipient MUST ignore unrecognized chunk extensions.";
inline constexpr std::string_view fold_sentence =
    "A user agent that receives an obs-fold in a response message that is not within a \"message/http\" container MUST "
    "replace each received obs-fold with one or more SP octets prior to interpreting the field value.";

inline constexpr std::string_view proxy_sentence =
    "As a result, clients are encouraged not to send the Proxy-Connection header field in any requests.";
inline constexpr std::string_view list_sentence = "#element => [ element ] *( OWS \",\" OWS [ element ] )";
inline constexpr std::string_view option_sentence =
    "The Connection header field allows the sender to list desired control options for the current connection.";
inline constexpr std::string_view close_sentence =
    "If the \"close\" connection option is present (Section 9.6), the connection will not persist after the current "
    "response; else,";
inline constexpr std::string_view name_sentence =
    "A field name labels the corresponding field value as having the semantics defined by that name.";
inline constexpr std::string_view empty_sentence =
    "A recipient MUST parse and ignore a reasonable number of empty list elements: enough to handle common mistakes by "
    "senders that merge values, but not so much that they could be used as a denial-of-service mechanism.";

inline constexpr exception exceptions[] = {
    {"llhttp, http_parser", aspect::acceptance, "the method is none that it knows", excuse::unknown_method,
     "RFC 9110 9.1",
     "Additional methods, outside the scope of this specification, have been specified for use in HTTP."},
    {"llhttp", aspect::acceptance, "the version is HTTP/1.2 or later", excuse::later_minor_version, "RFC 9110 2.5",
     "A recipient that receives a message with a major version number that it implements and a minor version number "
     "higher than what it implements SHOULD process the message as if it were in the highest minor version within that "
     "major version to which the recipient is conformant."},
    {"llhttp, http_parser", aspect::acceptance, "a response that has no content has framing fields",
     excuse::framing_without_content, "RFC 9112 6.3(1)", no_content_sentence},
    {"llhttp, http_parser", aspect::framing, "a response that has no content has framing fields",
     excuse::framing_without_content, "RFC 9112 6.3(1)", no_content_sentence},
    {"llhttp, http_parser", aspect::acceptance, "a 2xx to CONNECT has framing fields", excuse::framing_of_tunnel,
     "RFC 9110 9.3.6", tunnel_sentence},
    {"llhttp, http_parser", aspect::acceptance, "HTAB stands behind the value of a framing field",
     excuse::tab_behind_framing, "RFC 9110 5.5", whitespace_sentence},
    {"llhttp, http_parser", aspect::framing, "HTAB stands behind the value of a framing field",
     excuse::tab_behind_framing, "RFC 9110 5.5", whitespace_sentence},
    {"llhttp", aspect::acceptance, "a chunk extension has a quoted-pair", excuse::quoted_pair, "RFC 9112 7.1.1",
     extension_sentence},
    {"llhttp", aspect::acceptance, "an extension follows one whose value is a token", excuse::extension_behind_token,
     "RFC 9112 7.1.1", extension_sentence},
    {"llhttp, http_parser", aspect::acceptance, "the trailer section has framing fields", excuse::trailing_framing,
     "RFC 9110 6.5", trailer_sentence},
    {"llhttp, http_parser", aspect::keep_alive, "the trailer section has framing fields", excuse::trailing_framing,
     "RFC 9110 6.5", trailer_sentence},
    {"llhttp, http_parser", aspect::keep_alive, "the trailer section has connection options", excuse::trailing_options,
     "RFC 9110 6.5", trailer_sentence},
    {"llhttp, http_parser", aspect::keep_alive, "Proxy-Connection is taken for Connection", excuse::proxy_connection,
     "RFC 9112 C.2.2", proxy_sentence},
    {"llhttp, http_parser", aspect::switches, "Proxy-Connection is taken for Connection", excuse::proxy_connection,
     "RFC 9112 C.2.2", proxy_sentence},
    {"llhttp, http_parser", aspect::keep_alive, "HTAB stands among the connection options", excuse::tab_in_options,
     "RFC 9110 5.6.1.2", list_sentence},
    {"llhttp, http_parser", aspect::switches, "HTAB stands among the connection options", excuse::tab_in_options,
     "RFC 9110 5.6.1.2", list_sentence},
    {"llhttp, http_parser", aspect::keep_alive, "Connection is folded", excuse::folded_options, "RFC 9112 5.2",
     fold_sentence},
    {"llhttp, http_parser", aspect::switches, "Connection is folded", excuse::folded_options, "RFC 9112 5.2",
     fold_sentence},
    {"llhttp, http_parser", aspect::keep_alive, "HTTP/1.0 with close and keep-alive", excuse::http_1_0_and_close,
     "RFC 9112 9.3", close_sentence},
    {"llhttp, http_parser", aspect::keep_alive, "HTTP/1.0 with keep-alive in a malformed list",
     excuse::keep_alive_in_malformed_list, "RFC 9112 9.3",
     "If the received protocol is HTTP/1.0, the \"keep-alive\" connection option is present, either the recipient is "
     "not a proxy or the message is a response, and the recipient wishes to honor the HTTP/1.0 \"keep-alive\" "
     "mechanism, the connection will persist after the current response; otherwise,"},
    {"llhttp, http_parser", aspect::keep_alive, "a response in HTTP/1.0 has a coding and no content",
     excuse::coding_in_http_1_0, "RFC 9112 6.1",
     "A server or client that receives an HTTP/1.0 message containing a Transfer-Encoding header field MUST treat the "
     "message as if the framing is faulty, even if a Content-Length is present, and close the connection after "
     "processing the message."},
    {"llhttp, http_parser", aspect::switches, "a member of Connection is malformed", excuse::malformed_option,
     "RFC 9110 7.8",
     "A server MAY ignore a received Upgrade header field if it wishes to continue using the current protocol on that "
     "connection."},
    {"llhttp, http_parser", aspect::switches, "Upgrade has empty members alone", excuse::upgrade_to_nothing,
     "RFC 9110 5.6.1.2", empty_sentence},
    {"http_parser", aspect::acceptance, "a longer name begins with Transfer-Encoding", excuse::longer_transfer_encoding,
     "RFC 9110 5.1", name_sentence},
    {"http_parser", aspect::framing, "a longer name begins with Transfer-Encoding", excuse::longer_transfer_encoding,
     "RFC 9110 5.1", name_sentence},
    {"http_parser", aspect::keep_alive, "a longer name in the trailer section begins with Transfer-Encoding",
     excuse::trailing_longer_transfer_encoding, "RFC 9110 5.1", name_sentence},
    {"http_parser", aspect::keep_alive, "close stands behind a malformed option", excuse::close_in_malformed_list,
     "RFC 9112 9.3", close_sentence},
    {"http_parser", aspect::switches, "an option is the beginning of a known one", excuse::beginning_of_option,
     "RFC 9110 7.6.1", option_sentence},
    {"http_parser", aspect::keep_alive, "an option is the beginning of a known one", excuse::beginning_of_option,
     "RFC 9110 7.6.1", option_sentence},
    {"http_parser", aspect::keep_alive, "a member of Connection is empty", excuse::empty_option, "RFC 9110 5.6.1.2",
     empty_sentence},
    {"http_parser", aspect::switches, "a member of Connection is empty", excuse::empty_option, "RFC 9110 5.6.1.2",
     empty_sentence},
};

} // namespace differential
