#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "base/labels.h"
#include "base/number_text.h"
#include "promql/functions.h"
#include "promql/parser.h"

namespace silverback::promql {
namespace {

std::string duration_literal(double seconds) {
  // format_duration knows no -0, which as a number is not 0.
  if (seconds == 0) return std::signbit(seconds) ? "-0s" : "0s";
  return format_duration(static_cast<DurationMs>(std::round(seconds * 1000)));
}

// Seconds with exactly three decimals.
std::string format_timestamp(TimestampMs t) {
  const auto magnitude = t < 0 ? 0 - static_cast<std::uint64_t>(t) : static_cast<std::uint64_t>(t);
  std::array<char, 32> buffer;
  const int bytes = std::snprintf(buffer.data(), buffer.size(), "%s%llu.%03llu", t < 0 ? "-" : "",
                                  static_cast<unsigned long long>(magnitude / 1000),
                                  static_cast<unsigned long long>(magnitude % 1000));
  return {buffer.data(), static_cast<std::size_t>(bytes)};
}

// `inf` and `nan` are numbers where a grouping is read, so as labels they need quotes.
bool needs_quotes(std::string_view label) {
  return !is_legacy_label_name(label) || (label.size() == 3 && parse_float(label));
}

// `+Inf ^ 2` would be read as +(Inf ^ 2).
bool is_infinite_base(const Binary& node) {
  const auto* base = std::get_if<NumberLiteral>(&node.lhs->node);
  return node.op == BinaryOp::kPow && base != nullptr && std::isinf(base->value);
}

class Printer {
 public:
  std::string take() && { return std::move(out_); }

  void print(const Expr& expr) {
    std::visit([this](const auto& node) { print(node); }, expr.node);
  }

 private:
  void print(const NumberLiteral& node) {
    out_ += node.is_duration ? duration_literal(node.value) : format_float(node.value);
  }
  void print(const StringLiteral& node) { out_ += quote(node.value); }
  void print(const VectorSelector& node) {
    print_matchers(node);
    print_modifiers(node);
  }
  void print(const MatrixSelector& node) {
    const auto& selector = std::get<VectorSelector>(node.selector->node);
    print_matchers(selector);
    out_ += '[';
    print(node.range);
    out_ += ']';
    print_modifiers(selector);
  }
  void print(const Subquery& node);
  void print(const Paren& node) {
    out_ += '(';
    print(*node.expr);
    out_ += ')';
  }
  void print(const Unary& node) {
    out_ += node.negative ? '-' : '+';
    print(*node.expr);
  }
  void print(const Binary& node);
  void print(const Aggregate& node);
  void print(const Call& node);

  void print(const DurationValue& duration) {
    if (duration.expr != nullptr) {
      print(*duration.expr);
    } else {
      out_ += format_duration(duration.ms);
    }
  }
  void print_matchers(const VectorSelector& node);
  void print_modifiers(const VectorSelector& node) {
    if (node.anchored) out_ += " anchored";
    if (node.smoothed) out_ += " smoothed";
    print_at_and_offset(node.at, node.offset);
  }
  void print_at_and_offset(const AtModifier& at, const DurationValue& offset);
  void print_matching(const VectorMatching& matching);
  void print_fills(const VectorMatching& matching);
  void print_labels(const std::vector<std::string>& labels);

  std::string out_;
};

void Printer::print(const Subquery& node) {
  print(*node.expr);
  out_ += '[';
  print(node.range);
  out_ += ':';
  if (!node.default_step) print(node.step);
  out_ += ']';
  print_at_and_offset(node.at, node.offset);
}

// Sorted; the name only once, in front of the braces.
void Printer::print_matchers(const VectorSelector& node) {
  out_ += node.name;
  std::vector<std::string> matchers;
  const std::size_t count = node.matchers.size() - (node.name.empty() ? 0 : 1);
  for (std::size_t i = 0; i < count; ++i) matchers.push_back(node.matchers[i].to_string());
  std::sort(matchers.begin(), matchers.end());
  if (matchers.empty() && !node.name.empty()) return;
  out_ += '{';
  for (std::size_t i = 0; i < matchers.size(); ++i) {
    if (i > 0) out_ += ',';
    out_ += matchers[i];
  }
  out_ += '}';
}

void Printer::print_at_and_offset(const AtModifier& at, const DurationValue& offset) {
  switch (at.kind) {
    case AtModifier::Kind::kNone:
      break;
    case AtModifier::Kind::kTimestamp:
      out_ += " @ " + format_timestamp(at.t);
      break;
    case AtModifier::Kind::kStart:
      out_ += " @ start()";
      break;
    case AtModifier::Kind::kEnd:
      out_ += " @ end()";
      break;
  }
  if (offset.ms == 0 && offset.expr == nullptr) return;
  out_ += " offset ";
  print(offset);
}

void Printer::print(const Binary& node) {
  if (is_infinite_base(node)) {
    out_ += "Inf";
  } else {
    print(*node.lhs);
  }
  out_ += ' ';
  out_ += to_string(node.op);
  if (node.return_bool) out_ += " bool";
  print_matching(node.matching);
  out_ += ' ';
  print(*node.rhs);
}

void Printer::print_matching(const VectorMatching& matching) {
  const bool group_left = matching.card == VectorMatching::Card::kManyToOne;
  const bool group_right = matching.card == VectorMatching::Card::kOneToMany;
  if (matching.on || !matching.labels.empty() || group_left || group_right) {
    out_ += matching.on ? " on " : " ignoring ";
    print_labels(matching.labels);
  }
  if (group_left || group_right) {
    out_ += group_left ? " group_left " : " group_right ";
    print_labels(matching.include);
  }
  print_fills(matching);
}

void Printer::print_fills(const VectorMatching& matching) {
  const auto print_fill = [this](std::string_view word, const std::optional<double>& value) {
    if (value) out_.append(word).append(format_float(*value)).append(")");
  };
  if (matching.fill_left && matching.fill_right &&
      format_float(*matching.fill_left) == format_float(*matching.fill_right)) {
    print_fill(" fill (", matching.fill_left);
    return;
  }
  print_fill(" fill_left (", matching.fill_left);
  print_fill(" fill_right (", matching.fill_right);
}

void Printer::print(const Aggregate& node) {
  out_ += to_string(node.op);
  if (node.without || !node.grouping.empty()) {
    out_ += node.without ? " without " : " by ";
    print_labels(node.grouping);
    out_ += ' ';
  }
  out_ += '(';
  if (node.param != nullptr) {
    print(*node.param);
    out_ += ", ";
  }
  print(*node.expr);
  out_ += ')';
}

void Printer::print(const Call& node) {
  out_ += node.function->name;
  out_ += '(';
  for (std::size_t i = 0; i < node.args.size(); ++i) {
    if (i > 0) out_ += ", ";
    print(*node.args[i]);
  }
  out_ += ')';
}

void Printer::print_labels(const std::vector<std::string>& labels) {
  out_ += '(';
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (i > 0) out_ += ", ";
    out_ += needs_quotes(labels[i]) ? quote(labels[i]) : labels[i];
  }
  out_ += ')';
}

}  // namespace

std::string print(const Expr& expr) {
  Printer printer;
  printer.print(expr);
  return std::move(printer).take();
}

}  // namespace silverback::promql
