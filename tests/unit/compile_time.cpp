// What the compiler proves and computes, once more at run time: the checks can say no, and the tables come out the
// same.
#include <doctest/doctest.h>
#include <tlsup/tlsup.hpp>

#include <cstring>
#include <string>

#include "unit/support.hpp"

using namespace tlsup;

namespace {

enum class stop : std::uint8_t { first, second, end };
enum class move : std::uint8_t { on, off };

/// Two arrows of a chart of three states, and a third that is made when the program runs.
bool is_sound(stop from, move on, stop to) {
    const arrow<stop, move> chart[] = {
        {stop::first, move::on, stop::second}, {stop::second, move::on, stop::end}, {from, on, to}};
    return detail::sound(chart, stop::first, stop::end, 3);
}
bool is_sound_with(stop second_leads_to, stop first_leads_to) {
    const arrow<stop, move> chart[] = {{stop::first, move::on, first_leads_to},
                                       {stop::second, move::on, second_leads_to}};
    return detail::sound(chart, stop::first, stop::end, 3);
}

} // namespace

TEST_CASE("a chart that is not sound is found") {
    CHECK(is_sound(stop::first, move::off, stop::end));
    CHECK(is_sound(stop::second, move::off, stop::first));
    CHECK(!is_sound(stop::first, move::on, stop::end));             // two arrows for one state and event
    CHECK(!is_sound(stop::end, move::on, stop::first));             // an end is an end
    CHECK(!is_sound(stop::first, move::off, static_cast<stop>(3))); // there is no such state
    CHECK(is_sound_with(stop::end, stop::second));
    CHECK(!is_sound_with(stop::end, stop::end));      // nothing leads to the second state
    CHECK(!is_sound_with(stop::first, stop::second)); // nothing leads to an end
}

#define TLSUP_SOUND(...)                                                                                               \
    static_assert(detail::sound(__VA_ARGS__));                                                                         \
    CHECK(detail::sound(__VA_ARGS__))

TEST_CASE("the machines' charts are sound") { // here, so that those who include them need not wait for the proof
    TLSUP_SOUND(client_chart, client_state::starting, client_state::closed, client_states);
    TLSUP_SOUND(connect_client_chart, connect_client_state::asking, connect_client_state::open, connect_client_states);
    TLSUP_SOUND(connect_proxy_chart, connect_proxy_state::reading, connect_proxy_state::open, connect_proxy_states);
    TLSUP_SOUND(response_filter_chart, response_filter_state::reading, response_filter_state::detached,
                response_filter_states);
    TLSUP_SOUND(route_chart, route_state::dialing, route_state::answered, route_states);
    TLSUP_SOUND(server_chart, server_state::reading, server_state::closed, server_states);
    TLSUP_SOUND(tunnel_chart, tunnel_state::open, tunnel_state::closed, tunnel_states);
}

TEST_CASE("tables that are made by the compiler") {
    detail::class_table<detail::classified> classes{};
    classes = detail::make_classes();
    CHECK(std::memcmp(&classes, &detail::classes<detail::classified>, sizeof classes) == 0);
    detail::status_table statuses{};
    statuses = detail::make_statuses();
    CHECK(std::memcmp(&statuses, &detail::statuses, sizeof statuses) == 0);
    detail::refusal_line_table<true> lines{};
    lines = detail::make_refusal_lines<true>();
    CHECK(std::memcmp(&lines, &detail::refusal_lines<true>, sizeof lines) == 0);
    CHECK(sizeof lines == detail::refusal_line_octets<true>());
    detail::refusal_line_table<false> short_lines{};
    short_lines = detail::make_refusal_lines<false>();
    CHECK(std::memcmp(&short_lines, &detail::refusal_lines<false>, sizeof short_lines) == 0);
    detail::refusal_text_table<detail::error_entries> texts{};
    texts = detail::make_refusal_texts<detail::error_entries>();
    CHECK(std::memcmp(&texts, &detail::refusal_texts<detail::error_entries>, sizeof texts) == 0);
    CHECK(sizeof texts == detail::refusal_text_octets<detail::error_entries>());
    CHECK(detail::errors_in_order());
}

namespace {

/// Whether a head that was not composed is what composing it makes.
constexpr bool is_same(const prepared_head& ready, const prepared_head& made) {
    return ready.text() == made.text() && ready.kind() == made.kind() && ready.tokens() == made.tokens() &&
           ready.head_size() == made.head_size() && ready.close_at() == made.close_at() &&
           ready.upgrade_line() == made.upgrade_line() && ready.method() == made.method() &&
           ready.announces_content() == made.announces_content();
}
constexpr bool is_as_composed(const prepared_head& ready, std::string_view content) {
    char text[400] = {};
    const prepared made = write_426(text, default_tokens, content);
    return made.error == errc::ok && is_same(ready, made.head);
}
static_assert(is_as_composed(default_upgrade_required, upgrade_required_text));
static_assert(is_as_composed(bare_upgrade_required, {}));

} // namespace

