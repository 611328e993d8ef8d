// tunnel.cpp: the accounts of a tunnel for each 16 KiB that it relays, beside what copying these once costs.
#include <cstring>

#include <tlsup/tlsup.hpp>

#include "rows.hpp"

namespace bench {
namespace {

constexpr std::size_t piece = 16384;

// The client's octets are read and queued, then written to the upstream.
void account() {
    static tlsup::tunnel open{tlsup::half_close::propagate};
    const tlsup::plan reading = open.next(0, 0, piece);
    const std::size_t queued = reading.client.read;
    const tlsup::plan writing = open.next(0, queued, piece);
    keep(reading);
    keep(writing);
    if (!writing.upstream.write) {
        wrong("the tunnel does not relay");
    }
}

void copy() {
    static char from[piece];
    static char to[piece];
    std::memcpy(to, from, piece);
    keep(to);
}

} // namespace

void add_tunnel(std::vector<row>& rows) {
    rows.push_back({"tunnel", "tlsup", "16384", "whole", piece, account});
    rows.push_back({"tunnel", "memcpy", "16384", "whole", piece, copy});
}

} // namespace bench
