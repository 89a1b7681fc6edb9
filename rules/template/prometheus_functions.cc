#include "rules/template/prometheus_functions.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include <arpa/inet.h>

#include "base/labels.h"
#include "base/regex.h"
#include "base/url_escape.h"
#include "rules/template/escape.h"
#include "rules/template/literals.h"
#include "rules/template/printf.h"
#include "rules/template/rune.h"

namespace silverback::templates {
namespace {

constexpr double kSecondNs = 1e9;

tl::unexpected<Error> failed(std::string message) {
  return fail(ErrorCode::kExecution, std::move(message));
}

const std::string& text_of(const Call& call, std::size_t i = 0) {
  return call.arguments[i].string();
}

// Numbers, and texts of numbers.
Result<double> number_of(const Call& call) {
  const Value& value = call.arguments[0];
  switch (value.type()) {
    case Type::kFloat:
      return value.real();
    case Type::kString:
      return read_float(value.string());
    case Type::kInt:
    case Type::kInt64:
      return static_cast<double>(value.integer());
    case Type::kDuration:
      return static_cast<double>(value.integer()) / kSecondNs;
    default:
      return failed("can't convert " + std::string(type_name(value)) + " to float");
  }
}

// The sample of a function that would read through Go's nil pointer.
Result<const QuerySample*> sample_of(const Call& call, std::size_t i = 0) {
  const Value::SamplePtr& sample = call.arguments[i].sample();
  if (!sample) {
    return failed("runtime error: invalid memory address or nil pointer dereference");
  }
  return sample.get();
}

// Four significant digits.
std::string short_number(double v) {
  const Value value(v);
  return format_verbs("%.4g", {&value, 1});
}

// v with the prefix that brings it to [1, base), or as near as the prefixes go.
std::string with_prefix(double v, double base, std::span<const std::string_view> prefixes) {
  std::string_view prefix;
  for (const std::string_view next : prefixes) {
    if (base > 1 ? std::fabs(v) < base : std::fabs(v) >= 1) break;
    prefix = next;
    v = base > 1 ? v / base : v * 1000;
  }
  return short_number(v) + std::string(prefix);
}

constexpr double kDown = 0;  // instead of a base: multiples of 1000 down from 1
constexpr std::array<std::string_view, 8> kLarge = {"k", "M", "G", "T", "P", "E", "Z", "Y"};
constexpr std::array<std::string_view, 8> kSmall = {"m", "u", "n", "p", "f", "a", "z", "y"};
constexpr std::array<std::string_view, 8> kBinary = {"ki", "Mi", "Gi", "Ti",
                                                     "Pi", "Ei", "Zi", "Yi"};

// Requires a finite |v| >= 1.
std::string long_duration(double v) {
  const std::string sign = v < 0 ? "-" : "";
  v = std::fabs(v);
  constexpr double kLimit = 9.2e18;
  const auto seconds = static_cast<std::int64_t>(std::min(v, kLimit));
  const std::int64_t days = seconds / 86'400;
  const std::int64_t hours = seconds / 3'600 % 24;
  const std::int64_t minutes = seconds / 60 % 60;
  if (days == 0 && hours == 0 && minutes == 0) return sign + short_number(v) + 's';
  std::string out = sign;
  if (days != 0) out += std::to_string(days) + "d ";
  if (days != 0 || hours != 0) out += std::to_string(hours) + "h ";
  return out + std::to_string(minutes) + "m " + std::to_string(seconds % 60) + 's';
}

// Prometheus compatibility: through nanoseconds, cut to milliseconds.
Result<GoTime> instant_of(double seconds) {
  const double ns = seconds * kSecondNs;
  constexpr double kLimit = 9223372036854775808.0;
  if (ns > kLimit || ns < -kLimit) {
    const Value value(seconds);
    return failed(print_joined({&value, 1}) +
                  " cannot be represented as a nanoseconds timestamp since it overflows int64");
  }
  const std::int64_t whole =
      ns >= kLimit ? std::numeric_limits<std::int64_t>::max() : static_cast<std::int64_t>(ns);
  return GoTime::from_ms(whole / 1'000'000);
}

struct HostPort {
  std::string_view host, port;
};
// `host:port` or `[host]:port`; nullopt for anything else.
std::optional<HostPort> split_host_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (text.starts_with('[')) {
    if (!host.ends_with(']')) return std::nullopt;
    host = host.substr(1, host.size() - 2);
    if (text.find(']') + 1 != colon) return std::nullopt;
  } else if (host.find(':') != host.npos) {
    return std::nullopt;
  }
  const std::string_view port = text.substr(colon + 1);
  const bool has_bracket =
      host.find_first_of("[]") != host.npos || port.find_first_of("[]") != port.npos;
  if (has_bracket) return std::nullopt;
  return HostPort{host, port};
}

bool is_ip_address(std::string_view text) {
  const std::string host(text);
  std::array<unsigned char, sizeof(in6_addr)> bytes;
  return inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

}  // namespace

// ---- Query results

Result<Value> run_query(const Call& call) {
  if (!call.environment.query) return failed("queries are not available here");
  std::vector<QuerySample> found = TRY(call.environment.query(text_of(call)));
  std::vector<Value::SamplePtr> samples;
  samples.reserve(found.size());
  for (QuerySample& sample : found) {
    samples.push_back(std::make_shared<const QuerySample>(std::move(sample)));
  }
  return Value(std::make_shared<const std::vector<Value::SamplePtr>>(std::move(samples)));
}

Result<Value> run_first(const Call& call) {
  const auto& samples = call.arguments[0].samples();
  if (samples.empty()) return failed("first() called on vector with no elements");
  return Value(samples.front());
}

Result<Value> run_label(const Call& call) {
  const QuerySample* const sample = TRY(sample_of(call, 1));
  return Value(sample->labels.get(text_of(call)));
}

Result<Value> run_value(const Call& call) {
  const QuerySample* const sample = TRY(sample_of(call));
  return Value(sample->value);
}

Result<Value> run_strvalue(const Call& call) {
  const QuerySample* const sample = TRY(sample_of(call));
  return Value(sample->labels.get("__value__"));
}

Result<Value> run_sort_by_label(const Call& call) {
  const std::string& name = text_of(call);
  std::vector<Value::SamplePtr> sorted = call.arguments[1].samples();
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](const Value::SamplePtr& a, const Value::SamplePtr& b) {
                     return a->labels.get(name) < b->labels.get(name);
                   });
  return Value(std::make_shared<const std::vector<Value::SamplePtr>>(std::move(sorted)));
}

