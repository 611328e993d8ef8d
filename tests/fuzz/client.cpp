// A client whose peer sends anything, in any pieces, and whose caller calls anything.
#include "support.hpp"

using namespace tlsup;

namespace {

/// A call that may not fit: where it is wrong, it changes nothing.
void call_anything(client& machine, const client_options& options, fuzz::choices& choose) {
    const client before = machine;
    const tls_facts facts{alpn_name, "a.example", session::full, early::none, identity::unverified};
    const unsigned which = choose.pick(6);
    const errc error = which == 0   ? machine.retry()
                       : which == 1 ? machine.took(choose.pick(8) + 70000U)
                       : which == 2 ? machine.wrote(choose.pick(8) + 70000U)
                       : which == 3 ? machine.request_body_done()
                       : which == 4 ? machine.tls_established(facts, options)
                                    : machine.tls_failed();
    fuzz::check(error != errc::wrong_call || machine == before);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::choices choose(data, size);
    char probe[128];
    char request[256];
    client_options options;
    options.need = choose.pick(2) != 0 ? requirement::tls : requirement::any;
    options.peer = {choose.pick(2) != 0, choose.pick(2) != 0};
    const bool required = options.need == requirement::tls;
    const token_list offer = choose.pick(2) != 0 ? default_tokens : token_list{};
    options.probe = write_probe(probe, "a.example", default_tokens).head;
    options.request =
        write_request(request, {choose.pick(2) != 0 ? "HEAD" : "POST", "/secret", "a.example", offer, {}}).head;
    client machine;
    std::string buffer;
    std::string clear_sent;
    const bool wild = choose.pick(2) != 0;
    std::string_view input = choose.rest();
    bool probe_answered = false;
    for (int round = 0; round < 400; ++round) {
        const bool tls = machine.secure();
        const fuzz::exact bytes(buffer);
        const auto next = [&](client& which) {
            return tls ? which.next_secure(bytes.view(), options) : which.next(bytes.view(), options);
        };
        const client_state before = machine.state();
        const step now = next(machine);
        fuzz::check(next(machine) == now);
        probe_answered = probe_answered || before == client_state::probe_content;
        if (wild && now.what != action::dial && choose.pick(16) == 0) {
            call_anything(machine, options, choose);
            fuzz::vary(options.head, choose);
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
        case action::write: {
            const std::size_t count = 1 + choose.pick(200) % now.bytes.size();
            if (!tls) {
                clear_sent.append(now.bytes.substr(0, count));
            }
            // The protected request goes out only inside TLS, and behind the probe's answer.
            const bool secret = now.bytes.data() >= options.request.text().data() &&
                                now.bytes.data() < options.request.text().data() + options.request.text().size();
            fuzz::check(!secret || !required || (tls && probe_answered));
            fuzz::check(!secret || !machine.raised() || (tls && probe_answered));
            fuzz::check(machine.wrote(count) == errc::ok);
            break;
        }
        case action::drop:
        case action::body:
        case action::answer:
            fuzz::check(fuzz::inside(now.bytes, bytes.view()));
            fuzz::check(now.what != action::answer || !required || tls);
            fuzz::check(machine.took(now.bytes.size()) == errc::ok);
            fuzz::take(buffer, now.bytes, bytes.view());
            break;
        case action::start_tls:
            fuzz::check(buffer.empty());
            if (choose.pick(8) == 0) {
                (void)machine.tls_failed();
            } else {
                (void)machine.tls_established({{}, {}, session::full, early::none, identity::verified}, options);
            }
            break;
        case action::dial:
            buffer.clear();
            fuzz::check(machine.retry() == errc::ok);
            break;
        case action::detach:
        case action::close:
            fuzz::check(machine.state() == client_state::closed);
            fuzz::check(!required || clear_sent.find("/secret") == std::string::npos);
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
