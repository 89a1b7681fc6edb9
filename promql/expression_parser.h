// The recursive-descent parser behind parser.h, split over three files: expressions
// (expression_parser.cc), what stands in brackets and behind offset and @ (duration_parser.cc),
// selectors and label sets (selector_parser.cc). It reads one token ahead and stops at the first
// error. Threads: one object per parse.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "promql/ast.h"
#include "promql/lexer.h"
#include "promql/parser.h"

namespace silverback::promql {

class ExpressionParser {
 public:
  ExpressionParser(std::string_view text, const Features& features);

  // Each takes the whole text.
  Result<ExprPtr> query();  // not yet checked for types
  Result<std::vector<Matcher>> metric_selector();
  Result<Labels> metric();

 private:
  // A tree and its height: everything that walks trees recurses, so the height is bounded.
  struct Parsed {
    ExprPtr expr;
    std::uint32_t height = 0;
  };
  // What the message says that was being read, and what could have followed.
  struct Expectation {
    std::string_view context;
    std::string_view expected;
  };

  // expression_parser.cc
  void advance();
  bool skip(TokenKind kind);  // consumes the token if it is of this kind
  tl::unexpected<Error> error_at(std::size_t position, std::string_view message) const;
  tl::unexpected<Error> unexpected(const Expectation& expectation) const;
  tl::unexpected<Error> unexpected_in_expression() const;
  std::string describe(const Token& token) const;
  Result<Parsed> make(Expr::Node node, PositionRange position, std::uint32_t height) const;
  Status end_of_input() const;
  Status descend();  // bounds the depth of recursion; ascend() undoes it
  void ascend() { --nesting_; }

  Result<Parsed> parse_binary(int precedence_min);
  Result<Parsed> parse_unary();
  Result<Parsed> parse_with_modifiers();
  Result<Parsed> parse_primary();
  Result<Parsed> parse_number();
  Result<Parsed> parse_parens();
  Result<Parsed> parse_word();
  Result<Parsed> parse_call(const Token& name);
  Result<Parsed> parse_aggregate(const Token& op);
  Result<std::pair<std::vector<ExprPtr>, std::uint32_t>> parse_arguments();
  Result<std::vector<std::string>> parse_grouping();
  Result<std::string> parse_grouping_label();
  Status parse_matching(Binary& binary);
  Status parse_fills(VectorMatching& matching);
  Result<double> parse_fill_value();
  Result<double> number_value(const Token& token) const;

  // duration_parser.cc
  Result<Parsed> parse_brackets(Parsed operand);
  Result<Parsed> make_matrix(Parsed operand, std::uint32_t bracket, DurationValue range,
                             std::uint32_t height);
  Result<Parsed> parse_subquery(Parsed operand, DurationValue range, std::uint32_t height);
  Status parse_offset(Parsed& operand);
  Status parse_at(Expr& operand);
  Result<AtModifier> parse_at_modifier(const Expr& operand);
  Status parse_extended_range(Expr& operand);
  Result<std::pair<DurationValue, std::uint32_t>> parse_positive_duration(
      const Expectation& expectation);
  Result<Parsed> parse_duration(int precedence_min, const Expectation& expectation);
  Result<Parsed> parse_signed_duration(int precedence_min, const Expectation& expectation);
  Result<Parsed> parse_duration_primary(const Expectation& expectation);
  Result<Parsed> parse_duration_call(const Expectation& expectation);
  Result<DurationValue> to_duration(Parsed parsed) const;

  // selector_parser.cc
  Result<Parsed> parse_selector(const Token* name);
  Result<std::vector<Matcher>> parse_matchers();
  Result<Matcher> parse_matcher();
  Status parse_label(LabelsBuilder& labels);

  const std::string_view text_;
  const Features& features_;
  Lexer lexer_;
  Token token_;
  std::uint32_t last_end_ = 0;  // where the token before token_ ends
  std::uint32_t nesting_ = 0;
  std::uint32_t aggregations_ = 0;  // around the current token
};

// Low to high, as in the documentation. A sign binds like `*`: -1^2 is -(1^2).
int precedence_of(BinaryOp op);
inline constexpr int kLowestPrecedence = 1;
inline constexpr int kSignPrecedence = 5;

// Word tokens that are metric names where an operand is wanted, e.g. `by` and `sum`.
bool can_be_metric_name(const Token& token);

}  // namespace silverback::promql
