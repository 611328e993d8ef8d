// inputs.hpp: the seven heads that every parser reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// What a head is read as.
enum class role : std::uint8_t {
    request,      ///< at a server
    response,     ///< at a client that offered TLS
    connect,      ///< at a proxy
    connect_reply ///< at a client that sent CONNECT
};

struct input {
    std::string name;
    std::string what;
    role as = role::request;
    std::string bytes;

    [[nodiscard]] bool is_request() const noexcept { return as == role::request || as == role::connect; }
};

inline constexpr std::string_view options_offer = //
    "OPTIONS * HTTP/1.1\r\n"
    "Host: printer.example.com\r\n"
    "Upgrade: TLS/1.2, TLS/1.0\r\n"
    "Connection: Upgrade\r\n"
    "\r\n";
static_assert(options_offer.size() == 97);

inline constexpr std::string_view browser_get = //
    "GET /articles/2024/05/how-a-printer-speaks?page=2&sort=newest HTTP/1.1\r\n"
    "Host: www.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Accept-Language: en-US,en;q=0.5\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Referer: http://www.example.com/articles/2024/05/\r\n"
    "Cookie: session=3f9a1c5e7b2d4860a1c3e5f708192a3b; theme=dark; consent=necessary%2Cstatistics;"
    " _visit=GA1.2.1234567890.1716900000; last=%2Farticles%2F2024%2F04%2Fthe-paper-tray; seen=17; layout=two-columns; "
    "font=medium\r\n"
    "Cache-Control: max-age=0\r\n"
    "Upgrade: TLS/1.2\r\n"
    "Connection: keep-alive, Upgrade\r\n"
    "\r\n";
static_assert(browser_get.size() == 698);

inline constexpr std::string_view switching = //
    "HTTP/1.1 101 Switching Protocols\r\n"
    "Upgrade: TLS/1.2, HTTP/1.1\r\n"
    "Connection: Upgrade\r\n"
    "\r\n";
static_assert(switching.size() == 85);

inline constexpr std::string_view upgrade_required = //
    "HTTP/1.1 426 Upgrade Required\r\n"
    "Date: Mon, 06 May 2024 08:49:37 GMT\r\n"
    "Server: CUPS/2.4\r\n"
    "Upgrade: TLS/1.2,HTTP/1.1\r\n"
    "Connection: Upgrade\r\n"
    "Content-Language: en\r\n"
    "Content-Type: text/html\r\n"
    "Content-Length: 506\r\n"
    "\r\n";
static_assert(upgrade_required.size() == 204);

inline constexpr std::string_view curl_connect = //
    "CONNECT download.example.com:443 HTTP/1.1\r\n"
    "Host: download.example.com:443\r\n"
    "Proxy-Authorization: Basic dXNlcjpwYXNz\r\n"
    "User-Agent: curl/7.88.1\r\n"
    "Proxy-Connection: Keep-Alive\r\n"
    "\r\n";
static_assert(curl_connect.size() == 173);

inline constexpr std::string_view tinyproxy_200 = //
    "HTTP/1.0 200 Connection established\r\n"
    "Proxy-agent: tinyproxy/1.11.1\r\n"
    "\r\n";
static_assert(tinyproxy_200.size() == 70);

/// A GET of 80 fields, the offer at its end.
inline std::string long_get() {
    constexpr std::size_t size = 8189;
    constexpr std::string_view end = "Upgrade: TLS/1.2\r\nConnection: Upgrade\r\n\r\n";
    std::string head = "GET /reports/yearly?format=html HTTP/1.1\r\nHost: www.example.com\r\n";
    constexpr std::size_t others = 77;
    for (std::size_t number = 0; number < others; ++number) {
        head += "X-Context-" + std::to_string(number + 10) + ": ";
        const std::size_t lines_left = others - number;
        const std::size_t line_end = head.size() - 14 + (size - end.size() - (head.size() - 14)) / lines_left;
        while (head.size() < line_end - 2) {
            head += "Pages of nothing in particular; q=0.7, kept by a gateway"[head.size() % 56];
        }
        head += "\r\n";
    }
    return head.append(end);
}

inline const std::vector<input>& inputs() {
    static const std::vector<input> all = {
        {"a", "OPTIONS * with an offer", role::request, std::string(options_offer)},
        {"b", "a browser's GET, 10 fields and an offer", role::request, std::string(browser_get)},
        {"c", "the 101", role::response, std::string(switching)},
        {"d", "a 426 with 7 fields", role::response, std::string(upgrade_required)},
        {"e", "curl's CONNECT with Proxy-Authorization", role::connect, std::string(curl_connect)},
        {"f", "tinyproxy's 200 to CONNECT", role::connect_reply, std::string(tinyproxy_200)},
        {"g", "a GET of 80 fields, the offer at its end", role::request, long_get()},
    };
    return all;
}

} // namespace bench
