// fetch.cpp: a small HTTP/1.1 client that upgrades to TLS: optional, mandatory, or because a 426 demands it, and over
// proxies.
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>

#include <tlsup/tlsup.hpp>

#include "support/client_connection.hpp"
#include "support/fetch_cache.hpp"
#include "support/fetch_heads.hpp"
#include "support/fetch_options.hpp"
#include "support/transcript.hpp"

namespace {

using namespace example;
using tlsup::action;
using tlsup::errc;

namespace status {
constexpr int answered = 0;
constexpr int usage = 1;
constexpr int network = 2;
constexpr int refused = 3;
constexpr int peer_broke_protocol = 4;
constexpr int tls = 5;
constexpr int tunnel_refused = 6;
} // namespace status

ssl_context trusting_context(const fetch_options& options) {
    ssl_context made = make_client_context();
    if (options.cacert.empty()) {
        require(SSL_CTX_set_default_verify_paths(made.get()) == 1, "cannot use the system's certificates");
    } else if (SSL_CTX_load_verify_locations(made.get(), options.cacert.c_str(), nullptr) != 1) {
        throw usage_error("cannot use the certificates in " + options.cacert);
    }
    return made;
}

tlsup::requirement wanted_by(const fetch_options& options) {
    return options.mode == fetch_mode::require_tls ? tlsup::requirement::tls : tlsup::requirement::any;
}

/// One request on its road: it does what the machine says, and tells it what happened.
class journey {
  public:
    explicit journey(const fetch_options& options)
        : options_(options), say_(options.verbose),
          cache_(options.cache, options.cache_pin,
                 {tlsup::scheme::http, options.host, static_cast<std::uint16_t>(std::stoul(options.port))}),
          need_(cache_.raise(wanted_by(options))), heads_(options, need_), rules_(heads_.rules()),
          context_(trusting_context(options)), until_(clock::now() + std::chrono::seconds(options.timeout)) {
        if (need_ != wanted_by(options)) {
            say_.note("the cache says that this server does TLS: nothing else will do");
        }
    }

    int run() {
        std::string nothing;
        while (true) {
            std::string& unread = !connection_        ? nothing
                                  : machine_.secure() ? connection_->unread()
                                                      : connection_->clear();
            at_proxy_ = machine_.state() < tlsup::route_state::answered ? asks_a_proxy() : at_proxy_;
            const tlsup::step wanted =
                machine_.secure() ? machine_.next_secure(unread, rules_) : machine_.next(unread, rules_);
            note_tunnels();
            switch (wanted.what) {
            case action::write:
                write(wanted);
                break;
            case action::read:
                read();
                break;
            case action::drop:
                drop(wanted.bytes);
                break;
            case action::answer:
                answer(wanted.bytes);
                break;
            case action::body:
                body(wanted.bytes);
                break;
            case action::start_tls:
                start_tls();
                break;
            case action::dial:
                dial(unread);
                break;
            case action::close:
            case action::detach: // the connection could carry another request, but there is none
                return finish(unread);
            case action::wait:
            case action::decide:
            case action::secure:
            case action::tunnel:
            case action::drain:
                throw std::logic_error("this step is not a route's");
            }
        }
    }

  private:
    [[nodiscard]] endpoint hop(std::size_t number) const {
        return number < options_.proxies.size() ? options_.proxies[number].where
                                                : endpoint{options_.host, options_.port};
    }

    void dial(std::string_view unread) {
        show_head(unread); // what was not the last word
        if (machine_.raised() && !raised_) {
            say_.heading("a 426: TLS is required from here on");
            raised_ = true;
        }
        const endpoint to = hop(0);
        connection_.reset();
        connection_ = std::make_unique<client_connection>(to, until_);
        say_.new_connection();
        say_.note("connected to " + to_string(to));
        passed_ = 0;
        (void)machine_.connected(rules_);
    }

    void note_tunnels() {
        while (passed_ < machine_.hop()) {
            const std::string way = to_string(hop(passed_ + 1)) + " through " + to_string(hop(passed_));
            say_.note("tunnel to " + way);
            ++passed_;
        }
    }

    /// The head at the front of what nobody took, if there is one.
    void show_head(std::string_view unread) {
        const std::size_t end = unread.find("\r\n\r\n");
        if (unread.substr(0, 5) == "HTTP/" && end != std::string_view::npos) {
            say_.received(unread.substr(0, end), machine_.secure());
        }
    }

    [[nodiscard]] bool asks_a_proxy() const { return machine_.state() == tlsup::route_state::tunnelling; }

