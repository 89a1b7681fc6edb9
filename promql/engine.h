// Evaluates PromQL over any Queryable.
//
//   promql::Engine engine(options);
//   QueryResult r = TRY(engine.instant(storage, "sum by (job) (rate(http_requests_total[5m]))",
//   now, {}));
//
// A result at instant t is bit-identical whatever the range, its start, and the number of threads.
// Threads: everything from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>

#include "base/executor.h"
#include "base/mutex.h"
#include "base/queryable.h"
#include "base/result.h"
#include "promql/parser.h"
#include "promql/value.h"

namespace silverback::promql {

struct EngineOptions {
  DurationMs lookback_delta = 5 * 60 * 1000;     // --query.lookback-delta
  DurationMs timeout = 2 * 60 * 1000;            // --query.timeout
  std::uint64_t samples_max = 50'000'000;        // --query.max-samples: held at once
  DurationMs default_subquery_step = 60 * 1000;  // global evaluation_interval, for `[1h:]`
  Features features;
  Executor* executor = nullptr;  // for the series of one query; null: the caller's thread only
};

// What one query may differ in.
struct QueryOptions {
  DurationMs lookback_delta = 0;  // 0: the engine's
  DurationMs timeout = 0;         // 0: the engine's; never more than it
  const std::atomic<bool>* canceled =
      nullptr;  // set to true when nobody waits for the answer any more
};

class Engine {
 public:
  explicit Engine(EngineOptions options);

  // The value at t. Errors: kInvalidArgument (does not parse), kExecution, kTimeout, kCanceled,
  // kIo, kCorruption.
  Result<QueryResult> instant(const Queryable& storage, std::string_view query, TimestampMs t,
                              const QueryOptions& options) const;

  // The values at start, start + step, … <= end, as a Matrix. Requires step > 0 and start <= end.
  // The expression must be a scalar or an instant vector, else kInvalidArgument.
  Result<QueryResult> range(const Queryable& storage, std::string_view query, TimestampMs start,
                            TimestampMs end, DurationMs step, const QueryOptions& options) const;

  // The same for a tree that is parsed already (rules).
  Result<QueryResult> instant(const Queryable& storage, const Expr& expr, std::string_view query,
                              TimestampMs t, const QueryOptions& options) const;

  EngineOptions options() const;
  // For queries that begin from now on: the configuration file says it, and may be read again.
  void set_default_subquery_step(DurationMs step) { default_subquery_step_ = step; }

 private:
  const EngineOptions options_;  // as they were at the start
  std::atomic<DurationMs> default_subquery_step_;
};

}  // namespace silverback::promql
