// route_role.hpp: plays a vector to a route whose request went to a forward proxy, and tells whether what it did is the
// verdict.
#pragma once

#include <string>
#include <string_view>

#include <tlsup/tlsup.hpp>

#include "client_role.hpp"
#include "connect_client_role.hpp"

namespace corpus {

/// The road of `client-plain`, through one forward proxy.
inline const tlsup::route_options& route_setup() {
    static char text[2][256];
    static const tlsup::route_proxy proxies[] = {
        {.connect = tlsup::write_connect(text[0], {.host = "example.com", .port = 80}).head}};
    static const tlsup::route_options made{
        .exchange = client_setup(tlsup::requirement::any).options,
        .proxies = proxies,
        .forwarded = tlsup::write_proxied(text[1], {"GET", "/a", "example.com", {}, {}}).head};
    return made;
}

struct route_seen : seen_of<tlsup::route> {
    std::size_t answers = 0;
    bool dialled = false; // again
};

class route_run : public machine_run<route_run, route_seen> {
  public:
    route_run(const tlsup::route_options& options, feed& input, const plan& wanted)
        : machine_run(input, wanted), options_(options) {
        // The setup: the request is out before the first piece comes.
        (void)seen_.machine.next({}, options_);
        expect(seen_.machine.connected(options_));
        const tlsup::step now = seen_.machine.next({}, options_);
        expect(now.bytes == options_.forwarded.text() && seen_.machine.wrote(now.bytes.size()) == tlsup::errc::ok,
               "the request is not written");
        (void)seen_.machine.next({}, options_);
    }

    tlsup::step next(tlsup::route& which) { return which.next(input_.unread(), options_); }

    bool act(const tlsup::step& now) {
        if (now.what == tlsup::action::read) {
            return starve();
        }
        if (now.what == tlsup::action::dial) {
            seen_.dialled = true;
            return false;
        }
        if (now.what == tlsup::action::close || now.what == tlsup::action::detach) {
            seen_.closed = true;
            return false;
        }
        seen_.answers += now.what == tlsup::action::answer ? 1 : 0;
        expect(!now.bytes.empty(), "a step that does not fit");
        take(now.bytes);
        return true;
    }

  private:
    const tlsup::route_options& options_;
};

/// What the route writes next on a connection where all that was said before is these bytes; `dial` included.
inline std::string next_words(tlsup::route& machine, std::string_view said, const tlsup::route_options& options) {
    std::string words;
    for (tlsup::step now = machine.next(said, options);; now = machine.next(said, options)) {
        if (now.what == tlsup::action::dial) {
            (void)machine.connected(options);
        } else if (now.what == tlsup::action::drop && machine.took(now.bytes.size()) == tlsup::errc::ok) {
            said.remove_prefix(now.bytes.size());
        } else if (now.what == tlsup::action::write && machine.wrote(now.bytes.size()) == tlsup::errc::ok) {
            words += now.bytes;
        } else {
            return words;
        }
    }
}

inline result play_route(feed& input, const plan& wanted) {
    const tlsup::route_options& options = route_setup();
    const route_seen seen = route_run(options, input, wanted).run();
    // A tunnel, then the probe in it; a clear answer to that is none.
    tlsup::route later = seen.machine;
    const bool right = wanted.expect == "retry_via_tunnel" && seen.problem.empty() && seen.dialled &&
                       seen.answers == 0 && next_words(later, {}, options) == options.proxies.data[0].connect.text() &&
                       next_words(later, "HTTP/1.1 200 OK\r\n\r\n", options) == options.exchange.probe.text() &&
                       next_words(later, good_200, options).empty() && later.error() == tlsup::errc::upgrade_refused;
    std::string got =
        seen.dialled ? "dials again" : std::to_string(seen.answers) + " answers, " + describe_basics(seen);
    return {right, right && !wanted.traced ? std::string{} : got + "; " + seen.problem, seen.trace};
}

} // namespace corpus
