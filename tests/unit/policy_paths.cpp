// No spelling of a path gets around a rule, and ordinary paths are not taken for others.
#include <doctest/doctest.h>
#include <tlsup/policy.hpp>

#include <string>

using namespace tlsup;

namespace {

constexpr policy_rule guarded[] = {
    {.what = tls_policy::clear, .path = "/public"},
    {.what = tls_policy::require, .path = "/private"},
};

constexpr policy_answer at(std::string_view target, std::string_view method = "GET") {
    return decide(guarded, {method, target, "a.example", "192.0.2.1"}, tls_policy::advertise);
}
constexpr bool below(std::string_view path, std::string_view target) {
    const policy_rule rule{.what = tls_policy::require, .path = path};
    const policy_answer answer = decide({&rule, 1}, {"GET", target, "a", "::1"}, tls_policy::clear);
    return answer.what == tls_policy::require && answer.certain;
}
constexpr bool apart(std::string_view path, std::string_view target) {
    const policy_rule rule{.what = tls_policy::require, .path = path};
    const policy_answer answer = decide({&rule, 1}, {"GET", target, "a", "::1"}, tls_policy::clear);
    return answer == policy_answer{tls_policy::clear, no_rule, true};
}

static_assert(below("/a", "/a") && below("/a", "/a/") && below("/a", "/a/b") && below("/a", "/a?x") &&
              below("/a", "/a/?x") && below("/a", "/a?/../b") && apart("/a", "/ab") && apart("/a", "/") &&
              apart("/a", "/b/a") && apart("/a", "/b?/a"));
static_assert(below("/a/", "/a") && below("/a/", "/a/b") && apart("/a/", "/ab") && apart("/a/b", "/a") &&
              apart("/a/b", "/a/") && apart("/a/b", "/a/c") && below("/a/b/", "/a/b/c"));
static_assert(below("/", "/") && below("/", "/a") && below("/", "http://h") && below("/", "http://h?x"));
static_assert(below("/a", "http://h:1/a?x") && below("/a", "HTTP://[::1]/a/b") && apart("/a", "http://a/b") &&
              apart("/a", "http://h?/a"));
static_assert(below("/Talk:A", "/Talk:A/x") && below("/~a", "/~a/x") && below("/.well-known", "/.well-known/x%20y"));

} // namespace

TEST_CASE("no spelling of a path gets around its rule (RFC 3986 6.2.2)") {
    for (const std::string_view spelling : {
             "/private",
             "/private/",
             "/private/x",
             "/private?",
             "/private?x",
             "http://a.example/private",
             "HTTP://a.example:80/private/x",
             "https://a.example/private",
             "//private",
             "///private",
             "/./private",
             "/x/../private",
             "/public/../private",
             "/public/..//private",
             "/public/x/../../private",
             "/../private",
             "/..;/private",
             "/public/..;/private",
             "/public/..;x=1/private",
             "/public/..%3b/private",
             "/private;x",
             "/private;",
             "/;x/private",
             "/private/.",
             "/private/..",
             "/private.",
             "/private...",
             "/private.%20",
             "/%70rivate",
             "/privat%65",
             "/%50RIVATE",
             "/%70%72%69%76%61%74%65",
             "/pr%69vate/x",
             "/PRIVATE",
             "/Private/x",
             "/%2fprivate",
             "/%2Fprivate",
             "%2fprivate",
             "/public%2f..%2fprivate",
             "/public/%2e%2e/private",
             "/public/%2E./private",
             "/public/.%2e/private",
             "/public/%252e%252e/private",
             "/public/%25252e%25252e/private",
             "/%2570rivate",
             "/public%5c..%5cprivate",
             "/public\\..\\private",
             "\\private",
             "/\\private",
             "/public/..\\private",
             "/public/..%5cprivate",
             "/public/a%2f..%2f..%2fprivate",
             "/public/a%5c..%5C..%5cprivate",
             "/public/a%c0%af..%c0%af..%c0%afprivate",
             "/public/a%c1%9c..%c1%9c..%c1%9cprivate",
             "/public/%f0%80%80%ae%f0%80%80%ae/private",
             "/public/..%255cprivate",
             "/public/%c0%ae%c0%ae/private",
             "/public/%C0%AE./private",
             "/public/..%c0%af/private",
             "/public/..%c1%9cprivate",
             "/public/%e0%80%ae%e0%80%ae/private",
             "/public/%f0%80%80%ae./private",
             "/public/%ef%bc%8e%ef%bc%8e/private",
             "/public/..%ef%bc%8fprivate",
             "/public/..%ef%b9%a8private",
             "/public/%e2%80%a5/private",
             "/public/..%20/private",
             "/public/..%00/private",
             "/public/..%09/private",
             "/public/.%20./private",
             "/public/..::$INDEX_ALLOCATION/private",
             "/public/%u002e%u002e/private",
             "/%u0070rivate",
             "/public/..%u2215private",
             "/public/%2/private",
             "/public/%/private",
             "/public/%g0/private",
             "/public/%2g/private",
             "/private%",
             "/private%2",
             "/private%00",
             "/private%00/x",
             "/private%20",
             "/private%0a",
             "/private%3f",
             "/private%3Fx",
             "/private%23",
             "/private%3bx",
             "/private%2f",
             "/private%5c",
             "/private%2e",
             "/private::$DATA",
             "/private:$i30:$INDEX_ALLOCATION/x",
             "/%20/private",
             "/private#x",
             "/private x",
             "/privat\xe9",
             "/private\t",
             "",
             "*",
             "private",
             "private/x",
             "http:/private",
             "http:///private",
             "http://a.example//private",
             "http://a.example/public/../private",
             "http://a.example\\private",
             "http://a.example\\public/private",
             "http://u@a.example/public",
             "http://a.example:x/public",
             "http://a.example:0/public",
             "://a.example/public",
             "x?://a.example/public",
             "x?yyyyyyyyy://a.example/public",
             "a.example:443",
         }) {
        CHECK_MESSAGE(at(spelling).what == tls_policy::require, spelling);
        CHECK_MESSAGE(at(spelling).rule == 1, spelling);
    }
}

