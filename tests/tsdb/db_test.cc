#include "tsdb/db.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "tests/tsdb/db_fixture.h"

namespace silverback::tsdb {
namespace {

using testing::kHour;

TEST_F(DbTest, AnswersWhatWasCommitted) {
  append("up", {{1000, 1}, {2000, 0}, {3000, stale_marker()}});
  append("down", {{1500, 7}});
  EXPECT_EQ(dump(), "{__name__=\"down\"} 1500:7\n{__name__=\"up\"} 1000:1 2000:0 3000:stale\n");
}

TEST_F(DbTest, AnswersTheSameAfterReopening) {
  append("up", {{1000, 1}, {2000, -0.0}, {3000, 3}});
  append("up", {{500, 9}, {4000, 4}});
  const std::string before = dump();
  EXPECT_EQ(before, "{__name__=\"up\"} 500:9 1000:1 2000:-0 3000:3 4000:4\n");
  reopen();
  EXPECT_EQ(dump(), before);
  append("up", {{5000, 5}});
  reopen();
  EXPECT_EQ(dump(), "{__name__=\"up\"} 500:9 1000:1 2000:-0 3000:3 4000:4 5000:5\n");
}

TEST_F(DbTest, TellsDuplicatesLateAndRefusedSamplesApart) {
  append("up", {{1000, 1}, {2000, 2}});
  const std::unique_ptr<Appender> batch = db().appender();
  const SeriesRef ref = *batch->series({{kMetricName, "up"}});
  batch->append(ref, {2000, 2});                                 // identical
  batch->append(ref, {2000, 3});                                 // another value
  batch->append(ref, {1000, 5});                                 // late, unchecked
  batch->append(ref, {1500, 5}, {.reject_out_of_order = true});  // late and not wanted
  batch->append(ref, {3000, 4}, {.reject_out_of_order = true});  // in order
  batch->append(ref, {3000, 4});                                 // identical within the batch
  batch->append(ref, HistogramSample{4000, nullptr});
  batch->append(ref, {3000, 9});
  batch->append(ref, {std::numeric_limits<TimestampMs>::max(), 9});
  const Result<CommitResult> result = batch->commit();
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->stored, 2U);
  EXPECT_EQ(result->identical_duplicates, 2U);
  ASSERT_EQ(result->rejections.size(), 5U);
  const std::vector<std::pair<std::uint32_t, SampleVerdict>> want = {
      {1, SampleVerdict::kDuplicateValue},
      {3, SampleVerdict::kOutOfOrder},
      {6, SampleVerdict::kUnsupported},
      {7, SampleVerdict::kDuplicateValue},
      {8, SampleVerdict::kOutOfBounds}};
  for (std::size_t i = 0; i < want.size(); ++i) {
    EXPECT_EQ(result->rejections[i].index, want[i].first);
    EXPECT_EQ(result->rejections[i].verdict, want[i].second);
  }
  EXPECT_EQ(dump(), "{__name__=\"up\"} 1000:1 2000:2 3000:4\n");
}

TEST_F(DbTest, LeavesNothingOfABatchThatIsRolledBack) {
  {
    const std::unique_ptr<Appender> batch = db().appender();
    const SeriesRef ref = *batch->series({{kMetricName, "up"}});
    batch->append(ref, {1000, 1});
    batch->rollback();
    EXPECT_EQ(batch->commit()->stored, 0U);
    batch->append(*batch->series({{kMetricName, "other"}}), {1000, 1});
  }
  EXPECT_EQ(dump(), "");
  EXPECT_TRUE(db().label_values("__name__", {}, {}, 0)->values.empty());
}

TEST_F(DbTest, RefusesASeriesWithoutLabels) {
  EXPECT_FALSE(db().appender()->series({}).has_value());
}

TEST_F(DbTest, RefusesMoreLabelsThanASeriesCanHave) {
  const auto make = [](std::size_t count) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i) names.push_back("l" + std::to_string(100'000 + i));
    std::vector<Label> labels;
    for (const std::string& name : names) labels.push_back({name, "v"});
    return Labels::from_sorted(labels);
  };
  const std::unique_ptr<Appender> batch = db().appender();
  const Result<SeriesRef> refused = batch->series(make(65'536));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(refused.error().message, "a series may have up to 65535 labels, not 65536");
  const Result<SeriesRef> taken = batch->series(make(65'535));
  ASSERT_TRUE(taken.has_value());
  batch->append(*taken, {1'700'000'000'000, 1});
  ASSERT_TRUE(batch->commit().has_value());
  const std::string before = dump();
  reopen();
  EXPECT_EQ(dump(), before);
  EXPECT_TRUE(db().flush().has_value());
  EXPECT_EQ(dump(), before);
}

TEST_F(DbTest, RefusesABatchThatIsNoFrameOfTheLog) {
  const std::unique_ptr<Appender> batch = db().appender();
  const SeriesRef ref = *batch->series({{kMetricName, "m"}});
  for (TimestampMs t = 0; t <= 4 << 20; ++t) batch->append(ref, {t, 1});
  const Result<CommitResult> refused = batch->commit();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(refused.error().message, "a batch may have up to 4194304 samples");
  EXPECT_EQ(dump(), "");
  batch->append(ref, {1, 1});
  EXPECT_TRUE(batch->commit().has_value());
}

TEST_F(DbTest, KnowsOnlyTheRefsItGaveOut) {
  const std::unique_ptr<Appender> batch = db().appender();
  const SeriesRef ref = *batch->series({{kMetricName, "up"}});
  EXPECT_TRUE(batch->known(ref));
  EXPECT_FALSE(batch->known(SeriesRef::kNone));
  EXPECT_FALSE(batch->known(static_cast<SeriesRef>(static_cast<std::uint64_t>(ref) + 1)));
  EXPECT_FALSE(batch->known(static_cast<SeriesRef>(std::uint64_t{1} << 40)));
}

TEST_F(DbTest, FindsSeriesByEveryKindOfMatcher) {
  for (const Labels& labels :
       {Labels{{kMetricName, "m"}, {"job", "api"}, {"env", "prod"}},
        Labels{{kMetricName, "m"}, {"job", "api"}, {"env", "dev"}},
        Labels{{kMetricName, "m"}, {"job", "web"}}, Labels{{kMetricName, "n"}, {"job", "db-1"}}})
    append(labels, {{1000, 1}});
  using Type = Matcher::Type;
  struct Case {
    Type type;
    const char *name, *value;
    std::size_t want;
  };
  const Case cases[] = {
      {Type::kEqual, "job", "api", 2},       {Type::kEqual, "job", "none", 0},
      {Type::kEqual, "env", "", 2},          {Type::kNotEqual, "env", "", 2},
      {Type::kNotEqual, "env", "prod", 3},   {Type::kNotEqual, "job", "none", 4},
      {Type::kRegex, "job", "api|web", 3},   {Type::kRegex, "job", "db-.*", 1},
      {Type::kRegex, "env", ".*", 4},        {Type::kRegex, "env", ".+", 2},
      {Type::kRegex, "env", "dev|", 3},      {Type::kNotRegex, "env", "dev|prod", 2},
      {Type::kNotRegex, "env", ".+", 2},     {Type::kNotRegex, "job", "db-.*", 3},
      {Type::kNotRegex, "env", "|prod", 1},  {Type::kRegex, "nothing", ".+", 0},
      {Type::kNotRegex, "nothing", ".+", 4},
  };
  for (const Case& c : cases) {
    const std::vector<Matcher> matchers = {*Matcher::make(c.type, c.name, c.value)};
    const auto selection = db().select(matchers, {});
    ASSERT_TRUE(selection.has_value());
    EXPECT_EQ((*selection)->size(), c.want) << matchers[0].to_string();
    const std::vector<Matcher> both = {Matcher::equal("__name__", "m"), matchers[0]};
    std::size_t of_m = 0;
    for (std::size_t i = 0; i < (*selection)->size(); ++i)
      if ((*selection)->labels(i).metric_name() == "m") ++of_m;
    EXPECT_EQ((*db().select(both, {}))->size(), of_m) << matchers[0].to_string();
  }
}

TEST_F(DbTest, SortsSeriesByTheirLabelsAndNotByTheirBytes) {
  append(Labels{{"a", "b"}}, {{1, 1}});
  append(Labels{{"a", "aaaaaaaaaaaaaaaa"}}, {{1, 1}});
  append(Labels{{"a", "b"}, {"c", "d"}}, {{1, 1}});
  append(Labels{{"aa", "a"}}, {{1, 1}});
  EXPECT_EQ(
      dump(),
      "{a=\"aaaaaaaaaaaaaaaa\"} 1:1\n{a=\"b\"} 1:1\n{a=\"b\", c=\"d\"} 1:1\n{aa=\"a\"} 1:1\n");
}

TEST_F(DbTest, NamesLabelsAndValuesOfSeriesWithSamplesInRange) {
  append(Labels{{kMetricName, "m"}, {"old", "x"}}, {{1000, 1}});
  append(Labels{{kMetricName, "n"}, {"new", "y"}}, {{50 * kHour, 1}});
  const auto names = [&](TimeRange range) { return db().label_names({}, range, 0)->values; };
  using Strings = std::vector<std::string>;
  EXPECT_EQ(names({}), (Strings{"__name__", "new", "old"}));
  EXPECT_EQ(names({0, kHour}), (Strings{"__name__", "old"}));
  EXPECT_EQ(names({2 * kHour, 3 * kHour}), (Strings{}));
  EXPECT_EQ(db().label_values("__name__", {}, {}, 0)->values, (Strings{"m", "n"}));
  EXPECT_EQ(db().label_values("__name__", {}, {40 * kHour, 60 * kHour}, 0)->values, (Strings{"n"}));
  const std::vector<Matcher> old = {Matcher::equal("old", "x")};
  EXPECT_EQ(db().label_values("__name__", old, {}, 0)->values, (Strings{"m"}));
  EXPECT_EQ(db().label_names(old, {}, 0)->values, (Strings{"__name__", "old"}));
  const Names cut = *db().label_values("__name__", {}, {}, 1);
  EXPECT_EQ(cut.values, (Strings{"m"}));
  EXPECT_TRUE(cut.truncated);
}

TEST_F(DbTest, KeepsMetadataAcrossReopening) {
  const std::unique_ptr<Appender> batch = db().appender();
  batch->append_metadata("up", {MetricType::kGauge, "Is it up?", ""});
  batch->append_metadata("x_seconds_total", {MetricType::kCounter, "Time.", "seconds"});
  ASSERT_TRUE(batch->commit().has_value());
  reopen();
  const auto metadata = db().metadata();
  ASSERT_EQ(metadata.size(), 2U);
  EXPECT_EQ(metadata.at("up").type, MetricType::kGauge);
  EXPECT_EQ(metadata.at("x_seconds_total").unit, "seconds");
}

TEST_F(DbTest, CutsChunksAtSizeAndAtTheEdgesOfRanges) {
  std::vector<Sample> samples;
  for (int i = 0; i < 2000; ++i) samples.push_back({i * 60'000LL - 5 * kHour, i * 0.1});
  append("up", samples);
  EXPECT_GT(db().head_stats(0).chunks, 2000U / 120U);
  const SampleColumns columns = read_all("up");
  ASSERT_EQ(columns.t.size(), samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    EXPECT_EQ(columns.t[i], samples[i].t);
    EXPECT_EQ(columns.v[i], samples[i].v);
  }
  reopen();
  EXPECT_EQ(read_all("up").t, columns.t);
}

TEST_F(DbTest, KnowsTheNewestSampleWithoutReading) {
  append("up", {{1000, 1}, {2000, 2}});
  const std::vector<Matcher> matchers = {Matcher::equal("__name__", "up")};
  const auto newest = [&](TimeRange range) {
    SelectHints hints;
    hints.range = range;
    return (*db().select(matchers, hints))->newest(0);
  };
  EXPECT_EQ(newest({0, 5000}).sample->v, 2);
  EXPECT_FALSE(newest({0, 1500}).known);
}

TEST_F(DbTest, RefusesADirectoryThatIsInUse) {
  const Result<std::unique_ptr<Db>> second = Db::open(directory(), options());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
}

TEST(DbDirectory, IsOursEmptyOrRefused) {
  struct Case {
    std::vector<std::string> entries;
    bool accepted;
    const char* named;
  };
  const Case cases[] = {
      {{}, true, ""},
      {{"lost+found"}, true, ""},
      {{"lock"}, true, ""},
      {{"wal"}, false, "wal"},
      {{"wbl"}, false, "wbl"},
      {{"chunks_head"}, false, "chunks_head"},
      {{"01BX5ZZKBKACTAV9WEVGEMMVRZ"}, false, "01BX5ZZKBKACTAV9WEVGEMMVRZ"},
      {{"MANIFEST", "wal"}, false, "wal"},
      {{"notes.txt"}, false, "notes.txt"},
      {{"log/wal-00000001"}, false, "MANIFEST"},
  };
  for (const Case& c : cases) {
    const std::filesystem::path directory = testing::scratch_directory();
    for (const std::string& entry : c.entries) {
      std::filesystem::create_directories((directory / entry).parent_path());
      std::ofstream(directory / entry) << "";
    }
    const auto before = testing::listing(directory);
    const Result<std::unique_ptr<Db>> db = Db::open(directory, {});
    EXPECT_EQ(db.has_value(), c.accepted) << c.entries.front();
    if (c.accepted || db) continue;
    EXPECT_NE(db.error().message.find(c.named), std::string::npos) << db.error().message;
    EXPECT_EQ(testing::listing(directory), before) << "nothing may be written there";
  }
}

TEST(DbDirectory, IsTakenAgainWithOtherFilesBesideOurs) {
  const std::filesystem::path directory = testing::scratch_directory();
  ASSERT_TRUE(Db::open(directory, {}).has_value());
  std::ofstream(directory / "notes.txt") << "ours too";
  EXPECT_TRUE(Db::open(directory, {}).has_value());
}

}  // namespace
}  // namespace silverback::tsdb
