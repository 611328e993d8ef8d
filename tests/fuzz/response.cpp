// Heads of responses.
#include "heads.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::choices choose(data, size);
    const tlsup::head_limits limits = fuzz::limits_from(choose);
    const fuzz::exact bytes(choose.rest());
    fuzz::read_head<tlsup::response_facts>(bytes.view(), limits);
    return 0;
}
