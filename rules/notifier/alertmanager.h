// One Alertmanager: a queue of alerts for it and the one request under way. Only for the Notifier.
//
// Alerts go out in the order they came, in batches, each batch tried once: what fails is dropped
// and counted, because rules send again whatever still fires. A full queue drops its oldest. It
// runs on the HTTP client's callbacks and keeps itself alive until it is idle.
// Threads: everything from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "base/mutex.h"
#include "net/http_client.h"
#include "rules/notifier/alert.h"

namespace silverback::notifier {

using Alerts = std::vector<std::shared_ptr<const Alert>>;

class Alertmanager : public std::enable_shared_from_this<Alertmanager> {
 public:
  // `url` is what is posted to, and the label `alertmanager` of the metrics. Requires a capacity
  // and a batch size of at least 1.
  Alertmanager(std::string url, std::size_t queue_capacity, std::size_t batch_size,
               Registry& metrics);
  Alertmanager(const Alertmanager&) = delete;
  Alertmanager& operator=(const Alertmanager&) = delete;

  // How it is reached from the next batch on. Before the first alert.
  void reach_by(std::shared_ptr<net::HttpSession> session, std::chrono::milliseconds timeout)
      EXCLUDES(mutex_);
  // Returns at once. After close() all are dropped.
  void add(const Alerts& alerts) EXCLUDES(mutex_);
  // Takes no more. With `drain` what waits is sent, otherwise dropped; the request under way goes
  // on.
  void close(bool drain) EXCLUDES(mutex_);
  // Drops what waits and cancels the request under way.
  void give_up() EXCLUDES(mutex_);

  bool is_idle() const EXCLUDES(mutex_);  // nothing waits, nothing is under way
  // False if it is not idle by then.
  bool wait_until_idle(std::chrono::steady_clock::time_point deadline) EXCLUDES(mutex_);
  const std::string& url() const { return url_; }
  // When no other Alertmanager of that URL is left.
  static void remove_metrics(Registry& registry, const std::string& url);

 private:
  struct Metrics {
    Metrics(Registry& registry, const std::string& url);
    Counter &sent, &errors, &dropped;
    Gauge& queue_length;
    Distribution& latency;
  };
  void send_batches() EXCLUDES(mutex_);
  Alerts take_batch() REQUIRES(mutex_);
  void send(const Alerts& batch, net::HttpSession& session, std::chrono::milliseconds timeout)
      EXCLUDES(mutex_);
  void answered(std::size_t alerts, std::chrono::steady_clock::time_point since,
                const Result<net::HttpResponse>& response) EXCLUDES(mutex_);
  void drop_oldest(std::size_t count) REQUIRES(mutex_);
  void log_outcome(const std::string& failure, std::size_t alerts) REQUIRES(mutex_);

  const std::string url_;
  const std::size_t queue_capacity_, batch_size_;
  Metrics metrics_;
  mutable Mutex mutex_;  // never held while calling out
  CondVar idle_;
  std::shared_ptr<net::HttpSession> session_ GUARDED_BY(mutex_);
  std::chrono::milliseconds timeout_ GUARDED_BY(mutex_){};
  std::deque<std::shared_ptr<const Alert>> queue_ GUARDED_BY(mutex_);
  bool is_closed_ GUARDED_BY(mutex_) = false;
  bool is_given_up_ GUARDED_BY(mutex_) = false;
  bool is_full_ GUARDED_BY(mutex_) = false;      // and it was said; until the queue is empty
  bool is_sending_ GUARDED_BY(mutex_) = false;   // a request is under way
  bool is_starting_ GUARDED_BY(mutex_) = false;  // some thread is in send_batches()
  net::HttpTransfer transfer_ GUARDED_BY(mutex_);
  std::string failure_ GUARDED_BY(mutex_);  // of the last batch; empty if it was taken
};

}  // namespace silverback::notifier
