// What the fuzz targets share: an input that is read as choices, and checks that stop the run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <tlsup/tlsup.hpp>

namespace fuzz {

inline void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

/// The input: choices from its end, bytes from its front.
class choices {
  public:
    choices(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

    unsigned pick(unsigned below) { return size_ == 0 ? 0 : data_[--size_] % below; }
    [[nodiscard]] std::string_view rest() const { return {reinterpret_cast<const char*>(data_), size_}; }

  private:
    const std::uint8_t* data_;
    std::size_t size_;
};

/// Bytes in a block of exactly their size, so that a read behind them is seen.
class exact {
  public:
    explicit exact(std::string_view bytes) : data_(new char[bytes.size()]), size_(bytes.size()) {
        if (!bytes.empty()) {
            std::memcpy(data_.get(), bytes.data(), bytes.size());
        }
    }
    [[nodiscard]] std::string_view view() const { return {data_.get(), size_}; }

  private:
    std::unique_ptr<char[]> data_;
    std::size_t size_;
};

/// Whether `part` lies inside `whole`.
inline bool inside(std::string_view part, std::string_view whole) {
    return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

/// Takes `part` out of `buffer`.
inline void take(std::string& buffer, std::string_view part, std::string_view whole) {
    buffer.erase(static_cast<std::size_t>(part.data() - whole.data()), part.size());
}

/// Options come with each call: now and then they have another limit than before, perhaps below what was read.
inline void vary(tlsup::head_limits& limits, choices& choose) {
    if (choose.pick(2) != 0) {
        limits.head_bytes = static_cast<std::uint16_t>(choose.pick(256));
    }
}

} // namespace fuzz
