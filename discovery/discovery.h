// Finds targets and keeps them up to date: lists in the configuration, files that others write,
// servers that are asked. One Discovery serves many sets of targets (scrape jobs, Alertmanagers),
// each under its name; what several sets are configured to look at is looked at once.
//
//   Discovery discovery("notify", client, metrics);
//   TRY(discovery.apply({{"config-0", alertmanager.discoveries}}, now));   // at each reload
//   for (const std::string& set : discovery.tick(now))                     // about once a second
//     … discovery.targets(set) …
//
// It owns no thread: files are looked at in the threads that call apply() and tick(); answers of
// servers arrive on the client's and are told by the next tick(). Nobody is called back. Times are
// of the steady clock, and tests make them up.
//
// Metrics have Prometheus's names. A registry forgets nothing: a set that is gone shows 0.
//
// Threads: everything from any thread. All wait while files are read; the path of a request should
// not go through here.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "base/mutex.h"
#include "base/result.h"
#include "config/discovery_config.h"
#include "discovery/file_source.h"
#include "discovery/http_source.h"
#include "discovery/source.h"
#include "discovery/target_group.h"
#include "net/http_client.h"

namespace silverback::discovery {

class Discovery {
 public:
  // `name` is the label `name` of the metrics: scrape or notify, as in Prometheus. `client` and
  // `metrics` must outlive it; `metrics` must outlive the client's callbacks too.
  Discovery(std::string name, net::HttpClient& client, Registry& metrics);

  // From now on these sets and no others. What stays keeps what it found; so does a URL that is to
  // be asked in another way, until it answers. Static and file targets are there on return,
  // answers of servers come later. Errors: kInvalidArgument, and then nothing has changed: HTTP
  // options that make no sense, a discovery that is not built.
  Status apply(const std::map<std::string, config::Discoveries>& sets, SteadyTime now)
      EXCLUDES(mutex_);

  // Looks at all that is due. Returns the sets whose targets changed since the last call, by name.
  // What apply() itself found is not told again.
  std::vector<std::string> tick(SteadyTime now) EXCLUDES(mutex_);

  // Whether every server has answered since it was first asked, well or not: what targets() then
  // gives is all that there is. (Lists and files are looked at by apply() itself.)
  bool has_all_answers() const EXCLUDES(mutex_);

  // What is known now, in the order of the configuration, empty if there is no such set. Files are
  // in the order of their paths.
  TargetGroups targets(const std::string& set) const EXCLUDES(mutex_);

 private:
  using Sources = std::vector<std::shared_ptr<Source>>;
  // What is looked at, once for each configuration, and which sets want to know.
  struct State {
    std::vector<std::shared_ptr<StaticSource>> statics;
    std::vector<std::shared_ptr<FileSource>> files;
    std::vector<std::shared_ptr<HttpSource>> http;
    std::map<std::string, Sources> sets;
  };
  // What `before` looks at already is looked at on.
  Status add_set(const std::string& name, const config::Discoveries& wanted, const State& before,
                 State& next);
  Result<std::shared_ptr<HttpSource>> make_http_source(const config::HttpDiscovery& config,
                                                       const std::string& set, const State& before);
  void refresh(SteadyTime now) REQUIRES(mutex_);
  Gauge& discovered(const std::string& set);

  const std::string name_;
  net::HttpClient& client_;
  Registry& metrics_;
  Counter& received_updates_;
  Counter& updates_;
  mutable Mutex mutex_;  // before any Source's
  State state_ GUARDED_BY(mutex_);
};

}  // namespace silverback::discovery
