// Authorities: what is accepted is rebuilt from its parts, and what write_connect writes, connect_proxy reads back.
#include "support.hpp"

using namespace tlsup;

namespace {

void check_parsed(std::string_view text) {
    authority parsed;
    for (const port_rule rule : {port_rule::optional, port_rule::required}) {
        if (parse_authority(text, rule, parsed) != errc::ok) {
            continue;
        }
        fuzz::check(fuzz::inside(parsed.host, text) && parsed.host.data() == text.data());
        const std::string again =
            std::string(parsed.host) + (parsed.port != 0 ? ":" + std::to_string(parsed.port) : "");
        fuzz::check(text == again || (rule == port_rule::optional && text == again + ":"));
        fuzz::check(rule == port_rule::optional || parsed.port != 0);
        const bool future = parsed.kind == host_kind::ip_future; // never a tunnel's target
        fuzz::check(same_host(parsed.host, parsed.host));
        fuzz::check(future || same_host(bare_host(parsed.host), parsed.host));
        fuzz::check(future || text.find_first_of("@/?#% \r\n\t\\") == std::string_view::npos);
    }
}

/// The target that a proxy reads in this CONNECT.
connect_target read_back(connect_proxy& machine, std::string_view head) {
    constexpr port_range ports[] = {{1, 65535}};
    proxy_options options;
    options.ports = ports;
    options.disguised_hosts = true;
    constexpr network everywhere[] = {network_of("0.0.0.0/0"), network_of("::/0")};
    options.addresses = everywhere;
    const step now = machine.next(head, options);
    fuzz::check(now.what == action::decide && now.bytes == head);
    return machine.target(now.bytes);
}

void check_written(std::string_view host, std::uint16_t port, const credentials& login) {
    char text[2048];
    const prepared made = write_connect(text, {host, port, login});
    if (made.error != errc::ok) {
        fuzz::check(made.head.text().empty());
        return;
    }
    connect_proxy machine;
    const connect_target found = read_back(machine, made.head.text());
    fuzz::check(found.host == bare_host(host) && found.port == port);
    fuzz::check(found.kind != host_kind::ip_future);
    fuzz::check(!login.given() || basic_matches(found.authorization, login));
    fuzz::check(login.given() || found.authorization.empty());
    field host_field;
    fuzz::check(find_field(made.head.text(), "host", host_field) && host_field.value == found.authority);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::choices choose(data, size);
    const auto port = static_cast<std::uint16_t>(choose.pick(256) * 256 + choose.pick(256));
    const std::size_t split = choose.pick(256);
    const bool known = choose.pick(2) != 0;
    const fuzz::exact bytes(choose.rest());
    const std::string_view text = bytes.view();
    check_parsed(text);
    (void)asks_for_basic(text);
    (void)basic_matches(text, {"user", "secret"});
    const std::size_t at = split < text.size() ? split : text.size();
    const std::string_view rest = known ? text.substr(at) : std::string_view{};
    check_written(text.substr(0, at), port, {rest.substr(0, rest.size() / 2), rest.substr(rest.size() / 2)});
    check_written(text, port, {});
    return 0;
}
