// relay.hpp: one request that is passed on to an origin server, and its response on the way back.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include <tlsup/client.hpp>
#include <tlsup/server.hpp>
#include <tlsup/write_forward.hpp>

#include "net.hpp"
#include "reply.hpp"

namespace example {

/// A connection to the backend for one request. It ends with the response, whatever that says. To the backend the
/// gateway is a client, with a forwarded head and without an offer.
class exchange {
  public:
    enum class progress : unsigned char {
        more,   ///< call again once the socket was ready
        done,   ///< the response is complete
        cut,    ///< so it is, but only the end of the client's connection says so
        failed, ///< the backend cannot be reached, or its response cannot be passed on
    };

    /// `head` and `content` of a request that is complete. Nothing is dialled where `error` says that it cannot be
    /// passed on.
    exchange(const addresses& backend, std::string_view head, const tlsup::request_view& request,
             std::string_view content, const tlsup::forward_options& how, const reply_rules& rules)
        : next_(backend.begin()), end_(backend.end()), rules_(rules), pseudonym_(how.pseudonym),
          head_(head.size() + 1024, '\0') {
        const bool bare = request.facts.framing() == tlsup::framing::none;
        const tlsup::prepared made = write_forward_request(
            head_, head, request.facts, how, bare ? tlsup::content{} : tlsup::content::of(content.size()));
        error_ = made.error;
        if (error_ == tlsup::errc::ok) {
            options_.need = tlsup::requirement::any;
            options_.request = made.head;
            options_.follow_426 = false;
            send(content);
            dial();
        }
    }

    /// Why the request, or the response, cannot be passed on.
    [[nodiscard]] tlsup::errc error() const noexcept { return error_ != tlsup::errc::ok ? error_ : machine_.error(); }
    [[nodiscard]] int descriptor() const noexcept { return socket_.get(); }
    /// The status that was passed on; 0 as long as none was, and a response of the gateway's own is possible.
    [[nodiscard]] std::uint16_t status() const noexcept { return status_; }

    /// What to poll for; 0: nothing now.
    [[nodiscard]] short events() const noexcept {
        const bool writing = connecting_ || !queue_.empty();
        const bool reading = !connecting_ && !ended_ && in_.size() < 65536;
        return static_cast<short>((writing ? POLLOUT : 0) | (reading ? POLLIN : 0));
    }

    /// The socket is ready.
    void ready() {
        if (connecting_) {
            if (connect_error(socket_.get()) != 0) {
                dial();
                return;
            }
            connecting_ = false;
        }
        if (!queue_.empty() && write_some(socket_.get(), queue_) == io::failed) {
            queue_.clear(); // it may have answered all the same, but the end of that is no end in order: send() has
            broken_ = true; // taken the error that read() would have shown
        }
        const io found = read_some(socket_.get(), in_);
        ended_ = ended_ || found == io::end || found == io::failed;
        broken_ = broken_ || found == io::failed;
    }

    /// Adds what the client gets now.
    progress advance(std::string& out) {
        progress result = progress::more;
        std::size_t taken = 0;
        while (result == progress::more) {
            const tlsup::step now = machine_.next(std::string_view(in_).substr(taken), options_);
            if (now.what == tlsup::action::read) {
                if (!ended_) {
                    break;
                }
                (void)(broken_ ? machine_.abort(tlsup::errc::aborted) : machine_.peer_closed());
                continue;
            }
            result = pass(now, out);
            taken += now.bytes.size();
            (void)machine_.took(now.bytes.size());
        }
        in_.erase(0, taken);
        return result;
    }

  private:
    void dial() {
        connecting_ = false;
        socket_.reset();
        while (!socket_ && next_ != end_) {
            socket_ = begin_connect(*next_);
            ++next_;
        }
        connecting_ = static_cast<bool>(socket_);
        ended_ = !socket_;
        error_ = socket_ ? tlsup::errc::ok : tlsup::errc::upstream_unreachable;
    }