TEST_CASE("every octet of a path, encoded in every way, stays below its rule") {
    constexpr std::string_view path = "/private";
    constexpr std::string_view digits[] = {"0123456789abcdef", "0123456789ABCDEF"};
    for (std::size_t where = 1; where < path.size(); ++where) {
        for (const std::string_view digit : digits) {
            const auto octet = static_cast<unsigned char>(path[where]);
            const std::string once = {'%', digit[octet >> 4U], digit[octet & 15U]};
            const std::string twice = "%25" + once.substr(1);
            for (const std::string& each : {once, twice, std::string(1, static_cast<char>(octet ^ 32U))}) {
                const std::string spelled =
                    std::string(path.substr(0, where)) + each + std::string(path.substr(where + 1));
                for (const std::string_view tail : {"", "/", "/x", "?x"}) {
                    CHECK_MESSAGE(at(spelled + std::string(tail)).what == tls_policy::require, spelled);
                    CHECK_MESSAGE(!at(spelled + std::string(tail)).certain, spelled);
                }
            }
        }
    }
}

// A reader that decodes once or twice, takes "\" and ";" as some do, drops empty segments and follows dots; then cuts
// at NUL and takes letters without case. What it finds below /private must have been required.
namespace {

std::string decode(std::string_view text) {
    std::string out;
    for (std::size_t from = 0; from < text.size(); ++from) {
        if (text[from] == '%' && from + 2 < text.size() && detail::is(text[from + 1], detail::class_hex) &&
            detail::is(text[from + 2], detail::class_hex)) {
            out += static_cast<char>(detail::hex_value(text[from + 1]) * 16 + detail::hex_value(text[from + 2]));
            from += 2;
        } else {
            out += text[from];
        }
    }
    return out;
}

bool reaches_private(std::string_view target, unsigned decodings, bool backslash, bool parameters) {
    std::string path(target.substr(0, target.find('?')));
    for (unsigned count = 0; count < decodings; ++count) {
        path = decode(path);
    }
    path = path.substr(0, path.find('\0'));
    std::string first;
    std::string segment;
    std::size_t depth = 0;
    path += '/';
    for (const char each : path) {
        if (each != '/' && !(backslash && each == '\\')) {
            segment += detail::lower(each);
            continue;
        }
        if (parameters) {
            segment = segment.substr(0, segment.find(';'));
        }
        if (segment == "..") {
            depth -= depth > 0 ? 1U : 0U;
        } else if (!segment.empty() && segment != ".") {
            first = depth == 0 ? segment : first;
            ++depth;
        }
        segment.clear();
    }
    return depth > 0 && first == "private";
}

} // namespace

