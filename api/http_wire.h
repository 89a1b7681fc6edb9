// Pieces of HTTP/1.1 that need no socket: targets, listen addresses, the head of an answer.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "api/response.h"
#include "base/result.h"

namespace silverback::api {

// `/a/b?x=1` → `/a/b` and `x=1`; of the absolute form `http://host/a` only the path is kept.
void split_target(std::string_view target, std::string& path, std::string& query);

struct HostPort {
  std::string host;  // "": every address
  std::string port;
};
// `127.0.0.1:9090`, `localhost:9090`, `:9090`, `[::1]:9090`. Errors: kInvalidArgument.
Result<HostPort> parse_listen_address(std::string_view text);

// Status line and headers, with the blank line. Status 100 has no headers.
std::string response_head(const Response& response, bool keep_alive,
                          std::chrono::system_clock::time_point now);

}  // namespace silverback::api
