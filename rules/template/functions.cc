#include "rules/template/functions.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/url_escape.h"
#include "rules/template/escape.h"
#include "rules/template/operators.h"
#include "rules/template/printf.h"
#include "rules/template/prometheus_functions.h"

namespace silverback::templates {
namespace {

using P = Parameter;

// One string stays as it is; anything else is printed.
std::string joined(const Call& call) {
  const auto& arguments = call.arguments;
  if (arguments.size() == 1 && arguments[0].is(Type::kString)) return arguments[0].string();
  std::vector<Value> texts;
  // Go's escapers print what a pointer points to, and `<no value>` for nil.
  for (const Value& argument : arguments) {
    const bool is_plain = !argument.is_none() && !argument.is(Type::kSample);
    texts.push_back(is_plain ? argument : Value(to_text(argument)));
  }
  return print_joined(texts);
}

// ---- Builtins. `and` and `or` are run by the execution, which evaluates only what they need.

Result<Value> run_html(const Call& call) { return Value(escape_html(joined(call))); }
Result<Value> run_js(const Call& call) { return Value(escape_js(joined(call))); }
Result<Value> run_urlquery(const Call& call) { return Value(query_escape(joined(call))); }
Result<Value> run_print(const Call& call) { return Value(print_joined(call.arguments)); }
Result<Value> run_println(const Call& call) { return Value(print_line(call.arguments)); }
Result<Value> run_printf(const Call& call) {
  return Value(format_verbs(call.arguments[0].string(), call.arguments.subspan(1),
                            call.environment.bytes_max));
}
Result<Value> run_not(const Call& call) { return Value(!is_true(call.arguments[0])); }

Result<Value> run_eq(const Call& call) {
  const bool equal = TRY(equals_any(call.arguments[0], call.arguments.subspan(1)));
  return Value(equal);
}
Result<Value> run_ne(const Call& call) {
  const bool equal = TRY(equals_any(call.arguments[0], call.arguments.subspan(1)));
  return Value(!equal);
}
Result<Value> run_lt(const Call& call) {
  const bool less = TRY(is_less(call.arguments[0], call.arguments[1]));
  return Value(less);
}
// Prometheus compatibility: as in Go, `le` is `lt` or `eq`, and `gt` is not `le`, also for NaN.
Result<Value> run_le(const Call& call) {
  const bool less = TRY(is_less(call.arguments[0], call.arguments[1]));
  return less ? Value(true) : run_eq(call);
}
Result<Value> run_gt(const Call& call) {
  const Value less_or_equal = TRY(run_le(call));
  return Value(!less_or_equal.boolean());
}
Result<Value> run_ge(const Call& call) {
  const bool less = TRY(is_less(call.arguments[0], call.arguments[1]));
  return Value(!less);
}

Result<Value> run_index(const Call& call) {
  return index_into(call.arguments[0], call.arguments.subspan(1));
}
Result<Value> run_slice(const Call& call) {
  return slice_of(call.arguments[0], call.arguments.subspan(1));
}
Result<Value> run_len(const Call& call) {
  const std::int64_t length = TRY(length_of(call.arguments[0]));
  return Value::integer(length);
}

// No value of a Prometheus template is a function.
Result<Value> run_call(const Call& call) {
  if (call.arguments[0].is_none()) return fail(ErrorCode::kExecution, "call of nil");
  return fail(ErrorCode::kExecution, "non-function " + std::string(call.first_as_written) +
                                         " of type " + std::string(type_name(call.arguments[0])));
}

// Alphabetical.
// clang-format off
const Function kFunctions[] = {
    {"and",                {P::kAny, P::kAny},                   true,  nullptr, Function::Special::kAnd},
    {"args",               {P::kAny},                            true,  &run_args},
    {"call",               {P::kAny, P::kAny},                   true,  &run_call},
    {"eq",                 {P::kAny, P::kAny},                   true,  &run_eq},
    {"externalURL",        {},                                   false, &run_external_url},
    {"first",              {P::kSamples},                        false, &run_first},
    {"ge",                 {P::kAny, P::kAny},                   false, &run_ge},
    {"graphLink",          {P::kString},                         false, &run_graph_link},
    {"gt",                 {P::kAny, P::kAny},                   false, &run_gt},
    {"html",               {P::kAny},                            true,  &run_html},
    {"humanize",           {P::kAny},                            false, &run_humanize},
    {"humanize1024",       {P::kAny},                            false, &run_humanize_1024},
    {"humanizeDuration",   {P::kAny},                            false, &run_humanize_duration},
    {"humanizePercentage", {P::kAny},                            false, &run_humanize_percentage},
    {"humanizeTimestamp",  {P::kAny},                            false, &run_humanize_timestamp},
    {"index",              {P::kAny, P::kAny},                   true,  &run_index},
    {"js",                 {P::kAny},                            true,  &run_js},
    {"label",              {P::kString, P::kSample},             false, &run_label},
    {"le",                 {P::kAny, P::kAny},                   false, &run_le},
    {"len",                {P::kAny},                            false, &run_len},
    {"lt",                 {P::kAny, P::kAny},                   false, &run_lt},
    {"match",              {P::kString, P::kString},             false, &run_match},
    {"ne",                 {P::kAny, P::kAny},                   false, &run_ne},
    {"not",                {P::kAny},                            false, &run_not},
    {"now",                {},                                   false, &run_now},
    {"or",                 {P::kAny, P::kAny},                   true,  nullptr, Function::Special::kOr},
    {"parseDuration",      {P::kString},                         false, &run_parse_duration},
    {"pathPrefix",         {},                                   false, &run_path_prefix},
    {"print",              {P::kAny},                            true,  &run_print},
    {"printf",             {P::kString, P::kAny},                true,  &run_printf},
    {"println",            {P::kAny},                            true,  &run_println},
    {"query",              {P::kString},                         false, &run_query},
    {"reReplaceAll",       {P::kString, P::kString, P::kString}, false, &run_replace_all},
    {"safeHtml",           {P::kString},                         false, &run_safe_html},
    {"slice",              {P::kAny, P::kAny},                   true,  &run_slice},
    {"sortByLabel",        {P::kString, P::kSamples},            false, &run_sort_by_label},
    {"stripDomain",        {P::kString},                         false, &run_strip_domain},
    {"stripPort",          {P::kString},                         false, &run_strip_port},
    {"strvalue",           {P::kSample},                         false, &run_strvalue},
    {"tableLink",          {P::kString},                         false, &run_table_link},
    {"title",              {P::kString},                         false, &run_title},
    {"toDuration",         {P::kAny},                            false, &run_to_duration},
    {"toLower",            {P::kString},                         false, &run_to_lower},
    {"toTime",             {P::kAny},                            false, &run_to_time},
    {"toUpper",            {P::kString},                         false, &run_to_upper},
    {"urlQueryEscape",     {P::kString},                         false, &run_url_query_escape},
    {"urlquery",           {P::kAny},                            true,  &run_urlquery},
    {"value",              {P::kSample},                         false, &run_value},
};
// clang-format on

// ---- Methods

const GoTime& time_of(const Call& call) { return call.arguments[0].time(); }
std::int64_t integer_of(const Call& call, std::size_t i = 0) { return call.arguments[i].integer(); }
GoDate date_of(const Call& call) { return date_of(time_of(call)); }
Value number(std::int64_t n) { return Value::integer(n); }
Value number64(std::int64_t n) { return Value::integer(n, Type::kInt64); }
Value span(DurationNs d) { return Value::integer(d, Type::kDuration); }

constexpr std::int64_t kSecondNs = 1'000'000'000;

std::int64_t unix_ns(const GoTime& t) {
  // Wraps around beyond the years 1677 and 2262, as Go's does.
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(t.seconds) * kSecondNs +
                                   static_cast<std::uint64_t>(t.nanos));
}
double in_units(const Call& call, std::int64_t unit) {
  const std::int64_t d = integer_of(call);
  return static_cast<double>(d / unit) + static_cast<double>(d % unit) / static_cast<double>(unit);
}
std::int64_t magnitude(std::int64_t d) {
  if (d == std::numeric_limits<std::int64_t>::min())
    return std::numeric_limits<std::int64_t>::max();
  return d < 0 ? -d : d;
}

// clang-format off
const Function kTimeMethods[] = {
    {"Add", {P::kDuration}, false, [](const Call& c) -> Result<Value> { return Value::time(add(time_of(c), integer_of(c, 1))); }},
    {"AddDate", {P::kInt, P::kInt, P::kInt}, false, [](const Call& c) -> Result<Value> {
       return Value::time(add_date(time_of(c), integer_of(c, 1), integer_of(c, 2), integer_of(c, 3)));
     }},
    {"After", {P::kTime}, false, [](const Call& c) -> Result<Value> { return Value(time_of(c) > c.arguments[1].time()); }},
    {"Before", {P::kTime}, false, [](const Call& c) -> Result<Value> { return Value(time_of(c) < c.arguments[1].time()); }},
    {"Compare", {P::kTime}, false, [](const Call& c) -> Result<Value> {
       return number(time_of(c) < c.arguments[1].time() ? -1 : time_of(c) > c.arguments[1].time() ? 1 : 0);
     }},
    {"Day", {}, false, [](const Call& c) -> Result<Value> { return number(date_of(c).day); }},
    {"Equal", {P::kTime}, false, [](const Call& c) -> Result<Value> { return Value(time_of(c) == c.arguments[1].time()); }},
    {"Format", {P::kString}, false, [](const Call& c) -> Result<Value> { return Value(format_time(time_of(c), c.arguments[1].string())); }},
    {"Hour", {}, false, [](const Call& c) -> Result<Value> { return number(date_of(c).hour); }},
    {"IsZero", {}, false, [](const Call& c) -> Result<Value> { return Value(time_of(c) == GoTime{-62'135'596'800, 0}); }},
    {"Minute", {}, false, [](const Call& c) -> Result<Value> { return number(date_of(c).minute); }},
    {"Month", {}, false, [](const Call& c) -> Result<Value> { return Value::integer(date_of(c).month, Type::kMonth); }},
    {"Nanosecond", {}, false, [](const Call& c) -> Result<Value> { return number(time_of(c).nanos); }},
    {"Round", {P::kDuration}, false, [](const Call& c) -> Result<Value> { return Value::time(round(time_of(c), integer_of(c, 1))); }},
    {"Second", {}, false, [](const Call& c) -> Result<Value> { return number(date_of(c).second); }},
    {"String", {}, false, [](const Call& c) -> Result<Value> { return Value(own_string(c.arguments[0])); }},
    {"Sub", {P::kTime}, false, [](const Call& c) -> Result<Value> { return span(difference(time_of(c), c.arguments[1].time())); }},
    {"Truncate", {P::kDuration}, false, [](const Call& c) -> Result<Value> { return Value::time(truncate(time_of(c), integer_of(c, 1))); }},
    {"UTC", {}, false, [](const Call& c) -> Result<Value> { return Value::time(time_of(c)); }},
    {"Unix", {}, false, [](const Call& c) -> Result<Value> { return number64(time_of(c).seconds); }},
    {"UnixMicro", {}, false, [](const Call& c) -> Result<Value> { return number64(time_of(c).seconds * 1'000'000 + time_of(c).nanos / 1'000); }},
    {"UnixMilli", {}, false, [](const Call& c) -> Result<Value> { return number64(time_of(c).seconds * 1'000 + time_of(c).nanos / 1'000'000); }},
    {"UnixNano", {}, false, [](const Call& c) -> Result<Value> { return number64(unix_ns(time_of(c))); }},
    {"Weekday", {}, false, [](const Call& c) -> Result<Value> { return Value::integer(date_of(c).weekday, Type::kWeekday); }},
    {"Year", {}, false, [](const Call& c) -> Result<Value> { return number(date_of(c).year); }},
    {"YearDay", {}, false, [](const Call& c) -> Result<Value> { return number(date_of(c).year_day); }},
};
const Function kDurationMethods[] = {
    {"Abs", {}, false, [](const Call& c) -> Result<Value> { return span(magnitude(integer_of(c))); }},
    {"Hours", {}, false, [](const Call& c) -> Result<Value> { return Value(in_units(c, 3600 * kSecondNs)); }},
    {"Microseconds", {}, false, [](const Call& c) -> Result<Value> { return number64(integer_of(c) / 1'000); }},
    {"Milliseconds", {}, false, [](const Call& c) -> Result<Value> { return number64(integer_of(c) / 1'000'000); }},
    {"Minutes", {}, false, [](const Call& c) -> Result<Value> { return Value(in_units(c, 60 * kSecondNs)); }},
    {"Nanoseconds", {}, false, [](const Call& c) -> Result<Value> { return number64(integer_of(c)); }},
    {"Round", {P::kDuration}, false, [](const Call& c) -> Result<Value> { return span(round(integer_of(c), integer_of(c, 1))); }},
    {"Seconds", {}, false, [](const Call& c) -> Result<Value> { return Value(in_units(c, kSecondNs)); }},
    {"String", {}, false, [](const Call& c) -> Result<Value> { return Value(own_string(c.arguments[0])); }},
    {"Truncate", {P::kDuration}, false, [](const Call& c) -> Result<Value> { return span(truncate(integer_of(c), integer_of(c, 1))); }},
};
// Months, weekdays, native histograms.
const Function kNameMethods[] = {
    {"String", {}, false, [](const Call& c) -> Result<Value> { return Value(own_string(c.arguments[0])); }},
};
// clang-format on

const Function* find_in(std::span<const Function> table, std::string_view name) {
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const Function& function) { return function.name == name; });
  return found == table.end() ? nullptr : &*found;
}

}  // namespace

std::string_view type_name(Parameter parameter) {
  switch (parameter) {
    case Parameter::kAny:
      return "interface {}";
    case Parameter::kString:
      return "string";
    case Parameter::kInt:
      return "int";
    case Parameter::kSample:
      return type_name(Type::kSample);
    case Parameter::kSamples:
      return type_name(Type::kSamples);
    case Parameter::kDuration:
      return type_name(Type::kDuration);
    case Parameter::kTime:
      return type_name(Type::kTime);
  }
  return "";
}

const Function* find_function(std::string_view name) { return find_in(kFunctions, name); }

const Function* find_method(Type type, std::string_view name) {
  switch (type) {
    case Type::kTime:
    case Type::kTimePointer:
      return find_in(kTimeMethods, name);
    case Type::kDuration:
    case Type::kDurationPointer:
      return find_in(kDurationMethods, name);
    case Type::kMonth:
    case Type::kWeekday:
    case Type::kHistogram:
      return find_in(kNameMethods, name);
    default:
      return nullptr;
  }
}

int unusable_results(Type type, std::string_view name) {
  if (type != Type::kTime && type != Type::kTimePointer) return 0;
  return name == "Date" || name == "Clock" ? 3 : 0;
}

}  // namespace silverback::templates
