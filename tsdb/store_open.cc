// Opening: whose directory is it, which partitions are valid, and what the log holds beyond them.
#include <algorithm>
#include <map>

#include "base/log.h"
#include "tsdb/partition/frame_cache.h"
#include "tsdb/store.h"

namespace silverback::tsdb {
namespace {

// What was read of partitions lately, decoded.
constexpr std::size_t kCacheBytes = std::size_t{64} << 20;

// Which logged samples are in partitions: for an instant, the position below which all are.
class SealedPositions {
 public:
  explicit SealedPositions(const std::vector<ManifestEntry>& entries) {
    for (const ManifestEntry& entry : entries) {
      if (!entry.complete) continue;
      raise(entry.partition.mint, entry.partition.maxt, entry.log_position);
    }
  }

  bool is_sealed(TimestampMs t, LogPosition position) const {
    const auto next = below_.upper_bound(t);
    return next != below_.begin() && position < std::prev(next)->second;
  }

 private:
  // The positions of an interval reach to the start of the next.
  void split(TimestampMs t) {
    const auto next = below_.upper_bound(t);
    below_.try_emplace(t, next == below_.begin() ? 0 : std::prev(next)->second);
  }
  void raise(TimestampMs mint, TimestampMs maxt, LogPosition position) {
    split(mint);
    split(maxt);
    for (auto it = below_.find(mint); it->first != maxt; ++it)
      it->second = std::max(it->second, position);
  }

