#include "cmd/junit.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace silverback::cmd {
namespace {

// Of a text or an attribute. What XML cannot hold becomes U+FFFD.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&#34;";
    } else if (c == '\n') {
      out += "&#xA;";
    } else if (c == '\t') {
      out += "&#x9;";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\xEF\xBF\xBD";
    } else {
      out += c;
    }
  }
  return out;
}

std::string attribute(std::string_view name, std::string_view value) {
  return " " + std::string(name) + "=\"" + escaped(value) + "\"";
}

std::string element(const std::string& name, std::string_view text) {
  return "<" + name + ">" + escaped(text) + "</" + name + ">";
}

std::string case_xml(const JunitCase& one) {
  std::string xml = "<testcase" + attribute("name", one.name) + ">";
  for (const std::string& failure : one.failures) xml += element("failure", failure);
  if (!one.error.empty()) xml += element("error", one.error);
  return xml + "</testcase>";
}

std::string suite_xml(const JunitSuite& suite) {
  std::size_t failures = 0;
  for (const JunitCase& one : suite.cases) failures += one.failures.size();
  const auto errors = std::count_if(suite.cases.begin(), suite.cases.end(),
                                    [](const JunitCase& one) { return !one.error.empty(); });
  std::string xml = "<testsuite" + attribute("name", suite.name) +
                    attribute("tests", std::to_string(suite.cases.size())) +
                    attribute("failures", std::to_string(failures)) +
                    attribute("errors", std::to_string(errors)) + attribute("skipped", "0") +
                    attribute("timestamp", suite.timestamp) + ">";
  for (const JunitCase& one : suite.cases) xml += case_xml(one);
  return xml + "</testsuite>";
}

}  // namespace

std::string junit_xml(const std::vector<JunitSuite>& suites) {
  std::string xml = "<testsuites>";
  for (const JunitSuite& suite : suites) xml += suite_xml(suite);
  return xml + "</testsuites>";
}

}  // namespace silverback::cmd
