// What a template computes with. The types are those that Prometheus's templates can meet in Go,
// because their names and kinds show in errors, %T, comparisons and printing.
// Threads: value types; what they share is immutable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/labels.h"
#include "rules/template/go_time.h"

namespace silverback::templates {

// One element of a query's result.
struct QuerySample {
  Labels labels;
  double value = 0;
};

enum class Type : std::uint8_t {
  kNone,  // nil, and what a missing entry of an `args` map is
  kBool,
  kInt,
  kInt64,
  kUint8,  // a byte of a string
  kFloat,
  kString,
  kHtml,       // a string that safeHtml made
  kStringMap,  // label sets; a missing key is ""
  kAnyMap,     // what `args` makes
  kSample,     // one result of a query; may be nil
  kSamples,    // all of them
  kTime,
  kTimePointer,
  kDuration,
  kDurationPointer,
  kMonth,
  kWeekday,
  kHistogram,  // a native histogram as $value: only its text
  kAlertData,  // what `.` is at first
};

class Value;
using AnyMap = std::map<std::string, Value>;

// What `.` is at first.
struct AlertData;

class Value {
 public:
  using SamplePtr = std::shared_ptr<const QuerySample>;
  using SampleList = std::shared_ptr<const std::vector<SamplePtr>>;

  Value() = default;
  // NOLINTBEGIN(google-explicit-constructor): what functions return becomes a value
  Value(bool v) : type_(Type::kBool), data_(v) {}
  Value(double v) : type_(Type::kFloat), data_(v) {}
  Value(std::string v) : type_(Type::kString), data_(std::move(v)) {}
  Value(std::string_view v) : type_(Type::kString), data_(std::string(v)) {}
  Value(SamplePtr v) : type_(Type::kSample), data_(std::move(v)) {}
  Value(SampleList v) : type_(Type::kSamples), data_(std::move(v)) {}
  // NOLINTEND(google-explicit-constructor)
  Value(const char*) = delete;  // it would be a bool
  static Value integer(std::int64_t v, Type type = Type::kInt) { return {type, v}; }
  static Value html(std::string v) { return {Type::kHtml, std::move(v)}; }
  static Value histogram(std::string text) { return {Type::kHistogram, std::move(text)}; }
  static Value time(const GoTime& t, Type type = Type::kTime) { return {type, t}; }
  static Value labels(Labels labels) {
    return {Type::kStringMap, std::make_shared<const Labels>(std::move(labels))};
  }
  static Value map(AnyMap entries);
  static Value alert_data(std::shared_ptr<const AlertData> data) {
    return {Type::kAlertData, std::move(data)};
  }

  Type type() const { return type_; }
  bool is(Type type) const { return type_ == type; }
  bool is_none() const { return type_ == Type::kNone; }

  // Each requires a type that holds it.
  bool boolean() const { return std::get<bool>(data_); }
  std::int64_t integer() const { return std::get<std::int64_t>(data_); }  // durations too
  double real() const { return std::get<double>(data_); }
  const std::string& string() const { return std::get<std::string>(data_); }
  const Labels& labels() const { return *std::get<std::shared_ptr<const Labels>>(data_); }
  const AnyMap& map() const { return *std::get<std::shared_ptr<const AnyMap>>(data_); }
  const SamplePtr& sample() const { return std::get<SamplePtr>(data_); }
  const std::vector<SamplePtr>& samples() const { return *std::get<SampleList>(data_); }
  const GoTime& time() const { return std::get<GoTime>(data_); }
  const AlertData& alert_data() const { return *std::get<std::shared_ptr<const AlertData>>(data_); }

 private:
  using Data = std::variant<std::monostate, bool, std::int64_t, double, std::string, GoTime,
                            std::shared_ptr<const Labels>, std::shared_ptr<const AnyMap>, SamplePtr,
                            SampleList, std::shared_ptr<const AlertData>>;
  Value(Type type, Data data) : type_(type), data_(std::move(data)) {}

  Type type_ = Type::kNone;
  Data data_;
};

struct AlertData {
  Value labels, external_labels, external_url, value;
};

// What operators ask of a type.
enum class Kind : std::uint8_t {
  kNone,
  kBool,
  kInt,
  kUint,
  kFloat,
  kString,
  kMap,
  kList,
  kStruct,
  kPointer
};
Kind kind_of(Type type);
inline Kind kind_of(const Value& value) { return kind_of(value.type()); }
// Go's name for it: `map[string]string`, `<nil>`.
std::string_view type_name(Type type);
inline std::string_view type_name(const Value& value) { return type_name(value.type()); }

// What `if` thinks of it: zero, empty and nil are false.
bool is_true(const Value& value);

// The text that `{{value}}` gives.
std::string to_text(const Value& value);

// The text of a type that can say itself (a time, a duration, a month): Go's String method.
bool has_string_method(Type type);
// Requires has_string_method(value.type()).
std::string own_string(const Value& value);

}  // namespace silverback::templates
