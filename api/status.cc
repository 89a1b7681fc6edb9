// What the server says about itself.
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <thread>

#include "api/context.h"
#include "api/endpoints.h"
#include "api/envelope.h"
#include "tsdb/db.h"

namespace silverback::api {
namespace {

// The Prometheus whose API this is: clients decide by it what they may ask for.
constexpr std::string_view kPrometheusVersion = "3.14.0";
constexpr std::size_t kTsdbLimit = 10;
constexpr std::size_t kTsdbLimitMax = 10'000;

Result<std::size_t> tsdb_limit(const Request& request) {
  const std::string_view text = request.form.get("limit");
  if (text.empty()) return kTsdbLimit;
  std::size_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (error != std::errc() || end != text.data() + text.size() || limit < 1) {
    return fail(ErrorCode::kInvalidArgument, "limit must be a positive number");
  }
  if (limit > kTsdbLimitMax) {
    return fail(ErrorCode::kInvalidArgument,
                "limit must not exceed " + std::to_string(kTsdbLimitMax));
  }
  return limit;
}

void write_counts(JsonWriter& json, std::string_view name,
                  const std::vector<tsdb::LabelCount>& counts) {
  json.key(name).begin_array();
  for (const tsdb::LabelCount& count : counts) {
    json.begin_object().key("name").string(count.name).key("value").integer(count.value);
    json.end_object();
  }
  json.end_array();
}

}  // namespace

// Never a `features` member: Grafana would take the server for Mimir.
Response status_build(const Context& context, const Request&) {
  JsonWriter json = begin_success();
  json.begin_object();
  json.key("version").string(kPrometheusVersion);
  json.key("revision").string(context.options.revision);
  json.key("branch").string("");
  json.key("buildUser").string("");
  json.key("buildDate").string(context.options.build_date);
  json.key("goVersion").string("");
  json.key("application").string("Silverback");
  json.key("applicationVersion").string(context.options.version);
  json.end_object();
  return finish_success(std::move(json));
}

Response status_runtime(const Context& context, const Request&) {
  const ConfigStatus config = context.dependencies.config_status();
  std::error_code ignored;
  JsonWriter json = begin_success();
  json.begin_object();
  json.key("startTime").string(format_rfc3339(context.started));
  json.key("CWD").string(std::filesystem::current_path(ignored).string());
  json.key("hostname").string(context.options.host_name);
  json.key("serverTime").string(format_rfc3339(context.dependencies.clock->now()));
  json.key("reloadConfigSuccess").boolean(config.reload_success);
  json.key("lastConfigTime").string(format_rfc3339(config.loaded));
  json.key("corruptionCount").integer(0);
  json.key("goroutineCount").integer(0);
  json.key("GOMAXPROCS").integer(std::thread::hardware_concurrency());
  json.key("GOMEMLIMIT").integer(0);
  json.key("GOGC").string("");
  json.key("GODEBUG").string("");
  json.key("storageRetention").string(config.storage_retention);
  json.end_object();
  return finish_success(std::move(json));
}

Response status_flags(const Context& context, const Request&) {
  JsonWriter json = begin_success();
  json.begin_object();
  for (const auto& [name, value] : context.options.flags) json.key(name).string(value);
  json.end_object();
  return finish_success(std::move(json));
}

Response status_config(const Context& context, const Request&) {
  JsonWriter json = begin_success();
  json.begin_object().key("yaml").string(context.dependencies.config_status().yaml).end_object();
  return finish_success(std::move(json));
}

Response status_tsdb(const Context& context, const Request& request) {
  const Result<std::size_t> limit = tsdb_limit(request);
  if (!limit) return error_response(limit.error());
  const tsdb::HeadStats stats = context.storage.db->head_stats(*limit);
  JsonWriter json = begin_success();
  json.begin_object().key("headStats").begin_object();
  json.key("numSeries").integer(stats.series);
  json.key("numLabelPairs").integer(stats.label_pairs);
  json.key("chunkCount").integer(stats.chunks);
  json.key("minTime").integer(stats.mint);
  json.key("maxTime").integer(stats.maxt).end_object();
  write_counts(json, "seriesCountByMetricName", stats.series_by_metric);
  write_counts(json, "labelValueCountByLabelName", stats.values_by_label);
  write_counts(json, "memoryInBytesByLabelName", stats.bytes_by_label);
  write_counts(json, "seriesCountByLabelValuePair", stats.series_by_pair);
  json.end_object();
  return finish_success(std::move(json));
}

// The log is replayed before anything but this answers: either all of it is still ahead or none.
Response status_wal_replay(const Context& context, const Request&) {
  JsonWriter json = begin_success();
  json.begin_object().key("min").integer(0).key("max").integer(1);
  json.key("current").integer(context.ready ? 1 : 0).end_object();
  return finish_success(std::move(json));
}

// There is nothing yet that the server would notify its users of.
Response notifications(const Context&, const Request&) {
  JsonWriter json = begin_success();
  json.begin_array().end_array();
  return finish_success(std::move(json));
}

Response version_text(const Context& context, const Request&) {
  JsonWriter json;
  json.begin_object();
  json.key("version").string(kPrometheusVersion);
  json.key("revision").string(context.options.revision);
  json.key("branch").string("").key("buildUser").string("");
  json.key("buildDate").string(context.options.build_date).key("goVersion").string("");
  json.key("application").string("Silverback");
  json.key("applicationVersion").string(context.options.version).end_object();
  return json_response(std::move(json).take());
}

Response metrics(const Context& context, const Request&) {
  return {.status = 200,
          .content_type = "text/plain; version=0.0.4; charset=utf-8",
          .body = metrics_text(*context.dependencies.metrics),
          .headers = {}};
}

}  // namespace silverback::api
