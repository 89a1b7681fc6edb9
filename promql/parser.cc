#include "promql/parser.h"

#include <algorithm>

#include "promql/check.h"
#include "promql/expression_parser.h"

namespace silverback::promql {
namespace {

// Positions are 32 bits wide; no real query comes near.
constexpr std::size_t kQueryBytesMax = 64 << 20;

Status check_size(std::string_view text) {
  if (text.size() <= kQueryBytesMax) return {};
  return fail(ErrorCode::kInvalidArgument,
              "expression is longer than " + std::to_string(kQueryBytesMax) + " bytes");
}

}  // namespace

Result<ExprPtr> parse(std::string_view query, const Features& features) {
  TRY(check_size(query));
  ExprPtr expr = TRY(ExpressionParser(query, features).query());
  TRY(check(*expr, query, features));
  return expr;
}

Result<std::vector<Matcher>> parse_metric_selector(std::string_view text) {
  TRY(check_size(text));
  std::vector<Matcher> matchers = TRY(ExpressionParser(text, Features{}).metric_selector());
  const bool selects = std::any_of(matchers.begin(), matchers.end(),
                                   [](const Matcher& matcher) { return !matcher.matches_empty(); });
  if (!selects) {
    return fail(ErrorCode::kInvalidArgument, "match[] must contain at least one non-empty matcher");
  }
  return matchers;
}

Result<Labels> parse_metric(std::string_view text) {
  TRY(check_size(text));
  return ExpressionParser(text, Features{}).metric();
}

}  // namespace silverback::promql
