// gateway_connection.hpp: one connection of gateway, from its first byte in clear to its last inside TLS.
//
// The library never touches a socket. What OpenSSL needs goes through memory, so that every byte of the first TLS
// flight can pass the gate before OpenSSL sees it.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include <tlsup/server.hpp>

#include "gateway_patience.hpp"
#include "gateway_shared.hpp"
#include "net.hpp"
#include "responder.hpp"
#include "response_outlet.hpp"
#include "target.hpp"
#include "tls_switch.hpp"

namespace example::gateway {

using tlsup::action;
using tlsup::errc;

/// One client's connection. It is one loop: show the machine the unread bytes, do what its step says, and answer it.
class connection {
  public:
    /// `peer`: the client's address.
    connection(fd socket, std::string peer, unsigned id, const shared& all)
        : socket_(std::move(socket)), peer_(std::move(peer)), id_(id), all_(all),
          responder_(all.set, all.backend, all.name), outlet_(all.advert) {
        log("open", {{"peer", peer_}});
    }
    ~connection() {
        if (answering_ || !out_.empty()) {
            reset_on_close(socket_.get());
        }
    }

    [[nodiscard]] bool over() const noexcept { return over_; }
    [[nodiscard]] pollfd client_poll() const noexcept {
        const bool reading = reading_ && !ended_;
        return {socket_.get(), static_cast<short>((reading ? POLLIN : 0) | (out_.empty() ? 0 : POLLOUT)), 0};
    }
    [[nodiscard]] pollfd backend_poll() const noexcept {
        return stalled() ? pollfd{-1, 0, 0} : responder_.backend_poll();
    }
    [[nodiscard]] clock::time_point until() const noexcept { return timer_.until(); }

    /// Sockets are ready, or `until()` has passed.
    void ready(short client, short backend) {
        if (backend != 0) {
            responder_.backend_ready();
            timer_.moved();
        }
        if (reading_ && (client & (POLLIN | POLLHUP)) != 0) {
            receive();
        } else if ((client & (POLLERR | POLLHUP)) != 0) {
            end(errc::aborted);
        }
        if (clock::now() >= until()) {
            expire();
        }
        run();
    }

  private:
    void log(std::string_view event, std::initializer_list<detail_text> details = {}) const {
        all_.log.write(id_, event, details);
    }

    // The loop

    void run() {
        bool full = false;
        do {
            reading_ = false;
            while (!closing_ && !stalled() && (responder_.busy() ? go_on_answering() : act(next()))) {
            }
            full = stalled();
            flush();
        } while (full && !over_ && !stalled());
        timer_.restart(machine_.wanted(), !out_.empty());
    }

    void flush() {
        const std::size_t queued = out_.size();
        over_ = write_some(socket_.get(), out_) == io::failed || over_;
        if (out_.size() < queued) {
            timer_.wrote();
        }
        release(out_);
        if (out_.empty() && shutting_ && !shut_) {
            ::shutdown(socket_.get(), SHUT_WR);
            shut_ = true;
        }
        over_ = over_ || (closing_ && out_.empty());
    }

    /// Nothing more is produced until the client has read what there is.
    [[nodiscard]] bool stalled() const noexcept {
        return out_.size() >= queue_limit && machine_.state() != tlsup::server_state::closed;
    }

    tlsup::step next() {
        return machine_.secure() ? machine_.next_secure(plain_, clear_, all_.set.machine)
                                 : machine_.next(clear_, all_.set.machine);
    }

    /// Does what the step says; false where nothing can go on before a socket is ready.
    bool act(const tlsup::step& step) {
        switch (step.what) {
        case action::read:
            reading_ = true;
            return false;
        case action::write:
            if (step.status != 0 && !step.more) {
                log(step.status == 101 ? "switch" : "write",
                    {{"status", std::to_string(step.status)}, {"error", to_string(step.error)}});
            }
            send(step.bytes);
            must(machine_.wrote(step.bytes.size()));
            return true;
        case action::decide:
            decide(step.bytes);
            return true;
        case action::body:
            timer_.moved();
            responder_.add_content(step.bytes);
            take(step.bytes);
            return true;
        case action::drop:
            take(step.bytes);
            return true;
        case action::start_tls:
            return start_tls(step.bytes);
        case action::answer:
            begin_answer(step.bytes);
            return true;
        case action::drain:
            shut_write_side();
            reading_ = step.bytes.empty();
            take(step.bytes);
            return !reading_;
        case action::close:
            close(step.error);
            return false;
        case action::wait:
        case action::secure:
        case action::dial:
        case action::tunnel:
        case action::detach:
            break;
        }
        throw failure("the machine asked for " + std::string(to_string(step.what)));
    }

