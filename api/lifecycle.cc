// Is it alive, is it ready, and telling it to reload or to end.
#include "api/context.h"
#include "api/endpoints.h"
#include "base/log.h"

namespace silverback::api {
namespace {

Response lifecycle_disabled() {
  return text_response(403, "Lifecycle API is not enabled (--web.enable-lifecycle).\n");
}

}  // namespace

// Prometheus compatibility: probes compare these two texts.
Response healthy(const Context&, const Request&) {
  return text_response(200, "Prometheus Server is Healthy.\n");
}

Response ready(const Context&, const Request&) {
  return text_response(200, "Prometheus Server is Ready.\n");
}

Response reload(const Context& context, const Request&) {
  if (!context.options.enable_lifecycle) return lifecycle_disabled();
  const Status reloaded = context.dependencies.reload();
  if (!reloaded) {
    return text_response(500, "failed to reload config: " + reloaded.error().message + "\n");
  }
  return text_response(200, "");
}

Response quit(const Context& context, const Request& request) {
  if (!context.options.enable_lifecycle) return lifecycle_disabled();
  if (!context.dependencies.quit) return text_response(501, "this server cannot end itself\n");
  log_info("termination requested by " + request.remote);
  context.dependencies.quit();
  return text_response(200, "Requesting termination... Goodbye!");
}

}  // namespace silverback::api
