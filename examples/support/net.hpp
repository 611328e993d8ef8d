// net.hpp: the few POSIX sockets that the examples need.
#pragma once

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace example {

/// An error that ends the program, or a connection, with a message for people.
struct failure : std::runtime_error {
    using std::runtime_error::runtime_error;
};

using clock = std::chrono::steady_clock;

/// A file descriptor that closes itself.
class fd {
  public:
    fd() noexcept = default;
    explicit fd(int number) noexcept : number_(number) {}
    fd(fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    fd& operator=(fd&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    fd(const fd&) = delete;
    fd& operator=(const fd&) = delete;
    ~fd() { reset(); }

    void reset() noexcept {
        if (number_ >= 0) {
            ::close(std::exchange(number_, -1));
        }
    }
    [[nodiscard]] int get() const noexcept { return number_; }
    explicit operator bool() const noexcept { return number_ >= 0; }

  private:
    int number_ = -1;
};

/// A host, without brackets, and a port.
struct endpoint {
    std::string host;
    std::string port;
};

/// Reads `HOST:PORT` or `[IPV6]:PORT`; nothing where it is neither.
inline std::optional<endpoint> parse_endpoint(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size()) {
        return std::nullopt;
    }
    std::string_view host = text.substr(0, colon);
    const std::string_view port = text.substr(colon + 1);
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) {
        host = host.substr(1, host.size() - 2);
    }
    const bool number = port.size() <= 5 && port.find_first_not_of("0123456789") == std::string_view::npos;
    if (!number || std::stoul(std::string(port)) > 65535 || (!bracketed && host.find(':') != std::string_view::npos)) {
        return std::nullopt;
    }
    return endpoint{std::string(host), std::string(port)};
}

inline std::string to_string(const endpoint& where) {
    const bool ipv6 = where.host.find(':') != std::string::npos;
    return (ipv6 ? "[" + where.host + "]" : where.host) + ":" + where.port;
}

/// What a host and a port resolve to, in the resolver's order.
class addresses {
  public:
    class iterator {
      public:
        explicit iterator(const addrinfo* at) noexcept : at_(at) {}
        const addrinfo& operator*() const noexcept { return *at_; }
        iterator& operator++() noexcept {
            at_ = at_->ai_next;
            return *this;
        }
        bool operator!=(const iterator& other) const noexcept { return at_ != other.at_; }

      private:
        const addrinfo* at_;
    };

    explicit addresses(addrinfo* first) noexcept : first_(first, ::freeaddrinfo) {}
    [[nodiscard]] iterator begin() const noexcept { return iterator(first_.get()); }
    [[nodiscard]] iterator end() const noexcept { return iterator(nullptr); }

  private:
    std::unique_ptr<addrinfo, void (*)(addrinfo*)> first_;
};

/// Throws `failure` where the name cannot be resolved.
inline addresses resolve(const endpoint& where, bool to_listen = false) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV | (to_listen ? AI_PASSIVE : 0);
    addrinfo* found = nullptr;
    const int error = ::getaddrinfo(where.host.c_str(), where.port.c_str(), &hints, &found);
    if (error != 0) {
        throw failure("cannot resolve " + to_string(where) + ": " + ::gai_strerror(error));
    }
    return addresses(found);
}

inline std::string system_text(int error) { return std::strerror(error); }

