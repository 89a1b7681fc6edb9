#include "discovery/http_source.h"

#include <string_view>
#include <utility>

#include "base/labels.h"
#include "base/log.h"
#include "base/number_text.h"
#include "discovery/target_document.h"

namespace silverback::discovery {
namespace {

constexpr int kOk = 200;
constexpr std::string_view kJson = "application/json";
constexpr std::string_view kBlanks = " \t";

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

// JSON, and if it names a charset, UTF-8.
bool is_json(std::string_view content_type) {
  const std::string lower = net::to_lower(trimmed(content_type));
  std::string_view rest = lower;
  if (!rest.starts_with(kJson)) return false;
  rest.remove_prefix(kJson.size());
  if (rest.empty()) return true;
  if (!rest.starts_with(';')) return false;
  rest = trimmed(rest.substr(1));
  return rest == "charset=utf-8" || rest == "charset=\"utf-8\"";
}

// For log lines: without a password in it.
std::string without_user(const std::string& url) {
  const std::size_t host = url.find("://") + 3;
  const std::size_t user_end = url.find('@');
  if (user_end > url.find_first_of("/?#", host)) return url;
  return user_end == url.npos ? url : url.substr(0, host) + url.substr(user_end + 1);
}

Result<std::vector<TargetGroup>> targets_of(const Result<net::HttpResponse>& response,
                                            const std::string& url) {
  if (!response) return fail(response.error());
  if (response->status != kOk)
    return fail(ErrorCode::kUnavailable,
                "server returned HTTP status " + std::to_string(response->status));
  const std::string_view type = response->header("content-type");
  if (!is_json(type))
    return fail(ErrorCode::kUnsupported, "unsupported content type " + quote(type));
  return parse_targets(response->body, DocumentFormat::kJson, url, "__meta_url");
}

}  // namespace

HttpSource::HttpSource(config::HttpDiscovery config, std::shared_ptr<net::HttpSession> session,
                       TargetGroups before, const std::string& set, Registry& metrics)
    : config_(std::move(config)),
      session_(std::move(session)),
      http_failures_(metrics.counter("prometheus_sd_http_failures_total",
                                     "Answers of discovery servers that brought no targets.")),
      refresh_failures_(metrics.counter("prometheus_sd_refresh_failures_total",
                                        "Refreshes that failed, by kind of discovery.",
                                        {{"config", set}, {"mechanism", "http"}})) {
  publish(std::move(before));
}

HttpSource::~HttpSource() { transfer_.cancel(); }

void HttpSource::refresh(SteadyTime now) {
  const std::chrono::milliseconds interval(config_.refresh_interval);
  {
    MutexLock lock(mutex_);
    if (is_asking_ || now < next_) return;
    next_ = now + interval;
    is_asking_ = true;
  }
  net::HttpRequest request;
  request.url = config_.url;
  request.headers = {
      {"Accept", std::string(kJson)},
      {"X-Prometheus-Refresh-Interval-Seconds",
       format_float(std::chrono::duration<double>(interval).count())},
  };
  request.timeout = interval;
  request.body_bytes_max = kDocumentBytesMax;
  net::HttpTransfer transfer = session_->send(
      std::move(request), [weak = weak_from_this()](const Result<net::HttpResponse>& response) {
        if (const auto self = weak.lock()) self->answered(response);
      });
  MutexLock lock(mutex_);
  transfer_ = std::move(transfer);
}

bool HttpSource::has_answered() const {
  MutexLock lock(mutex_);
  return has_answered_;
}

void HttpSource::answered(const Result<net::HttpResponse>& response) {
  Result<std::vector<TargetGroup>> found = targets_of(response, config_.url);
  std::string failure;
  if (found)
    publish(renewed(groups(), *std::move(found)));
  else
    failure = found.error().message;
  const bool failed = !failure.empty();
  {
    MutexLock lock(mutex_);
    is_asking_ = false;
    has_answered_ = true;
    if (failed && failure != failure_)
      log_error("http_sd: " + without_user(config_.url) + ": " + failure +
                "; the targets known before stay");
    failure_ = std::move(failure);
  }
  if (!failed) return;
  refresh_failures_.add();
  http_failures_.add();
}

}  // namespace silverback::discovery
