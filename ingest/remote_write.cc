#include "ingest/remote_write.h"

#include <algorithm>
#include <bit>
#include <cctype>
#include <cstring>
#include <deque>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include <protozero/pbf_reader.hpp>
#include <snappy.h>

namespace silverback::ingest {
namespace {

using protozero::pbf_reader;
using protozero::pbf_wire_type;
using protozero::tag_and_type;

// Field numbers of prometheus/remote.proto and types.proto.
constexpr protozero::pbf_tag_type kRequestSeries = 1, kRequestMetadata = 3;
constexpr protozero::pbf_tag_type kSeriesLabels = 1, kSeriesSamples = 2, kSeriesExemplars = 3,
                                  kSeriesHistograms = 4;
constexpr protozero::pbf_tag_type kLabelName = 1, kLabelValue = 2;
constexpr protozero::pbf_tag_type kSampleValue = 1, kSampleTimestamp = 2;
constexpr protozero::pbf_tag_type kMetadataType = 1, kMetadataFamily = 2, kMetadataHelp = 4,
                                  kMetadataUnit = 5;

constexpr std::string_view kMediaType = "application/x-protobuf";
constexpr std::string_view kMessage1 = "prometheus.WriteRequest";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

// Absent headers mean 1.0 and snappy: the first senders set neither.
Status check_headers(std::string_view content_type, std::string_view content_encoding) {
  if (!content_encoding.empty() && !equal_ignoring_case(trimmed(content_encoding), "snappy")) {
    return fail(ErrorCode::kUnsupported, std::string(content_encoding) +
                                             " encoding (compression) is not accepted by this "
                                             "server; only snappy is acceptable");
  }
  if (content_type.empty()) return {};
  std::size_t end = content_type.find(';');
  if (!equal_ignoring_case(trimmed(content_type.substr(0, end)), kMediaType)) {
    return fail(ErrorCode::kUnsupported, "expected " + std::string(kMediaType) +
                                             " as the first (media) part, got " +
                                             std::string(content_type) + " content-type");
  }
  while (end != std::string_view::npos) {
    content_type.remove_prefix(end + 1);
    end = content_type.find(';');
    const std::string_view parameter = trimmed(content_type.substr(0, end));
    if (parameter.starts_with("proto=") && parameter.substr(6) != kMessage1) {
      return fail(ErrorCode::kUnsupported, std::string(parameter.substr(6)) +
                                               " protobuf message is not accepted by this server; "
                                               "only " +
                                               std::string(kMessage1) + " is acceptable");
    }
  }
  return {};
}

struct DecodedBody {
  std::unique_ptr<char[]> bytes;
  std::size_t size = 0;
  std::string_view view() const { return {bytes.get(), size}; }
};

Result<DecodedBody> decode_snappy(std::string_view body, std::size_t decoded_bytes_max) {
  DecodedBody decoded;
  if (!snappy::GetUncompressedLength(body.data(), body.size(), &decoded.size)) {
    return fail(ErrorCode::kInvalidArgument, "snappy: corrupt input");
  }
  if (decoded.size > decoded_bytes_max) {
    return fail(ErrorCode::kInvalidArgument, "decoded body of " + std::to_string(decoded.size) +
                                                 " bytes exceeds the limit of " +
                                                 std::to_string(decoded_bytes_max));
  }
  decoded.bytes = std::make_unique_for_overwrite<char[]>(decoded.size);
  if (!snappy::RawUncompress(body.data(), body.size(), decoded.bytes.get())) {
    return fail(ErrorCode::kInvalidArgument, "snappy: corrupt input");
  }
  return decoded;
}

std::string_view to_string_view(protozero::data_view view) { return {view.data(), view.size()}; }

// One TimeSeries message of a request.
struct SeriesPart {
  std::string_view labels;  // its label fields, tags included, one after the other
  std::string_view rest;    // its other fields; label fields in between are to be skipped
};

constexpr auto kLabelsField = tag_and_type(kSeriesLabels, pbf_wire_type::length_delimited);

// Every sender writes the labels first. Where one does not, they are gathered in `gathered`.
SeriesPart split_series(std::string_view message, std::deque<std::string>& gathered) {
  pbf_reader reader{message.data(), message.size()};
  SeriesPart part{message.substr(0, 0), message};
  bool leading = true;
  std::string* copy = nullptr;
  while (true) {
    const char* field_begin = reader.data().data();
    if (!reader.next()) break;
    const bool is_label = reader.tag_and_type() == static_cast<std::uint32_t>(kLabelsField);
    reader.skip();
    const auto position = static_cast<std::size_t>(reader.data().data() - message.data());
    if (is_label && leading) {
      part.labels = message.substr(0, position);
      part.rest = message.substr(position);
    } else if (is_label) {
      if (copy == nullptr) copy = &gathered.emplace_back(part.labels);
      copy->append(field_begin, reader.data().data());
    } else {
      leading = false;
    }
  }
  if (copy != nullptr) part.labels = *copy;
  return part;
}

void parse_labels(std::string_view label_fields, std::vector<Label>& labels) {
  labels.clear();
  pbf_reader fields{label_fields.data(), label_fields.size()};
  while (fields.next()) {
    pbf_reader message = fields.get_message();
    Label label;
    while (message.next()) {
      switch (message.tag_and_type()) {
        case tag_and_type(kLabelName, pbf_wire_type::length_delimited):
          label.name = to_string_view(message.get_view());
          break;
        case tag_and_type(kLabelValue, pbf_wire_type::length_delimited):
          label.value = to_string_view(message.get_view());
          break;
        default:
          message.skip();
      }
    }
    labels.push_back(label);
  }
}

Sample parse_sample(protozero::data_view message) {
  Sample sample{0, 0};
  pbf_reader reader{message};
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case tag_and_type(kSampleValue, pbf_wire_type::fixed64):
        // By way of integers: a signalling NaN must keep its bits.
        sample.v = std::bit_cast<double>(reader.get_fixed64());
        break;
      case tag_and_type(kSampleTimestamp, pbf_wire_type::varint):
        sample.t = reader.get_int64();
        break;
      default:
        reader.skip();
    }
  }
  return sample;
}

