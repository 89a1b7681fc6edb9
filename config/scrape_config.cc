#include "config/scrape_config.h"

#include <algorithm>
#include <cctype>

#include "base/labels.h"

namespace silverback::config {
namespace {

const std::vector<std::string_view> kProtocols = {"PrometheusProto", "OpenMetricsText1.0.0",
                                                  "OpenMetricsText0.0.1", "PrometheusText1.0.0",
                                                  "PrometheusText0.0.4"};
const std::vector<std::string_view> kValidationSchemes = {"utf8", "legacy"};
const std::vector<std::string_view> kEscapingSchemes = {"allow-utf-8", "underscores", "dots",
                                                        "values"};

const Kind<RelabelAction> kRelabelAction = {
    [](const YamlNode& node, const Source& source) -> Result<RelabelAction> {
      return parse_relabel_action(TRY(kText.read(node, source)));
    },
    [](const RelabelAction& action) { return kText.print(std::string(to_string(action))); }};

void describe(Fields& f, ScrapeLimits& limits) {
  f.field("body_size_limit", kSize, limits.body_size_limit);
  f.field("sample_limit", kCount, limits.sample_limit);
  f.field("target_limit", kCount, limits.target_limit);
  f.field("label_limit", kCount, limits.label_limit);
  f.field("label_name_length_limit", kCount, limits.label_name_length_limit);
  f.field("label_value_length_limit", kCount, limits.label_value_length_limit);
  f.field("keep_dropped_targets", kCount, limits.keep_dropped_targets);
}

void describe_protocols(Fields& f, std::vector<std::string>& protocols) {
  f.list("scrape_protocols", kText, protocols);
  if (!f.reading() || !f.has("scrape_protocols")) return;
  f.require(!protocols.empty(), "scrape_protocols", "expected at least one protocol");
  std::set<std::string> seen;
  for (const std::string& protocol : protocols) {
    f.require(std::find(kProtocols.begin(), kProtocols.end(), protocol) != kProtocols.end(),
              "scrape_protocols",
              "expected PrometheusProto, OpenMetricsText1.0.0, OpenMetricsText0.0.1, "
              "PrometheusText1.0.0 or PrometheusText0.0.4, not " +
                  quote(protocol));
    f.require(seen.insert(protocol).second, "scrape_protocols", quote(protocol) + " twice");
  }
}

template <class T>
void inherit(T& value, const T& from) {
  if (value == T{}) value = from;
}

std::string escaping_of(std::string_view validation_scheme) {
  return validation_scheme == "legacy" ? "underscores" : "allow-utf-8";
}

void inherit_names(Fields& f, ScrapeConfig& job, const GlobalConfig& global) {
  const bool own_scheme = !job.metric_name_validation_scheme.empty();
  inherit(job.metric_name_validation_scheme, global.metric_name_validation_scheme);
  if (!own_scheme) inherit(job.metric_name_escaping_scheme, global.metric_name_escaping_scheme);
  inherit(job.metric_name_escaping_scheme, escaping_of(job.metric_name_validation_scheme));
  f.require(job.metric_name_validation_scheme != "legacy" ||
                job.metric_name_escaping_scheme != "allow-utf-8",
            own_scheme ? "metric_name_validation_scheme" : "metric_name_escaping_scheme",
            "allow-utf-8 cannot be asked for where names are legacy");
}

void inherit_all(Fields& f, ScrapeConfig& job, const GlobalConfig& global) {
  inherit(job.scrape_interval, global.scrape_interval);
  f.require(job.scrape_timeout <= job.scrape_interval, "scrape_timeout",
            "cannot be above scrape_interval, " + format_duration(job.scrape_interval));
  inherit(job.scrape_timeout, std::min(global.scrape_timeout, job.scrape_interval));
  inherit(job.scrape_failure_log_file, global.scrape_failure_log_file);
  inherit(job.limits.body_size_limit, global.limits.body_size_limit);
  inherit(job.limits.sample_limit, global.limits.sample_limit);
  inherit(job.limits.target_limit, global.limits.target_limit);
  inherit(job.limits.label_limit, global.limits.label_limit);
  inherit(job.limits.label_name_length_limit, global.limits.label_name_length_limit);
  inherit(job.limits.label_value_length_limit, global.limits.label_value_length_limit);
  inherit(job.limits.keep_dropped_targets, global.limits.keep_dropped_targets);
  inherit(job.scrape_native_histograms, std::optional(global.scrape_native_histograms));
  inherit(job.always_scrape_classic_histograms,
          std::optional(global.always_scrape_classic_histograms));
  inherit(job.convert_classic_histograms_to_nhcb,
          std::optional(global.convert_classic_histograms_to_nhcb));
  inherit(job.extra_scrape_metrics, std::optional(global.extra_scrape_metrics));
  inherit(job.scrape_protocols, global.scrape_protocols);
  inherit(job.scrape_protocols, default_scrape_protocols(*job.scrape_native_histograms));
  inherit_names(f, job, global);
  const NameScheme names = name_scheme(job.metric_name_validation_scheme);
  set_names(f, "relabel_configs", job.relabel_configs, names);
  set_names(f, "metric_relabel_configs", job.metric_relabel_configs, names);
}

bool is_name_character(char c) {
  return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0;
}

// The characters that are a variable's name alone, as in a shell.
bool is_special(char c) {
  return std::string_view("*#$@!?-0123456789").find(c) != std::string_view::npos;
}

struct Variable {
  std::string_view name;  // empty: none
  std::size_t bytes = 0;  // what it takes after the `$`; a broken `${` is taken away
};

Variable variable_at(std::string_view text) {
  if (text[0] == '{') {
    if (text.size() > 2 && is_special(text[1]) && text[2] == '}') return {text.substr(1, 1), 3};
    const std::size_t end = text.find('}');
    if (end == std::string_view::npos) return {{}, 1};
    return {text.substr(1, end - 1), end + 1};
  }
  if (is_special(text[0])) return {text.substr(0, 1), 1};
  std::size_t end = 0;
  while (end < text.size() && is_name_character(text[end])) ++end;
  return {text.substr(0, end), end};
}

}  // namespace

std::string expand_variables(std::string_view text, const Environment& environment) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const Variable variable = variable_at(text.substr(i + 1));
    if (variable.bytes == 0) out += '$';
    if (variable.name == "$")
      out += '$';
    else if (!variable.name.empty() && environment)
      out += environment(std::string(variable.name));
    i += variable.bytes;
  }
  return out;
}

