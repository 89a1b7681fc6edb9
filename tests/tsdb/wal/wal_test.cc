#include "tsdb/wal/wal.h"

#include <bit>
#include <random>

#include <gtest/gtest.h>

#include "tests/testing/memory_file_system.h"
#include "tests/testing/seed.h"
#include "tsdb/wal/wal_samples.h"
#include "tsdb/wal/wal_series.h"

namespace silverback::tsdb {
namespace {

using silverback::testing::MemoryFileSystem;

using Samples = std::vector<LoggedSample>;

struct Replayed {
  std::vector<Samples> frames;
  std::vector<LogPosition> positions;
  ReplayResult result;
};

// What decode_samples leaves to the head.
void restore_values(LoggedValues& values, Samples& samples) {
  for (LoggedSample& sample : samples) {
    std::uint64_t& last = values[sample.id];
    last ^= sample.v_bits;
    sample.v_bits = last;
  }
}

Replayed replay(FileSystem& files) {
  Replayed replayed;
  LoggedValues values;
  std::uint32_t epoch = 0;
  const Result<ReplayResult> result = replay_samples(files, "db", [&](const ReplayedFrame& frame) {
    if (frame.epoch != epoch) values.clear();
    epoch = frame.epoch;
    restore_values(values, frame.samples);
    replayed.frames.push_back(frame.samples);
    replayed.positions.push_back(frame.position);
  });
  EXPECT_TRUE(result.has_value());
  if (result) replayed.result = *result;
  return replayed;
}

// Keeps what was logged last per series, as the head does.
class Writer {
 public:
  Writer(FileSystem& files, std::uint64_t number, std::uint64_t file_bytes = kWalFileBytes)
      : log(files, "db", number, file_bytes) {}

  Status append(const Samples& samples) {
    if (Status ready = log.prepare(); !ready) return ready;
    if (log.epoch() != epoch_) values_.clear();
    epoch_ = log.epoch();
    std::vector<std::uint64_t> xored;
    for (const LoggedSample& sample : samples) {
      std::uint64_t& last = values_[sample.id];
      xored.push_back(last ^ sample.v_bits);
      last = sample.v_bits;
    }
    return log.append(samples, xored);
  }

  SampleLog log;

