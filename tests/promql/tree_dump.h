// A tree as text with everything that matters in it, so that two trees can be compared and a
// difference can be read: `sum by (job) (a)` is (sum by [job] (vector a __name__="a")).
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/number_text.h"
#include "promql/ast.h"
#include "promql/functions.h"

namespace silverback::testing {

class TreeDump {
 public:
  static std::string of(const promql::Expr& expr) { return TreeDump().text(expr); }

 private:
  std::string text(const promql::Expr& expr) const {
    return std::visit([&](const auto& node) { return "(" + text(node) + ")"; }, expr.node);
  }
  std::string text(const promql::NumberLiteral& node) const {
    return (node.is_duration ? "duration " : "number ") + format_float(node.value);
  }
  std::string text(const promql::StringLiteral& node) const {
    return "string " + quote(node.value);
  }
  // Matchers sorted: their order means nothing, and the printer sorts them.
  std::string text(const promql::VectorSelector& node) const {
    std::vector<std::string> matchers;
    for (const Matcher& matcher : node.matchers) matchers.push_back(matcher.to_string());
    std::sort(matchers.begin(), matchers.end());
    std::string out = "vector " + node.name;
    for (const std::string& matcher : matchers) out += " " + matcher;
    if (node.anchored) out += " anchored";
    if (node.smoothed) out += " smoothed";
    return out + text(node.at) + text(" offset ", node.offset);
  }
  std::string text(const promql::MatrixSelector& node) const {
    return "matrix " + text(*node.selector) + text(" range ", node.range);
  }
  std::string text(const promql::Subquery& node) const {
    return "subquery " + text(*node.expr) + text(" range ", node.range) +
           (node.default_step ? " default step" : text(" step ", node.step)) + text(node.at) +
           text(" offset ", node.offset);
  }
  std::string text(const promql::Paren& node) const { return "paren " + text(*node.expr); }
  std::string text(const promql::Unary& node) const {
    return (node.negative ? "- " : "+ ") + text(*node.expr);
  }
  std::string text(const promql::Binary& node) const {
    return std::string(to_string(node.op)) + (node.return_bool ? " bool" : "") +
           text(node.matching) + " " + text(*node.lhs) + " " + text(*node.rhs);
  }
  std::string text(const promql::Aggregate& node) const {
    return std::string(to_string(node.op)) + (node.without ? " without " : " by ") +
           text(node.grouping) + (node.param ? " " + text(*node.param) : "") + " " +
           text(*node.expr);
  }
  std::string text(const promql::Call& node) const {
    std::string out(node.function->name);
    for (const promql::ExprPtr& arg : node.args) out += " " + text(*arg);
    return out;
  }
  std::string text(const promql::AtModifier& at) const {
    switch (at.kind) {
      case promql::AtModifier::Kind::kNone:
        return "";
      case promql::AtModifier::Kind::kTimestamp:
        return " @ " + std::to_string(at.t);
      case promql::AtModifier::Kind::kStart:
        return " @ start";
      case promql::AtModifier::Kind::kEnd:
        return " @ end";
    }
    __builtin_unreachable();
  }
  std::string text(std::string_view word, const promql::DurationValue& duration) const {
    if (duration.expr != nullptr) return std::string(word) + text(*duration.expr);
    if (duration.ms == 0) return "";
    return std::string(word) + std::to_string(duration.ms);
  }
  std::string text(const promql::VectorMatching& matching) const {
    constexpr std::string_view kCards[] = {"", " group_left ", " group_right ", " many"};
    std::string out(matching.on ? " on " : " ignoring ");
    out += text(matching.labels);
    out += kCards[static_cast<std::size_t>(matching.card)];
    if (!matching.include.empty()) out += text(matching.include);
    if (matching.fill_left) out += " left " + format_float(*matching.fill_left);
    if (matching.fill_right) out += " right " + format_float(*matching.fill_right);
    return out == " ignoring []" ? "" : out;
  }
  std::string text(const std::vector<std::string>& labels) const {
    std::string out = "[";
    for (const std::string& label : labels) out += (out.size() > 1 ? "," : "") + quote(label);
    return out + "]";
  }
};

}  // namespace silverback::testing
