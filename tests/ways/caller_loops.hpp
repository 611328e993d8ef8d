// caller_loops.hpp: the caller's loop of a server, of a client and of a route, to be copied.
//
// What they ask of `Io`, one end of one connection with its TLS engine; every call waits until it is done:
//
//   clear()                all bytes that were received in clear and not taken, as a view
//   plain()                the same, decrypted
//   read(deadline)         receives more, of the layer that is current. `ok`; `peer_closed`, and then `ending()` says
//                          how; or what the connection fails with: `timeout`, `tls_failed`, `aborted`
//   write(bytes, more)     how many octets were sent, into TLS once that is up. 0: the connection is broken
//   take(bytes)            removes a step's bytes from their buffer, wherever in it they lie; how many these were
//   start_tls(machine, …)  one turn of the handshake, and what came of it: `tls_established`, `tls_failed`. At a server
//                          the gate goes first: `took`, `tls_hello`. Where it lacks bytes it receives some. What
//                          came with the end of the handshake is in `plain()` when it returns
//   writable(), shut()     the write side is open; ends it, with a close_notify inside TLS
//   close()                the same, and closes the connection. At a server it gets the error. After `aborted` a
//   response
//                          may have been cut: no close_notify then, and a reset, so that it does not look complete
//   dial(), keep()         at a client: connects again, empties the buffers; keeps the connection for another use.
//                          On a route: connects to the first proxy, or to the server where there is none
//
// `Host` is the server's application: `decide` makes one of the decisions, and writes `continue_100` where it declines
// a request that waits for it; `content` returns that part of the bytes that it used, at least an octet; `answer`
// writes the response and calls `answered()`; `take_over` gets the connection after `detach()`. Where a machine has
// refused an answer, its next step shows what to do; so no result is looked at.
#pragma once

#include <cstddef>
#include <string>
#include <tlsup/tlsup.hpp>

namespace ways {

using namespace tlsup;

// [server loop]
template <class Io, class Host> server serve(Io& io, Host& host, const server_options& options) {
    for (server machine;;) {
        const step now =
            machine.secure() ? machine.next_secure(io.plain(), io.clear(), options) : machine.next(io.clear(), options);
        if (now.what == action::decide) {
            host.decide(machine, now.bytes, io);
        } else if (now.what == action::answer) {
            host.answer(machine, now.bytes, io);
        } else if (now.what == action::start_tls) {
            io.start_tls(machine, now.bytes, options);
        } else if (now.what == action::write) {
            const std::size_t count = io.write(now.bytes, now.more);
            (void)(count != 0 ? machine.wrote(count) : machine.abort(errc::aborted));
        } else if (now.what == action::close || now.what == action::detach) {
            now.what == action::close ? io.close(now.error) : host.take_over(io);
            return machine; // its outcome() and error() tell how it went
        } else if (now.what == action::drain && io.writable()) {
            io.shut();
        } else if (!now.bytes.empty()) { // body, drop, drain
            (void)machine.took(io.take(now.what == action::body ? host.content(now.bytes) : now.bytes));
        } else if (const errc end = io.read(machine.wanted()); end != errc::ok) { // read, drain
            (void)(end == errc::peer_closed ? machine.peer_closed(io.ending()) : machine.abort(end));
        }
    }
}
// [end]

/// A client's exchange when it is over. `outcome()`, `response()` and `reusable()` are the machine's.
struct fetched {
    client machine{};
    std::string text{}; ///< the final response: its head as it came, and its content
};

/// For a request without content.
// [client loop]
template <class Io> fetched fetch(Io& io, const client_options& options) {
    for (fetched it;;) {
        const step now =
            it.machine.secure() ? it.machine.next_secure(io.plain(), options) : it.machine.next(io.clear(), options);
        if (now.what == action::write) {
            const std::size_t count = io.write(now.bytes, now.more);
            (void)(count != 0 ? it.machine.wrote(count) : it.machine.abort(errc::aborted));
        } else if (now.what == action::start_tls) {
            io.start_tls(it.machine, options);
        } else if (now.what == action::dial) {
            (void)(io.dial() ? it.machine.retry() : it.machine.abort(errc::aborted));
        } else if (now.what == action::close || now.what == action::detach) {
            now.what == action::close ? io.close() : io.keep();
            return it;
        } else if (!now.bytes.empty()) { // answer, body, drop
            it.text += now.what == action::drop ? std::string_view{} : now.bytes;
            (void)it.machine.took(io.take(now.bytes));
        } else if (const errc end = io.read(deadline::none); end != errc::ok) { // read
            (void)(end == errc::peer_closed ? it.machine.peer_closed(io.ending()) : it.machine.abort(end));
        }
    }
}
// [end]

/// A route at its end. `outcome()`, `error()` and `response()` are the machine's.
struct travelled {
    route machine{};
    std::string text{}; ///< the final response, or what a proxy said instead: the head as it came, and the content
};

/// For a request without content.
// [route loop]
template <class Io> travelled travel(Io& io, const route_options& options) {
    for (travelled it;;) {
        const step now =
            it.machine.secure() ? it.machine.next_secure(io.plain(), options) : it.machine.next(io.clear(), options);
        if (now.what == action::dial) { // to the first proxy, or to the server
            (void)(io.dial() ? it.machine.connected(options) : it.machine.abort(errc::upstream_unreachable));
        } else if (now.what == action::write) {
            const std::size_t count = io.write(now.bytes, now.more);
            (void)(count != 0 ? it.machine.wrote(count) : it.machine.abort(errc::aborted));
        } else if (now.what == action::start_tls) { // for the name route::tls_name(options)
            io.start_tls(it.machine, options);
        } else if (now.what == action::close || now.what == action::detach) {
            now.what == action::close ? io.close() : io.keep();
            return it;
        } else if (!now.bytes.empty()) { // answer, body, drop
            it.text += now.what == action::drop ? std::string_view{} : now.bytes;
            (void)it.machine.took(io.take(now.bytes));
        } else if (const errc end = io.read(it.machine.wanted()); end != errc::ok) { // read
            (void)(end == errc::peer_closed ? it.machine.peer_closed(io.ending()) : it.machine.abort(end));
        }
    }
}
// [end]

} // namespace ways
