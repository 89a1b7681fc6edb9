// What a scraping server would list. Nothing is scraped by configuration yet, so the lists are
// empty, in the shape that clients parse.
#include "api/context.h"
#include "api/endpoints.h"
#include "api/envelope.h"

namespace silverback::api {
namespace {

// `{"groups":[]}` and the like.
Response empty_lists(std::initializer_list<std::string_view> names) {
  JsonWriter json = begin_success();
  json.begin_object();
  for (const std::string_view name : names) json.key(name).begin_array().end_array();
  json.end_object();
  return finish_success(std::move(json));
}

Response empty_list() {
  JsonWriter json = begin_success();
  json.begin_array().end_array();
  return finish_success(std::move(json));
}

}  // namespace

Response targets(const Context&, const Request&) {
  JsonWriter json = begin_success();
  json.begin_object();
  json.key("activeTargets").begin_array().end_array();
  json.key("droppedTargets").begin_array().end_array();
  json.key("droppedTargetCounts").begin_object().end_object();
  json.end_object();
  return finish_success(std::move(json));
}

Response targets_metadata(const Context&, const Request&) { return empty_list(); }

Response scrape_pools(const Context&, const Request&) { return empty_lists({"scrapePools"}); }

Response notifications(const Context&, const Request&) { return empty_list(); }

}  // namespace silverback::api
