#include "cmd/flags.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <deque>
#include <limits>

#include <CLI/CLI.hpp>

namespace silverback::cmd {
namespace {

using enum FlagKind;
using enum FlagUse;

// clang-format off
constexpr FlagSpec kFlags[] = {
    {"config.file", kText, kWorks, "", "The configuration, a prometheus.yml. Without one the server takes remote write and scrapes itself."},
    {"config.auto-reload", kBool, kWorks, "false", "Read the configuration again when it, or a file that it names, has changed."},
    {"config.auto-reload-interval", kDuration, kWorks, "30s", "How often to look for changes, with --config.auto-reload. At least 1s."},

    {"web.listen-address", kTextList, kWorks, "0.0.0.0:9090", "Address to listen on. Can be repeated."},
    {"web.external-url", kText, kWorks, "", "The URL under which the server is reachable from outside, for links back to itself. Default: this host and the port. Its path is the default route prefix."},
    {"web.route-prefix", kText, kWorks, "", "Prefix of all HTTP paths. Default: the path of --web.external-url."},
    {"web.max-connections", kCount, kWorks, "512", "Connections open at the same time; more wait."},
    {"web.read-timeout", kDuration, kWorks, "5m", "Longest time to read a request; idle connections are closed after it. 0: no limit."},
    {"web.max-inflight-bytes", kBytes, kWorks, "256MiB", "Bytes of request bodies held at the same time. Beyond it requests are answered 503, before their body is read if it is announced; 413 if the body alone is larger."},
    {"web.cors.origin", kText, kWorks, ".*", "Regular expression, fully anchored, of the origins that CORS allows."},
    {"web.enable-lifecycle", kBool, kWorks, "false", "Allow shutdown and reload by HTTP."},
    {"web.enable-admin-api", kBool, kWorks, "false", "Allow the administrative endpoints below /api/v1/admin."},
    {"web.enable-remote-write-receiver", kBool, kWorks, "true", "Accept remote write at /api/v1/write."},
    {"web.config.file", kText, kRefused, "", "TLS and authentication are not built yet, and without them the server would be open"},
    {"web.enable-otlp-receiver", kBool, kRefused, "false", "the OTLP receiver is not built yet"},
    {"web.remote-write-receiver.accepted-protobuf-messages", kTextList, kIgnored, "prometheus.WriteRequest", "Remote-write messages to accept; today it is 1.0 alone."},
    {"web.page-title", kText, kIgnored, "", "Title of the web pages."},
    {"web.user-assets", kText, kIgnored, "", "Folder of static files."},
    {"web.console.templates", kText, kIgnored, "consoles", "Folder of console templates."},
    {"web.console.libraries", kText, kIgnored, "console_libraries", "Folder of console libraries."},
    {"web.max-notifications-subscribers", kCount, kIgnored, "16", "Subscribers of live notifications."},

    {"storage.tsdb.path", kText, kWorks, "data/", "Folder of the data."},
    {"storage.tsdb.retention.time", kDuration, kWorks, "15d", "How long samples are kept, if the configuration does not say (storage.tsdb.retention.time). Older ones are refused when they come in."},
    {"storage.tsdb.retention.size", kBytes, kRefused, "0", "retention by size is not built yet, and the disk would fill up"},
    {"storage.tsdb.retention.percentage", kCount, kRefused, "0", "retention by size is not built yet, and the disk would fill up"},
    {"storage.wal-sync", kDuration, kWorks, "100ms", "Longest time between a write and its fdatasync: what a power loss can cost. With 0 every answer waits for it."},
    {"storage.min-free-bytes", kBytes, kWorks, "64MiB", "Writes are answered 503 while the disk has less room than this."},
    {"storage.tsdb.min-block-duration", kDuration, kIgnored, "2h", "Range of a partition when it is first written."},
    {"storage.tsdb.max-block-duration", kDuration, kIgnored, "31d", "Largest range of a partition."},
    {"storage.tsdb.max-block-chunk-segment-size", kBytes, kIgnored, "512MB", "Size of a chunk file."},
    {"storage.tsdb.wal-segment-size", kBytes, kIgnored, "64MiB", "Size of a log file."},
    {"storage.tsdb.wal-compression", kBool, kIgnored, "true", "Compress the log; ours always is."},
    {"storage.tsdb.wal-compression-type", kText, kIgnored, "zstd", "How to compress the log."},
    {"storage.tsdb.head-chunks-write-queue-size", kCount, kIgnored, "0", "Queue of chunks to write."},
    {"storage.tsdb.samples-per-chunk", kCount, kIgnored, "120", "Samples of a chunk."},
    {"storage.tsdb.no-lockfile", kBool, kIgnored, "false", "Open without a lock; ours is always locked."},
    {"storage.tsdb.allow-overlapping-blocks", kBool, kIgnored, "true", "Allow late samples; ours always does."},
    {"storage.tsdb.allow-overlapping-compaction", kBool, kIgnored, "true", "Merge overlapping partitions; ours always does."},
    {"storage.tsdb.delayed-compaction.max-percent", kCount, kIgnored, "10", "Random delay of compactions."},
    {"storage.tsdb.stale-series-compaction-threshold", kText, kIgnored, "0", "Share of stale series that starts a compaction."},
    {"storage.remote.flush-deadline", kDuration, kIgnored, "1m", "How long to flush samples to other servers at the end."},
    {"storage.remote.read-sample-limit", kCount, kIgnored, "50000000", "Samples of one remote-read answer."},
    {"storage.remote.read-concurrent-limit", kCount, kIgnored, "10", "Remote reads at the same time."},
    {"storage.remote.read-max-bytes-in-frame", kBytes, kIgnored, "1MiB", "Size of a remote-read frame."},

    {"query.lookback-delta", kDuration, kWorks, "5m", "How far back an instant selector looks for a sample."},
    {"query.timeout", kDuration, kWorks, "2m", "Longest time a query may take."},
    {"query.max-concurrency", kCount, kWorks, "20", "Queries that run at the same time; more wait."},
    {"query.max-samples", kCount, kWorks, "50000000", "Samples that one query may hold in memory."},

    {"scrape.self", kBool, kWorks, "true", "Scrape the server's own metrics, unless a configuration file says what to scrape."},
    {"scrape.body-bytes-max", kBytes, kWorks, "256MiB", "Largest page that any target may answer, unpacked, whatever its job's body_size_limit. At most 256MiB."},
    {"scrape.adjust-timestamps", kBool, kWorks, "true", "Give samples the time of their target's slot, not that of the request."},
    {"scrape.timestamp-tolerance", kDuration, kWorks, "2ms", "How late a request may be for that; at most 1 % of the interval."},
    {"scrape.discovery-reload-interval", kDuration, kWorks, "5s", "How often scraping takes over what discovery found."},
    {"scrape.name-escaping-scheme", kText, kIgnored, "values", "How names are escaped for old targets."},

    {"rules.alert.for-outage-tolerance", kDuration, kWorks, "1h", "Longest outage over which the `for` of an alert is restored."},
    {"rules.alert.for-grace-period", kDuration, kWorks, "10m", "Least time between an alert and its restored `for`."},
    {"rules.alert.resend-delay", kDuration, kWorks, "1m", "Least time between two notices of one alert."},
    {"rules.max-concurrent-evals", kCount, kWorks, "4", "Rules of one group evaluated at the same time, with --enable-feature=concurrent-rule-eval."},
    {"alertmanager.notification-queue-capacity", kCount, kWorks, "10000", "Notices waiting for an Alertmanager."},
    {"alertmanager.notification-batch-size", kCount, kWorks, "256", "Notices sent at once."},
    {"alertmanager.drain-notification-queue-on-shutdown", kBool, kWorks, "true", "Send waiting notices before the end."},
    {"alertmanager.timeout", kDuration, kIgnored, "10s", "Timeout of a notice."},
    {"auto-gomaxprocs", kBool, kIgnored, "true", "Go's threads from the container's limit."},
    {"auto-gomemlimit", kBool, kIgnored, "true", "Go's memory limit from the container's limit."},
    {"auto-gomemlimit.ratio", kText, kIgnored, "0.9", "Share of it."},

    {"agent", kBool, kRefused, "false", "there is no agent mode"},
    {"storage.agent.path", kText, kRefused, "", "there is no agent mode"},
    {"storage.agent.wal-segment-size", kText, kRefused, "", "there is no agent mode"},
    {"storage.agent.wal-compression", kText, kRefused, "", "there is no agent mode"},
    {"storage.agent.wal-compression-type", kText, kRefused, "", "there is no agent mode"},
    {"storage.agent.wal-truncate-frequency", kText, kRefused, "", "there is no agent mode"},
    {"storage.agent.retention.min-time", kText, kRefused, "", "there is no agent mode"},
    {"storage.agent.retention.max-time", kText, kRefused, "", "there is no agent mode"},
    {"storage.agent.no-lockfile", kText, kRefused, "", "there is no agent mode"},

    {"enable-feature", kTextList, kWorks, "", "Experimental features, separated by commas. Can be repeated."},
    {"log.level", kText, kWorks, "info", "debug, info, warn or error."},
    {"log.format", kText, kWorks, "logfmt", "logfmt or json."},
};
// clang-format on

const FlagSpec& spec_of(std::string_view name) {
  const auto* found = std::find_if(std::begin(kFlags), std::end(kFlags),
                                   [&](const FlagSpec& spec) { return spec.name == name; });
  assert(found != std::end(kFlags));
  return *found;
}

Result<std::uint64_t> parse_count(std::string_view text) {
  std::uint64_t count = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (code != std::errc() || end != text.data() + text.size()) {
    return fail(ErrorCode::kInvalidArgument, "not a whole number: \"" + std::string(text) + "\"");
  }
  return count;
}

Status check_value(const FlagSpec& spec, const std::string& text) {
  switch (spec.kind) {
    case kDuration:
      TRY(parse_duration(text));
      break;
    case kBytes:
      TRY(parse_bytes(text));
      break;
    case kCount:
      TRY(parse_count(text));
      break;
    case kBool:
      if (text != "true" && text != "false") {
        return fail(ErrorCode::kInvalidArgument, "neither true nor false: \"" + text + "\"");
      }
      break;
    case kText:
    case kTextList:
      break;
  }
  return {};
}

std::string dashed(const FlagSpec& spec) { return "--" + std::string(spec.name); }

std::string_view placeholder(FlagKind kind) {
  switch (kind) {
    case kBool:
      return "";
    case kDuration:
      return "=<duration>";
    case kBytes:
      return "=<size>";
    case kCount:
      return "=<number>";
    case kText:
    case kTextList:
      break;
  }
  return "=<text>";
}

void define(CLI::App& app, const FlagSpec& spec, std::vector<std::string>& values) {
  const std::string name = dashed(spec);
  if (spec.kind == kBool) {
    app.add_flag(name + "{true},--no-" + std::string(spec.name) + "{false}", values);
    return;
  }
  CLI::Option* option = app.add_option(name, values);
  option->allow_extra_args(false);
  if (spec.kind != kTextList)
    option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::Throw);
}

// CLI11 takes the next argument for the value of `--name=`. As two arguments it understands it.
Result<std::vector<std::string>> with_empty_values_split(std::span<const std::string> arguments) {
  std::vector<std::string> split;
  split.reserve(arguments.size());
  for (const std::string& argument : arguments) {
    const auto* spec = std::find_if(
        std::begin(kFlags), std::end(kFlags),
        [&](const FlagSpec& candidate) { return argument == dashed(candidate) + "="; });
    if (spec == std::end(kFlags)) {
      split.push_back(argument);
      continue;
    }
    if (spec->kind == kBool) {
      return fail(ErrorCode::kInvalidArgument, dashed(*spec) + ": neither true nor false: \"\"");
    }
    split.push_back(dashed(*spec));
    split.emplace_back();
  }
  return split;
}

}  // namespace