// ---- Numbers as people read them

Result<Value> run_humanize(const Call& call) {
  const double v = TRY(number_of(call));
  if (v == 0 || !std::isfinite(v)) return Value(short_number(v));
  return Value(std::fabs(v) >= 1 ? with_prefix(v, 1000, kLarge) : with_prefix(v, kDown, kSmall));
}

Result<Value> run_humanize_1024(const Call& call) {
  const double v = TRY(number_of(call));
  if (std::fabs(v) <= 1 || !std::isfinite(v)) return Value(short_number(v));
  return Value(with_prefix(v, 1024, kBinary));
}

Result<Value> run_humanize_duration(const Call& call) {
  const double v = TRY(number_of(call));
  if (!std::isfinite(v)) return Value(short_number(v));
  if (v == 0) return Value(short_number(v) + 's');
  return Value(std::fabs(v) >= 1 ? long_duration(v) : with_prefix(v, kDown, kSmall) + 's');
}

Result<Value> run_humanize_percentage(const Call& call) {
  const double v = TRY(number_of(call));
  return Value(short_number(v * 100) + '%');
}

Result<Value> run_humanize_timestamp(const Call& call) {
  const double v = TRY(number_of(call));
  if (!std::isfinite(v)) return Value(short_number(v));
  const GoTime t = TRY(instant_of(v));
  return Value(to_string(t));
}

