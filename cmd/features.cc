#include "cmd/features.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace silverback::cmd {
namespace {

struct PromqlFeature {
  std::string_view name;
  bool promql::Features::*member;
};
constexpr PromqlFeature kPromqlFeatures[] = {
    {"promql-experimental-functions", &promql::Features::experimental_functions},
    {"promql-extended-range-selectors", &promql::Features::extended_range_selectors},
    {"promql-binop-fill-modifiers", &promql::Features::binop_fill_modifiers},
    {"promql-delayed-name-removal", &promql::Features::delayed_name_removal},
    {"type-and-unit-labels", &promql::Features::type_and_unit_labels},
};

// Known to Prometheus, without effect here: not built, or always so.
constexpr std::string_view kWithoutEffect[] = {
    "auto-gomaxprocs",
    "auto-gomemlimit",
    "created-timestamp-zero-ingestion",
    "delayed-compaction",
    "exemplar-storage",
    "expand-external-labels",
    "extra-scrape-metrics",
    "fast-startup",
    "histograms-st-encoding",
    "memory-snapshot-on-shutdown",
    "metadata-wal-records",
    "native-histograms",
    "new-service-discovery-manager",
    "no-default-scrape-port",
    "old-ui",
    "otlp-deltatocumulative",
    "otlp-native-delta-ingestion",
    "promql-at-modifier",
    "promql-duration-expr",
    "promql-negative-offset",
    "promql-per-step-stats",
    "remote-write-receiver",
    "search-api",
    "st-storage",
    "st-synthesis",
    "use-start-timestamps",
    "use-uncached-io",
    "xor2-encoding",
};

}  // namespace

promql::Features promql_features(std::span<const std::string> names) {
  promql::Features features;
  for (const PromqlFeature& feature : kPromqlFeatures) {
    const bool on = std::find(names.begin(), names.end(), feature.name) != names.end();
    features.*feature.member = on;
  }
  return features;
}

Result<std::vector<std::string>> check_features(std::span<const std::string> names) {
  std::vector<std::string> warnings;
  for (const std::string& name : names) {
    if (name == "agent") {
      return fail(ErrorCode::kInvalidArgument, "--enable-feature=agent: there is no agent mode");
    }
    const auto* promql = std::find_if(std::begin(kPromqlFeatures), std::end(kPromqlFeatures),
                                      [&](const PromqlFeature& f) { return f.name == name; });
    if (promql != std::end(kPromqlFeatures)) continue;
    if (name == kConcurrentRulesFeature) continue;
    if (name == kAutoReloadFeature) {
      warnings.push_back("--enable-feature=" + name + " is deprecated, use --config.auto-reload.");
      continue;
    }
    const bool known = std::find(std::begin(kWithoutEffect), std::end(kWithoutEffect), name) !=
                       std::end(kWithoutEffect);
    warnings.push_back(known ? "--enable-feature=" + name + " has no effect here."
                             : "Unknown option for --enable-feature: " + name);
  }
  return warnings;
}

}  // namespace silverback::cmd
