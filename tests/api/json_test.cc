// What JsonWriter writes is read back by another's parser and must be what was meant.
#include <cmath>
#include <random>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "api/envelope.h"
#include "api/json_writer.h"
#include "api/result_json.h"
#include "base/number_text.h"
#include "tests/testing/seed.h"

namespace silverback::api {
namespace {

namespace json = boost::json;

std::string random_text(std::mt19937_64& random) {
  static const std::string_view kParts[] = {"a",    "\"", "\\", "\n",         "\x01",
                                            "\x7f", "é",  "世", "\U0001F600", "</script>",
                                            "&",    "\t", "",   "u0041"};
  std::string text;
  const std::size_t count = random() % 8;
  for (std::size_t i = 0; i < count; ++i) text += kParts[random() % std::size(kParts)];
  return text;
}

double random_number(std::mt19937_64& random) {
  switch (random() % 6) {
    case 0:
      return static_cast<double>(random() % 1000);
    case 1:
      return std::bit_cast<double>(random());
    case 2:
      return std::numeric_limits<double>::infinity() * (random() % 2 == 0 ? 1 : -1);
    case 3:
      return normal_nan();
    case 4:
      return -0.0;
    default:
      return static_cast<double>(random() % 1'000'000) / 1000;
  }
}

Labels random_labels(std::mt19937_64& random) {
  LabelsBuilder builder;
  const std::size_t count = random() % 5;
  for (std::size_t i = 0; i < count; ++i) {
    builder.set("l" + std::to_string(random() % 9) + random_text(random),
                random_text(random) + "x");
  }
  return builder.build();
}

void expect_labels(const json::value& read, const Labels& wanted) {
  const json::object& object = read.as_object();
  ASSERT_EQ(object.size(), wanted.size());
  for (const Label& label : wanted) {
    EXPECT_EQ(object.at(label.name).as_string(), label.value);
  }
}

void expect_sample(const json::value& read, const Sample& wanted) {
  const json::array& pair = read.as_array();
  ASSERT_EQ(pair.size(), 2U);
  EXPECT_EQ(std::llround(pair[0].to_number<double>() * 1000), wanted.t);
  const json::string& text = pair[1].as_string();
  const std::optional<double> value = parse_float({text.data(), text.size()});
  ASSERT_TRUE(value) << text;
  EXPECT_EQ(std::bit_cast<std::uint64_t>(*value),
            std::bit_cast<std::uint64_t>(std::isnan(wanted.v) ? normal_nan() : wanted.v))
      << text;
}

promql::Matrix random_matrix(std::mt19937_64& random) {
  promql::Matrix matrix;
  const std::size_t count = random() % 6;
  const TimestampMs start = static_cast<TimestampMs>(random() % 2'000'000'000'000);
  for (std::size_t i = 0; i < count; ++i) {
    promql::Series& series = matrix.emplace_back();
    series.metric = random_labels(random);
    for (TimestampMs step = 0; step < 20; ++step) {
      if (random() % 3 != 0) series.floats.push_back({start + step * 500, random_number(random)});
    }
  }
  return matrix;
}

TEST(ResultJson, IsReadBackAsItWas) {
  const std::uint64_t seed = silverback::testing::seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 300; ++round) {
    const promql::Matrix matrix = random_matrix(random);
    JsonWriter writer;
    writer.begin_object();
    write_result(writer, matrix);
    writer.end_object();
    const std::string text = std::move(writer).take();
    const json::value read = json::parse(text);
    EXPECT_EQ(read.at("resultType").as_string(), "matrix");
    EXPECT_LT(text.find("resultType"), text.find("\"result\""));
    const json::array& result = read.at("result").as_array();
    ASSERT_EQ(result.size(), matrix.size());
    for (std::size_t i = 0; i < matrix.size(); ++i) {
      expect_labels(result[i].at("metric"), matrix[i].metric);
      if (matrix[i].floats.empty()) continue;
      const json::array& values = result[i].at("values").as_array();
      ASSERT_EQ(values.size(), matrix[i].floats.size());
      for (std::size_t s = 0; s < values.size(); ++s) expect_sample(values[s], matrix[i].floats[s]);
    }
  }
}

TEST(ResultJson, WritesVectorsOfFloatsAndHistograms) {
  auto histogram = std::make_shared<Histogram>();
  histogram->count = 12;
  histogram->sum = 18.4;
  histogram->zero_threshold = 0.001;
  histogram->zero_count = 2;
  histogram->positive_spans = {{0, 2}, {1, 1}};
  histogram->positive_buckets = {1, 0, 4};
  histogram->negative_spans = {{1, 1}};
  histogram->negative_buckets = {5};
  promql::Vector vector;
  vector.push_back({Labels{{"a", "b"}}, 1500, 0.5, nullptr});
  vector.push_back({Labels{}, 2000, 0, histogram});
  JsonWriter writer;
  writer.begin_object();
  write_result(writer, vector);
  writer.end_object();
  EXPECT_EQ(
      std::move(writer).take(),
      R"({"resultType":"vector","result":[{"metric":{"a":"b"},"value":[1.500,"0.5"]},{"metric":{},"histogram":[2,{"count":"12","sum":"18.4","buckets":[[1,"-2","-1","5"],[3,"-0.001","0.001","2"],[0,"0.5","1","1"],[0,"4","8","4"]]}]}]})");
}

TEST(ResultJson, WritesHistogramsWithCustomBuckets) {
  Histogram histogram;
  histogram.schema = Histogram::kCustomBucketsSchema;
  histogram.count = 6;
  histogram.sum = 10;
  histogram.custom_bounds = {1, 2.5};
  histogram.positive_spans = {{0, 3}};
  histogram.positive_buckets = {1, 2, 3};
  JsonWriter writer;
  write_histogram(writer, histogram);
  EXPECT_EQ(
      std::move(writer).take(),
      R"({"count":"6","sum":"10","buckets":[[3,"-Inf","1","1"],[0,"1","2.5","2"],[0,"2.5","+Inf","3"]]})");
}

TEST(JsonWriter, EscapesWhatJsonCannotCarry) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", R"("")"},
      {"plain", R"("plain")"},
      {"a\"b\\c", R"("a\"b\\c")"},
      {"\n\r\t\x01\x1f", R"("\n\r\t\u0001\u001f")"},
      {"\x7f", R"("\u007f")"},
      {"é世\U0001F600", "\"é世\U0001F600\""},
      {"a\xff", R"("a\ufffd")"},
      {"\xc3", R"("\ufffd")"},                                // cut short
      {"\xc0\x80", R"("\ufffd\ufffd")"},                      // overlong
      {"\xed\xa0\x80", R"("\ufffd\ufffd\ufffd")"},            // a surrogate
      {"\xf4\x90\x80\x80", R"("\ufffd\ufffd\ufffd\ufffd")"},  // past U+10FFFF
  };
  for (const auto& [text, wanted] : cases) {
    std::string out;
    append_json_string(out, text);
    EXPECT_EQ(out, wanted);
  }
}

