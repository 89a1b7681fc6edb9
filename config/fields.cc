#include "config/fields.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <tuple>
#include <utility>

#include "base/labels.h"
#include "base/number_text.h"
#include "base/regex.h"
#include "config/glob.h"

namespace silverback::config {
namespace {

std::string shown(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kScalar:
      return node.is_null() ? "nothing" : quote(node.text);
    case YamlNode::Kind::kSequence:
      return "a list";
    case YamlNode::Kind::kMapping:
      return "a mapping";
  }
  return "";
}

tl::unexpected<Error> expected(const std::string& what, const YamlNode& node) {
  return fail(ErrorCode::kInvalidArgument, "expected " + what + ", not " + shown(node));
}

bool is_text(const YamlNode& node) {
  return node.kind == YamlNode::Kind::kScalar && !node.is_null();
}

YamlNode plain(std::string text) {
  YamlNode node;
  node.text = std::move(text);
  return node;
}

YamlNode quoted(std::string text) {
  YamlNode node = plain(std::move(text));
  node.quoted = true;
  return node;
}

// Whole numbers may be written as floats, as in `1e6`.
std::optional<std::int64_t> whole_number(const YamlNode& node) {
  if (const auto value = yaml_int(node)) return value;
  const std::optional<double> value = yaml_float(node);
  constexpr double kBelow = 9007199254740992.0;  // every integer up to it is a float
  if (!value || std::abs(*value) > kBelow || std::floor(*value) != *value) return std::nullopt;
  return static_cast<std::int64_t>(*value);
}

Result<bool> read_bool(const YamlNode& node, const Source&) {
  if (const auto value = yaml_bool(node)) return *value;
  return expected("true or false", node);
}

Result<std::int64_t> read_int(const YamlNode& node, const Source&) {
  if (const auto value = whole_number(node)) return *value;
  return expected("an integer", node);
}

Result<std::uint64_t> read_count(const YamlNode& node, const Source&) {
  const auto value = whole_number(node);
  if (value && *value >= 0) return static_cast<std::uint64_t>(*value);
  return expected("an integer from 0", node);
}

Result<double> read_float(const YamlNode& node, const Source&) {
  if (const auto value = yaml_float(node)) return *value;
  return expected("a number", node);
}

Result<DurationMs> read_duration(const YamlNode& node, const Source&) {
  if (is_text(node))
    if (const auto value = parse_duration(node.text)) return *value;
  return expected("a duration such as 30s or 1h30m", node);
}

Result<std::uint64_t> read_size(const YamlNode& node, const Source&) {
  if (is_text(node))
    if (const auto value = parse_size(node.text)) return *value;
  return expected("a size with its unit such as 512MB", node);
}

Result<std::string> read_text(const YamlNode& node, const Source&) {
  if (is_text(node)) return node.text;
  return expected("a text", node);
}

Result<std::string> read_path(const YamlNode& node, const Source& source) {
  if (!is_text(node) || node.text.find('\0') != std::string::npos)
    return expected("the path of a file", node);
  if (node.text.empty()) return node.text;
  return (source.folder / node.text).lexically_normal().native();
}

// `folders` is the pattern without what its folders may have besides.
Result<std::string> read_glob(const YamlNode& node, const Source& source,
                              std::string_view folders) {
  if (!is_text(node) || node.text.empty()) return expected("the path of files", node);
  const std::size_t star = folders.find('*');
  if (star != std::string_view::npos && folders.find('/', star) != std::string_view::npos)
    return expected("a path with * in its last part only", node);
  TRY(matches_glob(node.text, ""));
  return read_path(node, source);
}

Result<std::string> read_plain_glob(const YamlNode& node, const Source& source) {
  return read_glob(node, source, node.text);
}

Result<std::string> read_deep_glob(const YamlNode& node, const Source& source) {
  return read_glob(node, source, std::string_view(node.text).substr(deep_part_end(node.text)));
}

Result<std::string> read_regex(const YamlNode& node, const Source&) {
  if (!is_text(node)) return expected("a regular expression", node);
  if (Result<Regex> regex = Regex::anchored(node.text); !regex) return fail(regex.error());
  return node.text;
}

Result<std::string> read_label_name(const YamlNode& node, const Source&) {
  if (is_text(node) && !node.text.empty()) return node.text;
  return expected("a label name", node);
}

bool is_scheme(std::string_view text) {
  return !text.empty() && std::isalpha(static_cast<unsigned char>(text[0])) != 0 &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '-' ||
                  c == '.';
         });
}

bool has_good_escapes(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') continue;
    if (text.size() - i < 3) return false;
    for (const char c : text.substr(i + 1, 2))
      if (std::isxdigit(static_cast<unsigned char>(c)) == 0) return false;
  }
  return true;
}

