// Sealing, step by step, with writers that go on between the steps.
#include "tsdb/head/head.h"

#include <map>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace silverback::tsdb {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr TimestampMs kMinute = 60'000;

class HeadTest : public ::testing::Test {
 protected:
  void append(std::uint32_t id, TimestampMs t) {
    CommitGroup group;
    head_.start_group(group);
    ASSERT_EQ(head_.stage(group, id, {t, static_cast<double>(t)}, {}, 1, 1),
              SampleVerdict::kStored);
    head_.apply(group, ++position_);
  }

  // Times of m that the seal has in the range that starts at `start`.
  std::vector<TimestampMs> sealed(const Seal& seal, TimestampMs start) const {
    Labels labels;
    SampleColumns columns;
    const auto source = head_.source(seal, start, start + kRangeMs);
    while (*source->next(labels, columns))
      if (labels.metric_name() == "m") return columns.t;
    return {};
  }

  std::vector<TimestampMs> left() const {
    const std::vector<Matcher> all = {Matcher::equal("__name__", "m")};
    const auto selection = head_.select(all, {});
    SampleColumns columns;
    if (selection->size() == 1) {
      EXPECT_TRUE(selection->read(0, columns).has_value());
    }
    return columns.t;
  }

  void finish(const Seal& seal, bool dropped) {
    if (dropped) head_.drop_series(seal, 0, seal.series.size());
    head_.finish_seal(seal, dropped);
  }

  Head head_;
  LogPosition position_ = 0;
};

TEST_F(HeadTest, TakesNothingOfARangeThatBeganAfterTheSeal) {
  const std::uint32_t id = *head_.series(Labels{{kMetricName, "m"}});
  append(id, kMinute);
  Seal seal;
  head_.begin_seal(seal, kTimestampMax);
  append(id, 2 * kMinute);         // of the sealed range, still
  append(id, kRangeMs + kMinute);  // of one that the seal knows nothing of
  append(id, kRangeMs + 2 * kMinute);
  head_.take_series(seal, 0, head_.next_id());
  head_.sort(seal);
  EXPECT_THAT(sealed(seal, 0), ElementsAre(kMinute, 2 * kMinute));
  EXPECT_THAT(sealed(seal, kRangeMs), IsEmpty());
  finish(seal, true);
  EXPECT_THAT(left(), ElementsAre(kRangeMs + kMinute, kRangeMs + 2 * kMinute));
}

TEST_F(HeadTest, TakesNothingThatIsNewerThanWhatStays) {
  const std::uint32_t id = *head_.series(Labels{{kMetricName, "m"}});
  const std::uint32_t other = *head_.series(Labels{{kMetricName, "other"}});
  append(id, kMinute);
  append(other, 2 * kRangeMs);
  Seal seal;
  head_.begin_seal(seal, kTimestampMax);
  append(id, kRangeMs);          // not sealed
  append(id, 2 * kRangeMs + 5);  // of a sealed range, but behind it
  head_.take_series(seal, 0, head_.next_id());
  head_.sort(seal);
  EXPECT_THAT(sealed(seal, 0), ElementsAre(kMinute));
  finish(seal, true);
  EXPECT_THAT(left(), ElementsAre(kRangeMs, 2 * kRangeMs + 5));
}

TEST_F(HeadTest, TakesNoLateSampleOfARangeThatBeganAfterTheSeal) {
  const std::uint32_t id = *head_.series(Labels{{kMetricName, "m"}});
  append(id, 3 * kRangeMs);
  append(id, kRangeMs);  // late
  Seal seal;
  head_.begin_seal(seal, 2 * kRangeMs);
  append(id, kRangeMs + 1);
  append(id, 1);
  head_.take_series(seal, 0, head_.next_id());
  head_.sort(seal);
  EXPECT_THAT(sealed(seal, kRangeMs), ElementsAre(kRangeMs, kRangeMs + 1));
  append(id, kRangeMs + 2);  // after it was taken
  finish(seal, true);
  EXPECT_THAT(left(), ElementsAre(1, kRangeMs + 2, 3 * kRangeMs));
}

TEST_F(HeadTest, LeavesALateSampleWithTheOneThatWasAcceptedBefore) {
  const std::uint32_t id = *head_.series(Labels{{kMetricName, "m"}});
  const std::uint32_t other = *head_.series(Labels{{kMetricName, "other"}});
  append(id, kMinute);
  append(other, 2 * kRangeMs);
  Seal seal;
  head_.begin_seal(seal, kTimestampMax);
  append(id, kRangeMs);
  append(id, 2 * kRangeMs);  // stays, because what is before it does
  append(id, 2 * kRangeMs + 5);
  append(id, 2 * kRangeMs);  // the same instant again, late
  head_.take_series(seal, 0, head_.next_id());
  head_.sort(seal);
  EXPECT_THAT(sealed(seal, 2 * kRangeMs), IsEmpty());
  finish(seal, true);
  EXPECT_THAT(left(), ElementsAre(kRangeMs, 2 * kRangeMs, 2 * kRangeMs + 5));
}

TEST_F(HeadTest, TakesTheFirstAndTheLastInstantThereIs) {
  const std::uint32_t id = *head_.series(Labels{{kMetricName, "m"}});
  append(id, kTimestampMin);
  append(id, kTimestampMax);
  EXPECT_THAT(left(), ElementsAre(kTimestampMin, kTimestampMax));
  EXPECT_EQ(head_.pending().ranges.size(), 2U);
}

TEST_F(HeadTest, IsAsBeforeAfterASealThatFailed) {
  const std::uint32_t id = *head_.series(Labels{{kMetricName, "m"}});
  append(id, kMinute);
  Seal seal;
  head_.begin_seal(seal, kTimestampMax);
  append(id, 2 * kMinute);
  append(id, kRangeMs);
  append(id, 1);
  head_.take_series(seal, 0, head_.next_id());
  head_.sort(seal);
  finish(seal, false);
  append(id, kRangeMs + 1);
  EXPECT_THAT(left(), ElementsAre(1, kMinute, 2 * kMinute, kRangeMs, kRangeMs + 1));

  Seal again;
  head_.begin_seal(again, kTimestampMax);
  EXPECT_THAT(again.ranges, ElementsAre(0, kRangeMs));
  head_.take_series(again, 0, head_.next_id());
  head_.sort(again);
  EXPECT_THAT(sealed(again, 0), ElementsAre(1, kMinute, 2 * kMinute));
  EXPECT_THAT(sealed(again, kRangeMs), ElementsAre(kRangeMs, kRangeMs + 1));
  finish(again, true);
  EXPECT_THAT(left(), IsEmpty());
}

}  // namespace
}  // namespace silverback::tsdb
