#include "tsdb/db.h"

#include "tsdb/store.h"

namespace silverback::tsdb {
namespace {

constexpr SeriesRef ref_of(std::uint32_t id) {
  return static_cast<SeriesRef>(std::uint64_t{id} + 1);
}
constexpr std::uint32_t id_of(SeriesRef ref) {
  return static_cast<std::uint32_t>(static_cast<std::uint64_t>(ref) - 1);
}

class DbAppender final : public Appender {
 public:
  explicit DbAppender(Store& store) : store_(store) {}

  Result<SeriesRef> series(const Labels& labels) override {
    if (labels.empty()) return fail(ErrorCode::kInvalidArgument, "a series needs labels");
    if (labels.size() > Head::kLabelsMax)
      return fail(ErrorCode::kInvalidArgument, "a series may have up to " +
                                                   std::to_string(Head::kLabelsMax) +
                                                   " labels, not " + std::to_string(labels.size()));
    enter();
    return ref_of(TRY(store_.head().series(labels)));
  }

  bool known(SeriesRef ref) const override {
    enter();
    const auto number = static_cast<std::uint64_t>(ref);
    return number != 0 && number <= 0xffff'ffff && store_.head().known(id_of(ref));
  }

  void append(SeriesRef ref, Sample sample, AppendOptions options) override {
    Batch::Pending& pending = batch_.samples.emplace_back();
    pending.id = id_of(ref);
    pending.index = batch_.appends++ & 0x7fff'ffff;
    pending.reject_out_of_order = options.reject_out_of_order ? 1 : 0;
    pending.sample = sample;
  }

  void append(SeriesRef, HistogramSample, AppendOptions) override {
    batch_.rejections.push_back({batch_.appends++, SampleVerdict::kUnsupported});
  }

  void append(SeriesRef, Exemplar) override { ++batch_.exemplars; }

  void append_metadata(std::string_view metric, Metadata metadata) override {
    batch_.metadata[std::string(metric)] = std::move(metadata);
  }

  Result<CommitResult> commit() override {
    Result<CommitResult> result = store_.commit(batch_);
    pass_ = {};
    return result;
  }

  void rollback() override {
    batch_.clear();
    pass_ = {};
  }

 private:
  // While inside, no series that was known is removed.
  void enter() const {
    if (!pass_.holds()) pass_ = ReaderGate::Pass(store_.head().gate());
  }

  Store& store_;
  Batch batch_;
  mutable ReaderGate::Pass pass_;
};

}  // namespace

struct Db::Impl {
  std::unique_ptr<Store> store;
};

Db::Db(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Db::~Db() = default;

Result<std::unique_ptr<Db>> Db::open(const std::filesystem::path& directory,
                                     const DbOptions& options) {
  auto impl = std::make_unique<Impl>();
  impl->store = TRY(Store::open(directory, options));
  return std::unique_ptr<Db>(new Db(std::move(impl)));
}

std::unique_ptr<Appender> Db::appender() { return std::make_unique<DbAppender>(*impl_->store); }

Result<std::unique_ptr<Selection>> Db::select(std::span<const Matcher> matchers,
                                              const SelectHints& hints) const {
  return impl_->store->select(matchers, hints);
}
Result<Names> Db::label_names(std::span<const Matcher> matchers, TimeRange range,
                              std::size_t limit) const {
  return impl_->store->label_names(matchers, range, limit);
}
Result<Names> Db::label_values(std::string_view name, std::span<const Matcher> matchers,
                               TimeRange range, std::size_t limit) const {
  return impl_->store->label_values(name, matchers, range, limit);
}

Status Db::sync() { return impl_->store->sync(); }
Status Db::maintain() { return impl_->store->maintain(); }
Status Db::flush() { return impl_->store->flush(); }
Status Db::compact() { return impl_->store->compact(); }

void Db::set_retention(DurationMs retention) { impl_->store->set_retention(retention); }

HeadStats Db::head_stats(std::size_t limit) const { return impl_->store->head().stats(limit); }
std::map<std::string, Metadata> Db::metadata() const { return impl_->store->metadata(); }

}  // namespace silverback::tsdb
