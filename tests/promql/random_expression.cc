#include "tests/promql/random_expression.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/labels.h"

namespace silverback::testing {
namespace {

using promql::AggregateOp;
using promql::FunctionSpec;
using promql::ValueType;

template <class T, class U>
bool contains(const std::vector<T>& values, const U& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

constexpr AggregateOp kAggregators[] = {
    AggregateOp::kSum,     AggregateOp::kAvg,         AggregateOp::kCount,
    AggregateOp::kMin,     AggregateOp::kMax,         AggregateOp::kGroup,
    AggregateOp::kStddev,  AggregateOp::kStdvar,      AggregateOp::kTopk,
    AggregateOp::kBottomk, AggregateOp::kCountValues, AggregateOp::kQuantile,
    AggregateOp::kLimitk,  AggregateOp::kLimitRatio};

}  // namespace

RandomExpression::RandomExpression(ExpressionVocabulary vocabulary, std::uint64_t seed)
    : vocabulary_(std::move(vocabulary)), random_(seed) {
  for (const FunctionSpec& function : promql::all_functions()) {
    if (contains(vocabulary_.excluded_functions, function.name)) continue;
    if (function.result == ValueType::kScalar) scalar_functions_.push_back(&function);
    if (function.result == ValueType::kVector) vector_functions_.push_back(&function);
  }
}

unsigned RandomExpression::below(std::size_t n) { return static_cast<unsigned>(random_() % n); }

std::string RandomExpression::vector(int depth) {
  if (depth <= 0) return selector() + modifiers(false);
  switch (below(10)) {
    case 0:
      return selector() + modifiers(false);
    case 1:
    case 2:
    case 3:
      return call(ValueType::kVector, depth);
    case 4:
    case 5:
      return aggregate(depth);
    case 6:
      return "(" + blank() + vector(depth - 1) + blank() + ")";
    case 7:
      return std::string(pick({"-", "+"})) + blank() + vector(depth - 1);
    default:
      return binary_vector(depth);
  }
}

std::string RandomExpression::scalar(int depth) {
  if (depth <= 0) return number();
  switch (below(6)) {
    case 0:
      return call(ValueType::kScalar, depth);
    case 1:
      return "(" + scalar(depth - 1) + ")";
    case 2:
      return "-" + scalar(depth - 1);
    case 3:
      return scalar(depth - 1) + " " +
             std::string(pick({"+", "-", "*", "/", "%", "^", "atan2", "== bool", "< bool"})) + " " +
             scalar(depth - 1);
    default:
      return number();
  }
}

std::string RandomExpression::matrix(int depth) {
  if (depth <= 0 || !one_in(4)) {
    return selector() + blank() + "[" + duration(vocabulary_.ranges, 2) + "]" + modifiers(true);
  }
  std::string inner = vector(depth - 1);
  // Brackets bind tighter than any operator.
  if (one_in(2) || inner.find_first_of(" -+") != std::string::npos) inner = "(" + inner + ")";
  const std::string step = one_in(4) ? "" : duration(vocabulary_.steps, 2);
  return inner + "[" + duration(vocabulary_.ranges, 2) + ":" + step + "]" + modifiers(false);
}

std::string RandomExpression::of_type(ValueType type, int depth) {
  switch (type) {
    case ValueType::kScalar:
      return scalar(depth);
    case ValueType::kVector:
      return vector(depth);
    case ValueType::kMatrix:
      return matrix(depth);
    default:
      return string_literal();
  }
}

std::string RandomExpression::selector() {
  if (vocabulary_.quoted_names && one_in(6)) {
    return "{" + quote(pick(vocabulary_.metrics)) + matchers(true) + "}";
  }
  const std::string& name = pick(vocabulary_.metrics);
  if (one_in(8)) return "{__name__=~\"" + name + "\"" + matchers(true) + "}";
  return one_in(2) ? name : name + "{" + matchers(false) + "}";
}

std::string RandomExpression::matchers(bool named) {
  std::string out;
  for (unsigned i = below(3); i > 0; --i) {
    if (named || !out.empty()) out += "," + blank();
    const std::string& value = pick(vocabulary_.label_values);
    switch (below(4)) {
      case 0:
        out += label_name() + "=" + quote(value);
        break;
      case 1:
        out += label_name() + "!=" + quote(value);
        break;
      case 2:
        out += label_name() + "=~" + quote(value + "|" + pick(vocabulary_.label_values));
        break;
      default:
        out += label_name() + blank() + "!~" + quote(value + ".*");
    }
  }
  if (!out.empty() && vocabulary_.odd_spelling && one_in(4)) out += ",";
  return out;
}

std::string RandomExpression::modifiers(bool in_matrix) {
  std::string at, offset, extended;
  if (!vocabulary_.timestamps.empty() && one_in(8)) at = " @ " + pick(vocabulary_.timestamps);
  if (!vocabulary_.timestamps.empty() && one_in(16)) {
    at = " @ " + keyword(pick({"start", "end"})) + "()";
  }
  if (!vocabulary_.offsets.empty() && one_in(5)) {
    offset = " " + keyword("offset") + " " + pick(vocabulary_.offsets);
    if (vocabulary_.duration_expressions && one_in(4)) {
      offset = " offset " + std::string(pick({"", "-", "+"})) + "(" + duration_expression(2) + ")";
    }
  }
  if (vocabulary_.extended_ranges && in_matrix && one_in(6)) {
    extended = pick({" anchored", " smoothed"});
  }
  return one_in(2) ? extended + at + offset : offset + at + extended;
}

std::string RandomExpression::duration(const std::vector<std::string>& plain, int depth) {
  if (!vocabulary_.duration_expressions || !one_in(5)) return pick(plain);
  return duration_expression(depth);
}

std::string RandomExpression::duration_expression(int depth) {
  if (depth <= 0) return one_in(4) ? std::string(pick({"step()", "range()"})) : number();
  const std::string a = duration_expression(depth - 1);
  switch (below(5)) {
    case 0:
      return "(" + a + ")";
    case 1:
      return std::string(pick({"-", "+"})) + a;
    case 2:
      return keyword(pick({"min_of", "max_of"})) + "(" + a + "," + duration_expression(depth - 1) +
             ")";
    default:
      return a + blank() + std::string(pick({"+", "-", "*", "/", "%", "^"})) + blank() +
             duration_expression(depth - 1);
  }
}

std::string RandomExpression::call(ValueType result, int depth) {
  const FunctionSpec& function =
      *pick(result == ValueType::kScalar ? scalar_functions_ : vector_functions_);
  return std::string(function.name) + blank() + "(" + arguments(function, depth - 1) + ")";
}

std::string RandomExpression::arguments(const FunctionSpec& function, int depth) {
  // Strings that mean something to the functions that take them.
  if (function.name == "label_replace") {
    return vector(depth) + ", " + quote(pick(vocabulary_.labels)) + ", " +
           std::string(pick({"\"$1\"", "\"new\"", "\"x-$1-$1\"", "\"\""})) + ", " +
           quote(pick(vocabulary_.labels)) + ", " +
           std::string(pick({"\"(.*)\"", "\".*(.)\"", "\"\"", "\"a\""}));
  }
  if (function.name == "info") {
    return vector(depth) + (one_in(2) ? "" : ", {" + matchers(false) + "}");
  }
  const std::size_t most = std::min<std::size_t>(function.args_max, function.args_min + 2u);
  const std::size_t count = function.args_min + below(most - function.args_min + 1);
  std::string out;
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) out += "," + blank();
    const ValueType type = function.arg_type(i);
    const bool names_label =
        type == ValueType::kString && !(function.name == "label_join" && i == 2);
    out += names_label ? quote(pick(vocabulary_.labels)) : of_type(type, depth);
  }
  return out;
}

