// hello.cpp: a ClientHello of 517 octets through the gate, and through the rules for an engine's callback.
#include <cstddef>
#include <string>
#include <string_view>

#include <tlsup/tlsup.hpp>

#include "rows.hpp"

namespace bench {
namespace {

constexpr std::string_view host = "printer.example.com";

void append_number(std::string& out, std::size_t number, int octets) {
    for (int at = octets - 1; at >= 0; --at) {
        out += static_cast<char>(static_cast<unsigned char>(number >> (8 * at)));
    }
}
std::string with_length(const std::string& text, int octets) {
    std::string out;
    append_number(out, text.size(), octets);
    return out + text;
}
std::string extension(std::size_t type, const std::string& body) {
    std::string out;
    append_number(out, type, 2);
    return out + with_length(body, 2);
}

const std::string alpn = with_length(with_length("tlsup/1", 1), 2);
const std::string sni = with_length(std::string(1, '\0') + with_length(std::string(host), 2), 2);

// RFC 8446 4.1.2, padded as browsers do it: RFC 7685.
std::string client_hello() {
    constexpr std::size_t size = 517;
    std::string ciphers;
    for (const unsigned each :
         {0x1301U, 0x1302U, 0x1303U, 0xc02bU, 0xc02fU, 0xc02cU, 0xc030U, 0xcca9U, 0xcca8U, 0x00ffU}) {
        append_number(ciphers, each, 2);
    }
    std::string extensions = extension(0, sni);
    extensions += extension(11, std::string("\x01\x00", 2));
    extensions += extension(10, with_length(std::string("\x00\x1d\x00\x17\x00\x18", 6), 2));
    extensions += extension(16, alpn);
    extensions += extension(23, {});
    extensions += extension(13, with_length(std::string("\x04\x03\x08\x07\x08\x04\x04\x01\x05\x03\x08\x05", 12), 2));
    extensions += extension(43, with_length(std::string("\x03\x04\x03\x03", 4), 1));
    extensions += extension(45, with_length(std::string("\x01", 1), 1));
    extensions += extension(51, with_length(std::string("\x00\x1d", 2) + with_length(std::string(32, 'k'), 2), 2));
    std::string body = "\x03\x03" + std::string(32, 'r') + with_length(std::string(32, 's'), 1) +
                       with_length(ciphers, 2) + with_length(std::string(1, '\0'), 1);
    extensions += extension(21, std::string(size - 5 - 4 - body.size() - 2 - extensions.size() - 4, '\0'));
    body += with_length(extensions, 2);
    return "\x16\x03\x01" + with_length("\x01" + with_length(body, 3), 2);
}

const std::string hello = client_hello();

void feed(std::size_t piece) {
    tlsup::hello_gate gate;
    auto found = tlsup::hello_gate::progress::more;
    for (std::size_t at = 0; at < hello.size(); at += piece) {
        const std::size_t size = piece < hello.size() - at ? piece : hello.size() - at;
        found = gate.feed(std::string_view(hello).substr(at, size), host, tlsup::splice_defence::bound_alpn);
    }
    if (found != tlsup::hello_gate::progress::pass || !gate.verdict().passed()) {
        wrong("the gate refuses the hello");
    }
}

void judge_facts() {
    const tlsup::hello_facts facts(alpn, true, sni, true, false);
    if (!tlsup::judge_hello(facts, host, tlsup::splice_defence::bound_alpn).passed()) {
        wrong("the rules refuse the hello");
    }
}

} // namespace

void add_hello(std::vector<row>& rows) {
    rows.push_back({"hello", "gate", "517", "whole", hello.size(), [] { feed(hello.size()); }});
    rows.push_back({"hello", "gate", "517", "16", hello.size(), [] { feed(16); }});
    rows.push_back({"hello", "gate", "517", "1", hello.size(), [] { feed(1); }});
    rows.push_back({"hello", "callback", "517", "whole", alpn.size() + sni.size(), judge_facts});
}

} // namespace bench
