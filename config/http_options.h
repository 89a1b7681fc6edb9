// From what a configuration says about an HTTP client to what the client takes.
#pragma once

#include "base/result.h"
#include "config/http_client_config.h"
#include "net/http_options.h"

namespace silverback::config {

// Paths stay paths: the client reads the files, again when they change. Errors: kInvalidArgument,
// for the grant type jwt-bearer, which the client does not speak, and for what net::check refuses.
Result<net::HttpOptions> http_options(const HttpClientConfig& config);

}  // namespace silverback::config