std::span<const FlagSpec> flag_specs() { return kFlags; }

Result<Flags> parse_flags(std::span<const std::string> arguments) {
  CLI::App app;
  app.set_help_flag();
  std::deque<std::vector<std::string>> given;
  for (const FlagSpec& spec : kFlags) define(app, spec, given.emplace_back());
  std::vector<std::string> last_first = TRY(with_empty_values_split(arguments));
  std::reverse(last_first.begin(), last_first.end());  // as CLI11 wants them
  try {
    app.parse(std::move(last_first));
  } catch (const CLI::ParseError& error) {
    return fail(ErrorCode::kInvalidArgument, error.what());
  }

  Flags flags;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const FlagSpec& spec = kFlags[i];
    std::vector<std::string>& values = given[i];
    const bool refused_value = !values.empty() && !(spec.kind == kBool && values.back() == "false");
    if (spec.use == kRefused && refused_value) {
      return fail(ErrorCode::kInvalidArgument, dashed(spec) + ": " + std::string(spec.help));
    }
    if (spec.use == kIgnored && !values.empty()) {
      flags.warnings_.push_back(dashed(spec) + " has no effect here.");
    }
    if (values.empty()) values.emplace_back(spec.default_value);
    if (spec.kind == kBool) values = {values.back()};
    for (const std::string& value : values) {
      if (Status checked = check_value(spec, value); !checked) {
        return fail(std::move(checked).error().within(dashed(spec)));
      }
    }
    flags.values_.emplace(spec.name, std::move(values));
  }
  return flags;
}

