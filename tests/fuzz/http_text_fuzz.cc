// What strangers write into URLs and forms: decoding reverses encoding, and whatever a name holds,
// the JSON string made of it is one line of valid UTF-8 between quotes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "api/escaped_name.h"
#include "api/html.h"
#include "api/http_wire.h"
#include "api/json_writer.h"
#include "api/request.h"
#include "base/labels.h"
#include "base/url_escape.h"

namespace {

using namespace silverback::api;

void check(bool holds) {
  if (!holds) std::abort();
}

void check_json(std::string_view text) {
  std::string json;
  append_json_string(json, text);
  check(json.size() >= 2 && json.front() == '"' && json.back() == '"');
  check(silverback::is_valid_utf8(json));
  for (std::size_t i = 1; i + 1 < json.size(); ++i) {
    check(static_cast<unsigned char>(json[i]) >= 0x20);
    if (json[i] == '\\')
      ++i;  // what it escapes
    else
      check(json[i] != '"');
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(percent_decode(silverback::percent_encode(text), true).value() == text);
  Form form;
  if (form.add_encoded(text)) {
    check_json(form.get("query"));
    for (const std::string_view value : form.all("match[]")) check_json(value);
  }
  std::string path, query;
  split_target(text, path, query);
  check(path.size() + query.size() <= text.size());
  check_json(text);
  check_json(unescape_name(text));
  check(escape_html(text).find_first_of("<>\"'") == std::string::npos);
  static_cast<void>(parse_listen_address(text));
  return 0;
}
