#include "ingest/remote_write.h"

#include <bit>
#include <limits>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/ingest/recording_store.h"
#include "tests/ingest/remote_write_message.h"
#include "tests/testing/manual_clock.h"

namespace silverback::ingest {
namespace {

using silverback::testing::encode;
using silverback::testing::ManualClock;
using silverback::testing::RecordingStore;
using silverback::testing::snappy_block;
using silverback::testing::WireSeries;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr TimestampMs kNow = 1'700'000'000'000;
constexpr DurationMs kDay = 24 * 60 * 60 * 1000;
constexpr std::string_view kType = "application/x-protobuf";

class RemoteWrite : public ::testing::Test {
 protected:
  Result<RemoteWriteSummary> write(const std::vector<WireSeries>& request) {
    return receiver_.write(kType, "snappy", snappy_block(encode(request)));
  }
  Result<RemoteWriteSummary> write_message(std::string_view message) {
    return receiver_.write(kType, "snappy", snappy_block(message));
  }

  ManualClock clock_{kNow};
  RecordingStore store_;
  Registry metrics_;
  Acceptance acceptance_{15 * kDay, clock_};
  const Acceptance everything_{0, clock_};
  RemoteWriteReceiver receiver_{[this] { return store_.appender(); }, acceptance_, {}, &metrics_};
};

WireSeries up(std::vector<Sample> samples) {
  return {.labels = {{"__name__", "up"}, {"job", "a"}}, .samples = std::move(samples)};
}

TEST_F(RemoteWrite, StoresEverySampleOfARequest) {
  const auto summary = write(
      {up({{kNow, 1}, {kNow + 1, 0}}), {.labels = {{"__name__", "x"}}, .samples = {{kNow, -2.5}}}});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->stored, 3U);
  EXPECT_EQ(summary->error, "");
  EXPECT_THAT(store_.samples[R"(up{job="a"})"], ElementsAre(Pair(kNow, 1), Pair(kNow + 1, 0)));
  EXPECT_THAT(store_.samples["x"], ElementsAre(Pair(kNow, -2.5)));
  EXPECT_FALSE(store_.options.at(0).reject_out_of_order);
}

TEST_F(RemoteWrite, TakesOneMessageVersionAndOneEncoding) {
  struct Case {
    std::string_view type, encoding;
    bool accepted;
  };
  constexpr Case cases[] = {
      {"application/x-protobuf", "snappy", true},
      {"", "", true},
      {"Application/X-Protobuf", "Snappy", true},
      {"application/x-protobuf;proto=prometheus.WriteRequest", "snappy", true},
      {"application/x-protobuf; proto=prometheus.WriteRequest ", "snappy", true},
      {"application/x-protobuf;charset=utf-8", "snappy", true},
      {"application/x-protobuf;proto=io.prometheus.write.v2.Request", "snappy", false},
      {"application/x-protobuf;charset=x; proto=io.prometheus.write.v2.Request", "snappy", false},
      {"application/x-protobuf;proto=", "snappy", false},
      {"application/json", "snappy", false},
      {"application/x-protobuff", "snappy", false},
      {"application/x-protobuf", "gzip", false},
      {"application/x-protobuf", "zstd", false},
  };
  const std::string body = snappy_block(encode(std::vector<WireSeries>{up({{kNow, 1}})}));
  for (const Case& c : cases) {
    const auto summary = receiver_.write(c.type, c.encoding, body);
    EXPECT_EQ(summary.has_value(), c.accepted) << c.type << " / " << c.encoding;
    if (!c.accepted && !summary) {
      EXPECT_EQ(summary.error().code, ErrorCode::kUnsupported);
    }
  }
}

TEST_F(RemoteWrite, RefusesBodiesThatDoNotDecodeAndStoresNothingOfThem) {
  const std::string good = encode(std::vector<WireSeries>{up({{kNow, 1}})});
  const std::string half_sample = [] {
    std::string series = encode(up({}));
    series += std::string_view("\x12\x03\x09\x00\x00", 5);  // a sample cut inside its value
    std::string request;
    protozero::pbf_writer(request).add_message(1, series);
    return request;
  }();
  const std::pair<const char*, std::string> bodies[] = {
      {"empty", ""},
      {"not snappy", "hello"},
      {"framed snappy", std::string("\xff\x06\x00\x00sNaPpY", 10)},
      {"plain protobuf", good},
      {"cut snappy", snappy_block(good).substr(0, 10)},
      {"cut protobuf", snappy_block(good.substr(0, good.size() - 1))},
      {"good, then garbage", snappy_block(good + "\x0a\xff")},
      {"good, then a reserved wire type", snappy_block(good + "\x0f")},
      {"good, then a cut sample", snappy_block(good + half_sample)},
  };
  for (const auto& [what, body] : bodies) {
    const auto summary = receiver_.write(kType, "snappy", body);
    ASSERT_FALSE(summary) << what;
    EXPECT_EQ(summary.error().code, ErrorCode::kInvalidArgument) << what;
  }
  EXPECT_THAT(store_.samples, IsEmpty());
}

TEST_F(RemoteWrite, TakesAnEmptyMessageAndFieldsItDoesNotKnow) {
  EXPECT_TRUE(write_message(""));
  std::string series = encode(up({{kNow, 1}}));
  protozero::pbf_writer(series).add_string(99, "from the future");
  std::string request;
  protozero::pbf_writer writer(request);
  writer.add_message(1, series);
  writer.add_uint64(77, 7);
  ASSERT_TRUE(write_message(request));
  EXPECT_EQ(store_.samples.size(), 1U);
}

TEST_F(RemoteWrite, RefusesATooLargeBodyByItsLengthAlone) {
  RemoteWriteReceiver small([this] { return store_.appender(); }, everything_,
                            {.decoded_bytes_max = 100}, nullptr);
  // A snappy block that claims 4 GiB - 1 and holds nothing.
  const auto claimed = small.write(kType, "snappy", "\xff\xff\xff\xff\x0f");
  ASSERT_FALSE(claimed);
  EXPECT_EQ(claimed.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(claimed.error().message, HasSubstr("limit of 100"));

  EXPECT_FALSE(small.write(kType, "snappy", snappy_block(std::string(101, 'x'))));
  std::string fits;
  protozero::pbf_writer(fits).add_string(99, std::string(97, 'x'));
  ASSERT_EQ(fits.size(), 100U);
  EXPECT_TRUE(small.write(kType, "snappy", snappy_block(fits)));
}

TEST_F(RemoteWrite, KeepsTheGoodSamplesOfARequestAndNamesTheFirstBadOne) {
  const auto summary = write({
      up({{kNow, 1}, {kNow, 2}, {kNow + 1, 3}}),                                 // second value
      {.labels = {{"job", "nameless"}}, .samples = {{kNow, 1}, {kNow + 1, 1}}},  // no name
      {.labels = {{"__name__", "y"}}, .samples = {{kNow - 16 * kDay, 1}, {kNow, 7}}},
  });
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->stored, 3U);
  EXPECT_EQ(summary->rejected, 4U);
  EXPECT_EQ(summary->error, R"(duplicate sample for timestamp 1700000000000, series up{job="a"} )"
                            "(4 samples refused, 3 accepted)");
  EXPECT_THAT(store_.samples[R"(up{job="a"})"], ElementsAre(Pair(kNow, 1), Pair(kNow + 1, 3)));
  EXPECT_THAT(store_.samples["y"], ElementsAre(Pair(kNow, 7)));
}

TEST_F(RemoteWrite, TakesTimesFromRetentionToTenMinutesAhead) {
  struct Case {
    TimestampMs t;
    bool accepted;
  };
  const Case cases[] = {
      {kNow, true},
      {kNow - 15 * kDay, true},
      {kNow - 15 * kDay - 1, false},
      {kNow + kFutureMax, true},
      {kNow + kFutureMax + 1, false},
      {0, false},
      {-1, false},
      {std::numeric_limits<TimestampMs>::min(), false},
      {std::numeric_limits<TimestampMs>::max(), false},
  };
  for (const Case& c : cases) {
    const auto summary = write({up({{c.t, 1}})});
    ASSERT_TRUE(summary);
    EXPECT_EQ(summary->stored, c.accepted ? 1U : 0U) << c.t;
    if (!c.accepted) {
      EXPECT_THAT(summary->error, HasSubstr("out of bounds")) << c.t;
    }
  }
}

TEST_F(RemoteWrite, TakesEverythingSince1970WithAHundredYearsOfRetention) {
  acceptance_.set_retention(DurationMs{100} * 365 * kDay);
  const auto summary =
      receiver_.write(kType, "snappy", snappy_block(encode(std::vector{up({{0, 1}})})));
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->stored, 1U);
}

