#include "cmd/web_address.h"

#include <algorithm>

#include "base/labels.h"

namespace silverback::cmd {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

std::string_view cut_slashes(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

// The scheme with its colon, empty if there is none.
std::string_view scheme_of(std::string_view url) {
  std::size_t end = 0;
  const auto belongs = [&](char c) {
    return is_letter(c) || (end > 0 && (is_digit(c) || c == '+' || c == '-' || c == '.'));
  };
  while (end < url.size() && belongs(url[end])) ++end;
  return end > 0 && end < url.size() && url[end] == ':' ? url.substr(0, end + 1)
                                                        : std::string_view();
}

Status check_characters(std::string_view url) {
  for (std::size_t i = 0; i < url.size(); ++i) {
    const auto byte = static_cast<unsigned char>(url[i]);
    if (byte < 0x20 || byte == 0x7f) {
      return fail(ErrorCode::kInvalidArgument, "invalid control character in URL");
    }
    const bool is_escape = i + 2 < url.size() && is_hex(url[i + 1]) && is_hex(url[i + 2]);
    if (url[i] == '%' && !is_escape) {
      return fail(ErrorCode::kInvalidArgument,
                  "invalid URL escape " + quote(url.substr(i, std::size_t{3})));
    }
  }
  return {};
}

Status check_authority(std::string_view authority) {
  const std::size_t at = authority.rfind('@');
  if (at != std::string_view::npos) authority.remove_prefix(at + 1);
  if (authority.find_first_of(" \"<>\\^`{|}") != std::string_view::npos) {
    return fail(ErrorCode::kInvalidArgument, "invalid character in host name " + quote(authority));
  }
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon == std::string_view::npos) return {};
  const std::string_view port = authority.substr(colon + 1);
  if (!std::all_of(port.begin(), port.end(), is_digit)) {
    return fail(ErrorCode::kInvalidArgument,
                "invalid port " + quote(authority.substr(colon)) + " after host");
  }
  return {};
}

// The parts of a URL as Go's net/url tells them apart.
struct Parts {
  std::string_view front;  // scheme and authority, or a scheme and what it says instead of a path
  std::string_view path;
  std::string_view back;  // query and fragment
};

Result<Parts> split(std::string_view url) {
  TRY(check_characters(url));
  if (url.starts_with(':')) return fail(ErrorCode::kInvalidArgument, "missing protocol scheme");
  Parts parts;
  const std::size_t back = std::min(url.find_first_of("?#"), url.size());
  parts.back = url.substr(back);
  std::string_view rest = url.substr(0, back);
  const std::string_view scheme = scheme_of(rest);
  rest.remove_prefix(scheme.size());
  if (rest.starts_with("//")) {
    const std::size_t end = std::min(rest.find('/', 2), rest.size());
    TRY(check_authority(rest.substr(2, end - 2)));
    parts.front = url.substr(0, scheme.size() + end);
    parts.path = rest.substr(end);
  } else if (scheme.empty() || rest.starts_with('/')) {
    if (rest.substr(0, rest.find('/')).find(':') != std::string_view::npos) {
      return fail(ErrorCode::kInvalidArgument, "first path segment in URL cannot contain colon");
    }
    parts.front = scheme;
    parts.path = rest;
  } else {
    parts.front = url.substr(0, back);
  }
  return parts;
}

bool is_quote(char c) { return c == '"' || c == '\''; }

Result<WebAddress> parse(std::string_view url) {
  if (!url.empty() && (is_quote(url.front()) || is_quote(url.back()))) {
    return fail(ErrorCode::kInvalidArgument, "URL must not begin or end with quotes");
  }
  const Parts parts = TRY(split(url));
  WebAddress address;
  address.path = cut_slashes(parts.path);
  if (!address.path.empty() && !address.path.starts_with('/')) address.path.insert(0, 1, '/');
  address.url.append(parts.front).append(address.path).append(parts.back);
  return address;
}

}  // namespace

Result<WebAddress> web_address(std::string_view external_url, std::string_view route_prefix,
                               std::string_view host, std::string_view listen_address) {
  std::string url(external_url);
  if (url.empty()) {
    const std::size_t colon = listen_address.rfind(':');
    if (colon == std::string_view::npos) {
      return fail(ErrorCode::kInvalidArgument,
                  "--web.listen-address: " + quote(listen_address) + " has no port");
    }
    url.append("http://").append(host).append(listen_address.substr(colon));
  }
  Result<WebAddress> address = parse(url);
  if (!address) return fail(Error(address.error()).within("--web.external-url " + quote(url)));
  if (route_prefix.empty()) {
    address->prefix = address->path;
    return address;
  }
  while (route_prefix.starts_with('/')) route_prefix.remove_prefix(1);
  route_prefix = cut_slashes(route_prefix);
  if (!route_prefix.empty()) address->prefix.append("/").append(route_prefix);
  return address;
}

}  // namespace silverback::cmd
