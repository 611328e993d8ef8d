// Writes content: octets, chunks with their extensions, trailer sections.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fields.hpp"

namespace differential {

class content_writer : public field_writer {
  protected:
    using field_writer::field_writer;

    void octets(std::size_t count) {
        for (; count > 0; --count) {
            text_ += static_cast<char>(random_.one_in(8) ? random_.below(256) : 'a' + random_.below(26));
        }
    }

    void chunks() {
        for (std::size_t count = random_.below(4); count > 0; --count) {
            const std::size_t size = 1 + (random_.one_in(60) ? random_.below(5000) : random_.below(30));
            chunk_line(size);
            octets(random_.one_in(60) ? size + 1 : size);
            line_end();
        }
        chunk_line(0);
        while (random_.one_in(5)) {
            trailer();
        }
        for (std::size_t count = random_.one_in(800) ? 90 + random_.below(20) : 0; count > 0; --count) {
            add(random_.one_in(3) ? "N: v\r\n" : "Name: a longer value\r\n");
        }
        line_end();
    }

    void chunk_line(std::size_t size) {
        constexpr std::string_view odd[] = {
            "", "g", "0x5", "-1", "10000000000000000", "7fffffffffffffff", "ffffffffffffffff", " 5"};
        constexpr std::string_view extensions[] = {
            ";a",      ";a=b",    ";a=\"b c\"", ";a=b;c=d",    ";a;b",        ";a=\"\\\"\"",  ";",   "; a",    ";a=",
            ";a b",    " ",       "\t",         ";a=\"\x80\"", ";a=b;c",      ";a=\"b\";c=d", ";=b", ";a=\"b", " ;a=b",
            "\t;a",    "; a=b",   ";\ta",       ";a =b",       ";a= b",       ";a = b",       ";a ", ";a=b ",  ";a ;b",
            ";a=b ;c", ";a=b; c", ";a=\"b\" ",  ";a=\"b\" ;c", ";a=\"b\"; c", ";a= \"b\"",    " ;"};
        constexpr char digits[] = "0123456789abcdefABCDEF";
        if (random_.one_in(60)) {
            add(any(odd));
        } else {
            while (random_.one_in(10)) {
                add("0");
            }
            const bool upper = random_.one_in(3);
            const auto digit = [&](std::size_t value) { return digits[value + (upper && value > 9 ? 6 : 0)]; };
            std::size_t shift = 1;
            while (size / shift >= 16) {
                shift *= 16;
            }
            for (; shift > 0; shift /= 16) {
                text_ += digit(size / shift % 16);
            }
        }
        if (random_.one_in(6)) {
            add(any(extensions));
        }
        if (random_.one_in(2000)) {
            add(";");
            add(std::string(4000 + random_.below(200), 'e'));
        }
        line_end();
    }

    void trailer() {
        constexpr std::string_view lines[] = {"X-Sum: 1",
                                              "Content-Length: 5",
                                              "Transfer-Encoding: chunked",
                                              "Connection: close",
                                              "X-Fold: a\r\n b",
                                              "Bad Name: x",
                                              ": x",
                                              "X : 1",
                                              "Content-Length: x",
                                              "A:",
                                              "Upgrade: TLS/1.2",
                                              "Transfer-Encoding: gzip",
                                              "X-\x80: a",
                                              "X: \x80",
                                              "Transfer-Encodings: a",
                                              "Transfer-Encodings:"};
        add(any(lines));
        line_end();
    }
};

} // namespace differential
