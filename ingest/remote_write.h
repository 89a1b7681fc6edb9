// Remote write 1.0, the receiving side, without HTTP: the body of `POST /api/v1/write` in, appends
// out.
//
//   body → snappy block (decoded length checked before anything is allocated) → walk of the wire
//   format in place → hash of each series' label bytes → SeriesCache → Appender
//
// A series that was seen before costs no label parsing. What is bad in a request (labels, times, a
// second value for an instant, native histograms) is refused alone: the rest is stored, and the
// summary says what was refused. A body that does not decode stores nothing.
//
// Source: https://prometheus.io/docs/specs/prw/remote_write_spec/, docs/ARCHITECTURE.md.
// Threads: write() from any thread, any number at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/appender.h"
#include "base/metrics.h"
#include "base/result.h"
#include "ingest/acceptance.h"
#include "ingest/metadata_budget.h"
#include "ingest/series_cache.h"

namespace silverback::ingest {

using AppenderFactory = std::function<std::unique_ptr<Appender>()>;

struct RemoteWriteOptions {
  std::size_t decoded_bytes_max = std::size_t{32} << 20;
  std::size_t cached_series_max = std::size_t{8} << 20;
  // Of one request. An empty series is two bytes on the wire and many in memory; real senders put
  // thousands into a request.
  std::size_t series_max = std::size_t{1} << 20;
  std::size_t metadata_bytes_max = std::size_t{64} << 20;  // of all requests together
};

struct RemoteWriteSummary {
  std::size_t stored = 0;      // samples that are new in the store
  std::size_t duplicates = 0;  // samples that were there already, bit for bit: silently fine
  std::size_t rejected = 0;    // samples and histograms that were refused
  std::size_t exemplars = 0;   // dropped, as Prometheus does without exemplar storage
  // Empty if everything was taken (answer 204). Else (answer 400) the first thing that was refused,
  // why, and how many there were.
  std::string error;
};

class RemoteWriteReceiver {
 public:
  // `metrics` may be null. All that is passed, and what the factory makes, must outlive this.
  RemoteWriteReceiver(AppenderFactory appender, const Acceptance& acceptance,
                      RemoteWriteOptions options, Registry* metrics);
  ~RemoteWriteReceiver();

  // Stores one request; returns when what it stored is acknowledged by the store. The first two are
  // the values of the HTTP headers, "" if absent. Errors, nothing stored in any case:
  // kUnsupported (content type or encoding, a 2.0 message: 415, so that senders fall back),
  // kInvalidArgument (does not decode, or to more than decoded_bytes_max or series_max: 400),
  // kUnavailable and kIo from the store (503 and 500: the sender repeats the request).
  Result<RemoteWriteSummary> write(std::string_view content_type, std::string_view content_encoding,
                                   std::string_view body);

 private:
  struct Counters;
  Result<RemoteWriteSummary> write_message(std::string_view message);

  const AppenderFactory appender_;
  const Acceptance& acceptance_;
  const RemoteWriteOptions options_;
  SeriesCache cache_;
  MetadataBudget metadata_budget_;
  Registry own_metrics_;  // used if the caller has none
  std::unique_ptr<Counters> counters_;
};

}  // namespace silverback::ingest
