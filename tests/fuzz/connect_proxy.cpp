// A CONNECT proxy under a client that sends anything in any pieces, and a caller that calls anything in any order.
#include "support.hpp"

using namespace tlsup;

namespace {

/// A call that may not fit: where it is wrong, it changes nothing.
void call_anything(connect_proxy& machine, fuzz::choices& choose, const proxy_options& options) {
    const connect_proxy before = machine;
    const auto status = static_cast<std::uint16_t>(choose.pick(256) * 4);
    const unsigned which = choose.pick(13);
    const errc error = which == 0    ? machine.open()
                       : which == 1  ? machine.open_here()
                       : which == 2  ? machine.challenge(options)
                       : which == 3  ? machine.dialing()
                       : which == 4  ? machine.refuse(static_cast<errc>(choose.pick(detail::error_count)))
                       : which == 5  ? machine.refuse(status)
                       : which == 6  ? machine.refuse_as_next_proxy(status)
                       : which == 7  ? machine.took(choose.pick(8) + 70000U)
                       : which == 8  ? machine.wrote(choose.pick(8) + 70000U)
                       : which == 9  ? machine.peer_closed()
                       : which == 10 ? machine.abort(choose.pick(2) != 0 ? errc::timeout : errc::aborted)
                       : which == 11 ? machine.detach()
                                     : machine.wrote(choose.pick(4));
    fuzz::check(error == errc::ok || machine == before);
}

/// What is known about a connection from outside.
struct watch {
    bool dialled = false; // or open here
    bool opened = false;
    bool refused = false;
    bool to_head = false; // HEAD was decided
    std::string wrote{};

