// What any reader finds at or below a protected path was required, and ordinary paths are not in doubt.
#include <doctest/doctest.h>
#include <tlsup/policy.hpp>

#include <cstdint>
#include <string>

#include "policy_readers.hpp"

using namespace tlsup;
using namespace readers;

namespace {

struct reader {
    std::string_view name;
    std::uint32_t quirks;
    std::string_view witness; // a path that this reader takes below /private
};

constexpr reader kinds[] = {
    {"removes dots only", 0, "/docs/../private"},
    {"decodes, then removes dots", decode, "/docs/%2e%2e/private"},
    {"removes dots, then decodes for a file system", resolve_first | decode, "/docs/%2e%2e/private"},
    {"decodes twice", decode | decode_twice, "/docs/%252e%252e/private"},
    {"urljoin(base, unquote(path)) in Python", decode | url_parser, "/docs/%09..%09/private/x"},
    {"new URL(decodeURIComponent(path), base)", decode | url_parser | cut_at_query, "/docs/.%0a.%5cprivate/x"},
    {"a URL parser, then a file system", url_parser | decode_twice, "/docs/.%09./private"},
    {"decodes paths as forms, for Windows", decode | decode_forms | windows_names | backslashes, "/private+"},
    {"a file on Windows", decode | windows_names | backslashes, "/docs/..%20%5cprivate::$DATA"},
    {"wildcards on Windows", decode | windows_names | windows_wildcards, "/pri<<"},
    {"IIS with old escapes", unicode_escapes | decode | backslashes, "/docs/%u002e%u002e/private"},
    {"ASP.NET with sessions in paths", decode | strip_sessions, "/priv/(S(x))ate"},
    {"a C string", decode | cut_at_nul, "/private%00x"},
    {"path parameters before decoding", strip_parameters | resolve_first | decode, "/docs/..;x/private"},
    {"path parameters after decoding", strip_parameters | decode, "/docs/..%3bx/private"},
    {"a query after decoding", decode | cut_at_query, "/private%3fx"},
    {"a rewriting server", decode | cut_at_ampersand, "/private&x"},
    {"trims segments", decode | trim_segments, "/docs/%20..%20/private"},
    {"keeps 8 bits of UTF-16", decode | keep_low_bytes | url_parser, "/docs/%C4%AE%C4%AE/private"},
    {"keeps 8 bits, and decodes once more", decode | keep_low_bytes | decode_twice, "/docs/%D0%A52e%D0%A52e/private"},
    {"keeps 7 bits", decode | keep_seven_bits, "/docs/%AE%AE/private"},
    {"overlong UTF-8", decode | overlong, "/docs/%C0%AE%E0%80%AE%C0%AFprivate"},
    {"compatibility forms", decode | fold_compatible | backslashes, "/docs/%E2%80%A5/private"},
    {"compatibility forms, decoded again", decode | fold_compatible | decode_twice, "/docs/%EF%BC%852e./private"},
    {"drops invisible characters", decode | drop_invisible, "/docs/.%C2%AD./private"},
    {"drops what is not ASCII", decode | drop_foreign, "/docs/%C3%A9..%C3%A9/private"},
    {"drops controls", decode | drop_controls, "/docs/%7f..%1f/private"},
};

// What paths are made of; the first ones are in doubt wherever they appear.
constexpr std::string_view pieces[] = {
    "%2f",       "%5c",
    "\\",        "%2e",
    "%25",       "2e",
    "%09",       "%00",
    "%7f",       ";",
    "%u002e",    "//",
    "%C0%AE",    "%C0n",
    "%E0%80%AE", "%EF%BC%8E",
    "%E2%80%A5", "%C2%B7",
    "%E3%80%82", "%C4%AE",
    "%C8%AF",    "%C5%9C",
    "%D0%A5",    "%F0%9B%A0%89",
    "%AE",       "%E9",
    "%D9%AA",    "%E2%80%8B",
    "(S(x))",    "%28S(x))",
    "/private",  "/",
    "",          ".",
    "..",        "%20",
    "+",         "%C2%A0",
    "%C2%AD",    "%CD%8F",
    "%C3%A9",    "%E6%97%A5",
    "%C4%80",    "%D0%AF",
    "%D0%BF",    "%F0%AF%AE%AE",
    "%3b",       "%3f",
    "%23",       ":",
    "::$DATA",   "&",
    "<<",        "*",
    "%26",       "a",
    "%61",       "?",
};
constexpr std::size_t piece_count = sizeof(pieces) / sizeof(pieces[0]);

struct tally {
    std::size_t certain = 0;
    std::size_t escaped = 0;
    std::uint32_t drawn = 1;

