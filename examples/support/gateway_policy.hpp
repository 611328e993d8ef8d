// gateway_policy.hpp: which requests gateway serves in clear: the rules of the command line and of its files.
#pragma once

#include <cerrno>
#include <deque>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <tlsup/policy_text.hpp>
#include <tlsup/server.hpp>

#include "net.hpp"

namespace example::gateway {

/// What is to be done with a request, and on whose word.
struct decision {
    tlsup::policy_ruling ruling;
    std::string_view rule;    ///< where the rule stands: `FILE:LINE`, an option, or `no rule`
    std::string_view text;    ///< the rule's own words, empty without one
    bool certain = true;      ///< false where the request can be read in more than one way
    bool misdirected = false; ///< TLS is required, and the request is for a host that is never upgraded

    /// For the log.
    [[nodiscard]] std::string_view name() const noexcept {
        using how = tlsup::policy_ruling::how;
        return ruling.what == how::accept            ? "upgrade"
               : misdirected                         ? "misdirected"
               : ruling.what == how::require_upgrade ? "require upgrade"
                                                     : "serve";
    }
};

/// Rules in the order in which they were given; the first that matches decides.
///
/// Where none does, a valid offer is accepted, or no client could follow a 426; and TLS is advertised with
/// `--advertise`, or else in the responses to OPTIONS alone. RFC 9110 9.3.7.
class policy {
  public:
    /// `require` for a path and all below it. False where the path cannot stand in a rule.
    bool require_below(std::string_view path, std::string option) {
        lines_.push_back({"require path=" + std::string(path), std::move(option)});
        const std::string_view text = lines_.back().text;
        const tlsup::policy_rule rule{tlsup::tls_policy::require, {}, text.substr(text.size() - path.size()), {}, {}};
        const bool good = check_rule(rule) == tlsup::errc::ok;
        if (good) {
            rules_.push_back(rule);
        } else {
            lines_.pop_back();
        }
        return good;
    }

    /// One rule a line. Throws `failure`, which names the line and the word at fault.
    void load(const std::string& file) {
        errno = 0;
        std::ifstream lines(file);
        std::size_t number = 0;
        for (std::string each; std::getline(lines, each);) {
            const std::string where = file + ":" + std::to_string(++number);
            each.erase(each.find_last_not_of(" \t\r") + 1);
            each.erase(0, each.find_first_not_of(" \t"));
            if (const fault found = add_line(std::move(each), where); found.error != tlsup::errc::ok) {
                throw failure(where + ": \"" + found.word + "\" is not part of a rule; a rule is clear, advertise, " +
                              "prefer or require, then any of method=, path=, host= and from=");
            }
        }
        if (!lines.eof() || lines.bad()) {
            throw failure("cannot read the policy " + file + ": " + system_text(errno));
        }
    }

    void advertise_to_all() noexcept { advertise_ = true; }

    /// `peer`: the client's address.
    [[nodiscard]] decision decide(const tlsup::request_view& request, std::string_view peer, bool secure) const {
        if (secure) {
            return {{}, "inside TLS", {}, true};
        }
        const tlsup::policy_answer found = tlsup::decide(
            {rules_.data(), rules_.size()}, to_policy_request(request.line, peer), tlsup::tls_policy::advertise);
        decision made{apply(found.what, request.facts, request.offer, secure), "no rule", {}, found.certain};
        if (found.rule != tlsup::no_rule) {
            made.rule = lines_[found.rule].where;
            made.text = lines_[found.rule].text;
        } else {
            const bool options = request.facts.method() == tlsup::method::options;
            made.ruling.advertise = made.ruling.advertise && (advertise_ || options);
        }
        return made;
    }

  private:
    struct entry {
        std::string text;
        std::string where;
    };
    struct fault {
        tlsup::errc error = tlsup::errc::ok;
        std::string word{};
    };

    // The rule holds views into its line, which must not move any more: hence the deque.
    fault add_line(std::string text, std::string where) {
        lines_.push_back({std::move(text), std::move(where)});
        tlsup::policy_rule rule;
        const tlsup::policy_line found = parse_policy_line(lines_.back().text, rule);
        if (found.error != tlsup::errc::ok || found.empty) {
            const fault why{found.error, std::string(found.at)};
            lines_.pop_back();
            return why;
        }
        rules_.push_back(rule);
        return {};
    }

    std::deque<entry> lines_;
    std::vector<tlsup::policy_rule> rules_;
    bool advertise_ = false;
};

} // namespace example::gateway
