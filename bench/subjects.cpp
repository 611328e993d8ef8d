// subjects.cpp: the parsers that this program was built with. BENCH_WITH_* says which.
#include "subject.hpp"

namespace bench {

std::vector<subject> subjects() {
    std::vector<subject> all;
    add_tlsup(all);
#ifdef BENCH_WITH_PICO_SOURCE
    add_pico_source(all);
#endif
#ifdef BENCH_WITH_PICO
    add_pico(all);
#endif
#ifdef BENCH_WITH_LLHTTP
    add_llhttp(all);
#endif
#ifdef BENCH_WITH_HTTP_PARSER
    add_http_parser(all);
#endif
#ifdef BENCH_WITH_BEAST
    add_beast(all);
#endif
    return all;
}

} // namespace bench
