// What a query answers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/labels.h"
#include "base/sample.h"
#include "promql/ast.h"

namespace silverback::promql {

// One element of an instant vector. `h` is set instead of `v` for a native histogram.
struct VectorSample {
  Labels metric;
  TimestampMs t;
  double v;
  std::shared_ptr<const Histogram> h;
};
using Vector = std::vector<VectorSample>;

// One line of a graph: floats, and histograms beside them, each ascending in time.
struct Series {
  Labels metric;
  std::vector<Sample> floats;
  std::vector<HistogramSample> histograms;
};
using Matrix = std::vector<Series>;  // sorted by metric

struct Scalar {
  TimestampMs t;
  double v;
};
struct String {
  TimestampMs t;
  std::string v;
};
using Value = std::variant<Scalar, String, Vector, Matrix>;

struct QueryStats {
  std::uint64_t samples_total = 0;  // samples read, each counted in every step that used it
  std::uint64_t samples_peak = 0;   // held at once
  double eval_seconds = 0;
  double queue_seconds = 0;
  double prepare_seconds = 0;
};

struct QueryResult {
  Value value;
  std::vector<std::string>
      warnings;  // `PromQL warning: … (1:5)`, and what storage warned of; unique
  std::vector<std::string> infos;  // `PromQL info: … (1:5)`
  QueryStats stats;
};

}  // namespace silverback::promql
