// Reads one message with tlsup's parsers, in the order in which its machines use them.
#pragma once

#include <string_view>
#include <tlsup/tlsup.hpp>

#include "message.hpp"
#include "walk.hpp"

namespace differential {

/// Every name and value that the head holds.
inline void list_fields(std::string_view head, message& found) {
    tlsup::field_reader fields(head);
    for (tlsup::field each; fields.next(each);) {
        found.fields.push_back({each.name, each.value});
    }
}

/// Whether an Upgrade field names anything.
inline bool names_protocol(const message& found) {
    return any_member(found, "upgrade", [](std::string_view member) { return !member.empty(); });
}

inline framed framing_of(tlsup::framing how) {
    switch (how) {
    case tlsup::framing::none:
        return framed::none;
    case tlsup::framing::length:
        return framed::length;
    case tlsup::framing::chunked:
        return framed::chunked;
    case tlsup::framing::until_close:
        return framed::until_close;
    }
    return framed::none;
}

/// The octets that have arrived: those in front of a cut, then all.
class arriving {
  public:
    arriving(std::string_view all, std::size_t cut) : all_(all), now_(cut < all.size() ? cut : all.size()) {}
    [[nodiscard]] std::string_view from(std::size_t at) const {
        return at < now_ ? all_.substr(at, now_ - at) : std::string_view{};
    }
    bool more() {
        const bool any = now_ < all_.size();
        now_ = all_.size();
        return any;
    }

  private:
    std::string_view all_;
    std::size_t now_;
};

inline void refuse(tlsup::errc why, message& found) {
    found.outcome = why == tlsup::errc::truncated ? verdict::truncated : verdict::refused;
    found.error = tlsup::to_string(why);
}

inline tlsup::errc read_content(tlsup::detail::body_reader reader, arriving& octets, message& found) {
    const tlsup::body_limits limits;
    using kind = tlsup::detail::body_piece::kind;
    found.end = found.head;
    while (true) {
        const std::string_view unread = octets.from(found.end);
        const tlsup::detail::body_piece piece = reader.next(unread, limits);
        switch (piece.what) {
        case kind::failed:
            return reader.fault();
        case kind::end:
            return tlsup::errc::ok;
        case kind::more:
            if (!octets.more()) {
                return reader.until_close() ? tlsup::errc::ok : tlsup::errc::truncated;
            }
            break;
        case kind::content:
            found.body.append(unread.substr(0, piece.size));
            [[fallthrough]];
        case kind::framing:
            reader.took(piece.size);
            found.end += piece.size;
            break;
        }
    }
}

inline tlsup::errc read_request(const input& in, arriving& octets, std::string_view bytes, message& found) {
    tlsup::detail::request_reader reader;
    using progress = tlsup::detail::request_reader::progress;
    tlsup::request_facts facts;
    const std::uint8_t empty_lines = tlsup::server_options{}.empty_lines;
    for (progress now = progress::more; now != progress::done;) {
        now = reader.read(octets.from(found.head), {}, empty_lines, facts);
        if (now == progress::failed) {
            return reader.fault();
        }
        if (now == progress::empty_line) {
            found.head += 2;
            reader.skipped();
        } else if (now == progress::more && !octets.more()) {
            return tlsup::errc::truncated;
        }
    }
    const std::string_view head = bytes.substr(found.head, reader.size());
    const tlsup::errc fault = facts.finish({false, in.proxied});
    if (fault != tlsup::errc::ok) {
        return fault;
    }
    found.has_head = true;
    found.head += reader.size();
    const tlsup::request_line line = tlsup::parse_request_line(head);
    found.method = line.method;
    found.target = line.target;
    found.major = 1;
    found.minor = facts.minor_version();
    list_fields(head, found);
    found.how = framing_of(facts.framing());
    found.length = facts.content_length();
    found.keep_alive = !facts.last();
    const bool connect = facts.method() == tlsup::method::connect;
    found.switches = connect || (facts.has_upgrade_option() && names_protocol(found));
    const tlsup::framing how = connect ? tlsup::framing::none : facts.framing();
    return read_content({how, facts.content_length(), false}, octets, found);
}

inline tlsup::errc read_response(const input& in, arriving& octets, std::string_view bytes, message& found) {
    tlsup::detail::head_reader<tlsup::response_facts> reader;
    using progress = tlsup::detail::head_reader<tlsup::response_facts>::progress;
    tlsup::response_facts facts;
    for (progress now = progress::more; now != progress::done;) {
        now = reader.read(octets.from(0), {}, facts);
        if (now == progress::failed) {
            return reader.fault();
        }
        if (now == progress::more && !octets.more()) {
            return tlsup::errc::truncated;
        }
    }
    const bool granted = in.asked == "CONNECT" && facts.status() / 100 == 2;
    tlsup::errc fault = facts.finish(in.asked == "HEAD" || granted);
    if (fault == tlsup::errc::ok && facts.status() == 101) {
        fault = tlsup::judge_101(facts, in.offered ? tlsup::default_tokens : tlsup::token_list{}, {});
    }
    if (fault != tlsup::errc::ok) {
        return fault;
    }
    found.has_head = true;
    found.head = reader.size();
    found.major = 1;
    found.minor = facts.minor_version();
    found.status = facts.status();
    list_fields(bytes.substr(0, found.head), found);
    found.how = framing_of(facts.framing());
    found.length = facts.content_length();
    found.keep_alive = facts.persistent();
    found.switches = granted || facts.status() == 101;
    return read_content({facts.framing(), facts.content_length(), true}, octets, found);
}

/// The first message of `bytes`.
inline void read_tlsup(const input& in, std::string_view bytes, std::size_t cut, message& found) {
    found.clear();
    arriving octets(bytes, cut);
    const tlsup::errc fault =
        in.is_request ? read_request(in, octets, bytes, found) : read_response(in, octets, bytes, found);
    if (fault == tlsup::errc::ok) {
        found.outcome = verdict::accepted;
    } else {
        refuse(fault, found);
    }
}

} // namespace differential