MetricType metric_type(std::int32_t wire) {
  static constexpr MetricType kTypes[] = {
      MetricType::kUnknown,        MetricType::kCounter, MetricType::kGauge, MetricType::kHistogram,
      MetricType::kGaugeHistogram, MetricType::kSummary, MetricType::kInfo,  MetricType::kStateset};
  if (wire < 0 || static_cast<std::size_t>(wire) >= std::size(kTypes)) return MetricType::kUnknown;
  return kTypes[wire];
}

// False if it was not taken.
bool append_metadata(protozero::data_view message, MetadataBudget& budget, Appender& batch) {
  pbf_reader reader{message};
  std::string_view family;
  Metadata metadata;
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case tag_and_type(kMetadataType, pbf_wire_type::varint):
        metadata.type = metric_type(reader.get_enum());
        break;
      case tag_and_type(kMetadataFamily, pbf_wire_type::length_delimited):
        family = to_string_view(reader.get_view());
        break;
      case tag_and_type(kMetadataHelp, pbf_wire_type::length_delimited):
        metadata.help = reader.get_string();
        break;
      case tag_and_type(kMetadataUnit, pbf_wire_type::length_delimited):
        metadata.unit = reader.get_string();
        break;
      default:
        reader.skip();
    }
  }
  const bool printable =
      is_valid_utf8(family) && is_valid_utf8(metadata.help) && is_valid_utf8(metadata.unit);
  if (!printable || !budget.take(family, metadata)) return false;
  batch.append_metadata(family, std::move(metadata));
  return true;
}

