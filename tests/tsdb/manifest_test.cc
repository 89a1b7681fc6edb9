#include "tsdb/manifest.h"

#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace silverback::tsdb {
namespace {

class ManifestTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::temp_directory_path() /
                 ("silverback-manifest-" + std::to_string(std::random_device{}()));
    std::filesystem::create_directories(directory_);
    path_ = directory_ / "MANIFEST";
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string bytes() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void set_bytes(const std::string& bytes) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
  }
  Result<std::unique_ptr<Manifest>> open() const {
    return Manifest::open(FileSystem::posix(), path_);
  }
  std::vector<std::string> names() const {
    const auto manifest = open();
    if (!manifest) return {"error: " + manifest.error().message};
    std::vector<std::string> names;
    for (const ManifestEntry& entry : (*manifest)->entries()) names.push_back(entry.partition.name);
    return names;
  }

  std::filesystem::path directory_, path_;
};

ManifestEntry entry(const std::string& name, TimestampMs mint) {
  return {.partition = {.name = name, .mint = mint, .maxt = mint + 7'200'000},
          .log_position = 1,
          .complete = true};
}

using Strings = std::vector<std::string>;

TEST_F(ManifestTest, KeepsEveryFieldOverAReopen) {
  ManifestEntry want;
  want.partition = {.name = "p-1",
                    .mint = -5'000,
                    .maxt = 7'200'000,
                    .series = 12,
                    .samples = 1'000'000'000'000,
                    .bytes = 77,
                    .meta_offset = 4112,
                    .meta_bytes = 300,
                    .checksum = 0xfedc'ba98'7654'3210};
  want.log_position = (std::uint64_t{42} << 32) | 99;
  want.complete = false;
  ASSERT_TRUE((*open())->apply({want}, {}));
  const auto manifest = open();
  ASSERT_TRUE(manifest) << manifest.error().message;
  ASSERT_EQ((*manifest)->entries().size(), 1U);
  const ManifestEntry& got = (*manifest)->entries()[0];
  EXPECT_EQ(got.partition.name, want.partition.name);
  EXPECT_EQ(got.partition.mint, want.partition.mint);
  EXPECT_EQ(got.partition.maxt, want.partition.maxt);
  EXPECT_EQ(got.partition.series, want.partition.series);
  EXPECT_EQ(got.partition.samples, want.partition.samples);
  EXPECT_EQ(got.partition.bytes, want.partition.bytes);
  EXPECT_EQ(got.partition.meta_offset, want.partition.meta_offset);
  EXPECT_EQ(got.partition.meta_bytes, want.partition.meta_bytes);
  EXPECT_EQ(got.partition.checksum, want.partition.checksum);
  EXPECT_EQ(got.log_position, want.log_position);
  EXPECT_EQ(got.complete, want.complete);
}

TEST_F(ManifestTest, AddsAndRemovesInOneStepAndSortsByTime) {
  {
    const auto manifest = open();
    ASSERT_TRUE((*manifest)->apply({entry("c", 3), entry("a", 1)}, {}));
    ASSERT_TRUE((*manifest)->apply({entry("b", 2)}, {}));
    ASSERT_TRUE((*manifest)->apply({entry("ab", 1)}, {"a", "b"}));
  }
  EXPECT_EQ(names(), (Strings{"ab", "c"}));
}

TEST_F(ManifestTest, RefusesAChangeThatDoesNotFitAndStaysUsable) {
  const auto manifest = open();
  ASSERT_TRUE((*manifest)->apply({entry("a", 1)}, {}));
  EXPECT_EQ((*manifest)->apply({entry("a", 1)}, {}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ((*manifest)->apply({}, {"b"}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE((*manifest)->apply({entry("b", 2)}, {"a"}));
  EXPECT_EQ(names(), (Strings{"b"}));
}

TEST_F(ManifestTest, CutsOffATornLastRecordAndGoesOn) {
  std::size_t first_bytes = 0;
  {
    const auto manifest = open();
    ASSERT_TRUE((*manifest)->apply({entry("a", 1)}, {}));
    first_bytes = bytes().size();
    ASSERT_TRUE((*manifest)->apply({entry("b", 2)}, {}));
  }
  const std::string whole = bytes();
  for (std::size_t size = first_bytes; size < whole.size(); ++size) {
    for (const std::size_t zeros : {0, 1, 4096}) {
      set_bytes(whole.substr(0, size) + std::string(zeros, '\0'));
      EXPECT_EQ(names(), (Strings{"a"})) << size << " bytes and " << zeros << " zeros";
      ASSERT_TRUE((*open())->apply({entry("c", 3)}, {}));
      EXPECT_EQ(names(), (Strings{"a", "c"})) << size << " bytes and " << zeros << " zeros";
    }
  }
}

TEST_F(ManifestTest, StartsAfreshWhenItsCreationWasTorn) {
  ASSERT_TRUE(open());
  const std::string magic = bytes();
  for (std::size_t size = 0; size < magic.size(); ++size) {
    set_bytes(magic.substr(0, size));
    EXPECT_EQ(names(), Strings{}) << size;
    EXPECT_EQ(bytes(), magic) << size;
  }
}

TEST_F(ManifestTest, FindsEveryFlippedBit) {
  {
    const auto manifest = open();
    ASSERT_TRUE((*manifest)->apply({entry("a", 1)}, {}));
    ASSERT_TRUE((*manifest)->apply({entry("b", 2)}, {"a"}));
  }
  const std::string whole = bytes();
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    set_bytes(damaged);
    const auto manifest = open();
    ASSERT_FALSE(manifest) << "bit " << bit;
    EXPECT_EQ(manifest.error().code, ErrorCode::kCorruption);
    EXPECT_EQ(bytes(), damaged) << "a damaged manifest must be left as it is";
  }
}

TEST_F(ManifestTest, IsNotTakenFromAnotherVersionOrAnotherProgram) {
  ASSERT_TRUE(open());
  std::string other = bytes();
  other.back() = 2;
  set_bytes(other);
  EXPECT_NE(names()[0].find("version 2"), std::string::npos);
  set_bytes("CURRENT-000001\n");
  EXPECT_EQ(open().error().code, ErrorCode::kCorruption);
}

}  // namespace
}  // namespace silverback::tsdb