TEST_F(RemoteWrite, TakesOldSamplesAfterNewOnesAndIdenticalOnesAgain) {
  ASSERT_TRUE(write({up({{kNow, 1}})}));
  const auto late = write({up({{kNow - kDay, 5}})});
  ASSERT_TRUE(late);
  EXPECT_EQ(late->stored, 1U);
  const auto again = write({up({{kNow, 1}, {kNow - kDay, 5}})});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->duplicates, 2U);
  EXPECT_EQ(again->error, "");
}

TEST_F(RemoteWrite, KeepsEveryBitOfAValue) {
  const std::uint64_t patterns[] = {kStaleNanBits,
                                    kNormalNanBits,
                                    0x7ff0'0000'0000'0001,  // signalling
                                    0xfff8'0000'dead'beef,
                                    0x8000'0000'0000'0000,  // -0
                                    0,
                                    1,
                                    0x7ff0'0000'0000'0000};
  std::vector<Sample> samples;
  for (const std::uint64_t bits : patterns) {
    samples.push_back(
        {kNow + static_cast<TimestampMs>(samples.size()), std::bit_cast<double>(bits)});
  }
  ASSERT_TRUE(write({up(samples)}));
  const auto& stored = store_.samples[R"(up{job="a"})"];
  ASSERT_EQ(stored.size(), samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    EXPECT_EQ(std::bit_cast<std::uint64_t>(stored.at(samples[i].t)), patterns[i]);
  }
}

TEST_F(RemoteWrite, JudgesLabelSets) {
  using LabelList = std::vector<std::pair<std::string, std::string>>;
  struct Case {
    LabelList labels;
    const char* stored_as;  // null: refused
  };
  const Case cases[] = {
      {{{"__name__", "x"}, {"a", "1"}}, R"(x{a="1"})"},
      {{{"b", "2"}, {"__name__", "x"}, {"a", "1"}}, R"(x{a="1", b="2"})"},
      {{{"__name__", "x"}, {"empty", ""}}, "x"},
      {{{"__name__", "my.metric"}, {"größe", "ü"}}, R"({"my.metric", "größe"="ü"})"},
      {{{"a", "1"}}, nullptr},
      {{{"__name__", ""}, {"a", "1"}}, nullptr},
      {{{"__name__", "x"}, {"", "1"}}, nullptr},
      {{{"__name__", "x"}, {"a", "1"}, {"a", "1"}}, nullptr},
      {{{"__name__", "x"}, {"a", "1"}, {"a", ""}}, nullptr},
      {{{"__name__", "x"}, {"__name__", "y"}}, nullptr},
      {{{"__name__", "x"}, {"a", "\xff"}}, nullptr},
      {{{"__name__", "\xc0\xaf"}}, nullptr},
      {{{"__name__", "x"}, {"\xed\xa0\x80", "surrogate"}}, nullptr},
      {{}, nullptr},
  };
  for (const Case& c : cases) {
    store_.samples.clear();
    const auto summary = write({{.labels = c.labels, .samples = {{kNow, 1}}}});
    ASSERT_TRUE(summary);
    if (c.stored_as == nullptr) {
      EXPECT_EQ(summary->rejected, 1U);
      EXPECT_THAT(summary->error, HasSubstr("invalid"));
      EXPECT_THAT(store_.samples, IsEmpty());
    } else {
      EXPECT_EQ(summary->error, "");
      ASSERT_EQ(store_.samples.size(), 1U);
      EXPECT_EQ(store_.samples.begin()->first, c.stored_as);
    }
  }
}

TEST_F(RemoteWrite, ReportsBadLabelsAlsoWithoutSamplesAndRegistersNoSeriesForNothing) {
  const auto bad = write({{.labels = {{"a", "1"}}}});
  ASSERT_TRUE(bad);
  EXPECT_THAT(bad->error, HasSubstr("invalid metric name or labels"));
  const auto good = write({{.labels = {{"__name__", "x"}}}});
  ASSERT_TRUE(good);
  EXPECT_EQ(good->error, "");
  EXPECT_EQ(store_.labels_seen, 0);
}

TEST_F(RemoteWrite, RefusesHistogramsKeepsFloatsAndDropsExemplars) {
  const auto summary = write(
      {{.labels = {{"__name__", "h"}}, .samples = {{kNow, 1}}, .histograms = 2, .exemplars = 3}});
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->stored, 1U);
  EXPECT_EQ(summary->rejected, 2U);
  EXPECT_EQ(summary->exemplars, 3U);
  EXPECT_THAT(summary->error, HasSubstr("native histograms"));

  const auto exemplars_only = write({{.labels = {{"__name__", "h"}}, .exemplars = 1}});
  ASSERT_TRUE(exemplars_only);
  EXPECT_EQ(exemplars_only->error, "");
}

