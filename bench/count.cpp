// count.cpp: runs each subject on each head under callgrind, and tells it when a run begins and ends.
//   count [--subject NAME] [--input NAME] [--mode whole|16|1]
//   count --step ...: counts itself, with ptrace(2): for what callgrind cannot run, which is SSE4.2's pcmpestri
//   count --check: whether all subjects come to the same verdicts, without callgrind
// bench/counts.py runs it and reads what callgrind wrote. Each row is run with two numbers of repetitions, so that
// what goes on around the runs cancels out.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <valgrind/callgrind.h>

#include "subject.hpp"

namespace {

struct selection {
    std::string_view subject{};
    std::string_view input{};
    std::string_view mode{};
    bool check = false;
    bool step = false;
};

struct mode {
    std::string_view name;
    std::size_t piece;
};
constexpr mode modes[] = {{"whole", bench::whole}, {"16", 16}, {"1", 1}};

bool wants(std::string_view wanted, std::string_view name) { return wanted.empty() || wanted == name; }

void count(const bench::subject& subject, const bench::input& input, const mode& how) {
    constexpr int repetitions[] = {4, 12};
    (void)subject.run(input, how.piece); // what happens once only: symbols are bound, statics are made
    for (const int times : repetitions) {
        const std::string row = subject.name + " " + input.name + " " + std::string(how.name);
        const std::string mark = row + " " + std::to_string(times);
        CALLGRIND_ZERO_STATS;
        for (int at = 0; at < times; ++at) {
            (void)subject.run(input, how.piece);
        }
        CALLGRIND_DUMP_STATS_AT(mark.c_str());
    }
}

// Instructions of so many runs, and of what goes on around them.
long steps(const bench::subject& subject, const bench::input& input, const mode& how, int times) {
    const pid_t child = fork();
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        raise(SIGSTOP);
        for (int at = 0; at < times; ++at) {
            (void)subject.run(input, how.piece);
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

void count_steps(const bench::subject& subject, const bench::input& input, const mode& how) {
    (void)subject.run(input, how.piece);
    const long one = steps(subject, input, how, 1);
    std::printf("%s %s %s %ld\n", subject.name.c_str(), input.name.c_str(), how.name.data(),
                steps(subject, input, how, 2) - one);
    std::fflush(stdout);
}

bool check(const bench::subject& subject, const bench::input& input, const mode& how, bench::verdict expected) {
    const bench::verdict found = subject.run(input, how.piece);
    if (found != expected) {
        std::printf("%s %s %s: %s, not %s\n", subject.name.c_str(), input.name.c_str(), how.name.data(),
                    to_string(found).data(), to_string(expected).data());
    }
    return found == expected;
}

} // namespace

int main(int argc, char** argv) {
    selection wanted;
    for (int at = 1; at < argc; ++at) {
        const std::string_view word = argv[at];
        const std::string_view value = at + 1 < argc ? argv[at + 1] : "";
        if (word == "--check" || word == "--step") {
            (word == "--check" ? wanted.check : wanted.step) = true;
            continue;
        }
        if (word == "--subject") {
            wanted.subject = value;
        } else if (word == "--input") {
            wanted.input = value;
        } else if (word == "--mode") {
            wanted.mode = value;
        } else {
            std::fprintf(stderr,
                         "usage: count [--check] [--step] [--subject NAME] [--input NAME] [--mode whole|16|1]\n");
            return 2;
        }
        ++at;
    }
    const std::vector<bench::subject> subjects = bench::subjects();
    bool good = true;
    for (const bench::input& input : bench::inputs()) {
        const bench::verdict expected = subjects.front().run(input, bench::whole);
        for (const bench::subject& subject : subjects) {
            for (const mode& how : modes) {
                if (!wants(wanted.subject, subject.name) || !wants(wanted.input, input.name) ||
                    !wants(wanted.mode, how.name)) {
                    continue;
                }
                good = check(subject, input, how, expected) && good;
                if (wanted.step) {
                    count_steps(subject, input, how);
                } else if (!wanted.check) {
                    count(subject, input, how);
                }
            }
        }
    }
    return good ? 0 : 1;
}
