// Random PromQL texts whose types are right: functions come from the table, so a new one is
// generated as soon as it exists.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "promql/ast.h"
#include "promql/functions.h"

namespace silverback::testing {

// What the texts speak of.
struct ExpressionVocabulary {
  std::vector<std::string> metrics;
  std::vector<std::string> labels;
  std::vector<std::string> label_values;
  std::vector<std::string> ranges;  // durations above 0
  std::vector<std::string> steps;
  std::vector<std::string> offsets;
  std::vector<std::string> timestamps;
  std::vector<std::string> excluded_functions;
  std::vector<promql::AggregateOp> excluded_aggregators;
  bool odd_spelling = false;     // keywords in capitals, numbers in hexadecimal, blanks, comments
  bool extended_ranges = false;  // anchored, smoothed
  bool fills = false;
  bool trims = false;  // </ and >/
  bool duration_expressions = false;
  bool quoted_names = false;
};

class RandomExpression {
 public:
  RandomExpression(ExpressionVocabulary vocabulary, std::uint64_t seed);

  // `depth` bounds what is nested; 0 is a literal or a plain selector.
  std::string vector(int depth);
  std::string scalar(int depth);
  std::string matrix(int depth);

 private:
  bool one_in(unsigned n) { return below(n) == 0; }
  unsigned below(std::size_t n);
  template <class T>
  const T& pick(const std::vector<T>& choices) {
    return choices[below(choices.size())];
  }
  std::string_view pick(std::initializer_list<std::string_view> choices) {
    return choices.begin()[below(choices.size())];
  }

  std::string of_type(promql::ValueType type, int depth);
  std::string selector();
  std::string matchers(bool named);
  std::string modifiers(bool in_matrix);
  std::string duration(const std::vector<std::string>& plain, int depth);
  std::string duration_expression(int depth);
  std::string call(promql::ValueType result, int depth);
  std::string arguments(const promql::FunctionSpec& function, int depth);
  std::string aggregate(int depth);
  std::string binary_vector(int depth);
  std::string matching(bool set_operator);
  std::string grouping();
  std::string label_name();
  std::string number();
  std::string string_literal();
  std::string keyword(std::string_view word);
  std::string blank();

  const ExpressionVocabulary vocabulary_;
  std::vector<const promql::FunctionSpec*> vector_functions_, scalar_functions_;
  std::mt19937_64 random_;
};

}  // namespace silverback::testing
