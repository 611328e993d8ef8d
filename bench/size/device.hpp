// device.hpp: what a device brings along: a connection, a TLS engine and a buffer. The same for every role and for the
// baseline, so that it drops out of the difference.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <tlsup/action.hpp>
#include <tlsup/hello.hpp>
#include <tlsup/upgrade.hpp>
#include <tlsup/write_head.hpp>

namespace device {

inline constexpr std::size_t buffer_bytes = 1024;

std::size_t receive(char* at, std::size_t room) noexcept;
std::size_t send(const char* bytes, std::size_t size) noexcept;
void discard(std::size_t count) noexcept;
bool page(const char* head, std::size_t size) noexcept; // whether it is served to this request in clear
void answer(const char* head, std::size_t size) noexcept;
void content(const char* bytes, std::size_t size) noexcept;
bool handshake(const char* bytes, std::size_t size) noexcept;
bool dial() noexcept;
void leave() noexcept;
tlsup::tls_facts session() noexcept;
tlsup::hello_verdict first_flight(const char* bytes, std::size_t size) noexcept;
tlsup::prepared_head head(unsigned which) noexcept; // composed elsewhere

extern char buffer[buffer_bytes];
extern std::size_t filled;
extern std::size_t held; // octets of the request that was upgraded

inline std::string_view unread() noexcept { return {buffer + held, filled - held}; }
inline std::string_view clear() noexcept { return {buffer, held}; }

} // namespace device
