#include "scrape/pool.h"

namespace silverback::scrape {
namespace {

constexpr std::string_view kTargets = "prometheus_target_scrape_pool_targets";
constexpr std::string_view kTargetLimit = "prometheus_target_scrape_pool_target_limit";
constexpr std::string_view kSyncs = "prometheus_target_scrape_pool_sync_total";
constexpr std::string_view kFailedTargets = "prometheus_target_sync_failed_total";
constexpr std::string_view kMetadataEntries = "prometheus_target_metadata_cache_entries";
constexpr std::string_view kSyncSeconds = "prometheus_target_sync_length_seconds";

Labels metric_labels(const Job& job) { return {{"scrape_job", job.config->job_name}}; }

}  // namespace

FoundTargets find_targets(const Job& job, const discovery::TargetGroups& groups) {
  const std::uint64_t keep = job.config->limits.keep_dropped_targets;
  FoundTargets found;
  for (const auto& group : groups) {
    for (std::size_t i = 0; i < group->targets.size(); ++i) {
      auto target = make_target(job.target_rules, group->targets[i], *group);
      if (!target) {
        found.failures.push_back("instance " + std::to_string(i) + " in group " + group->source +
                                 ": " + target.error().message);
      } else if (*target) {
        TargetKey key((*target)->url, (*target)->labels);
        found.active.emplace(std::move(key), std::make_shared<const Target>(**std::move(target)));
      } else {
        ++found.dropped_count;
        if (keep == 0 || found.dropped.size() < keep)
          found.dropped.push_back(discovered_labels(job.target_rules, group->targets[i], *group));
      }
    }
  }
  return found;
}

Pool::Pool(std::shared_ptr<const Job> its_job, Registry& metrics)
    : job(std::move(its_job)),
      dropped(std::make_shared<const std::vector<Labels>>()),
      target_count(metrics.gauge(kTargets, "Targets that are scraped.", metric_labels(*job))),
      target_limit(metrics.gauge(kTargetLimit, "How many targets the job may have; 0: any number.",
                                 metric_labels(*job))),
      syncs(metrics.counter(kSyncs, "How often targets were made of what discovery found.",
                            metric_labels(*job))),
      failed_targets(metrics.counter(kFailedTargets, "Targets found that cannot be scraped.",
                                     metric_labels(*job))),
      metadata_entries(metrics.gauge(kMetadataEntries,
                                     "Metric families that the job's targets tell of.",
                                     metric_labels(*job))),
      sync_seconds(metrics.distribution(kSyncSeconds,
                                        "How long it took to make targets of what was found.",
                                        {.001, .01, .1, 1, 10}, metric_labels(*job))) {}

void remove_metrics(const Pool& pool, Registry& metrics) {
  for (const std::string_view name :
       {kTargets, kTargetLimit, kSyncs, kFailedTargets, kMetadataEntries, kSyncSeconds})
    metrics.remove(name, metric_labels(*pool.job));
}

}  // namespace silverback::scrape
