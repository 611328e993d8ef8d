// A proxy, its client and its upstream, on the loops of proxy_loops.hpp: plain sockets, and nothing between them and
// the library.
#include <doctest/doctest.h>
#include <poll.h>

#include <array>
#include <functional>
#include <future>
#include <string>
#include <vector>

#include "ways/proxy_loops.hpp"
#include "ways/support.hpp"

namespace ways {
namespace {

/// One connection, in clear. It sends a few octets at a time: short writes are the rule here.
class plain_io {
  public:
    explicit plain_io(example::fd socket) : socket_(std::move(socket)) {}

    [[nodiscard]] std::string_view clear() const { return clear_; }
    [[nodiscard]] bool writable() const { return writable_; }
    [[nodiscard]] int descriptor() const { return socket_.get(); }

    errc read(deadline) {
        const example::io got = example::read_some(socket_.get(), clear_);
        return got == example::io::done ? errc::ok : got == example::io::end ? errc::peer_closed : errc::timeout;
    }
    std::size_t write(std::string_view bytes, bool more) {
        const ssize_t count = ::send(socket_.get(), bytes.data(), std::min<std::size_t>(bytes.size(), 7),
                                     MSG_NOSIGNAL | (more ? MSG_MORE : 0));
        return count > 0 ? static_cast<std::size_t>(count) : 0;
    }
    std::size_t take(std::string_view bytes) {
        clear_.erase(static_cast<std::size_t>(bytes.data() - clear_.data()), bytes.size());
        return bytes.size();
    }
    void shut() {
        ::shutdown(socket_.get(), SHUT_WR);
        writable_ = false;
    }
    void close() { socket_.reset(); }
    bool dial() {
        if (dials.empty()) {
            return false;
        }
        *this = plain_io(dials.back()());
        return true;
    }

    /// What remains when a machine has ended: the connection, and what is unread.
    example::fd release(std::string& unread) {
        unread = std::exchange(clear_, {});
        return std::move(socket_);
    }

    inline static std::vector<std::function<example::fd()>> dials{};

  private:
    example::fd socket_;
    std::string clear_;
    bool writable_ = true;
};

/// Both ends of a tunnel, and a queue to each.
class pair_of_ends {
  public:
    pair_of_ends(example::fd client, std::string early, example::fd upstream)
        : sockets_{std::move(client), std::move(upstream)}, queues_{std::string(), std::move(early)} {}

    [[nodiscard]] std::size_t queued(side to) const { return queues_[index(to)].size(); }

    bool write(side to) {
        std::string& queue = queues_[index(to)];
        const ssize_t count =
            ::send(sockets_[index(to)].get(), queue.data(), queue.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        queue.erase(0, count > 0 ? static_cast<std::size_t>(count) : 0);
        return count >= 0 || errno == EAGAIN;
    }
    errc read(side from, const flow& wanted) {
        std::array<char, 4096> bytes{};
        const std::size_t most = wanted.discard ? bytes.size() : std::min(wanted.read, bytes.size());
        if (most == 0) {
            return errc::ok;
        }
        const ssize_t count = ::recv(sockets_[index(from)].get(), bytes.data(), most, MSG_DONTWAIT);
        if (count > 0 && !wanted.discard) {
            queues_[index(other(from))].append(bytes.data(), static_cast<std::size_t>(count));
        }
        return count > 0 || (count < 0 && errno == EAGAIN) ? errc::ok : count == 0 ? errc::peer_closed : errc::aborted;
    }
    void shut(side which) { ::shutdown(sockets_[index(which)].get(), SHUT_WR); }
    void close() { sockets_ = {}; }

    errc wait(const plan& now, deadline) {
        std::array<pollfd, 2> both{};
        bool at_once = false;
        for (const side each : {side::client, side::upstream}) {
            const flow& wanted = now.of(each);
            const int events = (wanted.read != 0 || wanted.discard ? POLLIN : 0) | (wanted.write ? POLLOUT : 0);
            both[index(each)] = {events == 0 ? -1 : sockets_[index(each)].get(), static_cast<short>(events), 0};
            at_once = at_once || wanted.shut_write;
        }
        return at_once || ::poll(both.data(), both.size(), 20000) > 0 ? errc::ok : errc::timeout;
    }

  private:
    static std::size_t index(side which) { return static_cast<std::size_t>(which); }

    std::array<example::fd, 2> sockets_;
    std::array<std::string, 2> queues_;
};

/// A server that greets first, then answers all that it got, once there is no more of it.
void upstream(example::fd socket) {
    std::string text;
    const std::string banner = "220 ready\r\n";
    (void)::send(socket.get(), banner.data(), banner.size(), MSG_NOSIGNAL);
    while (example::read_some(socket.get(), text) == example::io::done) {
    }
    text = "you said " + text;
    (void)::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL);
}

/// Opens tunnels to everybody who can say who he is, but not to a host that nobody knows.
struct office {
    const proxy_options& options;
    std::future<void> server{};
    example::fd connection{};

