// fetch_cache.hpp: what fetch remembers of servers, in a file.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <tlsup/tlsup.hpp>

#include "fetch_file.hpp"
#include "fetch_options.hpp"
#include "net.hpp"

namespace example {

/// The cache of one file. Lines that cannot be read are told, skipped, and written back as they are: one may have been
/// a pin, which only a person can mend.
class remembered {
  public:
    /// An empty name: nothing is remembered. Throws `usage_error` where there is a file that cannot be read: what it
    /// requires must not be forgotten.
    remembered(const std::string& file, bool pin, tlsup::origin of)
        : file_(linked_file(file)), rules_{.pin = pin}, of_(of), cache_(nullptr, 0) {
        load(now());
    }
    remembered(const remembered&) = delete;
    remembered& operator=(const remembered&) = delete;

    [[nodiscard]] tlsup::requirement raise(tlsup::requirement wanted) const {
        return cache_.raise(of_, wanted, now(), rules_).need; // of a host that is none: TLS
    }

    /// The server was reached over TLS that was verified.
    void saw_tls() { learned_.push_back({tlsup::learned::verified, tlsup::default_tokens, 30 * day}); }
    /// The server says in clear that it does TLS. Whoever is on the way may say so too: for an hour.
    void saw_hint(tlsup::token_list tokens) {
        if (!tokens.empty()) {
            learned_.push_back({tlsup::learned::in_clear, tokens, day / 24});
        }
    }

    /// Adds what was seen to what the file holds by now: others may have written it since it was read. Throws
    /// `failure`.
    void keep(clock::time_point until) {
        if (file_.empty() || learned_.empty()) {
            return;
        }
        const file_lock alone(file_, until);
        const std::uint64_t time = now();
        load(time);
        for (const lesson& each : learned_) {
            tell(cache_.learn(of_, each.how, each.tokens, time, time + each.life, rules_), file_);
        }
        std::string text;
        for (const tlsup::capability& each : entries_) {
            char room[tlsup::longest_entry];
            if (each.live(time)) {
                text.append(write_entry(room, each).text) += '\n';
            }
        }
        for (const std::string& line : unreadable_) {
            text.append(line) += '\n';
        }
        replace_file(file_, std::move(text));
    }

  private:
    static constexpr std::size_t most = 256;
    static constexpr std::uint64_t day = 86400;

    struct lesson {
        tlsup::learned how;
        tlsup::token_list tokens;
        std::uint64_t life;
    };

    static std::uint64_t now() { return static_cast<std::uint64_t>(std::time(nullptr)); }

    static void tell(tlsup::errc error, const std::string& where) {
        if (error != tlsup::errc::ok) {
            std::fprintf(stderr, "fetch: cache: %s: %s: %s\n", where.c_str(), std::string(to_string(error)).c_str(),
                         std::string(explain(error)).c_str());
        }
    }

    [[nodiscard]] std::vector<std::string> lines() const {
        std::error_code error;
        const std::filesystem::file_type kind = std::filesystem::status(file_, error).type();
        std::vector<std::string> found;
        if (file_.empty() || kind == std::filesystem::file_type::not_found) {
            return found;
        }
        std::ifstream text;
        if (kind == std::filesystem::file_type::regular) { // to open a pipe could take for ever
            text.open(file_);
        }
        for (std::string line; std::getline(text, line);) {
            found.push_back(line);
        }
        if (!text.is_open() || text.bad()) {
            throw usage_error("cannot read " + file_);
        }
        return found;
    }

    // What is in the file takes the place of what was known. There is room for all that is pinned, and for one more.
    void load(std::uint64_t time) {
        const std::vector<std::string> text = lines();
        std::size_t pins = 0;
        for (const std::string& line : text) {
            tlsup::capability entry;
            pins += read_entry(line, entry) == tlsup::errc::ok && entry.pinned ? 1U : 0U;
        }
        unreadable_.clear();
        entries_.assign(std::max(most, pins + 1), {});
        cache_ = {entries_.data(), entries_.size()};
        const std::set<std::string> told = told_; // by an earlier load
        std::size_t number = 0;
        for (const std::string& line : text) {
            ++number;
            const tlsup::errc error = load_entry(cache_, line, time);
            if (error == tlsup::errc::bad_entry) {
                unreadable_.push_back(line);
            }
            if (error != tlsup::errc::ok && !told.contains(line)) {
                tell(error, file_ + ":" + std::to_string(number));
                told_.insert(line);
            }
        }
    }

    std::string file_;
    tlsup::cache_rules rules_;
    tlsup::origin of_;
    std::vector<tlsup::capability> entries_;
    tlsup::capability_cache cache_;
    std::vector<lesson> learned_;
    std::vector<std::string> unreadable_;
    std::set<std::string> told_;
};

} // namespace example
