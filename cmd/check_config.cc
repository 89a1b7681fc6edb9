#include "cmd/check_config.h"

#include <ostream>
#include <utility>
#include <vector>

#include "base/labels.h"
#include "cmd/check_targets.h"
#include "config/glob.h"
#include "config/prometheus_config.h"

namespace silverback::cmd {
namespace {

using config::AlertmanagerConfig;
using config::HttpClientConfig;
using config::PrometheusConfig;
using config::ScrapeConfig;

// A file that a configuration names. One that is needed must be there; the others may come later,
// and Prometheus does not mind.
struct NamedFile {
  std::string path;
  std::string what;
  bool needed = false;
};

void add_tls_files(const config::TlsConfig& tls, const std::string& owner, bool needed,
                   std::vector<NamedFile>& named) {
  named.push_back({tls.ca_file, owner + "ca_file", false});
  named.push_back({tls.cert_file, owner + "cert_file", needed});
  named.push_back({tls.key_file, owner + "key_file", needed});
}

void add_http_files(const HttpClientConfig& http, const std::string& owner, bool needed,
                    std::vector<NamedFile>& named) {
  add_tls_files(http.tls, owner + "tls_config.", needed, named);
  if (http.authorization)
    named.push_back(
        {http.authorization->credentials_file, owner + "authorization.credentials_file", needed});
  if (http.basic_auth) {
    named.push_back({http.basic_auth->username_file, owner + "basic_auth.username_file"});
    named.push_back({http.basic_auth->password_file, owner + "basic_auth.password_file"});
  }
  if (http.oauth2) {
    named.push_back({http.oauth2->client_secret_file, owner + "oauth2.client_secret_file"});
    add_tls_files(http.oauth2->tls, owner + "oauth2.tls_config.", false, named);
  }
  for (const auto& [name, header] : http.http_headers) {
    for (const std::string& file : header.files)
      named.push_back({file, owner + "http_headers." + name + ".files"});
  }
}

void add_discovery_files(const config::Discoveries& discoveries, const std::string& owner,
                         std::vector<NamedFile>& named) {
  for (const config::HttpDiscovery& http : discoveries.http)
    add_http_files(http.http, owner + "http_sd_configs: ", false, named);
  for (const auto& [key, sections] : discoveries.others) {
    const bool needed = key == "kubernetes_sd_configs";
    for (const config::OtherDiscovery& section : sections) {
      add_tls_files(section.http.tls, owner + key + ": tls_config.", needed, named);
      add_tls_files(section.tls, owner + key + ": tls_config.", false, named);
    }
  }
}

class ConfigCheck {
 public:
  ConfigCheck(FileSystem& files, const ConfigChecks& checks, Console& console)
      : files_(files), checks_(checks), console_(console) {}

  Findings run(const std::string& path) {
    console_.out << "Checking " << path << '\n';
    const Result<PrometheusConfig> config = load(path);
    if (!config) {
      error(config.error().message);
    } else {
      check(*config);
    }
    if (!findings_.errors) {
      if (!rule_files_.empty())
        console_.out << "  SUCCESS: " << rule_files_.size() << " rule files found\n";
      console_.out << " SUCCESS: " << path << " is valid prometheus config file syntax\n";
    }
    console_.out << '\n';
    if (config && !checks_.syntax_only) lint(*config);
    if (!findings_.errors)
      findings_.add(check_rule_files(files_, rule_files_, checks_.rules, console_));
    return findings_;
  }

 private:
  Result<PrometheusConfig> load(const std::string& path) {
    if (!checks_.syntax_only) return config::load_config(files_, path);
    const std::string text = TRY(files_.read_all(path));
    return config::parse_config(text, path);
  }

  void check(const PrometheusConfig& config) {
    for (const config::NotBuilt& part : not_built(config)) {
      console_.err << "  WARNING: " << part.path << ": " << part.message
                   << (part.refused ? " (the server does not start with it)\n" : " (ignored)\n");
    }
    if (!checks_.syntax_only) find_rule_files(config);
    if (!checks_.syntax_only && !findings_.errors) {
      for (const std::string& notice : config::notices(files_, config))
        console_.out << "  WARNING: " << notice << '\n';
    }
    for (const ScrapeConfig& job : config.scrape_configs) check_job(job);
    for (const ScrapeConfig& job : config.included_scrape_configs) check_job(job);
    for (const AlertmanagerConfig& one : config.alerting.alertmanagers) check_alertmanager(one);
    for (const config::RemoteWriteConfig& remote : config.remote_write)
      check_http(remote.http, "remote_write: ", false);
    for (const config::RemoteReadConfig& remote : config.remote_read)
      check_http(remote.http, "remote_read: ", false);
  }

