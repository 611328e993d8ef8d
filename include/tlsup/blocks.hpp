// blocks.hpp: the first octet that ends a name, a value or a target, found many octets at a time.
//
// Every way looks at octets of its text and at no others: near the end it looks at the last octets once more. All of
// them find what `skip` finds, which is the way of constant evaluation. No header of the compiler's is needed for x86:
// it would cost every user more to compile than all of this.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "platform.hpp"
#include "scan.hpp"

#if TLSUP_NEON
#include <arm_neon.h>
#endif

namespace tlsup::detail {

#if TLSUP_SSE2 || TLSUP_NEON

/// The place of the first bit of a mask that has one.
template <class Mask> TLSUP_HOT constexpr std::size_t first_of(Mask mask) noexcept {
    return static_cast<unsigned>(std::countr_zero(mask)); // no sign to extend
}

#endif

#if TLSUP_SSE2

inline constexpr std::size_t block_bytes = 16;
inline constexpr unsigned mask_bits = 1; // of a mask, for each octet
using block = std::uint8_t __attribute__((vector_size(16)));

TLSUP_HOT inline block load_block(const char* data) noexcept {
    block loaded;
    std::memcpy(&loaded, data, sizeof loaded);
    return loaded;
}
template <class Vector> TLSUP_HOT inline std::uint32_t mask_of(Vector holds) noexcept {
    using octets = char __attribute__((vector_size(16)));
    return static_cast<std::uint32_t>(__builtin_ia32_pmovmskb128(std::bit_cast<octets>(holds)));
}

/// A text of eight to fifteen octets, and NUL behind it.
TLSUP_HOT inline block load_short(std::string_view text) noexcept {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::memcpy(&first, text.data(), sizeof first);
    std::memcpy(&last, text.data() + text.size() - sizeof last, sizeof last);
    const std::size_t half = (block_bytes - text.size()) * 4; // of the bits to drop: 64 at once cannot be
    using words = std::uint64_t __attribute__((vector_size(16)));
    return std::bit_cast<block>(words{first, last >> half >> half});
}

/// Letters, digits and '-': what most tokens and labels are made of.
TLSUP_HOT inline auto is_usual(block octets) noexcept {
    const block letters = (octets | 0x20) - 'a';
    const block digits = octets - '0';
    return (letters < 26) | (digits < 10) | (octets == '-');
}

#elif TLSUP_NEON

inline constexpr std::size_t block_bytes = 16;
inline constexpr unsigned mask_bits = 4;
using block = uint8x16_t;

TLSUP_HOT inline block load_block(const char* data) noexcept {
    block loaded;
    std::memcpy(&loaded, data, sizeof loaded);
    return loaded;
}
template <class Vector> TLSUP_HOT inline std::uint64_t mask_of(Vector holds) noexcept {
    const auto halves = std::bit_cast<uint16x8_t>(holds);
    return vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(halves, 4)), 0);
}

#endif

#if TLSUP_AVX2

using wide_block = std::uint8_t __attribute__((vector_size(32)));

TLSUP_HOT inline wide_block load_wide(const char* data) noexcept {
    wide_block loaded;
    std::memcpy(&loaded, data, sizeof loaded);
    return loaded;
}
template <class Vector> TLSUP_HOT inline std::uint32_t wide_mask_of(Vector holds) noexcept {
    using octets = char __attribute__((vector_size(32)));
    return static_cast<std::uint32_t>(__builtin_ia32_pmovmskb256(std::bit_cast<octets>(holds)));
}

#endif

// What ends a run, for one octet in a word's every octet (exact but for HTAB) and for a block of octets.

struct value_stop {
    static constexpr byte_class inside = class_value;
    static constexpr std::uint64_t in_word(std::uint64_t word) noexcept {
        const std::uint64_t del = word ^ 0x7f7f7f7f7f7f7f7fU;
        return ((word - 0x2020202020202020U) & ~word) | ((del - 0x0101010101010101U) & ~del);
    }
    static constexpr bool may_go_on = true; // HTAB does not end it
    template <class Block> TLSUP_HOT static auto in_block(Block octets) noexcept {
        return (octets < 0x20) | (octets == 0x7f);
    }
};

struct target_stop {
    static constexpr byte_class inside = class_target;
    static constexpr std::uint64_t in_word(std::uint64_t word) noexcept {
        const std::uint64_t del = word ^ 0x7f7f7f7f7f7f7f7fU;
        const std::uint64_t hash = word ^ 0x2323232323232323U;
        return word | (word - 0x2121212121212121U) | (del - 0x0101010101010101U) | (hash - 0x0101010101010101U);
    }
    template <class Block> TLSUP_HOT static auto in_block(Block octets) noexcept {
        return (octets < 0x21) | (octets > 0x7e) | (octets == '#');
    }
};

#if TLSUP_SSE2 || TLSUP_NEON

/// From `from` on, where a block holds what may be the end; `size` where none does. The text has a block at least.
template <class End>
TLSUP_HOT inline std::size_t skip_blocks(const char* data, std::size_t from, std::size_t size, End end) noexcept {
    const std::size_t last = size - block_bytes;
#if TLSUP_AVX2
    if constexpr (requires { End::inside; }) {
        while (from + block_bytes <= last) {
            const auto found = wide_mask_of(end.in_block(load_wide(data + from)));
            if (found != 0) {
                return from + first_of(found);
            }
            from += 2 * block_bytes;
        }
    }
#endif
    while (from < last) {
        const auto found = mask_of(end.in_block(load_block(data + from)));
        if (found != 0) {
            return from + first_of(found) / mask_bits;
        }
        from += block_bytes;
    }
    if (from < size) {
        const auto found = mask_of(end.in_block(load_block(data + last))) >> ((from - last) * mask_bits);
        return found != 0 ? from + first_of(found) / mask_bits : size;
    }
    return from;
}