    void write(const tlsup::step& wanted) {
        const std::string_view probe = rules_.exchange.probe.text();
        const bool probes = wanted.bytes.data() >= probe.data() && wanted.bytes.data() < probe.data() + probe.size();
        released_ = !asks_a_proxy() && !probes;
        say_.sent(wanted.bytes, machine_.secure());
        (void)connection_->send(wanted.bytes); // where it fails, read() says how
        (void)machine_.wrote(wanted.bytes.size());
        content_due_ = wanted.more;
    }

    // The head is out. Its content follows, unless the server has answered already.
    void send_content() {
        content_due_ = false;
        say_.sent_octets(options_.content->size(), machine_.secure());
        if (connection_->send(*options_.content)) {
            (void)machine_.request_body_done();
        }
    }

    void read() {
        if (content_due_) {
            send_content();
            return;
        }
        using event = client_connection::event;
        switch (connection_->receive()) {
        case event::fin:
            (void)machine_.peer_closed();
            break;
        case event::close_notify:
            (void)machine_.peer_closed(tlsup::closure::close_notify);
            break;
        case event::broken: // never an end: content without a length would pass for complete
            (void)machine_.abort(errc::peer_closed);
            break;
        case event::tls_failed:
            say_.note("TLS: " + connection_->tls().error());
            (void)machine_.tls_failed();
            break;
        case event::timeout:
            (void)machine_.abort(errc::timeout);
            break;
        case event::bytes:
        case event::ready:
            break;
        }
    }

    // The view is into the buffer: show the bytes before they leave it.
    void take(std::size_t count) {
        std::string& unread = machine_.secure() ? connection_->unread() : connection_->clear();
        unread.erase(0, count);
        (void)machine_.took(count);
    }

    void drop(std::string_view bytes) {
        const bool head = bytes.size() > 12 && bytes.substr(0, 7) == "HTTP/1."; // content may begin like one
        const bool secure = machine_.secure();
        head ? say_.received(bytes, secure) : say_.received_octets(bytes.size(), secure);
        const bool interim = head && bytes.substr(9, 1) == "1";
        const bool switched = interim && bytes.substr(9, 3) == "101";
        if (switched) {
            say_.heading("the switch: 101");
        } else if (machine_.raised() && !raised_) {
            say_.heading("a 426: TLS is required from here on");
            raised_ = true;
        } else if (head && asks_a_proxy() && bytes.substr(9, 3) == "407") {
            say_.note("the proxy asks who we are");
        }
        take(bytes.size());
    }

    void answer(std::string_view head) {
        say_.received(head, machine_.secure());
        if (asks_a_proxy()) { // a refusal, and the proxy's
            take(head.size());
            return;
        }
        open_output();
        const tlsup::response_view response = machine_.response();
        hint_ = response.hint;
        if (!response.hint.empty()) {
            std::string names;
            for (std::size_t at = 0; at < response.hint.size(); ++at) {
                names += (at == 0 ? "" : ", ") + std::string(to_string(response.hint[at]));
            }
            say_.note("the server advertises " + names + " (untrusted hint)");
        }
        if (response.unauthenticated_request) {
            say_.note("unauthenticated request: it went in clear, so this may be the answer to somebody else's");
        }
        take(head.size());
    }

    // Not before there is an answer: where there is none, an earlier file stays as it was.
    void open_output() {
        if (!options_.output.empty()) {
            file_.open(options_.output, std::ios::binary);
            if (!file_) {
                throw failure("cannot write " + options_.output);
            }
        }
    }

    void body(std::string_view bytes) {
        if (asks_a_proxy()) {
            say_.note("the proxy's own content, " + std::to_string(bytes.size()) + " octets");
            take(bytes.size());
            return;
        }
        say_.received_octets(bytes.size(), machine_.secure());
        std::ostream& out = file_.is_open() ? file_ : std::cout;
        out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        if (options_.verbose) {
            out.flush();
        }
        if (!out) {
            throw failure("cannot write the content");
        }
        take(bytes.size());
    }

    // From here on the connection belongs to TLS, whatever happens. RFC 2817 3.3.
    void start_tls() {
        tls_endpoint engine(context_.get(), tls_endpoint::role::client);
        engine.expect_host(std::string(tlsup::route::tls_name(rules_)));
        if (options_.alpn) {
            engine.offer_alpn();
        }
        using event = client_connection::event;
        const event outcome = connection_->start_tls(std::move(engine));
        const tls_endpoint& tls = connection_->tls();
        if (outcome == event::bytes) {
            return; // it is not TLS: the machine sees it next, and says so
        }
        if (outcome == event::timeout) {
            (void)machine_.abort(errc::timeout);
            return;
        }
        if (outcome != event::ready) {
            say_.note("TLS: " + (outcome == event::fin ? "the server closed the connection" : tls.error()));
            (void)machine_.tls_failed();
            return;
        }
        const bool good = trusted(tls);
        say_.heading("TLS up: " + std::string(tls.version()) + ", " +
                     (tls.alpn().empty() ? "no ALPN" : "ALPN " + std::string(tls.alpn())) + ", certificate " +
                     (options_.insecure ? "not looked at"
                      : good            ? "verified"
                                        : "not verified: " + reason(tls)));
        (void)machine_.tls_established({tls.alpn(), tls.server_name(),
                                        tls.resumed() ? tlsup::session::resumed : tlsup::session::full,
                                        tls.early_data() ? tlsup::early::accepted : tlsup::early::none,
                                        good ? tlsup::identity::verified : tlsup::identity::unverified},
                                       rules_);
    }

