// The store's metrics, with Prometheus's names where an equal thing exists.
#pragma once

#include "base/metrics.h"

namespace silverback::tsdb {

struct StoreMetrics {
  explicit StoreMetrics(Registry& registry);

  Gauge& head_series;
  Gauge& head_chunks;
  Gauge& head_min_time;
  Gauge& head_max_time;
  Counter& series_created;
  Counter& series_removed;
  Counter& samples_appended;
  Counter& late_samples;
  Counter& exemplars_dropped;
  Counter& wal_corruptions;
  Counter& wal_files_given_up;
  Distribution& wal_fsync_seconds;
  Counter& compactions;
  Counter& compactions_failed;
  Gauge& partitions;
  Gauge& partitions_damaged;
  Gauge& partition_bytes;
  Counter& partitions_expired;
};

}  // namespace silverback::tsdb