std::string refusal_text(SampleVerdict verdict, TimestampMs t, std::string_view label_fields) {
  std::vector<Label> labels;
  parse_labels(label_fields, labels);
  const Result<Labels> checked = checked_series_labels(labels);
  const std::string series =
      checked ? cut_for_error(checked->to_string()) : checked.error().message;
  const std::string at = std::to_string(t);
  switch (verdict) {
    case SampleVerdict::kDuplicateValue:
      return std::string(kDuplicateValueText) + " " + at + ", series " + series;
    case SampleVerdict::kOutOfOrder:
      return std::string(kOutOfOrderText) + ": timestamp " + at + ", series " + series;
    case SampleVerdict::kUnsupported:
      return "native histograms are not stored yet: series " + series;
    case SampleVerdict::kOutOfBounds:
    case SampleVerdict::kStored:
    case SampleVerdict::kIdenticalDuplicate:
      break;
  }
  return std::string(kOutOfBoundsText) + ": timestamp " + at + ", series " + series;
}

std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

struct RemoteWriteReceiver::Counters {
  explicit Counters(Registry& metrics)
      : stored(samples(metrics, "stored")),
        duplicates(samples(metrics, "duplicate")),
        rejected(samples(metrics, "rejected")),
        invalid_labels(metrics.counter(
            "prometheus_api_remote_write_invalid_labels_samples_total",
            "The total number of received remote write samples and histogram samples with invalid "
            "labels.")),
        exemplars(metrics.counter("silverback_remote_write_exemplars_dropped_total",
                                  "Exemplars received by remote write; they are not stored.")),
        metadata_dropped(metrics.counter(
            "silverback_remote_write_metadata_dropped_total",
            "Metadata of metric families received by remote write that was not kept: not UTF-8, "
            "without a name or with one that is too long, or beyond the room for all of it.")),
        failed(metrics.counter("silverback_remote_write_failed_requests_total",
                               "Remote-write requests of which nothing was stored.")),
        decoded_bytes(metrics.counter("silverback_remote_write_decoded_bytes_total",
                                      "Bytes of remote-write requests after decompression.")),
        cache_hits(metrics.counter("silverback_remote_write_series_cache_hits_total",
                                   "Series of requests that were known by their label bytes.")),
        cache_misses(metrics.counter("silverback_remote_write_series_cache_misses_total",
                                     "Series of requests whose labels had to be parsed.")) {}

  static Counter& samples(Registry& metrics, std::string_view outcome) {
    return metrics.counter("silverback_remote_write_samples_total",
                           "Samples received by remote write, by what became of them.",
                           Labels{{"outcome", outcome}});
  }

  Counter& stored;
  Counter& duplicates;
  Counter& rejected;
  Counter& invalid_labels;
  Counter& exemplars;
  Counter& metadata_dropped;
  Counter& failed;
  Counter& decoded_bytes;
  Counter& cache_hits;
  Counter& cache_misses;
};

namespace {

// One request on its way into one batch.
class Request {
 public:
  Request(std::string_view message, Appender& batch, const SeriesCache& cache,
          MetadataBudget& metadata_budget, TimeRange accepted)
      : message_(message),
        batch_(batch),
        cache_(cache),
        metadata_budget_(metadata_budget),
        accepted_(accepted) {}

  // Fills the batch. Throws protozero's exceptions. Errors: kInvalidArgument (more than
  // `series_max`), kIo, kUnavailable from the store.
  Status fill(std::size_t series_max) {
    TRY(split(series_max));
    cache_.find(entries_);
    for (std::size_t i = 0; i < parts_.size(); ++i) TRY(append_part(i));
    return {};
  }

