#include "rules/template/printf.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/labels.h"
#include "rules/template/number_verbs.h"
#include "rules/template/rune.h"

namespace silverback::templates {
namespace {

// A width, precision or argument number beyond this is none.
constexpr std::int64_t kNumberMax = 1'000'000;

// Writes one value by one verb.
class Printer {
 public:
  Printer(std::string& out, const VerbFlags& flags) : out_(out), flags_(flags) {}

  // `nested`: inside a map, list or struct.
  void print(const Value& value, std::uint32_t verb, bool nested = false);
  void print_fields(const QuerySample& sample, std::uint32_t verb);

 private:
  void print_none(std::uint32_t verb, bool nested);
  void print_integer(const Value& value, std::uint32_t verb);
  void print_float(const Value& value, std::uint32_t verb);
  void print_string(const Value& value, std::string_view text, std::uint32_t verb);
  void print_quoted(std::string_view text);
  void print_rune(std::int64_t value, bool quoted);
  void print_labels(const Labels& labels, std::uint32_t verb);
  void print_map(const AnyMap& map, std::uint32_t verb);
  void print_samples(const Value& value, std::uint32_t verb);
  void print_alert_data(const AlertData& data, std::uint32_t verb);
  void print_pair(bool first, std::string_view key, const Value& value, std::uint32_t verb);
  void print_field(bool first, std::string_view name, const Value& value, std::uint32_t verb);
  // `%!d(string=x)`
  void bad_verb(const Value& value, std::uint32_t verb);

