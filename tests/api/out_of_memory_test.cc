// What a request answers when memory runs out in the middle of it. The whole test binary gets an
// operator new that can be told to fail.
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include <pthread.h>

#include "tests/api/api_fixture.h"

namespace {

std::atomic<std::size_t> g_fail_from{0}, g_fail_to{0};  // sizes that fail; [0, 0): none

// Only where requests are handled: not in the client of the same process, nor in the connection.
bool shall_fail(std::size_t bytes) {
  if (bytes < g_fail_from || bytes >= g_fail_to) return false;
  char name[16] = "";
  pthread_getname_np(pthread_self(), name, sizeof name);
  return std::strncmp(name, "query", 5) == 0;
}

}  // namespace

// Not inlined: g++ would see free() where it expects delete.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  void* const memory = shall_fail(bytes) ? nullptr : std::malloc(bytes == 0 ? 1 : bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
[[gnu::noinline]] void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return shall_fail(bytes) ? nullptr : std::malloc(bytes == 0 ? 1 : bytes);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace silverback::api {
namespace {

using silverback::testing::HttpAnswer;

class OutOfMemoryTest : public silverback::testing::ApiTest {
 protected:
  ~OutOfMemoryTest() override { fail_sizes(0, 0); }
  static void fail_sizes(std::size_t from, std::size_t to) {
    g_fail_from = from;
    g_fail_to = to;
  }
};

TEST_F(OutOfMemoryTest, IsAnErrorOfTheRequestWhileItsFormIsRead) {
  start();
  fail_sizes(100'000, 1'000'000);
  const HttpAnswer answer = post("/api/v1/query", "query=1&x=" + std::string(200'000, 'x'));
  EXPECT_EQ(answer.status, 500);
  EXPECT_NE(answer.body.find("bad_alloc"), std::string::npos) << answer.body;
  EXPECT_EQ(get("/api/v1/query?query=1").status, 200);
}

TEST_F(OutOfMemoryTest, IsAnErrorOfTheRequestWhileItsAnswerIsCompressed) {
  start();
  const std::string target = "/api/v1/query_range?query=up&step=1&start=" +
                             std::to_string(silverback::testing::kNow / 1000 - 600) +
                             "&end=" + std::to_string(silverback::testing::kNow / 1000);
  const HttpAnswer plain = get(target);
  ASSERT_EQ(plain.status, 200);
  // The room for the packed body: what it takes as it is, and a bit.
  const std::size_t bytes = plain.body.size();
  fail_sizes(bytes + 1, bytes + 1 + bytes / 50);
  EXPECT_EQ(get(target).status, 200);
  const HttpAnswer packed = get(target, {"Accept-Encoding: gzip"});
  EXPECT_EQ(packed.status, 500);
  EXPECT_EQ(get("/api/v1/query?query=1").status, 200);
}

}  // namespace
}  // namespace silverback::api
