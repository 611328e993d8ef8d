// The third way: the facts door, behind a parser that is there already. No machine runs: the host reads, writes, and
// asks the library for its decisions, in the order of RFC 9110 7.8 and RFC 2817 3.3.
#include <doctest/doctest.h>

#include <algorithm>
#include <future>
#include <tuple>

#include "ways/support.hpp"

namespace ways {
namespace {

// The parser that is there already. It cuts lines, and leaves it to the facts what the fields mean.

std::string_view cut(std::string_view& text, std::string_view end) {
    const std::size_t at = std::min(text.find(end), text.size());
    const std::string_view part = text.substr(0, at);
    text.remove_prefix(std::min(at + end.size(), text.size()));
    return part;
}

template <class Facts> void cut_fields(std::string_view lines, Facts& facts) {
    for (std::string_view line = cut(lines, "\r\n"); !line.empty(); line = cut(lines, "\r\n")) {
        const std::string_view name = cut(line, ":");
        while (line.starts_with(' ') || line.starts_with('\t')) {
            line.remove_prefix(1);
        }
        facts.field(name, line);
    }
}

request_facts parse_request(std::string_view head) {
    request_facts facts;
    std::string_view line = cut(head, "\r\n");
    const std::string_view method = cut(line, " ");
    const std::string_view target = cut(line, " ");
    facts.start(method, target, line == "HTTP/1.1" || line == "HTTP/1.0" ? 1 : 0, line == "HTTP/1.1" ? 1 : 0);
    cut_fields(head, facts);
    (void)facts.finish(); // its error stays in the facts
    return facts;
}

response_facts parse_response(std::string_view head) {
    response_facts facts;
    std::string_view line = cut(head, "\r\n");
    const std::string_view version = cut(line, " ");
    facts.start(version == "HTTP/1.1" ? 1 : 0, 1, static_cast<std::uint16_t>(std::stoi(std::string(line))));
    cut_fields(head, facts);
    (void)facts.finish();
    return facts;
}

// The host

int judge_client_hello(SSL* ssl, int* alert, void* why) {
    const hello_verdict verdict = judge_hello(hello_of(ssl), host_name, bound.upgrade.defence);
    *static_cast<errc*>(why) = verdict.why();
    *alert = verdict.alert();
    return verdict.passed() ? SSL_CLIENT_HELLO_SUCCESS : SSL_CLIENT_HELLO_ERROR;
}

void send_all(int socket, SSL* ssl, std::string_view text) { CHECK(send_some(socket, ssl, text) == text.size()); }

/// Answers requests in clear with 426 until one has an offer that can be accepted, then serves one inside TLS. `ok`, or
/// why the connection ended.
errc serve_by_facts(const example::fd& socket, SSL_CTX* context) {
    char text[400] = {};
    for (bool switched = false; !switched;) {
        const std::string head = receive_head(socket.get(), nullptr);
        if (head.find("\r\n\r\n") == std::string::npos) {
            return errc::peer_closed;
        }
        const judged request = judge(parse_request(head), bound.upgrade, parse_request_line(head).authority);
        const std::size_t behind = head.size() - (head.find("\r\n\r\n") + 4);
        const committed now = commit(request, 0, {behind, 0, true, true});
        switched = now.error == errc::ok;
        send_all(socket.get(), nullptr,
                 switched ? now.bytes : write_426(text, bound.upgrade.tokens, "TLS only.\n").head.text());
    }

    errc why = errc::tls_failed;
    SSL_CTX_set_client_hello_cb(context, judge_client_hello, &why);
    const example::ssl_object engine = engine_on(socket.get(), context);
    if (SSL_accept(engine.get()) != 1) {
        return why == errc::ok ? errc::tls_failed : why;
    }
    const errc error = judge_server_handshake(facts_of(engine.get()), bound.upgrade.defence);
    std::string early;
    look(socket.get(), engine.get(), early);
    if (error != errc::ok || !early.empty()) { // nothing comes before the answer to the probe
        return error != errc::ok ? error : errc::spliced;
    }
    const field_text fresh[] = {{"Cache-Control", "no-store"}};
    send_all(-1, engine.get(), write_reply(text, {.status = 200}, fresh).head.text());

    const request_facts inner = parse_request(receive_head(-1, engine.get()));
    CHECK(inner.method() == method::get);
    send_all(-1, engine.get(), write_reply(text, {.close = true, .content = "in TLS"}).head.text());
    SSL_shutdown(engine.get());
    return inner.fault();
}

/// The server in its own thread.
struct connection {
    contexts tls;
    example::fd near;
    example::fd far;
    std::future<errc> serving;

