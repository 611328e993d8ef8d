// Gives the same octets to tlsup and to its peers, and compares what they read.
//   differential [--seed N] [--count N] [--refusals FILE]    compares; the last line is the total
//   differential --corpus [--seed N] [--count N]             prints the cases and our readings for h11_check.py
//   differential --case N [--seed N]                         shows one case
//   differential --exceptions                                lists where a peer may differ, and why
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "generate.hpp"
#include "report.hpp"

using namespace differential;

namespace {

constexpr std::uint64_t enough_for_every_exception = 500000;

/// Calls `seen` for each message of a case, up to the first that we refuse, and up to a close or a switch.
template <class Seen> void each_message(const input& in, Seen seen) {
    static message ours;
    for (std::size_t from = 0; from < in.bytes.size();) {
        const std::string_view bytes = std::string_view(in.bytes).substr(from);
        read_tlsup(in, bytes, in.cut > from ? in.cut - from : bytes.size(), ours);
        seen(bytes, ours);
        const bool interim = ours.status / 100 == 1;
        if (ours.outcome != verdict::accepted || (!ours.keep_alive && !interim) ||
            (ours.switches && (!in.is_request || ours.method == "CONNECT"))) {
            return;
        }
        from += ours.end;
    }
}

int list_exceptions() {
    for (const exception& each : exceptions) {
        std::printf("%s, %s: %s\n    %s: %s\n", std::string(each.who).c_str(),
                    std::string(aspect_names[static_cast<std::size_t>(each.about)]).c_str(),
                    std::string(each.when).c_str(), std::string(each.source).c_str(),
                    std::string(each.sentence).c_str());
    }
    return 0;
}

int show(std::uint64_t seed, std::uint64_t number) {
    input in;
    generator(seed, number).make(in);
    each_message(in, [&](std::string_view bytes, const message&) {
        std::fputs(report::readings(in, std::string(bytes)).c_str(), stdout);
    });
    return 0;
}

int compare(std::uint64_t seed, std::uint64_t count, const char* refusals) {
    const auto start = std::chrono::steady_clock::now();
    for (const peer& each : peers) {
        std::printf("%s %s\n", std::string(each.name).c_str(), each.version().c_str());
    }
    report found;
    input in;
    for (std::uint64_t number = 0; number < count; ++number) {
        generator(seed, number).make(in);
        each_message(in, [&](std::string_view bytes, const message& ours) { found.compare(number, in, bytes, ours); });
    }
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    std::printf("seed %llu: %llu cases in %.1f s, %.0f each second\n", static_cast<unsigned long long>(seed),
                static_cast<unsigned long long>(count), taken.count(), static_cast<double>(count) / taken.count());
    found.print(refusals, count >= enough_for_every_exception);
    std::printf("%u passed, %u failed\n", found.passed(), found.failed());
    return found.failed() == 0 ? 0 : 1;
}

} // namespace

int main(int count, char** arguments) {
    std::uint64_t seed = 1;
    std::uint64_t cases = 1000000;
    std::uint64_t only = 0;
    const char* refusals = "tests/differential/refusals.txt";
    bool corpus = false;
    bool one = false;
    for (int at = 1; at < count; ++at) {
        const std::string_view name = arguments[at];
        if (name == "--exceptions") {
            return list_exceptions();
        }
        if (name == "--corpus") {
            corpus = true;
            continue;
        }
        if (++at == count) {
            std::fprintf(stderr, "%s needs a value\n", arguments[at - 1]);
            return 2;
        }
        if (name == "--seed") {
            seed = std::strtoull(arguments[at], nullptr, 10);
        } else if (name == "--count") {
            cases = std::strtoull(arguments[at], nullptr, 10);
        } else if (name == "--case") {
            only = std::strtoull(arguments[at], nullptr, 10);
            one = true;
        } else if (name == "--refusals") {
            refusals = arguments[at];
        } else {
            std::fprintf(stderr, "unknown: %s\n", arguments[at - 1]);
            return 2;
        }
    }
    if (one) {
        return show(seed, only);
    }
    if (!corpus) {
        return compare(seed, cases, refusals);
    }
    input in;
    for (std::uint64_t number = 0; number < cases; ++number) {
        generator(seed, number).make(in);
        each_message(in, [&](std::string_view bytes, const message& ours) { print_line(number, in, bytes, ours); });
    }
    return 0;
}
