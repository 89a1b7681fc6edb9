#include "net/content_decoding.h"

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/http_client.h"
#include "tests/net/zlib_body.h"
#include "tests/testing/seed.h"

namespace silverback::net {
namespace {

constexpr std::size_t kNoLimit = HttpRequest::kNoLimit;

// The body, or the error's text.
std::string decoded(std::string_view encoding, std::string packed, std::size_t bytes_max) {
  Result<std::string> body = decode_content(encoding, std::move(packed), bytes_max);
  return body ? *std::move(body) : body.error().message;
}

std::string random_page(std::mt19937_64& random) {
  std::string page;
  const std::size_t lines = random() % 2'000;
  for (std::size_t i = 0; i < lines; ++i)
    page += "metric_" + std::to_string(random() % 50) + ' ' + std::to_string(random()) + '\n';
  return page;
}

TEST(ContentDecoding, TakesWhatZlibPacked) {
  std::mt19937_64 random(testing::seed());
  for (int round = 0; round < 200; ++round) {
    const std::string page = random_page(random);
    const int level = static_cast<int>(random() % 10);
    const std::vector<std::pair<const char*, int>> forms = {{"gzip", kGzipFrame},
                                                            {"X-GZip", kGzipFrame},
                                                            {"deflate", kZlibFrame},
                                                            {"deflate", kNoFrame}};
    for (const auto& [encoding, frame] : forms) {
      const std::string packed = pack(page, frame, level);
      EXPECT_EQ(decoded(encoding, packed, kNoLimit), page);
      EXPECT_EQ(decoded(encoding, packed, std::max(page.size(), packed.size())), page);
    }
  }
}

TEST(ContentDecoding, TakesArchivesOfSeveralFiles) {
  const std::string large(3'000'000, 'x');
  // The length at the end is of the last file only, so that the room that is tried first is short.
  EXPECT_EQ(decoded("gzip", pack(large) + pack("") + pack("end"), kNoLimit), large + "end");
  std::string many;
  for (int i = 0; i < 10'000; ++i) many += pack("x");
  EXPECT_EQ(decoded("gzip", many, kNoLimit), std::string(10'000, 'x'));
  EXPECT_EQ(decoded("gzip", pack(""), kNoLimit), "");
}

TEST(ContentDecoding, StopsAtTheLimit) {
  std::string bomb = pack(std::string(50'000'000, '\0'));
  const std::string page(10'000, 'x');
  EXPECT_EQ(decoded("gzip", bomb, 1'000'000), kBodyTooLongText);
  bomb.replace(bomb.size() - 4, 4, std::string(4, '\0'));  // it says that it is nothing
  EXPECT_EQ(decoded("gzip", bomb, 1'000'000), kBodyTooLongText);
  bomb.replace(bomb.size() - 4, 4, std::string(4, '\xff'));  // and now 4 GiB
  EXPECT_EQ(decoded("gzip", bomb, 1'000'000), kBodyTooLongText);
  std::string boaster = pack(page);
  boaster.replace(boaster.size() - 4, 4, std::string(4, '\xff'));
  EXPECT_EQ(decoded("gzip", boaster, kNoLimit), "gzip: corrupt or incomplete input");
  for (const int frame : {kGzipFrame, kZlibFrame, kNoFrame}) {
    const char* encoding = frame == kGzipFrame ? "gzip" : "deflate";
    EXPECT_EQ(decoded(encoding, pack(page, frame), page.size()), page);
    EXPECT_EQ(decoded(encoding, pack(page, frame), page.size() - 1), kBodyTooLongText);
  }
  const std::string members = pack(page) + pack("x");
  EXPECT_EQ(decoded("gzip", members, page.size() + 1), page + 'x');
  EXPECT_EQ(decoded("gzip", members, page.size()), kBodyTooLongText);
  EXPECT_EQ(decoded("identity", page, page.size() - 1), kBodyTooLongText);
}

TEST(ContentDecoding, RefusesWhatIsCut) {
  const std::string page = "metric_one 1\nmetric_two 2\n" + std::string(500, 'x');
  const std::string packed = pack(page);
  EXPECT_EQ(decoded("gzip", "", kNoLimit), "EOF");
  EXPECT_EQ(decoded("deflate", "", kNoLimit), "EOF");
  for (std::size_t size = 1; size < packed.size(); ++size) {
    EXPECT_EQ(decoded("gzip", packed.substr(0, size), kNoLimit),
              size < 3 ? "gzip: invalid header" : "gzip: corrupt or incomplete input")
        << size;
  }
  const std::string zlib = pack(page, kZlibFrame);
  EXPECT_EQ(decoded("deflate", zlib.substr(0, zlib.size() - 1), kNoLimit),
            "deflate: corrupt or incomplete input");
  EXPECT_EQ(decoded("gzip", packed + "rest", kNoLimit), "gzip: corrupt or incomplete input");
  EXPECT_EQ(decoded("gzip", page, kNoLimit), "gzip: invalid header");
}

// Some mean nothing: of the head what tells of its making, of the body codes that are not used.
TEST(ContentDecoding, GivesNothingElseForFlippedBits) {
  const std::string page = "metric_one 1\nmetric_two 2\n" + std::string(500, 'x');
  const std::string packed = pack(page);
  std::size_t seen = 0;
  for (std::size_t bit = 0; bit < packed.size() * 8; ++bit) {
    std::string flipped = packed;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    const Result<std::string> body = decode_content("gzip", flipped, kNoLimit);
    if (body) {
      EXPECT_EQ(*body, page) << bit;
    } else {
      EXPECT_THAT(body.error().message, ::testing::StartsWith("gzip: ")) << bit;
      ++seen;
    }
  }
  EXPECT_GT(seen, packed.size() * 4);
}

TEST(ContentDecoding, LeavesWhatItDoesNotKnow) {
  EXPECT_EQ(decoded("", "x", 1), "x");
  EXPECT_EQ(decoded("identity", "x", 1), "x");
  EXPECT_EQ(decoded("snappy", "x", 1), "x");
}

}  // namespace
}  // namespace silverback::net
