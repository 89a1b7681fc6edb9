// What recording and alerting rules have in common: the result of an expression goes in, the
// samples to be stored come out.
#pragma once

#include <cstdint>
#include <memory>

#include "base/labels.h"
#include "base/sample.h"
#include "base/time.h"

namespace silverback::rules {

// One evaluation.
struct Evaluation {
  TimestampNs slot;      // when it was due: the time of what alerts say
  TimestampMs query_at;  // slot - query_offset: the time of the query, and of what is stored
  std::uint64_t limit;   // of the group; 0: none

  TimestampMs slot_ms() const { return slot / 1'000'000; }
};

struct OutputSample {
  Labels labels;
  double v = 0;
  std::shared_ptr<const Histogram> h;  // instead of v
};

}  // namespace silverback::rules
