#include "tsdb/partition/lmdb_writer.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

#include <lmdb.h>

#include "base/invariant.h"
#include "tsdb/codec/byte_io.h"

namespace silverback::tsdb {
namespace {

// Dirty pages of a transaction are anonymous memory until it commits; more than this gains nothing.
constexpr std::size_t kTxnBytes = std::size_t{16} << 20;
constexpr std::size_t kMapBytesMin = std::size_t{64} << 20;
constexpr mdb_mode_t kMode = 0644;

// The header in front of a value on pages of its own: struct MDB_page of LMDB 0.9.
struct PageHeader {
  static constexpr std::size_t kBytes = 16;
  static constexpr std::uint16_t kOverflow = 0x04;
  std::uint64_t page;
  std::uint16_t flags;
  std::uint32_t pages;

  static PageHeader before(const void* value) {
    const char* header = static_cast<const char*>(value) - kBytes;
    return {load_unaligned<std::uint64_t>(header), load_unaligned<std::uint16_t>(header + 10),
            load_unaligned<std::uint32_t>(header + 12)};
  }
};

}  // namespace

tl::unexpected<Error> LmdbWriter::failed(const char* operation, int code) const {
  const bool full = code == ENOSPC || code == EDQUOT;
  return fail(full ? ErrorCode::kUnavailable : ErrorCode::kIo,
              std::string(operation) + " " + path_.string() + ": " + mdb_strerror(code));
}

Result<std::unique_ptr<LmdbWriter>> LmdbWriter::create(const std::filesystem::path& path) {
  std::unique_ptr<LmdbWriter> writer(new LmdbWriter(path));
  if (const int code = mdb_env_create(&writer->env_); code != 0)
    return writer->failed("create", code);
  MDB_env* env = writer->env_;
  int code = mdb_env_set_maxdbs(env, kDatabaseCount);
  if (code == 0) code = mdb_env_set_mapsize(env, kMapBytesMin);
  // One writer, no readers until it is finished: a lock file would only be left behind.
  if (code == 0) code = mdb_env_open(env, path.c_str(), MDB_NOSUBDIR | MDB_NOLOCK, kMode);
  MDB_stat stat;
  if (code == 0) code = mdb_env_stat(env, &stat);
  if (code != 0) return writer->failed("create", code);
  writer->page_bytes_ = stat.ms_psize;

  TRY(writer->begin(kTxnBytes));
  for (std::size_t i = 0; i < kDatabaseCount; ++i) {
    code = mdb_dbi_open(writer->txn_, kDatabaseNames[i], MDB_CREATE, &writer->handles_[i]);
    if (code != 0) return writer->failed("create", code);
  }
  return writer;
}

LmdbWriter::~LmdbWriter() {
  if (txn_ != nullptr) mdb_txn_abort(txn_);
  if (env_ != nullptr) mdb_env_close(env_);
}

Status LmdbWriter::begin(std::size_t room) {
  MDB_envinfo info;
  if (const int code = mdb_env_info(env_, &info); code != 0) return failed("write", code);
  // Only between transactions may the map grow. Twice the room covers what LMDB adds of its own.
  const std::size_t needed = (info.me_last_pgno + 1) * page_bytes_ + 2 * room;
  if (needed > info.me_mapsize) {
    const int code = mdb_env_set_mapsize(env_, std::max(needed, 2 * info.me_mapsize));
    if (code != 0) return failed("grow the map of", code);
  }
  if (const int code = mdb_txn_begin(env_, nullptr, 0, &txn_); code != 0)
    return failed("write", code);
  txn_bytes_ = 0;
  return {};
}

Status LmdbWriter::commit() {
  MDB_txn* txn = std::exchange(txn_, nullptr);
  if (const int code = mdb_txn_commit(txn); code != 0) return failed("write", code);
  return {};
}

Result<std::uint64_t> LmdbWriter::put(Database database, std::string_view value) {
  INVARIANT(value.size() == value_bytes_for(value.size()));
  const auto index = static_cast<std::size_t>(database);
  if (txn_bytes_ + value.size() > kTxnBytes) {
    TRY(commit());
    TRY(begin(std::max(kTxnBytes, value.size())));
  }

  std::array<char, 4> key_bytes;
  const std::uint32_t key_number = next_key_[index]++;
  for (std::size_t i = 0; i < key_bytes.size(); ++i)
    key_bytes[i] = static_cast<char>(key_number >> (24 - 8 * i));
  MDB_val key{key_bytes.size(), key_bytes.data()};
  MDB_val data{value.size(), nullptr};
  const int code = mdb_put(txn_, handles_[index], &key, &data, MDB_RESERVE | MDB_APPEND);
  if (code != 0) return failed("write", code);
  const PageHeader header = PageHeader::before(data.mv_data);
  const std::size_t pages = (value.size() + PageHeader::kBytes + page_bytes_ - 1) / page_bytes_;
  if ((header.flags & PageHeader::kOverflow) == 0 || header.pages != pages)
    return fail(ErrorCode::kIo, "write " + path_.string() + ": LMDB lays out its pages otherwise");
  std::memcpy(data.mv_data, value.data(), value.size());
  txn_bytes_ += value.size();
  return header.page * page_bytes_ + PageHeader::kBytes;
}

Status LmdbWriter::finish() {
  TRY(commit());
  mdb_env_close(std::exchange(env_, nullptr));
  return {};
}

}  // namespace silverback::tsdb
