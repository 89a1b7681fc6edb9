// A store in memory that records what was appended and judges as a real one does, so that ingest
// can be tested alone.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/appender.h"

namespace silverback::testing {

class RecordingStore {
 public:
  std::unique_ptr<Appender> appender() { return std::make_unique<Batch>(*this); }

  // By the text of the labels; ascending in time.
  std::map<std::string, std::map<TimestampMs, double>> samples;
  std::map<std::string, Metadata> metadata;
  int metadata_seen = 0;                                    // calls of append_metadata()
  std::vector<std::pair<std::string, Exemplar>> exemplars;  // text of the labels, exemplar
  std::set<SeriesRef> forgotten;
  // The ref of the series with these labels; kNone if it was never asked for.
  SeriesRef ref_of(const std::string& labels) const {
    const auto found = refs_.find(labels);
    return found == refs_.end() ? SeriesRef::kNone : found->second;
  }
  std::string refused;                 // the text of a series that series() refuses
  int labels_seen = 0;                 // calls of series()
  std::vector<AppendOptions> options;  // one per accepted append
  ErrorCode commit_error = ErrorCode::kIo;
  bool fail_commit = false;

 private:
  struct Pending {
    SeriesRef ref;
    Sample sample;
    AppendOptions options;
  };

  class Batch final : public Appender {
   public:
    explicit Batch(RecordingStore& store) : store_(store) {}

    Result<SeriesRef> series(const Labels& labels) override {
      ++store_.labels_seen;
      const std::string text = labels.to_string();
      if (text == store_.refused) return fail(ErrorCode::kInvalidArgument, "not this one");
      const auto found = store_.refs_.find(text);
      if (found != store_.refs_.end() && !store_.forgotten.contains(found->second)) {
        return found->second;
      }
      const auto ref = static_cast<SeriesRef>(++store_.last_ref_);
      store_.refs_[text] = ref;
      store_.names_[ref] = text;
      return ref;
    }
    bool known(SeriesRef ref) const override {
      return store_.names_.contains(ref) && !store_.forgotten.contains(ref);
    }
    void append(SeriesRef ref, Sample sample, AppendOptions how) override {
      pending_.push_back({ref, sample, how});
    }
    void append(SeriesRef ref, HistogramSample sample, AppendOptions how) override {
      pending_.push_back({ref, {sample.t, 0}, how});
    }
    void append(SeriesRef ref, Exemplar exemplar) override {
      exemplars_.emplace_back(store_.names_.at(ref), std::move(exemplar));
    }
    void append_metadata(std::string_view metric, Metadata family) override {
      ++store_.metadata_seen;
      metadata_.emplace_back(metric, std::move(family));
    }
    Result<CommitResult> commit() override {
      if (store_.fail_commit) return fail(store_.commit_error, "the disk is on fire");
      CommitResult result;
      for (std::uint32_t i = 0; i < pending_.size(); ++i) apply(i, result);
      for (auto& [metric, family] : metadata_) store_.metadata[metric] = std::move(family);
      for (auto& exemplar : exemplars_) store_.exemplars.push_back(std::move(exemplar));
      rollback();
      return result;
    }
    void rollback() override {
      pending_.clear();
      metadata_.clear();
      exemplars_.clear();
    }

   private:
    void apply(std::uint32_t index, CommitResult& result) {
      const Pending& pending = pending_[index];
      auto& series = store_.samples[store_.names_.at(pending.ref)];
      const TimestampMs t = pending.sample.t;
      const auto found = series.find(t);
      if (found != series.end() && identical({t, found->second}, pending.sample)) {
        ++result.identical_duplicates;
      } else if (found != series.end()) {
        result.rejections.push_back({index, SampleVerdict::kDuplicateValue});
      } else if (pending.options.reject_out_of_order && !series.empty() &&
                 t < series.rbegin()->first) {
        result.rejections.push_back({index, SampleVerdict::kOutOfOrder});
      } else {
        series[t] = pending.sample.v;
        store_.options.push_back(pending.options);
        ++result.stored;
      }
    }

    RecordingStore& store_;
    std::vector<Pending> pending_;
    std::vector<std::pair<std::string, Metadata>> metadata_;
    std::vector<std::pair<std::string, Exemplar>> exemplars_;
  };

  std::map<std::string, SeriesRef> refs_;
  std::map<SeriesRef, std::string> names_;
  std::uint64_t last_ref_ = 0;
};

}  // namespace silverback::testing
