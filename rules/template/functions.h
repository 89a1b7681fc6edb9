// Every function and method that a template can call, with what it takes.
//   functions: the builtins of Go's text/template, and Prometheus's
//   methods:   those of times, durations, months and weekdays
// Source: https://prometheus.io/docs/prometheus/latest/configuration/template_reference/
// Threads: the tables are constant; a call uses what its Environment gives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "rules/template/value.h"

namespace silverback::templates {

// What functions know of the world.
struct Environment {
  // The result of a PromQL expression at `now`; null: queries fail.
  std::function<Result<std::vector<QuerySample>>(std::string_view)> query;
  TimestampMs now = 0;              // of the evaluation
  std::string external_url;         // as configured, without a slash behind
  std::size_t bytes_max = 1 << 20;  // of a text that a function makes
};

// What a function takes at one place. A typed parameter takes constants of its type, and values of
// exactly that type.
enum class Parameter : std::uint8_t {
  kAny,
  kString,
  kInt,
  kSample,
  kSamples,
  kDuration,
  kTime,
};
// The Go type in errors.
std::string_view type_name(Parameter parameter);

struct Call {
  std::span<const Value> arguments;  // of the declared types; the receiver first in a method
  const Environment& environment;
  // How the first argument is written, for errors.
  std::string_view first_as_written;
};

struct Function {
  std::string_view name;
  std::vector<Parameter> parameters;  // without the receiver
  bool is_variadic = false;           // the last parameter any number of times, also none
  Result<Value> (*run)(const Call&) = nullptr;
  enum class Special : std::uint8_t { kNo, kAnd, kOr } special = Special::kNo;
};

// Null if there is none.
const Function* find_function(std::string_view name);

// A method of a type that gives one result; null if there is none.
const Function* find_method(Type type, std::string_view name);
// How many results a method gives that no template can use (time.Time.Date gives three); 0 if there
// is no such method.
int unusable_results(Type type, std::string_view name);

}  // namespace silverback::templates
