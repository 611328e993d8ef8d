#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <string>

using namespace tlsup;

namespace {

template <class Probe>
concept takes_fields = requires(Probe probe, room out, field_list fields) {
    probe(out, "a", default_tokens, fields);
};
constexpr auto probe_writer = [](auto... arguments) -> decltype(write_probe(arguments...)) {
    return write_probe(arguments...);
};
// The probe can carry no credential, because it can carry no field. 2817-05
static_assert(!takes_fields<decltype(probe_writer)>);

errc request_error(request_text request, std::string_view name = {}, std::string_view value = {}) {
    char out[400] = {};
    const field_text fields[] = {{name, value}};
    return write_request(out, request, name.empty() && value.empty() ? field_list{} : field_list{fields}).error;
}

} // namespace

TEST_CASE("numbers have the same digits with and without a division") {
    std::uint64_t number = 1;
    for (int round = 0; round < 200; ++round) {
        for (const std::uint64_t value : {number, number - 1, number + 1, ~number}) {
            char one[detail::decimal_digits] = {};
            char other[detail::decimal_digits] = {};
            const std::size_t from = detail::decimal<true>(value, one);
            CHECK(std::string(one + from, detail::decimal_digits - from) == std::to_string(value));
            CHECK(detail::decimal<false>(value, other) == from);
            CHECK(std::string(other + from, detail::decimal_digits - from) == std::to_string(value));
        }
        number = round < 64 ? number * 2 : number == 0 ? 1 : number * 10;
    }
}

TEST_CASE("no argument can bring a line end into a head (9112-11.1-01)") {
    CHECK(request_error({"GET", "/a", "a.example", {}, {}}) == errc::ok);
    CHECK(request_error({"GET / HTTP/1.1\r\nX:", "/a", "a.example", {}, {}}) == errc::bad_argument);
    CHECK(request_error({"GET", "/a HTTP/1.1\r\nX: y", "a.example", {}, {}}) == errc::bad_argument);
    CHECK(request_error({"GET", "/a b", "a.example", {}, {}}) == errc::bad_argument);
    CHECK(request_error({"GET", "/a", "a.example\r\nX: y", {}, {}}) == errc::bad_argument);
    for (const std::string_view bad : {std::string_view("a\rb"), std::string_view("a\nb"), std::string_view("a\0b", 3),
                                       std::string_view(" a"), std::string_view("a\r\n b")}) {
        CHECK(request_error({"GET", "/a", "a.example", {}, {}}, "X", bad) == errc::bad_argument);
    }
    for (const std::string_view bad : {"X Y", "", "X:", "X\r\n"}) {
        CHECK(request_error({"GET", "/a", "a.example", {}, {}}, bad, "v") == errc::bad_argument);
    }
}

TEST_CASE("fields that the library owns come from typed arguments only (9110-7.6.1-06, 9112-6.2-01)") {
    for (const std::string_view owned : {"Host", "connection", "UPGRADE", "Content-Length", "Transfer-Encoding",
                                         "Keep-Alive", "TE", "Trailer", "Expect", "Proxy-Connection"}) {
        CHECK(request_error({"GET", "/a", "a.example", {}, {}}, owned, "x") == errc::bad_argument);
    }
}

TEST_CASE("requests are written as the RFCs want them (9112-3.2-02, 9110-7.8-14, 9110-10.1.1-02, 9110-9.3.7-05)") {
    char out[400] = {};
    const field_text fields[] = {{"Accept", "*/*"}};
    content body = content::of(5);
    body.expect_continue = true;
    const prepared made =
        write_request(out, {"POST", "/a", "a.example:8080", {tls_token::tls_1_2, tls_token::tls_1_0}, body}, fields);
    REQUIRE(made.error == errc::ok);
    CHECK(made.head.text() == "POST /a HTTP/1.1\r\nHost: a.example:8080\r\nAccept: */*\r\nContent-Length: 5\r\n"
                              "Expect: 100-continue\r\nUpgrade: TLS/1.2, TLS/1.0\r\nConnection: Upgrade\r\n\r\n");
    CHECK(made.head.announces_content());
    CHECK(request_error({"GET", "/", "a", {}, {framing::none, 0, true}}) == errc::bad_argument);
    CHECK(request_error({"OPTIONS", "*", "a", {}, content::of(1)}) == errc::bad_argument);
    CHECK(request_error({"OPTIONS", "*", "a", {}, content::of(1)}, "Content-Type", "text/plain") == errc::ok);
    CHECK(request_error({"CONNECT", "a:443", "a", {}, {}}) == errc::bad_argument);
    CHECK(request_error({"GET", "*", "a", {}, {}}) == errc::bad_argument);
    CHECK(request_error({"GET", "http://a/", "a", {}, {}}) == errc::bad_argument);
}

