// pico.cpp: picohttpparser as Debian builds it, inside the library of libh2o-evloop-dev. That has no header for it.
#define PICO(name) name
#include "pico.hpp"

namespace bench {

void add_pico(std::vector<subject>& all) {
    all.push_back({"pico-debian", "picohttpparser inside libh2o-evloop, and the decision", pico_and_decision});
    all.push_back(
        {"pico-debian+facts", "picohttpparser inside libh2o-evloop, and tlsup's facts and rules", pico_and_facts});
}

} // namespace bench
