#include "scrape/scraper.h"

#include <utility>

#include "base/log.h"
#include "ingest/exposition_format.h"

namespace silverback::scrape {
namespace {

constexpr int kOk = 200;
constexpr TimestampNs kNsPerMs = 1'000'000;

bool is_body_too_long(const Result<net::HttpResponse>& response) {
  return !response && response.error().message == net::kBodyTooLongText;
}

std::shared_ptr<const net::HttpRequest> make_request(const Job& job, const Target& target,
                                                     const ScraperContext& context) {
  return std::make_shared<const net::HttpRequest>(
      scrape_request(job, target, context.environment.body_bytes_max));
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

Scraper::Scraper(std::shared_ptr<const Job> job, std::shared_ptr<const Target> target,
                 const ScraperContext& context)
    : context_(context),
      series_(job->sample_rules, target->own_labels, context.metadata_pool, context.counters),
      rules_(job->sample_rules),
      job_(std::move(job)),
      target_(std::move(target)),
      session_(job_->session->sibling()),
      request_(make_request(*job_, *target_, context)) {}

void Scraper::set_job(std::shared_ptr<const Job> job, std::shared_ptr<const Target> target) {
  auto request = make_request(*job, *target, context_);
  const MutexLock lock(mutex_);
  if (job_->session != job->session) session_ = job->session->sibling();
  job_ = std::move(job);
  target_ = std::move(target);
  request_ = std::move(request);
}

void Scraper::set_refusal(const std::string& refusal) {
  const MutexLock lock(mutex_);
  refusal_ = refusal;
}

void Scraper::begin(TimestampMs t, std::function<void()> done) {
  Attempt attempt;
  attempt.t = t;
  attempt.begin = std::chrono::steady_clock::now();
  std::shared_ptr<net::HttpSession> session;
  std::shared_ptr<const net::HttpRequest> request;
  {
    const MutexLock lock(mutex_);
    session = session_;
    attempt.job = job_;
    attempt.target = target_;
    attempt.refusal = refusal_;
    request = request_;
  }
  if (!attempt.refusal.empty()) {
    context_.environment.executor->run(
        [self = shared_from_this(), attempt, done = std::move(done)] {
          self->finish(attempt, fail(ErrorCode::kUnavailable, attempt.refusal));
          done();
        });
    return;
  }
  net::HttpTransfer transfer =
      session->send(*request, [self = shared_from_this(), attempt,
                               done = std::move(done)](const Result<net::HttpResponse>& response) {
        self->finish(attempt, response);
        done();
      });
  const MutexLock lock(mutex_);
  transfer_ = std::move(transfer);
  if (canceled_) transfer_.cancel();
}

void Scraper::cancel() {
  const MutexLock lock(mutex_);
  canceled_ = true;
  transfer_.cancel();
}

void Scraper::finish(const Attempt& attempt, const Result<net::HttpResponse>& response) {
  {
    const MutexLock lock(mutex_);
    if (canceled_) return;
  }
  if (rules_ != attempt.job->sample_rules) {
    rules_ = attempt.job->sample_rules;
    series_.set_rules(rules_);
  }
  const std::unique_ptr<Appender> batch = context_.environment.appender();
  ScrapeReport report;
  report.timeout = attempt.target->timeout;
  const Status scraped = append(attempt, response, *batch, report);
  report.up = scraped.has_value();
  report.seconds = seconds_since(attempt.begin);
  series_.append_report(*batch, attempt.t, report);
  // Before the commit: who waits for this scrape to be stored finds its status, too.
  note(attempt, report, scraped);
  commit(attempt, *batch);
}

Status Scraper::append(const Attempt& attempt, const Result<net::HttpResponse>& response,
                       Appender& batch, ScrapeReport& report) {
  Status scraped;
  if (response) {
    scraped = append_page(attempt, *response, batch, report);
  } else {
    scraped = fail(response.error());
  }
  if (is_body_too_long(response)) {
    report.body_bytes = -1;
    context_.exceeded_body_size_limit.add();
  }
  if (!scraped) {
    batch.rollback();
    series_.append_nothing(batch, attempt.t);
  }
  return scraped;
}

Status Scraper::append_page(const Attempt& attempt, const net::HttpResponse& response,
                            Appender& batch, ScrapeReport& report) {
  if (response.status != kOk) {
    return fail(ErrorCode::kUnavailable, "server returned HTTP status " + response.status_text);
  }
  report.body_bytes = static_cast<std::int64_t>(response.body.size());
  const config::ScrapeConfig& config = *attempt.job->config;
  // Prometheus compatibility: an empty page is a good one, whatever it says it is.
  ingest::ExpositionContentType type;
  if (!response.body.empty()) {
    type = TRY(ingest::exposition_content_type(response.header("content-type"),
                                               config.fallback_scrape_protocol));
  }
  if (!type.complaint.empty()) log_debug("Target " + attempt.target->url + ": " + type.complaint);
  return series_.append(batch, response.body, type.format, attempt.t,
                        context_.environment.acceptance->range(), report);
}

void Scraper::commit(const Attempt& attempt, Appender& batch) {
  const Result<CommitResult> result = batch.commit();
  context_.store_status.note(result ? Status() : fail(result.error()));
  if (!result) return;
  for (const std::string& remark : series_.committed(*result))
    log_warn("Target " + attempt.target->url + ": " + remark);
}

void Scraper::note(const Attempt& attempt, const ScrapeReport& report, const Status& scraped) {
  const std::string error = scraped ? "" : scraped.error().message;
  if (!scraped) {
    log_debug("Scraping " + attempt.target->url + " failed: " + error);
    if (attempt.job->failure_log != nullptr && attempt.refusal.empty())
      attempt.job->failure_log->write(attempt.t, attempt.job->config->job_name, attempt.target->url,
                                      error);
  }
  const MutexLock lock(mutex_);
  status_.health = scraped ? Health::kUp : Health::kDown;
  status_.last_error = error;
  status_.last_scrape = attempt.t * kNsPerMs;
  status_.last_seconds = report.seconds;
}

Status Scraper::end_series(TimestampMs t) {
  const std::unique_ptr<Appender> batch = context_.environment.appender();
  series_.append_end(*batch, t);
  TRY(batch->commit());
  return {};
}

TargetStatus Scraper::status() const {
  const MutexLock lock(mutex_);
  TargetStatus status = status_;
  status.target = target_;
  return status;
}

TargetMetadata Scraper::metadata() const {
  TargetMetadata metadata;
  metadata.families = series_.metadata();
  const MutexLock lock(mutex_);
  metadata.target = target_;
  return metadata;
}

}  // namespace silverback::scrape