TEST_CASE("a buffer that is one octet short gives no head (DESIGN 3)") {
    char out[400] = {};
    const prepared whole = write_probe(out, "a.example", default_tokens);
    REQUIRE(whole.error == errc::ok);
    const std::size_t size = whole.head.text().size();
    CHECK(write_probe(room(out, size), "a.example", default_tokens).error == errc::ok);
    CHECK(write_probe(room(out, size - 1), "a.example", default_tokens).error == errc::no_room);
    CHECK(write_probe(room(out, size - 1), "a.example", default_tokens).head.text().empty());
    CHECK(write_probe(out, "a.example", {}).error == errc::bad_argument);
}

TEST_CASE("replies: no 1xx, no 426, no length on 204 (9110-8.6-02, 2817-16)") {
    char out[400] = {};
    CHECK(write_reply(out, {.status = 101}).error == errc::bad_argument);
    CHECK(write_reply(out, {.status = 426}).error == errc::bad_argument);
    CHECK(write_reply(out, {.reason = "OK\r\nX: y"}).error == errc::bad_argument);
    CHECK(write_reply(out, {.status = 204}).head.text() == "HTTP/1.1 204 No Content\r\n\r\n");
    CHECK(write_reply(out, {.status = 204, .content = "x"}).error == errc::bad_argument);
    CHECK(write_reply(out, {.advertise = {tls_token::tls_1_2}, .close = true, .content = "hi"}).head.text() ==
          "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nUpgrade: TLS/1.2, HTTP/1.1\r\nConnection: close, Upgrade\r\n\r\nhi");
    CHECK(write_426(out, {}, "x").error == errc::bad_argument);
    CHECK(write_advert(out, {tls_token::tls_1_0}).head.text() ==
          "Upgrade: TLS/1.0, HTTP/1.1\r\nConnection: Upgrade\r\n");
}

TEST_CASE("a TRACE has no content, to a server or through a proxy (RFC 9110 9.3.8)") {
    char out[400] = {};
    for (const content& body :
         {content::of(0), content::of(5), content{framing::chunked, 0, false}, content{framing::length, 5, true}}) {
        CHECK(request_error({"TRACE", "/", "a", {}, body}) == errc::bad_argument);
        CHECK(write_proxied(out, {"TRACE", "/", "a", {}, body}).error == errc::bad_argument);
        CHECK(request_error({"TRACED", "/", "a", {}, body}) == errc::ok);
    }
    CHECK(request_error({"TRACE", "/", "a", {}, {}}) == errc::ok);
    CHECK(write_proxied(out, {"TRACE", "/", "a", {}, {}}).error == errc::ok);
}

TEST_CASE("a 205 has no content and says so (RFC 9110 15.3.6)") {
    char out[400] = {};
    CHECK(write_reply(out, {.status = 205}).head.text() == "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n");
    CHECK(write_reply(out, {.status = 205, .content = "x"}).error == errc::bad_argument);
}

TEST_CASE("a reply has the field that its status needs (RFC 9110 15.5.2, 15.5.6, 15.5.8)") {
    char out[400] = {};
    const field_text challenge[] = {{"X", "y"}, {"www-Authenticate", "Basic realm=\"x\""}};
    const field_text allow[] = {{"Allow", ""}}; // no method at all
    const field_text proxy[] = {{"Proxy-Authenticate", "Basic realm=\"x\""}};
    CHECK(write_reply(out, {.status = 401}).error == errc::bad_argument);
    CHECK(write_reply(out, {.status = 401}, allow).error == errc::bad_argument);
    CHECK(write_reply(out, {.status = 401}, challenge).error == errc::ok);
    CHECK(write_reply(out, {.status = 405}).error == errc::bad_argument);
    CHECK(write_reply(out, {.status = 405}, challenge).error == errc::bad_argument);
    CHECK(write_reply(out, {.status = 405}, allow).error == errc::ok);
    CHECK(write_reply(out, {.status = 407}, proxy).error == errc::bad_argument);
    CHECK(write_reply(out, {.status = 403}).error == errc::ok);
}

