// The tree of a PromQL expression. Made by parse() (parser.h), checked for types there, read by the
// evaluator and the printer. Source: https://prometheus.io/docs/prometheus/latest/querying/basics/
// Threads: immutable once parse() returned it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/matcher.h"
#include "base/time.h"

namespace silverback::promql {

struct FunctionSpec;  // functions.h

// Bytes [start, end) of the query text.
struct PositionRange {
  std::uint32_t start = 0;
  std::uint32_t end = 0;
};

enum class ValueType : std::uint8_t { kNone, kScalar, kVector, kMatrix, kString };
// `scalar`, `instant vector`, `range vector`, `string`: the words of error messages.
std::string_view to_string(ValueType type);

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

// A length of time in brackets or after `offset`: a constant, or a duration expression (`5m*2`,
// `step()`, `range()`, `max_of(step(), 1m)`) that is computed once per query. `expr` is then a tree
// of NumberLiteral (seconds), Unary, Binary, Paren and Call (step, range, min_of, max_of).
struct DurationValue {
  DurationMs ms = 0;
  ExprPtr expr;  // null: `ms` is it
};

struct NumberLiteral {
  double value;
  bool is_duration = false;  // written as `5m`: printed as one
};
struct StringLiteral {
  std::string value;
};

// `@ …`
struct AtModifier {
  enum class Kind : std::uint8_t { kNone, kTimestamp, kStart, kEnd };
  Kind kind = Kind::kNone;
  TimestampMs t = 0;  // for kTimestamp
};

struct VectorSelector {
  std::string name;  // `up` in `up{…}`; empty if only braces; also present in matchers
  std::vector<Matcher> matchers;  // in the order written, the one for the name (if any) last
  DurationValue offset;           // may be negative
  AtModifier at;
  bool anchored = false;
  bool smoothed = false;
};
struct MatrixSelector {
  ExprPtr selector;  // a VectorSelector, with offset and @ in it
  DurationValue range;
};
struct Subquery {
  ExprPtr expr;
  DurationValue range;
  DurationValue step;
  bool default_step = false;  // `[1h:]`: the engine's default step
  DurationValue offset;
  AtModifier at;
};

struct Paren {
  ExprPtr expr;
};
struct Unary {
  bool negative;  // else `+`
  ExprPtr expr;
};

enum class BinaryOp : std::uint8_t {
  kAdd,
  kSub,
  kMul,
  kDiv,
  kMod,
  kPow,
  kAtan2,
  kEqual,
  kNotEqual,
  kGreater,
  kLess,
  kGreaterEqual,
  kLessEqual,
  kTrimLower,
  kTrimUpper,  // `>/` and `</` on native histograms
  kAnd,
  kOr,
  kUnless,
};
bool is_comparison(BinaryOp op);
bool is_set_operator(BinaryOp op);
std::string_view to_string(BinaryOp op);

struct VectorMatching {
  enum class Card : std::uint8_t {
    kOneToOne,
    kManyToOne,
    kOneToMany,
    kManyToMany
  };  // kManyToMany: set operators
  Card card = Card::kOneToOne;
  bool on = false;  // on(labels), else ignoring(labels)
  std::vector<std::string> labels;
  std::vector<std::string> include;  // group_left(include)
  std::optional<double> fill_left, fill_right;
};
struct Binary {
  BinaryOp op;
  ExprPtr lhs, rhs;
  bool return_bool = false;
  VectorMatching matching;  // meaningful if both sides are vectors
};

enum class AggregateOp : std::uint8_t {
  kSum,
  kAvg,
  kCount,
  kMin,
  kMax,
  kGroup,
  kStddev,
  kStdvar,
  kTopk,
  kBottomk,
  kCountValues,
  kQuantile,
  kLimitk,
  kLimitRatio,
};
std::string_view to_string(AggregateOp op);

struct Aggregate {
  AggregateOp op;
  ExprPtr expr;
  ExprPtr param;  // topk(param, expr); null for those without
  std::vector<std::string> grouping;
  bool without = false;
};
struct Call {
  const FunctionSpec* function;
  std::vector<ExprPtr> args;
};

struct Expr {
  using Node = std::variant<NumberLiteral, StringLiteral, VectorSelector, MatrixSelector, Subquery,
                            Paren, Unary, Binary, Aggregate, Call>;
  Node node;
  PositionRange position;
  ValueType type = ValueType::kNone;
};

// The expression inside any number of parentheses.
const Expr& without_parens(const Expr& expr);

}  // namespace silverback::promql
