// One endpoint that is scraped: what discovery found, after relabelling.
//
//   TargetRules rules = TRY(target_rules(job));
//   for (group, labels of discovery)
//     std::optional<Target> target = TRY(make_target(rules, labels, group));   // or it is dropped
//
// Labels of a target on their way: those found (`__address__`, `__meta_…`), what the job says where
// they say nothing (`job`, `__scheme__`, `__metrics_path__`, `__param_…`, `__scrape_interval__`,
// `__scrape_timeout__`), relabelling, then `__meta_…` go and `instance` is the address if nobody
// set it. What then begins with two underscores tells how to scrape; the others are on every
// series.
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config
// Threads: immutable values and functions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "base/time.h"
#include "config/relabel.h"
#include "config/scrape_config.h"
#include "discovery/target_group.h"

namespace silverback::scrape {

struct Target {
  Labels discovered;  // before relabelling, with what the job added
  Labels labels;      // after it, without `__meta_…`: the target's identity together with `url`
  Labels own_labels;  // those of `labels` that its series carry
  std::string url;
  std::string unix_socket;  // the path of `__unix_socket__`: where the host of `url` is
  DurationMs interval = 0;
  DurationMs timeout = 0;

  bool is_same(const Target& other) const { return labels == other.labels && url == other.url; }
  // Of the identity. The same in every process and build, so that after a restart a target keeps
  // its place in time.
  std::uint64_t hash() const;
};

// What becomes of the targets of a job.
struct TargetRules {
  Labels defaults;  // that a target has where its own say nothing
  config::Relabeling relabeling;
  std::map<std::string, std::vector<std::string>> params;  // of the URL
};
// Errors: kInvalidArgument for rules that make no sense.
Result<TargetRules> target_rules(const config::ScrapeConfig& job);

// The labels before relabelling.
Labels discovered_labels(const TargetRules& rules, const Labels& target,
                         const discovery::TargetGroup& group);

// Nothing if relabelling dropped it. Errors: kInvalidArgument, in Prometheus's words: `no address`,
// `error parsing scrape interval: …`, `scrape timeout cannot be greater than …`.
Result<std::optional<Target>> make_target(const TargetRules& rules, const Labels& target,
                                          const discovery::TargetGroup& group);

// What an address may be. Errors: kInvalidArgument.
Status check_address(std::string_view address);

}  // namespace silverback::scrape
