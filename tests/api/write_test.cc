#include <bit>
#include <memory>
#include <thread>

#include <gtest/gtest.h>
#include <snappy.h>

#include "tests/api/api_fixture.h"

namespace silverback::api {
namespace {

using silverback::testing::HttpAnswer;
using silverback::testing::HttpClient;
using silverback::testing::kNow;

std::string varint(std::uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  return out + static_cast<char>(value);
}

std::string field(int number, std::string_view bytes) {
  return varint(static_cast<std::uint64_t>(number) << 3 | 2) + varint(bytes.size()) +
         std::string(bytes);
}

std::string label(std::string_view name, std::string_view value) {
  return field(1, field(1, name) + field(2, value));
}

std::string sample(double value, TimestampMs t) {
  std::string bytes = "\x09";
  const auto bits = std::bit_cast<std::uint64_t>(value);
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(bits >> (8 * i));
  return field(2, bytes + "\x10" + varint(static_cast<std::uint64_t>(t)));
}

// One WriteRequest with one series, as a snappy block.
std::string write_request(std::string_view metric, double value, TimestampMs t) {
  const std::string message = field(1, label("__name__", metric) + sample(value, t));
  std::string packed;
  snappy::Compress(message.data(), message.size(), &packed);
  return packed;
}

class WriteTest : public silverback::testing::ApiTest {
 protected:
  HttpAnswer write(std::string_view body,
                   std::vector<std::string> headers = {
                       "Content-Encoding: snappy", "Content-Type: application/x-protobuf",
                       "X-Prometheus-Remote-Write-Version: 0.1.0"}) {
    return client_->request("POST", "/api/v1/write", std::move(headers), body);
  }
};

TEST_F(WriteTest, StoresWhatItAcknowledges) {
  start();
  const HttpAnswer written = write(write_request("pushed", 4.5, kNow - 1000));
  EXPECT_EQ(written.status, 204) << written.body;
  EXPECT_EQ(written.body, "");
  EXPECT_NE(get("/api/v1/query?query=pushed").body.find(R"("4.5")"), std::string::npos);
  EXPECT_EQ(write(write_request("pushed", 4.5, kNow - 1000)).status, 204) << "sent again";
}

TEST_F(WriteTest, AnswersBadPartsWith400AndInPlainText) {
  start();
  const HttpAnswer answer = write(write_request("late", 1, kNow - 20LL * 86'400'000));
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.header("content-type"), "text/plain; charset=utf-8");
  EXPECT_NE(answer.body.find("out of bounds"), std::string::npos) << answer.body;
  EXPECT_EQ(write("not snappy").status, 400);
}

// A store whose batches never make it.
class FailingBatch final : public Appender {
 public:
  explicit FailingBatch(ErrorCode code) : code_(code) {}
  Result<SeriesRef> series(const Labels&) override { return SeriesRef{1}; }
  bool known(SeriesRef) const override { return true; }
  void append(SeriesRef, Sample, AppendOptions) override {}
  void append(SeriesRef, HistogramSample, AppendOptions) override {}
  void append(SeriesRef, Exemplar) override {}
  void append_metadata(std::string_view, Metadata) override {}
  Result<CommitResult> commit() override { return fail(code_, "the store is broken"); }
  void rollback() override {}

 private:
  const ErrorCode code_;
};

TEST_F(WriteTest, BlamesTheSenderForNothingThatTheStoreDid) {
  const std::pair<ErrorCode, int> cases[] = {
      {ErrorCode::kNotFound, 500},
      {ErrorCode::kExecution, 500},
      {ErrorCode::kCanceled, 500},
      {ErrorCode::kTimeout, 500},
      {ErrorCode::kIo, 500},
      {ErrorCode::kCorruption, 500},
      {ErrorCode::kInvalidArgument, 400},
      {ErrorCode::kUnavailable, 503},
  };
  ErrorCode code = ErrorCode::kIo;
  const ingest::Acceptance acceptance(0, clock_);
  ingest::RemoteWriteReceiver broken([&] { return std::make_unique<FailingBatch>(code); },
                                     acceptance, {}, nullptr);
  listen();
  server_->set_storage({.remote_write = &broken});
  for (const auto& [failure, status] : cases) {
    code = failure;
    const HttpAnswer answer = write(write_request("x", 1, kNow));
    EXPECT_EQ(answer.status, status) << static_cast<int>(failure);
    EXPECT_EQ(answer.body, "the store is broken\n");
  }
  server_->stop(1'000);
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

TEST_F(WriteTest, AnswersFormsItDoesNotTakeWith415) {
  start();
  const std::string body = write_request("x", 1, kNow);
  EXPECT_EQ(write(body, {"Content-Encoding: gzip"}).status, 415);
  EXPECT_EQ(
      write(body, {"Content-Encoding: snappy",
                   "Content-Type: application/x-protobuf;proto=io.prometheus.write.v2.Request"})
          .status,
      415);
  EXPECT_EQ(write(body, {"Content-Encoding: snappy", "Content-Type: application/json"}).status,
            415);
  EXPECT_EQ(write(body, {}).status, 204);
}

TEST_F(WriteTest, IsNotThereWhenTurnedOff) {
  options_.enable_remote_write = false;
  start();
  const HttpAnswer answer = write(write_request("x", 1, kNow));
  EXPECT_EQ(answer.status, 404);
  EXPECT_NE(answer.body.find("--web.enable-remote-write-receiver"), std::string::npos);
}

TEST_F(WriteTest, RefusesBodiesBeforeTheyAreSent) {
  options_.inflight_bytes_max = 1000;
  start();
  HttpClient large(address_);
  large.send("POST /api/v1/write HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n");
  // Not 503: it would be repeated for ever.
  const HttpAnswer never = large.receive();
  EXPECT_EQ(never.status, 413);
  EXPECT_NE(never.body.find("--web.max-inflight-bytes"), std::string::npos);
  HttpClient huge(address_);
  huge.send("POST /api/v1/write HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n");
  EXPECT_EQ(huge.receive().status, 413);
}

}  // namespace
}  // namespace silverback::api
