// The language of PromQL test files: blocks of `load`, `clear` and `eval`, ended by blank lines.
//
//   load 5m
//     http_requests{job="api"} 0+10x10          # sample i at i·5m
//
//   eval instant at 50m sum(http_requests)
//     {} 100
//
// Source: https://github.com/prometheus/prometheus/blob/main/promql/promqltest/README.md
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "base/time.h"
#include "promql/series_notation.h"

namespace silverback::promql::testing {

struct SeriesLine {
  Labels metric;
  std::vector<NotedValue> values;
  bool has_start_timestamps = false;  // a line `metric@st …` gives them
};

struct ClearCommand {};

struct LoadCommand {
  DurationMs step = 0;
  bool with_nhcb = false;  // classic histograms are also stored as native ones
  std::vector<SeriesLine> series;
};

struct AnnotationExpectation {
  enum class Match { kAny, kText, kRegex };
  Match match = Match::kAny;
  std::string text;
};

struct EvalCommand {
  std::string expr;
  bool range = false;
  TimestampMs start = 0;  // the instant, where not range
  TimestampMs end = 0;
  DurationMs step = 0;

  bool ordered = false;
  bool no_warnings = false, no_infos = false;
  std::optional<AnnotationExpectation> failure;
  std::vector<AnnotationExpectation> warnings, infos;
  std::optional<double> scalar;
  std::optional<std::string> text;
  struct RangeVector {
    TimestampMs start;
    DurationMs step;
  };
  std::optional<RangeVector> range_vector;  // the instants of the values of `series`
  std::vector<SeriesLine> series;
};

struct Command {
  std::size_t line;  // from 1
  std::variant<ClearCommand, LoadCommand, EvalCommand> body;
};

// Errors: kInvalidArgument, `12: …` with the line, or kIo.
Result<std::vector<Command>> read_test_file(const std::string& path);

}  // namespace silverback::promql::testing
