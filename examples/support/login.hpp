// login.hpp: a user and a password, from a command line or from a file, which nobody else can see.
#pragma once

#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include <tlsup/basic.hpp>

namespace example {

struct user_login {
    std::string user;
    std::string password;
};

/// What may be shown of a word of the command line that is no option: the rest may be a secret.
inline std::string shown_option(const std::string& word) {
    return word.substr(0, word.find_first_not_of("-abcdefghijklmnopqrstuvwxyz"));
}

/// Reads `USER:PASS`, where only the password may hold colons; nothing where it is none, or has no user.
inline std::optional<user_login> parse_login(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == 0 || colon == text.npos ||
        !tlsup::detail::are_credentials({text.substr(0, colon), text.substr(colon + 1)})) {
        return std::nullopt;
    }
    return user_login{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

/// The first line of a file, without its line end; nothing where it cannot be read.
inline std::optional<std::string> first_line(const std::string& file) {
    std::ifstream text(file);
    std::string line;
    std::getline(text, line);
    if (!text.is_open() || text.bad()) {
        return std::nullopt;
    }
    if (!line.empty() && line.back() == '\r') {
        line.pop_back();
    }
    return line;
}

} // namespace example
