#include "rules/template/execution.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/labels.h"

namespace silverback::templates {
namespace {

enum class Flow : std::uint8_t { kOn, kBreak, kContinue };

// What is shared by all templates of one run.
struct Run {
  const Tree& tree;
  const Environment& environment;
  const ExecutionLimits& limits;
  std::string out;
  std::size_t steps = 0;
};

// The value that a pipeline hands to its next command; none at the first.
using Piped = std::optional<Value>;
using Operands = std::span<const std::unique_ptr<Operand>>;

// One template at work: the main one, or one that a template calls.
class Frame {
 public:
  Frame(Run& run, std::string_view name, std::size_t depth, const Value& data)
      : run_(run), name_(name), depth_(depth) {
    variables_.push_back({"$", data});
  }

  Result<Flow> walk(const List& list, const Value& dot);

 private:
  struct Variable {
    std::string_view name;
    Value value;
  };

  tl::unexpected<Error> error(const std::string& message) const;
  void at(const Node& node) { node_ = &node; }
  Status step(std::size_t count = 1);
  Status write(std::string_view text);

  Result<Flow> statement(const Statement& statement, const Value& dot);
  Result<Flow> branch(const Statement& statement, const Value& dot);
  Result<Flow> loop(const Statement& statement, const Value& dot);
  Result<Flow> loop_over_number(const Statement& statement, const Value& number);
  Result<Flow> pass(const Statement& statement, const Value& index, const Value& element);
  Status call_template(const Statement& statement, const Value& dot);

  Result<Value> pipeline(const Pipeline& pipeline, const Value& dot);
  Result<Value> command(const Command& command, const Value& dot, const Piped& piped);
  Result<Value> constant(const Operand& operand, const Value& dot);
  Status refuse_arguments(Operands operands, const Piped& piped);
  Result<Value> field(const Operand& operand, const Value& dot, Operands arguments,
                      const Piped& piped);
  Result<Value> variable(const Operand& operand, const Value& dot, Operands arguments,
                         const Piped& piped);
  Result<Value> chain(const Operand& operand, const Value& dot, Operands arguments,
                      const Piped& piped);
  Result<Value> fields_of(Value receiver, const Operand& operand,
                          std::span<const std::string> names, const Value& dot, Operands arguments,
                          const Piped& piped);
  Result<Value> field_of(const Value& receiver, bool is_interface, const std::string& name,
                         const Operand& operand, const Value& dot, Operands arguments,
                         const Piped& piped);
  Result<Value> function(const Operand& operand, const Node& whole, const Value& dot,
                         Operands arguments, const Piped& piped);
  Result<Value> call(const Function& function, const Value* receiver, const Node& whole,
                     const Value& dot, Operands arguments, const Piped& piped);
  Result<Value> first_that_decides(const Function& function, const Value& dot, Operands arguments,
                                   const Piped& piped);
  Result<Value> argument(Parameter parameter, const Operand& operand, const Value& dot);
  Result<Value> typed_constant(Parameter parameter, const Operand& operand);
  Result<Value> fit(Parameter parameter, Value value);

  Result<Value*> find_variable(std::string_view name);

