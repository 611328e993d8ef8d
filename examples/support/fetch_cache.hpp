// fetch_cache.hpp: what fetch remembers of servers, in a file.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

#include <tlsup/tlsup.hpp>

#include "fetch_options.hpp"
#include "net.hpp"

namespace example {

/// The cache of one file. Lines that cannot be read are told and skipped; the rest is kept.
class remembered {
  public:
    /// An empty name: nothing is remembered. Throws `usage_error` where there is a file that cannot be read: what it
    /// requires must not be forgotten.
    remembered(std::string file, bool pin, tlsup::origin of)
        : file_(std::move(file)), rules_{.pin = pin}, of_(of), entries_(file_.empty() ? 1 : most),
          cache_(entries_.data(), entries_.size()) {
        std::ifstream text(file_);
        std::size_t number = 0;
        for (std::string line; std::getline(text, line);) {
            ++number;
            if (const tlsup::errc error = load_entry(cache_, line, now_); error != tlsup::errc::ok) {
                std::fprintf(stderr, "fetch: cache: %s:%zu: %s: %s\n", file_.c_str(), number,
                             std::string(to_string(error)).c_str(), std::string(explain(error)).c_str());
            }
        }
        if (!file_.empty() && (text.bad() || (!text.is_open() && ::access(file_.c_str(), F_OK) == 0))) {
            throw usage_error("cannot read " + file_);
        }
    }

    [[nodiscard]] tlsup::requirement raise(tlsup::requirement wanted) const {
        return cache_.raise(of_, wanted, now_, rules_);
    }

    /// The server was reached over TLS that was verified.
    void saw_tls() { learn(tlsup::learned::verified, tlsup::default_tokens, 30 * day); }
    /// The server says in clear that it does TLS. Whoever is on the way may say so too: for an hour.
    void saw_hint(tlsup::token_list tokens) {
        if (!tokens.empty()) {
            learn(tlsup::learned::in_clear, tokens, day / 24);
        }
    }

  private:
    static constexpr std::size_t most = 256;
    static constexpr std::uint64_t day = 86400;

    void learn(tlsup::learned how, tlsup::token_list tokens, std::uint64_t life) {
        if (!file_.empty() && cache_.learn(of_, how, tokens, now_, now_ + life, rules_) == tlsup::errc::ok) {
            save();
        }
    }

    // The file is replaced as a whole: a reader sees the old one or the new one.
    void save() {
        const std::string next = file_ + "." + std::to_string(::getpid());
        std::ofstream out(next);
        for (const tlsup::capability& each : entries_) {
            char room[tlsup::longest_entry];
            if (each.live(now_)) {
                out << write_entry(room, each).text << '\n';
            }
        }
        out.close();
        if (!out || std::rename(next.c_str(), file_.c_str()) != 0) {
            std::remove(next.c_str());
            throw failure("cannot write " + file_);
        }
    }

    std::string file_;
    tlsup::cache_rules rules_;
    tlsup::origin of_;
    std::uint64_t now_ = static_cast<std::uint64_t>(std::time(nullptr));
    std::vector<tlsup::capability> entries_;
    tlsup::capability_cache cache_;
};

} // namespace example