  RemoteWriteSummary summary(const CommitResult& result) {
    RemoteWriteSummary summary;
    summary.stored = result.stored;
    summary.duplicates = result.identical_duplicates;
    summary.exemplars = exemplars_;
    rejected_ += result.rejections.size();
    summary.rejected = rejected_;
    if (!result.rejections.empty()) {
      const Rejection& first = result.rejections.front();
      const Appended& sample = appended_[first.index];
      note(sample.part,
           [&] { return refusal_text(first.verdict, sample.t, parts_[sample.part].labels); });
    }
    if (first_bad_part_ != kNoPart) {
      summary.error = std::move(first_error_) + " (" + std::to_string(summary.rejected) +
                      " samples refused, " + std::to_string(summary.stored + summary.duplicates) +
                      " accepted)";
    }
    return summary;
  }

  // Series that were not in the cache and are in the store now. Only to be trusted after a commit.
  const std::vector<SeriesCache::Entry>& registered() const { return registered_; }
  std::size_t series() const { return parts_.size(); }
  std::size_t invalid_label_samples() const { return invalid_label_samples_; }
  std::size_t metadata_dropped() const { return metadata_dropped_; }

 private:
  static constexpr std::size_t kNoPart = ~std::size_t{0};
  struct Appended {
    std::size_t part;
    TimestampMs t;
  };

  Status split(std::size_t series_max) {
    pbf_reader reader{message_.data(), message_.size()};
    while (reader.next()) {
      switch (reader.tag_and_type()) {
        case tag_and_type(kRequestSeries, pbf_wire_type::length_delimited): {
          if (parts_.size() == series_max) {
            return fail(ErrorCode::kInvalidArgument,
                        "more than " + std::to_string(series_max) +
                            " series in one request: send them in several");
          }
          parts_.push_back(split_series(to_string_view(reader.get_view()), gathered_));
          entries_.push_back({cache_.key(parts_.back().labels), SeriesRef::kNone});
          break;
        }
        case tag_and_type(kRequestMetadata, pbf_wire_type::length_delimited):
          if (!append_metadata(reader.get_view(), metadata_budget_, batch_)) ++metadata_dropped_;
          break;
        default:
          reader.skip();
      }
    }
    return {};
  }

  Status append_part(std::size_t i) {
    SeriesRef ref = entries_[i].ref;
    if (ref != SeriesRef::kNone && !batch_.known(ref)) ref = SeriesRef::kNone;
    std::optional<Error> bad_labels;
    bool resolved = ref != SeriesRef::kNone;

    pbf_reader reader{parts_[i].rest.data(), parts_[i].rest.size()};
    // Labels are looked at before the first sample, and also where there is none: bad ones are
    // reported either way, but a series without samples is not registered.
    const auto resolve = [&](bool add) -> Status {
      resolved = true;
      Result<SeriesRef> made = find_or_add(i, add);
      if (made) {
        ref = *made;
        return {};
      }
      if (made.error().code != ErrorCode::kInvalidArgument) return fail(std::move(made).error());
      bad_labels = std::move(made).error();
      note(i, [&] { return bad_labels->message; });
      return {};
    };
    while (reader.next()) {
      switch (reader.tag_and_type()) {
        case tag_and_type(kSeriesSamples, pbf_wire_type::length_delimited): {
          const Sample sample = parse_sample(reader.get_view());
          if (!resolved) TRY(resolve(true));
          append_sample(i, ref, sample, bad_labels.has_value());
          break;
        }
        case tag_and_type(kSeriesHistograms, pbf_wire_type::length_delimited):
          reader.skip();
          ++rejected_;
          note(i, [&] { return refusal_text(SampleVerdict::kUnsupported, 0, parts_[i].labels); });
          break;
        case tag_and_type(kSeriesExemplars, pbf_wire_type::length_delimited):
          reader.skip();
          ++exemplars_;
          break;
        default:
          reader.skip();
      }
    }
    if (!resolved) TRY(resolve(false));
    return {};
  }

  void append_sample(std::size_t part, SeriesRef ref, Sample sample, bool bad_labels) {
    if (bad_labels) {
      ++rejected_;
      ++invalid_label_samples_;
      return;
    }
    if (!accepted_.contains(sample.t)) {
      ++rejected_;
      note(part, [&] {
        return refusal_text(SampleVerdict::kOutOfBounds, sample.t, parts_[part].labels);
      });
      return;
    }
    batch_.append(ref, sample);
    appended_.push_back({part, sample.t});
  }

