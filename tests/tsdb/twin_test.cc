// The store against a naive twin, over random histories: the answers are the same after every step.
#include <map>
#include <random>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/testing/seed.h"
#include "tests/tsdb/db_fixture.h"
#include "tsdb/db.h"

namespace silverback::tsdb {
namespace {

using testing::kHour;

// What the promise says, in the plainest words: the first accepted sample of an instant stays.
class Twin {
 public:
  // What the store said decides; that its verdicts are right is checked where it is certain.
  void store(const Labels& labels, Sample sample) {
    series_[labels].try_emplace(sample.t, sample.v);
  }

  std::string dump(TimeRange range) const {
    std::string text;
    for (const auto& [labels, samples] : series_) {
      std::string line;
      for (const auto& [t, v] : samples)
        if (range.contains(t)) line += " " + std::to_string(t) + ":" + testing::text_of(v);
      if (line.empty()) continue;
      std::string name;
      for (const Label& label : labels)
        name += (name.empty() ? "" : ", ") + std::string(label.name) + "=\"" +
                std::string(label.value) + "\"";
      text += "{" + name + "}" + line + "\n";
    }
    return text;
  }

 private:
  std::map<Labels, std::map<TimestampMs, double>> series_;
};

double random_value(std::mt19937_64& random) {
  switch (random() % 8) {
    case 0:
      return stale_marker();
    case 1:
      return -0.0;
    case 2:
      return static_cast<double>(random() % 1000) * 0.001;
    default:
      return static_cast<double>(random() % 100);
  }
}

class TwinTest : public DbTest {
 protected:
  TwinTest() : seed_(silverback::testing::seed()), random_(seed_) {}

  Labels random_labels() {
    const std::string metric = "m" + std::to_string(random_() % 3);
    const std::string instance = std::to_string(random_() % 7);
    if (random_() % 4 == 0) return {{kMetricName, metric}};
    return {{kMetricName, metric}, {"instance", instance}};
  }

  // In order mostly, with late samples, repeats and jumps of hours and days.
  void append_batch() {
    const std::unique_ptr<Appender> batch = db().appender();
    struct Sent {
      Labels labels;
      Sample sample;
      bool refuse_late;
    };
    std::vector<Sent> sent;
    now_ += static_cast<TimestampMs>(random_() % (20 * 60'000));
    if (random_() % 20 == 0) now_ += static_cast<TimestampMs>(random_() % (30 * kHour));
    const std::size_t count = 1 + random_() % 60;
    for (std::size_t i = 0; i < count; ++i) {
      Sent& s = sent.emplace_back();
      s.labels = random_labels();
      s.refuse_late = random_() % 10 == 0;
      s.sample.t = now_ + static_cast<TimestampMs>(i * 1000);
      if (random_() % 5 == 0)
        s.sample.t -=
            static_cast<TimestampMs>(random_() % (random_() % 3 == 0 ? 200 * kHour : 300'000));
      if (random_() % 10 == 0 && i > 0) s.sample.t = sent[i - 1].sample.t;
      s.sample.t -= s.sample.t % 1000;  // so that instants meet
      s.sample.v = random_value(random_);
      const SeriesRef ref = *batch->series(s.labels);
      ASSERT_TRUE(batch->known(ref));
      batch->append(ref, s.sample, {.reject_out_of_order = s.refuse_late});
    }
    const Result<CommitResult> result = batch->commit();
    ASSERT_TRUE(result.has_value());
    std::vector<bool> rejected(count);
    for (const Rejection& rejection : result->rejections) {
      rejected[rejection.index] = true;
      EXPECT_TRUE(
          rejection.verdict == SampleVerdict::kDuplicateValue ||
          (rejection.verdict == SampleVerdict::kOutOfOrder && sent[rejection.index].refuse_late));
    }
    EXPECT_EQ(result->stored + result->identical_duplicates + result->rejections.size(), count);
    for (std::size_t i = 0; i < count; ++i)
      if (!rejected[i]) twin_.store(sent[i].labels, sent[i].sample);
  }

  void step() {
    switch (random_() % 12) {
      case 0:
        trace_ += " flush";
        ASSERT_TRUE(db().flush().has_value());
        break;
      case 1:
        trace_ += " compact";
        ASSERT_TRUE(db().compact().has_value());
        break;
      case 2:
        trace_ += " reopen";
        reopen();
        break;
      case 3:
      case 4:
        trace_ += " maintain";
        ASSERT_TRUE(db().maintain().has_value());
        break;
      default:
        trace_ += " append";
        append_batch();
    }
  }

  void check() {
    TimeRange range;
    if (random_() % 3 == 0) {
      range.start = now_ - static_cast<TimestampMs>(random_() % (100 * kHour));
      range.end = range.start + static_cast<TimestampMs>(random_() % (100 * kHour));
    }
    ASSERT_EQ(dump(range), twin_.dump(range))
        << "seed " << seed_ << " range " << range.start << " " << range.end << trace_;
  }

  std::uint64_t seed_;
  std::mt19937_64 random_;
  TimestampMs now_ = 1'700'000'000'000;
  Twin twin_;
  std::string trace_;
};

TEST_F(TwinTest, AnswersLikeTheTwinAfterEveryStep) {
  for (int i = 0; i < 150 && !HasFatalFailure(); ++i) {
    step();
    if (!HasFatalFailure()) check();
  }
}

}  // namespace
}  // namespace silverback::tsdb
