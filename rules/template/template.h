// Templates of alerts: Go's text/template with Prometheus's functions, as labels and annotations
// hold them.
//
//   templates::Environment environment{.query = …, .now = t, .external_url = url};
//   Result<std::string> text = templates::expand("{{ $labels.job }}: {{ $value | humanize }}",
//                                                "__alert_" + rule, data, environment);
//   if (!text) text = "<error expanding template: " + text.error().message + ">";
//
// Known to every text: $labels $externalLabels $externalURL $value, and the same as .Labels
// .ExternalLabels .ExternalURL .Value. A label that is not there is the empty string.
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/template_reference/
// Not here, as in Prometheus's alerts: `tmpl`, which only its console pages have. Nor imaginary
// numbers, other time zones than UTC, and the methods of native histograms.
// Reads no file and no network: what `query` may see, the caller decides.
// Threads: free functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/labels.h"
#include "base/result.h"
#include "rules/template/execution.h"
#include "rules/template/functions.h"

namespace silverback::templates {

struct Data {
  Labels labels;
  Labels external_labels;
  std::string external_url;
  double value = 0;
  // A native histogram in the value's place, as PromQL prints it.
  std::optional<std::string> histogram = {};
};

// Whether the text is a template. Errors: kInvalidArgument, `template: NAME:LINE: message`.
Status check(std::string_view text, std::string_view name);

// The text with its actions replaced by what they give. Errors: kInvalidArgument and kExecution
// (limits included), in Prometheus's words: `error parsing template NAME: …`, `error executing
// template NAME: …`.
Result<std::string> expand(std::string_view text, std::string_view name, const Data& data,
                           const Environment& environment, const ExecutionLimits& limits = {});

}  // namespace silverback::templates
