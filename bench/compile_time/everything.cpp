// everything.cpp: all of tlsup.
#include <tlsup/tlsup.hpp>
