#include "rules/notifier/notifier.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/log.h"
#include "config/http_options.h"
#include "rules/notifier/alertmanager_url.h"

namespace silverback::notifier {
namespace {

// Prometheus's name for the targets of `alertmanagers[i]`.
std::string set_name(std::size_t i) { return "config-" + std::to_string(i); }

}  // namespace

Notifier::Notifier(const NotifierOptions& options, net::HttpClient& client, Registry& metrics)
    : options_(options),
      client_(client),
      metrics_(metrics),
      invalid_(metrics.counter("silverback_notifications_invalid_total",
                               "Alerts left out because no Alertmanager would take them.")),
      discovered_(metrics.gauge("prometheus_notifications_alertmanagers_discovered",
                                "Alertmanagers that alerts are sent to.")),
      discovery_("notify", client, metrics),
      routing_(std::make_shared<const Routing>()) {
  metrics
      .gauge("prometheus_notifications_queue_capacity",
             "Alerts that can wait for each Alertmanager.")
      .set(static_cast<double>(options.queue_capacity));
}

Notifier::~Notifier() { stop(std::chrono::milliseconds(0)); }

std::shared_ptr<const Notifier::Routing> Notifier::routing() const {
  MutexLock lock(mutex_);
  return routing_;
}

Status Notifier::check(const config::AlertingConfig& config) {
  TRY(config::Relabeling::make(config.alert_relabel_configs));
  for (std::size_t i = 0; i < config.alertmanagers.size(); ++i) {
    const config::AlertmanagerConfig& section = config.alertmanagers[i];
    const auto check_section = [&section]() -> Status {
      TRY(config::Relabeling::make(section.relabel_configs));
      TRY(config::Relabeling::make(section.alert_relabel_configs));
      const net::HttpOptions options = TRY(config::http_options(section.http));
      return net::check(options);
    };
    if (Status checked = check_section(); !checked)
      return fail(std::move(checked).error().within("alertmanagers[" + std::to_string(i) + "]"));
  }
  return {};
}

Status Notifier::apply(const config::AlertingConfig& config, const Labels& external_labels,
                       SteadyTime now) {
  MutexLock lock(reload_mutex_);
  if (is_stopped_) return fail(ErrorCode::kCanceled, "the notifier has stopped");
  const auto before = routing();
  const auto next = std::make_shared<Routing>();
  next->external_labels = external_labels;
  next->relabeling = TRY(config::Relabeling::make(config.alert_relabel_configs));
  std::map<std::string, config::Discoveries> targets;
  for (const config::AlertmanagerConfig& alertmanagers : config.alertmanagers) {
    const std::size_t i = next->routes.size();
    auto section = make_section(alertmanagers, *before);
    if (!section)
      return fail(std::move(section).error().within("alertmanagers[" + std::to_string(i) + "]"));
    next->routes.emplace_back().section = *std::move(section);
    targets[set_name(i)] = alertmanagers.discoveries;
  }
  TRY(discovery_.apply(targets, now));
  fill_routes(*next, *before);
  replace(next);
  return {};
}

Result<std::shared_ptr<const Notifier::Section>> Notifier::make_section(
    const config::AlertmanagerConfig& config, const Routing& before) {
  const auto section = std::make_shared<Section>();
  section->config = config;
  section->target_relabeling = TRY(config::Relabeling::make(config.relabel_configs));
  section->alert_relabeling = TRY(config::Relabeling::make(config.alert_relabel_configs));
  // A session that is reached in the same way keeps its connections.
  const auto same =
      std::find_if(before.routes.begin(), before.routes.end(),
                   [&](const Route& route) { return route.section->config.http == config.http; });
  if (same != before.routes.end()) {
    section->session = same->section->session;
  } else {
    const net::HttpOptions options = TRY(config::http_options(config.http));
    section->session = TRY(client_.open(options));
  }
  return section;
}

void Notifier::tick(SteadyTime now) {
  MutexLock lock(reload_mutex_);
  leaving_.erase(std::remove_if(leaving_.begin(), leaving_.end(),
                                [](const auto& alertmanager) { return alertmanager->is_idle(); }),
                 leaving_.end());
  if (is_stopped_ || discovery_.tick(now).empty()) return;
  const auto before = routing();
  const auto next = std::make_shared<Routing>(*before);
  fill_routes(*next, *before);
  replace(next);
}

// Alertmanagers as they are found now, those of `before` if they are known by their URL.
void Notifier::fill_routes(Routing& next, const Routing& before) {
  std::multimap<std::string, std::shared_ptr<Alertmanager>> known;
  for (const Route& route : before.routes)
    for (const auto& alertmanager : route.alertmanagers)
      known.emplace(alertmanager->url(), alertmanager);
  std::size_t count = 0;
  for (std::size_t i = 0; i < next.routes.size(); ++i) {
    Route& route = next.routes[i];
    const Section& section = *route.section;
    AlertmanagerUrls urls = alertmanager_urls(discovery_.targets(set_name(i)), section.config,
                                              section.target_relabeling);
    for (const std::string& problem : urls.invalid)
      log_error("notifier: alertmanagers[" + std::to_string(i) + "]: " + problem);
    route.dropped = std::move(urls.dropped);
    route.alertmanagers.clear();
    for (const std::string& url : urls.active) {
      auto node = known.extract(url);
      auto alertmanager = node ? std::move(node.mapped())
                               : std::make_shared<Alertmanager>(url, options_.queue_capacity,
                                                                options_.batch_size, metrics_);
      alertmanager->reach_by(section.session, std::chrono::milliseconds(section.config.timeout));
      route.alertmanagers.push_back(std::move(alertmanager));
    }
    count += route.alertmanagers.size();
  }
  discovered_.set(static_cast<double>(count));
  for (const auto& [url, alertmanager] : known) leaving_.push_back(alertmanager);
}

void Notifier::replace(std::shared_ptr<const Routing> next) {
  {
    MutexLock lock(mutex_);
    routing_ = std::move(next);
  }
  for (const auto& alertmanager : leaving_) alertmanager->close(true);
}

bool Notifier::is_valid(const Alert& alert) {
  const bool valid = !alert.labels.empty() && alert.starts_at <= alert.ends_at;
  if (!valid) invalid_.add();
  return valid;
}

Alerts Notifier::relabeled(std::vector<Alert> alerts, const Routing& routing) {
  Alerts result;
  LabelsBuilder labels;
  for (Alert& alert : alerts) {
    labels.reset(alert.labels);
    for (const Label& label : routing.external_labels)
      if (!alert.labels.has(label.name)) labels.set(label.name, label.value);
    if (!routing.relabeling.apply(labels)) continue;
    alert.labels = labels.build();
    if (is_valid(alert)) result.push_back(std::make_shared<const Alert>(std::move(alert)));
  }
  return result;
}

Alerts Notifier::relabeled(const Alerts& alerts, const config::Relabeling& relabeling) {
  Alerts result;
  LabelsBuilder labels;
  for (const auto& alert : alerts) {
    labels.reset(alert->labels);
    if (!relabeling.apply(labels)) continue;
    Alert changed = *alert;
    changed.labels = labels.build();
    if (is_valid(changed)) result.push_back(std::make_shared<const Alert>(std::move(changed)));
  }
  return result;
}

void Notifier::send(std::vector<Alert> alerts) {
  const auto to = routing();
  const Alerts for_all = relabeled(std::move(alerts), *to);
  if (for_all.empty()) return;
  for (const Route& route : to->routes) {
    const config::Relabeling& relabeling = route.section->alert_relabeling;
    const Alerts own = relabeling.empty() ? for_all : relabeled(for_all, relabeling);
    if (own.empty()) continue;
    for (const auto& alertmanager : route.alertmanagers) alertmanager->add(own);
  }
}

Alertmanagers Notifier::alertmanagers() const {
  Alertmanagers list;
  for (const Route& route : routing()->routes) {
    for (const auto& alertmanager : route.alertmanagers) list.active.push_back(alertmanager->url());
    list.dropped.insert(list.dropped.end(), route.dropped.begin(), route.dropped.end());
  }
  return list;
}

void Notifier::stop(std::chrono::milliseconds grace) {
  const auto deadline = std::chrono::steady_clock::now() + grace;
  MutexLock lock(reload_mutex_);
  is_stopped_ = true;
  for (const Route& route : routing()->routes)
    leaving_.insert(leaving_.end(), route.alertmanagers.begin(), route.alertmanagers.end());
  for (const auto& alertmanager : leaving_) alertmanager->close(options_.drain_on_shutdown);
  for (const auto& alertmanager : leaving_)
    if (!alertmanager->wait_until_idle(deadline)) alertmanager->give_up();
  leaving_.clear();
}

}  // namespace silverback::notifier
