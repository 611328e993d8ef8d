// Makes requests and responses from a grammar, and damages some of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "content.hpp"
#include "damage.hpp"
#include "message.hpp"

namespace differential {

/// Writes the octets of one case. The same seed and number make the same case.
class generator : private content_writer {
  public:
    generator(std::uint64_t seed, std::uint64_t number) : content_writer(seed, number) {}

    void make(input& made) {
        made = {};
        made.is_request = random_.one_in(2);
        made.is_request ? requests(made) : responses(made);
        if (random_.one_in(3)) {
            damager(random_, text_).damage();
        }
        made.bytes.swap(text_);
        made.cut = random_.one_in(3) ? random_.below(made.bytes.size() + 1) : made.bytes.size();
    }

  private:
    void requests(input& made) {
        made.proxied = random_.one_in(4);
        const std::size_t count = random_.one_in(4) ? 1 + random_.below(4) : 1;
        for (std::size_t at = 0; at < count; ++at) {
            request();
        }
        behind();
    }

    void responses(input& made) {
        constexpr std::string_view asked[] = {"GET", "GET", "POST", "OPTIONS", "HEAD", "CONNECT", "CONNECT"};
        made.asked = any(asked);
        made.offered = random_.one_in(3);
        for (std::size_t interim = random_.one_in(5) ? 1 + random_.below(3) : 0; interim > 0; --interim) {
            constexpr std::string_view lines[] = {"100 Continue", "102 Processing", "103 Early Hints", "199 ", "100 "};
            add("HTTP/1.1 ");
            add(any(lines));
            line_end();
            for (std::size_t fields = random_.below(3); fields > 0; --fields) {
                plain_field();
            }
            line_end();
        }
        if (made.offered && random_.one_in(4)) {
            switching();
        }
        for (std::size_t count = random_.one_in(6) ? 2 : 1; count > 0; --count) {
            response(made);
        }
        behind();
    }

    void switching() {
        constexpr std::string_view upgrades[] = {"TLS/1.2, HTTP/1.1", "TLS/1.2", "TLS/1.3,HTTP/1.1", ", TLS/1.0"};
        add("HTTP/1.1 101 Switching Protocols\r\n");
        field("Upgrade", any(upgrades));
        field("Connection", random_.one_in(3) ? "close, upgrade" : random_.one_in(9) ? "a,\r\n upgrade" : "Upgrade");
        while (random_.one_in(3)) {
            plain_field();
        }
        line_end();
    }

    // What follows the last message: nothing most of the time.
    void behind() {
        constexpr std::string_view octets[] = {"\r\n", "\x16\x03\x01\x00\x05", "GET / HTTP/1.1\r\n", "x", "\n"};
        if (random_.one_in(6)) {
            add(any(octets));
        }
    }

    void request() {
        constexpr std::string_view known[] = {"GET", "GET", "GET", "POST", "POST", "PUT", "HEAD", "OPTIONS", "DELETE"};
        constexpr std::string_view rare[] = {
            "TRACE", "PATCH",  "M-SEARCH", "PROPFIND", "LINK",       "get",
            "GETS",  "FOO",    "PRI",      "SOURCE",   "MKCALENDAR", "!#$%&'*+-.^_`|~",
            "SETUP", "UNLOCK", "P",        "G@T",      "",           "BREW-A-POT-OF-COFFEE-THEN-DRINK-IT"};
        while (random_.one_in(20)) {
            line_end();
        }
        const bool connect = random_.one_in(8);
        add(connect ? "CONNECT" : random_.one_in(10) ? any(rare) : any(known));
        add(random_.one_in(100) ? "  " : " ");
        target(connect);
        add(random_.one_in(100) ? "  " : " ");
        version();
        line_end();
        head_and_content(true);
    }

    void target(bool connect) {
        constexpr std::string_view authorities[] = {
            "example.com:443", "127.0.0.1:80",     "[::1]:443",  "a_b.example:1",    "example.com", "example.com:",
            "[v1.a]:443",      "example.com:0443", "user@a:443", "example.com:443/", "h:65536",     "1.2:443"};
        constexpr std::string_view others[] = {"/",
                                               "/index.html",
                                               "/?q=1&r=http://other/",
                                               "/a%20b;c=d",
                                               "*",
                                               "http://example.com/",
                                               "/a\\b^{|}`\"<>",
                                               "http://example.com:8080?x",
                                               "https://example.com/a",
                                               "HTTP://EXAMPLE.COM",
                                               "http://[::1]/",
                                               "/a#b",
                                               "example.com",
                                               "http:///",
                                               "http://u:p@example.com/",
                                               "ftp://a/",
                                               "/\x80",
                                               "http://a:b/",
                                               "//a/b"};
        constexpr std::string_view marks = "!\"$%&'()*+,-./:;<=>?@[\\]^_`{|}~aZ09";
        if (connect != random_.one_in(30)) {
            add(random_.one_in(3) ? any(authorities) : "example.com:443");
        } else if (random_.one_in(4)) {
            add(any(others));
        } else {
            add("/");
            for (std::size_t count = random_.one_in(300) ? random_.below(9000) : random_.below(12); count > 0;
                 --count) {
                text_ += marks[random_.below(marks.size())];
            }
        }
    }

    void version() {
        constexpr std::string_view odd[] = {"HTTP/1.0", "HTTP/1.0", "HTTP/1.0", "HTTP/1.2", "HTTP/1.9",
                                            "HTTP/2.0", "HTTP/0.9", "HTTP/3.0", "http/1.1", "HTTP/1.10",
                                            "HTTP/11",  "HTTP/1.",  "HTTP/01.1"};
        add(random_.one_in(6) ? any(odd) : "HTTP/1.1");
    }

    void response(const input& made) {
        constexpr std::string_view statuses[] = {"200", "200", "200", "204", "206",  "301", "304", "400", "404",
                                                 "407", "426", "503", "101", "101",  "100", "205", "299", "099",
                                                 "000", "600", "999", "20",  "2000", "2x0", "-10"};
        constexpr std::string_view reasons[] = {" OK",       " OK",   " OK", " ",    " Not Found",
                                                " \x80\xff", " a\tb", "",    "  x  "};
        version();
        add(random_.one_in(100) ? "  " : " ");
        add(made.asked == "CONNECT" && random_.one_in(2) ? "200" : any(statuses));
        add(any(reasons));
        line_end();
        head_and_content(false);
    }

    // Fields, and content that mostly fits them.
    void head_and_content(bool request) {
        chunked_ = false;
        length_ = 0;
        if (request && !random_.one_in(40)) {
            host();
        }
        const bool content = random_.one_in(2);
        const std::size_t before = random_.below(4);
        for (std::size_t count = 0; count < before; ++count) {
            some_field(request);
        }
        if (content) {
            framing_field();
        }
        while (random_.one_in(3)) {
            some_field(request);
        }
        line_end();
        if (chunked_) {
            chunks();
        } else {
            octets(random_.one_in(20) ? random_.below(8) : length_);
        }
    }
};

} // namespace differential
