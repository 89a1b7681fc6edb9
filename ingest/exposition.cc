#include "ingest/exposition.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/number_text.h"
#include "ingest/acceptance.h"

namespace silverback::ingest {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// What a byte can be part of.
enum : std::uint8_t { kNameStart = 1, kNameRest = 2, kColon = 4, kPlainInQuotes = 8 };
constexpr std::array<std::uint8_t, 256> kByteClass = [] {
  std::array<std::uint8_t, 256> classes{};
  for (unsigned c = 1; c < 128; ++c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    const bool digit = c >= '0' && c <= '9';
    const bool plain = c != '"' && c != '\\' && c != '\n';
    classes[c] =
        static_cast<std::uint8_t>((letter ? kNameStart : 0) | (letter || digit ? kNameRest : 0) |
                                  (c == ':' ? kColon : 0) | (plain ? kPlainInQuotes : 0));
  }
  return classes;
}();
bool is_of(char c, unsigned classes) {
  return (kByteClass[static_cast<unsigned char>(c)] & classes) != 0;
}

struct TypeWord {
  std::string_view word;
  MetricType type;
  bool in_text, in_open_metrics;
};
constexpr TypeWord kTypeWords[] = {
    {"counter", MetricType::kCounter, true, true},
    {"gauge", MetricType::kGauge, true, true},
    {"histogram", MetricType::kHistogram, true, true},
    {"summary", MetricType::kSummary, true, true},
    {"untyped", MetricType::kUnknown, true, false},
    {"unknown", MetricType::kUnknown, false, true},
    {"gaugehistogram", MetricType::kGaugeHistogram, false, true},
    {"info", MetricType::kInfo, false, true},
    {"stateset", MetricType::kStateset, false, true},
};

// Prometheus compatibility: truncated, not rounded.
TimestampMs to_milliseconds(double seconds) {
  const double ms = seconds * 1000;
  if (ms >= 0x1p63) return std::numeric_limits<TimestampMs>::max();
  if (ms < -0x1p63) return std::numeric_limits<TimestampMs>::min();
  return static_cast<TimestampMs>(ms);
}

// A bound as OpenMetrics writes it, so that one bucket has one name whoever printed it: Go's 'g'
// with the fewest digits, and `.0` behind a whole number.
std::string_view normal_bound(double v, std::array<char, 32>& buffer) {
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v > 0 ? "+Inf" : "-Inf";
  if (v == 0) return "0.0";
  char* const begin = buffer.data();
  const double magnitude = std::fabs(v);
  const bool fixed = magnitude >= 1e-4 && magnitude < 1e6;
  char* end = std::to_chars(begin, begin + buffer.size(), v,
                            fixed ? std::chars_format::fixed : std::chars_format::scientific)
                  .ptr;
  if (fixed && std::find(begin, end, '.') == end) {
    *end++ = '.';
    *end++ = '0';
  }
  return {begin, static_cast<std::size_t>(end - begin)};
}

bool is_bound(MetricType type, std::string_view label) {
  return (type == MetricType::kHistogram && label == "le") ||
         (type == MetricType::kSummary && label == "quantile");
}

// Of valid UTF-8: the bytes that do not continue a rune.
std::size_t runes(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

}  // namespace

std::size_t ExposedExemplar::label_runes() const {
  std::size_t total = 0;
  for (const Label& label : labels) total += runes(label.name) + runes(label.value);
  return total;
}

Result<Exposition::Entry> Exposition::next(std::string_view known_series) {
  if (!made_.empty()) made_.clear();
  if (ended_) return Entry::kEnd;
  return open_metrics_ ? next_open_metrics(known_series) : next_text(known_series);
}

Result<Exposition::Entry> Exposition::next_text(std::string_view known_series) {
  while (true) {
    skip_blanks();
    entry_ = position_;
    // Prometheus compatibility: a NUL where a line would begin ends the page.
    if (at_end() || peek() == '\0') {
      ended_ = true;
      return Entry::kEnd;
    }
    if (skip('\n')) continue;
    if (!skip('#')) return sample(known_series);
    if (is_blank(peek())) {
      skip_blanks();
      if (skip_keyword("HELP")) return help_entry();
      if (skip_keyword("TYPE")) return type_entry();
    }
    take_rest_of_line();
  }
}

Result<Exposition::Entry> Exposition::next_open_metrics(std::string_view known_series) {
  entry_ = position_;
  if (page_.empty()) {
    ended_ = true;
    return Entry::kEnd;
  }
  if (at_end()) return error("data does not end with # EOF");
  if (peek() != '#') return sample(known_series);
  if (skip("# HELP ")) return help_entry();
  if (skip("# TYPE ")) return type_entry();
  if (skip("# UNIT ")) return unit_entry();
  if (!skip("# EOF")) return expected("a sample or one of # HELP, # TYPE, # UNIT and # EOF");
  skip('\n');
  if (!at_end()) return error("unexpected data after # EOF");
  ended_ = true;
  return Entry::kEnd;
}

// Behind `# HELP `, to the end of the line: the name, one character (in OpenMetrics, a blank),
// text.
Status Exposition::family_and_rest(std::string_view keyword, std::string_view& rest) {
  if (skip('"')) {
    const std::optional<std::string_view> name = take_quoted(true, false);
    if (!name) return expected("metric name after " + std::string(keyword));
    family_ = unescape(*name, true);
  } else {
    family_ = take_name(true);
  }
  if (family_.empty()) return expected("metric name after " + std::string(keyword));
  if (open_metrics_) {
    if (!skip(' ')) return expected("text in " + std::string(keyword));
  } else if (!at_end() && peek() != '\n') {
    ++position_;
  }
  rest = take_rest_of_line();
  if (!skip('\n') && open_metrics_) return expected("a line feed after " + std::string(keyword));
  return {};
}

Result<Exposition::Entry> Exposition::help_entry() {
  std::string_view text;
  TRY(family_and_rest("HELP", text));
  if (!is_valid_utf8(text)) return error("help text is not a valid utf8 string");
  help_ = unescape(text, open_metrics_);
  return Entry::kHelp;
}

Result<Exposition::Entry> Exposition::type_entry() {
  std::string_view word;
  TRY(family_and_rest("TYPE", word));
  const auto* found =
      std::find_if(std::begin(kTypeWords), std::end(kTypeWords), [&](const TypeWord& known) {
        return known.word == word && (open_metrics_ ? known.in_open_metrics : known.in_text);
      });
  if (found == std::end(kTypeWords)) {
    return error("invalid metric type " + quote(cut_for_error(word)));
  }
  type_ = found->type;
  return Entry::kType;
}

Result<Exposition::Entry> Exposition::unit_entry() {
  std::string_view unit;
  TRY(family_and_rest("UNIT", unit));
  const bool suffix = family_.ends_with(unit) && family_.size() > unit.size() &&
                      family_[family_.size() - unit.size() - 1] == '_';
  // A suffix of a name in UTF-8, behind `_`: it is UTF-8 itself.
  if (!unit.empty() && !suffix) {
    return error("unit " + quote(cut_for_error(unit)) + " not a suffix of metric " +
                 quote(cut_for_error(family_)));
  }
  unit_ = unit;
  return Entry::kUnit;
}

Result<Exposition::Entry> Exposition::sample(std::string_view known_series) {
  timestamp_.reset();
  has_exemplar_ = false;
  if (known_series.empty() || !take_known_series(known_series)) TRY(series());
  TRY(value_after("metric", value_));
  TRY(open_metrics_ ? end_of_open_metrics_sample() : end_of_text_sample());
  return Entry::kSample;
}

// A list of labels ends at its brace whatever follows; a name alone could go on.
bool Exposition::take_known_series(std::string_view known_series) {
  const std::string_view rest = page_.substr(position_);
  if (!rest.starts_with(known_series)) return false;
  if (known_series.back() != '}') {
    const std::string_view behind = rest.substr(known_series.size());
    if (behind.empty() || !is_blank(behind.front())) return false;
    const std::size_t value = behind.find_first_not_of(" \t");
    if (value == std::string_view::npos || behind[value] == '{') return false;
  }
  series_text_ = rest.substr(0, known_series.size());
  position_ += known_series.size();
  label_state_ = LabelState::kUnparsed;
  return true;
}

// Name and labels.
Status Exposition::series() {
  labels_.clear();
  label_state_ = LabelState::kAsWritten;
  const std::size_t begin = position_;
  const std::string_view name = take_name(true);
  std::size_t end = position_;
  if (!name.empty()) {
    labels_.push_back({kMetricName, name});
    skip_blanks_of_text();
  }
  if (skip('{')) {
    TRY(label_list(labels_, ListOf::kSeries));
    end = position_;
  } else if (name.empty()) {
    return expected("a metric name or `{`");
  }
  series_text_ = page_.substr(begin, end - begin);
  return {};
}

// Behind the `{`, to behind the `}`. A name of the metric among them goes to the front.
Status Exposition::label_list(std::vector<Label>& labels, ListOf what) {
  const bool of_series = what == ListOf::kSeries;
  bool named = !labels.empty();
  while (true) {
    skip_blanks_of_text();
    if (skip('}')) break;
    std::string_view name;
    if (skip('"')) {
      const std::optional<std::string_view> text = take_quoted(of_series, false);
      if (!text) return expected("a closed quote in valid UTF-8 as label name");
      name = *text;
      skip_blanks_of_text();
      if (of_series && (peek() == ',' || peek() == '}')) {
        if (named) return error("metric name already set, got " + quote(cut_for_error(name)));
        if (name.empty()) return error("an empty metric name");
        named = true;
        labels.insert(labels.begin(), {kMetricName, name});
        skip(',');
        continue;
      }
    } else {
      name = take_name(false);
    }
    if (name.empty()) return expected("label name");
    skip_blanks_of_text();
    if (!skip('=')) return expected("equal");
    skip_blanks_of_text();
    if (!skip('"')) return expected("label value");
    const std::optional<std::string_view> value = take_quoted(!open_metrics_, true);
    if (!value) return expected("a closed quote in valid UTF-8 as label value");
    if (labels.size() == kSeriesLabelsMax)
      return error("more than " + std::to_string(kSeriesLabelsMax) + " labels");
    labels.push_back({name, *value});
    skip_blanks_of_text();
    if (!skip(',') && open_metrics_ && peek() != '}') return expected("comma or brace close");
  }
  if (of_series && !named) return error("metric name not set");
  return {};
}

Status Exposition::value_after(std::string_view what, double& value) {
  if (open_metrics_ && !skip(' ')) return expected("value after " + std::string(what));
  skip_blanks_of_text();
  const std::size_t begin = position_;
  const std::optional<double> parsed = parse_float(take_token(!open_metrics_));
  if (!parsed) {
    position_ = begin;
    return expected("value after " + std::string(what));
  }
  value = *parsed;
  return {};
}

Status Exposition::end_of_text_sample() {
  skip_blanks();
  if (is_digit(peek())) {
    TimestampMs timestamp = 0;
    const char* const begin = page_.data() + position_;
    const auto [end, code] = std::from_chars(begin, page_.data() + page_.size(), timestamp);
    if (code != std::errc()) return error("timestamp out of range");
    timestamp_ = timestamp;
    position_ += static_cast<std::size_t>(end - begin);
    skip_blanks();
  }
  // Prometheus compatibility: the last line feed may be missing.
  if (!skip('\n') && !at_end()) {
    return expected(timestamp_ ? "next entry after timestamp" : "timestamp or new record");
  }
  return {};
}

constexpr std::string_view kExemplarBegin = " # {";

Status Exposition::end_of_open_metrics_sample() {
  if (skip('\n')) return {};
  if (skip(kExemplarBegin)) return read_exemplar();
  if (at_end()) return error("data does not end with # EOF");
  TRY(seconds("timestamp", timestamp_));
  if (skip('\n')) return {};
  if (skip(kExemplarBegin)) return read_exemplar();
  return expected("next entry after timestamp");
}

Status Exposition::read_exemplar() {
  exemplar_.labels.clear();
  exemplar_.timestamp.reset();
  TRY(label_list(exemplar_.labels, ListOf::kExemplar));
  TRY(value_after("exemplar labels", exemplar_.value));
  has_exemplar_ = true;
  if (skip('\n')) return {};
  if (at_end()) return error("data does not end with # EOF");
  TRY(seconds("exemplar timestamp", exemplar_.timestamp));
  if (!skip('\n')) return expected("next entry after exemplar timestamp");
  return {};
}

// OpenMetrics's timestamps: floats.
Status Exposition::seconds(std::string_view what, std::optional<TimestampMs>& timestamp) {
  const std::size_t begin = position_;
  const std::optional<double> parsed = skip(' ') ? parse_float(take_token(false)) : std::nullopt;
  if (!parsed || !std::isfinite(*parsed)) {
    position_ = begin;
    return expected("a valid " + std::string(what));
  }
  timestamp = to_milliseconds(*parsed);
  return {};
}

const std::vector<Label>& Exposition::labels() {
  if (label_state_ == LabelState::kUnparsed) {
    const std::size_t position = position_;
    position_ = entry_;
    static_cast<void>(series());  // the same bytes passed before
    position_ = position;
  }
  if (label_state_ == LabelState::kReady) return labels_;
  label_state_ = LabelState::kReady;
  for (Label& label : labels_) {
    label.name = unescape(label.name, true);
    label.value = unescape(label.value, true);
    if (!is_bound(type_, label.name)) continue;
    if (const std::optional<double> bound = parse_float(label.value)) {
      std::array<char, 32> buffer;
      const std::string_view normal = normal_bound(*bound, buffer);
      if (normal != label.value) label.value = made_.emplace_back(normal);
    }
  }
  return labels_;
}

bool Exposition::skip(char c) {
  if (at_end() || page_[position_] != c) return false;
  ++position_;
  return true;
}

bool Exposition::skip(std::string_view text) {
  if (!page_.substr(position_).starts_with(text)) return false;
  position_ += text.size();
  return true;
}

void Exposition::skip_blanks() {
  while (!at_end() && is_blank(page_[position_])) ++position_;
}

void Exposition::skip_blanks_of_text() {
  if (!open_metrics_) skip_blanks();
}

// With the blanks behind it, at least one.
bool Exposition::skip_keyword(std::string_view word) {
  const std::string_view rest = page_.substr(position_);
  if (!rest.starts_with(word)) return false;
  if (rest.size() == word.size() || !is_blank(rest[word.size()])) return false;
  position_ += word.size();
  skip_blanks();
  return true;
}

// An unquoted metric name (with colons) or label name; empty if there is none.
std::string_view Exposition::take_name(bool colons) {
  const unsigned colon = colons ? kColon : 0;
  const std::size_t begin = position_;
  if (at_end() || !is_of(page_[begin], kNameStart | colon)) return {};
  std::size_t end = begin + 1;
  while (end < page_.size() && is_of(page_[end], kNameRest | colon)) ++end;
  position_ = end;
  return page_.substr(begin, end - begin);
}

std::string_view Exposition::take_token(bool brace_ends) {
  const std::size_t begin = position_;
  std::size_t end = begin;
  for (; end < page_.size(); ++end) {
    const char c = page_[end];
    if (c == ' ' || c == '\n' || (brace_ends && (c == '\t' || c == '{'))) break;
  }
  position_ = end;
  return page_.substr(begin, end - begin);
}

std::string_view Exposition::take_rest_of_line() {
  const std::string_view rest = page_.substr(position_);
  const std::string_view line = rest.substr(0, rest.find('\n'));
  position_ += line.size();
  return line;
}

// Behind the opening quote, to behind the closing one; what is between, escapes and all. nullopt
// if it is not closed, not UTF-8, or holds what is not asked for.
std::optional<std::string_view> Exposition::take_quoted(bool line_feeds, bool nuls) {
  const std::size_t begin = position_;
  bool ascii = true;
  for (std::size_t i = begin; i < page_.size(); ++i) {
    const char c = page_[i];
    if (is_of(c, kPlainInQuotes)) continue;
    if (c == '"') {
      const std::string_view text = page_.substr(begin, i - begin);
      if (!ascii && !is_valid_utf8(text)) return std::nullopt;
      position_ = i + 1;
      return text;
    }
    if (c == '\\') {
      if (++i == page_.size() || page_[i] == '\n' || page_[i] == '\0') return std::nullopt;
      ascii = ascii && static_cast<signed char>(page_[i]) > 0;
    } else if ((c == '\n' && !line_feeds) || (c == '\0' && !nuls)) {
      return std::nullopt;
    }
    ascii = ascii && static_cast<signed char>(c) >= 0;
  }
  return std::nullopt;
}

// `\\`, `\n` and, if asked for, `\"`; a backslash before anything else stands for itself.
std::string_view Exposition::unescape(std::string_view text, bool also_quotes) {
  if (text.find('\\') == std::string_view::npos) return text;
  std::string& plain = made_.emplace_back();
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : '\0';
    if (next == '\\' || next == 'n' || (next == '"' && also_quotes)) {
      plain += next == 'n' ? '\n' : next;
      ++i;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

std::size_t Exposition::line_at(std::size_t position) const {
  const std::string_view before = page_.substr(0, position);
  return 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
}

tl::unexpected<Error> Exposition::error(std::string what) const {
  return fail(ErrorCode::kInvalidArgument,
              "line " + std::to_string(line_at(entry_)) + ": " + std::move(what));
}

tl::unexpected<Error> Exposition::expected(std::string_view what) const {
  std::string text = "expected " + std::string(what) + ", got ";
  if (at_end()) return error(text + "the end of the page");
  const std::string_view rest = page_.substr(position_);
  const std::size_t line_bytes = rest.find('\n');
  if (line_bytes == 0) return error(text + "the end of the line");
  return error(text + quote(cut_for_error(rest.substr(0, line_bytes))));
}

}  // namespace silverback::ingest
