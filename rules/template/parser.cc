#include "rules/template/parser.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/labels.h"
#include "rules/template/lexer.h"
#include "rules/template/literals.h"
#include "rules/template/rune.h"

namespace silverback::templates {
namespace {

// How error messages show a token.
std::string shown(const Token& token) {
  constexpr std::size_t kRunesMax = 10;
  if (token.is(TokenKind::kEnd)) return "EOF";
  if (token.is(TokenKind::kError)) return token.text;
  const bool is_keyword = token.kind >= TokenKind::kDot;
  if (is_keyword) return '<' + token.text + '>';
  if (token.text.size() > kRunesMax) return quote(first_runes(token.text, kRunesMax)) + "...";
  return quote(token.text);
}

class Parser {
 public:
  Parser(std::string_view name, std::string_view text,
         const std::function<bool(std::string_view)>& is_function)
      : lexer_(text), is_function_(is_function) {
    tree_.name = name;
    tree_.text = text;
  }

  Result<Tree> parse();

 private:
  using StatementPtr = std::unique_ptr<Statement>;

  // A list and the {{else}} or {{end}} behind it.
  struct Block {
    List list;
    StatementPtr end;
  };

  const Token& peek();
  Token next();
  void back_to(std::size_t index) { index_ = index; }
  const Token& peek_after_space();
  Token next_after_space();
  Result<Token> expect(TokenKind kind, std::string_view context);

  // `template: NAME:LINE: message`, at the token read last.
  tl::unexpected<Error> error(const std::string& message) const;
  tl::unexpected<Error> unexpected(const Token& token, std::string_view context) const;

  Result<StatementPtr> text_or_action();
  Result<StatementPtr> action();
  Result<Block> block_of_list();
  Result<StatementPtr> control(Statement::Kind kind, std::string_view word);
  Status otherwise(Statement& statement, std::string_view word, Block& block);
  Result<StatementPtr> chained(Statement::Kind kind, std::string_view word);
  Result<StatementPtr> else_clause();
  Result<StatementPtr> end_clause();
  Result<StatementPtr> loop_exit(Statement::Kind kind, std::string_view word, std::size_t position);
  Result<StatementPtr> template_call();
  Result<StatementPtr> block_definition();
  Status definition();
  Status add(const std::string& name, List list);
  Result<std::string> template_name(std::string_view context);

  Result<std::unique_ptr<Pipeline>> pipeline(std::string_view context, TokenKind end);
  Status declarations(Pipeline& pipeline, std::string_view context);
  Status check(const Pipeline& pipeline, std::string_view context) const;
  Result<std::unique_ptr<Command>> command();
  Result<std::unique_ptr<Operand>> operand();
  Result<std::unique_ptr<Operand>> term();
  Result<std::unique_ptr<Operand>> chain(std::unique_ptr<Operand> base);
  Result<std::unique_ptr<Operand>> parenthesized(const Token& open);