  // kNone if the series is fine but `add` is false.
  Result<SeriesRef> find_or_add(std::size_t part, bool add) {
    parse_labels(parts_[part].labels, labels_);
    const Labels labels = TRY(checked_series_labels(labels_));
    if (!add) return SeriesRef::kNone;
    const SeriesRef ref = TRY(batch_.series(labels));
    registered_.push_back({entries_[part].key, ref});
    return ref;
  }

  // Keeps the text of the bad part that stands first in the request.
  template <class Text>
  void note(std::size_t part, Text text) {
    if (part >= first_bad_part_) return;
    first_error_ = text();
    first_bad_part_ = part;
  }

  const std::string_view message_;
  Appender& batch_;
  const SeriesCache& cache_;
  MetadataBudget& metadata_budget_;
  const TimeRange accepted_;

  std::vector<SeriesPart> parts_;
  std::vector<SeriesCache::Entry> entries_;  // one per part
  std::deque<std::string> gathered_;
  std::vector<Label> labels_;
  std::vector<SeriesCache::Entry> registered_;
  std::vector<Appended> appended_;  // as the batch numbers them
  std::size_t rejected_ = 0;
  std::size_t invalid_label_samples_ = 0;
  std::size_t exemplars_ = 0;
  std::size_t metadata_dropped_ = 0;
  std::size_t first_bad_part_ = kNoPart;
  std::string first_error_;
};

}  // namespace

RemoteWriteReceiver::RemoteWriteReceiver(AppenderFactory appender, const Acceptance& acceptance,
                                         RemoteWriteOptions options, Registry* metrics)
    : appender_(std::move(appender)),
      acceptance_(acceptance),
      options_(options),
      cache_(random_seed(), options.cached_series_max),
      metadata_budget_(options.metadata_bytes_max),
      counters_(std::make_unique<Counters>(metrics != nullptr ? *metrics : own_metrics_)) {}

RemoteWriteReceiver::~RemoteWriteReceiver() = default;

Result<RemoteWriteSummary> RemoteWriteReceiver::write(std::string_view content_type,
                                                      std::string_view content_encoding,
                                                      std::string_view body) {
  const auto decode_and_write = [&]() -> Result<RemoteWriteSummary> {
    TRY(check_headers(content_type, content_encoding));
    const DecodedBody decoded = TRY(decode_snappy(body, options_.decoded_bytes_max));
    counters_->decoded_bytes.add(decoded.size);
    return write_message(decoded.view());
  };
  Result<RemoteWriteSummary> summary = decode_and_write();
  if (!summary) {
    counters_->failed.add();
    return summary;
  }
  counters_->stored.add(summary->stored);
  counters_->duplicates.add(summary->duplicates);
  counters_->rejected.add(summary->rejected);
  counters_->exemplars.add(summary->exemplars);
  return summary;
}

Result<RemoteWriteSummary> RemoteWriteReceiver::write_message(std::string_view message) {
  const std::unique_ptr<Appender> batch = appender_();
  Request request(message, *batch, cache_, metadata_budget_, acceptance_.range());
  try {
    TRY(request.fill(options_.series_max));
  } catch (const protozero::exception& error) {
    return fail(ErrorCode::kInvalidArgument, std::string("protobuf: ") + error.what());
  }
  const CommitResult result = TRY(batch->commit());
  cache_.insert(request.registered());
  counters_->cache_misses.add(request.registered().size());
  counters_->cache_hits.add(request.series() - request.registered().size());
  counters_->invalid_labels.add(request.invalid_label_samples());
  counters_->metadata_dropped.add(request.metadata_dropped());
  return request.summary(result);
}

}  // namespace silverback::ingest
