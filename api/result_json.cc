#include "api/result_json.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/number_text.h"

namespace silverback::api {
namespace {

// The text `[1435781430.781,"` of instants. The series of one matrix share most of their instants,
// so those of the first series are rendered once and copied for the others.
class SampleHeads {
 public:
  explicit SampleHeads(const std::vector<Sample>& samples) {
    for (const Sample& sample : samples) {
      const std::size_t begin = text_.size();
      render(text_, sample.t);
      heads_.push_back({sample.t, begin, text_.size() - begin});
    }
  }

  // Before the samples of each series, which are then asked for in ascending time.
  void rewind() { next_ = 0; }
  // Valid until the next call.
  std::string_view of(TimestampMs t) {
    while (next_ < heads_.size() && heads_[next_].t < t) ++next_;
    if (next_ < heads_.size() && heads_[next_].t == t) {
      return std::string_view(text_).substr(heads_[next_].begin, heads_[next_].size);
    }
    single_.clear();
    render(single_, t);
    return single_;
  }

 private:
  struct Head {
    TimestampMs t;
    std::size_t begin, size;
  };
  static void render(std::string& out, TimestampMs t) {
    out += '[';
    append_json_timestamp(out, t);
    out += ",\"";
  }

  std::vector<Head> heads_;
  std::string text_, single_;
  std::size_t next_ = 0;
};

void write_floats(JsonWriter& json, const std::vector<Sample>& samples, SampleHeads& heads) {
  json.key("values").begin_array();
  std::string& out = json.buffer();
  heads.rewind();
  // Each sample is put together on the stack: one capacity check instead of five.
  constexpr std::size_t kHeadBytesMax = 32;
  std::array<char, kHeadBytesMax + kJsonFloatBytesMax + 3> text;
  for (const Sample& sample : samples) {
    const std::string_view head = heads.of(sample.t);
    char* end = std::copy(head.begin(), head.end(), text.data());
    end = write_json_float(end, sample.v);
    *end++ = '"';
    *end++ = ']';
    *end++ = ',';
    out.append(text.data(), end);
  }
  if (!samples.empty()) out.pop_back();  // the last comma
  json.end_array();
}

std::size_t sample_count(const promql::Matrix& matrix) {
  std::size_t count = 0;
  for (const promql::Series& series : matrix) count += series.floats.size();
  return count;
}

void write_matrix(JsonWriter& json, const promql::Matrix& matrix) {
  SampleHeads heads(matrix.empty() ? std::vector<Sample>{} : matrix.front().floats);
  constexpr std::size_t kSampleBytesUsual = 32;
  json.buffer().reserve(json.buffer().size() + sample_count(matrix) * kSampleBytesUsual);
  json.begin_array();
  for (const promql::Series& series : matrix) {
    json.begin_object().key("metric").labels(series.metric);
    if (!series.floats.empty()) write_floats(json, series.floats, heads);
    if (!series.histograms.empty()) {
      json.key("histograms").begin_array();
      for (const HistogramSample& sample : series.histograms) {
        json.begin_array().timestamp(sample.t);
        write_histogram(json, *sample.h);
        json.end_array();
      }
      json.end_array();
    }
    json.end_object();
  }
  json.end_array();
}

void write_vector(JsonWriter& json, const promql::Vector& vector) {
  json.begin_array();
  for (const promql::VectorSample& sample : vector) {
    json.begin_object().key("metric").labels(sample.metric);
    json.key(sample.h ? "histogram" : "value").begin_array().timestamp(sample.t);
    if (sample.h) {
      write_histogram(json, *sample.h);
    } else {
      json.quoted_float(sample.v);
    }
    json.end_array().end_object();
  }
  json.end_array();
}

// The upper bound of bucket `index`: 2^(index · 2^-schema), exact where it is a power of two.
double exponential_bound(std::int32_t schema, std::int32_t index) {
  if (schema <= 0) return std::ldexp(1.0, index * (1 << -schema));
  const std::int32_t per_octave = 1 << schema;
  std::int32_t octave = index / per_octave;
  std::int32_t within = index % per_octave;
  if (within < 0) {
    within += per_octave;
    --octave;
  }
  return std::ldexp(std::exp2(static_cast<double>(within) / per_octave), octave);
}

struct Bucket {
  double low, high, count;
  int rule;
};

// Calls found(index, count) for every bucket of one sign.
template <class Found>
void each_bucket(const std::vector<Histogram::Span>& spans, const std::vector<double>& counts,
                 Found found) {
  std::int32_t index = 0;
  std::size_t position = 0;
  for (const Histogram::Span& span : spans) {
    index += span.offset;
    for (std::uint32_t i = 0; i < span.length && position < counts.size(); ++i) {
      found(index++, counts[position++]);
    }
  }
}

std::vector<Bucket> buckets_ascending(const Histogram& h) {
  std::vector<Bucket> buckets;
  each_bucket(h.negative_spans, h.negative_buckets, [&](std::int32_t index, double count) {
    buckets.insert(buckets.begin(), {-exponential_bound(h.schema, index),
                                     -exponential_bound(h.schema, index - 1), count, 1});
  });
  if (h.zero_count != 0) {
    buckets.push_back({-h.zero_threshold, h.zero_threshold, h.zero_count, 3});
  }
  each_bucket(h.positive_spans, h.positive_buckets, [&](std::int32_t index, double count) {
    if (h.schema != Histogram::kCustomBucketsSchema) {
      buckets.push_back(
          {exponential_bound(h.schema, index - 1), exponential_bound(h.schema, index), count, 0});
      return;
    }
    constexpr double kInf = std::numeric_limits<double>::infinity();
    const auto i = static_cast<std::size_t>(index);
    const double low = i == 0 ? -kInf : h.custom_bounds[i - 1];
    const double high = i < h.custom_bounds.size() ? h.custom_bounds[i] : kInf;
    buckets.push_back({low, high, count, i == 0 ? 3 : 0});
  });
  return buckets;
}

}  // namespace

void write_histogram(JsonWriter& json, const Histogram& histogram) {
  json.begin_object();
  json.key("count").quoted_float(histogram.count).key("sum").quoted_float(histogram.sum);
  bool any = false;
  for (const Bucket& bucket : buckets_ascending(histogram)) {
    if (bucket.count == 0) continue;
    if (!any) json.key("buckets").begin_array();
    any = true;
    json.begin_array().integer(bucket.rule);
    json.quoted_float(bucket.low).quoted_float(bucket.high).quoted_float(bucket.count);
    json.end_array();
  }
  if (any) json.end_array();
  json.end_object();
}

void write_result(JsonWriter& json, const promql::Value& value) {
  json.key("resultType");
  if (const auto* matrix = std::get_if<promql::Matrix>(&value)) {
    json.string("matrix").key("result");
    write_matrix(json, *matrix);
  } else if (const auto* vector = std::get_if<promql::Vector>(&value)) {
    json.string("vector").key("result");
    write_vector(json, *vector);
  } else if (const auto* scalar = std::get_if<promql::Scalar>(&value)) {
    json.string("scalar").key("result").begin_array().timestamp(scalar->t);
    json.quoted_float(scalar->v).end_array();
  } else {
    const auto& text = std::get<promql::String>(value);
    json.string("string").key("result").begin_array().timestamp(text.t);
    json.string(text.v).end_array();
  }
}

}  // namespace silverback::api
