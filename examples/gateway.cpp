// gateway.cpp: a small origin server, or a gateway in front of one, whose clients can upgrade to TLS on the same port.
//
// One thread waits for all sockets. support/gateway_connection.hpp has what it does with each of them.
#include <algorithm>
#include <cstdio>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tlsup/write.hpp>

#include "support/gateway_connection.hpp"
#include "support/gateway_options.hpp"
#include "support/gateway_shared.hpp"
#include "support/log.hpp"
#include "support/net.hpp"
#include "support/tls.hpp"

namespace {

using namespace example;
using namespace std::chrono_literals;
using gateway::connection;
using gateway::settings;
using gateway::shared;

constexpr int accepted_at_once = 64;

/// Each connection may need a descriptor for the client and one for the backend; a few more are in use.
std::size_t most_connections(const settings& set) noexcept {
    const std::size_t descriptors = std::max<std::size_t>(allow_descriptors(), 34);
    return std::min<std::size_t>(set.connections, (descriptors - 32) / 2);
}

/// False where the connection is over. A fault of one connection ends only that one.
bool serve_one(connection& one, short client, short backend) {
    try {
        if (client != 0 || backend != 0 || clock::now() >= one.until()) {
            one.ready(client, backend);
        }
        return !one.over();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "gateway: a connection was dropped: %s\n", error.what());
        return false;
    }
}

/// False where nobody waits any more.
bool accept_one(int listener, std::list<connection>& connections, unsigned id, const shared& all) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    fd socket(::accept(listener, reinterpret_cast<sockaddr*>(&peer), &size));
    if (socket) {
        prepare(socket.get());
        connections.emplace_back(std::move(socket), in_numbers(peer, size).host, id, all);
        return true;
    }
    if (errno == EMFILE || errno == ENFILE) {
        ::poll(nullptr, 0, 100); // until somebody closes
    }
    return false;
}

void serve(const settings& set) {
    const stop_signal stop;
    const ssl_context context = make_server_context();
    if (set.cert.empty()) {
        // Under dedicated-name the certificate covers these names and nothing else: that is what the mode promises.
        const std::string dedicated = alternative_names(set.defence.names());
        use_self_signed(context.get(), dedicated.empty() ? alternative_names(set.listen.host) : dedicated);
    } else {
        use_files(context.get(), set.cert, set.key);
    }
    const std::optional<addresses> backend = set.backend ? std::optional(resolve(*set.backend)) : std::nullopt;
    const fd listener = listen_on(set.listen);
    std::printf("listening on %s\n", to_string(local_endpoint(listener.get())).c_str());
    if (set.cert.empty()) {
        std::printf("certificate sha256 %s\n", sha256_hex(SSL_CTX_get0_certificate(context.get())).c_str());
    }
    std::fflush(stdout);

    const event_log log(set.log);
    char room[256];
    const tlsup::prepared_head advert = write_advert(room, set.machine.upgrade.tokens).head;
    const shared all{set, log, advert, context.get(), backend ? &*backend : nullptr};
    const std::size_t most = most_connections(set);
    std::list<connection> connections;
    unsigned count = 0;
    while (true) {
        const bool full = connections.size() >= most;
        std::vector<pollfd> polled{{stop.descriptor(), POLLIN, 0}, {full ? -1 : listener.get(), POLLIN, 0}};
        clock::time_point until = clock::now() + 1h;
        for (const connection& each : connections) {
            polled.push_back(each.client_poll());
            polled.push_back(each.backend_poll());
            until = std::min(until, each.until());
        }
        if (::poll(polled.data(), polled.size(), milliseconds_until(until)) < 0 && errno != EINTR) {
            throw failure("cannot poll: " + system_text(errno));
        }
        if (polled[0].revents != 0) {
            return;
        }
        std::size_t at = 2;
        for (auto each = connections.begin(); each != connections.end(); at += 2) {
            each = serve_one(*each, polled[at].revents, polled[at + 1].revents) ? std::next(each)
                                                                                : connections.erase(each);
        }
        int left = polled[1].revents != 0 ? accepted_at_once : 0;
        while (left-- > 0 && connections.size() < most && accept_one(listener.get(), connections, count + 1, all)) {
            ++count;
        }
    }
}

} // namespace

int main(int count, char** words) {
    const std::vector<std::string> arguments(words + 1, words + count);
    try {
        if (std::find(arguments.begin(), arguments.end(), "--help") != arguments.end()) {
            std::fwrite(gateway::help.data(), 1, gateway::help.size(), stdout);
            return 0;
        }
        serve(gateway::parse(arguments));
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "gateway: %s\n", error.what());
        return 1;
    }
}
