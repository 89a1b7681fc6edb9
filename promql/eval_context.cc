#include "promql/eval_context.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "base/executor.h"
#include "base/mutex.h"

namespace silverback::promql {
namespace {

Error too_many_samples() {
  return {ErrorCode::kExecution,
          "query processing would load too many samples into memory in query execution"};
}

}  // namespace

Status QueryContext::check() const {
  if (canceled != nullptr && canceled->load(std::memory_order_relaxed)) {
    return fail(ErrorCode::kCanceled, "query was canceled in expression evaluation");
  }
  if (std::chrono::steady_clock::now() > deadline) {
    return fail(ErrorCode::kTimeout, "query timed out in expression evaluation");
  }
  return {};
}

Result<HeldSamples> QueryContext::hold(std::uint64_t samples) {
  const std::uint64_t now = held_.fetch_add(samples, std::memory_order_relaxed) + samples;
  HeldSamples held(*this, samples);
  if (now > options.samples_max) return fail(too_many_samples());
  std::uint64_t peak = peak_.load(std::memory_order_relaxed);
  while (peak < now && !peak_.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
  }
  return held;
}

Status QueryContext::hold_briefly(std::uint64_t samples) {
  TRY(hold(samples));
  return {};
}

Status QueryContext::check_cells(std::uint64_t cells) const {
  if (cells > cells_max()) return fail(too_many_samples());
  return {};
}

std::uint64_t QueryContext::cells_max() const {
  // Twice: a cell is 8 bytes and a sample, with its instant, 16.
  constexpr std::uint64_t kCellsPerSample = 2;
  if (options.samples_max > std::numeric_limits<std::uint64_t>::max() / kCellsPerSample) {
    return std::numeric_limits<std::uint64_t>::max();
  }
  return options.samples_max * kCellsPerSample;
}

Status QueryContext::for_each_part(
    std::size_t count, std::size_t part,
    const std::function<Status(std::size_t, std::size_t)>& body) const {
  const std::size_t parts = (count + part - 1) / part;
  const auto run_part = [&](std::size_t p) -> Status {
    TRY(check());
    return body(p * part, std::min(count, (p + 1) * part));
  };
  if (parts <= 1 || options.executor == nullptr) {
    for (std::size_t p = 0; p < parts; ++p) TRY(run_part(p));
    return {};
  }
  Mutex mutex;
  std::size_t failed_part = parts;
  std::optional<Error> error;
  std::atomic<bool> failed{false};
  parallel_for(options.executor, parts, [&](std::size_t p) {
    if (failed.load(std::memory_order_relaxed)) return;
    Status status = run_part(p);
    if (status) return;
    failed.store(true, std::memory_order_relaxed);
    MutexLock lock(mutex);
    if (p < failed_part) {
      failed_part = p;
      error = std::move(status).error();
    }
  });
  if (error) return fail(*std::move(error));
  return {};
}

}  // namespace silverback::promql
