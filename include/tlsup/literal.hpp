// literal.hpp: texts in code say how long they are, `"text"sv`: else the compiler counts their octets, one by one, in
// each file.
#pragma once

#include <string_view>

namespace tlsup {

using std::literals::string_view_literals::operator""sv;

} // namespace tlsup
