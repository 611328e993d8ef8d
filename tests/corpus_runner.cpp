// Replays the vectors of the files that it is given: whole, byte by byte and at every two-way split.
//
//   corpus [-v] FILE...
//
// What fails is printed with its delivery, what was expected, what was seen and the last steps. A vector counts once.
// The last line is the total. Exit status 0: none failed, and there were some.

#include <cstddef>
#include <cstdio>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "corpus_support/api_checks.hpp"
#include "corpus_support/client_role.hpp"
#include "corpus_support/connect_api_checks.hpp"
#include "corpus_support/connect_client_role.hpp"
#include "corpus_support/connect_proxy_role.hpp"
#include "corpus_support/connect_situations.hpp"
#include "corpus_support/feed.hpp"
#include "corpus_support/filter_check.hpp"
#include "corpus_support/forward_role.hpp"
#include "corpus_support/result.hpp"
#include "corpus_support/route_role.hpp"
#include "corpus_support/server_role.hpp"
#include "corpus_support/server_verdicts.hpp"
#include "corpus_support/situations.hpp"
#include "corpus_support/tunnel_role.hpp"
#include "corpus_support/vectors.hpp"

namespace {

using namespace corpus;

result failure(std::string why) { return {false, std::move(why), {}}; }

/// The row of a table that is about this `with`; nothing where there is none.
template <class Row, std::size_t Count> const Row* row_for(const Row (&rows)[Count], const entry& of) {
    for (const Row& each : rows) {
        if (each.with == of.with) {
            return &each;
        }
    }
    return nullptr;
}

result play_one_server(const entry& of, delivery how, plan wanted, guarded& memory) {
    server_situation from;
    if (!of.with.empty()) {
        const server_row* const row = row_for(server_rows, of);
        if (row == nullptr) {
            return failure("no situation is known for its `with`");
        }
        row->prepare(from);
        wanted.early = row->early;
    } else if (of.setup != "server") {
        return failure("unknown setup " + of.setup);
    }
    feed input(of.bytes, how, memory, from.machine.secure() ? std::string_view{} : from.held);
    return play_server(from, input, wanted);
}

result play_one_client(const entry& of, delivery how, plan wanted, guarded& memory) {
    if (of.setup == "client-plain" && of.with == "through forward proxy") {
        feed input(of.bytes, how, memory);
        return play_route(input, wanted);
    }
    client_situation from;
    if (!of.with.empty()) {
        const client_row* const row = row_for(client_rows, of);
        if (row == nullptr) {
            return failure("no situation is known for its `with`");
        }
        from = client_setup(row->need);
        row->prepare(from);
        wanted.early = row->early;
    } else if (of.setup == "client-require" || of.setup == "client-plain") {
        from = client_setup(of.setup == "client-plain" ? tlsup::requirement::any : tlsup::requirement::tls);
    } else {
        return failure("unknown setup " + of.setup);
    }
    feed input(of.bytes, how, memory);
    return play_client(from, input, wanted);
}

result play_one_connect_client(const entry& of, delivery how, const plan& wanted, guarded& memory) {
    const bool known = of.with.empty() ? of.setup == "connect-client" : row_for(connect_client_rows, of) != nullptr;
    if (!known) {
        return failure("no situation is known for its setup");
    }
    feed input(of.bytes, how, memory);
    return play_connect_client(input, wanted);
}

result play_one_connect_proxy(const entry& of, delivery how, const plan& wanted, guarded& memory) {
    if (of.setup == "special" && of.with == "forward helper") {
        feed input(of.bytes, how, memory);
        return play_forwarded_request(input, wanted);
    }
    const connect_proxy_row* const row = of.with.empty() ? nullptr : row_for(connect_proxy_rows, of);
    if (of.with.empty() ? of.setup != "connect-proxy" : row == nullptr) {
        return failure("no situation is known for its setup");
    }
    feed input(of.bytes, how, memory);
    return row != nullptr && row->cascade
               ? play_cascade(input, wanted)
               : play_connect_proxy(row != nullptr ? row->how : ruling_for(of.expect), input, wanted);
}

result play_one_tunnel(const entry& of, delivery how, const plan& wanted, guarded& memory) {
    if (of.setup == "special" && forwards(of.with)) {
        feed input(of.bytes, how, memory);
        return play_forwarded_response(input, wanted);
    }
    const tunnel_row* const row = of.with.empty() ? nullptr : row_for(tunnel_rows, of);
    if (of.with.empty() ? of.setup != "tunnel" : row == nullptr) {
        return failure("no situation is known for its setup");
    }
    return play_tunnel(row != nullptr ? row->at : tunnel_situation{}, of.bytes, how, wanted);
}

template <std::size_t Count> const api_row* check_for(const api_row (&rows)[Count], const entry& of) {
    for (const api_row& row : rows) {
        if (row.role == of.role && row.with == of.with) {
            return &row;
        }
    }
    return nullptr;
}

result play_api(const entry& of) {
    const api_row* row = check_for(api_rows, of);
    row = row != nullptr ? row : check_for(connect_api_rows, of);
    if (row == nullptr) {
        return failure("no check is known for its `with`");
    }
    const bool right = of.expect == "api_error_no_bytes" && row->check(of.bytes);
    return right ? result{true, {}, {}} : failure("the call was let through, or had an effect");
}

result play(const entry& of, delivery how, bool traced, guarded& memory) {
    plan wanted = plan_for(of);
    wanted.traced = traced;
    return of.role == "server"           ? play_one_server(of, how, wanted, memory)
           : of.role == "client"         ? play_one_client(of, how, wanted, memory)
           : of.role == "connect_client" ? play_one_connect_client(of, how, wanted, memory)
           : of.role == "connect_proxy"  ? play_one_connect_proxy(of, how, wanted, memory)
           : of.role == "tunnel"         ? play_one_tunnel(of, how, wanted, memory)
                                         : failure("there is no such role");
}

/// Every split of a small input; some sixty of a large one, among them those around its lines' ends and the limits.
std::vector<std::size_t> splits(std::string_view bytes) {
    std::set<std::size_t> places;
    const auto add = [&](std::size_t place) {
        if (place > 0 && place < bytes.size()) {
            places.insert(place);
        }
    };
    if (bytes.size() <= small_input) {
        for (std::size_t at = 1; at < bytes.size(); ++at) {
            add(at);
        }
    } else {
        const std::size_t head = bytes.find("\r\n\r\n");
        const std::size_t line = bytes.find("\r\n");
        for (const std::size_t near :
             {std::size_t{1}, line, line + 2, head, head + 4, std::size_t{8192}, std::size_t{65535}, bytes.size()}) {
            for (std::size_t at = near - 2; at != near + 3; ++at) {
                add(at);
            }
        }
        for (std::size_t at = 1; at < 25; ++at) {
            add(bytes.size() / 25 * at);
        }
    }
    return {places.begin(), places.end()};
}

class runner {
  public:
    explicit runner(bool verbose) : verbose_(verbose) {}

