// Lines of a policy and of a cache: what is read is what is written again, and nothing else is an entry.
#include "support.hpp"

using namespace tlsup;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::choices choose(data, size);
    const fuzz::exact bytes(choose.rest());
    const std::string_view line = bytes.view();
    policy_rule rule;
    const policy_rule untouched;
    const policy_line found = parse_policy_line(line, rule);
    fuzz::check(fuzz::inside(found.at, line) && fuzz::inside(rule.path, line) && fuzz::inside(rule.host, line));
    fuzz::check((found.error == errc::ok && !found.empty) ? check_rule(rule) == errc::ok : rule == untouched);
    const policy_rule rules[] = {rule};
    const policy_answer answer = decide(rules, {"GET", line, "a.example", "192.0.2.1"}, tls_policy::clear);
    fuzz::check(answer.rule == no_rule || answer.rule == 0);

    capability entry;
    if (read_entry(line, entry) == errc::ok && !entry.empty()) {
        char text[longest_entry];
        const written_entry again = write_entry(text, entry);
        fuzz::check(again.error == errc::ok);
        capability same;
        fuzz::check(read_entry(again.text, same) == errc::ok && same == entry);
    } else {
        fuzz::check(entry.empty());
    }
    capability kept[2];
    capability_cache cache(kept);
    (void)load_entry(cache, line, 1000);
    fuzz::check(cache.size() <= 1);
    return 0;
}