    // Readers of these kinds, and some whose quirks are drawn, on a path that is served in clear.
    void try_path(const std::string& target, const policy_rules& rules, const segments& wanted,
                  std::uint32_t of_kinds = all_quirks) {
        const policy_answer answer = decide(rules, {"GET", target, "a.example", "192.0.2.1"}, tls_policy::clear);
        if (answer.what == tls_policy::require) {
            return;
        }
        certain += answer.certain ? 1 : 0;
        const auto look = [&](std::string_view name, std::uint32_t quirks) {
            if (reaches(target, wanted, quirks) && escaped++ == 0) {
                MESSAGE(target << " in clear: " << name << " " << quirks);
            }
        };
        for (const reader& each : kinds) {
            if (of_kinds == all_quirks || (each.quirks & of_kinds) != 0) {
                look(each.name, each.quirks);
            }
        }
        for (int count = 0; count < 3; ++count) {
            drawn = drawn * 1664525U + 1013904223U;
            look("drawn", ((drawn >> 8) & all_quirks) | decode);
        }
    }
};

} // namespace

TEST_CASE("each reader reaches a protected path by its own way, and that is required") {
    constexpr policy_rule rule{.what = tls_policy::require, .path = "/private"};
    for (const reader& each : kinds) {
        CHECK_MESSAGE(reaches(std::string(each.witness), {"private"}, each.quirks), each.name);
        CHECK_MESSAGE(!reaches("/docs/x", {"private"}, each.quirks), each.name);
        CHECK_MESSAGE(decide({&rule, 1}, {"GET", each.witness, "a", "::1"}, tls_policy::clear).what ==
                          tls_policy::require,
                      each.name);
    }
}

TEST_CASE("paths of few pieces: what any reader finds at or below a protected path was required") {
    const policy_rule flat[] = {{.what = tls_policy::clear, .path = "/docs"}, {.path = "/private"}};
    const policy_rule deep[] = {{.what = tls_policy::clear, .path = "/a/docs"}, {.path = "/a/private"}};
    tally sum;
    for (const bool is_deep : {false, true}) {
        const policy_rules rules = is_deep ? policy_rules(deep) : policy_rules(flat);
        const segments wanted = is_deep ? segments{"a", "private"} : segments{"private"};
        const std::string base = is_deep ? "/a" : "";
        for (const std::string_view one : pieces) {
            for (const std::string_view two : pieces) {
                const std::string both = std::string(one) + std::string(two);
                sum.try_path(base + "/docs/" + both + "/private/x", rules, wanted);
                sum.try_path(base + "/docs" + both + "private/x", rules, wanted);
                sum.try_path(base + "/" + both + "private", rules, wanted);
                sum.try_path(base + "/private" + both, rules, wanted);
                sum.try_path(base + "/pri" + std::string(one) + "va" + std::string(two) + "te/x", rules, wanted);
            }
        }
    }
    CHECK(sum.certain > 1000);
    CHECK(sum.escaped == 0);
}

TEST_CASE("segments of three pieces do not lead out of their folder, whoever reads them") {
    const policy_rule rules[] = {{.what = tls_policy::clear, .path = "/docs"}, {.path = "/private"}};
    tally sum;
    std::size_t index = 0;
    for (const std::string_view one : pieces) {
        for (const std::string_view dots : {".", ".."}) {
            for (const std::string_view two : pieces) {
                for (const std::string_view more : {"", ".", "."}) {
                    const std::string last(pieces[++index % piece_count]);
                    sum.try_path("/docs/" + std::string(one) + std::string(dots) + std::string(two) +
                                     std::string(more) + last + "/private/x",
                                 rules, {"private"});
                }
            }
        }
    }
    CHECK(sum.certain > 500);
    CHECK(sum.escaped == 0);
}

TEST_CASE("encoded characters stay inside their folder, whoever reads them") {
    const policy_rule rules[] = {{.what = tls_policy::clear, .path = "/docs"}, {.path = "/private"}};
    constexpr std::string_view digits = "0123456789abcdef";
    const auto encoded = [&](unsigned byte) { return std::string{'%', digits[byte >> 4 & 15], digits[byte & 15]}; };
    tally sum;
    for (unsigned code = 0x80; code < 0x3100; code += code < 0x800 ? 1 : 3) {
        const std::string text = code < 0x800 ? encoded(0xc0 | code >> 6) + encoded(0x80 | (code & 0x3f))
                                              : encoded(0xe0 | code >> 12) + encoded(0x80 | (code >> 6 & 0x3f)) +
                                                    encoded(0x80 | (code & 0x3f));
        sum.try_path("/docs/" + text + text + "/private", rules, {"private"}, character_quirks);
    }
    CHECK(sum.escaped == 0);
}