  Run& run_;
  const std::string_view name_;
  const std::size_t depth_;
  std::vector<Variable> variables_;
  const Node* node_ = nullptr;  // at work, for errors
};

tl::unexpected<Error> Frame::error(const std::string& message) const {
  const std::size_t position = node_ ? node_->position : 0;
  const std::string_view before = std::string_view(run_.tree.text).substr(0, position);
  const std::size_t line_start = before.rfind('\n') + 1;  // 0 on the first line
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  std::string text = "template: " + run_.tree.name + ':' + std::to_string(line) + ':' +
                     std::to_string(position - line_start);
  text += ": executing " + quote(name_) + " at <" + (node_ ? node_->to_string() : "") + ">: ";
  return fail(ErrorCode::kExecution, text + message);
}

Status Frame::step(std::size_t count) {
  run_.steps += count;
  if (run_.steps <= run_.limits.steps_max) return {};
  return error("more than " + std::to_string(run_.limits.steps_max) + " steps");
}

Status Frame::write(std::string_view text) {
  if (run_.out.size() + text.size() > run_.limits.output_bytes_max) {
    return error("output of more than " + std::to_string(run_.limits.output_bytes_max) + " bytes");
  }
  run_.out += text;
  return {};
}

// ---- Statements

Result<Flow> Frame::walk(const List& list, const Value& dot) {
  for (const auto& next : list) {
    const Flow flow = TRY(statement(*next, dot));
    if (flow != Flow::kOn) return flow;
  }
  return Flow::kOn;
}

Result<Flow> Frame::statement(const Statement& statement, const Value& dot) {
  TRY(step());
  switch (statement.kind) {
    case Statement::Kind::kText:
      TRY(write(statement.text));
      return Flow::kOn;
    case Statement::Kind::kAction: {
      const Value value = TRY(pipeline(*statement.pipeline, dot));
      if (statement.pipeline->variables.empty()) TRY(write(to_text(value)));
      return Flow::kOn;
    }
    case Statement::Kind::kIf:
    case Statement::Kind::kWith:
      return branch(statement, dot);
    case Statement::Kind::kRange:
      return loop(statement, dot);
    case Statement::Kind::kTemplate:
      TRY(call_template(statement, dot));
      return Flow::kOn;
    case Statement::Kind::kBreak:
      return Flow::kBreak;
    case Statement::Kind::kContinue:
      return Flow::kContinue;
    case Statement::Kind::kElse:
    case Statement::Kind::kEnd:
      break;
  }
  return Flow::kOn;
}

Result<Flow> Frame::branch(const Statement& statement, const Value& dot) {
  const std::size_t variables = variables_.size();
  const Value value = TRY(pipeline(*statement.pipeline, dot));
  const bool is_with = statement.kind == Statement::Kind::kWith;
  const Flow flow = TRY(is_true(value) ? walk(statement.body, is_with ? value : dot)
                                       : walk(statement.otherwise, dot));
  variables_.resize(variables);
  return flow;
}

// One time through a loop's body.
Result<Flow> Frame::pass(const Statement& statement, const Value& index, const Value& element) {
  TRY(step());
  const Pipeline& subject = *statement.pipeline;
  const std::size_t count = subject.variables.size();
  const std::size_t variables = variables_.size();
  for (std::size_t i = 0; i < count; ++i) {
    // Alone, a variable takes the element.
    const Value& value = i + 1 == count ? element : index;
    if (subject.is_assignment) {
      Value* const target = TRY(find_variable(subject.variables[i]));
      *target = value;
    } else {
      variables_[variables - count + i].value = value;
    }
  }
  const Flow flow = TRY(walk(statement.body, element));
  variables_.resize(variables);
  return flow;
}

Result<Flow> Frame::loop_over_number(const Statement& statement, const Value& number) {
  if (statement.pipeline->variables.size() > 1) {
    return error("can't use " + to_text(number) + " to iterate over more than one variable");
  }
  for (std::int64_t i = 0; i < number.integer(); ++i) {
    const Value element = Value::integer(i, number.type());
    const Flow flow = TRY(pass(statement, element, element));
    if (flow == Flow::kBreak) break;
  }
  return number.integer() > 0 ? Flow::kBreak : Flow::kOn;
}

// kOn from inside means that there was nothing to go through.
Result<Flow> Frame::loop(const Statement& statement, const Value& dot) {
  const std::size_t variables = variables_.size();
  const Value value = TRY(pipeline(*statement.pipeline, dot));
  bool any = false;
  switch (value.type()) {
    case Type::kStringMap:
      for (const Label& label : value.labels()) {
        any = true;
        const Flow flow = TRY(pass(statement, Value(label.name), Value(label.value)));
        if (flow == Flow::kBreak) break;
      }
      break;
    case Type::kAnyMap:
      for (const auto& entry : value.map()) {
        any = true;
        const Flow flow = TRY(pass(statement, Value(entry.first), entry.second));
        if (flow == Flow::kBreak) break;
      }
      break;
    case Type::kSamples:
      for (std::size_t i = 0; i < value.samples().size(); ++i) {
        any = true;
        const Value index = Value::integer(static_cast<std::int64_t>(i));
        const Flow flow = TRY(pass(statement, index, Value(value.samples()[i])));
        if (flow == Flow::kBreak) break;
      }
      break;
    case Type::kNone:
      break;
    default: {
      const Kind kind = kind_of(value);
      if (kind != Kind::kInt && kind != Kind::kUint) {
        return error("range can't iterate over " + to_text(value));
      }
      const Flow flow = TRY(loop_over_number(statement, value));
      any = flow == Flow::kBreak;
    }
  }
  Flow flow = Flow::kOn;
  if (!any) flow = TRY(walk(statement.otherwise, dot));
  variables_.resize(variables);
  return flow;
}

Status Frame::call_template(const Statement& statement, const Value& dot) {
  at(statement);
  const auto found = run_.tree.templates.find(statement.text);
  if (found == run_.tree.templates.end()) {
    return error("template " + quote(statement.text) + " not defined");
  }
  if (depth_ == run_.limits.depth_max) {
    return error("exceeded maximum template depth (" + std::to_string(run_.limits.depth_max) + ")");
  }
  Value data;
  if (statement.pipeline) data = TRY(pipeline(*statement.pipeline, dot));
  Frame frame(run_, found->first, depth_ + 1, data);
  TRY(frame.walk(found->second, data));
  return {};
}

// ---- Pipelines

Result<Value*> Frame::find_variable(std::string_view name) {
  const auto found = std::find_if(variables_.rbegin(), variables_.rend(),
                                  [&](const Variable& variable) { return variable.name == name; });
  if (found == variables_.rend()) return error("undefined variable: " + std::string(name));
  return &found->value;
}

Result<Value> Frame::pipeline(const Pipeline& pipeline, const Value& dot) {
  at(pipeline);
  Piped piped;
  for (const auto& next : pipeline.commands) {
    Value value = TRY(command(*next, dot, piped));
    piped = std::move(value);
  }
  for (const std::string& name : pipeline.variables) {
    if (pipeline.is_assignment) {
      Value* const target = TRY(find_variable(name));
      *target = *piped;
    } else {
      variables_.push_back({name, *piped});
    }
  }
  return *std::move(piped);
}

Result<Value> Frame::command(const Command& command, const Value& dot, const Piped& piped) {
  TRY(step());
  const Operand& first = *command.operands.front();
  const Operands arguments = Operands(command.operands).subspan(1);
  switch (first.kind) {
    case Operand::Kind::kField:
      return field(first, dot, arguments, piped);
    case Operand::Kind::kChain:
      return chain(first, dot, arguments, piped);
    case Operand::Kind::kVariable:
      return variable(first, dot, arguments, piped);
    case Operand::Kind::kFunction:
      at(first);
      return function(first, command, dot, arguments, piped);
    case Operand::Kind::kPipeline:
      TRY(refuse_arguments(command.operands, piped));
      return pipeline(*first.pipeline, dot);
    default:
      break;
  }
  at(first);
  TRY(refuse_arguments(command.operands, piped));
  if (first.kind == Operand::Kind::kNil) return error("nil is not a command");
  return constant(first, dot);
}

Status Frame::refuse_arguments(Operands operands, const Piped& piped) {
  if (operands.size() <= 1 && !piped) return {};
  return error("can't give argument to non-function " + operands.front()->to_string());
}

// The value of an operand that no argument can change.
Result<Value> Frame::constant(const Operand& operand, const Value& dot) {
  switch (operand.kind) {
    case Operand::Kind::kDot:
      return dot;
    case Operand::Kind::kBool:
      return Value(operand.boolean);
    case Operand::Kind::kString:
      return Value(operand.string);
    case Operand::Kind::kNumber:
      if (operand.number.is_written_as_float) return Value(operand.number.real);
      if (operand.number.is_unsigned_only) return error(operand.text + " overflows int");
      return Value::integer(*operand.number.integer);
    default:
      return Value();
  }
}

Result<Value> Frame::field(const Operand& operand, const Value& dot, Operands arguments,
                           const Piped& piped) {
  at(operand);
  return fields_of(dot, operand, operand.names, dot, arguments, piped);
}

Result<Value> Frame::variable(const Operand& operand, const Value& dot, Operands arguments,
                              const Piped& piped) {
  at(operand);
  Value* const found = TRY(find_variable(operand.names.front()));
  const Value value = *found;
  const std::span<const std::string> fields = std::span(operand.names).subspan(1);
  if (!fields.empty()) return fields_of(value, operand, fields, dot, arguments, piped);
  if (!arguments.empty() || piped) {
    return error("can't give argument to non-function " + operand.to_string());
  }
  return value;
}

Result<Value> Frame::chain(const Operand& operand, const Value& dot, Operands arguments,
                           const Piped& piped) {
  at(operand);
  const Value base = TRY(argument(Parameter::kAny, *operand.base, dot));
  return fields_of(base, operand, operand.names, dot, arguments, piped);
}

// .A.B.C: only the last may be a method with arguments.
Result<Value> Frame::fields_of(Value receiver, const Operand& operand,
                               std::span<const std::string> names, const Value& dot,
                               Operands arguments, const Piped& piped) {
  bool is_interface = false;  // the static type of what the field before gave
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool is_last = i + 1 == names.size();
    const bool gives_interface =
        receiver.is(Type::kAnyMap) || (receiver.is(Type::kAlertData) && names[i] == "Value");
    Value next = TRY(field_of(receiver, is_interface, names[i], operand, dot,
                              is_last ? arguments : Operands(), is_last ? piped : Piped()));
    receiver = std::move(next);
    is_interface = gives_interface;
  }
  return receiver;
}

// The field of a struct. nullopt if the struct has none of that name.
std::optional<Value> struct_field(const Value& receiver, std::string_view name) {
  if (receiver.is(Type::kSample) && receiver.sample()) {
    if (name == "Labels") return Value::labels(receiver.sample()->labels);
    if (name == "Value") return Value(receiver.sample()->value);
  }
  if (receiver.is(Type::kAlertData)) {
    const AlertData& data = receiver.alert_data();
    if (name == "Labels") return data.labels;
    if (name == "ExternalLabels") return data.external_labels;
    if (name == "ExternalURL") return data.external_url;
    if (name == "Value") return data.value;
  }
  return std::nullopt;
}

Result<Value> Frame::field_of(const Value& receiver, bool is_interface, const std::string& name,
                              const Operand& operand, const Value& dot, Operands arguments,
                              const Piped& piped) {
  TRY(step());
  if (receiver.is_none() && !is_interface) return Value();
  const std::string type(is_interface ? "interface {}" : type_name(receiver));
  if (const Function* const method = find_method(receiver.type(), name)) {
    return call(*method, &receiver, operand, dot, arguments, piped);
  }
  if (const int results = unusable_results(receiver.type(), name); results > 0) {
    return error("function " + name + " has " + std::to_string(results) +
                 " return values; should be 1 or 2");
  }
  const bool has_arguments = !arguments.empty() || piped;
  if (const std::optional<Value> found = struct_field(receiver, name)) {
    if (has_arguments) return error(name + " has arguments but cannot be invoked as function");
    return *found;
  }
  if (kind_of(receiver) == Kind::kMap) {
    if (has_arguments) return error(name + " is not a method but has arguments");
    if (receiver.is(Type::kStringMap)) return Value(receiver.labels().get(name));
    const auto found = receiver.map().find(name);
    return found == receiver.map().end() ? Value() : found->second;
  }
  if (receiver.is_none() || (receiver.is(Type::kSample) && !receiver.sample())) {
    return error("nil pointer evaluating " + type + '.' + name);
  }
  return error("can't evaluate field " + name + " in type " + type);
}

// ---- Calls

Result<Value> Frame::function(const Operand& operand, const Node& whole, const Value& dot,
                              Operands arguments, const Piped& piped) {
  at(operand);
  const Function* const found = find_function(operand.text);
  if (!found) return error(quote(operand.text) + " is not a defined function");
  return call(*found, nullptr, whole, dot, arguments, piped);
}

// `and` and `or`: the first argument that decides, or the last one; the others are not evaluated.
Result<Value> Frame::first_that_decides(const Function& function, const Value& dot,
                                        Operands arguments, const Piped& piped) {
  const bool wanted = function.special == Function::Special::kOr;
  Value value;
  for (const auto& operand : arguments) {
    value = TRY(argument(Parameter::kAny, *operand, dot));
    if (is_true(value) == wanted) return value;
  }
  return piped ? *piped : value;
}

Result<Value> Frame::call(const Function& function, const Value* receiver, const Node& whole,
                          const Value& dot, Operands arguments, const Piped& piped) {
  const std::size_t given = arguments.size() + (piped ? 1 : 0);
  const std::size_t fixed = function.parameters.size() - (function.is_variadic ? 1 : 0);
  if (function.is_variadic ? given < fixed : given != fixed) {
    return error("wrong number of args for " + std::string(function.name) + ": want " +
                 (function.is_variadic ? "at least " : "") + std::to_string(fixed) + " got " +
                 std::to_string(given));
  }
  if (function.special != Function::Special::kNo) {
    return first_that_decides(function, dot, arguments, piped);
  }
  const auto parameter = [&](std::size_t i) {
    return i < fixed ? function.parameters[i] : function.parameters.back();
  };
  std::vector<Value> values;
  values.reserve(given + 1);
  if (receiver) values.push_back(*receiver);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    Value value = TRY(argument(parameter(i), *arguments[i], dot));
    values.push_back(std::move(value));
  }
  if (piped) {
    Value value = TRY(fit(parameter(given - 1), *piped));
    values.push_back(std::move(value));
  }
  const std::string first =
      arguments.empty() || function.name != "call" ? "" : arguments[0]->to_string();
  Result<Value> result = function.run({values, run_.environment, first});
  if (!result) {
    at(whole);
    return error("error calling " + std::string(function.name) + ": " + result.error().message);
  }
  if (kind_of(*result) == Kind::kString) {
    constexpr std::size_t kBytesPerStep = 64;
    TRY(step(result->string().size() / kBytesPerStep));
    if (result->string().size() > run_.limits.output_bytes_max) {
      at(whole);
      return error("text of more than " + std::to_string(run_.limits.output_bytes_max) + " bytes");
    }
  }
  return result;
}