  std::string& out_;
  const VerbFlags& flags_;
};

void Printer::print(const Value& value, std::uint32_t verb, bool nested) {
  if (value.is_none()) return print_none(verb, nested);
  if (verb == 'T' && !nested) return append_padded(out_, type_name(value), flags_);
  constexpr std::string_view kStringVerbs = "vsxXq";
  const bool as_string =
      verb < 0x80 && kStringVerbs.find(static_cast<char>(verb)) != kStringVerbs.npos;
  if (has_string_method(value.type()) && as_string && !flags_.sharp_v) {
    return print_string(value, own_string(value), verb);
  }
  switch (value.type()) {
    case Type::kBool:
      if (verb != 't' && verb != 'v') return bad_verb(value, verb);
      return append_padded(out_, value.boolean() ? "true" : "false", flags_);
    case Type::kInt:
    case Type::kInt64:
    case Type::kUint8:
    case Type::kDuration:
    case Type::kDurationPointer:
    case Type::kMonth:
    case Type::kWeekday:
      return print_integer(value, verb);
    case Type::kFloat:
      return print_float(value, verb);
    case Type::kString:
    case Type::kHtml:
      return print_string(value, value.string(), verb);
    case Type::kStringMap:
      return print_labels(value.labels(), verb);
    case Type::kAnyMap:
      return print_map(value.map(), verb);
    case Type::kSample:
      if (!value.sample()) return append_padded(out_, "<nil>", flags_);
      out_ += '&';
      return print_fields(*value.sample(), verb);
    case Type::kSamples:
      return print_samples(value, verb);
    case Type::kAlertData:
      return print_alert_data(value.alert_data(), verb);
    default:
      return bad_verb(value, verb);
  }
}

void Printer::print_none(std::uint32_t verb, bool nested) {
  if (nested && flags_.sharp_v) {
    out_ += "interface {}(nil)";
  } else if (nested) {
    out_ += "<nil>";
  } else if (verb == 'v' || verb == 'T') {
    append_padded(out_, "<nil>", flags_);
  } else {
    bad_verb(Value(), verb);
  }
}

void Printer::bad_verb(const Value& value, std::uint32_t verb) {
  append_rune(out_.append("%!"), verb);
  out_ += '(';
  if (value.is_none()) {
    out_ += "<nil>";
  } else {
    out_.append(type_name(value)).append("=");
    print(value, 'v');
  }
  out_ += ')';
}

void Printer::print_integer(const Value& value, std::uint32_t verb) {
  const std::int64_t integer = value.integer();
  switch (verb) {
    case 'v':
      if (flags_.sharp_v && value.is(Type::kUint8)) {
        VerbFlags sharp = flags_;
        sharp.sharp = true;
        return append_integer(out_, integer, {.base = 16}, sharp);
      }
      return append_integer(out_, integer, {}, flags_);
    case 'd':
      return append_integer(out_, integer, {}, flags_);
    case 'b':
      return append_integer(out_, integer, {.base = 2}, flags_);
    case 'o':
      return append_integer(out_, integer, {.base = 8}, flags_);
    case 'O':
      return append_integer(out_, integer, {.base = 8, .with_0o = true}, flags_);
    case 'x':
      return append_integer(out_, integer, {.base = 16}, flags_);
    case 'X':
      return append_integer(out_, integer, {.base = 16, .upper = true}, flags_);
    case 'c':
      return print_rune(integer, false);
    case 'q':
      return print_rune(integer, true);
    case 'U':
      return append_unicode(out_, static_cast<std::uint64_t>(integer), flags_);
    default:
      return bad_verb(value, verb);
  }
}

void Printer::print_rune(std::int64_t value, bool quoted) {
  const auto rune =
      value < 0 || value > 0x10ffff ? kReplacementRune : static_cast<std::uint32_t>(value);
  std::string text;
  if (quoted) {
    text = quote_rune(rune, flags_.plus);
  } else {
    append_rune(text, rune);
  }
  append_padded(out_, text, flags_);
}

void Printer::print_float(const Value& value, std::uint32_t verb) {
  switch (verb) {
    case 'v':
      return append_float(out_, value.real(), 'g', -1, flags_);
    case 'b':
    case 'g':
    case 'G':
    case 'x':
    case 'X':
      return append_float(out_, value.real(), static_cast<char>(verb), -1, flags_);
    case 'f':
    case 'F':
    case 'e':
    case 'E':
      return append_float(out_, value.real(), static_cast<char>(verb), 6, flags_);
    default:
      return bad_verb(value, verb);
  }
}

void Printer::print_string(const Value& value, std::string_view text, std::uint32_t verb) {
  switch (verb) {
    case 'v':
      if (flags_.sharp_v) return print_quoted(text);
      [[fallthrough]];
    case 's':
      return append_padded(out_, flags_.precision ? first_runes(text, *flags_.precision) : text,
                           flags_);
    case 'x':
    case 'X':
      return append_hex_bytes(out_, text, verb == 'X', flags_);
    case 'q':
      return print_quoted(text);
    default:
      return bad_verb(value, verb);
  }
}

void Printer::print_quoted(std::string_view text) {
  if (flags_.precision) text = first_runes(text, *flags_.precision);
  if (flags_.sharp && can_backquote(text)) {
    return append_padded(out_, '`' + std::string(text) + '`', flags_);
  }
  append_padded(out_, flags_.plus ? quote_ascii(text) : quote(text), flags_);
}

// `key:value`, as it stands in a map.
void Printer::print_pair(bool first, std::string_view key, const Value& value, std::uint32_t verb) {
  if (!first) out_ += flags_.sharp_v ? ", " : " ";
  print(Value(key), verb, true);
  out_ += ':';
  print(value, verb, true);
}

void Printer::print_labels(const Labels& labels, std::uint32_t verb) {
  out_ += flags_.sharp_v ? "map[string]string{" : "map[";
  bool first = true;
  for (const Label& label : labels) {
    print_pair(first, label.name, Value(label.value), verb);
    first = false;
  }
  out_ += flags_.sharp_v ? '}' : ']';
}

void Printer::print_map(const AnyMap& map, std::uint32_t verb) {
  out_ += flags_.sharp_v ? "map[string]interface {}{" : "map[";
  bool first = true;
  for (const auto& [key, value] : map) {
    print_pair(first, key, value, verb);
    first = false;
  }
  out_ += flags_.sharp_v ? '}' : ']';
}

void Printer::print_samples(const Value& value, std::uint32_t verb) {
  if (flags_.sharp_v) out_ += type_name(value);
  out_ += flags_.sharp_v ? '{' : '[';
  bool first = true;
  for (const Value::SamplePtr& sample : value.samples()) {
    if (!first) out_ += flags_.sharp_v ? ", " : " ";
    first = false;
    print(Value(sample), verb, true);
  }
  out_ += flags_.sharp_v ? '}' : ']';
}

void Printer::print_field(bool first, std::string_view name, const Value& value,
                          std::uint32_t verb) {
  if (!first) out_ += flags_.sharp_v ? ", " : " ";
  if (flags_.plus_v || flags_.sharp_v) out_.append(name).append(":");
  print(value, verb, true);
}

void Printer::print_fields(const QuerySample& sample, std::uint32_t verb) {
  if (flags_.sharp_v) out_ += "template.sample";
  out_ += '{';
  print_field(true, "Labels", Value::labels(sample.labels), verb);
  print_field(false, "Value", Value(sample.value), verb);
  out_ += '}';
}

void Printer::print_alert_data(const AlertData& data, std::uint32_t verb) {
  if (flags_.sharp_v) out_ += type_name(Type::kAlertData);
  out_ += '{';
  print_field(true, "Labels", data.labels, verb);
  print_field(false, "ExternalLabels", data.external_labels, verb);
  print_field(false, "ExternalURL", data.external_url, verb);
  print_field(false, "Value", data.value, verb);
  out_ += '}';
}

// Reads a format and writes the text.
class Formatter {
 public:
  Formatter(std::string_view format, std::span<const Value> values, std::size_t bytes_max)
      : rest_(format), values_(values), bytes_max_(bytes_max) {}

