// result.hpp: what the runs of both roles have in common: the wish list, the trace and the outcome of one delivery.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <tlsup/tlsup.hpp>

#include "vectors.hpp"

namespace corpus {

/// What a run is to do besides feeding bytes.
struct plan {
    std::string_view expect{};
    bool ends = false;      // behind the input comes the end of the stream
    bool times_out = false; // behind the input comes the deadline
    bool early = false;     // the first piece arrives before the machine is asked for its first step
    bool traced = false;
};

/// How one delivery went.
struct result {
    bool right = false;
    std::string got{};
    std::string trace{};
};

inline plan plan_for(const entry& of) {
    plan wanted;
    wanted.expect = of.expect;
    wanted.ends = of.input == "wire_then_eof" || of.input == "event_eof";
    wanted.times_out = of.expect.starts_with("timeout_");
    return wanted;
}

inline void note_step(std::string& trace, const tlsup::step& now) {
    trace += "    ";
    trace += to_string(now.what);
    if (now.status != 0) {
        trace += ' ' + std::to_string(now.status);
    }
    if (now.error != tlsup::errc::ok) {
        trace += ' ';
        trace += to_string(now.error);
    }
    if (!now.bytes.empty()) {
        trace += " [" + std::to_string(now.bytes.size()) + "] " + shown(now.bytes, 60);
    }
    trace += '\n';
}

/// The last steps of a long trace.
inline std::string last_steps(const std::string& trace, std::size_t lines = 16) {
    std::size_t from = trace.size();
    for (std::size_t line = 0; line <= lines && from != 0 && from != std::string::npos; ++line) {
        from = trace.rfind('\n', from - 1);
    }
    return from == std::string::npos || from == 0 ? trace : "    ...\n" + trace.substr(from + 1);
}

inline bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// The status in `before` NNN `after`; 0 where the verdict has another form.
inline unsigned status_in(std::string_view verdict, std::string_view before, std::string_view after) {
    if (verdict.size() != before.size() + 3 + after.size() || !verdict.starts_with(before) ||
        !verdict.ends_with(after)) {
        return 0;
    }
    unsigned status = 0;
    for (const char digit : verdict.substr(before.size(), 3)) {
        if (digit < '0' || digit > '9') {
            return 0;
        }
        status = status * 10 + static_cast<unsigned>(digit - '0');
    }
    return status;
}

} // namespace corpus
