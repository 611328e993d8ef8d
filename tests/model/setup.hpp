// setup.hpp: what stands at the two ends of a composition, and what the network between them may put in.
#pragma once

#include <string>
#include <string_view>
#include <tlsup/tlsup.hpp>
#include <vector>

#include "items.hpp"

namespace model {

using namespace tlsup;

inline constexpr std::string_view host = "example.com";
inline constexpr std::string_view secret_target = "/secret";
inline constexpr token_list offered{tls_token::tls_1_2, tls_token::tls_1_0};

/// The client's end.
enum class client_kind : unsigned char {
    upgrading, ///< the library's
    victim,    ///< speaks TLS at once, trusts the server's certificate, and sends one request
};

/// The server's end.
enum class server_kind : unsigned char {
    upgrading, ///< the library's
    implicit,  ///< speaks TLS at once
};

struct setup {
    std::string name{};
    std::vector<item> up{};   ///< what the network can put in, on the way to the server
    std::vector<item> down{}; ///< and to the client
    client_kind client = client_kind::upgrading;
    client_options asks{};
    std::string_view protocol = alpn_name; ///< that its ClientHello offers; empty: no ALPN
    bool through_proxy = false;            ///< CONNECT first
    server_kind server = server_kind::upgrading;
    server_options serves{};
    std::string_view certificate = host; ///< the name in the server's
    bool strict = false;                 ///< 426 to what has no offer
    bool proxy_denies = false;
    unsigned budget = 1;
    bool must_break = false; ///< an answer for another request is expected to be found
};

/// The heads that the client's end may write.
inline prepared_head probe_head() {
    static char text[200];
    static const prepared made = write_probe(text, host, offered);
    return made.head;
}
inline prepared_head get_head(bool offers) {
    static char text[2][200];
    static const prepared plain = write_request(text[0], {"GET", secret_target, host, {}, {}});
    static const prepared with_offer = write_request(text[1], {"GET", secret_target, host, offered, {}});
    return (offers ? with_offer : plain).head;
}
inline prepared_head post_head() {
    static char text[300];
    static const prepared made =
        write_request(text, {"POST", secret_target, host, offered, {framing::length, 4, true}});
    return made.head;
}
inline prepared_head connect_head() {
    static char text[200];
    static const prepared made = write_connect(text, {host, 80, {}});
    return made.head;
}
inline constexpr std::string_view post_body = "body";
inline constexpr port_range tunnel_ports[] = {{80, 80}};

/// A response that says which request it was made for.
inline std::string answer_for(char label) {
    return std::string("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n") + label;
}
/// The label of a request, by its target.
inline char label_of(std::string_view target) {
    return target == secret_target ? 'S' : target == "/victim" ? 'V' : target == "*" ? 'O' : 'E';
}

/// The names of a server under `dedicated_name`. What the victim asks for is none of them.
inline constexpr std::string_view dedicated[] = {"ipp.example"};

inline std::string offer_for(std::string_view name) {
    return "OPTIONS * HTTP/1.1\r\nHost: " + std::string(name) +
           "\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2, TLS/1.0\r\n\r\n";
}

/// What the network can put in from nowhere, on the way to the server and on the way to the client. On either way one
/// piece of what belongs on the other stands for all of them: a parser takes them for the same.
struct alphabet {
    std::vector<item> up{};
    std::vector<item> down{};
};

inline alphabet whole_alphabet() {
    const std::string end = "\r\n\r\n";
    const std::string offer = "Connection: Upgrade\r\nUpgrade: TLS/1.2, TLS/1.0";
    const std::string named = "Connection: Upgrade\r\nUpgrade: TLS/1.2";
    const std::string switching = "HTTP/1.1 101 Switching Protocols\r\n";
    const std::string host_line = "Host: " + std::string(host) + "\r\n";
    const std::string with_length = "HTTP/1.1 200 OK\r\nContent-Length: 5" + end;
    const std::string upgrading = offer_for(host);
    alphabet all;
    for (const std::string& each : {
             upgrading,
             "GET /evil HTTP/1.1\r\n" + host_line + offer + end,
             "POST /evil HTTP/1.1\r\n" + host_line + offer + "\r\nContent-Length: 4" + end + "evil",
             "GET /evil HTTP/1.1\r\n" + host_line + "\r\n",
             std::string(post_body),
             client_hello('a', {}, {}),
             client_hello('a', "h2", host),
             client_hello('a', alpn_name, host),
             client_hello('a', alpn_name, "other.example"),
             "CONNECT evil.example:80 HTTP/1.1\r\nHost: evil.example:80" + end,
             with_length,
         }) {
        all.up.push_back(texts().number(each));
    }
    for (const std::string& each : {
             std::string(continue_100),
             switching + named + ", HTTP/1.1" + end,
             switching + "Connection: Upgrade" + end,
             switching + "Upgrade: TLS/1.2" + end,
             switching + "Connection: Upgrade\r\nUpgrade: TLS/1.1" + end,
             switching + "Connection: Upgrade\r\nUpgrade: TLS/1.3" + end,
             switching + "Connection: Upgrade\r\nUpgrade: HTTP/1.1, TLS/1.2" + end,
             switching + named + ", TLS/1.0" + end,
             switching + "Connection: Keep-Alive\r\nContent-Length: 0\r\nUpgrade: TLS/1.2,TLS/1.0" + end,
             answer_for('A'),
             "HTTP/1.1 200 OK\r\n" + named + "\r\nContent-Length: 0" + end,
             "HTTP/1.1 426 Upgrade Required\r\n" + named + "\r\nContent-Length: 0" + end,
             "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0" + end,
             "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0" + end,
             "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0" + end,
             with_length,
             "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0" + end,
             upgrading,
         }) {
        all.down.push_back(texts().number(each));
    }
    for (const std::string& each : {std::string(tls_alert), std::string("junk\r\n"), std::string("t")}) {
        all.up.push_back(texts().number(each));
        all.down.push_back(texts().number(each));
    }
    return all;
}

} // namespace model
