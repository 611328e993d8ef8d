// fetch.cpp: a small HTTP/1.1 client that upgrades to TLS: optional, mandatory, or because a 426 demands it.
#include <strings.h>

#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <tlsup/tlsup.hpp>

#include "support/client_connection.hpp"
#include "support/fetch_options.hpp"
#include "support/road.hpp"
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

/// The heads that may go out, composed once. The machine says which of them, and when.
class heads {
  public:
    explicit heads(const fetch_options& options) : probe_text_(65535, '\0'), request_text_(65535, '\0') {
        tlsup::request_text request;
        request.method = options.method;
        request.target = options.target;
        request.host = options.authority;
        if (options.mode == fetch_mode::offer) {
            request.offer = tlsup::default_tokens;
        }
        if (options.content) {
            request.body = tlsup::content::of(options.content->size());
        }
        std::vector<tlsup::field_text> fields;
        bool typed = false;
        for (const auto& [name, value] : options.fields) {
            fields.push_back({name, value});
            typed = typed || (name.size() == 12 && ::strcasecmp(name.c_str(), "content-type") == 0);
        }
        if (options.content && !typed) {
            fields.push_back({"Content-Type", "application/octet-stream"});
        }
        probe_ = checked(tlsup::write_probe(probe_text_, options.authority, tlsup::default_tokens));
        request_ = checked(tlsup::write_request(request_text_, request, {fields.data(), fields.size()}));
    }

    [[nodiscard]] const tlsup::prepared_head& probe() const noexcept { return probe_; }
    [[nodiscard]] const tlsup::prepared_head& request() const noexcept { return request_; }

  private:
    static tlsup::prepared_head checked(const tlsup::prepared& made) {
        if (made.error != errc::ok) {
            throw usage_error("the request cannot be written: " + std::string(explain(made.error)));
        }
        return made.head;
    }

    std::string probe_text_;
    std::string request_text_;
    tlsup::prepared_head probe_;
    tlsup::prepared_head request_;
};

tlsup::client_options machine_options(const fetch_options& options, const heads& prepared) {
    tlsup::client_options made;
    made.need = options.mode == fetch_mode::require_tls ? tlsup::requirement::tls : tlsup::requirement::any;
    made.probe = prepared.probe(); // in all modes, so that a 426 can be followed
    made.request = prepared.request();
    made.peer = {.peer_omits_upgrade_option = options.cups, .peer_lists_all_tls_tokens = options.cups};
    return made;
}

ssl_context trusting_context(const fetch_options& options) {
    ssl_context made = make_client_context();
    if (options.cacert.empty()) {
        require(SSL_CTX_set_default_verify_paths(made.get()) == 1, "cannot use the system's certificates");
    } else if (SSL_CTX_load_verify_locations(made.get(), options.cacert.c_str(), nullptr) != 1) {
        throw usage_error("cannot use the certificates in " + options.cacert);
    }
    return made;
}

/// One exchange: it does what the machine says, and tells it what happened.
class exchange {
  public:
    explicit exchange(const fetch_options& options)
        : options_(options), prepared_(options), rules_(machine_options(options, prepared_)),
          context_(trusting_context(options)), say_(options.verbose),
          road_(options.proxies, {options.host, options.port}, say_),
          until_(clock::now() + std::chrono::seconds(options.timeout)) {
        if (!options.output.empty()) {
            file_.open(options.output, std::ios::binary);
            if (!file_) {
                throw usage_error("cannot write " + options.output);
            }
        }
    }

    int run() {
        dial();
        while (true) {
            std::string& unread = machine_.secure() ? connection_->unread() : connection_->clear();
            const tlsup::step wanted =
                machine_.secure() ? machine_.next_secure(unread, rules_) : machine_.next(unread, rules_);
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
            case action::dial: // a 426 came, and its connection cannot go on
                dial();
                (void)machine_.retry();
                break;
            case action::close:
            case action::detach: // the connection could carry another request, but there is none
                return finish(unread);
            case action::wait:
            case action::decide:
            case action::secure:
            case action::tunnel:
            case action::drain:
                throw std::logic_error("this step is not a client's");
            }
        }
    }

  private:
    void dial() { road_.connect(connection_, until_); }

    void write(const tlsup::step& wanted) {
        released_ = machine_.state() != tlsup::client_state::probing;
        say_.sent(wanted.bytes, machine_.secure());
        if (!connection_->send(wanted.bytes)) {
            (void)machine_.peer_closed();
        }
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
        const bool head = bytes.substr(0, 7) == "HTTP/1.";
        const bool secure = machine_.secure();
        head ? say_.received(bytes, secure) : say_.received_octets(bytes.size(), secure);
        if (machine_.state() == tlsup::client_state::switched) {
            say_.heading("the switch: 101");
        } else if (machine_.state() == tlsup::client_state::following && head) {
            say_.heading("a 426: TLS is required from here on");
        }
        take(bytes.size());
    }

    void answer(std::string_view head) {
        say_.received(head, machine_.secure());
        const tlsup::response_view response = machine_.response();
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

    void body(std::string_view bytes) {
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
        engine.expect_host(options_.host);
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
        connection_->close();
        const bool answered =
            machine_.outcome() == tlsup::outcome::answered || machine_.outcome() == tlsup::outcome::answered_secure;
        if (answered && out) {
            return status::answered;
        }
        if (answered) {
            throw failure("cannot write the content");
        }
        if (unread.substr(0, 5) == "HTTP/") { // the answer that ended it
            say_.received(unread.substr(0, unread.find("\r\n\r\n")), machine_.secure());
        }
        const errc error = machine_.error();
        const std::string sentence = std::string(explain(error)) + " (" + std::string(source(error)) + ")";
        std::fprintf(stderr, "fetch: %s: %s\n", std::string(to_string(error)).c_str(), sentence.c_str());
        return exit_status(error);
    }

    [[nodiscard]] int exit_status(errc error) const {
        const bool required = options_.mode == fetch_mode::require_tls || machine_.raised();
        if (error == errc::upgrade_refused) {
            return status::refused;
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

    const fetch_options& options_;
    heads prepared_;
    tlsup::client_options rules_;
    ssl_context context_;
    transcript say_;
    road road_;
    clock::time_point until_;
    std::ofstream file_;
    std::optional<client_connection> connection_;
    tlsup::client machine_;
    bool content_due_ = false;
    bool released_ = false; // the request, not only the probe, was sent
};

/// Where a proxy did not let us through.
int tunnel_status(errc error) {
    return error == errc::tunnel_refused                               ? status::tunnel_refused
           : error == errc::timeout || error == errc::peer_closed      ? status::network
           : error == errc::bad_argument || error == errc::bad_options ? status::usage
                                                                       : status::peer_broke_protocol;
}

} // namespace

int main(int count, char** words) {
    try {
        const fetch_options options = read_command_line({words + 1, words + count});
        if (options.help) {
            std::cout << fetch_help;
            return status::answered;
        }
        return exchange(options).run();
    } catch (const usage_error& error) {
        std::fprintf(stderr, "fetch: usage: %s; try --help\n", error.what());
        return status::usage;
    } catch (const tunnel_failure& error) {
        std::fprintf(stderr, "fetch: %s: %s\n", std::string(to_string(error.error)).c_str(), error.what());
        return tunnel_status(error.error);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "fetch: network: %s\n", error.what());
        return status::network;
    }
}
