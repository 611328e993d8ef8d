// platform.hpp: what the compiler offers for reading many octets at once, and the macros that turn each of it off.
//
// Define one of these before the first include:
//   TLSUP_NO_WORDS   no eight octets at a time
//   TLSUP_NO_SSE2    no sixteen octets at a time on x86
//   TLSUP_NO_SSSE3   no table look-up of sixteen octets on x86
//   TLSUP_NO_AVX2    no thirty-two octets at a time on x86
//   TLSUP_NO_NEON    no sixteen octets at a time on AArch64
// What is left is one octet after the other: that is also what constant evaluation does, and what a build for size
// gets.
//
// Files of one program may differ in these and in how they are optimized: what one way leaves off, another goes on
// with. But of a function that several files have the linker keeps one. So every file has to be built for a processor
// that all of the program may run on.
#pragma once

#if !defined(TLSUP_NO_WORDS) && !defined(__OPTIMIZE_SIZE__) && defined(__SIZEOF_POINTER__) && __SIZEOF_POINTER__ >= 8
#define TLSUP_WORDS 1
#else
#define TLSUP_WORDS 0
#endif

#if TLSUP_WORDS && !defined(TLSUP_NO_SSE2) && defined(__SSE2__) && defined(__GNUC__)
#define TLSUP_SSE2 1
#else
#define TLSUP_SSE2 0
#endif

#if TLSUP_SSE2 && !defined(TLSUP_NO_SSSE3) && defined(__SSSE3__)
#define TLSUP_SSSE3 1
#else
#define TLSUP_SSSE3 0
#endif

#if TLSUP_SSE2 && !defined(TLSUP_NO_AVX2) && defined(__AVX2__)
#define TLSUP_AVX2 1
#else
#define TLSUP_AVX2 0
#endif

// On a big-endian AArch64 the octets of a mask stand in another order.
#if TLSUP_WORDS && !defined(TLSUP_NO_NEON) && defined(__AARCH64EL__) && defined(__ARM_NEON) && defined(__GNUC__)
#define TLSUP_NEON 1
#else
#define TLSUP_NEON 0
#endif

// Measuring what tests reach wants functions that are functions: it defines the two as nothing.
#if defined(TLSUP_HOT)
#elif defined(__GNUC__) && !defined(__OPTIMIZE_SIZE__)
#define TLSUP_HOT [[gnu::always_inline]]
#define TLSUP_COLD [[gnu::cold, gnu::noinline]]
#else
#define TLSUP_HOT
#define TLSUP_COLD
#endif

// Under -Os inlining a long function into its one caller costs registers, and so flash: up to a tenth of the caller on
// a Cortex-M0+. And a copy of it for one caller's arguments is not shared between files. Elsewhere the compiler
// decides.
#if defined(__clang__) && defined(__OPTIMIZE_SIZE__)
#define TLSUP_SEPARATE [[gnu::noinline]]
#elif defined(__GNUC__) && defined(__OPTIMIZE_SIZE__)
#define TLSUP_SEPARATE [[gnu::noinline, gnu::noclone]]
#else
#define TLSUP_SEPARATE
#endif
