// A route on its loop of caller_loops.hpp: through a proxy into a tunnel, and there into TLS.
#include <doctest/doctest.h>

#include <future>
#include <string>

#include "ways/caller_loops.hpp"
#include "ways/memory_bio.hpp"

namespace ways {
namespace {

/// Serves over TLS only.
struct strict_site {
    template <class Io> void decide(server& machine, std::string_view head, Io&) {
        if (!machine.request(head).offer.empty()) {
            CHECK(machine.accept(0) == errc::ok);
        } else {
            CHECK((machine.secure() ? machine.decline() : machine.require_upgrade()) == errc::ok);
        }
    }
    std::string_view content(std::string_view bytes) { return bytes; }
    template <class Io> void answer(server& machine, std::string_view, Io& io) {
        char text[300] = {};
        for (std::string_view left = write_reply(text, {.content = "in TLS"}).head.text(); !left.empty();) {
            left.remove_prefix(io.write(left, false));
        }
        CHECK(machine.answered() == errc::ok);
    }
    template <class Io> void take_over(Io&) {}
};

/// A client's side that is not connected yet, and all that it may say.
struct traveller {
    contexts tls;
    char text[4][300] = {};
    route_proxy proxies[1] = {{write_connect(text[0], {host_name, 80, {}}).head, {}}};
    route_options options{};
    memory_bio_io io{example::fd(), engine()};

    traveller() {
        const request_text request{"GET", "/", host_name, {}, {}};
        options.exchange = {.need = requirement::any,
                            .probe = write_probe(text[1], host_name, default_tokens).head,
                            .request = write_request(text[2], request).head,
                            .alpn_required = true};
        options.proxies = proxies;
        options.forwarded = write_proxied(text[3], request).head;
    }
    example::tls_endpoint engine() const {
        example::tls_endpoint made(tls.client.get(), example::tls_endpoint::role::client);
        made.expect_host(host_name);
        made.offer_alpn(alpn_name);
        return made;
    }
};

void send_all(int socket, std::string_view text) {
    CHECK(::send(socket, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
}

} // namespace

TEST_CASE("route: a proxy passes a 426 on without its Upgrade; a tunnel leads into TLS (2817-20, 2817-23)") {
    traveller it;
    // Two connections to the proxy: the second becomes the tunnel, and behind it stands the server.
    std::pair<example::fd, example::fd> first = connected_pair();
    std::pair<example::fd, example::fd> second = connected_pair();
    memory_bio_io way_two(std::move(second.first), it.engine());
    memory_bio_io way_one(std::move(first.first), it.engine());
    way_one.next_dial(std::move(way_two));
    it.io.next_dial(std::move(way_one));
    auto proxy = std::async(std::launch::async, [&, one = first.second.get(), two = second.second.get()] {
        const std::string asked = receive_head(one, nullptr);
        send_all(one, "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n");
        const std::string tunnel = receive_head(two, nullptr);
        send_all(two, "HTTP/1.1 200 Connection established\r\n\r\n");
        strict_site host;
        memory_bio_io io(std::move(second.second), {it.tls.server.get(), example::tls_endpoint::role::server});
        return asked + tunnel + std::string(to_string(serve(io, host, bound).outcome()));
    });
    const travelled done = travel(it.io, it.options);
    it.io.close();
    CHECK(done.machine.outcome() == outcome::answered_secure);
    CHECK(done.text == "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nin TLS");
    CHECK(done.machine.connections() == 2);
    CHECK(proxy.get() == "GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n"
                         "CONNECT example.com:80 HTTP/1.1\r\nHost: example.com:80\r\n\r\nupgraded");
}

TEST_CASE("route: where nothing can be dialled, it says so") {
    traveller it;
    const travelled done = travel(it.io, it.options);
    CHECK(done.machine.outcome() == outcome::refused);
    CHECK(done.machine.error() == errc::upstream_unreachable);
    CHECK(done.text.empty());
}

} // namespace ways
