// responder.hpp: what a request gets: a file, the backend's response, or a short text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <tlsup/server.hpp>

#include "gateway_options.hpp"
#include "net.hpp"
#include "relay.hpp"
#include "reply.hpp"
#include "site.hpp"
#include "target.hpp"

namespace example::gateway {

/// Answers the requests of one connection, one after the other.
class responder {
  public:
    using progress = exchange::progress;

    /// `backend` is null where files are served. `name`: who forwards, in Via; it outlives the responder.
    responder(const settings& set, const addresses* backend, std::string_view name)
        : set_(set), backend_(backend), name_(name) {}

    /// Content of the request that comes next. Files are not interested.
    void add_content(std::string_view part) {
        if (backend_ != nullptr) {
            content_ += part;
        }
    }

    /// The request is complete. From here to its end `advance` gives the response.
    void begin(std::string_view head, const tlsup::request_view& request) {
        rules_ = {request.facts.method(), request.facts.last(), request.facts.minor_version() == 0};
        busy_ = true;
        error_ = tlsup::errc::ok;
        if (backend_ != nullptr) {
            pass_on(head, request);
        } else {
            serve_file(request.line.method, normal_path(origin_target(request)).value());
        }
    }

    /// Adds the next part of the response to `out`. Unless it returns `more`, this response is over.
    progress advance(std::string& out) {
        progress now = progress::done;
        if (exchange_) {
            now = exchange_->advance(out);
            status_ = exchange_->status();
            if (now == progress::failed && status_ == 0) {
                error_ = exchange_->error();
                exchange_.reset();
                reply(502, "The server behind this gateway cannot be reached, or gave no valid answer.\n");
                now = progress::done;
            }
        } else if (file_.left != 0 && text_.empty()) {
            out += read_part(file_);
            now = out.empty() ? progress::failed : file_.left != 0 ? progress::more : progress::done;
        } else if (file_.left != 0) {
            now = progress::more;
        }
        out += text_;
        text_.clear();
        if (now != progress::more) {
            cancel();
        }
        return now;
    }

    /// The backend takes too long. Where it is not too late, the client hears of it.
    bool give_up() {
        const bool possible = exchange_ && exchange_->status() == 0;
        if (possible) {
            error_ = tlsup::errc::upstream_timeout;
            exchange_.reset();
            reply(504, "The server behind this gateway did not answer in time.\n");
        }
        return possible;
    }

    void cancel() {
        busy_ = false;
        exchange_.reset();
        file_ = {};
        content_.clear();
    }

    [[nodiscard]] bool busy() const noexcept { return busy_; }
    [[nodiscard]] std::uint16_t status() const noexcept { return status_; }
    /// Why the gateway answers in the backend's place; `ok` where it does not.
    [[nodiscard]] tlsup::errc error() const noexcept { return error_; }
    /// What to wait for before `advance` has more to give.
    [[nodiscard]] pollfd backend_poll() const noexcept {
        const short events = exchange_ ? exchange_->events() : short{0};
        return {events != 0 ? exchange_->descriptor() : -1, events, 0};
    }
    void backend_ready() {
        if (exchange_) {
            exchange_->ready();
        }
    }

  private:
    void pass_on(std::string_view head, const tlsup::request_view& request) {
        const std::string host = to_string(*set_.backend);
        exchange_.emplace(*backend_, head, request, content_,
                          tlsup::forward_options{.pseudonym = name_, .default_host = host, .close = true}, rules_);
        content_.clear();
        error_ = exchange_->error();
        if (error_ == tlsup::errc::ok || error_ == tlsup::errc::upstream_unreachable) {
            return;
        }
        exchange_.reset();
        if (error_ == tlsup::errc::hops_exhausted) { // then the gateway is who is asked. RFC 9110 7.6.2
            reply(200, {});
        } else {
            reply(error_ == tlsup::errc::no_room ? 431 : 400, "The request cannot be passed on as it is.\n");
        }
    }

    void serve_file(std::string_view method, const std::string& path) {
        constexpr tlsup::field_text allow[] = {{"Allow", "GET, HEAD, OPTIONS"}};
        if (method == "OPTIONS") {
            reply(200, {}, allow);
        } else if (method != "GET" && method != "HEAD") {
            reply(405, "Only GET, HEAD and OPTIONS are served here.\n", allow);
        } else if (file_ = find_file(set_.root, path); !file_.file) {
            reply(404, "There is no such file.\n");
        } else {
            text_ = "HTTP/1.1 200 OK\r\n";
            add_field(text_, "Date", date_now().text());
            add_field(text_, "Content-Type", file_.type);
            add_field(text_, "Content-Length", std::to_string(file_.left));
            if (rules_.last) {
                add_field(text_, "Connection", "close");
            }
            text_ += "\r\n";
            file_.left = rules_.head_only() ? 0 : file_.left;
            status_ = 200;
        }
    }

    void reply(std::uint16_t status, std::string_view text, tlsup::field_list fields = {}) {
        text_ = short_reply(status, text, rules_, fields);
        status_ = status;
    }

    const settings& set_;
    const addresses* backend_;
    std::string_view name_;
    std::string content_;
    reply_rules rules_;
    std::string text_; // goes out first: a head, or a whole response
    open_file file_;   // the content behind it
    std::optional<exchange> exchange_;
    std::uint16_t status_ = 0;
    tlsup::errc error_ = tlsup::errc::ok;
    bool busy_ = false;
};

} // namespace example::gateway
