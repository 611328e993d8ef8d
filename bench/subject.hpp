// subject.hpp: what is measured: a parser and what it decides, or one of tlsup's machines.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "decision.hpp"
#include "inputs.hpp"

namespace bench {

struct subject {
    std::string name;
    std::string what;
    /// Reads the head. After each piece it sees the same buffer, longer by `piece` octets.
    verdict (*run)(const input& head, std::size_t piece);
};

inline constexpr std::size_t whole = ~std::size_t{0};

/// Calls `read` with the octets that are there after each piece, until it returns something else than `incomplete`.
template <class Read> verdict in_pieces(std::string_view bytes, std::size_t piece, Read read) {
    std::size_t have = 0;
    verdict found = verdict::incomplete;
    while (found == verdict::incomplete && have < bytes.size()) {
        have = piece < bytes.size() - have ? have + piece : bytes.size();
        found = read(std::string_view(bytes.data(), have));
    }
    return found;
}

// Each file of peers/ has one. The peers that are not installed are not there.
void add_tlsup(std::vector<subject>& all);
void add_pico(std::vector<subject>& all);
void add_pico_source(std::vector<subject>& all);
void add_llhttp(std::vector<subject>& all);
void add_http_parser(std::vector<subject>& all);
void add_beast(std::vector<subject>& all);

/// All that were built in.
std::vector<subject> subjects();

} // namespace bench
