// One series of the head, and the table that finds it by id. Ids are given out in ascending order
// and not again, so the table is pages of records behind two levels of pointers: looking one up
// takes no lock. Source of the sizes: 1 M series at 120 bytes each, no heap object per series.
// Threads: SeriesTable::find from any thread; see the fields of Series for the rest.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/sample.h"
#include "tsdb/codec/gorilla.h"
#include "tsdb/head/head_memory.h"

namespace silverback::tsdb {

struct Series {
  enum class State : std::uint8_t {
    kFree,
    kLive,
    kDying,  // has no data; removed as soon as nobody can still use its id (head.h)
  };

  // Set when the series is made, then constant.
  const std::uint32_t* pairs = nullptr;  // of the index
  std::uint64_t hash = 0;
  std::uint16_t pair_count = 0;
  std::atomic<State> state{State::kFree};

  // Guarded by the index's lock. Place among the labels of all series that have one; 0: none yet.
  std::uint32_t rank = 0;

  // Guarded by Head's samples lock. open.t and open.v_bits outlive the chunk: they are the newest
  // sample taken in order, if has_last.
  bool has_last = false;
  GorillaState open;
  ChunkChain chain;            // of the open chunk
  TimestampMs open_first = 0;  // its first sample
  CutChunk* newest_cut = nullptr;
  std::unique_ptr<std::vector<Sample>> late;  // in order of acceptance, not of time

  // Guarded by the committer's lock.
  std::uint32_t group = 0, group_index = 0;  // where in that commit group its newest sample is
  std::uint32_t log_epoch = 0;
  std::uint32_t log_file = 0;  // the last one that mentions it
  std::uint64_t logged_bits = 0;

  bool has_data() const { return open.count > 0 || newest_cut != nullptr || late != nullptr; }
};

class SeriesTable {
 public:
  SeriesTable();
  ~SeriesTable();
  SeriesTable(const SeriesTable&) = delete;
  SeriesTable& operator=(const SeriesTable&) = delete;

  // Null if there never was such a series.
  Series* find(std::uint32_t id) const {
    const Block* block = blocks_[id >> 22].load(std::memory_order_acquire);
    if (block == nullptr) return nullptr;
    Page* page = (*block)[id >> 12 & 1023].load(std::memory_order_acquire);
    return page == nullptr ? nullptr : &(*page)[id & 4095];
  }
  // Makes room for `id`. One thread at a time.
  Series& make(std::uint32_t id);
  using Page = std::array<Series, 4096>;
  using Pages = std::vector<std::unique_ptr<Page>>;
  // Takes out the pages of ids below `end` that hold no series. The caller keeps them until nobody
  // can be looking at them any more.
  Pages take_empty_pages(std::uint32_t end);

 private:
  using Block = std::array<std::atomic<Page*>, 1024>;
  std::array<std::atomic<Block*>, 1024> blocks_;
};

}  // namespace silverback::tsdb
