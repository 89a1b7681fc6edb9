#include "scrape/target_families.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/ingest/recording_store.h"

namespace silverback::scrape {
namespace {

using silverback::testing::RecordingStore;
using ::testing::ElementsAre;

class Families : public ::testing::Test {
 protected:
  // A page with these families, each a counter.
  void read(const std::vector<std::string>& names) {
    families_.begin_page();
    for (const std::string& name : names) {
      families_.set_help(name, "Help of " + name);
      families_.set_type(name, MetricType::kCounter);
    }
    families_.end_page(*batch_);
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : families_.list()) names.push_back(entry->family);
    return names;
  }

  RecordingStore store_;
  std::unique_ptr<Appender> batch_ = store_.appender();
  MetadataPool pool_;
  TargetFamilies families_{pool_};
};

TEST_F(Families, AreListedByName) {
  read({"c", "a", "b"});
  EXPECT_THAT(names(), ElementsAre("a", "b", "c"));
  EXPECT_EQ(families_.list()[1]->metadata, (Metadata{MetricType::kCounter, "Help of b", ""}));
}

TEST_F(Families, AreToldToTheStoreOnce) {
  read({"a", "b"});
  read({"a", "b"});
  read({"b", "new", "a"});
  read({"b", "new", "a"});
  EXPECT_EQ(store_.metadata_seen, 3);
}

TEST_F(Families, AreNotToldIfNothingIsKnownOfThem) {
  families_.begin_page();
  families_.set_type("a", MetricType::kUnknown);
  families_.end_page(*batch_);
  EXPECT_THAT(names(), ElementsAre("a"));
  EXPECT_EQ(store_.metadata_seen, 0);
}

TEST_F(Families, StayAsTheyWereWhereAPageSaysNothing) {
  read({"a"});
  families_.begin_page();
  families_.set_unit("a", "seconds");
  families_.end_page(*batch_);
  EXPECT_EQ(families_.list()[0]->metadata,
            (Metadata{MetricType::kCounter, "Help of a", "seconds"}));
}

TEST_F(Families, AreKeptForTenPages) {
  read({"a", "b"});
  for (int i = 0; i < 10; ++i) read({"b"});
  EXPECT_THAT(names(), ElementsAre("a", "b"));
  read({"b"});
  EXPECT_THAT(names(), ElementsAre("b"));
  read({"b", "a"});
  EXPECT_THAT(names(), ElementsAre("a", "b"));
}

TEST_F(Families, ShareTheirTextsBetweenTargets) {
  TargetFamilies other(pool_);
  read({"a"});
  other.begin_page();
  other.set_type("a", MetricType::kCounter);
  other.set_help("a", "Help of a");
  other.end_page(*batch_);
  EXPECT_EQ(families_.list()[0], other.list()[0]);
  EXPECT_EQ(pool_.size(), 1U);
}

TEST_F(Families, LeaveOutWhatIsTooLong) {
  const std::string text(ingest::kMetadataTextBytesMax + 1, 'x');
  for (int i = 0; i < 2; ++i) {
    families_.begin_page();
    families_.set_help("a", text);
    families_.set_help(text, "Help.");
    families_.end_page(*batch_);
  }
  EXPECT_THAT(names(), ElementsAre("a"));
  EXPECT_EQ(families_.list()[0]->metadata.help, "");
}

TEST_F(Families, LeaveOutWhatIsBeyondTheBudget) {
  MetadataPool small(1'000);
  TargetFamilies families(small);
  for (int page = 0; page < 2; ++page) {
    families.begin_page();
    for (int i = 0; i < 100; ++i) families.set_help("f" + std::to_string(i), "Help.");
    families.end_page(*batch_);
    EXPECT_EQ(families.list().size(), 3U);
  }
}

TEST_F(Families, AreBounded) {
  MetadataPool large(std::size_t{1} << 30);
  TargetFamilies families(large);
  families.begin_page();
  for (std::size_t i = 0; i < TargetFamilies::kFamiliesMax + 10; ++i) {
    families.set_type("f" + std::to_string(i), MetricType::kGauge);
  }
  families.end_page(*batch_);
  EXPECT_EQ(families.list().size(), TargetFamilies::kFamiliesMax);
}

TEST(MetadataPool, LetsGoOfWhatNobodyUses) {
  MetadataPool pool(std::size_t{1} << 30);
  const auto kept = pool.take("kept", {});
  for (int i = 0; i < 100'000; ++i) pool.take("f" + std::to_string(i), {});
  EXPECT_LT(pool.size(), 2'000U);
  EXPECT_EQ(pool.take("kept", {}), kept);
}

}  // namespace
}  // namespace silverback::scrape
