#include "api/targets.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <boost/json.hpp>

#include "api/context.h"
#include "api/endpoints.h"
#include "api/envelope.h"
#include "config/yaml_printer.h"
#include "scrape/manager.h"

namespace silverback::api {
namespace {

namespace json = boost::json;

using config::RelabelRule;
using config::ScrapeConfig;
using scrape::PoolStatus;
using scrape::Target;
using scrape::TargetStatus;

// ---- global_url ---------------------------------------------------------------------------------

struct HostPort {
  std::string_view host;  // of an IPv6 address, without its brackets
  std::string_view port;  // empty if there is none
};

// Nothing if it is not `host`, `host:port`, `[v6]` or `[v6]:port`.
std::optional<HostPort> split_host_port(std::string_view text) {
  HostPort parts;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == text.npos) return std::nullopt;
    parts.host = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    if (!text.empty() && text.front() != ':') return std::nullopt;
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    parts.host = text.substr(0, colon);
    text.remove_prefix(colon);
  }
  if (!text.empty()) parts.port = text.substr(1);
  if (parts.port.find(':') != parts.port.npos) return std::nullopt;
  return parts;
}

struct SplitUrl {
  std::string_view scheme, authority, rest;
};

// Nothing if it does not begin with `scheme://`.
std::optional<SplitUrl> split_url(std::string_view url) {
  const std::size_t colon = url.find("://");
  if (colon == url.npos) return std::nullopt;
  SplitUrl parts;
  parts.scheme = url.substr(0, colon);
  url.remove_prefix(colon + 3);
  const std::size_t end = std::min(url.find_first_of("/?#"), url.size());
  parts.authority = url.substr(0, end);
  parts.rest = url.substr(end);
  return parts;
}

std::string joined_url(std::string_view scheme, std::string_view authority, std::string_view rest) {
  std::string url(scheme);
  url.append("://").append(authority).append(rest);
  return url;
}

std::string joined_host_port(std::string_view host, std::string_view port) {
  std::string authority(host);
  if (host.find(':') != host.npos) authority = "[" + authority + "]";
  if (!port.empty()) authority.append(":").append(port);
  return authority;
}

bool is_this_host(std::string_view host) {
  return host == "localhost" || host == "127.0.0.1" || host == "::1";
}

bool is_listened_on(std::string_view port, const ServerOptions& own) {
  return std::any_of(own.listen_addresses.begin(), own.listen_addresses.end(),
                     [port](const std::string& address) {
                       const std::optional<HostPort> listened = split_host_port(address);
                       return listened && listened->port == port;
                     });
}

// ---- targets ------------------------------------------------------------------------------------

void write_active_target(JsonWriter& out, const PoolStatus& pool, const TargetStatus& status,
                         const ServerOptions& own) {
  const Target& target = *status.target;
  out.begin_object();
  out.key("discoveredLabels").labels(target.discovered);
  out.key("labels").labels(target.own_labels);
  out.key("scrapePool").string(pool.job);
  out.key("scrapeUrl").string(target.url);
  out.key("globalUrl").string(global_url(target.url, own));
  out.key("lastError").string(status.last_error);
  out.key("lastScrape")
      .string(status.last_scrape == 0 ? std::string(kNeverText)
                                      : format_rfc3339_ns(status.last_scrape));
  out.key("lastScrapeDuration").number(status.last_seconds);
  out.key("health").string(to_string(status.health));
  // As they were written, like Prometheus: `60s` stays `60s`.
  out.key("scrapeInterval").string(target.labels.get("__scrape_interval__"));
  out.key("scrapeTimeout").string(target.labels.get("__scrape_timeout__"));
  out.end_object();
}

void write_dropped_target(JsonWriter& out, const PoolStatus& pool, const Labels& discovered) {
  out.begin_object();
  out.key("discoveredLabels").labels(discovered);
  out.key("scrapePool").string(pool.job);
  out.end_object();
}

// ---- relabel_steps ------------------------------------------------------------------------------

tl::unexpected<Error> bad(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

// The head of a request bounds the text, the parser its depth.
Result<Labels> parse_labels(std::string_view text) {
  json::error_code error;
  const json::value value = json::parse({text.data(), text.size()}, error);
  if (error) return bad("error parsing labels: " + error.message());
  if (value.is_null()) return Labels();
  const json::object* object = value.if_object();
  if (object == nullptr) return bad("error parsing labels: expected an object of texts");
  std::vector<Label> labels;
  for (const auto& member : *object) {
    const json::string_view name = member.key();
    const Label label{{name.data(), name.size()}, {}};
    if (member.value().is_null()) continue;
    const json::string* of_label = member.value().if_string();
    if (of_label == nullptr)
      return bad("error parsing labels: the value of " + quote(label.name) + " is not a text");
    labels.push_back({label.name, {of_label->data(), of_label->size()}});
  }
  std::sort(labels.begin(), labels.end());
  return Labels::from_sorted(labels);
}

Result<std::shared_ptr<const ScrapeConfig>> wanted_job(const FindJob& find_job,
                                                       std::string_view name) {
  std::shared_ptr<const ScrapeConfig> job = find_job(std::string(name));
  if (job == nullptr)
    return bad("error retrieving scrape config: scrape pool " + quote(name) + " not found");
  return job;
}

void write_rule(JsonWriter& out, const RelabelRule& rule) {
  out.begin_object();
  if (!rule.source_labels.empty()) {
    out.key("source_labels").begin_array();
    for (const std::string& name : rule.source_labels) out.string(name);
    out.end_array();
  }
  out.key("separator").string(rule.separator);
  out.key("regex").string(rule.regex);
  if (rule.modulus != 0) out.key("modulus").integer(rule.modulus);
  if (!rule.target_label.empty()) out.key("target_label").string(rule.target_label);
  out.key("replacement").string(rule.replacement);
  out.key("action").string(to_string(rule.action));
  out.end_object();
}

Result<JsonWriter> written_steps(const FindJob& find_job, const Request& request) {
  const std::string_view name = request.form.get("scrapePool");
  if (name.empty()) return bad("no scrapePool parameter provided");
  const std::string_view text = request.form.get("labels");
  if (text.empty()) return bad("no labels parameter provided");
  const Labels labels = TRY(parse_labels(text));
  const std::shared_ptr<const ScrapeConfig> job = TRY(wanted_job(find_job, name));

  LabelsBuilder builder(labels);
  bool keep = true;
  JsonWriter out = begin_success();
  out.begin_object().key("steps").begin_array();
  for (const RelabelRule& rule : job->relabel_configs) {
    const config::Relabeling step = TRY(config::Relabeling::make({rule}));
    keep = keep && step.apply(builder);
    out.begin_object().key("rule");
    write_rule(out, rule);
    out.key("output").labels(keep ? builder.build() : Labels());
    out.key("keep").boolean(keep).end_object();
  }
  out.end_array().end_object();
  return out;
}

FindJob job_finder(const Context& context) {
  return [manager = context.storage.scrape](
             const std::string& name) -> std::shared_ptr<const ScrapeConfig> {
    return manager == nullptr ? nullptr : manager->config_of(name);
  };
}

}  // namespace

