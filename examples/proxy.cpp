// proxy.cpp: a CONNECT proxy. One thread, and a few more that resolve names.
//
// The library never touches a socket, nor a tunnel's bytes. Each connection asks three machines what to do:
// tlsup::connect_proxy up to the answer, tlsup::connect_client where another proxy comes next, tlsup::tunnel from then
// on. What is here only accepts connections and ends them.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "support/proxy_connection.hpp"

namespace {

using namespace example;
using namespace std::chrono_literals;
using proxy::connection;
using proxy::settings;

constexpr std::size_t buffer_size = 65536; // read and written at once
constexpr clock::duration linger = 3s;     // for who was refused, or does not read, to close
constexpr int accepted_at_once = 64;

/// The machine's options are views: what they show stays here.
class rules {
  public:
    explicit rules(const settings& set) : hosts_(set.hosts.begin(), set.hosts.end()), room_(1024, '\0') {
        options_.ports = {set.ports.data(), set.ports.size()};
        options_.hosts = {hosts_.data(), hosts_.size()};
        options_.addresses = {set.addresses.data(), set.addresses.size()};
        options_.peer_omits_host = set.allow_missing_host;
        const std::string text = std::string(explain(tlsup::errc::proxy_authentication_required)) + "\n";
        options_.challenge = tlsup::write_407(room_, "Basic realm=\"tlsup\"", text).head;
    }
    rules(const rules&) = delete;
    rules& operator=(const rules&) = delete;

    [[nodiscard]] const tlsup::proxy_options& options() const noexcept { return options_; }

  private:
    std::vector<std::string_view> hosts_;
    std::string room_;
    tlsup::proxy_options options_;
};

/// Address and port of a peer, in numbers.
std::string name_of(const sockaddr_storage& address, socklen_t size) {
    char host[NI_MAXHOST] = {};
    char port[NI_MAXSERV] = {};
    const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
    const int flags = NI_NUMERICHOST | NI_NUMERICSERV;
    const int error = ::getnameinfo(generic, size, host, sizeof host, port, sizeof port, flags);
    return error == 0 ? to_string(endpoint{host, port}) : "?";
}

class server {
  public:
    server(const settings& set, fd listener)
        : set_(set), log_(set.log), rules_(set), names_(loop_), listener_(std::move(listener)),
          accepting_(loop_, [this](std::uint32_t) { accept(); }), pause_(loop_, [this] { go_on_accepting(); }),
          stopping_(loop_, [this](std::uint32_t) { stop(); }), last_(loop_, [this] { end_all(); }) {
        stopping_.want(signal_.descriptor(), EPOLLIN);
        go_on_accepting();
    }

    void run() {
        while (listener_ || !connections_.empty()) {
            loop_.turn();
            ended_.clear();
            if (full_ && connections_.size() < most()) {
                go_on_accepting();
            }
        }
    }

  private:
    using connections = std::unordered_map<unsigned, std::unique_ptr<connection>>;

    /// Beyond `--connections` a client is still told why it is refused; beyond this it waits.
    [[nodiscard]] std::size_t most() const noexcept { return 2 * set_.connections; }

    void go_on_accepting() {
        full_ = false;
        if (listener_) {
            accepting_.want(listener_.get(), EPOLLIN);
        }
    }

    void accept() {
        for (int count = 0; count < accepted_at_once; ++count) {
            full_ = connections_.size() >= most();
            if (full_) {
                accepting_.want(listener_.get(), 0);
                return;
            }
            sockaddr_storage address{};
            socklen_t size = sizeof address;
            fd socket(::accept(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size));
            if (socket) {
                add(std::move(socket), address, size);
            } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                accepting_.want(listener_.get(), 0); // until somebody has closed, perhaps
                pause_.set(loop_.now() + 100ms);
                return;
            } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
                return;
            }
        }
    }

    void add(fd socket, const sockaddr_storage& address, socklen_t size) {
        prepare(socket.get());
        const unsigned id = ++count_;
        try {
            auto made = std::make_unique<connection>(all_, id, std::move(socket), name_of(address, size));
            connections_.emplace(id, std::move(made)).first->second->begin();
        } catch (const std::exception& error) {
            std::fprintf(stderr, "proxy: connection %u was dropped: %s\n", id, error.what());
        }
    }

    /// It stays in memory until the loop's turn is over.
    void over(unsigned id) { ended_.insert(connections_.extract(id)); }

    /// The first signal lets tunnels end, the second does not.
    void stop() {
        char signals[16] = {};
        const ssize_t count = ::read(signal_.descriptor(), signals, sizeof signals);
        const bool again = !listener_ || count > 1;
        accepting_.drop();
        pause_.clear();
        listener_.reset();
        if (again) {
            end_all();
            return;
        }
        last_.set(loop_.now() + set_.stop);
        for_all([](connection& each) { each.stop(); });
    }

    void end_all() {
        for_all([](connection& each) { each.drop(); });
    }

    /// Some of them may end by it.
    template <class Call> void for_all(Call call) {
        std::vector<connection*> all;
        all.reserve(connections_.size());
        for (const auto& [id, each] : connections_) {
            all.push_back(each.get());
        }
        for (connection* const each : all) {
            call(*each);
        }
    }

    const settings& set_;
    event_log log_;
    rules rules_;
    std::vector<char> buffer_ = std::vector<char>(buffer_size);
    stop_signal signal_;
    event_loop loop_;
    resolver names_;
    fd listener_;
    registration accepting_;
    timer pause_;
    registration stopping_;
    timer last_;
    proxy::shared all_{
        set_, rules_.options(), log_, loop_, names_, buffer_, {set_.idle, linger}, [this](unsigned id) { over(id); }};
    connections connections_;
    connections ended_; // in this turn
    unsigned count_ = 0;
    bool full_ = false;
};

void serve(const settings& set) {
    allow_descriptors(); // each tunnel needs two
    fd listener = listen_on(set.listen);
    const std::string where = to_string(local_endpoint(listener.get()));
    server made(set, std::move(listener));
    std::printf("listening on %s\n", where.c_str());
    std::fflush(stdout);
    made.run();
}

} // namespace

int main(int count, char** words) {
    const std::vector<std::string> arguments(words + 1, words + count);
    try {
        if (std::find(arguments.begin(), arguments.end(), "--help") != arguments.end()) {
            std::fwrite(proxy::help.data(), 1, proxy::help.size(), stdout);
            return 0;
        }
        serve(proxy::parse(arguments));
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "proxy: %s\n", error.what());
        return 1;
    }
}