    [[nodiscard]] bool trusted(const tls_endpoint& tls) {
        if (options_.insecure) {
            say_.note("warning: --insecure trusts any certificate");
            return true;
        }
        return options_.pin.empty() ? tls.verified() : tls.peer_sha256() == options_.pin;
    }
    [[nodiscard]] std::string reason(const tls_endpoint& tls) const {
        return options_.pin.empty() ? tls.verify_text() : "its SHA-256 is " + tls.peer_sha256();
    }

    int finish(std::string_view unread) {
        std::ostream& out = file_.is_open() ? file_ : std::cout;
        out.flush();
        if (connection_) {
            connection_->close();
        }
        if (machine_.outcome() == tlsup::outcome::answered_secure && !options_.insecure) {
            cache_.saw_tls();
        }
        cache_.saw_hint(hint_);
        cache_.saw_hint(machine_.required_tokens());
        cache_.keep(clock::now() + std::chrono::seconds(options_.timeout));
        if (machine_.outcome() != tlsup::outcome::refused) {
            if (!out) {
                throw failure("cannot write the content");
            }
            return status::answered;
        }
        show_head(unread); // the answer that ended it
        at_proxy_ = at_proxy_ && machine_.hop() < options_.proxies.size();
        const errc error = machine_.error();
        std::fprintf(stderr, "fetch: %s: %s\n", std::string(to_string(error)).c_str(), sentence().c_str());
        return at_proxy_ ? tunnel_status(error) : exit_status(error);
    }

    [[nodiscard]] std::string sentence() const {
        const errc error = machine_.error();
        const std::string why = std::string(explain(error)) + " (" + std::string(source(error)) + ")";
        if (!at_proxy_) {
            return why;
        }
        const std::string proxy = to_string(hop(machine_.hop()));
        const std::string target = to_string(hop(machine_.hop() + 1));
        return error == errc::tunnel_refused
                   ? proxy + " answered CONNECT " + target + " with " + std::to_string(machine_.status())
                   : proxy + ", asked for " + target + ": " + why;
    }

    [[nodiscard]] int exit_status(errc error) const {
        const bool required = need_ == tlsup::requirement::tls || machine_.raised();
        if (error == errc::upgrade_refused || error == errc::upgrade_required || error == errc::no_common_token ||
            machine_.status() == 426) {
            return status::refused;
        }
        if (error == errc::bad_options) {
            return status::usage;
        }
        if (error == errc::timeout || error == errc::peer_closed) {
            return required && !released_ ? status::refused : status::network;
        }
        if (error == errc::tls_failed || error == errc::unverified_peer || error == errc::foreign_alpn ||
            error == errc::missing_alpn || error == errc::resumed_session || error == errc::early_data) {
            return status::tls;
        }
        return status::peer_broke_protocol;
    }

    /// Where a proxy did not let us through.
    static int tunnel_status(errc error) {
        return error == errc::tunnel_refused                          ? status::tunnel_refused
               : error == errc::timeout || error == errc::peer_closed ? status::network
               : error == errc::bad_options                           ? status::usage
                                                                      : status::peer_broke_protocol;
    }

    const fetch_options& options_;
    transcript say_;
    remembered cache_;
    tlsup::requirement need_;
    fetch_heads heads_;
    const tlsup::route_options& rules_;
    ssl_context context_;
    clock::time_point until_;
    std::ofstream file_;
    std::unique_ptr<client_connection> connection_;
    tlsup::route machine_;
    tlsup::token_list hint_; // of the answer
    std::size_t passed_ = 0; // proxies whose tunnels stand
    bool raised_ = false;    // and it was said
    bool at_proxy_ = false;  // a proxy had the last word
    bool content_due_ = false;
    bool released_ = false; // the request, not only the probe, was sent
};

} // namespace

int main(int count, char** words) {
    try {
        const fetch_options options = read_command_line({words + 1, words + count});
        if (options.help) {
            std::cout << fetch_help;
            return status::answered;
        }
        return journey(options).run();
    } catch (const usage_error& error) {
        std::fprintf(stderr, "fetch: usage: %s; try --help\n", error.what());
        return status::usage;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "fetch: network: %s\n", error.what());
        return status::network;
    }
}
