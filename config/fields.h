// One list of fields reads a section of a YAML file and prints it. A section is a struct with a
// function that names its members once:
//
//   void describe(Fields& f, FileDiscovery& d) {
//     f.list("files", kPath, d.files);
//     f.field("refresh_interval", kDuration, d.refresh_interval);
//     f.require(!d.files.empty(), "files", "expected at least one file");
//   }
//
// Reading, a member keeps its value unless the key is there with a value (null is none); what is
// wrong becomes a Problem and reading goes on. Printing, keys appear in the order of the list,
// secrets as `<secret>`. In both cases the members of `T` are found by describe(Fields&, T&).
// Threads: none of it is shared.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "config/yaml.h"

namespace silverback::config {

// What is wrong with a file, all of it.
class Problems {
 public:
  // More than that help nobody; those beyond are counted.
  static constexpr std::size_t kShownMax = 20;

  // `path` is the key as in `scrape_configs[0].job_name`, empty for the whole file; a place of line
  // 0 is none.
  void add(const std::string& file, Place place, const std::string& path,
           const std::string& message);
  // `message` is parse_yaml's, with its place in front.
  void add_syntax_error(const std::string& file, std::string_view message);
  bool empty() const { return problems_.empty(); }
  // Ok, or kInvalidArgument with a line `file:line:column: path: message` for each, in the order of
  // the file.
  Status status() const;

 private:
  struct Problem {
    std::size_t file;  // files in the order of their first problem
    Place place;
    std::string text;
  };
  std::vector<std::string> files_;
  std::vector<Problem> problems_;
};

// The value of an environment variable, empty if it is not set.
using Environment = std::function<std::string(const std::string& name)>;

// Where a text comes from. Relative paths in it are meant from `folder`.
struct Source {
  std::string file;
  std::filesystem::path folder;
  Environment environment = {};
  bool ignore_unknown_keys = false;  // else each is a problem
};

// A kind of value. `read` says in its error what was expected.
template <class T>
struct Kind {
  Result<T> (*read)(const YamlNode& node, const Source& source);
  YamlNode (*print)(const T& value);
};

extern const Kind<bool> kBool;
extern const Kind<std::int64_t> kInt;
extern const Kind<std::uint64_t> kCount;  // an integer not below 0
extern const Kind<double> kFloat;
extern const Kind<DurationMs> kDuration;
extern const Kind<std::uint64_t> kSize;  // bytes: 512MB, in powers of 1024
extern const Kind<std::string> kText;
extern const Kind<std::string> kSecret;    // printed as <secret>
extern const Kind<std::string> kPath;      // joined to the file's folder
extern const Kind<std::string> kGlob;      // a kPath with `*` in its last part at most (glob.h)
extern const Kind<std::string> kDeepGlob;  // a kGlob that may have `**` for its folders
extern const Kind<std::string> kUrl;       // scheme://host…; a password in it is not printed
extern const Kind<std::string> kRegex;
extern const Kind<std::string> kLabelName;

// Whether a field that has its type's empty value (0, "", false, []) is printed.
enum class Shown : std::uint8_t { kAlways, kIfSet };

class Fields {
 public:
  // Reads the mapping `node`, which is at `path` of the file.
  Fields(const YamlNode& node, std::string path, const Source& source, Problems& problems)
      : node_(&node), path_(std::move(path)), source_(&source), problems_(&problems) {}
  // Appends what is printed to the mapping `out`.
  explicit Fields(YamlNode& out) : out_(&out) { out.kind = YamlNode::Kind::kMapping; }
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;

  bool reading() const { return node_ != nullptr; }
  const Source& source() const { return *source_; }
  Problems& problems() { return *problems_; }

  template <class T>
  void field(std::string_view name, const Kind<T>& kind, T& value, Shown shown = Shown::kIfSet) {
    if (!reading()) {
      if (shown == Shown::kAlways || value != T{}) add(name, kind.print(value));
    } else if (const YamlNode* given = take(name)) {
      read_value(*given, at(name), kind, value);
    }
  }
  template <class T>
  void field(std::string_view name, const Kind<T>& kind, std::optional<T>& value) {
    if (!reading()) {
      if (value) add(name, kind.print(*value));
    } else if (const YamlNode* given = take(name)) {
      T made{};
      if (read_value(*given, at(name), kind, made)) value = std::move(made);
    }
  }
  // One of the words.
  void choice(std::string_view name, std::string& value, const std::vector<std::string_view>& words,
              Shown shown = Shown::kIfSet);