    void see(const step& now, const connect_proxy& machine) {
        const bool final = now.what == action::write && now.status / 100 == 2;
        fuzz::check(!final || opened); // no 2xx before its time
        fuzz::check(now.what != action::tunnel || (opened && !refused));
        to_head = to_head || (now.what == action::decide && now.bytes.substr(0, 5) == "HEAD ");
        refused = refused || (now.what == action::write && now.status >= 400) || now.what == action::drain;
        const bool parses = now.what == action::read || now.what == action::decide || now.what == action::dial ||
                            now.what == action::drop || now.what == action::wait || now.what == action::detach;
        fuzz::check(!refused || !parses);
        fuzz::check(now.what != action::drain || machine.status() >= 400);
    }
};

/// What a caller asks about an address before it dials.
bool may_dial(const connect_target& target, const proxy_options& options) {
    peer_address address;
    const bool literal = parse_peer(target.host, address) == errc::ok;
    fuzz::check(literal == (target.kind == host_kind::ipv4 || target.kind == host_kind::ipv6));
    return !literal || options.addresses.allow(address);
}

void decide(connect_proxy& machine, fuzz::choices& choose, const proxy_options& options, std::string_view head,
            watch& seen) {
    const connect_target target = machine.target(head);
    if (target.authority.empty()) {
        fuzz::check(machine.open() == errc::wrong_call);
        fuzz::check((choose.pick(2) != 0 ? machine.detach() : machine.refuse(errc::not_connect)) == errc::ok);
        return;
    }
    fuzz::check(fuzz::inside(target.authority, head) && fuzz::inside(target.host, head) && !target.host.empty());
    fuzz::check(fuzz::inside(target.authorization, head));
    fuzz::check(target.port != 0 && target.kind != host_kind::ip_future);
    const bool allowed = options.ports.allow(target.port) && options.hosts.allow(target.host) &&
                         (options.disguised_hosts || !target.disguised) && may_dial(target, options);
    fuzz::check(allowed || target.own || options.challenge.kind() == head_kind::challenge);
    const unsigned how = choose.pick(8);
    if (how == 0) {
        const errc right = options.challenge.kind() == head_kind::challenge ? errc::ok : errc::bad_options;
        fuzz::check(machine.challenge(options) == right);
    } else if (how == 1) {
        fuzz::check(machine.refuse(errc::host_denied) == errc::ok);
    } else if (how == 2 && target.own) {
        fuzz::check(machine.open_here() == errc::ok);
        seen.opened = true;
    } else {
        fuzz::check(machine.open() == errc::ok); // the rules have their say now, where they waited
        fuzz::check(machine.state() == (allowed ? connect_proxy_state::granted : connect_proxy_state::refusing));
    }
}

void check_refusal(std::string_view text, bool to_head) {
    if (text.empty()) {
        return;
    }
    response_facts facts;
    detail::head_reader<response_facts> reader;
    fuzz::check(reader.read(text, {}, facts) == detail::head_reader<response_facts>::progress::done);
    if (facts.status() / 100 == 2) {
        fuzz::check(text.size() == reader.size() && !facts.has_transfer_encoding() &&
                    text.find("Content-Length") == std::string_view::npos);
    } else {
        fuzz::check(facts.finish() == errc::ok && !facts.persistent());
        fuzz::check(facts.status() != 401 && facts.status() != 421 && facts.status() != 426);
        const bool bare = text.size() == reader.size(); // to a HEAD that was refused before `decide`, too
        fuzz::check(bare || (!to_head && text.size() == reader.size() + facts.content_length()));
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::choices choose(data, size);
    constexpr port_range ports[] = {{443, 443}, {8000, 65535}};
    constexpr std::string_view hosts[] = {"*.example", "192.0.2.1", "::ffff:127.0.0.1", "127.1"};
    char text[200];
    proxy_options options;
    options.ports = ports;
    options.hosts = choose.pick(2) != 0 ? host_rules(hosts) : host_rules();
    options.disguised_hosts = choose.pick(2) != 0;
    options.peer_omits_host = choose.pick(2) != 0;
    options.other_methods = choose.pick(2) != 0;
    options.own_authority = choose.pick(2) != 0 ? "proxy.example:80" : "";
    options.challenge = write_407(text, "Basic realm=\"p\"", "who?\n").head;
    options.drain_bytes = choose.pick(2) != 0 ? 65536 : 20;
    options.head.head_bytes = static_cast<std::uint16_t>(choose.pick(2) != 0 ? 65535 : 200);
    const bool wild = choose.pick(2) != 0;
    constexpr network everywhere[] = {network_of("0.0.0.0/0"), network_of("::/0")};
    options.addresses = choose.pick(2) == 0 ? address_rules(everywhere) : address_rules();
    options.challenge = choose.pick(2) == 0 ? options.challenge : prepared_head{};
    connect_proxy machine;
    watch seen;
    std::string buffer;
    std::string_view input = choose.rest();
    std::size_t fed = 0;
    std::size_t taken = 0;
    for (int round = 0; round < 400; ++round) {
        const fuzz::exact bytes(buffer);
        const step now = machine.next(bytes.view(), options);
        fuzz::check(machine.next(bytes.view(), options) == now); // level-triggered
        seen.see(now, machine);
        if (wild && choose.pick(16) == 0) {
            call_anything(machine, choose, options);
            fuzz::vary(options.head, choose);
            seen.opened = seen.opened || machine.state() == connect_proxy_state::confirming;
            continue;
        }
        const bool empty = now.bytes.empty();
        switch (now.what) {
        case action::decide:
            fuzz::check(fuzz::inside(now.bytes, bytes.view()) && now.bytes.size() == machine.head_size());
            decide(machine, choose, options, now.bytes, seen);
            break;
        case action::dial:
            fuzz::check(machine.tunnel_open() == errc::wrong_call);
            fuzz::check(machine.dialing() == errc::ok);
            seen.dialled = true;
            break;
        case action::wait:
            fuzz::check(seen.dialled || wild);
            if (choose.pick(4) == 0) {
                fuzz::check(machine.refuse_as_next_proxy(static_cast<std::uint16_t>(choose.pick(256) * 4)) == errc::ok);
            } else {
                fuzz::check(machine.tunnel_open() == errc::ok);
                seen.opened = true;
            }
            break;
        case action::write: {
            const std::size_t count = 1 + choose.pick(200) % now.bytes.size();
            seen.wrote += now.bytes.substr(0, count);
            fuzz::check(machine.wrote(count) == errc::ok);
            break;
        }
        case action::read:
        case action::drop:
        case action::drain:
            if (!empty) {
                fuzz::check(fuzz::inside(now.bytes, bytes.view()) && machine.took(now.bytes.size()) == errc::ok);
                taken += now.bytes.size();
                fuzz::take(buffer, now.bytes, bytes.view());
            } else if (input.empty()) {
                fuzz::check(machine.peer_closed() == errc::ok);
            } else {
                const std::size_t count = 1 + choose.pick(64) % input.size();
                buffer.append(input.substr(0, count));
                input.remove_prefix(count);
                fed += count;
            }
            break;
        case action::tunnel:
        case action::detach:
        case action::close:
            fuzz::check(taken + buffer.size() == fed);
            fuzz::check(machine.state() >= connect_proxy_state::open);
            fuzz::check((now.what == action::tunnel) == (machine.outcome() == outcome::tunnelled));
            if (!wild) {
                check_refusal(seen.wrote, seen.to_head);
            }
            return 0;
        case action::body:
        case action::start_tls:
        case action::answer:
        case action::secure:
            fuzz::check(false);
            break;
        }
    }
    return 0;
}
