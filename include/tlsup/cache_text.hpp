// cache_text.hpp: the capability cache as plain text, one line for each entry. Line ends are the caller's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cache.hpp"
#include "write_head.hpp"

namespace tlsup {

/// The longest line, without its line end. A buffer of this size has room for every entry.
inline constexpr std::size_t longest_entry = 338;

/// An entry's line, or why there is none. A view of the buffer that it was written into.
struct [[nodiscard]] written_entry {
    std::string_view text{};
    errc error = errc::ok;
};

namespace detail {

inline constexpr std::string_view scheme_words[] = {"http"sv, "https"sv};
inline constexpr std::string_view learned_words[] = {"clear"sv, "verified"sv};
inline constexpr std::string_view pinned_words[] = {"unpinned"sv, "pinned"sv};

/// Walks words of printable ASCII with one space between them.
class word_reader {
  public:
    explicit constexpr word_reader(std::string_view text) noexcept : text_(text) {}

    /// Nothing is left. False for good behind anything else that stands where a word should: a second space, a space
    /// at the end, a control character.
    [[nodiscard]] constexpr bool over() const noexcept { return at_ == text_.size(); }

    /// The next word; empty where there is none.
    constexpr std::string_view next() noexcept {
        const std::size_t end = skip(text_, at_, class_target);
        const std::string_view word = part(text_, at_, end);
        at_ = end + 1 < text_.size() && text_[end] == ' ' ? end + 1 : end;
        return word;
    }

    /// Reads one of two words.
    constexpr bool choice(const std::string_view (&words)[2], bool& second) noexcept {
        const std::string_view word = next();
        second = word == words[1];
        return second || word == words[0];
    }

    /// Reads a number without leading zeros.
    constexpr bool number(std::uint64_t largest, std::uint64_t& value) noexcept {
        const std::string_view word = next();
        return parse_number(word, largest, value) && (word.size() == 1 || word[0] != '0');
    }

    /// Reads a token that was not there before, spelled as `to_string` spells it.
    constexpr bool token(token_list& tokens) noexcept {
        const std::string_view word = next();
        tls_token read = tls_token::tls_1_0;
        if (parse_tls_token(word, read) != errc::ok || word != to_string(read) || tokens.contains(read)) {
            return false;
        }
        tokens.add(read);
        return true;
    }

  private:
    std::string_view text_;
    std::size_t at_ = 0;
};

} // namespace detail

/// Writes `scheme host port learned pinned expires token...`, such as
/// `http printer.example 631 verified pinned 0 TLS/1.3 TLS/1.2` or `http [2001:db8::1] 80 clear unpinned 86400
/// TLS/1.0`. `bad_argument`: a place that holds nothing, or what `learn` would not take. On an error nothing of the
/// buffer is to be used.
constexpr written_entry write_entry(room out, const capability& entry) noexcept {
    detail::head_writer writer(out);
    if (!detail::is_capability(entry)) {
        return {{}, errc::bad_argument};
    }
    writer.text(detail::scheme_words[entry.scheme == scheme::https ? 1 : 0]).text(" ").text(entry.host.view());
    writer.text(" ").number(entry.port);
    writer.text(" ").text(detail::learned_words[entry.how == learned::verified ? 1 : 0]);
    writer.text(" ").text(detail::pinned_words[entry.pinned ? 1 : 0]);
    writer.text(" ").number(entry.expires);
    for (std::size_t at = 0; at < entry.tokens.size(); ++at) {
        writer.text(" ").text(to_string(entry.tokens[at]));
    }
    const prepared line = writer.finish(head_kind::none, entry.tokens, method::other, false);
    return {line.head.text(), line.error};
}

/// Reads a line, without its line end, as `write_entry` writes it and not otherwise: each entry has one spelling. A
/// blank line, or one whose first word begins with `#`, is `ok` and an empty entry. `bad_entry` for anything else, for
/// a control character, and for more than `longest_entry` octets, in comments too; `entry` is then as it was.
[[nodiscard]] constexpr errc read_entry(std::string_view line, capability& entry) noexcept {
    if (line.size() > longest_entry || detail::skip_value(line, 0) != line.size()) {
        return errc::bad_entry;
    }
    const std::size_t first = detail::skip_blanks(line, 0);
    if (first == line.size() || line[first] == '#') {
        entry = {};
        return errc::ok;
    }
    detail::word_reader words(line);
    capability read;
    bool https = false;
    bool verified = false;
    std::uint64_t port = 0;
    bool good = words.choice(detail::scheme_words, https);
    read.host = host_text(words.next());
    good = good && words.number(65535, port) && words.choice(detail::learned_words, verified) &&
           words.choice(detail::pinned_words, read.pinned) && words.number(~std::uint64_t{0}, read.expires);
    while (good && !words.over()) {
        good = words.token(read.tokens);
    }
    read.scheme = https ? scheme::https : scheme::http;
    read.port = static_cast<std::uint16_t>(port);
    read.how = verified ? learned::verified : learned::in_clear;
    if (!good || !detail::is_capability(read)) {
        return errc::bad_entry;
    }
    entry = read;
    return errc::ok;
}

/// Reads a line and merges it as `learn` does: the stronger entry wins. Blank lines, comments and entries that have
/// expired are `ok`, without effect. `bad_entry`, `no_room`: this line is lost, and all else stays.
[[nodiscard]] constexpr errc load_entry(capability_cache& cache, std::string_view line, std::uint64_t now) noexcept {
    capability entry;
    const errc error = read_entry(line, entry);
    return error != errc::ok || entry.empty() ? error : cache.learn(entry, now);
}

} // namespace tlsup
