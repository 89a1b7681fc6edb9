#include "ingest/exposition_text.h"

#include <algorithm>
#include <charconv>

#include "base/number_text.h"

namespace silverback::ingest {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

struct TypeWord {
  std::string_view word;
  MetricType type;
};
constexpr TypeWord kTypeWords[] = {
    {"counter", MetricType::kCounter},     {"gauge", MetricType::kGauge},
    {"histogram", MetricType::kHistogram}, {"summary", MetricType::kSummary},
    {"untyped", MetricType::kUnknown},
};

}  // namespace

Result<ExpositionText::Entry> ExpositionText::next() {
  line_ += lines_passed_;
  lines_passed_ = 0;
  unescaped_.clear();
  while (true) {
    skip_blanks();
    // Prometheus compatibility: a NUL where a line would begin ends the page.
    if (at_end() || peek() == '\0') return Entry::kEnd;
    if (skip('\n')) {
      ++line_;
    } else if (skip('#')) {
      if (const std::optional<Entry> entry = TRY(comment())) return *entry;
      line_ += lines_passed_;
      lines_passed_ = 0;
    } else {
      return TRY(sample());
    }
  }
}

// nullopt for a comment that is only that.
Result<std::optional<ExpositionText::Entry>> ExpositionText::comment() {
  const std::size_t begin = position_;
  skip_blanks();
  const auto keyword = [&](std::string_view word) {
    const std::string_view rest = page_.substr(position_);
    if (position_ == begin || !rest.starts_with(word)) return false;
    if (rest.size() == word.size() || !is_blank(rest[word.size()])) return false;
    position_ += word.size();
    skip_blanks();
    return true;
  };
  if (keyword("HELP")) return TRY(help_entry());
  if (keyword("TYPE")) return TRY(type_entry());
  rest_of_line();
  if (skip('\n')) ++lines_passed_;
  return std::optional<Entry>();
}

Result<ExpositionText::Entry> ExpositionText::help_entry() {
  TRY(family_name());
  const std::string_view text = rest_of_line();
  if (!is_valid_utf8(text)) return error("help text is not valid UTF-8");
  help_ = unescape(text, false);
  TRY(line_end());
  return Entry::kHelp;
}

Result<ExpositionText::Entry> ExpositionText::type_entry() {
  TRY(family_name());
  const std::string_view word = rest_of_line();
  const auto* found = std::find_if(std::begin(kTypeWords), std::end(kTypeWords),
                                   [&](const TypeWord& known) { return known.word == word; });
  if (found == std::end(kTypeWords)) return error("invalid metric type " + quote(word));
  type_ = found->type;
  TRY(line_end());
  return Entry::kType;
}

// The name of a HELP or TYPE line and the one character that ends it.
Status ExpositionText::family_name() {
  if (skip('"')) {
    family_ = TRY(quoted());
  } else {
    family_ = take_name(true);
  }
  if (family_.empty()) return error("expected a metric name");
  if (!at_end() && peek() != '\n') ++position_;
  return {};
}

std::string_view ExpositionText::rest_of_line() {
  const std::string_view rest = page_.substr(position_);
  const std::string_view line = rest.substr(0, rest.find('\n'));
  position_ += line.size();
  return line;
}

Result<ExpositionText::Entry> ExpositionText::sample() {
  labels_.clear();
  timestamp_.reset();
  const std::size_t begin = position_;
  const std::string_view name = take_name(true);
  if (!name.empty()) labels_.push_back({kMetricName, name});
  std::size_t end = position_;
  skip_blanks();
  if (skip('{')) {
    TRY(label_list());
    end = position_;
  } else if (name.empty()) {
    return error("expected a metric name or `{`");
  }
  const auto has_name = [](const Label& label) { return label.name == kMetricName; };
  const auto named = std::find_if(labels_.begin(), labels_.end(), has_name);
  if (named == labels_.end()) return error("no metric name");
  std::rotate(labels_.begin(), named, named + 1);
  series_text_ = page_.substr(begin, end - begin);
  TRY(value_and_timestamp());
  return Entry::kSample;
}

