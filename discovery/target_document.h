// The document that target files hold and discovery servers answer: a list of groups.
//
//   [{"targets": ["10.0.0.1:9100", "10.0.0.2:9100"], "labels": {"job": "node"}}, …]
//
// JSON or YAML, with nothing else in a group. As in Prometheus the names of JSON's keys are taken
// in any case (`Targets`, from servers that marshal Go structs).
// Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#file_sd_config
// Threads: functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "discovery/target_group.h"

namespace silverback::discovery {

// A longer document is refused before it is read.
inline constexpr std::size_t kDocumentBytesMax = std::size_t{32} << 20;

enum class DocumentFormat { kJson, kYaml };

// The groups with `origin:0`, `origin:1`, … as their sources and, in each group, the label
// `origin_label` with the value `origin`, whatever the document says about it. Errors:
// kInvalidArgument, as `group 2: targets: item 1: expected a text`; groups and items count from 1.
Result<std::vector<TargetGroup>> parse_targets(std::string_view document, DocumentFormat format,
                                               const std::string& origin,
                                               std::string_view origin_label);

}  // namespace silverback::discovery
