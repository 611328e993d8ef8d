// trace_options.hpp: the command line of trace, and the shape of what it prints.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <tlsup/tlsup.hpp>

#include "defence_option.hpp"

namespace example {

inline constexpr std::string_view trace_help =
    R"(usage: trace server|client|connect-client|connect-proxy|hello [options] < BYTES

Feeds bytes from stdin to a state machine and prints each step as a JSON object on a line of its own.
There is no TLS: a handshake is taken to have succeeded, and what comes behind it is read as decrypted.

  --split N,N,...   cut the bytes into pieces of these sizes; the rest is the last one
  --each-byte       cut them into single bytes

server: takes each valid offer and answers every other request.
  --opossum bound-alpn|dedicated-name=NAME[,NAME...]|accept-risk   bound-alpn by default
  --methods options|safe|any                        options by default
  --with-body                                       take offers on requests that have content

client: asks for http://localhost/.
  --require-tls | --offer | --plain                 --require-tls by default
  --peer strict|cups                                strict by default

connect-client: asks a proxy for a tunnel.
  --host NAME --port N                              localhost and 443 by default
  --login USER:PASSWORD                             for a proxy that asks for Basic

connect-proxy: answers CONNECT. Each dial succeeds.
  --allow-port N                                    443 by default; may be repeated
  --allow-address NETWORK                           besides the global addresses; may be repeated
  --login USER:PASSWORD                             refuse with 407 whoever does not bring it

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
    defence_option defence; // what `server.upgrade` refers to
    tlsup::server_options server{.upgrade = {tlsup::splice_defence::bound_alpn}};
    tlsup::client_options client{};
    bool offer = false;
    std::string host = "localhost";
    std::uint16_t port = 443;
    std::string user;
    std::string password;
    std::vector<tlsup::port_range> ports;
    std::vector<tlsup::network> addresses;
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

inline std::uint16_t read_port(const std::string& text) {
    const bool number = !text.empty() && text.size() <= 5 && text.find_first_not_of("0123456789") == std::string::npos;
    const unsigned long value = number ? std::stoul(text) : 0;
    if (value == 0 || value > 65535) {
        throw usage_error("a port is a number from 1 to 65535, not " + text);
    }
    return static_cast<std::uint16_t>(value);
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
        const bool connect_client = options.role == "connect-client";
        const bool connect_proxy = options.role == "connect-proxy";
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
            constexpr std::string_view roles[] = {"server", "client", "connect-client", "connect-proxy", "hello"};
            if (std::find(std::begin(roles), std::end(roles), word) == std::end(roles)) {
                throw usage_error("there is no role " + word);
            }
            options.role = word;
        } else if (word == "--split") {
            options.split = read_sizes(value());
        } else if (word == "--each-byte") {
            options.each_byte = true;
        } else if ((server || hello) && word == "--opossum") {
            const std::string& name = value();
            const std::optional<defence_option> found = defence_option::parse(name);
            if (!found) {
                throw usage_error(word + " does not know " + name);
            }
            options.defence = *found;
            options.defence.apply(options.server.upgrade);
        } else if (server && word == "--methods") {
            options.server.upgrade.methods = choose(policies, word, value());
        } else if (server && word == "--with-body") {
            options.server.upgrade.with_body = true;
        } else if (client && (word == "--require-tls" || word == "--offer" || word == "--plain")) {
            options.client.need = word == "--require-tls" ? tlsup::requirement::tls : tlsup::requirement::any;
            options.offer = word == "--offer";
        } else if (client && word == "--peer") {
            options.client.peer = choose(peers, word, value());
        } else if ((hello || connect_client) && word == "--host") {
            options.host = value();
        } else if (connect_client && word == "--port") {
            options.port = read_port(value());
        } else if (connect_proxy && word == "--allow-port") {
            const std::uint16_t port = read_port(value());
            options.ports.push_back({port, port});
        } else if (connect_proxy && word == "--allow-address") {
            options.addresses.emplace_back();
            if (tlsup::parse_network(value(), options.addresses.back()) != tlsup::errc::ok) {
                throw usage_error("--allow-address takes an address or a network, as in 10.0.0.0/8");
            }
        } else if ((connect_client || connect_proxy) && word == "--login") {
            const std::string& login = value();
            options.user = login.substr(0, login.find(':'));
            options.password = login.find(':') == std::string::npos ? "" : login.substr(login.find(':') + 1);
        } else {
            throw usage_error("there is no option " + word + " here");
        }
    }
    if (options.ports.empty()) {
        options.ports = {{443, 443}};
    }
    if (options.role.empty()) {
        throw usage_error("name a role: server, client, connect-client, connect-proxy or hello");
    }
    return options;
}

} // namespace example
