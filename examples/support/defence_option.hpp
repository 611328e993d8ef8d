// defence_option.hpp: the value of --opossum, as gateway and trace take it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tlsup/upgrade.hpp>

namespace example {

/// A defence and the names that it is for. It owns the names, so that rules can refer to them.
class defence_option {
  public:
    defence_option() = default;

    /// `bound-alpn`, `accept-risk` or `dedicated-name=NAME[,NAME...]`; anything else is nothing.
    static std::optional<defence_option> parse(std::string_view word) {
        using tlsup::splice_defence;
        constexpr std::string_view dedicated = "dedicated-name=";
        defence_option found;
        if (word == "bound-alpn" || word == "accept-risk") {
            found.how_ = word == "bound-alpn" ? splice_defence::bound_alpn : splice_defence::accept_splice_risk;
            return found;
        }
        if (!word.starts_with(dedicated)) {
            return std::nullopt;
        }
        found.how_ = splice_defence::dedicated_name;
        for (std::size_t at = dedicated.size(); at <= word.size();) {
            const std::size_t comma = std::min(word.find(',', at), word.size());
            found.names_.emplace_back(word.substr(at, comma - at));
            if (!is_name(found.names_.back())) {
                return std::nullopt;
            }
            at = comma + 1;
        }
        return found;
    }

    /// Puts them into the rules, which refer to this object from now on.
    void apply(tlsup::upgrade_rules& rules) {
        views_.assign(names_.begin(), names_.end());
        rules.defence = how_;
        rules.names = {views_.data(), views_.size()};
    }

    /// The names under `dedicated-name`.
    [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }

    /// Whether a request for this host, with or without a port, can be upgraded at all.
    [[nodiscard]] bool covers(std::string_view host_and_port) const noexcept {
        return how_ != tlsup::splice_defence::dedicated_name ||
               tlsup::dedicated_names(views_.data(), views_.size()).contain(host_and_port);
    }

  private:
    /// A host name without a port: an address is in no server name, and a wildcard is no name.
    static bool is_name(std::string_view text) {
        tlsup::authority parsed;
        return parse_authority(text, tlsup::port_rule::optional, parsed) == tlsup::errc::ok &&
               parsed.kind == tlsup::host_kind::name && parsed.host == text;
    }

    tlsup::splice_defence how_ = tlsup::splice_defence::no_upgrade;
    std::vector<std::string> names_;
    std::vector<std::string_view> views_;
};

} // namespace example
