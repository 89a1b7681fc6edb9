#include "net/proxy.h"

#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>

#include <arpa/inet.h>

namespace silverback::net {
namespace {

// An address as 16 bytes, IPv4 mapped into IPv6, so that one comparison serves both.
using Address = std::array<unsigned char, 16>;
constexpr int kMappedBits = 96;

struct ParsedAddress {
  Address bytes{};
  bool is_ipv4 = false;
};

std::optional<ParsedAddress> parse_address(std::string_view text) {
  const std::string name(text);
  ParsedAddress address;
  if (inet_pton(AF_INET, name.c_str(), &address.bytes[12]) == 1) {
    address.bytes[10] = address.bytes[11] = 0xff;
    address.is_ipv4 = true;
    return address;
  }
  if (inet_pton(AF_INET6, name.c_str(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

bool is_loopback(const ParsedAddress& address) {
  if (address.is_ipv4) return address.bytes[12] == 127;
  const Address one = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return address.bytes == one;
}

bool same_prefix(const Address& a, const Address& b, int bits) {
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (std::memcmp(a.data(), b.data(), whole) != 0) return false;
  if (bits % 8 == 0) return true;
  const int mask = (0xff00 >> (bits % 8)) & 0xff;
  return (a[whole] & mask) == (b[whole] & mask);
}

// True if `entry` is an address range and holds `address`; nullopt if it is no range.
std::optional<bool> range_holds(std::string_view entry, const std::optional<ParsedAddress>& host) {
  const std::size_t slash = entry.find('/');
  if (slash == entry.npos) return std::nullopt;
  const auto network = parse_address(entry.substr(0, slash));
  const std::string_view size = entry.substr(slash + 1);
  int bits = -1;
  const auto parsed = std::from_chars(size.data(), size.data() + size.size(), bits);
  if (!network || parsed.ec != std::errc() || parsed.ptr != size.data() + size.size() || bits < 0 ||
      bits > (network->is_ipv4 ? 32 : 128)) {
    return std::nullopt;
  }
  if (!host || host->is_ipv4 != network->is_ipv4) return false;
  return same_prefix(host->bytes, network->bytes, network->is_ipv4 ? bits + kMappedBits : bits);
}

struct HostPort {
  std::string host, port;
};

HostPort split_port(std::string_view entry) {
  if (entry.starts_with('[')) {
    const std::size_t close = entry.find(']');
    if (close == entry.npos) return {std::string(entry), ""};
    const std::string_view rest = entry.substr(close + 1);
    return {std::string(entry.substr(1, close - 1)),
            std::string(rest.starts_with(':') ? rest.substr(1) : "")};
  }
  const std::size_t colon = entry.find(':');
  if (colon == entry.npos || entry.find(':', colon + 1) != entry.npos) {
    return {std::string(entry), ""};
  }
  return {std::string(entry.substr(0, colon)), std::string(entry.substr(colon + 1))};
}

bool entry_matches(std::string_view entry, const std::string& host,
                   const std::optional<ParsedAddress>& address, std::string_view port) {
  if (entry == "*") return true;
  if (const auto holds = range_holds(entry, address)) return *holds;
  HostPort wanted = split_port(entry);
  if (wanted.host.empty() || (!wanted.port.empty() && wanted.port != port)) return false;
  if (const auto wanted_address = parse_address(wanted.host)) {
    return address && address->bytes == wanted_address->bytes;
  }
  if (wanted.host.starts_with("*.")) wanted.host.erase(0, 1);
  const bool also_itself = !wanted.host.starts_with('.');
  if (also_itself) wanted.host.insert(0, ".");
  return host.ends_with(wanted.host) || (also_itself && host == wanted.host.substr(1));
}

// The variable's name in upper or lower case, whichever is set.
std::string from_environment(const char* upper, const char* lower) {
  for (const char* name : {upper, lower}) {
    const char* value =
        std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing of ours sets it
    if (value != nullptr && *value != '\0') return value;
  }
  return "";
}

std::string with_scheme(std::string url) {
  if (!url.empty() && url.find("://") == url.npos) url.insert(0, "http://");
  // Go leaves names to a SOCKS proxy to resolve; curl says so by another scheme.
  if (url.starts_with("socks5://")) url.insert(6, "h");
  return url;
}

}  // namespace

bool bypasses_proxy(std::string_view no_proxy, std::string_view host, std::string_view port) {
  std::string name = to_lower(host);
  if (name.ends_with('.')) name.pop_back();
  const auto address = parse_address(name);
  if (name == "localhost" || (address && is_loopback(*address))) return true;
  const std::string list = to_lower(no_proxy);
  for (std::string_view rest = list; !rest.empty();) {
    const std::size_t comma = rest.find(',');
    std::string_view entry = rest.substr(0, comma);
    rest = comma == rest.npos ? std::string_view() : rest.substr(comma + 1);
    while (entry.starts_with(' ')) entry.remove_prefix(1);
    while (entry.ends_with(' ')) entry.remove_suffix(1);
    if (!entry.empty() && entry_matches(entry, name, address, port)) return true;
  }
  return false;
}

std::string proxy_for(const ProxyOptions& options, std::string_view scheme, std::string_view host,
                      std::string_view port) {
  if (options.from_environment) {
    const std::string url = scheme == "https" ? from_environment("HTTPS_PROXY", "https_proxy")
                                              : from_environment("HTTP_PROXY", "http_proxy");
    if (url.empty() || bypasses_proxy(from_environment("NO_PROXY", "no_proxy"), host, port)) {
      return "";
    }
    return with_scheme(url);
  }
  if (options.url.empty()) return "";
  if (!options.no_proxy.empty() && bypasses_proxy(options.no_proxy, host, port)) return "";
  return with_scheme(options.url);
}

}  // namespace silverback::net