std::vector<PoolStatus> pools_of(const Context& context) {
  const scrape::Manager* manager = context.storage.scrape;
  return manager == nullptr ? std::vector<PoolStatus>() : manager->pools();
}

std::string global_url(std::string_view url, const ServerOptions& own) {
  const std::optional<SplitUrl> target = split_url(url);
  if (!target) return std::string(url);
  const std::optional<HostPort> address = split_host_port(target->authority);
  if (!address || !is_this_host(address->host)) return std::string(url);
  const std::optional<SplitUrl> outside = split_url(own.external_url);
  if (!outside) return std::string(url);
  if (is_listened_on(address->port, own))
    return joined_url(outside->scheme, outside->authority, target->rest);
  const std::optional<HostPort> host = split_host_port(outside->authority);
  if (!host) return std::string(url);
  return joined_url(target->scheme, joined_host_port(host->host, address->port), target->rest);
}

Response targets_answer(const std::vector<PoolStatus>& pools, const ServerOptions& own,
                        const Request& request) {
  const std::string_view state = request.form.get("state");
  const bool any = state.empty() || equals_ignoring_case(state, "any");
  const bool active = any || equals_ignoring_case(state, "active");
  const bool dropped = any || equals_ignoring_case(state, "dropped");
  const std::string_view wanted_pool = request.form.get("scrapePool");
  const auto is_wanted = [wanted_pool](const PoolStatus& pool) {
    return wanted_pool.empty() || pool.job == wanted_pool;
  };

  JsonWriter out = begin_success();
  out.begin_object().key("activeTargets").begin_array();
  for (const PoolStatus& pool : pools) {
    if (!active || !is_wanted(pool)) continue;
    for (const TargetStatus& target : pool.active) write_active_target(out, pool, target, own);
  }
  out.end_array().key("droppedTargets").begin_array();
  for (const PoolStatus& pool : pools) {
    if (!dropped || !is_wanted(pool)) continue;
    for (const Labels& discovered : pool.dropped) write_dropped_target(out, pool, discovered);
  }
  out.end_array().key("droppedTargetCounts");
  if (dropped) {
    out.begin_object();
    // Prometheus compatibility: of all pools, whichever is asked for.
    for (const PoolStatus& pool : pools) out.key(pool.job).integer(pool.dropped_count);
    out.end_object();
  } else {
    out.null();
  }
  out.end_object();
  return finish_success(std::move(out));
}

Response scrape_pool_config_answer(const FindJob& find_job, const Request& request) {
  const std::string_view name = request.form.get("scrapePool");
  if (name.empty())
    return error_response({ErrorCode::kInvalidArgument, "no scrapePool parameter provided"});
  const Result<std::shared_ptr<const ScrapeConfig>> job = wanted_job(find_job, name);
  if (!job) return error_response(job.error());
  JsonWriter out = begin_success();
  out.begin_object().key("yaml").string(config::print_yaml(config::to_yaml(**job)));
  out.end_object();
  return finish_success(std::move(out));
}

Response relabel_steps_answer(const FindJob& find_job, const Request& request) {
  Result<JsonWriter> steps = written_steps(find_job, request);
  if (!steps) return error_response(steps.error());
  return finish_success(*std::move(steps));
}

Response targets(const Context& context, const Request& request) {
  return targets_answer(pools_of(context), context.options, request);
}

Response relabel_steps(const Context& context, const Request& request) {
  return relabel_steps_answer(job_finder(context), request);
}

Response scrape_pools(const Context& context, const Request&) {
  const scrape::Manager* manager = context.storage.scrape;
  JsonWriter out = begin_success();
  out.begin_object().key("scrapePools").begin_array();
  if (manager != nullptr)
    for (const std::string& name : manager->pool_names()) out.string(name);
  out.end_array().end_object();
  return finish_success(std::move(out));
}

Response scrape_pool_config(const Context& context, const Request& request) {
  return scrape_pool_config_answer(job_finder(context), request);
}

}  // namespace silverback::api
