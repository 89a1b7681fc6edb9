// From the labels that stand on a page to the labels of the series in the store.
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#scrape_config
// Threads: a value of one thread; the functions from any.
#pragma once

#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "config/name_scheme.h"
#include "config/relabel.h"
#include "config/scrape_config.h"

namespace silverback::scrape {

// What a job makes of its targets' samples; shared by them.
struct SampleRules {
  bool honor_labels = false;
  bool honor_timestamps = true;
  bool track_timestamps_staleness = false;
  bool extra_report = false;  // `extra_scrape_metrics`
  config::Relabeling relabeling;
  config::NameScheme names = config::NameScheme::kUtf8;
  config::ScrapeLimits limits;  // of samples and labels; of bodies only to report it
};

// `exposed` as ingest::Exposition::labels() has them. Where a label of the target is also exposed,
// honor_labels keeps the exposed one, also if it is empty; else that one moves to `exported_name`,
// with as many prefixes as it takes to be free, shorter names first. Then metric relabelling. Empty
// if that drops the sample or leaves no labels. `builder` is room to work in. Errors:
// kInvalidArgument, in Prometheus's words, for a label that comes twice, no metric name, and names
// that the scheme does not allow.
Result<Labels> series_labels(const SampleRules& rules, const Labels& target_labels,
                             std::vector<Label> exposed, LabelsBuilder& builder);

// Errors: kInvalidArgument, in Prometheus's words.
Status check_label_limits(const Labels& labels, const config::ScrapeLimits& limits);

// Whether lines become the same series by both, and the same report.
bool make_same_series(const SampleRules& a, const SampleRules& b);

}  // namespace silverback::scrape
