#include "tsdb/manifest.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/log.h"
#include "tsdb/codec/byte_io.h"
#include "tsdb/db_directory.h"

namespace silverback::tsdb {
namespace {

// The last byte is the version. On disk: never change the others.
constexpr std::string_view kMagic = "SBMANIF\x01";
constexpr std::size_t kHeaderBytes = 16;
// Every record ends in a byte that is not zero, so zeros at the end of the file are never part of a
// whole record: they are blocks that the file system allocated but did not write before the crash.
constexpr char kEndMark = '\xa5';

// Seeded by the place in the file, so that a record that is whole but elsewhere is damage too.
std::uint64_t checksum(std::string_view bytes, std::uint64_t offset) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), offset);
}

std::string encode_record(const std::vector<ManifestEntry>& added,
                          const std::vector<std::string>& removed, std::uint64_t offset) {
  std::string payload;
  put_varint(payload, removed.size());
  for (const std::string& name : removed) put_text(payload, name);
  put_varint(payload, added.size());
  for (const ManifestEntry& entry : added) {
    const PartitionInfo& partition = entry.partition;
    put_text(payload, partition.name);
    put_signed(payload, partition.mint);
    put_signed(payload, partition.maxt);
    put_varint(payload, partition.series);
    put_varint(payload, partition.samples);
    put_varint(payload, partition.bytes);
    put_varint(payload, partition.meta_offset);
    put_varint(payload, partition.meta_bytes);
    put_fixed(payload, partition.checksum);
    put_varint(payload, entry.log_position);
    payload.push_back(entry.complete ? 1 : 0);
  }
  std::string record;
  put_fixed(record, static_cast<std::uint32_t>(payload.size()));
  put_fixed(record, static_cast<std::uint32_t>(checksum(record, offset)));
  put_fixed(record, checksum(payload, offset));
  record += payload;
  record.push_back(kEndMark);
  return record;
}

struct Change {
  std::vector<ManifestEntry> added;
  std::vector<std::string> removed;
};

std::optional<Change> decode_payload(std::string_view payload) {
  Change change;
  ByteReader in(payload);
  for (std::uint64_t left = in.varint(); left > 0 && in.ok(); --left)
    change.removed.emplace_back(in.text());
  for (std::uint64_t left = in.varint(); left > 0 && in.ok(); --left) {
    ManifestEntry& entry = change.added.emplace_back();
    PartitionInfo& partition = entry.partition;
    partition.name = in.text();
    partition.mint = in.signed_varint();
    partition.maxt = in.signed_varint();
    partition.series = in.varint();
    partition.samples = in.varint();
    partition.bytes = in.varint();
    partition.meta_offset = in.varint();
    partition.meta_bytes = in.varint();
    partition.checksum = in.fixed<std::uint64_t>();
    entry.log_position = in.varint();
    entry.complete = in.fixed<std::uint8_t>() != 0;
  }
  if (!in.ok() || !in.at_end()) return std::nullopt;
  return change;
}

std::vector<ManifestEntry>::iterator find(std::vector<ManifestEntry>& entries,
                                          std::string_view name) {
  return std::find_if(entries.begin(), entries.end(),
                      [&](const ManifestEntry& entry) { return entry.partition.name == name; });
}

// The entries after a change, or nothing if it does not fit them.
std::optional<std::vector<ManifestEntry>> changed(std::vector<ManifestEntry> entries,
                                                  const std::vector<ManifestEntry>& added,
                                                  const std::vector<std::string>& removed) {
  for (const std::string& name : removed) {
    const auto found = find(entries, name);
    if (found == entries.end()) return std::nullopt;
    entries.erase(found);
  }
  for (const ManifestEntry& entry : added) {
    if (find(entries, entry.partition.name) != entries.end()) return std::nullopt;
    const auto place = std::upper_bound(
        entries.begin(), entries.end(), entry.partition.mint,
        [](TimestampMs mint, const ManifestEntry& other) { return mint < other.partition.mint; });
    entries.insert(place, entry);
  }
  return entries;
}

tl::unexpected<Error> damaged(const std::filesystem::path& path, std::uint64_t offset) {
  return fail(ErrorCode::kCorruption,
              path.string() + ": damaged record at byte " + std::to_string(offset));
}

struct Contents {
  std::vector<ManifestEntry> entries;
  std::uint64_t size = 0;  // what follows is a torn record
};

