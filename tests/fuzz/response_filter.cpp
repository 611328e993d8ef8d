// A filter of responses behind a host that sends anything, in any pieces: what comes out is what went in, with the
// advertisement and nothing else between.
#include "support.hpp"

#include <vector>

using namespace tlsup;

namespace {

struct run {
    std::string out{};
    std::string taken{};
    action end = action::read;
    errc error = errc::ok;
    unsigned owed = 0;
    bool operator==(const run&) const = default;
};

/// What may be asked, and is before anything is answered.
std::vector<request_facts> requests(fuzz::choices& choose) {
    constexpr std::string_view methods[] = {"GET", "HEAD", "OPTIONS", "CONNECT"};
    std::vector<request_facts> made(choose.pick(34));
    for (request_facts& each : made) {
        const std::string_view how = methods[choose.pick(4)];
        each.start(how, how == "CONNECT" ? "a:1" : "/", 1, choose.pick(4) == 0 ? 0 : 1);
    }
    return made;
}

/// A call that may not fit: where it is wrong, it changes nothing.
void call_anything(response_filter& machine, fuzz::choices& choose) {
    const response_filter before = machine;
    const unsigned which = choose.pick(6);
    const errc error = which == 0   ? machine.took(choose.pick(8) + 70000U)
                       : which == 1 ? machine.wrote(choose.pick(8) + 70000U)
                       : which == 2 ? machine.wrote(choose.pick(4))
                       : which == 3 ? machine.peer_closed()
                       : which == 4 ? machine.abort(choose.pick(2) != 0 ? errc::timeout : errc::ok)
                                    : machine.request({});
    fuzz::check(error == errc::ok || machine == before);
}

bool is_inserted(std::string_view text, const filter_options& options) {
    return text == ", Upgrade" || text == " Upgrade" || text == options.advert.text() ||
           text == options.advert.upgrade_line();
}

/// Passes the input; whole where `choose` is null. With `wild`, calls that do not fit come between.
run pass(std::string_view input, const std::vector<request_facts>& asked, const filter_options& options, bool closed,
         fuzz::choices* choose, bool wild) {
    response_filter machine;
    for (const request_facts& each : asked) {
        const bool full = machine.owed() == response_filter::longest_pipeline;
        fuzz::check(machine.request(each) == (full ? errc::pipeline_too_long : errc::ok));
    }
    run seen;
    std::string buffer;
    std::string inserted;
    const auto some = [&](std::size_t size) { return choose == nullptr ? size : 1 + choose->pick(64) % size; };
    while (true) {
        const fuzz::exact bytes(buffer);
        const step now = machine.next(bytes.view(), options);
        const response_filter before = machine;
        fuzz::check(machine.next(bytes.view(), options) == now && machine == before);
        if (wild && choose != nullptr && choose->pick(8) == 7) { // choices that ran out are 0
            call_anything(machine, *choose);
            continue;
        }
        fuzz::check(wild || inserted.empty() || now.what == action::write || is_inserted(inserted, options));
        if (now.what == action::body) {
            fuzz::check(!now.bytes.empty() && now.bytes.data() == bytes.view().data());
            const std::string_view part = now.bytes.substr(0, some(now.bytes.size()));
            seen.out += part;
            seen.taken += part;
            inserted.clear();
            fuzz::check(machine.took(part.size()) == errc::ok);
            buffer.erase(0, part.size());
        } else if (now.what == action::write) {
            fuzz::check(!now.bytes.empty() && now.more && now.status >= 200 && now.status != 426 && !options.secure);
            const std::string_view part = now.bytes.substr(0, some(now.bytes.size()));
            seen.out += part;
            inserted += part;
            fuzz::check(machine.wrote(part.size()) == errc::ok);
        } else if (now.what == action::read) {
            fuzz::check(now.bytes.empty() && buffer.size() < options.head.head_bytes);
            if (!input.empty()) {
                const std::size_t count = some(input.size());
                buffer += input.substr(0, count);
                input.remove_prefix(count);
            } else if (closed) {
                fuzz::check(machine.peer_closed() == errc::ok);
            } else {
                break;
            }
        } else {
            fuzz::check(now.what == action::close || now.what == action::detach);
            fuzz::check((now.what == action::detach) == (machine.outcome() == outcome::detached));
            fuzz::check(now.error == machine.error() && machine.outcome() != outcome::pending);
            seen.end = now.what;
            seen.error = now.error;
            break;
        }
    }
    seen.owed = machine.owed();
    return seen;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::choices choose(data, size);
    char text[128];
    filter_options options;
    options.advert = write_advert(text, choose.pick(2) != 0 ? default_tokens : token_list{tls_token::tls_1_2}).head;
    options.secure = choose.pick(8) == 7;
    options.interim_responses = static_cast<std::uint8_t>(choose.pick(2) != 0 ? 16 : 1);
    options.head.head_bytes = static_cast<std::uint16_t>(choose.pick(4) != 3 ? 65535 : 100);
    options.body.content_bytes = choose.pick(4) != 3 ? detail::largest_length : 20;
    const bool closed = choose.pick(2) != 0;
    const std::vector<request_facts> asked = requests(choose);
    fuzz::choices cuts = choose;
    for (int count = 0; count < 40; ++count) { // the cuts come from the end, the host's bytes from the front
        (void)choose.pick(2);
    }
    const std::string input(choose.rest());
    const run whole = pass(input, asked, options, closed, nullptr, false);
    fuzz::check(input.compare(0, whole.taken.size(), whole.taken) == 0);
    fuzz::check(pass(input, asked, options, closed, &cuts, false) == whole); // any split
    (void)pass(input, asked, options, closed, &cuts, true);
    filter_options plain = options;
    plain.secure = true;
    const run untouched = pass(input, asked, plain, closed, nullptr, false);
    fuzz::check(untouched.out == whole.taken && untouched.taken == whole.taken);
    fuzz::check(untouched.error == whole.error && untouched.end == whole.end && untouched.owed == whole.owed);
    // What came out is as good as what went in, and has nothing to be added. The heads are longer, and have more lines.
    filter_options again = options;
    again.head = {65535, 8192, 32, 110};
    const bool cut = whole.error == errc::truncated || whole.error == errc::peer_closed;
    const run second = pass(whole.out, asked, again, closed && (whole.error == errc::ok || cut), nullptr, false);
    fuzz::check(second.out == whole.out && second.taken == whole.out && second.owed == whole.owed);
    fuzz::check(whole.error != errc::ok || (second.error == errc::ok && second.end == whole.end));
    return 0;
}
