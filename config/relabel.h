// Relabelling: a list of rules that change or drop a label set, one after the other. The one engine
// for targets, scraped metrics and alerts.
//
//   action     what it does with value = the source labels' values joined by the separator
//   replace    if regex matches: target_label becomes replacement (both with $1, ${name}); an empty
//              replacement removes it; a target that is no label name changes nothing
//   keep drop  drops the set if regex does not match, or if it does
//   keepequal dropequal  drops it if value is not, or is, what target_label has
//   hashmod    target_label becomes the md5 of value modulo modulus
//   lowercase uppercase  target_label becomes value in that case
//   labelmap   every label whose name matches regex is copied to the name `replacement`
//   labeldrop labelkeep  removes labels whose names match regex, or do not
//
// Source:
// https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config
// Threads: const access from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/regex.h"
#include "base/result.h"
#include "config/name_scheme.h"

namespace silverback::config {

enum class RelabelAction : std::uint8_t {
  kReplace,
  kKeep,
  kDrop,
  kKeepEqual,
  kDropEqual,
  kHashMod,
  kLabelMap,
  kLabelDrop,
  kLabelKeep,
  kLowercase,
  kUppercase,
};

// In any case, as in Prometheus. Errors: kInvalidArgument.
Result<RelabelAction> parse_relabel_action(std::string_view name);
std::string_view to_string(RelabelAction action);

inline constexpr std::string_view kDefaultRelabelRegex = "(.*)";
inline constexpr std::string_view kDefaultRelabelReplacement = "$1";
inline constexpr std::string_view kDefaultRelabelSeparator = ";";

// One rule as it is written, defaults filled in.
struct RelabelRule {
  std::vector<std::string> source_labels = {};
  std::string separator{kDefaultRelabelSeparator};
  std::string regex{kDefaultRelabelRegex};
  std::uint64_t modulus = 0;
  std::string target_label = {};
  std::string replacement{kDefaultRelabelReplacement};
  RelabelAction action = RelabelAction::kReplace;
  NameScheme names = NameScheme::kUtf8;  // that it may make: its job's or the global one

  bool operator==(const RelabelRule&) const = default;
};

class Relabeling {
 public:
  Relabeling() = default;  // changes nothing
  // Errors: kInvalidArgument, for the first rule that makes no sense, by its number from 1.
  static Result<Relabeling> make(std::vector<RelabelRule> rules);

  // False: the set is dropped, and then `labels` is in the state at which that was decided.
  bool apply(LabelsBuilder& labels) const;
  const std::vector<RelabelRule>& rules() const { return rules_; }
  bool empty() const { return rules_.empty(); }

 private:
  bool apply(std::size_t rule, LabelsBuilder& labels) const;
  void replace(std::size_t rule, std::string_view value, LabelsBuilder& labels) const;
  void rename(std::size_t rule, LabelsBuilder& labels) const;

  std::vector<RelabelRule> rules_;
  std::vector<Regex> regexes_;  // of each rule
};

// What a rule may not be, apart from its regex. Errors: kInvalidArgument.
Status check_relabel_rule(const RelabelRule& rule);

}  // namespace silverback::config