Result<Contents> parse(std::string_view bytes, const std::filesystem::path& path) {
  bytes = bytes.substr(0, bytes.find_last_not_of('\0') + 1);
  if (bytes.size() < kMagic.size() && kMagic.starts_with(bytes)) return Contents{};
  if (!bytes.starts_with(kMagic.substr(0, kMagic.size() - 1)))
    return fail(ErrorCode::kCorruption, path.string() + ": not a manifest of ours");
  if (!bytes.starts_with(kMagic))
    return fail(ErrorCode::kCorruption,
                path.string() + ": version " +
                    std::to_string(static_cast<unsigned char>(bytes[kMagic.size() - 1])) +
                    " of the format is unknown to this program");

  Contents contents;
  contents.size = kMagic.size();
  while (contents.size < bytes.size()) {
    const std::uint64_t offset = contents.size;
    const std::string_view rest = bytes.substr(offset);
    if (rest.size() < kHeaderBytes) break;
    ByteReader header(rest.substr(0, kHeaderBytes));
    const auto payload_bytes = header.fixed<std::uint32_t>();
    if (header.fixed<std::uint32_t>() !=
        static_cast<std::uint32_t>(checksum(rest.substr(0, sizeof payload_bytes), offset)))
      return damaged(path, offset);
    const std::size_t record_bytes = kHeaderBytes + payload_bytes + 1;
    if (rest.size() < record_bytes) break;
    const std::string_view payload = rest.substr(kHeaderBytes, payload_bytes);
    if (header.fixed<std::uint64_t>() != checksum(payload, offset) ||
        rest[record_bytes - 1] != kEndMark)
      return damaged(path, offset);
    const std::optional<Change> change = decode_payload(payload);
    if (!change) return damaged(path, offset);
    auto entries = changed(std::move(contents.entries), change->added, change->removed);
    if (!entries) return damaged(path, offset);
    contents.entries = *std::move(entries);
    contents.size += record_bytes;
  }
  return contents;
}

// A new file with the same entries, in one record. Returns its size.
Result<std::uint64_t> write_anew(FileSystem& files, const std::filesystem::path& path,
                                 const std::vector<ManifestEntry>& entries) {
  std::string bytes(kMagic);
  if (!entries.empty()) bytes += encode_record(entries, {}, bytes.size());
  TRY(files.remove_all(path));
  const std::unique_ptr<File> file = TRY(files.create(path));
  TRY(file->append(as_byte_span(bytes)));
  TRY(file->sync());
  return bytes.size();
}

}  // namespace

Manifest::Manifest(std::unique_ptr<File> file, std::vector<ManifestEntry> entries,
                   std::uint64_t size)
    : file_(std::move(file)), entries_(std::move(entries)), size_(size) {}

Result<std::unique_ptr<Manifest>> Manifest::open(FileSystem& files,
                                                 const std::filesystem::path& path) {
  Result<std::string> bytes = files.read_all(path);
  if (!bytes && bytes.error().code != ErrorCode::kNotFound) return fail(std::move(bytes).error());

  Contents contents;
  if (bytes) contents = TRY(parse(*bytes, path));
  // What was read may be in memory only, because the process that wrote it was killed before its
  // sync, or because the sync failed. Nobody may act on it before it is on the disk.
  const std::filesystem::path building = path.parent_path() / kNewManifestName;
  const Result<std::uint64_t> written = write_anew(files, building, contents.entries);
  if (!written && contents.size == 0) return fail(written.error());
  if (written) {
    TRY(files.rename(building, path));
    TRY(files.sync_directory(path.parent_path()));
  } else {
    log_warn(written.error().message + "; the manifest stays in the file it is in");
  }
  std::unique_ptr<File> file = TRY(files.open_append(path));
  if (written) {
    contents.size = *written;
  } else {
    TRY(file->truncate(contents.size));
    TRY(file->sync());
  }
  return std::unique_ptr<Manifest>(
      new Manifest(std::move(file), std::move(contents.entries), contents.size));
}

Status Manifest::apply(const std::vector<ManifestEntry>& added,
                       const std::vector<std::string>& removed) {
  if (failed_)
    return fail(ErrorCode::kUnavailable, "an earlier write to the manifest failed: reopen it");
  auto entries = changed(entries_, added, removed);
  if (!entries)
    return fail(ErrorCode::kInvalidArgument,
                "manifest: a partition is added twice, or removed without being there");
  const std::string record = encode_record(added, removed, size_);
  failed_ = true;
  TRY(file_->append(as_byte_span(record)));
  TRY(file_->sync());
  failed_ = false;
  size_ += record.size();
  entries_ = *std::move(entries);
  return {};
}

}  // namespace silverback::tsdb
