// `/federate`: the newest sample of every series that a selector finds, as a page that another
// server scrapes. The page is text 0.0.4, the one format that every scraper reads. Prometheus
// serves it too, and protobuf to who prefers that, but never OpenMetrics: it knows neither types
// nor units of what it has stored.
//
//   # TYPE up untyped
//   up{instance="h:1",job="node",region="eu"} 1 1795219200000
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/matcher.h"
#include "base/queryable.h"
#include "base/result.h"
#include "base/sample.h"
#include "base/time.h"
#include "ingest/exposition_format.h"

namespace silverback::api {

struct FederatedSample {
  Labels labels;
  Sample sample;
};

struct FederatedSamples {
  std::vector<FederatedSample> samples;  // by metric name, then labels; each series once
  std::size_t warnings = 0;              // that the storage gave
};

// The newest sample in `range` of each series that has a name and matches any of the sets, unless
// that is a staleness marker, which no exposition format can carry. Errors: kExecution (more than
// `samples_max`), kCanceled, and the storage's.
Result<FederatedSamples> federated_samples(const Queryable& storage,
                                           const std::vector<std::vector<Matcher>>& matcher_sets,
                                           TimeRange range, std::uint64_t samples_max,
                                           const std::atomic<bool>& canceled);

// How the reader of the page takes names that are not legacy-valid, by its Accept header. The types
// are read from the most wanted one down to the first that is text 0.0.4, and the last `escaping=`
// on the way counts, whichever type it is of; without any, with underscores. So does Prometheus
// (expfmt.NegotiateAccept), and its scraper relies on it: it says `escaping=` only at types that
// are not served here.
ingest::EscapingScheme accepted_escaping(std::string_view accept);

// Requires the order that federated_samples() gives. Each series has the external labels whose
// names it has not; and an empty `instance` if nobody gives it one, so that a scraper with
// honor_labels does not put itself there.
std::string federation_page(const std::vector<FederatedSample>& samples,
                            const Labels& external_labels, ingest::EscapingScheme escaping);

}  // namespace silverback::api
