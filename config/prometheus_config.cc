#include "config/prometheus_config.h"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "base/labels.h"
#include "config/glob.h"
#include "config/yaml_printer.h"

namespace silverback::config {
namespace {

const std::vector<std::string_view> kTranslations = {"UnderscoreEscapingWithSuffixes",
                                                     "UnderscoreEscapingWithoutSuffixes",
                                                     "NoUTF8EscapingWithSuffixes", "NoTranslation"};

void describe(Fields& f, RuntimeConfig& runtime) {
  f.field("gogc", kInt, runtime.gogc, Shown::kAlways);
}

void describe(Fields& f, AlertmanagerConfig& alertmanager) {
  describe(f, alertmanager.http);
  f.section("sigv4", alertmanager.sigv4);
  f.choice("scheme", alertmanager.scheme, {"http", "https"});
  f.field("path_prefix", kText, alertmanager.path_prefix);
  f.field("timeout", kDuration, alertmanager.timeout, Shown::kAlways);
  f.choice("api_version", alertmanager.api_version, {"v2"});
  f.sections("relabel_configs", alertmanager.relabel_configs);
  f.sections("alert_relabel_configs", alertmanager.alert_relabel_configs);
  describe(f, alertmanager.discoveries, !alertmanager.relabel_configs.empty());
  f.exclude({"basic_auth", "authorization", "oauth2", "sigv4"});
}

void describe(Fields& f, AlertingConfig& alerting) {
  f.sections("alert_relabel_configs", alerting.alert_relabel_configs);
  f.sections("alertmanagers", alerting.alertmanagers,
             [](Fields& inner, AlertmanagerConfig& one) { describe(inner, one); });
}

void describe(Fields& f, RetentionConfig& retention) {
  f.field("time", kDuration, retention.time);
  f.field("size", kSize, retention.size);
  f.field("percentage", kFloat, retention.percentage);
  f.require(retention.percentage.value_or(0) >= 0 && retention.percentage.value_or(0) <= 100,
            "percentage", "expected a number from 0 to 100");
}

void describe(Fields& f, TsdbConfig& tsdb) {
  const auto encoding = [](Fields& inner, TsdbConfig& of) {
    inner.choice("floats", of.chunk_encoding_floats, {"xor", "xor2"});
  };
  const auto retention = [](Fields& inner, TsdbConfig& of) { describe(inner, of.retention); };
  // Prometheus compatibility: a member that its printer shows and its reader takes, by accident.
  std::int64_t window_ms = tsdb.out_of_order_time_window;
  f.field("outofordertimewindow", kInt, window_ms, Shown::kAlways);
  f.field("out_of_order_time_window", kDuration, tsdb.out_of_order_time_window);
  f.field("stale_series_compaction_threshold", kFloat, tsdb.stale_series_compaction_threshold);
  f.part("chunk_encoding", tsdb, encoding);
  f.part("retention", tsdb, retention);
  f.require(
      tsdb.stale_series_compaction_threshold >= 0 && tsdb.stale_series_compaction_threshold <= 1,
      "stale_series_compaction_threshold", "expected a number from 0 to 1");
}

void describe(Fields& f, ExemplarsConfig& exemplars) {
  f.field("max_exemplars", kInt, exemplars.max_exemplars);
}

void describe(Fields& f, StorageConfig& storage) {
  f.section("tsdb", storage.tsdb, [](Fields& inner, TsdbConfig& tsdb) { describe(inner, tsdb); });
  f.section("exemplars", storage.exemplars,
            [](Fields& inner, ExemplarsConfig& exemplars) { describe(inner, exemplars); });
}

void describe(Fields& f, TracingConfig& tracing) {
  f.choice("client_type", tracing.client_type, {"grpc", "http"});
  f.field("endpoint", kText, tracing.endpoint);
  f.field("sampling_fraction", kFloat, tracing.sampling_fraction);
  f.field("insecure", kBool, tracing.insecure);
  describe_tls(f, tracing.tls);
  f.map("headers", kSecret, tracing.headers);
  f.choice("compression", tracing.compression, {"gzip"});
  f.field("timeout", kDuration, tracing.timeout);
  check_headers(f, tracing.headers);
  f.require(!tracing.endpoint.empty(), "endpoint", "expected host:port");
  f.require(tracing.sampling_fraction >= 0 && tracing.sampling_fraction <= 1, "sampling_fraction",
            "expected a number from 0 to 1");
}

void check_attributes(Fields& f, std::string_view name,
                      const std::vector<std::string>& attributes) {
  std::set<std::string> seen;
  for (const std::string& attribute : attributes) {
    f.require(!attribute.empty(), name, "expected the name of an attribute, not \"\"");
    f.require(seen.insert(attribute).second, name, quote(attribute) + " twice");
  }
}

void describe(Fields& f, OtlpConfig& otlp) {
  f.field("promote_all_resource_attributes", kBool, otlp.promote_all_resource_attributes);
  f.list("promote_resource_attributes", kText, otlp.promote_resource_attributes);
  f.list("ignore_resource_attributes", kText, otlp.ignore_resource_attributes);
  f.choice("translation_strategy", otlp.translation_strategy, kTranslations);
  f.field("keep_identifying_resource_attributes", kBool, otlp.keep_identifying_resource_attributes);
  f.field("convert_histograms_to_nhcb", kBool, otlp.convert_histograms_to_nhcb);
  f.field("promote_scope_metadata", kBool, otlp.promote_scope_metadata);
  f.field("label_name_underscore_sanitization", kBool, otlp.label_name_underscore_sanitization,
          Shown::kAlways);
  f.field("label_name_preserve_multiple_underscores", kBool,
          otlp.label_name_preserve_multiple_underscores, Shown::kAlways);
  check_attributes(f, "promote_resource_attributes", otlp.promote_resource_attributes);
  check_attributes(f, "ignore_resource_attributes", otlp.ignore_resource_attributes);
  if (otlp.promote_all_resource_attributes)
    f.require(otlp.promote_resource_attributes.empty(), "promote_resource_attributes",
              "cannot stand next to promote_all_resource_attributes");
  else
    f.require(otlp.ignore_resource_attributes.empty(), "ignore_resource_attributes",
              "needs promote_all_resource_attributes");
}

// A section whose struct is known only here.
constexpr auto kPart = [](Fields& inner, auto& part) { describe(inner, part); };

template <class Remote>
void describe_remotes(Fields& f, std::string_view key, std::vector<Remote>& remotes) {
  std::set<std::string> names;
  f.sections(key, remotes, [&](Fields& inner, Remote& remote) {
    describe(inner, remote);
    inner.require(remote.name.empty() || names.insert(remote.name).second, "name",
                  "a second one of the name " + quote(remote.name));
  });
}

void set_names(Fields& f, PrometheusConfig& config) {
  const NameScheme names = name_scheme(config.global.metric_name_validation_scheme);
  set_names(f, "alerting", config.alerting.alert_relabel_configs, names);
  for (AlertmanagerConfig& alertmanager : config.alerting.alertmanagers) {
    set_names(f, "alerting", alertmanager.relabel_configs, names);
    set_names(f, "alerting", alertmanager.alert_relabel_configs, names);
  }
  for (RemoteWriteConfig& remote : config.remote_write)
    set_names(f, "remote_write", remote.write_relabel_configs, names);
}

// The whole file; `names` are those of its jobs.
struct Document {
  PrometheusConfig& config;
  std::set<std::string>& names;
};

void describe(Fields& f, Document& document) {
  PrometheusConfig& config = document.config;
  f.part("global", config.global, kPart);
  f.part("runtime", config.runtime, kPart);
  f.part("alerting", config.alerting, kPart);
  f.list("rule_files", kDeepGlob, config.rule_files);
  f.list("scrape_config_files", kGlob, config.scrape_config_files);
  describe_jobs(f, config.scrape_configs, config.global, document.names);
  f.part("storage", config.storage, kPart);
  f.section("tracing", config.tracing, kPart);
  describe_remotes(f, "remote_write", config.remote_write);
  describe_remotes(f, "remote_read", config.remote_read);
  f.part("otlp", config.otlp, kPart);
  f.require(config.global.metric_name_validation_scheme != "legacy" ||
                !config.otlp.translation_strategy.starts_with("No"),
            "otlp", "this translation_strategy needs metric_name_validation_scheme utf8");
  if (f.reading()) set_names(f, config);
}

// One of scrape_config_files.
struct IncludedFile {
  Document& document;
};

void describe(Fields& f, IncludedFile& file) {
  std::vector<ScrapeConfig> jobs;
  describe_jobs(f, jobs, file.document.config.global, file.document.names);
  std::move(jobs.begin(), jobs.end(),
            std::back_inserter(file.document.config.included_scrape_configs));
}

void include_scrape_configs(FileSystem& files, const Source& source, Problems& problems,
                            Document& document) {
  const Result<std::vector<std::string>> paths =
      files_matching(files, document.config.scrape_config_files);
  if (!paths) problems.add(source.file, {0, 0}, "scrape_config_files", paths.error().message);
  for (const std::string& path : paths.value_or(std::vector<std::string>())) {
    const Result<std::string> text = files.read_all(path);
    if (!text) {
      problems.add(path, {0, 0}, "", text.error().message);
      continue;
    }
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    IncludedFile file{document};
    read_document(*text, {path, folder, source.environment}, problems, file);
  }
}

Result<PrometheusConfig> parse(std::string_view text, const std::filesystem::path& path,
                               const Environment& environment, FileSystem* files) {
  const Source source{path.native(), path.parent_path(), environment};
  Problems problems;
  PrometheusConfig config;
  std::set<std::string> names;
  Document document{config, names};
  read_document(text, source, problems, document);
  if (files != nullptr) include_scrape_configs(*files, source, problems, document);
  if (Status status = problems.status(); !status) return fail(status.error());
  return config;
}

void add_client(const std::string& path, const HttpClientConfig& http,
                std::vector<NotBuilt>& parts) {
  if (http.oauth2 && http.oauth2->grant_type == kJwtBearer)
    parts.push_back({path + ".oauth2.grant_type", "tokens by JWT are not built", true});
}

void add_discoveries(const std::string& path, const Discoveries& discoveries,
                     std::vector<NotBuilt>& parts) {
  for (const auto& [key, sections] : discoveries.others)
    parts.push_back({std::string(path).append(".").append(key),
                     "this discovery is not built; http_sd_configs is the bridge to it: a small "
                     "server that lists the targets as JSON",
                     true});
  for (std::size_t i = 0; i < discoveries.http.size(); ++i)
    add_client(path + ".http_sd_configs[" + std::to_string(i) + "]", discoveries.http[i].http,
               parts);
}

constexpr std::string_view kProtobuf = "PrometheusProto";

void add_job(const std::string& path, const ScrapeConfig& job, std::vector<NotBuilt>& parts) {
  if (job.scrape_native_histograms.value_or(false))
    parts.push_back({path + ".scrape_native_histograms",
                     "native histograms are not built; targets are asked for classic ones", false});
  if (job.convert_classic_histograms_to_nhcb.value_or(false))
    parts.push_back({path + ".convert_classic_histograms_to_nhcb",
                     "native histograms are not built; classic ones are stored as they are",
                     false});
  if (job.fallback_scrape_protocol == kProtobuf)
    parts.push_back({path + ".fallback_scrape_protocol",
                     "the protobuf format is not read; targets that do not say what they send fail",
                     false});
  add_client(path, job.http, parts);
  add_discoveries(path, job.discoveries, parts);
}

void add_storage(const StorageConfig& storage, std::vector<NotBuilt>& parts) {
  const auto add = [&](bool given, const char* key, const char* message, bool refused) {
    if (given) parts.push_back({std::string("storage.") + key, message, refused});
  };
  const TsdbConfig tsdb = storage.tsdb.value_or(TsdbConfig());
  constexpr const char* kFull = "retention by size is not built yet, and the disk would fill up";
  add(tsdb.out_of_order_time_window != 0, "tsdb.out_of_order_time_window",
      "late samples are taken as long as samples are kept, whatever their age", false);
  add(tsdb.stale_series_compaction_threshold != 0, "tsdb.stale_series_compaction_threshold",
      "stale series leave the memory with the others", false);
  add(!tsdb.chunk_encoding_floats.empty(), "tsdb.chunk_encoding",
      "there is one encoding, and it is not Prometheus's", false);
  add(tsdb.retention.size.value_or(0) != 0, "tsdb.retention.size", kFull, true);
  add(tsdb.retention.percentage.value_or(0) != 0, "tsdb.retention.percentage", kFull, true);
  add(storage.exemplars.has_value(), "exemplars", "this server keeps no exemplars", false);
}

}  // namespace

Labels external_labels(const PrometheusConfig& config) {
  LabelsBuilder labels;
  for (const auto& [name, value] : config.global.external_labels) labels.set(name, value);
  return labels.build();
}

Environment process_environment() {
  return [](const std::string& name) {
    const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nothing sets
    return std::string(value == nullptr ? "" : value);
  };
}

Result<PrometheusConfig> load_config(FileSystem& files, const std::filesystem::path& path,
                                     const Environment& environment) {
  const std::string text = TRY(files.read_all(path));
  return parse(text, path, environment, &files);
}

Result<PrometheusConfig> parse_config(std::string_view text, const std::filesystem::path& path,
                                      const Environment& environment) {
  return parse(text, path, environment, nullptr);
}

std::string print_config(const PrometheusConfig& config) {
  PrometheusConfig copy = config;
  std::set<std::string> names;
  Document document{copy, names};
  YamlNode printed;
  Fields fields(printed);
  describe(fields, document);
  return print_yaml(printed);
}

// Every key of the format that asks for something was looked at. Not here: what works, what only
// remote storage uses (as a whole it is not built), and settings whose promise is kept without
// them.
std::vector<NotBuilt> not_built(const PrometheusConfig& config) {
  std::vector<NotBuilt> parts;
  const auto refuse = [&](bool given, const std::string& path, const std::string& message) {
    if (given) parts.push_back({path, message, true});
  };
  const auto ignore = [&](bool given, const std::string& path, const std::string& message) {
    if (given) parts.push_back({path, message, false});
  };
  ignore(!config.global.query_log_file.empty(), "global.query_log_file",
         "this server writes no log of queries");
  ignore(config.runtime != RuntimeConfig(), "runtime.gogc", "there is no garbage collector");
  for (std::size_t i = 0; i < config.alerting.alertmanagers.size(); ++i) {
    const AlertmanagerConfig& alertmanager = config.alerting.alertmanagers[i];
    const std::string path = "alerting.alertmanagers[" + std::to_string(i) + "]";
    refuse(alertmanager.sigv4.has_value(), path + ".sigv4", "signing requests is not built");
    add_client(path, alertmanager.http, parts);
    add_discoveries(path, alertmanager.discoveries, parts);
  }
  for (std::size_t i = 0; i < config.scrape_configs.size(); ++i)
    add_job("scrape_configs[" + std::to_string(i) + "]", config.scrape_configs[i], parts);
  for (const ScrapeConfig& job : config.included_scrape_configs)
    add_job("scrape_configs of job " + quote(job.job_name), job, parts);
  add_storage(config.storage, parts);
  ignore(config.tracing.has_value(), "tracing", "this server exports no traces");
  refuse(!config.remote_write.empty(), "remote_write",
         "sending samples to another server is not built");
  refuse(!config.remote_read.empty(), "remote_read", "reading from another server is not built");
  ignore(config.otlp != OtlpConfig(), "otlp", "this server takes no OTLP");
  return parts;
}

Result<std::vector<std::string>> files_matching(FileSystem& files,
                                                const std::vector<std::string>& globs) {
  std::vector<std::string> paths;
  std::set<std::string> known;
  for (const std::string& glob : globs)
    for (std::string& path : TRY(expand_glob(files, glob)))
      if (known.insert(path).second) paths.push_back(std::move(path));
  return paths;
}

std::vector<std::string> notices(FileSystem& files, const PrometheusConfig& config) {
  std::vector<std::string> notices;
  const auto look_at = [&](const std::string& key, const std::vector<std::string>& globs) {
    for (const std::string& glob : globs) {
      if (deep_part_end(glob) > 0)
        notices.push_back(key + ": " + quote(glob) + " has `**`, which Prometheus refuses");
      const Result<std::vector<std::string>> paths = expand_glob(files, glob);
      if (paths && paths->empty()) notices.push_back(key + ": there is no file " + quote(glob));
    }
  };
  look_at("rule_files", config.rule_files);
  look_at("scrape_config_files", config.scrape_config_files);
  return notices;
}

}  // namespace silverback::config
