#include "tests/promql/promql_test_file.h"

#include <algorithm>
#include <fstream>
#include <string_view>
#include <utility>

#include "base/number_text.h"
#include "promql/parser.h"
#include "promql/series_notation.h"

namespace silverback::promql::testing {
namespace {

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// The first word, taken off `text`.
std::string_view take_word(std::string_view& text) {
  text = trim(text);
  const auto end = std::min(text.find_first_of(" \t"), text.size());
  const std::string_view word = text.substr(0, end);
  text = trim(text.substr(end));
  return word;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

tl::unexpected<Error> bad(const std::string& what) {
  return fail(ErrorCode::kInvalidArgument, what);
}

// `5m`, `-1m`, or plain seconds.
Result<DurationMs> read_duration(std::string_view text) {
  const bool negative = take_prefix(text, "-");
  if (const auto duration = parse_duration(text)) return negative ? -*duration : *duration;
  const auto seconds = parse_float(text);
  if (!seconds) return bad("bad duration " + std::string(text));
  const auto ms = static_cast<DurationMs>(*seconds * 1000);
  return negative ? -ms : ms;
}

// Splits `name{a="b c"} 1 2` after the metric.
std::size_t metric_end(std::string_view line) {
  bool braces = false;
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != 0) {
      if (c == '\\' && quote != '`') {
        ++i;
      } else if (c == quote) {
        quote = 0;
      }
      continue;
    }
    if (c == '"' || c == '\'' || c == '`') quote = c;
    if (c == '{') braces = true;
    if (c == '}') braces = false;
    if (!braces && (c == ' ' || c == '\t')) return i;
  }
  return line.size();
}

class FileReader {
 public:
  explicit FileReader(std::vector<std::string> lines) : lines_(std::move(lines)) {}

  Result<std::vector<Command>> read() {
    while (next_ < lines_.size()) {
      if (lines_[next_].empty()) {
        ++next_;
        continue;
      }
      const std::size_t line = next_ + 1;
      Status status = read_command();
      if (!status) {
        return fail(std::move(status).error().within(std::to_string(std::max(line, next_))));
      }
    }
    return std::move(commands_);
  }

 private:
  Status read_command() {
    const std::size_t line = next_ + 1;
    std::string_view text = lines_[next_++];
    const std::string_view name = take_word(text);
    if (name == "clear") {
      commands_.push_back({line, ClearCommand{}});
      return {};
    }
    if (name == "load" || name == "load_with_nhcb") {
      LoadCommand load;
      load.step = TRY(read_duration(text));
      load.with_nhcb = name == "load_with_nhcb";
      while (next_ < lines_.size() && !lines_[next_].empty()) {
        TRY(read_series(lines_[next_++], load.series));
      }
      commands_.push_back({line, std::move(load)});
      return {};
    }
    if (name.starts_with("eval")) {
      EvalCommand eval;
      if (name == "eval_fail") eval.failure.emplace();
      if (name == "eval_ordered") eval.ordered = true;
      if (name == "eval_warn") eval.warnings.emplace_back();
      if (name == "eval_info") eval.infos.emplace_back();
      TRY(read_eval_line(text, eval));
      while (next_ < lines_.size() && !lines_[next_].empty()) {
        TRY(read_expectation(lines_[next_++], eval));
      }
      commands_.push_back({line, std::move(eval)});
      return {};
    }
    return bad("unknown command " + std::string(name));
  }

  static Status read_eval_line(std::string_view text, EvalCommand& eval) {
    const std::string_view kind = take_word(text);
    if (kind == "instant") {
      if (take_word(text) != "at") return bad("no at");
      eval.start = TRY(read_duration(take_word(text)));
      eval.end = eval.start;
    } else {
      eval.range = true;
      if (take_word(text) != "from") return bad("no from");
      eval.start = TRY(read_duration(take_word(text)));
      if (take_word(text) != "to") return bad("no to");
      eval.end = TRY(read_duration(take_word(text)));
      if (take_word(text) != "step") return bad("no step");
      eval.step = TRY(read_duration(take_word(text)));
    }
    eval.expr = std::string(text);
    return {};
  }

  static Status read_series(std::string_view line, std::vector<SeriesLine>& out) {
    const std::size_t end = metric_end(line);
    std::string_view metric = line.substr(0, end);
    if (const auto at = metric.rfind("@st");
        at != std::string_view::npos && at + 3 == metric.size()) {
      SeriesLine series;
      series.metric = TRY(parse_metric(metric.substr(0, at)));
      series.has_start_timestamps = true;
      out.push_back(std::move(series));
      return {};
    }
    SeriesLine series;
    series.metric = TRY(parse_metric(metric));
    series.values = TRY(parse_series_values(line.substr(end)));
    if (!out.empty() && out.back().has_start_timestamps && out.back().metric == series.metric) {
      out.back().values = std::move(series.values);
    } else {
      out.push_back(std::move(series));
    }
    return {};
  }

  static Status read_expectation(std::string_view line, EvalCommand& eval) {
    if (line.starts_with("expect ") || line.starts_with("expect\t")) {
      std::string_view text = line.substr(7);
      return read_expect(take_word(text), text, eval);
    }
    if (line.find_first_of("{ \t") == std::string_view::npos) {
      if (const auto v = parse_float(line)) {
        eval.scalar = *v;
        return {};
      }
    }
    return read_series(line, eval.series);
  }

  static Status read_expect(std::string_view kind, std::string_view text, EvalCommand& eval) {
    // `fail msg:text` is written without a blank, too.
    AnnotationExpectation expectation;
    if (take_prefix(text, "msg:")) {
      expectation = {AnnotationExpectation::Match::kText, std::string(trim(text))};
    } else if (take_prefix(text, "regex:")) {
      expectation = {AnnotationExpectation::Match::kRegex, std::string(trim(text))};
    }
    if (kind == "fail") {
      eval.failure = std::move(expectation);
    } else if (kind == "warn") {
      eval.warnings.push_back(std::move(expectation));
    } else if (kind == "info") {
      eval.infos.push_back(std::move(expectation));
    } else if (kind == "no_warn") {
      eval.no_warnings = true;
    } else if (kind == "no_info") {
      eval.no_infos = true;
    } else if (kind == "ordered") {
      eval.ordered = true;
    } else if (kind == "string") {
      const ExprPtr literal = TRY(parse(text, Features{}));
      eval.text = std::get<StringLiteral>(literal->node).value;
    } else if (kind == "range") {
      if (take_word(text) != "vector" || take_word(text) != "from") return bad("bad range vector");
      EvalCommand::RangeVector range_vector{};
      range_vector.start = TRY(read_duration(take_word(text)));
      take_word(text);  // to
      take_word(text);
      take_word(text);  // step
      range_vector.step = TRY(read_duration(take_word(text)));
      eval.range_vector = range_vector;
    } else {
      return bad("unknown expectation " + std::string(kind));
    }
    return {};
  }

  const std::vector<std::string> lines_;  // trimmed, comments blank
  std::size_t next_ = 0;
  std::vector<Command> commands_;
};

}  // namespace

Result<std::vector<Command>> read_test_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) return fail(ErrorCode::kIo, "cannot open " + path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    const std::string_view trimmed = trim(line);
    lines.emplace_back(trimmed.starts_with("#") ? std::string_view() : trimmed);
  }
  return FileReader(std::move(lines)).read();
}

}  // namespace silverback::promql::testing
