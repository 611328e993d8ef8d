// picohttpparser, inside the library of libh2o-evloop-dev. It reads heads, and decodes chunks where it is told to.
#include <cstddef>
#include <string>
#include <sys/types.h>

#include "message.hpp"

// The library has the functions and no header for them.
extern "C" {
struct phr_header {
    const char* name;
    std::size_t name_len;
    const char* value;
    std::size_t value_len;
};
struct phr_chunked_decoder {
    std::size_t bytes_left_in_chunk;
    char consume_trailer;
    char hex_count;
    char state;
};
int phr_parse_request(const char* buf, std::size_t len, const char** method, std::size_t* method_len, const char** path,
                      std::size_t* path_len, int* minor_version, phr_header* headers, std::size_t* num_headers,
                      std::size_t last_len);
int phr_parse_response(const char* buf, std::size_t len, int* minor_version, int* status, const char** msg,
                       std::size_t* msg_len, phr_header* headers, std::size_t* num_headers, std::size_t last_len);
ssize_t phr_decode_chunked(phr_chunked_decoder* decoder, char* buf, std::size_t* bufsz);
}

namespace differential {
namespace {

constexpr std::size_t most_fields = 128;

void list_fields(const phr_header* headers, std::size_t count, message& found) {
    for (std::size_t at = 0; at < count; ++at) {
        const std::string_view value{headers[at].value, headers[at].value_len};
        if (headers[at].name != nullptr) {
            found.fields.push_back({{headers[at].name, headers[at].name_len}, value});
        } else if (!found.fields.empty()) { // a folded line
            std::string_view& last = found.fields.back().value;
            last = {last.data(), static_cast<std::size_t>(value.data() + value.size() - last.data())};
        }
    }
}

void read_chunks(std::string_view bytes, message& found) {
    found.body.assign(bytes.substr(found.head));
    phr_chunked_decoder decoder{};
    decoder.consume_trailer = 1;
    std::size_t size = found.body.size();
    const ssize_t left = phr_decode_chunked(&decoder, found.body.data(), &size);
    found.outcome = left == -1 ? verdict::refused : left < 0 ? verdict::truncated : verdict::accepted;
    found.body.resize(size);
    found.end = left < 0 ? 0 : bytes.size() - static_cast<std::size_t>(left);
}

} // namespace

void read_picohttpparser(const input& in, std::string_view bytes, const message& ours, message& found) {
    phr_header headers[most_fields];
    std::size_t count = most_fields;
    int minor = -1;
    int read = 0;
    if (in.is_request) {
        const char* method = nullptr;
        const char* path = nullptr;
        std::size_t method_size = 0;
        std::size_t path_size = 0;
        read = phr_parse_request(bytes.data(), bytes.size(), &method, &method_size, &path, &path_size, &minor, headers,
                                 &count, 0);
        found.method = {method, method_size};
        found.target = {path, path_size};
    } else {
        const char* reason = nullptr;
        std::size_t reason_size = 0;
        int status = 0;
        read =
            phr_parse_response(bytes.data(), bytes.size(), &minor, &status, &reason, &reason_size, headers, &count, 0);
        found.status = static_cast<unsigned>(status);
    }
    if (read < 0) {
        found.outcome = read == -2 ? verdict::truncated : verdict::refused;
        found.error = read == -2 ? "-2" : "-1";
        return;
    }
    found.has_head = true;
    found.outcome = verdict::accepted;
    found.head = static_cast<std::size_t>(read);
    found.major = 1;
    found.minor = static_cast<unsigned>(minor);
    list_fields(headers, count, found);
    if (ours.has_head && ours.how == framed::chunked) {
        read_chunks(bytes, found);
        found.how = framed::chunked;
    }
}

std::string version_of_picohttpparser() { return "inside libh2o-evloop"; }

} // namespace differential
