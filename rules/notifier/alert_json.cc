#include "rules/notifier/alert_json.h"

#include <string_view>

#include <boost/json.hpp>

#include "base/time.h"

namespace silverback::notifier {
namespace {

namespace json = boost::json;

json::string_view view(std::string_view text) { return {text.data(), text.size()}; }

// `2015-07-01T20:10:30.700Z`: always three digits, what is finer cut off.
std::string milliseconds_text(TimestampNs t) {
  constexpr std::string_view kZeros = ".000Z";
  constexpr TimestampNs kNsPerMs = 1'000'000;
  const TimestampMs ms = t / kNsPerMs - (t % kNsPerMs < 0 ? 1 : 0);
  std::string text = format_rfc3339(ms);
  text.pop_back();
  const std::size_t point = text.find('.');
  const std::size_t digits = point == text.npos ? 0 : text.size() - point;
  return text.append(kZeros.substr(digits));
}

json::object labels_object(const Labels& labels) {
  json::object object;
  for (const Label& label : labels) object.emplace(view(label.name), view(label.value));
  return object;
}

json::object alert_object(const Alert& alert) {
  json::object annotations;
  for (const auto& [name, value] : alert.annotations) annotations.emplace(name, value);
  json::object object;
  if (!annotations.empty()) object.emplace("annotations", std::move(annotations));
  object.emplace("endsAt", milliseconds_text(alert.ends_at));
  object.emplace("startsAt", milliseconds_text(alert.starts_at));
  if (!alert.generator_url.empty()) object.emplace("generatorURL", alert.generator_url);
  object.emplace("labels", labels_object(alert.labels));
  return object;
}

}  // namespace

std::string alerts_json(const std::vector<std::shared_ptr<const Alert>>& alerts) {
  json::array array;
  array.reserve(alerts.size());
  for (const auto& alert : alerts) array.push_back(alert_object(*alert));
  return json::serialize(array);
}

}  // namespace silverback::notifier
