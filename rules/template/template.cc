#include "rules/template/template.h"

#include <memory>
#include <utility>

#include "rules/template/parser.h"

namespace silverback::templates {
namespace {

// Prometheus compatibility: stands before every text, so that columns in errors count it.
constexpr std::string_view kPrelude =
    "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}"
    "{{$externalURL := .ExternalURL}}{{$value := .Value}}";

Result<Tree> parse_alert_text(std::string_view text, std::string_view name) {
  return parse(name, std::string(kPrelude).append(text),
               [](std::string_view function) { return find_function(function) != nullptr; });
}

Value to_value(const Data& data) {
  auto fields = std::make_shared<AlertData>();
  fields->labels = Value::labels(data.labels);
  fields->external_labels = Value::labels(data.external_labels);
  fields->external_url = Value(data.external_url);
  fields->value = data.histogram ? Value::histogram(*data.histogram) : Value(data.value);
  return Value::alert_data(std::move(fields));
}

}  // namespace

Status check(std::string_view text, std::string_view name) {
  TRY(parse_alert_text(text, name));
  return {};
}

Result<std::string> expand(std::string_view text, std::string_view name, const Data& data,
                           const Environment& environment, const ExecutionLimits& limits) {
  const std::string context = " template " + std::string(name);
  const Result<Tree> tree = parse_alert_text(text, name);
  if (!tree) return fail(Error(tree.error()).within("error parsing" + context));
  Result<std::string> expanded = execute(*tree, to_value(data), environment, limits);
  if (!expanded) return fail(std::move(expanded).error().within("error executing" + context));
  return expanded;
}

}  // namespace silverback::templates
