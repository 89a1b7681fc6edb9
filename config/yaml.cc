#include "config/yaml.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <map>
#include <utility>

#include <yaml.h>

namespace silverback::config {
namespace {

// Deep enough for anything written by hand.
constexpr int kDepthMax = 100;
// Nodes after all aliases are resolved: nine lines of nine aliases each are not a billion of them.
constexpr std::size_t kNodesMax = std::size_t{1} << 21;
constexpr std::string_view kMergeKey = "<<";

Place place_of(const yaml_mark_t& mark) {
  return {static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(mark.column + 1)};
}

tl::unexpected<Error> error_at(Place place, const std::string& message) {
  return fail(ErrorCode::kInvalidArgument, to_string(place) + ": " + message);
}

std::string_view view_of(const yaml_char_t* text) {
  return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
}

class Parser {
 public:
  explicit Parser(std::string_view text) {
    yaml_parser_initialize(&parser_);
    // A text without an address would be an assertion.
    const char* const bytes = text.empty() ? "" : text.data();
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(bytes),
                                 text.size());
  }
  ~Parser() {
    yaml_event_delete(&event_);
    yaml_parser_delete(&parser_);
  }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  Result<YamlNode> document() {
    TRY(next());  // the stream's start
    TRY(next());
    YamlNode root;
    if (event_.type == YAML_STREAM_END_EVENT) return root;
    TRY(next());
    root = TRY(node(0));
    TRY(next());  // the document's end
    TRY(next());
    if (event_.type != YAML_STREAM_END_EVENT)
      return error_at(place_of(event_.start_mark), "a second document is not read");
    return root;
  }

 private:
  struct Anchored {
    YamlNode node;
    std::size_t nodes;
  };

  Status next() {
    yaml_event_delete(&event_);
    event_ = {};
    if (yaml_parser_parse(&parser_, &event_) != 0) return {};
    // A reader's error has no mark.
    const bool has_mark = parser_.problem_mark.line > 0 || parser_.problem_mark.column > 0 ||
                          parser_.error != YAML_READER_ERROR;
    const Place place = has_mark ? place_of(parser_.problem_mark) : place_of(parser_.mark);
    std::string message = parser_.problem != nullptr ? parser_.problem : "out of memory";
    if (parser_.context != nullptr) message.insert(0, ", ").insert(0, parser_.context);
    return error_at(place, message);
  }

  Status count(Place place, std::size_t nodes) {
    nodes_ += nodes;
    if (nodes_ > kNodesMax)
      return error_at(place,
                      "more than " + std::to_string(kNodesMax) + " values, aliases resolved");
    return {};
  }

  // The node that begins with the current event; that event is its last when it returns.
  Result<YamlNode> node(int depth) {
    const Place place = place_of(event_.start_mark);
    if (depth > kDepthMax)
      return error_at(place, "nested more than " + std::to_string(kDepthMax) + " deep");
    if (event_.type == YAML_ALIAS_EVENT) {
      const auto found = anchors_.find(std::string(view_of(event_.data.alias.anchor)));
      if (found == anchors_.end())
        return error_at(place, "unknown anchor '" + std::string(view_of(event_.data.alias.anchor)) +
                                   "' referenced");
      TRY(count(place, found->second.nodes));
      return found->second.node;
    }
    TRY(count(place, 1));
    const std::size_t before = nodes_;
    std::string anchor;
    YamlNode made;
    made.place = place;
    switch (event_.type) {
      case YAML_SCALAR_EVENT:
        anchor = view_of(event_.data.scalar.anchor);
        TRY(scalar(made));
        break;
      case YAML_SEQUENCE_START_EVENT:
        anchor = view_of(event_.data.sequence_start.anchor);
        TRY(sequence(made, depth));
        break;
      case YAML_MAPPING_START_EVENT:
        anchor = view_of(event_.data.mapping_start.anchor);
        TRY(mapping(made, depth));
        break;
      default:
        return error_at(place, "a value was expected");
    }
    // Known only when it is complete, so that none contains itself.
    if (!anchor.empty()) anchors_[anchor] = {made, nodes_ - before + 1};
    return made;
  }

  Status scalar(YamlNode& made) {
    const auto& scalar = event_.data.scalar;
    made.text.assign(reinterpret_cast<const char*>(scalar.value), scalar.length);
    const std::string_view tag = view_of(scalar.tag);
    made.quoted = scalar.style != YAML_PLAIN_SCALAR_STYLE && tag.empty();
    if (tag == YAML_STR_TAG || tag == "!") made.quoted = true;
    if (tag == "tag:yaml.org,2002:binary")
      return error_at(made.place, "!!binary is not taken here");
    return {};
  }

  Status sequence(YamlNode& made, int depth) {
    made.kind = YamlNode::Kind::kSequence;
    TRY(next());
    while (event_.type != YAML_SEQUENCE_END_EVENT) {
      YamlNode item = TRY(node(depth + 1));
      made.items.push_back(std::move(item));
      TRY(next());
    }
    return {};
  }