  std::map<TimestampMs, LogPosition> below_;
};

}  // namespace

Store::Store(std::filesystem::path directory, const DbOptions& options)
    : directory_(std::move(directory)),
      options_(options),
      retention_(options.retention),
      files_(options.files != nullptr ? *options.files : FileSystem::posix()),
      clock_(options.clock != nullptr ? *options.clock : Clock::system()),
      metrics_(options.metrics != nullptr ? *options.metrics : own_metrics_),
      cache_(std::make_shared<FrameCache>(kCacheBytes)) {}

Store::~Store() {
  stop_sync_task();
  MutexLock committer(committer_);
  if (!sample_log_) return;  // never got so far
  const Status synced = sync_logs();
  if (!synced) log_error("write-ahead log: " + synced.error().message);
}

Result<std::unique_ptr<Store>> Store::open(const std::filesystem::path& directory,
                                           const DbOptions& options) {
  std::unique_ptr<Store> store(new Store(directory, options));
  TRY(check_directory(store->files_, directory));
  TRY(make_directory(store->files_, directory));
  store->lock_ = TRY(DirectoryLock::acquire(directory));
  const Status recovered = store->recover();
  if (!recovered) return fail(Error(recovered.error()).within("open " + directory.string()));
  return store;
}

Status Store::recover() {
  MutexLock maintenance(maintenance_);
  last_seal_ = clock_.now();
  // First of all, because it is what makes the directory ours.
  manifest_ = TRY(Manifest::open(files_, directory_ / kManifestName));
  TRY(files_.sync_directory(directory_));
  TRY(files_.remove_all(directory_ / "tmp"));
  for (const char* folder : {"tmp", "log", "partitions"})
    TRY(files_.create_directories(directory_ / folder));
  TRY(files_.sync_directory(directory_));
  load_partitions();
  TRY(remove_debris());
  return replay();
}

void Store::load_partitions() {
  const std::shared_ptr<const Partitions> before = partitions();
  auto opened = std::make_shared<Partitions>();
  for (const ManifestEntry& entry : manifest_->entries()) {
    next_partition_ = std::max(next_partition_, number_of(entry.partition.name) + 1);
    const auto known = std::find_if(before->begin(), before->end(), [&](const OpenPartition& open) {
      return open.entry.partition.name == entry.partition.name;
    });
    if (known != before->end()) {
      opened->push_back(*known);
      continue;
    }
    Result<std::shared_ptr<Partition>> partition =
        Partition::open(files_, path_of(entry.partition), entry.partition, cache_);
    // The others can still answer; this one's place is kept, for an operator to repair or remove.
    if (!partition)
      log_error("partition " + entry.partition.name + " is left out: " + partition.error().message);
    opened->push_back({entry, partition ? *std::move(partition) : nullptr});
  }
  publish(std::move(opened));
}

Status Store::remove_debris() {
  for (const std::string& name : TRY(files_.list(directory_ / "partitions"))) {
    const std::vector<ManifestEntry>& entries = manifest_->entries();
    if (std::none_of(entries.begin(), entries.end(),
                     [&](const ManifestEntry& entry) { return entry.partition.name == name; }))
      TRY(files_.remove_all(directory_ / "partitions" / name));
  }
  return {};
}

// What a killed process wrote may not be on the disk yet, and from now on samples that are rely on
// its registrations.
Status Store::sync_found_logs() {
  for (const LogType type : {LogType::kSeries, LogType::kSamples}) {
    for (const std::uint64_t number : TRY(log_files(files_, directory_, type))) {
      const std::unique_ptr<File> file =
          TRY(files_.open_append(directory_ / "log" / log_file_name(type, number)));
      TRY(file->sync());
    }
  }
  return files_.sync_directory(directory_ / "log");
}

Status Store::replay() {
  TRY(sync_found_logs());
  MutexLock committer(committer_);
  std::uint64_t nameless = 0;
  const SeriesReplay series = TRY(replay_series(
      files_, directory_,
      [&](std::uint32_t id, const Labels& labels) {
        if (!labels.empty() && !head_.restore_series(id, labels)) ++nameless;
      },
      [&](std::string_view metric, Metadata metadata) {
        MutexLock lock(metadata_mutex_);
        metadata_[std::string(metric)] = std::move(metadata);
      }));
  head_.reserve_ids(series.next_id);

  const SealedPositions sealed(manifest_->entries());
  std::uint64_t lost = 0;
  std::uint32_t id_end = 0;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> renamed_values;
  const ReplayResult samples =
      TRY(replay_samples(files_, directory_, [&](const ReplayedFrame& frame) REQUIRES(committer_) {
        head_.start_group(group_);
        const auto file = static_cast<std::uint32_t>(frame.position >> 32);
        for (const LoggedSample& sample : frame.samples) {
          id_end = std::max(id_end, sample.id + 1);
          const std::optional<std::uint32_t> id = head_.restored(sample.id);
          std::uint64_t bits = sample.v_bits;
          if (id == sample.id) {
            bits = head_.restore_value(sample.id, bits, frame.epoch, file);
          } else if (id) {
            // Two ids, one series: each has values of its own in the log.
            bits = renamed_values[{frame.epoch, sample.id}] ^= bits;
          }
          if (sealed.is_sealed(sample.t, frame.position)) continue;
          if (!id) {
            ++lost;
            continue;
          }
          head_.stage_replayed(group_, *id, {sample.t, std::bit_cast<double>(bits)}, file);
        }
        head_.apply(group_, frame.position);
      }));
  // An id that any file mentions keeps its meaning.
  head_.reserve_ids(id_end);
  if (lost > 0)
    log_error("log: " + std::to_string(lost) + " samples belong to series whose labels are lost");
  metrics_.wal_corruptions.add(series.damaged_places + samples.damaged_places + nameless +
                               (lost > 0 ? 1 : 0));

  std::uint64_t last_position_file = samples.last_file;
  for (const ManifestEntry& entry : manifest_->entries())
    last_position_file = std::max(last_position_file, entry.log_position >> 32);
  sample_log_.emplace(files_, directory_, last_position_file + 1, kWalFileBytes);
  // Numbers above those of this run's epochs, so that no value counts as logged yet.
  sample_log_->start_epochs_after(samples.epochs);
  if (samples.last_file != 0) sample_log_->cut(samples.last_file, samples.last_file_end);
  series_log_.emplace(files_, directory_, series.last_file + 1);
  return {};
}

}  // namespace silverback::tsdb
