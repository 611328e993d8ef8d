// A server under a peer that sends anything, in any pieces, and a caller that calls anything, in any order.
#include "support.hpp"

using namespace tlsup;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::choices choose(data, size);
    server_options options{.upgrade = {static_cast<splice_defence>(choose.pick(4)), default_tokens,
                                       static_cast<method_policy>(choose.pick(3)), choose.pick(2) != 0}};
    const unsigned more = choose.pick(4);
    options.head.head_bytes = static_cast<std::uint16_t>(more % 2 != 0 ? 200 : 65535);
    options.connect_requests = more > 1;
    server machine;
    std::string clear;
    std::string plain;
    hello_gate gate;
    std::string_view input = choose.rest();
    bool switched = false;
    request_facts decided; // of the request that was shown last
    for (int round = 0; round < 400 && machine.state() != server_state::closed; ++round) {
        const bool tls = machine.secure();
        const fuzz::exact clear_now(clear);
        const fuzz::exact plain_now(plain);
        const auto next = [&](server& which) {
            return tls ? which.next_secure(plain_now.view(), clear_now.view(), options)
                       : which.next(clear_now.view(), options);
        };
        const step now = next(machine);
        fuzz::check(next(machine) == now); // level-triggered
        fuzz::check(machine.error() == errc::ok || machine.state() >= server_state::refusing);
        decided = now.what == action::decide ? machine.request(now.bytes).facts : decided;
        const unsigned odd = choose.pick(16);
        if (odd == 0) { // a call that may not fit
            const server before = machine;
            const unsigned which = choose.pick(7);
            const errc error = which == 0   ? machine.accept(choose.pick(3))
                               : which == 1 ? machine.decline()
                               : which == 2 ? machine.require_upgrade()
                               : which == 3 ? machine.reject(404)
                               : which == 4 ? machine.answered()
                               : which == 5 ? machine.tls_failed()
                                            : machine.took(choose.pick(8) + 70000U);
            fuzz::check(error != errc::wrong_call || machine == before);
            fuzz::vary(options.head, choose);
            continue;
        }
        switch (now.what) {
        case action::read:
            if (input.empty() || odd == 1) {
                (void)machine.peer_closed();
            } else {
                const std::size_t count = 1 + choose.pick(64) % input.size();
                (tls ? plain : clear).append(input.substr(0, count));
                input.remove_prefix(count);
            }
            break;
        case action::decide: {
            fuzz::check(!switched || tls);
            fuzz::check(options.connect_requests || decided.method() != method::connect);
            const request_view request = machine.request(now.bytes);
            fuzz::check(fuzz::inside(request.line.authority, now.bytes));
            const unsigned how = choose.pick(4);
            if (request.offer.empty() || how == 1) {
                fuzz::check(machine.accept(7) != errc::ok);
                (void)(how == 2 && !tls ? machine.require_upgrade() : machine.decline());
            } else {
                fuzz::check(machine.accept(how % request.offer.size()) == errc::ok);
            }
            break;
        }
        case action::drop:
        case action::body:
        case action::drain:
            if (now.bytes.empty()) {
                (void)machine.peer_closed();
                break;
            }
            fuzz::check(fuzz::inside(now.bytes, tls ? plain_now.view() : clear_now.view()));
            fuzz::check(machine.took(now.bytes.size()) == errc::ok);
            fuzz::take(tls ? plain : clear, now.bytes, tls ? plain_now.view() : clear_now.view());
            break;
        case action::write:
            fuzz::check(!now.bytes.empty());
            switched = switched || now.status == 101;
            fuzz::check(machine.wrote(1 + choose.pick(200) % now.bytes.size()) == errc::ok);
            break;
        case action::start_tls: {
            fuzz::check(switched);
            if (!now.bytes.empty()) {
                fuzz::check(fuzz::inside(now.bytes, clear_now.view()));
                (void)gate.feed(now.bytes, "a.example", options.upgrade.defence);
                fuzz::check(machine.took(now.bytes.size()) == errc::ok);
                fuzz::take(clear, now.bytes, clear_now.view());
            } else if (!input.empty()) {
                clear.append(input.substr(0, 1));
                input.remove_prefix(1);
                break;
            } else {
                (void)machine.peer_closed();
            }
            const hello_verdict verdict = choose.pick(2) != 0 ? judge_hello({{}, false, {}, false, false}, "a.example",
                                                                            splice_defence::dedicated_name)
                                                              : gate.verdict();
            (void)machine.tls_hello(verdict);
            (void)machine.tls_established({{}, {}, session::full, early::none, identity::unverified}, options);
            break;
        }
        case action::answer: // its facts are read again where there was content
            fuzz::check(machine.request(now.bytes).facts == decided);
            fuzz::check(machine.answered() == errc::ok);
            break;
        case action::wait:
        case action::secure:
        case action::dial:
        case action::tunnel:
            fuzz::check(false);
            break;
        case action::detach:
        case action::close:
            fuzz::check(machine.state() == server_state::closed);
            break;
        }
    }
    return 0;
}
