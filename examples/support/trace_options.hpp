// trace_options.hpp: the command line of trace, and the shape of what it prints.
#pragma once

#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <tlsup/tlsup.hpp>

namespace example {

inline constexpr std::string_view trace_help =
    R"(usage: trace server|client|hello [options] < BYTES

Feeds bytes from stdin to a state machine and prints each step as a JSON object on a line of its own.
There is no TLS: a handshake is taken to have succeeded, and what comes behind it is read as decrypted.

  --split N,N,...   cut the bytes into pieces of these sizes; the rest is the last one
  --each-byte       cut them into single bytes

server: takes each valid offer and answers every other request.
  --opossum bound-alpn|dedicated-name|accept-risk   bound-alpn by default
  --methods options|safe|any                        options by default
  --with-body                                       take offers on requests that have content

client: asks for http://localhost/.
  --require-tls | --offer | --plain                 --require-tls by default
  --peer strict|cups                                strict by default

hello: judges the first TLS flight.
  --host NAME                                       the request's host, localhost by default
  --opossum ...                                     as above
)";

struct usage_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct trace_options {
    std::string role;
    std::vector<std::size_t> split;
    bool each_byte = false;
    tlsup::server_options server{.upgrade = {tlsup::splice_defence::bound_alpn}};
    tlsup::client_options client{};
    bool offer = false;
    std::string host = "localhost";
    bool help = false;
};

inline std::vector<std::size_t> read_sizes(std::string_view text) {
    std::vector<std::size_t> sizes;
    for (bool more = true; more;) {
        const std::size_t comma = text.find(',');
        const std::string number(text.substr(0, comma));
        if (number.empty() || number.size() > 9 || number.find_first_not_of("0123456789") != std::string::npos) {
            throw usage_error("--split takes numbers with commas between them");
        }
        sizes.push_back(std::stoul(number));
        more = comma != std::string_view::npos;
        text.remove_prefix(more ? comma + 1 : text.size());
    }
    return sizes;
}

template <class Value> struct named {
    std::string_view name;
    Value value;
};

template <class Value, std::size_t Count>
Value choose(const named<Value> (&list)[Count], const std::string& option, const std::string& name) {
    for (const auto& each : list) {
        if (each.name == name) {
            return each.value;
        }
    }
    throw usage_error(option + " does not know " + name);
}

inline constexpr named<tlsup::splice_defence> defences[] = {
    {"bound-alpn", tlsup::splice_defence::bound_alpn},
    {"dedicated-name", tlsup::splice_defence::dedicated_name},
    {"accept-risk", tlsup::splice_defence::accept_splice_risk},
};
inline constexpr named<tlsup::method_policy> policies[] = {
    {"options", tlsup::method_policy::options_only},
    {"safe", tlsup::method_policy::safe},
    {"any", tlsup::method_policy::any},
};
inline constexpr named<tlsup::leniencies> peers[] = {{"strict", {}}, {"cups", {true, true}}};

/// Throws `usage_error`.
inline trace_options read_command_line(const std::vector<std::string>& words) {
    trace_options options;
    for (std::size_t at = 0; at < words.size(); ++at) {
        const std::string& word = words[at];
        const bool server = options.role == "server";
        const bool client = options.role == "client";
        const bool hello = options.role == "hello";
        const auto value = [&]() -> const std::string& {
            if (at + 1 == words.size()) {
                throw usage_error(word + " needs a value");
            }
            return words[++at];
        };
        if (word == "--help") {
            options.help = true;
            return options;
        } else if (at == 0) {
            if (word != "server" && word != "client" && word != "hello") {
                throw usage_error("there is no role " + word);
            }
            options.role = word;
        } else if (word == "--split") {
            options.split = read_sizes(value());
        } else if (word == "--each-byte") {
            options.each_byte = true;
        } else if ((server || hello) && word == "--opossum") {
            options.server.upgrade.defence = choose(defences, word, value());
        } else if (server && word == "--methods") {
            options.server.upgrade.methods = choose(policies, word, value());
        } else if (server && word == "--with-body") {
            options.server.upgrade.with_body = true;
        } else if (client && (word == "--require-tls" || word == "--offer" || word == "--plain")) {
            options.client.need = word == "--require-tls" ? tlsup::requirement::tls : tlsup::requirement::any;
            options.offer = word == "--offer";
        } else if (client && word == "--peer") {
            options.client.peer = choose(peers, word, value());
        } else if (hello && word == "--host") {
            options.host = value();
        } else {
            throw usage_error("there is no option " + word + " here");
        }
    }
    if (options.role.empty()) {
        throw usage_error("name a role: server, client or hello");
    }
    return options;
}

/// The pieces in which the bytes arrive.
inline std::vector<std::string> cut(std::string_view bytes, const trace_options& options) {
    std::vector<std::string> pieces;
    std::size_t index = 0;
    while (!bytes.empty()) {
        const std::size_t wanted = options.each_byte              ? 1
                                   : index < options.split.size() ? options.split[index]
                                                                  : bytes.size();
        const std::size_t size = std::min(wanted, bytes.size());
        if (size != 0) {
            pieces.emplace_back(bytes.substr(0, size));
        }
        bytes.remove_prefix(size);
        ++index;
    }
    return pieces;
}

/// The outcome's name, as it is spelled in code.
inline std::string_view name_of(tlsup::outcome how) {
    constexpr std::string_view names[] = {"pending",         "served",    "upgraded", "answered",
                                          "answered_secure", "released",  "detached", "refused",
                                          "broken",          "truncated", "failed",   "tunnelled"};
    return names[static_cast<std::size_t>(how)];
}

/// One JSON object on one line.
class json_line {
  public:
    json_line& text(std::string_view name, std::string_view value) {
        key(name);
        line_ += '"';
        for (const char each : value) {
            escape(static_cast<unsigned char>(each));
        }
        line_ += '"';
        return *this;
    }
    json_line& number(std::string_view name, std::size_t value) {
        key(name);
        line_ += std::to_string(value);
        return *this;
    }
    json_line& truth(std::string_view name, bool value) {
        key(name);
        line_ += value ? "true" : "false";
        return *this;
    }
    void print() const { std::printf("%s}\n", line_.c_str()); }

  private:
    void key(std::string_view name) {
        line_ += line_.size() == 1 ? "\"" : ",\"";
        line_ += name;
        line_ += "\":";
    }
    void escape(unsigned char byte) { // a byte above 126 stands for itself as U+00XX
        constexpr std::string_view digits = "0123456789abcdef";
        if (byte == '"' || byte == '\\') {
            line_ += '\\';
            line_ += static_cast<char>(byte);
        } else if (byte == '\r' || byte == '\n') {
            line_ += byte == '\r' ? "\\r" : "\\n";
        } else if (byte < ' ' || byte > '~') {
            line_ += "\\u00";
            line_ += digits[byte >> 4];
            line_ += digits[byte & 15];
        } else {
            line_ += static_cast<char>(byte);
        }
    }

    std::string line_ = "{";
};

} // namespace example
