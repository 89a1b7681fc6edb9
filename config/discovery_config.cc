#include "config/discovery_config.h"

#include <algorithm>
#include <array>

#include "base/labels.h"
#include "config/discovery_tables.h"

namespace silverback::config {
namespace {

constexpr std::array<std::string_view, 3> kFileEndings = {".json", ".yml", ".yaml"};

bool has_file_ending(std::string_view path) {
  return std::any_of(kFileEndings.begin(), kFileEndings.end(),
                     [path](std::string_view ending) { return path.ends_with(ending); });
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

bool is_http_url(std::string_view url) {
  return url.starts_with("http://") || url.starts_with("https://");
}

// What the line has if nothing is written.
OtherDiscovery::Value default_of(const DiscoveryLine& line) {
  OtherDiscovery::Value value;
  YamlNode node;
  node.text = line.value;
  switch (line.field) {
    case DiscoveryField::kFlagField:
      value.flag = line.value == "true";
      break;
    case DiscoveryField::kNumberField:
      value.number = yaml_int(node).value_or(0);
      break;
    case DiscoveryField::kDurationField:
      value.number = parse_duration(line.value).value_or(0);
      break;
    default:
      value.text = line.value;
      break;
  }
  return value;
}

OtherDiscovery made_for(const DiscoveryTable& table) {
  OtherDiscovery made;
  made.table = &table;
  for (const DiscoveryLine& line : table.lines) made.values.push_back(default_of(line));
  return made;
}

// What has a default is always printed, or else reading it again would give the default.
Shown shown(const DiscoveryLine& line) {
  return line.value.empty() ? Shown::kIfSet : Shown::kAlways;
}

void describe_text(Fields& f, const DiscoveryLine& line, OtherDiscovery::Value& value) {
  if (!line.words.empty()) {
    f.choice(line.name, value.text, words_of(line.words), shown(line));
  } else if (line.field == DiscoveryField::kSecretField) {
    f.field(line.name, kSecret, value.text);
  } else if (line.field == DiscoveryField::kPathField) {
    f.field(line.name, kPath, value.text);
  } else if (line.field == DiscoveryField::kUrlField) {
    f.field(line.name, kUrl, value.text);
  } else {
    f.field(line.name, kText, value.text, shown(line));
  }
  if (line.required) f.require(!value.text.empty(), line.name, "is needed here");
  if (!line.excludes.empty()) f.exclude({line.name, line.excludes});
}

void describe_sections(Fields& f, const DiscoveryLine& line, OtherDiscovery::Value& value) {
  const auto describe_one = [&](Fields& inner, OtherDiscovery& one) {
    if (one.table == nullptr) one = made_for(*line.section);
    describe(inner, one);
  };
  if (line.field == DiscoveryField::kSectionsField)
    return f.sections(line.name, value.sections, describe_one);
  f.section(line.name, value.sections, describe_one);
}

}  // namespace

void describe(Fields& f, StaticTargets& targets) {
  f.list("targets", kText, targets.targets, Fields::Style::kBlock, Shown::kAlways);
  f.map("labels", kText, targets.labels);
  f.require(!targets.labels.contains(""), "labels", "expected a label name, not \"\"");
}

void describe(Fields& f, FileDiscovery& discovery) {
  f.list("files", kGlob, discovery.files);
  f.field("refresh_interval", kDuration, discovery.refresh_interval, Shown::kAlways);
  f.require(!discovery.files.empty(), "files", "expected at least one file");
  for (const std::string& file : discovery.files)
    f.require(has_file_ending(file), "files",
              "expected files that end in .json, .yml or .yaml, not " + quote(file));
}

void describe(Fields& f, HttpDiscovery& discovery) {
  describe(f, discovery.http);
  f.field("refresh_interval", kDuration, discovery.refresh_interval, Shown::kAlways);
  f.field("url", kUrl, discovery.url);
  f.require(is_http_url(discovery.url), "url", "expected a URL of http or https");
}

void describe(Fields& f, OtherDiscovery& discovery) {
  for (std::size_t i = 0; i < discovery.values.size(); ++i) {
    const DiscoveryLine& line = discovery.table->lines[i];
    OtherDiscovery::Value& value = discovery.values[i];
    switch (line.field) {
      case DiscoveryField::kTextField:
      case DiscoveryField::kSecretField:
      case DiscoveryField::kPathField:
      case DiscoveryField::kUrlField:
        describe_text(f, line, value);
        break;
      case DiscoveryField::kFlagField:
        f.field(line.name, kBool, value.flag, Shown::kAlways);
        break;
      case DiscoveryField::kNumberField:
        f.field(line.name, kInt, value.number, shown(line));
        break;
      case DiscoveryField::kDurationField:
        f.field(line.name, kDuration, value.number, shown(line));
        break;
      case DiscoveryField::kTextsField:
        f.list(line.name, kText, value.texts);
        if (line.required) f.require(!value.texts.empty(), line.name, "is needed here");
        break;
      case DiscoveryField::kTextMapField:
        f.map(line.name, kText, value.text_map);
        break;
      case DiscoveryField::kSectionField:
      case DiscoveryField::kSectionsField:
        describe_sections(f, line, value);
        break;
      case DiscoveryField::kHttpField:
        describe(f, discovery.http);
        break;
      case DiscoveryField::kTlsField:
        describe_tls(f, discovery.tls);
        break;
    }
  }
}

// By name, as Prometheus prints them: the tables' and the three typed ones.
void describe(Fields& f, Discoveries& discoveries, bool relabeled) {
  const auto describe_targets = [&](Fields& inner, StaticTargets& targets) {
    describe(inner, targets);
    for (const std::string& target : targets.targets)
      inner.require(relabeled || target.find('/') == std::string::npos, "targets",
                    "expected host:port, not " + quote(target));
  };
  bool file = false, http = false, statics = false;
  const auto typed_before = [&](std::string_view name) {
    if (!file && "file_sd_configs" < name) {
      f.sections("file_sd_configs", discoveries.files);
      file = true;
    }
    if (!http && "http_sd_configs" < name) {
      f.sections("http_sd_configs", discoveries.http);
      http = true;
    }
    if (!statics && "static_configs" < name) {
      f.sections("static_configs", discoveries.static_targets, describe_targets);
      statics = true;
    }
  };
  for (const DiscoveryTable& table : discovery_tables()) {
    typed_before(table.name);
    std::vector<OtherDiscovery> given;
    if (const auto found = discoveries.others.find(table.name); found != discoveries.others.end())
      given = found->second;
    f.sections(table.name, given, [&](Fields& inner, OtherDiscovery& one) {
      if (one.table == nullptr) one = made_for(table);
      describe(inner, one);
    });
    if (!given.empty()) discoveries.others[std::string(table.name)] = std::move(given);
  }
}

}  // namespace silverback::config