TEST_CASE("the 426s that stand ready are what is composed") {
    CHECK(is_as_composed(
        detail::head_writer::ready_426(detail::default_426_text, detail::ready_close_at, upgrade_required_text.size()),
        upgrade_required_text));
    CHECK(is_as_composed(detail::head_writer::ready_426(detail::bare_426_text, detail::ready_close_at, 0), {}));
    CHECK(!is_as_composed(default_upgrade_required, {}));
}

TEST_CASE("names of states and actions") {
    for (std::size_t at = 0; at < server_states; ++at) {
        CHECK(to_string(static_cast<server_state>(at)) == server_state_names[at]);
    }
    CHECK(to_string(client_state::redialing) == "redialing");
    CHECK(to_string(connect_client_state::answering) == "answering");
    CHECK(to_string(connect_proxy_state::granted) == "granted");
    CHECK(to_string(response_filter_state::inserting) == "inserting");
    CHECK(to_string(route_state::forwarding) == "forwarding");
    CHECK(to_string(tunnel_state::both_done) == "both_done");
    CHECK(to_string(action::read) == "read");
    CHECK(to_string(action::start_tls) == "start_tls");
    CHECK(to_string(action::close) == "close");
}

TEST_CASE("a number that is no error has no entry of its own") {
    const auto none = static_cast<errc>(255);
    CHECK(to_string(none) == "ok");
    CHECK(suggested_status(none) == 0);
    CHECK(detail::explain_refusal(none).sentence.empty());
    CHECK(reason_phrase(299).empty());
    CHECK(reason_phrase(426) == "Upgrade Required");
}

TEST_CASE("the packed refusals say what the tables say") {
    for (unsigned code = 0; code <= 65535; ++code) {
        const auto status = static_cast<std::uint16_t>(code);
        const status_entry* const entry = find_status(status);
        const bool bare = code != 401 && code != 405 && code != 407 && code != 426; // needs no field
        const bool refuses = entry != nullptr && code >= 400 && bare;
        CHECK(detail::refusal_line<true>(status) == (refuses ? entry->line : std::string_view{}));
        CHECK(detail::refusal_line<false>(status) == (refuses ? detail::part(entry->line, 0, 4) : std::string_view{}));
    }
    for (std::size_t at = 0; at < detail::error_count; ++at) {
        const auto why = static_cast<errc>(at);
        const detail::refusal_text said = detail::explain_refusal(why);
        if (suggested_status(why) != 0 || why == errc::rejected || why == errc::next_proxy_refused) {
            CHECK(said.sentence == explain(why));
            CHECK(said.line_feed == "\n");
            CHECK(said.length == std::to_string(said.sentence.size() + 1));
        } else {
            CHECK(said.sentence.empty());
        }
        CHECK(suggested_status(why) == detail::error_entries[at].status);
    }
}

TEST_CASE("rules and fields as pointer and count") {
    const port_range ports[] = {{443, 443}, {80, 80}};
    CHECK(port_rules(ports, 1).allow(443));
    CHECK(!port_rules(ports, 1).allow(80));
    const std::string_view hosts[] = {"a.example", "b.example"};
    CHECK(host_rules(hosts, 1).allow("a.example"));
    CHECK(!host_rules(hosts, 1).allow("b.example"));
    const field_text fields[] = {{"X", "1"}, {"x", "2"}};
    CHECK(field_list(fields, 1).count("x") == 1);
    CHECK(field_list(fields, 2).count("x") == 2);
    const policy_rule rules[] = {{}, {}};
    CHECK(policy_rules(rules, 2).good());
}

TEST_CASE("a step is as long as the ledger can count") {
    const std::string large(70000, 'x');
    detail::ledger it;
    step now;
    CHECK(it.show(now, action::body, large));
    CHECK(now.bytes.size() == 65535);
    CHECK(it.show(now, action::body, "x"));
    CHECK(now.bytes.size() == 1);
    bool more = false;
    const detail::text_piece pieces[] = {"ab"sv, ""sv, "c"sv};
    CHECK(detail::rest_of(pieces, 3, 0, more) == "ab");
    CHECK(more);
    CHECK(detail::rest_of(pieces, 3, 2, more) == "c");
    CHECK(!more);
}
