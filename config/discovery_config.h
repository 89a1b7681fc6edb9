// Where targets come from: the sections `*_sd_configs` and `static_configs`, which scrape
// configurations and Alertmanagers share. Lists of targets, files and HTTP are typed, because the
// server runs them. The others are checked by tables of their fields and kept only to be printed.
//
// Source:
// https://prometheus.io/docs/prometheus/latest/configuration/configuration/#scrape_config
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "config/fields.h"
#include "config/http_client_config.h"

namespace silverback::config {

struct StaticTargets {
  std::vector<std::string> targets;  // host:port, or whatever is relabelled to it
  std::map<std::string, std::string> labels;
  bool operator==(const StaticTargets&) const = default;
};

struct FileDiscovery {
  std::vector<std::string> files;  // `*` in the last part; .json, .yml or .yaml
  DurationMs refresh_interval = 300'000;
  bool operator==(const FileDiscovery&) const = default;
};

struct HttpDiscovery {
  HttpClientConfig http;
  DurationMs refresh_interval = 60'000;
  std::string url;
  bool operator==(const HttpDiscovery&) const = default;
};

// A kind of discovery that is known but not built: `kubernetes_sd_configs` and the like.
struct DiscoveryTable;

// One section of such a kind: a value for each line of its table.
struct OtherDiscovery {
  struct Value {
    std::string text;
    std::int64_t number = 0;  // durations too
    bool flag = false;
    std::vector<std::string> texts;
    std::map<std::string, std::string> text_map;
    std::vector<OtherDiscovery> sections;
    bool operator==(const Value&) const = default;
  };
  const DiscoveryTable* table = nullptr;
  std::vector<Value> values;
  HttpClientConfig http;
  TlsConfig tls;
  bool operator==(const OtherDiscovery&) const = default;
};

struct Discoveries {
  std::vector<StaticTargets> static_targets;
  std::vector<FileDiscovery> files;
  std::vector<HttpDiscovery> http;
  std::map<std::string, std::vector<OtherDiscovery>, std::less<>> others;  // by key

  bool operator==(const Discoveries&) const = default;
};

void describe(Fields& f, StaticTargets& targets);
void describe(Fields& f, FileDiscovery& discovery);
void describe(Fields& f, HttpDiscovery& discovery);
void describe(Fields& f, OtherDiscovery& discovery);
// `relabeled`: rules see to it that targets become addresses, so they may be URLs (of probes).
void describe(Fields& f, Discoveries& discoveries, bool relabeled);

}  // namespace silverback::config
