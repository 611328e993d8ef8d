// count.cpp: runs each row under callgrind, and tells it when the runs begin and end. bench/counts.py reads the
// figures.
//   count [--group NAME] [--subject NAME] [--input NAME] [--mode whole|16|1]
//         --group NAME   heads, if nothing is said
//         --without NAME all subjects but this one
//   count --step ...     counts itself, with ptrace(2): for what callgrind cannot run, which is SSE4.2's pcmpestri
//   count --check        only whether all subjects come to the same verdicts
// Each row is run with two numbers of repetitions, so that what goes on around the runs cancels out.
#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <valgrind/callgrind.h>

#include "rows.hpp"

namespace {

using bench::row;

struct selection {
    std::string_view group = "heads";
    std::string_view subject{};
    std::string_view without{};
    std::string_view input{};
    std::string_view mode{};
    bool check = false;
    bool step = false;

    [[nodiscard]] bool wants(const row& each) const {
        const auto fits = [](std::string_view wanted, std::string_view name) {
            return wanted.empty() || wanted == name;
        };
        const bool shunned =
            !without.empty() && (each.subject == without || each.subject == std::string(without) + "+facts");
        return fits(subject, each.subject) && fits(input, each.input) && fits(mode, each.mode) && !shunned;
    }
};

void count(const row& each) {
    each.run(); // what happens once only: symbols are bound, statics are made
    const bool long_one = each.octets > 10000;
    for (const int times : {long_one ? 1 : 4, long_one ? 2 : 12}) {
        const std::string mark = each.name() + " " + std::to_string(each.octets) + " " + std::to_string(times);
        CALLGRIND_ZERO_STATS;
        for (int at = 0; at < times; ++at) {
            each.run();
        }
        CALLGRIND_DUMP_STATS_AT(mark.c_str());
    }
}

// Instructions of so many runs, and of what goes on around them.
long steps(const row& each, int times) {
    const pid_t child = fork();
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        raise(SIGSTOP);
        for (int at = 0; at < times; ++at) {
            each.run();
        }
        raise(SIGSTOP);
        _exit(0);
    }
    long taken = 0;
    int status = 0;
    waitpid(child, &status, 0);
    do {
        ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr);
        waitpid(child, &status, 0);
        ++taken;
    } while (WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return taken;
}

void count_steps(const row& each) {
    each.run();
    const long one = steps(each, 1);
    std::printf("%s %zu %ld\n", each.name().c_str(), each.octets, steps(each, 2) - one);
    std::fflush(stdout);
}

} // namespace

int main(int argc, char** argv) {
    selection wanted;
    for (int at = 1; at < argc; ++at) {
        const std::string_view word = argv[at];
        struct {
            std::string_view name;
            std::string_view* value;
        } const values[] = {{"--group", &wanted.group},
                            {"--subject", &wanted.subject},
                            {"--without", &wanted.without},
                            {"--input", &wanted.input},
                            {"--mode", &wanted.mode}};
        bool known = word == "--check" || word == "--step";
        wanted.check = wanted.check || word == "--check";
        wanted.step = wanted.step || word == "--step";
        for (const auto& each : values) {
            if (word == each.name && at + 1 < argc) {
                *each.value = argv[++at];
                known = true;
            }
        }
        if (!known) {
            std::fprintf(stderr, "usage: count [--check] [--step] [--group NAME] [--subject NAME] [--without NAME] "
                                 "[--input NAME] [--mode whole|16|1]\n");
            return 2;
        }
    }
    bench::check_verdicts = wanted.check;
    for (const row& each : bench::rows(wanted.check ? std::string_view{} : wanted.group)) {
        if (!wanted.check && wanted.wants(each)) {
            wanted.step ? count_steps(each) : count(each);
        }
    }
    return 0;
}
