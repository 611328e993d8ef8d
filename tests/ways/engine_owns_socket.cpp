// The second way: the bytes door, and an engine that reads and writes the socket itself. No gate can read the
// ClientHello, so OpenSSL's ClientHello callback shows it to `judge_hello`, and the engine sends the alert.
#include <doctest/doctest.h>

#include <future>
#include <tuple>

#include "ways/support.hpp"

namespace ways {
namespace {

constexpr std::string_view probe =
    "OPTIONS * HTTP/1.1\r\nHost: example.com\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\n\r\n";

/// What the callback needs of one connection. The context is everyone's, so this hangs on the SSL object.
struct watcher {
    server& machine;
    std::string host;
};

int judge_client_hello(SSL* ssl, int* alert, void*) {
    const auto& watch = *static_cast<const watcher*>(SSL_get_app_data(ssl));
    const hello_verdict verdict = judge_hello(hello_of(ssl), watch.host, bound.upgrade.defence);
    if (watch.machine.state() == server_state::hello) { // a second one, after a HelloRetryRequest, is judged as well
        CHECK(watch.machine.tls_hello(verdict) == errc::ok);
    }
    *alert = verdict.alert();
    return verdict.passed() ? SSL_CLIENT_HELLO_SUCCESS : SSL_CLIENT_HELLO_ERROR;
}

/// Serves one connection until it is over.
server serve_blocking(const example::fd& socket, SSL_CTX* context) {
    server machine;
    std::string clear;
    std::string plain;
    example::ssl_object engine;
    while (true) {
        const step now = machine.secure() ? machine.next_secure(plain, clear, bound) : machine.next(clear, bound);
        std::string& buffer = machine.secure() ? plain : clear;
        switch (now.what) {
        case action::read:
            if (!receive(socket.get(), engine.get(), buffer)) {
                CHECK(machine.peer_closed() == errc::ok);
            }
            break;
        case action::write: {
            const std::size_t count = send_some(socket.get(), engine.get(), now.bytes);
            CHECK((count != 0 ? machine.wrote(count) : machine.abort(errc::aborted)) == errc::ok);
            break;
        }
        case action::decide:
            CHECK((machine.secure() ? machine.decline() : machine.accept(0)) == errc::ok);
            break;
        case action::start_tls: {
            // Nothing was read since the head ended, so the ClientHello still is the kernel's: the engine misses none.
            REQUIRE(now.bytes.empty());
            REQUIRE(clear == probe);
            authority asked;
            REQUIRE(parse_authority(machine.request(clear).line.authority, port_rule::optional, asked) == errc::ok);
            watcher watch{machine, std::string(asked.host)};
            engine = engine_on(socket.get(), context);
            SSL_set_app_data(engine.get(), &watch);
            if (SSL_accept(engine.get()) == 1) {
                CHECK(machine.tls_established(facts_of(engine.get()), bound) == errc::ok);
                look(socket.get(), engine.get(), plain); // the machine has to see what came with Finished
            } else {
                (void)machine.tls_failed(); // `wrong_call` where the verdict has ended it
            }
            break;
        }
        case action::answer: {
            char text[200] = {};
            const prepared reply = write_reply(text, {.content = "in TLS"});
            CHECK(send_some(socket.get(), engine.get(), reply.head.text()) == reply.head.text().size());
            CHECK(machine.answered() == errc::ok);
            break;
        }
        case action::body:
        case action::drop:
            CHECK(machine.took(now.bytes.size()) == errc::ok);
            buffer.erase(static_cast<std::size_t>(now.bytes.data() - buffer.data()), now.bytes.size());
            break;
        case action::close:
            if (machine.secure()) {
                SSL_shutdown(engine.get());
            }
            return machine;
        case action::wait:
        case action::secure:
        case action::dial:
        case action::tunnel:
        case action::detach:
        case action::drain:
            FAIL("no such step here: ", to_string(now.what));
        }
    }
}

/// The server in its own thread, and a socket on which the probe was sent and the 101 came.
struct switched {
    contexts tls;
    example::fd near;
    example::fd far;
    std::future<server> serving;

    explicit switched(const char* server_groups = nullptr) {
        SSL_CTX_set_client_hello_cb(tls.server.get(), judge_client_hello, nullptr);
        if (server_groups != nullptr) {
            SSL_CTX_set1_groups_list(tls.server.get(), const_cast<char*>(server_groups));
        }
        std::tie(near, far) = connected_pair();
        serving = std::async(std::launch::async, [this] { return serve_blocking(far, tls.server.get()); });
        CHECK(send_some(near.get(), nullptr, probe) == probe.size());
        CHECK(receive_head(near.get(), nullptr).starts_with("HTTP/1.1 101 "));
    }
};

} // namespace

TEST_CASE("engine owns the socket: a client with tlsup/1 is served, with and without a HelloRetryRequest") {
    for (const char* const groups : {"X25519:P-256", "P-384"}) {
        switched it(groups);
        const example::ssl_object client = client_engine_on(it.near.get(), it.tls.client.get(), alpn_name);
        REQUIRE(SSL_connect(client.get()) == 1);
        CHECK(judge_client_handshake(facts_of(client.get()), true) == errc::ok);
        CHECK(SSL_version(client.get()) == TLS1_3_VERSION);
        CHECK(receive_head(-1, client.get()).starts_with("HTTP/1.1 200 OK\r\n"));
        CHECK(send_some(-1, client.get(), "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n") > 0);
        CHECK(receive_head(-1, client.get(), 6).ends_with("\r\n\r\nin TLS"));
        SSL_shutdown(client.get());
        const server machine = it.serving.get();
        CHECK(machine.error() == errc::ok);
        CHECK(machine.outcome() == outcome::upgraded);
    }
}

TEST_CASE("engine owns the socket: a victim with http/1.1 gets alert 120 from the engine (P-OPO)") {
    switched it; // the attacker's work; now it relays a connection that was meant for port 443
    const example::ssl_object victim = client_engine_on(it.near.get(), it.tls.client.get(), "http/1.1");
    CHECK(SSL_connect(victim.get()) != 1);
    CHECK(alert_received() == 120);
    const server machine = it.serving.get();
    CHECK(machine.error() == errc::foreign_alpn);
    CHECK(machine.outcome() == outcome::broken);
}

TEST_CASE("engine owns the socket: another server name than the request's is refused") {
    switched it;
    const example::ssl_object client = client_engine_on(it.near.get(), it.tls.client.get(), alpn_name);
    SSL_set_tlsext_host_name(client.get(), const_cast<char*>("other.example"));
    CHECK(SSL_connect(client.get()) != 1);
    CHECK(alert_received() == 112); // unrecognized_name
    CHECK(it.serving.get().error() == errc::wrong_name);
}

TEST_CASE("engine owns the socket: a request in the same flight as Finished is spliced (P-OPO)") {
    switched it;
    CHECK(send_with_finished(it.near.get(), it.tls.client.get(), "GET /victim HTTP/1.1\r\nHost: example.com\r\n\r\n"));
    const server machine = it.serving.get();
    CHECK(machine.error() == errc::spliced);
    CHECK(machine.outcome() == outcome::broken);
}

} // namespace ways
