// Heads and content, whole and byte by byte: the same outcome at the same byte, and fields that lie inside the head.
#pragma once

#include "support.hpp"

namespace fuzz {

using namespace tlsup;

inline head_limits limits_from(choices& choose) {
    return {static_cast<std::uint16_t>(choose.pick(2) != 0 ? 65535 : 120),
            static_cast<std::uint16_t>(choose.pick(2) != 0 ? 8192 : 40), 32, 10};
}

/// Reads a head whole and byte by byte.
template <class Facts> void read_head(std::string_view all, const head_limits& limits) {
    using reader_type = detail::head_reader<Facts>;
    reader_type whole;
    Facts whole_facts;
    const auto outcome = whole.read(all, limits, whole_facts);
    reader_type each;
    Facts each_facts;
    auto last = reader_type::progress::more;
    for (std::size_t size = 1; size <= all.size() && last == reader_type::progress::more; ++size) {
        last = each.read(all.substr(0, size), limits, each_facts);
    }
    check(all.empty() || (last == outcome && whole.fault() == each.fault()));
    if (outcome == reader_type::progress::done) {
        check(whole == each && whole_facts == each_facts);
        const std::string_view head = all.substr(0, whole.size());
        check(head.size() >= 4 && head.substr(head.size() - 4) == "\r\n\r\n");
        field_reader fields(head);
        for (field found; fields.next(found);) {
            check(inside(found.name, head) && inside(found.value, head) && !found.name.empty());
        }
    }
}

// Takes all that can be taken; what is left over, the content and the fault.
struct taken {
    std::size_t framing = 0;
    std::size_t content = 0;
    errc fault = errc::ok;
    bool done = false;
    bool operator==(const taken&) const = default;
};

inline taken read_body(std::string_view all, const body_limits& limits, std::size_t piece) {
    detail::body_reader reader(framing::chunked, 0, false);
    taken sum;
    std::size_t from = 0;
    for (std::size_t to = 0; to <= all.size(); to += piece) {
        while (true) {
            const detail::body_piece now = reader.next(all.substr(from, to - from), limits);
            if (now.size == 0) {
                sum.fault = reader.fault();
                sum.done = reader.done();
                break;
            }
            reader.took(now.size);
            from += now.size;
            (now.what == detail::body_piece::kind::content ? sum.content : sum.framing) += now.size;
        }
    }
    return sum;
}

} // namespace fuzz