    void decide(connect_proxy& machine, std::string_view head) const {
        const bool known = basic_matches(machine.target(head).authorization, {"clerk", "secret"});
        CHECK((known ? machine.open() : machine.challenge(options)) == errc::ok);
    }
    errc dial(const connect_target& target) {
        if (target.host != "mail.example") {
            return errc::name_unresolved;
        }
        auto [near, far] = connected_pair();
        connection = std::move(near);
        server = std::async(std::launch::async, upstream, std::move(far));
        return errc::ok;
    }
};

constexpr port_range smtp[] = {{25, 25}};

/// The proxy's side of one connection.
void serve_connection(example::fd socket) {
    char text[300] = {};
    const prepared challenge = write_407(text, "Basic realm=\"office\"", "Who are you?\n");
    const proxy_options options{.ports = smtp, .challenge = challenge.head};
    office host{options};
    plain_io io(std::move(socket));
    const connect_proxy machine = open_tunnel(io, host, options);
    if (machine.outcome() != outcome::tunnelled) {
        return;
    }
    std::string early;
    example::fd client = io.release(early);
    pair_of_ends ends(std::move(client), std::move(early), std::move(host.connection));
    CHECK(relay(ends, half_close::propagate, 64) == tunnel_end::client_closed);
}

/// The client: it says who it is when it is asked, and keeps what a proxy says.
struct caller {
    connect_options& options;
    char* text;
    std::size_t size;
    const char* host;
    std::vector<std::uint16_t> refusals{};

    bool asked(const refusal_view& answer, std::string_view) {
        refusals.push_back(answer.status);
        if (!answer.basic || refusals.size() > 1) {
            return false;
        }
        options.connect = write_connect({text, size}, {.host = host, .port = 25, .login = {"clerk", "secret"}}).head;
        return true;
    }
};

struct visit {
    connect_client machine{};
    std::vector<std::uint16_t> refusals{};
    std::string heard{};
};

visit call(const char* name) {
    std::vector<std::future<void>> proxies;
    const auto dial = [&proxies] {
        auto [near, far] = connected_pair();
        proxies.push_back(std::async(std::launch::async, serve_connection, std::move(far)));
        return std::move(near);
    };
    plain_io::dials.assign(1, dial);
    char text[300] = {};
    connect_options options{.connect = write_connect(text, {.host = name, .port = 25}).head};
    caller host{options, text, sizeof text, name};
    plain_io io(dial());
    visit made;
    made.machine = ask(io, host, options);
    made.refusals = host.refusals;
    example::fd socket = io.release(made.heard);
    if (made.machine.outcome() == outcome::tunnelled) {
        const std::string words = "HELO\r\nCONNECT evil.example:25 HTTP/1.1\r\n\r\n";
        CHECK(::send(socket.get(), words.data(), words.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(words.size()));
        ::shutdown(socket.get(), SHUT_WR);
        while (example::read_some(socket.get(), made.heard) == example::io::done) {
        }
    }
    return made;
}

TEST_CASE("a tunnel from end to end, on the callers' loops (RFC 9110 9.3.6, RFC 2817 5.3)") {
    const visit made = call("mail.example");
    CHECK(made.machine.outcome() == outcome::tunnelled);
    CHECK(made.refusals == std::vector<std::uint16_t>{407}); // asked once, on a connection that then closed
    CHECK(made.heard == "220 ready\r\nyou said HELO\r\nCONNECT evil.example:25 HTTP/1.1\r\n\r\n");
}

TEST_CASE("what cannot be dialled is refused with its reason (RFC 9110 15.6.3)") {
    const visit made = call("nobody.example");
    CHECK(made.machine.outcome() == outcome::refused);
    CHECK(made.refusals == std::vector<std::uint16_t>{407, 502});
    CHECK(made.machine.error() == errc::tunnel_refused);
    CHECK(made.heard.empty());
}

} // namespace
} // namespace ways