/// Close-on-exec, non-blocking, without delay.
inline void prepare(int socket) noexcept {
    ::fcntl(socket, F_SETFD, FD_CLOEXEC);
    ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/// Starts to connect. The socket is writable once that is decided: then ask `connect_error`. Empty, with `errno`, where
/// it fails at once.
inline fd begin_connect(const addrinfo& to) {
    fd made(::socket(to.ai_family, to.ai_socktype, to.ai_protocol));
    if (made) {
        prepare(made.get());
        if (::connect(made.get(), to.ai_addr, to.ai_addrlen) != 0 && errno != EINPROGRESS) {
            const int error = errno;
            made.reset();
            errno = error;
        }
    }
    return made;
}

/// How a connection attempt went: 0, or an `errno`.
inline int connect_error(int socket) noexcept {
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

/// Milliseconds until then, for `poll`; at least 0.
inline int milliseconds_until(clock::time_point then) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(then - clock::now()).count();
    return left < 0 ? 0 : left > 3'600'000 ? 3'600'000 : static_cast<int>(left);
}

/// Waits for `events`; false where the time is over.
inline bool wait_for(int socket, short events, clock::time_point until) {
    pollfd one{socket, events, 0};
    while (true) {
        const int ready = ::poll(&one, 1, milliseconds_until(until));
        if (ready > 0 || (ready == 0 && clock::now() >= until)) {
            return ready > 0;
        }
    }
}

/// Connects to the first address that answers, and waits for that. The socket is non-blocking. Throws `failure`.
inline fd connect_to(const endpoint& where, clock::time_point until) {
    int error = ETIMEDOUT;
    for (const addrinfo& each : resolve(where)) {
        fd made = begin_connect(each);
        error = made ? 0 : errno;
        if (made) {
            error = wait_for(made.get(), POLLOUT, until) ? connect_error(made.get()) : ETIMEDOUT;
        }
        if (error == 0) {
            return made;
        }
    }
    throw failure("cannot connect to " + to_string(where) + ": " + system_text(error));
}

/// A listening, non-blocking socket. Throws `failure`.
inline fd listen_on(const endpoint& where) {
    int error = 0;
    for (const addrinfo& each : resolve(where, true)) {
        fd made(::socket(each.ai_family, each.ai_socktype, each.ai_protocol));
        const int on = 1;
        if (made && ::setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
            ::bind(made.get(), each.ai_addr, each.ai_addrlen) == 0 && ::listen(made.get(), SOMAXCONN) == 0) {
            prepare(made.get());
            return made;
        }
        error = errno;
    }
    throw failure("cannot listen on " + to_string(where) + ": " + system_text(error));
}

/// An address in numbers; empty where it has none.
inline endpoint in_numbers(const sockaddr_storage& address, socklen_t size) {
    char host[NI_MAXHOST] = {};
    char port[NI_MAXSERV] = {};
    const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
    const int flags = NI_NUMERICHOST | NI_NUMERICSERV;
    return ::getnameinfo(generic, size, host, sizeof host, port, sizeof port, flags) == 0 ? endpoint{host, port}
                                                                                          : endpoint{};
}

/// The address that a socket is bound to, in numbers.
inline endpoint local_endpoint(int socket) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    const int error = ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    endpoint found = error == 0 ? in_numbers(address, size) : endpoint{};
    if (found.port.empty()) {
        throw failure("cannot tell the address of a socket");
    }
    return found;
}

/// Raises the limit of descriptors as far as it goes, and says where it is then.
inline std::size_t allow_descriptors() noexcept {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 0;
    }
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return static_cast<std::size_t>(limit.rlim_cur);
}

/// What a non-blocking read or write came to.
enum class io : unsigned char { done, again, end, failed };

/// Appends what there is to read now, one buffer at most.
inline io read_some(int socket, std::string& into) {
    char bytes[16384];
    const ssize_t count = ::recv(socket, bytes, sizeof bytes, 0);
    if (count > 0) {
        into.append(bytes, static_cast<std::size_t>(count));
        return io::done;
    }
    if (count == 0) {
        return io::end;
    }
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? io::again : io::failed;
}

/// Writes from the front of the queue, and takes out what was written. `done`: the queue is empty.
inline io write_some(int socket, std::string& queue) {
    std::size_t sent = 0;
    io outcome = io::done;
    while (sent < queue.size()) {
        const ssize_t count = ::send(socket, queue.data() + sent, queue.size() - sent, MSG_NOSIGNAL);
        if (count < 0) {
            outcome = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? io::again : io::failed;
            break;
        }
        sent += static_cast<std::size_t>(count);
    }
    queue.erase(0, sent);
    return outcome;
}

/// Closing the socket becomes a reset: what the peer got of a message is not to look as if it were whole.
inline void reset_on_close(int socket) noexcept {
    const linger at_once{1, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

/// Frees the memory of an empty queue that was long: a connection that rests costs little, whatever went through it.
inline void release(std::string& queue) {
    if (queue.empty() && queue.capacity() > 4096) {
        std::string().swap(queue);
    }
}

/// SIGINT and SIGTERM make a descriptor readable. One object for each program.
class stop_signal {
  public:
    stop_signal() {
        int ends[2] = {-1, -1};
        if (::pipe(ends) != 0) {
            throw failure("cannot make a pipe: " + system_text(errno));
        }
        read_ = fd(ends[0]);
        write_ = fd(ends[1]);
        for (const int end : ends) {
            ::fcntl(end, F_SETFD, FD_CLOEXEC);
            ::fcntl(end, F_SETFL, O_NONBLOCK);
        }
        target_ = write_.get();
        struct sigaction action {};
        action.sa_handler = [](int) {
            const int error = errno;
            [[maybe_unused]] const ssize_t count = ::write(target_, "", 1);
            errno = error;
        };
        ::sigaction(SIGINT, &action, nullptr);
        ::sigaction(SIGTERM, &action, nullptr);
        ::signal(SIGPIPE, SIG_IGN);
    }

    /// For `poll`: readable once a signal came.
    [[nodiscard]] int descriptor() const noexcept { return read_.get(); }

  private:
    inline static int target_ = -1;
    fd read_;
    fd write_;
};

} // namespace example
