// Remote write in. Errors are plain text: that is what senders log.
#include "api/context.h"
#include "api/endpoints.h"
#include "api/envelope.h"
#include "ingest/remote_write.h"

namespace silverback::api {

namespace {

// Senders throw away what is refused with 4xx and repeat what fails with 5xx. So only what the
// request itself says is 4xx; a folder of the store that is not found is not the sender's fault.
Error for_sender(Error error) {
  switch (error.code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kUnsupported:
    case ErrorCode::kUnavailable:
    case ErrorCode::kIo:
    case ErrorCode::kCorruption:
      return error;
    case ErrorCode::kExecution:
    case ErrorCode::kNotFound:
    case ErrorCode::kCanceled:
    case ErrorCode::kTimeout:
      break;
  }
  error.code = ErrorCode::kIo;
  return error;
}

}  // namespace

Response remote_write(const Context& context, const Request& request) {
  ingest::RemoteWriteReceiver* receiver = context.storage.remote_write;
  if (!context.options.enable_remote_write || receiver == nullptr) {
    return text_response(
        404, "remote write receiver needs to be enabled with --web.enable-remote-write-receiver\n");
  }
  const Result<ingest::RemoteWriteSummary> summary = receiver->write(
      request.header("Content-Type"), request.header("Content-Encoding"), request.body);
  if (summary)
    return summary->error.empty() ? empty_response() : text_response(400, summary->error + "\n");
  Response response = error_response(for_sender(summary.error()));
  response.content_type = std::string(kTextType);
  response.body = summary.error().message + "\n";
  return response;
}

}  // namespace silverback::api
