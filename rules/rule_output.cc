#include "rules/rule_output.h"

#include <iterator>
#include <utility>

namespace silverback::rules {
namespace {

// A late result or marker would cut a hole into what somebody else wrote since.
constexpr AppendOptions kInOrder{.reject_out_of_order = true};

}  // namespace

Status RuleOutput::append(const OutputSample& sample, TimestampMs t, RuleBatch& batch) {
  Written& written = series_[sample.labels];
  written.current = true;
  if (written.ref == SeriesRef::kNone || !batch.appender.known(written.ref))
    written.ref = TRY(batch.appender.series(sample.labels));
  if (sample.h != nullptr) {
    batch.appender.append(written.ref, HistogramSample{t, sample.h}, kInOrder);
  } else {
    batch.appender.append(written.ref, Sample{t, sample.v}, kInOrder);
  }
  ++batch.appended;
  return {};
}

Status RuleOutput::end(const Labels& labels, Written& written, TimestampMs t, RuleBatch& batch) {
  if (!batch.appender.known(written.ref)) written.ref = TRY(batch.appender.series(labels));
  batch.appender.append(written.ref, Sample{t, stale_marker()}, kInOrder);
  ++batch.appended;
  return {};
}

Status RuleOutput::add(const std::vector<OutputSample>& samples, TimestampMs t, RuleBatch& batch) {
  for (auto& [labels, written] : series_) written.current = false;
  for (const OutputSample& sample : samples) TRY(append(sample, t, batch));
  for (auto& [labels, written] : series_) {
    if (written.stored && !written.current) TRY(end(labels, written, t, batch));
  }
  return {};
}

void RuleOutput::committed(bool stored) {
  for (auto it = series_.begin(); it != series_.end();) {
    Written& written = it->second;
    if (stored) written.stored = written.current;
    it = written.stored ? std::next(it) : series_.erase(it);
  }
}

Status RuleOutput::end_all(TimestampMs t, RuleBatch& batch) {
  for (auto& [labels, written] : series_) TRY(end(labels, written, t, batch));
  series_.clear();
  return {};
}

void RuleOutput::take(RuleOutput& old) {
  for (auto& [labels, written] : old.series_) series_.insert({labels, written});
  old.series_.clear();
}

}  // namespace silverback::rules
