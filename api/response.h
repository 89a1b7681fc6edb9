// One HTTP answer.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/request.h"

namespace silverback::api {

inline constexpr std::string_view kJsonType = "application/json";
inline constexpr std::string_view kTextType = "text/plain; charset=utf-8";
inline constexpr std::string_view kHtmlType = "text/html; charset=utf-8";

struct Response {
  int status = 200;
  std::string content_type;  // "": no Content-Type header
  std::string body;
  std::vector<Header> headers;  // besides Content-Type, Content-Length, Date and Connection
};

Response text_response(int status, std::string body);
// `body` is the whole envelope (json_writer.h).
Response json_response(std::string body);
// 204 without a body.
Response empty_response();

// Compresses the body with the first of gzip and deflate that `accept_encoding` names (no
// q-values, as Prometheus). Does nothing for bodies that are empty or encoded already.
void compress(Response& response, std::string_view accept_encoding);

// `OK` for 200; what follows the number in a status line.
std::string_view reason_phrase(int status);

}  // namespace silverback::api