    /// The bytes of a step leave their buffer, from wherever they stand in it.
    void take(std::string_view bytes) {
        const std::size_t size = bytes.size();
        std::string& buffer = machine_.secure() ? plain_ : clear_;
        buffer.erase(static_cast<std::size_t>(bytes.data() - buffer.data()), size);
        release(buffer);
        must(machine_.took(size));
    }

    // Input and output

    void receive() {
        std::string encrypted;
        const bool secure = machine_.secure();
        const io found = read_some(socket_.get(), secure ? encrypted : clear_);
        if (found == io::failed) {
            end(errc::aborted);
        } else if (found == io::end) {
            ended_ = true;
            must(machine_.peer_closed());
        } else if (secure) {
            tls_->endpoint().feed(encrypted);
            decrypt();
        }
        if (machine_.wanted() == tlsup::deadline::content) {
            timer_.moved();
        }
    }

    void decrypt() {
        const tls_endpoint::progress found = tls_->endpoint().read(plain_);
        tls_->endpoint().output(out_);
        if (found == tls_endpoint::progress::closed && !ended_) {
            ended_ = true;
            must(machine_.peer_closed(tlsup::closure::close_notify));
        } else if (found == tls_endpoint::progress::failed) {
            log("tls failed", {{"why", tls_->endpoint().error()}});
            must(machine_.tls_failed());
        }
    }

    void send(std::string_view bytes) {
        if (!machine_.secure()) {
            out_ += bytes;
        } else if (tls_->endpoint().write(bytes)) {
            tls_->endpoint().output(out_);
        } else {
            end(errc::aborted);
        }
    }

    /// In TLS, close_notify goes first. Once, since a refused handshake gets no more from OpenSSL.
    void shut_write_side() {
        if (!shutting_ && machine_.secure()) {
            tls_->endpoint().close();
            tls_->endpoint().output(out_);
        }
        shutting_ = true;
    }

    void close(errc why) {
        if (tls_ && machine_.secure() && !answering_) { // what is cut gets no close_notify, which says that it is whole
            shut_write_side();
        }
        log("close", {{"error", to_string(why)}, {"secure", view(machine_.secure())}});
        closing_ = true;
    }

    /// The connection cannot go on. The answer is unimportant: it may be over already.
    void end(errc why) {
        responder_.cancel();
        (void)machine_.abort(why);
    }

    // Time

    void expire() {
        log("timeout");
        over_ = closing_;
        if (!responder_.give_up()) {
            end(errc::timeout);
        }
        if (machine_.state() == tlsup::server_state::closed) {
            timer_.give_up();
        }
        timer_.moved();
    }

    // A request

    void decide(std::string_view head) {
        const tlsup::request_view request = machine_.request(head);
        const tlsup::method how = request.facts.method();
        log("request", {{"method", request.line.method},
                        {"target", request.line.target},
                        {"secure", view(machine_.secure())},
                        {"offer", request.offer.empty() ? to_string(request.why) : to_string(request.offer[0])}});
        timer_.moved();
        if (how == tlsup::method::trace) { // CONNECT the machine refuses itself
            log("decision", {{"is", "refused with 501"}});
            must(machine_.reject(501));
        } else if (all_.backend == nullptr && !normal_path(origin_target(request))) {
            log("decision", {{"is", "bad path"}});
            must(machine_.reject(400));
        } else if (all_.backend != nullptr && tlsup::passed_through(head, all_.name)) {
            log("decision", {{"is", "refused with 508"}, {"error", to_string(errc::forwarding_loop)}});
            must(machine_.reject(suggested_status(errc::forwarding_loop)));
        } else {
            obey(request, all_.set.decide(request, peer_, machine_.secure()));
        }
    }