  void find_rule_files(const PrometheusConfig& config) {
    for (const std::string& glob : config.rule_files) {
      const auto paths = config::expand_glob(files_, glob);
      if (!paths) {
        error(paths.error().message);
      } else if (paths->empty() && !config::has_wildcard(glob)) {
        error(quote(glob) + " does not point to an existing file");
      }
    }
    if (const auto paths = config::files_matching(files_, config.rule_files)) rule_files_ = *paths;
  }

  void check_job(const ScrapeConfig& job) {
    const std::string owner = "scrape job " + quote(job.job_name);
    check_http(job.http, owner + ": ", true);
    check_discoveries(job.discoveries, target_check(job), owner);
  }

  void check_alertmanager(const AlertmanagerConfig& alertmanager) {
    check_http(alertmanager.http, "alertmanager config: ", false);
    check_discoveries(alertmanager.discoveries, target_check(alertmanager), "alertmanager config");
  }

  void check_http(const HttpClientConfig& http, const std::string& owner, bool needed) {
    std::vector<NamedFile> named;
    add_http_files(http, owner, needed, named);
    check_named(named);
  }

  void check_discoveries(const config::Discoveries& discoveries, const Result<TargetCheck>& check,
                         const std::string& owner) {
    if (!check) return error(owner + ": " + check.error().message);
    if (const Status checked = check_targets(discoveries.static_targets, *check); !checked)
      error(owner + ": " + checked.error().message);
    std::vector<NamedFile> named;
    add_discovery_files(discoveries, owner + ": ", named);
    check_named(named);
    for (const config::FileDiscovery& discovery : discoveries.files) {
      for (const std::string& glob : discovery.files) check_target_files(glob, *check, owner);
    }
  }

  void check_named(const std::vector<NamedFile>& named) {
    for (const NamedFile& file : named) {
      if (checks_.syntax_only || file.path.empty()) continue;
      const auto opened = files_.open_read(file.path);
      if (opened) continue;
      const std::string problem = file.what + ": " + opened.error().message;
      if (file.needed) {
        error(problem);
      } else {
        console_.out << "  WARNING: " << problem << '\n';
      }
    }
  }

  void check_target_files(const std::string& glob, const TargetCheck& check,
                          const std::string& owner) {
    if (checks_.syntax_only) return;
    const auto paths = config::expand_glob(files_, glob);
    if (!paths) return error(paths.error().message);
    if (paths->empty())
      console_.out << "  WARNING: file " << quote(glob) << " for file_sd in " << owner
                   << " does not exist\n";
    for (const std::string& path : *paths) {
      if (const Status checked = check_target_file(files_, path, check); !checked)
        error("checking SD file " + quote(path) + ": " + checked.error().message);
    }
  }

  // Prometheus's instant selectors look back only so far.
  void lint(const PrometheusConfig& config) {
    if (checks_.scrape_interval_max == 0) return;
    for (const auto* jobs : {&config.scrape_configs, &config.included_scrape_configs}) {
      for (const ScrapeConfig& job : *jobs) {
        if (job.scrape_interval < checks_.scrape_interval_max) continue;
        console_.err << "  FAILED: too long scrape interval found, data point will be marked as "
                        "stale - job: "
                     << job.job_name << ", interval: " << format_duration(job.scrape_interval)
                     << '\n';
        findings_.lint = true;
      }
    }
  }

  void error(const std::string& message) {
    console_.err << "  FAILED: " << message << '\n';
    findings_.errors = true;
  }

  FileSystem& files_;
  const ConfigChecks& checks_;
  Console& console_;
  std::vector<std::string> rule_files_;
  Findings findings_;
};

}  // namespace

Findings check_config_file(FileSystem& files, const std::string& path, const ConfigChecks& checks,
                           Console& console) {
  return ConfigCheck(files, checks, console).run(path);
}

}  // namespace silverback::cmd