  Status mapping(YamlNode& made, int depth) {
    made.kind = YamlNode::Kind::kMapping;
    std::map<std::string, Place, std::less<>> seen;
    std::vector<YamlNode> merged;
    TRY(next());
    while (event_.type != YAML_MAPPING_END_EVENT) {
      YamlNode key = TRY(node(depth + 1));
      if (key.kind != YamlNode::Kind::kScalar)
        return error_at(key.place, "a key must be a plain value");
      TRY(next());
      YamlNode value = TRY(node(depth + 1));
      TRY(next());
      if (key.text == kMergeKey && !key.quoted) {
        TRY(collect_merged(std::move(value), merged));
        continue;
      }
      const auto [first, is_new] = seen.emplace(key.text, key.place);
      if (!is_new)
        return error_at(key.place,
                        "duplicate key \"" + key.text + "\", first at " + to_string(first->second));
      made.entries.push_back({std::move(key.text), key.place, std::move(value)});
    }
    // What the mapping says itself stays; of those merged the first wins.
    for (YamlNode& from : merged)
      for (YamlNode::Entry& entry : from.entries)
        if (seen.emplace(entry.key, entry.place).second) made.entries.push_back(std::move(entry));
    return {};
  }

  static Status collect_merged(YamlNode value, std::vector<YamlNode>& merged) {
    constexpr const char* kWanted = "map merge requires map or sequence of maps as the value";
    if (value.kind == YamlNode::Kind::kMapping) {
      merged.push_back(std::move(value));
      return {};
    }
    if (value.kind != YamlNode::Kind::kSequence) return error_at(value.place, kWanted);
    for (YamlNode& item : value.items) {
      if (item.kind != YamlNode::Kind::kMapping) return error_at(item.place, kWanted);
      merged.push_back(std::move(item));
    }
    return {};
  }

  yaml_parser_t parser_;
  yaml_event_t event_ = {};
  std::map<std::string, Anchored> anchors_;
  std::size_t nodes_ = 0;
};

bool is_plain(const YamlNode& node) { return node.kind == YamlNode::Kind::kScalar && !node.quoted; }

std::string without_underscores(std::string_view text) {
  std::string digits(text);
  std::erase(digits, '_');
  return digits;
}

std::optional<std::int64_t> parse_int(std::string_view text) {
  std::string digits = without_underscores(text);
  std::string_view rest = digits;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  int base = 10;
  if (rest.starts_with("0x") || rest.starts_with("0X")) {
    base = 16;
    rest.remove_prefix(2);
  } else if (rest.starts_with("0b")) {
    base = 2;
    rest.remove_prefix(2);
  } else if (rest.size() > 1 && rest.starts_with('0')) {
    base = 8;
    rest.remove_prefix(rest.starts_with("0o") ? 2 : 1);
  }
  if (rest.empty()) return std::nullopt;
  std::uint64_t magnitude = 0;
  const auto [end, error] =
      std::from_chars(rest.data(), rest.data() + rest.size(), magnitude, base);
  if (error != std::errc() || end != rest.data() + rest.size()) return std::nullopt;
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (magnitude > kMax + (negative ? 1 : 0)) return std::nullopt;
  return static_cast<std::int64_t>(negative ? ~magnitude + 1 : magnitude);
}

}  // namespace

bool YamlNode::is_null() const {
  return is_plain(*this) &&
         (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL");
}

const YamlNode* YamlNode::find(std::string_view key) const {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const Entry& entry) { return entry.key == key; });
  return found == entries.end() ? nullptr : &found->value;
}

Result<YamlNode> parse_yaml(std::string_view text) { return Parser(text).document(); }

std::optional<bool> yaml_bool(const YamlNode& node) {
  constexpr std::array<std::string_view, 10> kTrue = {"y",  "Y",  "yes", "Yes",  "YES",
                                                      "on", "On", "ON",  "true", "True"};
  constexpr std::array<std::string_view, 10> kFalse = {"n",   "N",   "no",  "No",    "NO",
                                                       "off", "Off", "OFF", "false", "False"};
  if (!is_plain(node)) return std::nullopt;
  const auto is_one_of = [&](const auto& words) {
    return std::find(words.begin(), words.end(), node.text) != words.end();
  };
  if (is_one_of(kTrue) || node.text == "TRUE") return true;
  if (is_one_of(kFalse) || node.text == "FALSE") return false;
  return std::nullopt;
}

std::optional<std::int64_t> yaml_int(const YamlNode& node) {
  return is_plain(node) ? parse_int(node.text) : std::nullopt;
}

std::optional<double> yaml_float(const YamlNode& node) {
  if (!is_plain(node)) return std::nullopt;
  if (const std::optional<std::int64_t> whole = parse_int(node.text))
    return static_cast<double>(*whole);
  std::string_view text = node.text;
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  constexpr double kInf = std::numeric_limits<double>::infinity();
  if (text == ".inf" || text == ".Inf" || text == ".INF") return negative ? -kInf : kInf;
  if (node.text == ".nan" || node.text == ".NaN" || node.text == ".NAN")
    return std::numeric_limits<double>::quiet_NaN();
  const std::string digits = without_underscores(text);
  // from_chars would take "inf", "nan" and a second sign.
  if (digits.empty() || digits[0] == '-' || digits[0] == '+' ||
      digits.find_first_not_of("0123456789.eE+-") != std::string::npos)
    return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return negative ? -value : value;
}

std::string to_string(Place place) {
  return std::to_string(place.line) + ":" + std::to_string(place.column);
}

}  // namespace silverback::config
