#include "rules/template/operators.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "rules/template/printf.h"

namespace silverback::templates {
namespace {

tl::unexpected<Error> failed(std::string message) {
  return fail(ErrorCode::kExecution, std::move(message));
}

bool is_number_or_string(Kind kind) {
  return kind == Kind::kInt || kind == Kind::kUint || kind == Kind::kFloat || kind == Kind::kString;
}
bool is_basic(Kind kind) { return is_number_or_string(kind) || kind == Kind::kBool; }

std::string incompatible(const Value& a, const Value& b) {
  return "incompatible types for comparison: " + std::string(type_name(a)) + " and " +
         std::string(type_name(b));
}

// Of two values of one kind that is not basic: identity of what they point to.
Result<bool> is_same(const Value& a, const Value& b) {
  if (a.is_none() || b.is_none()) {
    const auto is_nil = [](const Value& v) {
      return v.is_none() || (v.is(Type::kSample) && !v.sample());
    };
    return is_nil(a) && is_nil(b);
  }
  const Kind kind = kind_of(b);
  if (kind == Kind::kMap || kind == Kind::kList || b.is(Type::kAlertData)) {
    return failed("non-comparable type " + format_verbs("%s", {&b, 1}) + ": " +
                  std::string(type_name(b)));
  }
  if (a.type() != b.type()) return false;
  switch (a.type()) {
    case Type::kSample:
      return a.sample() == b.sample();
    case Type::kTime:
    case Type::kTimePointer:
      return a.time() == b.time();
    case Type::kDurationPointer:
      return a.integer() == b.integer();
    default:
      return false;
  }
}

Result<bool> equals(const Value& a, const Value& b) {
  const Kind kind_a = kind_of(a);
  const Kind kind_b = kind_of(b);
  const bool basic_a = is_basic(kind_a);
  const bool basic_b = is_basic(kind_b);
  const auto is_integer = [](Kind kind) { return kind == Kind::kInt || kind == Kind::kUint; };
  if (is_integer(kind_a) && is_integer(kind_b)) return a.integer() == b.integer();
  if (basic_a != basic_b || (basic_a && kind_a != kind_b)) {
    if (a.is_none() || b.is_none()) return false;
    return failed(incompatible(a, b));
  }
  switch (kind_a) {
    case Kind::kBool:
      return a.boolean() == b.boolean();
    case Kind::kFloat:
      return a.real() == b.real();
    case Kind::kString:
      return a.string() == b.string();
    default:
      return is_same(a, b);
  }
}

// A position in something of `size`. `may_be_end` for the bounds of slices.
Result<std::size_t> position_of(const Value& index, std::size_t size, bool may_be_end) {
  if (index.is_none()) return failed("cannot index slice/array with nil");
  const Kind kind = kind_of(index);
  if (kind != Kind::kInt && kind != Kind::kUint) {
    return failed("cannot index slice/array with type " + std::string(type_name(index)));
  }
  const std::int64_t at = index.integer();
  const std::size_t end = size + (may_be_end ? 1 : 0);
  if (at < 0 || static_cast<std::uint64_t>(at) >= end) {
    return failed("index out of range: " + std::to_string(at));
  }
  return static_cast<std::size_t>(at);
}

Result<std::string> key_of(const Value& index) {
  if (index.is_none()) return failed("value is nil; should be of type string");
  if (!index.is(Type::kString)) {
    return failed("value has type " + std::string(type_name(index)) + "; should be string");
  }
  return index.string();
}

Result<Value> index_once(const Value& value, const Value& index) {
  switch (value.type()) {
    case Type::kString:
    case Type::kHtml: {
      const std::size_t at = TRY(position_of(index, value.string().size(), false));
      return Value::integer(static_cast<unsigned char>(value.string()[at]), Type::kUint8);
    }
    case Type::kSamples: {
      const std::size_t at = TRY(position_of(index, value.samples().size(), false));
      return Value(value.samples()[at]);
    }
    case Type::kStringMap: {
      const std::string key = TRY(key_of(index));
      return Value(value.labels().get(key));
    }
    case Type::kAnyMap: {
      const std::string key = TRY(key_of(index));
      const auto found = value.map().find(key);
      return found == value.map().end() ? Value() : found->second;
    }
    case Type::kNone:
      return failed("index of untyped nil");
    default:
      break;
  }
  if (value.is(Type::kSample) && !value.sample()) return failed("index of nil pointer");
  std::string_view name = type_name(value);
  if (kind_of(value) == Kind::kPointer) name.remove_prefix(1);
  return failed("can't index item of type " + std::string(name));
}

}  // namespace

Result<bool> equals_any(const Value& value, std::span<const Value> others) {
  if (others.empty()) return failed("missing argument for comparison");
  for (const Value& other : others) {
    const bool equal = TRY(equals(value, other));
    if (equal) return true;
  }
  return false;
}

Result<bool> is_less(const Value& a, const Value& b) {
  const Kind kind_a = kind_of(a);
  const Kind kind_b = kind_of(b);
  if (!is_basic(kind_a) || !is_basic(kind_b)) return failed("invalid type for comparison");
  const auto is_integer = [](Kind kind) { return kind == Kind::kInt || kind == Kind::kUint; };
  if (is_integer(kind_a) && is_integer(kind_b)) return a.integer() < b.integer();
  if (kind_a != kind_b) return failed(incompatible(a, b));
  if (kind_a == Kind::kBool) return failed("invalid type for comparison");
  return kind_a == Kind::kFloat ? a.real() < b.real() : a.string() < b.string();
}

Result<Value> index_into(Value value, std::span<const Value> indexes) {
  if (value.is_none()) return failed("index of untyped nil");
  for (const Value& index : indexes) value = TRY(index_once(value, index));
  return value;
}

Result<Value> slice_of(const Value& value, std::span<const Value> bounds) {
  if (value.is_none()) return failed("slice of untyped nil");
  if (bounds.size() > 3) return failed("too many slice indexes: " + std::to_string(bounds.size()));
  const bool is_string = kind_of(value) == Kind::kString;
  if (is_string && bounds.size() == 3) return failed("cannot 3-index slice a string");
  if (!is_string && !value.is(Type::kSamples)) {
    return failed("can't slice item of type " + std::string(type_name(value)));
  }
  const std::size_t size = is_string ? value.string().size() : value.samples().size();
  std::array<std::size_t, 3> at = {0, size, size};
  for (std::size_t i = 0; i < bounds.size(); ++i) at[i] = TRY(position_of(bounds[i], size, true));
  for (std::size_t i = 0; i + 1 < std::max<std::size_t>(bounds.size(), 2); ++i) {
    if (at[i] > at[i + 1]) {
      return failed("invalid slice index: " + std::to_string(at[i]) + " > " +
                    std::to_string(at[i + 1]));
    }
  }
  if (is_string) {
    std::string part = value.string().substr(at[0], at[1] - at[0]);
    return value.is(Type::kHtml) ? Value::html(std::move(part)) : Value(std::move(part));
  }
  const auto begin = value.samples().begin();
  return Value(std::make_shared<const std::vector<Value::SamplePtr>>(
      begin + static_cast<std::ptrdiff_t>(at[0]), begin + static_cast<std::ptrdiff_t>(at[1])));
}

Result<std::int64_t> length_of(const Value& value) {
  switch (value.type()) {
    case Type::kString:
    case Type::kHtml:
      return static_cast<std::int64_t>(value.string().size());
    case Type::kStringMap:
      return static_cast<std::int64_t>(value.labels().size());
    case Type::kAnyMap:
      return static_cast<std::int64_t>(value.map().size());
    case Type::kSamples:
      return static_cast<std::int64_t>(value.samples().size());
    case Type::kNone:
      // Go's own words for it are no better.
      return failed("reflect: call of reflect.Value.Type on zero Value");
    default:
      break;
  }
  std::string_view name = type_name(value);
  if (kind_of(value) == Kind::kPointer) name.remove_prefix(1);
  return failed("len of type " + std::string(name));
}

}  // namespace silverback::templates