// The value of an argument, for a parameter.
Result<Value> Frame::argument(Parameter parameter, const Operand& operand, const Value& dot) {
  TRY(step());
  at(operand);
  Value value;
  switch (operand.kind) {
    case Operand::Kind::kDot:
      return fit(parameter, dot);
    case Operand::Kind::kNil:
      if (parameter == Parameter::kSample || parameter == Parameter::kSamples ||
          parameter == Parameter::kAny) {
        return fit(parameter, Value());
      }
      return error("cannot assign nil to " + std::string(type_name(parameter)));
    case Operand::Kind::kField:
      value = TRY(field(operand, dot, {}, {}));
      return fit(parameter, std::move(value));
    case Operand::Kind::kVariable:
      value = TRY(variable(operand, dot, {}, {}));
      return fit(parameter, std::move(value));
    case Operand::Kind::kPipeline:
      value = TRY(pipeline(*operand.pipeline, dot));
      return fit(parameter, std::move(value));
    case Operand::Kind::kFunction:
      value = TRY(function(operand, operand, dot, {}, {}));
      return fit(parameter, std::move(value));
    case Operand::Kind::kChain:
      value = TRY(chain(operand, dot, {}, {}));
      return fit(parameter, std::move(value));
    default:
      break;
  }
  if (parameter == Parameter::kAny) return constant(operand, dot);
  return typed_constant(parameter, operand);
}

