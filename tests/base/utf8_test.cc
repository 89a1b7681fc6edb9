#include "base/utf8.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/labels.h"

namespace silverback {
namespace {

TEST(AppendUtf8, TakesOneToFourBytes) {
  struct Case {
    std::uint32_t rune;
    std::string_view want;
  };
  constexpr Case cases[] = {{0, std::string_view("\0", 1)},
                            {'a', "a"},
                            {0x7f, "\x7f"},
                            {0x80, "\xc2\x80"},
                            {0xe4, "ä"},
                            {0x7ff, "\xdf\xbf"},
                            {0x800, "\xe0\xa0\x80"},
                            {0x20ac, "€"},
                            {0xffff, "\xef\xbf\xbf"},
                            {0x10000, "\xf0\x90\x80\x80"},
                            {0x1f600, "😀"},
                            {0x10ffff, "\xf4\x8f\xbf\xbf"}};
  std::string all;
  for (const auto& [rune, want] : cases) {
    std::string out;
    append_utf8(out, rune);
    EXPECT_EQ(out, want) << rune;
    all += out;
  }
  EXPECT_TRUE(is_valid_utf8(all));
}

}  // namespace
}  // namespace silverback
