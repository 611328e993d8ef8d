// facts.cpp: fields that another parser has found, through tlsup's facts and rules, beside the decision of the peers.
#include <string_view>
#include <vector>

#include <tlsup/tlsup.hpp>

#include "decision.hpp"
#include "inputs.hpp"
#include "judge.hpp"
#include "rows.hpp"

namespace bench {
namespace {

struct parsed {
    tlsup::request_line line{};
    std::vector<tlsup::field> fields{};
};

parsed fields_of(const input& head) {
    parsed found{tlsup::parse_request_line(head.bytes), {}};
    tlsup::field_reader reader(head.bytes);
    for (tlsup::field each; reader.next(each);) {
        found.fields.push_back(each);
    }
    return found;
}

verdict facts_and_rules(const parsed& head) {
    tlsup::request_facts facts;
    facts.start(head.line.method, head.line.target, 1, 1);
    for (const tlsup::field& each : head.fields) {
        facts.field(each.name, each.value);
    }
    return judge_request(facts);
}

verdict only_decision(const parsed& head) {
    decision decide;
    for (const tlsup::field& each : head.fields) {
        decide.field(each.name, each.value);
    }
    return decide.request(head.line.method, head.line.target, 1);
}

} // namespace

void add_facts(std::vector<row>& rows) {
    for (const input& each : inputs()) {
        if (each.is_request()) {
            const parsed head = fields_of(each);
            rows.push_back(
                {"facts", "facts", each.name, "whole", each.bytes.size(), [head] { keep(facts_and_rules(head)); }});
            rows.push_back(
                {"facts", "decision", each.name, "whole", each.bytes.size(), [head] { keep(only_decision(head)); }});
        }
    }
}

} // namespace bench
