// proxy_loops.hpp: the caller's loops of a proxy, of a tunnel and of a client that asks for one, to be copied.
//
// `Io` is one connection, as in caller_loops.hpp. What the loops ask besides that:
//
//   host.decide(machine, head)   makes one of the decisions: `open`, `refuse`, `challenge`, `detach`
//   host.dial(target)            connects, and waits for it: `ok`, or why not. Meanwhile nothing is read from the
//   client.
//                                It connects to an address that `options.addresses.allow` allows, or returns
//                                `address_denied`
//   host.asked(answer, head)     at a client: the refusal to look at. For another try it puts another CONNECT into the
//                                options and returns true
//
// `Ends` are both connections of a tunnel, and what is queued to each; at first the client's unread bytes are queued
// upstream, and those behind the next proxy's 2xx to the client:
//
//   queued(side)            octets that are queued to this side
//   write(side)             sends what it takes of them; false: the connection is broken
//   read(side, flow)        receives at most `flow.read` octets and queues them to the other side, or with `discard`
//                           throws away what it gets; where the flow wants neither, or nothing is there, it returns
//                           `ok`. `peer_closed` at the end; else the connection is broken
//   shut(side), close()     ends the write side of one; closes both
//   wait(plan, deadline)    until something of the plan can go on: `ok`, or `timeout`
#pragma once

#include <cstddef>
#include <tlsup/tlsup.hpp>

namespace ways {

using namespace tlsup;

// [proxy loop]
template <class Io, class Host> connect_proxy open_tunnel(Io& io, Host& host, const proxy_options& options) {
    for (connect_proxy machine;;) {
        const step now = machine.next(io.clear(), options);
        if (now.what == action::decide) {
            host.decide(machine, now.bytes);
        } else if (now.what == action::dial) {
            (void)machine.dialing();
            const errc failure = host.dial(machine.target(now.bytes));
            (void)(failure == errc::ok ? machine.tunnel_open() : machine.refuse(failure));
        } else if (now.what == action::write) {
            const std::size_t count = io.write(now.bytes, now.more);
            (void)(count != 0 ? machine.wrote(count) : machine.abort(errc::aborted));
        } else if (now.what == action::tunnel || now.what == action::detach || now.what == action::close) {
            now.what == action::close ? io.close() : void();
            return machine; // all that is unread is for the tunnel, or for whoever serves other methods
        } else if (now.what == action::drain && io.writable()) {
            io.shut();
        } else if (!now.bytes.empty()) { // drop, drain
            (void)machine.took(io.take(now.bytes));
        } else if (const errc end = io.read(machine.wanted()); end != errc::ok) { // read, drain
            (void)(end == errc::peer_closed ? machine.peer_closed() : machine.abort(end));
        }
    }
}
// [end]

// [relay loop]
template <class Ends> tunnel_end relay(Ends& ends, half_close policy, std::size_t limit) {
    for (tunnel accounts(policy);;) {
        const plan now = accounts.next(ends.queued(side::client), ends.queued(side::upstream), limit);
        if (now.close) {
            ends.close();
            return accounts.reason();
        }
        if (const errc end = ends.wait(now, accounts.wanted()); end != errc::ok) {
            (void)accounts.abort(end);
            continue;
        }
        for (const side each : {side::client, side::upstream}) {
            const flow& wanted = now.of(each);
            if (wanted.write && !ends.write(each)) {
                (void)accounts.failed(each);
            } else if (wanted.shut_write) {
                ends.shut(each);
                (void)accounts.shut(each);
            } else if (const errc end = ends.read(each, wanted); end != errc::ok) {
                (void)(end == errc::peer_closed ? accounts.eof(each) : accounts.failed(each));
            }
        }
    }
}
// [end]

// [connect loop]
template <class Io, class Host> connect_client ask(Io& io, Host& host, const connect_options& options) {
    for (connect_client machine;;) {
        const step now = machine.next(io.clear(), options);
        if (now.what == action::write) {
            const std::size_t count = io.write(now.bytes, now.more);
            (void)(count != 0 ? machine.wrote(count) : machine.abort(errc::aborted));
        } else if (now.what == action::tunnel) {
            return machine; // all that is unread came from the destination
        } else if (now.what == action::close) {
            io.close();
            return machine; // its outcome(), status() and error() tell why
        } else if (now.what == action::dial) {
            (void)(io.dial() ? machine.retry() : machine.abort(errc::aborted));
        } else if (!now.bytes.empty()) { // answer, body, drop
            if (now.what == action::answer && host.asked(machine.response(now.bytes), now.bytes)) {
                (void)machine.retry();
            }
            (void)machine.took(io.take(now.bytes));
        } else if (const errc end = io.read(machine.wanted()); end != errc::ok) { // read
            (void)(end == errc::peer_closed ? machine.peer_closed() : machine.abort(end));
        }
    }
}
// [end]

} // namespace ways
