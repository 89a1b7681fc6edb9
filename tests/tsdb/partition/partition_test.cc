#include "tsdb/partition/partition.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <lmdb.h>

#include "tests/testing/seed.h"
#include "tests/tsdb/partition/store_source.h"
#include "tsdb/partition/frame_cache.h"

namespace silverback::tsdb {
namespace {

constexpr DurationMs kHour = 3'600'000;

using testing::Store;
using testing::StoreSource;

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](double x, double y) {
    return std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(y);
  });
}

// ---- Random data ----

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t up_to(std::uint64_t n) { return engine_() % n; }
  bool one_in(std::uint64_t n) { return up_to(n) == 0; }
  std::uint64_t bits() { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

double random_value(Random& random, double before) {
  switch (random.up_to(40)) {
    case 0:
      return stale_marker();
    case 1:
      return normal_nan();
    case 2:
      return std::bit_cast<double>(0x7ff8'dead'beef'0000 | random.up_to(9));
    case 3:
      return random.one_in(2) ? -0.0 : 0.0;
    case 4:
      return std::numeric_limits<double>::infinity() * (random.one_in(2) ? 1 : -1);
    case 5:
      return std::bit_cast<double>(random.bits());
    case 6:
      return std::numeric_limits<double>::denorm_min() * static_cast<double>(random.up_to(5));
    default:
      if (!std::isfinite(before)) return static_cast<double>(random.up_to(100));
      return random.one_in(3) ? before : before + static_cast<double>(random.up_to(10));
  }
}

// Times of a few targets that many series share, some with samples missing, some all their own.
std::vector<TimestampMs> random_times(Random& random, TimestampMs mint, TimestampMs maxt,
                                      const std::vector<std::vector<TimestampMs>>& targets) {
  std::vector<TimestampMs> times;
  const auto span = static_cast<std::uint64_t>(maxt - mint);
  switch (random.up_to(8)) {
    case 0:
      break;  // a series without samples
    case 1:
      times.push_back(mint + static_cast<TimestampMs>(random.up_to(span)));
      break;
    case 2:
      for (std::uint64_t i = random.up_to(30); i > 0; --i)
        times.push_back(mint + static_cast<TimestampMs>(random.up_to(span)));
      std::sort(times.begin(), times.end());
      times.erase(std::unique(times.begin(), times.end()), times.end());
      break;
    case 3:
      for (const TimestampMs t : targets[random.up_to(targets.size())])
        if (!random.one_in(5)) times.push_back(t);
      break;
    default:
      times = targets[random.up_to(targets.size())];
  }
  return times;
}

Labels random_labels(Random& random) {
  static const std::vector<std::string> names = {"__name__", "job",     "instance", "le",
                                                 "größe",    "a.b/c d", "UPPER",    "zone"};
  LabelsBuilder builder;
  for (const std::string& name : names) {
    if (random.one_in(3)) continue;
    std::string value;
    switch (random.up_to(12)) {
      case 0:
        value = std::string(random.up_to(3000), 'x') + std::to_string(random.up_to(3));
        break;
      case 1:
        value = "naïve \"quoted\"\n\\";
        break;
      case 2:
        value = std::string("nul\0byte", 8);
        break;
      default:
        value = "v" + std::to_string(random.up_to(name == "instance" ? 400 : 6));
    }
    builder.set(name, value);
  }
  return builder.build();
}

Store random_store(Random& random, TimestampMs mint, TimestampMs maxt, std::size_t series) {
  std::vector<std::vector<TimestampMs>> targets(3);
  for (auto& times : targets) {
    const DurationMs step = std::max<DurationMs>(1, (maxt - mint) / 150);
    for (TimestampMs t = mint + static_cast<TimestampMs>(random.up_to(1000)); t < maxt; t += step)
      times.push_back(t + static_cast<TimestampMs>(random.up_to(2)));
    while (!times.empty() && times.back() >= maxt) times.pop_back();
  }
  Store store;
  for (std::size_t i = 0; i < series; ++i) {
    SampleColumns& samples = store[random_labels(random)];
    samples.t = random_times(random, mint, maxt, targets);
    samples.v.clear();
    double value = static_cast<double>(random.up_to(1000));
    for (std::size_t j = 0; j < samples.t.size(); ++j)
      samples.v.push_back(value = random_value(random, value));
  }
  store.erase(Labels());
  return store;
}

std::vector<Matcher> random_matchers(Random& random) {
  static const std::vector<std::string> names = {"__name__", "job",  "instance", "le",
                                                 "größe",    "zone", "absent"};
  static const std::vector<std::string> values = {"", "v1", "v2", "v3", "v17", "nope", "v"};
  static const std::vector<std::string> regexes = {
      "",      ".*",      ".+",      "v1|v2|nope", "v[1-3]", "v1.*",         "|v1",
      "v.*3",  ".*1",     "(?i:V2)", "v",          "x.+",    "v1|v2|v3|v17", "naïve.*",
      "nul.*", "v\\d\\d", "v1.*|v2", "[^v].*",     ".*\n.*"};
  std::vector<Matcher> matchers;
  for (std::uint64_t left = 1 + random.up_to(3); left > 0; --left) {
    const auto type = static_cast<Matcher::Type>(random.up_to(4));
    const bool regex = type == Matcher::Type::kRegex || type == Matcher::Type::kNotRegex;
    const auto& texts = regex ? regexes : values;
    matchers.push_back(
        *Matcher::make(type, names[random.up_to(names.size())], texts[random.up_to(texts.size())]));
  }
  return matchers;
}

// ---- The naive twin ----

struct InRange {
  std::vector<TimestampMs> t;
  std::vector<double> v;
};
InRange in_range(const SampleColumns& samples, TimeRange range) {
  InRange result;
  for (std::size_t i = 0; i < samples.t.size(); ++i)
    if (range.contains(samples.t[i])) {
      result.t.push_back(samples.t[i]);
      result.v.push_back(samples.v[i]);
    }
  return result;
}

class PartitionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::temp_directory_path() /
            ("silverback-partition-" + std::to_string(std::random_device{}()));
    std::filesystem::create_directories(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::filesystem::path next_directory() { return root_ / ("p" + std::to_string(directories_++)); }

  // Writes and opens.
  std::shared_ptr<Partition> seal(const Store& store, TimestampMs mint, TimestampMs maxt) {
    const std::filesystem::path directory = next_directory();
    StoreSource source(store);
    const auto info = write_partition(FileSystem::posix(), directory, mint, maxt, source);
    if (!info) {
      ADD_FAILURE() << info.error().message;
      return nullptr;
    }
    auto partition = Partition::open(FileSystem::posix(), directory, *info);
    if (!partition) {
      ADD_FAILURE() << partition.error().message;
      return nullptr;
    }
    return *partition;
  }

  std::filesystem::path root_;
  int directories_ = 0;
};

void expect_same_as_store(const Partition& partition, const Store& store) {
  const auto source = partition.source();
  Labels labels;
  SampleColumns samples;
  for (const auto& [want_labels, want] : store) {
    if (want.t.empty()) continue;
    const auto more = source->next(labels, samples);
    ASSERT_TRUE(more) << more.error().message;
    ASSERT_TRUE(*more);
    ASSERT_EQ(labels, want_labels);
    ASSERT_EQ(samples.t, want.t);
    ASSERT_TRUE(same_bits(samples.v, want.v)) << labels.to_string();
  }
  EXPECT_FALSE(source->next(labels, samples).value());
}

void expect_same_selection(const Partition& partition, const Store& store, Random& random,
                           TimeRange range) {
  const std::vector<Matcher> matchers = random_matchers(random);
  std::string described;
  for (const Matcher& matcher : matchers) described += matcher.to_string() + " ";
  SCOPED_TRACE(described + std::to_string(range.start) + ".." + std::to_string(range.end));
  SelectHints hints;
  hints.range = range;
  const auto selection = partition.select(matchers, hints);
  ASSERT_TRUE(selection) << selection.error().message;
  const std::vector<std::string> grouping = {"job", "absent", "größe"};
  const bool by = random.one_in(2);
  const SeriesGroups groups = (*selection)->groups(grouping, by);
  const SeriesGroups plain_groups = (*selection)->Selection::groups(grouping, by);
  EXPECT_EQ(groups.keys, plain_groups.keys);
  EXPECT_EQ(groups.group_of, plain_groups.group_of);

  std::size_t series = 0;
  std::set<std::string> names;
  std::set<std::string> jobs;
  for (const auto& [labels, samples] : store) {
    if (samples.t.empty() || !all_match(matchers, labels)) continue;
    for (const Label& label : labels) names.insert(std::string(label.name));
    if (labels.has("job")) jobs.insert(std::string(labels.get("job")));
    const InRange want = in_range(samples, range);
    const bool selected = series < (*selection)->size() && (*selection)->labels(series) == labels;
    if (!selected) {
      EXPECT_TRUE(want.t.empty()) << "not selected: " << labels.to_string();
      continue;
    }
    SampleColumns got;
    const Status status = (*selection)->read(series, got);
    ASSERT_TRUE(status) << status.error().message;
    EXPECT_EQ(got.t, want.t);
    EXPECT_TRUE(same_bits(got.v, want.v));
    const Selection::Newest newest = (*selection)->newest(series);
    if (newest.known) {
      EXPECT_EQ(newest.sample.has_value(), !want.t.empty());
      if (newest.sample) {
        EXPECT_TRUE(identical(*newest.sample, {want.t.back(), want.v.back()}));
      }
    }
    ++series;
  }
  EXPECT_EQ(series, (*selection)->size()) << "selected too much";

  if (range == TimeRange()) {
    EXPECT_EQ(partition.label_names(matchers, range, 0)->values,
              std::vector<std::string>(names.begin(), names.end()));
    EXPECT_EQ(partition.label_values("job", matchers, range, 0)->values,
              std::vector<std::string>(jobs.begin(), jobs.end()));
  }
}

TEST_F(PartitionTest, AgreesWithTheNaiveTwin) {
  const std::uint64_t seed = silverback::testing::seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  struct Case {
    TimestampMs mint, maxt;
    std::size_t series;
  };
  const Case cases[] = {
      {0, 2 * kHour, 300},
      {1'700'000'000'000, 1'700'000'000'000 + 24 * kHour, 1500},
      {-5 * kHour, 60 * 24 * kHour, 400},
      {kTimestampMin, kTimestampMax, 50},
      {7, 8, 20},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE("mint " + std::to_string(c.mint));
    const Store store = random_store(random, c.mint, c.maxt, c.series);
    const auto partition = seal(store, c.mint, c.maxt);
    ASSERT_TRUE(partition);
    expect_same_as_store(*partition, store);
    for (int round = 0; round < 60; ++round) {
      TimeRange range;
      if (!random.one_in(3)) {
        const auto span = static_cast<std::uint64_t>(c.maxt - c.mint);
        range.start = c.mint - 1 + static_cast<TimestampMs>(random.up_to(span + 2));
        range.end = range.start + static_cast<TimestampMs>(random.up_to(span / 4 + 1));
      }
      expect_same_selection(*partition, store, random, range);
      if (HasFatalFailure()) return;
    }
  }
}

TEST_F(PartitionTest, HoldsOnlyTheSamplesInItsRange) {
  const Labels labels{{"__name__", "m"}};
  const Labels outside{{"__name__", "outside"}};
  Store store;
  store[labels] = {.t = {9, 10, 19, 20}, .v = {1, 2, 3, 4}, .histograms = {}};
  store[outside] = {.t = {9, 20}, .v = {1, 2}, .histograms = {}};
  const auto partition = seal(store, 10, 20);
  ASSERT_TRUE(partition);
  EXPECT_EQ(partition->info().samples, 2U);
  EXPECT_EQ(partition->info().series, 1U);
  expect_same_as_store(*partition, {{labels, {.t = {10, 19}, .v = {2, 3}, .histograms = {}}}});
}

TEST_F(PartitionTest, MayBeEmpty) {
  const auto partition = seal({}, 0, 1);
  ASSERT_TRUE(partition);
  EXPECT_EQ(partition->info().series, 0U);
  const std::vector<Matcher> matchers = {Matcher::equal("a", "")};
  EXPECT_EQ((*partition->select(matchers, {}))->size(), 0U);
  EXPECT_TRUE(partition->label_names({}, {}, 0)->values.empty());
  EXPECT_TRUE(partition->label_values("a", {}, {}, 0)->values.empty());
}

TEST_F(PartitionTest, CutsListsAtTheLimitAndSaysSo) {
  Store store;
  for (const char* value : {"a", "b", "c"})
    store[Labels{{"x", value}, {"y", "1"}}] = {.t = {1}, .v = {1}, .histograms = {}};
  const auto partition = seal(store, 0, 10);
  ASSERT_TRUE(partition);
  const auto expect_names = [](const Result<Names>& got, std::vector<std::string> values,
                               bool truncated) {
    ASSERT_TRUE(got);
    EXPECT_EQ(got->values, values);
    EXPECT_EQ(got->truncated, truncated);
  };
  expect_names(partition->label_values("x", {}, {}, 2), {"a", "b"}, true);
  expect_names(partition->label_values("x", {}, {}, 3), {"a", "b", "c"}, false);
  expect_names(partition->label_names({}, {}, 1), {"x"}, true);
  expect_names(partition->label_values("x", {}, {10, 20}, 0), {}, false);
  expect_names(partition->label_values("absent", {}, {}, 0), {}, false);
}

TEST_F(PartitionTest, TakesLabelValuesOfManyMegabytes) {
  Store store;
  for (const std::size_t bytes : {1U << 20, 17U << 20}) {
    std::string value(bytes, 'x');
    std::mt19937_64 random(bytes);
    for (char& c : value) c = static_cast<char>('a' + random() % 26);
    store[Labels{{"big", value}}] = {.t = {1}, .v = {1}, .histograms = {}};
  }
  const auto partition = seal(store, 0, 10);
  ASSERT_TRUE(partition);
  expect_same_as_store(*partition, store);
}

TEST_F(PartitionTest, GrowsItsMapPastTheFirstSize) {
  // 40 MB of incompressible values: more than the first map and several transactions.
  const std::size_t series = 500;
  const std::size_t samples = 10'000;
  class Noise final : public SeriesSource {
   public:
    Noise(std::size_t series, std::size_t samples) : left_(series), samples_(samples) {}
    Result<bool> next(Labels& labels, SampleColumns& out) override {
      if (left_ == 0) return false;
      labels = Labels{{"n", std::to_string(9'999 - --left_)}};
      out.clear();
      for (std::size_t i = 0; i < samples_; ++i) {
        out.t.push_back(static_cast<TimestampMs>(i));
        out.v.push_back(std::bit_cast<double>(random_() & ~(std::uint64_t{1} << 62)));
      }
      return true;
    }

   private:
    std::size_t left_, samples_;
    std::mt19937_64 random_{1};
  };
  Noise source(series, samples);
  const std::filesystem::path directory = next_directory();
  const auto info = write_partition(FileSystem::posix(), directory, 0, 10'000, source);
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_GT(info->bytes, 39'000'000U);
  const auto partition = Partition::open(FileSystem::posix(), directory, *info);
  ASSERT_TRUE(partition);
  Noise again(series, samples);
  const auto stored = (*partition)->source();
  Labels labels, want_labels;
  SampleColumns got, want;
  while (*again.next(want_labels, want)) {
    ASSERT_TRUE(*stored->next(labels, got));
    ASSERT_EQ(labels, want_labels);
    ASSERT_EQ(got.t, want.t);
    ASSERT_TRUE(same_bits(got.v, want.v));
  }
}

TEST_F(PartitionTest, IsAnLmdbEnvironmentThatOtherToolsCanRead) {
  Store store;
  store[Labels{{"a", "b"}}] = {.t = {1}, .v = {1}, .histograms = {}};
  const auto partition = seal(store, 0, 10);
  ASSERT_TRUE(partition);
  MDB_env* env = nullptr;
  ASSERT_EQ(mdb_env_create(&env), 0);
  ASSERT_EQ(mdb_env_set_maxdbs(env, 8), 0);
  ASSERT_EQ(mdb_env_open(env, (root_ / "p0" / "data.mdb").c_str(),
                         MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK, 0644),
            0);
  MDB_txn* txn = nullptr;
  ASSERT_EQ(mdb_txn_begin(env, nullptr, MDB_RDONLY, &txn), 0);
  MDB_dbi meta;
  ASSERT_EQ(mdb_dbi_open(txn, "meta", 0, &meta), 0);
  char zero[4] = {};
  MDB_val key{sizeof zero, zero};
  MDB_val value;
  ASSERT_EQ(mdb_get(txn, meta, &key, &value), 0);
  std::ifstream file(root_ / "p0" / "data.mdb", std::ios::binary);
  file.seekg(static_cast<std::streamoff>(partition->info().meta_offset));
  std::string bytes(value.mv_size, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  EXPECT_EQ(bytes, std::string(static_cast<const char*>(value.mv_data), value.mv_size));
  mdb_txn_abort(txn);
  mdb_env_close(env);
}

TEST_F(PartitionTest, RefusesWhatItCannotWrite) {
  const Store store;
  {
    StoreSource source(store);
    EXPECT_EQ(write_partition(FileSystem::posix(), root_, 0, 1, source).error().code,
              ErrorCode::kIo)
        << "the directory exists";
  }
  {
    StoreSource source(store);
    EXPECT_EQ(write_partition(FileSystem::posix(), next_directory(), 1, 1, source).error().code,
              ErrorCode::kInvalidArgument);
  }
  class Failing final : public SeriesSource {
    Result<bool> next(Labels&, SampleColumns&) override { return fail(ErrorCode::kIo, "broken"); }
  } failing;
  EXPECT_EQ(write_partition(FileSystem::posix(), next_directory(), 0, 1, failing).error().message,
            "broken");
}

TEST_F(PartitionTest, IsReadableWhileItIsUnlinked) {
  Store store;
  store[Labels{{"a", "b"}}] = {.t = {1}, .v = {7}, .histograms = {}};
  std::unique_ptr<Selection> selection;
  {
    const auto partition = seal(store, 0, 10);
    const std::vector<Matcher> matchers = {Matcher::equal("a", "b")};
    selection = *partition->select(matchers, {});
  }
  std::filesystem::remove_all(root_);
  SampleColumns samples;
  ASSERT_TRUE(selection->read(0, samples));
  EXPECT_EQ(samples.v, std::vector<double>{7});
}

TEST_F(PartitionTest, SharesACacheWithOthers) {
  const std::uint64_t seed = silverback::testing::seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  const auto cache = std::make_shared<FrameCache>(100'000);  // too small for all
  std::vector<std::pair<Store, std::shared_ptr<Partition>>> partitions;
  for (int i = 0; i < 3; ++i) {
    Store store = random_store(random, 0, 2 * kHour, 200);
    const auto info = seal(store, 0, 2 * kHour)->info();
    auto opened = Partition::open(FileSystem::posix(), root_ / info.name, info, cache);
    ASSERT_TRUE(opened) << opened.error().message;
    partitions.emplace_back(std::move(store), *opened);
  }
  for (int round = 0; round < 60; ++round) {
    const auto& [store, partition] = partitions[random.up_to(partitions.size())];
    expect_same_selection(*partition, store, random, {});
  }
}

TEST_F(PartitionTest, IsReadFromManyThreadsAtOnce) {
  const std::uint64_t seed = silverback::testing::seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  const Store store = random_store(random, 0, 24 * kHour, 300);
  const auto info = seal(store, 0, 24 * kHour)->info();
  const auto cache =
      std::make_shared<FrameCache>(200'000);  // too small, so that frames come and go
  const auto partition = *Partition::open(FileSystem::posix(), root_ / info.name, info, cache);
  const std::vector<Matcher> all = {*Matcher::make(Matcher::Type::kNotEqual, "absent", "x")};
  const auto selection = *partition->select(all, {});
  std::vector<const SampleColumns*> want;
  for (const auto& [labels, samples] : store)
    if (!samples.t.empty()) want.push_back(&samples);
  ASSERT_EQ(selection->size(), want.size());
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      SampleColumns got;
      for (std::size_t series = 0; series < want.size(); ++series)
        if (!selection->read(series, got) || got.t != want[series]->t ||
            !same_bits(got.v, want[series]->v) || selection->labels(series).empty())
          ++wrong;
      if (partition->select(all, {}).value()->size() != want.size()) ++wrong;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

// ---- Damage ----

TEST_F(PartitionTest, IsNotOpenedWithAnotherPartitionsEntryOrSize) {
  Store store;
  store[Labels{{"a", "b"}}] = {.t = {1}, .v = {1}, .histograms = {}};
  const auto partition = seal(store, 0, 10);
  ASSERT_TRUE(partition);
  const auto open_with = [&](auto change) {
    PartitionInfo info = partition->info();
    change(info);
    return Partition::open(FileSystem::posix(), root_ / "p0", info).error().code;
  };
  EXPECT_EQ(open_with([](PartitionInfo& info) { ++info.bytes; }), ErrorCode::kCorruption);
  EXPECT_EQ(open_with([](PartitionInfo& info) { ++info.checksum; }), ErrorCode::kCorruption);
  EXPECT_EQ(open_with([](PartitionInfo& info) { ++info.meta_offset; }), ErrorCode::kCorruption);
  EXPECT_EQ(open_with([](PartitionInfo& info) { info.meta_bytes = 1ULL << 60; }),
            ErrorCode::kCorruption);
  EXPECT_EQ(open_with([](PartitionInfo& info) { ++info.maxt; }), ErrorCode::kCorruption);
  EXPECT_EQ(Partition::open(FileSystem::posix(), root_ / "none", partition->info()).error().code,
            ErrorCode::kNotFound);
}

TEST_F(PartitionTest, NeverAnswersWronglyWhateverByteIsDamaged) {
  const std::uint64_t seed = silverback::testing::seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  const Store store = random_store(random, 0, 30 * kHour, 150);
  const auto whole = seal(store, 0, 30 * kHour);
  ASSERT_TRUE(whole);
  const std::filesystem::path path = root_ / "p0" / "data.mdb";
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  const std::vector<Matcher> matchers = {*Matcher::make(Matcher::Type::kRegex, "job", "v[1-4]")};

  int found = 0;
  for (int round = 0; round < 1000; ++round) {
    const auto at = static_cast<std::streamoff>(random.up_to(whole->info().bytes));
    char byte = 0;
    file.seekg(at).get(byte);
    const char damaged = static_cast<char>(byte ^ (1 << random.up_to(8)));
    file.seekp(at).put(damaged).flush();

    const auto partition = Partition::open(FileSystem::posix(), root_ / "p0", whole->info());
    if (!partition) {
      EXPECT_EQ(partition.error().code, ErrorCode::kCorruption);
      ++found;
    } else {
      const auto selection = (*partition)->select(matchers, {});
      std::size_t series = 0;
      bool failed = !selection;
      for (const auto& [labels, samples] : store) {
        if (failed) break;
        if (samples.t.empty() || !all_match(matchers, labels)) continue;
        ASSERT_LT(series, (*selection)->size());
        ASSERT_EQ((*selection)->labels(series), labels);
        SampleColumns got;
        const Status status = (*selection)->read(series++, got);
        failed = !status;
        if (failed) {
          EXPECT_EQ(status.error().code, ErrorCode::kCorruption);
        } else {
          ASSERT_EQ(got.t, samples.t);
          ASSERT_TRUE(same_bits(got.v, samples.v));
        }
      }
      EXPECT_EQ((*partition)->is_damaged(), failed);
      if (failed)
        ++found;
      else
        ASSERT_EQ(series, (*selection)->size());
    }
    file.seekp(at).put(byte).flush();
  }
  EXPECT_GT(found, 100) << "hardly any flip hit anything: is the file read at all?";
}

}  // namespace
}  // namespace silverback::tsdb
