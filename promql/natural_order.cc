#include "promql/natural_order.h"

#include <algorithm>
#include <cstddef>

namespace silverback::promql {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view take_run(std::string_view& text, bool digits) {
  const auto end =
      std::find_if(text.begin(), text.end(), [digits](char c) { return is_digit(c) != digits; });
  const auto length = static_cast<std::size_t>(end - text.begin());
  const std::string_view run = text.substr(0, length);
  text.remove_prefix(length);
  return run;
}

std::string_view without_zeros(std::string_view digits) {
  const std::size_t first = digits.find_first_not_of('0');
  return first == std::string_view::npos ? std::string_view() : digits.substr(first);
}

}  // namespace

bool natural_less(std::string_view a, std::string_view b) {
  std::string_view x = a;
  std::string_view y = b;
  while (!x.empty() && !y.empty()) {
    const bool digits = is_digit(x.front());
    if (digits != is_digit(y.front()))
      return static_cast<unsigned char>(x.front()) < static_cast<unsigned char>(y.front());
    const std::string_view x_run = take_run(x, digits);
    const std::string_view y_run = take_run(y, digits);
    if (!digits) {
      if (x_run != y_run) return x_run < y_run;
      continue;
    }
    const std::string_view x_number = without_zeros(x_run);
    const std::string_view y_number = without_zeros(y_run);
    if (x_number.size() != y_number.size()) return x_number.size() < y_number.size();
    if (x_number != y_number) return x_number < y_number;
  }
  if (x.empty() != y.empty()) return x.empty();
  return a < b;
}

}  // namespace silverback::promql