    void send(std::string_view content) {
        const tlsup::step now = machine_.next({}, options_);
        queue_.append(now.bytes).append(content);
        (void)machine_.wrote(now.bytes.size());
    }

    progress pass(const tlsup::step& now, std::string& out) {
        if (now.what == tlsup::action::answer) {
            return pass_head(now.bytes, out) ? progress::more : progress::failed;
        }
        if (now.what == tlsup::action::body) {
            pass_part(now.bytes, out);
            last_chunk_.clear();
            return progress::more;
        }
        if (now.what != tlsup::action::drop) {
            return end(out);
        }
        if (status_ == 0) {
            return pass_interim(now.bytes, out) ? progress::more : progress::failed;
        }
        last_chunk_ += now.bytes;
        return progress::more;
    }

    /// The head for the client; false where there is none. RFC 9110 7.6.
    bool write_head(std::string_view head, const tlsup::response_facts& facts, std::string& out) {
        std::string room(head.size() + 256, '\0');
        const tlsup::http_date now = date_now();
        const tlsup::prepared made = write_forward_response(
            room, head, facts,
            {.pseudonym = pseudonym_, .http_1_0 = rules_.http_1_0, .close = rules_.last, .date = now.text()});
        error_ = made.error; // what judge_forward_response says, too
        out += made.head.text();
        return made.error == tlsup::errc::ok;
    }

    bool pass_interim(std::string_view head, std::string& out) {
        return rules_.http_1_0 || write_head(head, machine_.response().facts, out);
    }

    bool pass_head(std::string_view head, std::string& out) {
        const tlsup::response_facts facts = machine_.response().facts;
        if (!write_head(head, facts, out)) {
            return false;
        }
        status_ = facts.status();
        framing_ = forwarded_framing(facts, rules_.http_1_0);
        response_head_ = facts.framing() == tlsup::framing::chunked ? head : std::string_view{};
        return true;
    }

    void pass_part(std::string_view part, std::string& out) const {
        const bool chunked = framing_ == tlsup::framing::chunked;
        if (chunked) {
            char size[20] = {};
            std::snprintf(size, sizeof size, "%zx\r\n", part.size());
            out += size;
        }
        out += part;
        out += chunked ? "\r\n" : "";
    }

    progress end(std::string& out) {
        if (machine_.outcome() != tlsup::outcome::answered) {
            return progress::failed;
        }
        if (framing_ == tlsup::framing::chunked) {
            out += "0\r\n";
            pass_trailer(out);
            out += "\r\n";
        }
        return framing_ == tlsup::framing::until_close ? progress::cut : progress::done;
    }

    /// The trailer fields that may cross. RFC 9110 6.5.1, 7.6.1.
    void pass_trailer(std::string& out) const {
        std::string_view trailer = last_chunk_; // behind the line that says 0, as fields stand behind a start line
        trailer.remove_prefix(trailer.starts_with("\r\n") ? 2 : 0);
        const tlsup::hop_fields hop(response_head_);
        tlsup::field_reader fields(trailer);
        for (tlsup::field each; fields.next(each);) {
            if (hop.allow_trailer(each)) {
                add_field(out, each.name, each.value);
            }
        }
    }

    addresses::iterator next_;
    addresses::iterator end_;
    fd socket_;
    reply_rules rules_;
    std::string_view pseudonym_; // in the response's Via, too
    tlsup::client machine_;
    tlsup::client_options options_;
    std::string head_;          // of the request; the options view it
    std::string queue_;         // what is still to be sent
    std::string in_;            // what was received and not passed on
    std::string response_head_; // of a response in chunks
    std::string last_chunk_;    // the framing behind the last content
    tlsup::framing framing_ = tlsup::framing::none;
    tlsup::errc error_ = tlsup::errc::ok;
    std::uint16_t status_ = 0;
    bool connecting_ = false;
    bool ended_ = false;
    bool broken_ = false;
};

} // namespace example
