// gateway_options.hpp: the command line of gateway.
#pragma once

#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tlsup/server.hpp>

#include "defence_option.hpp"
#include "gateway_policy.hpp"
#include "log.hpp"
#include "net.hpp"
#include "numbers.hpp"
#include "target.hpp"

namespace example::gateway {

inline constexpr std::string_view help =
    R"(usage: gateway --listen ADDR:PORT (--backend ADDR:PORT | --root DIR) --opossum DEFENCE [option]...

Serves HTTP/1.1, and upgrades connections to TLS on the same port (RFC 2817).

  --listen ADDR:PORT      where to listen; port 0 picks one, which is printed
  --backend ADDR:PORT     pass requests on to this server, in clear
  --root DIR              serve the files of this folder
  --opossum DEFENCE       what keeps an attacker from joining an upgrade to somebody else's handshake:
                            bound-alpn      clients have to offer ALPN tlsup/1: closes the attack completely
                            dedicated-name=NAME[,NAME...]
                                            only offers for these host names are accepted. You promise that nothing
                                            serves implicit TLS (https) under them, on any port, and that --cert
                                            covers no other name and no address that is used for it. Names only: no
                                            address, port or wildcard
                            accept-risk     neither; for clients without ALPN, such as those of CUPS
  --cert FILE --key FILE  certificate chain and key (PEM); without them a fresh self-signed certificate is used
  --policy FILE           read rules from a file, one a line; may be repeated. A rule says what a server wants,
                            clear       serve it in clear, and decline offers
                            advertise   accept an offer; serve the rest in clear, and say that TLS is available
                            prefer      the same, but 426 to a client that could have had TLS
                            require     accept an offer, 426 to everything else
                          and of which requests: method=GET path=/a host=*.example from=192.0.2.0/24, any or none of
                          them. A path stands for all below it. "#" begins a comment. Rules count in the order in
                          which options and lines give them, and the first that matches decides. A path that can be
                          read in more than one way gets the strictest rule that it may fall under.
                          Where no rule matches, offers are accepted and everything else is served in clear. A last
                          line "clear", "advertise" or "require" changes that.
  --require-tls PREFIX    the rule "require path=PREFIX"; may be repeated
  --advertise             where no rule matches: say in every response in clear that TLS is available. Without it,
                          only responses to OPTIONS say so
  --methods SET           requests that can be upgraded: options (default), safe, any. With safe and any, a network
                          attacker can choose a response that the victim believes authenticated
  --connections N         as many at once; who comes then waits (default 400). Each may send content that is kept in
                          memory, up to 16 MiB
  --log FORMAT            write events to stderr: text or json
  --help                  print this
)";

struct settings {
    endpoint listen;
    std::optional<endpoint> backend;
    std::string root;
    std::string cert;
    std::string key;
    policy rules;
    unsigned connections = 400;
    event_log::format log = event_log::format::none;
    defence_option defence; // what `machine.upgrade` refers to
    tlsup::server_options machine{.upgrade = {tlsup::splice_defence::no_upgrade}};

    /// A host that cannot be upgraded gets no advertisement: a client that remembers it would find no way in.
    [[nodiscard]] decision decide(const tlsup::request_view& request, std::string_view peer, bool secure) const {
        decision made = rules.decide(request, peer, secure);
        const bool upgradable = defence.covers(request.line.authority);
        made.misdirected = made.ruling.what == tlsup::policy_ruling::how::require_upgrade && !upgradable;
        made.ruling.advertise = made.ruling.advertise && upgradable;
        return made;
    }
};

/// One of the words, as its meaning.
template <class Meaning, std::size_t Count>
Meaning choose(const std::string& name, const std::string& word,
               const std::pair<std::string_view, Meaning> (&known)[Count]) {
    std::string all;
    for (const auto& [spelling, meaning] : known) {
        if (word == spelling) {
            return meaning;
        }
        all += (all.empty() ? "" : ", ") + std::string(spelling);
    }
    throw failure(name + " does not know \"" + word + "\"; choose one of: " + all);
}