std::string RandomExpression::aggregate(int depth) {
  AggregateOp op;
  do {
    op = kAggregators[below(std::size(kAggregators))];
  } while (contains(vocabulary_.excluded_aggregators, op));
  std::string param;
  switch (op) {
    case AggregateOp::kTopk:
    case AggregateOp::kBottomk:
    case AggregateOp::kLimitk:
      param = std::string(pick({"0", "1", "2", "3", "5"})) + ", ";
      break;
    case AggregateOp::kQuantile:
      param = std::string(pick({"0", "0.5", "0.9", "1"})) + ", ";
      break;
    case AggregateOp::kLimitRatio:
      param = std::string(pick({"0.5", "-0.5", "1"})) + ", ";
      break;
    case AggregateOp::kCountValues:
      param = quote(pick(vocabulary_.labels)) + ", ";
      break;
    default:
      break;
  }
  const std::string name = keyword(to_string(op));
  const std::string body = "(" + param + vector(depth - 1) + ")";
  if (one_in(3)) return name + body;
  const std::string modifier = " " + keyword(pick({"by", "without"})) + blank() + grouping();
  return one_in(2) ? name + modifier + " " + body : name + body + modifier;
}

std::string RandomExpression::grouping() {
  std::string out = "(";
  for (unsigned i = below(3); i > 0; --i) out += label_name() + (i > 1 ? "," + blank() : "");
  return out + ")";
}

