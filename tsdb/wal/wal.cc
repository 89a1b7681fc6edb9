#include "tsdb/wal/wal.h"

#include <algorithm>
#include <map>
#include <span>

#include "base/log.h"
#include "tsdb/codec/byte_io.h"

namespace silverback::tsdb {
namespace {

// After damage the rest is readable from the next frame that starts anew.
constexpr std::uint64_t kResetEveryBytes = std::uint64_t{4} << 20;

}  // namespace

FrameLog::FrameLog(FileSystem& files, std::filesystem::path directory, LogType type,
                   std::uint64_t next_number)
    : files_(files), directory_(std::move(directory)), type_(type), next_number_(next_number) {}

Result<std::unique_ptr<File>> write_log_file(FileSystem& files,
                                             const std::filesystem::path& directory,
                                             const LogHeader& header,
                                             const FrameLog::FrameSource& frames,
                                             std::uint64_t& bytes) {
  constexpr std::size_t kWriteBytes = 1 << 20;
  const std::string name = log_file_name(header.type, header.number);
  const std::filesystem::path building = directory / "tmp" / name;
  TRY(files.remove_all(building));
  std::unique_ptr<File> file = TRY(files.create(building));
  std::string buffer = encode_log_header(header);
  bytes = 0;
  Status written;
  const auto write = [&] {
    if (written) written = file->append(as_byte_span(buffer));
    bytes += buffer.size();
    buffer.clear();
  };
  frames([&](FrameKind kind, std::string_view body) {
    encode_frame(buffer, header.number, bytes + buffer.size(), kind, body);
    if (buffer.size() >= kWriteBytes) write();
  });
  write();
  TRY(std::move(written));
  TRY(file->sync());
  TRY(files.rename(building, directory / "log" / name));
  TRY(files.sync_directory(directory / "log"));
  return file;
}

Status FrameLog::start_file(LogHeader header, const FrameSource& frames) {
  header.type = type_;
  // Used up even if this fails: the file may be there all the same.
  header.number = take_number();
  std::uint64_t bytes = 0;
  file_ = TRY(write_log_file(files_, directory_, header, frames, bytes));
  number_ = header.number;
  size_ = synced_size_ = bytes;
  return {};
}

Status FrameLog::append(FrameKind kind, std::string_view body) {
  buffer_.clear();
  encode_frame(buffer_, number_, size_, kind, body);
  TRY(file_->append(as_byte_span(buffer_)));
  size_ += buffer_.size();
  return {};
}

Status FrameLog::sync() {
  TRY(file_->sync());
  synced_size_ = size_;
  return {};
}

SampleLog::SampleLog(FileSystem& files, std::filesystem::path directory, std::uint64_t next_number,
                     std::uint64_t file_bytes_max)
    : log_(files, std::move(directory), LogType::kSamples, next_number),
      file_bytes_max_(file_bytes_max) {}

void SampleLog::cut(std::uint64_t file, std::uint64_t offset) {
  cut_file_ = file;
  cut_offset_ = offset;
}

void SampleLog::log_again(const FrameLog::FrameSink& sink) const {
  LoggedValues values;
  std::vector<std::uint64_t> xored;
  std::string body;
  for (const std::vector<LoggedSample>& samples : unsynced_) {
    // Each frame by itself: values not XORed with those of the one before, which costs little here.
    values.clear();
    xored.clear();
    body.clear();
    for (const LoggedSample& sample : samples) {
      std::uint64_t& last = values[sample.id];
      xored.push_back(last ^ sample.v_bits);
      last = sample.v_bits;
    }
    encode_samples(body, samples, xored);
    sink(FrameKind::kSamplesReset, body);
  }
}

Status SampleLog::start_file() {
  LogHeader header;
  header.cut_file = log_.is_open() ? log_.number() : cut_file_;
  header.cut_offset = log_.is_open() ? log_.synced_size() : cut_offset_;
  const Status started =
      log_.start_file(header, [this](const FrameLog::FrameSink& sink) { log_again(sink); });
  if (!started) {
    // The new file may be there all the same, and then it voids what would be added to the old one.
    failed_ = true;
    return started;
  }
  unsynced_.clear();
  unsynced_samples_ = 0;
  failed_ = false;
  reset_ = true;
  ++epoch_;
  return {};
}

Status SampleLog::prepare() {
  if (must_start_file()) {
    TRY(start_file_after_sync());
  } else if (!reset_ && log_.size() - reset_at_ >= kResetEveryBytes) {
    reset_ = true;
    ++epoch_;
  }
  return {};
}

Status SampleLog::append(std::vector<LoggedSample> samples,
                         const std::vector<std::uint64_t>& xored) {
  body_.clear();
  encode_samples(body_, samples, xored);
  const std::uint64_t start = log_.size();
  const Status written =
      log_.append(reset_ ? FrameKind::kSamplesReset : FrameKind::kSamples, body_);
  if (!written) {
    failed_ = true;
    ++files_given_up_;
    return written;
  }
  if (reset_) reset_at_ = start;
  reset_ = false;
  unsynced_samples_ += samples.size();
  unsynced_.push_back(std::move(samples));
  return {};
}

Status SampleLog::sync() {
  if (!failed_) {
    if (!log_.is_open() || !log_.is_dirty()) return {};
    const Status synced = log_.sync();
    if (synced) {
      unsynced_.clear();
      unsynced_samples_ = 0;
      return {};
    }
    log_warn("write-ahead log: " + synced.error().message + "; logging again to a new file");
    failed_ = true;
    ++files_given_up_;
  }
  return start_file();
}

Result<LogPosition> SampleLog::rotate() {
  TRY(sync());
  if (!log_.is_open() || log_.size() > kLogHeaderBytes) TRY(start_file());
  return log_position(log_.number(), 0);
}

Status SampleLog::start_file_after_sync() {
  const std::uint64_t before = log_.number();
  TRY(sync());
  // A sync that failed has gone over to a new file already.
  return log_.is_open() && log_.number() != before ? Status() : start_file();
}

Result<std::vector<std::uint64_t>> log_files(FileSystem& files,
                                             const std::filesystem::path& directory, LogType type) {
  std::vector<std::uint64_t> numbers;
  for (const std::string& name : TRY(files.list(directory / "log")))
    if (const auto number = log_file_number(type, name)) numbers.push_back(*number);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

Result<ReplayResult> replay_samples(FileSystem& files, const std::filesystem::path& directory,
                                    const std::function<void(const ReplayedFrame&)>& frame) {
  ReplayResult result;
  const std::vector<std::uint64_t> numbers = TRY(log_files(files, directory, LogType::kSamples));
  const auto path_of = [&](std::uint64_t number) {
    return directory / "log" / log_file_name(LogType::kSamples, number);
  };
  // Which part of a file is void is told by a later one, so headers come first.
  std::map<std::uint64_t, std::uint64_t> cuts;
  for (const std::uint64_t number : numbers) {
    const std::unique_ptr<File> file = TRY(files.open_read(path_of(number)));
    std::string head(kLogHeaderBytes, '\0');
    head.resize(TRY(file->read(0, std::as_writable_bytes(std::span(head.data(), head.size())))));
    const Result<LogHeader> header = decode_log_header(head);
    if (header && header->number == number && header->cut_file != 0)
      cuts[header->cut_file] = header->cut_offset;
    if (!header) {
      log_error(path_of(number).string() + ": " + header.error().message);
      ++result.damaged_places;
    }
  }

  std::vector<LoggedSample> samples;
  for (const std::uint64_t number : numbers) {
    const std::string bytes = TRY(files.read_all(path_of(number)));
    const auto cut = cuts.find(number);
    const std::uint64_t end = cut == cuts.end() ? bytes.size() : cut->second;
    LogFrameReader reader(bytes, number, end);
    bool values_known = false;
    std::uint64_t unreadable = 0;
    while (std::optional<LogFrame> read = reader.next()) {
      if (read->after_damage) values_known = false;
      if (read->kind == FrameKind::kSamplesReset) {
        ++result.epochs;
        values_known = true;
      }
      if (!values_known || !decode_samples(read->body, samples)) {
        values_known = false;
        ++unreadable;
        continue;
      }
      result.samples += samples.size();
      frame({log_position(number, read->offset), samples, result.epochs});
    }
    // A file that a later one cuts, or that is not the last, was complete up to there.
    const bool torn = reader.good_end() < std::min<std::uint64_t>(end, bytes.size());
    const bool lost_end = torn && (cut != cuts.end() || number != numbers.back());
    if (reader.damaged() > 0 || unreadable > 0 || lost_end) {
      result.damaged_places += std::max<std::uint64_t>(reader.damaged(), 1);
      log_error(path_of(number).string() + ": damaged; " + std::to_string(unreadable) +
                " more frames could not be read without what was lost");
    }
    result.last_file = number;
    result.last_file_end = reader.good_end();
  }
  return result;
}

}  // namespace silverback::tsdb
