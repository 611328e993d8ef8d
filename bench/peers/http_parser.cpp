// http_parser.cpp: http_parser, as Debian builds it, and the decision. It sees each octet once.
#include <http_parser.h>

#include <cstddef>
#include <string_view>

#include "../subject.hpp"

namespace bench {
namespace {

struct state {
    decision decide{};
    std::string_view target{};
    std::string_view name{};
    std::string_view value{};
    bool complete = false;

    void end_field() noexcept {
        if (!name.empty()) {
            decide.field(name, value);
        }
        name = {};
        value = {};
    }
};

state& state_of(http_parser* parser) { return *static_cast<state*>(parser->data); }

// The buffer stays, so that parts which come in several calls lie behind each other.
void extend(std::string_view& part, const char* at, std::size_t size) noexcept {
    part = part.empty() ? std::string_view(at, size) : std::string_view(part.data(), part.size() + size);
}

int on_target(http_parser* parser, const char* at, std::size_t size) {
    extend(state_of(parser).target, at, size);
    return 0;
}
int on_name(http_parser* parser, const char* at, std::size_t size) {
    state& now = state_of(parser);
    if (now.value.data() != nullptr) {
        now.end_field();
    }
    extend(now.name, at, size);
    return 0;
}
int on_value(http_parser* parser, const char* at, std::size_t size) {
    extend(state_of(parser).value, at, size);
    return 0;
}
int on_head(http_parser* parser) {
    state& now = state_of(parser);
    now.end_field();
    now.complete = true;
    http_parser_pause(parser, 1);
    return 0;
}

const http_parser_settings settings = [] {
    http_parser_settings made;
    http_parser_settings_init(&made);
    made.on_url = on_target;
    made.on_header_field = on_name;
    made.on_header_value = on_value;
    made.on_headers_complete = on_head;
    return made;
}();

verdict read_http_parser(const input& head, std::size_t piece) {
    state now;
    http_parser parser;
    http_parser_init(&parser, head.is_request() ? HTTP_REQUEST : HTTP_RESPONSE);
    parser.data = &now;
    std::size_t seen = 0;
    return in_pieces(head.bytes, piece, [&](std::string_view bytes) {
        http_parser_execute(&parser, &settings, bytes.data() + seen, bytes.size() - seen);
        seen = bytes.size();
        if (!now.complete) {
            return HTTP_PARSER_ERRNO(&parser) == HPE_OK ? verdict::incomplete : verdict::bad;
        }
        if (!head.is_request()) {
            return now.decide.response(head.as, parser.status_code);
        }
        const std::string_view method = parser.method == HTTP_CONNECT ? "CONNECT"
                                        : parser.method == HTTP_TRACE ? "TRACE"
                                                                      : "other";
        return now.decide.request(method, now.target, parser.http_minor);
    });
}

} // namespace

void add_http_parser(std::vector<subject>& all) {
    http_parser_set_max_header_size(1 << 20);
    all.push_back({"http_parser", "http_parser, and the decision", read_http_parser});
}

} // namespace bench
