#include "promql/series_notation.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "base/labels.h"
#include "base/number_text.h"
#include "base/sample.h"

namespace silverback::promql {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

class ValuesReader {
 public:
  explicit ValuesReader(std::string_view text) : text_(text) {}

  Result<std::vector<NotedValue>> read() {
    skip_blanks();
    while (!text_.empty()) {
      TRY(read_item());
      if (!text_.empty() && kBlanks.find(text_.front()) == std::string_view::npos)
        return bad("expected a blank");
      skip_blanks();
    }
    return std::move(values_);
  }

 private:
  void skip_blanks() {
    text_.remove_prefix(std::min(text_.find_first_not_of(kBlanks), text_.size()));
  }

  bool take(std::string_view prefix) {
    if (!text_.starts_with(prefix)) return false;
    text_.remove_prefix(prefix.size());
    return true;
  }

  tl::unexpected<Error> bad(const std::string& what) const {
    const std::string where = text_.empty() ? "the end" : quote(text_.substr(0, 40));
    return fail(ErrorCode::kInvalidArgument, "series values: " + what + " at " + where);
  }

  Status add(NotedValue value, std::size_t count, double step = 0) {
    if (count > kNotedValuesMax - values_.size())
      return bad("more than " + std::to_string(kNotedValuesMax) + " values");
    for (std::size_t i = 0; i < count; ++i) {
      values_.push_back(value);
      // Added up and not multiplied, so that rounding is Prometheus's.
      if (step != 0) value.v += step;
    }
    return {};
  }

  Status read_item() {
    if (text_.starts_with("{{")) return read_histogram();
    if (take("_")) return add({}, TRY(read_repeat()).value_or(1));
    if (take("stale")) return add({NotedValue::Kind::kFloat, stale_marker()}, 1);
    const double first = TRY(read_number());
    double step = 0;
    if (!text_.empty() && (text_.front() == '+' || text_.front() == '-')) {
      step = TRY(read_number());
      if (!text_.starts_with("x")) return bad("expected x and how often the step is taken");
    }
    const std::size_t more = TRY(read_repeat()).value_or(0);
    return add({NotedValue::Kind::kFloat, first}, more + 1, step);
  }

  Status read_histogram() {
    TRY(skip_histogram());
    if (text_.starts_with("+{{") || text_.starts_with("-{{")) {
      text_.remove_prefix(1);
      TRY(skip_histogram());
    }
    const std::size_t more = TRY(read_repeat()).value_or(0);
    return add({NotedValue::Kind::kHistogram, 0}, more + 1);
  }

  Status skip_histogram() {
    const std::size_t end = text_.find("}}");
    if (end == std::string_view::npos) return bad("no }} of the native histogram");
    text_.remove_prefix(end + 2);
    return {};
  }

  Result<std::optional<std::size_t>> read_repeat() {
    if (!take("x")) return std::optional<std::size_t>();
    std::size_t count = 0;
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), count);
    if (error != std::errc() || count > kNotedValuesMax)
      return bad("expected a number up to " + std::to_string(kNotedValuesMax));
    text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
    return std::optional<std::size_t>(count);
  }

  // `x` ends a number: there is no hexadecimal here.
  Result<double> read_number() {
    std::size_t end = 0;
    const auto at_sign = [&] {
      return end < text_.size() && (text_[end] == '+' || text_[end] == '-');
    };
    if (at_sign()) ++end;
    const std::size_t begin = end;
    while (end < text_.size() && text_[end] != 'x' &&
           (is_letter(text_[end]) || is_digit(text_[end]) || text_[end] == '.')) {
      const bool exponent =
          (text_[end] == 'e' || text_[end] == 'E') && end > begin && is_digit(text_[begin]);
      ++end;
      if (exponent && at_sign()) ++end;
    }
    const std::optional<double> v = parse_float(text_.substr(0, end));
    if (!v) return bad("expected a number");
    text_.remove_prefix(end);
    return *v;
  }

  std::string_view text_;
  std::vector<NotedValue> values_;
};

}  // namespace

Result<std::vector<NotedValue>> parse_series_values(std::string_view text) {
  return ValuesReader(text).read();
}

}  // namespace silverback::promql