// host, host:port, [v6]:port
bool is_host(std::string_view text) {
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || end < 3) return false;
    port = text.substr(end + 1);
  } else {
    const std::size_t colon = text.find(':');
    if (colon == 0 || text.empty()) return false;
    if (colon != std::string_view::npos) port = text.substr(colon);
  }
  if (port.empty()) return true;
  port.remove_prefix(1);
  return text[text.size() - port.size() - 1] == ':' &&
         port.find_first_not_of("0123456789") == std::string_view::npos && port.size() <= 5;
}

// The part between `//` and the path.
std::pair<std::size_t, std::size_t> authority_of(std::string_view url) {
  const std::size_t begin = std::min(url.find("://"), url.size() - 3) + 3;
  return {begin, std::min(url.find_first_of("/?#", begin), url.size())};
}

Result<std::string> read_url(const YamlNode& node, const Source&) {
  const auto refused = [&] { return expected("a URL such as http://host:9201/path", node); };
  if (!is_text(node)) return refused();
  const std::string_view url = node.text;
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos || !is_scheme(url.substr(0, colon))) return refused();
  if (std::any_of(url.begin(), url.end(),
                  [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; }))
    return refused();
  const auto [begin, end] = authority_of(url);
  std::string_view host = url.substr(begin, end - begin);
  if (const std::size_t user = host.rfind('@'); user != std::string_view::npos)
    host.remove_prefix(user + 1);
  if (!is_host(host) || !has_good_escapes(url)) return refused();
  return node.text;
}

// With the password that Go's URL.Redacted shows.
YamlNode print_url(const std::string& url) {
  if (url.find("://") == std::string::npos) return quoted(url);
  const auto [begin, end] = authority_of(url);
  const std::string_view authority = std::string_view(url).substr(begin, end - begin);
  const std::size_t at = authority.rfind('@');
  const std::size_t colon = authority.find(':');
  if (at == std::string_view::npos || colon > at) return quoted(url);
  return quoted(std::string(url).replace(begin + colon + 1, at - colon - 1, "xxxxx"));
}

YamlNode print_float(const double& value) {
  if (std::isnan(value)) return plain(".nan");
  if (std::isinf(value)) return plain(value > 0 ? ".inf" : "-.inf");
  return plain(format_float(value));
}

YamlNode print_text(const std::string& value) { return quoted(value); }

struct Unit {
  std::string_view name;
  int power;  // of 1024
};
constexpr std::array<Unit, 13> kUnits = {{{"B", 0},
                                          {"KiB", 1},
                                          {"MiB", 2},
                                          {"GiB", 3},
                                          {"TiB", 4},
                                          {"PiB", 5},
                                          {"EiB", 6},
                                          {"KB", 1},
                                          {"MB", 2},
                                          {"GB", 3},
                                          {"TB", 4},
                                          {"PB", 5},
                                          {"EB", 6}}};

}  // namespace

const Kind<bool> kBool = {&read_bool,
                          [](const bool& value) { return plain(value ? "true" : "false"); }};
const Kind<std::int64_t> kInt = {
    &read_int, [](const std::int64_t& value) { return plain(std::to_string(value)); }};
const Kind<std::uint64_t> kCount = {
    &read_count, [](const std::uint64_t& value) { return plain(std::to_string(value)); }};
const Kind<double> kFloat = {&read_float, &print_float};
const Kind<DurationMs> kDuration = {
    &read_duration, [](const DurationMs& value) { return plain(format_duration(value)); }};
const Kind<std::uint64_t> kSize = {
    &read_size, [](const std::uint64_t& value) { return plain(format_size(value)); }};
const Kind<std::string> kText = {&read_text, &print_text};
const Kind<std::string> kSecret = {
    &read_text, [](const std::string& value) { return quoted(value.empty() ? "" : "<secret>"); }};
const Kind<std::string> kPath = {&read_path, &print_text};
const Kind<std::string> kGlob = {&read_plain_glob, &print_text};
const Kind<std::string> kDeepGlob = {&read_deep_glob, &print_text};
const Kind<std::string> kUrl = {&read_url, &print_url};
const Kind<std::string> kRegex = {&read_regex, &print_text};
const Kind<std::string> kLabelName = {&read_label_name, &print_text};

void Problems::add(const std::string& file, Place place, const std::string& path,
                   const std::string& message) {
  auto known = std::find(files_.begin(), files_.end(), file);
  if (known == files_.end()) known = files_.insert(known, file);
  std::string text = file + ":";
  if (place.line > 0) text += to_string(place) + ":";
  text += ' ';
  if (!path.empty()) text += path + ": ";
  problems_.push_back({static_cast<std::size_t>(known - files_.begin()), place, text + message});
}

void Problems::add_syntax_error(const std::string& file, std::string_view message) {
  Place place;
  const char* end = message.data() + message.size();
  const char* colon = std::from_chars(message.data(), end, place.line).ptr;
  if (colon != end) colon = std::from_chars(colon + 1, end, place.column).ptr;
  message.remove_prefix(
      std::min(static_cast<std::size_t>(colon - message.data()) + 2, message.size()));
  add(file, place, "", std::string(message));
}

