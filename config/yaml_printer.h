// YAML as Go's library writes it, so that /api/v1/status/config looks as people know it: sequences
// are not indented below their key, texts are quoted only where they would be read as something
// else, texts of several lines become `|` blocks.
//
//   scrape_configs:
//   - job_name: node
//     static_configs:
//     - targets:
//       - localhost:9100
//
// Source: gopkg.in/yaml.v2, but long texts are not folded.
#pragma once

#include <string>

#include "config/yaml.h"

namespace silverback::config {

// The document, ending with a line feed. Scalars that are not `quoted` (numbers, durations) are
// written as they are. What is printed parses to the same tree.
std::string print_yaml(const YamlNode& node);

}  // namespace silverback::config
