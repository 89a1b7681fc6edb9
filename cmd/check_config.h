// Checks prometheus.yml: the format, what it names on this machine, and its rule files.
#pragma once

#include <string>

#include "base/file.h"
#include "base/time.h"
#include "cmd/check_rules.h"
#include "cmd/console.h"

namespace silverback::cmd {

struct ConfigChecks {
  bool syntax_only = false;            // no file but this one
  DurationMs scrape_interval_max = 0;  // a lint: jobs scrape more often than that; 0: no lint
  RuleChecks rules;
};

Findings check_config_file(FileSystem& files, const std::string& path, const ConfigChecks& checks,
                           Console& console);

}  // namespace silverback::cmd
