// Which endpoint answers a request. The table itself is in api/routes.cc: one line per path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/request.h"
#include "api/response.h"

namespace silverback::api {

struct Context;  // context.h

using Methods = std::uint8_t;
inline constexpr Methods kGet = 1, kHead = 2, kPost = 4, kPut = 8, kDelete = 16, kOptions = 32;

// Where an endpoint runs: never a query on an I/O thread, and never something short behind a long
// query.
enum class RunOn : std::uint8_t {
  kIo,       // at once, on the I/O thread: does not block and does no work worth mentioning
  kWork,     // on the executor for short work: writes, metrics, status
  kQueries,  // on the executor for queries, when one of --query.max-concurrency slots is free
};

struct Route {
  std::string_view pattern;  // `/api/v1/label/:name/values`: `:name` stands for one path segment
  Methods methods;
  RunOn run_on;
  bool needs_ready;  // 503 until the storage is open
  std::size_t body_bytes_max;
  Response (*handler)(const Context&, const Request&);

  bool is_api() const { return pattern.starts_with("/api/"); }
};

// Every path that the server answers.
std::span<const Route> routes();

class Router {
 public:
  // `prefix` is "" or `/a/b`, without a slash at its end: what stands before every pattern. Keeps
  // the span.
  Router(std::span<const Route> routes, std::string prefix);

  struct Match {
    const Route* route = nullptr;  // null: unknown path
    std::string path_value;        // decoded
  };
  // By path only: whether the method fits is told by allows().
  Match match(std::string_view path) const;

  static bool allows(const Route& route, std::string_view method);
  // `GET, POST`: the value of an Allow header.
  static std::string allow_header(const Route& route);

  const std::string& prefix() const { return prefix_; }

 private:
  const std::span<const Route> routes_;
  const std::string prefix_;
  std::vector<const Route*> literal_;   // without `:name`, sorted by pattern
  std::vector<const Route*> variable_;  // with one
};

}  // namespace silverback::api