TEST_CASE("what any reader finds below a rule was required") {
    constexpr std::string_view pieces[] = {"/",   "/private", "/public", "/..", "..", ".",   "%2e", "%2f",      "\\",
                                           "%5c", ";",        "%3b",     "%25", "2e", "%00", "?",   "%70rivate"};
    constexpr std::size_t count = sizeof(pieces) / sizeof(pieces[0]);
    std::size_t reached = 0;
    std::size_t escaped = 0;
    for (std::size_t code = 0; code < count * count * count * count; ++code) {
        std::string target = "/";
        for (std::size_t rest = code; rest > 0; rest /= count) {
            target += pieces[rest % count];
        }
        const bool required = at(target).what == tls_policy::require;
        for (unsigned way = 0; way < 12; ++way) {
            const bool there = reaches_private(target, way / 4, (way & 1) != 0, (way & 2) != 0);
            reached += there ? 1 : 0;
            if (there && !required && escaped++ == 0) {
                MESSAGE(target);
            }
        }
    }
    CHECK(reached > 10000);
    CHECK(escaped == 0);
}

TEST_CASE("ordinary paths are not in doubt") {
    for (const std::string_view plain : {
             "/",
             "/index.html",
             "/privateer",
             "/private-x",
             "/x/private",
             "/docs/a%20b",
             "/docs/a%20b/private",
             "/docs/%70rivate",
             "/docs/b%C3%BCcher",
             "/docs/%e6%97%a5/x",
             "/docs/a:b",
             "/wiki/Talk:Private",
             "/.well-known/x",
             "/.x/y",
             "/~private/x",
             "/a,b/c=d&e@f!$'()*+",
             "/docs/",
             "/docs?x=../private&y=%2e%2e//;\\",
             "http://a.example",
             "http://a.example?x",
             "http://a.example/docs/a%20b",
         }) {
        CHECK_MESSAGE((at(plain) == policy_answer{tls_policy::advertise, no_rule, true}), plain);
    }
    CHECK(at("/public/a%20b/c") == policy_answer{tls_policy::clear, 0, true});
    CHECK(at("/public/%70rivate") == policy_answer{tls_policy::clear, 0, true});
}

TEST_CASE("in doubt the strictest of the rules that may match decides, and says so") {
    CHECK(at("/private") == policy_answer{tls_policy::require, 1, true});
    CHECK(at("/%70rivate") == policy_answer{tls_policy::require, 1, false});
    CHECK(at("/public//x") == policy_answer{tls_policy::require, 1, false});
    CHECK(at("/a%20b") == policy_answer{tls_policy::require, 1, false}); // a first segment may be any
    const policy_rule weak[] = {{.what = tls_policy::clear, .path = "/a"}};
    CHECK(decide(weak, {"GET", "//", "h", "::1"}, tls_policy::prefer) ==
          policy_answer{tls_policy::prefer, no_rule, false}); // never weaker than without the rule
    const policy_rule late[] = {{.what = tls_policy::prefer, .path = "/a"},
                                {.what = tls_policy::advertise},
                                {.what = tls_policy::require, .path = "/b"}};
    CHECK(decide(late, {"GET", "/x/..", "h", "::1"}, tls_policy::clear) ==
          policy_answer{tls_policy::prefer, 0, false}); // the last rule matches nothing, whatever the path
    const policy_rule others[] = {{.what = tls_policy::require, .method = "PUT", .path = "/a"},
                                  {.what = tls_policy::require, .path = "/a", .host = "i.example"},
                                  {.what = tls_policy::require, .path = "/a", .peer = network_of("10.0.0.0/8")}};
    CHECK(decide(others, {"GET", "//", "h", "::1"}, tls_policy::clear) ==
          policy_answer{tls_policy::clear, no_rule, true}); // their other members do not match
}

TEST_CASE("targets without a path are matched by rules without a path only (9112-3.2.4-01)") {
    const policy_rule both[] = {{.what = tls_policy::require, .path = "/"}, {.what = tls_policy::prefer}};
    const auto of = [&](std::string_view method, std::string_view target) {
        return decide(both, {method, target, "a", "::1"}, tls_policy::clear);
    };
    CHECK(of("OPTIONS", "*") == policy_answer{tls_policy::prefer, 1, true});
    CHECK(of("CONNECT", "a.example:443") == policy_answer{tls_policy::prefer, 1, true});
    CHECK(of("GET", "*") == policy_answer{tls_policy::require, 0, false});
    CHECK(of("OPTIONS", "/*") == policy_answer{tls_policy::require, 0, true});
    CHECK(of("OPTIONS", "http://a.example") == policy_answer{tls_policy::require, 0, false}); // "/" or "*"
    CHECK(of("GET", "http://a.example") == policy_answer{tls_policy::require, 0, true});
}