 private:
  std::uint32_t epoch_ = 0;
  LoggedValues values_;
};

void make_directories(FileSystem& files) {
  for (const char* folder : {"db", "db/log", "db/tmp"})
    ASSERT_TRUE(files.create_directories(folder).has_value());
}

Samples random_samples(std::mt19937_64& random, std::size_t count) {
  Samples samples;
  TimestampMs t = static_cast<TimestampMs>(random() % 1'000'000);
  std::uint32_t id = static_cast<std::uint32_t>(random() % 50);
  for (std::size_t i = 0; i < count; ++i) {
    id = random() % 4 == 0 ? static_cast<std::uint32_t>(random() >> (32 + random() % 32)) : id + 1;
    if (random() % 5 == 0) t = static_cast<TimestampMs>(random() >> (random() % 64));
    std::uint64_t bits = 42;
    if (random() % 2 == 0) bits = random() >> (random() % 64) << (random() % 64);
    samples.push_back({id, t, bits});
  }
  return samples;
}

TEST(WalSamples, GiveRandomSamplesBack) {
  const std::uint64_t seed = silverback::testing::seed();
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  LoggedValues written, read;
  Samples out;
  for (int round = 0; round < 300; ++round) {
    const Samples samples = random_samples(random, random() % 300);
    std::vector<std::uint64_t> xored;
    for (const LoggedSample& sample : samples) {
      std::uint64_t& last = written[sample.id];
      xored.push_back(last ^ sample.v_bits);
      last = sample.v_bits;
    }
    std::string body;
    encode_samples(body, samples, xored);
    ASSERT_TRUE(decode_samples(body, out));
    restore_values(read, out);
    ASSERT_EQ(out, samples);
  }
}

TEST(WalSamples, RefuseBodiesThatMakeNoSense) {
  Samples out;
  const Samples samples = {{1, 1000, 5}, {2, 1000, 0}, {3, 1000, 0}, {9, 2000, 1ULL << 40}};
  std::string body;
  encode_samples(body, samples, std::vector<std::uint64_t>{5, 0, 0, 1ULL << 40});
  for (std::size_t size = 0; size < body.size(); ++size)
    EXPECT_FALSE(decode_samples(std::string_view(body).substr(0, size), out)) << size;
  EXPECT_FALSE(decode_samples(body + "x", out));
  EXPECT_FALSE(decode_samples("\xff\xff\xff\xff\xff\xff\xff\xff\x01", out));
}

TEST(Wal, GivesFramesBackAcrossFilesAndRestarts) {
  MemoryFileSystem files;
  make_directories(files);
  const std::uint64_t seed = silverback::testing::seed();
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  std::vector<Samples> want;
  std::uint64_t number = 1;
  for (int run = 0; run < 3; ++run) {
    Writer writer(files, number, 20'000);
    for (int i = 0; i < 60; ++i) {
      want.push_back(random_samples(random, 1 + random() % 200));
      ASSERT_TRUE(writer.append(want.back()).has_value());
    }
    number = writer.log.file_number() + 1;
  }
  const Replayed got = replay(files);
  EXPECT_GT(got.result.last_file, 6U);
  EXPECT_EQ(got.result.damaged_places, 0U);
  EXPECT_EQ(got.frames, want);
  EXPECT_TRUE(std::is_sorted(got.positions.begin(), got.positions.end()));
}

TEST(Wal, CutsATornTailAndKeepsWhatIsBeforeIt) {
  MemoryFileSystem files;
  make_directories(files);
  Writer writer(files, 1);
  const std::vector<Samples> want = {{{1, 10, 1}, {2, 10, 2}}, {{1, 20, 3}}, {{2, 30, 4}}};
  std::vector<std::uint64_t> ends;
  for (const Samples& samples : want) {
    ASSERT_TRUE(writer.append(samples).has_value());
    ends.push_back(writer.log.position() & 0xffff'ffff);
  }
  const std::string whole = files.content("db/log/wal-00000001");
  for (std::size_t size = kLogHeaderBytes; size <= whole.size(); ++size) {
    files.set_content("db/log/wal-00000001", whole.substr(0, size));
    const Replayed got = replay(files);
    const auto frames = static_cast<std::size_t>(
        std::count_if(ends.begin(), ends.end(), [&](std::uint64_t end) { return end <= size; }));
    ASSERT_EQ(got.frames, std::vector<Samples>(want.begin(),
                                               want.begin() + static_cast<std::ptrdiff_t>(frames)));
    EXPECT_EQ(got.result.damaged_places, 0U) << "a torn tail is no damage";
    EXPECT_EQ(got.result.last_file_end, frames == 0 ? kLogHeaderBytes : ends[frames - 1]);
  }
}

TEST(Wal, SurvivesAFlipOfEveryByteWithoutAWrongSample) {
  MemoryFileSystem files;
  make_directories(files);
  Writer writer(files, 1);
  std::mt19937_64 random(7);
  std::vector<Samples> want;
  std::vector<std::uint64_t> ends;
  for (int i = 0; i < 12; ++i) {
    want.push_back(random_samples(random, 40));
    ASSERT_TRUE(writer.append(want.back()).has_value());
    ends.push_back(writer.log.position() & 0xffff'ffff);
  }
  const std::string whole = files.content("db/log/wal-00000001");
  for (std::size_t place = 0; place < whole.size(); ++place) {
    std::string flipped = whole;
    flipped[place] = static_cast<char>(flipped[place] ^ (1 << (place % 8)));
    files.set_content("db/log/wal-00000001", flipped);
    const Replayed got = replay(files);
    const auto before = static_cast<std::size_t>(
        std::count_if(ends.begin(), ends.end(), [&](std::uint64_t end) { return end <= place; }));
    ASSERT_GE(got.frames.size(), before) << place;
    for (std::size_t i = 0; i < before; ++i) ASSERT_EQ(got.frames[i], want[i]) << place;
    // What comes after is either left out or right.
    for (std::size_t i = before; i < got.frames.size(); ++i)
      ASSERT_NE(std::find(want.begin(), want.end(), got.frames[i]), want.end()) << place;
    if (place < kLogHeaderBytes || before + 1 < want.size()) {
      EXPECT_GT(got.result.damaged_places, 0U) << place;
    }
  }
}

TEST(Wal, ReadsOnBehindDamageFromTheNextFrameThatStartsAnew) {
  MemoryFileSystem files;
  make_directories(files);
  std::mt19937_64 random(8);
  Writer writer(files, 1);
  std::vector<Samples> want;
  while ((writer.log.position() & 0xffff'ffff) < (10U << 20)) {
    Samples samples;
    for (std::uint32_t id = 0; id < 20'000; ++id) samples.push_back({id, 1000, random()});
    want.push_back(std::move(samples));
    ASSERT_TRUE(writer.append(want.back()).has_value());
  }
  std::string bytes = files.content("db/log/wal-00000001");
  bytes[1000] ^= 1;
  files.set_content("db/log/wal-00000001", std::move(bytes));
  const Replayed got = replay(files);
  EXPECT_GT(got.frames.size(), want.size() / 3);
  EXPECT_LT(got.frames.size(), want.size());
  EXPECT_GT(got.result.damaged_places, 0U);
  for (std::size_t i = 1; i <= got.frames.size(); ++i)
    EXPECT_EQ(got.frames[got.frames.size() - i], want[want.size() - i]);
}

TEST(SeriesLog, PrefersWhatWasAppendedDuringARewrite) {
  MemoryFileSystem files;
  make_directories(files);
  SeriesLog log(files, "db", 1);
  const auto help = [](std::string_view text) {
    return [text](SeriesFrames& frames) {
      frames.add_metadata("m", {MetricType::kCounter, std::string(text), ""});
    };
  };
  ASSERT_TRUE(log.append(help("old"), 0).has_value());
  const Result<SeriesLog::Rewrite> rewrite = log.begin_rewrite(0);
  ASSERT_TRUE(rewrite.has_value());
  ASSERT_TRUE(log.append(help("new"), 0).has_value());
  ASSERT_TRUE(rewrite->write(help("old")).has_value());
  std::string newest;
  ASSERT_TRUE(replay_series(
                  files, "db", [](std::uint32_t, const Labels&) {},
                  [&](std::string_view, Metadata entry) { newest = entry.help; })
                  .has_value());
  EXPECT_EQ(newest, "new");
  EXPECT_EQ(log_files(files, "db", LogType::kSeries)->size(), 2U);
}

TEST(SeriesLog, GivesRegistrationsAndMetadataBack) {
  MemoryFileSystem files;
  make_directories(files);
  SeriesLog log(files, "db", 1);
  std::map<std::uint32_t, Labels> want;
  for (std::uint32_t id = 0; id < 5000; ++id) {
    const std::string value = std::to_string(id);
    want[id * 3] = Labels{{kMetricName, "m"}, {"i", value}};
  }
  for (const auto& entry : want) {
    const auto add = [&](SeriesFrames& frames) {
      frames.add_series(entry.first, entry.second.bytes());
    };
    ASSERT_TRUE(log.append(add, entry.first).has_value());
  }
  ASSERT_TRUE(log.append(
                     [](SeriesFrames& frames) {
                       frames.add_metadata("m", {MetricType::kCounter, "Help.", "bytes"});
                     },
                     15'000)
                  .has_value());
  const auto read = [&] {
    std::map<std::uint32_t, Labels> got;
    MetadataMap metadata;
    const Result<SeriesReplay> replayed = replay_series(
        files, "db", [&](std::uint32_t id, const Labels& labels) { got[id] = labels; },
        [&](std::string_view metric, Metadata entry) {
          metadata[std::string(metric)] = std::move(entry);
        });
    EXPECT_TRUE(replayed.has_value());
    EXPECT_EQ(replayed->damaged_places, 0U);
    EXPECT_EQ(metadata.at("m").unit, "bytes");
    EXPECT_GE(replayed->next_id, got.rbegin()->first + 1);
    return got;
  };
  EXPECT_EQ(read(), want);

  // Rewritten without half of them, while another one comes.
  const Result<SeriesLog::Rewrite> rewrite = log.begin_rewrite(15'000);
  ASSERT_TRUE(rewrite.has_value());
  const Labels late{{kMetricName, "late"}};
  ASSERT_TRUE(
      log.append([&](SeriesFrames& frames) { frames.add_series(20'000, late.bytes()); }, 20'001)
          .has_value());
  std::erase_if(want, [](const auto& entry) { return entry.first % 2 == 0; });
  ASSERT_TRUE(rewrite
                  ->write([&](SeriesFrames& frames) {
                    for (const auto& [id, labels] : want) frames.add_series(id, labels.bytes());
                    frames.add_metadata("m", {MetricType::kCounter, "Help.", "bytes"});
                  })
                  .has_value());
  want[20'000] = late;
  EXPECT_EQ(read(), want);
  EXPECT_EQ(log_files(files, "db", LogType::kSeries)->size(), 2U);
}

}  // namespace
}  // namespace silverback::tsdb
