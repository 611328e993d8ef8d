// wire.hpp: the network between the two ends: two queues in clear, two inside TLS, and what was seen to break.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "items.hpp"

namespace model {

inline constexpr std::size_t longest_queue = 3;

/// Items on their way, oldest first. It holds no more than the network carries.
struct queue {
    std::vector<item> items{};

    [[nodiscard]] bool full() const { return items.size() >= longest_queue; }
    [[nodiscard]] bool empty() const { return items.empty(); }
    void push(std::string_view text) { items.push_back(texts().number(text)); }
    [[nodiscard]] const std::string& front() const { return texts().text(items.front()); }
    void pop() { items.erase(items.begin()); }

    friend bool operator==(const queue&, const queue&) = default;
};

struct wire {
    queue to_server{};
    queue to_client{};
    queue secure_to_server{}; ///< inside TLS: nobody reads, changes or forges it
    queue secure_to_client{};
    bool client_gone = false; ///< the client's end has closed
    bool server_gone = false;
    bool cut = false;               ///< the network closed the connection
    const char* broken = nullptr;   ///< the property that does not hold
    bool answered_in_clear = false; ///< goals that were reached
    bool answered_secure = false;
    bool failed_closed = false;

    void expect(bool holds, const char* property) {
        if (!holds && broken == nullptr) {
            broken = property;
        }
    }

    friend bool operator==(const wire&, const wire&) = default;
};

namespace property {
inline constexpr const char* idempotent = "(7) next() called twice gives the same step";
inline constexpr const char* wrong_call = "(7) a wrong call changes nothing";
inline constexpr const char* absorbing = "(7) an end is an end";
inline constexpr const char* progress = "(live) no cycle that takes nothing";
inline constexpr const char* accepted_answer = "(7) an answer that fits is accepted";
inline constexpr const char* one_reader = "(1) no byte is seen by both the HTTP parser and TLS or tunnel";
inline constexpr const char* never_clear = "(2) the protected request is never in clear";
inline constexpr const char* probe_first = "(2) the protected request waits for verified TLS and the probe's answer";
inline constexpr const char* asked_101 =
    "(3) the client switches on one asked-for 101 with an offered token, nothing held";
inline constexpr const char* whole_101 = "(3) the server switches behind a fully written 101, with nothing held";
inline constexpr const char* never_back = "(3) behind a 101 nothing is parsed in clear again";
inline constexpr const char* body_first = "(3) the 101 comes behind the whole request";
inline constexpr const char* continue_first = "(3) the 100 goes before the 101";
inline constexpr const char* own_answer = "(4) a response delivered for a request was produced for it";
inline constexpr const char* no_splice = "(5) this victim never gets a handshake";
inline constexpr const char* tunnel_after_2xx = "(6) tunnel bytes only behind a 2xx";
inline constexpr const char* nothing_parsed = "(6) nothing is parsed behind a refusal";
inline constexpr const char* judged = "(8) secure only after ALPN and SNI were judged";
inline constexpr const char* upstream_first = "(9) 2xx only after the upstream is open";
inline constexpr const char* bounded = "(10) attempts are bounded";
inline constexpr const char* ends = "(live) an end is reachable with the adversary silent";
inline constexpr const char* deadline_wanted = "(live) no quiescent pair without a wanted deadline";
inline constexpr const char* splits = "(9 of DESIGN 4) any split gives the same decisions and bytes";
} // namespace property

} // namespace model
