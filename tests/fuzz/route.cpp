// A route whose proxies and server send anything, in any pieces, and whose caller calls anything.
#include "support.hpp"

using namespace tlsup;

namespace {

/// A call that may not fit: where it is wrong, it changes nothing. True where it connected.
bool call_anything(route& machine, const route_options& options, fuzz::choices& choose) {
    const route before = machine;
    const tls_facts facts{alpn_name, "a.example", session::full, early::none, identity::verified};
    const unsigned which = choose.pick(7);
    const errc error = which == 0   ? machine.connected(options)
                       : which == 1 ? machine.took(choose.pick(8) + 70000U)
                       : which == 2 ? machine.wrote(choose.pick(8) + 70000U)
                       : which == 3 ? machine.request_body_done()
                       : which == 4 ? machine.tls_established(facts, options)
                       : which == 5 ? machine.abort(errc::timeout)
                                    : machine.tls_failed();
    fuzz::check(error != errc::wrong_call || machine == before);
    return which == 0 && error == errc::ok;
}

/// What is allowed to leave in clear: to a proxy CONNECT and `forwarded`, to the server the probe, and the request
/// where TLS is not required.
void check_written(const route& machine, std::string_view bytes, const route_options& options) {
    const bool tunnelling = machine.state() == route_state::tunnelling;
    bool good =
        machine.state() == route_state::forwarding &&
        (fuzz::inside(bytes, options.forwarded.text()) || fuzz::inside(bytes, options.forwarded_with_login.text()));
    for (std::size_t at = 0; at < options.proxies.size; ++at) {
        const route_proxy& proxy = options.proxies.data[at];
        good = good ||
               (tunnelling && machine.hop() == at &&
                (fuzz::inside(bytes, proxy.connect.text()) || fuzz::inside(bytes, proxy.connect_with_login.text())));
    }
    const bool to_server = machine.state() == route_state::exchanging && machine.hop() == options.proxies.size;
    const bool secret = fuzz::inside(bytes, options.exchange.request.text());
    const bool may = machine.secure() || (options.exchange.need == requirement::any && !machine.raised());
    good = good || (to_server && (fuzz::inside(bytes, options.exchange.probe.text()) || (secret && may)));
    fuzz::check(good);
}

/// The heads of a road over at most two proxies.
struct heads {
    char text[9][256] = {};
    route_proxy proxies[2] = {};
    route_options options{};

    explicit heads(fuzz::choices& choose) {
        request_text request{choose.pick(2) != 0 ? "HEAD" : "POST", "/secret", "a.example", {}, {}};
        request.body = request.method == "POST" ? content::of(choose.pick(3)) : content{};
        options.proxies = {proxies, choose.pick(3)};
        for (std::size_t at = 0; at < options.proxies.size; ++at) {
            proxies[at].connect = write_connect(text[at], {"a.example", 80, {}}).head;
            if (choose.pick(2) != 0) {
                proxies[at].connect_with_login = write_connect(text[2 + at], {"a.example", 80, {"u", "p"}}).head;
            }
        }
        if (options.proxies.size != 0 && choose.pick(2) != 0) {
            options.forwarded = write_proxied(text[4], request).head;
            options.forwarded_with_login = write_proxied(text[5], request, {"u", "p"}).head;
        }
        request.offer = choose.pick(2) != 0 ? default_tokens : token_list{};
        options.exchange.need = choose.pick(2) != 0 ? requirement::tls : requirement::any;
        options.exchange.probe = write_probe(text[6], "a.example", default_tokens).head;
        options.exchange.request = write_request(text[7], request).head;
        options.connections = static_cast<std::uint8_t>(choose.pick(2) != 0 ? 16 : 2);
    }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::choices choose(data, size);
    const heads all(choose);
    const route_options& options = all.options;
    const bool wild = choose.pick(2) != 0;
    std::string_view input = choose.rest();
    route machine;
    std::string buffer;
    unsigned dials = 0;
    for (int round = 0; round < 600; ++round) {
        const fuzz::exact bytes(buffer);
        const bool tls = machine.secure();
        const auto next = [&] {
            return tls ? machine.next_secure(bytes.view(), options) : machine.next(bytes.view(), options);
        };
        const step now = next();
        fuzz::check(next() == now);
        if (wild && choose.pick(16) == 0) {
            if (call_anything(machine, options, choose)) {
                buffer.clear();
            }
            continue;
        }
        switch (now.what) {
        case action::read:
            if (input.empty()) {
                (void)machine.peer_closed(choose.pick(2) != 0 ? closure::fin : closure::close_notify);
            } else {
                const std::size_t count = 1 + choose.pick(64) % input.size();
                buffer.append(input.substr(0, count));
                input.remove_prefix(count);
            }
            break;
        case action::write:
            fuzz::check(!now.bytes.empty());
            check_written(machine, now.bytes, options);
            fuzz::check(machine.wrote(1 + choose.pick(200) % now.bytes.size()) == errc::ok);
            if (now.more && choose.pick(2) != 0) {
                (void)machine.request_body_done();
            }
            break;
        case action::drop:
        case action::body:
        case action::answer:
            fuzz::check(!now.bytes.empty() && fuzz::inside(now.bytes, bytes.view()));
            fuzz::check(machine.took(now.bytes.size()) == errc::ok);
            fuzz::take(buffer, now.bytes, bytes.view());
            break;
        case action::start_tls:
            fuzz::check(buffer.empty() && machine.state() == route_state::exchanging);
            if (choose.pick(8) == 0) {
                fuzz::check(machine.tls_failed() == errc::ok);
            } else {
                (void)machine.tls_established({{}, {}, session::full, early::none, identity::verified}, options);
            }
            break;
        case action::dial:
            buffer.clear();
            ++dials;
            fuzz::check(dials <= 2 + 2 * options.proxies.size || wild);
            fuzz::check(machine.connected(options) == errc::ok);
            break;
        case action::detach:
        case action::close:
            fuzz::check(machine.state() >= route_state::answered && machine.outcome() != outcome::pending);
            fuzz::check(machine.outcome() != outcome::answered ||
                        (options.exchange.need == requirement::any && !machine.raised()));
            fuzz::check((machine.outcome() == outcome::answered_secure) ==
                        (tls && machine.state() == route_state::answered_secure));
            return 0;
        case action::wait:
        case action::secure:
        case action::decide:
        case action::drain:
        case action::tunnel:
            fuzz::check(false);
            break;
        }
    }
    return 0;
}
