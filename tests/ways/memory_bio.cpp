// The first way: the bytes door, and OpenSSL between two buffers. Every byte passes through the caller's hands, so the
// gate reads the ClientHello before OpenSSL answers it. The loops are those of caller_loops.hpp.
#include <doctest/doctest.h>

#include <future>

#include "ways/caller_loops.hpp"
#include "ways/memory_bio.hpp"

namespace ways {
namespace {

constexpr std::string_view secret = "/secret-path";

/// A host that serves over TLS only, but for POST, and gives `GET /raw` to someone else.
struct site {
    std::string content_seen;
    bool taken_over = false;
    bool cuts = false;

    template <class Io> void decide(server& machine, std::string_view head, Io& io) {
        const request_view request = machine.request(head);
        if (!request.offer.empty()) {
            CHECK(machine.accept(0) == errc::ok);
        } else if (request.line.target == "/raw") {
            CHECK(machine.detach() == errc::ok);
        } else if (machine.secure() || request.facts.method() == method::post) {
            CHECK(machine.decline() == errc::ok);
            if (request.facts.expects_continue() && request.facts.has_content()) {
                (void)send_all(machine, continue_100, io);
            }
        } else {
            CHECK(machine.require_upgrade() == errc::ok);
        }
    }
    std::string_view content(std::string_view bytes) {
        content_seen += bytes.substr(0, 3); // it need not take all
        return bytes.substr(0, 3);
    }
    template <class Io> void answer(server& machine, std::string_view head, Io& io) {
        char text[300] = {};
        if (cuts) { // only the end of the connection ends the content, and this is not the end
            if (send_all(machine, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf", io)) {
                CHECK(machine.abort(errc::aborted) == errc::ok);
            }
            return;
        }
        const bool last = machine.request(head).facts.last();
        const prepared reply = write_reply(text, {.close = last, .content = machine.secure() ? "in TLS" : "in clear"});
        if (!send_all(machine, reply.head.text(), io)) {
            return;
        }
        CHECK(machine.answered() == errc::ok);
    }
    template <class Io> void take_over(Io&) { taken_over = true; }

    template <class Io> static bool send_all(server& machine, std::string_view text, Io& io) {
        while (!text.empty()) {
            const std::size_t count = io.write(text, false);
            if (count == 0) {
                (void)machine.abort(errc::aborted);
                return false;
            }
            text.remove_prefix(count);
        }
        return true;
    }
};

/// A server on one end, in its own thread, and a client on the other.
struct exchange {
    contexts tls;
    char probe_text[200] = {};
    char request_text[200] = {};
    client_options options{.probe = write_probe(probe_text, host_name, default_tokens).head,
                           .request =
                               write_request(request_text, {.method = "GET", .target = secret, .host = host_name}).head,
                           .alpn_required = true};
    std::optional<memory_bio_io> client_io;
    std::optional<memory_bio_io> server_io;
    site host;

