// fetch_options.hpp: the command line of fetch.
#pragma once

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tlsup/tlsup.hpp>

#include "fetch_file.hpp"
#include "login.hpp"
#include "net.hpp"

namespace example {

inline constexpr std::string_view fetch_help =
    R"(usage: fetch [options] http://HOST[:PORT]/PATH

Fetches a resource over HTTP/1.1, and upgrades the connection to TLS on the way (RFC 2817).

  --require-tls       ask for TLS with OPTIONS * first; send nothing else in clear (default)
  --offer             send the request in clear with an offer; TLS if the server takes it
  --plain             send the request in clear; TLS only if the server demands it with a 426
  --proxy http://[USER:PASSWORD@]HOST:PORT
                      reach the server through this proxy; repeated: through several, nearest first. TLS and offers go
                      through a tunnel (CONNECT); with --plain the last proxy passes the request on, and a 426 leads
                      into a tunnel. A login is sent when its proxy asks for it, to no other proxy, and never inside
                      the tunnel. All users of a machine can see a command line: better write it into a file
  --proxy-auth-file FILE
                      the login of the --proxy before it: USER:PASSWORD, the first line of the file
  --tunnel            go through a tunnel of --proxy with --plain too, and with --offer go nowhere else
  --cache FILE        remember which servers do TLS; what is remembered raises --plain and --offer to --require-tls.
                      Several may share it: each adds what it learned to what is there by then, under FILE.lock
  --cache-pin         what was reached over TLS needs TLS from then on, without end
  --cacert FILE       trust the certificates in this PEM file instead of the system's
  --pin SHA256        trust exactly the certificate with this SHA-256, in hex
  --insecure          trust any certificate
  --peer strict|cups  cups: forgive what CUPS does to its 101 and its 426
  --no-alpn           do not offer the ALPN protocol tlsup/1
  --timeout SECONDS   for the whole exchange, 30 by default; and as long again for FILE.lock
  -X METHOD           GET by default, POST with --data
  -H 'NAME: VALUE'    another field of the request; may be repeated
  -H @FILE            the same, one on each line of the file
  --data @FILE        send the file as content
  -o FILE             write the response's content there; without a response the file stays as it was
  -v                  show on stderr what is said, in clear and inside TLS, but no login and no cookie
  --help              this text

An option with a value is given once, but for --proxy, its --proxy-auth-file, and -H.

exit status: 0 answered, with the security that was asked for; 1 usage; 2 network; 3 refused: TLS was required and
there was none; 4 a server or a proxy broke the protocol; 5 TLS; 6 a proxy refused the tunnel
)";

/// The command line asks for something that cannot be done.
struct usage_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// A proxy on the way, and what to say when it asks who we are.
struct proxy_hop {
    endpoint where;
    std::string user;
    std::string password;

    [[nodiscard]] bool has_login() const { return !user.empty() || !password.empty(); }
};

enum class fetch_mode : unsigned char { require_tls, offer, plain };

struct fetch_options {
    fetch_mode mode = fetch_mode::require_tls;
    std::string authority; ///< as in the URL: what Host says
    std::string host;      ///< without brackets and trailing dot
    std::string port;
    std::string target;
    std::string method;
    std::vector<std::pair<std::string, std::string>> fields;
    std::optional<std::string> content;
    std::vector<proxy_hop> proxies;
    std::string cacert;
    std::string pin;
    std::string output;
    std::string cache;
    unsigned timeout = 30;
    bool tunnel = false;
    bool cache_pin = false;
    bool insecure = false;
    bool cups = false;
    bool alpn = true;
    bool verbose = false;
    bool help = false;
};

inline void read_url(std::string_view url, fetch_options& options) {
    constexpr std::string_view scheme = "http://";
    if (url.substr(0, scheme.size()) != scheme) {
        throw usage_error("the URL has to start with http://");
    }
    url.remove_prefix(scheme.size());
    url = url.substr(0, url.find('#'));
    const std::size_t end = std::min(url.find_first_of("/?"), url.size());
    options.authority = url.substr(0, end);
    options.target = url.substr(end);
    if (options.target.empty() || options.target.front() == '?') {
        options.target.insert(0, "/");
    }
    tlsup::authority parsed;
    if (tlsup::parse_authority(options.authority, tlsup::port_rule::optional, parsed) != tlsup::errc::ok) {
        throw usage_error("the URL has no valid host");
    }
    options.host = parsed.host;
    if (parsed.kind == tlsup::host_kind::ipv6) {
        options.host = options.host.substr(1, options.host.size() - 2);
    } else if (options.host.size() > 1 && options.host.back() == '.') {
        options.host.pop_back();
    }
    options.port = std::to_string(parsed.port == 0 ? 80 : parsed.port);
}

