// relay.hpp: one request that is passed on to an origin server, and its response on the way back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tlsup/server.hpp>

#include "net.hpp"
#include "reply.hpp"
#include "target.hpp"

namespace example {

/// The fields that belong to one hop alone. RFC 9110 7.6.1.
class hop_fields {
  public:
    explicit hop_fields(std::string_view head) {
        tlsup::field_reader fields(head);
        for (tlsup::field each; fields.next(each);) {
            tlsup::detail::list_reader list(each.value);
            for (std::string_view member; is(each.name, "connection") && list.next(member);) {
                names_.push_back(member);
            }
        }
    }

    [[nodiscard]] bool contain(std::string_view name) const {
        for (const std::string_view each : names_) {
            if (is(name, each)) {
                return true;
            }
        }
        return false;
    }

    static bool is(std::string_view one, std::string_view other) { return tlsup::detail::same_text(one, other); }

  private:
    std::vector<std::string_view> names_{"connection", "keep-alive",        "proxy-connection", "te",
                                         "trailer",    "transfer-encoding", "upgrade"};
};

/// The request as the backend gets it; empty, and why, where it cannot be written.
inline std::string backend_request(std::string_view head, const tlsup::request_view& request,
                                   const std::string& content, const std::string& backend, tlsup::errc& why) {
    const hop_fields hop(head);
    std::vector<tlsup::field_text> fields;
    tlsup::field_reader reader(head);
    for (tlsup::field each; reader.next(each);) {
        if (!hop.contain(each.name) && !hop.is(each.name, "host") && !hop.is(each.name, "content-length") &&
            !hop.is(each.name, "expect")) {
            fields.push_back({each.name, each.value});
        }
    }
    fields.push_back({"Via", "1.1 tlsup"}); // RFC 9110 7.6.3
    const bool options = request.facts.method() == tlsup::method::options;
    const bool bare = request.facts.framing() == tlsup::framing::none || (options && content.empty());
    const std::string target = origin_target(request);
    const tlsup::request_text text{request.line.method,
                                   target,
                                   request.line.authority.empty() ? std::string_view(backend) : request.line.authority,
                                   {},
                                   bare ? tlsup::content{} : tlsup::content::of(content.size())};
    std::string room(65535, '\0');
    const tlsup::prepared made = tlsup::write_request(room, text, {fields.data(), fields.size()});
    why = made.error;
    return why == tlsup::errc::ok ? std::string(made.head.text()) + content : std::string();
}

/// A connection to the backend for one request. It ends with the response, whatever that says.
class exchange {
  public:
    enum class progress : unsigned char {
        more,   ///< call again once the socket was ready
        done,   ///< the response is complete
        cut,    ///< so it is, but only the end of the client's connection says so
        failed, ///< the backend cannot be reached, or does not speak HTTP
    };

    exchange(const addresses& backend, std::string request, const reply_rules& rules)
        : next_(backend.begin()), end_(backend.end()), request_(std::move(request)), rules_(rules) {
        dial();
    }

    [[nodiscard]] int descriptor() const noexcept { return socket_.get(); }
    /// The status that was passed on; 0 as long as none was, and a response of the gateway's own is possible.
    [[nodiscard]] std::uint16_t status() const noexcept { return passing_ ? facts_.status() : std::uint16_t{0}; }

    /// What to poll for; 0: nothing now.
    [[nodiscard]] short events() const noexcept {
        const bool writing = connecting_ || !request_.empty();
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
        if (!request_.empty() && write_some(socket_.get(), request_) == io::failed) {
            request_.clear(); // it may have answered all the same
        }
        const io found = read_some(socket_.get(), in_);
        ended_ = ended_ || found == io::end || found == io::failed;
        broken_ = broken_ || found == io::failed;
    }

