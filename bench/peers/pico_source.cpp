// pico_source.cpp: picohttpparser built from its source, with the flags of everything else.
#define PICO(name) source_##name
#include "pico.hpp"

namespace bench {

void add_pico_source(std::vector<subject>& all) {
    all.push_back({"pico", "picohttpparser from source, and the decision", pico_and_decision});
    all.push_back({"pico+facts", "picohttpparser from source, and tlsup's facts and rules", pico_and_facts});
}

} // namespace bench