void set_names(Fields& f, std::string_view key, std::vector<RelabelRule>& rules, NameScheme names) {
  if (names == NameScheme::kUtf8) return;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    rules[i].names = names;
    const Status checked = check_relabel_rule(rules[i]);
    if (!checked)
      f.require(false, key, "rule " + std::to_string(i + 1) + ": " + checked.error().message);
  }
}

std::vector<std::string> default_scrape_protocols(bool native_histograms) {
  return {kProtocols.begin() + (native_histograms ? 0 : 1), kProtocols.end()};
}

void describe(Fields& f, RelabelRule& rule) {
  f.list("source_labels", kLabelName, rule.source_labels, Fields::Style::kFlow);
  f.field("separator", kText, rule.separator, Shown::kAlways);
  f.field("regex", kRegex, rule.regex, Shown::kAlways);
  f.field("modulus", kCount, rule.modulus);
  f.field("target_label", kText, rule.target_label);
  f.field("replacement", kText, rule.replacement, Shown::kAlways);
  f.field("action", kRelabelAction, rule.action, Shown::kAlways);
  if (!f.reading()) return;
  if (const Status checked = check_relabel_rule(rule); !checked)
    f.require(false, "", checked.error().message);
}

void describe(Fields& f, GlobalConfig& global) {
  f.field("scrape_interval", kDuration, global.scrape_interval, Shown::kAlways);
  f.field("scrape_timeout", kDuration, global.scrape_timeout, Shown::kAlways);
  describe_protocols(f, global.scrape_protocols);
  f.field("evaluation_interval", kDuration, global.evaluation_interval, Shown::kAlways);
  f.field("rule_query_offset", kDuration, global.rule_query_offset);
  f.field("query_log_file", kPath, global.query_log_file);
  f.field("scrape_failure_log_file", kPath, global.scrape_failure_log_file);
  f.map("external_labels", kText, global.external_labels);
  describe(f, global.limits);
  f.choice("metric_name_validation_scheme", global.metric_name_validation_scheme,
           {"utf8", "legacy", ""});
  f.choice("metric_name_escaping_scheme", global.metric_name_escaping_scheme, kEscapingSchemes);
  f.field("scrape_native_histograms", kBool, global.scrape_native_histograms, Shown::kAlways);
  f.field("convert_classic_histograms_to_nhcb", kBool, global.convert_classic_histograms_to_nhcb);
  f.field("always_scrape_classic_histograms", kBool, global.always_scrape_classic_histograms);
  f.field("extra_scrape_metrics", kBool, global.extra_scrape_metrics, Shown::kAlways);
  if (!f.reading()) return;

  if (!f.has("metric_name_escaping_scheme")) global.metric_name_escaping_scheme.clear();
  const GlobalConfig defaults;
  inherit(global.scrape_interval, defaults.scrape_interval);
  inherit(global.evaluation_interval, defaults.evaluation_interval);
  inherit(global.metric_name_validation_scheme, defaults.metric_name_validation_scheme);
  if (!f.has("scrape_timeout")) global.scrape_timeout = 0;
  f.require(global.scrape_timeout <= global.scrape_interval, "scrape_timeout",
            "cannot be above scrape_interval, " + format_duration(global.scrape_interval));
  inherit(global.scrape_timeout, std::min(defaults.scrape_timeout, global.scrape_interval));
  for (auto& [name, value] : global.external_labels) {
    f.require(is_label_name(name, name_scheme(global.metric_name_validation_scheme)),
              "external_labels", "expected a label name, not " + quote(name));
    value = expand_variables(value, f.source().environment);
  }
}

