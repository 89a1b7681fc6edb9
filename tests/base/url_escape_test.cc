#include "base/url_escape.h"

#include <gtest/gtest.h>

namespace silverback {
namespace {

TEST(UrlEscape, LeavesUnreservedCharactersOnly) {
  EXPECT_EQ(percent_encode("a b/c~é"), "a%20b%2Fc~%C3%A9");
  EXPECT_EQ(percent_encode("azAZ09-._~"), "azAZ09-._~");
  EXPECT_EQ(percent_encode(std::string_view("\0\xff", 2)), "%00%FF");
}

TEST(UrlEscape, LeavesWhatItIsTold) { EXPECT_EQ(percent_encode("/a b?", "/"), "/a%20b%3F"); }

TEST(UrlEscape, OfAQueryHasPlusForBlanks) {
  EXPECT_EQ(query_escape("a b+c&d=1"), "a+b%2Bc%26d%3D1");
}

}  // namespace
}  // namespace silverback