// A constant for a typed parameter: Go's constants take the parameter's type, if they can.
Result<Value> Frame::typed_constant(Parameter parameter, const Operand& operand) {
  switch (parameter) {
    case Parameter::kString:
      if (operand.kind == Operand::Kind::kString) return Value(operand.string);
      return error("expected string; found " + operand.to_string());
    case Parameter::kInt:
    case Parameter::kDuration:
      if (operand.kind == Operand::Kind::kNumber && operand.number.integer) {
        return Value::integer(*operand.number.integer,
                              parameter == Parameter::kInt ? Type::kInt : Type::kDuration);
      }
      return error("expected integer; found " + operand.to_string());
    default:
      return error("can't handle " + operand.to_string() + " for arg of type " +
                   std::string(type_name(parameter)));
  }
}

// A value for a parameter: of the parameter's type, or a pointer to it.
Result<Value> Frame::fit(Parameter parameter, Value value) {
  const auto wrong = [&]() -> tl::unexpected<Error> {
    const std::string wanted(type_name(parameter));
    if (value.is_none()) return error("invalid value; expected " + wanted);
    return error("wrong type for value; expected " + wanted + "; got " +
                 std::string(type_name(value)));
  };
  switch (parameter) {
    case Parameter::kAny:
      return value;
    case Parameter::kString:
      if (!value.is(Type::kString)) return wrong();
      return value;
    case Parameter::kInt:
      if (!value.is(Type::kInt)) return wrong();
      return value;
    case Parameter::kSample:
      if (value.is_none()) return Value(Value::SamplePtr());
      if (!value.is(Type::kSample)) return wrong();
      return value;
    case Parameter::kSamples:
      if (value.is_none()) return Value(std::make_shared<const std::vector<Value::SamplePtr>>());
      if (!value.is(Type::kSamples)) return wrong();
      return value;
    case Parameter::kDuration:
      if (value.is(Type::kDurationPointer)) return Value::integer(value.integer(), Type::kDuration);
      if (!value.is(Type::kDuration)) return wrong();
      return value;
    case Parameter::kTime:
      if (value.is(Type::kTimePointer)) return Value::time(value.time());
      if (!value.is(Type::kTime)) return wrong();
      return value;
  }
  return value;
}

}  // namespace

Result<std::string> execute(const Tree& tree, const Value& data, const Environment& environment,
                            const ExecutionLimits& limits) {
  Run run{tree, environment, limits, {}, 0};
  Frame frame(run, tree.name, 0, data);
  TRY(frame.walk(tree.templates.find(tree.name)->second, data));
  return std::move(run.out);
}

}  // namespace silverback::templates
