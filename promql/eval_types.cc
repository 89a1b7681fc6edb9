#include "promql/eval_types.h"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <utility>

#include "promql/eval_context.h"

namespace silverback::promql {

HeldSamples& HeldSamples::operator=(HeldSamples&& other) noexcept {
  if (this == &other) return *this;
  release();
  context_ = std::exchange(other.context_, nullptr);
  count_ = std::exchange(other.count_, 0);
  return *this;
}

void HeldSamples::release() {
  if (context_ != nullptr) context_->release(count_);
  context_ = nullptr;
  count_ = 0;
}

void SeriesSet::add_rows(std::size_t count) {
  rows_ += count;
  values_.resize(rows_ * steps_, absent());
  if (!drop_name_.empty()) drop_name_.resize(rows_, 0);
}

void SeriesSet::truncate_rows(std::size_t count) {
  rows_ = count;
  values_.resize(rows_ * steps_);
}

std::span<double> SeriesSet::add_row(Labels labels, bool drop_name) {
  assert(source_ == nullptr);
  add_rows(1);
  labels_.push_back(std::move(labels));
  if (drop_name) set_drops_name(rows_ - 1, true);
  return row(rows_ - 1);
}

Labels SeriesSet::labels(std::size_t r) const {
  if (source_ == nullptr) return labels_[r];
  Labels labels = source_->labels(source_rows_[r]);
  if (!name_removed_) return labels;
  std::vector<Label> rest;
  for (const Label& label : labels) {
    if (label.name != kMetricName) rest.push_back(label);
  }
  return Labels::from_sorted(rest);
}

std::string SeriesSet::metric_name(std::size_t r) const {
  if (source_ == nullptr) return std::string(labels_[r].metric_name());
  if (name_removed_) return {};
  return std::string(source_->labels(source_rows_[r]).metric_name());
}

void SeriesSet::set_drops_name(std::size_t r, bool drop) {
  if (drop_name_.empty() && !drop) return;
  drop_name_.resize(rows_, 0);
  drop_name_[r] = drop ? 1 : 0;
}

void SeriesSet::build_labels() {
  if (source_ == nullptr) return;
  std::vector<Labels> built;
  built.reserve(rows_);
  for (std::size_t r = 0; r < rows_; ++r) built.push_back(labels(r));
  set_labels(std::move(built));
}

void SeriesSet::set_labels(std::vector<Labels> labels) {
  assert(labels.size() == rows_);
  labels_ = std::move(labels);
  source_.reset();
  source_rows_.clear();
  name_removed_ = false;
  names_are_equal_ = false;
}

void SeriesSet::set_source(std::shared_ptr<const Selection> source, std::vector<std::uint32_t> rows,
                           bool names_are_equal) {
  assert(rows.size() == rows_);
  source_ = std::move(source);
  source_rows_ = std::move(rows);
  names_are_equal_ = names_are_equal;
}

void SeriesSet::take_labels(const SeriesSet& other, std::span<const std::uint32_t> keep) {
  assert(keep.size() == rows_);
  if (other.source_ != nullptr) {
    std::vector<std::uint32_t> rows;
    rows.reserve(keep.size());
    for (const std::uint32_t r : keep) rows.push_back(other.source_rows_[r]);
    set_source(other.source_, std::move(rows), other.names_are_equal_);
    name_removed_ = other.name_removed_;
  } else {
    std::vector<Labels> labels;
    labels.reserve(keep.size());
    for (const std::uint32_t r : keep) labels.push_back(other.labels_[r]);
    set_labels(std::move(labels));
  }
  drop_name_.clear();
  if (other.drop_name_.empty()) return;
  for (const std::uint32_t r : keep) drop_name_.push_back(other.drop_name_[r]);
}

SeriesSet SeriesSet::reordered(std::span<const std::uint32_t> order) const {
  assert(order.size() == rows_);
  SeriesSet out(steps_);
  out.add_rows(order.size());
  for (std::size_t r = 0; r < order.size(); ++r) {
    const auto from = row(order[r]);
    std::copy(from.begin(), from.end(), out.row(r).begin());
  }
  out.take_labels(*this, order);
  return out;
}

void SeriesSet::sort_by_labels() {
  if (source_ != nullptr || std::is_sorted(labels_.begin(), labels_.end())) return;
  std::vector<std::uint32_t> order(rows_);
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return labels_[a] < labels_[b]; });
  SeriesSet sorted = reordered(order);
  sorted.held = std::move(held);
  *this = std::move(sorted);
}

void SeriesSet::remove_empty_rows() {
  std::size_t kept = 0;
  for (std::size_t r = 0; r < rows_; ++r) {
    const auto values = row(r);
    if (std::all_of(values.begin(), values.end(), is_absent)) continue;
    if (kept != r) {
      std::copy(values.begin(), values.end(), row(kept).begin());
      if (source_ != nullptr) {
        source_rows_[kept] = source_rows_[r];
      } else {
        labels_[kept] = std::move(labels_[r]);
      }
      if (!drop_name_.empty()) drop_name_[kept] = drop_name_[r];
    }
    ++kept;
  }
  if (kept == rows_) return;
  truncate_rows(kept);
  if (source_ != nullptr) {
    source_rows_.resize(kept);
  } else {
    labels_.resize(kept);
  }
  if (!drop_name_.empty()) drop_name_.resize(kept);
}

std::uint64_t SeriesSet::present() const {
  return static_cast<std::uint64_t>(
      std::count_if(values_.begin(), values_.end(), [](double v) { return !is_absent(v); }));
}

}  // namespace silverback::promql
