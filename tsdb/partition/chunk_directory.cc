#include "tsdb/partition/chunk_directory.h"

#include <cassert>

#include "base/invariant.h"

namespace silverback::tsdb {
namespace {

// On disk: never renumber.
enum Place : std::uint64_t { kNext = 0, kNextFrame = 1, kHere = 2 };

// A constant takes 9 bytes; as a reference into a segment it would cost a frame to read.
constexpr std::size_t kInlineBytesMax = 10;

}  // namespace

Status ChunkDirectoryWriter::add(std::uint32_t rank, std::uint32_t column, std::string_view chunk) {
  while (frames_ < rank / kSeriesPerDirectoryFrame) TRY(finish_frame());
  INVARIANT(rank % kSeriesPerDirectoryFrame >= series_);
  while (series_ < rank % kSeriesPerDirectoryFrame) finish_series();

  Place place = kHere;
  if (chunk.size() > kInlineBytesMax) {
    if (!segment_.empty() && segment_.size() + chunk.size() > kFrameContentBytes)
      TRY(finish_segment());
    place = segment_.empty() ? kNextFrame : kNext;
    segment_ += chunk;
  }
  put_signed(series_records_, static_cast<std::int64_t>(column) - column_before_);
  put_varint(series_records_, chunk.size() << 2 | place);
  if (place == kHere) series_records_ += chunk;
  column_before_ = column;
  ++series_chunks_;
  return {};
}

void ChunkDirectoryWriter::finish_series() {
  put_varint(records_, series_chunks_);
  records_ += series_records_;
  series_records_.clear();
  series_chunks_ = 0;
  ++series_;
}

Status ChunkDirectoryWriter::finish_segment() {
  segment_ref_encoder_.put(segment_refs_, TRY(segments_.add(segment_)));
  ++segment_count_;
  segment_.clear();
  return {};
}

Status ChunkDirectoryWriter::finish_frame() {
  if (!segment_.empty()) TRY(finish_segment());
  if (series_chunks_ > 0) finish_series();
  FrameRef ref;
  if (series_ > 0) {
    while (series_ < kSeriesPerDirectoryFrame) finish_series();
    std::string content;
    put_varint(content, segment_count_);
    content += segment_refs_;
    content += records_;
    ref = TRY(directory_.add(content));
  }
  table_refs_.put(table_, ref);
  ++frames_;
  segment_refs_.clear();
  segment_ref_encoder_ = {};
  segment_count_ = 0;
  records_.clear();
  series_ = 0;
  column_before_ = 0;
  return {};
}

Status ChunkDirectoryWriter::finish(std::string& meta) {
  TRY(finish_frame());
  put_varint(meta, frames_);
  meta += table_;
  return {};
}

bool ChunkDirectory::open(ByteReader& meta) {
  FrameRefDecoder refs;
  for (std::uint64_t left = meta.varint(); left > 0 && meta.ok(); --left)
    refs_.push_back(refs.take(meta));
  return meta.ok();
}

Result<DirectoryFrame> ChunkDirectory::read(const FrameReader& frames, std::size_t frame) const {
  assert(!is_empty(frame));
  DirectoryFrame result;
  result.content = TRY(frames.read(Database::kDirectory, refs_[frame]));
  ByteReader in(result.content);
  FrameRefDecoder refs;
  for (std::uint64_t left = in.varint(); left > 0 && in.ok(); --left)
    result.segments.push_back(refs.take(in));

  std::int64_t column = 0;
  std::uint32_t segments = 0;  // begun
  std::uint32_t offset = 0;
  result.first_chunk.reserve(kSeriesPerDirectoryFrame + 1);
  result.first_chunk.push_back(0);
  for (std::uint32_t series = 0; series < kSeriesPerDirectoryFrame; ++series) {
    for (std::uint64_t left = in.varint(); left > 0 && in.ok(); --left) {
      column += in.signed_varint();
      const std::uint64_t bytes_and_place = in.varint();
      const std::uint64_t place = bytes_and_place & 3;
      ChunkRef chunk{static_cast<std::uint32_t>(column), ChunkRef::kInDirectory, 0,
                     static_cast<std::uint32_t>(bytes_and_place >> 2)};
      if (place == kHere) {
        chunk.offset = static_cast<std::uint32_t>(result.content.size() - in.left());
        in.bytes(chunk.bytes);
      } else {
        if (place == kNextFrame) {
          ++segments;
          offset = 0;
        }
        chunk.segment = segments - 1;
        chunk.offset = offset;
        offset += chunk.bytes;
        if (chunk.segment >= result.segments.size()) return frames.damaged("chunk directory");
      }
      result.chunks.push_back(chunk);
    }
    result.first_chunk.push_back(static_cast<std::uint32_t>(result.chunks.size()));
  }
  if (!in.ok() || !in.at_end()) return frames.damaged("chunk directory");
  return result;
}

}  // namespace silverback::tsdb
