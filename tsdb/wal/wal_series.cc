#include "tsdb/wal/wal_series.h"

#include <algorithm>

#include "base/log.h"
#include "tsdb/codec/byte_io.h"

namespace silverback::tsdb {
namespace {

// Large enough for zstd to find what label sets share, small enough to lose little to a flipped
// bit.
constexpr std::size_t kBodyBytes = 256 << 10;

}  // namespace

std::string& SeriesFrames::body(FrameKind kind) {
  if (kind != kind_ || body_.size() >= kBodyBytes) finish();
  kind_ = kind;
  return body_;
}

void SeriesFrames::finish() {
  if (!body_.empty()) sink_(kind_, body_);
  body_.clear();
}

void SeriesFrames::add_series(std::uint32_t id, std::string_view labels_bytes) {
  std::string& out = body(FrameKind::kSeries);
  put_varint(out, id);
  put_text(out, labels_bytes);
}

void SeriesFrames::add_metadata(std::string_view metric, const Metadata& metadata) {
  std::string& out = body(FrameKind::kMetadata);
  put_text(out, metric);
  out.push_back(static_cast<char>(metadata.type));
  put_text(out, metadata.help);
  put_text(out, metadata.unit);
}

SeriesLog::SeriesLog(FileSystem& files, std::filesystem::path directory, std::uint64_t next_number)
    : files_(files),
      directory_(std::move(directory)),
      log_(files, directory_, LogType::kSeries, next_number) {}

Status SeriesLog::start_file(std::uint32_t next_id) {
  LogHeader header;
  header.argument = next_id;
  TRY(log_.start_file(header, [this](const FrameLog::FrameSink& sink) {
    for (const auto& [kind, body] : unsynced_) sink(kind, body);
  }));
  unsynced_.clear();
  failed_ = false;
  return {};
}

Status SeriesLog::append(const Entries& entries, std::uint32_t next_id) {
  if (failed_ || !log_.is_open()) TRY(start_file(next_id));
  Status written;
  {
    SeriesFrames frames([&](FrameKind kind, std::string_view body) {
      if (!written) return;
      written = log_.append(kind, body);
      if (written) unsynced_.emplace_back(kind, body);
    });
    entries(frames);
  }
  if (!written) failed_ = true;
  return written;
}

Status SeriesLog::sync(std::uint32_t next_id) {
  if (!is_dirty()) return {};
  if (!failed_) {
    const Status synced = log_.sync();
    if (synced) {
      unsynced_.clear();
      return {};
    }
    log_warn("series log: " + synced.error().message + "; logging again to a new file");
    failed_ = true;
  }
  return start_file(next_id);
}

Result<SeriesLog::Rewrite> SeriesLog::begin_rewrite(std::uint32_t next_id) {
  TRY(sync(next_id));
  // Before what is appended meanwhile, which is newer.
  const std::uint64_t number = log_.take_number();
  TRY(start_file(next_id));
  return Rewrite{files_, directory_, number, next_id};
}

Status SeriesLog::Rewrite::write(const Entries& entries) const {
  LogHeader header;
  header.type = LogType::kSeries;
  header.number = number;
  header.argument = next_id;
  std::uint64_t bytes = 0;
  TRY(write_log_file(
      files, directory, header,
      [&](const FrameLog::FrameSink& sink) {
        SeriesFrames frames(sink);
        entries(frames);
      },
      bytes));
  for (const std::uint64_t old : TRY(log_files(files, directory, LogType::kSeries)))
    if (old < number)
      TRY(files.remove_all(directory / "log" / log_file_name(LogType::kSeries, old)));
  return files.sync_directory(directory / "log");
}

namespace {

bool replay_registrations(
    std::string_view body, std::uint32_t& next_id,
    const std::function<void(std::uint32_t id, const Labels& labels)>& series) {
  ByteReader in(body);
  while (!in.at_end()) {
    const std::uint32_t id = in.varint32();
    const std::string_view labels = in.text();
    if (!in.ok() || id == 0xffff'ffff) return false;
    next_id = std::max(next_id, id + 1);
    series(id, Labels::from_bytes(std::string(labels)));
  }
  return in.ok();
}

bool replay_metadata(std::string_view body,
                     const std::function<void(std::string_view, Metadata)>& metadata) {
  ByteReader in(body);
  while (!in.at_end()) {
    const std::string_view metric = in.text();
    Metadata entry;
    entry.type = static_cast<MetricType>(in.fixed<std::uint8_t>());
    entry.help = in.text();
    entry.unit = in.text();
    if (!in.ok()) return false;
    metadata(metric, std::move(entry));
  }
  return in.ok();
}

}  // namespace

Result<SeriesReplay> replay_series(
    FileSystem& files, const std::filesystem::path& directory,
    const std::function<void(std::uint32_t id, const Labels& labels)>& series,
    const std::function<void(std::string_view metric, Metadata metadata)>& metadata) {
  SeriesReplay result;
  const std::vector<std::uint64_t> numbers = TRY(log_files(files, directory, LogType::kSeries));
  for (const std::uint64_t number : numbers) {
    const std::filesystem::path path = directory / "log" / log_file_name(LogType::kSeries, number);
    const std::string bytes = TRY(files.read_all(path));
    result.last_file = number;
    std::uint64_t damaged = 0;
    if (const Result<LogHeader> header = decode_log_header(bytes)) {
      result.next_id = std::max(result.next_id, static_cast<std::uint32_t>(header->argument));
    } else {
      log_error(path.string() + ": " + header.error().message);
      ++damaged;
    }
    LogFrameReader reader(bytes, number, bytes.size());
    while (const std::optional<LogFrame> frame = reader.next()) {
      const bool sound = frame->kind == FrameKind::kSeries
                             ? replay_registrations(frame->body, result.next_id, series)
                             : replay_metadata(frame->body, metadata);
      if (!sound) ++damaged;
    }
    damaged += reader.damaged();
    if (damaged > 0) log_error(path.string() + ": damaged; some series may be lost");
    result.damaged_places += damaged;
  }
  return result;
}

}  // namespace silverback::tsdb
