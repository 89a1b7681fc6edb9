#include "scrape/target.h"

#include <algorithm>
#include <utility>

#include <xxhash.h>

#include "base/url_escape.h"

namespace silverback::scrape {
namespace {

constexpr std::string_view kAddress = "__address__";
constexpr std::string_view kScheme = "__scheme__";
constexpr std::string_view kMetricsPath = "__metrics_path__";
constexpr std::string_view kInterval = "__scrape_interval__";
constexpr std::string_view kTimeout = "__scrape_timeout__";
constexpr std::string_view kUnixSocket = "__unix_socket__";
constexpr std::string_view kParamPrefix = "__param_";
constexpr std::string_view kMetaPrefix = "__meta_";
constexpr std::string_view kInternalPrefix = "__";

// Labels that say how to read histograms. They do nothing before there are native histograms, but
// are checked, and shown.
struct Switch {
  std::string_view label, what;
};
constexpr Switch kSwitches[] = {
    {"__convert_classic_histograms_to_nhcb__", "convert classic histograms to nhcb"},
    {"__always_scrape_classic_histograms__", "always scrape classic histograms"},
    {"__scrape_native_histograms__", "scrape native histograms"},
};

template <class... Parts>
tl::unexpected<Error> invalid(const Parts&... parts) {
  std::string message;
  (message.append(parts), ...);
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

bool is_go_bool(std::string_view text) {
  constexpr std::string_view kAll[] = {"1", "t", "T", "true",  "TRUE",  "True",
                                       "0", "f", "F", "false", "FALSE", "False"};
  return std::find(std::begin(kAll), std::end(kAll), text) != std::end(kAll);
}

std::string_view bool_text(std::optional<bool> on) { return on.value_or(false) ? "true" : "false"; }

Result<DurationMs> duration_label(const LabelsBuilder& labels, std::string_view name,
                                  const std::string& what) {
  auto duration = parse_duration(labels.get(name));
  if (!duration) return invalid("error parsing ", what, ": ", duration.error().message);
  if (*duration == 0) return invalid(what, " cannot be 0");
  return *duration;
}

// `scheme://address/path?params` as Go prints a URL. A parameter that is a label, too, has the
// label's value first.
std::string url_of(const Labels& labels, std::map<std::string, std::vector<std::string>> params) {
  for (const Label& label : labels) {
    if (!label.name.starts_with(kParamPrefix)) continue;
    auto& values = params[std::string(label.name.substr(kParamPrefix.size()))];
    if (values.empty()) values.emplace_back();
    values.front() = label.value;
  }
  std::string url(labels.get(kScheme));
  if (!url.empty()) url += ':';
  url.append("//").append(percent_encode(labels.get(kAddress), "!$&'()*+,;=:[]<>\""));
  const std::string_view path = labels.get(kMetricsPath);
  if (!path.empty() && path.front() != '/') url += '/';
  url += path == "*" ? "*" : percent_encode(path, "$&+,/:;=@");
  char separator = '?';
  for (const auto& [name, values] : params) {
    for (const std::string& value : values) {
      url.append(1, separator).append(query_escape(name)).append("=").append(query_escape(value));
      separator = '&';
    }
  }
  return url;
}

Status check_switches(const LabelsBuilder& labels) {
  for (const Switch& one : kSwitches) {
    const std::string_view value = labels.get(one.label);
    if (!value.empty() && !is_go_bool(value)) {
      return invalid("error parsing ", one.what, ": strconv.ParseBool: parsing ", quote(value),
                     ": invalid syntax");
    }
  }
  return {};
}

Labels without_meta(const LabelsBuilder& labels) {
  LabelsBuilder kept(labels);
  for (const Label& label : labels.build())
    if (label.name.starts_with(kMetaPrefix)) kept.remove(label.name);
  if (kept.get("instance").empty()) kept.set("instance", kept.get(kAddress));
  return kept.build();
}

Labels own_labels(const Labels& labels) {
  std::vector<Label> own;
  for (const Label& label : labels)
    if (!label.name.starts_with(kInternalPrefix)) own.push_back(label);
  return Labels::from_sorted(own);
}

}  // namespace

std::uint64_t Target::hash() const {
  const std::string_view bytes = labels.bytes();
  return XXH3_64bits_withSeed(url.data(), url.size(), XXH3_64bits(bytes.data(), bytes.size()));
}

Result<TargetRules> target_rules(const config::ScrapeConfig& job) {
  LabelsBuilder defaults;
  defaults.set("job", job.job_name)
      .set(kScheme, job.scheme)
      .set(kMetricsPath, job.metrics_path)
      .set(kInterval, format_duration(job.scrape_interval))
      .set(kTimeout, format_duration(job.scrape_timeout))
      .set(kSwitches[0].label, bool_text(job.convert_classic_histograms_to_nhcb))
      .set(kSwitches[1].label, bool_text(job.always_scrape_classic_histograms))
      .set(kSwitches[2].label, bool_text(job.scrape_native_histograms));
  for (const auto& [name, values] : job.params) {
    if (!values.empty()) defaults.set(std::string(kParamPrefix) + name, values.front());
  }
  TargetRules rules;
  rules.defaults = defaults.build();
  rules.relabeling = TRY(config::Relabeling::make(job.relabel_configs));
  rules.params = job.params;
  return rules;
}

Labels discovered_labels(const TargetRules& rules, const Labels& target,
                         const discovery::TargetGroup& group) {
  LabelsBuilder labels(rules.defaults);
  set_target_labels(target, group, labels);
  return labels.build();
}

Result<std::optional<Target>> make_target(const TargetRules& rules, const Labels& target,
                                          const discovery::TargetGroup& group) {
  Target made;
  made.discovered = discovered_labels(rules, target, group);
  LabelsBuilder labels(made.discovered);
  if (!rules.relabeling.apply(labels)) return std::nullopt;
  TRY(check_address(labels.get(kAddress)));
  made.interval = TRY(duration_label(labels, kInterval, "scrape interval"));
  made.timeout = TRY(duration_label(labels, kTimeout, "scrape timeout"));
  if (made.timeout > made.interval) {
    return invalid("scrape timeout cannot be greater than scrape interval (",
                   quote(labels.get(kTimeout)), " > ", quote(labels.get(kInterval)), ")");
  }
  TRY(check_switches(labels));
  made.labels = without_meta(labels);
  for (const Label& label : made.labels) {
    if (!is_valid_utf8(label.value))
      return invalid("invalid label value for ", quote(label.name), ": ", quote(label.value));
  }
  made.own_labels = own_labels(made.labels);
  made.url = url_of(made.labels, rules.params);
  made.unix_socket = made.labels.get(kUnixSocket);
  return made;
}

Status check_address(std::string_view address) {
  if (address.empty()) return invalid("no address");
  if (address.find('/') != address.npos) return invalid(quote(address), " is not a valid hostname");
  return {};
}

}  // namespace silverback::scrape
