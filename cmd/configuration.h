// The configuration that the server runs by: prometheus.yml as it was taken last, Prometheus's
// defaults where it says nothing, the command line's retention where it says none.
//
//   Configuration configuration({.path = "prometheus.yml", .retention = …, …});
//   configuration.add([&](const config::PrometheusConfig& config) -> Result<Apply> {
//     Rules rules = TRY(load_rules(config));            // may fail, changes nothing
//     return Apply([&, rules] { manager.set(rules); });  // changes things, cannot fail
//   });
//   TRY(configuration.load());   // all is read and checked, nothing is in force yet
//   … open the store by configuration.current() …
//   configuration.apply();
//   … TRY(configuration.reload()) …
//
// A reload takes all of a new file or nothing of it: every part is prepared before any is applied.
// What is prepared is what is applied, also if files change in between.
//
// Threads: add(), load() and apply() are for the start; from then on everything from any thread.
// Reloads run one after the other.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "api/server.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/result.h"
#include "config/prometheus_config.h"

namespace silverback::cmd {

struct ConfigurationOptions {
  std::filesystem::path path;  // empty: the defaults, and nothing to reload
  DurationMs retention = 0;    // where the file says none
  FileSystem* files = nullptr;
  const Clock* clock = nullptr;
  Registry* metrics = nullptr;
};

class Configuration {
 public:
  // Puts a part in force.
  using Apply = std::function<void()>;
  // Checks a part of a new configuration and everything that it refers to. Must change nothing: the
  // configuration may still be refused for another part. Errors: the problems, a line for each.
  using Prepare = std::function<Result<Apply>(const config::PrometheusConfig& config)>;

  explicit Configuration(ConfigurationOptions options);

  // Parts are prepared and applied in the order of these calls.
  void add(Prepare part);

  // Errors: kInvalidArgument, with all problems; also if the file cannot be read or asks for what
  // is not built.
  Status load();
  // Requires load().
  void apply();

  // Reads the file again. Errors: as load(); then the configuration before is still in force, and
  // the metric and status() tell. kUnavailable before apply().
  Status reload();
  // The same, if the file or a file that it names has changed since it was last looked at. A file
  // that is refused is tried again when it changes.
  Status reload_if_changed();

  bool has_file() const { return !options_.path.empty(); }
  // The one taken last. Requires load(). `storage.tsdb->retention.time` always has a value.
  std::shared_ptr<const config::PrometheusConfig> current() const;
  api::ConfigStatus status() const;

 private:
  struct Change {
    std::shared_ptr<const config::PrometheusConfig> config;
    std::vector<Apply> parts;
  };
  // What the files hold now, as one number.
  std::size_t fingerprint() const;
  Result<config::PrometheusConfig> read() const;
  Result<Change> prepare() const;
  Status take(std::size_t fingerprint) REQUIRES(reload_mutex_) EXCLUDES(mutex_);
  void publish(const std::shared_ptr<const config::PrometheusConfig>& config)
      REQUIRES(reload_mutex_) EXCLUDES(mutex_);
  void note(const config::PrometheusConfig& config) REQUIRES(reload_mutex_);

  const ConfigurationOptions options_;
  std::vector<Prepare> parts_;  // constant after the start
  Gauge& last_reload_successful_;
  Gauge& last_reload_time_;

  Mutex reload_mutex_;  // held for the whole of a reload; before mutex_
  std::size_t seen_ GUARDED_BY(reload_mutex_) = 0;
  std::vector<Apply> pending_ GUARDED_BY(reload_mutex_);  // between load() and apply()
  bool in_force_ GUARDED_BY(reload_mutex_) = false;
  std::vector<std::string> ignored_ GUARDED_BY(reload_mutex_);  // sections
  std::set<std::string> noted_ GUARDED_BY(reload_mutex_);       // what the log was told

  mutable Mutex mutex_;
  std::shared_ptr<const config::PrometheusConfig> current_ GUARDED_BY(mutex_);
  api::ConfigStatus status_ GUARDED_BY(mutex_);
};

}  // namespace silverback::cmd
