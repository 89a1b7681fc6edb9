#include "tsdb/store_metrics.h"

namespace silverback::tsdb {

StoreMetrics::StoreMetrics(Registry& registry)
    : head_series(
          registry.gauge("prometheus_tsdb_head_series", "Total number of series in the head.")),
      head_chunks(
          registry.gauge("prometheus_tsdb_head_chunks", "Total number of chunks in the head.")),
      head_min_time(registry.gauge("prometheus_tsdb_head_min_time",
                                   "Oldest timestamp in the head, in milliseconds.")),
      head_max_time(registry.gauge("prometheus_tsdb_head_max_time",
                                   "Newest timestamp in the head, in milliseconds.")),
      series_created(registry.counter("prometheus_tsdb_head_series_created_total",
                                      "Total number of series created in the head.")),
      series_removed(registry.counter("prometheus_tsdb_head_series_removed_total",
                                      "Total number of series removed from the head.")),
      samples_appended(registry.counter("prometheus_tsdb_head_samples_appended_total",
                                        "Total number of appended samples.", {{"type", "float"}})),
      late_samples(
          registry.counter("prometheus_tsdb_out_of_order_samples_appended_total",
                           "Total number of appended samples older than their series' newest.",
                           {{"type", "float"}})),
      exemplars_dropped(registry.counter("silverback_exemplars_dropped_total",
                                         "Total number of exemplars that were not kept.")),
      wal_corruptions(registry.counter("prometheus_tsdb_wal_corruptions_total",
                                       "Total number of damaged places found in the log.")),
      wal_files_given_up(
          registry.counter("silverback_wal_files_given_up_total",
                           "Total number of log files left after a failed write or sync.")),
      wal_fsync_seconds(registry.distribution(
          "prometheus_tsdb_wal_fsync_duration_seconds", "Duration of the log's syncs.",
          {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5})),
      compactions(registry.counter("prometheus_tsdb_compactions_total",
                                   "Total number of partitions written, by sealing or merging.")),
      compactions_failed(registry.counter("prometheus_tsdb_compactions_failed_total",
                                          "Total number of failed seals and merges.")),
      partitions(registry.gauge("prometheus_tsdb_blocks_loaded", "Number of partitions in use.")),
      partitions_damaged(
          registry.gauge("silverback_partitions_damaged",
                         "Number of partitions that are left out because they are damaged.")),
      partition_bytes(
          registry.gauge("prometheus_tsdb_storage_blocks_bytes", "Bytes of all partitions.")),
      partitions_expired(
          registry.counter("prometheus_tsdb_time_retentions_total",
                           "Total number of times partitions were removed for their age.")) {}

}  // namespace silverback::tsdb
