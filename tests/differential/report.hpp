// Counts what was compared, keeps the first failures of each kind, and prints both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>

#include "compare.hpp"
#include "exceptions.hpp"
#include "message.hpp"
#include "print.hpp"
#include "tlsup_side.hpp"

namespace differential {

class report {
  public:
    /// One message, which every peer reads too.
    void compare(std::uint64_t number, const input& in, std::string_view bytes, const message& ours) {
        accepted_ += ours.outcome == verdict::accepted ? 1 : 0;
        ++messages_;
        for (std::size_t who = 0; who < std::size(peers); ++who) {
            theirs_.clear();
            peers[who].read(in, bytes, ours, theirs_);
            if (ours.outcome == verdict::accepted) {
                compare_with(who, number, in, bytes, ours);
            } else if (accepts_more(peers[who], ours, theirs_)) {
                bucket& found = buckets_[std::string(peers[who].name) + " " + std::string(ours.error)];
                if (found.count++ == 0) {
                    found.first = number;
                    found.example = described(in) + " \"" + escaped(bytes) + "\"";
                }
            }
        }
    }

    /// Prints everything but the total. `complete`: the run is long enough to use every exception.
    void print(const char* refusals, bool complete) {
        std::printf("%llu messages, %llu of them accepted\n", static_cast<unsigned long long>(messages_),
                    static_cast<unsigned long long>(accepted_));
        for (std::size_t who = 0; who < std::size(peers); ++who) {
            for (std::size_t about = 0; about < aspects; ++about) {
                for (std::size_t kind = 0; kind < 2; ++kind) {
                    print_tally(who, about, kind);
                }
            }
        }
        print_buckets(refusals);
        print_exceptions(complete);
    }

    [[nodiscard]] unsigned passed() const { return passed_; }
    [[nodiscard]] unsigned failed() const { return failed_; }

  private:
    struct tally {
        std::uint64_t compared = 0;
        std::uint64_t excused = 0;
        std::uint64_t wrong = 0;
        std::string examples;
    };
    struct bucket {
        std::uint64_t count = 0;
        std::uint64_t first = 0;
        std::string example;
    };

    static constexpr std::uint64_t most_examples = 3;

    // The first aspect that differs without an excuse; `aspects` where there is none.
    std::size_t differs(const peer& who, const input& in, std::string_view bytes, const message& ours,
                        const message& theirs, tally* tallies) {
        for (std::size_t at = 0; at < aspects; ++at) {
            const auto about = static_cast<aspect>(at);
            if (!compares(who, about, ours)) {
                continue;
            }
            if (tallies != nullptr) {
                ++tallies[at].compared;
            }
            if (agrees(who, about, ours, theirs)) {
                continue;
            }
            if (!excused(who, about, in, bytes, ours, tallies != nullptr)) {
                return at;
            }
            if (tallies != nullptr) {
                ++tallies[at].excused;
            }
            if (about == aspect::acceptance || about == aspect::framing) {
                break; // the rest follows from it
            }
        }
        return aspects;
    }

    bool excused(const peer& who, aspect about, const input& in, std::string_view bytes, const message& ours,
                 bool counts) {
        for (std::size_t at = 0; at < std::size(exceptions); ++at) {
            const exception& each = exceptions[at];
            if (each.who.find(who.name) != std::string_view::npos && each.about == about &&
                each.applies(in, bytes, ours)) {
                used_[at] += counts ? 1U : 0U;
                return true;
            }
        }
        return false;
    }

    void compare_with(std::size_t who, std::uint64_t number, const input& in, std::string_view bytes,
                      const message& ours) {
        tally* const tallies = tallies_[who][in.is_request ? 0 : 1];
        const std::size_t about = differs(peers[who], in, bytes, ours, theirs_, tallies);
        if (about == aspects) {
            return;
        }
        tally& wrong = tallies[about];
        if (++wrong.wrong <= most_examples) {
            wrong.examples += explain(who, about, number, in, std::string(bytes));
        }
    }

