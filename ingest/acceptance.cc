#include "ingest/acceptance.h"

#include <algorithm>
#include <string>

namespace silverback::ingest {
namespace {

// For error texts only: the set may be one that Labels cannot hold.
std::string to_text(const std::vector<Label>& labels) {
  std::string text = "{";
  for (const Label& label : labels) {
    if (text.size() > 1) text += ", ";
    // What is beyond the cut is not even rendered: it can be megabytes.
    const std::string_view name = label.name.substr(0, kErrorLabelsBytesMax + 1);
    text += is_legacy_label_name(name) ? std::string(name) : quote(name);
    text += '=';
    text += quote(label.value.substr(0, kErrorLabelsBytesMax + 1));
    if (text.size() > kErrorLabelsBytesMax) return cut_for_error(text);
  }
  return cut_for_error(text + "}");
}

}  // namespace

Result<Labels> checked_series_labels(std::vector<Label>& labels) {
  std::sort(labels.begin(), labels.end(),
            [](const Label& a, const Label& b) { return a.name < b.name; });
  bool has_metric_name = false;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const Label& label = labels[i];
    if (label.name.empty() || !is_valid_utf8(label.name) || !is_valid_utf8(label.value)) {
      return fail(ErrorCode::kInvalidArgument,
                  "invalid metric name or labels, got " + to_text(labels));
    }
    if (i > 0 && labels[i - 1].name == label.name) {
      return fail(ErrorCode::kInvalidArgument, "invalid labels for series, labels " +
                                                   to_text(labels) + ", duplicated label " +
                                                   cut_for_error(label.name));
    }
    has_metric_name |= label.name == kMetricName && !label.value.empty();
  }
  if (!has_metric_name) {
    return fail(ErrorCode::kInvalidArgument,
                "invalid metric name or labels, got " + to_text(labels));
  }
  Labels checked = Labels::from_sorted(labels);
  if (labels.size() > kSeriesLabelsMax && checked.size() > kSeriesLabelsMax) {
    return fail(ErrorCode::kInvalidArgument,
                "invalid labels for series, " + std::to_string(checked.size()) +
                    " labels, the limit is " + std::to_string(kSeriesLabelsMax) + ": " +
                    to_text(labels));
  }
  return checked;
}

std::string cut_for_error(std::string_view text) {
  if (text.size() <= kErrorLabelsBytesMax) return std::string(text);
  std::size_t end = kErrorLabelsBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

}  // namespace silverback::ingest