  std::string run();

 private:
  void directive();
  void read_flags();
  void read_width();
  void read_precision();
  void read_argument_number();
  void write_verb(std::uint32_t verb);
  void write_error(std::uint32_t verb, std::string_view what);
  void write_extra();
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::optional<std::size_t> read_number();
  std::optional<std::int64_t> number_from_argument();

  std::string_view rest_;
  const std::span<const Value> values_;
  const std::size_t bytes_max_;
  std::string out_;
  VerbFlags flags_;
  std::size_t next_ = 0;          // of the values
  bool numbered_ = false;         // some directive named its value: then none is left over
  bool number_precedes_ = false;  // [n] was read and not used yet
  bool number_is_good_ = true;
};

std::string Formatter::run() {
  while (!rest_.empty() && out_.size() <= bytes_max_) {
    const std::size_t percent = rest_.find('%');
    out_ += rest_.substr(0, percent);
    if (percent == std::string_view::npos) break;
    rest_.remove_prefix(percent + 1);
    directive();
  }
  if (!numbered_ && next_ < values_.size() && out_.size() <= bytes_max_) write_extra();
  return std::move(out_);
}

void Formatter::directive() {
  flags_ = {};
  number_precedes_ = false;
  number_is_good_ = true;
  read_flags();
  read_argument_number();
  read_width();
  read_precision();
  if (!number_precedes_) read_argument_number();
  if (rest_.empty()) {
    out_ += "%!(NOVERB)";
    return;
  }
  // What is wider than the limit is too long anyway.
  if (flags_.width) flags_.width = std::min(*flags_.width, bytes_max_ + 1);
  if (flags_.precision) flags_.precision = std::min(*flags_.precision, bytes_max_ + 1);
  const Rune verb = rune_at(rest_, 0);
  rest_.remove_prefix(verb.bytes);
  write_verb(verb.value);
}

void Formatter::read_flags() {
  while (true) {
    if (take('#')) {
      flags_.sharp = true;
    } else if (take('0')) {
      flags_.zero = true;
    } else if (take('+')) {
      flags_.plus = true;
    } else if (take('-')) {
      flags_.minus = true;
    } else if (take(' ')) {
      flags_.space = true;
    } else {
      return;
    }
  }
}

std::optional<std::size_t> Formatter::read_number() {
  std::optional<std::size_t> number;
  while (!rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9') {
    if (number && *number > kNumberMax) {
      rest_ = {};  // Go gives up on the rest of the format
      return std::nullopt;
    }
    number = number.value_or(0) * 10 + static_cast<std::size_t>(rest_[0] - '0');
    rest_.remove_prefix(1);
  }
  return number;
}

std::optional<std::int64_t> Formatter::number_from_argument() {
  if (next_ >= values_.size()) return std::nullopt;
  const Value& value = values_[next_++];
  const Kind kind = kind_of(value);
  if (kind != Kind::kInt && kind != Kind::kUint) return std::nullopt;
  if (value.integer() > kNumberMax || value.integer() < -kNumberMax) return std::nullopt;
  return value.integer();
}

void Formatter::read_width() {
  if (!take('*')) {
    flags_.width = read_number();
    if (number_precedes_ && flags_.width) number_is_good_ = false;  // %[3]2d
    return;
  }
  const std::optional<std::int64_t> width = number_from_argument();
  number_precedes_ = false;
  if (!width) {
    out_ += "%!(BADWIDTH)";
    return;
  }
  if (*width < 0) {
    flags_.minus = true;
    flags_.zero = false;
  }
  flags_.width = static_cast<std::size_t>(*width < 0 ? -*width : *width);
}

void Formatter::read_precision() {
  if (!take('.')) return;
  if (number_precedes_) number_is_good_ = false;  // %[3].2d
  read_argument_number();
  if (!take('*')) {
    flags_.precision = read_number().value_or(0);
    return;
  }
  const std::optional<std::int64_t> precision = number_from_argument();
  number_precedes_ = false;
  if (!precision) {
    out_ += "%!(BADPREC)";
  } else if (*precision >= 0) {
    flags_.precision = static_cast<std::size_t>(*precision);
  } else {
    out_ += "%!(BADPREC)";
  }
}

// `[n]`: which value comes next, from 1.
void Formatter::read_argument_number() {
  number_precedes_ = false;
  if (!rest_.starts_with('[')) return;
  numbered_ = true;
  const std::size_t close = rest_.find(']');
  if (close == std::string_view::npos || rest_.size() < 3) {
    number_is_good_ = false;
    rest_.remove_prefix(1);
    return;
  }
  const std::string_view after = rest_.substr(close + 1);
  rest_ = rest_.substr(1, close - 1);
  const std::optional<std::size_t> number = read_number();
  const bool is_number = number && rest_.empty();
  rest_ = after;
  number_precedes_ = is_number;
  if (is_number && *number >= 1 && *number <= values_.size()) {
    next_ = *number - 1;
  } else {
    number_is_good_ = false;
  }
}

void Formatter::write_error(std::uint32_t verb, std::string_view what) {
  append_rune(out_.append("%!"), verb);
  out_.append("(").append(what).append(")");
}

void Formatter::write_verb(std::uint32_t verb) {
  if (verb == '%') {
    out_ += '%';
    return;
  }
  if (!number_is_good_) return write_error(verb, "BADINDEX");
  if (next_ >= values_.size()) return write_error(verb, "MISSING");
  if (verb == 'v') {
    flags_.sharp_v = std::exchange(flags_.sharp, false);
    flags_.plus_v = std::exchange(flags_.plus, false);
  }
  Printer(out_, flags_).print(values_[next_++], verb);
}

void Formatter::write_extra() {
  out_ += "%!(EXTRA ";
  const VerbFlags none;
  for (std::size_t i = next_; i < values_.size(); ++i) {
    if (i > next_) out_ += ", ";
    if (values_[i].is_none()) {
      out_ += "<nil>";
    } else {
      out_.append(type_name(values_[i])).append("=");
      Printer(out_, none).print(values_[i], 'v');
    }
  }
  out_ += ')';
}

}  // namespace

std::string format_verbs(std::string_view format, std::span<const Value> values,
                         std::size_t bytes_max) {
  return Formatter(format, values, bytes_max).run();
}

std::string print_joined(std::span<const Value> values) {
  std::string out;
  const VerbFlags none;
  bool after_string = true;
  for (const Value& value : values) {
    const bool is_string = kind_of(value) == Kind::kString;
    if (!is_string && !after_string) out += ' ';
    Printer(out, none).print(value, 'v');
    after_string = is_string;
  }
  return out;
}

std::string print_line(std::span<const Value> values) {
  std::string out;
  const VerbFlags none;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += ' ';
    Printer(out, none).print(values[i], 'v');
  }
  return out + '\n';
}

std::string print_struct(const QuerySample& sample) {
  std::string out;
  const VerbFlags none;
  Printer(out, none).print_fields(sample, 'v');
  return out;
}

}  // namespace silverback::templates
