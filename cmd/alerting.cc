#include "cmd/alerting.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <pthread.h>

#include "base/file.h"
#include "base/log.h"
#include "cmd/features.h"
#include "cmd/version.h"

namespace silverback::cmd {
namespace {

// How long waiting alerts may take to be sent at the end.
constexpr std::chrono::seconds kDrainGrace{10};
constexpr std::chrono::seconds kDiscoveryInterval{1};
// As good as never, and nanoseconds can still count some of them.
constexpr DurationMs kResendDelayMax = 10LL * 365 * 86'400'000;

std::size_t group_threads() {
  // Far more than cores: a group holds its thread while its queries run, and slow ones are not to
  // hold back the others.
  return std::clamp<std::size_t>(std::size_t{8} * std::thread::hardware_concurrency(), 32, 64);
}

bool is_concurrent(const Flags& flags) {
  const std::vector<std::string> features = flags.list("enable-feature");
  return std::find(features.begin(), features.end(), kConcurrentRulesFeature) != features.end();
}

notifier::NotifierOptions notifier_options(const Flags& flags) {
  return {
      .queue_capacity =
          std::max<std::size_t>(flags.count("alertmanager.notification-queue-capacity"), 1),
      .batch_size = std::max<std::size_t>(flags.count("alertmanager.notification-batch-size"), 1),
      .drain_on_shutdown = flags.on("alertmanager.drain-notification-queue-on-shutdown")};
}

}  // namespace

Result<AlertingChange> prepare_alerting(const config::PrometheusConfig& config,
                                        const promql::Features& features) {
  AlertingChange change;
  const std::vector<std::string> paths =
      TRY(config::files_matching(FileSystem::posix(), config.rule_files));
  const rules::GroupDefaults defaults{
      .interval = config.global.evaluation_interval,
      .query_offset = config.global.rule_query_offset,
      .names = config::name_scheme(config.global.metric_name_validation_scheme)};
  auto groups = rules::load_groups(FileSystem::posix(), paths, defaults, features);
  const Status checked = notifier::Notifier::check(config.alerting);
  if (!groups && !checked) groups.error().message += "\n" + checked.error().message;
  if (!groups) return fail(std::move(groups).error());
  TRY(checked);
  change.groups = *std::move(groups);
  change.external_labels = config::external_labels(config);
  change.alerting = config.alerting;
  return change;
}

Alerting::Alerting(const Flags& flags, const Dependencies& dependencies)
    : client_(nullptr, user_agent()),
      notifier_(notifier_options(flags), client_, *dependencies.metrics),
      group_pool_("rules", group_threads()) {
  const std::size_t rules_max = flags.count("rules.max-concurrent-evals");
  if (is_concurrent(flags) && rules_max > 1)
    rule_pool_ = std::make_unique<ThreadPool>("rule", std::min<std::size_t>(rules_max, 64));
  manager_ = std::make_unique<rules::Manager>(environment(flags, dependencies), &group_pool_);
  net_thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "net");
    client_.run();
  });
}

rules::Environment Alerting::environment(const Flags& flags, const Dependencies& dependencies) {
  rules::Environment environment;
  environment.storage = dependencies.storage;
  environment.engine = dependencies.engine;
  environment.appender = dependencies.appender;
  environment.clock = dependencies.clock;
  environment.metrics = dependencies.metrics;
  environment.rule_executor = rule_pool_.get();
  environment.external_url = dependencies.external_url;
  environment.notify = [this](std::vector<notifier::Alert> alerts) {
    notifier_.send(std::move(alerts));
  };
  environment.outage_tolerance = flags.duration("rules.alert.for-outage-tolerance");
  environment.grace_period = flags.duration("rules.alert.for-grace-period");
  environment.resend_delay = std::min(flags.duration("rules.alert.resend-delay"), kResendDelayMax);
  return environment;
}

Alerting::~Alerting() { stop(); }

void Alerting::apply(const AlertingChange& change) {
  const Status applied =
      notifier_.apply(change.alerting, change.external_labels, std::chrono::steady_clock::now());
  if (!applied) log_error("Applying the configuration of alerting: " + applied.error().message);
  manager_->update(change.groups, change.external_labels);
}

void Alerting::start() {
  notifier_loop_ =
      std::make_unique<Periodic>("notifier", kDiscoveryInterval, kDiscoveryInterval,
                                 [this] { notifier_.tick(std::chrono::steady_clock::now()); });
  manager_thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "rules");
    manager_->run();
  });
}

void Alerting::stop_rules() {
  manager_->stop();
  if (manager_thread_.joinable()) manager_thread_.join();
}

void Alerting::stop() {
  if (std::exchange(stopped_, true)) return;
  stop_rules();
  notifier_loop_.reset();
  notifier_.stop(kDrainGrace);
  client_.stop();
  net_thread_.join();
}

}  // namespace silverback::cmd
