// Results of tests as JUnit's XML, which build servers read.
// Source: https://github.com/testmoapp/junitxml; attributes as promtool writes them.
// Threads: value types.
#pragma once

#include <string>
#include <vector>

namespace silverback::cmd {

struct JunitCase {
  std::string name;
  std::vector<std::string> failures;
  std::string error;  // why it could not run
};

struct JunitSuite {
  std::string name;
  std::string timestamp;  // `2015-07-01T20:10:30`
  std::vector<JunitCase> cases;
};

std::string junit_xml(const std::vector<JunitSuite>& suites);

}  // namespace silverback::cmd
