// A small generator of numbers: the same on every platform.
#pragma once

#include <cstddef>
#include <cstdint>

namespace differential {

/// SplitMix64. Every case has a sequence of its own, so that each can be made alone.
class random {
  public:
    random(std::uint64_t seed, std::uint64_t number) : state_(seed * 0x9e3779b97f4a7c15U ^ mix(number + 1)) {}

    std::size_t below(std::size_t count) {
        state_ += 0x9e3779b97f4a7c15U;
        return static_cast<std::size_t>(mix(state_) % count);
    }
    bool one_in(std::size_t count) { return below(count) == 0; }

  private:
    static std::uint64_t mix(std::uint64_t value) {
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
        value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
        return value ^ (value >> 31);
    }

    std::uint64_t state_;
};

} // namespace differential