/// The octets of a URL's userinfo. RFC 3986 2.1.
inline std::string decoded(std::string_view text) {
    std::string made;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const std::string digits(text.substr(at + 1, 2));
        const bool escape = text[at] == '%' && digits.size() == 2 &&
                            digits.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
        made += escape ? static_cast<char>(std::stoul(digits, nullptr, 16)) : text[at];
        at += escape ? 2 : 0;
    }
    return made;
}

inline proxy_hop read_proxy(std::string_view url) {
    constexpr std::string_view scheme = "http://";
    if (url.substr(0, scheme.size()) == scheme) {
        url.remove_prefix(scheme.size());
    }
    if (!url.empty() && url.back() == '/') {
        url.remove_suffix(1);
    }
    proxy_hop made;
    if (const std::size_t at = url.rfind('@'); at != std::string_view::npos) {
        const std::string_view login = url.substr(0, at);
        const std::size_t colon = std::min(login.find(':'), login.size());
        made.user = decoded(login.substr(0, colon));
        made.password = colon < login.size() ? decoded(login.substr(colon + 1)) : std::string();
        url.remove_prefix(at + 1);
    }
    const std::optional<endpoint> where = parse_endpoint(url);
    if (!where || where->port == "0") {
        throw usage_error("--proxy looks like http://proxy.example:8080 or http://user:password@proxy.example:8080");
    }
    made.where = *where;
    return made;
}

inline std::string read_file(const std::string& name) {
    std::ifstream file(name, std::ios::binary);
    std::string text;
    for (char bytes[4096]; file.read(bytes, sizeof bytes) || file.gcount() > 0;) {
        text.append(bytes, static_cast<std::size_t>(file.gcount()));
    }
    if (!file.is_open() || file.bad()) {
        throw usage_error("cannot read " + name);
    }
    return text;
}

inline void read_proxy_login(const std::string& file, std::vector<proxy_hop>& proxies) {
    if (proxies.empty()) {
        throw usage_error("--proxy-auth-file comes after the --proxy that it is for");
    }
    if (proxies.back().has_login()) {
        throw usage_error("--proxy has one login: from its URL, or from one --proxy-auth-file");
    }
    const std::optional<std::string> line = first_line(file);
    const std::optional<user_login> found = parse_login(line.value_or(std::string()));
    if (!found) {
        throw usage_error("--proxy-auth-file needs USER:PASSWORD in the first line of " + file);
    }
    proxies.back().user = found->user;
    proxies.back().password = found->password;
}

inline std::pair<std::string, std::string> read_field(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) {
        throw usage_error("a field looks like 'name: value'");
    }
    const std::string_view value = text.substr(colon + 1);
    const std::size_t from = std::min(value.find_first_not_of(" \t"), value.size());
    const std::size_t last = value.find_last_not_of(" \t");
    const std::size_t count = last == std::string_view::npos ? 0 : last + 1 - from;
    return {std::string(text.substr(0, colon)), std::string(value.substr(from, count))};
}

/// `NAME: VALUE`, or `@` and the name of a file with such lines.
inline void read_fields(const std::string& text, std::vector<std::pair<std::string, std::string>>& fields) {
    if (!text.starts_with('@')) {
        fields.push_back(read_field(text));
        return;
    }
    std::istringstream lines(read_file(text.substr(1)));
    for (std::string line; std::getline(lines, line);) {
        if (line.ends_with('\r')) {
            line.pop_back();
        }
        if (!line.empty()) {
            fields.push_back(read_field(line));
        }
    }
}

inline std::string read_pin(std::string pin) {
    std::erase(pin, ':');
    for (char& each : pin) {
        each = each >= 'A' && each <= 'F' ? static_cast<char>(each - 'A' + 'a') : each;
    }
    if (pin.size() != 64 || pin.find_first_not_of("0123456789abcdef") != std::string::npos) {
        throw usage_error("--pin takes the 64 hex digits of a SHA-256");
    }
    return pin;
}

