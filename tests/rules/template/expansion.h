// Expands a template as one alert would, for tables of texts and what they give.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rules/template/template.h"

namespace silverback::testing {

// The data of the tables, known as .Labels, .ExternalLabels, .ExternalURL and .Value.
inline templates::Data alert_data() {
  return {.labels = Labels{{"html", "<a href='x'>&\"</a>"},
                           {"instance", "host-1.example.com:9100"},
                           {"job", "node"},
                           {"num", "42.5"},
                           {"uni", "zażółć ümlaut \u2028 😀"}},
          .external_labels = Labels{{"cluster", "eu-1"}, {"replica", "a"}},
          .external_url = "http://prom.example.com:9090/prom",
          .value = 1234567.891};
}

// Three samples for any query, none for `empty`, an error for `fail`.
inline templates::Environment alert_environment() {
  using Samples = std::vector<templates::QuerySample>;
  templates::Environment environment;
  environment.now = 1'700'000'000'500;
  environment.external_url = alert_data().external_url;
  environment.query = [](std::string_view query) -> Result<Samples> {
    if (query == "empty") return Samples{};
    if (query == "fail") return fail(ErrorCode::kExecution, "query failed");
    return Samples{
        {Labels{{"__name__", "up"}, {"instance", "b:1"}, {"job", "x"}}, 1},
        {Labels{{"__name__", "up"}, {"instance", "a:1"}, {"job", "y"}}, 2.5},
        {Labels{{"__name__", "up"}, {"__value__", "str"}, {"instance", "c:1"}, {"job", "x"}}, 1e7}};
  };
  return environment;
}

// What the text gives, or its error as `!LINE: …` (it does not parse) or `!LINE:COLUMN: …`. Columns
// count the 112 bytes that stand before every text.
inline std::string expand(std::string_view text) {
  const auto expanded = templates::expand(text, "t", alert_data(), alert_environment());
  if (expanded) return *expanded;
  std::string message = expanded.error().message;
  for (const std::string_view prefix :
       {"error parsing template t: template: t:", "error executing template t: template: t:"}) {
    if (message.starts_with(prefix)) message.replace(0, prefix.size(), "!");
  }
  return message;
}

// One row of a table.
struct Expansion {
  std::string_view text, want;
};

}  // namespace silverback::testing
