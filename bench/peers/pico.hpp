// pico.hpp: picohttpparser with the decision, or with tlsup's facts. PICO(name) is what a function of it is called.
#include <cstddef>
#include <string_view>

#include <tlsup/tlsup.hpp>

#include "../judge.hpp"
#include "../subject.hpp"

extern "C" {
struct phr_header {
    const char* name;
    std::size_t name_len;
    const char* value;
    std::size_t value_len;
};
int PICO(phr_parse_request)(const char* buf, std::size_t len, const char** method, std::size_t* method_len,
                            const char** path, std::size_t* path_len, int* minor_version, phr_header* headers,
                            std::size_t* num_headers, std::size_t last_len);
int PICO(phr_parse_response)(const char* buf, std::size_t len, int* minor_version, int* status, const char** msg,
                             std::size_t* msg_len, phr_header* headers, std::size_t* num_headers, std::size_t last_len);
}

namespace bench {
namespace {

constexpr std::size_t most_fields = 256;

// `use` is called with the fields of a head that is complete.
template <class UseRequest, class UseResponse>
verdict read_pico(const input& head, std::size_t piece, UseRequest use_request, UseResponse use_response) {
    phr_header fields[most_fields];
    std::size_t last = 0;
    return in_pieces(head.bytes, piece, [&](std::string_view bytes) {
        std::size_t count = most_fields;
        int minor = 0;
        int read = 0;
        if (head.is_request()) {
            const char* method = nullptr;
            const char* target = nullptr;
            std::size_t method_size = 0;
            std::size_t target_size = 0;
            read = PICO(phr_parse_request)(bytes.data(), bytes.size(), &method, &method_size, &target, &target_size,
                                           &minor, fields, &count, last);
            if (read > 0) {
                return use_request(std::string_view(method, method_size), std::string_view(target, target_size), minor,
                                   fields, count);
            }
        } else {
            const char* reason = nullptr;
            std::size_t reason_size = 0;
            int status = 0;
            read = PICO(phr_parse_response)(bytes.data(), bytes.size(), &minor, &status, &reason, &reason_size, fields,
                                            &count, last);
            if (read > 0) {
                return use_response(status, minor, fields, count);
            }
        }
        last = bytes.size();
        return read == -2 ? verdict::incomplete : verdict::bad;
    });
}

template <class To> void give_fields(const phr_header* fields, std::size_t count, To& to) {
    for (const phr_header* each = fields; each != fields + count; ++each) {
        to.field(std::string_view(each->name, each->name_len), std::string_view(each->value, each->value_len));
    }
}

verdict pico_and_decision(const input& head, std::size_t piece) {
    return read_pico(
        head, piece,
        [](std::string_view method, std::string_view target, int minor, const phr_header* fields, std::size_t count) {
            decision decide;
            give_fields(fields, count, decide);
            return decide.request(method, target, minor);
        },
        [&](int status, int, const phr_header* fields, std::size_t count) {
            decision decide;
            give_fields(fields, count, decide);
            return decide.response(head.as, static_cast<unsigned>(status));
        });
}

verdict pico_and_facts(const input& head, std::size_t piece) {
    return read_pico(
        head, piece,
        [](std::string_view method, std::string_view target, int minor, const phr_header* fields, std::size_t count) {
            tlsup::request_facts facts;
            facts.start(method, target, 1, static_cast<unsigned>(minor));
            give_fields(fields, count, facts);
            return judge_request(facts);
        },
        [&](int status, int minor, const phr_header* fields, std::size_t count) {
            tlsup::response_facts facts;
            facts.start(1, static_cast<unsigned>(minor), static_cast<std::uint16_t>(status));
            give_fields(fields, count, facts);
            return judge_response(facts, head.as);
        });
}

} // namespace
} // namespace bench
