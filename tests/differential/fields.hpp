// Writes field lines from a grammar: those that the parsers act on, and others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "random.hpp"

namespace differential {

/// Appends to the octets of a case.
class field_writer {
  protected:
    field_writer(std::uint64_t seed, std::uint64_t number) : random_(seed, number) {}

    template <std::size_t Count> std::string_view any(const std::string_view (&texts)[Count]) {
        return texts[random_.below(Count)];
    }
    void add(std::string_view text) { text_ += text; }
    void line_end() { add("\r\n"); }

    void field(std::string_view name, std::string_view value) {
        add(name);
        add(":");
        blanks();
        add(value);
        if (random_.one_in(12)) {
            blanks();
        }
        line_end();
    }

    void blanks() {
        constexpr std::string_view odd[] = {"", "\t", "  ", " \t ", "\t\t"};
        add(random_.one_in(8) ? any(odd) : " ");
    }

    void host() {
        constexpr std::string_view odd[] = {"example.com:8080",
                                            "127.0.0.1",
                                            "[::1]:80",
                                            "[v1.fe80::1+eth0]",
                                            "a_b",
                                            "example.com:",
                                            "",
                                            "a b",
                                            "u@h",
                                            "a,b",
                                            "example.com:0",
                                            "h%41"};
        constexpr std::string_view names[] = {"Host", "Host", "host", "HOST"};
        field(any(names), random_.one_in(10) ? any(odd) : "example.com");
    }

    void some_field(bool request) {
        switch (random_.below(16)) {
        case 0:
        case 1:
        case 2:
            connection();
            break;
        case 3:
        case 4:
            upgrade();
            break;
        case 5:
            request&& random_.one_in(4) ? host() : plain_field();
            break;
        case 6:
            expect();
            break;
        case 7:
            random_.one_in(6) ? framing_field() : plain_field();
            break;
        case 8:
            folded();
            break;
        default:
            plain_field();
            break;
        }
    }

    void connection() {
        constexpr std::string_view values[] = {"close",
                                               "keep-alive",
                                               "Upgrade",
                                               "upgrade",
                                               "Close",
                                               "keep-alive, Upgrade",
                                               "Upgrade, close",
                                               "close, keep-alive",
                                               ", close",
                                               ", upgrade",
                                               "close,",
                                               ",,",
                                               "",
                                               "X-Foo",
                                               "X-Foo, upgrade",
                                               "clo, close",
                                               "u, upgrade",
                                               "close, a b",
                                               "a@b, close",
                                               ":, close",
                                               "keep-alive, \"x\"",
                                               "closed",
                                               "upgrade-insecure",
                                               "close\t, x",
                                               "close;x"};
        constexpr std::string_view names[] = {"Connection", "Connection", "Connection", "connection",
                                              "Proxy-Connection"};
        if (random_.one_in(500)) {
            std::string list = "a";
            for (std::size_t count = 20 + random_.below(20); count > 0; --count) {
                list += ",b";
            }
            field("Connection", list);
        } else {
            field(any(names), any(values));
        }
    }

    void upgrade() {
        constexpr std::string_view values[] = {"TLS/1.2",
                                               "TLS/1.3, TLS/1.2, TLS/1.0",
                                               "TLS/1.0",
                                               "websocket",
                                               "h2c",
                                               "TLS/1.2, HTTP/1.1",
                                               "HTTP/1.1, TLS/1.2",
                                               "",
                                               "TLS/1.2,",
                                               ",",
                                               "a/b/c",
                                               "tls/1.2",
                                               "TLS/1.2, TLS/1.3",
                                               "a b",
                                               "\"x\""};
        constexpr std::string_view names[] = {"Upgrade", "Upgrade", "upgrade"};
        field(any(names), any(values));
        if (random_.one_in(2)) {
            field("Connection", "Upgrade");
        }
    }

    void expect() {
        constexpr std::string_view values[] = {"100-continue", "100-Continue", "200-ok", ""};
        field("Expect", any(values));
    }

