// Checks a page of metrics: whether it can be read, what in it is against the conventions of names
// and types, and which of its families make the most series.
// Source: https://prometheus.io/docs/practices/naming/,
// https://prometheus.io/docs/instrumenting/writing_exporters/
#pragma once

#include <string_view>

#include "cmd/check_rules.h"
#include "cmd/console.h"

namespace silverback::cmd {

struct MetricsChecks {
  bool conventions = true;   // each thing against them is a lint
  bool cardinality = false;  // prints a table
};

// `page` is of the text format, as in promtool; a page of OpenMetrics is read as if it were.
// Stricter than a scrape: a family has one TYPE, before its samples, and one HELP, and the last
// line has its end, too. Each problem is told once, where promtool repeats it for every series.
Findings check_metrics(std::string_view page, const MetricsChecks& checks, Console& console);

}  // namespace silverback::cmd
