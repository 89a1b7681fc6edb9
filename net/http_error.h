// What curl says about a transfer that failed, in the words of Go's client: users see them as
// `lastError` of targets, and know what to search for. Only for net's own .cc files.
#pragma once

#include <string>
#include <string_view>

#include <curl/curl.h>

#include "base/result.h"

namespace silverback::net {

// How far a failed transfer got. `detail` is what curl wrote into its error buffer.
struct TransferFailure {
  CURLcode code = CURLE_OK;
  long os_errno = 0;
  long tls_verify_result = 0;  // an X509_V_ERR_… number
  std::string_view detail;
};

// Without the URL: `dial tcp 127.0.0.1:1: connect: connection refused`. `host` is who was to be
// reached, the proxy if there is one.
Error transfer_error(const TransferFailure& failure, std::string_view host, std::string_view port);

}  // namespace silverback::net