// ---- Time

Result<Value> run_now(const Call& call) {
  return Value(static_cast<double>(call.environment.now) / 1000.0);
}

Result<Value> run_to_time(const Call& call) {
  const double v = TRY(number_of(call));
  if (!std::isfinite(v)) return failed("value is NaN or Inf");
  const GoTime t = TRY(instant_of(v));
  return Value::time(t, Type::kTimePointer);
}

Result<Value> run_to_duration(const Call& call) {
  const double ns = TRY(number_of(call)) * kSecondNs;
  // What x86 makes of a number that no int64 holds.
  const bool fits = ns >= -9223372036854775808.0 && ns < 9223372036854775808.0;
  const std::int64_t d =
      fits ? static_cast<std::int64_t>(ns) : std::numeric_limits<std::int64_t>::min();
  return Value::integer(d, Type::kDurationPointer);
}

Result<Value> run_parse_duration(const Call& call) {
  const DurationMs d = TRY(parse_duration(text_of(call)));
  return Value(static_cast<double>(d) / 1000.0);
}

// ---- Text

Result<Value> run_match(const Call& call) {
  const Regex regex = TRY(Regex::unanchored(text_of(call)));
  return Value(regex.is_in(text_of(call, 1)));
}

Result<Value> run_replace_all(const Call& call) {
  Result<Regex> regex = Regex::unanchored(text_of(call));
  if (!regex) {
    const std::string& pattern = text_of(call);
    const std::string quoted = can_backquote(pattern) ? '`' + pattern + '`' : quote(pattern);
    return failed("regexp: Compile(" + quoted + "): " + regex.error().message);
  }
  return Value(regex->replace_all(text_of(call, 2), text_of(call, 1), call.environment.bytes_max));
}

Result<Value> run_title(const Call& call) { return Value(to_title(text_of(call))); }
Result<Value> run_to_upper(const Call& call) { return Value(to_upper(text_of(call))); }
Result<Value> run_to_lower(const Call& call) { return Value(to_lower(text_of(call))); }
Result<Value> run_safe_html(const Call& call) { return Value::html(text_of(call)); }

Result<Value> run_strip_port(const Call& call) {
  const std::optional<HostPort> parts = split_host_port(text_of(call));
  return parts ? Value(parts->host) : call.arguments[0];
}

Result<Value> run_strip_domain(const Call& call) {
  const HostPort parts = split_host_port(text_of(call)).value_or(HostPort{text_of(call), ""});
  if (is_ip_address(parts.host)) return call.arguments[0];
  std::string name(parts.host.substr(0, parts.host.find('.')));
  if (parts.port.empty()) return Value(std::move(name));
  if (name.find(':') != std::string::npos) name = '[' + name + ']';
  return Value(name + ':' + std::string(parts.port));
}

// ---- Links

Result<Value> run_graph_link(const Call& call) { return Value(graph_link(text_of(call))); }
Result<Value> run_table_link(const Call& call) { return Value(table_link(text_of(call))); }
Result<Value> run_external_url(const Call& call) { return Value(call.environment.external_url); }
Result<Value> run_url_query_escape(const Call& call) { return Value(query_escape(text_of(call))); }

Result<Value> run_path_prefix(const Call& call) {
  const std::string& url = call.environment.external_url;
  const std::size_t scheme = url.find("://");
  const std::size_t path = url.find('/', scheme == std::string::npos ? 0 : scheme + 3);
  if (path == std::string::npos) return Value(std::string());
  return Value(url.substr(path, url.find_first_of("?#", path) - path));
}

// ---- For templates that call templates

Result<Value> run_args(const Call& call) {
  AnyMap entries;
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    entries.emplace("arg" + std::to_string(i), call.arguments[i]);
  }
  return Value::map(std::move(entries));
}

}  // namespace silverback::templates
