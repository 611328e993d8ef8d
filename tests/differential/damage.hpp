// Damages the octets of a case in one to three places.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "random.hpp"

namespace differential {

class damager {
  public:
    damager(random& numbers, std::string& text) : random_(numbers), text_(text) {}

    void damage() {
        for (std::size_t count = 1 + random_.below(3); count > 0 && !text_.empty(); --count) {
            damage_once(place());
        }
    }

  private:
    // Rather at the start of a line, its end, or a colon than anywhere.
    std::size_t place() {
        const std::size_t at = random_.below(text_.size());
        const std::size_t found = random_.one_in(2) ? text_.find_first_of("\r\n:;,", at) : at;
        return found < text_.size() ? found : at;
    }

    void damage_once(std::size_t at) {
        constexpr char octets[] = {'\r',   '\n',   '\0',   '\t',   ' ',    ':', ';',    ',',
                                   '\x0b', '\x0c', '\x7f', '\x80', '\xff', '"', '\x01', '0'};
        constexpr std::string_view texts[] = {"\r\n",
                                              "\r\n ",
                                              "\r\n\t",
                                              "\r\n\r\n",
                                              "\n\n",
                                              "\r\r\n",
                                              " :",
                                              "Host: b\r\n",
                                              "\r\nContent-Length: 5",
                                              "\r\nTransfer-Encoding: chunked",
                                              "  ",
                                              "\r\n:"};
        const char octet = octets[random_.below(sizeof octets)];
        switch (random_.below(9)) {
        case 0:
            text_.erase(at, 1);
            break;
        case 1:
            text_.insert(at, 1, octet);
            break;
        case 2:
            text_[at] = octet;
            break;
        case 3:
            text_.insert(at, texts[random_.below(sizeof texts / sizeof texts[0])]);
            break;
        case 4:
            text_.resize(at);
            break;
        case 5: { // a piece twice, or away
            const std::size_t size = random_.below(24);
            random_.one_in(2) ? (void)text_.insert(at, text_.substr(at, size)) : (void)text_.erase(at, size);
            break;
        }
        case 6:
            damage_line(at);
            break;
        case 7:
            text_[at] = static_cast<char>(text_[at] ^ 32);
            break;
        default:
            text_[at] = static_cast<char>(random_.below(256));
            break;
        }
    }

    // A line end with one of its octets missing, or a line twice.
    void damage_line(std::size_t at) {
        const std::size_t end = text_.find("\r\n", at);
        if (end == std::string::npos) {
            return;
        }
        const std::size_t next = text_.find("\r\n", end + 2);
        if (random_.one_in(3) && next != std::string::npos) {
            text_.insert(end, text_.substr(end, next - end));
        } else {
            text_.erase(end + random_.below(2), 1);
        }
    }

    random& random_;
    std::string& text_;
};

} // namespace differential
