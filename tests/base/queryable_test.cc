#include "base/queryable.h"

#include <gtest/gtest.h>

namespace silverback {
namespace {

// A selection of series without samples.
class ListedSeries final : public Selection {
 public:
  explicit ListedSeries(std::vector<Labels> series) : series_(std::move(series)) {}
  std::size_t size() const override { return series_.size(); }
  Labels labels(std::size_t series) const override { return series_[series]; }
  Status read(std::size_t, SampleColumns& out) const override {
    out.clear();
    return {};
  }

 private:
  const std::vector<Labels> series_;
};

class SelectionGroups : public ::testing::Test {
 protected:
  const ListedSeries series_{{{{"__name__", "m"}, {"a", "1"}, {"b", "1"}},
                              {{"__name__", "m"}, {"a", "1"}, {"b", "2"}},
                              {{"__name__", "m"}, {"a", "2"}},
                              {{"__name__", "n"}, {"a", "1"}, {"b", "1"}}}};
};

TEST_F(SelectionGroups, ByKeepsTheNamedLabelsOnly) {
  const std::string names[] = {"b", "missing", "a"};
  const SeriesGroups groups = series_.groups(names, true);
  EXPECT_EQ(groups.group_of, (std::vector<std::uint32_t>{0, 1, 2, 0}));
  EXPECT_EQ(groups.keys, (std::vector<Labels>{
                             {{"a", "1"}, {"b", "1"}}, {{"a", "1"}, {"b", "2"}}, {{"a", "2"}}}));
}

TEST_F(SelectionGroups, ByMayNameTheMetric) {
  const std::string names[] = {"__name__"};
  const SeriesGroups groups = series_.groups(names, true);
  EXPECT_EQ(groups.group_of, (std::vector<std::uint32_t>{0, 0, 0, 1}));
}

TEST_F(SelectionGroups, ByNothingIsOneGroup) {
  const SeriesGroups groups = series_.groups({}, true);
  EXPECT_EQ(groups.group_of, (std::vector<std::uint32_t>{0, 0, 0, 0}));
  EXPECT_EQ(groups.keys, std::vector<Labels>{Labels()});
}

TEST_F(SelectionGroups, WithoutDropsTheNamedLabelsAndTheMetricName) {
  const std::string names[] = {"b"};
  const SeriesGroups groups = series_.groups(names, false);
  EXPECT_EQ(groups.group_of, (std::vector<std::uint32_t>{0, 0, 1, 0}));
  EXPECT_EQ(groups.keys, (std::vector<Labels>{{{"a", "1"}}, {{"a", "2"}}}));
}

TEST(SelectionGroupsOfNothing, AreNone) {
  const SeriesGroups groups = ListedSeries({}).groups({}, true);
  EXPECT_TRUE(groups.group_of.empty());
  EXPECT_TRUE(groups.keys.empty());
}

}  // namespace
}  // namespace silverback
