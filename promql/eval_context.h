// What every part of one query's evaluation shares: storage, limits, remarks.
// Threads: const members are constant; the rest may be called from the query's worker threads.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "base/queryable.h"
#include "base/result.h"
#include "promql/annotations.h"
#include "promql/engine.h"
#include "promql/eval_types.h"

namespace silverback::promql {

class QueryContext {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  QueryContext(const Queryable& from, const EngineOptions& engine_options, const Steps& query_steps,
               TimestampMs query_end, bool is_instant)
      : storage(from),
        options(engine_options),
        steps(query_steps),
        end(query_end),
        instant(is_instant) {}

  // Errors: kTimeout, kCanceled. To be called at least every few milliseconds of work.
  Status check() const;

  // Accounts for samples held until the answer goes out of scope. Errors: kExecution if these are
  // more than the query may hold.
  Result<HeldSamples> hold(std::uint64_t samples);
  void release(std::uint64_t samples) { held_.fetch_sub(samples, std::memory_order_relaxed); }
  // As hold() and release() at once: for a window that is gone after its step.
  Status hold_briefly(std::uint64_t samples);
  // Refuses tables whose cells alone, present or not, take more memory than samples_max samples. To
  // be called before a table grows. A row has a cell for every step of the range, so series with
  // few samples, of targets that come and go, count here as if they were there all the time.
  Status check_cells(std::uint64_t cells) const;
  // How many cells check_cells() lets a table have.
  std::uint64_t cells_max() const;

  void count_read(std::uint64_t samples) {
    samples_read_.fetch_add(samples, std::memory_order_relaxed);
  }
  std::uint64_t samples_read() const { return samples_read_; }
  std::uint64_t samples_peak() const { return peak_; }

  // body(first, last) for consecutive parts of [0, count), at most `part` long, on several threads
  // if there are several parts, with a check() before each. Of several errors the one of the lowest
  // part is returned, so that it does not depend on the threads.
  Status for_each_part(std::size_t count, std::size_t part,
                       const std::function<Status(std::size_t, std::size_t)>& body) const;

  const Queryable& storage;
  const EngineOptions options;  // one query sees one state of them
  const Steps steps;            // of the whole query
  const TimestampMs end;        // of the whole query: at or after the last step
  const bool instant;           // steps.count is 1 and the step has no meaning
  std::string_view query;
  DurationMs lookback_delta = 0;
  Deadline deadline = Deadline::max();
  const std::atomic<bool>* canceled = nullptr;
  Annotations annotations;

  bool delayed_name_removal() const { return options.features.delayed_name_removal; }

 private:
  std::atomic<std::uint64_t> held_{0};
  std::atomic<std::uint64_t> peak_{0};
  std::atomic<std::uint64_t> samples_read_{0};
};

// Looks at the clock at a sensible distance in a loop over rows.
class PacedCheck {
 public:
  explicit PacedCheck(const QueryContext& context) : context_(context) {}

  // After work on a row, or on a part of one, of so many cells. Errors: as QueryContext::check().
  Status after(std::size_t cells) {
    constexpr std::size_t kCellsOfWorkPerRow = 64;  // labels
    constexpr std::size_t kCellsPerCheck = 1 << 18;
    done_ += kCellsOfWorkPerRow + cells;
    if (done_ < kCellsPerCheck) return {};
    done_ = 0;
    return context_.check();
  }

 private:
  const QueryContext& context_;
  std::size_t done_ = 0;
};

}  // namespace silverback::promql
