// string_view.cpp: what any file pays that has a string_view.
#include <string_view>