TEST_CASE("ordinary names are served in clear, without doubt") {
    const policy_rule rules[] = {{.path = "/private"}};
    for (const std::string_view plain : {
             "/docs/a%20b",
             "/docs/a%20b.txt",
             "/docs/%C3%A9t%C3%A9",
             "/docs/%C3%A9t%C3%A9.txt",
             "/docs/%C3%A9.txt",
             "/docs/sm%C3%B6rg%C3%A5s/%C3%AEle",
             "/docs/%D0%BF%D1%80%D0%B8%D0%B2%D0%B5%D1%82.html",
             "/docs/%e6%97%a5%e6%9c%ac%e8%aa%9e.pdf",
             "/docs/%ED%95%9C%EA%B5%AD%EC%96%B4",
             "/docs/%E0%B9%84%E0%B8%97%E0%B8%A2",
             "/docs/C%2B%2B/c++/what%3F",
             "/docs/.config%20file",
             "/docs/a%20(1).tar.gz",
             "/docs/v1.%20final...draft",
             "/docs/Talk:.x",
             "/docs/100+1&2*[3]{4}",
             "/@user/a,b=c!$()",
             "/~user/x",
             "/.well-known/x",
         }) {
        CHECK_MESSAGE((decide(rules, {"GET", plain, "a", "::1"}, tls_policy::clear) ==
                       policy_answer{tls_policy::clear, no_rule, true}),
                      plain);
    }
}

TEST_CASE("what goes on after the name of a protected folder with a delimiter may be an item of it (RFC 3986 3.3)") {
    const policy_rule rules[] = {{.path = "/private"}};
    for (const std::string_view item : {"/private!OpenView", "/private(1)", "/private(ID=1)/x", "/private,1",
                                        "/private@1", "/PRIVATE=x", "/private~", "/private$value", "/private'x'"}) {
        CHECK_MESSAGE(decide(rules, {"GET", item, "a", "::1"}, tls_policy::clear).what == tls_policy::require, item);
    }
    for (const std::string_view other : {"/privateer", "/private-x", "/private_x", "/private.json", "/privat",
                                         "/x/private(1)", "/priv(1)", "/@private"}) {
        CHECK_MESSAGE((decide(rules, {"GET", other, "a", "::1"}, tls_policy::clear) ==
                       policy_answer{tls_policy::clear, no_rule, true}),
                      other);
    }
}

TEST_CASE("encoded bytes: what is a character to all readers, and what may be any path (RFC 3629 3, 4)") {
    const policy_rule rules[] = {{.path = "/private"}};
    const auto is_certain = [&](std::string_view segment) {
        const std::string target = "/docs/" + std::string(segment);
        return decide(rules, {"GET", target, "a", "::1"}, tls_policy::clear).certain;
    };
    for (const std::string_view good : {"%20", "%7e", "%C2%A0", "%C2%AD", "%DF%BF", "%E0%A0%80", "%E1%BF%BF",
                                        "%E3%81%80", "%ED%9F%BF", "%c3%a9", "a(S(x))", "a%28", "..a%20", "a..%20"}) {
        CHECK_MESSAGE(is_certain(good), good);
    }
    for (const std::string_view bad :
         {"%00",    "%09",          "%1f",       "%7f",       "%2f",       "%2F",       "%5c",
          "%2e",    "%25",          "%",         "%2",        "%g0",       "%80",       "%BF",
          "%C3",    "%C3x",         "%C3%",      "%C3%2",     "%C3%28",    "%C3%C3%A9", "%C0%A9",
          "%C1%BF", "%E0%83%A9",    "%E0%9F%BF", "%E6%97",    "%E6%97x",   "%E6%A5x",   "%E6%2e%a5",
          "%C2%80", "%C2%9F",       "%C2%B7",    "%D9%AA",    "%C4%AE",    "%C4%A5",    "%C2%AE",
          "%C2%A5", "%E2%80%80",    "%E3%80%BF", "%ED%A0%80", "%EE%80%80", "%EF%BC%8E", "%EF%BF%BD",
          "%FF",    "%F0%9F%98%80", "(S(x))",    "%28x",      "+..+",      "a:..:b",    ".%20",
          "..%20",  "%20.",         "%20..%20",  "a%20..%20", ".&",        "a.",        "%C3%A9..%C3%A9"}) {
        CHECK_MESSAGE(!is_certain(bad), bad);
    }
    for (const std::string_view path : {"/(S(x))", "/a/(b)", "/..:x", "/a:..:b", "/a%C3%A9"}) {
        CHECK_MESSAGE(check_rule({.path = path}) == errc::bad_rule, path);
    }
    CHECK(check_rule({.path = "/a(b)/Talk:A/@c/d+e"}) == errc::ok);
}
