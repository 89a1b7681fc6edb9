// A template as a tree: what the parser makes and the execution walks.
//
//   List       = Statement…
//   Statement  = text | {{pipeline}} | if | with | range | template | break | continue
//   Pipeline   = $x, $y := Command | Command…
//   Command    = Operand Operand…             (the first may be a function)
//   Operand    = . | nil | true | 1 | "a" | .A.B | $x.A | name | (Pipeline) | Operand.A.B
//
// Every node knows its byte in the text and can say itself again, because execution errors show it.
// Threads: immutable once parsed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace silverback::templates {

struct Node {
  explicit Node(std::size_t at) : position(at) {}
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  virtual ~Node() = default;

  virtual std::string to_string() const = 0;

  const std::size_t position;
};

struct Pipeline;

// What a number can be taken for. A constant is an integer unless it is written as a float.
struct Number {
  std::optional<std::int64_t> integer;
  double real = 0;
  bool is_written_as_float = false;
  bool is_unsigned_only = false;  // above the largest int64
};

struct Operand final : Node {
  enum class Kind : std::uint8_t {
    kDot,
    kNil,
    kBool,
    kNumber,
    kString,
    kField,     // names: A, B
    kVariable,  // names: $x, A, B
    kFunction,  // text
    kPipeline,  // in parentheses
    kChain,     // names after `base`
  };
  Operand(std::size_t at, Kind operand_kind, std::string as_written)
      : Node(at), kind(operand_kind), text(std::move(as_written)) {}
  ~Operand() override;

  std::string to_string() const override;

  const Kind kind;
  std::string text;  // as written
  std::string string;
  bool boolean = false;
  Number number;
  std::vector<std::string> names;
  std::unique_ptr<Pipeline> pipeline;
  std::unique_ptr<Operand> base;
};

struct Command final : Node {
  using Node::Node;
  std::string to_string() const override;

  std::vector<std::unique_ptr<Operand>> operands;  // at least one
};

struct Pipeline final : Node {
  using Node::Node;
  std::string to_string() const override;

  std::vector<std::string> variables;  // at most one; two in `range`
  bool is_assignment = false;          // `=`, not `:=`
  std::vector<std::unique_ptr<Command>> commands;
};

struct Statement;
using List = std::vector<std::unique_ptr<Statement>>;

struct Statement final : Node {
  enum class Kind : std::uint8_t {
    kText,
    kAction,
    kIf,
    kWith,
    kRange,
    kTemplate,
    kBreak,
    kContinue,
    // Only inside the parser: what ends a list.
    kElse,
    kEnd,
  };
  Statement(std::size_t at, Kind statement_kind) : Node(at), kind(statement_kind) {}

  std::string to_string() const override;

  const Kind kind;
  std::string text;                    // of text; the name of the template to call
  std::unique_ptr<Pipeline> pipeline;  // null: a template called without data
  List body, otherwise;
};

// Everything that one text defines.
struct Tree {
  std::string name;
  std::string text;
  std::map<std::string, List, std::less<>> templates;  // the text's own is under `name`
};

}  // namespace silverback::templates
