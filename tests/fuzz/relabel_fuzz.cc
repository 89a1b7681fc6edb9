// Any rules on any labels: what comes out is a label set again, opposite actions are opposites, and
// a list of rules is its rules one after the other.
//
// The input is a list of texts, one a line: per rule action, separator, regex, target, replacement
// and source labels (between commas); then, after an empty line, names and values of labels in
// turn.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "config/relabel.h"

namespace {

using namespace silverback;
using config::RelabelAction;
using config::Relabeling;
using config::RelabelRule;

[[noreturn]] void broken(const char* what, const Labels& before, const Labels& after) {
  std::fprintf(stderr, "%s: %s became %s\n", what, before.to_string().c_str(),
               after.to_string().c_str());
  std::abort();
}

class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}
  bool at_end() const { return rest_.empty(); }
  std::string_view next() {
    const std::size_t end = std::min(rest_.find('\n'), rest_.size());
    const std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return line;
  }

 private:
  std::string_view rest_;
};

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::vector<RelabelRule> read_rules(Lines& lines) {
  std::vector<RelabelRule> rules;
  while (!lines.at_end() && rules.size() < 8) {
    const std::string_view action = lines.next();
    if (action.empty()) break;
    RelabelRule rule;
    // `L` in front: legacy names.
    if (action[0] == 'L') rule.names = config::NameScheme::kLegacy;
    rule.action = config::parse_relabel_action(action.substr(action[0] == 'L' ? 1 : 0))
                      .value_or(RelabelAction::kReplace);
    rule.separator = lines.next();
    rule.regex = lines.next();
    rule.target_label = lines.next();
    rule.replacement = lines.next();
    rule.source_labels = split_at_commas(lines.next());
    if (rule.action == RelabelAction::kHashMod) rule.modulus = rule.regex.size();
    rules.push_back(std::move(rule));
  }
  return rules;
}

Labels read_labels(Lines& lines) {
  LabelsBuilder builder;
  for (int i = 0; !lines.at_end() && i < 16; ++i) {
    const std::string_view name = lines.next(), value = lines.next();
    if (!name.empty() && is_valid_utf8(name) && is_valid_utf8(value)) builder.set(name, value);
  }
  return builder.build();
}

// Nothing if the set is dropped.
std::optional<Labels> relabeled(const Labels& labels, const Relabeling& relabeling) {
  LabelsBuilder builder(labels);
  if (!relabeling.apply(builder)) return std::nullopt;
  return builder.build();
}

std::optional<Labels> relabeled(const Labels& labels, RelabelRule rule, RelabelAction action) {
  rule.action = action;
  const Result<Relabeling> relabeling = Relabeling::make({std::move(rule)});
  if (!relabeling) std::abort();
  return relabeled(labels, *relabeling);
}

void check_label_set(const Labels& before, const Labels& after) {
  std::string last;
  for (const Label& label : after) {
    if (label.name <= last) broken("not in order", before, after);
    if (label.value.empty()) broken("an empty value", before, after);
    if (!is_valid_utf8(label.name) || !is_valid_utf8(label.value))
      broken("not UTF-8", before, after);
    last = label.name;
  }
}

// The other rule keeps what this one drops.
void check_opposite(const RelabelRule& rule, const Labels& before,
                    const std::optional<Labels>& after, RelabelAction opposite) {
  const std::optional<Labels> other = relabeled(before, rule, opposite);
  if (after.has_value() == other.has_value()) broken("kept by both or neither", before, before);
  if (after.value_or(before) != before) broken("a choice changes labels", before, *after);
}

void check_names(const RelabelRule& rule, const Labels& before, const Labels& after) {
  const Labels dropped = *relabeled(before, rule, RelabelAction::kLabelDrop);
  const Labels kept = *relabeled(before, rule, RelabelAction::kLabelKeep);
  for (const Label& label : before) {
    if ((dropped.get(label.name) == label.value) == (kept.get(label.name) == label.value))
      broken("a label is in both or neither", before, after);
  }
  if (*relabeled(after, rule, rule.action) != after) broken("not the same twice", before, after);
}

void check_rule(const RelabelRule& rule, const Labels& before, const std::optional<Labels>& after) {
  switch (rule.action) {
    case RelabelAction::kKeep:
      return check_opposite(rule, before, after, RelabelAction::kDrop);
    case RelabelAction::kDrop:
      return check_opposite(rule, before, after, RelabelAction::kKeep);
    case RelabelAction::kKeepEqual:
      return check_opposite(rule, before, after, RelabelAction::kDropEqual);
    case RelabelAction::kDropEqual:
      return check_opposite(rule, before, after, RelabelAction::kKeepEqual);
    default:
      break;
  }
  if (!after) broken("dropped by what drops nothing", before, before);
  check_label_set(before, *after);
  if (rule.action == RelabelAction::kLabelDrop || rule.action == RelabelAction::kLabelKeep)
    return check_names(rule, before, *after);
  for (const Label& label : before) {
    const bool may_go =
        rule.action != RelabelAction::kLabelMap &&
        (label.name == rule.target_label || rule.target_label.find('$') != std::string::npos);
    if (!may_go && after->get(label.name).empty()) broken("a label is lost", before, *after);
  }
  if (rule.action == RelabelAction::kHashMod &&
      std::strtoull(std::string(after->get(rule.target_label)).c_str(), nullptr, 10) >=
          rule.modulus)
    broken("not below the modulus", before, *after);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (!is_valid_utf8(input)) return 0;  // as all YAML and all labels are
  Lines lines(input);
  const std::vector<RelabelRule> rules = read_rules(lines);
  const Labels labels = read_labels(lines);
  const Result<Relabeling> all = Relabeling::make(rules);
  std::optional<Labels> now = labels;
  for (const RelabelRule& rule : rules) {
    const Result<Relabeling> one = Relabeling::make({rule});
    if (!one) {
      if (all) std::abort();
      return 0;
    }
    const std::optional<Labels> next = relabeled(*now, *one);
    check_rule(rule, *now, next);
    now = next;
    if (!now) break;
  }
  if (all && relabeled(labels, *all) != now) broken("not one after the other", labels, labels);
  return 0;
}