std::string RandomExpression::binary_vector(int depth) {
  const auto op = [&] {
    if (vocabulary_.trims && one_in(10)) return std::string(pick({"</", ">/"}));
    return std::string(
        pick({"+", "-", "*", "/", "%", "^", "atan2", "==", "!=", ">", "<", ">=", "<="}));
  };
  const auto comparison = [](const std::string& text) {
    return text != "</" && text != ">/" && text.find_first_of("=<>") != std::string::npos;
  };
  std::string name = op();
  const std::string modifier = comparison(name) && one_in(3) ? " " + keyword("bool") : "";
  switch (below(5)) {
    case 0:
      return scalar(depth - 1) + " " + name + modifier + " " + vector(depth - 1);
    case 1:
      return vector(depth - 1) + " " + name + modifier + " " + scalar(depth - 1);
    case 2:
      return vector(depth - 1) + " " + keyword(pick({"and", "or", "unless"})) + matching(true) +
             " " + vector(depth - 1);
    default:
      return vector(depth - 1) + " " + name + modifier + matching(false) + " " + vector(depth - 1);
  }
}

std::string RandomExpression::matching(bool set_operator) {
  if (one_in(3)) return "";
  // group_left must not name a label of on().
  std::vector<std::string> labels = vocabulary_.labels;
  std::shuffle(labels.begin(), labels.end(), random_);
  std::string out = " " + keyword(pick({"on", "ignoring"})) + "(";
  const std::size_t matched = below(std::min<std::size_t>(labels.size(), 3));
  for (std::size_t i = 0; i < matched; ++i) out += (i > 0 ? "," : "") + quote(labels[i]);
  out += ")";
  if (set_operator) return out;
  if (one_in(2)) {
    out += " " + keyword(pick({"group_left", "group_right"}));
    if (one_in(2)) out += "(" + quote(labels.back()) + ")";
  }
  if (vocabulary_.fills && one_in(4)) {
    out += pick({" fill(1)", " fill_left(-2.5)", " fill_right(NaN) fill_left (0)", " fill (-Inf)"});
  }
  return out;
}

std::string RandomExpression::label_name() {
  const std::string& name = pick(vocabulary_.labels);
  return is_legacy_label_name(name) && !(vocabulary_.quoted_names && one_in(4)) ? name
                                                                                : quote(name);
}

std::string RandomExpression::number() {
  if (vocabulary_.odd_spelling && one_in(3)) {
    return std::string(pick(
        {"0x1F", "010", "1_000", ".5", "5.", "1e-3", "1E3", "5m", "1h30m", "Inf", "NaN", "0"}));
  }
  return std::string(pick({"0", "1", "2", "3", "0.5", "10", "60", "100", "1.5", "0.25"}));
}

std::string RandomExpression::string_literal() {
  if (!vocabulary_.odd_spelling) return std::string(pick({"\"-\"", "\"\"", "\"x\""}));
  return std::string(pick({"\"a\"", "'it\"s'", "`raw\\`", "\"\\xff\\u00e9\\n\"", "\"\""}));
}

std::string RandomExpression::keyword(std::string_view word) {
  std::string out(word);
  if (!vocabulary_.odd_spelling || !one_in(4)) return out;
  for (char& c : out) {
    if (c >= 'a' && c <= 'z' && one_in(2)) c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

std::string RandomExpression::blank() {
  if (!vocabulary_.odd_spelling || !one_in(6)) return "";
  return std::string(pick({" ", "\t", "\n", " # ) comment (\n"}));
}

}  // namespace silverback::testing
