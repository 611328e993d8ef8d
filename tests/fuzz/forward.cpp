// Heads of any kind, forwarded: what goes on parses strictly, and is what came without the fields of the hop.
#include "support.hpp"

using namespace tlsup;

namespace {

constexpr head_limits received_limits{60000, 60000, 255, 250}; // room for what forwarding adds
constexpr head_limits sent_limits{65535, 65535, 255, 255};

template <class Facts> bool parse(std::string_view bytes, const head_limits& limits, Facts& facts, std::size_t& size) {
    detail::head_reader<Facts> reader;
    const bool done = reader.read(bytes, limits, facts) == detail::head_reader<Facts>::progress::done;
    size = reader.size();
    return done;
}

/// Whether the field may have been written anew, so that only its own check says something about it.
bool is_ours(std::string_view name) {
    constexpr std::string_view names[] = {"host",       "content-length",    "expect",
                                          "connection", "transfer-encoding", "max-forwards"};
    return detail::is_one_of(name, names);
}

/// Steps to the next field that has to be in both heads.
bool next_kept(field_reader& fields, const hop_fields& hop, field& each) {
    while (fields.next(each)) {
        const bool proof = detail::same_text(each.name, "proxy-authorization") ||
                           detail::same_text(each.name, "proxy-authenticate") ||
                           detail::same_text(each.name, "proxy-authentication-info");
        if (!is_ours(each.name) && !hop.contain(each.name) && !proof) {
            return true;
        }
    }
    return false;
}

/// What was received stands in what was sent, in order, with Via behind it and nothing else.
void check_fields(std::string_view received, std::string_view sent, bool via, bool advertised, bool cooperating) {
    const hop_fields hop(received);
    field_reader before(received);
    field_reader after(sent);
    field one;
    field other;
    while (next_kept(before, hop, one)) {
        fuzz::check(next_kept(after, hop, other) && one.name == other.name && one.value == other.value);
    }
    if (via) {
        fuzz::check(next_kept(after, hop, other) && other.name == "Via");
    }
    fuzz::check(!next_kept(after, hop, other));
    field_reader all(sent);
    while (all.next(other)) {
        const bool framing = detail::same_text(other.name, "transfer-encoding");
        const bool ours = advertised && (other.name == "Upgrade" || other.name == "Connection");
        const bool closes = other.name == "Connection" && other.value == "close";
        const bool proof = cooperating && other.name.size() > 5 && detail::same_text(other.name.substr(0, 5), "proxy");
        fuzz::check(framing ? other.value == "chunked"
                            : ours || closes || proof || !detail::is_one_of(other.name, detail::hop_names));
        fuzz::check(!hop.nominated(other.name) || is_ours(other.name) || ours);
    }
}

void forward_request(std::string_view head, const request_facts& facts, fuzz::choices& choose) {
    forward_options options;
    options.default_host = choose.pick(2) != 0 ? "d.example" : "";
    options.to_proxy = choose.pick(2) != 0;
    options.cooperating = choose.pick(2) != 0;
    options.close = choose.pick(2) != 0;
    options.expect_continue = choose.pick(2) != 0;
    const unsigned replaced = choose.pick(4);
    const content body = replaced == 1   ? content::of(choose.pick(3))
                         : replaced == 2 ? content{framing::chunked, 0, choose.pick(2) != 0}
                                         : content{};
    std::string out(65535, '\0');
    const room all(out.data(), choose.pick(4) == 0 ? choose.pick(256) : out.size());
    const prepared made = replaced == 0 ? write_forward_request(all, head, facts, options)
                                        : write_forward_request(all, head, facts, options, body);
    const errc judged = judge_forward_request(head, facts);
    fuzz::check(judged == errc::ok || made.error == judged || made.error == errc::no_room);
    if (made.error != errc::ok) {
        fuzz::check(made.head.text().empty());
        return;
    }
    const fuzz::exact sent(made.head.text());
    request_facts again;
    std::size_t size = 0;
    fuzz::check(parse(sent.view(), sent_limits, again, size) && size == sent.view().size());
    fuzz::check(again.finish({false, true}) == errc::ok && again.minor_version() == 1 && !again.has_upgrade());
    fuzz::check(again.method() == facts.method() && again.method() != method::connect);
    const framing how = replaced == 0 ? facts.framing() : body.how;
    fuzz::check(again.framing() == how && again.last() == options.close);
    fuzz::check(how != framing::length ||
                again.content_length() == (replaced == 0 ? facts.content_length() : body.length));
    const request_line before = parse_request_line(head);
    const request_line after = parse_request_line(sent.view());
    fuzz::check(after.authority == (before.authority.empty() ? options.default_host : before.authority));
    fuzz::check(options.to_proxy ? again.form() == target_form::absolute : again.form() != target_form::absolute);
    check_fields(head, sent.view(), true, false, options.cooperating);
}

void forward_response(std::string_view head, const response_facts& facts, method asked, fuzz::choices& choose) {
    forward_response_options options;
    options.pseudonym = choose.pick(2) != 0 ? "p" : "";
    options.advertise = choose.pick(2) != 0 ? default_tokens : token_list{};
    options.http_1_0 = choose.pick(2) != 0;
    options.close = choose.pick(2) != 0;
    options.cooperating = choose.pick(2) != 0;
    std::string out(65535, '\0');
    const room all(out.data(), choose.pick(4) == 0 ? choose.pick(256) : out.size());
    const prepared made = write_forward_response(all, head, facts, options);
    const errc judged = judge_forward_response(head, facts, asked);
    fuzz::check(judged == errc::ok || made.error == judged || made.error == errc::no_room);
    if (made.error != errc::ok) {
        fuzz::check(made.head.text().empty());
        return;
    }
    const fuzz::exact sent(made.head.text());
    response_facts again;
    std::size_t size = 0;
    fuzz::check(parse(sent.view(), sent_limits, again, size) && size == sent.view().size());
    fuzz::check(again.finish(asked == method::head) == errc::ok && again.status() == facts.status());
    fuzz::check(again.minor_version() == 1 && again.status() != 101);
    fuzz::check(again.framing() == forwarded_framing(facts, options.http_1_0));
    fuzz::check(again.framing() != framing::length || again.content_length() == facts.content_length());
    fuzz::check(!options.close || facts.interim() || !again.persistent());
    const bool advertised = !again.advertised().empty();
    fuzz::check(!advertised || (!options.http_1_0 && !facts.interim() && again.status() != 426));
    check_fields(head, sent.view(), !options.pseudonym.empty(), advertised, options.cooperating);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::choices choose(data, size);
    const bool to_head = choose.pick(2) != 0;
    const bool as_request = choose.pick(2) != 0;
    fuzz::choices rest = choose;
    for (int option = 0; option < 12; ++option) { // they are read again, from a copy
        (void)rest.pick(2);
    }
    const fuzz::exact bytes(rest.rest());
    std::size_t head_size = 0;
    if (as_request) {
        request_facts facts;
        if (parse(bytes.view(), received_limits, facts, head_size)) {
            (void)facts.finish({choose.pick(2) != 0, true});
            forward_request(bytes.view().substr(0, head_size), facts, choose);
        }
    } else {
        response_facts facts;
        if (parse(bytes.view(), received_limits, facts, head_size)) {
            (void)facts.finish(to_head);
            forward_response(bytes.view().substr(0, head_size), facts, to_head ? method::head : method::get, choose);
        }
    }
    return 0;
}