    void framing_field() {
        constexpr std::string_view codings[] = {"gzip",
                                                "gzip, chunked",
                                                "chunked, gzip",
                                                "chunked, chunked",
                                                "chunked,",
                                                "",
                                                ", chunked",
                                                "identity",
                                                "xchunked",
                                                "chunked;q=1",
                                                "\"chunked\"",
                                                ",chunked",
                                                ",,\t,chunked",
                                                ",",
                                                "gzip,,chunked",
                                                "gzip,",
                                                ", gzip",
                                                "gzip;a=b",
                                                "gzip;a=b, chunked",
                                                "chunked,,gzip",
                                                "chunked, gzip, chunked",
                                                "gzip, chunked, x"};
        constexpr std::string_view lengths[] = {"",
                                                "+5",
                                                "-1",
                                                "5, 5",
                                                "5,6",
                                                "0x5",
                                                "18446744073709551616",
                                                "9223372036854775807",
                                                "9223372036854775808",
                                                "5 5",
                                                "05",
                                                "a",
                                                "1e1"};
        constexpr std::string_view names[] = {"Transfer-Encoding", "Transfer-Encoding", "transfer-encoding"};
        switch (random_.below(8)) {
        case 0:
            field("Transfer-Encoding", any(codings));
            chunked_ = random_.one_in(2);
            break;
        case 1:
            field("Content-Length", any(lengths));
            length_ = random_.below(8);
            break;
        case 2:
        case 3:
        case 4:
            field(any(names), random_.one_in(4) ? "Chunked" : "chunked");
            chunked_ = true;
            break;
        default:
            length_ = random_.one_in(100) ? random_.below(20000) : random_.below(40);
            field("Content-Length", std::to_string(length_));
            break;
        }
    }

    void plain_field() {
        constexpr std::string_view names[] = {"Accept",
                                              "X-Foo",
                                              "Date",
                                              "Server",
                                              "Cookie",
                                              "x!#$%&'*+-.^_`|~9",
                                              "A",
                                              "Content-Lengths",
                                              "Connectio",
                                              "Upgraded",
                                              "Transfer-Encodin",
                                              "Transfer-Encodings",
                                              "TE",
                                              "Via",
                                              "Age",
                                              "Content-Type"};
        constexpr std::string_view values[] = {"*/*",
                                               "a, b, c",
                                               "text/html; charset=utf-8",
                                               "",
                                               "\x80\xfe obs",
                                               "a\tb  c",
                                               "\"quoted, \\\" text\"",
                                               "x:y:z",
                                               "Mon, 01 Jan 2024 00:00:00 GMT",
                                               "trailers",
                                               "1.1 a",
                                               "~!@#$%^&*()_+{}|<>?"};
        if (random_.one_in(400)) {
            const std::size_t longest = random_.one_in(50) ? 70000 : 3000;
            field(any(names), std::string(random_.below(longest), 'v'));
        } else if (random_.one_in(3000)) {
            for (std::size_t count = 90 + random_.below(20); count > 0; --count) {
                field("N", "v");
            }
        } else {
            field(any(names), any(values));
        }
    }

    void folded() {
        constexpr std::string_view names[] = {"X-Fold", "Connection", "Content-Length", "Transfer-Encoding", "Upgrade"};
        constexpr std::string_view lines[] = {"a", "close", "5", "chunked", "", "TLS/1.2,", "a,"};
        if (!random_.one_in(3)) {
            plain_field();
            return;
        }
        add(random_.one_in(3) ? any(names) : "X-Fold");
        add(": ");
        add(any(lines));
        for (std::size_t count = 1 + random_.below(2); count > 0; --count) {
            add(random_.one_in(3) ? "\r\n\t" : "\r\n  ");
            add(any(lines));
        }
        line_end();
    }

    random random_;
    std::string text_;
    std::size_t length_ = 0; // what the last Content-Length of the head announced
    bool chunked_ = false;   // whether chunked content is due
};

} // namespace differential