inline endpoint address(const std::string& name, const std::string& word) {
    if (const std::optional<endpoint> found = parse_endpoint(word)) {
        return *found;
    }
    throw failure(name + " needs an address and a port, as in 127.0.0.1:8080 or [::1]:8080, not \"" + word + "\"");
}

inline void require_below(policy& rules, const std::string& word) {
    const std::optional<std::string> path = normal_path(word);
    if (!path || word[0] != '/' || !rules.require_below(*path, "--require-tls")) {
        throw failure("--require-tls needs a plain path that begins with /, not \"" + word + "\"");
    }
}

inline void set_option(settings& made, const std::string& name, const std::string& word) {
    using tlsup::method_policy;
    using format = event_log::format;
    if (name == "--listen") {
        made.listen = address(name, word);
    } else if (name == "--backend") {
        made.backend = address(name, word);
    } else if (name == "--root") {
        made.root = word;
    } else if (name == "--cert") {
        made.cert = word;
    } else if (name == "--key") {
        made.key = word;
    } else if (name == "--require-tls") {
        require_below(made.rules, word);
    } else if (name == "--policy") {
        made.rules.load(word);
    } else if (name == "--opossum") {
        const std::optional<defence_option> found = defence_option::parse(word);
        if (!found) {
            throw failure(name + " takes bound-alpn, accept-risk or dedicated-name=NAME[,NAME...], not \"" + word +
                          "\"; an address is no name, and a name has no port");
        }
        made.defence = *found;
        made.defence.apply(made.machine.upgrade);
    } else if (name == "--connections") {
        made.connections = number(name, word, 1, 1'000'000);
    } else if (name == "--methods") {
        made.machine.upgrade.methods = choose<method_policy>(
            name, word,
            {{"options", method_policy::options_only}, {"safe", method_policy::safe}, {"any", method_policy::any}});
    } else {
        made.log = choose<format>(name, word, {{"text", format::text}, {"json", format::json}});
    }
}

inline void check(const settings& made) {
    if (made.listen.port.empty()) {
        throw failure("say where to listen, as in --listen 127.0.0.1:8080");
    }
    if (made.backend.has_value() != made.root.empty()) {
        throw failure("say what to serve: either --backend ADDR:PORT or --root DIR");
    }
    if (made.machine.upgrade.defence == tlsup::splice_defence::no_upgrade) {
        throw failure("choose a defence with --opossum bound-alpn, dedicated-name=NAME or accept-risk; see --help");
    }
    if (made.cert.empty() != made.key.empty()) {
        throw failure("give --cert and --key together, or neither");
    }
    struct stat about {};
    if (!made.root.empty() && (::stat(made.root.c_str(), &about) != 0 || !S_ISDIR(about.st_mode))) {
        throw failure("--root needs a folder, and " + made.root + " is none");
    }
}

/// Throws `failure` with a message that says what to do.
inline settings parse(const std::vector<std::string>& words) {
    settings made;
    made.machine.body.content_bytes = 16 * 1024 * 1024; // it is kept in memory
    for (std::size_t at = 0; at < words.size(); ++at) {
        const std::string& name = words[at];
        if (name == "--advertise") {
            made.rules.advertise_to_all();
            continue;
        }
        const std::string_view valued[] = {"--listen",  "--backend",     "--root",        "--opossum",
                                           "--cert",    "--key",         "--require-tls", "--policy",
                                           "--methods", "--connections", "--log"};
        if (std::find(std::begin(valued), std::end(valued), name) == std::end(valued)) {
            throw failure("unknown option " + name);
        }
        if (++at == words.size()) {
            throw failure(name + " needs a value");
        }
        set_option(made, name, words[at]);
    }
    check(made);
    return made;
}

} // namespace example::gateway
