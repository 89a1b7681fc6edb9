#include "rules/notifier/alert_json.h"

#include <gtest/gtest.h>

namespace silverback::notifier {
namespace {

constexpr TimestampNs kSecond = 1'000'000'000;

std::string json_of(Alert alert) {
  return alerts_json({std::make_shared<const Alert>(std::move(alert))});
}

TEST(AlertJson, IsWhatPrometheusSends) {
  Alert alert;
  alert.labels = {{"alertname", "A"}, {"sev", "a<b>&\"ü\""}};
  alert.annotations = {{"none", ""}, {"summary", "x\ny"}};
  alert.starts_at = 1'792'574'339 * kSecond + 730'999'999;
  alert.ends_at = 1'792'574'349 * kSecond;
  alert.generator_url = "http://vm:9090/graph?g0.expr=vector%281%29&g0.tab=1";
  EXPECT_EQ(json_of(alert),
            R"([{"annotations":{"none":"","summary":"x\ny"},)"
            R"("endsAt":"2026-10-21T09:19:09.000Z","startsAt":"2026-10-21T09:18:59.730Z",)"
            R"("generatorURL":"http://vm:9090/graph?g0.expr=vector%281%29&g0.tab=1",)"
            R"("labels":{"alertname":"A","sev":"a<b>&\"ü\""}}])");
}

TEST(AlertJson, LeavesOutAnEmptyGeneratorUrlOnly) {
  EXPECT_EQ(json_of({}), R"([{"endsAt":"1970-01-01T00:00:00.000Z",)"
                         R"("startsAt":"1970-01-01T00:00:00.000Z","labels":{}}])");
}

TEST(AlertJson, CutsTimesToMilliseconds) {
  struct Case {
    TimestampNs t;
    std::string_view want;
  };
  constexpr Case kCases[] = {
      {1, "1970-01-01T00:00:00.000Z"},           {20'000'000, "1970-01-01T00:00:00.020Z"},
      {300'000'000, "1970-01-01T00:00:00.300Z"}, {999'999'999, "1970-01-01T00:00:00.999Z"},
      {-1, "1969-12-31T23:59:59.999Z"},          {-2 * kSecond, "1969-12-31T23:59:58.000Z"}};
  for (const auto& [t, want] : kCases) {
    Alert alert;
    alert.ends_at = t;
    const std::string json = json_of(alert);
    EXPECT_NE(json.find("\"endsAt\":\"" + std::string(want) + '"'), json.npos) << json;
  }
}

TEST(AlertJson, IsOneArray) {
  const auto alert = std::make_shared<const Alert>();
  const std::string one = alerts_json({alert});
  EXPECT_EQ(alerts_json({alert, alert}),
            "[" + one.substr(1, one.size() - 2) + "," + one.substr(1, one.size() - 2) + "]");
  EXPECT_EQ(alerts_json({}), "[]");
}

}  // namespace
}  // namespace silverback::notifier
