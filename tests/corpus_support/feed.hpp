// feed.hpp: how a vector's bytes arrive, in a buffer whose last byte stands before a page that cannot be read.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace corpus {

/// Memory that ends at a guard page. Grows, never shrinks; its content is lost when it grows.
class guarded {
  public:
    guarded() = default;
    guarded(const guarded&) = delete;
    guarded& operator=(const guarded&) = delete;
    ~guarded() { release(); }

    /// Where the guard page starts, with at least `octets` to be written before it.
    char* end(std::size_t octets) {
        if (octets > size_ || base_ == nullptr) {
            release();
            const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
            size_ = (octets / page + 1) * page;
            void* const all = mmap(nullptr, size_ + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (all == MAP_FAILED || mprotect(static_cast<char*>(all) + size_, page, PROT_NONE) != 0) {
                std::abort();
            }
            base_ = static_cast<char*>(all);
            mapped_ = size_ + page;
        }
        return base_ + size_;
    }

  private:
    void release() {
        if (base_ != nullptr) {
            munmap(base_, mapped_);
        }
        base_ = nullptr;
    }

    char* base_ = nullptr;
    std::size_t size_ = 0;
    std::size_t mapped_ = 0;
};

enum class cut { whole, each_byte, split };

/// One way for the bytes to come.
struct delivery {
    cut how = cut::whole;
    std::size_t at = 0; // of a split

    [[nodiscard]] std::string name() const {
        return how == cut::whole ? "whole" : how == cut::each_byte ? "byte by byte" : "split at " + std::to_string(at);
    }
};

/// Inputs beyond this are not moved to the end of the page with each piece, and are not split everywhere.
inline constexpr std::size_t small_input = 4096;

/// The caller's unread bytes. Each piece of a small input, and every whole input, ends at the guard page; of a large
/// one in pieces the last piece does.
class feed {
  public:
    feed(std::string_view input, delivery how, guarded& memory, std::string_view before = {})
        : input_(input), how_(how), aligned_(input.size() + before.size() <= small_input || how.how != cut::each_byte) {
        char* const end = memory.end(input.size() + before.size());
        begin_ = end - before.size() - (aligned_ ? 0 : input.size());
        end_ = begin_ + before.size();
        if (!before.empty()) {
            std::memcpy(begin_, before.data(), before.size());
        }
    }

    [[nodiscard]] std::string_view unread() const { return {begin_, static_cast<std::size_t>(end_ - begin_)}; }
    [[nodiscard]] bool more() const { return received_ < input_.size(); }
    [[nodiscard]] std::size_t received() const { return received_; }
    [[nodiscard]] std::string_view input() const { return input_; }
    [[nodiscard]] bool each_byte() const { return how_.how == cut::each_byte; }

    /// The next piece arrives.
    void deliver() {
        const std::size_t left = input_.size() - received_;
        const std::size_t wanted = how_.how == cut::each_byte                      ? 1
                                   : how_.how == cut::split && received_ < how_.at ? how_.at - received_
                                                                                   : left;
        const std::size_t count = wanted < left ? wanted : left;
        if (count == 0) {
            return;
        }
        if (aligned_) {
            std::memmove(begin_ - count, begin_, unread().size());
            begin_ -= count;
        } else {
            end_ += count;
        }
        std::memcpy(end_ - count, input_.data() + received_, count);
        received_ += count;
    }

    /// Part of the unread bytes leaves. What stands before it, a head that is held, stays.
    void take(std::string_view part, std::size_t count) {
        if (count == 0) {
            return;
        }
        const auto before = static_cast<std::size_t>(part.data() - begin_);
        if (before != 0) {
            std::memmove(begin_ + count, begin_, before);
        }
        begin_ += count;
    }

    /// The connection is gone, and all that came with it.
    void forget() { begin_ = end_; }

  private:
    std::string_view input_;
    delivery how_;
    bool aligned_;
    char* begin_ = nullptr;
    char* end_ = nullptr;
    std::size_t received_ = 0;
};

} // namespace corpus
