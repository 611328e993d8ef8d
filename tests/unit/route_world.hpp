// What a route meets in the tests: proxies and servers of every temper, played by a few lines each. They share no code
// with the library.
#pragma once

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <tlsup/tlsup.hpp>
#include <vector>

namespace unit {

enum class server_temper { upgrades, says_426, says_bare_426, ignores, refuses, lies };
enum class proxy_temper { opens, asks, asks_and_closes, refuses };

inline constexpr std::string_view login_line = "Proxy-Authorization: Basic dTpw\r\n"; // u:p

/// One connection after the other, from the route's end: bytes go in, bytes come out.
class world {
  public:
    world(server_temper server, std::vector<proxy_temper> proxies) : server_(server), proxies_(std::move(proxies)) {}

    void connect() {
        ++connections;
        layer_ = 0;
        input_.clear();
        closed = false;
        in_tls_ = false;
        transcript += "-- connection " + std::to_string(connections) + "\n";
    }

    /// What the peer says to these bytes.
    std::string hear(std::string_view bytes, bool secure) {
        input_ += bytes;
        std::string said;
        while (!closed) {
            const std::size_t end = input_.find("\r\n\r\n");
            if (end == std::string::npos) {
                return said;
            }
            const std::string head = input_.substr(0, end + 4);
            input_.erase(0, end + 4);
            transcript += (secure ? ">> " : "> ") + head;
            note(head, secure);
            const std::string answer = secure ? inside(head) : layer_ < proxies_.size() ? proxy(head) : origin(head);
            transcript += (secure ? "<< " : "< ") + answer;
            said += answer;
        }
        return said;
    }

    void start_tls() {
        CHECK(awaits_tls_);
        awaits_tls_ = false;
        in_tls_ = true;
        transcript += "-- TLS\n";
    }

    unsigned connections = 0;
    unsigned clear_requests = 0;  // the request itself, in clear, to whomever
    unsigned secure_requests = 0; // inside TLS
    bool closed = false;
    std::string problem{};
    std::string transcript{};

  private:
    static bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

    void note(std::string_view head, bool secure) {
        const bool to_proxy = !secure && layer_ < proxies_.size();
        clear_requests += !secure && has(head, "X-Secret") ? 1 : 0;
        secure_requests += secure && has(head, "X-Secret") ? 1 : 0;
        if (to_proxy && has(head, "Upgrade")) {
            problem = "a proxy got an offer";
        }
        if (!to_proxy && has(head, "Proxy-Authorization")) {
            problem = "a login went past its proxy";
        }
        if (to_proxy && has(head, login_line) && asked_.find(static_cast<char>('0' + layer_)) == std::string::npos) {
            problem = "a login went to a proxy that had not asked";
        }
        if (secure != in_tls_) {
            problem = "clear and TLS are mixed up";
        }
    }

    std::string proxy(const std::string& head) {
        const proxy_temper how = proxies_[layer_];
        const bool connect = head.starts_with("CONNECT ");
        const bool asks = how == proxy_temper::asks || how == proxy_temper::asks_and_closes;
        if (asks && !has(head, login_line)) {
            asked_ += static_cast<char>('0' + layer_);
            closed = how == proxy_temper::asks_and_closes;
            return std::string("HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"x\"\r\n") +
                   (closed ? "Connection: close\r\n" : "") + "Content-Length: 4\r\n\r\nWho?";
        }
        if (connect && how == proxy_temper::refuses) {
            closed = true;
            return "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nNo";
        }
        if (connect) {
            const bool last = layer_ + 1 == proxies_.size();
            if (!has(head, last ? "CONNECT server.example:80 HTTP/1.1" : "CONNECT second.example:8080 HTTP/1.1")) {
                problem = "a tunnel to the wrong place";
            }
            ++layer_;
            return "HTTP/1.1 200 Open\r\n\r\n";
        }
        if (layer_ + 1 != proxies_.size() || !has(head, " http://server.example/secret HTTP/1.1\r\n")) {
            problem = "a request that is not for this proxy";
        }
        // It knows nothing of RFC 2817: Upgrade and Connection concern one hop, so they are gone.
        std::string answer = origin(head);
        for (const std::string_view line : {"Upgrade: TLS/1.2, HTTP/1.1\r\n", "Connection: Upgrade\r\n"}) {
            const std::size_t at = answer.find(line);
            if (!answer.starts_with("HTTP/1.1 101") && at != std::string::npos) {
                answer.erase(at, line.size());
            }
        }
        return answer;
    }

    std::string origin(std::string_view head) {
        const bool offer = has(head, "Upgrade: TLS/1.2") && has(head, "Connection: Upgrade");
        const bool takes = server_ == server_temper::upgrades || server_ == server_temper::says_426 ||
                           server_ == server_temper::says_bare_426;
        if (offer && takes) {
            awaits_tls_ = true;
            return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.2, HTTP/1.1\r\nConnection: Upgrade\r\n\r\n";
        }
        switch (server_) {
        case server_temper::says_426:
            return "HTTP/1.1 426 Upgrade Required\r\nUpgrade: TLS/1.2, HTTP/1.1\r\nConnection: Upgrade\r\n"
                   "Content-Length: 3\r\n\r\nTLS";
        case server_temper::says_bare_426:
            return "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 3\r\n\r\nTLS";
        case server_temper::refuses:
            return "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nNo";
        case server_temper::lies:
            return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.1\r\nConnection: Upgrade\r\n\r\n";
        case server_temper::upgrades:
        case server_temper::ignores:
            break;
        }
        return "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nclear";
    }

    // The request that was upgraded is answered without being asked again. RFC 2817 3.3.
    std::string inside(std::string_view) { return secure_answer(); }

  public:
    static std::string secure_answer() { return "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecure"; }

  private:
    server_temper server_;
    std::vector<proxy_temper> proxies_;
    std::string input_{};
    std::string asked_{};
    std::size_t layer_ = 0;
    bool awaits_tls_ = false;
    bool in_tls_ = false;
};

} // namespace unit
