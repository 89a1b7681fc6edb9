// The other half of the log: what the series ids in the samples files mean, and the metadata of
// metric families. A registration is written before, and synced no later than, the samples that use
// it. The files are rewritten when series were forgotten.
//
//   body of a kSeries frame     (id:varint labels:text)*       labels as Labels::bytes()
//   body of a kMetadata frame   (metric:text type:u8 help:text unit:text)*
//
// Source: docs/formats.md#series-log. Threads: externally synchronised.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/labels.h"
#include "base/sample.h"
#include "tsdb/wal/wal.h"

namespace silverback::tsdb {

using MetadataMap = std::map<std::string, Metadata>;

// Packs entries into frames of bounded size.
class SeriesFrames {
 public:
  explicit SeriesFrames(FrameLog::FrameSink sink) : sink_(std::move(sink)) {}
  ~SeriesFrames() { finish(); }
  SeriesFrames(const SeriesFrames&) = delete;
  SeriesFrames& operator=(const SeriesFrames&) = delete;

  void add_series(std::uint32_t id, std::string_view labels_bytes);
  void add_metadata(std::string_view metric, const Metadata& metadata);

 private:
  std::string& body(FrameKind kind);
  void finish();

  const FrameLog::FrameSink sink_;
  FrameKind kind_ = FrameKind::kSeries;
  std::string body_;
};

class SeriesLog {
 public:
  using Entries = std::function<void(SeriesFrames&)>;

  SeriesLog(FileSystem& files, std::filesystem::path directory, std::uint64_t next_number);

  // All or, after an error, maybe some; then the next append or sync logs again what is at stake
  // before anything else. `next_id`: no id from it on has been given out.
  Status append(const Entries& entries, std::uint32_t next_id);
  Status sync(std::uint32_t next_id);
  bool is_dirty() const { return failed_ || log_.is_dirty(); }

  // To drop what is not in use any more, without stopping appends for long:
  //   Rewrite rewrite = TRY(log.begin_rewrite(next_id));
  //   TRY(rewrite.write(entries));    // all that is in use now; appends may go on meanwhile
  // Then the files from before begin_rewrite() are gone.
  struct Rewrite {
    FileSystem& files;
    std::filesystem::path directory;
    std::uint64_t number;  // of the file to write; those below it go
    std::uint32_t next_id;
    Status write(const Entries& entries) const;
  };
  Result<Rewrite> begin_rewrite(std::uint32_t next_id);

 private:
  Status start_file(std::uint32_t next_id);

  FileSystem& files_;
  const std::filesystem::path directory_;
  FrameLog log_;
  bool failed_ = false;
  std::vector<std::pair<FrameKind, std::string>> unsynced_;  // since the last good sync
};

struct SeriesReplay {
  std::uint64_t last_file = 0;
  std::uint32_t next_id = 0;  // no id from it on is mentioned
  std::uint64_t damaged_places = 0;
};

// Calls `series` for every readable registration in all files. Errors: kIo.
Result<SeriesReplay> replay_series(
    FileSystem& files, const std::filesystem::path& directory,
    const std::function<void(std::uint32_t id, const Labels& labels)>& series,
    const std::function<void(std::string_view metric, Metadata metadata)>& metadata);

}  // namespace silverback::tsdb
