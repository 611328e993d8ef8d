// separate.hpp: a mark for functions that stay functions where size counts more than speed.
#pragma once

/// Under -Os inlining a long function into its one caller costs registers, and so flash: up to a tenth of the caller on
/// a Cortex-M0+. Elsewhere the compiler decides.
#if defined(__GNUC__) && defined(__OPTIMIZE_SIZE__)
#define TLSUP_SEPARATE [[gnu::noinline]]
#else
#define TLSUP_SEPARATE
#endif
