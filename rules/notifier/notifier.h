// Sends alerts to Alertmanagers: all alerts to all of them, each with a queue of its own, so that
// one that is slow or away holds up no other.
//
//   Notifier notifier(options, client, metrics);
//   TRY(notifier.apply(config.alerting, external_labels, now));   // at start and at each reload
//   notifier.tick(now);                                           // about once a second
//   notifier.send(alerts);                                        // rules, whenever they like
//   notifier.stop(grace);                                         // before the client is stopped
//
//   alerts → external labels → alert_relabel_configs ┬→ alertmanagers[0]: its own ┬→ queue
//            where absent      of alerting           │  alert_relabel_configs     └→ queue
//                                                    └→ alertmanagers[1]: …
//
// Alerts are tried once; who still has a reason sends them again (Prometheus's protocol). It owns
// no thread: requests go on by the client's callbacks.
//
// Metrics have Prometheus's names. A registry forgets nothing: the series of an Alertmanager that
// is gone keep their last values.
//
// Threads: everything from any thread. send() and alertmanagers() wait for nobody; apply(), tick()
// and stop() for each other.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/labels.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/result.h"
#include "config/prometheus_config.h"
#include "discovery/discovery.h"
#include "net/http_client.h"
#include "rules/notifier/alert.h"
#include "rules/notifier/alertmanager.h"

namespace silverback::notifier {

using discovery::SteadyTime;

struct NotifierOptions {
  std::size_t queue_capacity = 10'000;  // alerts, for each Alertmanager; at least 1
  std::size_t batch_size = 256;         // alerts in one request; at least 1
  bool drain_on_shutdown = true;        // send what waits when it stops
};

// URLs, in the order of the configuration and then as found.
struct Alertmanagers {
  std::vector<std::string> active;
  std::vector<std::string> dropped;  // by relabelling
};

class Notifier {
 public:
  // `client` and `metrics` must outlive it; `metrics` must outlive the client's callbacks too.
  Notifier(const NotifierOptions& options, net::HttpClient& client, Registry& metrics);
  ~Notifier();  // stop(0), if that was not called
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  // Whether apply() would take it. Errors: as apply().
  static Status check(const config::AlertingConfig& config);
  // Alertmanagers that stay, by their URL, keep their queues; those that are gone are still sent
  // what waits for them. Errors: kInvalidArgument, and then nothing has changed: HTTP options or
  // relabelling that make no sense, a discovery that is not built. kCanceled: after stop().
  Status apply(const config::AlertingConfig& config, const Labels& external_labels, SteadyTime now)
      EXCLUDES(reload_mutex_, mutex_);
  // Looks for Alertmanagers where and when it is time to.
  void tick(SteadyTime now) EXCLUDES(reload_mutex_, mutex_);

  // Puts the alerts into the queues and returns; they are gone if there is no Alertmanager.
  // External labels are added where the alert has no label of that name. What relabelling leaves
  // without labels, or has ended before it began, is left out and counted: an Alertmanager would
  // refuse the request that holds it.
  void send(std::vector<Alert> alerts) EXCLUDES(mutex_);

  Alertmanagers alertmanagers() const EXCLUDES(mutex_);

  // Takes no more alerts and sends what waits, if the options say so, for at most `grace`; then
  // cancels what is under way. What was not sent is counted as dropped. Returns when nothing is
  // under way any more, or `grace` is over. After it apply() fails and tick() does nothing.
  void stop(std::chrono::milliseconds grace) EXCLUDES(reload_mutex_, mutex_);

 private:
  // `alertmanagers[i]` as configured.
  struct Section {
    config::AlertmanagerConfig config;
    config::Relabeling target_relabeling, alert_relabeling;
    std::shared_ptr<net::HttpSession> session;
  };
  struct Route {
    std::shared_ptr<const Section> section;
    std::vector<std::shared_ptr<Alertmanager>> alertmanagers;
    std::vector<std::string> dropped;
  };
  // Who is sent what; replaced as a whole.
  struct Routing {
    Labels external_labels;
    config::Relabeling relabeling;
    std::vector<Route> routes;
  };
  Result<std::shared_ptr<const Section>> make_section(const config::AlertmanagerConfig& config,
                                                      const Routing& before);
  void fill_routes(Routing& next, const Routing& before) REQUIRES(reload_mutex_);
  void replace(std::shared_ptr<const Routing> next) REQUIRES(reload_mutex_) EXCLUDES(mutex_);
  std::shared_ptr<const Routing> routing() const EXCLUDES(mutex_);
  Alerts relabeled(std::vector<Alert> alerts, const Routing& routing);
  Alerts relabeled(const Alerts& alerts, const config::Relabeling& relabeling);
  bool is_valid(const Alert& alert);

  const NotifierOptions options_;
  net::HttpClient& client_;
  Registry& metrics_;
  Counter& invalid_;
  Gauge& discovered_;
  discovery::Discovery discovery_;

  Mutex reload_mutex_;  // before mutex_: one reload or change of targets at a time
  bool is_stopped_ GUARDED_BY(reload_mutex_) = false;
  // Gone from the configuration, still sending.
  std::vector<std::shared_ptr<Alertmanager>> leaving_ GUARDED_BY(reload_mutex_);
  mutable Mutex mutex_;
  std::shared_ptr<const Routing> routing_ GUARDED_BY(mutex_);
};

}  // namespace silverback::notifier
