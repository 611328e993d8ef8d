// heads.cpp: heads a to g, and real ones, read by each subject.
#include <cstdio>
#include <cstdlib>

#include "real_heads.hpp"
#include "rows.hpp"
#include "subject.hpp"

namespace bench {

void wrong(const std::string& what) {
    std::fprintf(stderr, "wrong: %s\n", what.c_str());
    std::exit(1);
}

void add_subjects(std::vector<row>& rows, const std::string& group, const input& head) {
    struct mode {
        const char* name;
        std::size_t piece;
    };
    constexpr mode modes[] = {{"whole", whole}, {"16", 16}, {"1", 1}};
    static const std::vector<subject> all = subjects();
    const auto check = [&](const subject& each, const mode& how) {
        const verdict expected = all.front().run(head, whole);
        const verdict found = each.run(head, how.piece);
        if (found != expected) {
            wrong(group + " " + each.name + " " + head.name + " " + how.name + ": " + std::string(to_string(found)) +
                  ", not " + std::string(to_string(expected)));
        }
    };
    for (const subject& each : all) {
        for (const mode& how : modes) {
            if (check_verdicts) {
                check(each, how);
            }
            const std::size_t piece = how.piece;
            const auto run = each.run;
            rows.push_back(
                {group, each.name, head.name, how.name, head.bytes.size(), [&head, run, piece] { run(head, piece); }});
        }
    }
}

void add_heads(std::vector<row>& rows) {
    for (const input& each : inputs()) {
        add_subjects(rows, "heads", each);
    }
}

// One row for each subject: all of them, one after the other.
void add_real_heads(std::vector<row>& rows) {
    static const std::vector<subject> all = subjects();
    std::size_t octets = 0;
    for (const input& head : real_heads()) {
        octets += head.bytes.size();
        for (const subject& each : all) {
            if (check_verdicts && each.run(head, whole) != all.front().run(head, whole)) {
                wrong(each.name + " " + head.name);
            }
        }
    }
    for (const subject& each : all) {
        for (const std::size_t piece : {whole, std::size_t{16}}) {
            rows.push_back({"real", each.name, "all", piece == whole ? "whole" : "16", octets, [run = each.run, piece] {
                                for (const input& head : real_heads()) {
                                    run(head, piece);
                                }
                            }});
        }
    }
}

} // namespace bench
