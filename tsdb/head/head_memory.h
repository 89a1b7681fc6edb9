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
  std::byte* data_to_fill() { return reinterpret_cast<std::byte*>(this + 1); }
};

class ChunkArena {
 public:
  // Its bytes are for the caller to fill.
  CutChunk* add(TimestampMs first, TimestampMs last, std::uint16_t count, std::uint32_t bytes);
  // Keeps `other` alive as long as this one.
  void adopt(std::shared_ptr<const ChunkArena> other) { adopted_.push_back(std::move(other)); }

 private:
  std::vector<std::unique_ptr<std::byte[]>> blocks_;
  std::size_t left_ = 0, block_bytes_ = 0;
  std::byte* next_ = nullptr;
  std::vector<std::shared_ptr<const ChunkArena>> adopted_;
};

// Bytes that grow at the end, in a chain of blocks.
struct ChunkChain {
  std::uint32_t first = 0, last = 0;  // blocks; meaningless while there are no bytes
};

class ChunkBlocks {
 public:
  // One cache line with the number of the next block.
  static constexpr std::uint32_t kBlockBytes = 60;

  // The byte at `position`, which must be in the last block.
  std::byte last_byte(const ChunkChain& chain, std::uint32_t position) const {
    return block(chain.last).bytes[position % kBlockBytes];
  }
  // Puts `count` bytes from `position` on, where `size` bytes are in the chain so far. Requires
  // that `position` is the end or in the last block.
  void put(ChunkChain& chain, std::uint32_t size, std::uint32_t position, const std::byte* from,
           std::uint32_t count);
  void copy(const ChunkChain& chain, std::uint32_t size, std::byte* to) const;
  void release(const ChunkChain& chain, std::uint32_t size);
  void prefetch_end(const ChunkChain& chain) const {
    if (!pages_.empty()) __builtin_prefetch(&block(chain.last), 1);
  }

 private:
  struct alignas(64) Block {
    std::array<std::byte, kBlockBytes> bytes;
    std::uint32_t next;
  };
  static constexpr std::uint32_t kPageBlocks = 16 << 10;

  Block& block(std::uint32_t number) const {
    return pages_[number / kPageBlocks][number % kPageBlocks];
  }
  std::uint32_t allocate();

  std::vector<std::unique_ptr<Block[]>> pages_;
  std::uint32_t used_ = 0;  // of the pages' blocks
  std::uint32_t free_ = 0;  // a chain of `free_count_` blocks
  std::uint32_t free_count_ = 0;
};

}  // namespace silverback::tsdb
