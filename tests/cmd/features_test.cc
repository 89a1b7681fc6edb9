#include "cmd/features.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace silverback::cmd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Names = std::vector<std::string>;

TEST(Features, SwitchTheirPartOfPromql) {
  EXPECT_TRUE(promql_features(Names{"promql-experimental-functions"}).experimental_functions);
  EXPECT_TRUE(promql_features(Names{"a", "promql-delayed-name-removal"}).delayed_name_removal);
  EXPECT_TRUE(promql_features(Names{"type-and-unit-labels"}).type_and_unit_labels);
  EXPECT_FALSE(promql_features(Names{}).experimental_functions);
}

TEST(Features, WarnWhereTheyDoNothing) {
  const auto none = check_features(Names{"promql-experimental-functions"});
  ASSERT_TRUE(none);
  EXPECT_THAT(*none, IsEmpty());
  const auto warnings = check_features(Names{"exemplar-storage", "no-such-feature"});
  ASSERT_TRUE(warnings);
  EXPECT_THAT(*warnings, ElementsAre(HasSubstr("no effect"), HasSubstr("Unknown option")));
}

TEST(Features, KnowFormerNamesOfFlags) {
  const auto warnings = check_features(Names{"auto-reload-config"});
  ASSERT_TRUE(warnings);
  EXPECT_THAT(*warnings, ElementsAre("--enable-feature=auto-reload-config is deprecated, use "
                                     "--config.auto-reload."));
}

TEST(Features, RefuseAnAgent) { EXPECT_FALSE(check_features(Names{"agent"})); }

}  // namespace
}  // namespace silverback::cmd
