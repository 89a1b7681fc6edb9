// Templates of alerts: Go's text/template with Prometheus's functions, as labels and annotations
// hold them.
//
//   templates::Environment environment{.query = …, .now = t, .external_url = url};
//   Template text = TRY(Template::parse("{{ $labels.job }}: {{ $value | humanize }}",
//                                       "__alert_" + rule));
//   Result<std::string> value = text.expand(data, environment);
//   if (!value) value = "<error expanding template: " + value.error().message + ">";
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

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

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

struct Tree;

// A text, parsed once and expanded as often as you like.
class Template {
 public:
  // Errors: kInvalidArgument, `template: NAME:LINE: message`.
  static Result<Template> parse(std::string_view text, std::string_view name);

  // The text with its actions replaced by what they give. Errors: kExecution (limits included), in
  // Prometheus's words: `error executing template NAME: …`.
  Result<std::string> expand(const Data& data, const Environment& environment,
                             const ExecutionLimits& limits = {}) const;

  // Whether one of its actions may call `function`.
  bool may_call(std::string_view function) const;

 private:
  Template(std::string text, std::shared_ptr<const Tree> tree)
      : text_(std::move(text)), tree_(std::move(tree)) {}

  std::string text_;
  std::shared_ptr<const Tree> tree_;  // null: a text without actions
};

// Both in one, for a text that is needed once. Errors: those of parsing come as
// `error parsing template NAME: …`.
Result<std::string> expand(std::string_view text, std::string_view name, const Data& data,
                           const Environment& environment, const ExecutionLimits& limits = {});

}  // namespace silverback::templates