inline unsigned read_seconds(const std::string& text) {
    if (text.empty() || text.size() > 5 || text.find_first_not_of("0123456789") != std::string::npos || text == "0") {
        throw usage_error("--timeout takes a number of seconds from 1 to 99999");
    }
    return static_cast<unsigned>(std::stoul(text));
}

/// The content must not take the place of the cache, nor of what stands beside it while it is written.
inline void check_output(const fetch_options& options) {
    if (options.output.empty()) {
        return;
    }
    for (const char* suffix : {"", ".lock", ".new"}) {
        if (!options.cache.empty() && same_file(options.output, linked_file(options.cache) + suffix)) {
            throw usage_error("--cache and -o name the same file");
        }
    }
    if (!can_write(options.output)) {
        throw usage_error("cannot write " + options.output);
    }
}

/// Throws `usage_error`.
inline fetch_options read_command_line(const std::vector<std::string>& words) {
    constexpr std::string_view repeatable[] = {"--proxy", "--proxy-auth-file", "-H"};
    fetch_options options;
    std::string url;
    std::string mode;  // the option that chose it
    std::string trust; // the option that says whom to trust
    std::set<std::string> given;
    const auto choose = [](std::string& chosen, const std::string& word) {
        if (!chosen.empty() && chosen != word) {
            throw usage_error(chosen + " and " + word + " contradict each other");
        }
        chosen = word;
    };
    for (std::size_t at = 0; at < words.size(); ++at) {
        const std::string& word = words[at];
        const auto value = [&]() -> const std::string& {
            if (at + 1 == words.size()) {
                throw usage_error(word + " needs a value");
            }
            const bool again = !given.insert(word).second;
            if (again && std::find(std::begin(repeatable), std::end(repeatable), word) == std::end(repeatable)) {
                throw usage_error(word + " is given twice");
            }
            return words[++at];
        };
        if (word == "--help") {
            options.help = true;
            return options;
        } else if (word == "--require-tls") {
            choose(mode, word);
            options.mode = fetch_mode::require_tls;
        } else if (word == "--offer") {
            choose(mode, word);
            options.mode = fetch_mode::offer;
        } else if (word == "--plain") {
            choose(mode, word);
            options.mode = fetch_mode::plain;
        } else if (word == "--proxy") {
            options.proxies.push_back(read_proxy(value()));
        } else if (word == "--proxy-auth-file") {
            read_proxy_login(value(), options.proxies);
        } else if (word == "--tunnel") {
            options.tunnel = true;
        } else if (word == "--cache") {
            options.cache = value();
        } else if (word == "--cache-pin") {
            options.cache_pin = true;
        } else if (word == "--cacert") {
            choose(trust, word);
            options.cacert = value();
        } else if (word == "--pin") {
            choose(trust, word);
            options.pin = read_pin(value());
        } else if (word == "--insecure") {
            choose(trust, word);
            options.insecure = true;
        } else if (word == "--peer") {
            const std::string& peer = value();
            if (peer != "strict" && peer != "cups") {
                throw usage_error("--peer is strict or cups");
            }
            options.cups = peer == "cups";
        } else if (word == "--no-alpn") {
            options.alpn = false;
        } else if (word == "--timeout") {
            options.timeout = read_seconds(value());
        } else if (word == "-X") {
            options.method = value();
        } else if (word == "-H") {
            read_fields(value(), options.fields);
        } else if (word == "--data") {
            const std::string& file = value();
            if (file.size() < 2 || file.front() != '@') {
                throw usage_error("--data takes @ and the name of a file");
            }
            options.content = read_file(file.substr(1));
        } else if (word == "-o") {
            options.output = value();
        } else if (word == "-v") {
            options.verbose = true;
        } else if (word.size() > 1 && word.front() == '-') {
            throw usage_error("there is no option " + shown_option(word));
        } else if (!url.empty()) {
            throw usage_error("there is more than one URL");
        } else {
            url = word;
        }
    }
    if (options.cache_pin && options.cache.empty()) {
        throw usage_error("--cache-pin needs --cache");
    }
    if (options.tunnel && options.proxies.empty()) {
        throw usage_error("--tunnel needs --proxy");
    }
    check_output(options);
    if (options.proxies.size() > 8) {
        throw usage_error("there are more than eight proxies");
    }
    if (url.empty()) {
        throw usage_error("there is no URL");
    }
    read_url(url, options);
    if (options.method.empty()) {
        options.method = options.content ? "POST" : "GET";
    }
    return options;
}

} // namespace example
