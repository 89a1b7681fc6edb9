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
    text += is_legacy_label_name(label.name) ? std::string(label.name) : quote(label.name);
    text += '=';
    text += quote(label.value);
  }
  return text + "}";
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
                                                   std::string(label.name));
    }
    has_metric_name |= label.name == kMetricName && !label.value.empty();
  }
  if (!has_metric_name) {
    return fail(ErrorCode::kInvalidArgument,
                "invalid metric name or labels, got " + to_text(labels));
  }
  return Labels::from_sorted(labels);
}

}  // namespace silverback::ingest
