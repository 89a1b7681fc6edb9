// Rules, the alerts they raise, and the Alertmanagers that are told.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <openssl/sha.h>

#include "api/context.h"
#include "api/endpoints.h"
#include "api/envelope.h"
#include "api/parameters.h"
#include "rules/manager.h"
#include "rules/notifier/notifier.h"

namespace silverback::api {
namespace {

using rules::Alert;
using rules::GroupStatus;
using rules::RuleSpec;
using rules::RuleStatus;

struct RuleFilter {
  enum class Kind : std::uint8_t { kAll, kAlerts, kRecords };
  Kind kind = Kind::kAll;
  std::vector<std::string_view> rules, groups, files;  // empty: all
  std::vector<std::vector<Matcher>> matchers;          // of the labels as configured
  bool with_alerts = true;
  std::size_t groups_max = 0;  // 0: all
  std::string_view token;      // of the first group wanted

  // Not if none of its rules is wanted.
  bool takes(const GroupStatus& group) const {
    return is_among(group.spec->name, groups) && is_among(group.spec->file, files) &&
           std::any_of(group.spec->rules.begin(), group.spec->rules.end(),
                       [this](const RuleSpec& rule) { return takes(rule); });
  }
  bool takes(const RuleSpec& rule) const {
    if (kind == Kind::kAlerts && !rule.text.is_alert()) return false;
    if (kind == Kind::kRecords && rule.text.is_alert()) return false;
    return is_among(rule.text.name(), rules) && matches(rule);
  }

 private:
  static bool is_among(std::string_view name, const std::vector<std::string_view>& names) {
    return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
  }
  bool matches(const RuleSpec& rule) const {
    if (matchers.empty()) return true;
    LabelsBuilder builder;
    for (const auto& [name, value] : rule.text.labels) builder.set(name, value);
    const Labels labels = builder.build();
    return std::any_of(
        matchers.begin(), matchers.end(),
        [&labels](const std::vector<Matcher>& set) { return all_match(set, labels); });
  }
};

Error bad(std::string_view name, const std::string& message) {
  return {ErrorCode::kInvalidArgument, "invalid parameter " + quote(name) + ": " + message};
}

// Values of a repeated parameter; empty ones, which Grafana sends, ask for nothing.
std::vector<std::string_view> values_of(const Request& request, std::string_view name) {
  std::vector<std::string_view> values = request.form.all(name);
  std::erase(values, std::string_view());
  return values;
}

Result<bool> bool_parameter(const Request& request, std::string_view name) {
  const std::string_view text = request.form.get(name);
  for (const std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"", "0", "f", "F", "false", "FALSE", "False"}) {
    if (text == no) return false;
  }
  return fail(bad(name, "error converting " + std::string(name) + ": " + quote(text) +
                            " is neither true nor false"));
}

Result<RuleFilter::Kind> kind_parameter(const Request& request) {
  const std::string_view type = request.form.get("type");
  if (type.empty()) return RuleFilter::Kind::kAll;
  if (equals_ignoring_case(type, "alert")) return RuleFilter::Kind::kAlerts;
  if (equals_ignoring_case(type, "record")) return RuleFilter::Kind::kRecords;
  return fail(bad("type", "not supported value " + quote(type)));
}

Status read_page(const Request& request, RuleFilter& filter) {
  const std::string_view limit = request.form.get("group_limit");
  filter.token = request.form.get("group_next_token");
  if (limit.empty() && !filter.token.empty()) {
    return fail(bad("group_next_token",
                    "group_limit needs to be present in order to paginate over the groups"));
  }
  if (limit.empty()) return {};
  const auto [end, error] =
      std::from_chars(limit.data(), limit.data() + limit.size(), filter.groups_max);
  if (error != std::errc() || end != limit.data() + limit.size() || filter.groups_max == 0) {
    return fail(
        bad("group_limit", "group_limit needs to be a number greater than 0, not " + quote(limit)));
  }
  return {};
}

Result<RuleFilter> rule_filter(const Request& request) {
  RuleFilter filter;
  filter.kind = TRY(kind_parameter(request));
  filter.rules = values_of(request, "rule_name[]");
  filter.groups = values_of(request, "rule_group[]");
  filter.files = values_of(request, "file[]");
  filter.matchers = TRY(match_parameters(request));
  filter.with_alerts = !TRY(bool_parameter(request, "exclude_alerts"));
  TRY(read_page(request, filter));
  return filter;
}

// Names a group in a page's `groupNextToken`.
std::string token_of(const GroupStatus& group) {
  const std::string key = group.spec->file + ";" + group.spec->name;
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest.data());
  std::string token;
  for (const unsigned char byte : digest) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    token += kDigits[byte >> 4];
    token += kDigits[byte & 15];
  }
  return token;
}

// As Go prints a float with `e`: 1e+00.
std::string exponent_text(double v) {
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v > 0 ? "+Inf" : "-Inf";
  std::array<char, 32> text;
  const auto written =
      std::to_chars(text.data(), text.data() + text.size(), v, std::chars_format::scientific);
  return {text.data(), written.ptr};
}

constexpr double kMsPerSecond = 1000;

void write_texts(JsonWriter& json, std::string_view key,
                 const std::map<std::string, std::string>& texts) {
  json.key(key).begin_object();
  for (const auto& [name, text] : texts) json.key(name).string(text);
  json.end_object();
}

