#include "promql/annotations.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/labels.h"

namespace silverback::promql {
namespace {

std::vector<std::string> render(const std::map<std::string, PositionRange>& texts,
                                std::string_view prefix, std::string_view query) {
  std::vector<std::string> out;
  for (const auto& [text, position] : texts) {
    std::string line(prefix);
    line.append(text).append(" (").append(line_and_column(query, position.start)).append(")");
    out.push_back(std::move(line));
  }
  return out;
}

}  // namespace

void Annotations::warn(std::string text, PositionRange position) {
  MutexLock lock(mutex_);
  warnings_[std::move(text)] = position;
}

void Annotations::info(std::string text, PositionRange position) {
  MutexLock lock(mutex_);
  infos_[std::move(text)] = position;
}

void Annotations::info_monotonicity(std::string_view metric_name, const MonotonicityFix& fix,
                                    TimestampMs t, PositionRange position) {
  MutexLock lock(mutex_);
  const auto found = monotonicity_.find(metric_name);
  if (found == monotonicity_.end()) {
    monotonicity_.emplace(metric_name, Monotonicity{fix, t, t, 1, position});
    return;
  }
  Monotonicity& all = found->second;
  all.fix.bucket_min = std::min(all.fix.bucket_min, fix.bucket_min);
  all.fix.bucket_max = std::max(all.fix.bucket_max, fix.bucket_max);
  all.fix.difference_max = std::max(all.fix.difference_max, fix.difference_max);
  all.t_min = std::min(all.t_min, t);
  all.t_max = std::max(all.t_max, t);
  all.position = position;
  ++all.count;
}

void Annotations::warn_verbatim(std::string text) {
  MutexLock lock(mutex_);
  verbatim_.insert(std::move(text));
}

std::vector<std::string> Annotations::warnings(std::string_view query) const {
  MutexLock lock(mutex_);
  std::vector<std::string> out = render(warnings_, "PromQL warning: ", query);
  out.insert(out.end(), verbatim_.begin(), verbatim_.end());
  return out;
}

std::vector<std::string> Annotations::infos(std::string_view query) const {
  MutexLock lock(mutex_);
  std::vector<std::string> out = render(infos_, "PromQL info: ", query);
  for (const auto& [name, found] : monotonicity_) {
    std::string line =
        "PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see "
        "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)";
    if (!name.empty()) line.append(" for metric name ").append(quote(name));
    line.append(", from buckets ")
        .append(short_float(found.fix.bucket_min))
        .append(" to ")
        .append(short_float(found.fix.bucket_max))
        .append(", with a max diff of ")
        .append(short_float(found.fix.difference_max, 2))
        .append(", over ")
        .append(std::to_string(found.count))
        .append(" samples from ")
        .append(format_rfc3339(found.t_min / 1000 * 1000))
        .append(" to ")
        .append(format_rfc3339(found.t_max / 1000 * 1000))
        .append(" (")
        .append(line_and_column(query, found.position.start))
        .append(")");
    out.push_back(std::move(line));
  }
  return out;
}

std::string line_and_column(std::string_view query, std::uint32_t offset) {
  const std::string_view before = query.substr(0, std::min<std::size_t>(offset, query.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t last_break = before.rfind('\n');
  const std::size_t column =
      last_break == std::string_view::npos ? before.size() + 1 : before.size() - last_break;
  return std::to_string(line) + ":" + std::to_string(column);
}

std::string short_float(double v, int digits) {
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v > 0 ? "+Inf" : "-Inf";
  char buffer[400];
  char* const end = buffer + sizeof buffer;
  if (digits > 0)
    return {buffer, std::to_chars(buffer, end, v, std::chars_format::general, digits).ptr};
  const double magnitude = std::fabs(v);
  const bool exponent = magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e6);
  return {buffer, std::to_chars(buffer, end, v,
                                exponent ? std::chars_format::scientific : std::chars_format::fixed)
                      .ptr};
}

std::string invalid_quantile_text(double q) {
  return "quantile value should be between 0 and 1, got " + short_float(q);
}

std::string invalid_ratio_text(double ratio, double capped_to) {
  return "ratio value should be between -1 and 1, got " + short_float(ratio) + ", capping to " +
         short_float(capped_to);
}

std::string bad_bucket_label_text(std::string_view metric_name, std::string_view label_value) {
  std::string text = "bucket label \"le\" is missing or has a malformed value of ";
  text.append(quote(label_value));
  if (!metric_name.empty()) text.append(" for metric name ").append(quote(metric_name));
  return text;
}

std::string possible_non_counter_text(std::string_view metric_name) {
  return "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: " +
         quote(metric_name);
}

std::string possible_non_counter_type_text(std::string_view metric_name, std::string_view type) {
  return "metric might not be a counter, __type__ label is not set to \"counter\" or "
         "\"histogram\", got " +
         quote(type) + ": " + quote(metric_name);
}

}  // namespace silverback::promql
