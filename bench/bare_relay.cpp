// bare_relay.cpp: the least that relays connections, to hold the proxy against: read, write, and epoll in between.
//
// No tunnel machine, no deadlines, no log. The buffer is as large as the proxy's and shared as there, as many reads
// follow each other where there is more, as many sockets are told of at once, and what a socket does not take holds up
// the side that sent it. The end of one side ends both.
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/net.hpp"

namespace {

using namespace example;
using namespace std::chrono_literals;

constexpr std::size_t buffer_size = 65536;
constexpr int rounds = 16; // of one side, before it is somebody else's turn
constexpr clock::duration dial = 10s;

struct alignas(4096) buffer { // to copy to an odd address may cost far more
    std::array<char, buffer_size> octets;
};
using owned = std::unique_ptr<buffer>;

/// Buffers that nobody uses. All sockets share the one on top; who has to keep what is in it takes it away.
class pool {
  public:
    owned take() {
        if (free_.empty()) {
            return owned(new buffer); // not make_unique, which would write to each page
        }
        owned taken = std::move(free_.back());
        free_.pop_back();
        return taken;
    }
    void give(owned back) { free_.push_back(std::move(back)); }

  private:
    std::vector<owned> free_;
};

/// One of two sockets, and what came from it.
struct leg {
    fd socket;
    leg* other = nullptr;
    std::uint32_t events = 0;
    std::size_t begin = 0; // what the other socket did not take yet
    std::size_t end = 0;
    owned kept;

    [[nodiscard]] bool queued() const noexcept { return begin != end; }
};

bool transient() noexcept { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

/// Writes what came from here; false where the other socket failed.
bool pass(leg& from, const buffer& in) noexcept {
    const ssize_t count = ::write(from.other->socket.get(), in.octets.data() + from.begin, from.end - from.begin);
    from.begin += count > 0 ? static_cast<std::size_t>(count) : 0;
    return count > 0 || transient();
}

/// False where this side has ended, or one of the two failed.
bool pump(leg& from, buffer& into) noexcept {
    for (int round = 0; round < rounds; ++round) {
        const ssize_t count = ::read(from.socket.get(), into.octets.data(), into.octets.size());
        if (count <= 0) {
            return count < 0 && transient();
        }
        from.begin = 0;
        from.end = static_cast<std::size_t>(count);
        if (!pass(from, into)) {
            return false;
        }
        if (from.queued() || from.end < into.octets.size()) {
            break; // a short piece was the last one, for now
        }
    }
    return true;
}

class relay {
  public:
    relay(const endpoint& listen, endpoint to)
        : to_(std::move(to)), listener_(listen_on(listen)), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
        control(EPOLL_CTL_ADD, listener_.get(), EPOLLIN);
    }

    [[nodiscard]] std::string where() const { return to_string(local_endpoint(listener_.get())); }

    void turn() {
        std::array<epoll_event, 256> events; // as many as the proxy asks for
        const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
        for (int at = 0; at < count; ++at) {
            const epoll_event& each = events[static_cast<std::size_t>(at)];
            if (each.data.fd == listener_.get()) {
                accept();
            } else if (leg* const here = legs_[index(each.data.fd)].get();
                       here != nullptr && !ready(*here, each.events)) {
                end(each.data.fd);
            }
        }
        ended_.clear();
    }

  private:
    static std::size_t index(int descriptor) noexcept { return static_cast<std::size_t>(descriptor); }

    /// The sockets are closed after this turn: until then nobody else gets their numbers.
    void end(int descriptor) {
        const int other = legs_[index(descriptor)]->other->socket.get();
        ended_.push_back(std::move(legs_[index(descriptor)]));
        ended_.push_back(std::move(legs_[index(other)]));
    }

    void control(int operation, int descriptor, std::uint32_t events) {
        epoll_event about{};
        about.events = events;
        about.data.fd = descriptor;
        if (::epoll_ctl(epoll_.get(), operation, descriptor, &about) != 0) {
            throw failure("cannot watch a socket: " + system_text(errno));
        }
    }

    void watch(leg& here) {
        const std::uint32_t events = (here.queued() ? 0U : EPOLLIN) | (here.other->queued() ? EPOLLOUT : 0U);
        if (events != here.events) {
            control(EPOLL_CTL_MOD, here.socket.get(), events);
            here.events = events;
        }
    }

    /// False where both are to be closed.
    bool ready(leg& here, std::uint32_t events) {
        leg& other = *here.other;
        if ((events & EPOLLOUT) != 0 && other.queued()) {
            if (!pass(other, *other.kept)) {
                return false;
            }
            if (!other.queued()) {
                pool_.give(std::move(other.kept));
            }
        }
        if ((events & EPOLLIN) != 0 && !here.queued()) {
            owned shared = pool_.take();
            if (!pump(here, *shared)) {
                return false;
            }
            if (here.queued()) {
                here.kept = std::move(shared);
            } else {
                pool_.give(std::move(shared));
            }
        }
        watch(here);
        watch(other);
        return (events & (EPOLLERR | EPOLLHUP)) == 0;
    }

    leg& add(fd socket) {
        const int descriptor = socket.get();
        legs_.resize(std::max(legs_.size(), index(descriptor) + 1));
        legs_[index(descriptor)] = std::make_unique<leg>();
        leg& made = *legs_[index(descriptor)];
        made.socket = std::move(socket);
        made.events = EPOLLIN;
        control(EPOLL_CTL_ADD, descriptor, EPOLLIN);
        return made;
    }

    void accept() {
        fd client(::accept(listener_.get(), nullptr, nullptr));
        if (client) {
            prepare(client.get());
            fd upstream = connect_to(to_, clock::now() + dial);
            leg& one = add(std::move(client));
            leg& two = add(std::move(upstream));
            one.other = &two;
            two.other = &one;
        }
    }

    endpoint to_;
    fd listener_;
    fd epoll_;
    pool pool_;
    std::vector<std::unique_ptr<leg>> legs_; // by descriptor
    std::vector<std::unique_ptr<leg>> ended_;
};

endpoint read_endpoint(std::string_view word) {
    const std::optional<endpoint> found = parse_endpoint(word);
    if (!found) {
        throw failure("usage: bare_relay --listen ADDRESS:PORT --to ADDRESS:PORT");
    }
    return *found;
}

void serve(const std::vector<std::string_view>& words) {
    const bool known = words.size() == 4 && words[0] == "--listen" && words[2] == "--to";
    ::signal(SIGPIPE, SIG_IGN);
    relay made(read_endpoint(known ? words[1] : ""), read_endpoint(known ? words[3] : ""));
    std::printf("listening on %s\n", made.where().c_str());
    std::fflush(stdout);
    while (true) {
        made.turn();
    }
}

} // namespace

int main(int count, char** words) {
    try {
        serve({words + 1, words + count});
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bare_relay: %s\n", error.what());
    }
    return 1;
}