    void run(const entry& of) {
        const bool good = passes(of);
        if (good && verbose_) {
            std::printf("%s: %s\n", of.id.c_str(), of.expect.c_str());
        }
        ++(good ? passed_ : failed_);
    }

    void run_file(const std::string& name) {
        const file read = read_file(name);
        for (const entry& each : read.entries) {
            run(each);
        }
        if (!read.fault.empty() || read.entries.empty()) {
            std::printf("FAILED %s\n", read.fault.empty() ? (name + ": no vectors").c_str() : read.fault.c_str());
            ++failed_;
        }
    }

    [[nodiscard]] int finish() const {
        std::printf("%zu passed, %zu failed\n", passed_, failed_);
        return failed_ == 0 && passed_ != 0 ? 0 : 1;
    }

  private:
    bool passes(const entry& of) {
        if (of.input == "api") {
            const result got = play_api(of);
            print(of, "call", got);
            return got.right;
        }
        if (of.role == "client" && !passes_filter(of.bytes)) {
            print(of, "response filter",
                  failure("other octets than the host's and the advertisement, or not always the same"));
            return false;
        }
        std::vector<delivery> ways{{cut::whole, 0}, {cut::each_byte, 0}};
        for (const std::size_t at : splits(of.bytes)) {
            ways.push_back({cut::split, at});
        }
        std::size_t wrong = 0;
        for (const delivery& way : ways) {
            if (play(of, way, false, memory_).right) {
                continue;
            }
            if (++wrong <= most_shown) {
                print(of, way.name(), play(of, way, true, memory_));
            }
        }
        if (wrong > most_shown) {
            std::printf("  %s: %zu of %zu deliveries failed\n", of.id.c_str(), wrong, ways.size());
        }
        return wrong == 0;
    }

    static void print(const entry& of, const std::string& way, const result& got) {
        if (got.right) {
            return;
        }
        std::printf("FAILED %s (%s)\n  expected: %s\n  got: %s\n%s", of.id.c_str(), way.c_str(), of.expect.c_str(),
                    got.got.c_str(), last_steps(got.trace).c_str());
    }

    static constexpr std::size_t most_shown = 2;

    bool verbose_;
    std::size_t passed_ = 0;
    std::size_t failed_ = 0;
    guarded memory_{};
};

} // namespace

int main(int count, char** words) {
    bool verbose = false;
    std::vector<std::string> names;
    for (int at = 1; at < count; ++at) {
        const std::string word = words[at];
        if (word == "-v") {
            verbose = true;
        } else {
            names.push_back(word);
        }
    }
    if (names.empty()) {
        std::fputs("usage: corpus [-v] FILE...\n", stderr);
        return 1;
    }
    runner all(verbose);
    for (const std::string& name : names) {
        all.run_file(name);
    }
    return all.finish();
}
