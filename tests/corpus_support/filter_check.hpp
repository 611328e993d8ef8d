// filter_check.hpp: every response of the corpus also goes through the response filter. However it arrives, all of its
// octets come out as they were, with nothing between them but the advertisement.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <tlsup/tlsup.hpp>

#include "feed.hpp"

namespace corpus {

/// What came out, what of it was the host's, and how it ended.
struct filtered {
    std::string out{};
    std::string own{};
    tlsup::errc error = tlsup::errc::ok;
    bool conserved = false; // taken and unread are all that came

    friend bool operator==(const filtered&, const filtered&) = default;
};

/// Three GETs are outstanding, so that what is pipelined passes too. `piece`: octets of each arrival behind the first.
inline filtered filter_response(std::string_view bytes, std::size_t first, std::size_t piece, bool to_head) {
    static char text[200];
    static const tlsup::filter_options options{.advert = tlsup::write_advert(text, tlsup::default_tokens).head};
    filtered seen;
    tlsup::response_filter machine;
    tlsup::request_facts request;
    request.start(to_head ? "HEAD" : "GET", "/", 1, 1);
    for (int count = 0; count < 3; ++count) {
        (void)machine.request(request);
    }
    std::string buffer(bytes.substr(0, first));
    std::size_t arrived = buffer.size();
    bool told = false;
    while (true) {
        const tlsup::step now = machine.next(buffer, options);
        if (now.what == tlsup::action::write) {
            seen.out += now.bytes;
            (void)machine.wrote(now.bytes.size());
        } else if (now.what == tlsup::action::body) {
            const std::size_t count = now.bytes.size();
            seen.out += now.bytes;
            seen.own += now.bytes;
            (void)machine.took(count);
            buffer.erase(0, count);
        } else if (now.what == tlsup::action::read && arrived < bytes.size()) {
            buffer += bytes.substr(arrived, piece);
            arrived += bytes.substr(arrived, piece).size();
        } else if (now.what == tlsup::action::read && !told) {
            told = true;
            (void)machine.peer_closed();
        } else {
            break;
        }
    }
    seen.error = machine.error();
    seen.conserved = seen.own + buffer == bytes.substr(0, arrived) && bytes.starts_with(seen.own);
    return seen;
}

/// What was put in is the Upgrade field, and the option, at most once for each response.
inline bool only_adverts(std::string_view out, std::string_view own) {
    constexpr std::string_view line = "Upgrade: TLS/1.3, TLS/1.2, TLS/1.0, HTTP/1.1\r\n";
    std::size_t at = 0;
    for (std::size_t each = 0; at < own.size() || !out.empty();) {
        bool inserted = false;
        for (const std::string_view text :
             {std::string_view("Upgrade: TLS/1.3, TLS/1.2, TLS/1.0, HTTP/1.1\r\nConnection: Upgrade\r\n"), line,
              std::string_view(", Upgrade"), std::string_view(" Upgrade")}) {
            const bool here = out.starts_with(text) && !own.substr(at).starts_with(text);
            if (here && !inserted) {
                out.remove_prefix(text.size());
                inserted = true;
            }
        }
        if (inserted) {
            ++each;
        } else if (at < own.size() && !out.empty() && out[0] == own[at]) {
            out.remove_prefix(1);
            ++at;
        } else {
            return false;
        }
        if (each > 6) {
            return false;
        }
    }
    return true;
}

/// Whole, byte by byte and at every split; answers to GET and to HEAD.
inline bool passes_filter(std::string_view bytes) {
    for (const bool to_head : {false, true}) {
        const filtered whole = filter_response(bytes, bytes.size(), 1, to_head);
        bool good = whole.conserved && only_adverts(whole.out, whole.own) &&
                    filter_response(bytes, 0, 1, to_head).own == whole.own;
        for (std::size_t at = 1; at < bytes.size() && bytes.size() <= small_input && good; ++at) {
            const filtered cut = filter_response(bytes, at, bytes.size(), to_head);
            good = cut.conserved && cut.own == whole.own && cut.out == whole.out && cut.error == whole.error;
        }
        if (!good) {
            return false;
        }
    }
    return true;
}

} // namespace corpus
