// What changes the store, behind --web.enable-admin-api.
#include "api/context.h"
#include "api/endpoints.h"
#include "api/envelope.h"
#include "tsdb/db.h"

namespace silverback::api {
namespace {

Response done(const Status& status) {
  return status ? empty_response() : error_response(status.error());
}

constexpr std::string_view kDisabled = "admin APIs disabled (--web.enable-admin-api)";

}  // namespace

Response admin_flush(const Context& context, const Request&) {
  if (!context.options.enable_admin_api) return disabled_response(kDisabled);
  return done(context.storage.db->flush());
}

Response admin_compact(const Context& context, const Request&) {
  if (!context.options.enable_admin_api) return disabled_response(kDisabled);
  return done(context.storage.db->compact());
}

// Paths of Prometheus whose work the store cannot do. Saying so is better than a 404, which scripts
// take for a wrong address.
Response admin_not_built(const Context& context, const Request& request) {
  if (!context.options.enable_admin_api) return disabled_response(kDisabled);
  return disabled_response(request.path + " is not supported by this version of Silverback");
}

}  // namespace silverback::api
