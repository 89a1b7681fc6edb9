#include "api/federate.h"

#include <atomic>
#include <bit>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/memory_storage.h"
#include "ingest/exposition.h"
#include "promql/parser.h"
#include "tests/api/api_fixture.h"

namespace silverback::api {
namespace {

using ingest::EscapingScheme;
using silverback::testing::HttpAnswer;
using silverback::testing::kNow;

std::vector<std::vector<Matcher>> sets(const std::vector<std::string>& selectors) {
  std::vector<std::vector<Matcher>> parsed;
  for (const std::string& text : selectors)
    parsed.push_back(promql::parse_metric_selector(text).value());
  return parsed;
}

constexpr TimeRange kRange = {100, 200};
constexpr std::uint64_t kManySamples = 1000;

std::vector<FederatedSample> samples_of(const Queryable& storage,
                                        const std::vector<std::string>& selectors) {
  const std::atomic<bool> canceled = false;
  Result<FederatedSamples> found =
      federated_samples(storage, sets(selectors), kRange, kManySamples, canceled);
  EXPECT_TRUE(found) << found.error().message;
  return found ? std::move(found->samples) : std::vector<FederatedSample>();
}

std::string page_of(const std::vector<FederatedSample>& samples, const Labels& external = {},
                    EscapingScheme escaping = EscapingScheme::kAllowUtf8) {
  return federation_page(samples, external, escaping);
}

TEST(FederatedSamples, AreTheNewestOfEachSeries) {
  for (const bool answer_newest : {false, true}) {
    MemoryStorage storage;
    storage.answer_newest(answer_newest);
    storage.append(Labels{{"__name__", "b"}, {"Z", "1"}}, {150, 1});
    storage.append(Labels{{"__name__", "b"}, {"Z", "1"}}, {200, 2});
    storage.append(Labels{{"__name__", "b"}, {"Z", "1"}}, {201, 3});  // not yet
    storage.append(Labels{{"__name__", "c"}, {"A", "0"}}, {100, 4});
    storage.append(Labels{{"__name__", "a"}, {"ZZ", "9"}}, {199, 5});
    storage.append(Labels{{"__name__", "old"}}, {99, 6});
    storage.append(Labels{{"__name__", "stale"}}, {150, 7});
    storage.append(Labels{{"__name__", "stale"}}, {160, stale_marker()});
    storage.append(Labels{{"nameless", "x"}}, {150, 8});
    // By name, whatever names of labels sort before `__name__`; and once, however often selected.
    EXPECT_EQ(page_of(samples_of(storage, {R"({__name__=~".+"})", "b", R"({nameless="x"})"})),
              "# TYPE a untyped\na{ZZ=\"9\",instance=\"\"} 5 199\n"
              "# TYPE b untyped\nb{Z=\"1\",instance=\"\"} 2 200\n"
              "# TYPE c untyped\nc{A=\"0\",instance=\"\"} 4 100\n");
    EXPECT_EQ(page_of(samples_of(storage, {})), "");
  }
}

TEST(FederatedSamples, AreBounded) {
  MemoryStorage storage;
  for (const char* value : {"1", "2", "3"})
    storage.append(Labels{{"__name__", "a"}, {"x", value}}, {150, 1});
  std::atomic<bool> canceled = false;
  EXPECT_EQ(federated_samples(storage, sets({"a"}), kRange, 3, canceled)->samples.size(), 3U);
  const auto too_many = federated_samples(storage, sets({"a"}), kRange, 2, canceled);
  ASSERT_FALSE(too_many);
  EXPECT_EQ(too_many.error().code, ErrorCode::kExecution);
  canceled = true;
  const auto abandoned = federated_samples(storage, sets({"a"}), kRange, 3, canceled);
  ASSERT_FALSE(abandoned);
  EXPECT_EQ(abandoned.error().code, ErrorCode::kCanceled);
}

TEST(FederationPage, AddsExternalLabelsThatASeriesHasNot) {
  const std::vector<FederatedSample> samples = {
      {Labels{{"__name__", "a"}}, {1, 1}},
      {Labels{{"__name__", "a"}, {"instance", "h"}, {"zone", "own"}}, {2, 2}},
  };
  EXPECT_EQ(page_of(samples, Labels{{"cluster", "c"}, {"zone", "z"}}),
            "# TYPE a untyped\n"
            "a{cluster=\"c\",instance=\"\",zone=\"z\"} 1 1\n"
            "a{instance=\"h\",zone=\"own\",cluster=\"c\"} 2 2\n");
  EXPECT_EQ(page_of({{Labels{{"__name__", "a"}}, {1, 1}}}, Labels{{"instance", "i"}}),
            "# TYPE a untyped\na{instance=\"i\"} 1 1\n");
}

// What the scraper on the other side makes of it, bit by bit.
TEST(FederationPage, IsReadBackAsTheSamples) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  std::vector<FederatedSample> samples;
  const double values[] = {0, -0.0, 1, 0.1, 1e-300, 1e300, -kInf, kInf, normal_nan(), 5e-324};
  for (std::size_t i = 0; i < std::size(values); ++i)
    samples.push_back({Labels{{"__name__", "a"}, {"i", std::to_string(i)}, {"instance", "h"}},
                       {static_cast<TimestampMs>(i), values[i]}});
  samples.push_back({Labels{{"__name__", "b:c"}, {"instance", "a\\\"\n{},=é"}}, {kNow, 1}});
  samples.push_back(
      {Labels{{"__name__", "my.metric"}, {"größe:1", "x"}, {"instance", "h"}}, {1, 1}});
  samples.push_back({Labels{{"__name__", "q\"\\\n"}, {"instance", "h"}}, {1, 1}});
  const std::string text = page_of(samples);

