// The write-ahead log: the one place where a sample becomes durable. Two kinds of append-only files
// below log/: `wal-N` with samples by series id, `series-N` with what the ids and metric families
// mean (wal_series.h). Every file can be read without the others.
//
// A file is used until it is full or until a write or sync of it fails. Then it is given up: what
// it holds behind its last good sync was kept in memory, is written to a new file, and the new
// file's header declares that part of the old one void. A new file is made in tmp/, synced and then
// renamed, so that it is either not there or complete.
//
// Source: docs/formats.md#wal. Threads: externally synchronised.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "tsdb/wal/wal_frame.h"
#include "tsdb/wal/wal_samples.h"

namespace silverback::tsdb {

inline constexpr std::uint64_t kWalFileBytes = std::uint64_t{64} << 20;

// Appends frames to one file at a time.
class FrameLog {
 public:
  // Files are `directory`/log/… and made in `directory`/tmp. The next file will be `next_number`.
  FrameLog(FileSystem& files, std::filesystem::path directory, LogType type,
           std::uint64_t next_number);

  // Hands frames one by one to whom it is given.
  using FrameSink = std::function<void(FrameKind kind, std::string_view body)>;
  using FrameSource = std::function<void(const FrameSink&)>;
  // Goes over to a new file that starts with `frames`; they are synced when it returns. After an
  // error the old file is still the current one, but the new one may exist.
  Status start_file(LogHeader header, const FrameSource& frames);
  // Uses up the next number, for a file that write_log_file() makes.
  std::uint64_t take_number() { return next_number_++; }
  // Errors: kIo, kUnavailable; then the file must be given up.
  Status append(FrameKind kind, std::string_view body);
  Status sync();

  bool is_open() const { return file_ != nullptr; }
  std::uint64_t number() const { return number_; }  // of the current file
  std::uint64_t next_number() const { return next_number_; }
  std::uint64_t size() const { return size_; }  // of the current file
  std::uint64_t synced_size() const { return synced_size_; }
  bool is_dirty() const { return size_ != synced_size_; }

 private:
  FileSystem& files_;
  const std::filesystem::path directory_;
  const LogType type_;
  std::uint64_t next_number_;
  std::unique_ptr<File> file_;
  std::uint64_t number_ = 0, size_ = 0, synced_size_ = 0;
  std::string buffer_;
};

// Makes a whole file of its own, synced when it returns: header.number decides its name.
Result<std::unique_ptr<File>> write_log_file(FileSystem& files,
                                             const std::filesystem::path& directory,
                                             const LogHeader& header,
                                             const FrameLog::FrameSource& frames,
                                             std::uint64_t& bytes);

class SampleLog {
 public:
  SampleLog(FileSystem& files, std::filesystem::path directory, std::uint64_t next_number,
            std::uint64_t file_bytes_max);

  // Voids the end of the last file of a former run; before the first prepare().
  void cut(std::uint64_t file, std::uint64_t offset);

  // Epochs will be above `epoch`.
  void start_epochs_after(std::uint32_t epoch) { epoch_ = epoch; }

  // To be called before values are XORed for append(): sees to it that there is a file with room,
  // that what was at stake in a failed one is logged again, and that epoch() is right.
  Status prepare();
  // Whether prepare() will go over to a new file, which syncs.
  bool must_start_file() const {
    return failed_ || !log_.is_open() || log_.size() >= file_bytes_max_;
  }
  // Values logged under another epoch are not known to readers: XOR with 0 instead.
  std::uint32_t epoch() const { return epoch_; }
  // One frame, whole or not at all. After an error call prepare() before anything else.
  Status append(std::vector<LoggedSample> samples, const std::vector<std::uint64_t>& xored);
  // Makes all of it durable. After a failure everything is logged again in a new file at once; only
  // if that fails too is it an error, and then at least one retry happens before the next append.
  Status sync();
  // Goes over to a new file. Everything logged before is below the position returned.
  Result<LogPosition> rotate();

  bool is_dirty() const { return failed_ || log_.is_dirty(); }
  std::size_t unsynced_samples() const { return unsynced_samples_; }
  LogPosition position() const { return log_position(log_.number(), log_.size()); }
  std::uint64_t file_number() const { return log_.number(); }
  // How often a write or sync failed.
  std::uint64_t files_given_up() const { return files_given_up_; }

 private:
  Status start_file();
  Status start_file_after_sync();
  void log_again(const FrameLog::FrameSink& sink) const;

  FrameLog log_;
  const std::uint64_t file_bytes_max_;
  std::uint64_t cut_file_ = 0, cut_offset_ = 0;
  bool failed_ = false;
  bool reset_ = true;  // the next frame starts anew
  std::uint64_t reset_at_ = 0;
  std::uint32_t epoch_ = 0;
  std::uint64_t files_given_up_ = 0;
  std::vector<std::vector<LoggedSample>> unsynced_;  // frames since the last good sync
  std::size_t unsynced_samples_ = 0;
  std::string body_;
};

struct ReplayedFrame {
  LogPosition position;
  std::vector<LoggedSample>& samples;  // with v_bits XORed with those before it of the same epoch
  std::uint32_t epoch;                 // from 1; ascending
};

struct ReplayResult {
  std::uint64_t last_file = 0;       // the highest number there is; 0: none
  std::uint64_t last_file_end = 0;   // end of its last readable frame
  std::uint64_t damaged_places = 0;  // frames that could not be read though later ones could
  std::uint64_t samples = 0;
  std::uint32_t epochs = 0;
};

// Calls `frame` for every readable frame of all files, in order of acceptance. What is damaged is
// logged, counted and left out. Errors: kIo.
Result<ReplayResult> replay_samples(FileSystem& files, const std::filesystem::path& directory,
                                    const std::function<void(const ReplayedFrame&)>& frame);

// Numbers of the files of one type below `directory`/log, ascending.
Result<std::vector<std::uint64_t>> log_files(FileSystem& files,
                                             const std::filesystem::path& directory, LogType type);

}  // namespace silverback::tsdb