// Behind the `{`, to behind the `}`.
Status ExpositionText::label_list() {
  bool named = !labels_.empty();
  while (true) {
    skip_blanks();
    if (skip('}')) return {};
    std::string_view name;
    if (skip('"')) {
      name = TRY(quoted());
      skip_blanks();
      if (peek() == ',' || peek() == '}') {
        if (named) return error("a second metric name " + quote(name));
        if (name.empty()) return error("an empty metric name");
        named = true;
        labels_.push_back({kMetricName, name});
        skip(',');
        continue;
      }
    } else {
      name = take_name(false);
    }
    if (name.empty()) return error("expected a label name");
    skip_blanks();
    if (!skip('=')) return error("expected `=` after label name " + quote(name));
    skip_blanks();
    if (!skip('"')) return error("expected a quoted value for label " + quote(name));
    labels_.push_back({name, TRY(quoted())});
    skip_blanks();
    skip(',');
  }
}

Status ExpositionText::value_and_timestamp() {
  skip_blanks();
  const std::string_view rest = page_.substr(position_);
  const std::string_view text = rest.substr(0, rest.find_first_of("{ \t\n"));
  const std::optional<double> value = parse_float(text);
  if (!value) return error("expected a value, got " + quote(text));
  value_ = *value;
  position_ += text.size();
  skip_blanks();
  if (is_digit(peek()) || peek() == '-') {
    TimestampMs timestamp = 0;
    const char* begin = page_.data() + position_;
    const auto [end, code] = std::from_chars(begin, page_.data() + page_.size(), timestamp);
    if (code != std::errc()) return error("expected a timestamp in milliseconds");
    timestamp_ = timestamp;
    position_ += static_cast<std::size_t>(end - begin);
    skip_blanks();
  }
  return line_end();
}

// Behind the opening quote, to behind the closing one.
Result<std::string_view> ExpositionText::quoted() {
  const std::size_t begin = position_;
  for (; !at_end(); ++position_) {
    const char c = page_[position_];
    if (c == '"') {
      const std::string_view text = page_.substr(begin, position_ - begin);
      ++position_;
      if (!is_valid_utf8(text)) return error("invalid UTF-8 in a quoted text");
      return unescape(text, true);
    }
    if (c == '\\' && position_ + 1 < page_.size()) ++position_;
    if (page_[position_] == '\n') ++lines_passed_;
  }
  return error("a quote that is not closed");
}

Status ExpositionText::line_end() {
  if (at_end()) return {};  // Prometheus compatibility: the last line feed may be missing
  if (!skip('\n')) return error("unexpected " + quote(page_.substr(position_, 1)));
  ++lines_passed_;
  return {};
}

bool ExpositionText::skip(char c) {
  if (at_end() || page_[position_] != c) return false;
  ++position_;
  return true;
}

void ExpositionText::skip_blanks() {
  while (!at_end() && is_blank(page_[position_])) ++position_;
}

// An unquoted metric name (with colons) or label name; empty if there is none.
std::string_view ExpositionText::take_name(bool colons) {
  const std::size_t begin = position_;
  while (!at_end()) {
    const char c = page_[position_];
    const bool fits =
        is_name_start(c) || (colons && c == ':') || (position_ > begin && is_digit(c));
    if (!fits) break;
    ++position_;
  }
  return page_.substr(begin, position_ - begin);
}

// `\\`, `\n` and, if asked for, `\"`; a backslash before anything else stands for itself.
std::string_view ExpositionText::unescape(std::string_view text, bool also_quotes) {
  if (text.find('\\') == std::string_view::npos) return text;
  std::string& plain = unescaped_.emplace_back();
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

tl::unexpected<Error> ExpositionText::error(std::string_view what) const {
  return fail(ErrorCode::kInvalidArgument,
              "line " + std::to_string(line_ + lines_passed_) + ": " + std::string(what));
}

}  // namespace silverback::ingest
