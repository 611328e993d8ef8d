// response_outlet.hpp: the responses of one connection on their way to the client, with the advertisement of TLS.
#pragma once

#include <string>
#include <string_view>

#include <tlsup/response_filter.hpp>

#include "net.hpp"

namespace example {

/// All that answers a request passes here, whoever wrote it. What the machine writes itself does not.
class response_outlet {
  public:
    /// `advert` has to outlive the outlet.
    explicit response_outlet(const tlsup::prepared_head& advert) noexcept : advert_(advert) {
        options_.head.fields = 255; // a backend's, and those that the gateway adds
    }

    /// A response is owed. `advertise`: it says that TLS is available. `secure`: it goes out inside TLS.
    void begin(const tlsup::request_facts& request, bool advertise, bool secure) {
        options_.advert = advertise ? advert_ : tlsup::prepared_head{};
        options_.secure = secure;
        must(filter_.request(request));
    }

    /// Adds to `out` what can go out of the response now. `ended`: only the end of the connection ends its content.
    /// False where the response is none.
    bool pass(std::string_view part, bool ended, std::string& out) {
        held_ += part;
        for (std::size_t taken = 0;;) {
            const std::string_view unread = std::string_view(held_).substr(taken);
            const tlsup::step now = filter_.next(unread, options_);
            if (now.what == tlsup::action::body) {
                out += now.bytes;
                taken += now.bytes.size();
                must(filter_.took(now.bytes.size()));
            } else if (now.what == tlsup::action::write) {
                out += now.bytes;
                must(filter_.wrote(now.bytes.size()));
            } else if (now.what == tlsup::action::read && ended) {
                ended = false;
                must(filter_.peer_closed());
            } else {
                held_.erase(0, taken);
                release(held_);
                return now.error == tlsup::errc::ok && now.what != tlsup::action::detach;
            }
        }
    }

    /// Whether all responses that were owed are out.
    [[nodiscard]] bool complete() const noexcept { return filter_.owed() == 0; }
    /// Whether the last one said that the connection closes.
    [[nodiscard]] bool closing() const noexcept { return filter_.state() == tlsup::response_filter_state::closed; }

  private:
    static void must(tlsup::errc error) {
        if (error != tlsup::errc::ok) {
            throw failure("the filter refused a call: " + std::string(to_string(error)));
        }
    }

    const tlsup::prepared_head& advert_;
    tlsup::response_filter filter_;
    tlsup::filter_options options_;
    std::string held_; // of a head, or of a chunk's line, that is not complete
};

} // namespace example
