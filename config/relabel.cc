#include "config/relabel.h"

#include <algorithm>
#include <array>

#include <openssl/evp.h>

#include "base/letter_case.h"

namespace silverback::config {
namespace {

struct ActionName {
  RelabelAction action;
  std::string_view name;
};
constexpr std::array<ActionName, 11> kActionNames = {{
    {RelabelAction::kReplace, "replace"},
    {RelabelAction::kKeep, "keep"},
    {RelabelAction::kDrop, "drop"},
    {RelabelAction::kKeepEqual, "keepequal"},
    {RelabelAction::kDropEqual, "dropequal"},
    {RelabelAction::kHashMod, "hashmod"},
    {RelabelAction::kLabelMap, "labelmap"},
    {RelabelAction::kLabelDrop, "labeldrop"},
    {RelabelAction::kLabelKeep, "labelkeep"},
    {RelabelAction::kLowercase, "lowercase"},
    {RelabelAction::kUppercase, "uppercase"},
}};

bool needs_target(RelabelAction action) {
  switch (action) {
    case RelabelAction::kReplace:
    case RelabelAction::kHashMod:
    case RelabelAction::kLowercase:
    case RelabelAction::kUppercase:
    case RelabelAction::kKeepEqual:
    case RelabelAction::kDropEqual:
      return true;
    case RelabelAction::kKeep:
    case RelabelAction::kDrop:
    case RelabelAction::kLabelMap:
    case RelabelAction::kLabelDrop:
    case RelabelAction::kLabelKeep:
      return false;
  }
  return false;
}

bool has_variable(std::string_view text) { return text.find('$') != std::string_view::npos; }

// Whether `text` can become a label name when its variables are known. Prometheus compatibility: in
// UTF-8 a `$` is a character as any other; of the legacy scheme each stretch between variables must
// be one of names.
bool can_be_label_name(std::string_view text, NameScheme scheme) {
  if (scheme == NameScheme::kUtf8) return is_label_name(text, scheme);
  std::string name;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$') {
      name += text[i];
      continue;
    }
    const bool braced = i + 1 < text.size() && text[i + 1] == '{';
    std::size_t end = i + (braced ? 2 : 1);
    const std::size_t begin = end;
    while (end < text.size() && is_legacy_label_name("_" + std::string(1, text[end]))) ++end;
    if (end == begin) return false;
    if (braced && (end == text.size() || text[end++] != '}')) return false;
    name += '_';
    i = end - 1;
  }
  return is_legacy_label_name(name);
}

// The last eight bytes of the md5, the first of them the highest.
std::uint64_t hash_of(std::string_view value) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned bytes = 0;
  EVP_Digest(value.data(), value.size(), digest.data(), &bytes, EVP_md5(), nullptr);
  std::uint64_t hash = 0;
  for (std::size_t i = 8; i < 16; ++i) hash = hash << 8 | digest[i];
  return hash;
}

tl::unexpected<Error> refused(const std::string& message) {
  return fail(ErrorCode::kInvalidArgument, message);
}

}  // namespace

Result<RelabelAction> parse_relabel_action(std::string_view name) {
  const std::string lower = to_lower(name);
  for (const ActionName& entry : kActionNames)
    if (entry.name == lower) return entry.action;
  return refused("unknown relabel action \"" + std::string(name) + "\"");
}

std::string_view to_string(RelabelAction action) {
  return std::find_if(kActionNames.begin(), kActionNames.end(),
                      [&](const ActionName& entry) { return entry.action == action; })
      ->name;
}

