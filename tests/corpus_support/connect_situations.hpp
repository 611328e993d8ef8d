// connect_situations.hpp: the tables that map what a CONNECT vector's `with:` says. Vectors without it never come here.
#pragma once

#include <string_view>

#include <tlsup/tlsup.hpp>

#include "connect_proxy_role.hpp"
#include "tunnel_role.hpp"

namespace corpus {

struct connect_client_row {
    std::string_view with;
};

inline constexpr connect_client_row connect_client_rows[] = {{"EOF"}};

struct connect_proxy_row {
    std::string_view with;
    ruling how;
    bool cascade = false; // the bytes are the next proxy's answer
};

inline constexpr connect_proxy_row connect_proxy_rows[] = {
    {"dial fails -> 504", ruling::fail_dial},
    {"policy -> 403", ruling::refuse},
    {"proxy auth required -> 407", ruling::challenge},
    {"407", ruling::challenge},
    {"accepted, direct TCP to destination", ruling::open},
    {"next hop is another proxy, its response pending", ruling::pending},
    {"early data flood while dialling", ruling::pending},
    {"proxy forwarded CONNECT to upstream proxy; upstream answers this", ruling::pending, true},
};

struct tunnel_row {
    std::string_view with;
    tunnel_situation at;
};

inline constexpr tunnel_row tunnel_rows[] = {
    {"B closes with 3 octets of its data still queued to A, and 4 of A's queued to B",
     {tlsup::side::upstream, false, 4, false}},
    {"A half-closes (FIN) while B still sends", {tlsup::side::client, false, 0, true}},
    {"A writes faster than B reads", {tlsup::side::client, true, 0, false}},
};

/// Situations of a proxy that forwards requests: the bytes are an origin's response.
inline bool forwards(std::string_view with) {
    return with == "proxy joined a 101 from the origin without having forwarded an offer" ||
           with ==
               "websocket-style smuggling: client sent an upgrade with a bad version; origin answers this, proxy must "
               "decide";
}

} // namespace corpus
