// The ClientHello gate: the same verdict however the bytes are cut, and no later than the hello's last byte.
#include "support.hpp"

using namespace tlsup;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::choices choose(data, size);
    const auto how = static_cast<splice_defence>(choose.pick(4));
    const std::size_t cut = choose.pick(251);
    const fuzz::exact bytes(choose.rest());
    const std::string_view all = bytes.view();
    hello_gate whole;
    const hello_gate::progress verdict = whole.feed(all, "example.com", how);
    hello_gate two;
    (void)two.feed(all.substr(0, cut < all.size() ? cut : all.size()), "example.com", how);
    const hello_gate::progress second = two.feed(all.substr(cut < all.size() ? cut : all.size()), "example.com", how);
    hello_gate each;
    hello_gate::progress last = each.feed({}, "example.com", how);
    for (const char& byte : all) {
        last = each.feed({&byte, 1}, "example.com", how);
    }
    fuzz::check(verdict == second && verdict == last);
    fuzz::check(whole.verdict().passed() == each.verdict().passed() && whole.verdict().why() == each.verdict().why());
    fuzz::check(whole.verdict().passed() == (verdict == hello_gate::progress::pass));
    return 0;
}