  enum class Style : std::uint8_t { kBlock, kFlow };
  template <class T>
  void list(std::string_view name, const Kind<T>& kind, std::vector<T>& values,
            Style style = Style::kBlock, Shown shown = Shown::kIfSet) {
    if (!reading()) {
      if (!values.empty() || shown == Shown::kAlways)
        add(name, printed_list(kind, values, style == Style::kFlow));
    } else if (const YamlNode* given = take(name)) {
      read_list(*given, at(name), kind, values);
    }
  }
  template <class T>
  void map(std::string_view name, const Kind<T>& kind, std::map<std::string, T>& values) {
    entries(
        name, values,
        [&](const YamlNode& node, const std::string& path, T& value) {
          read_value(node, path, kind, value);
        },
        [&](T& value) { return kind.print(value); });
  }
  template <class T>
  void map_of_lists(std::string_view name, const Kind<T>& kind,
                    std::map<std::string, std::vector<T>>& values) {
    entries(
        name, values,
        [&](const YamlNode& node, const std::string& path, std::vector<T>& value) {
          read_list(node, path, kind, value);
        },
        [&](std::vector<T>& value) { return printed_list(kind, value, false); });
  }

  // A section, printed if anything in it is.
  template <class T>
  void section(std::string_view name, T& value) {
    part(name, value, kDescribe);
  }
  // A section by `describe_one(Fields&, T&)`, which may concern only a part of `value`.
  template <class T, class Describe>
  void part(std::string_view name, T& value, const Describe& describe_one) {
    if (!reading()) {
      YamlNode printed = printed_section(value, describe_one);
      if (!printed.entries.empty()) add(name, std::move(printed));
    } else if (const YamlNode* given = take(name)) {
      read_section(*given, at(name), value, describe_one);
    }
  }
  // A section that is there or not; printed as {} if nothing in it is.
  template <class T>
  void section(std::string_view name, std::optional<T>& value) {
    section(name, value, kDescribe);
  }
  // As above, read and printed by `describe_one(Fields&, T&)`.
  template <class T, class Describe>
  void section(std::string_view name, std::optional<T>& value, const Describe& describe_one) {
    if (!reading()) {
      if (value) add(name, printed_section(*value, describe_one));
    } else if (const YamlNode* given = take(name)) {
      read_section(*given, at(name), value.emplace(), describe_one);
    }
  }
  template <class T>
  void sections(std::string_view name, std::vector<T>& values) {
    sections(name, values, kDescribe);
  }
  // As above, each read and printed by `describe_one(Fields&, T&)`.
  template <class T, class Describe>
  void sections(std::string_view name, std::vector<T>& values, const Describe& describe_one) {
    if (!reading()) {
      if (values.empty()) return;
      YamlNode printed = sequence();
      for (T& value : values) printed.items.push_back(printed_section(value, describe_one));
      add(name, std::move(printed));
    } else if (const YamlNode* given = take(name)) {
      if (!expect(*given, YamlNode::Kind::kSequence, at(name))) return;
      values.clear();
      for (std::size_t i = 0; i < given->items.size(); ++i)
        read_section(given->items[i], indexed(at(name), i), values.emplace_back(), describe_one);
    }
  }
  // A section that is there or not, kept as a list of none or one.
  template <class T, class Describe>
  void section(std::string_view name, std::vector<T>& none_or_one, const Describe& describe_one) {
    if (!reading()) {
      if (!none_or_one.empty()) add(name, printed_section(none_or_one[0], describe_one));
    } else if (const YamlNode* given = take(name)) {
      none_or_one.resize(1);
      read_section(*given, at(name), none_or_one[0], describe_one);
    }
  }
  template <class T>
  void map_of_sections(std::string_view name, std::map<std::string, T>& values) {
    entries(
        name, values,
        [&](const YamlNode& node, const std::string& path, T& value) {
          read_section(node, path, value, kDescribe);
        },
        [&](T& value) { return printed_section(value, kDescribe); });
  }

  // Reading only: whether `name` is there, with a value.
  bool has(std::string_view name) const;
  // Reading only: its place, or the section's if it is not there.
  Place place_of(std::string_view name) const;
  Place place() const { return node_->place; }
  // Reading only: a problem at `name` unless `holds`, or unless that key had a problem already.
  // `name` may be empty: the section itself.
  void require(bool holds, std::string_view name, const std::string& message);
  // Reading only: a problem if more than one of the keys is there.
  void exclude(const std::vector<std::string_view>& names);
  // Reading only, after all fields: a problem for every key that no field asked for, unless the
  // source ignores them.
  void refuse_the_rest();

