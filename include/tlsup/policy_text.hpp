// policy_text.hpp: a policy's rules, read from the lines of a text.
#pragma once

#include <cstddef>
#include <string_view>

#include "error.hpp"
#include "grammar.hpp"
#include "network.hpp"
#include "policy.hpp"
#include "scan.hpp"

namespace tlsup {

/// What a line of a policy is.
struct [[nodiscard]] policy_line {
    errc error = errc::ok; ///< `ok` or `bad_rule`
    bool empty = false;    ///< the line holds no rule, and nothing was read
    std::string_view at{}; ///< the word that is wrong: a view into the line
};

namespace detail {

constexpr bool parse_policy(std::string_view word, tls_policy& policy) noexcept {
    for (std::size_t at = 0; at < sizeof(tls_policy_names) / sizeof(tls_policy_names[0]); ++at) {
        if (word == tls_policy_names[at]) {
            policy = static_cast<tls_policy>(at);
            return true;
        }
    }
    return false;
}

/// `name=value`, whose name was not given before.
constexpr bool parse_member(std::string_view word, policy_rule& rule) noexcept {
    std::size_t equals = 0;
    while (equals < word.size() && word[equals] != '=') {
        ++equals;
    }
    if (equals + 1 >= word.size()) {
        return false;
    }
    const std::string_view name = part(word, 0, equals);
    const std::string_view text = part(word, equals + 1, word.size());
    if (name == "from"sv) {
        return rule.peer.any() && parse_network(text, rule.peer) == errc::ok;
    }
    std::string_view* const member = name == "method"sv ? &rule.method
                                     : name == "path"sv ? &rule.path
                                     : name == "host"sv ? &rule.host
                                                        : nullptr;
    if (member == nullptr || !member->empty()) {
        return false;
    }
    *member = text;
    return check_rule(rule) == errc::ok;
}

} // namespace detail

/// Reads one rule: `clear`, `advertise`, `prefer` or `require`, then, in any order and each at most once,
/// `method=TOKEN`, `path=PATH`, `host=HOST` and `from=NETWORK`, as `policy_rule` and `parse_network` have them:
///
///     require path=/private host=*.example method=GET from=10.0.0.0/8   # a comment
///
/// Blanks separate the words. "#" begins a comment. The line's own end may be part of it. The rule's texts are views
/// into the line. A line without words holds no rule. `bad_rule` for anything else; `rule` is then unchanged.
constexpr policy_line parse_policy_line(std::string_view line, policy_rule& rule) noexcept {
    std::size_t comment = 0;
    while (comment < line.size() && line[comment] != '#') {
        ++comment;
    }
    const std::string_view words = detail::trim(detail::part(line, 0, comment));
    policy_rule found;
    bool first = true;
    for (std::size_t at = 0; at < words.size();) {
        std::size_t end = at;
        while (end < words.size() && words[end] != ' ' && words[end] != '\t') {
            ++end;
        }
        const std::string_view word = detail::part(words, at, end);
        if (!(first ? detail::parse_policy(word, found.what) : detail::parse_member(word, found))) {
            return {errc::bad_rule, false, word};
        }
        first = false;
        at = detail::skip_blanks(words, end);
    }
    if (first) {
        return {errc::ok, true, {}};
    }
    rule = found;
    return {};
}

} // namespace tlsup
