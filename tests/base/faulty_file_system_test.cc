#include "tests/testing/faulty_file_system.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/testing/memory_file_system.h"

namespace silverback::testing {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

class FaultyFileSystemTest : public ::testing::Test {
 protected:
  FaultyFileSystemTest() { EXPECT_TRUE(disk_.create_directories("/d")); }

  // A file with these bytes, synced; its name too.
  void make_durable(const std::string& path, std::string_view content) {
    auto file = files_.create(path);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->append(bytes_of(content)));
    ASSERT_TRUE((*file)->sync());
    ASSERT_TRUE(files_.sync_directory("/d"));
  }
  std::string read(const std::string& path) { return files_.read_all(path).value_or("<none>"); }

  MemoryFileSystem disk_;
  FaultyFileSystem files_{disk_, "/attic"};
};

TEST_F(FaultyFileSystemTest, FailsTheCallThatWasPlannedAndNoOther) {
  auto file = files_.create("/d/f");
  ASSERT_TRUE(file);
  files_.fail_after(1, {FileOperation::kSync});
  EXPECT_TRUE((*file)->sync());
  EXPECT_TRUE((*file)->append(bytes_of("x")));
  const Status failed = (*file)->sync();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "sync /d/f: failed as planned");
  EXPECT_TRUE(files_.has_failed());
  EXPECT_TRUE((*file)->sync());
  EXPECT_EQ(files_.calls(FileOperation::kSync), 3u);
}

TEST_F(FaultyFileSystemTest, CutsAWriteShort) {
  auto file = files_.create("/d/f");
  files_.cut_write_after(1, 2);
  EXPECT_TRUE((*file)->append(bytes_of("abc")));
  EXPECT_FALSE((*file)->append(bytes_of("def")));
  EXPECT_EQ(read("/d/f"), "abcde");
}

TEST_F(FaultyFileSystemTest, PowerLossDropsBytesThatWereNotSynced) {
  make_durable("/d/f", "safe");
  auto file = files_.open_append("/d/f");
  ASSERT_TRUE((*file)->append(bytes_of(" gone")));
  EXPECT_EQ(read("/d/f"), "safe gone");
  files_.lose_power();
  EXPECT_EQ(read("/d/f"), "safe");
  EXPECT_FALSE((*file)->append(bytes_of("x"))) << "a handle from before";
}

TEST_F(FaultyFileSystemTest, PowerLossMayKeepAPartOfWhatWasNotSynced) {
  std::mt19937_64 random(1);
  bool kept_a_part = false;
  for (int i = 0; i < 20; ++i) {
    const std::string path = "/d/f" + std::to_string(i);
    make_durable(path, "safe");
    auto file = files_.open_append(path);
    ASSERT_TRUE((*file)->append(bytes_of("12345678")));
    files_.lose_power(&random);
    const std::string content = read(path);
    EXPECT_TRUE(content.starts_with("safe") && std::string("safe12345678").starts_with(content));
    kept_a_part = kept_a_part || (content.size() > 4 && content.size() < 12);
  }
  EXPECT_TRUE(kept_a_part);
}

TEST_F(FaultyFileSystemTest, PowerLossTakesBackNamesThatWereNotSynced) {
  make_durable("/d/old", "old");
  make_durable("/d/removed", "removed");
  make_durable("/d/moved", "moved");
  ASSERT_TRUE(files_.create("/d/new"));
  ASSERT_TRUE(files_.remove_all("/d/removed"));
  ASSERT_TRUE(files_.rename("/d/moved", "/d/moved2"));
  ASSERT_TRUE(files_.rename("/d/moved2", "/d/old"));
  EXPECT_EQ(files_.list("/d"), (std::vector<std::string>{"new", "old"}));
  EXPECT_EQ(read("/d/old"), "moved");
  files_.lose_power();
  EXPECT_EQ(files_.list("/d"), (std::vector<std::string>{"moved", "old", "removed"}));
  EXPECT_EQ(read("/d/old"), "old");
  EXPECT_EQ(read("/d/removed"), "removed");
  EXPECT_EQ(read("/d/moved"), "moved");
}

TEST_F(FaultyFileSystemTest, SyncingTheDirectoryMakesNamesDurable) {
  make_durable("/d/old", "old");
  make_durable("/d/removed", "removed");
  auto file = files_.create("/d/tmp");
  ASSERT_TRUE((*file)->append(bytes_of("new")));
  ASSERT_TRUE((*file)->sync());
  ASSERT_TRUE(files_.rename("/d/tmp", "/d/old"));
  ASSERT_TRUE(files_.remove_all("/d/removed"));
  ASSERT_TRUE(files_.sync_directory("/d"));
  files_.lose_power();
  EXPECT_EQ(files_.list("/d"), std::vector<std::string>{"old"});
  EXPECT_EQ(read("/d/old"), "new");
}

TEST_F(FaultyFileSystemTest, ADirectoryBuiltAsideIsThereAfterItsParentWasSynced) {
  ASSERT_TRUE(files_.create_directories("/d/tmp/p"));
  auto file = files_.create("/d/tmp/p/data");
  ASSERT_TRUE((*file)->append(bytes_of("x")));
  ASSERT_TRUE((*file)->sync());
  ASSERT_TRUE(files_.sync_directory("/d/tmp/p"));
  ASSERT_TRUE(files_.rename("/d/tmp/p", "/d/p"));
  ASSERT_TRUE(files_.sync_directory("/d"));
  files_.lose_power();
  EXPECT_EQ(read("/d/p/data"), "x");
}

TEST_F(FaultyFileSystemTest, AFileInADirectoryThatWasNotSyncedIsGone) {
  ASSERT_TRUE(files_.create_directories("/d/tmp/p"));
  auto file = files_.create("/d/tmp/p/data");
  ASSERT_TRUE((*file)->sync());
  ASSERT_TRUE(files_.rename("/d/tmp/p", "/d/p"));
  ASSERT_TRUE(files_.sync_directory("/d"));
  files_.lose_power();
  EXPECT_EQ(files_.list("/d/p"), std::vector<std::string>{});
}

TEST_F(FaultyFileSystemTest, StandsOnRealFilesToo) {
  const std::filesystem::path scratch =
      std::filesystem::path(::testing::TempDir()) / ("faulty-" + std::to_string(::getpid()));
  FaultyFileSystem files(FileSystem::posix(), scratch / "attic");
  ASSERT_TRUE(files.create_directories(scratch / "d"));
  ASSERT_TRUE(files.sync_directory(scratch));
  auto file = files.create(scratch / "d" / "f");
  ASSERT_TRUE(file);
  ASSERT_TRUE(files.sync_directory(scratch / "d"));
  ASSERT_TRUE((*file)->append(bytes_of("safe")));
  ASSERT_TRUE((*file)->sync());
  ASSERT_TRUE((*file)->append(bytes_of("gone")));
  files.lose_power();
  EXPECT_EQ(files.read_all(scratch / "d" / "f"), "safe");
  ASSERT_TRUE(FileSystem::posix().remove_all(scratch));
}

}  // namespace
}  // namespace silverback::testing