  Lexer lexer_;
  const std::function<bool(std::string_view)>& is_function_;
  std::vector<Token> tokens_;  // of the action at hand; the parser may go back in it
  std::size_t index_ = 0;
  std::vector<std::string> variables_ = {"$"};  // in scope
  int range_depth_ = 0;
  int nesting_ = 0;
  Tree tree_;
};

const Token& Parser::peek() {
  if (index_ == tokens_.size()) tokens_.push_back(lexer_.next());
  return tokens_[index_];
}

Token Parser::next() {
  Token token = peek();
  ++index_;
  return token;
}

const Token& Parser::peek_after_space() {
  while (peek().is(TokenKind::kSpace)) ++index_;
  return peek();
}

Token Parser::next_after_space() {
  peek_after_space();
  return next();
}

Result<Token> Parser::expect(TokenKind kind, std::string_view context) {
  Token token = next_after_space();
  if (!token.is(kind)) return unexpected(token, context);
  return token;
}

tl::unexpected<Error> Parser::error(const std::string& message) const {
  const std::size_t line = tokens_.empty() ? 1 : tokens_.back().line;
  return fail(ErrorCode::kInvalidArgument,
              "template: " + tree_.name + ':' + std::to_string(line) + ": " + message);
}

tl::unexpected<Error> Parser::unexpected(const Token& token, std::string_view context) const {
  if (token.is(TokenKind::kError)) return error(token.text);
  return error("unexpected " + shown(token) + " in " + std::string(context));
}

Result<Tree> Parser::parse() {
  List list;
  while (!peek().is(TokenKind::kEnd)) {
    const std::size_t start = index_;
    if (peek().is(TokenKind::kLeftDelim)) {
      next();
      if (next_after_space().is(TokenKind::kDefine)) {
        TRY(definition());
        continue;
      }
      back_to(start);
    }
    StatementPtr statement = TRY(text_or_action());
    if (statement->kind == Statement::Kind::kEnd || statement->kind == Statement::Kind::kElse) {
      return error("unexpected " + statement->to_string());
    }
    list.push_back(std::move(statement));
  }
  const std::string name = tree_.name;
  TRY(add(name, std::move(list)));
  return std::move(tree_);
}

// A definition that holds nothing but blanks does not replace another one.
Status Parser::add(const std::string& name, List list) {
  const auto is_empty = [](const List& statements) {
    return std::all_of(statements.begin(), statements.end(), [](const StatementPtr& statement) {
      return statement->kind == Statement::Kind::kText &&
             statement->text.find_first_not_of(" \t\r\n") == std::string::npos;
    });
  };
  const auto known = tree_.templates.find(name);
  if (known == tree_.templates.end() || is_empty(known->second)) {
    tree_.templates[name] = std::move(list);
  } else if (!is_empty(list)) {
    return error("template: multiple definition of template " + quote(name));
  }
  return {};
}

Result<std::string> Parser::template_name(std::string_view context) {
  const Token token = next_after_space();
  if (!token.is(TokenKind::kString) && !token.is(TokenKind::kRawString)) {
    return unexpected(token, context);
  }
  std::optional<std::string> name = unquote(token.text);
  if (!name) return error("invalid syntax");
  return *std::move(name);
}

// After `{{define`: a template of its own, which sees no variable of this one.
Status Parser::definition() {
  constexpr std::string_view kContext = "define clause";
  const std::string name = TRY(template_name(kContext));
  TRY(expect(TokenKind::kRightDelim, kContext));
  std::vector<std::string> outer = std::exchange(variables_, {"$"});
  Block block = TRY(block_of_list());
  if (block.end->kind != Statement::Kind::kEnd) {
    return error("unexpected " + block.end->to_string() + " in " + std::string(kContext));
  }
  variables_ = std::move(outer);
  return add(name, std::move(block.list));
}

Result<Parser::Block> Parser::block_of_list() {
  if (++nesting_ > kNestingMax) return error("nested too deeply");
  Block block;
  while (!peek_after_space().is(TokenKind::kEnd)) {
    StatementPtr statement = TRY(text_or_action());
    if (statement->kind == Statement::Kind::kEnd || statement->kind == Statement::Kind::kElse) {
      block.end = std::move(statement);
      --nesting_;
      return block;
    }
    block.list.push_back(std::move(statement));
  }
  return error("unexpected EOF");
}

Result<Parser::StatementPtr> Parser::text_or_action() {
  Token token = next_after_space();
  if (token.is(TokenKind::kText)) {
    auto statement = std::make_unique<Statement>(token.position, Statement::Kind::kText);
    statement->text = std::move(token.text);
    return statement;
  }
  if (!token.is(TokenKind::kLeftDelim)) return unexpected(token, "input");
  tokens_.erase(tokens_.begin(), tokens_.begin() + static_cast<std::ptrdiff_t>(index_));
  index_ = 0;
  return action();
}

Result<Parser::StatementPtr> Parser::action() {
  const Token token = next_after_space();
  switch (token.kind) {
    case TokenKind::kBlock:
      return block_definition();
    case TokenKind::kBreak:
      return loop_exit(Statement::Kind::kBreak, "{{break}}", token.position);
    case TokenKind::kContinue:
      return loop_exit(Statement::Kind::kContinue, "{{continue}}", token.position);
    case TokenKind::kElse:
      return else_clause();
    case TokenKind::kEndWord:
      return end_clause();
    case TokenKind::kIf:
      return control(Statement::Kind::kIf, "if");
    case TokenKind::kRange:
      return control(Statement::Kind::kRange, "range");
    case TokenKind::kTemplate:
      return template_call();
    case TokenKind::kWith:
      return control(Statement::Kind::kWith, "with");
    default:
      break;
  }
  back_to(index_ - 1);
  // Variables declared here stay in scope until the list ends.
  const std::size_t position = peek().position;
  auto statement = std::make_unique<Statement>(position, Statement::Kind::kAction);
  statement->pipeline = TRY(pipeline("command", TokenKind::kRightDelim));
  return statement;
}

Result<Parser::StatementPtr> Parser::control(Statement::Kind kind, std::string_view word) {
  const std::size_t variables = variables_.size();
  const bool is_range = kind == Statement::Kind::kRange;
  std::unique_ptr<Pipeline> subject = TRY(pipeline(word, TokenKind::kRightDelim));
  auto statement = std::make_unique<Statement>(subject->position, kind);
  statement->pipeline = std::move(subject);
  if (is_range) ++range_depth_;
  Block block = TRY(block_of_list());
  if (is_range) --range_depth_;
  statement->body = std::move(block.list);
  if (block.end->kind == Statement::Kind::kElse) TRY(otherwise(*statement, word, block));
  variables_.resize(variables);
  return statement;
}

// What follows an {{else}}: a list, or for `else if` and `else with` a statement that also takes
// the {{end}}.
Status Parser::otherwise(Statement& statement, std::string_view word, Block& block) {
  const TokenKind same = statement.kind == Statement::Kind::kIf     ? TokenKind::kIf
                         : statement.kind == Statement::Kind::kWith ? TokenKind::kWith
                                                                    : TokenKind::kEnd;
  if (same != TokenKind::kEnd && peek().is(same)) {
    next();
    statement.otherwise.push_back(TRY(chained(statement.kind, word)));
    return {};
  }
  block = TRY(block_of_list());
  statement.otherwise = std::move(block.list);
  if (block.end->kind != Statement::Kind::kEnd) {
    return error("expected end; found " + block.end->to_string());
  }
  return {};
}

Result<Parser::StatementPtr> Parser::chained(Statement::Kind kind, std::string_view word) {
  if (++nesting_ > kNestingMax) return error("nested too deeply");
  StatementPtr statement = TRY(control(kind, word));
  --nesting_;
  return statement;
}

Result<Parser::StatementPtr> Parser::else_clause() {
  const Token& after = peek_after_space();
  auto statement = std::make_unique<Statement>(after.position, Statement::Kind::kElse);
  if (after.is(TokenKind::kIf) || after.is(TokenKind::kWith)) return statement;
  TRY(expect(TokenKind::kRightDelim, "else"));
  return statement;
}

Result<Parser::StatementPtr> Parser::end_clause() {
  const Token token = TRY(expect(TokenKind::kRightDelim, "end"));
  return std::make_unique<Statement>(token.position, Statement::Kind::kEnd);
}

Result<Parser::StatementPtr> Parser::loop_exit(Statement::Kind kind, std::string_view word,
                                               std::size_t position) {
  const Token token = next_after_space();
  if (!token.is(TokenKind::kRightDelim)) return unexpected(token, word);
  if (range_depth_ == 0) return error(std::string(word) + " outside {{range}}");
  return std::make_unique<Statement>(position, kind);
}

Result<Parser::StatementPtr> Parser::template_call() {
  constexpr std::string_view kContext = "template clause";
  const std::size_t position = peek_after_space().position;  // the name's
  auto statement = std::make_unique<Statement>(position, Statement::Kind::kTemplate);
  statement->text = TRY(template_name(kContext));
  if (peek_after_space().is(TokenKind::kRightDelim)) {
    next();
  } else {
    statement->pipeline = TRY(pipeline(kContext, TokenKind::kRightDelim));
  }
  return statement;
}

// A definition and a call of it.
Result<Parser::StatementPtr> Parser::block_definition() {
  constexpr std::string_view kContext = "block clause";
  const std::size_t position = peek_after_space().position;  // the name's
  auto call = std::make_unique<Statement>(position, Statement::Kind::kTemplate);
  call->text = TRY(template_name(kContext));
  call->pipeline = TRY(pipeline(kContext, TokenKind::kRightDelim));
  std::vector<std::string> outer = std::exchange(variables_, {"$"});
  const int outer_ranges = std::exchange(range_depth_, 0);
  Block block = TRY(block_of_list());
  if (block.end->kind != Statement::Kind::kEnd) {
    return error("unexpected " + block.end->to_string() + " in " + std::string(kContext));
  }
  variables_ = std::move(outer);
  range_depth_ = outer_ranges;
  TRY(add(call->text, std::move(block.list)));
  return call;
}

Result<std::unique_ptr<Pipeline>> Parser::pipeline(std::string_view context, TokenKind end) {
  auto parsed = std::make_unique<Pipeline>(peek_after_space().position);
  TRY(declarations(*parsed, context));
  while (true) {
    const Token token = next_after_space();
    if (token.is(end)) {
      TRY(check(*parsed, context));
      return parsed;
    }
    switch (token.kind) {
      case TokenKind::kBool:
      case TokenKind::kCharConstant:
      case TokenKind::kDot:
      case TokenKind::kField:
      case TokenKind::kIdentifier:
      case TokenKind::kNumber:
      case TokenKind::kNil:
      case TokenKind::kRawString:
      case TokenKind::kString:
      case TokenKind::kVariable:
      case TokenKind::kLeftParen:
        back_to(index_ - 1);
        parsed->commands.push_back(TRY(command()));
        break;
      default:
        return unexpected(token, context);
    }
  }
}

// `$x :=`, `$x =`, and in a range `$i, $x :=`. A variable that is followed by something else is
// the first operand.
Status Parser::declarations(Pipeline& pipeline, std::string_view context) {
  while (peek_after_space().is(TokenKind::kVariable)) {
    const std::size_t start = index_;
    const Token variable = next();
    const Token after = peek_after_space();
    const bool is_comma = after.is(TokenKind::kChar) && after.text == ",";
    if (!is_comma && !after.is(TokenKind::kAssign) && !after.is(TokenKind::kDeclare)) {
      back_to(start);
      return {};
    }
    next();
    pipeline.variables.push_back(variable.text);
    variables_.push_back(variable.text);
    pipeline.is_assignment = after.is(TokenKind::kAssign);
    if (!is_comma) return {};
    if (context != "range" || pipeline.variables.size() >= 2) {
      return error("too many declarations in " + std::string(context));
    }
    const TokenKind second = peek_after_space().kind;
    if (second != TokenKind::kVariable && second != TokenKind::kRightDelim &&
        second != TokenKind::kRightParen) {
      return error("range can only initialize variables");
    }
  }
  return {};
}

Status Parser::check(const Pipeline& pipeline, std::string_view context) const {
  if (pipeline.commands.empty()) return error("missing value for " + std::string(context));
  for (std::size_t i = 1; i < pipeline.commands.size(); ++i) {
    switch (pipeline.commands[i]->operands.front()->kind) {
      case Operand::Kind::kBool:
      case Operand::Kind::kDot:
      case Operand::Kind::kNil:
      case Operand::Kind::kNumber:
      case Operand::Kind::kString:
        return error("non executable command in pipeline stage " + std::to_string(i + 1));
      default:
        break;
    }
  }
  return {};
}

Result<std::unique_ptr<Command>> Parser::command() {
  auto parsed = std::make_unique<Command>(peek_after_space().position);
  while (true) {
    peek_after_space();
    std::unique_ptr<Operand> argument = TRY(operand());
    if (argument) parsed->operands.push_back(std::move(argument));
    const Token token = next();
    if (token.is(TokenKind::kSpace)) continue;
    if (token.is(TokenKind::kRightDelim) || token.is(TokenKind::kRightParen)) {
      back_to(index_ - 1);
    } else if (!token.is(TokenKind::kPipe)) {
      return unexpected(token, "operand");
    }
    break;
  }
  if (parsed->operands.empty()) return error("empty command");
  return parsed;
}

// A term with the fields behind it. Null if no term starts here.
Result<std::unique_ptr<Operand>> Parser::operand() {
  std::unique_ptr<Operand> parsed = TRY(term());
  if (!parsed || !peek().is(TokenKind::kField)) return parsed;
  return chain(std::move(parsed));
}

Result<std::unique_ptr<Operand>> Parser::chain(std::unique_ptr<Operand> base) {
  const std::size_t position = peek().position;
  std::vector<std::string> fields;
  while (peek().is(TokenKind::kField)) fields.push_back(next().text.substr(1));
  Operand::Kind kind = Operand::Kind::kChain;
  switch (base->kind) {
    case Operand::Kind::kField:
    case Operand::Kind::kVariable:
      kind = base->kind;
      break;
    case Operand::Kind::kBool:
    case Operand::Kind::kDot:
    case Operand::Kind::kNil:
    case Operand::Kind::kNumber:
    case Operand::Kind::kString:
      return error("unexpected . after term " + quote(base->to_string()));
    default:
      break;
  }
  auto chained = std::make_unique<Operand>(position, kind, "");
  chained->names = std::move(base->names);
  chained->names.insert(chained->names.end(), fields.begin(), fields.end());
  if (kind == Operand::Kind::kChain) chained->base = std::move(base);
  return chained;
}

Result<std::unique_ptr<Operand>> Parser::parenthesized(const Token& open) {
  if (++nesting_ > kNestingMax) return error("nested too deeply");
  auto parsed = std::make_unique<Operand>(open.position, Operand::Kind::kPipeline, "");
  parsed->pipeline = TRY(pipeline("parenthesized pipeline", TokenKind::kRightParen));
  --nesting_;
  return parsed;
}

Result<std::unique_ptr<Operand>> Parser::term() {
  const Token token = next_after_space();
  const auto make = [&](Operand::Kind kind) {
    return std::make_unique<Operand>(token.position, kind, token.text);
  };
  std::unique_ptr<Operand> parsed;
  switch (token.kind) {
    case TokenKind::kIdentifier:
      if (!is_function_(token.text)) {
        return error("function " + quote(token.text) + " not defined");
      }
      return make(Operand::Kind::kFunction);
    case TokenKind::kDot:
      return make(Operand::Kind::kDot);
    case TokenKind::kNil:
      return make(Operand::Kind::kNil);
    case TokenKind::kVariable:
      if (std::find(variables_.begin(), variables_.end(), token.text) == variables_.end()) {
        return error("undefined variable " + quote(token.text));
      }
      parsed = make(Operand::Kind::kVariable);
      parsed->names.push_back(token.text);
      return parsed;
    case TokenKind::kField:
      parsed = make(Operand::Kind::kField);
      parsed->names.push_back(token.text.substr(1));
      return parsed;
    case TokenKind::kBool:
      parsed = make(Operand::Kind::kBool);
      parsed->boolean = token.text == "true";
      return parsed;
    case TokenKind::kCharConstant:
    case TokenKind::kNumber: {
      Result<Number> number = read_number(token.text);
      if (!number) return error(number.error().message);
      parsed = make(Operand::Kind::kNumber);
      parsed->number = *number;
      return parsed;
    }
    case TokenKind::kLeftParen:
      return parenthesized(token);
    case TokenKind::kString:
    case TokenKind::kRawString: {
      std::optional<std::string> string = unquote(token.text);
      if (!string) return error("invalid syntax");
      parsed = make(Operand::Kind::kString);
      parsed->string = *std::move(string);
      return parsed;
    }
    default:
      back_to(index_ - 1);
      return parsed;
  }
}

}  // namespace

Result<Tree> parse(std::string_view name, std::string_view text,
                   const std::function<bool(std::string_view)>& is_function) {
  return Parser(name, text, is_function).parse();
}

}  // namespace silverback::templates
