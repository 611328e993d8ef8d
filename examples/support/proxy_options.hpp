// proxy_options.hpp: the command line of proxy.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tlsup/connect_proxy.hpp>
#include <tlsup/tunnel.hpp>

#include "log.hpp"
#include "login.hpp"
#include "net.hpp"
#include "next_proxy.hpp"
#include "numbers.hpp"

namespace example::proxy {

inline constexpr std::string_view help =
    R"(usage: proxy --listen ADDR:PORT --allow-port N... --half-close POLICY [option]...

Opens tunnels for clients that ask with CONNECT (RFC 9110 9.3.6), and does nothing else.

  --listen ADDR:PORT      where to listen; port 0 picks one, which is printed
  --allow-port N...       ports that tunnels may lead to: numbers, or ranges such as 8000-8099; may be repeated
  --allow-host PATTERN    hosts that tunnels may lead to: a name, an address, or *.NAME for all names below it; may be
                          repeated; without it all hosts, but none whose name is a number in disguise, such as 127.1.
                          An address that is not global needs --allow-address too
  --allow-address NETWORK an address or a network, as in 10.0.0.0/8 or ::1, that tunnels may lead to besides the global
                          addresses; may be repeated. Each address that a name resolves to is judged
  --half-close POLICY     what the end of one side means for the other:
                            close      what is outstanding is delivered, then both are closed (RFC 2817 5.3)
                            propagate  the end is passed on, and the other direction goes on
  --auth USER:PASS        clients have to know this (Basic)
  --auth-file FILE        the same, from the first line of a file: all users of a machine can see a command line
  --via [USER:PASS@]HOST:PORT
                          open all tunnels through this proxy. Names are then resolved there: only targets that
                          are addresses are judged here
  --via-auth-file FILE    USER:PASS for that proxy, from the first line of a file
  --allow-missing-host    forgive a CONNECT of HTTP/1.1 that has no Host, as lftp sends it
  --connections N         as many at once; who comes then gets 503 (default 4000)
  --head-seconds N        for a client to say what it wants (default 10)
  --dial-seconds N        to find and to reach its target (default 10)
  --idle-seconds N        for a tunnel in which nothing moves (default 600)
  --stop-seconds N        for the tunnels that are open when SIGTERM comes; a second one ends at once (default 10)
  --log FORMAT            one line on stderr for each connection: text (default) or json
  --help                  print this
)";

struct settings {
    endpoint listen;
    std::vector<tlsup::port_range> ports;
    std::vector<std::string> hosts;
    std::vector<tlsup::network> addresses;
    std::optional<tlsup::half_close> policy;
    std::string user;
    std::string password;
    std::optional<next_hop> via;
    std::optional<user_login> via_login; ///< from a file
    bool allow_missing_host = false;
    std::size_t connections = 4000;
    std::chrono::seconds head{10};
    std::chrono::seconds dial{10};
    std::chrono::seconds idle{600};
    std::chrono::seconds stop{10};
    event_log::format log = event_log::format::text;

    [[nodiscard]] tlsup::credentials login() const noexcept { return {user, password}; }
};

/// One of the words, as its meaning.
template <class Meaning>
Meaning choose(const std::string& name, const std::string& word,
               const std::pair<std::string_view, Meaning> (&known)[2]) {
    for (const auto& [spelling, meaning] : known) {
        if (word == spelling) {
            return meaning;
        }
    }
    throw failure(name + " does not know \"" + word + "\"; choose " + std::string(known[0].first) + " or " +
                  std::string(known[1].first));
}

inline tlsup::port_range ports(const std::string& word) {
    const std::size_t dash = std::min(word.find('-'), word.size());
    const std::string_view text = word;
    const auto first = parse_number(text.substr(0, dash), 1, 65535);
    const auto last = dash < word.size() ? parse_number(text.substr(dash + 1), 1, 65535) : first;
    if (!first || !last || *first > *last) {
        throw failure("--allow-port needs a port or a range, as in 443 or 8000-8099, not \"" + word + "\"");
    }
    return {static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last)};
}

inline std::string pattern(const std::string& word) {
    const std::string host = word.starts_with("*.") ? word.substr(2) : word;
    const bool bare_ipv6 = std::count(host.begin(), host.end(), ':') > 1 && host[0] != '[';
    const std::string authority = bare_ipv6 ? "[" + host + "]" : host;
    tlsup::authority parsed;
    if (parse_authority(authority, tlsup::port_rule::optional, parsed) != tlsup::errc::ok || parsed.host != authority) {
        throw failure("--allow-host needs a host without a port, or *.NAME, not \"" + word + "\"");
    }
    return word;
}

inline tlsup::network network(const std::string& word) {
    tlsup::network parsed;
    if (tlsup::parse_network(word, parsed) != tlsup::errc::ok) {
        throw failure("--allow-address needs an address or a network whose bits after the prefix are 0, as in "
                      "10.0.0.0/8 or ::1, not \"" +
                      word + "\"");
    }
    return parsed;
}

