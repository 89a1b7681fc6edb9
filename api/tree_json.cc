#include "api/tree_json.h"

#include <string>

#include "base/number_text.h"
#include "promql/functions.h"

namespace silverback::api {
namespace {

using promql::ExprPtr;

// Prometheus's short words for types.
std::string_view type_word(promql::ValueType type) {
  switch (type) {
    case promql::ValueType::kScalar:
      return "scalar";
    case promql::ValueType::kVector:
      return "vector";
    case promql::ValueType::kMatrix:
      return "matrix";
    case promql::ValueType::kString:
      return "string";
    case promql::ValueType::kNone:
      break;
  }
  return "none";
}

std::string_view matcher_word(Matcher::Type type) {
  switch (type) {
    case Matcher::Type::kEqual:
      return "=";
    case Matcher::Type::kNotEqual:
      return "!=";
    case Matcher::Type::kRegex:
      return "=~";
    case Matcher::Type::kNotRegex:
      break;
  }
  return "!~";
}

std::string_view card_word(promql::VectorMatching::Card card) {
  switch (card) {
    case promql::VectorMatching::Card::kOneToOne:
      return "one-to-one";
    case promql::VectorMatching::Card::kManyToOne:
      return "many-to-one";
    case promql::VectorMatching::Card::kOneToMany:
      return "one-to-many";
    case promql::VectorMatching::Card::kManyToMany:
      break;
  }
  return "many-to-many";
}

class TreeWriter {
 public:
  explicit TreeWriter(JsonWriter& json) : json_(json) {}

  void write(const promql::Expr& expr) {
    json_.begin_object();
    std::visit([this](const auto& node) { members(node); }, expr.node);
    json_.end_object();
  }

 private:
  void child(std::string_view name, const ExprPtr& expr) {
    json_.key(name);
    if (expr) {
      write(*expr);
    } else {
      json_.null();
    }
  }

  void strings(std::string_view name, const std::vector<std::string>& values) {
    json_.key(name).begin_array();
    for (const std::string& value : values) json_.string(value);
    json_.end_array();
  }

  void at(const promql::AtModifier& modifier) {
    using Kind = promql::AtModifier::Kind;
    json_.key("timestamp");
    if (modifier.kind == Kind::kTimestamp) {
      json_.integer(modifier.t);
    } else {
      json_.null();
    }
    json_.key("startOrEnd");
    if (modifier.kind == Kind::kStart || modifier.kind == Kind::kEnd) {
      json_.string(modifier.kind == Kind::kStart ? "start" : "end");
    } else {
      json_.null();
    }
  }

  void selector(const promql::VectorSelector& node) {
    json_.key("name").string(node.name);
    json_.key("offset").integer(node.offset.ms);
    json_.key("matchers").begin_array();
    for (const Matcher& matcher : node.matchers) {
      json_.begin_object().key("name").string(matcher.name());
      json_.key("value").string(matcher.value());
      json_.key("type").string(matcher_word(matcher.type())).end_object();
    }
    json_.end_array();
    at(node.at);
    json_.key("anchored").boolean(node.anchored).key("smoothed").boolean(node.smoothed);
  }

  void members(const promql::NumberLiteral& node) {
    json_.key("type").string("numberLiteral").key("val").string(format_float(node.value));
  }
  void members(const promql::StringLiteral& node) {
    json_.key("type").string("stringLiteral").key("val").string(node.value);
  }
  void members(const promql::VectorSelector& node) {
    json_.key("type").string("vectorSelector");
    selector(node);
  }
  void members(const promql::MatrixSelector& node) {
    json_.key("type").string("matrixSelector").key("range").integer(node.range.ms);
    selector(std::get<promql::VectorSelector>(node.selector->node));
  }
  void members(const promql::Subquery& node) {
    json_.key("type").string("subquery");
    child("expr", node.expr);
    json_.key("range").integer(node.range.ms).key("offset").integer(node.offset.ms);
    json_.key("step").integer(node.step.ms);
    at(node.at);
  }
  void members(const promql::Paren& node) {
    json_.key("type").string("parenExpr");
    child("expr", node.expr);
  }
  void members(const promql::Unary& node) {
    json_.key("type").string("unaryExpr").key("op").string(node.negative ? "-" : "+");
    child("expr", node.expr);
  }
  void members(const promql::Binary& node) {
    json_.key("type").string("binaryExpr").key("op").string(to_string(node.op));
    child("lhs", node.lhs);
    child("rhs", node.rhs);
    json_.key("bool").boolean(node.return_bool);
    json_.key("matching");
    if (node.lhs->type != promql::ValueType::kVector ||
        node.rhs->type != promql::ValueType::kVector) {
      json_.null();
      return;
    }
    json_.begin_object().key("card").string(card_word(node.matching.card));
    strings("labels", node.matching.labels);
    json_.key("on").boolean(node.matching.on);
    strings("include", node.matching.include);
    json_.end_object();
  }
  void members(const promql::Aggregate& node) {
    json_.key("type").string("aggregation").key("op").string(to_string(node.op));
    child("expr", node.expr);
    child("param", node.param);
    strings("grouping", node.grouping);
    json_.key("without").boolean(node.without);
  }
  void members(const promql::Call& node) {
    const promql::FunctionSpec& function = *node.function;
    json_.key("type").string("call").key("func").begin_object();
    json_.key("name").string(function.name).key("argTypes").begin_array();
    for (const promql::ValueType type : function.arg_types) {
      if (type != promql::ValueType::kNone) json_.string(type_word(type));
    }
    json_.end_array();
    const bool unlimited = function.args_max == promql::FunctionSpec::kArgsUnlimited;
    json_.key("variadic").integer(unlimited ? -1 : function.args_max - function.args_min);
    json_.key("returnType").string(type_word(function.result)).end_object();
    json_.key("args").begin_array();
    for (const ExprPtr& arg : node.args) write(*arg);
    json_.end_array();
  }

  JsonWriter& json_;
};

}  // namespace

void write_tree(JsonWriter& json, const promql::Expr& expr) { TreeWriter(json).write(expr); }

}  // namespace silverback::api
