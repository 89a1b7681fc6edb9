#include "rules/template/tree.h"

#include "base/labels.h"

namespace silverback::templates {

Operand::~Operand() = default;

std::string Operand::to_string() const {
  std::string out;
  switch (kind) {
    case Kind::kField:
      break;
    case Kind::kVariable:
      out = names.front();
      break;
    case Kind::kPipeline:
      return pipeline->to_string();
    case Kind::kChain:
      out = base->kind == Kind::kPipeline ? '(' + base->to_string() + ')' : base->to_string();
      break;
    default:
      return text;
  }
  for (std::size_t i = kind == Kind::kVariable ? 1 : 0; i < names.size(); ++i) {
    out.append(".").append(names[i]);
  }
  return out;
}

std::string Command::to_string() const {
  std::string out;
  for (const auto& operand : operands) {
    if (!out.empty()) out += ' ';
    const bool is_nested = operand->kind == Operand::Kind::kPipeline;
    out += is_nested ? '(' + operand->to_string() + ')' : operand->to_string();
  }
  return out;
}

std::string Pipeline::to_string() const {
  std::string out;
  for (const std::string& variable : variables) {
    if (!out.empty()) out += ", ";
    out += variable;
  }
  if (!variables.empty()) out += is_assignment ? " = " : " := ";
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (i > 0) out += " | ";
    out += commands[i]->to_string();
  }
  return out;
}

std::string Statement::to_string() const {
  switch (kind) {
    case Kind::kText:
      return text;
    case Kind::kTemplate:
      return "{{template " + quote(text) + (pipeline ? ' ' + pipeline->to_string() : "") + "}}";
    case Kind::kAction:
      return "{{" + pipeline->to_string() + "}}";
    case Kind::kIf:
      return "{{if " + pipeline->to_string() + "}}";
    case Kind::kWith:
      return "{{with " + pipeline->to_string() + "}}";
    case Kind::kRange:
      return "{{range " + pipeline->to_string() + "}}";
    case Kind::kBreak:
      return "{{break}}";
    case Kind::kContinue:
      return "{{continue}}";
    case Kind::kElse:
      return "{{else}}";
    case Kind::kEnd:
      return "{{end}}";
  }
  return "";
}

}  // namespace silverback::templates
