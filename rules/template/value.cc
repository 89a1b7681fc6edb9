#include "rules/template/value.h"

#include <algorithm>
#include <array>
#include <utility>

#include "rules/template/printf.h"

namespace silverback::templates {
namespace {

struct TypeSpec {
  Type type;
  Kind kind;
  std::string_view name;
};
// In the order of the enumerators.
// clang-format off
constexpr std::array<TypeSpec, 20> kTypes = {{
    {Type::kNone,            Kind::kNone,    "<nil>"},
    {Type::kBool,            Kind::kBool,    "bool"},
    {Type::kInt,             Kind::kInt,     "int"},
    {Type::kInt64,           Kind::kInt,     "int64"},
    {Type::kUint8,           Kind::kUint,    "uint8"},
    {Type::kFloat,           Kind::kFloat,   "float64"},
    {Type::kString,          Kind::kString,  "string"},
    {Type::kHtml,            Kind::kString,  "template.HTML"},
    {Type::kStringMap,       Kind::kMap,     "map[string]string"},
    {Type::kAnyMap,          Kind::kMap,     "map[string]interface {}"},
    {Type::kSample,          Kind::kPointer, "*template.sample"},
    {Type::kSamples,         Kind::kList,    "template.queryResult"},
    {Type::kTime,            Kind::kStruct,  "time.Time"},
    {Type::kTimePointer,     Kind::kPointer, "*time.Time"},
    {Type::kDuration,        Kind::kInt,     "time.Duration"},
    {Type::kDurationPointer, Kind::kPointer, "*time.Duration"},
    {Type::kMonth,           Kind::kInt,     "time.Month"},
    {Type::kWeekday,         Kind::kInt,     "time.Weekday"},
    {Type::kHistogram,       Kind::kPointer, "*histogram.FloatHistogram"},
    {Type::kAlertData,       Kind::kStruct,
     "struct { Labels map[string]string; ExternalLabels map[string]string; "
     "ExternalURL string; Value interface {} }"},
}};
// clang-format on

// `May`, or for what is no month `%!Month(13)`.
std::string name_or_number(std::string_view name, std::string_view type, std::int64_t number) {
  if (!name.empty()) return std::string(name);
  return "%!" + std::string(type) + '(' + std::to_string(number) + ')';
}

const TypeSpec& spec_of(Type type) { return kTypes[static_cast<std::size_t>(type)]; }

}  // namespace

Value Value::map(AnyMap entries) {
  return {Type::kAnyMap, std::make_shared<const AnyMap>(std::move(entries))};
}

Kind kind_of(Type type) { return spec_of(type).kind; }
std::string_view type_name(Type type) { return spec_of(type).name; }

bool is_true(const Value& value) {
  switch (value.type()) {
    case Type::kNone:
      return false;
    case Type::kBool:
      return value.boolean();
    case Type::kInt:
    case Type::kInt64:
    case Type::kUint8:
    case Type::kDuration:
    case Type::kMonth:
    case Type::kWeekday:
      return value.integer() != 0;
    case Type::kFloat:
      return value.real() != 0;
    case Type::kString:
    case Type::kHtml:
      return !value.string().empty();
    case Type::kStringMap:
      return !value.labels().empty();
    case Type::kAnyMap:
      return !value.map().empty();
    case Type::kSample:
      return value.sample() != nullptr;
    case Type::kSamples:
      return !value.samples().empty();
    case Type::kTime:
    case Type::kTimePointer:
    case Type::kDurationPointer:
    case Type::kHistogram:
    case Type::kAlertData:
      return true;
  }
  return false;
}

std::string to_text(const Value& value) {
  if (value.is_none()) return "<no value>";
  // Go prints what a pointer points to.
  if (value.is(Type::kSample) && value.sample()) return print_struct(*value.sample());
  return print_joined({&value, 1});
}

bool has_string_method(Type type) {
  switch (type) {
    case Type::kTime:
    case Type::kTimePointer:
    case Type::kDuration:
    case Type::kDurationPointer:
    case Type::kMonth:
    case Type::kWeekday:
    case Type::kHistogram:
      return true;
    default:
      return false;
  }
}

std::string own_string(const Value& value) {
  switch (value.type()) {
    case Type::kTime:
    case Type::kTimePointer:
      return to_string(value.time());
    case Type::kMonth:
      return name_or_number(month_name(value.integer()), "Month", value.integer());
    case Type::kWeekday:
      return name_or_number(weekday_name(value.integer()), "Weekday", value.integer());
    case Type::kHistogram:
      return value.string();
    default:
      return duration_to_string(value.integer());
  }
}

}  // namespace silverback::templates