    explicit exchange(std::string_view alpn = alpn_name) {
        auto [near, far] = connected_pair();
        client_io.emplace(std::move(near), client_engine(alpn));
        server_io.emplace(std::move(far), server_engine());
    }
    example::tls_endpoint client_engine(std::string_view alpn) const {
        example::tls_endpoint engine(tls.client.get(), example::tls_endpoint::role::client);
        engine.expect_host(host_name);
        engine.offer_alpn(alpn);
        return engine;
    }
    example::tls_endpoint server_engine() const { return {tls.server.get(), example::tls_endpoint::role::server}; }
    std::pair<fetched, server> run() {
        auto serving = std::async(std::launch::async, [&] { return serve(*server_io, host, bound); });
        const fetched it = fetch(*client_io, options);
        client_io->close();
        return {it, serving.get()};
    }
};

/// What goes through a server's loop when all input is there from the start.
std::pair<std::string, server> replay(std::string_view input, site& host) {
    exchange it;
    auto [near, far] = connected_pair();
    memory_bio_io io(std::move(far), it.server_engine());
    REQUIRE(::send(near.get(), input.data(), input.size(), 0) == static_cast<ssize_t>(input.size()));
    ::shutdown(near.get(), SHUT_WR);
    const server machine = serve(io, host, bound);
    return {io.sent(), machine};
}

} // namespace

TEST_CASE("memory BIO: probe and 101 in clear, all else inside TLS") {
    exchange it;
    const auto [got, machine] = it.run();
    CHECK(got.machine.outcome() == outcome::answered_secure);
    CHECK(got.machine.reusable());
    CHECK(it.client_io->kept());
    CHECK(got.machine.response().secure);
    CHECK_FALSE(got.machine.response().unauthenticated_request);
    CHECK(got.text == "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nin TLS");
    CHECK(machine.outcome() == outcome::upgraded);
    CHECK(it.client_io->engine().version() == "TLSv1.3");
    CHECK(it.client_io->engine().alpn() == "tlsup/1");
    CHECK(it.server_io->engine().alpn() == "tlsup/1");

    const std::string_view probe = it.options.probe.text();
    const std::string_view switching =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.3, HTTP/1.1\r\nConnection: Upgrade\r\n\r\n";
    const std::string_view up = it.client_io->sent();
    const std::string_view down = it.server_io->sent();
    REQUIRE(up.starts_with(probe));
    REQUIRE(down.starts_with(switching));
    CHECK(only_records(up.substr(probe.size())));
    CHECK(only_records(down.substr(switching.size())));
    CHECK(up.find(secret) == std::string_view::npos);
    CHECK(down.find("in TLS") == std::string_view::npos);
}

TEST_CASE("memory BIO: a response that the host cuts does not look complete (9112-9.8-03)") {
    exchange it;
    it.host.cuts = true;
    const auto [got, machine] = it.run();
    CHECK(machine.error() == errc::aborted);
    CHECK(got.text == "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf");
    CHECK(got.machine.outcome() == outcome::truncated);
}

TEST_CASE("memory BIO: a 426 is followed on the same connection") {
    exchange it;
    it.options.need = requirement::any;
    const auto [got, machine] = it.run();
    CHECK(got.machine.raised());
    CHECK(got.machine.outcome() == outcome::answered_secure);
    CHECK(machine.outcome() == outcome::upgraded);
    CHECK(std::string_view(it.server_io->sent()).starts_with(default_upgrade_required.text()));
}

TEST_CASE("memory BIO: a 426 that closes is followed on a new connection") {
    exchange it;
    it.options.need = requirement::any;
    auto [near, far] = connected_pair();
    const std::string_view closing = "HTTP/1.1 426 Upgrade Required\r\nUpgrade: TLS/1.2\r\n"
                                     "Connection: close, Upgrade\r\nContent-Length: 4\r\n\r\nTLS!";
    memory_bio_io first(std::move(near), it.client_engine(alpn_name));
    first.next_dial(std::move(*it.client_io));
    it.client_io.emplace(std::move(first));
    REQUIRE(::send(far.get(), closing.data(), closing.size(), 0) == static_cast<ssize_t>(closing.size()));
    const auto [got, machine] = it.run();
    CHECK(got.machine.raised());
    CHECK(got.machine.outcome() == outcome::answered_secure);
    CHECK(machine.outcome() == outcome::upgraded);
    CHECK(std::string_view(it.client_io->sent()).starts_with(it.options.probe.text()));
}

TEST_CASE("memory BIO: the gate refuses a victim's ClientHello, and OpenSSL never answers it (P-OPO)") {
    exchange it("http/1.1");
    const auto [got, machine] = it.run();
    CHECK(machine.error() == errc::foreign_alpn);
    CHECK(machine.outcome() == outcome::broken);
    CHECK(it.server_io->sent().ends_with(std::string_view("\r\n\r\n\x15\x03\x01\x00\x02\x02\x78", 11)));
    CHECK(got.machine.error() == errc::tls_failed);
    CHECK(got.text.empty());
}

TEST_CASE("memory BIO: the loop carries out content, refusals, and a connection that is given away") {
    site host;
    const auto [posted, after_post] =
        replay("POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", host);
    CHECK(posted == "HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\nin clear");
    CHECK(host.content_seen == "hello");
    CHECK(after_post.outcome() == outcome::served);

    host.content_seen.clear();
    const auto [continued, after_continue] =
        replay("POST / HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
               "4\r\nwait\r\n0\r\n\r\n",
               host);
    CHECK(continued == std::string(continue_100) + "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nin clear");
    CHECK(host.content_seen == "wait");
    CHECK(after_continue.outcome() == outcome::served);

    const auto [refused, after_refusal] = replay("GET / HTTP/1.1\r\nbad field\r\n\r\nand more of it", host);
    CHECK(refused.starts_with("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"));
    CHECK(after_refusal.outcome() == outcome::refused);

    const auto [nothing, after_detach] = replay("GET /raw HTTP/1.1\r\nHost: example.com\r\n\r\n", host);
    CHECK(nothing.empty());
    CHECK(host.taken_over);
    CHECK(after_detach.outcome() == outcome::detached);
}

} // namespace ways