TEST_CASE("a text of the greatest length is written to its end by each machine (DESIGN 3)") {
    constexpr std::size_t most = 65535;
    std::string out(most + 1, ' ');
    const auto filled = [&](const auto& write) { // with a field that fills it, and with one byte more
        std::string value(60000, 'x');
        const std::size_t bare = write(value).head.text().size() - value.size();
        value.assign(most - bare + 1, 'x');
        CHECK(write(value).error == errc::no_room);
        value.pop_back();
        const prepared made = write(value);
        REQUIRE(made.head.text().size() == most);
        return made.head;
    };
    const auto written = [](auto& machine, const auto& options, std::string_view input) {
        std::size_t all = 0;
        for (step now = machine.next(input, options); now.what == action::write && all <= most;
             now = machine.next(input, options)) {
            const std::size_t count = now.bytes.size() < 30011 ? now.bytes.size() : 30011;
            REQUIRE(machine.wrote(count) == errc::ok);
            all += count;
        }
        return all;
    };
    client_options asks;
    asks.need = requirement::any;
    asks.request = filled([&](const std::string& value) {
        const field_text field[] = {{"X", value}};
        return write_request(out, {"GET", "/", "a", {}, {}}, field);
    });
    client asker;
    CHECK(written(asker, asks, {}) == most);
    CHECK(asker.next({}, asks).what == action::read);
    connect_options opens;
    opens.connect = filled([&](const std::string& value) {
        const field_text field[] = {{"X", value}};
        return write_connect(out, {"a", 443, {}}, field);
    });
    connect_client opener;
    CHECK(written(opener, opens, {}) == most);
    CHECK(opener.next({}, opens).what == action::read);
    constexpr port_range ports[] = {{443, 443}};
    constexpr std::string_view head = "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n";
    proxy_options serves{.ports = ports};
    serves.challenge = filled([&](const std::string& value) { return write_407(out, "Basic", value); });
    connect_proxy proxy;
    REQUIRE(proxy.next(head, serves).what == action::decide);
    REQUIRE(proxy.challenge(serves) == errc::ok);
    CHECK(written(proxy, serves, head) == most);
    CHECK(proxy.next(head, serves).what == action::drain);
}

TEST_CASE("the registry (2817-35, 2817-36, 2817-37, 9110-16.7-01)") {
    static_assert(reason_phrase(426) == "Upgrade Required");
    static_assert(reason_phrase(421) == "Misdirected Request");
    static_assert(find_status(427) == nullptr);
    for (std::uint16_t code = 420; code <= 426; ++code) {
        REQUIRE(find_status(code) != nullptr);
        CHECK(!find_status(code)->source.empty());
    }
    std::uint16_t before = 0;
    for (const status_entry& each : status_codes) {
        CHECK(each.code() > before);
        before = each.code();
    }
    CHECK(find_upgrade_token("tls") != nullptr);
    CHECK(find_upgrade_token("nothing") == nullptr);
    CHECK(parse_product("TLS/1.0").valid);
    CHECK(parse_product("TLS").valid);
    for (const std::string_view bad : {"", "/", "/1.0", "TLS/", "TLS/1.0/1", "T LS", "TLS/1.0;q"}) {
        CHECK(!parse_product(bad).valid);
    }
    tls_token token{};
    CHECK(parse_tls_token("tls/1.2", token) == errc::ok);
    CHECK(token == tls_token::tls_1_2);
    for (const std::string_view bad : {"TLS/ten", "TLS/1.0, h2c", "TLS/1.0\r\nX: y", "TLS/1.4", "TLS"}) {
        CHECK(parse_tls_token(bad, token) == errc::bad_argument);
    }
    token_list list{tls_token::tls_1_2, tls_token::tls_1_0, tls_token::tls_1_2};
    CHECK(list.size() == 2);
    CHECK(list[1] == tls_token::tls_1_0);
}

TEST_CASE("every error explains itself") {
    for (std::size_t at = 0; at < detail::error_count; ++at) {
        const auto code = static_cast<errc>(at);
        CHECK(!to_string(code).empty());
        CHECK(!explain(code).empty());
        CHECK(!source(code).empty());
        CHECK((suggested_status(code) == 0 || find_status(suggested_status(code)) != nullptr));
    }
}
