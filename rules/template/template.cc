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

Result<Template> Template::parse(std::string_view text, std::string_view name) {
  if (text.find("{{") == std::string_view::npos) return Template(std::string(text), nullptr);
  Tree tree = TRY(parse_alert_text(text, name));
  return Template(std::string(text), std::make_shared<const Tree>(std::move(tree)));
}

Result<std::string> Template::expand(const Data& data, const Environment& environment,
                                     const ExecutionLimits& limits) const {
  if (tree_ == nullptr) return text_;
  Result<std::string> expanded = execute(*tree_, to_value(data), environment, limits);
  if (!expanded) {
    return fail(std::move(expanded).error().within("error executing template " + tree_->name));
  }
  return expanded;
}

// By its text: what looks like a call in a string or a comment counts too, which only costs speed.
bool Template::may_call(std::string_view function) const {
  return tree_ != nullptr && text_.find(function) != std::string::npos;
}

Result<std::string> expand(std::string_view text, std::string_view name, const Data& data,
                           const Environment& environment, const ExecutionLimits& limits) {
  Result<Template> parsed = Template::parse(text, name);
  if (!parsed) {
    return fail(std::move(parsed).error().within("error parsing template " + std::string(name)));
  }
  return parsed->expand(data, environment, limits);
}

}  // namespace silverback::templates
