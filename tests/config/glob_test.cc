#include "config/glob.h"

#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/memory_file_system.h"

namespace silverback::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Glob, MatchesAsGoDoes) {
  struct Case {
    std::string_view pattern, name;
    bool want;
  };
  constexpr Case cases[] = {
      {"abc", "abc", true},
      {"abc", "abcd", false},
      {"*", "", true},
      {"*", "abc", true},
      {"*c", "abc", true},
      {"a*", "a", true},
      {"a*", "ab", true},
      {"a*b*c", "axbyc", true},
      {"a*b*c", "axbybc", true},
      {"a*b*c", "axbyb", false},
      {"a?c", "abc", true},
      {"a?c", "ac", false},
      {"a?c", "aéc", true},
      {"a??c", "aéc", false},
      {"[a-c]x", "bx", true},
      {"[a-c]x", "dx", false},
      {"[^a-c]x", "dx", true},
      {"[^a-c]x", "ax", false},
      {"[!a]x", "!x", true},
      {"[!a]x", "ax", true},
      {"[abc]", "b", true},
      {"[α-ω]", "λ", true},
      {"[\\]a]", "]", true},
      {"[\\-]", "-", true},
      {"[x\\-]", "x", true},
      {"\\*", "*", true},
      {"\\*", "a", false},
      {"*.yml", ".yml", true},
      {"*.yml", "a.yaml", false},
      {"*x", "xxx", true},
      {"", "", true},
      {"", "a", false},
      {"a", "", false},
      {"**", "abc", true},
      {"[a-cx-z]", "y", true},
  };
  for (const Case& c : cases) {
    const Result<bool> matches = matches_glob(c.pattern, c.name);
    ASSERT_TRUE(matches) << c.pattern << ": " << matches.error().message;
    EXPECT_EQ(*matches, c.want) << c.pattern << " " << c.name;
  }
}

TEST(Glob, RefusesBadPatternsWhateverTheyAreComparedWith) {
  for (const char* bad : {"[", "[]", "[]a]", "[^]", "[-]", "[x-]", "[-x]", "[a", "[a-", "[a-b-c]",
                          "a[", "a\\", "[a\\", "x[a-\\"}) {
    for (const char* name : {"", "a", "zzz"}) {
      const Result<bool> matches = matches_glob(bad, name);
      ASSERT_FALSE(matches) << bad;
      EXPECT_EQ(matches.error().code, ErrorCode::kInvalidArgument);
      EXPECT_THAT(matches.error().message, HasSubstr("bad file name pattern \""));
    }
  }
}

class GlobFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* path : {"/r/a.yml", "/r/b.yml", "/r/c.txt", "/r/x/a.yml", "/r/x/y/z/a.yml",
                             "/r/x2/b.yml", "/r/..data/a.yml", "/r/[q].yml"}) {
      ASSERT_TRUE(files_.create_directories(std::filesystem::path(path).parent_path()));
      ASSERT_TRUE(files_.create(path));
    }
  }
  std::vector<std::string> expand(const std::string& pattern) {
    const Result<std::vector<std::string>> paths = expand_glob(files_, pattern);
    EXPECT_TRUE(paths) << paths.error().message;
    return paths.value_or(std::vector<std::string>{"?"});
  }
  testing::MemoryFileSystem files_;
};

TEST_F(GlobFiles, ExpandAnyPartOfAPath) {
  EXPECT_THAT(expand("/r/a.yml"), ElementsAre("/r/a.yml"));
  EXPECT_THAT(expand("/r/none.yml"), IsEmpty());
  EXPECT_THAT(expand("/none/*.yml"), IsEmpty());
  EXPECT_THAT(expand("/r/*.yml"), ElementsAre("/r/[q].yml", "/r/a.yml", "/r/b.yml"));
  EXPECT_THAT(expand("/r/\\[q].yml"), ElementsAre("/r/[q].yml"));
  EXPECT_THAT(expand("/r/x?/*.yml"), ElementsAre("/r/x2/b.yml"));
  EXPECT_THAT(expand("/[r]/x*/[ab].yml"), ElementsAre("/r/x/a.yml", "/r/x2/b.yml"));
  EXPECT_THAT(expand("/*/b.yml"), ElementsAre("/r/b.yml"));
  EXPECT_THAT(expand("/r//a.y?l"), ElementsAre("/r/a.yml"));
  EXPECT_THAT(expand(""), IsEmpty());
}

TEST_F(GlobFiles, FindFoldersOfAnyDepthButNotHiddenOnes) {
  EXPECT_THAT(expand("/r/**/a.yml"), ElementsAre("/r/a.yml", "/r/x/a.yml", "/r/x/y/z/a.yml"));
  EXPECT_THAT(expand("/r/**/y/**/*.yml"), ElementsAre("/r/x/y/z/a.yml"));
  EXPECT_THAT(expand("/**/b.yml"), ElementsAre("/r/b.yml", "/r/x2/b.yml"));
  EXPECT_THAT(expand("/r/x/**"), ElementsAre("/r/x/a.yml", "/r/x/y")) << "at the end it is a *";
}

TEST_F(GlobFiles, RefuseBadPatternsInAnyPart) {
  EXPECT_FALSE(expand_glob(files_, "/none/[/a.yml"));
  EXPECT_FALSE(expand_glob(files_, "/r/["));
}

TEST(Glob, EndsWhereFoldersDoNot) {
  char name[] = "/tmp/silverback_glob_test_XXXXXX";
  const std::filesystem::path folder = mkdtemp(name);
  for (const char* link : {"a", "b"}) std::filesystem::create_directory_symlink(".", folder / link);
  const Result<std::vector<std::string>> paths =
      expand_glob(FileSystem::posix(), (folder / "**/x.yml").native());
  ASSERT_FALSE(paths);
  EXPECT_THAT(paths.error().message, HasSubstr("Too many levels of symbolic links"));
  std::filesystem::remove_all(folder);
}

TEST(Glob, LooksIntoManyFoldersAtMost) {
  char name[] = "/tmp/silverback_glob_test_XXXXXX";
  const std::filesystem::path folder = mkdtemp(name);
  for (std::size_t i = 0; i <= kGlobFoldersMax; ++i)
    std::filesystem::create_directory(folder / std::to_string(i));
  const auto paths = expand_glob(FileSystem::posix(), (folder / "**/x.yml").native());
  ASSERT_FALSE(paths);
  EXPECT_EQ(paths.error().message, "more than 10000 folders to look into");
  std::filesystem::remove_all(folder);
}

TEST(Glob, KnowsItsDeepParts) {
  EXPECT_EQ(deep_part_end("a/b*.yml"), 0U);
  EXPECT_EQ(deep_part_end("a/**"), 0U);
  EXPECT_EQ(deep_part_end("a**/b"), 0U);
  EXPECT_EQ(deep_part_end("**/b"), 2U);
  EXPECT_EQ(deep_part_end("a/**/b/**/c"), 9U);
}

}  // namespace
}  // namespace silverback::config
