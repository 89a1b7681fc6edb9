// Targets from a server that lists them: `http_sd_configs`. Asked every refresh_interval; one
// request at a time, which may take that long. An answer that is not a document of targets keeps
// the groups there were, is logged when it is not the same failure as before, and counted.
//
// Source: https://prometheus.io/docs/prometheus/latest/http_sd/
#pragma once

#include <memory>
#include <string>

#include "base/metrics.h"
#include "base/result.h"
#include "discovery/source.h"
#include "net/http_client.h"

namespace silverback::discovery {

class HttpSource final : public Source, public std::enable_shared_from_this<HttpSource> {
 public:
  // `before` is what was found at this URL so far. `set` is for the metrics.
  HttpSource(config::HttpDiscovery config, std::shared_ptr<net::HttpSession> session,
             TargetGroups before, const std::string& set, Registry& metrics);
  ~HttpSource() override;  // an answer under way is not waited for

  void refresh(SteadyTime now) override EXCLUDES(mutex_);
  const config::HttpDiscovery& config() const { return config_; }
  // At least once, with targets or not.
  bool has_answered() const EXCLUDES(mutex_);

 private:
  void answered(const Result<net::HttpResponse>& response) EXCLUDES(mutex_);

  const config::HttpDiscovery config_;
  const std::shared_ptr<net::HttpSession> session_;
  Counter& http_failures_;
  Counter& refresh_failures_;
  mutable Mutex mutex_;
  SteadyTime next_ GUARDED_BY(mutex_) = SteadyTime::min();
  bool is_asking_ GUARDED_BY(mutex_) = false;
  bool has_answered_ GUARDED_BY(mutex_) = false;
  net::HttpTransfer transfer_ GUARDED_BY(mutex_);
  std::string failure_ GUARDED_BY(mutex_);  // of the last answer; empty if it was good
};

}  // namespace silverback::discovery
