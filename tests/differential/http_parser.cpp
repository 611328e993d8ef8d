// http_parser, as Debian's libhttp-parser-dev ships it. It pauses behind the head and behind the message.
#include <http_parser.h>

#include <string>

#include "message.hpp"

namespace differential {
namespace {

struct state {
    const input* in = nullptr;
    message* found = nullptr;
    bool complete = false;
};

state& state_of(http_parser* parser) { return *static_cast<state*>(parser->data); }

int on_target(http_parser* parser, const char* at, std::size_t size) {
    extend(state_of(parser).found->target, at, size);
    return 0;
}
int on_name(http_parser* parser, const char* at, std::size_t size) {
    message& found = *state_of(parser).found;
    if (!found.has_head) { // trailer fields are not compared
        if (found.fields.empty() || found.fields.back().value.data() != nullptr) {
            found.fields.push_back({});
        }
        extend(found.fields.back().name, at, size);
    }
    return 0;
}
int on_value(http_parser* parser, const char* at, std::size_t size) {
    message& found = *state_of(parser).found;
    if (!found.has_head) {
        extend(found.fields.back().value, at, size);
    }
    return 0;
}
int on_body(http_parser* parser, const char* at, std::size_t size) {
    state_of(parser).found->body.append(at, size);
    return 0;
}

int on_head(http_parser* parser) {
    state& now = state_of(parser);
    message& found = *now.found;
    found.has_head = true;
    found.major = parser->http_major;
    found.minor = parser->http_minor;
    found.status = parser->status_code;
    if (now.in->is_request) {
        found.method = http_method_str(static_cast<http_method>(parser->method));
    }
    found.length = (parser->flags & F_CONTENTLENGTH) != 0 ? parser->content_length : 0;
    const bool granted = now.in->asked == "CONNECT" && found.status / 100 == 2;
    const bool without_content = !now.in->is_request && (granted || now.in->asked == "HEAD");
    const bool never = now.in->is_request || found.status / 100 == 1 || found.status == 204 || found.status == 304;
    found.how = without_content                          ? framed::none
                : (parser->flags & F_CHUNKED) != 0       ? framed::chunked
                : parser->uses_transfer_encoding != 0    ? framed::until_close
                : (parser->flags & F_CONTENTLENGTH) != 0 ? framed::length
                : never                                  ? framed::none
                                                         : framed::until_close;
    http_parser_pause(parser, 1);
    return !without_content ? 0 : granted ? 2 : 1;
}

int on_complete(http_parser* parser) {
    state& now = state_of(parser);
    now.complete = true;
    now.found->keep_alive = http_should_keep_alive(parser) != 0;
    now.found->switches = parser->upgrade != 0;
    if (parser->upgrade == 0) {
        http_parser_pause(parser, 1);
    }
    return 0;
}

http_parser_settings make_settings() {
    http_parser_settings settings;
    http_parser_settings_init(&settings);
    settings.on_url = on_target;
    settings.on_header_field = on_name;
    settings.on_header_value = on_value;
    settings.on_headers_complete = on_head;
    settings.on_body = on_body;
    settings.on_message_complete = on_complete;
    return settings;
}

const http_parser_settings settings = make_settings();

} // namespace

void read_http_parser(const input& in, std::string_view bytes, const message&, message& found) {
    state now{&in, &found};
    http_parser parser;
    http_parser_init(&parser, in.is_request ? HTTP_REQUEST : HTTP_RESPONSE);
    parser.data = &now;
    std::size_t at = http_parser_execute(&parser, &settings, bytes.data(), bytes.size());
    if (HTTP_PARSER_ERRNO(&parser) == HPE_PAUSED && !now.complete) {
        found.head = at + 1; // it stops at the last octet of the head, and looks at it again
        http_parser_pause(&parser, 0);
        at += http_parser_execute(&parser, &settings, bytes.data() + at, bytes.size() - at);
    }
    const http_errno before = HTTP_PARSER_ERRNO(&parser);
    found.end = at;
    if (before == HPE_OK && !now.complete) {
        http_parser_execute(&parser, &settings, nullptr, 0);
    }
    const http_errno error = HTTP_PARSER_ERRNO(&parser);
    const bool good = error == HPE_OK || error == HPE_PAUSED;
    found.outcome = !good ? verdict::refused : now.complete ? verdict::accepted : verdict::truncated;
    found.error = http_errno_name(error);
}

std::string version_of_http_parser() {
    const unsigned long version = http_parser_version();
    return std::to_string(version >> 16 & 255) + "." + std::to_string(version >> 8 & 255) + "." +
           std::to_string(version & 255);
}

} // namespace differential
