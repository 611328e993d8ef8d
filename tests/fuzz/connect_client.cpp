// A client that asks for a tunnel, under a proxy that sends anything in any pieces, and a caller that calls anything.
#include "support.hpp"

using namespace tlsup;

namespace {

/// A call that may not fit: where it is wrong, it changes nothing.
void call_anything(connect_client& machine, fuzz::choices& choose) {
    const connect_client before = machine;
    const unsigned which = choose.pick(6);
    const errc error = which == 0   ? machine.retry()
                       : which == 1 ? machine.took(choose.pick(8) + 70000U)
                       : which == 2 ? machine.wrote(choose.pick(8) + 70000U)
                       : which == 3 ? machine.peer_closed()
                       : which == 4 ? machine.abort(errc::timeout)
                                    : machine.wrote(choose.pick(8));
    fuzz::check(error == errc::ok || error == errc::wrong_call);
    fuzz::check(error == errc::ok || machine == before);
}

/// All that a run's outcome consists of.
struct ending {
    std::string taken{};
    connect_client_state state = connect_client_state::asking;
    errc error = errc::ok;
    bool operator==(const ending&) const = default;
};

/// One answer of a proxy in pieces of this size, then the end of the connection; nobody retries.
ending read_in_pieces(std::string_view input, std::size_t piece, const connect_options& options) {
    connect_client machine;
    fuzz::check(machine.wrote(machine.next({}, options).bytes.size()) == errc::ok);
    fuzz::check(machine.next({}, options).what == action::read);
    std::string buffer;
    ending seen;
    for (step now; machine.state() < connect_client_state::open;) {
        now = machine.next(buffer, options);
        if (now.what == action::read && input.empty()) {
            fuzz::check(machine.peer_closed() == errc::ok);
        } else if (now.what == action::read) {
            const std::size_t count = piece < input.size() ? piece : input.size();
            buffer.append(input.substr(0, count));
            input.remove_prefix(count);
        } else if (!now.bytes.empty()) {
            const std::size_t count = now.bytes.size();
            seen.taken += now.bytes;
            fuzz::check(machine.took(count) == errc::ok);
            buffer.erase(0, count);
        }
    }
    seen.state = machine.state();
    seen.error = machine.error();
    return seen;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::choices choose(data, size);
    char text[256];
    connect_options options;
    options.connect = write_connect(text, {"a.example", 443, {"user", "secret"}}).head;
    options.drain_bytes = choose.pick(2) != 0 ? 65536 : 20;
    options.head.head_bytes = static_cast<std::uint16_t>(choose.pick(2) != 0 ? 65535 : 200);
    options.interim_responses = static_cast<std::uint8_t>(choose.pick(3));
    const bool wild = choose.pick(2) != 0;
    std::string_view input = choose.rest();
    if (!wild) {
        fuzz::check(read_in_pieces(input, 1, options) == read_in_pieces(input, input.size() + 1, options));
    }
    connect_client machine;
    std::string buffer;
    std::size_t fed = 0;
    std::size_t taken = 0;
    bool refused = false; // by the answer to the last CONNECT
    for (int round = 0; round < 400; ++round) {
        const fuzz::exact bytes(buffer);
        const step now = machine.next(bytes.view(), options);
        fuzz::check(machine.next(bytes.view(), options) == now); // level-triggered
        if (wild && choose.pick(16) == 0) {
            call_anything(machine, choose);
            fuzz::vary(options.head, choose);
            continue;
        }
        switch (now.what) {
        case action::read:
            if (input.empty()) {
                fuzz::check(machine.peer_closed() == errc::ok);
            } else {
                const std::size_t count = 1 + choose.pick(64) % input.size();
                buffer.append(input.substr(0, count));
                input.remove_prefix(count);
                fed += count;
            }
            break;
        case action::write:
            fuzz::check(!now.bytes.empty() && fuzz::inside(now.bytes, options.connect.text()));
            fuzz::check(machine.wrote(1 + choose.pick(200) % now.bytes.size()) == errc::ok);
            refused = false;
            break;
        case action::answer:
            fuzz::check(now.status / 100 != 2 && machine.response(now.bytes).status == now.status);
            if (now.status == 407 && choose.pick(2) != 0) {
                (void)machine.retry();
            }
            refused = true;
            [[fallthrough]];
        case action::drop:
        case action::body:
            fuzz::check(now.what != action::body || refused);
            fuzz::check(!now.bytes.empty() && fuzz::inside(now.bytes, bytes.view()));
            fuzz::check(machine.took(now.bytes.size()) == errc::ok);
            taken += now.bytes.size();
            fuzz::take(buffer, now.bytes, bytes.view());
            break;
        case action::dial:
            taken += buffer.size();
            buffer.clear();
            fuzz::check(machine.retry() == errc::ok);
            break;
        case action::tunnel:
            fuzz::check(!refused && machine.state() == connect_client_state::open && machine.status() / 100 == 2);
            fuzz::check(taken + buffer.size() == fed);
            return 0;
        case action::close:
            fuzz::check(machine.state() == connect_client_state::closed && machine.outcome() != outcome::tunnelled);
            fuzz::check(taken + buffer.size() == fed);
            return 0;
        case action::wait:
        case action::detach:
        case action::start_tls:
        case action::secure:
        case action::decide:
        case action::drain:
            fuzz::check(false);
            break;
        }
    }
    return 0;
}