void describe(Fields& f, ScrapeConfig& job) {
  f.field("job_name", kText, job.job_name, Shown::kAlways);
  f.field("honor_labels", kBool, job.honor_labels);
  f.field("honor_timestamps", kBool, job.honor_timestamps, Shown::kAlways);
  f.field("track_timestamps_staleness", kBool, job.track_timestamps_staleness, Shown::kAlways);
  f.map_of_lists("params", kText, job.params);
  f.field("scrape_interval", kDuration, job.scrape_interval);
  f.field("scrape_timeout", kDuration, job.scrape_timeout);
  describe_protocols(f, job.scrape_protocols);
  f.choice("fallback_scrape_protocol", job.fallback_scrape_protocol, kProtocols);
  f.field("scrape_native_histograms", kBool, job.scrape_native_histograms);
  f.field("always_scrape_classic_histograms", kBool, job.always_scrape_classic_histograms);
  f.field("convert_classic_histograms_to_nhcb", kBool, job.convert_classic_histograms_to_nhcb);
  f.field("scrape_failure_log_file", kPath, job.scrape_failure_log_file);
  f.field("metrics_path", kText, job.metrics_path, Shown::kAlways);
  f.choice("scheme", job.scheme, {"http", "https"});
  f.field("enable_compression", kBool, job.enable_compression, Shown::kAlways);
  describe(f, job.limits);
  f.field("native_histogram_bucket_limit", kCount, job.native_histogram_bucket_limit);
  f.field("native_histogram_min_bucket_factor", kFloat, job.native_histogram_min_bucket_factor);
  f.choice("metric_name_validation_scheme", job.metric_name_validation_scheme, kValidationSchemes);
  f.choice("metric_name_escaping_scheme", job.metric_name_escaping_scheme, kEscapingSchemes);
  f.field("extra_scrape_metrics", kBool, job.extra_scrape_metrics);
  describe(f, job.http);
  f.sections("relabel_configs", job.relabel_configs);
  f.sections("metric_relabel_configs", job.metric_relabel_configs);
  describe(f, job.discoveries, !job.relabel_configs.empty());
  f.require(!job.job_name.empty(), "job_name", "expected the job's name");
}

void describe_jobs(Fields& f, std::vector<ScrapeConfig>& jobs, const GlobalConfig& global,
                   std::set<std::string>& names) {
  f.sections("scrape_configs", jobs, [&](Fields& inner, ScrapeConfig& job) {
    describe(inner, job);
    if (!inner.reading()) return;
    inherit_all(inner, job, global);
    if (!job.job_name.empty())
      inner.require(names.insert(job.job_name).second, "job_name",
                    "a second job of the name " + quote(job.job_name));
  });
}

}  // namespace silverback::config
