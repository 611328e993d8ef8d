// players.hpp: plays a vector of the corpus to a machine while the program is compiled. No heap and no clock: what
// holds here holds in a constant expression.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tlsup/tlsup.hpp>

namespace proofs {

using namespace tlsup;

/// A caller's buffer.
struct buffer {
    char data[2048] = {};
    std::size_t size = 0;

    constexpr explicit buffer(std::string_view text) : size(text.size()) {
        for (std::size_t at = 0; at < size; ++at) {
            data[at] = text[at];
        }
    }
    [[nodiscard]] constexpr std::string_view view() const { return {data, size}; }
    constexpr void take(std::string_view bytes) {
        const auto from = static_cast<std::size_t>(bytes.data() - data);
        for (std::size_t at = from; at + bytes.size() < size; ++at) {
            data[at] = data[at + bytes.size()];
        }
        size -= bytes.size();
    }
};

/// What was seen of a machine.
struct seen {
    unsigned decisions = 0;
    unsigned offers = 0;
    unsigned answers = 0; // requests that were delivered, or final responses
    std::uint16_t status = 0;
    std::uint16_t written = 0; // the status of what was written last
    bool continued = false;
    bool switched = false;
    bool closed = false;
    bool opened = false;
    bool kept = true; // each answer was accepted
    bool used_target = false;
    errc error = errc::ok;
    outcome end = outcome::pending;
    std::size_t left = 0;
};

constexpr std::uint16_t status_of(std::string_view text) {
    return static_cast<std::uint16_t>((text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0'));
}

/// `accepts`: each offer. `late`: the deadline passes where the machine waits for bytes; `ends`: the peer closes there.
constexpr seen play_server(std::string_view bytes, bool accepts, bool late, bool ends) {
    constexpr token_list tokens{tls_token::tls_1_0, tls_token::tls_1_2, tls_token::tls_1_3};
    char required[400] = {};
    const server_options options{.upgrade = {splice_defence::accept_splice_risk, tokens, method_policy::any, true},
                                 .upgrade_required = write_426(required, tokens, upgrade_required_text).head};
    seen found;
    server machine;
    buffer in(bytes);
    bool told = false;
    bool fresh = true;
    while (found.kept) {
        const step now = machine.next(in.view(), options);
        errc given = errc::ok;
        if (now.what == action::read) {
            if (told || !(late || ends)) {
                break;
            }
            told = true;
            given = late ? machine.abort(errc::timeout) : machine.peer_closed();
        } else if (now.what == action::write) {
            const bool line = fresh && now.bytes.size() >= 12 && now.bytes[0] == 'H';
            found.written = line ? status_of({now.bytes.data() + 9, 3}) : now.status != 0 ? now.status : found.written;
            found.continued = found.continued || found.written == 100;
            fresh = !now.more;
            given = machine.wrote(now.bytes.size());
        } else if (now.what == action::decide) {
            const request_view request = machine.request(now.bytes);
            ++found.decisions;
            found.offers += request.offer.empty() ? 0 : 1;
            field host;
            found.used_target = find_field(now.bytes, "host", host) && request.line.authority != host.value;
            given = accepts && !request.offer.empty() ? machine.accept(0) : machine.decline();
        } else if (now.what == action::answer) {
            ++found.answers;
            given = machine.answered();
        } else if (now.what == action::start_tls) {
            found.switched = found.written == 101;
            break;
        } else if (now.what == action::close) {
            found.closed = true;
            break;
        } else if (now.what == action::drain && now.bytes.empty()) {
            given = machine.peer_closed();
        } else {
            const std::size_t count = now.bytes.size();
            in.take(now.bytes);
            given = machine.took(count);
        }
        found.kept = given == errc::ok;
    }
    found.error = machine.error();
    found.end = machine.outcome();
    found.left = in.size;
    return found;
}

/// The heads of the client setups.
struct client_heads {
    char text[2][200] = {};
    client_options options{};

    constexpr explicit client_heads(bool requires_tls) {
        options.need = requires_tls ? requirement::tls : requirement::any;
        options.probe = write_probe(text[0], "example.com", {tls_token::tls_1_2, tls_token::tls_1_0}).head;
        options.request = write_request(text[1], {"GET", "/a", "example.com", {}, {}}).head;
    }
};

constexpr seen play_client(std::string_view bytes, bool requires_tls, bool ends) {
    const client_heads heads(requires_tls);
    seen found;
    client machine;
    found.kept = machine.wrote(machine.next({}, heads.options).bytes.size()) == errc::ok;
    buffer in(bytes);
    bool told = false;
    while (found.kept) {
        const step now = machine.next(in.view(), heads.options);
        errc given = errc::ok;
        if (now.what == action::read) {
            if (told || !ends) {
                break;
            }
            told = true;
            given = machine.peer_closed();
        } else if (now.what == action::write) { // what follows a 426
            found.written = 426;
            break;
        } else if (now.what == action::start_tls) {
            found.switched = true;
            break;
        } else if (now.what == action::close || now.what == action::detach) {
            found.closed = true;
            break;
        } else {
            found.answers += now.what == action::answer ? 1 : 0;
            found.status = now.what == action::answer ? now.status : found.status;
            const std::size_t count = now.bytes.size();
            in.take(now.bytes);
            given = machine.took(count);
        }
        found.kept = given == errc::ok;
    }
    found.error = machine.error();
    found.end = machine.outcome();
    found.left = in.size;
    return found;
}

constexpr seen play_connect_client(std::string_view bytes) {
    char text[200] = {};
    const connect_options options{.connect = write_connect(text, {"origin.example", 443, {}}).head};
    seen found;
    connect_client machine;
    found.kept = machine.wrote(machine.next({}, options).bytes.size()) == errc::ok;
    buffer in(bytes);
    while (found.kept) {
        const step now = machine.next(in.view(), options);
        if (now.bytes.empty()) {
            found.opened = now.what == action::tunnel;
            found.closed = now.what == action::close;
            break;
        }
        found.answers += now.what == action::answer ? 1 : 0;
        const std::size_t count = now.bytes.size();
        in.take(now.bytes);
        found.kept = machine.took(count) == errc::ok;
    }
    found.status = machine.status();
    found.error = machine.error();
    found.end = machine.outcome();
    found.left = in.size;
    return found;
}

constexpr seen play_connect_proxy(std::string_view bytes) {
    constexpr port_range ports[] = {{80, 80}, {443, 443}};
    proxy_options options;
    options.ports = ports;
    constexpr network everywhere[] = {network_of("0.0.0.0/0"),
                                      network_of("::/0")}; // the vectors' setup names ports alone
    options.addresses = everywhere;
    seen found;
    connect_proxy machine;
    buffer in(bytes);
    while (found.kept) {
        const step now = machine.next(in.view(), options);
        errc given = errc::ok;
        if (now.what == action::decide) {
            ++found.decisions;
            given = machine.open();
        } else if (now.what == action::dial) {
            given = machine.dialing();
        } else if (now.what == action::wait) {
            given = machine.tunnel_open();
        } else if (now.what == action::write) {
            given = machine.wrote(now.bytes.size());
        } else if (now.what == action::drain && now.bytes.empty()) {
            given = machine.peer_closed();
        } else if (now.bytes.empty()) {
            found.opened = now.what == action::tunnel;
            found.closed = now.what == action::close;
            break;
        } else {
            const std::size_t count = now.bytes.size();
            in.take(now.bytes);
            given = machine.took(count);
        }
        found.kept = given == errc::ok;
    }
    found.status = machine.status();
    found.error = machine.error();
    found.end = machine.outcome();
    found.left = in.size;
    return found;
}

// The verdicts that a constant expression can tell.

constexpr bool rejects(std::string_view bytes, std::uint16_t status, bool late) {
    const seen found = play_server(bytes, true, late, false);
    return found.kept && found.closed && found.written == status && found.end == outcome::refused &&
           suggested_status(found.error) == status;
}
constexpr bool takes_offer(std::string_view bytes) {
    const seen found = play_server(bytes, true, false, false);
    return found.kept && found.offers == 1 && found.switched && found.left != 0;
}
constexpr bool serves_plain(std::string_view bytes, unsigned least, bool closes) {
    const seen found = play_server(bytes, false, false, false);
    return found.kept && !found.switched && found.answers >= least && (!closes || found.closed);
}
constexpr bool fails(const seen& found) {
    return found.kept && found.closed && found.answers == 0 && found.error != errc::ok && !found.opened &&
           !found.switched;
}

} // namespace proofs