Status check_relabel_rule(const RelabelRule& rule) {
  const std::string action(to_string(rule.action));
  const RelabelRule defaults;
  if (rule.action == RelabelAction::kHashMod && rule.modulus == 0)
    return refused("hashmod needs a modulus above 0");
  if (needs_target(rule.action) && rule.target_label.empty())
    return refused(action + " needs a target_label");
  // What has variables is judged when they are known.
  const bool may_have_variables = rule.action == RelabelAction::kReplace;
  const bool is_name = may_have_variables && has_variable(rule.target_label)
                           ? can_be_label_name(rule.target_label, rule.names)
                           : is_label_name(rule.target_label, rule.names);
  if (needs_target(rule.action) && !is_name)
    return refused(quote(rule.target_label) + " is no label name, so no target_label of " + action);
  if (rule.action == RelabelAction::kLabelMap && !can_be_label_name(rule.replacement, rule.names))
    return refused(quote(rule.replacement) + " is no label name, so no replacement of labelmap");
  if ((rule.action == RelabelAction::kLowercase || rule.action == RelabelAction::kUppercase) &&
      rule.replacement != defaults.replacement)
    return refused(action + " takes no replacement");
  const bool is_equal_action =
      rule.action == RelabelAction::kKeepEqual || rule.action == RelabelAction::kDropEqual;
  const bool is_name_action =
      rule.action == RelabelAction::kLabelDrop || rule.action == RelabelAction::kLabelKeep;
  const bool has_other_fields = rule.modulus != defaults.modulus ||
                                rule.separator != defaults.separator ||
                                rule.replacement != defaults.replacement;
  if (is_equal_action && (has_other_fields || rule.regex != defaults.regex))
    return refused(action + " takes source_labels and target_label and nothing else");
  if (is_name_action &&
      (has_other_fields || !rule.source_labels.empty() || !rule.target_label.empty()))
    return refused(action + " takes a regex and nothing else");
  return {};
}

Result<Relabeling> Relabeling::make(std::vector<RelabelRule> rules) {
  Relabeling made;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const std::string where = "relabel rule " + std::to_string(i + 1);
    if (Status checked = check_relabel_rule(rules[i]); !checked)
      return fail(Error(checked.error()).within(where));
    Result<Regex> regex = Regex::anchored(rules[i].regex);
    if (!regex) return fail(Error(regex.error()).within(where));
    made.regexes_.push_back(*std::move(regex));
  }
  made.rules_ = std::move(rules);
  return made;
}

bool Relabeling::apply(LabelsBuilder& labels) const {
  for (std::size_t rule = 0; rule < rules_.size(); ++rule)
    if (!apply(rule, labels)) return false;
  return true;
}

bool Relabeling::apply(std::size_t rule, LabelsBuilder& labels) const {
  const RelabelRule& r = rules_[rule];
  std::string value;
  for (std::size_t i = 0; i < r.source_labels.size(); ++i) {
    if (i > 0) value += r.separator;
    value += labels.get(r.source_labels[i]);
  }
  switch (r.action) {
    case RelabelAction::kKeep:
      return regexes_[rule].matches(value);
    case RelabelAction::kDrop:
      return !regexes_[rule].matches(value);
    case RelabelAction::kKeepEqual:
      return labels.get(r.target_label) == value;
    case RelabelAction::kDropEqual:
      return labels.get(r.target_label) != value;
    case RelabelAction::kReplace:
      replace(rule, value, labels);
      return true;
    case RelabelAction::kHashMod:
      labels.set(r.target_label, std::to_string(hash_of(value) % r.modulus));
      return true;
    case RelabelAction::kLowercase:
      labels.set(r.target_label, to_lower(value));
      return true;
    case RelabelAction::kUppercase:
      labels.set(r.target_label, to_upper(value));
      return true;
    case RelabelAction::kLabelMap:
    case RelabelAction::kLabelDrop:
    case RelabelAction::kLabelKeep:
      rename(rule, labels);
      return true;
  }
  return true;
}

void Relabeling::replace(std::size_t rule, std::string_view value, LabelsBuilder& labels) const {
  const RelabelRule& r = rules_[rule];
  std::string target, replacement;
  if (!regexes_[rule].expand(value, r.target_label, target)) return;
  if (!is_label_name(target, r.names)) return;
  regexes_[rule].expand(value, r.replacement, replacement);
  labels.set(target, replacement);
}

// All decisions are about the names that were there before.
void Relabeling::rename(std::size_t rule, LabelsBuilder& labels) const {
  const RelabelRule& r = rules_[rule];
  const Labels before = labels.build();
  std::string name;
  for (const Label& label : before) {
    const bool matches = regexes_[rule].matches(label.name);
    if (r.action != RelabelAction::kLabelMap) {
      if (matches == (r.action == RelabelAction::kLabelDrop)) labels.remove(label.name);
      continue;
    }
    name.clear();
    if (matches && regexes_[rule].expand(label.name, r.replacement, name) &&
        is_label_name(name, r.names))
      labels.set(name, label.value);
  }
}

}  // namespace silverback::config
