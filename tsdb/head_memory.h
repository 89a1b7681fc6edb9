// Where the head's chunks live. Open chunks are in ChunkSlab: blocks of a few sizes, reused. Cut
// chunks are in a ChunkArena per two-hour range: a chunk is in exactly one range, so sealing a
// range frees its memory in one piece, and a query pins it by holding the arena. Threads:
// externally synchronised; what an arena holds is constant once it is written.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/time.h"

namespace silverback::tsdb {

// Followed by its bytes.
struct CutChunk {
  CutChunk* older;  // the chunk of the series before this one
  TimestampMs first, last;
  std::uint32_t bytes;
  std::uint16_t count;

  std::span<const std::byte> data() const {
    return {reinterpret_cast<const std::byte*>(this + 1), bytes};
  }
};

class ChunkArena {
 public:
  CutChunk* add(TimestampMs first, TimestampMs last, std::uint16_t count,
                std::span<const std::byte> data);
  // Keeps `other` alive as long as this one.
  void adopt(std::shared_ptr<const ChunkArena> other) { adopted_.push_back(std::move(other)); }

 private:
  std::vector<std::unique_ptr<std::byte[]>> blocks_;
  std::size_t left_ = 0, block_bytes_ = 0;
  std::byte* next_ = nullptr;
  std::vector<std::shared_ptr<const ChunkArena>> adopted_;
};

class ChunkSlab {
 public:
  static constexpr std::uint8_t kNone = 0xff;  // no block

  // The bytes that a block of that class has.
  static std::size_t bytes(std::uint8_t size_class) { return kSizes[size_class]; }
  std::byte* allocate(std::uint8_t size_class);
  void release(std::byte* block, std::uint8_t size_class) { free_[size_class].push_back(block); }

  // 120 samples of the worst kind need 16 + 119 x 18.6 bytes and the append's scratch.
  static constexpr std::array<std::uint16_t, 16> kSizes = {
      48, 64, 96, 128, 160, 192, 256, 320, 384, 512, 640, 768, 1024, 1536, 2048, 2560};

 private:
  std::array<std::vector<std::byte*>, kSizes.size()> free_;
  std::vector<std::unique_ptr<std::byte[]>> pages_;
  std::byte* next_ = nullptr;
  std::size_t left_ = 0;
};

}  // namespace silverback::tsdb