#endif

#if TLSUP_WORDS

/// Word by word as far as words hold no end; the table says more.
template <class End> constexpr std::size_t skip_words(std::string_view text, std::size_t from) noexcept {
    while (text.size() - from >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + from, 8);
        if ((End::in_word(word) & 0x8080808080808080U) != 0) {
            const std::size_t end = skip(part(text, 0, from + 8), from, End::inside);
            if (end < from + 8) {
                return end;
            }
        }
        from += 8;
    }
    return skip(text, from, End::inside);
}

#endif

template <class End> TLSUP_HOT constexpr std::size_t skip_run(std::string_view text, std::size_t from) noexcept {
    if (std::is_constant_evaluated()) {
        return skip(text, from, End::inside); // GCOVR_EXCL_LINE the compiler goes this way
    }
#if TLSUP_SSE2 || TLSUP_NEON
    if (text.size() < block_bytes) {
        return skip(text, from, End::inside);
    }
    from = skip_blocks(text.data(), from, text.size(), End{});
    if constexpr (requires { End::may_go_on; }) {
        if (from < text.size() && text[from] == '\t') {
            return skip(text, from, End::inside);
        }
    }
    return from;
#elif TLSUP_WORDS
    return skip_words<End>(text, from);
#else
    return skip(text, from, End::inside);
#endif
}

/// `skip` for field values and reason phrases. RFC 9110 5.5.
TLSUP_HOT constexpr std::size_t skip_value(std::string_view text, std::size_t from) noexcept {
    return skip_run<value_stop>(text, from);
}

/// A part of the way that `skip_value` goes: all of it where that is in the last block of the text, but for HTAB.
TLSUP_HOT constexpr std::size_t skip_value_block(std::string_view text, std::size_t from) noexcept {
#if TLSUP_SSE2
    const std::size_t last = text.size() - block_bytes; // a text that is shorter has none
    if (last > from || std::is_constant_evaluated()) {
        return from;
    }
    const std::uint32_t stops = mask_of(value_stop::in_block(load_block(text.data() + last)));
    const std::uint32_t found = stops << ((text.size() - from) & 31U) >> block_bytes; // those that are not before it
    return found == 0 ? text.size() : from + first_of(found);
#else
    return skip_value(text, from);
#endif
}

/// `skip` for request-targets. RFC 9112 3.2.
TLSUP_HOT constexpr std::size_t skip_target(std::string_view text, std::size_t from) noexcept {
    return skip_run<target_stop>(text, from);
}

#if TLSUP_SSSE3 || TLSUP_NEON

/// The octets of a class by their halves: `rows[low half]` has the bit that `bits[high half]` is.
struct half_table {
    std::uint8_t rows[16];
    std::uint8_t bits[16];
};
constexpr half_table make_halves(byte_class wanted) noexcept {
    half_table made{};
    for (unsigned high = 0; high < 8; ++high) {
        made.bits[high] = static_cast<std::uint8_t>(1U << high);
        for (unsigned low = 0; low < 16; ++low) {
            const bool inside = is(static_cast<char>(high * 16 + low), wanted);
            made.rows[low] = static_cast<std::uint8_t>(made.rows[low] | (inside ? 1U << high : 0U));
        }
    }
    return made;
}
template <byte_class Wanted> alignas(16) inline constexpr half_table halves = make_halves(Wanted);

TLSUP_HOT inline block look_up(const std::uint8_t* table, block at) noexcept {
    block rows;
    std::memcpy(&rows, table, sizeof rows);
#if TLSUP_SSSE3
    using octets = char __attribute__((vector_size(16)));
    return std::bit_cast<block>(__builtin_ia32_pshufb128(std::bit_cast<octets>(rows), std::bit_cast<octets>(at)));
#else
    return vqtbl1q_u8(rows, at & 0x8f);
#endif
}

template <byte_class Wanted> struct class_stop {
    static constexpr bool exact = true;
    TLSUP_HOT static auto in_block(block octets) noexcept { // an octet above 0x7f finds no row, and its half no bit
        return (look_up(halves<Wanted>.rows, octets) & look_up(halves<Wanted>.bits, octets >> 4)) == 0;
    }
};

#elif TLSUP_SSE2

template <byte_class Wanted> struct class_stop {
    static constexpr bool exact = false; // it knows letters, digits and '-': the table says more
    TLSUP_HOT static auto in_block(block octets) noexcept { return ~is_usual(octets); }
};

#endif

/// `skip` for a class that has all letters, all digits and '-'.
template <byte_class Wanted>
TLSUP_HOT constexpr std::size_t skip_class(std::string_view text, std::size_t from) noexcept {
#if TLSUP_SSE2 || TLSUP_NEON
    if (!std::is_constant_evaluated() && text.size() >= block_bytes) {
        from = skip_blocks(text.data(), from, text.size(), class_stop<Wanted>{});
        if (class_stop<Wanted>::exact || from >= text.size() || !is(text[from], Wanted)) {
            return from;
        }
    }
#endif
    return skip(text, from, Wanted);
}

/// `skip` for tokens, such as field names. RFC 9110 5.6.2.
TLSUP_HOT constexpr std::size_t skip_token(std::string_view text, std::size_t from) noexcept {
    return skip_class<class_token>(text, from);
}

} // namespace tlsup::detail
