#include "base/letter_case.h"

#include <gtest/gtest.h>

namespace silverback {
namespace {

TEST(LetterCase, MapsLettersOfAllScripts) {
  struct Case {
    std::string_view lower, upper;
  };
  constexpr Case cases[] = {{"", ""},     {"az-09", "AZ-09"}, {"äöé", "ÄÖÉ"},  {"привет", "ПРИВЕТ"},
                            {"ωσ", "ΩΣ"}, {"𐐨", "𐐀"},         {"日本", "日本"}};
  for (const auto& [lower, upper] : cases) {
    EXPECT_EQ(to_upper(lower), upper);
    EXPECT_EQ(to_lower(upper), lower);
  }
}

TEST(LetterCase, LeavesWhatIsNotUtf8) {
  for (const std::string_view text : {"a\xff", "a\xc3", "\x80", "a\xc3(", "\xf0\x9f"})
    EXPECT_EQ(to_lower(text), text);
  EXPECT_EQ(to_upper("a\xffz\xc3"), "A\xffZ\xc3");
}

}  // namespace
}  // namespace silverback
