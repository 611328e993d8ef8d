// The road over every combination of what it can meet: 2817-20, 2817-23, 2817-26, 2817-39, 2817-40.
#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <tlsup/tlsup.hpp>
#include <vector>

#include "route_world.hpp"

using namespace tlsup;

namespace {

enum road : unsigned { direct = 1, proxy = 2, cascade = 4, cascade_behind_one = 8, proxied = 14, any_road = 15 };
enum need : unsigned { plain = 1, offer = 2, tls = 4, any_need = 7 };
enum server_kind : unsigned {
    upgrades = 1,
    says_426 = 2,
    says_bare_426 = 4,
    ignores = 8,
    refuses = 16,
    lies = 32,
    takes_offers = 7,
    demands = 6,
    stays_clear = 24,
    serves_clear = 25,
    any_server = 63
};
enum proxy_kind : unsigned { opens = 1, asks = 2, asks_and_closes = 4, denies = 8, lets_through = 7, any_proxy = 15 };
enum forwarded_head : unsigned { without = 1, with = 2, either = 3 };

enum class end { secure, clear, refused };

/// The first row that covers a combination says how it ends.
struct row {
    unsigned roads;
    unsigned needs;
    unsigned servers;
    unsigned proxies;
    unsigned forwarded;
    end how;
    errc why;
};

constexpr row rows[] = {
    // Proxies that open no tunnel.
    {proxied, tls, any_server, denies, either, end::refused, errc::tunnel_refused},
    {proxied, offer | plain, any_server, denies, without, end::refused, errc::tunnel_refused},
    {cascade, any_need, any_server, denies, with, end::refused, errc::tunnel_refused},
    {proxied, offer | plain, demands, denies, with, end::refused, errc::tunnel_refused},
    {proxied, offer | plain, serves_clear, denies, with, end::clear, errc::ok},
    {proxied, offer | plain, lies, denies, with, end::refused, errc::unasked_101},
    // A request that goes to a forward proxy. The proxy removes Upgrade from a 426.
    {proxied, plain, serves_clear, lets_through, with, end::clear, errc::ok},
    {proxied, plain, demands, lets_through, with, end::secure, errc::ok},
    {proxied, plain, lies, lets_through, with, end::refused, errc::unasked_101},
    // The server's own word, on a direct connection or inside a tunnel.
    {any_road, tls | offer, takes_offers, any_proxy, either, end::secure, errc::ok},
    {any_road, tls, stays_clear, any_proxy, either, end::refused, errc::upgrade_refused},
    {any_road, offer, stays_clear, any_proxy, either, end::clear, errc::ok},
    {any_road, tls | offer, lies, any_proxy, either, end::refused, errc::token_not_offered},
    {any_road, plain, serves_clear, any_proxy, either, end::clear, errc::ok},
    {any_road, plain, says_426, any_proxy, either, end::secure, errc::ok},
    {any_road, plain, says_bare_426, any_proxy, either, end::refused, errc::missing_upgrade},
    {any_road, plain, lies, any_proxy, either, end::refused, errc::unasked_101},
};

struct combination {
    road way;
    need wanted;
    server_kind server;
    proxy_kind proxies;
    forwarded_head forwarded;

    [[nodiscard]] const row* find() const {
        for (const row& each : rows) {
            if ((each.roads & way) != 0 && (each.needs & wanted) != 0 && (each.servers & server) != 0 &&
                (each.proxies & proxies) != 0 && (each.forwarded & forwarded) != 0) {
                return &each;
            }
        }
        return nullptr;
    }
};

template <class Kind> Kind temper(unsigned bit) {
    unsigned number = 0;
    while ((bit >> number) != 1) {
        ++number;
    }
    return static_cast<Kind>(number);
}

std::vector<unit::proxy_temper> proxies_of(const combination& of) {
    const auto how = temper<unit::proxy_temper>(of.proxies);
    return of.way == direct    ? std::vector<unit::proxy_temper>{}
           : of.way == proxy   ? std::vector<unit::proxy_temper>{how}
           : of.way == cascade ? std::vector<unit::proxy_temper>{how, how}
                               : std::vector<unit::proxy_temper>{unit::proxy_temper::opens, how};
}

/// All heads of a caller's, composed once.
struct heads {
    char text[8][300] = {};
    route_proxy hops[2]{};
    route_options options{};

    explicit heads(const combination& of) {
        const token_list tokens{tls_token::tls_1_2, tls_token::tls_1_0};
        const field_text secret[] = {{"X-Secret", "s"}};
        request_text request{"GET", "/secret", "server.example", {}, {}};
        const credentials login{"u", "p"};
        options.proxies = {hops, proxies_of(of).size()};
        for (std::size_t at = 0; at < options.proxies.size; ++at) {
            const bool last = at + 1 == options.proxies.size;
            connect_text to{last ? "server.example" : "second.example", static_cast<std::uint16_t>(last ? 80 : 8080)};
            hops[at].connect = write_connect(text[at], to).head;
            to.login = login;
            hops[at].connect_with_login = write_connect(text[2 + at], to).head;
        }
        if (of.forwarded == with) {
            options.forwarded = write_proxied(text[4], request, {}, secret).head;
            options.forwarded_with_login = write_proxied(text[5], request, login, secret).head;
        }
        request.offer = of.wanted == offer ? tokens : token_list{};
        options.exchange.need = of.wanted == tls ? requirement::tls : requirement::any;
        options.exchange.probe = write_probe(text[6], "server.example", tokens).head;
        options.exchange.request = write_request(text[7], request, secret).head;
    }
};

/// What a caller does, with all that it may look at on the way.
struct traveller {
    unit::world& around;
    const route_options& options;
    std::size_t piece;
    route machine{};
    std::string buffer{};
    std::string ahead{};
    std::string body{};
    bool clear_after_raise = false;

