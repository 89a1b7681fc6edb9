#include "scrape/series_labels.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "ingest/acceptance.h"

namespace silverback::scrape {
namespace {

constexpr std::string_view kExportedPrefix = "exported_";

// `exposed` is sorted and has the labels with empty values, too.
bool is_exposed(const std::vector<Label>& exposed, std::string_view name) {
  const auto at = std::lower_bound(
      exposed.begin(), exposed.end(), name,
      [](const Label& label, std::string_view wanted) { return label.name < wanted; });
  return at != exposed.end() && at->name == name;
}

void add_target_labels(const Labels& target_labels, LabelsBuilder& builder) {
  std::vector<std::pair<std::string, std::string>> moved;  // name, exposed value
  for (const Label& label : target_labels) {
    if (const std::string_view exposed = builder.get(label.name); !exposed.empty()) {
      moved.emplace_back(label.name, exposed);
    }
    builder.set(label.name, label.value);
  }
  std::stable_sort(moved.begin(), moved.end(),
                   [](const auto& a, const auto& b) { return a.first.size() < b.first.size(); });
  for (auto& [name, value] : moved) {
    do {
      name.insert(0, kExportedPrefix);
    } while (!builder.get(name).empty());
    builder.set(name, value);
  }
}

bool has_allowed_names(const Labels& labels, config::NameScheme scheme) {
  return config::is_metric_name(labels.metric_name(), scheme) &&
         std::all_of(labels.begin(), labels.end(), [&](const Label& label) {
           return config::is_label_name(label.name, scheme) && is_valid_utf8(label.value);
         });
}

// As Go's `%.50s`: the first 50 runes.
std::string_view first_runes(std::string_view text) {
  constexpr int kRunesMax = 50;
  int runes = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
    if (begins && ++runes > kRunesMax) return text.substr(0, i);
  }
  return text;
}

// `what exceeded (metric: m…, length: 7, limit: 5)`
Status exceeded(std::string_view limit_name, const Labels& labels, std::string_view details,
                std::string_view size_name, std::size_t size, std::uint64_t limit) {
  std::string text(limit_name);
  text.append(" exceeded (metric: ").append(first_runes(labels.metric_name())).append(details);
  text.append(", ").append(size_name).append(": ").append(std::to_string(size));
  text.append(", limit: ").append(std::to_string(limit)).append(")");
  return fail(ErrorCode::kInvalidArgument, std::move(text));
}

}  // namespace

Result<Labels> series_labels(const SampleRules& rules, const Labels& target_labels,
                             std::vector<Label> exposed, LabelsBuilder& builder) {
  builder.reset(TRY(ingest::checked_series_labels(exposed)));
  if (rules.honor_labels) {
    for (const Label& label : target_labels) {
      if (!is_exposed(exposed, label.name)) builder.set(label.name, label.value);
    }
  } else {
    add_target_labels(target_labels, builder);
  }
  if (!rules.relabeling.apply(builder)) return Labels();
  Labels labels = builder.build();
  if (labels.empty()) return labels;
  if (!labels.has(kMetricName)) {
    return fail(ErrorCode::kInvalidArgument, "missing metric name (__name__ label)");
  }
  if (!has_allowed_names(labels, rules.names)) {
    return fail(ErrorCode::kInvalidArgument,
                "invalid metric name or label names: " + ingest::cut_for_error(labels.to_string()));
  }
  return labels;
}

Status check_label_limits(const Labels& labels, const config::ScrapeLimits& limits) {
  if (limits.label_limit != 0 && labels.size() > limits.label_limit) {
    return exceeded("label_limit", labels, "", "number of labels", labels.size(),
                    limits.label_limit);
  }
  const std::uint64_t name_max = limits.label_name_length_limit;
  const std::uint64_t value_max = limits.label_value_length_limit;
  if (name_max == 0 && value_max == 0) return {};
  for (const Label& label : labels) {
    std::string details(", label name: ");
    if (name_max != 0 && label.name.size() > name_max) {
      details.append(first_runes(label.name));
      return exceeded("label_name_length_limit", labels, details, "length", label.name.size(),
                      name_max);
    }
    if (value_max != 0 && label.value.size() > value_max) {
      details.append(first_runes(label.name));
      details.append(", value: ").append(quote(first_runes(label.value)));
      return exceeded("label_value_length_limit", labels, details, "length", label.value.size(),
                      value_max);
    }
  }
  return {};
}

bool make_same_series(const SampleRules& a, const SampleRules& b) {
  // Limits of labels are checked when a line is new; that of samples, at every scrape.
  return a.honor_labels == b.honor_labels && a.honor_timestamps == b.honor_timestamps &&
         a.track_timestamps_staleness == b.track_timestamps_staleness &&
         a.extra_report == b.extra_report && a.relabeling.rules() == b.relabeling.rules() &&
         a.names == b.names && a.limits.label_limit == b.limits.label_limit &&
         a.limits.label_name_length_limit == b.limits.label_name_length_limit &&
         a.limits.label_value_length_limit == b.limits.label_value_length_limit;
}

}  // namespace silverback::scrape
