// What a store does with a partition whose bytes have changed while it was open.
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "tests/testing/seed.h"
#include "tests/tsdb/db_fixture.h"

namespace silverback::tsdb {
namespace {

using testing::kHour;

class DamageTest : public DbTest {
 protected:
  std::vector<std::filesystem::path> partition_files() const {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(directory() / "partitions"))
      files.push_back(entry.path() / "data.mdb");
    std::sort(files.begin(), files.end());
    return files;
  }
  static void flip(const std::filesystem::path& path, std::uint64_t at, char mask) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    char byte = 0;
    file.seekg(static_cast<std::streamoff>(at)).get(byte);
    file.seekp(static_cast<std::streamoff>(at)).put(static_cast<char>(byte ^ mask));
  }
  static void flip_all(const std::filesystem::path& path) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    std::string bytes(std::filesystem::file_size(path), '\0');
    file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    for (char& byte : bytes) byte = static_cast<char>(~byte);
    file.seekp(0).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
};

TEST_F(DamageTest, LeavesADamagedPartitionOutWithAWarningAndServesTheRest) {
  const TimestampMs start = clock().now() / (2 * kHour) * 2 * kHour - 24 * kHour;
  append("old", {{start, 1}, {start + 1, 2}});
  append("both", {{start, 3}});
  ASSERT_TRUE(db().flush());
  append("new", {{start + 10 * kHour, 4}});
  append("both", {{start + 10 * kHour, 5}});
  ASSERT_TRUE(db().flush());
  reopen();  // nothing is cached any more
  const auto files = partition_files();
  ASSERT_EQ(files.size(), 2U);
  flip_all(files[0]);

  const std::vector<Matcher> all = {*Matcher::make(Matcher::Type::kRegex, "__name__", ".+")};
  for (int round = 0; round < 2; ++round) {
    const auto selection = db().select(all, {});
    ASSERT_TRUE(selection) << selection.error().message;
    ASSERT_EQ((*selection)->warnings().size(), 1U);
    EXPECT_NE((*selection)->warnings()[0].find("is damaged and left out"), std::string::npos);
    ASSERT_EQ((*selection)->size(), 2U);
    EXPECT_EQ((*selection)->labels(0).metric_name(), "both");
    EXPECT_EQ((*selection)->labels(1).metric_name(), "new");
    SampleColumns samples;
    ASSERT_TRUE((*selection)->read(0, samples));
    EXPECT_EQ(samples.v, std::vector<double>{5});

    const auto values = db().label_values("__name__", all, {}, 0);
    ASSERT_TRUE(values) << values.error().message;
    EXPECT_EQ(values->values, (std::vector<std::string>{"both", "new"}));
    EXPECT_EQ(values->warnings.size(), 1U);
    EXPECT_EQ(db().label_names(all, {}, 0)->warnings.size(), 1U);
  }
  EXPECT_TRUE(db().compact()) << "the damaged one stays as it is";
  EXPECT_EQ(partition_files().size(), 2U);
}

TEST_F(DamageTest, NeverAnswersWronglyWhateverByteChanges) {
  const std::uint64_t seed = silverback::testing::seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const TimestampMs start = clock().now() / (2 * kHour) * 2 * kHour - 24 * kHour;
  for (int series = 0; series < 20; ++series) {
    std::vector<Sample> samples;
    for (int i = 0; i < 50; ++i)
      samples.push_back({start + i * 15'000, static_cast<double>(random() % 1000) / 10});
    append("m" + std::to_string(series), samples);
  }
  ASSERT_TRUE(db().flush());
  const std::string whole = dump();
  ASSERT_EQ(partition_files().size(), 1U);
  const std::filesystem::path path = partition_files()[0];
  int left_out = 0;
  for (int round = 0; round < 150; ++round) {
    const std::uint64_t at = random() % std::filesystem::file_size(path);
    const char mask = static_cast<char>(1 << random() % 8);
    flip(path, at, mask);
    reopen();
    const std::string got = dump();
    if (got != whole) {
      // All of it or nothing: left out, or an error that says so.
      EXPECT_TRUE(got.empty() || got.starts_with("error: ")) << got;
      ++left_out;
    }
    flip(path, at, mask);
  }
  EXPECT_GT(left_out, 0);
  reopen();
  EXPECT_EQ(dump(), whole);
}

}  // namespace
}  // namespace silverback::tsdb