Status Problems::status() const {
  if (problems_.empty()) return {};
  std::vector<Problem> sorted = problems_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.file, a.place.line, a.place.column) <
           std::tie(b.file, b.place.line, b.place.column);
  });
  std::string message;
  for (std::size_t i = 0; i < std::min(sorted.size(), kShownMax); ++i)
    message += (i == 0 ? "" : "\n") + sorted[i].text;
  if (sorted.size() > kShownMax)
    message += "\nand " + std::to_string(sorted.size() - kShownMax) + " more";
  return fail(ErrorCode::kInvalidArgument, message);
}

void Fields::choice(std::string_view name, std::string& value,
                    const std::vector<std::string_view>& words, Shown when) {
  field(name, kText, value, when);
  if (!reading() || !has(name) || std::find(words.begin(), words.end(), value) != words.end())
    return;
  std::string list;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) list += i + 1 == words.size() ? " or " : ", ";
    list += words[i].empty() ? "\"\"" : words[i];
  }
  require(false, name, "expected " + list + ", not " + shown(*node_->find(name)));
}

bool Fields::has(std::string_view name) const {
  const YamlNode* given = reading() ? node_->find(name) : nullptr;
  return given != nullptr && !given->is_null();
}

Place Fields::place_of(std::string_view name) const {
  const YamlNode* given = node_->find(name);
  return given != nullptr ? given->place : node_->place;
}

void Fields::require(bool holds, std::string_view name, const std::string& message) {
  if (holds || !reading() || failed_.contains(name)) return;
  failed_.emplace(name);
  problems_->add(source_->file, place_of(name), name.empty() ? path_ : at(name), message);
}

void Fields::exclude(const std::vector<std::string_view>& names) {
  if (!reading()) return;
  std::string_view first;
  for (const std::string_view name : names) {
    if (!has(name)) continue;
    require(first.empty(), name, "cannot stand next to " + std::string(first));
    if (first.empty()) first = name;
  }
}

void Fields::refuse_the_rest() {
  if (source_->ignore_unknown_keys) return;
  for (const YamlNode::Entry& entry : node_->entries)
    if (!known_.contains(entry.key))
      problems_->add(source_->file, entry.place, at(entry.key), "unknown key");
}

YamlNode Fields::sequence() {
  YamlNode node;
  node.kind = YamlNode::Kind::kSequence;
  return node;
}

std::string Fields::indexed(const std::string& path, std::size_t index) {
  return path + "[" + std::to_string(index) + "]";
}

std::string Fields::at(std::string_view name) const {
  return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
}

void Fields::add(std::string_view name, YamlNode value) {
  out_->entries.push_back({std::string(name), {}, std::move(value)});
}

const YamlNode* Fields::take(std::string_view name) {
  known_.emplace(name);
  const YamlNode* given = node_->find(name);
  return given == nullptr || given->is_null() ? nullptr : given;
}

bool Fields::expect(const YamlNode& node, YamlNode::Kind kind, const std::string& path) {
  if (node.kind == kind) return true;
  const char* what = kind == YamlNode::Kind::kSequence ? "a list" : "a mapping";
  problem(node, path, "expected " + std::string(what) + ", not " + shown(node));
  return false;
}

void Fields::problem(const YamlNode& node, const std::string& path, const std::string& message) {
  problems_->add(source_->file, node.place, path, message);
  std::string_view key = path;
  if (!path_.empty()) key.remove_prefix(std::min(key.size(), path_.size() + 1));
  failed_.emplace(key.substr(0, key.find_first_of(".[")));
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  if (text == "0") return 0;
  if (text.empty()) return std::nullopt;
  double sum = 0;
  while (!text.empty()) {
    double amount = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), amount, std::chars_format::fixed);
    if (error != std::errc() || !(text[0] == '.' || (text[0] >= '0' && text[0] <= '9')))
      return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const auto unit = std::find_if(kUnits.begin(), kUnits.end(), [text](const Unit& candidate) {
      return text.starts_with(candidate.name);
    });
    if (unit == kUnits.end()) return std::nullopt;
    text.remove_prefix(unit->name.size());
    sum += std::ldexp(amount, 10 * unit->power);
  }
  if (sum >= 9223372036854775808.0) return std::nullopt;
  return static_cast<std::uint64_t>(sum);
}

std::string format_size(std::uint64_t bytes) {
  std::string text;
  for (int power = 6; power >= 0; --power) {
    const std::uint64_t amount = power == 6 ? bytes >> 60 : (bytes >> (10 * power)) & 1023;
    if (amount > 0)
      text += std::to_string(amount) + std::string(kUnits[static_cast<std::size_t>(power)].name);
  }
  return text.empty() ? "0B" : text;
}

}  // namespace silverback::config
