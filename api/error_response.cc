#include <algorithm>

#include "api/envelope.h"

namespace silverback::api {
namespace {

struct ErrorForm {
  ErrorCode code;
  std::string_view type;
  int status;
};

// clang-format off
constexpr ErrorForm kErrorForms[] = {
    {ErrorCode::kInvalidArgument, "bad_data",       400},
    {ErrorCode::kExecution,       "execution",      422},
    {ErrorCode::kNotFound,        "not_found",      404},
    {ErrorCode::kCanceled,        "canceled",       499},
    {ErrorCode::kTimeout,         "timeout",        503},
    {ErrorCode::kUnsupported,     "bad_data",       415},
    {ErrorCode::kUnavailable,     "unavailable",    503},
    {ErrorCode::kIo,              "internal",       500},
    {ErrorCode::kCorruption,      "internal",       500},
};
// clang-format on
// What a flag has turned off: Prometheus's word with Prometheus's status, because clients look for
// the pair.
constexpr int kDisabledStatus = 500;

constexpr std::size_t kAnnotationsMax = 10;

Response error_envelope(std::string_view type, int status, std::string_view message) {
  JsonWriter json;
  json.begin_object().key("status").string("error");
  json.key("errorType").string(type).key("error").string(message).end_object();
  Response response = json_response(std::move(json).take());
  response.status = status;
  return response;
}

void write_annotations(JsonWriter& json, std::string_view name, std::string_view noun,
                       const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  json.key(name).begin_array();
  const std::size_t shown = std::min(texts.size(), kAnnotationsMax);
  for (std::size_t i = 0; i < shown; ++i) json.string(texts[i]);
  if (texts.size() > shown) {
    json.string(std::to_string(texts.size() - shown) + " more " + std::string(noun) +
                " annotations omitted");
  }
  json.end_array();
}

}  // namespace

JsonWriter begin_success() {
  JsonWriter json;
  json.begin_object().key("status").string("success").key("data");
  return json;
}

Response finish_success(JsonWriter json, const std::vector<std::string>& warnings,
                        const std::vector<std::string>& infos) {
  write_annotations(json, "warnings", "warning", warnings);
  write_annotations(json, "infos", "info", infos);
  json.end_object();
  return json_response(std::move(json).take());
}

Response error_response(const Error& error) {
  for (const ErrorForm& form : kErrorForms) {
    if (form.code != error.code) continue;
    Response response = error_envelope(form.type, form.status, error.message);
    if (error.code == ErrorCode::kUnavailable) response.headers.push_back({"Retry-After", "5"});
    return response;
  }
  return error_envelope("internal", 500, error.message);
}

Response disabled_response(std::string_view message) {
  return error_envelope("unavailable", kDisabledStatus, message);
}

Response bad_parameter(std::string_view name, std::string_view message) {
  std::string text = "invalid parameter \"";
  text.append(name).append("\": ").append(message);
  return error_response({ErrorCode::kInvalidArgument, std::move(text)});
}

}  // namespace silverback::api
