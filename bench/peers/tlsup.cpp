// tlsup.cpp: tlsup's parser with its decision, and its machines from a fresh one to the step that decides.
#include <cstddef>
#include <string_view>

#include <tlsup/tlsup.hpp>

#include "../judge.hpp"
#include "../subject.hpp"

namespace bench {
namespace {

constexpr tlsup::head_limits limits{65535, 8192, 32, 255};

verdict read_request(const input& head, std::size_t piece) {
    using reader = tlsup::detail::head_reader<tlsup::request_facts>;
    reader parser;
    tlsup::request_facts facts;
    return in_pieces(head.bytes, piece, [&](std::string_view bytes) {
        const reader::progress found = parser.read(bytes, limits, facts);
        if (found != reader::progress::done) {
            return found == reader::progress::more ? verdict::incomplete : verdict::bad;
        }
        return judge_request(facts);
    });
}

verdict read_response(const input& head, std::size_t piece) {
    using reader = tlsup::detail::head_reader<tlsup::response_facts>;
    reader parser;
    tlsup::response_facts facts;
    return in_pieces(head.bytes, piece, [&](std::string_view bytes) {
        const reader::progress found = parser.read(bytes, limits, facts);
        if (found != reader::progress::done) {
            return found == reader::progress::more ? verdict::incomplete : verdict::bad;
        }
        return judge_response(facts, head.as);
    });
}

verdict read_head(const input& head, std::size_t piece) {
    return head.is_request() ? read_request(head, piece) : read_response(head, piece);
}

const tlsup::server_options server_options = [] {
    tlsup::server_options made;
    made.upgrade = rules;
    made.head = limits;
    return made;
}();

verdict run_server(const input& head, std::size_t piece) {
    tlsup::server machine;
    return in_pieces(head.bytes, piece, [&](std::string_view bytes) {
        const tlsup::step step = machine.next(bytes, server_options);
        if (step.what != tlsup::action::decide) {
            return step.what == tlsup::action::read ? verdict::incomplete : verdict::bad;
        }
        return machine.accept(0) == tlsup::errc::ok ? verdict::upgrade : verdict::plain;
    });
}

constexpr tlsup::port_range open_ports[] = {{1, 65535}};
constexpr tlsup::network examples[] = {tlsup::network_of("2001:db8::/32")};

const tlsup::proxy_options proxy_options = [] {
    tlsup::proxy_options made;
    made.ports = open_ports;
    made.addresses = examples;
    made.head = limits;
    return made;
}();

verdict run_proxy(const input& head, std::size_t piece) {
    tlsup::connect_proxy machine;
    return in_pieces(head.bytes, piece, [&](std::string_view bytes) {
        const tlsup::step step = machine.next(bytes, proxy_options);
        if (step.what != tlsup::action::decide) {
            return step.what == tlsup::action::read ? verdict::incomplete : verdict::bad;
        }
        return machine.target(step.bytes).port != 0 && machine.open() == tlsup::errc::ok ? verdict::tunnel
                                                                                         : verdict::bad;
    });
}

// The clients' heads are written before anything is measured: each run starts with a copy of such a machine.

template <class Machine, class Options> Machine asked(Options& options) {
    Machine machine;
    tlsup::step step = machine.next({}, options);
    while (step.what == tlsup::action::write) {
        (void)machine.wrote(step.bytes.size());
        step = machine.next({}, options);
    }
    return machine;
}

struct client_side {
    tlsup::client_options options{};
    tlsup::client ready{};
    char probe[256] = {};
    char request[256] = {};

    client_side() {
        options.need = tlsup::requirement::any;
        options.probe = tlsup::write_probe(probe, "printer.example.com", offered).head;
        options.request = tlsup::write_request(request, {"GET", "/", "printer.example.com", offered, {}}).head;
        options.head = limits;
        ready = asked<tlsup::client>(options);
    }
};

verdict run_client(const input& head, std::size_t piece) {
    static const client_side side;
    tlsup::client machine = side.ready;
    return in_pieces(head.bytes, piece, [&](std::string_view bytes) {
        tlsup::step step = machine.next(bytes, side.options);
        if (step.what == tlsup::action::read) {
            return verdict::incomplete;
        }
        if (step.what == tlsup::action::drop && machine.took(step.bytes.size()) == tlsup::errc::ok) {
            if (machine.raised()) {
                return verdict::follow;
            }
            step = machine.next({}, side.options);
        }
        return step.what == tlsup::action::start_tls ? verdict::upgrade
               : step.what == tlsup::action::answer  ? verdict::plain
                                                     : verdict::bad;
    });
}

struct connect_side {
    tlsup::connect_options options{};
    tlsup::connect_client ready{};
    char text[256] = {};

    connect_side() {
        options.connect = tlsup::write_connect(text, {"www.example.com", 443, {}}).head;
        options.head = limits;
        ready = asked<tlsup::connect_client>(options);
    }
};

verdict run_connect_client(const input& head, std::size_t piece) {
    static const connect_side side;
    tlsup::connect_client machine = side.ready;
    return in_pieces(head.bytes, piece, [&](std::string_view bytes) {
        tlsup::step step = machine.next(bytes, side.options);
        if (step.what == tlsup::action::read) {
            return verdict::incomplete;
        }
        if (step.what == tlsup::action::drop && machine.took(step.bytes.size()) == tlsup::errc::ok) {
            step = machine.next({}, side.options);
        }
        return step.what == tlsup::action::tunnel   ? verdict::tunnel
               : step.what == tlsup::action::answer ? verdict::plain
                                                    : verdict::bad;
    });
}

verdict run_machine(const input& head, std::size_t piece) {
    switch (head.as) {
    case role::request:
        return run_server(head, piece);
    case role::response:
        return run_client(head, piece);
    case role::connect:
        return run_proxy(head, piece);
    case role::connect_reply:
        return run_connect_client(head, piece);
    }
    return verdict::bad;
}

} // namespace

void add_tlsup(std::vector<subject>& all) {
    all.push_back({"head", "tlsup: the head's reader, its facts and the rules", read_head});
    all.push_back({"machine", "tlsup: a whole machine, up to the step that decides", run_machine});
}

} // namespace bench
