#include "rules/notifier/alertmanager.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/log.h"
#include "rules/notifier/alert_json.h"

namespace silverback::notifier {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kAnswerBytesMax = std::size_t{1} << 20;
constexpr std::size_t kShownBytesMax = 200;  // of what an Alertmanager says along with an error

std::string failure_of(const Result<net::HttpResponse>& response) {
  if (!response) return response.error().message;
  if (response->status / 100 == 2) return "";
  std::string failure = "bad response status " + std::to_string(response->status);
  if (!response->body.empty()) failure += ": " + response->body.substr(0, kShownBytesMax);
  return failure;
}

}  // namespace

Alertmanager::Metrics::Metrics(Registry& registry, const std::string& url)
    : sent(registry.counter("prometheus_notifications_sent_total",
                            "Alerts that an Alertmanager took.", {{"alertmanager", url}})),
      errors(registry.counter("prometheus_notifications_errors_total",
                              "Alerts whose request failed.", {{"alertmanager", url}})),
      dropped(registry.counter("prometheus_notifications_dropped_total",
                               "Alerts that an Alertmanager was not told: the queue was full, the "
                               "request failed, the server ended.",
                               {{"alertmanager", url}})),
      queue_length(registry.gauge("prometheus_notifications_queue_length",
                                  "Alerts that wait to be sent.", {{"alertmanager", url}})),
      latency(registry.distribution("prometheus_notifications_latency_seconds",
                                    "How long requests that succeeded took.", {.01, .1, 1, 10},
                                    {{"alertmanager", url}})) {}

Alertmanager::Alertmanager(std::string url, std::size_t queue_capacity, std::size_t batch_size,
                           Registry& metrics)
    : url_(std::move(url)),
      queue_capacity_(queue_capacity),
      batch_size_(batch_size),
      metrics_(metrics, url_) {
  assert(queue_capacity >= 1 && batch_size >= 1);
}

void Alertmanager::remove_metrics(Registry& registry, const std::string& url) {
  for (const std::string_view name :
       {"prometheus_notifications_sent_total", "prometheus_notifications_errors_total",
        "prometheus_notifications_dropped_total", "prometheus_notifications_queue_length",
        "prometheus_notifications_latency_seconds"})
    registry.remove(name, {{"alertmanager", url}});
}

void Alertmanager::reach_by(std::shared_ptr<net::HttpSession> session,
                            std::chrono::milliseconds timeout) {
  MutexLock lock(mutex_);
  session_ = std::move(session);
  timeout_ = timeout;
}

void Alertmanager::add(const Alerts& alerts) {
  {
    MutexLock lock(mutex_);
    if (is_closed_) {
      metrics_.dropped.add(alerts.size());
      return;
    }
    queue_.insert(queue_.end(), alerts.begin(), alerts.end());
    metrics_.queue_length.add(static_cast<double>(alerts.size()));
    if (queue_.size() > queue_capacity_) {
      drop_oldest(queue_.size() - queue_capacity_);
      if (!is_full_) log_warn("notifier: " + url_ + ": the queue is full, dropping its oldest");
      is_full_ = true;
    }
  }
  send_batches();
}

void Alertmanager::drop_oldest(std::size_t count) {
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
  metrics_.queue_length.add(-static_cast<double>(count));
  metrics_.dropped.add(count);
}

Alerts Alertmanager::take_batch() {
  const std::size_t count = std::min(queue_.size(), batch_size_);
  const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(count);
  Alerts batch(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
  queue_.erase(queue_.begin(), end);
  metrics_.queue_length.add(-static_cast<double>(count));
  if (queue_.empty()) is_full_ = false;
  return batch;
}

// A loop, because a client that has ended calls back from inside its send().
void Alertmanager::send_batches() {
  {
    MutexLock lock(mutex_);
    if (is_starting_) return;
    is_starting_ = true;
  }
  while (true) {
    Alerts batch;
    std::shared_ptr<net::HttpSession> session;
    std::chrono::milliseconds timeout;
    {
      MutexLock lock(mutex_);
      if (is_sending_ || queue_.empty()) {
        is_starting_ = false;
        return;
      }
      batch = take_batch();
      is_sending_ = true;
      session = session_;
      timeout = timeout_;
    }
    send(batch, *session, timeout);
  }
}

void Alertmanager::send(const Alerts& batch, net::HttpSession& session,
                        std::chrono::milliseconds timeout) {
  net::HttpRequest request;
  request.method = "POST";
  request.url = url_;
  request.headers = {{"Content-Type", "application/json"}};
  request.body = alerts_json(batch);
  request.timeout = timeout;
  request.body_bytes_max = kAnswerBytesMax;
  net::HttpTransfer transfer = session.send(
      std::move(request), [self = shared_from_this(), count = batch.size(),
                           since = SteadyClock::now()](const Result<net::HttpResponse>& response) {
        self->answered(count, since, response);
        self->send_batches();
      });
  MutexLock lock(mutex_);
  if (is_given_up_) transfer.cancel();
  transfer_ = std::move(transfer);
}

void Alertmanager::answered(std::size_t alerts, SteadyClock::time_point since,
                            const Result<net::HttpResponse>& response) {
  const std::string failure = failure_of(response);
  MutexLock lock(mutex_);
  log_outcome(failure, alerts);
  if (failure.empty()) {
    metrics_.sent.add(alerts);
    metrics_.latency.observe(std::chrono::duration<double>(SteadyClock::now() - since).count());
  } else {
    metrics_.errors.add(alerts);
    metrics_.dropped.add(alerts);
  }
  is_sending_ = false;
  idle_.notify_all();
}

// One line when it begins to fail, or fails in another way, and one when it works again; the
// metrics have the rest.
void Alertmanager::log_outcome(const std::string& failure, std::size_t alerts) {
  if (failure == failure_) return;
  if (failure.empty())
    log_info("notifier: " + url_ + ": takes alerts again");
  else
    log_error("notifier: " + url_ + ": " + std::to_string(alerts) + " alerts not sent: " + failure);
  failure_ = failure;
}

void Alertmanager::close(bool drain) {
  MutexLock lock(mutex_);
  is_closed_ = true;
  if (!drain) drop_oldest(queue_.size());
  idle_.notify_all();
}

void Alertmanager::give_up() {
  MutexLock lock(mutex_);
  is_closed_ = is_given_up_ = true;
  drop_oldest(queue_.size());
  transfer_.cancel();
  idle_.notify_all();
}

bool Alertmanager::is_idle() const {
  MutexLock lock(mutex_);
  return queue_.empty() && !is_sending_;
}

bool Alertmanager::wait_until_idle(SteadyClock::time_point deadline) {
  MutexLock lock(mutex_);
  while (!queue_.empty() || is_sending_) {
    const auto left = deadline - SteadyClock::now();
    if (left <= SteadyClock::duration::zero()) return false;
    idle_.wait_for(mutex_, left);
  }
  return true;
}

}  // namespace silverback::notifier
