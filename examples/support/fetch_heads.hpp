// fetch_heads.hpp: all that fetch may say, composed once. The route says which of it, when, and to whom.
#pragma once

#include <strings.h>

#include <list>
#include <string>
#include <vector>

#include <tlsup/tlsup.hpp>

#include "fetch_options.hpp"

namespace example {

class fetch_heads {
  public:
    /// Throws `usage_error` where something cannot be said.
    fetch_heads(const fetch_options& options, tlsup::requirement need) {
        tlsup::request_text request{options.method, options.target, options.authority, {}, {}};
        if (options.content) {
            request.body = tlsup::content::of(options.content->size());
        }
        const std::vector<tlsup::field_text> fields = fields_of(options);
        const tlsup::field_list list{fields.data(), fields.size()};
        const bool hops = !options.proxies.empty();
        if (hops && !options.tunnel) {
            const proxy_hop& last = options.proxies.back();
            rules_.forwarded = compose([&](auto& room) { return write_proxied(room, request, {}, list); });
            if (last.has_login()) {
                rules_.forwarded_with_login = compose([&](auto& room) {
                    return write_proxied(room, request, {last.user, last.password}, list);
                });
            }
        }
        // Where TLS is required the probe makes the offer, and the request goes inside TLS.
        const bool offers = options.mode == fetch_mode::offer && need == tlsup::requirement::any;
        request.offer = offers ? tlsup::default_tokens : tlsup::token_list{};
        rules_.exchange.need = need;
        rules_.exchange.request = compose([&](auto& room) { return write_request(room, request, list); });
        rules_.exchange.probe = compose([&](auto& room) { // in all modes, so that a 426 can be followed
            return tlsup::write_probe(room, options.authority, tlsup::default_tokens);
        });
        rules_.exchange.peer = {.peer_omits_upgrade_option = options.cups, .peer_lists_all_tls_tokens = options.cups};
        compose_tunnels(options);
        rules_.proxies = {proxies_.data(), proxies_.size()};
    }
    fetch_heads(const fetch_heads&) = delete;
    fetch_heads& operator=(const fetch_heads&) = delete;

    [[nodiscard]] const tlsup::route_options& rules() const noexcept { return rules_; }

  private:
    static std::vector<tlsup::field_text> fields_of(const fetch_options& options) {
        std::vector<tlsup::field_text> fields;
        bool typed = false;
        for (const auto& [name, value] : options.fields) {
            fields.push_back({name, value});
            typed = typed || ::strcasecmp(name.c_str(), "content-type") == 0;
        }
        if (options.content && !typed) {
            fields.push_back({"Content-Type", "application/octet-stream"});
        }
        return fields;
    }

    void compose_tunnels(const fetch_options& options) {
        for (std::size_t at = 0; at < options.proxies.size(); ++at) {
            const proxy_hop& hop = options.proxies[at];
            const bool last = at + 1 == options.proxies.size();
            const std::string& host = last ? options.host : options.proxies[at + 1].where.host;
            const std::string& port = last ? options.port : options.proxies[at + 1].where.port;
            tlsup::connect_text to{host, static_cast<std::uint16_t>(std::stoul(port)), {}};
            tlsup::route_proxy made;
            made.connect = compose([&](auto& room) { return write_connect(room, to); });
            to.login = {hop.user, hop.password};
            if (hop.has_login()) {
                made.connect_with_login = compose([&](auto& room) { return write_connect(room, to); });
            }
            proxies_.push_back(made);
        }
    }

    template <class Write> tlsup::prepared_head compose(Write write) {
        texts_.emplace_back(65535, '\0');
        const tlsup::prepared made = write(texts_.back());
        if (made.error != tlsup::errc::ok) {
            throw usage_error("the request cannot be written: " + std::string(explain(made.error)));
        }
        return made.head;
    }

    std::list<std::string> texts_; // the heads are views of these
    std::vector<tlsup::route_proxy> proxies_;
    tlsup::route_options rules_;
};

} // namespace example
