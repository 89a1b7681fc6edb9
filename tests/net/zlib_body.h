// Bodies packed by zlib, which the client does not use.
#pragma once

#include <string>

#include <gtest/gtest.h>
#include <zlib.h>

namespace silverback::net {

inline constexpr int kGzipFrame = 15 + 16, kZlibFrame = 15, kNoFrame = -15;  // zlib's windowBits

inline std::string pack(std::string plain, int frame = kGzipFrame, int level = 6) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, level, Z_DEFLATED, frame, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(deflateBound(&stream, plain.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(plain.data());
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

}  // namespace silverback::net
