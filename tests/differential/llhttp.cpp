// llhttp, as Debian's node-llhttp ships it. It pauses behind the head and behind the message, or at a switch.
#include <llhttp.h>

#include <string>

#include "message.hpp"

namespace differential {
namespace {

struct state {
    const input* in = nullptr;
    message* found = nullptr;
    bool without_content = false;
    bool complete = false;
};

state& state_of(llhttp_t* parser) { return *static_cast<state*>(parser->data); }

int on_method(llhttp_t* parser, const char* at, std::size_t size) {
    extend(state_of(parser).found->method, at, size);
    return 0;
}
int on_target(llhttp_t* parser, const char* at, std::size_t size) {
    extend(state_of(parser).found->target, at, size);
    return 0;
}
int on_name(llhttp_t* parser, const char* at, std::size_t size) {
    message& found = *state_of(parser).found;
    if (!found.has_head) { // trailer fields are not compared
        if (found.fields.empty() || found.fields.back().value.data() != nullptr) {
            found.fields.push_back({});
        }
        extend(found.fields.back().name, at, size);
    }
    return 0;
}
int on_value(llhttp_t* parser, const char* at, std::size_t size) {
    message& found = *state_of(parser).found;
    if (!found.has_head) {
        extend(found.fields.back().value, at, size);
    }
    return 0;
}
int on_body(llhttp_t* parser, const char* at, std::size_t size) {
    state_of(parser).found->body.append(at, size);
    return 0;
}

int on_head(llhttp_t* parser) {
    state& now = state_of(parser);
    message& found = *now.found;
    found.has_head = true;
    found.major = parser->http_major;
    found.minor = parser->http_minor;
    found.status = parser->status_code;
    found.length = (parser->flags & F_CONTENT_LENGTH) != 0 ? parser->content_length : 0;
    const bool granted = now.in->asked == "CONNECT" && found.status / 100 == 2;
    now.without_content = !now.in->is_request && (granted || now.in->asked == "HEAD");
    found.how = now.without_content                          ? framed::none
                : (parser->flags & F_CHUNKED) != 0           ? framed::chunked
                : (parser->flags & F_TRANSFER_ENCODING) != 0 ? framed::until_close
                : (parser->flags & F_CONTENT_LENGTH) != 0    ? framed::length
                : llhttp_message_needs_eof(parser) != 0      ? framed::until_close
                                                             : framed::none;
    return !now.without_content ? HPE_PAUSED : granted ? 2 : 1;
}

int on_complete(llhttp_t* parser) {
    state& now = state_of(parser);
    now.complete = true;
    now.found->keep_alive = llhttp_should_keep_alive(parser) != 0;
    now.found->switches = parser->upgrade != 0;
    return parser->upgrade != 0 ? 0 : HPE_PAUSED; // behind a switch it pauses of itself
}

llhttp_settings_t make_settings() {
    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_method = on_method;
    settings.on_url = on_target;
    settings.on_header_field = on_name;
    settings.on_header_value = on_value;
    settings.on_headers_complete = on_head;
    settings.on_body = on_body;
    settings.on_message_complete = on_complete;
    return settings;
}

const llhttp_settings_t settings = make_settings();

} // namespace

void read_llhttp(const input& in, std::string_view bytes, const message&, message& found) {
    state now{&in, &found};
    llhttp_t parser;
    llhttp_init(&parser, in.is_request ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
    parser.data = &now;
    llhttp_errno_t error = llhttp_execute(&parser, bytes.data(), bytes.size());
    const auto position = [&] { return static_cast<std::size_t>(llhttp_get_error_pos(&parser) - bytes.data()); };
    if (error == HPE_PAUSED && !now.complete) {
        found.head = position();
        llhttp_resume(&parser);
        error = llhttp_execute(&parser, bytes.data() + found.head, bytes.size() - found.head);
    }
    if (error == HPE_PAUSED || error == HPE_PAUSED_UPGRADE) {
        found.end = position();
    } else if (error == HPE_OK) {
        found.end = bytes.size();
        error = llhttp_finish(&parser);
    }
    if (now.complete && now.without_content) {
        found.head = found.end;
    }
    const bool good = error == HPE_OK || error == HPE_PAUSED || error == HPE_PAUSED_UPGRADE;
    found.outcome = !good ? verdict::refused : now.complete ? verdict::accepted : verdict::truncated;
    found.error = llhttp_errno_name(error);
}

std::string version_of_llhttp() {
    return std::to_string(LLHTTP_VERSION_MAJOR) + "." + std::to_string(LLHTTP_VERSION_MINOR) + "." +
           std::to_string(LLHTTP_VERSION_PATCH) + (LLHTTP_STRICT_MODE != 0 ? ", strict mode" : "");
}

} // namespace differential