const std::string& Flags::value(std::string_view name, FlagKind kind) const {
  assert(spec_of(name).kind == kind && spec_of(name).use == kWorks);
  static_cast<void>(kind);
  return values_.find(name)->second.front();
}

const std::string& Flags::text(std::string_view name) const { return value(name, kText); }

std::vector<std::string> Flags::list(std::string_view name) const {
  value(name, kTextList);
  std::vector<std::string> items;
  for (const std::string& joined : values_.find(name)->second) {
    std::size_t begin = 0;
    while (begin <= joined.size()) {
      const std::size_t end = std::min(joined.find(',', begin), joined.size());
      if (end > begin) items.push_back(joined.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  return items;
}

bool Flags::on(std::string_view name) const { return value(name, kBool) == "true"; }

// The values below were checked by parse_flags.
DurationMs Flags::duration(std::string_view name) const {
  return *parse_duration(value(name, kDuration));
}
std::uint64_t Flags::bytes(std::string_view name) const {
  return *parse_bytes(value(name, kBytes));
}
std::uint64_t Flags::count(std::string_view name) const {
  return *parse_count(value(name, kCount));
}

std::vector<std::pair<std::string, std::string>> Flags::all() const {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& [name, values] : values_) {
    std::string joined;
    for (const std::string& value : values) joined += (joined.empty() ? "" : ",") + value;
    if (spec_of(name).kind == kDuration) joined = format_duration(*parse_duration(joined));
    all.emplace_back(name, std::move(joined));
  }
  return all;
}

std::string flag_help() {
  std::string help =
      "usage: silverback [serve] [flags]\n"
      "       silverback check config|rules|metrics|service-discovery, test rules, query …   (each "
      "with --help)\n"
      "       silverback version\n"
      "\n"
      "Flags (Prometheus's, where it has them):\n"
      "  -h, --help\n      Show this.\n"
      "  --version\n      Show the version.\n";
  for (const FlagSpec& spec : kFlags) {
    if (spec.use != kWorks) continue;
    help += "  --" + std::string(spec.kind == kBool ? "[no-]" : "") + std::string(spec.name);
    help += std::string(placeholder(spec.kind)) + "\n      " + std::string(spec.help);
    if (!spec.default_value.empty()) help += " Default: " + std::string(spec.default_value);
    help += "\n";
  }
  help += "\nAccepted and without effect:\n ";
  for (const FlagSpec& spec : kFlags) {
    if (spec.use == kIgnored) help += " " + dashed(spec);
  }
  help += "\n\nRefused, because what they ask for is not built yet:\n ";
  for (const FlagSpec& spec : kFlags) {
    if (spec.use == kRefused) help += " " + dashed(spec);
  }
  return help + "\n";
}

std::string flag_table_markdown() {
  std::string table = "| flag | default | meaning |\n|---|---|---|\n";
  for (const FlagSpec& spec : kFlags) {
    table +=
        "| `--" + std::string(spec.kind == kBool ? "[no-]" : "") + std::string(spec.name) + "` | ";
    if (!spec.default_value.empty()) table += "`" + std::string(spec.default_value) + "`";
    table += " | ";
    if (spec.use == kIgnored) table += "*Accepted, no effect.* ";
    if (spec.use == kRefused) table += "*Refused:* ";
    table += std::string(spec.help) + " |\n";
  }
  return table;
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
  constexpr std::string_view kUnits = "KMGTPE";
  std::uint64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  const auto bad = [&] {
    return fail(ErrorCode::kInvalidArgument, "not a size: \"" + std::string(text) + "\"");
  };
  if (code != std::errc()) return bad();
  unsigned shift = 0;
  const std::size_t power = unit.empty() ? std::string_view::npos : kUnits.find(unit.front());
  if (power != std::string_view::npos) {
    shift = 10 * static_cast<unsigned>(power + 1);
    unit.remove_prefix(1);
    if (unit != "B" && unit != "iB") return bad();
  } else if (!unit.empty() && unit != "B") {
    return bad();
  }
  if (number > (std::numeric_limits<std::uint64_t>::max() >> shift)) return bad();
  return number << shift;
}

}  // namespace silverback::cmd
