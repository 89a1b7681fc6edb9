// YAML as a tree in which every node knows its place: what configuration and rule files are read
// from. libyaml reads it; anchors, aliases and merge keys (`<<`) are resolved here, so that readers
// see plain mappings. What the readers of Prometheus take silently is an error where it cannot be
// meant: a key given twice, a second document.
//
// Source: https://yaml.org/spec/1.1/ as gopkg.in/yaml.v2 understands it. Threads: functions and
// value types.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace silverback::config {

struct Place {
  std::uint32_t line = 1, column = 1;  // from 1; columns count characters
};

struct YamlNode {
  enum class Kind : std::uint8_t { kScalar, kSequence, kMapping };
  struct Entry;

  Kind kind = Kind::kScalar;
  Place place;
  std::string text;     // of a scalar, unquoted
  bool quoted = false;  // then it is a text, whatever it looks like
  bool flow = false;    // of a sequence: print_yaml writes it as [a, b]
  std::vector<YamlNode> items;
  std::vector<Entry> entries;  // in the order of the file, then what was merged; keys are unique

  // Absent, for those who ask for it: nothing, `~` or `null`.
  bool is_null() const;
  // What `key` has in a mapping; null if it is not there.
  const YamlNode* find(std::string_view key) const;
};

struct YamlNode::Entry {
  std::string key;
  Place place;
  YamlNode value;
};

// The one document of `text`; a null scalar if there is none. Nesting and what aliases multiply are
// bounded. Errors: kInvalidArgument, as `3:5: duplicate key "global", first at 1:1`, the place
// being line:column.
Result<YamlNode> parse_yaml(std::string_view text);

// Scalars, as yaml.v2 resolves them. Nothing if the node is something else.
std::optional<bool> yaml_bool(const YamlNode& node);
std::optional<std::int64_t> yaml_int(const YamlNode& node);
std::optional<double> yaml_float(const YamlNode& node);  // integers too

std::string to_string(Place place);  // "3:5"

}  // namespace silverback::config