/// The value of an option: a login, or where the option's name ends so, a file with one.
inline user_login read_login(const std::string& name, const std::string& word) {
    const std::optional<std::string> text = name.ends_with("-file") ? first_line(word) : word;
    if (!text) {
        throw failure("cannot read " + word);
    }
    if (const std::optional<user_login> found = parse_login(*text)) {
        return *found;
    }
    throw failure(name + " needs a user and a password with a colon between them, as in --auth alice:secret");
}

/// The next proxy gets this login.
inline void log_in(next_hop& via, const user_login& with) {
    via.user = with.user;
    via.password = with.password;
    std::string room(next_proxy::room, '\0');
    const std::string longest(255, 'a');
    if (tlsup::write_connect(room, {longest, 65535, {via.user, via.password}}).error != tlsup::errc::ok) {
        throw failure("--via needs a shorter password");
    }
}

inline next_hop read_via(const std::string& word) {
    next_hop made;
    const std::size_t at = word.rfind('@');
    if (at != word.npos) {
        log_in(made, read_login("--via", word.substr(0, at)));
    }
    const std::string place = at == word.npos ? word : word.substr(at + 1);
    tlsup::authority parsed;
    if (parse_authority(place, tlsup::port_rule::required, parsed) != tlsup::errc::ok ||
        parsed.kind == tlsup::host_kind::number || parsed.kind == tlsup::host_kind::ip_future) {
        throw failure("--via needs a host and a port, as in proxy.example:3128, not \"" + place + "\"");
    }
    made.where = {std::string(tlsup::bare_host(parsed.host)), parsed.port, parsed.kind};
    return made;
}

inline void set_option(settings& made, const std::string& name, const std::string& word) {
    constexpr unsigned day = 24 * 60 * 60;
    using format = event_log::format;
    if (name == "--listen") {
        const std::optional<endpoint> found = parse_endpoint(word);
        if (!found) {
            throw failure("--listen needs an address and a port, as in 127.0.0.1:3128 or [::1]:3128");
        }
        made.listen = *found;
    } else if (name == "--allow-port") {
        made.ports.push_back(ports(word));
    } else if (name == "--allow-host") {
        made.hosts.push_back(pattern(word));
    } else if (name == "--allow-address") {
        made.addresses.push_back(network(word));
    } else if (name == "--half-close") {
        made.policy = choose<tlsup::half_close>(
            name, word, {{"close", tlsup::half_close::close_both}, {"propagate", tlsup::half_close::propagate}});
    } else if (name == "--auth" || name == "--auth-file") {
        if (!made.user.empty()) {
            throw failure("there is one login: give either --auth or --auth-file, and once");
        }
        const user_login known = read_login(name, word);
        made.user = known.user;
        made.password = known.password;
    } else if (name == "--via-auth-file") {
        made.via_login = read_login(name, word);
    } else if (name == "--via") {
        made.via = read_via(word);
    } else if (name == "--log") {
        made.log = choose<format>(name, word, {{"text", format::text}, {"json", format::json}});
    } else if (name == "--connections") {
        made.connections = number(name, word, 1, 1'000'000);
    } else if (name == "--head-seconds") {
        made.head = std::chrono::seconds(number(name, word, 1, day));
    } else if (name == "--dial-seconds") {
        made.dial = std::chrono::seconds(number(name, word, 1, day));
    } else if (name == "--idle-seconds") {
        made.idle = std::chrono::seconds(number(name, word, 1, 365 * day));
    } else {
        made.stop = std::chrono::seconds(number(name, word, 0, day));
    }
}

inline void add_via_login(settings& made) {
    if (!made.via_login) {
        return;
    }
    if (!made.via || !made.via->user.empty()) {
        throw failure("--via-auth-file needs a --via, without a login of its own");
    }
    log_in(*made.via, *made.via_login);
}

inline void check(const settings& made) {
    if (made.listen.port.empty()) {
        throw failure("say where to listen, as in --listen 127.0.0.1:3128");
    }
    if (made.ports.empty()) {
        throw failure("say which ports tunnels may lead to, as in --allow-port 443");
    }
    if (!made.policy) {
        throw failure("say what the end of one side means, with --half-close close or propagate; see --help");
    }
}

/// Throws `failure` with a message that says what to do.
inline settings parse(const std::vector<std::string>& words) {
    constexpr std::string_view valued[] = {"--listen",       "--allow-port",   "--allow-host",  "--allow-address",
                                           "--half-close",   "--auth",         "--auth-file",   "--via-auth-file",
                                           "--via",          "--log",          "--connections", "--head-seconds",
                                           "--dial-seconds", "--idle-seconds", "--stop-seconds"};
    settings made;
    for (std::size_t at = 0; at < words.size();) {
        const std::string& name = words[at++];
        if (name == "--allow-missing-host") {
            made.allow_missing_host = true;
            continue;
        }
        if (std::find(std::begin(valued), std::end(valued), name) == std::end(valued)) {
            throw failure("unknown option " + shown_option(name) + "; see --help");
        }
        if (at == words.size()) {
            throw failure(name + " needs a value");
        }
        set_option(made, name, words[at++]);
        while (name == "--allow-port" && at < words.size() && !words[at].starts_with("--")) {
            set_option(made, name, words[at++]);
        }
    }
    add_via_login(made);
    check(made);
    return made;
}

} // namespace example::proxy
