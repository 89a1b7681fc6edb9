// Writes JSON into one string, for answers that can be large: no tree, no intermediate strings.
//
//   JsonWriter json;
//   json.begin_object().key("name").string("a\"b").key("ids").begin_array().integer(1).integer(2);
//   json.end_array().end_object();                      // {"name":"a\"b","ids":[1,2]}
//
// Commas come by themselves; that brackets match and keys alternate with values is the caller's.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/labels.h"
#include "base/time.h"

namespace silverback::api {

// Go's zero time: the instant of what has never happened.
inline constexpr std::string_view kNeverText = "0001-01-01T00:00:00Z";

class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }

  JsonWriter& key(std::string_view name);
  // Bytes that are not UTF-8 become U+FFFD: JSON cannot carry them.
  JsonWriter& string(std::string_view text);
  JsonWriter& integer(std::integral auto value) {
    separate();
    out_ += std::to_string(value);
    return *this;
  }
  JsonWriter& boolean(bool value) { return raw(value ? "true" : "false"); }
  JsonWriter& null() { return raw("null"); }
  // A JSON number; 0 if it is not finite, which JSON cannot say.
  JsonWriter& number(double value);

  // As the HTTP API writes sample values: in quotes, `"1e-07"`, `"+Inf"`.
  JsonWriter& quoted_float(double value);
  // As the HTTP API writes instants: `1435781430.781`.
  JsonWriter& timestamp(TimestampMs t);
  // `{"__name__":"up","job":"a"}`
  JsonWriter& labels(const Labels& labels);

  // Appends JSON text made elsewhere, as one value.
  JsonWriter& raw(std::string_view json) {
    separate();
    out_ += json;
    return *this;
  }

  // For hot loops: appends without looking at commas.
  std::string& buffer() { return out_; }
  std::string take() && { return std::move(out_); }

 private:
  // A value stands after a comma unless it is the first in its brackets or follows its key. The
  // last character tells: strings end in a quote, whatever is in them.
  void separate() {
    if (out_.empty()) return;
    const char last = out_.back();
    if (last != '{' && last != '[' && last != ':') out_ += ',';
  }
  JsonWriter& open(char bracket) {
    separate();
    out_ += bracket;
    return *this;
  }
  JsonWriter& close(char bracket) {
    out_ += bracket;
    return *this;
  }

  std::string out_;
};

// Appends `text` in quotes, escaped.
void append_json_string(std::string& out, std::string_view text);

}  // namespace silverback::api
