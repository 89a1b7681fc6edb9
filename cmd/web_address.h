// Under which address the server is reached: --web.external-url and --web.route-prefix.
//
//   external URL                route prefix   url                        path    prefix
//   (none)                      (none)         http://HOST:PORT
//   http://h.example/prom/      (none)         http://h.example/prom      /prom   /prom
//   http://h.example/prom       /              http://h.example/prom      /prom
//   /prom                       (none)         /prom                      /prom   /prom
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace silverback::cmd {

// No part of it ends with a slash.
struct WebAddress {
  std::string url;     // what links from outside begin with: generator URLs, templates
  std::string path;    // the path of `url`: what links between our pages begin with
  std::string prefix;  // what stands before every route
};

// `host` and the port of `listen_address` are for where no URL is given. As Prometheus, takes a
// URL, `host:port` and a bare path. Errors: kInvalidArgument, the text names the flag.
Result<WebAddress> web_address(std::string_view external_url, std::string_view route_prefix,
                               std::string_view host, std::string_view listen_address);

}  // namespace silverback::cmd