  ingest::Exposition page(text, ingest::ExpositionFormat::kText);
  std::size_t read = 0;
  while (true) {
    const auto entry = page.next();
    ASSERT_TRUE(entry) << entry.error().message << " in " << text;
    if (*entry == ingest::Exposition::Entry::kEnd) break;
    if (*entry == ingest::Exposition::Entry::kType) {
      EXPECT_EQ(page.type(), MetricType::kUnknown);
      continue;
    }
    ASSERT_EQ(*entry, ingest::Exposition::Entry::kSample);
    ASSERT_LT(read, samples.size());
    LabelsBuilder labels;
    for (const Label& label : page.labels()) labels.set(label.name, label.value);
    EXPECT_EQ(labels.build(), samples[read].labels) << labels.build().to_string();
    EXPECT_EQ(page.timestamp(), samples[read].sample.t);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(page.value()),
              std::bit_cast<std::uint64_t>(samples[read].sample.v));
    ++read;
  }
  EXPECT_EQ(read, samples.size());
}

TEST(FederationPage, EscapesNamesAsTheReaderWants) {
  const std::vector<FederatedSample> samples = {
      {Labels{{"__name__", "my.metric"}, {"a.b", "1"}, {"ok", "2"}}, {1, 1}},
      {Labels{{"__name__", "with:colon"}, {"a:b", "1"}}, {1, 1}},
      {Labels{{"__name__", "1é_"}}, {1, 1}},
  };
  struct Case {
    EscapingScheme escaping;
    std::string_view want;
  };
  const Case cases[] = {
      {EscapingScheme::kAllowUtf8,
       "# TYPE \"my.metric\" untyped\n{\"my.metric\",\"a.b\"=\"1\",ok=\"2\",instance=\"\"} 1 1\n"
       "# TYPE with:colon untyped\nwith:colon{\"a:b\"=\"1\",instance=\"\"} 1 1\n"
       "# TYPE \"1é_\" untyped\n{\"1é_\",instance=\"\"} 1 1\n"},
      {EscapingScheme::kUnderscores,
       "# TYPE my_metric untyped\nmy_metric{a_b=\"1\",ok=\"2\",instance=\"\"} 1 1\n"
       "# TYPE with:colon untyped\nwith:colon{a_b=\"1\",instance=\"\"} 1 1\n"
       "# TYPE ___ untyped\n___{instance=\"\"} 1 1\n"},
      {EscapingScheme::kDots,
       "# TYPE my_dot_metric untyped\nmy_dot_metric{a_dot_b=\"1\",ok=\"2\",instance=\"\"} 1 1\n"
       "# TYPE with:colon untyped\nwith:colon{a__b=\"1\",instance=\"\"} 1 1\n"
       "# TYPE ______ untyped\n______{instance=\"\"} 1 1\n"},
      {EscapingScheme::kValues,
       "# TYPE U__my_2e_metric untyped\n"
       "U__my_2e_metric{U__a_2e_b=\"1\",ok=\"2\",instance=\"\"} 1 1\n"
       "# TYPE with:colon untyped\nwith:colon{U__a_3a_b=\"1\",instance=\"\"} 1 1\n"
       "# TYPE U___31__e9___ untyped\nU___31__e9___{instance=\"\"} 1 1\n"},
  };
  for (const auto& [escaping, want] : cases) EXPECT_EQ(page_of(samples, {}, escaping), want);
}

