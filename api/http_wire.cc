#include "api/http_wire.h"

#include <algorithm>
#include <charconv>
#include <ctime>

namespace silverback::api {
namespace {

// `Sat, 21 Nov 2026 02:49:29 GMT`; made anew once per second.
std::string_view http_date(std::chrono::system_clock::time_point now) {
  thread_local std::time_t made_for = -1;
  thread_local char text[40] = "";
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  if (seconds != made_for) {
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    made_for = seconds;
  }
  return text;
}

}  // namespace

void split_target(std::string_view target, std::string& path, std::string& query) {
  if (!target.starts_with('/')) {
    const std::size_t scheme = target.find("://");
    if (scheme != std::string_view::npos) {
      target.remove_prefix(scheme + 3);
      target.remove_prefix(std::min(target.find_first_of("/?"), target.size()));
    }
  }
  const std::size_t mark = std::min(target.find('?'), target.size());
  path = std::string(target.substr(0, mark));
  query = std::string(target.substr(std::min(mark + 1, target.size())));
}

Result<HostPort> parse_listen_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const auto bad = [text] {
    return fail(ErrorCode::kInvalidArgument,
                "listen address " + std::string(text) + " is not host:port");
  };
  if (colon == std::string_view::npos) return bad();
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc() || end != port.data() + port.size()) return bad();
  if (host.starts_with('[')) {
    if (!host.ends_with(']')) return bad();
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return bad();
  }
  return HostPort{std::string(host), std::string(port)};
}

std::string response_head(const Response& response, bool keep_alive,
                          std::chrono::system_clock::time_point now) {
  std::string head = "HTTP/1.1 ";
  head.reserve(256);
  head.append(std::to_string(response.status)).append(" ");
  head.append(reason_phrase(response.status)).append("\r\n");
  if (response.status < 200) return head.append("\r\n");
  const auto add = [&head](std::string_view name, std::string_view value) {
    head.append(name).append(": ");
    // A line feed in a value would start a header of the sender's choice.
    for (const char c : value) head += c == '\r' || c == '\n' ? ' ' : c;
    head.append("\r\n");
  };
  if (!response.content_type.empty()) add("Content-Type", response.content_type);
  for (const Header& header : response.headers) add(header.name, header.value);
  if (response.status != 204) add("Content-Length", std::to_string(response.body.size()));
  add("Date", http_date(now));
  add("X-Content-Type-Options", "nosniff");
  if (!keep_alive) add("Connection", "close");
  return head.append("\r\n");
}

}  // namespace silverback::api
