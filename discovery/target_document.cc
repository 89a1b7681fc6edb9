#include "discovery/target_document.h"

#include <utility>

#include <boost/json.hpp>

#include "base/letter_case.h"
#include "config/yaml.h"

namespace silverback::discovery {
namespace {

namespace json = boost::json;
using config::YamlNode;

std::string_view view(json::string_view text) { return {text.data(), text.size()}; }

tl::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

// JSON as the tree that YAML gives, so that one reader serves both. Texts are all that a document
// of targets has besides lists and mappings. The parser has bounded the depth.
Result<YamlNode> tree_of(const json::value& value) {
  YamlNode node;
  if (const json::array* items = value.if_array()) {
    node.kind = YamlNode::Kind::kSequence;
    node.items.reserve(items->size());
    for (const json::value& item : *items) {
      YamlNode child = TRY(tree_of(item));
      node.items.push_back(std::move(child));
    }
  } else if (const json::object* entries = value.if_object()) {
    node.kind = YamlNode::Kind::kMapping;
    for (const auto& [key, entry] : *entries) {
      YamlNode child = TRY(tree_of(entry));
      node.entries.push_back({std::string(view(key)), {}, std::move(child)});
    }
  } else if (const json::string* text = value.if_string()) {
    node.text = std::string(view(*text));
    node.quoted = true;
  } else if (!value.is_null()) {
    return refuse("expected a text, not " + json::serialize(value));
  }
  return node;
}

Result<YamlNode> parse_json(std::string_view document) {
  json::error_code error;
  const json::value value = json::parse({document.data(), document.size()}, error);
  if (error) return refuse("not JSON: " + error.message());
  return tree_of(value);
}

Result<std::string> read_text(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::kScalar || node.is_null()) return refuse("expected a text");
  if (!is_valid_utf8(node.text)) return refuse("expected UTF-8");
  return node.text;
}

Result<std::vector<Labels>> read_addresses(const YamlNode& node) {
  std::vector<Labels> targets;
  if (node.is_null()) return targets;
  if (node.kind != YamlNode::Kind::kSequence) return refuse("expected a list");
  targets.reserve(node.items.size());
  for (const YamlNode& item : node.items) {
    const Result<std::string> address = read_text(item);
    if (!address)
      return fail(Error(address.error()).within("item " + std::to_string(targets.size() + 1)));
    targets.push_back(Labels{{"__address__", *address}});
  }
  return targets;
}

Status read_labels(const YamlNode& node, LabelsBuilder& labels) {
  if (node.is_null()) return {};
  if (node.kind != YamlNode::Kind::kMapping) return refuse("expected a mapping");
  for (const YamlNode::Entry& entry : node.entries) {
    if (entry.key.empty() || !is_valid_utf8(entry.key))
      return refuse(quote(entry.key) + " is not a label name");
    const Result<std::string> value = read_text(entry.value);
    if (!value) return fail(Error(value.error()).within(entry.key));
    labels.set(entry.key, *value);
  }
  return {};
}

Result<TargetGroup> read_group(const YamlNode& node, DocumentFormat format, LabelsBuilder& labels) {
  if (node.kind != YamlNode::Kind::kMapping) return refuse("expected a mapping");
  TargetGroup group;
  for (const YamlNode::Entry& entry : node.entries) {
    const std::string key = format == DocumentFormat::kJson ? to_lower(entry.key) : entry.key;
    if (key == "targets") {
      Result<std::vector<Labels>> targets = read_addresses(entry.value);
      if (!targets) return fail(std::move(targets).error().within("targets"));
      group.targets = *std::move(targets);
    } else if (key == "labels") {
      if (Status read = read_labels(entry.value, labels); !read)
        return fail(std::move(read).error().within("labels"));
    } else {
      return refuse("unknown key " + quote(entry.key));
    }
  }
  return group;
}

}  // namespace

Result<std::vector<TargetGroup>> parse_targets(std::string_view document, DocumentFormat format,
                                               const std::string& origin,
                                               std::string_view origin_label) {
  if (document.size() > kDocumentBytesMax)
    return refuse("more than " + std::to_string(kDocumentBytesMax) + " bytes");
  const bool is_json = format == DocumentFormat::kJson;
  const Result<YamlNode> parsed = is_json ? parse_json(document) : config::parse_yaml(document);
  if (!parsed) return fail(parsed.error());
  const YamlNode& list = *parsed;
  std::vector<TargetGroup> groups;
  if (list.is_null()) return groups;
  if (list.kind != YamlNode::Kind::kSequence) return refuse("expected a list of groups");
  LabelsBuilder labels;
  for (const YamlNode& item : list.items) {
    labels.clear();
    Result<TargetGroup> group = read_group(item, format, labels);
    if (!group)
      return fail(std::move(group).error().within("group " + std::to_string(groups.size() + 1)));
    group->source = origin + ":" + std::to_string(groups.size());
    group->labels = labels.set(origin_label, origin).build();
    groups.push_back(*std::move(group));
  }
  return groups;
}

}  // namespace silverback::discovery
