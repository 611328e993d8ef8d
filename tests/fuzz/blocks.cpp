// Every way of reading many octets at once finds what the way finds that reads one.
#include "support.hpp"

using namespace tlsup::detail;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const fuzz::exact input({reinterpret_cast<const char*>(data), size});
    const std::string_view text = input.view();
    for (std::size_t from = 0; from <= text.size(); ++from) {
        fuzz::check(skip_value(text, from) == skip(text, from, class_value));
        fuzz::check(skip_target(text, from) == skip(text, from, class_target));
        fuzz::check(skip_token(text, from) == skip(text, from, class_token));
    }
#if TLSUP_SSE2
    if (text.size() >= block_bytes) {
        line_scanner scanner(text);
        for (std::size_t line = 0; line < text.size();) {
            const std::size_t colon = scanner.colon(line);
            fuzz::check(colon == text.find(':', line) || colon == text.size());
            fuzz::check(scanner.is_name(line, colon) == (colon != line && skip(text, line, class_token) >= colon));
            const std::size_t end = scanner.value_end(line);
            const std::size_t value = skip(text, line, class_value);
            fuzz::check(end == value || (end < value && text[end] == '\t' && text.find('\t', line) == end));
            line = end + 1;
        }
    }
    if (labels at_once; read_short_labels(text, at_once)) {
        const labels found = read_labels(text);
        fuzz::check(at_once.end == found.end && at_once.last == found.last && found.sound);
    }
#endif
    list_reader members(text);
    list_reader known(text);
    for (std::string_view member; members.next(member);) { // `take` takes what `next` would have given
        const bool is_close = same_text(member, "close");
        fuzz::check(known.take<"close">() == is_close);
        fuzz::check(is_close || known.next(member));
    }
    return 0;
}
