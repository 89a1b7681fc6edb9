#include "rules/schedule.h"

#include <string>

#include <gtest/gtest.h>

namespace silverback::rules {
namespace {

constexpr TimestampNs kSecond = 1'000'000'000;

// What Prometheus 3.14 was seen to do.
TEST(SlotOffset, IsPrometheus) {
  EXPECT_EQ(slot_offset("/tmp/hr/r.yml", "rec", 10 * kSecond), 3'558'796'161);
}

TEST(SlotOffset, IsInTheIntervalAndDiffersBetweenGroups) {
  const std::string long_name(300, 'g');
  for (const TimestampNs interval : {TimestampNs{1'000'000}, kSecond, 3600 * kSecond}) {
    for (const std::string& name : {std::string("a"), std::string("b"), std::string(), long_name}) {
      const TimestampNs offset = slot_offset("rules.yml", name, interval);
      EXPECT_GE(offset, 0);
      EXPECT_LT(offset, interval);
    }
  }
  EXPECT_NE(slot_offset("rules.yml", "a", 3600 * kSecond),
            slot_offset("rules.yml", "b", 3600 * kSecond));
  EXPECT_NE(slot_offset("a", "bname", 3600 * kSecond), slot_offset("ab", "name", 3600 * kSecond));
}

}  // namespace
}  // namespace silverback::rules
