// words.hpp: texts that are known beforehand, and whether an octet string is one of them, several octets at a time.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "platform.hpp"
#include "scan.hpp"

namespace tlsup::detail {

/// A text as a template argument, in small letters where the case does not count: `is<"upgrade">(name)`.
template <std::size_t Size> struct known_text {
    char data[Size] = {};
    static constexpr std::size_t size = Size - 1;

    consteval known_text(const char (&text)[Size]) noexcept {
        for (std::size_t at = 0; at < Size; ++at) {
            data[at] = text[at];
        }
    }
};

/// Octet by octet; `known` is in small letters where the case does not count.
constexpr bool begins_so(const char* text, const char* known, std::size_t size, bool any_case) noexcept {
    for (std::size_t at = 0; at < size; ++at) {
        if ((any_case ? lower(text[at]) : text[at]) != known[at]) {
            return false;
        }
    }
    return true;
}

#if TLSUP_WORDS

/// So many octets as a word has of a known text, and the bits in which a capital differs from its small letter.
template <class Word> struct known_word {
    Word octets = 0;
    Word letters = 0;
};
template <class Word> struct word_octets {
    unsigned char of[sizeof(Word)] = {};
};

// Not a template over the text: the compiler would have to make it anew for each.
template <class Word> consteval known_word<Word> known_octets(const char* text, bool any_case) noexcept {
    word_octets<Word> octets;
    word_octets<Word> letters;
    for (std::size_t at = 0; at < sizeof(Word); ++at) {
        octets.of[at] = static_cast<unsigned char>(text[at]);
        const bool letter = (octets.of[at] | 32U) - 'a' < 26U;
        letters.of[at] = any_case && letter ? 0x20 : 0;
    }
    return {std::bit_cast<Word>(octets), std::bit_cast<Word>(letters)};
}

template <class Word> TLSUP_HOT inline bool holds_word(const char* data, known_word<Word> known) noexcept {
    Word word = 0;
    std::memcpy(&word, data, sizeof word);
    return (word | known.letters) == known.octets;
}

/// Whether these octets are the known text; the caller knows that there are so many.
template <known_text Text, bool AnyCase, std::size_t At = 0> TLSUP_HOT inline bool holds(const char* data) noexcept {
    constexpr std::size_t left = Text.size - At;
    if constexpr (left > 8) {
        return holds_word(data + At, known_octets<std::uint64_t>(Text.data + At, AnyCase)) &&
               holds<Text, AnyCase, At + 8>(data);
    } else if constexpr (left == 8) {
        return holds_word(data + At, known_octets<std::uint64_t>(Text.data + At, AnyCase));
    } else if constexpr (left > 4 && Text.size >= 8) {
        return holds_word(data + Text.size - 8, known_octets<std::uint64_t>(Text.data + Text.size - 8, AnyCase));
    } else if constexpr (left > 4) {
        return holds_word(data + At, known_octets<std::uint32_t>(Text.data + At, AnyCase)) &&
               holds_word(data + Text.size - 4, known_octets<std::uint32_t>(Text.data + Text.size - 4, AnyCase));
    } else if constexpr (left == 4) {
        return holds_word(data + At, known_octets<std::uint32_t>(Text.data + At, AnyCase));
    } else if constexpr (left > 0 && Text.size >= 4) {
        return holds_word(data + Text.size - 4, known_octets<std::uint32_t>(Text.data + Text.size - 4, AnyCase));
    } else if constexpr (left == 3) {
        return holds_word(data, known_octets<std::uint16_t>(Text.data, AnyCase)) &&
               holds_word(data + 1, known_octets<std::uint16_t>(Text.data + 1, AnyCase));
    } else if constexpr (left == 2) {
        return holds_word(data, known_octets<std::uint16_t>(Text.data, AnyCase));
    } else {
        static_assert(left == 0, "a single octet needs no words");
        return true;
    }
}

#endif

/// Whether the text begins so, case aside where `AnyCase`: then `Text` is in small letters.
template <known_text Text, bool AnyCase = true> TLSUP_HOT constexpr bool starts_with(std::string_view text) noexcept {
    if (text.size() < Text.size) {
        return false;
    }
#if TLSUP_WORDS
    if (!std::is_constant_evaluated()) {
        return holds<Text, AnyCase>(text.data());
    }
#endif
    return begins_so(text.data(), Text.data, Text.size, AnyCase);
}

#if !TLSUP_WORDS

/// Known texts, one behind the other, each with its length before it. A zero ends them.
template <known_text... Texts> struct packed_texts {
    char of[(Texts.size + ... + sizeof...(Texts)) + 1] = {};

    consteval packed_texts() noexcept {
        std::size_t at = 0;
        (add(Texts.data, Texts.size, at), ...);
    }

  private:
    consteval void add(const char* text, std::size_t size, std::size_t& at) noexcept {
        of[at++] = static_cast<char>(size);
        for (std::size_t each = 0; each < size; ++each) {
            of[at++] = text[each];
        }
    }
};
template <known_text... Texts> inline constexpr packed_texts<Texts...> packed{};

/// Which of the packed texts it is, from 1 on; 0 where it is none. Without a view, as `skip`.
TLSUP_SEPARATE constexpr unsigned find_text(const char* texts, const char* text, std::size_t octets,
                                            bool any_case) noexcept {
    for (unsigned index = 1; *texts != 0; ++index) {
        const auto size = static_cast<std::size_t>(*texts++);
        if (size == octets && begins_so(text, texts, size, any_case)) {
            return index;
        }
        texts += size;
    }
    return 0;
}

#endif

// Which of these texts it is, from 1 on; 0 where it is none. Where size counts, one loop is less than a comparison for
// each.
template <bool AnyCase, known_text... Texts> TLSUP_HOT constexpr unsigned find_known(std::string_view text) noexcept {
#if TLSUP_WORDS
    unsigned index = 0;
    const bool found = ((++index, text.size() == Texts.size && starts_with<Texts, AnyCase>(text)) || ...);
    return found ? index : 0;
#else
    return find_text(packed<Texts...>.of, text.data(), text.size(), AnyCase);
#endif
}

/// Which of these texts it is, case aside, from 1 on; 0 where it is none. RFC 9110 5.1, 7.8.
template <known_text... Texts> TLSUP_HOT constexpr unsigned which(std::string_view text) noexcept {
    return find_known<true, Texts...>(text);
}
/// The same to the letter, as methods are. RFC 9110 9.1.
template <known_text... Texts> TLSUP_HOT constexpr unsigned which_exactly(std::string_view text) noexcept {
    return find_known<false, Texts...>(text);
}

/// Whether it is this text, case aside.
template <known_text Text> TLSUP_HOT constexpr bool is(std::string_view text) noexcept {
    return find_known<true, Text>(text) != 0;
}
/// Whether it is this text to the letter.
template <known_text Text> TLSUP_HOT constexpr bool is_exactly(std::string_view text) noexcept {
    return find_known<false, Text>(text) != 0;
}

} // namespace tlsup::detail
