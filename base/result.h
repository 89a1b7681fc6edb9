// Errors across module borders: a value or an Error, never an exception of our own.
//
//   Result<Partition> open_partition(const std::filesystem::path& dir) {
//     PartitionMeta meta = TRY(read_meta(dir));
//     if (meta.version != 1) return fail(ErrorCode::kCorruption, "unknown version");
//     return Partition{std::move(meta)};
//   }
//
// tl::expected because g++ 12 has std::expected only with -std=c++23; only fail() and TRY know its
// inside, so it can be swapped later. A bug in our own code is an assert, never an Error.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace silverback {

// What a program may do about it. The HTTP status of each is decided in one place,
// api/error_response.cc.
enum class ErrorCode : std::uint8_t {
  kInvalidArgument,  // the caller's input is wrong; repeating it cannot help
  kExecution,        // a query that parses but cannot be evaluated (limits included)
  kNotFound,
  kCanceled,     // the caller went away
  kTimeout,      // a deadline passed
  kUnsupported,  // a form of the input that we do not take (content type, encoding, message
                 // version)
  kUnavailable,  // not now: starting, disk full, too much in flight; repeating it later can help
  kIo,
  kCorruption,  // stored bytes fail their checksum or make no sense
};

struct Error {
  ErrorCode code;
  std::string message;  // for people: what, where, and which flag if a limit is hit

  // The same error with what the caller was doing put in front: "open partition 20261103: " +
  // message.
  Error within(std::string_view context) && {
    message.insert(0, ": ").insert(0, context);
    return std::move(*this);
  }
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

// The only maker of errors: `return fail(ErrorCode::kIo, "…");` in any function that returns a
// Result or Status.
[[nodiscard]] inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

namespace result_detail {
template <class T>
T unwrap(tl::expected<T, Error>&& result) {
  return *std::move(result);
}
inline void unwrap(tl::expected<void, Error>&&) {}
}  // namespace result_detail

// Unwraps a Result, or returns its error from the enclosing function. Not for coroutines. Not next
// to a temporary or a half-built aggregate that owns something, as in `new T(TRY(make()))` or
// `Pair{name, TRY(make())}`: the return jumps out of the expression without destroying it.
#define TRY(expr)                                                              \
  __extension__({                                                              \
    auto try_result = (expr);                                                  \
    if (!try_result) return ::silverback::fail(std::move(try_result).error()); \
    ::silverback::result_detail::unwrap(std::move(try_result));                \
  })

}  // namespace silverback
