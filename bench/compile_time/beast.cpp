// beast.cpp: Boost.Beast's HTTP.
#include <boost/beast/http.hpp>
