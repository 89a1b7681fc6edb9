#include "net/content_decoding.h"

#include <algorithm>
#include <utility>

#include <zlib.h>

#include "net/http_client.h"
#include "net/http_options.h"

namespace silverback::net {
namespace {

// zlib's windowBits: which frame to expect.
constexpr int kGzip = 15 + 16, kZlib = 15, kRaw = -15;

class Inflater {
 public:
  explicit Inflater(int window_bits) { is_ready_ = inflateInit2(&stream_, window_bits) == Z_OK; }
  ~Inflater() {
    if (is_ready_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  Result<std::string> unpack(std::string& packed, std::size_t bytes_max, bool many_members) {
    if (!is_ready_) return fail(ErrorCode::kIo, "gzip: out of memory");
    std::string out;
    // zlib's sizes have 32 bits, so both sides are handed over in parts.
    constexpr std::size_t kPart = 1U << 20;
    std::size_t taken = 0;
    std::size_t made = 0;
    while (true) {
      const std::size_t in_size = std::min(packed.size() - taken, kPart);
      stream_.next_in = reinterpret_cast<Bytef*>(packed.data() + taken);
      stream_.avail_in = static_cast<uInt>(in_size);
      if (made == out.size()) {
        const std::size_t more = std::max(packed.size(), out.size()) * 2 + 64;
        out.resize(bytes_max < more ? bytes_max + 1 : more);  // one byte past the cap shows enough
      }
      const std::size_t out_size = std::min(out.size() - made, kPart);
      stream_.next_out = reinterpret_cast<Bytef*>(out.data() + made);
      stream_.avail_out = static_cast<uInt>(out_size);
      const int code = inflate(&stream_, Z_NO_FLUSH);
      taken += in_size - stream_.avail_in;
      made += out_size - stream_.avail_out;
      if (made > bytes_max) return fail(ErrorCode::kIo, std::string(kBodyTooLongText));
      if (code == Z_STREAM_END) {
        // A gzip file may be several, one after the other.
        if (!many_members || taken == packed.size()) break;
        if (inflateReset(&stream_) != Z_OK) return fail(ErrorCode::kIo, "gzip: invalid header");
      } else if (code == Z_BUF_ERROR ||
                 (code == Z_OK && taken == packed.size() && stream_.avail_out != 0)) {
        return fail(ErrorCode::kIo, "unexpected EOF");
      } else if (code != Z_OK) {
        return fail(ErrorCode::kIo, made == 0 ? "gzip: invalid header" : "gzip: corrupt input");
      }
    }
    out.resize(made);
    return out;
  }

 private:
  z_stream stream_{};
  bool is_ready_ = false;
};

}  // namespace

Result<std::string> decode_content(std::string_view encoding, std::string body,
                                   std::size_t bytes_max) {
  if (body.size() > bytes_max) return fail(ErrorCode::kIo, std::string(kBodyTooLongText));
  const std::string name = to_lower(encoding);
  if (name.empty() || name == "identity") return body;
  if (name == "gzip" || name == "x-gzip") {
    if (body.empty()) return fail(ErrorCode::kIo, "EOF");  // not even an archive of nothing
    return Inflater(kGzip).unpack(body, bytes_max, true);
  }
  if (name == "deflate") {
    if (body.empty()) return fail(ErrorCode::kIo, "EOF");
    // The standard says zlib's frame, some servers send none. With one, the first two bytes are a
    // multiple of 31 and name method 8.
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(body[i]); };
    const bool framed =
        body.size() >= 2 && (byte(0) & 0x0fU) == 8 && (byte(0) * 256U + byte(1)) % 31 == 0;
    return Inflater(framed ? kZlib : kRaw).unpack(body, bytes_max, false);
  }
  return body;
}

}  // namespace silverback::net
