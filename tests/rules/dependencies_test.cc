#include "rules/dependencies.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/rules/rule_fixture.h"

namespace silverback::rules {
namespace {

// One letter names each rule, in the order of the file: `ac b` are two batches.
std::string batches_of(const std::string& rules) {
  const std::vector<GroupSpec> groups = groups_of("groups:\n- name: g\n  rules:\n" + rules);
  std::string text;
  for (const std::vector<std::size_t>& batch : evaluation_batches(groups.at(0).rules)) {
    if (!text.empty()) text += ' ';
    for (const std::size_t rule : batch) text += static_cast<char>('a' + rule);
  }
  return text;
}

std::string record(const std::string& name, const std::string& expr) {
  return "  - record: " + name + "\n    expr: '" + expr + "'\n";
}
std::string alert(const std::string& name, const std::string& expr,
                  const std::string& annotation = "x") {
  return "  - alert: " + name + "\n    expr: '" + expr + "'\n    annotations: {s: '" + annotation +
         "'}\n";
}

TEST(EvaluationBatches, KeepWhatIsIndependentTogether) {
  EXPECT_EQ(batches_of(record("r:a", "up") + record("r:b", "down") + alert("A", "up > 1")), "abc");
  EXPECT_EQ(batches_of(""), "");
}

TEST(EvaluationBatches, LetReadersComeAfterWriters) {
  EXPECT_EQ(batches_of(record("r:a", "up") + record("r:b", "sum(r:a)") + record("r:c", "up")),
            "ac b");
  EXPECT_EQ(batches_of(record("r:a", "up") + record("r:b", "rate(r:a[5m])") +
                       record("r:c", "max_over_time((-r:b)[5m:1m]) + on () topk(1, x)")),
            "a b c");
  EXPECT_EQ(batches_of(record("r:a", "up") + record("r:b", "{__name__=~\"r:.*\"}")), "a b");
  EXPECT_EQ(batches_of(record("r:a", "up") + record("r:b", "{__name__=~\"q:.*\"}")), "ab");
  EXPECT_EQ(batches_of(record("r:a", "up") + record("r:b", "{job=\"x\"}")), "a b");
}

// They are to see what was written the last time.
TEST(EvaluationBatches, LetReadersOfLaterRulesComeBefore) {
  EXPECT_EQ(batches_of(record("r:a", "r:b") + record("r:b", "up")), "a b");
  EXPECT_EQ(batches_of(record("r:a", "up") + record("r:b", "r:c") + record("r:c", "r:a")), "ab c");
}

TEST(EvaluationBatches, KnowWhatAlertsWriteAndAsk) {
  EXPECT_EQ(batches_of(alert("A", "up") + record("r:b", "count(ALERTS)")), "a b");
  EXPECT_EQ(batches_of(alert("A", "up") + alert("B", "ALERTS_FOR_STATE")), "a b");
  EXPECT_EQ(batches_of(record("r:a", "up") +
                       alert("B", "up", "{{ range query \"r:a\" }}{{ . }}{{ end }}")),
            "a b");
  EXPECT_EQ(batches_of(record("r:a", "up") + alert("B", "up", "query")), "ab");
}

}  // namespace
}  // namespace silverback::rules
