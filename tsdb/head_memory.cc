#include "tsdb/head_memory.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace silverback::tsdb {
namespace {

// Small at first: a backfill makes many ranges with little in each.
constexpr std::size_t kBlockBytesMin = 4 << 10, kBlockBytesMax = 1 << 20;
constexpr std::size_t kPageBytes = 1 << 20;

}  // namespace

CutChunk* ChunkArena::add(TimestampMs first, TimestampMs last, std::uint16_t count,
                          std::span<const std::byte> data) {
  const std::size_t align = alignof(CutChunk);
  const std::size_t bytes = (sizeof(CutChunk) + data.size() + align - 1) / align * align;
  if (bytes > left_) {
    block_bytes_ = std::clamp(block_bytes_ * 2, kBlockBytesMin, kBlockBytesMax);
    blocks_.push_back(std::make_unique_for_overwrite<std::byte[]>(block_bytes_));
    next_ = blocks_.back().get();
    left_ = block_bytes_;
  }
  auto* chunk =
      new (next_) CutChunk{nullptr, first, last, static_cast<std::uint32_t>(data.size()), count};
  std::memcpy(chunk + 1, data.data(), data.size());
  next_ += bytes;
  left_ -= bytes;
  return chunk;
}

std::byte* ChunkSlab::allocate(std::uint8_t size_class) {
  std::vector<std::byte*>& free = free_[size_class];
  if (!free.empty()) {
    std::byte* block = free.back();
    free.pop_back();
    return block;
  }
  const std::size_t size = bytes(size_class);
  if (left_ < size) {
    pages_.push_back(std::make_unique_for_overwrite<std::byte[]>(kPageBytes));
    next_ = pages_.back().get();
    left_ = kPageBytes;
  }
  std::byte* block = next_;
  next_ += size;
  left_ -= size;
  return block;
}

}  // namespace silverback::tsdb
