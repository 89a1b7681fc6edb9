#include "api/router.h"

#include <algorithm>
#include <array>
#include <utility>

namespace silverback::api {
namespace {

constexpr std::pair<Methods, std::string_view> kMethodNames[] = {
    {kGet, "GET"}, {kHead, "HEAD"},     {kPost, "POST"},
    {kPut, "PUT"}, {kDelete, "DELETE"}, {kOptions, "OPTIONS"}};

// Matches `/api/v1/label/:name/values` segment by segment; `value` is what stands for `:name`,
// still encoded.
bool matches_pattern(std::string_view pattern, std::string_view path, std::string_view& value) {
  const std::size_t colon = pattern.find(':');
  if (path.substr(0, colon) != pattern.substr(0, colon)) return false;
  path.remove_prefix(colon);
  pattern.remove_prefix(colon);
  const std::string_view rest = pattern.substr(std::min(pattern.find('/'), pattern.size()));
  const std::size_t end = std::min(path.find('/'), path.size());
  value = path.substr(0, end);
  return path.substr(end) == rest && !value.empty();
}

}  // namespace

Router::Router(std::span<const Route> routes, std::string prefix)
    : routes_(routes), prefix_(std::move(prefix)) {
  for (const Route& route : routes_) {
    const bool variable = route.pattern.find(':') != std::string_view::npos;
    (variable ? variable_ : literal_).push_back(&route);
  }
  std::sort(literal_.begin(), literal_.end(),
            [](const Route* a, const Route* b) { return a->pattern < b->pattern; });
}

Router::Match Router::match(std::string_view path) const {
  if (!path.starts_with(prefix_)) return {};
  path.remove_prefix(prefix_.size());
  const auto found = std::lower_bound(
      literal_.begin(), literal_.end(), path,
      [](const Route* route, std::string_view wanted) { return route->pattern < wanted; });
  if (found != literal_.end() && (*found)->pattern == path) return {*found, {}};
  for (const Route* route : variable_) {
    std::string_view value;
    if (!matches_pattern(route->pattern, path, value)) continue;
    Result<std::string> decoded = percent_decode(value, false);
    if (decoded) return {route, *std::move(decoded)};
  }
  return {};
}

bool Router::allows(const Route& route, std::string_view method) {
  for (const auto& [bit, name] : kMethodNames) {
    if (name == method) return (route.methods & bit) != 0;
  }
  return false;
}

std::string Router::allow_header(const Route& route) {
  std::string allow;
  for (const auto& [bit, name] : kMethodNames) {
    if ((route.methods & bit) == 0) continue;
    if (!allow.empty()) allow += ", ";
    allow += name;
  }
  return allow;
}

}  // namespace silverback::api