// A scraper refuses a page that has a label twice, all of it.
TEST(FederationPage, NeverHasALabelTwiceAfterEscaping) {
  const Labels external{{"ex.t", "3"}, {"ex_t", "4"}};
  EXPECT_EQ(
      page_of({{Labels{{"__name__", "m"}, {"a-b", "0"}, {"a.b", "1"}, {"c.d", "5"}, {"c_d", "6"}},
                {1, 1}}},
              external, EscapingScheme::kUnderscores),
      "# TYPE m untyped\nm{a_b=\"0\",c_d=\"6\",ex_t=\"4\",instance=\"\"} 1 1\n");
}

TEST(AcceptedEscaping, IsThatOfTheMostWantedType) {
  struct Case {
    std::string_view accept;
    EscapingScheme want;
  };
  constexpr Case cases[] = {
      {"", EscapingScheme::kUnderscores},
      {"*/*", EscapingScheme::kUnderscores},
      {"text/plain;version=0.0.4", EscapingScheme::kUnderscores},
      {"text/plain; version=0.0.4 ; escaping=values", EscapingScheme::kValues},
      {"text/plain;escaping=dots", EscapingScheme::kDots},
      {"text/plain;escaping=nothing", EscapingScheme::kUnderscores},
      {"*/*;escaping=allow-utf-8", EscapingScheme::kAllowUtf8},
      // What Prometheus 3 sends: the escaping stands at types that are not served.
      {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
       "application/openmetrics-text;version=0.0.1;q=0.5,"
       "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,"
       "*/*;q=0.2",
       EscapingScheme::kAllowUtf8},
      // What is wanted less than text does not count.
      {"text/plain;q=0.5,a/b;escaping=dots;q=0.4", EscapingScheme::kUnderscores},
      {"a/b;escaping=dots;q=0.4,text/plain;q=0.5", EscapingScheme::kUnderscores},
      {"a/b;escaping=dots;q=x,text/plain;q=0.1;escaping=values", EscapingScheme::kValues},
      {",,;;=,text/plain;;escaping;escaping=", EscapingScheme::kUnderscores},
  };
  for (const auto& [accept, want] : cases) EXPECT_EQ(accepted_escaping(accept), want) << accept;
}

class Federate : public silverback::testing::ApiTest {};