    connection() {
        std::tie(near, far) = connected_pair();
        serving = std::async(std::launch::async, [this] { return serve_by_facts(far, tls.server.get()); });
    }

    /// Asks in clear; the response's head and content.
    std::string ask(const prepared& head, std::size_t content) {
        send_all(near.get(), nullptr, head.head.text());
        return receive_head(near.get(), nullptr, content);
    }
};

} // namespace

TEST_CASE("facts door: 426, probe, 101, TLS, and a request inside it, with a parser of the host's own") {
    connection it;
    char text[300] = {};

    // A request without an offer: the 426 says what is asked for.
    const request_text request{.method = "GET", .target = "/", .host = host_name};
    const response_facts refusal = parse_response(it.ask(write_request(text, request), 10));
    const token_list tokens = judge_426(refusal, default_tokens, {});
    REQUIRE(tokens == default_tokens);
    CHECK(refusal.persistent());

    // The probe offers that, and the 101 has to match the offer.
    const std::string switching = it.ask(write_probe(text, host_name, tokens), 0);
    REQUIRE(switching.ends_with("\r\n\r\n"));
    REQUIRE(judge_101(parse_response(switching), tokens, {}) == errc::ok);
    CHECK(judge_101(parse_response(switching), {tls_token::tls_1_2}, {}) == errc::token_not_offered);

    // TLS, verified before anything is said in it.
    const example::ssl_object engine = client_engine_on(it.near.get(), it.tls.client.get(), alpn_name);
    REQUIRE(SSL_connect(engine.get()) == 1);
    REQUIRE(judge_client_handshake(facts_of(engine.get()), true) == errc::ok);

    // The probe's answer comes first; only then the request goes out.
    const response_facts probed = parse_response(receive_head(-1, engine.get()));
    CHECK(probed.fault() == errc::ok);
    CHECK(probed.status() == 200);
    REQUIRE(probed.persistent());
    send_all(-1, engine.get(), write_request(text, request).head.text());
    const std::string answer = receive_head(-1, engine.get(), 6);
    CHECK(parse_response(answer).status() == 200);
    CHECK_FALSE(parse_response(answer).persistent());
    CHECK(answer.ends_with("\r\n\r\nin TLS"));
    CHECK(it.serving.get() == errc::ok);
}

TEST_CASE("facts door: a victim's ClientHello is refused with alert 120 (P-OPO)") {
    connection it;
    char text[200] = {};
    const std::string switching = it.ask(write_probe(text, host_name, default_tokens), 0);
    REQUIRE(parse_response(switching).status() == 101);
    const example::ssl_object victim = client_engine_on(it.near.get(), it.tls.client.get(), "http/1.1");
    CHECK(SSL_connect(victim.get()) != 1);
    CHECK(alert_received() == 120);
    CHECK(it.serving.get() == errc::foreign_alpn);
}

TEST_CASE("facts door: a request in the same flight as Finished is spliced (P-OPO)") {
    connection it;
    char text[200] = {};
    REQUIRE(parse_response(it.ask(write_probe(text, host_name, default_tokens), 0)).status() == 101);
    CHECK(send_with_finished(it.near.get(), it.tls.client.get(), "GET /victim HTTP/1.1\r\nHost: example.com\r\n\r\n"));
    it.near.reset();
    CHECK(it.serving.get() == errc::spliced);
}

TEST_CASE("facts door: bytes behind the offer get it ignored") {
    connection it;
    char text[200] = {};
    const std::string two = std::string(write_probe(text, host_name, default_tokens).head.text()) + "GET";
    send_all(it.near.get(), nullptr, two);
    const std::string refusal = receive_head(it.near.get(), nullptr, 10);
    CHECK(parse_response(refusal).status() == 426);
    ::shutdown(it.near.get(), SHUT_WR);
    CHECK(it.serving.get() == errc::peer_closed);
}

} // namespace ways
