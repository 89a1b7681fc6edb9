// Frames: the unit in which a partition is read and verified. A frame is up to some 16 KiB of
// content, compressed if that pays, behind a checksum that is bound to its place; frames are packed
// back to back into LMDB values of up to 1 MiB.
//
//   frame = checksum:u64 | coding:u8 (0 plain, 1 zstd) | zstd: varint(content bytes) | bytes
//
// The checksum is XXH3 of all that follows it, seeded with database, value and offset.
// Source: docs/formats.md#partition.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "tsdb/codec/byte_io.h"
#include "tsdb/partition/lmdb_writer.h"

struct ZSTD_CCtx_s;

namespace silverback::tsdb {

// More brings no better compression (within 3 %), but slower reads of a single series.
inline constexpr std::size_t kFrameContentBytes = 16 << 10;

struct FrameRef {
  std::uint32_t value = 0;   // the how-many-th of its database
  std::uint32_t offset = 0;  // in that value
  std::uint32_t bytes = 0;   // 0: no frame
};

// Lists of references: most frames begin where the one before ended.
class FrameRefEncoder {
 public:
  void put(std::string& out, FrameRef ref);

 private:
  FrameRef next_;
};
class FrameRefDecoder {
 public:
  FrameRef take(ByteReader& in);

 private:
  FrameRef next_;
};

// Where the values of a database are in the file, and how long they are.
struct ValuePlace {
  std::uint64_t offset;
  std::uint32_t bytes;
};
using ValuePlaces = std::array<std::vector<ValuePlace>, kDatabaseCount>;

// Packs the frames of one database. Threads: one thread.
class FrameWriter {
 public:
  FrameWriter(LmdbWriter& lmdb, Database database);
  ~FrameWriter();
  FrameWriter(const FrameWriter&) = delete;
  FrameWriter& operator=(const FrameWriter&) = delete;

  // The frame is in the file only after finish().
  Result<FrameRef> add(std::string_view content);
  Status finish();
  // Complete after finish().
  const std::vector<ValuePlace>& places() const { return places_; }
  // XXH3 of each value, to compare with what can be read back.
  const std::vector<std::uint64_t>& checksums() const { return checksums_; }

 private:
  Status flush();

  LmdbWriter& lmdb_;
  const Database database_;
  std::unique_ptr<ZSTD_CCtx_s, void (*)(ZSTD_CCtx_s*)> zstd_;
  std::string value_;    // frames of the value being filled
  std::string scratch_;  // the frame being made
  std::vector<ValuePlace> places_;
  std::vector<std::uint64_t> checksums_;
};

// Reads frames of a finished partition. Threads: any.
class FrameReader {
 public:
  FrameReader(std::unique_ptr<File> file, std::filesystem::path path, ValuePlaces places);

  // The verified content of a frame. Errors: kIo, kCorruption.
  Result<std::string> read(Database database, FrameRef ref) const;
  // For what a verified frame says that cannot be.
  tl::unexpected<Error> damaged(std::string_view what) const;
  // Whether damage was ever met.
  bool is_damaged() const { return is_damaged_.load(std::memory_order_relaxed); }

 private:
  const std::unique_ptr<File> file_;
  const std::filesystem::path path_;
  const ValuePlaces places_;
  mutable std::atomic<bool> is_damaged_{false};
};

}  // namespace silverback::tsdb
