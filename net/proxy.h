// Which proxy a request goes through, by the rules of Go's httpproxy package that users of
// Prometheus know: `no_proxy` lists hosts (with their subdomains), `.domain` (subdomains only),
// addresses, CIDR ranges, each maybe with `:port`, or `*`; localhost and loopback addresses are
// reached directly wherever such a list, or the environment, decides.
#pragma once

#include <string>
#include <string_view>

#include "net/http_options.h"

namespace silverback::net {

// The proxy's URL, empty for none. `scheme` is http or https; an IPv6 `host` comes without its
// brackets.
std::string proxy_for(const ProxyOptions& options, std::string_view scheme, std::string_view host,
                      std::string_view port);

// Whether `no_proxy` lets the host be reached directly.
bool bypasses_proxy(std::string_view no_proxy, std::string_view host, std::string_view port);

}  // namespace silverback::net
