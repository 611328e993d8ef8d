// Content in chunks: framing, content, fault and end are the same however the bytes were cut.
#include "heads.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::choices choose(data, size);
    const tlsup::body_limits limits{200, 20, 60, 4};
    const std::size_t piece = 1 + choose.pick(7);
    const fuzz::exact bytes(choose.rest());
    const std::size_t whole = bytes.view().size();
    fuzz::check(whole == 0 || fuzz::read_body(bytes.view(), limits, 1) == fuzz::read_body(bytes.view(), limits, whole));
    fuzz::check(whole == 0 || whole % piece != 0 ||
                fuzz::read_body(bytes.view(), limits, piece) == fuzz::read_body(bytes.view(), limits, whole));
    return 0;
}
