#include "api/metadata.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "api/context.h"
#include "api/endpoints.h"
#include "api/envelope.h"
#include "base/matcher.h"
#include "promql/parser.h"
#include "scrape/manager.h"
#include "scrape/metadata_pool.h"
#include "tsdb/db.h"

namespace silverback::api {
namespace {

using scrape::FamilyMetadata;
using scrape::TargetMetadata;
using Families = std::vector<std::shared_ptr<const FamilyMetadata>>;

// -1 if it is missing.
Result<std::int64_t> integer_parameter(const Request& request, std::string_view name) {
  const std::string_view text = request.form.get(name);
  if (text.empty()) return std::int64_t{-1};
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return fail(ErrorCode::kInvalidArgument, std::string(name) + " must be a number");
  }
  return value;
}

void write_members(JsonWriter& json, const Metadata& metadata) {
  json.key("type").string(to_string(metadata.type));
  json.key("help").string(metadata.help).key("unit").string(metadata.unit);
}

// All families of a target, or the one of that name.
std::pair<Families::const_iterator, Families::const_iterator> families_of(
    const TargetMetadata& target, std::string_view metric) {
  const Families& all = target.families;
  if (metric.empty()) return {all.begin(), all.end()};
  const auto found = std::lower_bound(
      all.begin(), all.end(), metric,
      [](const auto& family, std::string_view name) { return family->family < name; });
  const bool has = found != all.end() && (*found)->family == metric;
  return {found, has ? found + 1 : found};
}

// What is said of each metric, without repetitions.
class KnownMetrics {
 public:
  using List = std::vector<const Metadata*>;

  explicit KnownMetrics(std::int64_t per_metric_max) : per_metric_max_(per_metric_max) {}

  // Targets of a job share what they say alike: each shared one is looked at once.
  void add(const FamilyMetadata& family) {
    if (seen_.insert(&family).second) add(family.family, family.metadata);
  }
  void add(std::string_view metric, const Metadata& metadata) {
    List& list = by_metric_[metric];
    const bool full =
        per_metric_max_ > 0 && list.size() >= static_cast<std::uint64_t>(per_metric_max_);
    const auto same = [&metadata](const Metadata* other) { return *other == metadata; };
    if (!full && std::none_of(list.begin(), list.end(), same)) list.push_back(&metadata);
  }
  const std::map<std::string_view, List>& by_metric() const { return by_metric_; }

 private:
  const std::int64_t per_metric_max_;  // at most 0: no limit
  std::unordered_set<const FamilyMetadata*> seen_;
  std::map<std::string_view, List> by_metric_;
};

std::vector<TargetMetadata> scraped_of(const Context& context) {
  const scrape::Manager* manager = context.storage.scrape;
  return manager == nullptr ? std::vector<TargetMetadata>() : manager->metadata();
}

}  // namespace

Response metadata_answer(const std::vector<TargetMetadata>& scraped,
                         const std::map<std::string, Metadata>& stored, const Request& request) {
  const Result<std::int64_t> limit = integer_parameter(request, "limit");
  if (!limit) return error_response(limit.error());
  const Result<std::int64_t> per_metric = integer_parameter(request, "limit_per_metric");
  if (!per_metric) return error_response(per_metric.error());
  const std::string_view metric = request.form.get("metric");

  KnownMetrics metrics(*per_metric);
  for (const TargetMetadata& target : scraped) {
    const auto families = families_of(target, metric);
    for (auto family = families.first; family != families.second; ++family) metrics.add(**family);
  }
  for (const auto& [name, known] : stored) {
    if (metric.empty() || name == metric) metrics.add(name, known);
  }

  JsonWriter json = begin_success();
  json.begin_object();
  std::int64_t count = 0;
  for (const auto& [name, said] : metrics.by_metric()) {
    if (*limit >= 0 && count == *limit) break;
    ++count;
    json.key(name).begin_array();
    for (const Metadata* one : said) {
      json.begin_object();
      write_members(json, *one);
      json.end_object();
    }
    json.end_array();
  }
  json.end_object();
  return finish_success(std::move(json));
}

Response targets_metadata_answer(const std::vector<TargetMetadata>& scraped,
                                 const Request& request) {
  const Result<std::int64_t> limit = integer_parameter(request, "limit");
  if (!limit) return error_response(limit.error());
  std::vector<Matcher> matchers;
  if (const std::string_view text = request.form.get("match_target"); !text.empty()) {
    Result<std::vector<Matcher>> parsed = promql::parse_metric_selector(text);
    if (!parsed) return bad_parameter("match_target", parsed.error().message);
    matchers = *std::move(parsed);
  }
  const std::string_view metric = request.form.get("metric");

  JsonWriter json = begin_success();
  json.begin_array();
  std::int64_t count = 0;
  for (const TargetMetadata& target : scraped) {
    if (!all_match(matchers, target.target->own_labels)) continue;
    const auto families = families_of(target, metric);
    // Prometheus finishes the target at which it reaches the limit; here a limit is one.
    for (auto family = families.first; family != families.second; ++family) {
      if (*limit >= 0 && count == *limit) break;
      ++count;
      json.begin_object().key("target").labels(target.target->own_labels);
      if (metric.empty()) json.key("metric").string((*family)->family);
      write_members(json, (*family)->metadata);
      json.end_object();
    }
  }
  json.end_array();
  return finish_success(std::move(json));
}

Response metadata(const Context& context, const Request& request) {
  return metadata_answer(scraped_of(context), context.storage.db->metadata(), request);
}

Response targets_metadata(const Context& context, const Request& request) {
  return targets_metadata_answer(scraped_of(context), request);
}

}  // namespace silverback::api