    // Takes away what the difference does not need, and shows what every parser says of the rest.
    std::string explain(std::size_t who, std::size_t about, std::uint64_t number, const input& in, std::string bytes) {
        const auto fails = [&](const std::string& text) {
            message ours;
            message theirs;
            read_tlsup(in, text, text.size(), ours);
            if (ours.outcome != verdict::accepted) {
                return false;
            }
            peers[who].read(in, text, ours, theirs);
            return differs(peers[who], in, text, ours, theirs, nullptr) == about;
        };
        for (std::size_t size = bytes.size() / 2; size > 0 && fails(bytes); size /= 2) {
            for (std::size_t at = 0; at + size <= bytes.size();) {
                std::string less = bytes;
                less.erase(at, size);
                if (fails(less)) {
                    bytes.swap(less);
                } else {
                    at += size;
                }
            }
        }
        return "  case " + std::to_string(number) + ", " + readings(in, bytes);
    }

  public:
    /// What every parser says of a message.
    static std::string readings(const input& in, const std::string& bytes) {
        message ours;
        read_tlsup(in, bytes, bytes.size(), ours);
        std::string out = described(in) + " \"" + escaped(bytes) + "\"\n    tlsup: " + described(ours) + "\n";
        for (const peer& each : peers) {
            message theirs;
            each.read(in, bytes, ours, theirs);
            out += "    " + std::string(each.name) + ": " + described(theirs) + "\n";
        }
        return out;
    }

  private:
    void check(bool good, const std::string& line) {
        (good ? passed_ : failed_) += 1;
        std::printf("%s: %s\n", line.c_str(), good ? "ok" : "FAILED");
    }

    void print_tally(std::size_t who, std::size_t about, std::size_t kind) {
        const tally& found = tallies_[who][kind][about];
        if (found.compared == 0 && !peers[who].whole && static_cast<aspect>(about) > aspect::fields &&
            static_cast<aspect>(about) != aspect::content) {
            return; // it has no opinion
        }
        check(found.compared != 0 && found.wrong == 0,
              std::string(peers[who].name) + ", " + (kind == 0 ? "requests" : "responses") + ", " +
                  std::string(aspect_names[about]) + ": " + std::to_string(found.compared) + " compared, " +
                  std::to_string(found.excused) + " excused, " + std::to_string(found.wrong) + " wrong");
        std::fputs(found.examples.c_str(), stdout);
    }

    void print_buckets(const char* file) {
        std::map<std::string, bool> expected;
        std::ifstream lines(file);
        for (std::string line; std::getline(lines, line);) {
            if (!line.empty() && line[0] != '#') {
                expected[line] = true;
            }
        }
        for (const peer& each : peers) {
            bool good = true;
            std::string text;
            std::uint64_t all = 0;
            for (const auto& [name, found] : buckets_) {
                if (name.compare(0, each.name.size() + 1, std::string(each.name) + " ") != 0) {
                    continue;
                }
                const bool known = expected.count(name) != 0;
                good = good && known;
                all += found.count;
                text += "  " + name + ": " + std::to_string(found.count) + (known ? "" : ", NEW") + "\n";
                if (!known) {
                    text += "    case " + std::to_string(found.first) + ", " + found.example + "\n";
                }
            }
            check(good && all != 0, std::string(each.name) + ", what only we refuse: " + std::to_string(all));
            std::fputs(text.c_str(), stdout);
        }
    }

    void print_exceptions(bool complete) {
        bool good = true;
        std::printf("exceptions:\n");
        for (std::size_t at = 0; at < std::size(exceptions); ++at) {
            std::printf("  %s, %s: %s: %llu\n", std::string(exceptions[at].who).c_str(),
                        std::string(aspect_names[static_cast<std::size_t>(exceptions[at].about)]).c_str(),
                        std::string(exceptions[at].when).c_str(), static_cast<unsigned long long>(used_[at]));
            good = good && (used_[at] != 0 || !complete);
        }
        check(good, "every exception is needed");
    }

    tally tallies_[std::size(peers)][2][aspects];
    std::map<std::string, bucket> buckets_;
    std::uint64_t used_[std::size(exceptions)] = {};
    std::uint64_t messages_ = 0;
    std::uint64_t accepted_ = 0;
    unsigned passed_ = 0;
    unsigned failed_ = 0;
    message theirs_;
};

} // namespace differential