    void obey(const tlsup::request_view& request, const decision& now) {
        using how = tlsup::policy_ruling::how;
        log("decision", {{"is", now.name()},
                         {"rule", now.rule},
                         {"text", now.text},
                         {"certain", view(now.certain)},
                         {"advertise", view(now.ruling.advertise)}});
        advertise_ = now.ruling.advertise;
        if (now.ruling.what == how::accept) {
            must(machine_.accept(0));
        } else if (now.misdirected) { // a 426 could not be followed. RFC 9110 15.5.20
            must(machine_.reject(421));
        } else if (now.ruling.what == how::require_upgrade) {
            must(machine_.require_upgrade());
        } else {
            must(machine_.decline());
            if (request.facts.expects_continue() && request.facts.has_content()) {
                send(tlsup::continue_100); // like the one that the machine writes before a 101: no part of the answer
            }
        }
    }

    // Its answer

    void begin_answer(std::string_view head) {
        const tlsup::request_view request = machine_.request(head);
        answering_ = true;
        outlet_.begin(request.facts, advertise_, machine_.secure());
        responder_.begin(head, request);
    }

    /// More of a response, as far as it is there. False: not yet.
    bool go_on_answering() {
        std::string part;
        std::string passed;
        const responder::progress now = responder_.advance(part);
        const bool over = now == responder::progress::done || now == responder::progress::cut;
        const bool good = outlet_.pass(part, now == responder::progress::cut, passed) && over == outlet_.complete();
        send(passed);
        if (now == responder::progress::failed || !good) {
            end(errc::aborted); // what is missing must not look complete
        } else if (over && machine_.state() != tlsup::server_state::closed) {
            log("answer", {{"status", std::to_string(responder_.status())},
                           {"error", to_string(responder_.error())},
                           {"secure", view(machine_.secure())}});
            timer_.moved();
            answering_ = false;
            must(machine_.answered(outlet_.closing()));
        }
        return now != responder::progress::more || !part.empty();
    }

    // The switch

    bool start_tls(std::string_view records) {
        if (!tls_) {
            tls_.emplace(all_.context, machine_.upgraded_host(clear_));
        }
        const bool nothing_new = records.empty();
        tls_->feed(records, all_.set.machine.upgrade.defence);
        take(records);
        if (!tls_->passed()) {
            reading_ = nothing_new;
            return !nothing_new;
        }
        if (machine_.state() == tlsup::server_state::hello) {
            must(machine_.tls_hello(tls_->verdict()));
        }
        if (!*tls_->passed()) {
            log("hello refused", {{"error", to_string(tls_->verdict().why())}});
            return true;
        }
        reading_ = nothing_new;
        return shake_hands() || !nothing_new;
    }

    /// True where the handshake came to its end, one way or the other.
    bool shake_hands() {
        const tls_endpoint::progress found = tls_->endpoint().handshake();
        tls_->endpoint().output(out_);
        if (found == tls_endpoint::progress::more) {
            return false;
        }
        reading_ = false;
        if (found != tls_endpoint::progress::done) {
            log("tls failed", {{"why", tls_->endpoint().error()}});
            must(machine_.tls_failed());
            return true;
        }
        const errc error = machine_.tls_established(tls_->facts(), all_.set.machine);
        const tls_endpoint& tls = tls_->endpoint();
        log("tls established", {{"error", to_string(error)},
                                {"version", tls.version()},
                                {"alpn", tls.alpn()},
                                {"sni", tls.server_name()}});
        if (error == errc::ok) {
            decrypt(); // what came with the handshake's last flight is the machine's to judge, before it writes
        }
        return true;
    }

    fd socket_;
    std::string peer_;
    unsigned id_;
    const shared& all_;
    tlsup::server machine_;
    std::string clear_; // received in clear and not taken; from a switch on it begins with the request's head
    std::string plain_; // decrypted and not taken
    std::string out_;   // for the client, in order
    responder responder_;
    response_outlet outlet_;
    std::optional<tls_switch> tls_;
    client_timer timer_;
    bool advertise_ = false; // in the answer to the request that was decided on last
    bool answering_ = false; // a response has begun and is not complete
    bool reading_ = true;
    bool ended_ = false; // nothing more will come
    bool shutting_ = false;
    bool shut_ = false;
    bool closing_ = false;
    bool over_ = false;
};

} // namespace example::gateway
