#include "tsdb/codec/postings.h"

#include <algorithm>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "tests/testing/seed.h"

namespace silverback::tsdb {
namespace {

using Ids = std::vector<std::uint32_t>;

Ids ids_of(const std::set<std::uint32_t>& set) { return {set.begin(), set.end()}; }

TEST(Postings, HoldTheSameIdsAsASetWhateverTheirNumber) {
  const std::uint64_t seed = silverback::testing::seed();
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  for (const std::uint32_t range : {1U, 2U, 5U, 70U, 300U, 200'000U}) {
    Postings postings;
    std::set<std::uint32_t> twin;
    for (int step = 0; step < 600; ++step) {
      const auto id = static_cast<std::uint32_t>(random() % range);
      EXPECT_EQ(postings.contains(id), twin.contains(id));
      // Growing first, shrinking later, so that every form is gone through both ways.
      if (twin.contains(id)) {
        if (step < 300 && random() % 3 != 0) continue;
        postings.remove(id);
        twin.erase(id);
      } else if (step < 300 || random() % 3 == 0) {
        postings.add(id);
        twin.insert(id);
      }
      ASSERT_EQ(postings.size(), twin.size());
      ASSERT_EQ(postings.ids(), ids_of(twin));
    }
    while (!twin.empty()) {
      postings.remove(*twin.begin());
      twin.erase(twin.begin());
    }
    EXPECT_EQ(postings.size(), 0U);
  }
}

TEST(Postings, ComputeWithSetsLikeSets) {
  std::mt19937 random(3);
  for (const std::size_t size : {0U, 1U, 10U, 63U, 64U, 500U}) {
    Postings postings;
    std::set<std::uint32_t> twin, other;
    while (twin.size() < size) {
      const auto id = static_cast<std::uint32_t>(random() % 1000);
      if (twin.insert(id).second) postings.add(id);
    }
    IdSet set;
    for (int i = 0; i < 300; ++i) {
      const auto id = static_cast<std::uint32_t>(random() % 1000);
      set.add(id);
      other.insert(id);
    }
    Ids want;
    std::set_intersection(twin.begin(), twin.end(), other.begin(), other.end(),
                          std::back_inserter(want));
    IdSet both = set;
    postings.intersect_into(both);
    EXPECT_EQ(both.ids(), want);

    want.clear();
    std::set_difference(other.begin(), other.end(), twin.begin(), twin.end(),
                        std::back_inserter(want));
    IdSet rest = set;
    postings.subtract_from(rest);
    EXPECT_EQ(rest.ids(), want);

    want.clear();
    std::set_union(other.begin(), other.end(), twin.begin(), twin.end(), std::back_inserter(want));
    IdSet all = set;
    postings.unite_into(all);
    EXPECT_EQ(all.ids(), want);
    EXPECT_EQ(set.ids(), ids_of(other)) << "copies are copies";
  }
}

TEST(Postings, AreSearchedOnlyUpToTheFirstHit) {
  for (const std::uint32_t size : {1U, 10U, 1000U}) {
    Postings postings;
    for (std::uint32_t id = 0; id < size; ++id) postings.add(id * 3);
    Ids asked;
    EXPECT_TRUE(postings.any_of([&](std::uint32_t id) {
      asked.push_back(id);
      return id >= size / 2 * 3;
    }));
    EXPECT_EQ(asked.size(), size / 2 + 1);
    EXPECT_FALSE(postings.any_of([](std::uint32_t id) { return id % 3 != 0; }));
  }
  EXPECT_FALSE(Postings().any_of([](std::uint32_t) { return true; }));
}

TEST(Postings, MoveWithTheirIds) {
  Postings from;
  for (std::uint32_t id = 0; id < 100; ++id) from.add(id);
  Postings to = std::move(from);
  EXPECT_EQ(to.size(), 100U);
  from = Postings();
  EXPECT_EQ(from.size(), 0U);
  from.add(7);
  EXPECT_EQ(from.ids(), Ids{7});
}

}  // namespace
}  // namespace silverback::tsdb