    /// Adds what the client gets now.
    progress advance(std::string& out) {
        while (!passing_) {
            using reading = tlsup::detail::head_reader<tlsup::response_facts>::progress;
            const reading found = reader_.read(in_, {}, facts_);
            if (found == reading::more) {
                return ended_ ? progress::failed : progress::more;
            }
            if (found == reading::failed || facts_.finish(rules_.head_only) != tlsup::errc::ok ||
                facts_.status() == 101 || facts_.status() > 599 || (facts_.interim() && ++interim_ > 16)) {
                return progress::failed;
            }
            if (!facts_.interim()) {
                pass_head(out);
                passing_ = true;
            }
            in_.erase(0, reader_.size());
            reader_ = {};
            facts_ = passing_ ? facts_ : tlsup::response_facts{};
        }
        return pass_content(out);
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
    }

    void pass_head(std::string& out) {
        const std::string_view head(in_.data(), reader_.size());
        const tlsup::framing how = facts_.framing();
        const bool sized = how == tlsup::framing::length || how == tlsup::framing::none;
        chunked_ = !sized && !rules_.http_1_0;
        cut_ = !sized && rules_.http_1_0;
        rules_.last = rules_.last || cut_;
        if (facts_.status() == 426) {
            rules_.advertise = {};
        }
        bool length = sized && facts_.status() != 204 && !facts_.has_transfer_encoding(); // RFC 9110 8.6
        const hop_fields hop(head);
        tlsup::field_reader fields(head);
        out += "HTTP/1.1";
        out += head.substr(8, head.find('\n') - 7);
        for (tlsup::field each; fields.next(each);) {
            const bool is_length = hop.is(each.name, "content-length");
            if (hop.contain(each.name) || (is_length && !length)) {
                continue;
            }
            length = length && !is_length; // once
            std::string value(each.value);
            for (char& byte : value) {
                byte = byte == '\r' || byte == '\n' ? ' ' : byte; // a folded line, RFC 9112 5.2
            }
            add_field(out, each.name, value);
        }
        if (chunked_) {
            add_field(out, "Transfer-Encoding", "chunked");
        }
        end_head(out, rules_);
        body_ = {how, facts_.content_length(), true};
    }

    progress pass_content(std::string& out) {
        using kind = tlsup::detail::body_piece::kind;
        std::size_t taken = 0;
        progress result = progress::more;
        while (result == progress::more) {
            const std::string_view unread = std::string_view(in_).substr(taken);
            const tlsup::detail::body_piece piece = body_.next(unread, {});
            if (piece.what == kind::more && !ended_) {
                break;
            }
            if (piece.what == kind::content) {
                pass_part(unread.substr(0, piece.size), out);
            }
            if (piece.what == kind::content || piece.what == kind::framing) {
                body_.took(piece.size);
                taken += piece.size;
                continue;
            }
            const bool complete = piece.what == kind::end || (body_.until_close() && !broken_);
            result = !complete ? progress::failed : cut_ ? progress::cut : progress::done;
            if (complete && chunked_) {
                out += "0\r\n\r\n";
            }
        }
        in_.erase(0, taken);
        return result;
    }

    void pass_part(std::string_view part, std::string& out) const {
        if (chunked_) {
            char size[20] = {};
            std::snprintf(size, sizeof size, "%zx\r\n", part.size());
            out += size;
        }
        out += part;
        out += chunked_ ? "\r\n" : "";
    }

    addresses::iterator next_;
    addresses::iterator end_;
    fd socket_;
    std::string request_; // what is still to be sent
    std::string in_;      // what was received and not passed on
    reply_rules rules_;
    tlsup::detail::head_reader<tlsup::response_facts> reader_;
    tlsup::response_facts facts_;
    tlsup::detail::body_reader body_;
    unsigned interim_ = 0;
    bool connecting_ = false;
    bool ended_ = false;
    bool broken_ = false;
    bool passing_ = false; // the head is out
    bool chunked_ = false; // the client gets chunks
    bool cut_ = false;     // the client gets no framing at all
};

} // namespace example