 private:
  static constexpr auto kDescribe = [](Fields& fields, auto& value) { describe(fields, value); };

  static YamlNode sequence();
  static std::string indexed(const std::string& path, std::size_t index);
  std::string at(std::string_view name) const;
  void add(std::string_view name, YamlNode value);
  // The value of `name`, null if there is none; from then on the key is known.
  const YamlNode* take(std::string_view name);
  bool expect(const YamlNode& node, YamlNode::Kind kind, const std::string& path);
  void problem(const YamlNode& node, const std::string& path, const std::string& message);

  template <class T>
  bool read_value(const YamlNode& node, const std::string& path, const Kind<T>& kind, T& value) {
    Result<T> made = kind.read(node, *source_);
    if (!made) {
      problem(node, path, made.error().message);
      return false;
    }
    value = *std::move(made);
    return true;
  }
  template <class T>
  void read_list(const YamlNode& node, const std::string& path, const Kind<T>& kind,
                 std::vector<T>& values) {
    if (!expect(node, YamlNode::Kind::kSequence, path)) return;
    values.clear();
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      T value{};
      if (read_value(node.items[i], indexed(path, i), kind, value))
        values.push_back(std::move(value));
    }
  }
  template <class T>
  static YamlNode printed_list(const Kind<T>& kind, const std::vector<T>& values, bool flow) {
    YamlNode printed = sequence();
    printed.flow = flow;
    for (const T& value : values) printed.items.push_back(kind.print(value));
    return printed;
  }
  template <class T, class Describe>
  void read_section(const YamlNode& node, const std::string& path, T& value,
                    const Describe& describe_one) {
    if (!expect(node, YamlNode::Kind::kMapping, path)) return;
    Fields fields(node, path, *source_, *problems_);
    describe_one(fields, value);
    fields.refuse_the_rest();
  }
  template <class T, class Describe>
  static YamlNode printed_section(T& value, const Describe& describe_one) {
    YamlNode printed;
    Fields fields(printed);
    describe_one(fields, value);
    return printed;
  }
  template <class T, class Read, class Print>
  void entries(std::string_view name, std::map<std::string, T>& values, const Read& read,
               const Print& print) {
    if (!reading()) {
      if (values.empty()) return;
      YamlNode printed;
      printed.kind = YamlNode::Kind::kMapping;
      for (auto& [key, value] : values) printed.entries.push_back({key, {}, print(value)});
      add(name, std::move(printed));
    } else if (const YamlNode* given = take(name)) {
      if (!expect(*given, YamlNode::Kind::kMapping, at(name))) return;
      values.clear();
      for (const YamlNode::Entry& entry : given->entries) {
        T& value = values[entry.key];  // stays empty where there is none: `runbook_url:`
        if (!entry.value.is_null()) read(entry.value, at(name) + "." + entry.key, value);
      }
    }
  }

  const YamlNode* node_ = nullptr;  // what is read
  YamlNode* out_ = nullptr;         // or where it is printed
  std::string path_;
  const Source* source_ = nullptr;
  Problems* problems_ = nullptr;
  std::set<std::string, std::less<>> known_;   // keys that a field asked for
  std::set<std::string, std::less<>> failed_;  // paths that had a problem
};

// The whole document of `text`. A syntax error is a problem as any other.
template <class T>
void read_document(std::string_view text, const Source& source, Problems& problems, T& value) {
  Result<YamlNode> root = parse_yaml(text);
  if (!root) {
    problems.add_syntax_error(source.file, root.error().message);
    return;
  }
  if (root->is_null()) root->kind = YamlNode::Kind::kMapping;
  if (root->kind != YamlNode::Kind::kMapping) {
    problems.add(source.file, root->place, "", "expected a mapping");
    return;
  }
  Fields fields(*root, "", source, problems);
  describe(fields, value);
  fields.refuse_the_rest();
}

// `value` as YAML, secrets left out.
template <class T>
YamlNode to_yaml(T value) {
  YamlNode printed;
  Fields fields(printed);
  describe(fields, value);
  return printed;
}

// 512MB, 1GiB, 1.5KB, 0; nothing if it is no size. Source: Prometheus takes sizes in powers of
// 1024, whichever way they are spelled.
std::optional<std::uint64_t> parse_size(std::string_view text);
std::string format_size(std::uint64_t bytes);  // 1536 -> "1KiB512B"

}  // namespace silverback::config
