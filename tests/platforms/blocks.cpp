// Compares every way of reading many octets at once with the way that reads one: all texts of some lengths that hold
// one odd octet, and random ones, from every position, before a page that cannot be read. Prints which ways the
// compiler offers. The last line counts the checks of each kind as one.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <tlsup/tlsup.hpp>

#include "../corpus_support/feed.hpp"

namespace {

using namespace tlsup::detail;

corpus::guarded memory;
bool failed = false;

std::string_view before_the_page(const std::string& text) {
    char* const data = memory.end(text.size()) - text.size();
    std::memcpy(data, text.data(), text.size());
    return {data, text.size()};
}

void expect(bool holds, const char* what, const std::string& text, std::size_t from) {
    if (!holds && !failed) {
        failed = true;
        std::printf("FAILED: %s differs from octet %zu of %zu:", what, from, text.size());
        for (const char each : text) {
            std::printf(" %02x", static_cast<unsigned>(static_cast<unsigned char>(each)));
        }
        std::printf("\n");
    }
}

#if TLSUP_SSE2
void compare_authority(const std::string& text, std::string_view view) {
    labels at_once;
    if (read_short_labels(view, at_once)) {
        const labels found = read_labels(view);
        expect(at_once.end == found.end && at_once.last == found.last && found.sound, "labels", text, 0);
    }
}
#endif

void compare(const std::string& text) {
    const std::string_view view = before_the_page(text);
    for (std::size_t from = 0; from <= view.size(); ++from) {
        expect(skip_value(view, from) == skip(view, from, class_value), "a value's end", text, from);
        const std::size_t end = skip(view, from, class_value);
        const std::size_t some = skip_value_block(view, from);
        const bool far = view.size() < 16 || view.size() - from > 16;
        expect(some == end || (far && some == from) || (from <= some && some < end && view[some] == '\t'),
               "a part of a value", text, from);
        expect(skip_target(view, from) == skip(view, from, class_target), "a target's end", text, from);
        expect(skip_token(view, from) == skip(view, from, class_token), "a token's end", text, from);
    }
#if TLSUP_SSE2
    if (view.size() >= block_bytes) {
        const auto value_or_tab = [&](std::size_t from) {
            const std::size_t end = skip(view, from, class_value);
            const std::size_t tab = view.size() < line_scanner::window ? end : view.find('\t', from);
            return tab < end ? tab : end;
        };
        line_scanner every(view); // one scanner goes on from line to line, the other is new each time
        for (std::size_t from = 0; from < view.size(); ++from) {
            line_scanner fresh(view);
            expect(fresh.value_end(from) == value_or_tab(from), "a window", text, from);
            expect(every.value_end(from) == value_or_tab(from), "windows in a row", text, from);
            const std::size_t colon = view.find(':', from);
            const bool near = colon < view.size() && colon - from < usual_name;
            expect(fresh.colon(from) == (near ? colon : view.size()), "a colon", text, from);
            for (const std::size_t size : {0U, 1U, 7U, 15U, 16U, 17U, 33U}) {
                const std::size_t end = from + size;
                const bool name = size != 0 && skip(view, from, class_token) >= end;
                expect(end > view.size() || fresh.is_name(from, end) == name, "a name", text, from);
            }
        }
    }
    if (view.size() <= 40) {
        compare_authority(text, view);
    }
#endif
}

bool kind(const char* name) {
    std::printf("%s: %s\n", name, failed ? "FAILED" : "passed");
    const bool good = !failed;
    failed = false;
    return good;
}

// The known texts, any case, any neighbour of a letter.
template <known_text Text> void compare_known() {
    const std::string known(Text.data, Text.size);
    const auto same = [](std::string_view one, std::string_view other) { return same_text(one, other); };
    std::string text = known;
    for (std::size_t at = 0; at < text.size(); ++at) {
        for (unsigned octet = 0; octet < 256; ++octet) {
            text[at] = static_cast<char>(octet);
            const std::string_view view = before_the_page(text);
            expect(is<Text>(view) == same(view, known), "a known text", text, at);
            expect(is_exactly<Text>(view) == (view == known), "a known text to the letter", text, at);
        }
        text[at] = known[at];
    }
    const std::string_view shorter = before_the_page(known.substr(1));
    expect(!is<Text>(shorter) && !starts_with<Text>(shorter), "a shorter text", known, 0);
    const std::string_view longer = before_the_page(known + "x");
    expect(!is<Text>(longer) && starts_with<Text>(longer), "a longer text", known, 0);
}

} // namespace

int main(int count, char**) {
    std::printf("words %d, SSE2 %d, SSSE3 %d, AVX2 %d, NEON %d\n", TLSUP_WORDS, TLSUP_SSE2, TLSUP_SSSE3, TLSUP_AVX2,
                TLSUP_NEON);
    const bool some = count > 1; // with an argument: some of them
    const int rounds = some ? 100 : 3000;
    int passed = 0;
    for (std::size_t size = 0; size <= 70; size += some ? 11 : 1) {
        std::string text(size, 'a');
        for (std::size_t at = 0; at<size; at += size> 36 ? 7 : 1) {
            for (unsigned octet = 0; octet < 256; octet += some ? 9 : 1) {
                text[at] = static_cast<char>(octet);
                compare(text);
            }
            text[at] = 'a';
        }
        compare(text);
    }
    passed += kind("one odd octet") ? 1 : 0;

    std::uint32_t state = 2817;
    const auto random = [&state](std::uint32_t below) {
        state = state * 1664525U + 1013904223U;
        return (state >> 8) % below;
    };
    for (int round = 0; round < rounds; ++round) {
        std::string text(random(300), 'v');
        for (char& each : text) {
            const std::uint32_t what = random(40);
            each = what == 0   ? '\r'
                   : what == 1 ? '\t'
                   : what == 2 ? ' '
                   : what == 3 ? static_cast<char>(random(256))
                               : static_cast<char>('!' + random(90));
        }
        compare(text);
    }
    passed += kind("random texts") ? 1 : 0;

    compare_known<"tls/1.">();
    compare_known<"http/1.1">();
    compare_known<"upgrade">();
    compare_known<"connection">();
    compare_known<"content-length">();
    compare_known<"transfer-encoding">();
    compare_known<"keep-alive">();
    compare_known<"close">();
    compare_known<"host">();
    compare_known<"get">();
    compare_known<"\r\n">();
    passed += kind("known texts") ? 1 : 0;

    std::printf("%d passed, %d failed\n", passed, 3 - passed);
    return passed == 3 ? 0 : 1;
}