    [[nodiscard]] step next() {
        return machine.secure() ? machine.next_secure(buffer, options) : machine.next(buffer, options);
    }

    void run() {
        for (unsigned turn = 0; turn < 20000; ++turn) {
            const step now = next();
            const route after = machine;
            REQUIRE(next() == now);
            REQUIRE(machine == after);
            if (now.what == action::close || now.what == action::detach) {
                return;
            }
            act(now);
        }
        FAIL("it does not end");
    }

    void act(const step& now) {
        if (now.what == action::dial) {
            around.connect();
            buffer.clear();
            ahead.clear();
            REQUIRE(machine.connected(options) == errc::ok);
        } else if (now.what == action::write) {
            const unsigned before = around.clear_requests;
            ahead += around.hear(now.bytes, machine.secure());
            clear_after_raise = clear_after_raise || (machine.raised() && around.clear_requests != before);
            REQUIRE(machine.wrote(now.bytes.size()) == errc::ok);
        } else if (now.what == action::read) {
            if (ahead.empty()) {
                REQUIRE(around.closed);
                REQUIRE(machine.peer_closed() == errc::ok);
            }
            buffer += ahead.substr(0, piece);
            ahead.erase(0, piece);
        } else if (now.what == action::start_tls) {
            REQUIRE(machine.tls_name(options) == "server.example");
            around.start_tls();
            REQUIRE(
                machine.tls_established({alpn_name, "server.example", session::full, early::none, identity::verified},
                                        options) == errc::ok);
            ahead = around.secure_answer();
        } else if (now.what == action::answer || now.what == action::body || now.what == action::drop) {
            body += now.what == action::body ? now.bytes : std::string_view{};
            const std::size_t count = now.bytes.size();
            buffer.erase(0, count);
            REQUIRE(machine.took(count) == errc::ok);
        } else {
            FAIL("a step that is not a route's: ", to_string(now.what));
        }
    }
};

std::string describe(const combination& of) {
    return "road " + std::to_string(of.way) + ", need " + std::to_string(of.wanted) + ", server " +
           std::to_string(of.server) + ", proxies " + std::to_string(of.proxies) + ", forwarded " +
           std::to_string(of.forwarded);
}

void check(const combination& of, std::size_t piece) {
    const row* wanted = of.find();
    INFO(describe(of));
    REQUIRE(wanted != nullptr);
    const heads prepared(of);
    unit::world around(temper<unit::server_temper>(of.server), proxies_of(of));
    traveller caller{around, prepared.options, piece};
    caller.run();
    const route& made = caller.machine;
    INFO(around.transcript);
    INFO("it ended with ", to_string(made.error()));
    CHECK(around.problem.empty());
    CHECK(made.outcome() == (wanted->how == end::secure  ? outcome::answered_secure
                             : wanted->how == end::clear ? outcome::answered
                                                         : outcome::refused));
    CHECK(made.error() == wanted->why);
    CHECK(made.secure() == (wanted->how == end::secure));
    // Bounded: the first, one for each proxy's login, one for the forward proxy's, one for a 426 or a denied tunnel.
    CHECK(around.connections <= 2 + 2 * prepared.options.proxies.size);
    CHECK(made.connections() == around.connections);
    CHECK_FALSE(caller.clear_after_raise);
    if (of.wanted == tls) {
        CHECK(around.clear_requests == 0);
    }
    if (wanted->how == end::secure && of.wanted != offer) {
        CHECK(around.secure_requests == 1);
        CHECK(caller.body == "secure");
    }
    if (wanted->how == end::refused && wanted->why != errc::missing_upgrade) {
        CHECK(around.secure_requests == 0);
    }
}

/// A tunnel to the next proxy leads back to where it came from: nothing but the chart can show that it may.
constexpr bool goes_on_tunnelling() {
    route_state state = route_state::tunnelling;
    return follow(route_chart, state, route_event::next_proxy) && state == route_state::tunnelling;
}
static_assert(goes_on_tunnelling());

} // namespace

TEST_CASE("a route ends as the table says, for each road, need, server and proxy, whole and byte by byte") {
    std::size_t count = 0;
    std::vector<bool> used(sizeof rows / sizeof rows[0]);
    for (const road way : {direct, proxy, cascade, cascade_behind_one}) {
        for (const need wanted : {plain, offer, tls}) {
            for (unsigned server = upgrades; server <= lies; server *= 2) {
                for (unsigned kind = opens; kind <= (way == direct ? opens : denies); kind *= 2) {
                    for (const forwarded_head forwarded : {without, with}) {
                        const combination of{way, wanted, static_cast<server_kind>(server),
                                             static_cast<proxy_kind>(kind), forwarded};
                        if (way == direct && forwarded == with) {
                            continue;
                        }
                        check(of, 100000);
                        check(of, 1);
                        used[static_cast<std::size_t>(of.find() - rows)] = true;
                        ++count;
                    }
                }
            }
        }
    }
    CHECK(count == 18 + std::size_t{3} * 3 * 6 * 4 * 2);
    for (const bool each : used) {
        CHECK(each); // no row is there for nothing
    }
}
