// Files that test rules: series over time, and what rules and expressions must say of them. The
// format alone; series, values and expressions stay texts, with their places.
//
//   rule_files: [alerts.yml]
//   tests:
//   - input_series:
//     - series: up{job="node"}
//       values: 1x4 0x10
//     alert_rule_test:
//     - eval_time: 10m
//       alertname: NodeDown
//       exp_alerts: [{exp_labels: {job: node}}]
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/
// Threads: value types.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "base/time.h"
#include "config/yaml.h"

namespace silverback::rules {

struct InputSeries {
  std::string series;
  std::string values;  // promql/series_notation.h
  config::Place series_place, values_place;
};

struct ExpectedAlert {
  std::map<std::string, std::string> labels;  // without alertname
  std::map<std::string, std::string> annotations;
};

// All firing alerts of that name at that time.
struct AlertExpectation {
  DurationMs eval_time = 0;  // from the test's start
  std::string alertname;
  std::vector<ExpectedAlert> alerts;
};

struct ExpectedSample {
  std::string labels;
  double value = 0;
  std::string histogram;  // instead of the value
};

struct ExprExpectation {
  std::string expr;
  DurationMs eval_time = 0;  // from the test's start
  std::vector<ExpectedSample> samples;
};

struct UnitTest {
  std::string name;         // `unnamed#2` if it has none
  DurationMs interval = 0;  // of the values of series, and of groups without their own
  TimestampMs start = 0;
  std::vector<InputSeries> input_series;
  std::vector<AlertExpectation> alerts;
  std::vector<ExprExpectation> exprs;
  std::map<std::string, std::string> external_labels;
  std::string external_url;
};

struct UnitTestFile {
  std::string path;
  std::vector<std::string> rule_files;  // globs
  DurationMs evaluation_interval = 60'000;
  std::vector<std::string> group_eval_order;  // unique
  bool fuzzy_compare = false;                 // values may differ by their last bit
  std::vector<UnitTest> tests;
};

// Errors: kInvalidArgument with all problems, a line `file:line:column: path: message` each; kIo
// and kNotFound for the file.
Result<UnitTestFile> load_unit_test_file(FileSystem& files, const std::filesystem::path& path);

}  // namespace silverback::rules
