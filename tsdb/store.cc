// Reading: the head and the partitions seen as one.
#include "tsdb/store.h"

#include <algorithm>

#include "base/log.h"
#include "tsdb/partition/merge.h"

namespace silverback::tsdb {
namespace {

// Adds what the store itself has to say to what its sources say.
class WarningSelection final : public Selection {
 public:
  WarningSelection(std::unique_ptr<Selection> under, std::vector<std::string> warnings)
      : under_(std::move(under)), warnings_(std::move(warnings)) {}

  std::size_t size() const override { return under_->size(); }
  Labels labels(std::size_t series) const override { return under_->labels(series); }
  Status read(std::size_t series, SampleColumns& out) const override {
    return under_->read(series, out);
  }
  Newest newest(std::size_t series) const override { return under_->newest(series); }
  SeriesGroups groups(std::span<const std::string> names, bool by) const override {
    return under_->groups(names, by);
  }
  std::vector<std::string> warnings() const override {
    std::vector<std::string> all = under_->warnings();
    all.insert(all.end(), warnings_.begin(), warnings_.end());
    return all;
  }

 private:
  const std::unique_ptr<Selection> under_;
  const std::vector<std::string> warnings_;
};

std::string left_out(const PartitionInfo& info) {
  return "partition " + info.name + " is damaged and left out";
}

// A partition that turns out to be damaged while it is asked is left out with a warning, as it is
// from then on. Other errors are the caller's.
template <class T>
Result<std::optional<T>> unless_damaged(Result<T> answer, const Partition& partition,
                                        std::vector<std::string>& warnings) {
  if (answer) return std::optional<T>(*std::move(answer));
  if (answer.error().code != ErrorCode::kCorruption) return fail(std::move(answer).error());
  log_error(answer.error().message);
  warnings.push_back(left_out(partition.info()));
  return std::optional<T>();
}

}  // namespace

std::shared_ptr<const Store::Partitions> Store::partitions() const {
  MutexLock lock(view_mutex_);
  return partitions_;
}

void Store::count_partitions(const Partitions& partitions) {
  double bytes = 0, sound = 0;
  for (const OpenPartition& open : partitions) {
    bytes += static_cast<double>(open.entry.partition.bytes);
    if (open.is_sound()) ++sound;
  }
  metrics_.partitions.set(sound);
  metrics_.partitions_damaged.set(static_cast<double>(partitions.size()) - sound);
  metrics_.partition_bytes.set(bytes);
}

void Store::publish(std::shared_ptr<Partitions> partitions) {
  // Names start with a number that counts up, so this is the order of acceptance.
  std::sort(partitions->begin(), partitions->end(),
            [](const OpenPartition& a, const OpenPartition& b) {
              return a.entry.partition.name < b.entry.partition.name;
            });
  count_partitions(*partitions);
  MutexLock lock(view_mutex_);
  partitions_ = std::move(partitions);
}

std::vector<std::shared_ptr<Partition>> Store::partitions_in(
    TimeRange range, std::vector<std::string>& warnings) const {
  std::vector<std::shared_ptr<Partition>> found;
  const std::shared_ptr<const Partitions> all = partitions();
  for (const OpenPartition& open : *all) {
    const PartitionInfo& info = open.entry.partition;
    if (!range.overlaps({info.mint, info.maxt - 1})) continue;
    if (open.is_sound()) {
      found.push_back(open.partition);
    } else {
      warnings.push_back(left_out(info));
    }
  }
  return found;
}

// The head first, then the list of partitions: sealing adds the partition before it drops the
// samples from the head, so that one of the two has them. Where both have a sample the partition is
// asked first, because it was accepted before what the head still takes.
Result<std::unique_ptr<Selection>> Store::select(std::span<const Matcher> matchers,
                                                 const SelectHints& hints) const {
  std::unique_ptr<Selection> head = head_.select(matchers, hints);
  std::vector<std::string> warnings;
  std::vector<std::unique_ptr<Selection>> selections;
  for (const std::shared_ptr<Partition>& partition : partitions_in(hints.range, warnings)) {
    std::optional<std::unique_ptr<Selection>> selection =
        TRY(unless_damaged(partition->select(matchers, hints), *partition, warnings));
    if (selection && (*selection)->size() > 0) selections.push_back(*std::move(selection));
  }
  if (head->size() > 0 || selections.empty()) selections.push_back(std::move(head));
  std::unique_ptr<Selection> merged = selections.size() == 1
                                          ? std::move(selections.front())
                                          : merge_selections(std::move(selections));
  if (warnings.empty()) return merged;
  return std::make_unique<WarningSelection>(std::move(merged), std::move(warnings));
}

Result<Names> Store::label_names(std::span<const Matcher> matchers, TimeRange range,
                                 std::size_t limit) const {
  std::vector<Names> lists;
  lists.push_back(head_.label_names(matchers, range));
  Names ours;
  for (const std::shared_ptr<Partition>& partition : partitions_in(range, ours.warnings)) {
    std::optional<Names> list =
        TRY(unless_damaged(partition->label_names(matchers, range, 0), *partition, ours.warnings));
    if (list) lists.push_back(*std::move(list));
  }
  lists.push_back(std::move(ours));
  return merge_names(std::move(lists), limit);
}

Result<Names> Store::label_values(std::string_view name, std::span<const Matcher> matchers,
                                  TimeRange range, std::size_t limit) const {
  std::vector<Names> lists;
  lists.push_back(head_.label_values(name, matchers, range));
  Names ours;
  for (const std::shared_ptr<Partition>& partition : partitions_in(range, ours.warnings)) {
    std::optional<Names> list = TRY(unless_damaged(
        partition->label_values(name, matchers, range, 0), *partition, ours.warnings));
    if (list) lists.push_back(*std::move(list));
  }
  lists.push_back(std::move(ours));
  return merge_names(std::move(lists), limit);
}

std::map<std::string, Metadata> Store::metadata() const {
  MutexLock lock(metadata_mutex_);
  return metadata_;
}

}  // namespace silverback::tsdb