TEST_F(RemoteWrite, KeepsMetadata) {
  std::string request;
  {
    protozero::pbf_writer writer(request);
    protozero::pbf_writer metadata(writer, 3);
    metadata.add_enum(1, 1);
    metadata.add_string(2, "http_requests_total");
    metadata.add_string(4, "Requests.");
    metadata.add_string(5, "requests");
  }
  {
    protozero::pbf_writer writer(request);
    protozero::pbf_writer metadata(writer, 3);
    metadata.add_enum(1, 99);
    metadata.add_string(2, "odd");
  }
  {
    protozero::pbf_writer writer(request);
    protozero::pbf_writer metadata(writer, 3);
    metadata.add_string(2, "unprintable");
    metadata.add_string(4, "\xff");
  }
  const auto summary = write_message(request);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->error, "");
  EXPECT_THAT(store_.metadata,
              ElementsAre(Pair("http_requests_total",
                               Metadata{MetricType::kCounter, "Requests.", "requests"}),
                          Pair("odd", Metadata{})));
}

TEST_F(RemoteWrite, RefusesASeriesWithMoreLabelsThanTheStoreCounts) {
  WireSeries large{.labels = {{"__name__", "x"}}, .samples = {{kNow, 1}}};
  for (int i = 1; i < 65'535; ++i) large.labels.emplace_back("l" + std::to_string(i), "1");
  large.labels.emplace_back("not_counted", "");
  const auto fits = write({large});
  ASSERT_TRUE(fits);
  EXPECT_EQ(fits->error, "");
  EXPECT_EQ(fits->stored, 1U);

  large.labels.back().second = "1";
  large.samples = {{kNow + 1, 1}};
  const auto summary = write({large, up({{kNow, 1}})});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->stored, 1U);
  EXPECT_EQ(summary->rejected, 1U);
  EXPECT_THAT(summary->error, HasSubstr("65536 labels, the limit is 65535"));
  EXPECT_LT(summary->error.size(), 1'500U);
}

TEST_F(RemoteWrite, RefusesSeriesThatTheStoreRefuses) {
  store_.refused = "up{job=\"a\"}";
  const auto summary =
      write({up({{kNow, 1}}), {.labels = {{"__name__", "x"}}, .samples = {{kNow, 1}}}});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->stored, 1U);
  EXPECT_EQ(summary->rejected, 1U);
  EXPECT_THAT(summary->error, HasSubstr("not this one"));
}

