// The cache's text against damage.
#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <algorithm>
#include <cstdint>
#include <random>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "unit/cache_support.hpp"

using namespace tlsup;
using unit::dice;
using unit::line_of;
using unit::never;
using unit::places;
using unit::written;

namespace {

std::vector<std::string> lines_of(const std::vector<capability>& entries) {
    std::vector<std::string> lines;
    for (const capability& each : entries) {
        if (!each.empty()) {
            lines.push_back(written(each));
        }
    }
    return lines;
}

} // namespace

TEST_CASE("damage to a text costs the damaged lines alone") {
    dice random(631);
    const std::regex entry_line("(https?) ([-A-Za-z0-9._:+\\[\\]!$&'()*,;=~]{1,255}) ([1-9][0-9]{0,4}) "
                                "(clear|verified) (pinned|unpinned) (0|[1-9][0-9]{0,19})( TLS/1\\.[0-3]){1,4}");
    std::size_t lost = 0;
    std::size_t changed = 0;
    for (int turn = 0; turn < 4000; ++turn) {
        const std::uint64_t now = random.below(100);
        std::vector<capability> entries(8);
        capability_cache cache(entries.data(), entries.size());
        for (std::size_t at = random.below(12); at > 0; --at) {
            const std::size_t id = random.below(places.size());
            (void)load_entry(cache, line_of(places[id], random.anything(id, now)), now);
        }
        const std::vector<std::string> originals = lines_of(entries);
        std::vector<std::string> lines = originals;
        std::shuffle(lines.begin(), lines.end(), std::mt19937(static_cast<std::uint32_t>(turn)));
        lines.push_back(random.one_in(2) ? "# a comment" : "");
        std::string text;
        for (const std::string& line : lines) {
            text += line + "\n";
            if (random.one_in(10)) {
                text += line + "\n";
            } else if (random.one_in(10)) {
                text.erase(text.size() - line.size() / 2 - 1);
            }
        }
        for (std::size_t count = random.below(5); count > 0 && !text.empty(); --count) {
            const std::size_t at = random.below(text.size());
            const char octet =
                random.one_in(2) ? static_cast<char>(random.below(256)) : text[random.below(text.size())];
            const std::string piece = text.substr(random.below(text.size())).substr(0, random.below(40));
            switch (random.below(5)) {
            case 0:
                text[at] = static_cast<char>(static_cast<unsigned char>(text[at]) ^ (1U << random.below(8)));
                break;
            case 1:
                text[at] = octet;
                break;
            case 2:
                text.erase(at, 1 + random.below(3));
                break;
            case 3:
                text.insert(at, 1, octet);
                break;
            default:
                text.insert(at, piece);
                break;
            }
        }
        std::vector<capability> room_enough(64);
        capability_cache loaded(room_enough.data(), room_enough.size());
        std::vector<std::string> taken;
        bool good = true;
        for (std::size_t from = 0; from < text.size();) {
            const std::size_t end = std::min(text.find('\n', from), text.size());
            const std::string line = text.substr(from, end - from);
            from = end + 1;
            const std::vector<capability> before = room_enough;
            const errc error = load_entry(loaded, line, now);
            const bool original = std::find(originals.begin(), originals.end(), line) != originals.end();
            const bool parses = std::regex_match(line, entry_line);
            good = good && (error == errc::ok || (error == errc::bad_entry && !original && room_enough == before));
            good = good && (parses || room_enough == before);
            taken.insert(taken.end(), parses && error == errc::ok ? 1 : 0, line);
            lost += error == errc::bad_entry ? 1 : 0;
            changed += parses && error == errc::ok && !original ? 1 : 0;
        }
        // What was whole is there, at least as strong, and for at least as long.
        for (const capability& each : entries) {
            const bool whole = std::find(taken.begin(), taken.end(), written(each)) != taken.end();
            const capability* const found = loaded.find({each.scheme, each.host.view(), each.port}, now).entry;
            if (whole && !each.empty()) {
                const auto strength = [](const capability& of) { return (of.how == learned::verified) + of.pinned; };
                good = good && found != nullptr && strength(*found) >= strength(each) &&
                       (strength(*found) > strength(each) || found->expires == never ||
                        (each.expires != never && found->expires >= each.expires));
            }
        }
        // What is there was said by one line, and its expiry by that one or by another.
        for (const std::string& line : lines_of(room_enough)) {
            std::smatch parts;
            good = good && std::regex_match(line, parts, entry_line);
            const auto start = static_cast<std::size_t>(parts.position(6));
            const std::string head = line.substr(0, start);
            const std::string expires = parts.str(6);
            const std::string tail = line.substr(start + expires.size());
            bool said = false;
            bool timed = false;
            for (const std::string& each : taken) {
                said = said || (each.starts_with(head) && each.ends_with(tail));
                timed = timed || each.find("pinned " + expires + " ") != std::string::npos;
            }
            good = good && said && timed;
        }
        REQUIRE_MESSAGE(good, "turn " << turn << ": " << text);
    }
    CHECK(lost > 1000);
    CHECK(changed > 100);
}

TEST_CASE("words at random are an entry as it is written, or none, and do no harm") {
    dice random(426);
    using words = std::vector<std::string_view>;
    const words columns[] = {{"http", "https", "HTTP"},
                             {"a", "[::1]", "a..b", "192.0.2.1", "a:1"},
                             {"80", "65535", "65536", "0", "080"},
                             {"clear", "verified", "clear"},
                             {"pinned", "unpinned", "unpinned"},
                             {"0", "9", "18446744073709551615", "18446744073709551616", "+9", "09"},
                             {"TLS/1.2", "TLS/1.3", "TLS/1.4", "tls/1.2"},
                             {"", "TLS/1.0", "TLS/1.1 TLS/1.2", "TLS/1.1  TLS/1.2", "#"}};
    const words between{"", "  ", "\t", "\r", "\xff ", " -", " # "};
    std::size_t entries = 0;
    for (int turn = 0; turn < 50000; ++turn) {
        std::string line;
        for (const words& column : columns) {
            if (!random.one_in(40)) {
                line += line.empty() || column.front().empty() ? "" : random.one_in(40) ? random.of(between) : " ";
                const std::string_view word = random.of(random.one_in(40) ? random.of(columns) : column);
                line += (column.front().empty() && !word.empty() ? " " : "") + std::string(word);
            }
        }
        line += random.one_in(40) ? std::string(1, static_cast<char>(random.below(256))) : std::string();
        capability entry;
        entry.port = 1;
        const errc error = read_entry(line, entry);
        const bool nothing = error == errc::ok && entry == capability{};
        const bool exact = error == errc::ok && written(entry) == line;
        REQUIRE_MESSAGE((exact || nothing || (error == errc::bad_entry && entry.empty() && entry.port == 1)), line);
        entries += exact ? 1 : 0;
    }
    CHECK(entries > 300);
}
