// emit.cpp: writing the responses: with tlsup, and with snprintf as a program would that composes them itself.
#include <cstdio>
#include <cstring>
#include <string_view>

#include <tlsup/tlsup.hpp>

#include "judge.hpp"
#include "rows.hpp"

namespace bench {
namespace {

constexpr std::size_t space = 1024;

std::size_t copied(char* out, std::string_view text) {
    std::memcpy(out, text.data(), text.size());
    return text.size();
}

tlsup::judged offer_of(std::string_view target) {
    tlsup::request_facts facts;
    facts.start("OPTIONS", target, 1, 1);
    facts.field("Host", "printer.example.com");
    facts.field("Upgrade", "TLS/1.2");
    facts.field("Connection", "Upgrade");
    (void)facts.finish();
    return tlsup::judge(facts, rules, "a.example");
}

const tlsup::judged offer = offer_of("*");

std::size_t write_101(char* out) {
    const tlsup::committed made = tlsup::commit(offer, 0, {0, 0, true, true});
    return copied(out, made.bytes);
}
std::size_t print_101(char* out) {
    return static_cast<std::size_t>(
        std::snprintf(out, space, "HTTP/1.1 %u %s\r\nUpgrade: %s, HTTP/1.1\r\nConnection: Upgrade\r\n\r\n", 101U,
                      "Switching Protocols", "TLS/1.2"));
}

std::size_t write_426(char* out) { return copied(out, tlsup::default_upgrade_required.text()); }
std::size_t compose_426(char* out) {
    return tlsup::write_426({out, space}, tlsup::default_tokens, tlsup::upgrade_required_text).head.text().size();
}
std::size_t print_426(char* out) {
    return static_cast<std::size_t>(
        std::snprintf(out, space,
                      "HTTP/1.1 %u %s\r\nUpgrade: %s, %s, %s, HTTP/1.1\r\nConnection: Upgrade\r\n"
                      "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n%.*s",
                      426U, "Upgrade Required", "TLS/1.3", "TLS/1.2", "TLS/1.0", "text/plain; charset=utf-8",
                      tlsup::upgrade_required_text.size(), static_cast<int>(tlsup::upgrade_required_text.size()),
                      tlsup::upgrade_required_text.data()));
}

constexpr std::string_view content = "All is well with this printer.\n";

std::size_t write_200(char* out) {
    return tlsup::write_reply({out, space}, {200, {}, tlsup::default_tokens, false, content}).head.text().size();
}
std::size_t print_200(char* out) {
    return static_cast<std::size_t>(std::snprintf(
        out, space,
        "HTTP/1.1 %u %s\r\nContent-Length: %zu\r\nUpgrade: %s, %s, %s, HTTP/1.1\r\n"
        "Connection: Upgrade\r\n\r\n%.*s",
        200U, "OK", content.size(), "TLS/1.3", "TLS/1.2", "TLS/1.0", static_cast<int>(content.size()), content.data()));
}

constexpr std::string_view challenge = "Basic realm=\"office\"";
constexpr std::string_view denied = "This proxy wants to know who you are.\n";

std::size_t write_407(char* out) { return tlsup::write_407({out, space}, challenge, denied).head.text().size(); }
std::size_t print_407(char* out) {
    return static_cast<std::size_t>(
        std::snprintf(out, space,
                      "HTTP/1.1 %u %s\r\nProxy-Authenticate: %.*s\r\nConnection: close\r\n"
                      "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n%.*s",
                      407U, "Proxy Authentication Required", static_cast<int>(challenge.size()), challenge.data(),
                      "text/plain; charset=utf-8", denied.size(), static_cast<int>(denied.size()), denied.data()));
}

using writer = std::size_t (*)(char*);

std::string written(writer write) {
    char out[space] = {};
    return {out, write(out)};
}

} // namespace

void add_emit(std::vector<row>& rows) {
    struct response {
        const char* name;
        const char* subject;
        writer write;
        writer print;
    };
    constexpr response responses[] = {{"101", "tlsup", write_101, print_101},
                                      {"426", "tlsup", write_426, print_426},
                                      {"426", "tlsup-composed", compose_426, nullptr},
                                      {"200", "tlsup", write_200, print_200},
                                      {"407", "tlsup", write_407, print_407}};
    const auto add = [&rows](const char* subject, const char* name, writer write) {
        rows.push_back({"emit", subject, name, "whole", written(write).size(), [write] {
                            static char out[space];
                            keep(write(out));
                            keep(out);
                        }});
    };
    for (const response& each : responses) {
        add(each.subject, each.name, each.write);
        if (each.print != nullptr) {
            if (written(each.write) != written(each.print)) {
                wrong(written(each.write) + " and " + written(each.print));
            }
            add("snprintf", each.name, each.print);
        }
    }
}

} // namespace bench
