// One HTTP request, as the endpoints see it: plain strings, no socket, no third-party type.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace silverback::api {

struct Route;  // router.h

struct Header {
  std::string name;
  std::string value;
};

// The parameters of a request: form body first, then URL query, so that for one value the body
// wins, and of a repeated name (match[]) all values count. Names nobody asks for are ignored.
class Form {
 public:
  // A million of them fit into one body, and each takes many times its bytes.
  static constexpr std::size_t kParametersMax = 10'000;

  // Adds `a=1&b=%20x`. Errors: kInvalidArgument for a broken percent escape or too many parameters.
  Status add_encoded(std::string_view text);
  void add(std::string name, std::string value) {
    values_.emplace_back(std::move(name), std::move(value));
  }

  // The first value; "" if there is none.
  std::string_view get(std::string_view name) const;
  std::vector<std::string_view> all(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> values_;
};

struct Request {
  std::string method;
  std::string path;  // percent-encoded as sent, without the query; after routing without the prefix
  std::string query;  // what follows `?`, percent-encoded
  std::vector<Header> headers;
  std::string body;
  std::string remote;  // address of the peer, for logs

  // Filled in before an endpoint runs.
  const Route* route = nullptr;
  Form form;
  std::string path_value;    // what stands for the `:name` of the route's pattern, decoded
  double queue_seconds = 0;  // waited for a free query slot

  // Set when the client has gone away: nobody will read the answer.
  std::atomic<bool> canceled{false};

  // The first header of that name in any case; "" if absent.
  std::string_view header(std::string_view name) const;
};

// `%41+b` → `A b` (plus is a blank only in queries and forms). Errors: kInvalidArgument,
// `invalid URL escape "%zz"`.
Result<std::string> percent_decode(std::string_view text, bool plus_is_blank);

// Whether two header names, methods or tokens are the same but for the case of ASCII letters.
bool equals_ignoring_case(std::string_view a, std::string_view b);

}  // namespace silverback::api
