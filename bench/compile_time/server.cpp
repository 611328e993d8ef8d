// server.cpp: tlsup's server alone.
#include <tlsup/server.hpp>
