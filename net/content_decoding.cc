#include "net/content_decoding.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <libdeflate.h>

#include "net/http_client.h"
#include "net/http_options.h"

namespace silverback::net {
namespace {

// Room that is made because a body says how long it will be: pages are up to 20 times as long as
// packed. What turns out longer takes several attempts.
constexpr std::size_t kExpansionBelieved = 64;
constexpr std::size_t kGzipBytesMin = 18;  // head and tail

// One for each thread: making one takes longer than unpacking a short body. Null: out of memory.
libdeflate_decompressor* decompressor() {
  thread_local std::unique_ptr<libdeflate_decompressor, void (*)(libdeflate_decompressor*)> made(
      nullptr, &libdeflate_free_decompressor);
  if (made == nullptr) made.reset(libdeflate_alloc_decompressor());
  return made.get();
}

struct Frame {
  const char* name;  // for errors
  libdeflate_result (*decompress)(libdeflate_decompressor*, const void*, std::size_t, void*,
                                  std::size_t, std::size_t*, std::size_t*);
};
constexpr Frame kGzip{"gzip", &libdeflate_gzip_decompress_ex};
constexpr Frame kZlib{"deflate", &libdeflate_zlib_decompress_ex};
constexpr Frame kNone{"deflate", &libdeflate_deflate_decompress_ex};

// A packed text's length modulo 2^32 is its last four bytes: a guess, as all of a stranger's is.
std::size_t unpacked_size(std::string_view gzip) {
  std::size_t size = 0;
  for (int i = 1; i <= 4; ++i)
    size = size << 8U | static_cast<unsigned char>(gzip[gzip.size() - static_cast<std::size_t>(i)]);
  return size;
}

class Unpacker {
 public:
  Unpacker(const Frame& frame, std::string_view packed, std::size_t bytes_max)
      : frame_(frame), packed_(packed), bytes_max_(bytes_max) {}

  // Room that is tried first.
  void expect(std::size_t bytes) { grow_to(std::min(bytes, packed_.size() * kExpansionBelieved)); }

  // Takes what comes next of the packed bytes.
  Status take_member() {
    libdeflate_decompressor* const tool = decompressor();
    if (tool == nullptr) return failure("out of memory");
    while (true) {
      std::size_t taken = 0;
      std::size_t made = 0;
      const libdeflate_result result =
          frame_.decompress(tool, packed_.data(), packed_.size(), out_.data() + made_,
                            out_.size() - made_, &taken, &made);
      if (result == LIBDEFLATE_SUCCESS) {
        packed_.remove_prefix(taken);
        made_ += made;
        if (made_ > bytes_max_) return too_long();
        return {};
      }
      if (result != LIBDEFLATE_INSUFFICIENT_SPACE) return failure("corrupt or incomplete input");
      if (out_.size() > bytes_max_) return too_long();
      grow_to(std::max(packed_.size(), out_.size()) * 2);
    }
  }

  std::string_view left() const { return packed_; }
  std::string take() {
    out_.resize(made_);
    return std::move(out_);
  }

 private:
  Status failure(const char* what) const {
    return fail(ErrorCode::kIo, std::string(frame_.name) + ": " + what);
  }
  static Status too_long() { return fail(ErrorCode::kIo, std::string(kBodyTooLongText)); }
  // One byte past the maximum shows enough.
  void grow_to(std::size_t bytes) { out_.resize(bytes_max_ < bytes ? bytes_max_ + 1 : bytes); }

  const Frame& frame_;
  std::string_view packed_;
  const std::size_t bytes_max_;
  std::string out_;
  std::size_t made_ = 0;
};

Result<std::string> unpack_gzip(std::string_view packed, std::size_t bytes_max) {
  if (packed.empty()) return fail(ErrorCode::kIo, "EOF");  // not even an archive of nothing
  if (!packed.starts_with("\x1f\x8b\x08")) return fail(ErrorCode::kIo, "gzip: invalid header");
  Unpacker unpacker(kGzip, packed, bytes_max);
  if (packed.size() >= kGzipBytesMin) unpacker.expect(unpacked_size(packed));
  // A gzip file may be several, one after the other.
  while (!unpacker.left().empty()) TRY(unpacker.take_member());
  return unpacker.take();
}

Result<std::string> unpack_deflate(std::string_view packed, std::size_t bytes_max) {
  if (packed.empty()) return fail(ErrorCode::kIo, "EOF");
  // The standard says zlib's frame, some servers send none. With one, the first two bytes are a
  // multiple of 31 and name method 8.
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(packed[i]); };
  const bool framed =
      packed.size() >= 2 && (byte(0) & 0x0fU) == 8 && (byte(0) * 256U + byte(1)) % 31 == 0;
  Unpacker unpacker(framed ? kZlib : kNone, packed, bytes_max);
  TRY(unpacker.take_member());
  return unpacker.take();
}

}  // namespace

Result<std::string> decode_content(std::string_view encoding, std::string body,
                                   std::size_t bytes_max) {
  if (body.size() > bytes_max) return fail(ErrorCode::kIo, std::string(kBodyTooLongText));
  const std::string name = to_lower(encoding);
  if (name.empty() || name == "identity") return body;
  if (name == "gzip" || name == "x-gzip") return unpack_gzip(body, bytes_max);
  if (name == "deflate") return unpack_deflate(body, bytes_max);
  return body;
}

}  // namespace silverback::net
