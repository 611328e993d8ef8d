// real_heads.hpp: heads as programs send them: CUPS, Apache, curl, Wget, OpenSSL, socat, Squid, tinyproxy, Privoxy.
#pragma once

#include <vector>

#include "inputs.hpp"

namespace bench {

inline const std::vector<input>& real_heads() {
    static const std::vector<input> all = {
        {"cups-options", "", role::request,
         "OPTIONS * HTTP/1.1\r\n"
         "Connection: Upgrade\r\n"
         "Host: localhost:631\r\n"
         "Upgrade: TLS/1.2,TLS/1.1,TLS/1.0\r\n"
         "User-Agent: CUPS/2.4.2 (Linux; x86_64) IPP/2.0\r\n"
         "\r\n"},
        {"cups-post", "", role::request,
         "POST /printers/x HTTP/1.1\r\n"
         "Content-Length: 120\r\n"
         "Content-Type: application/ipp\r\n"
         "Date: Mon, 23 Nov 2026 23:02:51 GMT\r\n"
         "Host: localhost:631\r\n"
         "User-Agent: CUPS/2.4.2 (Linux; x86_64) IPP/2.0\r\n"
         "Accept-Encoding: deflate, gzip, identity\r\n"
         "Expect: 100-continue\r\n"
         "\r\n"},
        {"curl-get", "", role::request,
         "GET /status HTTP/1.1\r\n"
         "Host: localhost:8080\r\n"
         "User-Agent: curl/7.88.1\r\n"
         "Accept: */*\r\n"
         "\r\n"},
        {"wget-get", "", role::request,
         "GET /index.html HTTP/1.1\r\n"
         "Host: localhost:8080\r\n"
         "User-Agent: Wget/1.21.3\r\n"
         "Accept: */*\r\n"
         "Accept-Encoding: identity\r\n"
         "Connection: Keep-Alive\r\n"
         "\r\n"},
        {"websocket", "", role::request,
         "GET /chat HTTP/1.1\r\n"
         "Host: server.example.com\r\n"
         "Upgrade: websocket\r\n"
         "Connection: Upgrade\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
         "Origin: http://example.com\r\n"
         "Sec-WebSocket-Protocol: chat, superchat\r\n"
         "Sec-WebSocket-Version: 13\r\n"
         "\r\n"},
        {"h2c", "", role::request,
         "GET / HTTP/1.1\r\n"
         "Host: localhost:8080\r\n"
         "User-Agent: curl/7.88.1\r\n"
         "Accept: */*\r\n"
         "Connection: Upgrade, HTTP2-Settings\r\n"
         "Upgrade: h2c\r\n"
         "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n"
         "\r\n"},
        {"curl-connect", "", role::connect,
         "CONNECT example.test:443 HTTP/1.1\r\n"
         "Host: example.test:443\r\n"
         "User-Agent: curl/7.88.1\r\n"
         "Proxy-Connection: Keep-Alive\r\n"
         "\r\n"},
        {"curl-connect-ipv6", "", role::connect,
         "CONNECT [2001:db8::1]:8443 HTTP/1.1\r\n"
         "Host: [2001:db8::1]:8443\r\n"
         "User-Agent: curl/7.88.1\r\n"
         "Proxy-Connection: Keep-Alive\r\n"
         "\r\n"},
        {"wget-connect", "", role::connect,
         "CONNECT example.test:443 HTTP/1.1\r\n"
         "User-Agent: Wget/1.21.3\r\n"
         "Proxy-Authorization: Basic dXNlcjpwYXNz\r\n"
         "Host: example.test:443\r\n"
         "\r\n"},
        {"openssl-connect", "", role::connect,
         "CONNECT example.test:443 HTTP/1.0\r\n"
         "Proxy-Connection: Keep-Alive\r\n"
         "\r\n"},
        {"socat-connect", "", role::connect,
         "CONNECT example.test:443 HTTP/1.0\r\n"
         "\r\n"},
        {"apache-101", "", role::response,
         "HTTP/1.1 101 Switching Protocols\r\n"
         "Upgrade: TLS/1.0, HTTP/1.1\r\n"
         "Connection: Upgrade\r\n"
         "\r\n"},
        {"apache-200", "", role::response,
         "HTTP/1.1 200 OK\r\n"
         "Date: Mon, 23 Nov 2026 23:02:51 GMT\r\n"
         "Server: Apache/2.4.62 (Debian) OpenSSL/1.1.1w\r\n"
         "Upgrade: TLS/1.0, HTTP/1.1\r\n"
         "Connection: upgrade\r\n"
         "Last-Modified: Mon, 23 Nov 2026 23:02:51 GMT\r\n"
         "ETag: \"12-660f9874a8667\"\r\n"
         "Accept-Ranges: bytes\r\n"
         "Content-Length: 18\r\n"
         "Content-Type: text/html\r\n"
         "\r\n"},
        {"apache-chunked", "", role::response,
         "HTTP/1.1 200 OK\r\n"
         "Date: Mon, 23 Nov 2026 23:02:51 GMT\r\n"
         "Server: Apache/2.4.62 (Debian) OpenSSL/1.1.1w\r\n"
         "Transfer-Encoding: chunked\r\n"
         "Content-Type: text/plain\r\n"
         "\r\n"},
        {"cups-200", "", role::response,
         "HTTP/1.1 200 OK\r\n"
         "Connection: Keep-Alive\r\n"
         "Content-Language: en\r\n"
         "Content-Length: 21\r\n"
         "Content-Type: text/html; charset=utf-8\r\n"
         "Date: Mon, 23 Nov 2026 23:02:51 GMT\r\n"
         "Keep-Alive: timeout=10\r\n"
         "Last-Modified: Mon, 23 Nov 2026 23:02:51 GMT\r\n"
         "Accept-Encoding: gzip, deflate, identity\r\n"
         "Server: CUPS/2.4 IPP/2.1\r\n"
         "X-Frame-Options: DENY\r\n"
         "Content-Security-Policy: frame-ancestors 'none'\r\n"
         "\r\n"},
        {"cups-401", "", role::response,
         "HTTP/1.1 401 Unauthorized\r\n"
         "Connection: close\r\n"
         "Content-Language: en\r\n"
         "Content-Length: 521\r\n"
         "Content-Type: text/html; charset=utf-8\r\n"
         "Date: Mon, 23 Nov 2026 23:02:51 GMT\r\n"
         "WWW-Authenticate: , Local\r\n"
         "Accept-Encoding: gzip, deflate, identity\r\n"
         "Server: CUPS/2.4 IPP/2.1\r\n"
         "X-Frame-Options: DENY\r\n"
         "Content-Security-Policy: frame-ancestors 'none'\r\n"
         "\r\n"},
        {"cups-426", "", role::response,
         "HTTP/1.1 426 Upgrade Required\r\n"
         "Connection: close\r\n"
         "Content-Language: en\r\n"
         "Content-Length: 506\r\n"
         "Content-Type: text/html; charset=utf-8\r\n"
         "Date: Mon, 23 Nov 2026 23:02:51 GMT\r\n"
         "Upgrade: TLS/1.2,TLS/1.1,TLS/1.0\r\n"
         "Accept-Encoding: gzip, deflate, identity\r\n"
         "Server: CUPS/2.4 IPP/2.1\r\n"
         "X-Frame-Options: DENY\r\n"
         "Content-Security-Policy: frame-ancestors 'none'\r\n"
         "\r\n"},
        {"apache-connect-200", "", role::connect_reply,
         "HTTP/1.0 200 Connection Established\r\n"
         "Proxy-agent: Apache/2.4.71 (Debian)\r\n"
         "\r\n"},
        {"squid-connect-200", "", role::connect_reply,
         "HTTP/1.1 200 Connection established\r\n"
         "\r\n"},
        {"squid-407", "", role::connect_reply,
         "HTTP/1.1 407 Proxy Authentication Required\r\n"
         "Server: squid/5.7\r\n"
         "Mime-Version: 1.0\r\n"
         "Date: Mon, 23 Nov 2026 23:02:51 GMT\r\n"
         "Content-Type: text/html;charset=utf-8\r\n"
         "Content-Length: 3045\r\n"
         "X-Squid-Error: ERR_CACHE_ACCESS_DENIED 0\r\n"
         "Vary: Accept-Language\r\n"
         "Content-Language: en\r\n"
         "Proxy-Authenticate: Basic realm=\"peers\"\r\n"
         "X-Cache: MISS from proxy\r\n"
         "X-Cache-Lookup: NONE from proxy:3128\r\n"
         "Via: 1.1 proxy (squid/5.7)\r\n"
         "Connection: keep-alive\r\n"
         "\r\n"},
        {"tinyproxy-403", "", role::connect_reply,
         "HTTP/1.1 403 Access violation\r\n"
         "Server: tinyproxy/1.11.1\r\n"
         "Content-Type: text/html\r\n"
         "Connection: close\r\n"
         "\r\n"},
        {"privoxy-503", "", role::connect_reply,
         "HTTP/1.1 503 Connect failed\r\n"
         "Content-Length: 6524\r\n"
         "Content-Type: text/html\r\n"
         "Cache-Control: no-cache\r\n"
         "Date: Mon, 23 Nov 2026 23:02:51 GMT\r\n"
         "Last-Modified: Wed, 08 Jun 1955 12:00:00 GMT\r\n"
         "Expires: Sat, 17 Jun 2000 12:00:00 GMT\r\n"
         "Pragma: no-cache\r\n"
         "Connection: close\r\n"
         "\r\n"},
    };
    return all;
}

} // namespace bench
