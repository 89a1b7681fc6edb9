// What a series is made of: float samples, native histograms, and what rides along with them.
// Every type is carried from the first day; a store that does not take a kind yet says so in its
// verdict.
#pragma once

#include <bit>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/labels.h"
#include "base/time.h"

namespace silverback {

// Not `v != v`: a staleness marker is one exact NaN payload; other NaNs are ordinary samples and
// must be kept.
inline constexpr std::uint64_t kStaleNanBits = 0x7ff0'0000'0000'0002;
inline constexpr std::uint64_t kNormalNanBits = 0x7ff8'0000'0000'0001;
inline bool is_stale(double v) { return std::bit_cast<std::uint64_t>(v) == kStaleNanBits; }
inline double stale_marker() { return std::bit_cast<double>(kStaleNanBits); }
inline double normal_nan() { return std::bit_cast<double>(kNormalNanBits); }

struct Sample {
  TimestampMs t;
  double v;
};
// Bit equality of the value: NaNs are equal to themselves, -0 is not 0.
inline bool identical(const Sample& a, const Sample& b) {
  return a.t == b.t && std::bit_cast<std::uint64_t>(a.v) == std::bit_cast<std::uint64_t>(b.v);
}

// A native histogram, in float form. https://prometheus.io/docs/specs/native_histograms/
struct Histogram {
  enum class ResetHint : std::uint8_t { kUnknown, kReset, kNotReset, kGauge };
  struct Span {
    std::int32_t offset;  // gap to the end of the previous span; for the first, the index of its
                          // first bucket
    std::uint32_t length;
    bool operator==(const Span&) const = default;
  };
  static constexpr std::int32_t kCustomBucketsSchema = -53;

  std::int32_t schema = 0;  // [-4, 8] exponential, or kCustomBucketsSchema
  ResetHint reset_hint = ResetHint::kUnknown;
  double zero_threshold = 0;
  double zero_count = 0;
  double count = 0;
  double sum = 0;
  std::vector<Span> positive_spans, negative_spans;
  std::vector<double> positive_buckets, negative_buckets;  // absolute counts
  std::vector<double> custom_bounds;                       // upper bounds, ascending, without +Inf
};

struct HistogramSample {
  TimestampMs t;
  std::shared_ptr<const Histogram> h;
};

struct Exemplar {
  Labels labels;
  double value;
  TimestampMs t;
};

enum class MetricType : std::uint8_t {
  kUnknown,
  kCounter,
  kGauge,
  kHistogram,
  kGaugeHistogram,
  kSummary,
  kInfo,
  kStateset,
};
// Prometheus's word for it: `counter`, `gaugehistogram`, …
std::string_view to_string(MetricType type);

struct Metadata {
  MetricType type = MetricType::kUnknown;
  std::string help;
  std::string unit;
  bool operator==(const Metadata&) const = default;
};

}  // namespace silverback