void write_alert(JsonWriter& json, const Alert& alert) {
  json.begin_object();
  json.key("labels").labels(alert.labels);
  json.key("annotations").begin_object();
  for (const auto& [name, text] : alert.annotations) json.key(name).string(text);
  json.end_object();
  json.key("state").string(to_string(alert.state));
  json.key("activeAt").string(format_rfc3339_ns(alert.active_at));
  if (alert.keep_firing_since != rules::kNever)
    json.key("keepFiringSince").string(format_rfc3339_ns(alert.keep_firing_since));
  json.key("value").string(exponent_text(alert.value));
  json.end_object();
}

std::string time_text(TimestampMs t) {
  return t == 0 ? std::string(kNeverText) : format_rfc3339(t);
}

void write_rule(JsonWriter& json, const RuleSpec& spec, const RuleStatus& status) {
  const bool is_alert = spec.text.is_alert();
  json.begin_object();
  if (is_alert) json.key("state").string(to_string(status.state));
  json.key("name").string(spec.text.name());
  json.key("query").string(spec.query);
  if (is_alert) {
    json.key("duration").number(static_cast<double>(spec.text.hold) / kMsPerSecond);
    json.key("keepFiringFor").number(static_cast<double>(spec.text.keep_firing_for) / kMsPerSecond);
  }
  write_texts(json, "labels", spec.text.labels);
  if (is_alert) {
    write_texts(json, "annotations", spec.text.annotations);
    json.key("alerts").begin_array();
    for (const Alert& alert : status.alerts) write_alert(json, alert);
    json.end_array();
  }
  json.key("health").string(to_string(status.health));
  if (!status.last_error.empty()) json.key("lastError").string(status.last_error);
  json.key("evaluationTime").number(status.evaluation_seconds);
  json.key("lastEvaluation").string(time_text(status.last_evaluation));
  json.key("type").string(is_alert ? "alerting" : "recording");
  json.end_object();
}

void write_group(JsonWriter& json, const GroupStatus& group, const RuleFilter& filter) {
  const std::vector<RuleSpec>& specs = group.spec->rules;
  json.begin_object();
  json.key("name").string(group.spec->name);
  json.key("file").string(group.spec->file);
  json.key("rules").begin_array();
  for (std::size_t i = 0; i < specs.size(); ++i) {
    if (filter.takes(specs[i])) write_rule(json, specs[i], group.rules[i]);
  }
  json.end_array();
  json.key("interval").number(static_cast<double>(group.spec->interval) / kMsPerSecond);
  json.key("limit").integer(group.spec->limit);
  json.key("evaluationTime").number(group.evaluation_seconds);
  json.key("lastEvaluation").string(time_text(group.last_evaluation));
  json.end_object();
}

std::vector<GroupStatus> groups_of(const Context& context, bool with_alerts) {
  const rules::Manager* manager = context.storage.rules;
  return manager == nullptr ? std::vector<GroupStatus>() : manager->groups(with_alerts);
}

}  // namespace

Response rules(const Context& context, const Request& request) {
  const Result<RuleFilter> filter = rule_filter(request);
  if (!filter) return error_response(filter.error());
  std::vector<GroupStatus> groups = groups_of(context, filter->with_alerts);
  std::erase_if(groups, [&filter](const GroupStatus& group) { return !filter->takes(group); });
  auto group = groups.begin();
  if (!filter->token.empty()) {
    group = std::find_if(groups.begin(), groups.end(), [&filter](const GroupStatus& candidate) {
      return token_of(candidate) == filter->token;
    });
    if (group == groups.end()) {
      return error_response(bad("group_next_token", "invalid group_next_token '" +
                                                        std::string(filter->token) +
                                                        "'. were rule groups changed?"));
    }
  }
  JsonWriter json = begin_success();
  json.begin_object().key("groups").begin_array();
  std::size_t written = 0;
  for (; group != groups.end() && (filter->groups_max == 0 || written < filter->groups_max);
       ++group, ++written) {
    write_group(json, *group, *filter);
  }
  json.end_array();
  if (group != groups.end()) json.key("groupNextToken").string(token_of(*group));
  json.end_object();
  return finish_success(std::move(json));
}

Response alerts(const Context& context, const Request&) {
  JsonWriter json = begin_success();
  json.begin_object().key("alerts").begin_array();
  for (const GroupStatus& group : groups_of(context, true)) {
    for (const RuleStatus& rule : group.rules) {
      for (const Alert& alert : rule.alerts) write_alert(json, alert);
    }
  }
  json.end_array().end_object();
  return finish_success(std::move(json));
}

Response alertmanagers(const Context& context, const Request&) {
  notifier::Alertmanagers list;
  if (context.storage.notifier != nullptr) list = context.storage.notifier->alertmanagers();
  JsonWriter json = begin_success();
  json.begin_object();
  const auto write = [&json](std::string_view key, const std::vector<std::string>& urls) {
    json.key(key).begin_array();
    for (const std::string& url : urls) json.begin_object().key("url").string(url).end_object();
    json.end_array();
  };
  write("activeAlertmanagers", list.active);
  write("droppedAlertmanagers", list.dropped);
  json.end_object();
  return finish_success(std::move(json));
}

}  // namespace silverback::api
