#include "base/memory_storage.h"

#include <gmock/gmock.h>

#include "base/matcher.h"

namespace silverback {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;

// Labels and samples of what matches, `{…} v@t v@t`.
std::vector<std::string> selected(const MemoryStorage& storage,
                                  const std::vector<Matcher>& matchers, TimeRange range = {}) {
  SelectHints hints;
  hints.range = range;
  const auto selection = storage.select(matchers, hints);
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < (*selection)->size(); ++i) {
    SampleColumns samples;
    EXPECT_TRUE((*selection)->read(i, samples));
    std::string line = (*selection)->labels(i).to_string();
    for (std::size_t k = 0; k < samples.t.size(); ++k)
      line +=
          " " + std::to_string(static_cast<int>(samples.v[k])) + "@" + std::to_string(samples.t[k]);
    lines.push_back(line);
  }
  return lines;
}

TEST(MemoryStorage, SelectsByMatchersAndTimeInOrderOfLabels) {
  MemoryStorage storage;
  storage.append({{"__name__", "up"}, {"job", "b"}}, {1, 10});
  storage.append({{"__name__", "up"}, {"job", "a"}}, {1, 20});
  storage.append({{"__name__", "up"}, {"job", "a"}}, {2, 21});
  storage.append({{"__name__", "x"}, {"A", "before __name__"}, {"job", "a"}}, {2, 30});
  EXPECT_THAT(selected(storage, {Matcher::equal("__name__", "up")}),
              ElementsAre("up{job=\"a\"} 20@1 21@2", "up{job=\"b\"} 10@1"));
  EXPECT_THAT(selected(storage, {Matcher::equal("job", "a")}, {2, 2}),
              ElementsAre("x{A=\"before __name__\", job=\"a\"} 30@2", "up{job=\"a\"} 21@2"));
  EXPECT_THAT(selected(storage, {Matcher::equal("__name__", "nothing")}), ElementsAre());
  EXPECT_THAT(storage.label_values("job", {}, {2, 2}, 0)->values, ElementsAre("a"));
  EXPECT_THAT(storage.label_names({}, {1, 1}, 0)->values, ElementsAre("__name__", "job"));
  EXPECT_TRUE(storage.label_names({}, {}, 1)->truncated);
}

TEST(MemoryStorage, TakesBatchesAsAnyStoreDoes) {
  MemoryStorage storage;
  const std::unique_ptr<Appender> batch = storage.appender();
  EXPECT_FALSE(batch->series({}));
  const SeriesRef up = *batch->series({{"__name__", "up"}});
  EXPECT_TRUE(batch->known(up));
  EXPECT_FALSE(batch->known(SeriesRef{2}));
  EXPECT_EQ(*batch->series({{"__name__", "up"}}), up);

  batch->append(up, Sample{5, 50});
  batch->rollback();
  batch->append(up, Sample{10, 1});
  batch->append(up, Sample{20, 2});
  batch->append(up, Sample{20, 2});
  batch->append(up, Sample{20, 3});
  batch->append(up, Sample{15, 4}, {.reject_out_of_order = true});
  batch->append(up, Sample{15, 5});
  batch->append(up, HistogramSample{30, {}});
  EXPECT_EQ(storage.series_count(), 1U);
  EXPECT_THAT(selected(storage, {Matcher::equal("__name__", "up")}), ElementsAre());
  const auto result = batch->commit();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->stored, 3U);
  EXPECT_EQ(result->identical_duplicates, 1U);
  EXPECT_THAT(result->rejections,
              ElementsAre(Field(&Rejection::verdict, SampleVerdict::kDuplicateValue),
                          Field(&Rejection::verdict, SampleVerdict::kOutOfOrder),
                          Field(&Rejection::verdict, SampleVerdict::kUnsupported)));
  EXPECT_EQ(result->rejections.back().index, 6U);
  EXPECT_THAT(selected(storage, {Matcher::equal("__name__", "up")}),
              ElementsAre("up 1@10 5@15 2@20"));
}

}  // namespace
}  // namespace silverback
