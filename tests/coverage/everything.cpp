// Compiled with -fkeep-inline-functions: a function of include/ that no test calls is a gap, not nothing at all.
#include <tlsup/tlsup.hpp>
