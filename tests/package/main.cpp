// A program of a user: it prints the version of the library.

#if __has_include(<tlsup/tlsup.hpp>)
#include <tlsup/tlsup.hpp>
#else
#include <tlsup/version.hpp>
#endif

#include <cstdio>

int main() {
    std::printf("%d.%d.%d %s\n", tlsup::version_major, tlsup::version_minor, tlsup::version_patch, tlsup::version);
}
