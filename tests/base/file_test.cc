#include "base/file.h"

#include <filesystem>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace silverback {
namespace {

namespace fs = std::filesystem;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

class FileTest : public ::testing::Test {
 protected:
  FileTest() { EXPECT_TRUE(files_.create_directories(dir_)); }
  ~FileTest() override { EXPECT_TRUE(files_.remove_all(dir_)); }

  std::string error_of(const Status& status) { return status ? "ok" : status.error().message; }

  FileSystem& files_ = FileSystem::posix();
  const fs::path dir_ = fs::path(::testing::TempDir()) / ("file_test-" + std::to_string(getpid()));
};

TEST_F(FileTest, ReadsAllOfWhatDoesNotKnowItsSize) {
  ASSERT_EQ(mkfifo((dir_ / "pipe").c_str(), 0600), 0);
  const std::string text(40'000, 'x');
  std::thread writer([&] {
    const int fd = open((dir_ / "pipe").c_str(), O_WRONLY);
    EXPECT_EQ(write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    close(fd);
  });
  EXPECT_EQ(files_.read_all(dir_ / "pipe"), text);
  writer.join();
  const Result<std::string> made_up = files_.read_all("/proc/self/status");
  ASSERT_TRUE(made_up);
  EXPECT_NE(made_up->find("Name:"), std::string::npos);
}

TEST_F(FileTest, AppendsAndReadsBack) {
  auto file = files_.create(dir_ / "f");
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->append(bytes_of("hello ")));
  ASSERT_TRUE((*file)->append(bytes_of("world")));
  ASSERT_TRUE((*file)->sync());
  EXPECT_EQ((*file)->size(), 11u);

  std::array<std::byte, 8> out{};
  EXPECT_EQ((*file)->read(6, out), 5u);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(out.data()), 5), "world");
  EXPECT_EQ((*file)->read(11, out), 0u);
  EXPECT_EQ((*file)->read(1000, out), 0u);
  EXPECT_EQ(files_.read_all(dir_ / "f"), "hello world");
}

TEST_F(FileTest, AppendsAtTheEndAlsoAfterReopeningAndTruncating) {
  ASSERT_TRUE(files_.create(dir_ / "f").value()->append(bytes_of("abcdef")));
  auto file = files_.open_append(dir_ / "f");
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->append(bytes_of("ghi")));
  ASSERT_TRUE((*file)->truncate(2));
  ASSERT_TRUE((*file)->append(bytes_of("X")));
  EXPECT_EQ(files_.read_all(dir_ / "f"), "abX");
}

TEST_F(FileTest, ErrorsNameTheOperationThePathAndTheReason) {
  const std::string there = (dir_ / "there").native();
  const std::string missing = (dir_ / "missing").native();
  ASSERT_TRUE(files_.create(there));

  const auto again = files_.create(there);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kIo);
  EXPECT_EQ(again.error().message, "create " + there + ": File exists");

  for (const auto& opened : {files_.open_read(missing).map([](auto&&) {}),
                             files_.open_append(missing).map([](auto&&) {}),
                             files_.read_all(missing).map([](auto&&) {})}) {
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::kNotFound);
    EXPECT_EQ(opened.error().message, "open " + missing + ": No such file or directory");
  }
  EXPECT_EQ(error_of(files_.rename(missing, there)),
            "rename " + missing + " to " + there + ": No such file or directory");
  EXPECT_EQ(error_of(files_.sync_directory(missing)),
            "open directory " + missing + ": No such file or directory");
  const auto listed = files_.list(missing);
  ASSERT_FALSE(listed);
  EXPECT_EQ(listed.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(error_of(files_.create_directories(dir_ / "there" / "x")),
            "create directory " + there + "/x: Not a directory");

  const auto read_only = files_.open_read(there);
  EXPECT_EQ(error_of((*read_only)->append(bytes_of("x"))),
            "write " + there + ": Bad file descriptor");
}

TEST_F(FileTest, AFullDiskIsUnavailableNotBroken) {
  if (::access("/dev/full", W_OK) != 0) GTEST_SKIP() << "no /dev/full";
  auto full = files_.open_append("/dev/full");
  ASSERT_TRUE(full);
  const Status written = (*full)->append(bytes_of("x"));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(written.error().message, "write /dev/full: No space left on device");
}

TEST_F(FileTest, DirectoriesAreMadeListedMovedAndRemoved) {
  ASSERT_TRUE(files_.create_directories(dir_ / "a" / "b"));
  ASSERT_TRUE(files_.create_directories(dir_ / "a" / "b")) << "again";
  ASSERT_TRUE(files_.create(dir_ / "a" / "z"));
  ASSERT_TRUE(files_.create(dir_ / "a" / "B"));
  EXPECT_EQ(files_.list(dir_ / "a"), (std::vector<std::string>{"B", "b", "z"}));
  ASSERT_TRUE(files_.rename(dir_ / "a", dir_ / "c"));
  EXPECT_EQ(files_.list(dir_), std::vector<std::string>{"c"});
  EXPECT_TRUE(files_.sync_directory(dir_));
  ASSERT_TRUE(files_.remove_all(dir_ / "c"));
  ASSERT_TRUE(files_.remove_all(dir_ / "c")) << "again";
  EXPECT_EQ(files_.list(dir_), std::vector<std::string>{});
  EXPECT_GT(files_.free_bytes(dir_).value(), 0u);
}

}  // namespace
}  // namespace silverback
