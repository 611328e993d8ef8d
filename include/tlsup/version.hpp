#pragma once

namespace tlsup {

/// The version of the library, by semantic versioning.
/// The build files take their number from here.
inline constexpr int version_major = 0, version_minor = 1, version_patch = 0;

/// The same version as text.
inline constexpr const char version[] = "0.1.0";

} // namespace tlsup
