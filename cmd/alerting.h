// The part of the server that evaluates rules and tells Alertmanagers, with its threads:
//
//   rules       waits for the next group that is due
//   rules-N     evaluate groups
//   rule-N      lend a hand inside a group, with --enable-feature=concurrent-rule-eval
//   net         moves the bytes of outgoing HTTP
//   notifier    looks for Alertmanagers
//
// Threads: from one at a time, but for what rules() and notifier() give.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/appender.h"
#include "base/clock.h"
#include "base/labels.h"
#include "base/metrics.h"
#include "base/queryable.h"
#include "base/result.h"
#include "base/thread_pool.h"
#include "cmd/flags.h"
#include "cmd/periodic.h"
#include "config/prometheus_config.h"
#include "net/http_client.h"
#include "promql/engine.h"
#include "rules/manager.h"
#include "rules/notifier/notifier.h"
#include "rules/rule_set.h"

namespace silverback::cmd {

// What a configuration says about rules and alerts, checked.
struct AlertingChange {
  std::vector<rules::GroupSpec> groups;
  Labels external_labels;
  config::AlertingConfig alerting;
};
// Reads the rule files. Errors: kInvalidArgument with all problems; kIo and kNotFound.
Result<AlertingChange> prepare_alerting(const config::PrometheusConfig& config,
                                        const promql::Features& features);

class Alerting {
 public:
  // What is borrowed outlives this. `external_url` as in WebAddress.
  struct Dependencies {
    const Queryable* storage;
    const promql::Engine* engine;
    std::function<std::unique_ptr<Appender>()> appender;
    const Clock* clock;
    Registry* metrics;
    std::string external_url;
  };
  Alerting(const Flags& flags, const Dependencies& dependencies);
  ~Alerting();  // stops
  Alerting(const Alerting&) = delete;
  Alerting& operator=(const Alerting&) = delete;

  void apply(const AlertingChange& change);
  // From now on rules are evaluated. Call it once.
  void start();
  // No rule is evaluated any more.
  void stop_rules();
  // The same, and what waits for Alertmanagers is sent, for at most 10 s.
  void stop();

  const rules::Manager& rules() const { return *manager_; }
  const notifier::Notifier& notifier() const { return notifier_; }

 private:
  rules::Environment environment(const Flags& flags, const Dependencies& dependencies);

  net::HttpClient client_;
  std::thread net_thread_;
  notifier::Notifier notifier_;
  std::unique_ptr<ThreadPool> rule_pool_;  // null: rules of a group run one after the other
  ThreadPool group_pool_;
  std::unique_ptr<rules::Manager> manager_;
  std::thread manager_thread_;
  std::unique_ptr<Periodic> notifier_loop_;
  bool stopped_ = false;
};

}  // namespace silverback::cmd
