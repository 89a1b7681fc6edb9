#include "tsdb/head/head_series.h"

#include <algorithm>

namespace silverback::tsdb {

SeriesTable::SeriesTable() {
  for (auto& block : blocks_) block.store(nullptr, std::memory_order_relaxed);
}

SeriesTable::~SeriesTable() {
  for (auto& slot : blocks_) {
    const std::unique_ptr<Block> block(slot.load(std::memory_order_relaxed));
    if (block == nullptr) continue;
    for (auto& page : *block) delete page.load(std::memory_order_relaxed);
  }
}

Series& SeriesTable::make(std::uint32_t id) {
  std::atomic<Block*>& slot = blocks_[id >> 22];
  Block* block = slot.load(std::memory_order_relaxed);
  if (block == nullptr) {
    auto made = std::make_unique<Block>();
    for (auto& page : *made) page.store(nullptr, std::memory_order_relaxed);
    block = made.release();
    slot.store(block, std::memory_order_release);
  }
  std::atomic<Page*>& place = (*block)[id >> 12 & 1023];
  Page* page = place.load(std::memory_order_relaxed);
  if (page == nullptr) {
    page = std::make_unique<Page>().release();
    place.store(page, std::memory_order_release);
  }
  return (*page)[id & 4095];
}

SeriesTable::Pages SeriesTable::take_empty_pages(std::uint32_t end) {
  Pages taken;
  for (std::uint32_t first = 0; first + 4096 <= end; first += 4096) {
    Block* block = blocks_[first >> 22].load(std::memory_order_relaxed);
    if (block == nullptr) continue;
    std::atomic<Page*>& place = (*block)[first >> 12 & 1023];
    Page* page = place.load(std::memory_order_relaxed);
    if (page == nullptr) continue;
    const bool empty = std::all_of(page->begin(), page->end(), [](const Series& series) {
      return series.state.load(std::memory_order_relaxed) == Series::State::kFree;
    });
    if (!empty) continue;
    place.store(nullptr, std::memory_order_release);
    taken.emplace_back(page);
  }
  return taken;
}

}  // namespace silverback::tsdb
