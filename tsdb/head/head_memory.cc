#include "tsdb/head/head_memory.h"

#include <algorithm>
#include <new>

namespace silverback::tsdb {
namespace {

// Small at first: a backfill makes many ranges with little in each.
constexpr std::size_t kBlockBytesMin = 4 << 10, kBlockBytesMax = 1 << 20;

}  // namespace

CutChunk* ChunkArena::add(TimestampMs first, TimestampMs last, std::uint16_t count,
                          std::uint32_t bytes) {
  constexpr std::size_t kAlign = alignof(CutChunk);
  const std::size_t needed = (sizeof(CutChunk) + bytes + kAlign - 1) / kAlign * kAlign;
  if (needed > left_) {
    block_bytes_ = std::clamp(block_bytes_ * 2, kBlockBytesMin, kBlockBytesMax);
    blocks_.push_back(std::make_unique_for_overwrite<std::byte[]>(block_bytes_));
    next_ = blocks_.back().get();
    left_ = block_bytes_;
  }
  auto* chunk = new (next_) CutChunk{nullptr, first, last, bytes, count};
  next_ += needed;
  left_ -= needed;
  return chunk;
}

std::uint32_t ChunkBlocks::allocate() {
  if (free_count_ > 0) {
    const std::uint32_t number = free_;
    free_ = block(number).next;
    --free_count_;
    return number;
  }
  if (used_ % kPageBlocks == 0)
    pages_.push_back(std::make_unique_for_overwrite<Block[]>(kPageBlocks));
  return used_++;
}

void ChunkBlocks::put(ChunkChain& chain, std::uint32_t size, std::uint32_t position,
                      const std::byte* from, std::uint32_t count) {
  while (count > 0) {
    const std::uint32_t offset = position % kBlockBytes;
    if (offset == 0 && position >= size) {
      const std::uint32_t added = allocate();
      if (position == 0) {
        chain.first = added;
      } else {
        block(chain.last).next = added;
      }
      chain.last = added;
    }
    const std::uint32_t run = std::min(count, kBlockBytes - offset);
    std::copy_n(from, run, block(chain.last).bytes.data() + offset);
    from += run;
    position += run;
    count -= run;
  }
}

void ChunkBlocks::copy(const ChunkChain& chain, std::uint32_t size, std::byte* to) const {
  std::uint32_t number = chain.first;
  while (size > 0) {
    const Block& from = block(number);
    const std::uint32_t run = std::min(size, kBlockBytes);
    std::copy_n(from.bytes.data(), run, to);
    to += run;
    size -= run;
    number = from.next;
  }
}

void ChunkBlocks::release(const ChunkChain& chain, std::uint32_t size) {
  if (size == 0) return;
  block(chain.last).next = free_;
  free_ = chain.first;
  free_count_ += (size + kBlockBytes - 1) / kBlockBytes;
}

}  // namespace silverback::tsdb
