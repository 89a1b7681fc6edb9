#include "api/parameters.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "base/number_text.h"
#include "promql/parser.h"

namespace silverback::api {
namespace {

tl::unexpected<Error> invalid(std::string_view name, std::string_view message) {
  std::string text = "invalid parameter \"";
  text.append(name).append("\": ").append(message);
  return fail(ErrorCode::kInvalidArgument, std::move(text));
}

}  // namespace

Result<TimestampMs> required_timestamp(const Request& request, std::string_view name) {
  Result<TimestampMs> parsed = parse_timestamp(request.form.get(name));
  if (!parsed) return invalid(name, parsed.error().message);
  return parsed;
}

Result<TimestampMs> timestamp_parameter(const Request& request, std::string_view name,
                                        TimestampMs fallback) {
  if (request.form.get(name).empty()) return fallback;
  return required_timestamp(request, name);
}

Result<DurationMs> parse_duration_or_seconds(std::string_view text) {
  const auto bad = [text](std::string_view why) {
    return fail(ErrorCode::kInvalidArgument, "cannot parse \"" + std::string(text) +
                                                 "\" to a valid duration" + std::string(why));
  };
  if (const std::optional<double> seconds = parse_float(text)) {
    const double ms = *seconds * 1000;
    // The largest span that Go's nanoseconds can hold.
    constexpr double kMsMax = static_cast<double>(std::numeric_limits<std::int64_t>::max()) / 1e6;
    if (std::isnan(ms)) return bad("");
    if (std::abs(ms) > kMsMax) return bad(". It overflows int64");
    return static_cast<DurationMs>(ms);
  }
  const Result<DurationMs> parsed = parse_duration(text);
  if (!parsed) return bad("");
  return *parsed;
}

Result<TimeRange> range_parameters(const Request& request) {
  TimeRange range;
  range.start = TRY(timestamp_parameter(request, "start", range.start));
  range.end = TRY(timestamp_parameter(request, "end", range.end));
  if (range.end < range.start) {
    return invalid("end", "end timestamp must not be before start time");
  }
  return range;
}

Result<std::size_t> limit_parameter(const Request& request) {
  const std::string_view text = request.form.get("limit");
  if (text.empty()) return std::size_t{0};
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return invalid("limit", "cannot parse " + quote(text) + " as a number");
  }
  if (value < 0) return invalid("limit", "limit must be non-negative");
  return static_cast<std::size_t>(value);
}

Result<std::vector<std::vector<Matcher>>> match_parameters(const Request& request) {
  std::vector<std::vector<Matcher>> sets;
  for (const std::string_view text : request.form.all("match[]")) {
    Result<std::vector<Matcher>> matchers = promql::parse_metric_selector(text);
    if (!matchers) return invalid("match[]", matchers.error().message);
    sets.push_back(*std::move(matchers));
  }
  return sets;
}

}  // namespace silverback::api
