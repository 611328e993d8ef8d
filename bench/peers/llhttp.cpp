// llhttp.cpp: llhttp, whose C files Debian's node-llhttp ships, and the decision. It sees each octet once.
#include <llhttp.h>

#include <cstddef>
#include <string_view>

#include "../subject.hpp"

namespace bench {
namespace {

// A part of a head that comes in several calls. The buffer stays, so the parts lie behind each other.
struct span {
    const char* begin = nullptr;
    std::size_t size = 0;

    void extend(const char* at, std::size_t more) noexcept {
        begin = size == 0 ? at : begin;
        size += more;
    }
    [[nodiscard]] std::string_view text() const noexcept { return {begin, size}; }
};

struct state {
    decision decide{};
    span target{};
    span name{};
    span value{};
    bool complete = false;
};

state& state_of(llhttp_t* parser) { return *static_cast<state*>(parser->data); }

int on_target(llhttp_t* parser, const char* at, std::size_t size) {
    state_of(parser).target.extend(at, size);
    return 0;
}
int on_name(llhttp_t* parser, const char* at, std::size_t size) {
    state_of(parser).name.extend(at, size);
    return 0;
}
int on_value(llhttp_t* parser, const char* at, std::size_t size) {
    state_of(parser).value.extend(at, size);
    return 0;
}
int on_value_complete(llhttp_t* parser) {
    state& now = state_of(parser);
    now.decide.field(now.name.text(), now.value.text());
    now.name = {};
    now.value = {};
    return 0;
}
int on_head(llhttp_t* parser) {
    state_of(parser).complete = true;
    return HPE_PAUSED;
}

const llhttp_settings_t settings = [] {
    llhttp_settings_t made;
    llhttp_settings_init(&made);
    made.on_url = on_target;
    made.on_header_field = on_name;
    made.on_header_value = on_value;
    made.on_header_value_complete = on_value_complete;
    made.on_headers_complete = on_head;
    return made;
}();

verdict read_llhttp(const input& head, std::size_t piece) {
    state now;
    llhttp_t parser;
    llhttp_init(&parser, head.is_request() ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
    parser.data = &now;
    std::size_t seen = 0;
    return in_pieces(head.bytes, piece, [&](std::string_view bytes) {
        const llhttp_errno_t error = llhttp_execute(&parser, bytes.data() + seen, bytes.size() - seen);
        seen = bytes.size();
        if (!now.complete) {
            return error == HPE_OK ? verdict::incomplete : verdict::bad;
        }
        if (!head.is_request()) {
            return now.decide.response(head.as, parser.status_code);
        }
        const std::string_view method = parser.method == HTTP_CONNECT ? "CONNECT"
                                        : parser.method == HTTP_TRACE ? "TRACE"
                                                                      : "other";
        return now.decide.request(method, now.target.text(), parser.http_minor);
    });
}

} // namespace

void add_llhttp(std::vector<subject>& all) { all.push_back({"llhttp", "llhttp, and the decision", read_llhttp}); }

} // namespace bench
