// Finding series, label names and label values.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "api/context.h"
#include "api/endpoints.h"
#include "api/envelope.h"
#include "api/escaped_name.h"
#include "api/parameters.h"
#include "base/queryable.h"

namespace silverback::api {
namespace {

constexpr std::string_view kTruncated = "results truncated due to limit";

using MatcherSets = std::vector<std::vector<Matcher>>;

struct NamesRequest {
  TimeRange range;
  std::size_t limit = 0;
  MatcherSets matcher_sets;
};

Result<NamesRequest> names_request(const Request& request) {
  NamesRequest wanted;
  wanted.limit = TRY(limit_parameter(request));
  wanted.range = TRY(range_parameters(request));
  wanted.matcher_sets = TRY(match_parameters(request));
  return wanted;
}

// Asks `lookup(matchers, limit)` for every match[] (once without matchers if there is none) and
// unites the answers.
template <class Lookup>
Result<Names> united(const NamesRequest& wanted, const Request& request, Lookup lookup) {
  static const std::vector<Matcher> kNoMatchers;
  if (wanted.matcher_sets.empty()) return lookup(kNoMatchers);
  Names all;
  for (const std::vector<Matcher>& matchers : wanted.matcher_sets) {
    if (request.canceled) return fail(ErrorCode::kCanceled, "request was canceled");
    Names found = TRY(lookup(matchers));
    all.truncated |= found.truncated;
    all.warnings.insert(all.warnings.end(), found.warnings.begin(), found.warnings.end());
    const auto middle = static_cast<std::ptrdiff_t>(all.values.size());
    std::move(found.values.begin(), found.values.end(), std::back_inserter(all.values));
    std::inplace_merge(all.values.begin(), all.values.begin() + middle, all.values.end());
    all.values.erase(std::unique(all.values.begin(), all.values.end()), all.values.end());
  }
  if (wanted.limit > 0 && all.values.size() > wanted.limit) {
    all.values.resize(wanted.limit);
    all.truncated = true;
  }
  return all;
}

Response names_response(Names names) {
  JsonWriter json = begin_success();
  json.begin_array();
  for (const std::string& value : names.values) json.string(value);
  json.end_array();
  if (names.truncated) names.warnings.emplace_back(kTruncated);
  return finish_success(std::move(json), names.warnings);
}

// The label sets of all series that any of the matcher sets finds, ascending.
Result<std::vector<Labels>> find_series(const Context& context, const Request& request,
                                        const NamesRequest& wanted,
                                        std::vector<std::string>& warnings) {
  SelectHints hints;
  hints.range = wanted.range;
  hints.function = "series";
  std::vector<Labels> all;
  for (const std::vector<Matcher>& matchers : wanted.matcher_sets) {
    if (request.canceled) return fail(ErrorCode::kCanceled, "request was canceled");
    const std::unique_ptr<Selection> selection =
        TRY(context.storage.samples->select(matchers, hints));
    // One more than the limit of each is enough to tell that something was cut.
    const std::size_t count =
        wanted.limit == 0 ? selection->size() : std::min(selection->size(), wanted.limit + 1);
    const auto middle = static_cast<std::ptrdiff_t>(all.size());
    for (std::size_t i = 0; i < count; ++i) all.push_back(selection->labels(i));
    if (middle > 0) {
      std::inplace_merge(all.begin(), all.begin() + middle, all.end());
      all.erase(std::unique(all.begin(), all.end()), all.end());
    }
    for (std::string& warning : selection->warnings()) warnings.push_back(std::move(warning));
  }
  return all;
}

}  // namespace

Response series(const Context& context, const Request& request) {
  if (request.form.all("match[]").empty()) {
    return error_response({ErrorCode::kInvalidArgument, "no match[] parameter provided"});
  }
  const Result<NamesRequest> wanted = names_request(request);
  if (!wanted) return error_response(wanted.error());
  std::vector<std::string> warnings;
  Result<std::vector<Labels>> found = find_series(context, request, *wanted, warnings);
  if (!found) return error_response(found.error());
  if (wanted->limit > 0 && found->size() > wanted->limit) {
    found->resize(wanted->limit);
    warnings.emplace_back(kTruncated);
  }
  JsonWriter json = begin_success();
  json.begin_array();
  for (const Labels& labels : *found) json.labels(labels);
  json.end_array();
  return finish_success(std::move(json), warnings);
}

Response label_names(const Context& context, const Request& request) {
  const Result<NamesRequest> wanted = names_request(request);
  if (!wanted) return error_response(wanted.error());
  Result<Names> names = united(*wanted, request, [&](const std::vector<Matcher>& matchers) {
    return context.storage.samples->label_names(matchers, wanted->range, wanted->limit);
  });
  if (!names) return error_response(names.error());
  return names_response(*std::move(names));
}

Response label_values(const Context& context, const Request& request) {
  const std::string name = unescape_name(request.path_value);
  if (name.empty() || !is_valid_utf8(name)) {
    return error_response({ErrorCode::kInvalidArgument, "invalid label name: " + quote(name)});
  }
  const Result<NamesRequest> wanted = names_request(request);
  if (!wanted) return error_response(wanted.error());
  Result<Names> names = united(*wanted, request, [&](const std::vector<Matcher>& matchers) {
    return context.storage.samples->label_values(name, matchers, wanted->range, wanted->limit);
  });
  if (!names) return error_response(names.error());
  return names_response(*std::move(names));
}

}  // namespace silverback::api