TEST_F(Federate, AnswersAPageThatIsScraped) {
  config_status_.external_labels = Labels{{"region", "eu"}};
  start();
  const HttpAnswer answer =
      get("/federate?match[]=up&match[]=%7Bhttp.status!=%22%22%7D&match[]=odd");
  EXPECT_EQ(answer.status, 400) << "an unquoted name with a dot";
  const HttpAnswer page = get("/federate?match[]=up&match[]=%7Bjob=%22a%22%7D&match[]=odd");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.header("content-type"),
            "text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
  EXPECT_EQ(page.body,
            "# TYPE odd untyped\n"
            "odd{http_status=\"a\\\"<b>&'\\n\",instance=\"\",region=\"eu\"} 4 1795219200000\n"
            "# TYPE requests_total untyped\n"
            "requests_total{code=\"200\",job=\"a\",instance=\"\",region=\"eu\"} 130 1795219200000\n"
            "# TYPE up untyped\n"
            "up{instance=\"h:1\",job=\"a\",region=\"eu\"} 1 1795219200000\n"
            "up{instance=\"h:2\",job=\"b\",region=\"eu\"} 0 1795219200000\n");
  const HttpAnswer utf8 =
      get("/federate?match[]=odd", {"Accept: text/plain;version=0.0.4;escaping=allow-utf-8"});
  EXPECT_EQ(utf8.header("content-type"),
            "text/plain; version=0.0.4; charset=utf-8; escaping=allow-utf-8");
  EXPECT_NE(utf8.body.find("odd{\"http.status\"="), utf8.body.npos) << utf8.body;
  EXPECT_EQ(get("/federate").body, "");
  EXPECT_EQ(get("/federate").status, 200);
  EXPECT_EQ(get("/federate?match[]=nothing").body, "");
  EXPECT_EQ(post("/federate", "match[]=up").status, 405);
}

TEST_F(Federate, LooksBackAsFarAsAQuery) {
  engine_options_.lookback_delta = 60'000;
  start();
  clock_.advance(60'000);  // the newest sample is now as old as that
  EXPECT_NE(get("/federate?match[]=up").body, "");
  clock_.advance(1);
  EXPECT_EQ(get("/federate?match[]=up").body, "");
}

TEST_F(Federate, AnswersErrorsAsText) {
  start();
  const HttpAnswer bad = get("/federate?match[]=up&match[]=up%7B");
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(bad.header("content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(bad.body, promql::parse_metric_selector("up{").error().message + "\n");
  EXPECT_EQ(get("/federate?match[]=%7B%7D").status, 400);
  const std::string metrics = get("/metrics").body;
  EXPECT_NE(metrics.find("prometheus_web_federation_errors_total 0\n"), metrics.npos);
  EXPECT_NE(metrics.find("prometheus_web_federation_warnings_total 0\n"), metrics.npos);
}

// A store that cannot be read, or has something to say about it.
class TroubledStorage final : public Queryable {
 public:
  bool fails = true;

  Result<std::unique_ptr<Selection>> select(std::span<const Matcher>,
                                            const SelectHints&) const override {
    if (fails) return fail(ErrorCode::kIo, "read partition 1: broken");
    return std::make_unique<NoSeries>();
  }
  Result<Names> label_names(std::span<const Matcher>, TimeRange, std::size_t) const override {
    return Names();
  }
  Result<Names> label_values(std::string_view, std::span<const Matcher>, TimeRange,
                             std::size_t) const override {
    return Names();
  }

 private:
  struct NoSeries final : Selection {
    std::size_t size() const override { return 0; }
    Labels labels(std::size_t) const override { return {}; }
    Status read(std::size_t, SampleColumns&) const override { return {}; }
    std::vector<std::string> warnings() const override { return {"partition 1 is left out"}; }
  };
};

TEST_F(Federate, CountsErrorsAndWarnings) {
  TroubledStorage troubled;
  samples_ = &troubled;
  start();
  const HttpAnswer broken = get("/federate?match[]=up");
  EXPECT_EQ(broken.status, 500);
  EXPECT_EQ(broken.body, "read partition 1: broken\n");
  troubled.fails = false;
  EXPECT_EQ(get("/federate?match[]=a&match[]=b").status, 200);
  const std::string metrics = get("/metrics").body;
  EXPECT_NE(metrics.find("prometheus_web_federation_errors_total 1\n"), metrics.npos);
  EXPECT_NE(metrics.find("prometheus_web_federation_warnings_total 2\n"), metrics.npos);
}

}  // namespace
}  // namespace silverback::api
