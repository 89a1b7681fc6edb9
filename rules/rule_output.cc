#include "rules/rule_output.h"

#include <iterator>

namespace silverback::rules {
namespace {

// A late result or marker would cut a hole into what somebody else wrote since.
constexpr AppendOptions kInOrder{.reject_out_of_order = true};

}  // namespace

Status RuleOutput::look_up(const Labels& labels, Written& written, Appender& appender) {
  if (written.ref != SeriesRef::kNone && appender.known(written.ref)) return {};
  written.ref = TRY(appender.series(labels));
  return {};
}

void RuleOutput::end(const Written& written, TimestampMs t, RuleBatch& batch) {
  batch.appender.append(written.ref, Sample{t, stale_marker()}, kInOrder);
  ++batch.appended;
}

Status RuleOutput::add(const std::vector<OutputSample>& samples, TimestampMs t, RuleBatch& batch) {
  for (auto& [labels, written] : series_) written.current = false;
  std::vector<const Written*> targets;
  targets.reserve(samples.size());
  for (const OutputSample& sample : samples) {
    Written& written = series_[sample.labels];
    written.current = true;
    TRY(look_up(sample.labels, written, batch.appender));
    targets.push_back(&written);
  }
  for (auto& [labels, written] : series_) {
    if (!written.current) TRY(look_up(labels, written, batch.appender));
  }
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (samples[i].h != nullptr) {
      batch.appender.append(targets[i]->ref, HistogramSample{t, samples[i].h}, kInOrder);
    } else {
      batch.appender.append(targets[i]->ref, Sample{t, samples[i].v}, kInOrder);
    }
    ++batch.appended;
  }
  for (const auto& [labels, written] : series_) {
    if (written.stored && !written.current) end(written, t, batch);
  }
  return {};
}

void RuleOutput::refused(const Labels& labels) {
  const auto found = series_.find(labels);
  if (found != series_.end()) found->second.current = false;
}

void RuleOutput::committed(bool stored) {
  for (auto it = series_.begin(); it != series_.end();) {
    Written& written = it->second;
    if (stored) written.stored = written.current;
    it = written.stored ? std::next(it) : series_.erase(it);
  }
}

Status RuleOutput::add_ends(TimestampMs t, RuleBatch& batch) {
  for (auto& [labels, written] : series_) TRY(look_up(labels, written, batch.appender));
  for (const auto& [labels, written] : series_) end(written, t, batch);
  return {};
}

}  // namespace silverback::rules