TEST_F(RemoteWrite, CutsLongLabelSetsInItsErrors) {
  const std::string umlauts = [] {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += "ü";
    return text;
  }();
  const std::vector<std::pair<std::string, std::string>> cases[] = {
      {{"a", umlauts}},
      {{"__name__", "x"}, {umlauts, "1"}, {umlauts, "2"}},
      {{"__name__", "x"}, {"a", umlauts + "\xff"}},
      {{"__name__", "x"}, {"a", umlauts}},  // good, but for its time
  };
  for (const auto& labels : cases) {
    const auto summary = write({{.labels = labels, .samples = {{0, 1}}}});
    ASSERT_TRUE(summary);
    EXPECT_THAT(summary->error, HasSubstr("…"));
    EXPECT_TRUE(is_valid_utf8(summary->error));
    EXPECT_LT(summary->error.size(), 3'000U);
  }
}

TEST_F(RemoteWrite, RefusesMessagesOfCountlessSeries) {
  RemoteWriteReceiver receiver{
      [this] { return store_.appender(); }, acceptance_, {.series_max = 1'000}, nullptr};
  std::string message;
  for (int i = 0; i < 1'000; ++i) message += std::string_view("\x0a\x00", 2);
  const auto full = receiver.write(kType, "snappy", snappy_block(message));
  EXPECT_TRUE(full);
  message += std::string_view("\x0a\x00", 2);
  const auto beyond = receiver.write(kType, "snappy", snappy_block(message));
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(beyond.error().message, HasSubstr("more than 1000 series"));
}

TEST_F(RemoteWrite, BoundsTheMetadataOfAllRequests) {
  RemoteWriteReceiver receiver{[this] { return store_.appender(); },
                               acceptance_,
                               {.metadata_bytes_max = 100'000},
                               &metrics_};
  const auto send = [&](const std::string& family, const std::string& help) {
    std::string message;
    {
      protozero::pbf_writer writer(message);
      protozero::pbf_writer metadata(writer, 3);
      metadata.add_enum(1, 1);
      metadata.add_string(2, family);
      metadata.add_string(4, help);
    }
    EXPECT_TRUE(receiver.write(kType, "snappy", snappy_block(message)));
  };
  send("long", std::string(4'097, 'x'));
  EXPECT_EQ(store_.metadata.at("long"), (Metadata{MetricType::kCounter, "", ""}));
  send(std::string(4'097, 'x'), "a name that is too long");
  EXPECT_EQ(store_.metadata.size(), 1U);
  for (int i = 0; i < 100; ++i) send("same", std::string(4'000, 'y'));  // counts once
  for (int i = 0; i < 100; ++i) send("f" + std::to_string(i), std::string(4'000, 'y'));
  EXPECT_GT(store_.metadata.size(), 20U);
  EXPECT_LT(store_.metadata.size(), 26U);
  send("same", "still changes");
  EXPECT_EQ(store_.metadata.at("same").help, "still changes");
  for (const Registry::Family& family : metrics_.snapshot()) {
    if (family.name != "silverback_remote_write_metadata_dropped_total") continue;
    EXPECT_GT(family.points.back().value, 74);
    return;
  }
  FAIL() << "no metric counts what was dropped";
}

TEST_F(RemoteWrite, LooksAtTheLabelsOfASeriesOnce) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(write({up({{kNow + i, 1}})}));
  EXPECT_EQ(store_.labels_seen, 1);
}

TEST_F(RemoteWrite, RegistersAgainWhatTheStoreForgot) {
  ASSERT_TRUE(write({up({{kNow, 1}})}));
  store_.forgotten.insert(SeriesRef{1});
  ASSERT_TRUE(write({up({{kNow + 1, 1}})}));
  ASSERT_TRUE(write({up({{kNow + 2, 1}})}));
  EXPECT_EQ(store_.labels_seen, 2);
  EXPECT_EQ(store_.samples[R"(up{job="a"})"].size(), 3U);
}

TEST_F(RemoteWrite, TrustsNoReferenceOfABatchThatFailed) {
  store_.fail_commit = true;
  for (const ErrorCode code : {ErrorCode::kIo, ErrorCode::kUnavailable}) {
    store_.commit_error = code;
    const auto summary = write({up({{kNow, 1}})});
    ASSERT_FALSE(summary);
    EXPECT_EQ(summary.error().code, code);
  }
  store_.fail_commit = false;
  ASSERT_TRUE(write({up({{kNow, 1}})}));
  EXPECT_EQ(store_.labels_seen, 3);
}

TEST_F(RemoteWrite, FindsLabelsWhereverTheyStandInASeries) {
  std::string series;
  protozero::pbf_writer writer(series);
  const auto add_label = [&](std::string_view name, std::string_view value) {
    protozero::pbf_writer label(writer, 1);
    label.add_string(1, name.data(), name.size());
    label.add_string(2, value.data(), value.size());
  };
  add_label("__name__", "x");
  {
    protozero::pbf_writer sample(writer, 2);
    sample.add_int64(2, kNow);  // timestamp first, value left out
  }
  add_label("a", "1");
  {
    protozero::pbf_writer sample(writer, 2);
    sample.add_int64(2, kNow + 1);
    sample.add_double(1, 4);
  }
  std::string request;
  protozero::pbf_writer(request).add_message(1, series);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(write_message(request));
  EXPECT_THAT(store_.samples[R"(x{a="1"})"], ElementsAre(Pair(kNow, 0), Pair(kNow + 1, 4)));
  EXPECT_EQ(store_.labels_seen, 1);
}

TEST_F(RemoteWrite, CountsWhatItDid) {
  ASSERT_TRUE(write({up({{kNow, 1}, {kNow, 2}, {kNow + kDay, 3}})}));
  EXPECT_FALSE(write_message("\xff"));
  const auto samples = [this](std::string_view outcome) {
    return metrics_
        .counter("silverback_remote_write_samples_total",
                 "Samples received by remote write, by what became of them.",
                 Labels{{"outcome", outcome}})
        .value();
  };
  EXPECT_EQ(samples("stored"), 1U);
  EXPECT_EQ(samples("rejected"), 2U);
  EXPECT_EQ(metrics_
                .counter("silverback_remote_write_failed_requests_total",
                         "Remote-write requests of which nothing was stored.")
                .value(),
            1U);
}

TEST(SeriesCache, FindsWhatWasInsertedThroughManyGrowths) {
  SeriesCache cache(42, 1 << 20);
  std::vector<SeriesCache::Entry> entries;
  for (std::uint64_t i = 1; i <= 50'000; ++i) {
    entries.push_back({cache.key("series " + std::to_string(i)), SeriesRef{i}});
  }
  cache.insert(entries);
  EXPECT_EQ(cache.size(), 50'000U);
  std::vector<SeriesCache::Entry> found = entries;
  for (SeriesCache::Entry& entry : found) entry.ref = SeriesRef::kNone;
  found.push_back({cache.key("another"), SeriesRef{7}});
  cache.find(found);
  for (std::size_t i = 0; i < entries.size(); ++i) ASSERT_EQ(found[i].ref, entries[i].ref);
  EXPECT_EQ(found.back().ref, SeriesRef::kNone);
}

TEST(SeriesCache, ReplacesAndStaysBelowItsBound) {
  SeriesCache cache(1, 100);
  const SeriesKey key = cache.key("a");
  for (const std::uint64_t ref : {1U, 2U}) {
    const SeriesCache::Entry entry{key, SeriesRef{ref}};
    cache.insert({&entry, 1});
  }
  EXPECT_EQ(cache.size(), 1U);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const SeriesCache::Entry entry{cache.key(std::to_string(i)), SeriesRef{i + 1}};
    cache.insert({&entry, 1});
    EXPECT_LE(cache.size(), 100U);
  }
}

TEST(SeriesCache, HashesWithTheSeed) {
  EXPECT_NE(SeriesCache(1, 10).key("a"), SeriesCache(2, 10).key("a"));
}

}  // namespace
}  // namespace silverback::ingest
