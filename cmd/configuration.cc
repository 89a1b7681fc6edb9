#include "cmd/configuration.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include "base/log.h"

namespace silverback::cmd {
namespace {

// One line of the log for each problem: a list in one line is read by nobody.
void log_problems(std::string_view problems) {
  while (!problems.empty()) {
    const std::size_t end = std::min(problems.find('\n'), problems.size());
    log_error("Error reloading config: " + std::string(problems.substr(0, end)));
    problems.remove_prefix(std::min(end + 1, problems.size()));
  }
}

std::string retention_text(DurationMs retention) {
  return retention == 0 ? "" : format_duration(retention);
}

}  // namespace

Configuration::Configuration(ConfigurationOptions options)
    : options_(std::move(options)),
      last_reload_successful_(
          options_.metrics->gauge("prometheus_config_last_reload_successful",
                                  "Whether the last configuration reload attempt was successful.")),
      last_reload_time_(
          options_.metrics->gauge("prometheus_config_last_reload_success_timestamp_seconds",
                                  "Timestamp of the last successful configuration reload.")) {}

void Configuration::add(Prepare part) { parts_.push_back(std::move(part)); }

Status Configuration::load() {
  MutexLock lock(reload_mutex_);
  seen_ = fingerprint();
  Change change = TRY(prepare());
  // Already here, as Prometheus does: a store that takes long to open is no bad configuration.
  publish(change.config);
  pending_ = std::move(change.parts);
  return {};
}

void Configuration::apply() {
  MutexLock lock(reload_mutex_);
  for (const Apply& apply_part : std::exchange(pending_, {})) apply_part();
  in_force_ = true;
}

Status Configuration::reload() {
  MutexLock lock(reload_mutex_);
  return take(fingerprint());
}

Status Configuration::reload_if_changed() {
  MutexLock lock(reload_mutex_);
  const std::size_t now = fingerprint();
  if (now == seen_) return {};
  log_info("Configuration file change detected, reloading the configuration.");
  return take(now);
}

std::shared_ptr<const config::PrometheusConfig> Configuration::current() const {
  MutexLock lock(mutex_);
  return current_;
}

api::ConfigStatus Configuration::status() const {
  MutexLock lock(mutex_);
  return status_;
}

std::size_t Configuration::fingerprint() const {
  if (!has_file()) return 0;
  std::string all;
  const auto add_file = [&](const std::string& path) {
    const Result<std::string> text = options_.files->read_all(path);
    all.append(path).append(1, '\0').append(text ? *text : text.error().message).append(1, '\0');
  };
  add_file(options_.path.native());
  // A file that is refused names no others: what it says itself is enough to see it mended, and a
  // mended file that it includes makes it one that is taken.
  if (const Result<config::PrometheusConfig> config =
          config::load_config(*options_.files, options_.path)) {
    for (const auto* globs : {&config->rule_files, &config->scrape_config_files}) {
      for (const std::string& path :
           config::files_matching(*options_.files, *globs).value_or(std::vector<std::string>()))
        add_file(path);
    }
  }
  return std::hash<std::string>()(all);
}

Result<config::PrometheusConfig> Configuration::read() const {
  config::PrometheusConfig config;
  if (!has_file()) {
    config = TRY(config::parse_config("", ""));
  } else {
    Result<config::PrometheusConfig> loaded = config::load_config(*options_.files, options_.path);
    if (!loaded) {
      return fail(ErrorCode::kInvalidArgument,
                  "couldn't load configuration (--config.file=" + quote(options_.path.native()) +
                      "): " + loaded.error().message);
    }
    config = *std::move(loaded);
  }
  config::RetentionConfig& retention = config.storage.tsdb
                                           ? config.storage.tsdb->retention
                                           : config.storage.tsdb.emplace().retention;
  if (!retention.time) retention.time = options_.retention;
  return config;
}

Result<Configuration::Change> Configuration::prepare() const {
  config::PrometheusConfig config = TRY(read());
  std::string problems;
  const auto add_problem = [&](const std::string& problem) {
    problems += (problems.empty() ? "" : "\n") + problem;
  };
  for (const config::NotBuilt& part : config::not_built(config)) {
    if (part.refused) {
      add_problem(options_.path.native() + ": " + part.path + ": " + part.message);
    }
  }
  Change change;
  for (const Prepare& prepare_part : parts_) {
    Result<Apply> prepared = prepare_part(config);
    if (prepared) {
      change.parts.push_back(*std::move(prepared));
    } else {
      add_problem(prepared.error().message);
    }
  }
  if (!problems.empty()) return fail(ErrorCode::kInvalidArgument, std::move(problems));
  change.config = std::make_shared<const config::PrometheusConfig>(std::move(config));
  return change;
}

Status Configuration::take(std::size_t fingerprint) {
  if (!in_force_) return fail(ErrorCode::kUnavailable, "the server is still starting");
  if (!has_file()) {
    log_info("There is no configuration file to reload.");
    return {};
  }
  log_info("Loading configuration file " + options_.path.native());
  const auto begin = std::chrono::steady_clock::now();
  seen_ = fingerprint;
  const Result<Change> change = prepare();
  if (!change) {
    log_problems(change.error().message);
    last_reload_successful_.set(0);
    MutexLock state(mutex_);
    status_.reload_success = false;
    return fail(change.error());
  }
  for (const Apply& apply_part : change->parts) apply_part();
  publish(change->config);
  const auto taken = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begin);
  log_info("Completed loading of configuration file " + options_.path.native() + " in " +
           format_duration(taken.count()));
  return {};
}

void Configuration::publish(const std::shared_ptr<const config::PrometheusConfig>& config) {
  note(*config);
  const TimestampMs now = options_.clock->now();
  last_reload_successful_.set(1);
  last_reload_time_.set(static_cast<double>(now) / 1000);
  MutexLock state(mutex_);
  current_ = config;
  status_ = {.yaml = has_file() ? config::print_config(*config) : "",
             .storage_retention = retention_text(*config->storage.tsdb->retention.time),
             .reload_success = true,
             .loaded = now,
             .external_labels = config::external_labels(*config)};
}

// Once: not again at every reload while the file still says it.
void Configuration::note(const config::PrometheusConfig& config) {
  const auto gauge = [this](const std::string& section) -> Gauge& {
    return options_.metrics->gauge("silverback_config_ignored",
                                   "Sections of the configuration file that have no effect here.",
                                   Labels{{"section", section}});
  };
  for (const std::string& section : ignored_) gauge(section).set(0);
  ignored_.clear();
  std::vector<std::string> notices = config::notices(*options_.files, config);
  for (const config::NotBuilt& part : config::not_built(config)) {
    ignored_.push_back(part.path);
    gauge(part.path).set(1);
    notices.push_back(part.path + " is ignored: " + part.message);
  }
  for (const std::string& notice : notices) {
    if (noted_.count(notice) == 0) log_warn(options_.path.native() + ": " + notice);
  }
  noted_ = {notices.begin(), notices.end()};
}

}  // namespace silverback::cmd