TEST(JsonWriter, SetsCommasByItself) {
  JsonWriter writer;
  writer.begin_object().key("a").begin_array().integer(1).boolean(false).null();
  writer.string("x").begin_array().end_array().begin_object().end_object().end_array();
  writer.key("b").number(0.5).key("c").number(std::nan("")).key("d").quoted_float(1e21);
  writer.key("[").string("{").key("e").raw("[1,2]").end_object();
  EXPECT_EQ(std::move(writer).take(),
            R"({"a":[1,false,null,"x",[],{}],"b":0.5,"c":0,"d":"1e+21","[":"{","e":[1,2]})");
}

TEST(Envelope, CutsLongListsOfAnnotations) {
  std::vector<std::string> warnings, infos;
  for (int i = 0; i < 12; ++i) warnings.push_back("w" + std::to_string(i));
  for (int i = 0; i < 10; ++i) infos.push_back("i");
  JsonWriter writer = begin_success();
  writer.integer(1);
  const json::value read = json::parse(finish_success(std::move(writer), warnings, infos).body);
  EXPECT_EQ(read.at("data"), 1);
  ASSERT_EQ(read.at("warnings").as_array().size(), 11U);
  EXPECT_EQ(read.at("warnings").at(10), "2 more warning annotations omitted");
  EXPECT_EQ(read.at("infos").as_array().size(), 10U);
}

TEST(Envelope, MapsEveryErrorToAStatusAndAWord) {
  struct Case {
    ErrorCode code;
    int status;
    std::string_view type;
  };
  const Case cases[] = {
      {ErrorCode::kInvalidArgument, 400, "bad_data"}, {ErrorCode::kExecution, 422, "execution"},
      {ErrorCode::kNotFound, 404, "not_found"},       {ErrorCode::kCanceled, 499, "canceled"},
      {ErrorCode::kTimeout, 503, "timeout"},          {ErrorCode::kUnsupported, 415, "bad_data"},
      {ErrorCode::kUnavailable, 503, "unavailable"},  {ErrorCode::kIo, 500, "internal"},
      {ErrorCode::kCorruption, 500, "internal"}};
  for (const Case& wanted : cases) {
    const Response response = error_response({wanted.code, "why"});
    EXPECT_EQ(response.status, wanted.status);
    EXPECT_EQ(response.body, R"({"status":"error","errorType":")" + std::string(wanted.type) +
                                 R"(","error":"why"})");
    EXPECT_EQ(response.content_type, "application/json");
  }
}

}  // namespace
}  // namespace silverback::api
