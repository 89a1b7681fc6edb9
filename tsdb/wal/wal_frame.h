// Frames: how the files below log/ are cut into records that a crash can tear and a bit flip can
// break, but that are never misread.
//
//   file   = header frame*
//   header = "SBLOG" type:u8 zero:u8 version:u8 number:u64 argument:u64 cut_file:u64 cut_offset:u64
//            xxh3:u64                                                             (48 bytes)
//   frame  = mark:u32 stored:u32 raw:u32 kind:u8 codec:u8 zero:u16 xxh3_head:u64 xxh3_body:u64 body
//
// Little-endian. Both checksums are seeded by the frame's offset and the file's number, so that
// whole frames in the wrong place are damage too. codec 1: `body` is zstd of `raw` bytes. Source:
// docs/formats.md#wal. Threads: a writer is used by one thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"

namespace silverback::tsdb {

// On disk: never renumber.
enum class LogType : std::uint8_t { kSamples = 'w', kSeries = 's' };
enum class FrameKind : std::uint8_t {
  kSamples = 1,       // continues from the frame before it
  kSamplesReset = 2,  // the same, and the values start anew: readable without what is before it
  kSeries = 3,
  kMetadata = 4,
};

inline constexpr std::uint8_t kLogVersion = 1;
inline constexpr std::size_t kLogHeaderBytes = 48;
inline constexpr std::size_t kFrameHeaderBytes = 32;

struct LogHeader {
  LogType type = LogType::kSamples;
  std::uint64_t number = 0;
  std::uint64_t argument = 0;  // of a series log: no series id below it is unused
  // What file `cut_file` holds from `cut_offset` on is void: a torn tail, or frames that were
  // logged again in this file. 0: none.
  std::uint64_t cut_file = 0;
  std::uint64_t cut_offset = 0;
};

std::string encode_log_header(const LogHeader& header);
// Errors: kCorruption.
Result<LogHeader> decode_log_header(std::string_view bytes);

// Appends a whole frame to `out`; `offset` is where it will be in file `number`.
void encode_frame(std::string& out, std::uint64_t number, std::uint64_t offset, FrameKind kind,
                  std::string_view body);

struct LogFrame {
  std::uint64_t offset = 0;
  FrameKind kind = FrameKind::kSamples;
  bool after_damage = false;  // bytes between the frame before and this one could not be read
  std::string body;           // decompressed
};

// Walks the frames of a file that was read whole.
class LogFrameReader {
 public:
  // Reads `bytes` from behind the header up to `end` (at most their size).
  LogFrameReader(std::string_view bytes, std::uint64_t number, std::uint64_t end);

  // The next readable frame; nothing at the end. Damage is skipped: the search goes on at the next
  // mark whose checksums hold.
  std::optional<LogFrame> next();
  // Where the last readable frame ends.
  std::uint64_t good_end() const { return good_end_; }
  // Damaged places that readable frames follow. (What nothing follows is a torn tail.)
  std::uint64_t damaged() const { return damaged_; }

 private:
  std::optional<LogFrame> read_at(std::uint64_t offset) const;

  std::string_view bytes_;
  std::uint64_t number_;
  std::uint64_t position_ = kLogHeaderBytes;
  std::uint64_t good_end_ = kLogHeaderBytes;
  std::uint64_t damaged_ = 0;
};

// `log/wal-00000042`, `log/series-00000007`.
std::string log_file_name(LogType type, std::uint64_t number);
std::optional<std::uint64_t> log_file_number(LogType type, std::string_view name);

}  // namespace silverback::tsdb
