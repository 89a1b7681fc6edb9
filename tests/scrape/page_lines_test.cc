#include "scrape/page_lines.h"

#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/testing/seed.h"

namespace silverback::scrape {
namespace {

TEST(PageLines, FindsLinesByTheirText) {
  PageLines lines;
  const PageLines::Id a = lines.add("a"), b = lines.add("b{x=\"1\"}");
  EXPECT_EQ(lines.find("a"), a);
  EXPECT_EQ(lines.find("b{x=\"1\"}"), b);
  EXPECT_EQ(lines.find("b"), PageLines::kNone);
  EXPECT_EQ(lines.text(b), "b{x=\"1\"}");
  EXPECT_EQ(lines.text(PageLines::kNone), "");
  lines.remove(a);
  EXPECT_EQ(lines.find("a"), PageLines::kNone);
  EXPECT_EQ(lines.size(), 1U);
}

TEST(PageLines, KeepsGuessesWhenItIsCompacted) {
  PageLines lines;
  for (int i = 0; i < 10; ++i) lines.add("line" + std::to_string(i));
  PageLines::Id last = PageLines::kNone;
  for (const char* text : {"line3", "line8", "line5"}) {
    const PageLines::Id id = lines.find(text);
    lines[last].next = id;
    lines[id].ref = static_cast<SeriesRef>(id);
    last = id;
  }
  const auto ref = lines[last].ref;
  lines.for_each([&](PageLines::Id id) {
    if (lines[id].ref == SeriesRef::kNone) lines.remove(id);
  });
  lines.compact();
  EXPECT_EQ(lines.size(), 3U);
  std::string order;
  for (PageLines::Id id = lines[PageLines::kNone].next; id != PageLines::kNone;
       id = lines[id].next) {
    order += lines.text(id);
    last = id;
  }
  EXPECT_EQ(order, "line3line8line5");
  EXPECT_EQ(lines[last].ref, ref);
}

TEST(PageLines, GivesMemoryBack) {
  PageLines lines;
  lines.add("stays");
  const std::size_t before = lines.memory_bytes();
  for (int i = 0; i < 10'000; ++i) lines.add("goes" + std::to_string(i));
  EXPECT_LT(lines.memory_bytes(), 10'000U * 60);
  lines.for_each([&](PageLines::Id id) {
    if (lines.text(id) != "stays") lines.remove(id);
  });
  lines.compact();
  EXPECT_LE(lines.memory_bytes(), before + 64);
  EXPECT_NE(lines.find("stays"), PageLines::kNone);
}

TEST(PageLines, HoldsWhatASetHolds) {
  const std::uint64_t seed = silverback::testing::seed();
  SCOPED_TRACE("SILVERBACK_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  PageLines lines;
  std::set<std::string> twin;
  for (int i = 0; i < 50'000; ++i) {
    const std::string text = "m{x=\"" + std::to_string(random() % 300) + "\"}";
    const PageLines::Id id = lines.find(text);
    ASSERT_EQ(id != PageLines::kNone, twin.contains(text));
    if (id == PageLines::kNone) {
      ASSERT_EQ(lines.text(lines.add(text)), text);
      twin.insert(text);
    } else if (random() % 2 == 0) {
      lines.remove(id);
      twin.erase(text);
    }
    if (random() % 50 == 0) lines.compact();
    if (random() % 5'000 == 0) {
      lines.clear();
      twin.clear();
    }
    ASSERT_EQ(lines.size(), twin.size());
  }
  std::set<std::string> all;
  lines.for_each([&](PageLines::Id id) { all.emplace(lines.text(id)); });
  EXPECT_EQ(all, twin);
}

}  // namespace
}  // namespace silverback::scrape
