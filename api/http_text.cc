// The text forms of HTTP: percent encoding, forms, header names, reason phrases.
#include <algorithm>

#include "api/request.h"
#include "api/response.h"
#include "base/labels.h"

namespace silverback::api {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

Result<std::string> percent_decode(std::string_view text, bool plus_is_blank) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_blank) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return fail(ErrorCode::kInvalidArgument, "invalid URL escape " + quote(text.substr(i, 3)));
      }
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

Status Form::add_encoded(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    if (values_.size() == kParametersMax) {
      return fail(ErrorCode::kInvalidArgument,
                  "more than " + std::to_string(kParametersMax) + " parameters");
    }
    const std::size_t equals = std::min(pair.find('='), pair.size());
    std::string name = TRY(percent_decode(pair.substr(0, equals), true));
    std::string value = TRY(percent_decode(pair.substr(std::min(equals + 1, pair.size())), true));
    values_.emplace_back(std::move(name), std::move(value));
  }
  return {};
}

std::string_view Form::get(std::string_view name) const {
  for (const auto& [key, value] : values_) {
    if (key == name) return value;
  }
  return {};
}

std::vector<std::string_view> Form::all(std::string_view name) const {
  std::vector<std::string_view> found;
  for (const auto& [key, value] : values_) {
    if (key == name) found.push_back(value);
  }
  return found;
}

std::string_view Request::header(std::string_view name) const {
  for (const Header& header : headers) {
    if (equals_ignoring_case(header.name, name)) return header.value;
  }
  return {};
}

Response text_response(int status, std::string body) {
  return {.status = status,
          .content_type = std::string(kTextType),
          .body = std::move(body),
          .headers = {}};
}

Response json_response(std::string body) {
  return {.status = 200,
          .content_type = std::string(kJsonType),
          .body = std::move(body),
          .headers = {}};
}

Response empty_response() { return {.status = 204, .content_type = {}, .body = {}, .headers = {}}; }

std::string_view reason_phrase(int status) {
  struct Reason {
    int status;
    std::string_view phrase;
  };
  // clang-format off
  constexpr Reason kReasons[] = {
      {100, "Continue"}, {200, "OK"}, {204, "No Content"}, {301, "Moved Permanently"}, {302, "Found"},
      {400, "Bad Request"}, {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"},
      {406, "Not Acceptable"}, {408, "Request Timeout"}, {413, "Payload Too Large"},
      {415, "Unsupported Media Type"}, {417, "Expectation Failed"}, {422, "Unprocessable Entity"},
      {431, "Request Header Fields Too Large"}, {499, "Client Closed Request"},
      {500, "Internal Server Error"}, {501, "Not Implemented"}, {503, "Service Unavailable"},
      {505, "HTTP Version Not Supported"},
  };
  // clang-format on
  for (const Reason& reason : kReasons) {
    if (reason.status == status) return reason.phrase;
  }
  return "Status";
}

}  // namespace silverback::api
